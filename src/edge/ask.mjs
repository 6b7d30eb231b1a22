// Calling an object by its name.
import { beginning, logWarning } from './log.mjs';

const OBJECTS = {
  account: 'ACCOUNT_OBJECT',
  event: 'EVENT_OBJECT',
  platform: 'PLATFORM_OBJECT',
  throttle: 'THROTTLE_OBJECT',
};

// What KV has not said by then its authority is asked for, or it is written once more: that takes no longer.
export const KV_READ_PATIENCE_MS = 2000;

// An object that is silent for longer counts as one that failed, where Rust does not say how long.
const PATIENCE_MS = 10_000;

/** For how long a request has waited for objects and KV. While it waits for several it waits once. */
export class Wait {
  constructor() {
    this.ms = 0;
    this.open = 0;
  }

  /** What comes of a promise, if it comes in so many milliseconds; a clock that steps adds no more than these. */
  async during(promise, patience, words) {
    if (this.open === 0) this.since = Date.now();
    this.open += 1;
    try {
      return await inTime(promise, patience, words);
    } finally {
      this.open -= 1;
      if (this.open === 0) this.ms += Math.min(Math.max(Date.now() - this.since, 0), patience);
    }
  }
}

/** Does something later, unless it is stopped by what this gives. */
export function later(milliseconds, work) {
  const timer = setTimeout(work, milliseconds);
  return () => clearTimeout(timer);
}

/** What comes of a promise, if it comes in so many milliseconds by the timers that `after` sets. */
export function inTime(promise, patience, words, after = later) {
  return new Promise((done, fail) => {
    const stop = after(patience, () => fail(new Error(words)));
    const before = (settle) => (outcome) => {
      stop();
      settle(outcome);
    };
    promise.then(before(done), before(fail));
  });
}

/**
 * `wait`: the caller's; what it waits for this object is not yet in what the object is told. `attempt`: which of two tries
 * of what call it is.
 */
export async function ask(env, kind, name, command, patience = PATIENCE_MS, wait = new Wait(), attempt = undefined) {
  const namespace = env[OBJECTS[kind]];
  const answer = namespace.get(namespace.idFromName(name)).call(command, wait.ms, attempt);
  return wait.during(answer, patience, `the ${kind} object does not answer`);
}

/**
 * A call that failed is tried once more. Commands carry an id of their own where the second must get the first's
 * decision. A first that is still on its way when the second arrives comes too late: the object refuses it.
 */
export function askTwice(env, kind, name, command, patience, wait = new Wait()) {
  const call = crypto.randomUUID();
  const once = (isSecond) => ask(env, kind, name, command, patience, wait, { call, isSecond });
  return once(false).catch((error) => {
    logWarning(error, { askedAgain: kind, of: beginning(name) });
    return once(true);
  });
}
