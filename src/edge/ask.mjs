// Calling an object by its name.
import { beginning, logWarning } from './log.mjs';

const OBJECTS = {
  account: 'ACCOUNT_OBJECT',
  event: 'EVENT_OBJECT',
  platform: 'PLATFORM_OBJECT',
  throttle: 'THROTTLE_OBJECT',
};

// An object that is silent for longer counts as one that failed, where Rust does not say how long.
const PATIENCE_MS = 10_000;

/** `waited.ms`: for how long the caller has waited for objects, this one not yet among them. `attempt`: which of two tries of what call it is. */
export function ask(env, kind, name, command, patience = PATIENCE_MS, waited = { ms: 0 }, attempt = undefined) {
  const namespace = env[OBJECTS[kind]];
  const begun = Date.now();
  return new Promise((done, fail) => {
    let open = true;
    const first = (settle) => (outcome) => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      // A clock that steps adds no more than the patience there is.
      waited.ms += Math.min(Math.max(Date.now() - begun, 0), patience);
      settle(outcome);
    };
    const timer = setTimeout(first(() => fail(new Error(`the ${kind} object does not answer`))), patience);
    namespace.get(namespace.idFromName(name)).call(command, waited.ms, attempt).then(first(done), first(fail));
  });
}

/**
 * A call that failed is tried once more. Commands carry an id of their own where the second must get the first's
 * decision. A first that is still on its way when the second arrives comes too late: the object refuses it.
 */
export function askTwice(env, kind, name, command, patience, waited = { ms: 0 }) {
  const call = crypto.randomUUID();
  const once = (isSecond) => ask(env, kind, name, command, patience, waited, { call, isSecond });
  return once(false).catch((error) => {
    logWarning(error, { askedAgain: kind, of: beginning(name) });
    return once(true);
  });
}
