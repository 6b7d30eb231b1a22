// `npm test`: every test there is, from a fresh clone. The Rust code natively, then
// the built Worker in workerd with real clients and a real browser.
// One kind only: npm test -- --only native|e2e
//
// A test that is skipped is counted as one that did not pass: whatever a test needs
// is installed here, so there is no reason to leave one out.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { build, checkRust } from './build.mjs';
import { chromium } from './chromium.mjs';
import { exampleDirectory } from './example.mjs';
import { install } from './install.mjs';
import { python } from './python.mjs';
import { Fault, main, root, run, say, seconds } from './run.mjs';

const KINDS = ['native', 'e2e'];
const E2E_AT_ONCE = 2;
const E2E_TIMEOUT = 15 * 60_000;

/** What ran, in order: { label, kind?, passed, failed, skipped, time }; kinds are counted, other rows only timed. */
const rows = [];

async function test(args) {
  const kinds = readKinds(args);
  await timed('Rust is there', checkRust);
  let chromiumPath;
  if (kinds.includes('e2e')) {
    await timed('npm packages', () => install());
    await timed('Chromium', async () => { chromiumPath = await chromium(); });
    await timed('Python packages', python);
  }
  if (kinds.includes('native')) await testNative();
  if (kinds.includes('e2e')) await testEndToEnd(chromiumPath);
  summarise(kinds);
}

function readKinds(args) {
  const { values: { only } } = parseArgs({ args, options: { only: { type: 'string' } } });
  if (only === undefined) return KINDS;
  if (!KINDS.includes(only)) throw new Fault(`--only takes ${KINDS.join(' or ')}, not ${only}.`);
  return [only];
}

async function testNative() {
  say('\n→ The Rust tests');
  const start = performance.now();
  const { code, output } = await run('cargo', ['test', '--locked', '--no-fail-fast', '--target-dir', join(root, 'target')], {
    collect: true,
    tolerate: true,
    env: process.stdout.isTTY ? { CARGO_TERM_COLOR: 'always' } : {},
  });
  const counts = countNative(stripVTControlCharacters(output));
  rows.push({ label: 'The Rust tests: building and running', time: performance.now() - start });
  rows.push(...counts);
  // Tests that do not compile, or die, print no result.
  if (code !== 0 && counts.every(({ failed }) => failed === 0)) {
    rows.push({ label: 'cargo test itself', kind: 'native', passed: 0, failed: 1, skipped: 0 });
  }
}

function countNative(output) {
  const counts = [];
  let label = 'tests';
  for (const line of output.split('\n')) {
    const target = /^\s*(?:Running (?:unittests )?(\S+)|(Doc-tests) \S+)/.exec(line);
    if (target) label = target[1] ?? target[2];
    const result = /^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored; .*finished in ([\d.]+)s/.exec(line);
    if (!result) continue;
    const [passed, failed, skipped, time] = result.slice(1).map(Number);
    if (passed + failed + skipped > 0) counts.push({ label, kind: 'native', passed, failed, skipped, time: time * 1000 });
  }
  return counts;
}

async function testEndToEnd(chromiumPath) {
  const files = testFiles(join(root, 'tests', 'e2e'));
  try {
    if (files.length === 0) throw new Fault('There is no tests/e2e/**/*.test.mjs.');
    say('\n→ The Worker');
    await timed('Building the Worker', build);
    await timed('npm packages of the example', () => install(exampleDirectory));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    say(error.message);
    rows.push({ label: 'What the e2e tests need', kind: 'e2e', passed: 0, failed: 1, skipped: 0 });
    return;
  }

  say('\n→ The tests in workerd and Chromium');
  const start = performance.now();
  const countsFile = join(root, 'target', 'e2e-counts.jsonl');
  mkdirSync(join(root, 'target'), { recursive: true });
  rmSync(countsFile, { force: true });
  const { code } = await run(process.execPath, [
    '--test', `--test-concurrency=${E2E_AT_ONCE}`, `--test-timeout=${E2E_TIMEOUT}`,
    '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/count-reporter.mjs', `--test-reporter-destination=${countsFile}`,
    ...files,
  ], { tolerate: true, env: { CHROMIUM_PATH: chromiumPath } });
  const counts = countEndToEnd(countsFile);
  rows.push({ label: 'The tests in workerd and Chromium: running', time: performance.now() - start });
  rows.push(...counts);
  if (code !== 0 && counts.every(({ failed, skipped }) => failed + skipped === 0)) {
    rows.push({ label: 'node --test itself', kind: 'e2e', passed: 0, failed: 1, skipped: 0 });
  }
}

function testFiles(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.mjs'))
    .sort()
    .map((name) => join(directory, name));
}

function countEndToEnd(path) {
  const byFile = new Map();
  for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []) {
    const { file, outcome, time } = JSON.parse(line);
    const label = file ? relative(root, file) : 'tests/e2e';
    if (!byFile.has(label)) byFile.set(label, { label, kind: 'e2e', passed: 0, failed: 0, skipped: 0, time: 0 });
    const row = byFile.get(label);
    if (outcome) row[outcome] += 1;
    row.time += time;
  }
  return [...byFile.values()];
}

async function timed(label, work) {
  const start = performance.now();
  await work();
  rows.push({ label, time: performance.now() - start });
}

function summarise(kinds) {
  say('\nTime        passed  failed  skipped');
  const line = ({ label, passed, failed, skipped, time }) => say([
    (time === undefined ? '' : seconds(time)).padStart(9),
    ...[passed, failed, skipped].map((count) => String(count ?? '').padStart(7)),
    `   ${label}`,
  ].join(' '));
  rows.forEach(line);

  const total = { passed: 0, failed: 0, skipped: 0 };
  const faults = [];
  say();
  for (const kind of kinds) {
    const sum = { label: `all of kind ${kind}`, passed: 0, failed: 0, skipped: 0 };
    for (const row of rows.filter((each) => each.kind === kind)) {
      for (const outcome of Object.keys(total)) sum[outcome] += row[outcome];
    }
    line(sum);
    for (const outcome of Object.keys(total)) total[outcome] += sum[outcome];
    if (sum.passed + sum.failed === 0) faults.push(`No ${kind} test ran.`);
  }
  if (total.skipped > 0) faults.push(`${total.skipped} skipped: a test runs, or is not there.`);

  say();
  faults.forEach((fault) => say(fault));
  say(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  if (total.failed > 0 || faults.length > 0) process.exitCode = 1;
}

await main(import.meta.url, test);
