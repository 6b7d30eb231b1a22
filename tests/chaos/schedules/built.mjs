// The built Worker, loaded into Node with the platform, its clock and its timers in the test's hands. So an object's own
// JavaScript and WebAssembly run thousands of times a second, and everything between two of its steps is chosen.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import * as esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');
const built = path.join(root, 'build');
const target = path.join(root, 'target', 'schedules');

/** The Worker's exports. `sabotage` changes its text before it is loaded. */
export async function load(sabotage = (text) => text) {
  mkdirSync(target, { recursive: true });
  const folder = mkdtempSync(path.join(target, 'built-'));
  await esbuild.build({
    stdin: { contents: sabotage(readFileSync(path.join(built, 'worker.mjs'), 'utf8')), resolveDir: built },
    outfile: path.join(folder, 'worker.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    loader: { '.wasm': 'binary' },
    alias: { 'cloudflare:workers': path.join(here, 'cloudflare-workers.mjs') },
    define: { 'Date.now': 'simulatedNow', setTimeout: 'simulatedTimeout', clearTimeout: 'simulatedClear' },
    banner: {
      js: 'const simulatedNow = () => globalThis.platform.now; const simulatedTimeout = (...a) => globalThis.platform.setTimer(...a);'
        + ' const simulatedClear = (timer) => globalThis.platform.clearTimer(timer);',
    },
    drop: ['console'],
    logLevel: 'warning',
  });
  try {
    return await import(pathToFileURL(path.join(folder, 'worker.mjs')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
