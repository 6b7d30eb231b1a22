// The Worker that holds the Durable Objects, the one truth of the simulated KV, and the objects'
// alarms, which ring by the simulated clock. An object can be made to fail around a command.
import { WorkerEntrypoint } from 'cloudflare:workers';

import * as built from './worker.mjs';
import { awaitedGoOn, clock, nextAwaited, until } from './clock.mjs';
import { Random } from './random.mjs';
import { Replica } from './replica.mjs';

const replica = new Replica(clock);
const alarms = new Map(); // by an object's id
const ringing = new Set(); // objects whose alarm is ringing
const timers = new Map(); // by an object's id: gone with the object, as timers are
const delayed = new Map(); // by an object's id: how many of its writes wait for a simulated time
const entered = new Set(); // the works that have reached their object
// The objects that have ever been: one that is put away and comes back is no other.
const created = new Set();
// What befalls objects when other objects call them, by a part of their names.
const deaf = new Map();
let alarmsFail = { random: undefined, probability: 0 };
// How many alarms still find that their object's storage does not work, and how many that its program does not.
let withoutStorage = 0;
let withoutProgram = 0;
// The times of alarms that were given up, by an object's id: a SQLite object goes on naming them.
const givenUp = new Map();
const failures = new Map(); // by an object's id: how often its alarm has failed since one did not

const ALARM_AGAIN_MS = 2000;
// Longer than anybody waits for KV.
const SILENT_MS = 3_600_000;
// So often the platform rings an alarm that failed again.
const MOST_TIMES_AGAIN = 6;

// An operator's call waits for the directory's writes, and time stands still until it is answered.
const aMoment = () => scheduler.wait(2);

/** Comes back when the object of this name hears what another says to it. */
async function hears(name) {
  for (const [part, fault] of deaf) {
    if (!name.includes(part)) continue;
    while (deaf.get(part) === 'silent') await scheduler.wait(1);
    if (fault > 0) {
      deaf.set(part, fault - 1);
      throw new Error('not reached');
    }
  }
}

/** The bindings as the object of this id gets them. */
function bindings(env, id) {
  const aWhile = async (at) => {
    delayed.set(id, delayed.get(id) + 1);
    await until(at);
    delayed.set(id, delayed.get(id) - 1);
  };
  const namespace = (name, wait) => ({
    get: async (key) => {
      if (replica.habits.objectReadsSilent) await aWhile(clock.true + SILENT_MS);
      return replica.read('the objects', `${name} ${key}`);
    },
    put: (key, value, { expirationTtl } = {}) => replica.write(`${name} ${key}`, value, expirationTtl, { wait, waitForLong: aWhile }),
  });
  const objects = (binding) => ({
    idFromName: (name) => name,
    get: (name) => ({
      call: async (command) => {
        await hears(name);
        return env[binding].get(env[binding].idFromName(name)).undergo(undefined, undefined, command);
      },
    }),
  });
  return {
    ...env,
    DIRECTORY: namespace('DIRECTORY', aMoment),
    REFRESH_TOKENS: namespace('REFRESH_TOKENS', aWhile),
    ...Object.fromEntries(BINDINGS.map((binding) => [binding, objects(binding)])),
  };
}

const BINDINGS = ['ACCOUNT_OBJECT', 'EVENT_OBJECT', 'PLATFORM_OBJECT', 'THROTTLE_OBJECT'];

const failing = (Class, binding) => class extends Class {
  constructor(context, env) {
    const id = context.id.toString();
    context.storage.setAlarm = async (at) => {
      givenUp.delete(id);
      alarms.set(id, { binding, at: at - clock.skew });
    };
    context.storage.getAlarm = async () => {
      const at = alarms.get(id)?.at ?? givenUp.get(id);
      return at === undefined ? null : at + clock.skew;
    };
    super(context, bindings(env, id));
    created.add(id);
    this.id = id;
    timers.set(id, { binding, due: [] });
    delayed.set(id, 0);
  }

  /** A timer of this object's. */
  after(milliseconds, work) {
    const own = timers.get(this.id);
    const timer = { work, at: clock.true + milliseconds };
    own.due.push(timer);
    return () => { own.due = own.due.filter((other) => other !== timer); };
  }

  /** Runs the timers that are due. */
  async tick(work) {
    entered.add(work);
    const own = timers.get(this.id);
    const due = own.due.filter(({ at }) => at <= clock.true);
    own.due = own.due.filter(({ at }) => at > clock.true);
    await Promise.all(due.map(({ work }) => work()));
  }

  /** A call, and the fault that befalls the object in the middle of it. What it says of the fault names the `call`. */
  async undergo(fault, call, ...asked) {
    switch (fault) {
      case 'rolled back':
        this.transaction = (work) => {
          delete this.transaction;
          return this.transaction(() => {
            work();
            throw new Error(`${fault} in ${call}`);
          });
        };
        return this.call(...asked);
      case 'answer lost':
        await this.call(...asked);
        throw new Error(`${fault} in ${call}`);
      case 'silent': {
        const answer = await this.call(...asked);
        await until(clock.true + 60_000);
        return answer;
      }
      case 'evicted':
        await this.call(...asked);
        await this.ctx.storage.sync();
        this.ctx.abort(`${fault} in ${call}`);
        return undefined;
      case 'commit lost': {
        const answer = this.call(...asked);
        this.ctx.abort(`${fault} in ${call}`);
        return answer;
      }
      default:
        return this.call(...asked);
    }
  }

  /** Rings; whether the alarm was delivered. */
  async ring(work) {
    entered.add(work);
    if (alarmsFail.random?.chance(alarmsFail.probability)) return false;
    if (withoutStorage > 0) {
      withoutStorage -= 1;
      this.transaction = () => { throw new Error('the storage does not work'); };
    }
    if (withoutProgram > 0) {
      withoutProgram -= 1;
      throw new Error('the program does not run');
    }
    try {
      await this.alarm();
    } finally {
      delete this.transaction;
    }
    return true;
  }
};

export const AccountObject = failing(built.AccountObject, 'ACCOUNT_OBJECT');
export const EventObject = failing(built.EventObject, 'EVENT_OBJECT');
export const PlatformObject = failing(built.PlatformObject, 'PLATFORM_OBJECT');
export const ThrottleObject = failing(built.ThrottleObject, 'THROTTLE_OBJECT');

let begun = 0;

/** Has these objects do something; each such work has a number, and an end. */
const begin = (env, due, start) => due.map(([id, { binding }]) => {
  begun += 1;
  const object = env[binding].get(env[binding].idFromString(id));
  return { work: begun, id, done: start(object, begun, id, binding) };
});

/**
 * Rings what is due. The platform rings one alarm of an object at a time; one that it could not deliver again, and one
 * that failed a few times more.
 */
function ringDue(env) {
  const due = [...alarms].filter(([id, alarm]) => alarm.at <= clock.true && !ringing.has(id));
  return begin(env, due, async (object, work, id, binding) => {
    const { at } = alarms.get(id);
    alarms.delete(id);
    ringing.add(id);
    const failed = failures.get(id) ?? 0;
    failures.delete(id);
    const again = await object.ring(work).then((delivered) => !delivered, () => {
      failures.set(id, failed + 1);
      if (failed < MOST_TIMES_AGAIN) return true;
      if (!alarms.has(id)) givenUp.set(id, at);
      return false;
    });
    if (again && !alarms.has(id)) alarms.set(id, { binding, at: clock.true + ALARM_AGAIN_MS });
    ringing.delete(id);
  });
}

/** Has the objects run their timers that are due. */
function tickDue(env) {
  const due = [...timers].filter(([, timer]) => timer.due.some(({ at }) => at <= clock.true));
  return begin(env, due, (object, work) => object.tick(work).catch(() => {}));
}

// Far longer than an alarm or a timer is at work. If one never ended, the history would say so, not stand still.
const MOST_TURNS = 2000;

/** Comes back when each of these is done, or waits for a simulated time that is still to come. */
async function doneOrDelayed(works) {
  const left = new Set(works);
  for (const each of works) each.done.then(() => left.delete(each));
  const all = Promise.all(works.map(({ done }) => done));
  const atWork = ({ work, id }) => !entered.has(work) || delayed.get(id) === 0;
  for (let turns = 0; turns < MOST_TURNS && [...left].some(atWork); turns += 1) await Promise.race([all, scheduler.wait(1)]);
  for (const { work } of works) entered.delete(work);
}

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
      const works = [...ringDue(this.env), ...tickDue(this.env)];
      // What is delayed goes on after this call has been answered.
      this.ctx.waitUntil(Promise.all(works.map(({ done }) => done)));
      await doneOrDelayed(works);
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

  /** Objects whose names contain this are not heard by other objects: so many times, or ('silent') until `hearing`. */
  deafen(part, fault) {
    deaf.set(part, fault);
  }

  /** The next alarms find that their object's storage does not work. */
  loseStorage(alarms) {
    withoutStorage = alarms;
  }

  /** The next alarms find that their object's program does not run. */
  breakProgram(alarms) {
    withoutProgram = alarms;
  }

  hearing() {
    deaf.clear();
  }

  /** What the KV holds now. */
  held(name) {
    return replica.heldAt(name, clock.true);
  }

  counts() {
    return { objects: created.size, reads: replica.reads, writes: replica.writes };
  }

  /** What is under way, for whoever reads of a history that failed. */
  underWay() {
    const seconds = ([, { binding, at }]) => `${binding} in ${(at - clock.true) / 1000} s`;
    return { ringing: [...ringing].length, alarms: [...alarms].map(seconds), awaited: nextAwaited() - clock.true };
  }
}

export default { fetch: () => new Response(null, { status: 404 }) };
