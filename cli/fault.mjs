/** What the command's exit status says. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3 };

/** An end that the person can do something about: `advice` says what. */
export class Fault extends Error {
  constructor(exit, message, advice) {
    super(message);
    this.exit = exit;
    this.advice = advice;
  }
}

export const wrongUsage = (message, advice) => new Fault(EXIT.usage, message, advice);
