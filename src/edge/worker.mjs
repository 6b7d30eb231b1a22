// The Worker's entry: requests and Durable Objects, handed to Rust as plain texts and numbers.
//
// Nothing is decided here. What an object keeps, says and forgets is Rust's word; this file opens the
// transactions, carries out what Rust asks for, and sets the alarms.
import { DurableObject } from 'cloudflare:workers';
import wasm from './willcall_bg.wasm';
import {
  __wbg_reset_state as startAnew, configure, handle, initSync, object_call, object_noted, object_pending, object_sweep, object_told, object_wake_after,
  restore_usage, resume, take_usage,
} from './willcall.js';

initSync({ module: wasm });

const OBJECTS = {
  account: 'ACCOUNT_OBJECT',
  event: 'EVENT_OBJECT',
  platform: 'PLATFORM_OBJECT',
  throttle: 'THROTTLE_OBJECT',
};

// Long enough to gather what a busy isolate counts, short enough that a killed one loses seconds only.
const USAGE_FLUSH_MS = 2000;

// As many notes of an outbox as Rust hands out at a time.
const NOTES_AT_ONCE = 20;

// An alarm that rings within this is soon enough for whatever else there is to do.
const SOONEST_ALARM_MS = 1000;

// Long enough to gather changes: KV takes one write a second under each key.
const TELL_AFTER_MS = 1000;

const NOTHING_TOLD = { objects: false, replicas: false };

// After a sending that failed: with KV's own delay and the isolates' caches it stays within the 90 s that a
// revocation may take.
const RETRY_S = 2;

// An object that is silent for longer counts as one that failed. An operator's call waits for KV.
const PATIENCE_MS = 10_000;

// A body announced as no longer than this is read before Rust is asked, so that it need not wait for it.
const SHORT_BODY = 16 * 1024;

// Answers differ in few sets of headers; each is made once.
const MOST_HEADERS_KEPT = 200;

// More of an unwanted body than this is not read.
const MOST_DRAINED = 16 * 1024 * 1024;

let configured = false;

// A panic leaves the module's memory as it was in the middle of something. No input may cause one; should
// one come all the same, whatever comes next begins with a fresh memory, and what was under way in the old is given up.
let panicked = false;
let life = 0;
globalThis.willcallPanicked = (text) => {
  panicked = true;
  console.error(JSON.stringify({ level: 'error', fault: text }));
};

/** Sees to a sound memory before Rust is called. */
function beSound() {
  if (!panicked) return;
  startAnew();
  panicked = false;
  configured = false;
  life += 1;
}

const failure = (status, error, more) => new Response(JSON.stringify({ error }), {
  status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...more },
});

function ask(env, kind, name, command) {
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
const askTwice = (env, kind, name, command) => ask(env, kind, name, command).catch(() => ask(env, kind, name, command));

/** What Rust asks for on behalf of one request. */
class Host {
  constructor(request, env, context) {
    this.request = request;
    this.env = env;
    this.context = context;
  }

  ask(kind, name, command) {
    this.waitsFor = askTwice(this.env, kind, name, command);
  }

  read(namespace, key) {
    this.waitsFor = this.env[namespace].get(key);
  }

  body(most) {
    this.waitsFor = longBody(this.request, most);
  }

  answer(status, lines, body) {
    this.response = new Response(status === 204 || this.request.method === 'HEAD' ? null : body, { status, headers: headersOf(lines) });
  }

  tellLater(kind, name, command) {
    this.context.waitUntil(askTwice(this.env, kind, name, command).catch((error) => console.error(`not told: ${error}`)));
  }

  flushUsageLater() {
    const { env } = this;
    this.context.waitUntil(new Promise((done) => { setTimeout(done, USAGE_FLUSH_MS); }).then(() => flushUsage(env)));
  }
}

/** The body, or null if it is longer than `most` bytes. */
async function longBody(request, most) {
  if (!request.body) return new Uint8Array(0);
  if (announced(request) > most) return null;
  const chunks = [];
  let length = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > most) {
      reader.releaseLock();
      return null;
    }
    chunks.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

/** How long a request says its body is, in bytes; NaN if it does not. */
const announced = (request) => Number(request.headers.get('content-length') ?? NaN);

/**
 * The body, if it is short; an unfinished one is left for Rust to find out about. The stream that `request.body`
 * makes of it is not asked for: it costs as much as reading it.
 */
async function shortBody(request) {
  if (!(announced(request) <= SHORT_BODY)) return undefined;
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch {
    return undefined;
  }
}

const keptHeaders = new Map();

/** Header lines as the platform wants them. */
function headersOf(lines) {
  const kept = keptHeaders.get(lines);
  if (kept) return kept;
  const headers = new Headers();
  for (const line of lines.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 2));
  }
  // What sets a cookie, or leads somewhere, is said once and may hold a credential.
  if (keptHeaders.size < MOST_HEADERS_KEPT && !headers.has('set-cookie') && !headers.has('location')) keptHeaders.set(lines, headers);
  return headers;
}

/**
 * Takes what is left of a request's body off the connection: a proxy in front of workerd cannot use it
 * again before that. A body longer than anybody has reason to send is cut off instead.
 */
async function drain(body) {
  const reader = body.getReader();
  let left = MOST_DRAINED;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) return;
    left -= value.byteLength;
  }
  await reader.cancel();
}

async function flushUsage(env) {
  const pairs = take_usage();
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    try {
      await ask(env, 'event', pairs[at], pairs[at + 1]);
    } catch (error) {
      console.error(`usage counts wait for the next time: ${error}`);
      restore_usage(pairs[at], pairs[at + 1]);
    }
  }
}

export default {
  async fetch(request, env, context) {
    const header = (name) => request.headers.get(name) ?? undefined;
    const bytes = await shortBody(request);
    const host = new Host(request, env, context);
    beSound();
    if (!configured) {
      configure(env.WILLCALL_SECRET, env.WILLCALL_SECRET_PREVIOUS, env.OPERATOR_TOKEN);
      configured = true;
    }
    const began = life;
    try {
      let turn = handle(
        host, bytes, request.method, request.url,
        header('authorization'), header('content-type'), header('cookie'), header('origin'),
        header('user-agent'), header('accept'), header('cf-connecting-ip'), request.cf?.tlsVersion,
      );
      while (turn) {
        let brought = null;
        let failed = false;
        try {
          brought = await host.waitsFor;
        } catch (error) {
          failed = true;
          console.error(JSON.stringify({ level: 'error', fault: String(error) }));
        }
        // Its future was in a memory that is unsound, or gone: its number may be another's by now.
        if (panicked || began !== life) break;
        turn = resume(turn, brought, failed);
      }
    } catch (error) {
      panicked = true;
      console.error(JSON.stringify({ level: 'error', fault: String(error) }));
      return failure(500, 'server_error');
    }
    if (bytes === undefined && request.body && !request.body.locked) await drain(request.body).catch(() => {});
    return host.response ?? failure(503, 'temporarily_unavailable', { 'retry-after': '1' });
  },
};

// Schema versions of an object's table, oldest first; a deployed object is brought up step by step.
const MIGRATIONS = [
  'create table record (key text primary key, value text not null) without rowid',
];

const MOST_KNOWN_ROWS = 200;

// The platform takes 100 values in a statement.
const ROWS_AT_ONCE = 50;

const marks = (count, mark) => Array(count).fill(mark).join(', ');

/** A statement for so many rows, its text made once. */
const statementFor = (text) => {
  const made = [];
  return (rows) => (made[rows] ??= text(rows));
};
const PUT = statementFor((rows) =>
  `insert into record (key, value) values ${marks(rows, '(?, ?)')} on conflict (key) do update set value = excluded.value`);
const REMOVE = statementFor((rows) => `delete from record where key in (${marks(rows, '?')})`);

/** An object's one table, as Rust sees it. Changes are gathered and written together. */
class Table {
  constructor(sql) {
    this.sql = sql;
    // Rows read or written lately: nobody else writes them, so they stay true until a rollback.
    this.known = new Map();
    // What is to be written; undefined: removed.
    this.changed = new Map();
    sql.exec('create table if not exists schema (version integer not null)');
    const { version } = sql.exec('select coalesce(max(version), 0) as version from schema').one();
    for (let next = version; next < MIGRATIONS.length; next += 1) {
      sql.exec(MIGRATIONS[next]);
      sql.exec('insert into schema (version) values (?)', next + 1);
    }
  }

  get(key) {
    if (this.changed.has(key)) return this.changed.get(key);
    if (this.known.has(key)) return this.known.get(key);
    const [row] = this.sql.exec('select value from record where key = ?', key).raw();
    this.know(key, row?.[0]);
    return row?.[0];
  }

  put(key, value) {
    this.changed.set(key, value);
  }

  remove(key) {
    this.changed.set(key, undefined);
  }

  know(key, value) {
    if (this.known.size >= MOST_KNOWN_ROWS) this.known.clear();
    this.known.set(key, value);
  }

  /** The statements that write what was changed, and their values. From here on it counts as written. */
  statements() {
    const put = [];
    const removed = [];
    for (const [key, value] of this.changed) {
      this.know(key, value);
      if (value === undefined) removed.push(key);
      else put.push(key, value);
    }
    this.changed.clear();
    const statements = [];
    for (let at = 0; at < put.length; at += 2 * ROWS_AT_ONCE) {
      const values = put.slice(at, at + 2 * ROWS_AT_ONCE);
      statements.push([PUT(values.length / 2), values]);
    }
    for (let at = 0; at < removed.length; at += ROWS_AT_ONCE) {
      const keys = removed.slice(at, at + ROWS_AT_ONCE);
      statements.push([REMOVE(keys.length), keys]);
    }
    return statements;
  }

  /** Forgets what is not written. */
  forget() {
    this.changed.clear();
    this.known.clear();
  }

  scan(prefix, after, backwards, limit) {
    // Keys are ASCII, so everything with a prefix lies between it and it with the last character after it.
    const end = `${prefix}\u{10ffff}`;
    const changed = [...this.changed].filter(([key]) => key.startsWith(prefix) && (after === undefined || (backwards ? key < after : key > after)));
    const most = limit + changed.length;
    const found = backwards
      ? this.sql.exec('select key, value from record where key >= ? and key < ? order by key desc limit ? + 0', prefix, after ?? end, most)
      : this.sql.exec('select key, value from record where key >= ? and key > ? and key < ? order by key limit ? + 0', prefix, after ?? '', end, most);
    if (changed.length === 0) return [...found.raw()].flat();
    const rows = new Map(found.raw());
    for (const [key, value] of changed) {
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
    const sorted = [...rows].sort(([one], [other]) => (one < other ? -1 : 1));
    return (backwards ? sorted.reverse() : sorted).slice(0, limit).flat();
  }
}

/** An object: one transaction a command, an outbox, an alarm. */
class Keeper extends DurableObject {
  constructor(context, env, kind, tellsFirst) {
    super(context, env);
    this.kind = kind;
    // Whether others must know before the caller does (directory changes), or a moment later (grants): a
    // replica takes one write a second, and none of a request's time.
    this.tellsFirst = tellsFirst;
    this.table = context.storage.transactionSync(() => new Table(context.storage.sql));
    this.telling = Promise.resolve();
    this.passes = 0;
    this.toldAt = 0;
    this.willTell = false;
    // Whether there may be notes that were left by the object's life before.
    this.looksForOld = false;
    this.alarmAt = undefined;
    // What was noted since the object was loaded, by target. `told` is the stamp that was told, of a note that is
    // not yet crossed off: a transaction for each would cost as much as a refresh, so they wait for each other. They
    // are forgotten with the object's memory, and are then notes that were left.
    this.noted = new Map();
  }

  /** The first thing after an object was loaded: a machine that died may have left something to wait for. */
  async wake() {
    const rings = (await this.ctx.storage.getAlarm()) ?? Infinity;
    beSound();
    const wakeAfter = object_wake_after(this.kind, this.table, Date.now());
    this.alarmAt = rings;
    if (wakeAfter === undefined) return;
    this.looksForOld = true;
    this.tellLater();
    await this.setAlarm(wakeAfter);
  }

  async call(command) {
    if (this.alarmAt === undefined) await this.wake();
    const [reply, noted, wakeAfter] = this.transaction(() => object_call(this.kind, this.table, command, Date.now()));
    for (const target of noted) this.noted.set(target, { told: undefined });
    if (wakeAfter !== undefined && !this.ringsWithin(wakeAfter)) await this.setAlarm(wakeAfter);
    if (noted.length > 0 && !this.tellsFirst) this.tellSoon();
    if (noted.length > 0 && this.tellsFirst && !(await this.tell()).objects) throw new Error('another object could not be told');
    return reply;
  }

  /** Either all of it is kept or none. `crossesOff`: what was told is forgotten with it. */
  transaction(work, crossesOff = false) {
    beSound();
    try {
      const result = work();
      const told = crossesOff ? [...this.noted].filter(([, note]) => note.told !== undefined) : [];
      const gone = told.filter(([target, note]) => object_told(this.kind, this.table, target, note.told));
      const { sql } = this.ctx.storage;
      const statements = this.table.statements();
      const write = () => { for (const [text, values] of statements) sql.exec(text, ...values); };
      // One statement is kept or not by itself.
      if (statements.length > 1) this.ctx.storage.transactionSync(write);
      else write();
      for (const [target] of gone) this.noted.delete(target);
      return result;
    } catch (error) {
      this.table.forget();
      // A trap is no panic, and leaves the memory as unsound.
      panicked ||= error instanceof WebAssembly.RuntimeError;
      throw error;
    }
  }

  /** Tells at once if that was not done lately, or else a little later: KV takes one write a second under each key. */
  tellSoon() {
    if (this.willTell) return;
    if (this.passes > 0 || Date.now() - this.toldAt < TELL_AFTER_MS) this.tellLater();
    else this.tellUnasked();
  }

  /**
   * Tells by a timer, set when what is being told has been told. It dies with the machine: what must not wait longer
   * than that has an alarm besides.
   */
  tellLater() {
    this.willTell = true;
    const tell = () => {
      this.willTell = false;
      return this.tellUnasked();
    };
    this.telling.then(() => setTimeout(tell, TELL_AFTER_MS));
  }

  /** Tells while nobody waits to hear how it went. */
  async tellUnasked() {
    const { objects, replicas } = await this.tell(this.newlyNoted()).catch(() => NOTHING_TOLD);
    if (objects && replicas) return;
    this.looksForOld = true;
    await this.setAlarm(RETRY_S);
  }

  async alarm() {
    // It has rung.
    this.alarmAt = Infinity;
    this.transaction(() => object_sweep(this.kind, this.table, Date.now()));
    const { objects, replicas } = await this.tell().catch(() => NOTHING_TOLD);
    this.transaction(() => {}, true);
    const wakeAfter = object_wake_after(this.kind, this.table, Date.now());
    if (!objects || !replicas) await this.setAlarm(RETRY_S);
    else if (wakeAfter !== undefined) await this.setAlarm(wakeAfter);
  }

  /**
   * Whether an alarm rings in so many seconds at the latest, or soon enough for anything. One whose time has come and
   * that has not rung yet is about to; to set another would take it back.
   */
  ringsWithin(seconds) {
    return this.alarmAt <= Date.now() + Math.max(seconds * 1000, SOONEST_ALARM_MS);
  }

  /** Sees to it that the alarm rings in so many seconds at the latest. */
  async setAlarm(seconds) {
    if (this.ringsWithin(seconds)) return;
    const at = Date.now() + seconds * 1000;
    await this.ctx.storage.setAlarm(at);
    this.alarmAt = at;
  }

  /** The targets that are still to be told; undefined if all of the outbox must be gone through. */
  newlyNoted() {
    const all = this.looksForOld;
    this.looksForOld = false;
    const targets = [...this.noted].filter(([, note]) => note.told === undefined).map(([target]) => target);
    return all || targets.length > NOTES_AT_ONCE ? undefined : targets;
  }

  /** Tells these targets, or all that the outbox notes, one pass at a time. Whether all objects, and all replicas, now know. */
  tell(targets) {
    this.toldAt = Date.now();
    this.passes += 1;
    const pass = this.telling.then(() => this.tellOnce(targets));
    this.telling = pass.catch(() => {}).then(() => { this.passes -= 1; });
    return pass;
  }

  async tellOnce(targets) {
    const told = { objects: true, replicas: true };
    let after;
    for (;;) {
      beSound();
      const notes = JSON.parse(targets
        ? object_noted(this.kind, this.table, targets, Date.now())
        : object_pending(this.kind, this.table, after, Date.now()));
      after = notes.at(-1)?.target;
      const done = await Promise.all(notes.map(async (found) => {
        const note = { ...found, noted: this.noted.get(found.target) };
        try {
          if (note.effect && !(await this.wasTold(note))) await this.carryOut(note.effect);
          return note;
        } catch (error) {
          // The note stays, and the alarm tries again. A replica may be late; another object must not be.
          console.error(`not told yet: ${error}`);
          if (note.effect?.do === 'tell') told.objects = false;
          else told.replicas = false;
          return undefined;
        }
      }));
      this.keepTold(done.filter(Boolean));
      this.toldAt = Date.now();
      if (targets || notes.length < NOTES_AT_ONCE) return told;
    }
  }

  /** Whether a note was told before; of one that was left, KV shows it. What it does not show is told again. */
  async wasTold({ stamp, urgent, effect, noted }) {
    if (noted) return noted.told === stamp;
    if (urgent || effect.do !== 'write') return false;
    const { namespace, key, value } = effect;
    return await this.env[namespace].get(key).catch(() => null) === value;
  }

  /**
   * What was told is crossed off: at once if it was left, if others rely on it, or if it was the last there is to
   * tell of it; the rest with those, or when there is much.
   */
  keepTold(notes) {
    for (const { target, stamp, noted } of notes) {
      // Noted again meanwhile, it is another note.
      if (noted && this.noted.get(target) === noted) noted.told = stamp;
    }
    const left = notes.filter(({ noted }) => !noted);
    const atOnce = notes.some(({ urgent, noted, effect }) => !noted || urgent || effect?.ttl);
    if (!atOnce && this.noted.size < NOTES_AT_ONCE) return;
    this.transaction(() => { for (const { target, stamp } of left) object_told(this.kind, this.table, target, stamp); }, true);
  }

  carryOut(effect) {
    if (effect.do === 'tell') return ask(this.env, effect.kind, effect.name, effect.command);
    const options = effect.ttl === null ? {} : { expirationTtl: effect.ttl };
    return this.env[effect.namespace].put(effect.key, effect.value, options);
  }
}

export class AccountObject extends Keeper {
  constructor(context, env) {
    super(context, env, 'account', false);
  }
}

export class EventObject extends Keeper {
  constructor(context, env) {
    super(context, env, 'event', true);
  }
}

export class PlatformObject extends Keeper {
  constructor(context, env) {
    super(context, env, 'platform', true);
  }
}

export class ThrottleObject extends Keeper {
  constructor(context, env) {
    super(context, env, 'throttle', false);
  }
}
