// What is printed for people, and what they are asked. Results go to standard output; questions and
// remarks to standard error, so that results can be piped on.

import { createInterface } from 'node:readline/promises';
import { wrongUsage } from './fault.mjs';

export function print(text = '') {
  process.stdout.write(`${text}\n`);
}

export function remark(text = '') {
  process.stderr.write(`${text}\n`);
}

/**
 * A value in one line. Names come from strangers: control characters could move the cursor, and marks
 * of writing direction could make one thing look like another.
 */
export function plain(value) {
  if (value === undefined || value === null) return '';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (Array.isArray(value)) return value.map(plain).join(' ');
  if (typeof value === 'object') return Object.entries(value).map(([name, each]) => `${name}=${plain(each)}`).join(' ');
  return String(value).replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '\ufffd');
}

const width = (text) => [...text].length;
const padded = (text, columns) => text + ' '.repeat(Math.max(0, columns - width(text)));

/** A table; `columns` are the names of the rows' members. */
export function table(rows, columns, nothing) {
  if (rows.length === 0) return remark(nothing);
  const lines = [columns.map((name) => name.toUpperCase()), ...rows.map((row) => columns.map((name) => plain(row[name])))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => width(line[index]))));
  for (const line of lines) print(line.map((cell, index) => padded(cell, widths[index])).join('  ').trimEnd());
  return undefined;
}

/** One thing, a line for each of its members. */
export function record(thing) {
  const names = Object.keys(thing);
  const column = Math.max(...names.map(width));
  for (const name of names) print(`${padded(name, column)}  ${plain(thing[name])}`.trimEnd());
}

/** Asks before what cannot be undone: the name has to be typed, so that it is the right one. */
export async function confirmByName(yes, consequence, name) {
  if (yes) return;
  const answer = await ask(`${consequence}\nThis cannot be undone. Type ${plain(name)} to continue: `, `${consequence}\n`);
  if (answer.trim() !== name) throw wrongUsage('The name you typed does not match. Nothing was changed.');
}

export async function confirm(yes, question) {
  if (yes) return;
  const answer = await ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw wrongUsage('Nothing was changed.');
}

/** `why`: what is said of it where nobody can be asked. */
async function ask(question, why = '') {
  if (!process.stdin.isTTY) throw wrongUsage(`${why}This needs to be confirmed, but nobody can be asked here. Nothing was changed.`, 'To continue without being asked, add --yes.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise((resolve) => {
      terminal.once('close', () => resolve(''));
      terminal.once('SIGINT', () => terminal.close());
      terminal.question(question).then(resolve);
    });
  } finally {
    terminal.close();
  }
}

/** A new password: twice from the terminal, unseen, or the first line of what is piped in. */
export async function readPassword() {
  const { stdin } = process;
  if (!stdin.isTTY) {
    const chunks = [];
    for await (const chunk of stdin) chunks.push(chunk);
    const [line] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/);
    if (!line) throw wrongUsage('--password reads the password from standard input, but there was none.');
    return line;
  }
  const [password, again] = await askUnseen(['Password: ', 'Again: ']);
  if (password !== again) throw wrongUsage('The two passwords are different. Nothing was changed.');
  return password;
}

/** The terminal echoes what is typed unless it is raw: so it is, from before the first question to after the last answer. */
async function askUnseen(questions) {
  const { stdin, stderr } = process;
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  // Whoever asked before this paused it.
  stdin.resume();
  try {
    return await new Promise((resolve, reject) => {
      const answers = [];
      let typed = [];
      stderr.write(questions[0]);
      stdin.on('data', (keys) => {
        for (const key of keys) {
          if (key === '\x03' || key === '\x04') reject(wrongUsage('Nothing was changed.'));
          else if (key === '\r' || key === '\n') {
            answers.push(typed.join(''));
            typed = [];
            if (answers.length >= questions.length) resolve(answers);
            else stderr.write(`\n${questions[answers.length]}`);
          } else if (key === '\x7f' || key === '\b') typed.pop();
          else if (key === '\x15') typed = [];
          else typed.push(key);
        }
      });
    });
  } finally {
    stdin.removeAllListeners('data').pause();
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}
