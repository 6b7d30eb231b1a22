// The Worker's entry: requests and Durable Objects, handed to Rust as plain texts and numbers.
//
// Nothing is decided here. What an object keeps, says and forgets is Rust's word; this file opens the
// transactions, carries out what Rust asks for, and sets the alarms.
import { DurableObject } from 'cloudflare:workers';
import wasm from './willcall_bg.wasm';
import {
  __wbg_reset_state as startAnew, configure, handle, initSync, object_call, object_pending, object_sweep, object_told, object_wake_after,
  restore_usage, take_usage,
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

// After a sending that failed.
const RETRY_MS = 5000;

// More of an unwanted body than this is not read.
const MOST_DRAINED = 16 * 1024 * 1024;

let configured = false;

// A panic leaves the module's memory as it was in the middle of something. No input may cause one; should
// one come all the same, the next request begins with a fresh memory.
let panicked = false;
globalThis.willcallPanicked = (text) => {
  panicked = true;
  console.error(JSON.stringify({ level: 'error', fault: text }));
};

function ask(env, kind, name, command) {
  const namespace = env[OBJECTS[kind]];
  return namespace.get(namespace.idFromName(name)).call(command);
}

/** What Rust asks for on behalf of one request. */
class Host {
  constructor(request, env, context) {
    this.request = request;
    this.env = env;
    this.context = context;
  }

  /** A call that failed is tried once more: commands carry an attempt's id, so the second gets the first's decision. */
  async ask(kind, name, command) {
    try {
      return await ask(this.env, kind, name, command);
    } catch {
      return ask(this.env, kind, name, command);
    }
  }

  read(namespace, key) {
    return this.env[namespace].get(key);
  }

  tellLater(kind, name, command) {
    this.context.waitUntil(this.ask(kind, name, command).catch((error) => console.error(`not told: ${error}`)));
  }

  flushUsageLater() {
    const { env } = this;
    this.context.waitUntil(new Promise((done) => { setTimeout(done, USAGE_FLUSH_MS); }).then(() => flushUsage(env)));
  }

  async body(most) {
    if (!this.request.body) return new Uint8Array(0);
    if (Number(this.request.headers.get('content-length') ?? 0) > most) return null;
    const chunks = [];
    let length = 0;
    const reader = this.request.body.getReader();
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
    if (chunks.length === 1) return chunks[0];
    const all = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.byteLength;
    }
    return all;
  }
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
    if (panicked) {
      startAnew();
      panicked = false;
      configured = false;
    }
    if (!configured) {
      configure(env.WILLCALL_SECRET, env.WILLCALL_SECRET_PREVIOUS, env.OPERATOR_TOKEN);
      configured = true;
    }
    const header = (name) => request.headers.get(name) ?? undefined;
    const [status, lines, body] = await handle(
      new Host(request, env, context), request.method, request.url,
      header('authorization'), header('content-type'), header('cookie'), header('origin'),
      header('user-agent'), header('accept'), header('cf-connecting-ip'), request.cf?.tlsVersion,
    );
    if (request.body && !request.body.locked) await drain(request.body).catch(() => {});
    const headers = new Headers();
    for (const line of lines.split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 2));
    }
    return new Response(status === 204 || request.method === 'HEAD' ? null : body, { status, headers });
  },
};

// Schema versions of an object's table, oldest first; a deployed object is brought up step by step.
const MIGRATIONS = [
  'create table record (key text primary key, value text not null) without rowid',
];

const MOST_KNOWN_ROWS = 200;

/** An object's one table, as Rust sees it. */
class Table {
  constructor(sql) {
    this.sql = sql;
    this.changed = false;
    // Rows read or written lately: nobody else writes them, so they stay true until a rollback.
    this.known = new Map();
    sql.exec('create table if not exists schema (version integer not null)');
    const { version } = sql.exec('select coalesce(max(version), 0) as version from schema').one();
    for (let next = version; next < MIGRATIONS.length; next += 1) {
      sql.exec(MIGRATIONS[next]);
      sql.exec('insert into schema (version) values (?)', next + 1);
    }
  }

  get(key) {
    if (this.known.has(key)) return this.known.get(key);
    const [row] = this.sql.exec('select value from record where key = ?', key).raw();
    this.know(key, row?.[0]);
    return row?.[0];
  }

  put(key, value) {
    this.changed = true;
    this.know(key, value);
    this.sql.exec('insert into record (key, value) values (?, ?) on conflict (key) do update set value = excluded.value', key, value);
  }

  remove(key) {
    this.changed = true;
    this.know(key, undefined);
    this.sql.exec('delete from record where key = ?', key);
  }

  know(key, value) {
    if (this.known.size >= MOST_KNOWN_ROWS) this.known.clear();
    this.known.set(key, value);
  }

  scan(prefix, after, backwards, limit) {
    // Keys are ASCII, so everything with a prefix lies between it and it with the last character after it.
    const end = `${prefix}\u{10ffff}`;
    const rows = backwards
      ? this.sql.exec('select key, value from record where key >= ? and key < ? order by key desc limit ?', prefix, after ?? end, limit)
      : this.sql.exec('select key, value from record where key >= ? and key > ? and key < ? order by key limit ?', prefix, after ?? '', end, limit);
    return [...rows.raw()].flat();
  }
}

/** An object: one transaction a command, an outbox, an alarm. */
class Keeper extends DurableObject {
  constructor(context, env, kind, tellsFirst) {
    super(context, env);
    this.kind = kind;
    // Whether others must know before the caller does (directory changes), or by the alarm a moment later
    // (grants): a replica takes one write a second, and none of a request's time.
    this.tellsFirst = tellsFirst;
    this.table = context.storage.transactionSync(() => new Table(context.storage.sql));
    this.telling = Promise.resolve();
    this.alarmAt = undefined;
  }

  async call(command) {
    this.table.changed = false;
    const reply = this.transaction(() => object_call(this.kind, this.table, command, Date.now()));
    if (this.table.changed) {
      await this.setAlarm(0);
      if (this.tellsFirst && !(await this.tell()).objects) throw new Error('another object could not be told');
    }
    return reply;
  }

  /** Either all of it is kept or none. */
  transaction(work) {
    try {
      return this.ctx.storage.transactionSync(work);
    } catch (error) {
      this.table.known.clear();
      throw error;
    }
  }

  async alarm() {
    this.alarmAt = undefined;
    this.transaction(() => object_sweep(this.kind, this.table, Date.now()));
    const { objects, replicas } = await this.tell();
    await this.setAlarm(objects && replicas ? 0 : RETRY_MS);
  }

  /** Sets the alarm for the soonest thing there is to wait for, unless it rings before that anyway. */
  async setAlarm(leastMs) {
    const now = Date.now();
    const rings = this.alarmAt !== undefined && this.alarmAt > now;
    if (rings && this.alarmAt <= now + SOONEST_ALARM_MS) return;
    const seconds = object_wake_after(this.kind, this.table, now);
    if (seconds === undefined) return;
    const at = now + Math.max(seconds * 1000, leastMs);
    if (rings && this.alarmAt <= at) return;
    this.alarmAt = at;
    await this.ctx.storage.setAlarm(at);
  }

  /** Tells what the outbox notes, one pass at a time. Whether all objects, and all replicas, now know. */
  tell() {
    const pass = this.telling.then(() => this.tellOnce());
    this.telling = pass.catch(() => {});
    return pass;
  }

  async tellOnce() {
    const told = { objects: true, replicas: true };
    let after;
    for (;;) {
      const notes = JSON.parse(object_pending(this.kind, this.table, after, Date.now()));
      after = notes.at(-1)?.target;
      await Promise.all(notes.map(async (note) => {
        try {
          if (note.effect) await this.carryOut(note.effect);
          this.transaction(() => object_told(this.kind, this.table, note.target, note.stamp));
        } catch (error) {
          // The note stays, and the alarm tries again. A replica may be late; another object must not be.
          console.error(`not told yet: ${error}`);
          if (note.effect?.do === 'tell') told.objects = false;
          else told.replicas = false;
        }
      }));
      if (notes.length < NOTES_AT_ONCE) return told;
    }
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
