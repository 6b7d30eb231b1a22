// Driving Willcall as its clients and people do: an event, its people, and what they ask for.
import { createHash, randomBytes } from 'node:crypto';
import { CONNECTIONS, CONNECTIONS_FOR_PASSWORDS, FORM, basic, bearer, cookiesOf, each, expect, form, hidden, json, send } from './client.mjs';
import { OPERATOR_TOKEN } from './workerd.mjs';

const PASSWORD = 'correct horse battery';
export const REDIRECT_URI = 'https://client.example/cb';

export const verifier = randomBytes(32).toString('base64url');
export const challenge = createHash('sha256').update(verifier).digest('base64url');

export const codeOf = (reply) => new URL(reply.headers.location).searchParams.get('code');

/** One event of a deployment, and one application that is approved for it. */
export class Event {
  constructor(origin, host) {
    this.origin = origin;
    this.host = { host: `${host}:${new URL(origin).port}` };
    this.name = host;
  }

  send(path, { headers, ...options } = {}) {
    return send(`${this.origin}${path}`, { ...options, headers: { ...this.host, ...headers } });
  }

  async operate(method, path, body) {
    const reply = await this.send(`/api/admin${path}`, {
      method, body: JSON.stringify(body), headers: { ...bearer(OPERATOR_TOKEN), 'content-type': 'application/json' },
    });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.text}`);
    return JSON.parse(reply.text);
  }

  async create() {
    await this.operate('PUT', `/events/${this.name}`, { name: 'Benchmark' });
    this.client = await this.operate('POST', '/applications', { name: 'Client', redirect_uris: [REDIRECT_URI], type: 'confidential' });
    await this.operate('PUT', `/events/${this.name}/integrations/${this.client.client_id}`, {
      obo_scopes: ['pii:basic', 'pii:email'], service_scopes: ['user:read', 'token:introspect'],
    });
    this.basic = basic(this.client.client_id, this.client.client_secret);
    this.request = `/oauth/authorize?${form({
      response_type: 'code', client_id: this.client.client_id, redirect_uri: REDIRECT_URI, scope: 'pii:basic pii:email',
      state: 'x', code_challenge: challenge, code_challenge_method: 'S256',
    })}`;
    return this;
  }

  /** People with an account, signed in, who have agreed once and so have one grant: { email, cookie, tokens }. */
  people(count) {
    return each(count, async (turn) => {
      const email = `person-${turn}@example.org`;
      await this.operate('POST', `/events/${this.name}/accounts`, { email, name: `Person ${turn}`, password: PASSWORD });
      const person = { email, cookie: await this.signIn(email) };
      const page = expect(await this.page(person), 200);
      const back = await this.send('/account/consent', {
        method: 'POST',
        headers: { ...FORM, cookie: person.cookie },
        body: form({
          ...Object.fromEntries(['request', 'scope', 'shown', 'form_token'].map((name) => [name, hidden(page.text, name)])), decision: 'authorize',
        }),
      });
      person.tokens = await this.redeem(codeOf(expect(back, 303)));
      return person;
    }, CONNECTIONS_FOR_PASSWORDS);
  }

  async signIn(email) {
    const page = expect(await this.send('/login'), 200);
    const reply = await this.send('/login', {
      method: 'POST',
      headers: { ...FORM, cookie: cookiesOf(page) },
      body: form({ email, password: PASSWORD, return: hidden(page.text, 'return'), form_token: hidden(page.text, 'form_token') }),
    });
    return cookiesOf(expect(reply, 303));
  }

  /** The authorization page, which somebody who agreed before sees only when it is asked for. */
  page(person) {
    return this.send(`${this.request}&prompt=consent`, { headers: { cookie: person.cookie } });
  }

  async code(person) {
    return codeOf(expect(await this.send(this.request, { headers: { cookie: person.cookie } }), 303));
  }

  async token(fields) {
    return json(await this.send('/api/oauth/token', { method: 'POST', headers: this.basic, body: form(fields) }));
  }

  redeem(code) {
    return this.token({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier });
  }

  async refresh(tokens) {
    return this.token({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
  }

  async introspect(tokens) {
    const { active } = json(await this.send('/api/oauth/introspect', { method: 'POST', headers: this.basic, body: form({ token: tokens.access_token }) }));
    if (!active) throw new Error('the token is not active');
  }

  async whoami(tokens) {
    expect(await this.send('/api/users/current', { headers: bearer(tokens.access_token) }), 200);
  }
}

/** As many requests, at most, of a path with an object: enough to have garbage collected a few times. */
export const OBJECT_REQUESTS = 1024;

/** How often each grant is refreshed, and each person's code exchanged, in a round. */
export const TIMES = 4;

/**
 * The measured paths of one event, by name. `people` take turns, and what is changed is told to KV before it is
 * changed again, as it is when refreshes are an hour apart.
 */
export function eventPaths(event, people, { pid, requests, id = (name) => name, label = (words) => words }) {
  const turns = people.length;
  const once = Math.min(requests, turns);
  const withObject = Math.min(requests, OBJECT_REQUESTS);
  const few = people.slice(0, CONNECTIONS);
  const introspect = (turn) => event.introspect(people[turn % turns].tokens);
  let codes = [];
  let signIns = 0;
  const path = (name, words, job, more) => [name, { id: id(name), label: label(words), pid, requests, job, ...more }];
  return Object.fromEntries([
    path('client_credentials', 'client_credentials', () => event.token({ grant_type: 'client_credentials' }), {
      prepare: () => event.token({ grant_type: 'client_credentials' }),
    }),
    // A refreshed grant's token is one that this isolate has not seen.
    path('bearer_cold', 'API check, each token for the first time', (turn) => event.whoami(people[turn].tokens), {
      requests: once, leadIn: introspect,
    }),
    path('bearer', 'API check, warm', (turn) => event.whoami(few[turn % few.length].tokens), {
      prepare: () => each(few.length, (turn) => event.whoami(few[turn].tokens)),
    }),
    path('introspection', 'introspection', introspect, { requests: withObject }),
    path('page', 'authorization page, signed in', async (turn) => expect(await event.page(people[turn % turns]), 200), {
      requests: withObject, quiet: true,
    }),
    path('refresh', 'refresh', async (turn) => { people[turn].tokens = await event.refresh(people[turn].tokens); }, {
      requests: once, times: TIMES, leadIn: introspect, tells: true,
    }),
    path('exchange', 'code exchange with PKCE', (turn) => event.redeem(codes[turn]), {
      requests: once, times: TIMES, leadIn: introspect, tells: true,
      prepare: async (count) => { codes = await each(count, (turn) => event.code(people[turn])); },
    }),
    // Each goes on in the session begun last: an account keeps a hundred, and where all are one person the oldest go.
    path('sign_in', `sign-in, ${CONNECTIONS_FOR_PASSWORDS} at a time`, async () => {
      const person = people[signIns++ % turns];
      person.cookie = await event.signIn(person.email);
    }, {
      requests: Math.min(requests, 24), lanes: CONNECTIONS_FOR_PASSWORDS, quiet: true, slow: true,
    }),
  ]);
}
