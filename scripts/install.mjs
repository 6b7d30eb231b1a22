// `npm start` and `npm test` work from a fresh clone, where npm runs the script
// before anything is installed. So this installs, with node's own modules only.

import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Fault, isBefore, npm, root, step } from './run.mjs';

/** Installs what package-lock.json pins, unless exactly that is there already. */
export async function install(directory = root) {
  checkNode();
  const lock = readLock(join(directory, 'package-lock.json'));
  const name = relative(root, directory) || 'this project';
  if (!lock) throw new Fault(`${join(directory, 'package-lock.json')} is missing: the clone is not complete.`);
  if (isInstalled(lock, directory)) return;
  await step(`Installing the npm packages of ${name}`, () =>
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: directory }));
}

/**
 * npm writes what it installed to a hidden lock file, last of all. Comparing that
 * with ours also notices a `git pull` and an interrupted installation, which times
 * of files would not.
 */
function isInstalled(lock, directory) {
  const installed = readLock(join(directory, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  const same = (path) => lock.packages[path]?.version === installed.packages[path]?.version;
  const wanted = Object.keys(lock.packages).filter((path) => path !== '' && !lock.packages[path].optional);
  return wanted.every(same) && Object.keys(installed.packages).every(same);
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const least = engines.node.replace('>=', '');
  if (isBefore(process.versions.node, least)) {
    throw new Fault(`Node ${least} or newer is needed, this is ${process.versions.node}: see https://nodejs.org/`);
  }
}
