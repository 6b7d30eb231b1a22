// `npm run bench`: what a request costs, beside floors and other servers in the same run.
//
//   npm run bench -- [--rounds N] [--requests N] [--growth-rounds N] [--no-growth] [--small-growth]
//
// The measure is the CPU time per request of the process that answers. Requests per second and percentiles are
// of this machine and its other work, and stand beside it for orientation. Every round runs all paths in turn, and
// medians over the rounds count. docs/performance.md says what is simulated.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../scripts/build.mjs';
import { install } from '../scripts/install.mjs';
import { Fault, main, root, say } from '../scripts/run.mjs';
import { canReadCpu } from './cpu.mjs';

const SHARED_MEMORY = '/dev/shm';
const peersDirectory = join(root, 'benches', 'peers');
const resultsDirectory = join(root, 'benches', 'results');

function readOptions(args) {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      rounds: { type: 'string', default: '5' },
      requests: { type: 'string', default: '8192' },
      'growth-rounds': { type: 'string', default: '3' },
      growth: { type: 'boolean', default: true },
      'small-growth': { type: 'boolean', default: false },
    },
  });
  const count = (name) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new Fault(`--${name} takes a whole number from 1, not ${values[name]}.`);
    return value;
  };
  return { ...values, rounds: count('rounds'), requests: count('requests'), growthRounds: count('growth-rounds') };
}

/** Where workerd keeps its data: in memory where there is such a place, as a disk's time would hide the Workers'. */
function storage() {
  const memory = existsSync(SHARED_MEMORY);
  const directory = mkdtempSync(join(memory ? SHARED_MEMORY : tmpdir(), 'willcall-bench-'));
  process.env.TMPDIR = directory;
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return memory ? 'a file system in memory' : 'disk';
}

function versions() {
  const of = (directory, name) => JSON.parse(readFileSync(join(directory, 'node_modules', name, 'package.json'), 'utf8')).version;
  return {
    Node: process.versions.node,
    workerd: of(root, 'workerd'),
    miniflare: of(root, 'miniflare'),
    rustc: execFileSync('rustc', ['--version'], { encoding: 'utf8' }).split(' ')[1],
    ...Object.fromEntries(['@cloudflare/workers-oauth-provider', '@openauthjs/openauth', 'oidc-provider'].map((name) => [name, of(peersDirectory, name)])),
  };
}

async function bench(args) {
  const options = readOptions(args);
  if (!canReadCpu()) throw new Fault('This reads CPU time from Linux’s /proc; this system has none.');
  await install();
  await install(peersDirectory);
  await build();
  await measureAll(options, storage());
}

async function measureAll({ rounds: count, requests, growthRounds, growth: withGrowth, 'small-growth': small }, storageWords) {
  // These load what was only now installed.
  const { CONNECTIONS } = await import('./client.mjs');
  const { rounds } = await import('./measure.mjs');
  const { mainPaths } = await import('./main-paths.mjs');
  const { growth } = await import('./growth.mjs');
  const { tables } = await import('./report.mjs');

  const began = performance.now();
  const people = Math.min(256, requests);
  const { paths, stop } = await mainPaths({ requests, people, say });
  const rows = await rounds(paths, count, say).finally(stop);
  const run = {
    day: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpus()[0].model, cores: cpus().length, system: `${platform()} ${release()}`, storage: storageWords },
    versions: versions(),
    rounds: count, requests, people, connections: CONNECTIONS, growthRounds,
    rows,
  };
  if (withGrowth) run.growth = await growth({ count: growthRounds, requests: Math.min(requests, 256), small, say });
  run.minutes = Number(((performance.now() - began) / 60_000).toFixed(1));

  const { paths: pathsTable, goals, kv, growth: growthTable } = tables(run);
  say();
  for (const each of [pathsTable, kv, growthTable, goals].filter(Boolean)) say(`${each}\n`);
  mkdirSync(resultsDirectory, { recursive: true });
  writeFileSync(join(resultsDirectory, 'latest.json'), `${JSON.stringify(run, null, 1)}\n`);
  say('These figures are in benches/results/latest.json; node benches/publish.mjs puts them into docs/performance.md.');
}

await main(import.meta.url, bench);
process.exit();
