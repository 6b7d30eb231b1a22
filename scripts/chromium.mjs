// The browser of the end-to-end tests: one that is installed, never a download.

import { existsSync } from 'node:fs';
import { Fault, onPath, run, step } from './run.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** The path of a Chromium, installed with apt-get if there is none and that is possible. */
export async function chromium() {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen) {
    if (!existsSync(chosen)) throw new Fault(`CHROMIUM_PATH names ${chosen}, which does not exist.`);
    return chosen;
  }
  const found = find();
  if (found) return found;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    await step('Installing Chromium for the browser tests (apt-get)', async () => {
      const env = { DEBIAN_FRONTEND: 'noninteractive' };
      await run('apt-get', ['update', '-q'], { env, quiet: true });
      await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], { env, quiet: true });
    });
    const installed = find();
    if (installed) return installed;
  }
  throw new Fault('The browser tests need Chromium. Install it (Debian: sudo apt-get install chromium) or Google Chrome, '
    + 'or set CHROMIUM_PATH to one.');
}

function find() {
  return NAMES.map(onPath).find(Boolean) ?? (existsSync(MAC) ? MAC : undefined);
}
