// Workers KV as its documentation allows it to be, at its worst: each location sees what was true at
// some time within the last minute, misses included; a second write of a key within a second is
// refused; a write may fail, take effect all the same, or take its time.

const STALE_MS = 60_000;
const KEPT_MS = 300_000;
const LEAST_TTL = 60;
const BETWEEN_WRITES_MS = 1000;
const SILENT_MS = 600_000;

export class Replica {
  constructor(clock) {
    this.clock = clock;
    this.keys = new Map();
    this.reads = 0;
    this.writes = 0;
    this.calm();
  }

  /** Behaves from now on as `habits` say; chance is drawn from `random`. */
  behave(random, habits) {
    this.random = random;
    this.habits = habits;
    this.caches = new Map();
  }

  /** Up to date, and nothing fails. */
  calm() {
    this.behave(undefined, { view: 'fresh' });
  }

  versions(name) {
    if (!this.keys.has(name)) this.keys.set(name, []);
    return this.keys.get(name);
  }

  /** What a key held at a time; `null` for nothing. */
  heldAt(name, at) {
    const version = this.keys.get(name)?.findLast((each) => each.from <= at);
    return version === undefined || (version.until !== undefined && version.until <= at) ? null : version.value;
  }

  read(location, name, behind = 0) {
    this.reads += 1;
    const now = this.clock.true - behind;
    if (this.random?.chance(this.habits.readsFail ?? 0)) throw new Error('KV GET failed: 500 Internal Server Error');
    switch (this.habits.view) {
      // As old as allowed.
      case 'oldest': return this.heldAt(name, now - STALE_MS);
      // Each read of another age, so that a later read may be older than an earlier one.
      case 'wild': return this.heldAt(name, now - this.random.between(0, STALE_MS));
      // What was read, and that nothing was found, is kept for a minute, as KV's own caches do.
      case 'cached': {
        const key = `${location} ${name}`;
        const known = this.caches.get(key);
        if (known && now - known.at < STALE_MS) return known.value;
        const value = this.heldAt(name, now);
        this.caches.set(key, { at: now, value });
        return value;
      }
      default: return this.heldAt(name, now);
    }
  }

  /** A write, and what becomes of it. `wait` and `waitForLong` come back at a simulated time, the first perhaps before it. */
  async write(name, value, ttl, { wait, waitForLong }) {
    this.writes += 1;
    if (ttl !== undefined && ttl < LEAST_TTL) throw new Error(`KV PUT failed: 400 Invalid expiration_ttl of ${ttl}`);
    const last = this.versions(name).at(-1);
    if (last && this.clock.true - last.from < BETWEEN_WRITES_MS) throw new Error('KV PUT failed: 429 Too Many Requests');
    const { habits, random } = this;
    if (random?.chance(habits.writesSlow ?? 0)) await wait(this.clock.true + random.between(1, 8) * 1000);
    if (habits.silentWriteOf && name.includes(habits.silentWriteOf)) {
      habits.silentWriteOf = undefined;
      await waitForLong(this.clock.true + SILENT_MS);
    }
    if (habits.nextWritesFail > 0) {
      habits.nextWritesFail -= 1;
      throw new Error('KV PUT failed: 503 Service Unavailable');
    }
    if (random?.chance(habits.writesFail ?? 0)) throw new Error('KV PUT failed: 503 Service Unavailable');
    this.take(name, value, ttl);
    if (random?.chance(habits.writesFailAfter ?? 0)) throw new Error('KV PUT failed: 500 Internal Server Error');
  }

  take(name, value, ttl) {
    const from = this.clock.true;
    const versions = this.versions(name);
    versions.push({ from, value, ...(ttl !== undefined && { until: from + ttl * 1000 }) });
    // What no view can show any more.
    while (versions.length > 1 && versions[1].from <= from - KEPT_MS) versions.shift();
  }
}
