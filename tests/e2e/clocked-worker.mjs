// The module that the tests hand to workerd in front of the built worker. It moves the isolate's
// clock, so that no test has to sleep and the product needs no hook: the product reads the time
// from `Date` like any program, and here `Date` runs ahead of the real one by as much as a test asked for.
import * as built from './worker.mjs';

/** An object whose alarms ring by the moved clock: the platform's own runs on. */
const clocked = (Class) => class extends Class {
  constructor(context, env) {
    const { storage } = context;
    const setAlarm = storage.setAlarm.bind(storage);
    const getAlarm = storage.getAlarm.bind(storage);
    storage.setAlarm = (at) => setAlarm(at - offset);
    storage.getAlarm = async () => {
      const at = await getAlarm();
      return at === null ? null : at + offset;
    };
    super(context, env);
  }
};

export const AccountObject = clocked(built.AccountObject);
export const EventObject = clocked(built.EventObject);
export const PlatformObject = clocked(built.PlatformObject);
export const ThrottleObject = clocked(built.ThrottleObject);

const RealDate = Date;
const realNow = Date.now.bind(Date);
let offset = 0;

globalThis.Date = class Date extends RealDate {
  constructor(...fields) {
    if (fields.length === 0) super(realNow() + offset);
    else super(...fields);
  }

  static now() {
    return realNow() + offset;
  }
};

// Makes the platform's generator of random bytes fail, as no input can make Rust fail.
const fillReally = crypto.getRandomValues.bind(crypto);
let barren = false;
crypto.getRandomValues = (bytes) => {
  if (barren) throw new Error('no random bytes, says the test');
  return fillReally(bytes);
};

// What requests look up, while a test counts it.
let counts;

const countedObjects = (namespace) => ({
  idFromName: (name) => namespace.idFromName(name),
  get: (id) => ({
    call: (command, ...more) => {
      // Usage is handed on every two seconds, whatever came: nobody looks anything up with it.
      if (!command.startsWith('{"add_usage"')) counts.calls += 1;
      return namespace.get(id).call(command, ...more);
    },
  }),
});

const countedRecords = (namespace) => ({
  get: (key) => {
    counts.reads += 1;
    return namespace.get(key);
  },
});

const counted = (env) => Object.fromEntries(Object.entries(env).map(([name, binding]) => {
  if (typeof binding === 'string') return [name, binding];
  return [name, name.endsWith('_OBJECT') ? countedObjects(binding) : countedRecords(binding)];
}));

/** Answers the tests' own paths, and nothing else: `undefined` means the request is the product's. */
async function clock(request) {
  if (new URL(request.url).pathname === '/__test/barren') {
    barren = (await request.text()) === 'yes';
    return Response.json({ barren });
  }
  if (new URL(request.url).pathname === '/__test/counts') {
    if (request.method === 'POST') counts = { calls: 0, reads: 0 };
    const told = counts;
    if (request.method === 'GET') counts = undefined;
    return Response.json(told);
  }
  if (new URL(request.url).pathname !== '/__test/clock') return undefined;
  if (request.method === 'POST') offset = Number(await request.text());
  return Response.json({ offset, now: Date.now() });
}

// workerd knows two shapes of a worker: a class of entrypoints and a plain object of handlers.
const worker = built.default;

export default typeof worker === 'function'
  ? class extends worker {
      async fetch(request) {
        return (await clock(request)) ?? super.fetch(request);
      }
    }
  : {
      ...worker,
      async fetch(request, env, context) {
        return (await clock(request)) ?? worker.fetch(request, counts ? counted(env) : env, context);
      },
    };
