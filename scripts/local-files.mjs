// The two git-ignored files that hold secrets of a local Willcall, readable by
// their owner only: `.dev.vars`, which wrangler gives to the Worker, and
// `.willcall-demo.json`, which remembers the demo application's credentials.

import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, root, say } from './run.mjs';

const varsFile = join(root, '.dev.vars');
const demoFile = join(root, '.willcall-demo.json');

/** Writes fresh secrets on the first run; a file that is there is never touched. */
export function ensureVars() {
  const secret = () => randomBytes(32).toString('base64url');
  const text = `# Secrets of this machine's own Willcall, made by npm start. Not for a deployment.
WILLCALL_SECRET=${secret()}
OPERATOR_TOKEN=${secret()}
`;
  try {
    writeFileSync(varsFile, text, { flag: 'wx', mode: 0o600 });
    say('→ Wrote fresh secrets to .dev.vars');
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/** Where two servers keep different data their demo has different credentials. */
export function readDemo(dataDirectory) {
  return readDemos().demos[dataDirectory];
}

/** Every demo there was, the one started last first. */
export function readAllDemos() {
  const { latest, demos } = readDemos();
  return Object.keys(demos).sort((a, b) => (b === latest) - (a === latest)).map((key) => demos[key]);
}

export function writeDemo(dataDirectory, demo) {
  const { demos } = readDemos();
  const text = JSON.stringify({ latest: dataDirectory, demos: { ...demos, [dataDirectory]: demo } }, null, 2);
  const draft = `${demoFile}.${process.pid}`;
  writeFileSync(draft, `${text}\n`, { flag: 'wx', mode: 0o600 });
  renameSync(draft, demoFile);
}

function readDemos() {
  try {
    return JSON.parse(readFileSync(demoFile, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return { latest: undefined, demos: {} };
    throw new Fault(`.willcall-demo.json cannot be read (${error.message}). Delete it: npm start writes a new one.`);
  }
}
