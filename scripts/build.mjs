// Builds the Worker: build/worker.mjs and build/willcall_bg.wasm.
//
//   src/**/*.rs ──cargo──▶ wasm ──wasm-bindgen──▶ target/edge ──wasm-opt──┐
//   src/edge/*.mjs ───────────────────────────────esbuild────────────────┴─▶ build/
//
// A step whose inputs have the hash of the last run is skipped.

import { createHash } from 'node:crypto';
import {
  copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { install } from './install.mjs';
import { Fault, isBefore, main, onPath, root, run, say, step } from './run.mjs';

const TARGET = 'wasm32-unknown-unknown';
const targetDirectory = join(root, 'target');
const edgeDirectory = join(targetDirectory, 'edge');
const buildDirectory = join(root, 'build');
const stampFile = join(edgeDirectory, 'stamp.json');
const optimisedWasm = join(edgeDirectory, 'willcall_bg.opt.wasm');

export const workerFile = join(buildDirectory, 'worker.mjs');
export const wasmFile = join(buildDirectory, 'willcall_bg.wasm');

// What rustc emits for this target by default. wasm-opt must be allowed these and no
// others: with all features on it writes a module that workerd refuses.
const WASM_FEATURES = [
  'bulk-memory', 'bulk-memory-opt', 'call-indirect-overlong', 'multivalue', 'mutable-globals',
  'nontrapping-float-to-int', 'reference-types', 'sign-ext',
];

/** Brings build/ up to date. The npm packages must be installed. */
export async function build() {
  await checkRust();
  const stamp = readStamp();
  const wasmKey = await wasmInputs();
  if (stamp.wasm !== wasmKey || !existsSync(optimisedWasm)) {
    await buildWasm();
    writeStamp({ wasm: wasmKey });
  }
  const bundleKey = bundleInputs(wasmKey);
  if (stamp.bundle !== bundleKey || !existsSync(workerFile) || !existsSync(wasmFile)) {
    await bundle();
    writeStamp({ wasm: wasmKey, bundle: bundleKey });
  }
  const size = gzipSync(readFileSync(wasmFile), { level: 9 }).length;
  say(`build/worker.mjs is up to date; the wasm is ${(size / 1024).toFixed(0)} KiB gzipped (${size} bytes)`);
}

/** Fails with what to install if Rust or its linker is not there, or Rust is too old, which cargo would find minutes later. */
export async function checkRust() {
  for (const program of ['cargo', 'rustc']) {
    if (!onPath(program)) {
      throw new Fault(`${program} is not on PATH. Install Rust with rustup: https://rustup.rs/ (then open a new terminal).`);
    }
  }
  if (!['cc', 'gcc', 'clang'].some(onPath)) {
    throw new Fault('Rust needs a C linker. Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install.');
  }
  const least = /^rust-version = "([^"]+)"/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))[1];
  const { output } = await run('rustc', ['--version'], { quiet: true });
  const own = /^rustc (\d+\.\d+\.\d+)/m.exec(output)?.[1];
  if (!own || isBefore(own, least)) {
    throw new Fault(`Rust ${least} or newer is needed, this is ${own ?? output.trim()}. Run: rustup update\n`
      + '(A Rust that did not come with rustup has to be replaced by one that does: https://rustup.rs/)');
  }
}

async function buildWasm() {
  await addTarget();
  const wasmBindgen = await wasmBindgenTool();
  await step(`Compiling the Rust code for ${TARGET} (release; minutes the first time)`, () =>
    run('cargo', ['build', '--lib', '--release', '--locked', '--target', TARGET, '--target-dir', targetDirectory]));
  await step('Making the JavaScript bindings (wasm-bindgen)', () =>
    run(wasmBindgen, [
      '--target', 'web', '--no-typescript', '--experimental-reset-state-function', '--out-dir', edgeDirectory, '--out-name', 'willcall',
      join(targetDirectory, TARGET, 'release', 'willcall.wasm'),
    ]));
  // Without -g it also drops the names of functions, 15 % of what is sent. Left to itself it puts every function that is called from one
  // place into its caller, however long: then the first request has most of the program compiled to run a little of it.
  await step('Optimising the wasm (wasm-opt)', () =>
    run(process.execPath, [
      join(root, 'node_modules', 'binaryen', 'bin', 'wasm-opt'), '-O3', '--one-caller-inline-max-function-size=50',
      '--strip-debug', '--strip-producers', '--strip-target-features',
      ...WASM_FEATURES.map((feature) => `--enable-${feature}`),
      join(edgeDirectory, 'willcall_bg.wasm'), '--output', optimisedWasm,
    ]));
}

async function addTarget() {
  const { output } = await run('rustc', ['--print', 'sysroot'], { quiet: true });
  const installed = join(output.trim().split('\n').at(-1), 'lib', 'rustlib', TARGET);
  if (existsSync(installed)) return;
  if (!onPath('rustup')) {
    throw new Fault(`This Rust cannot compile for ${TARGET}, and there is no rustup to add it. `
      + `Install Rust with rustup (https://rustup.rs/), or your system's package for that target.`);
  }
  await step(`Adding Rust's target ${TARGET}`, () => run('rustup', ['target', 'add', TARGET]));
}

/** The wasm-bindgen program must be of exactly the version of the library. */
async function wasmBindgenTool() {
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(readFileSync(join(root, 'Cargo.lock'), 'utf8'))?.[1];
  if (!version) throw new Fault('Cargo.lock names no wasm-bindgen: the clone is not complete.');
  const home = join(targetDirectory, 'tools', `wasm-bindgen-${version}`);
  const program = join(home, 'bin', 'wasm-bindgen');
  if (existsSync(program)) return program;
  // The default features are a TLS client for a part that is not built here.
  const args = [
    'install', 'wasm-bindgen-cli', '--version', version, '--bin', 'wasm-bindgen', '--no-default-features', '--root', home,
  ];
  await step(`Building the wasm-bindgen tool ${version} (once; about two minutes)`, async () => {
    const { code } = await run('cargo', [...args, '--locked'], { tolerate: true });
    if (code === 0) return;
    // Its lock file can name a dependency that a registry mirror does not have yet.
    say('  That did not work with the versions it was locked with: trying with the newest that fit.');
    await run('cargo', args);
  });
  return program;
}

async function bundle() {
  const esbuild = await import('esbuild');
  const staging = join(edgeDirectory, 'worker.mjs');
  await step('Bundling the Worker (esbuild)', () =>
    esbuild.build({
      entryPoints: [join(root, 'src', 'edge', 'worker.mjs')],
      outfile: staging,
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      conditions: ['workerd', 'worker'],
      legalComments: 'none',
      logLevel: 'warning',
      plugins: [{ name: 'willcall', setup: resolveGenerated }],
    }).catch((error) => {
      throw new Fault(`esbuild could not bundle src/edge/worker.mjs: ${error.message}`);
    }));
  mkdirSync(buildDirectory, { recursive: true });
  // A running `npm start` watches these: it must never see half a file.
  copyFileSync(optimisedWasm, `${wasmFile}.new`);
  renameSync(`${wasmFile}.new`, wasmFile);
  renameSync(staging, workerFile);
}

/** What the Worker's scripts import as their neighbours lies elsewhere: the bindings in target/edge, the wasm beside the bundle. */
function resolveGenerated(bundler) {
  bundler.onResolve({ filter: /^\.\/willcall\.js$/ }, () => ({ path: join(edgeDirectory, 'willcall.js') }));
  bundler.onResolve({ filter: /^\.\/willcall_bg\.wasm$/ }, ({ path }) => ({ path, external: true }));
  bundler.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, external: true }));
}

async function wasmInputs() {
  const { output: compiler } = await run('rustc', ['-vV'], { quiet: true });
  const files = ['Cargo.toml', 'Cargo.lock', 'askama.toml', 'rust-toolchain.toml', '.cargo/config.toml', 'build.rs', 'src', 'static']
    .flatMap((name) => filesUnder(join(root, name)))
    .filter((path) => !isWorkerScript(path));
  return hash([compiler, packageVersion('binaryen')], [fileURLToPath(import.meta.url), ...files]);
}

function bundleInputs(wasmKey) {
  return hash([wasmKey, packageVersion('esbuild')], filesUnder(join(root, 'src', 'edge')).filter(isWorkerScript));
}

function isWorkerScript(path) {
  return path.endsWith('.mjs');
}

function packageVersion(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).sort().flatMap((name) => filesUnder(join(path, name)));
}

function hash(texts, files) {
  const digest = createHash('sha256');
  for (const text of texts) digest.update(`${text}\0`);
  for (const file of files) digest.update(`${relative(root, file)}\0`).update(readFileSync(file)).update('\0');
  return digest.digest('hex');
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
}

function writeStamp(stamp) {
  mkdirSync(edgeDirectory, { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamp));
}

await main(import.meta.url, async () => {
  await install();
  await build();
});
