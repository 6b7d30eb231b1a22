// The Worker that holds the Durable Objects, the one truth of the simulated KV, and the objects'
// alarms, which ring by the simulated clock. An object can be made to fail around a command.
import { AsyncLocalStorage } from 'node:async_hooks';

import { WorkerEntrypoint } from 'cloudflare:workers';

import * as built from './worker.mjs';
import { awaitedGoOn, clock, nextAwaited, simulateTimers, until } from './clock.mjs';
import { Random } from './random.mjs';
import { Replica } from './replica.mjs';

const replica = new Replica(clock);
const alarms = new Map(); // by an object's id
const ringing = new Set(); // objects whose alarm is ringing
const timers = new Map(); // by an object's id: gone with the object, as timers are
const instance = new AsyncLocalStorage();
const created = { count: 0 };
let alarmsFail = { random: undefined, probability: 0 };

const ALARM_AGAIN_MS = 2000;

simulateTimers((work, at) => {
  const timer = { work, at };
  const own = timers.get(instance.getStore());
  own.due.push(timer);
  return () => { own.due = own.due.filter((each) => each !== timer); };
});

// An operator's call waits for the directory's writes, and time stands still until it is answered.
const aMoment = () => scheduler.wait(2);

/** The bindings as an object gets them. */
function bindings(env) {
  const namespace = (name, wait) => ({
    get: async (key) => replica.read('the objects', `${name} ${key}`),
    put: (key, value, { expirationTtl } = {}) => replica.write(`${name} ${key}`, value, expirationTtl, wait),
  });
  const objects = (binding) => ({
    idFromName: (name) => name,
    get: (name) => ({ call: (command) => env[binding].get(env[binding].idFromName(name)).undergo(command) }),
  });
  return {
    ...env,
    DIRECTORY: namespace('DIRECTORY', aMoment),
    REFRESH_TOKENS: namespace('REFRESH_TOKENS', until),
    ...Object.fromEntries(BINDINGS.map((binding) => [binding, objects(binding)])),
  };
}

const BINDINGS = ['ACCOUNT_OBJECT', 'EVENT_OBJECT', 'PLATFORM_OBJECT', 'THROTTLE_OBJECT'];

const failing = (Class, binding) => class extends Class {
  constructor(context, env) {
    const id = context.id.toString();
    context.storage.setAlarm = async (at) => { alarms.set(id, { binding, at: at - clock.skew }); };
    context.storage.getAlarm = async () => (alarms.has(id) ? alarms.get(id).at + clock.skew : null);
    super(context, bindings(env));
    created.count += 1;
    this.id = id;
    timers.set(id, { binding, due: [] });
  }

  /** Whatever timer is set on the way is this object's. */
  call(command) {
    return instance.run(this.id, () => super.call(command));
  }

  alarm() {
    return instance.run(this.id, () => super.alarm());
  }

  /** Runs the timers that are due. */
  async tick() {
    const own = timers.get(this.id);
    const due = own.due.filter(({ at }) => at <= clock.true);
    own.due = own.due.filter(({ at }) => at > clock.true);
    await instance.run(this.id, () => Promise.all(due.map(({ work }) => work())));
  }

  /** A command, and the fault that befalls the object in the middle of it. */
  async undergo(command, fault) {
    switch (fault) {
      case 'rolled back':
        this.transaction = (work) => {
          delete this.transaction;
          return this.transaction(() => {
            work();
            throw new Error('the object failed before its commit');
          });
        };
        return this.call(command);
      case 'answer lost':
        await this.call(command);
        throw new Error('the object failed after its commit');
      case 'silent': {
        const answer = await this.call(command);
        await until(clock.true + 60_000);
        return answer;
      }
      case 'evicted':
        await this.call(command);
        await this.ctx.storage.sync();
        this.ctx.abort('the object was evicted after its commit');
        return undefined;
      case 'commit lost': {
        const answer = this.call(command);
        this.ctx.abort('the object was evicted in its commit');
        return answer;
      }
      default:
        return this.call(command);
    }
  }

  async ring() {
    if (alarmsFail.random?.chance(alarmsFail.probability)) throw new Error('the alarm could not be delivered');
    await this.alarm();
  }
};

export const AccountObject = failing(built.AccountObject, 'ACCOUNT_OBJECT');
export const EventObject = failing(built.EventObject, 'EVENT_OBJECT');
export const PlatformObject = failing(built.PlatformObject, 'PLATFORM_OBJECT');
export const ThrottleObject = failing(built.ThrottleObject, 'THROTTLE_OBJECT');

/** Rings what is due. The platform rings one alarm of an object at a time, and one that failed again. */
function ringDue(env) {
  const due = [...alarms].filter(([id, alarm]) => alarm.at <= clock.true && !ringing.has(id));
  return due.map(async ([id, { binding }]) => {
    alarms.delete(id);
    ringing.add(id);
    try {
      await env[binding].get(env[binding].idFromString(id)).ring();
    } catch {
      if (!alarms.has(id)) alarms.set(id, { binding, at: clock.true + ALARM_AGAIN_MS });
    }
    ringing.delete(id);
  });
}

/** Has the objects run their timers that are due. */
const tickDue = (env) => [...timers].filter(([, { due }]) => due.some(({ at }) => at <= clock.true)).map(([id, { binding }]) => (
  env[binding].get(env[binding].idFromString(id)).tick().catch(() => {})
));

// Longer than an alarm or a timer is at work, if it does not wait for a time that is still to come.
const PATIENCE_MS = 20;
// Where something does wait for such a time, and all else is through in a moment.
const LESS_PATIENCE_MS = 3;

export class Core extends WorkerEntrypoint {
  /** What a location sees of a key; `behind` is how much longer ago than any KV may show it. */
  read(location, name, behind) {
    return replica.read(location, name, behind);
  }

  /** Moves the simulated time, and rings each alarm on the way at its time. */
  async advance(to) {
    for (;;) {
      const ring = [...alarms].filter(([id]) => !ringing.has(id)).map(([, { at }]) => at);
      const tick = [...timers.values()].flatMap(({ due }) => due.map(({ at }) => at));
      const next = Math.max(clock.true, Math.min(...ring, ...tick, nextAwaited()));
      if (next > to) break;
      clock.true = next;
      const begun = Promise.all([...ringDue(this.env), ...tickDue(this.env)]);
      // What waits in the middle goes on after this call has been answered.
      this.ctx.waitUntil(begun);
      await Promise.race([begun, scheduler.wait(nextAwaited() === Infinity ? PATIENCE_MS : LESS_PATIENCE_MS)]);
      await awaitedGoOn();
    }
    clock.true = to;
  }

  skew(milliseconds) {
    clock.skew = milliseconds;
  }

  behave(seed, habits) {
    const random = new Random(seed);
    replica.behave(random, habits);
    alarmsFail = { random, probability: habits.alarmsFail ?? 0 };
  }

  calm() {
    replica.calm();
    alarmsFail = { random: undefined, probability: 0 };
  }

  /** What the KV holds now. */
  held(name) {
    return replica.heldAt(name, clock.true);
  }

  counts() {
    return { objects: created.count, reads: replica.reads, writes: replica.writes };
  }

  /** What is under way, for whoever reads of a history that failed. */
  underWay() {
    const seconds = ([, { binding, at }]) => `${binding} in ${(at - clock.true) / 1000} s`;
    return { ringing: [...ringing].length, alarms: [...alarms].map(seconds), awaited: nextAwaited() - clock.true };
  }
}

export default { fetch: () => new Response(null, { status: 404 }) };
