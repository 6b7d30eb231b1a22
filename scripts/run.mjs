// Running other programs, and telling what is going on meanwhile. Node's own
// modules only: this is loaded before any dependency is installed.

import { spawn } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Something the reader can put right: its message is printed without a stack. */
export class Fault extends Error {}

export function say(line = '') {
  process.stdout.write(`${line}\n`);
}

export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Announces a long step, and says how long it took. */
export async function step(label, work) {
  say(`→ ${label}`);
  const start = performance.now();
  const result = await work();
  say(`  ${seconds(performance.now() - start)}`);
  return result;
}

/**
 * Runs a program to its end. Its output goes to the terminal; with `collect` it is
 * also returned, both streams in the order they were written. With `quiet` it is
 * returned only. A failure is a Fault, unless `tolerate` is set.
 */
export function run(command, args, { cwd = root, env, collect = false, quiet = false, tolerate = false } = {}) {
  const piped = collect || quiet;
  // One pipe for both streams, or their order would be lost.
  const [program, argv] = piped ? ['sh', ['-c', 'exec "$0" "$@" 2>&1', command, ...args]] : [command, args];
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      cwd,
      env: { ...process.env, ...env },
      stdio: piped ? ['ignore', 'pipe', 'inherit'] : ['ignore', 'inherit', 'inherit'],
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output += text;
      if (!quiet) process.stdout.write(text);
    });
    child.once('error', (error) => reject(new Fault(`${command} could not be started: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0 || tolerate) return resolve({ code: code ?? 1, output });
      const how = signal ? `was ended by ${signal}` : `failed (exit ${code})`;
      reject(new Fault(`${command} ${args.join(' ')} ${how}${quiet && output ? `:\n${output}` : '.'}`));
    });
  });
}

/** npm, as the one that started us if there is one. */
export function npm(args, options) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? run(process.execPath, [cli, ...args], options) : run('npm', args, options);
}

/** Where a program is on PATH, or undefined. */
export function onPath(name) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const candidate = join(directory, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}

/** Whether a version such as `1.91` comes before another. What one of them leaves out is 0. */
export function isBefore(version, other) {
  const [one, two] = [version, other].map((text) => text.split('.').map(Number));
  const differing = [0, 1, 2].find((at) => (one[at] ?? 0) !== (two[at] ?? 0));
  return differing !== undefined && (one[differing] ?? 0) < (two[differing] ?? 0);
}

/** Calls `work` if the module at `url` is the program that was started. */
export async function main(url, work) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== fileURLToPath(url)) return;
  try {
    await work(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exitCode = 1;
  }
}
