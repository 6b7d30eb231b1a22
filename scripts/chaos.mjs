// `npm run test:chaos`: thousands of random histories against locations, a KV and objects that
// misbehave, then the scenarios under tests/chaos: crashes, failing objects, clocks, hostile traffic.
//   npm run test:chaos -- --runs 20000 --seed 1 --lanes 2
//   npm run test:chaos -- --only histories|scenarios
//   npm run test:chaos -- --sabotage NAME    a product broken in a known way: the histories must find it
// A seed whose history fails is printed, kept in tests/chaos/seeds.json, and played first from then on.

import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { Fault, main, root, run, say, seconds } from './run.mjs';

const RUNS = 4000;
// Of a whole file: the schedules with three deviations take some eight minutes.
const SCENARIO_TIMEOUT = 20 * 60_000;
const TELL_EVERY = 500;

async function chaos(args) {
  const { runs, seed, lanes, sabotage, only } = readArguments(args);
  await install();
  await build();
  if (only !== 'scenarios') await histories({ runs, seed, lanes, sabotage });
  if (only !== 'histories' && !sabotage && process.exitCode === undefined) await scenarios();
}

function readArguments(args) {
  const { values } = parseArgs({
    args,
    options: { runs: { type: 'string' }, seed: { type: 'string' }, lanes: { type: 'string' }, sabotage: { type: 'string' }, only: { type: 'string' } },
  });
  const number = (name, otherwise) => {
    if (values[name] === undefined) return otherwise;
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < 1) throw new Fault(`--${name} takes a whole number from 1.`);
    return value;
  };
  if (values.only !== undefined && !['histories', 'scenarios'].includes(values.only)) throw new Fault('--only takes histories or scenarios.');
  return {
    runs: number('runs', RUNS),
    seed: number('seed', undefined),
    lanes: number('lanes', availableParallelism()),
    sabotage: values.sabotage,
    // One history that somebody asks for again is all they want.
    only: values.only ?? (values.runs === '1' ? 'histories' : undefined),
  };
}

async function histories({ runs, seed, lanes, sabotage }) {
  // Loaded when the packages it needs are there.
  const { keepSeed, keptSeeds, playAll, report } = await import('../tests/chaos/histories.mjs');
  const { SABOTAGES } = await import('../tests/chaos/world/sabotage.mjs');
  if (sabotage !== undefined && !(sabotage in SABOTAGES)) throw new Fault(`--sabotage takes one of: ${Object.keys(SABOTAGES).join('; ')}.`);
  const first = seed ?? randomInt(1, 2 ** 47);
  const fresh = Array.from({ length: runs }, (_, index) => first + index);
  const seeds = seed === undefined && !sabotage ? [...keptSeeds(), ...fresh] : fresh;
  say(`→ ${seeds.length} histories, seeds from ${first}`);
  const start = performance.now();
  let count = 0;
  const { failures, played, requests } = await playAll(seeds, {
    lanes,
    sabotage,
    tell: () => {
      count += 1;
      if (count % TELL_EVERY === 0) say(`  ${count} after ${seconds(performance.now() - start)}`);
    },
  });
  for (const failure of failures) {
    say(report(failure));
    if (!sabotage) keepSeed(failure.seed);
  }
  say(`  ${played} histories of ${requests} requests in ${seconds(performance.now() - start)}, ${failures.length} failed`);
  if (failures.length > 0 || played < seeds.length) process.exitCode = 1;
}

async function scenarios() {
  say('→ The scenarios');
  const directory = join(root, 'tests', 'chaos');
  const files = readdirSync(directory).filter((name) => name.endsWith('.test.mjs')).sort().map((name) => join(directory, name));
  const { code } = await run(process.execPath, [
    '--test', '--test-concurrency=1', `--test-timeout=${SCENARIO_TIMEOUT}`, '--test-reporter=spec', ...files,
  ], { tolerate: true });
  if (code !== 0) process.exitCode = 1;
}

await main(import.meta.url, chaos);
