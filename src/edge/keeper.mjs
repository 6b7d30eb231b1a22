// The Durable Objects. What an object keeps, says and forgets is Rust's word; this file opens the transactions, tells others
// what Rust notes, and sets the alarms.
import { DurableObject } from 'cloudflare:workers';
import { KV_READ_PATIENCE_MS, ask, inTime, later } from './ask.mjs';
import { Attempts } from './attempts.mjs';
import { beginning, logError } from './log.mjs';
import { beSound, distrust } from './memory.mjs';
import { Table } from './table.mjs';
import { Turns } from './turns.mjs';
import { object_call, object_noted, object_pending, object_sweep, object_told, object_wake_after } from './willcall.js';

// As many notes of an outbox are told at a time.
const NOTES_AT_ONCE = 20;

// An alarm that rings within this is soon enough for whatever else there is to do.
const SOONEST_ALARM_MS = 1000;

// An alarm may be a minute late. The platform gives up one that fails for two, and getAlarm may go on naming its time.
const OVERDUE_MS = 60_000;

// Long enough to gather changes: KV takes one write a second under each key.
const TELL_AFTER_MS = 1000;

// Whoever tells KV something waits no longer for it. An operator's call that waits has ten seconds.
const KV_WRITE_PATIENCE_MS = 5000;

// After a sending that failed: with KV's own delay and the isolates' caches it stays within the 90 s that a
// revocation may take.
const RETRY_S = 2;

// What nobody relies on is tried less and less often: a KV that is down must not hear from all objects every two seconds.
const LONGEST_RETRY_S = 60;

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
    this.turns = new Turns();
    this.toldAt = 0;
    this.willTell = false;
    // Whether there may be notes that were left by the object's life before.
    this.looksForOld = false;
    this.alarmAt = undefined;
    // Whether the alarm is at work.
    this.ringing = false;
    // What was noted since the object was loaded, by target. `told` is the stamp that was told, of a note that is
    // not yet crossed off: a transaction for each would cost as much as a refresh, so they wait for each other. They
    // are forgotten with the object's memory, and are then notes that were left.
    this.noted = new Map();
    this.attempts = new Attempts();
    this.retryAfter = RETRY_S;
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

  /**
   * `waited`: for how long the caller has waited for objects before, in milliseconds. `attempt`: which try of what call
   * it is; another object's call is none.
   */
  async call(command, waited, attempt) {
    if (attempt) this.attempts.refuseWhatIsOvertaken(attempt);
    if (this.alarmAt === undefined) await this.wake();
    const [reply, noted, wakeAfter] = this.attempts.outcomeOf(attempt) ?? this.carriedOut(command, waited, attempt);
    if (wakeAfter !== undefined) await this.setAnAlarm(wakeAfter);
    if (noted.length > 0 && !this.tellsFirst) this.tellSoon();
    // Whatever else is still to be told is the alarm's: one object that does not answer must not hold up every change.
    if (noted.length > 0 && this.tellsFirst && !(await this.tell(noted)).objects) throw new Error('another object could not be told');
    return reply;
  }

  /**
   * A command's reply, what it noted, and when to wake. An operator's second try gets what its first came to, where its
   * answer was lost: it would end once more what has begun since, and be in the audit log twice. Of what an account is
   * asked the account itself knows the attempt, and the second may count for more: the retry window begins with it.
   */
  carriedOut(command, waited, attempt) {
    const { written } = this.table;
    const outcome = this.transaction(() => object_call(this.kind, this.table, command, Date.now(), waited));
    for (const target of outcome[1]) this.noted.set(target, { told: undefined });
    if (attempt && this.tellsFirst && this.table.written > written) this.attempts.keepInMind(attempt, outcome);
    return outcome;
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
      if (error instanceof WebAssembly.RuntimeError) distrust();
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
    this.telling.then(() => this.after(TELL_AFTER_MS, tell));
  }

  /**
   * Does something later, if the object is still in memory then, and if it is not stopped by what this gives. A method, so
   * that a simulated clock can take its place.
   */
  after(milliseconds, work) {
    return later(milliseconds, work);
  }

  /** Tells while nobody waits to hear how it went. */
  async tellUnasked() {
    // What it is to ring for was not told by anybody who will call again.
    if (this.alarmAt === undefined) {
      await this.wake().catch((error) => {
        this.log(error);
        if (!this.willTell) this.tellLater();
      });
    }
    const told = await this.tell(this.newlyNoted()).catch((error) => this.nothingTold(error));
    const again = this.againAfter(told);
    if (again === undefined) return;
    this.looksForOld = true;
    await this.setAnAlarm(again).catch((error) => this.log(error));
  }

  nothingTold(error) {
    this.log(error);
    return { objects: false, replicas: false, urgent: false };
  }

  /** In how many seconds the alarm is to tell what could not be told, if there is any of it. */
  againAfter({ objects, replicas, urgent }) {
    if ((objects && replicas) || !urgent) this.retryAfter = RETRY_S;
    return objects && replicas ? undefined : this.backOff();
  }

  /** In how many seconds to try again: later each time. */
  backOff() {
    const after = this.retryAfter;
    this.retryAfter = Math.min(2 * after, LONGEST_RETRY_S);
    return after;
  }

  /** What went wrong here, with the object's name where the platform tells it: what comes after its event names a person. */
  log(error, where = {}) {
    logError(error, { object: this.kind, of: beginning(this.ctx.id.name), ...where });
  }

  async alarm() {
    // It has rung.
    this.alarmAt = Infinity;
    this.ringing = true;
    try {
      const swept = this.sweep();
      const told = await this.tell().catch((error) => this.nothingTold(error));
      this.transaction(() => {}, true);
      const wakeAfter = this.againAfter(told) ?? (swept ? object_wake_after(this.kind, this.table, Date.now()) : LONGEST_RETRY_S);
      if (wakeAfter !== undefined) await this.setAlarm(wakeAfter);
    } catch (error) {
      // The platform rings an alarm that failed a few times more, and then never again.
      this.log(error);
      await this.setAlarm(this.backOff());
    } finally {
      this.ringing = false;
    }
  }

  /** Clears up, one step. Whether that was possible: a row that cannot be read must not hold up what is to be told. */
  sweep() {
    try {
      const noted = this.transaction(() => object_sweep(this.kind, this.table, Date.now()));
      for (const target of noted) this.noted.set(target, { told: undefined });
      return true;
    } catch (error) {
      this.log(error);
      return false;
    }
  }

  /**
   * Whether an alarm rings in so many seconds at the latest, or soon enough for anything. One whose time has come and
   * that has not rung yet is about to, unless that was long ago; to set another would take it back.
   */
  ringsWithin(seconds) {
    const now = Date.now();
    return this.alarmAt > now - OVERDUE_MS && this.alarmAt <= now + Math.max(seconds * 1000, SOONEST_ALARM_MS);
  }

  /** Sees to it that the alarm rings in so many seconds at the latest. */
  async setAlarm(seconds) {
    if (this.ringsWithin(seconds)) return;
    const at = Date.now() + seconds * 1000;
    // Should that fail, it is not known what rings: the next call looks, and until then a timer tells.
    this.alarmAt = undefined;
    try {
      await this.ctx.storage.setAlarm(at);
    } catch (error) {
      this.looksForOld = true;
      if (!this.willTell) this.tellLater();
      throw error;
    }
    this.alarmAt = at;
  }

  /**
   * The same for whoever is not the alarm: one at work that is broken off rings again, unless another was set, and that one
   * must not be late for it.
   */
  async setAnAlarm(seconds) {
    if (!this.ringsWithin(seconds)) await this.setAlarm(this.ringing ? Math.min(seconds, RETRY_S) : seconds);
  }

  /** The targets that are still to be told; undefined if all of the outbox must be gone through. */
  newlyNoted() {
    const all = this.looksForOld;
    this.looksForOld = false;
    const targets = [...this.noted].filter(([, note]) => note.told === undefined).map(([target]) => target);
    return all || targets.length > NOTES_AT_ONCE ? undefined : targets;
  }

  /** Tells these targets, or all that the outbox notes. Whether all objects, all replicas, and all that others rely on now know. */
  tell(targets) {
    this.toldAt = Date.now();
    this.passes += 1;
    const pass = Promise.resolve().then(() => this.tellOnce(targets)).finally(() => { this.passes -= 1; });
    // Without a result: one that holds the one before would hold all there ever were.
    this.telling = Promise.allSettled([this.telling, pass]).then(() => {});
    return pass;
  }

  async tellOnce(targets) {
    const told = { objects: true, replicas: true, urgent: true };
    let after;
    for (;;) {
      beSound();
      const notes = targets ? this.notesOf(targets) : JSON.parse(object_pending(this.kind, this.table, after, NOTES_AT_ONCE, Date.now()));
      after = notes.at(-1)?.target;
      const sent = (await Promise.all(notes.map((note) => this.sendWithPatience(note)))).filter(Boolean);
      for (const { isTold, urgent, effect, fault } of sent) {
        if (isTold) continue;
        // A replica may be late; another object must not be.
        if (effect?.do === 'tell' || fault) told.objects = false;
        else told.replicas = false;
        if (urgent) told.urgent = false;
      }
      this.keepTold(sent.filter(({ isTold }) => isTold));
      this.toldAt = Date.now();
      if (targets || notes.length < NOTES_AT_ONCE) return told;
    }
  }

  notesOf(targets) {
    return JSON.parse(object_noted(this.kind, this.table, targets, Date.now()));
  }

  /** What came of a sending. One that KV does not answer holds up nothing but what else there is to say of its target. */
  sendWithPatience(note) {
    const sent = this.sendInTurn(note);
    if (note.effect?.do === 'tell') return sent;
    return this.patiently(sent, KV_WRITE_PATIENCE_MS).catch((error) => this.notTold(note, error));
  }

  /** What KV says, if it says it in so many milliseconds. */
  patiently(answer, milliseconds) {
    return inTime(answer, milliseconds, 'KV does not answer', (...timer) => this.after(...timer));
  }

  /** One sending of a target at a time: KV might carry out the older of two last. Whoever waits says what there is to say by then. */
  sendInTurn(note) {
    return this.turns.take(note.target, () => this.send(note), () => {
      beSound();
      return this.send(this.notesOf([note.target])[0]);
    });
  }

  /** The note and whether what it says has been told; nothing if it is gone. */
  async send(found) {
    if (!found) return undefined;
    const note = { ...found, noted: this.noted.get(found.target) };
    try {
      if (note.fault) throw new Error(note.fault);
      if (note.effect && !(await this.wasTold(note))) await this.carryOut(note.effect);
    } catch (error) {
      return this.notTold(note, error);
    }
    // Noted again meanwhile, it is another note.
    if (note.noted && this.noted.get(note.target) === note.noted) note.noted.told = note.stamp;
    return { ...note, isTold: true };
  }

  /** The note stays, and the alarm tries again. */
  notTold(note, error) {
    this.log(error, { notToldYet: beginning(note.target) });
    return { ...note, isTold: false };
  }

  /** Whether a note was told before; of one that was left, KV shows it. What it does not show is told again. */
  async wasTold({ stamp, urgent, effect, noted }) {
    if (noted) return noted.told === stamp;
    if (urgent || effect.do !== 'write') return false;
    const { namespace, key, value } = effect;
    return await this.patiently(this.env[namespace].get(key), KV_READ_PATIENCE_MS).catch(() => null) === value;
  }

  /**
   * What was told is crossed off: at once if it was left, if others rely on it, or if it was the last there is to
   * tell of it; the rest with those, or when there is much.
   */
  keepTold(notes) {
    // Noted since, it is another note, though its stamp may be the same.
    const left = notes.filter(({ target, noted }) => !noted && !this.noted.has(target));
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
