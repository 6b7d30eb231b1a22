// Willcall as it is built, with a REFRESH_TOKENS that takes every write and keeps none: what is left is the
// Worker's own share, the outbox and its alarm included, without the simulator that stands in for KV here.
// Nothing reads that namespace back on the paths that are measured this way.
import worker, { AccountObject as Account, EventObject, PlatformObject, ThrottleObject } from './worker.mjs';

const NOWHERE = { get: async () => null, put: async () => {} };

export class AccountObject extends Account {
  constructor(context, env) {
    super(context, { ...env, REFRESH_TOKENS: NOWHERE });
  }
}

export { EventObject, PlatformObject, ThrottleObject };

let replaced;

export default {
  fetch(request, env, context) {
    replaced ??= { ...env, REFRESH_TOKENS: NOWHERE };
    return worker.fetch(request, replaced, context);
  },
};
