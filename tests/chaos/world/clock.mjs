// The time of one isolate: the simulated one, and how far this isolate's clock is off it. It stands
// still until it is moved, so that nothing depends on how fast a machine is.

const RealDate = Date;

export const clock = { true: RealDate.now(), skew: 0 };

globalThis.Date = class Date extends RealDate {
  constructor(...fields) {
    if (fields.length === 0) super(Date.now());
    else super(...fields);
  }

  static now() {
    return clock.true + clock.skew;
  }
};

// A real moment between two looks at the simulated time.
const POLL_MS = 1;
// What has waited this long beyond its time belongs to an object that is no more.
const GIVEN_UP_AFTER = 100;

const waiting = new Set();

/** Comes back once the simulated time has reached `at`, whoever moves it. */
export async function until(at, pollMs = POLL_MS) {
  const own = { at };
  waiting.add(own);
  while (clock.true < at) await scheduler.wait(pollMs);
  waiting.delete(own);
}

/** The next simulated time that something in this isolate waits for. */
export const nextAwaited = () => Math.min(...[...waiting].map(({ at }) => at).filter((at) => at > clock.true));

/** Comes back when all that waited for the present time has gone on. */
export async function awaitedGoOn() {
  const due = () => [...waiting].filter(({ at }) => at <= clock.true);
  for (let turns = 0; turns < GIVEN_UP_AFTER && due().length > 0; turns += 1) await scheduler.wait(POLL_MS);
  for (const own of due()) waiting.delete(own);
}

// Timers of a second and more are simulated, too; shorter ones are of no matter to what is tested.
const SIMULATED_FROM_MS = 1000;
const [realSetTimeout, realClearTimeout] = [globalThis.setTimeout, globalThis.clearTimeout];

/**
 * Simulates this isolate's timers: `start` is told what is to be done and when, and gives a function that
 * stops it.
 */
export function simulateTimers(start) {
  const stops = new WeakMap();
  globalThis.setTimeout = (work, milliseconds, ...rest) => {
    if (!(milliseconds >= SIMULATED_FROM_MS)) return realSetTimeout(work, milliseconds, ...rest);
    const timer = {};
    stops.set(timer, start(() => work(...rest), clock.true + milliseconds));
    return timer;
  };
  globalThis.clearTimeout = (timer) => {
    if (typeof timer === 'object' && stops.has(timer)) stops.get(timer)();
    else realClearTimeout(timer);
  };
}
