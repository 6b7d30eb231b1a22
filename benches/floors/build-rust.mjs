// Compiles the Rust floor with the tools and flags that Willcall is compiled with (scripts/build.mjs, which runs first).
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { Fault, root, run } from '../../scripts/run.mjs';

const TARGET = 'wasm32-unknown-unknown';
const source = join(root, 'benches', 'floors', 'rust');
const target = join(root, 'target');
const out = join(target, 'bench-floor');

/** The Worker's two modules. */
export async function buildRustFloor() {
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(readFileSync(join(source, 'Cargo.lock'), 'utf8'))?.[1];
  const bindgen = join(target, 'tools', `wasm-bindgen-${version}`, 'bin', 'wasm-bindgen');
  if (!existsSync(bindgen)) throw new Fault(`The floor's Cargo.lock names wasm-bindgen ${version}, Willcall's another: they must be the same.`);
  await run('cargo', ['build', '--quiet', '--release', '--locked', '--target', TARGET, '--target-dir', target, '--manifest-path', join(source, 'Cargo.toml')]);
  const compiled = join(target, TARGET, 'release', 'willcall_bench_floor.wasm');
  const wasm = join(out, 'floor_bg.wasm');
  const worker = join(out, 'worker.mjs');
  if (!existsSync(wasm) || statSync(wasm).mtimeMs < statSync(compiled).mtimeMs) {
    mkdirSync(out, { recursive: true });
    await run(bindgen, ['--target', 'web', '--no-typescript', '--out-dir', out, '--out-name', 'floor', compiled]);
    await run(process.execPath, [
      join(root, 'node_modules', 'binaryen', 'bin', 'wasm-opt'), '-O3', '--strip-debug', '--strip-producers',
      '--enable-bulk-memory', '--enable-bulk-memory-opt', '--enable-call-indirect-overlong', '--enable-multivalue', '--enable-mutable-globals',
      '--enable-nontrapping-float-to-int', '--enable-reference-types', '--enable-sign-ext', '--strip-target-features',
      wasm, '--output', wasm,
    ]);
  }
  copyFileSync(join(source, 'edge.mjs'), join(out, 'edge.mjs'));
  await esbuild.build({
    entryPoints: [join(out, 'edge.mjs')], outfile: worker, bundle: true, format: 'esm', target: 'es2022', logLevel: 'warning',
    external: ['./floor_bg.wasm'],
  });
  return [
    { type: 'ESModule', path: 'worker.mjs', contents: readFileSync(worker, 'utf8') },
    { type: 'CompiledWasm', path: 'floor_bg.wasm', contents: readFileSync(wasm) },
  ];
}
