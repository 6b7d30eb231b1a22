// The platform around one object: whatever it does next is one of `actions`. The first is what happens where nothing goes
// wrong and everything comes in turn; each other is a deviation.
import { Storage } from './storage.mjs';
import { Timers } from './timers.mjs';

const ALARM_AGAIN_MS = 2000;
const MOST_TIMES_AGAIN = 6;
const BETWEEN_WRITES_MS = 1000;
const FRONT_PATIENCE_MS = 10_000;
// What takes long takes longer than anybody waits for it.
const LONG_MS = 12_000;
// What is later than this is left to another day.
const HORIZON_MS = 600_000;

const settled = () => new Promise((resolve) => { setImmediate(resolve); });

export class Platform extends Timers {
  /**
   * A scene: the object's `Class`, its `rows`, the `kv` around it, the clients' `scripts`, the time `now`, whether a client
   * `stopsUnanswered`, as its next command needs what it would have been told, and what `neverEnds`, by its label.
   */
  constructor({ Class, rows, kv, scripts, now, stopsUnanswered = false, neverEnds = () => false }) {
    super(now);
    this.Class = Class;
    this.kv = new Map(kv);
    this.writtenAt = new Map();
    this.changedAt = new Map();
    this.told = [];
    this.entriesBefore = [...rows.keys()].filter((key) => key.startsWith('audit/')).length;
    this.storage = new Storage(rows, (label, work, undo) => this.operation(label, { isStorage: true, work, fails: true, undo }));
    this.life = 0;
    this.pending = [];
    this.isRinging = false;
    this.failures = 0;
    this.lastDeviation = now;
    // Commands by client, each client's one after the other, and what they came to.
    this.clients = [];
    for (const commands of scripts) this.join(commands);
    this.neverEnds = neverEnds;
    this.calls = 0;
    // Counts what clients ask and are answered, so that it is known what came before what.
    this.turns = 0;
    this.stopsUnanswered = stopsUnanswered;
    // What tells those who wait for the object that it was reset.
    this.resets = [];
  }

  /** One more client, which asks for these in turn. */
  join(commands) {
    this.clients.push({ waiting: [...commands], isAsking: false, outcomes: [] });
  }

  /** Something asynchronous that ends when it is chosen to, as it is chosen to. */
  operation(label, { isStorage = false, isOutside = false, work = () => {}, undo = () => {}, fails = false, failsAfter = false, takesLong = false }) {
    return new Promise((resolve, reject) => {
      if (this.neverEnds(label)) return;
      const operation = { label, isStorage, isOutside, work, outcomes: [] };
      const end = (how) => () => {
        this.pending = this.pending.filter((other) => other !== operation);
        try {
          resolve(how());
        } catch (error) {
          reject(error);
        }
      };
      const failing = (before) => end(() => {
        before();
        throw new Error(`${label} failed`);
      });
      const outcome = (which, words, run) => which && operation.outcomes.push({ label: `${label}${words}`, run });
      outcome(true, '', end(work));
      outcome(fails, ' fails', failing(undo));
      outcome(failsAfter, ' takes effect and fails', failing(work));
      outcome(takesLong, ' takes long', () => { operation.endsAt = this.now + LONG_MS; });
      this.pending.push(operation);
    });
  }

  environment() {
    const namespace = (name) => ({
      get: (key) => this.operation(`KV get ${key}`, { work: () => this.kv.get(`${name} ${key}`) ?? null, fails: true, takesLong: true }),
      put: (key, value) => this.operation(`KV put ${key}`, { work: () => this.write(`${name} ${key}`, value), fails: true, failsAfter: true, takesLong: true }),
    });
    const objects = {
      idFromName: (name) => name,
      get: (name) => ({
        call: (command) => this.operation(`tell ${name}`, { work: () => { this.told.push({ name, command, at: this.now }); }, fails: true, failsAfter: true, takesLong: true }),
      }),
    };
    return {
      DIRECTORY: namespace('DIRECTORY'), REFRESH_TOKENS: namespace('REFRESH_TOKENS'),
      ACCOUNT_OBJECT: objects, EVENT_OBJECT: objects, PLATFORM_OBJECT: objects, THROTTLE_OBJECT: objects,
    };
  }

  write(key, value) {
    if (this.now - (this.writtenAt.get(key) ?? -Infinity) < BETWEEN_WRITES_MS) throw new Error('KV PUT failed: 429 Too Many Requests');
    this.writtenAt.set(key, this.now);
    if (this.kv.get(key) !== value) this.changedAt.set(key, this.now);
    this.kv.set(key, value);
  }

  get object() {
    this.loaded ??= new this.Class({ storage: this.storage, id: { name: 'object', toString: () => 'object' } }, this.environment());
    return this.loaded;
  }

  /** One call of a command, and its answer, which leaves when what was written is kept. */
  async call(command, attempt) {
    await this.operation(`call ${attempt.call}${attempt.isSecond ? ' again' : ''}`, { isOutside: true, fails: true, takesLong: true });
    const reset = new Promise((_, reject) => { this.resets.push(reject); });
    const answer = this.object.call(command, 0, attempt).then((reply) => this.operation('answer', { fails: true }).then(() => reply));
    return Promise.race([answer, reset]);
  }

  /** What comes of a call while the front still waits for it. */
  inTime(answer) {
    return new Promise((resolve, reject) => {
      const timer = { isOutside: true, at: this.now + FRONT_PATIENCE_MS, work: () => reject(new Error('no answer')) };
      this.timers.push(timer);
      answer.finally(() => this.clearTimer(timer)).then(resolve, reject);
    });
  }

  /** As the front asks: twice. */
  async ask(client) {
    const command = client.waiting.shift();
    client.isAsking = true;
    const askedAs = (this.turns += 1);
    const call = (this.calls += 1);
    const once = (isSecond) => this.inTime(this.call(command.text, { call, isSecond }));
    const reply = await once(false).catch(() => once(true)).catch(() => undefined);
    client.isAsking = false;
    client.outcomes.push({ command, isAcknowledged: reply !== undefined, reply, at: this.now, askedAs, answeredAs: (this.turns += 1) });
    if (reply === undefined && this.stopsUnanswered) client.waiting = [];
  }

  reset(label, { writesCount = false } = {}) {
    if (writesCount) for (const { work } of this.writesUnderWay()) try { work(); } catch { /* KV refused it. */ }
    this.life += 1;
    this.loaded = undefined;
    // What comes late to an object that has forgotten what came before it is not promised anything.
    this.pending = this.pending.filter((operation) => operation.isOutside && !operation.endsAt);
    this.timers = this.timers.filter(({ isOutside }) => isOutside);
    this.storage.lose();
    if (this.isRinging) this.ringAgain();
    for (const reset of this.resets.splice(0)) reset(new Error(label));
  }

  writesUnderWay() {
    return this.pending.filter(({ label }) => label.startsWith('KV put'));
  }

  /** The platform rings an alarm that failed again, unless another was set, and not for ever. */
  ringAgain() {
    this.isRinging = false;
    this.failures += 1;
    if (this.storage.alarm === undefined && this.failures <= MOST_TIMES_AGAIN) {
      this.storage.alarm = this.now + ALARM_AGAIN_MS;
      this.storage.flush();
    }
  }

  ring() {
    const { life } = this;
    this.isRinging = true;
    this.storage.alarm = undefined;
    this.storage.flush();
    const over = (label, work) => () => {
      if (life === this.life) this.operation(label, {}).then(work);
    };
    this.object.alarm().then(over('the alarm is done', () => {
      this.isRinging = false;
      this.failures = 0;
    }), over('the alarm has failed', () => this.ringAgain()));
  }

  /** The next that has its time: timers, or the alarm. */
  nextInTime() {
    const at = Math.min(...this.timers.map((timer) => timer.at));
    const timers = { at, label: 'timers', run: () => {
      const due = this.timers.filter((timer) => timer.at === at);
      for (const timer of due) {
        this.clearTimer(timer);
        timer.work();
      }
    } };
    const alarm = { at: this.isRinging ? Infinity : this.storage.alarm ?? Infinity, label: 'the alarm', run: () => this.ring() };
    const late = this.pending.filter(({ endsAt }) => endsAt !== undefined).map(({ label, endsAt, outcomes: [{ run }] }) => ({ at: endsAt, label, run }));
    const [next] = [timers, alarm, ...late].sort((one, other) => one.at - other.at);
    if (next.at > this.now + HORIZON_MS) return [];
    return [{
      label: `${next.label}, ${Math.max(0, next.at - this.now)} ms later`,
      run: () => {
        this.now = Math.max(this.now, next.at);
        next.run();
      },
    }];
  }

  /** What may happen next, the usual first. A storage operation that is under way keeps everything else from the object. */
  actions() {
    // One that could not set its alarm, and is gone before it could, goes on when it is called: no more is promised of it.
    const mayBeLost = this.loaded && !this.storage.alarmFailed;
    const lost = (label) => (mayBeLost ? [{ label, run: () => this.reset('reset') }] : []);
    if (this.storage.isDirty) return [{ label: 'flush', run: () => this.storage.flush() }, ...lost('reset before the flush')];
    const gate = this.pending.find(({ isStorage }) => isStorage);
    const pending = gate ? [gate] : this.pending.filter(({ endsAt }) => endsAt === undefined);
    const asks = this.clients.flatMap((client, at) => (client.isAsking || client.waiting.length === 0 ? [] : [
      { label: `client ${at} asks: ${client.waiting[0].name}`, run: () => { this.ask(client); } },
    ]));
    const all = [...pending.flatMap(({ outcomes }) => outcomes), ...(gate ? [] : [...asks, ...this.nextInTime()])];
    if (all.length === 0 || !mayBeLost) return all;
    const late = this.writesUnderWay().length > 0 ? [{ label: 'reset, and its writes count', run: () => this.reset('reset', { writesCount: true }) }] : [];
    return [...all, ...lost('reset'), ...late];
  }

  /** Goes on until nothing is left to happen, or until a time. `choose` takes the number of actions and says which. */
  async run(choose, { most = 400, until = Infinity } = {}) {
    globalThis.platform = this;
    this.labels = [];
    for (let steps = 0; this.now < until; steps += 1) {
      await settled();
      const actions = this.actions();
      if (actions.length === 0) return;
      if (steps >= most) throw new Error(`it did not come to rest in ${most} steps`);
      const chosen = choose(actions.length);
      const { label, run } = actions[chosen];
      this.labels.push(chosen === 0 ? label : `[${label}]`);
      run();
      if (chosen > 0) this.lastDeviation = Math.max(this.now, ...this.pending.map(({ endsAt = 0 }) => endsAt));
    }
  }
}
