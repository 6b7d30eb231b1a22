// Calling an object by its name.

const OBJECTS = {
  account: 'ACCOUNT_OBJECT',
  event: 'EVENT_OBJECT',
  platform: 'PLATFORM_OBJECT',
  throttle: 'THROTTLE_OBJECT',
};

// An object that is silent for longer counts as one that failed. An operator's call waits for KV.
const PATIENCE_MS = 10_000;

export function ask(env, kind, name, command) {
  const namespace = env[OBJECTS[kind]];
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error('the object does not answer')), PATIENCE_MS);
    const first = (settle) => (outcome) => {
      clearTimeout(timer);
      settle(outcome);
    };
    namespace.get(namespace.idFromName(name)).call(command).then(first(done), first(fail));
  });
}

/** A call that failed is tried once more: commands carry an attempt's id, so the second gets the first's decision. */
export const askTwice = (env, kind, name, command) => ask(env, kind, name, command).catch(() => ask(env, kind, name, command));
