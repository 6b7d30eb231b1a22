// One location of the edge: the built Worker in an isolate of its own, with a clock of its own, a view
// of KV of its own, and a network to the objects that fails where a request's plan says so.
import { WorkerEntrypoint } from 'cloudflare:workers';

import built from './worker.mjs';
import { clock, simulateTimers, until } from './clock.mjs';
import { SABOTAGES, THREE_MINUTES_BEHIND } from './sabotage.mjs';

const KINDS = { ACCOUNT_OBJECT: 'account', EVENT_OBJECT: 'event', PLATFORM_OBJECT: 'platform', THROTTLE_OBJECT: 'throttle' };
const counts = { calls: 0, reads: 0 };

// What the deployment was given last, once it was given other secrets than at first.
let secrets = {};

// Nobody waits for a location's timers to the millisecond.
const RELAXED_POLL_MS = 10;

simulateTimers((work, at) => {
  let stopped = false;
  until(at, RELAXED_POLL_MS).then(() => stopped || work());
  return () => { stopped = true; };
});

// Longer than anybody waits for an object, twice over.
const ON_THE_WAY_MS = 25_000;

// Longer than anybody waits for KV.
const SILENT_MS = 600_000;

/** A call of an object, as the plan has it; `met` collects what happened to the request's calls. */
async function callObject(location, namespace, { kind, name, asked: [command, ...more], plan, met, context }) {
  counts.calls += 1;
  const fault = plan[kind]?.shift();
  const call = `call ${counts.calls} at ${location}`;
  if (plan.arrives && kind === 'account') await until(plan.arrives);
  try {
    if (fault === 'unreachable') throw new Error('the object cannot be reached');
    const ask = (text) => namespace.get(namespace.idFromName(name)).undergo(fault, call, text, ...more);
    if (fault === 'overtaken') {
      const delivered = until(clock.true + ON_THE_WAY_MS).then(() => ask(command));
      // The request it is of will have been answered.
      context.waitUntil(delivered.catch(() => {}));
      return await delivered;
    }
    const answer = await (plan.sabotage ? SABOTAGES[plan.sabotage](command, ask) : ask(command));
    met.push({ kind, ok: true });
    return answer;
  } catch (error) {
    met.push({ kind, fault: befell(fault, call, error) });
    throw error;
  }
}

/** What befell a call. One that another's eviction took along may have counted or not, whatever it was to undergo. */
function befell(fault, call, error) {
  if (fault === undefined) return 'none of the plan';
  return fault === 'unreachable' || error.message.includes(`${fault} in ${call}`) ? fault : 'commit lost';
}

function bindings(env, plan, met, context) {
  const namespace = (name) => ({
    get: async (key) => {
      counts.reads += 1;
      if (plan.kv === 'silent') await until(clock.true + SILENT_MS);
      return env.CORE.read(env.LOCATION, `${name} ${key}`, plan.sabotage === THREE_MINUTES_BEHIND ? 180_000 : 0);
    },
  });
  const objects = (binding) => ({
    idFromName: (name) => name,
    get: (name) => ({
      call: (...asked) => callObject(env.LOCATION, env[binding], { kind: KINDS[binding], name, asked, plan, met, context }),
    }),
  });
  return {
    ...env,
    ...secrets,
    DIRECTORY: namespace('DIRECTORY'),
    REFRESH_TOKENS: namespace('REFRESH_TOKENS'),
    ...Object.fromEntries(Object.keys(KINDS).map((binding) => [binding, objects(binding)])),
  };
}

export class Control extends WorkerEntrypoint {
  set(time, skew) {
    clock.true = time;
    clock.skew = skew;
  }

  /** Other secrets come with a new isolate; here with a fresh memory, which forgets as much. */
  give(fresh) {
    secrets = fresh;
    globalThis.willcallPanicked('a fresh memory for other secrets');
  }

  counts() {
    return { ...counts };
  }
}

export default {
  async fetch(request, env, context) {
    const plan = JSON.parse(request.headers.get('x-chaos') ?? '{}');
    const met = [];
    const response = await built.fetch(request, bindings(env, plan, met, context), context);
    const answer = new Response(response.body, response);
    answer.headers.set('x-chaos', JSON.stringify(met));
    return answer;
  },
};
