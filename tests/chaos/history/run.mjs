// One run: a history decided by a seed, from its parties' beginning to the last check.
import { Random } from '../random.mjs';
import { TAKEN_AWAY_WITHIN_MS, together } from '../oracle/standing.mjs';
import { ALL_SCOPES, App, maskOf } from './parties.mjs';
import { VIEWS } from './views.mjs';

// More are dropped between histories, and whoever signed in by them with them.
const MOST_SECRETS = 5;

/** The product did what the contract does not allow. */
export class Violation extends Error {}

const OAUTH_ERRORS = new Set(['invalid_grant', 'invalid_scope', 'invalid_client', 'unauthorized_client']);

export class Run {
  constructor(world, seed, { sabotage } = {}) {
    this.world = world;
    this.random = new Random(seed);
    this.seed = seed;
    this.sabotage = sabotage;
    this.trace = [];
    this.sessions = [];
    this.apps = [];
    this.services = [];
    this.slack = 0; // how much longer what is taken away may work, for what this history does to clocks and KV
    this.startedAt = world.time;
  }

  note(text) {
    this.trace.push(`${((this.world.time - this.startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}`);
  }

  fail(text) {
    this.note(`VIOLATION: ${text}`);
    throw new Violation(text);
  }

  check(holds, text) {
    if (!holds) this.fail(text);
  }

  /** The time by which a change must have been made, for it to be in force everywhere now. */
  get settled() {
    return this.world.time - this.slack;
  }

  anywhere() {
    return this.random.pick(this.world.locations);
  }

  /** How KV and the objects' alarms behave in this run. */
  async drawHabits() {
    const { random, world } = this;
    await world.env.CORE.calm();
    await world.skewObjects(0);
    for (const name of world.locations) world.skews[name] = 0;
    // Everything of earlier runs is forgotten by then.
    await world.advance(200_000);
    this.startedAt = world.time;
    const habits = { view: random.weighted(VIEWS), readsFail: random.chance(0.3) ? 0.1 : 0 };
    if (random.chance(0.5)) {
      Object.assign(habits, { writesFail: 0.3, writesFailAfter: 0.2, writesSlow: 0.1, alarmsFail: 0.2 });
      // The contract's 90 seconds presume a KV that takes writes: at most two failures of five seconds,
      // three slow writes of eight, and an alarm that comes two seconds late.
      this.slack = 36_000;
    }
    if (random.chance(0.5)) for (const name of world.locations) world.skews[name] = random.between(-5000, 5000);
    if (random.chance(0.3)) await world.skewObjects(random.between(-5000, 5000));
    await world.tellLocations();
    await world.env.CORE.behave(random.next(), habits);
    this.note(`seed ${this.seed}: KV ${JSON.stringify(habits)}, clocks ${JSON.stringify(world.skews)}, objects ${world.objectSkew}`);
  }

  async drawParties(events) {
    const { random, world } = this;
    if (world.secrets.length > MOST_SECRETS) {
      await world.dropOldSecrets();
      for (const event of events) event.people = [];
    }
    this.event = random.pick(events);
    this.people = await this.event.peopleFor(world);
    const kinds = random.chance(0.4) ? [false, true] : [false];
    for (const isPublic of kinds) await this.addApp(isPublic);
    this.note(`event ${this.event.host}, retry window ${this.event.retryWindow}`);
  }

  async addApp(isPublic) {
    const { world } = this;
    const registration = await world.mustOperate(this.anywhere(), 'POST', '/applications', App.fields(isPublic));
    const app = new App(registration, `app${this.apps.length + 1}`);
    await world.mustOperate(this.anywhere(), 'PUT', this.integrationPath(app), app.approval());
    this.apps.push(app);
    return app;
  }

  integrationPath(app) {
    return `/events/${this.event.host}/integrations/${app.id}`;
  }

  /** Whether an application may act here now: `surely`, `perhaps` or `no`. */
  active(app) {
    return together(app.application.at(this.settled), app.integration.at(this.settled));
  }

  paused(app) {
    return { surely: 'no', perhaps: 'perhaps', no: 'surely' }[this.active(app)];
  }

  /** A plan of failures for a request: none, one that the front's own retry makes good, or two. */
  drawFaults(kind = 'account', most = 2) {
    const { random } = this;
    const plan = this.sabotage ? { sabotage: this.sabotage } : {};
    if (!random.chance(0.2)) return plan;
    const count = most === 2 && random.chance(0.4) ? 2 : 1;
    plan[kind] = Array.from({ length: count }, () => random.pick(['unreachable', 'rolled back', 'answer lost', 'evicted', 'commit lost']));
    return plan;
  }

  /** A request to the event's endpoints with a client's credentials. */
  asClient(location, app, path, form, plan = this.plan()) {
    return this.world.send(location, this.event.host, path, {
      form: { ...app.credentials(this.random), ...form }, plan, ip: `198.19.0.${this.random.between(1, 250)}`,
    });
  }

  plan() {
    return this.sabotage ? { sabotage: this.sabotage } : undefined;
  }

  /**
   * What an answer of the token endpoint says, for the model. Only requests whose calls of objects failed
   * twice may be 503, and those say when to come again.
   */
  seen(reply, others = []) {
    if (reply.status === 503) {
      this.checkUnavailable(reply, others);
      this.note(`503 after ${reply.faults('account').join(' and ')}`);
      return { result: 'unseen', faults: reply.faults('account') };
    }
    this.check(/no-store/.test(reply.headers.get('cache-control') ?? ''), `an answer of the token endpoint without no-store: ${reply.status}`);
    if (reply.status === 200) {
      const { refresh_token: token, scope, access_token: accessToken, token_type: type } = reply.json;
      this.check(token && accessToken && type === 'Bearer', `an incomplete answer: ${reply.text}`);
      return { result: 'issued', token, accessToken, scope: maskOf(scope), faults: reply.faults('account') };
    }
    const error = safely(() => reply.json.error);
    this.check(reply.status === 400 && OAUTH_ERRORS.has(error), `an answer that nothing here may get: ${reply.status} ${reply.text.slice(0, 200)}`);
    return { result: error, faults: reply.faults('account') };
  }

  checkUnavailable(reply, others = []) {
    const unplanned = reply.met.some((each) => each.fault === 'none of the plan');
    const evicted = [reply, ...others].some((each) => each.met.some(({ fault }) => fault === 'evicted' || fault === 'commit lost'));
    this.check(!unplanned || evicted, `an object failed by itself: ${JSON.stringify(reply.met)} ${reply.text.slice(0, 200)}`);
    const kinds = new Set(reply.met.map((each) => each.kind));
    this.check([...kinds].some((kind) => reply.faults(kind).length >= 2), `503 after ${JSON.stringify(reply.met)}`);
    this.check(Number(reply.headers.get('retry-after')) >= 1, '503 without Retry-After');
    if (/json/.test(reply.headers.get('content-type'))) this.check(reply.json.error === 'temporarily_unavailable', `503 ${reply.text}`);
  }

  /** What the token endpoint may still allow of a grant of this application. */
  allowed(app) {
    return app.scopes.possible(this.settled);
  }

  /** Whether a location may still read the integration as it was before it was deleted and made anew. */
  remadeLately(app) {
    return this.#lately(app.remadeAt);
  }

  /** Whether a location may still read what was approved before. */
  approvedLately(app) {
    return this.#lately(app.approvedAt);
  }

  #lately(at) {
    return at !== undefined && this.settled - at <= TAKEN_AWAY_WITHIN_MS;
  }

  sureScopes(app) {
    return app.scopes.mask(this.settled, 'surely') & ALL_SCOPES;
  }

  /** Hands what was seen to a session's model. */
  judge(session, batch, what) {
    const before = session.model.states;
    if (!session.model.take(batch)) {
      this.fail(`${what}: ${batch.map(({ act, seen }) => `${describe(act)} → ${describe(seen)}`).join(', ')} from none of ${JSON.stringify(before)}`);
    }
    session.noteDeaths(this.world.time);
  }
}

const HIDDEN = new Set(['token', 'accessToken', 'faults']);
const describe = (thing) => JSON.stringify(thing, (key, value) => (HIDDEN.has(key) ? undefined : value));

function safely(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}
