// What the scenarios share: an event with a person and an application, and the requests between them.
import { Event, App, REDIRECT_URI } from '../history/parties.mjs';

const LONGEST_MS = 30_000;

export class Scene {
  constructor(world) {
    this.world = world;
    [this.home, this.away, this.far] = world.locations;
  }

  /**
   * An event with a person who is signed in, and a new application, with time enough for all caches to know of
   * them. With `alone` the event and the person are new too.
   */
  static async set(world, { retryWindow = 10, approval = {}, isPublic = false, alone = false } = {}) {
    const scene = new Scene(world);
    await world.env.CORE.calm();
    await world.skewObjects(0);
    for (const name of world.locations) world.skews[name] = 0;
    world.stages ??= new Map();
    const host = alone ? `alone-${world.stages.size}.test` : `scene-${retryWindow}.test`;
    if (!world.stages.has(host)) world.stages.set(host, await new Event(host, retryWindow).create(world));
    scene.event = world.stages.get(host);
    [scene.person] = await scene.event.peopleFor(world, 1);
    scene.app = await scene.newApp(approval, isPublic);
    await world.advance(200_000);
    return scene;
  }

  async newApp(approval = {}, isPublic = false) {
    const { world } = this;
    const app = new App(await world.mustOperate(this.home, 'POST', '/applications', App.fields(isPublic)));
    await world.mustOperate(this.home, 'PUT', this.integrationPath(app), app.approval(approval));
    return app;
  }

  integrationPath(app = this.app) {
    return `/events/${this.event.host}/integrations/${app.id}`;
  }

  /** The integration's status as KV has it. */
  async statusInKv(app = this.app) {
    const { id } = await this.world.mustOperate(this.home, 'GET', `/events/${this.event.host}`);
    return JSON.parse(await this.world.env.CORE.held(`DIRECTORY integration/${id}/${app.id}`)).status;
  }

  accountPath() {
    return `/events/${this.event.host}/accounts/${this.person.id}`;
  }

  get secret() {
    return this.app.secrets[0].text;
  }

  /** A request with the application's credentials. */
  post(path, form, { at = this.home, plan } = {}) {
    return this.world.send(at, this.event.host, path, { form: { client_id: this.app.id, client_secret: this.secret, ...form }, plan });
  }

  authorizationPath(parameters = {}) {
    const query = { client_id: this.app.id, response_type: 'code', redirect_uri: REDIRECT_URI, scope: 'pii:basic', ...parameters };
    return `/oauth/authorize?${new URLSearchParams(query)}`;
  }

  /** A code, by way of the consent page where it is shown. */
  async code(at = this.home) {
    let found = await this.person.browser.open(at, this.authorizationPath());
    if (!found.departure) found = await this.person.browser.submit(at, found.reply.text, '/account/consent', { decision: 'authorize' });
    return found.departure.searchParams.get('code');
  }

  redeem(code, options) {
    return this.post('/api/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI }, options);
  }

  refresh(token, options) {
    return this.post('/api/oauth/token', { grant_type: 'refresh_token', refresh_token: token }, options);
  }

  introspect(token, options) {
    return this.post('/api/oauth/introspect', { token }, options);
  }

  async isActive(token) {
    const reply = await this.introspect(token);
    expect(reply.status === 200, `introspection: ${reply.status} ${reply.text}`);
    return reply.json.active;
  }

  call(token, { at = this.home, plan, path = '/api/users/current' } = {}) {
    return this.world.send(at, this.event.host, path, { headers: { Authorization: `Bearer ${token}` }, plan });
  }

  /** The tokens of a new grant. */
  async grant() {
    const reply = await this.redeem(await this.code());
    expect(reply.status === 200, `redeemed: ${reply.status} ${reply.text}`);
    return reply.json;
  }
}

export class Unexpected extends Error {}

export function expect(holds, text) {
  if (!holds) throw new Unexpected(text);
}

/** The answer to a request, once the time has moved on as far as it needs. */
export async function answered(world, asked) {
  let reply;
  const done = asked.then((answer) => { reply = answer; });
  for (let waited = 0; reply === undefined && waited < LONGEST_MS; waited += 1000) {
    await world.advance(1000);
    await scheduler.wait(10);
  }
  expect(reply !== undefined, `no answer within ${LONGEST_MS / 1000} s of something that is silent`);
  await done;
  return reply;
}
