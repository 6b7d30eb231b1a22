// `npm run test:mutants`: breaks `protocol`, `token` and `grant` in every small way cargo-mutants knows, one way at
// a time, and wants the unit tests of these modules to notice each. What nobody could notice is argued in
// tests/mutants.toml; a survivor that is not there fails the run, and so does one there that is noticed.
//   npm run test:mutants -- --only src/token/key.rs    the mutants of one file; nothing is said of the others

import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkRust } from './build.mjs';
import { Fault, main, root, run, say, seconds, step } from './run.mjs';

const VERSION = '27.1.0';

// The dependency rule of src/lib.rs makes these a crate of their own, which builds in a second where the whole takes
// many; `ledger` is there because `grant` names its types.
const MODULES = ['protocol', 'token', 'ledger', 'grant'];
const MUTATED = ['protocol', 'token', 'grant'];

// Seconds after which a mutant that never ends is cut off. Unbroken, these tests take about one.
const TEST_TIMEOUT = 90;

// Exit codes of cargo-mutants: all are killed, some survive, some never end.
const FINISHED = [0, 2, 3];

const targetDirectory = join(root, 'target');
const home = join(targetDirectory, 'mutants');
const crate = join(home, 'crate');
const outcomesFile = join(home, 'mutants.out', 'outcomes.json');
const argumentsFile = join(root, 'tests', 'mutants.toml');

async function mutants(args) {
  const { only } = parseArgs({ args, options: { only: { type: 'string' } } }).values;
  await checkRust();
  const program = await cargoMutants();
  makeCrate();
  const start = performance.now();
  rmSync(outcomesFile, { force: true });
  const { code } = await run(program, [
    'mutants', '--dir', crate, '--output', home, '--in-place', '--colors', 'never',
    '--timeout', String(TEST_TIMEOUT),
    ...(only ? ['--file', only] : MUTATED.flatMap((module) => ['--file', `src/${module}/**`])),
  ], {
    tolerate: true,
    env: {
      CARGO_TARGET_DIR: join(home, 'target'),
      // Nobody debugs a mutant, and without it each builds sooner.
      CARGO_PROFILE_DEV_DEBUG: 'false',
      // The same random cases each time, so that a mutant is either noticed or not.
      PROPTEST_RNG_SEED: '1',
    },
  });
  if (!FINISHED.includes(code)) throw new Fault(`cargo-mutants failed (exit ${code}).`);
  if (!existsSync(outcomesFile)) throw new Fault('cargo-mutants found nothing to change.');
  const all = outcomes();
  tell(all, performance.now() - start);
  judge(all, only);
}

async function cargoMutants() {
  const place = join(targetDirectory, 'tools', `cargo-mutants-${VERSION}`);
  const program = join(place, 'bin', 'cargo-mutants');
  if (existsSync(program)) return program;
  const args = ['install', 'cargo-mutants', '--version', VERSION, '--root', place];
  await step(`Building cargo-mutants ${VERSION} (once; minutes)`, async () => {
    const { code } = await run('cargo', [...args, '--locked'], { tolerate: true });
    if (code === 0) return;
    // Its lock file can name a dependency that a registry mirror does not have yet.
    say('  That did not work with the versions it was locked with: trying with the newest that fit.');
    await run('cargo', args);
  });
  return program;
}

/** The crate of these modules: their sources, and of the manifest what they use. */
function makeCrate() {
  rmSync(crate, { recursive: true, force: true });
  mkdirSync(join(crate, 'src'), { recursive: true });
  for (const module of MODULES) cpSync(join(root, 'src', module), join(crate, 'src', module), { recursive: true });
  writeFileSync(join(crate, 'src', 'lib.rs'), MODULES.map((module) => `pub mod ${module};\n`).join(''));
  copyFileSync(join(root, 'Cargo.lock'), join(crate, 'Cargo.lock'));
  // Where proptest would make its folder: what it found with one mutant must not be what notices the next.
  writeFileSync(join(crate, 'proptest-regressions'), '');
  const sources = rustFiles(join(crate, 'src')).map((path) => readFileSync(path, 'utf8')).join('\n');
  const manifest = sections(readFileSync(join(root, 'Cargo.toml'), 'utf8'));
  const used = (lines) => lines.filter((line) => {
    const name = /^([\w-]+) = /.exec(line)?.[1].replaceAll('-', '_');
    return name !== undefined && new RegExp(`\\b${name}::`).test(sources);
  });
  writeFileSync(join(crate, 'Cargo.toml'), [
    '[package]', 'name = "mutated"', 'version = "0.0.0"', 'edition = "2024"', 'publish = false',
    '[lib]', 'doctest = false',
    '[dependencies]', ...used(manifest.get('dependencies')),
    '[dev-dependencies]', ...used(manifest.get('dev-dependencies')),
    '[profile.dev.package."*"]', ...manifest.get('profile.dev.package."*"'),
    // No package of a workspace above it.
    '[workspace]', '',
  ].join('\n'));
}

function rustFiles(directory) {
  return readdirSync(directory, { recursive: true }).filter((name) => name.endsWith('.rs')).map((name) => join(directory, name));
}

/** The lines of each section of a manifest, which has one line for each entry. */
function sections(text) {
  const found = new Map();
  let lines;
  for (const line of text.split('\n')) {
    const name = /^\[(.+)\]$/.exec(line)?.[1];
    if (name) found.set(name, lines = []);
    else lines?.push(line);
  }
  return found;
}

/**
 * What became of each mutant. One is known by its file, what is done in which function, and, for a part of an
 * expression, the line with that part marked: numbers of lines move.
 */
function outcomes() {
  return JSON.parse(readFileSync(outcomesFile, 'utf8')).outcomes
    .filter(({ scenario }) => scenario !== 'Baseline')
    .map(({ scenario: { Mutant: mutant }, summary }) => ({
      file: mutant.file,
      mutation: mutant.name.replace(/^[^:]*:\d+:\d+: /, ''),
      at: mutant.genre === 'FnValue' ? undefined : marked(mutant),
      summary,
    }));
}

function marked({ file, span: { start, end } }) {
  const lines = readFileSync(join(crate, file), 'utf8').split('\n').slice(start.line - 1, end.line);
  // From the back, so that the earlier column still holds where both are on one line.
  const insert = (index, column, mark) => {
    lines[index] = `${lines[index].slice(0, column - 1)}${mark}${lines[index].slice(column - 1)}`;
  };
  insert(lines.length - 1, end.column, '»');
  insert(0, start.column, '«');
  return lines.map((line) => line.trim()).join(' ');
}

const KILLED = 'CaughtMutant';
const UNVIABLE = 'Unviable';

function tell(all, duration) {
  const count = (summary) => all.filter((mutant) => mutant.summary === summary).length;
  const killed = count(KILLED);
  const unviable = count(UNVIABLE);
  say(`${all.length} mutants in ${seconds(duration)}: ${killed} killed, ${unviable} do not compile, ${all.length - killed - unviable} survive`);
}

function judge(all, only) {
  const survivors = all.filter(({ summary }) => summary !== KILLED && summary !== UNVIABLE);
  const argued = readArguments().filter(({ file }) => !only || file === only);
  const same = (one) => (other) => ['file', 'mutation', 'at'].every((key) => one[key] === other[key]);
  const wrong = [
    ...survivors.filter((mutant) => !argued.some(same(mutant)))
      .map((mutant) => `survives (${mutant.summary}) and is not argued:\n${entry(mutant)}`),
    ...argued.filter((mutant) => !survivors.some(same(mutant)))
      .map((mutant) => `is argued and does not survive:\n${entry(mutant)}`),
  ];
  if (wrong.length > 0) throw new Fault(wrong.join('\n'));
  say('Each survivor is argued in tests/mutants.toml.');
}

function entry({ file, mutation, at }) {
  return Object.entries({ file, mutation, at })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('');
}

/** tests/mutants.toml, in the part of TOML it is written in: tables of texts. */
function readArguments() {
  const found = [];
  readFileSync(argumentsFile, 'utf8').split('\n').forEach((line, index) => {
    if (line === '' || line.startsWith('#')) return;
    if (line === '[[survivor]]') return found.push({});
    const [, key, value] = /^(file|mutation|at|equivalent) = (".*")$/.exec(line) ?? [];
    if (!key || found.length === 0) throw new Fault(`tests/mutants.toml:${index + 1}: not understood: ${line}`);
    found.at(-1)[key] = JSON.parse(value);
  });
  const silent = found.find(({ equivalent }) => !equivalent);
  if (silent) throw new Fault(`tests/mutants.toml: there is no argument for:\n${entry(silent)}`);
  return found;
}

await main(import.meta.url, mutants);
