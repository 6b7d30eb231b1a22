// Starts a deployment with several locations in one workerd: each a Worker with an isolate of its own,
// all of them in front of the same objects; and the driver, which runs the histories right beside them.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Log, LogLevel, Miniflare } from 'miniflare';

const here = path.dirname(fileURLToPath(import.meta.url));
const build = path.resolve(here, '../../build');

export const LOCATIONS = ['FRA', 'IAD', 'NRT'];
const OBJECTS = {
  ACCOUNT_OBJECT: 'AccountObject', EVENT_OBJECT: 'EventObject', PLATFORM_OBJECT: 'PlatformObject', THROTTLE_OBJECT: 'ThrottleObject',
};
const SECRETS = {
  WILLCALL_SECRET: 'deployment-secret-of-the-chaos-tests-0123456789abcdef',
  OPERATOR_TOKEN: 'operator-token-of-the-chaos-tests-0123456789abcdef',
};
const COMPATIBILITY_DATE = '2026-01-20';

/** Modules that stand beside the built Worker as far as workerd can tell, the entry first. */
function besideTheWorker(files) {
  const own = files.map((file) => ({
    type: 'ESModule', path: path.join(build, `chaos-${path.basename(file)}`), contents: beside(readFileSync(path.join(here, file), 'utf8')),
  }));
  const types = { '.mjs': 'ESModule', '.wasm': 'CompiledWasm' };
  const built = readdirSync(build).filter((name) => types[path.extname(name)])
    .map((name) => ({ type: types[path.extname(name)], path: path.join(build, name) }));
  return [...own, ...built];
}

const beside = (text) => text.replace(/from '\.\.?\/(?!worker\.mjs)(?:\w+\/)?([\w-]+\.mjs)'/g, "from './chaos-$1'");

function driverModules() {
  const below = (folder) => readdirSync(path.join(here, folder)).map((name) => path.join(folder, name));
  const files = ['history/driver.mjs', ...below('history'), ...below('oracle'), ...below('scenarios'), 'random.mjs'];
  const modules = [...new Set(files)].filter((name) => !name.endsWith('.test.mjs')).map((name) => ({ type: 'ESModule', path: path.join(here, name) }));
  // The forms of a page are read as the other tests read them.
  const html = path.resolve(here, '../e2e/html.mjs');
  return [...modules, { type: 'ESModule', path: path.join(here, 'html.mjs'), contents: readFileSync(html, 'utf8') }];
}

export class Deployment {
  static async start() {
    const deployment = new Deployment();
    await deployment.#launch();
    return deployment;
  }

  async #launch() {
    // Memory, where there is a file system in it: the disk's speed is not what is tested.
    const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    this.directory = mkdtempSync(path.join(parent, 'willcall-chaos-'));
    this.log = '';
    const objects = Object.entries(OBJECTS);
    const shared = { compatibilityDate: COMPATIBILITY_DATE };
    this.miniflare = new Miniflare({
      host: '127.0.0.1',
      port: 0,
      cf: false,
      log: new Log(LogLevel.NONE),
      durableObjectsPersist: this.directory,
      handleRuntimeStdio: (stdout, stderr) => {
        for (const stream of [stdout, stderr]) stream.on('data', (chunk) => { this.log = (this.log + chunk).slice(-200_000); });
      },
      workers: [
        {
          ...shared,
          name: 'driver',
          modulesRoot: here,
          modules: driverModules(),
          bindings: { LOCATIONS, ...SECRETS },
          serviceBindings: {
            CORE: { name: 'core', entrypoint: 'Core' },
            ...Object.fromEntries(LOCATIONS.flatMap((name) => [[name, name], [`${name}_CONTROL`, { name, entrypoint: 'Control' }]])),
          },
        },
        {
          ...shared,
          name: 'core',
          compatibilityFlags: ['nodejs_als'],
          modulesRoot: build,
          modules: besideTheWorker(['world/core.mjs', 'world/clock.mjs', 'world/replica.mjs', 'random.mjs']),
          bindings: SECRETS,
          durableObjects: Object.fromEntries(objects.map(([binding, className]) => [binding, { className, useSQLite: true }])),
        },
        ...LOCATIONS.map((name) => ({
          ...shared,
          name,
          modulesRoot: build,
          modules: besideTheWorker(['world/location.mjs', 'world/clock.mjs', 'world/sabotage.mjs']),
          bindings: { ...SECRETS, LOCATION: name },
          serviceBindings: { CORE: { name: 'core', entrypoint: 'Core' } },
          durableObjects: Object.fromEntries(objects.map(([binding, className]) => [binding, { className, scriptName: 'core', useSQLite: true }])),
        })),
      ],
    });
    this.origin = (await this.miniflare.ready).origin;
  }

  /** One question to the driver; everything it answers is JSON. */
  ask(target, body, timeoutMs = 60_000) {
    return new Promise((resolve, reject) => {
      // A connection of its own: an old one may be closed just as it is used again.
      const request = http.request(new URL(target, this.origin), { method: 'POST', agent: false, signal: AbortSignal.timeout(timeoutMs) });
      request.once('error', reject);
      request.once('response', async (response) => {
        try {
          const text = (await response.setEncoding('utf8').toArray()).join('');
          if (response.statusCode !== 200) throw new Error(`the driver: ${response.statusCode} ${text}`);
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
      request.end(JSON.stringify(body));
    });
  }

  /** Plays one of the scenarios in `scenarios/`; what it told. */
  async scenario(name, options = {}) {
    const { fault, told } = await this.ask('/scenario', { name, ...options }, 240_000).catch((error) => {
      throw new Error(`${name}: ${error.message}; the end of the log:\n${this.log.slice(-3000)}`);
    });
    if (fault) throw new Error(fault);
    return told;
  }

  async stop() {
    await this.miniflare.dispose();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
