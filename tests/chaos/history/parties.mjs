// Those who take part in a history: events, people, applications, and the honest sessions between them.
import { GrantModel } from '../oracle/grant.mjs';
import { Permit, Permits } from '../oracle/standing.mjs';
import { Browser } from './browser.mjs';

/** The scopes of a history; a scope is a bit. */
export const SCOPES = ['pii:basic', 'pii:email', 'badge:print', 'schedule:read'];
export const ALL_SCOPES = (1 << SCOPES.length) - 1;
const CATALOGUE = ['badge:print', 'schedule:read'].map((name) => ({
  name, title: name, description: '', sensitive: false, modes: ['obo'],
}));

export const namesOf = (mask) => SCOPES.filter((_, bit) => mask & (1 << bit));
export const maskOf = (text) => text.split(' ').reduce((mask, name) => mask | (1 << SCOPES.indexOf(name)), 0);

const REDIRECT_URI = 'https://application.test/callback';

// So many histories share a person before the person is replaced: signing in costs a password hash.
const USES_OF_A_PERSON = 40;
const PEOPLE = 2;

/** An event, with a few people who are signed in. */
export class Event {
  constructor(host, retryWindow) {
    this.host = host;
    this.retryWindow = retryWindow;
    this.people = [];
    this.uses = 0;
  }

  async create(world) {
    const [location] = world.locations;
    await world.mustOperate(location, 'PUT', `/events/${this.host}`, { name: this.host, retry_window: this.retryWindow });
    await world.mustOperate(location, 'PUT', `/events/${this.host}/scopes`, CATALOGUE);
    this.id = JSON.parse(await world.env.CORE.held(`DIRECTORY host/${this.host}`)).event_id;
    return this;
  }

  async peopleFor(world, count = PEOPLE) {
    if (this.people.length === 0 || this.uses >= USES_OF_A_PERSON) {
      this.uses = 0;
      this.people = [];
      while (this.people.length < count) this.people.push(await this.#newPerson(world));
    }
    this.uses += 1;
    return this.people;
  }

  /** Somebody new instead of a person who is gone. */
  async replace(world, gone) {
    const fresh = await this.#newPerson(world);
    this.people = this.people.map((person) => (person === gone ? fresh : person));
    return this.people;
  }

  async #newPerson(world) {
    const [location] = world.locations;
    world.peopleMade += 1;
    const email = `person-${world.peopleMade}@people.test`;
    const password = `correct horse ${world.peopleMade}`;
    const account = await world.mustOperate(location, 'POST', `/events/${this.host}/accounts`, { email, password, name: `Person ${world.peopleMade}` });
    const browser = new Browser(world, this.host, `198.18.${world.peopleMade >> 8 & 255}.${world.peopleMade & 255}`);
    await browser.signIn(location, { email, password });
    return { id: account.id, name: account.name, email, password, browser };
  }
}

/** An application that the organiser of the event approved. */
export class App {
  constructor(registration, label) {
    this.label = label;
    this.id = registration.client_id;
    this.isPublic = registration.type === 'public';
    this.secrets = registration.client_secret ? [secretOf(registration.secret_id, registration.client_secret)] : [];
    this.application = new Permit(true);
    this.integration = new Permit(true);
    this.birth = new Permit(true); // of the integration: what was begun under an earlier one is dead for good
    this.scopes = new Permits(SCOPES.length, ALL_SCOPES);
    this.service = new Permit(!this.isPublic);
  }

  static fields(isPublic) {
    return {
      name: 'Badges', description: '', website: 'https://application.test/', redirect_uris: [REDIRECT_URI],
      type: isPublic ? 'public' : 'confidential',
    };
  }

  /** The integration as the organiser's PUT has it. */
  approval(changes = {}) {
    return {
      obo_scopes: namesOf(this.scopes.mask(Infinity, 'surely')),
      service_scopes: this.service.given ? ['user:read'] : [],
      status: this.integration.given ? 'active' : 'suspended',
      ...changes,
    };
  }

  /** What the client authenticates with, by a secret that is surely good. */
  credentials(random) {
    if (this.isPublic) return { client_id: this.id };
    const good = this.secrets.filter((secret) => secret.permit.given);
    return { client_id: this.id, client_secret: random.pick(good).text };
  }
}

export const secretOf = (id, text) => ({ id, text, permit: new Permit(true) });

/** What one person's consent starts: an honest owner's code and the tokens it leads to. */
export class Session {
  constructor(label, app, person, event) {
    this.label = label;
    this.app = app;
    this.person = person;
    this.window = event.retryWindow;
    this.birth = app.birth;
    this.model = new GrantModel();
    this.code = undefined;
    this.held = undefined; // the generation the owner was told of last
    this.scope = 0; // and its scope
    this.out = false; // the owner was refused, and asks for a new authorization
    this.causes = new Set(); // why that may be
    this.access = []; // access tokens, with their generation and since when they are surely dead
  }

  get usable() {
    return this.held !== undefined && !this.out;
  }

  /** Notes which access tokens are surely dead by now. */
  noteDeaths(now) {
    for (const token of this.access) if (token.deadSince === undefined && this.model.surelyDead(token.generation)) token.deadSince = now;
  }

  keepAccessToken(text, generation, scope, now) {
    this.access.push({ text, generation, scope, expiresAt: now + 3_600_000, deadSince: undefined });
  }
}

export { REDIRECT_URI };
