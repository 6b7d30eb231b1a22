// A client program that takes one command a line and answers each with one line of JSON.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Program {
  #child;
  #lines;

  constructor(command, args, env = {}) {
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.complaints = '';
    this.#child.stderr.on('data', (chunk) => (this.complaints += chunk));
    this.#child.once('error', (error) => (this.complaints += error));
    this.#child.stdin.on('error', () => {}); // it ended: the missing answer tells
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The answer, whatever it is but a failure of the program itself. */
  async ask(command) {
    this.#child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    assert.ok(!done, `an answer to "${command}": ${this.complaints}`);
    const answer = JSON.parse(value);
    assert.equal(answer.failed, undefined, `"${command}"`);
    return answer;
  }

  end() {
    this.#child.kill();
  }
}

/** Has the person follow an authorization address and say yes; gives the address they come back to. */
export async function follow(person, url) {
  const page = await (await person.browser()).open(url);
  const answer = page.isConsent ? await page.press('Authorize Application') : page;
  assert.ok(answer.departure, `${answer.status} ${answer.text.slice(0, 200)}`);
  return answer.departure;
}
