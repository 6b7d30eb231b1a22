// Starts workerd with the Workers that are compared, each at a port of its own.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { wasmFile, workerFile } from '../scripts/build.mjs';
import { root } from '../scripts/run.mjs';

export const HOST = '127.0.0.1';
export const OPERATOR_TOKEN = randomBytes(32).toString('base64url');

const benches = join(root, 'benches');
const COMPATIBILITY_DATE = '2026-01-20';

const module = (path, file) => ({ type: 'ESModule', path, contents: readFileSync(file, 'utf8') });

/** A Worker in JavaScript, bundled with the packages it imports. */
async function bundled(file) {
  const { outputFiles: [{ text }] } = await esbuild.build({
    entryPoints: [join(benches, file)], bundle: true, write: false, format: 'esm', platform: 'browser', target: 'es2022',
    conditions: ['workerd', 'worker', 'import'], external: ['cloudflare:*', 'node:*'], logLevel: 'warning',
  });
  return [{ type: 'ESModule', path: 'worker.mjs', contents: text }];
}

// Objects stay in memory, Willcall's and the floor's alike: how often the network puts one away is not measured here.
const objects = (names) => Object.fromEntries(names.map((name) =>
  [`${name.replace('Object', '').toUpperCase()}${name.endsWith('Object') ? '_OBJECT' : ''}`, { className: name, useSQLite: true, unsafePreventEviction: true }]));

/** Willcall under a name of its own: its objects, namespaces and secret are not shared. `entry`: a module around it. */
export function willcall(name, entry) {
  const modules = [
    module('worker.mjs', workerFile),
    { type: 'CompiledWasm', path: 'willcall_bg.wasm', contents: readFileSync(wasmFile) },
  ];
  return {
    name,
    modules: entry ? [module('entry.mjs', join(benches, 'variants', entry)), ...modules] : modules,
    kvNamespaces: { DIRECTORY: `${name}-directory`, REFRESH_TOKENS: `${name}-refresh-tokens` },
    durableObjects: objects(['AccountObject', 'EventObject', 'PlatformObject', 'ThrottleObject']),
    bindings: { WILLCALL_SECRET: randomBytes(32).toString('base64url'), OPERATOR_TOKEN },
  };
}

export const jsFloor = () => ({
  name: 'js-floor',
  modules: [module('js.mjs', join(benches, 'floors', 'js.mjs'))],
  kvNamespaces: { STORE: 'floor-store' },
  durableObjects: objects(['Counter']),
});

export const rustFloor = (modules) => ({ name: 'rust-floor', modules });

export const workersOauthProvider = async () => ({
  name: 'workers-oauth-provider',
  modules: await bundled('peers/workers-oauth-provider.mjs'),
  kvNamespaces: { OAUTH_KV: 'workers-oauth-provider' },
});

export const openauth = async () => ({
  name: 'openauth',
  modules: await bundled('peers/openauth.mjs'),
  kvNamespaces: { OPENAUTH_KV: 'openauth' },
  compatibilityFlags: ['nodejs_compat'],
});

function workerdChildren() {
  const out = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return out.split('\n').filter((line) => line.includes('workerd')).map((line) => Number.parseInt(line, 10));
}

/** Runs the Workers in one workerd: its process id, and each one's origin by name. */
export async function start(workers) {
  const before = new Set(workerdChildren());
  const miniflare = new Miniflare({
    workers: workers.map((worker) => ({
      compatibilityDate: COMPATIBILITY_DATE,
      // Its ordinary port passes through another Worker, which would be measured too.
      unsafeDirectSockets: [{ host: HOST, port: 0 }],
      ...worker,
    })),
    cf: false,
    log: new Log(LogLevel.NONE),
    // What peers log is read, as it would be, and dropped.
    handleRuntimeStdio: (stdout, stderr) => { stdout.resume(); stderr.resume(); },
  });
  await miniflare.ready;
  const pid = workerdChildren().find((child) => !before.has(child));
  const origins = {};
  for (const { name } of workers) origins[name] = String(await miniflare.unsafeGetDirectURL(name)).replace(/\/$/, '');
  return { pid, origins, stop: () => miniflare.dispose() };
}
