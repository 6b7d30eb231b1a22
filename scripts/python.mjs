// Python with the packages that a pinned list names, in a virtual environment of its own under target/.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, onPath, root, run, step } from './run.mjs';

const REQUIREMENTS = join(root, 'tests', 'e2e', 'python', 'requirements.txt');
const NEEDED = 'The Python client test needs Python 3.11 or newer with its venv module. '
  + 'Install it (Debian: sudo apt-get install python3 python3-venv).';

/** The path of a Python that has exactly what the list pins; made on the first call, and when the list has changed. */
export async function python() {
  const list = readFileSync(REQUIREMENTS);
  const hash = createHash('sha256').update(list).digest('hex').slice(0, 16);
  const directory = join(root, 'target', `python-${hash}`);
  const made = join(directory, 'bin', 'python');
  if (!existsSync(made)) {
    await findPython();
    await step('Installing the Python packages of the tests', () => make(directory));
  }
  return made;
}

async function findPython() {
  if (await hasVenv()) return;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    await step('Installing Python for the client test (apt-get)', async () => {
      const env = { DEBIAN_FRONTEND: 'noninteractive' };
      await run('apt-get', ['update', '-q'], { env, quiet: true });
      await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'python3', 'python3-venv'], { env, quiet: true });
    });
    if (await hasVenv()) return;
  }
  throw new Fault(NEEDED);
}

/** Debian's python3 has the module venv, but cannot make one without the package that brings pip. */
async function hasVenv() {
  if (!onPath('python3')) return false;
  const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
  return (await run('python3', ['-c', check], { quiet: true, tolerate: true })).code === 0;
}

/** The directory gets its name last, so that one with that name is complete. */
async function make(directory) {
  const draft = `${directory}.${process.pid}`;
  mkdirSync(join(root, 'target'), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', draft], { quiet: true });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes', '--only-binary=:all:', '-r', REQUIREMENTS];
    await run(join(draft, 'bin', 'python'), install, { quiet: true });
    if (!existsSync(directory)) renameSync(draft, directory);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
