// Calling an object by its name.

const OBJECTS = {
  account: 'ACCOUNT_OBJECT',
  event: 'EVENT_OBJECT',
  platform: 'PLATFORM_OBJECT',
  throttle: 'THROTTLE_OBJECT',
};

// An object that is silent for longer counts as one that failed, where Rust does not say how long.
const PATIENCE_MS = 10_000;

/** `waited`: for how long the caller has waited for objects before, in milliseconds. */
export function ask(env, kind, name, command, patience = PATIENCE_MS, waited = 0) {
  const namespace = env[OBJECTS[kind]];
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error('the object does not answer')), patience);
    const first = (settle) => (outcome) => {
      clearTimeout(timer);
      settle(outcome);
    };
    namespace.get(namespace.idFromName(name)).call(command, waited).then(first(done), first(fail));
  });
}

/** A call that failed is tried once more: commands carry an attempt's id, so the second gets the first's decision. */
export function askTwice(env, kind, name, command, patience, since = Date.now()) {
  const once = () => ask(env, kind, name, command, patience, Date.now() - since);
  return once().catch(once);
}
