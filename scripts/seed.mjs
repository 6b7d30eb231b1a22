// The demo event, made through the operator API as any deployment's events are.
// Each thing is made only where it is missing, so that a second run changes
// nothing, and what somebody tried out in the demo stays as they left it.

import { isLoopback } from '../cli/http.mjs';
import { Fault } from './run.mjs';

// Anybody can read this, so it may only ever exist on a loopback host.
const PASSWORD = 'correct horse battery';

const EVENT = { name: 'Willcall Demo Con' };

const SCOPES = [
  {
    name: 'volunteer:read',
    title: 'See your volunteer shifts',
    description: 'Read which shifts you have signed up for, and when they are.',
    sensitive: false,
    modes: ['obo', 'service'],
  },
  {
    name: 'badge:print',
    title: 'Print badges',
    description: 'Print and reprint the badge of any attendee.',
    sensitive: true,
    modes: ['obo', 'service'],
    permission: 'badges',
  },
  {
    name: 'schedule:read',
    title: 'See your personal schedule',
    description: 'Read which sessions you have marked in the programme.',
    sensitive: false,
    modes: ['obo'],
  },
];

const ROLES = [{ name: 'staff', title: 'Staff', permissions: ['badges'] }];

const ACCOUNTS = [
  { email: 'attendee@example.org', name: 'Ada Attendee', password: PASSWORD, roles: [] },
  { email: 'organiser@example.org', name: 'Olu Organiser', password: PASSWORD, roles: ['staff'] },
];

const BADGE_BUDDY = {
  name: 'Badge Buddy',
  description: 'Shows you your badge and your shifts, and prints badges for staff.',
  website: 'https://badge-buddy.example/',
  type: 'confidential',
};

const POCKET_PROGRAMME = {
  name: 'Pocket Programme',
  description: 'The programme in your pocket.',
  website: 'https://pocket-programme.example/',
  redirect_uris: ['http://127.0.0.1/callback'],
  type: 'public',
};

/** The scopes Badge Buddy may ask of a person, and those it has for itself. */
export const BADGE_BUDDY_APPROVAL = {
  obo_scopes: ['pii:basic', 'pii:email', 'user:roles', 'volunteer:read', 'badge:print'],
  service_scopes: ['user:read', 'volunteer:read', 'token:introspect'],
};

const POCKET_PROGRAMME_APPROVAL = { obo_scopes: ['pii:basic', 'schedule:read'], service_scopes: [] };

/**
 * Seeds the demo event on the host of `origin` and answers with what is needed to
 * use it. `known` is what an earlier run answered, or nothing: a client secret is
 * shown only once, so it has to be remembered by whoever calls this. `fetch` is how
 * requests get there, if not over the network.
 */
export async function seed({
  origin, operatorToken, known, redirectUri = 'http://127.0.0.1:8788/callback', fetch = globalThis.fetch,
}) {
  const url = new URL(origin);
  if (!isLoopback(url.hostname)) {
    throw new Fault(`The demo has passwords that anybody can read. It is not put on ${url.host}, only on a loopback host.`);
  }
  const api = operatorApi(fetch, url.origin, operatorToken);
  const event = `/events/${encodeURIComponent(url.hostname)}`;

  if (!await api.find(event)) await api.put(event, EVENT);
  await addMissing(api, `${event}/scopes`, SCOPES);
  await addMissing(api, `${event}/roles`, ROLES);
  for (const account of ACCOUNTS) {
    const { items } = await api.get(`${event}/accounts?email=${encodeURIComponent(account.email)}`);
    if (items.length === 0) await api.post(`${event}/accounts`, account);
  }

  const badgeBuddy = await findOrCreate(api, { ...BADGE_BUDDY, redirect_uris: [redirectUri] }, known?.client_id);
  const pocketProgramme = await findOrCreate(api, POCKET_PROGRAMME, known?.public_client_id);
  await approve(api, event, badgeBuddy.client_id, BADGE_BUDDY_APPROVAL);
  await approve(api, event, pocketProgramme.client_id, POCKET_PROGRAMME_APPROVAL);

  const secret = badgeBuddy.client_secret
    ?? await stillAccepted(fetch, url.origin, badgeBuddy.client_id, known?.client_secret)
    ?? await newSecret(api, badgeBuddy.client_id);
  return {
    issuer: url.origin,
    client_id: badgeBuddy.client_id,
    client_secret: secret,
    redirect_uri: redirectUri,
    public_client_id: pocketProgramme.client_id,
    accounts: ACCOUNTS.map(({ email, name, password, roles }) => ({ email, name, password, roles })),
  };
}

/** Scopes and roles are replaced as a whole, so what is there goes back with what is new. */
async function addMissing(api, path, wanted) {
  const items = await api.all(path);
  const missing = wanted.filter(({ name }) => !items.some((item) => item.name === name));
  if (missing.length > 0) await api.put(path, [...items, ...missing]);
}

async function findOrCreate(api, wanted, knownId) {
  const known = knownId && await api.find(`/applications/${knownId}`);
  if (known) return { client_id: known.client_id };
  const found = (await api.all('/applications')).find(({ name, type }) => name === wanted.name && type === wanted.type);
  if (found) return { client_id: found.client_id };
  return api.post('/applications', wanted);
}

async function approve(api, event, clientId, approval) {
  const path = `${event}/integrations/${clientId}`;
  if (!await api.find(path)) await api.put(path, approval);
}

/** An application has two secrets at most, so the older of two goes. */
async function newSecret(api, clientId) {
  const path = `/applications/${clientId}`;
  const { secrets } = await api.get(path);
  if (secrets.length > 1) {
    const [oldest] = [...secrets].sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
    await api.delete(`${path}/secrets/${oldest.id}`);
  }
  return (await api.post(`${path}/secrets`)).client_secret;
}

/** The secret, if it is one of the application's; whether it may do anything here is another matter. */
async function stillAccepted(fetch, origin, clientId, secret) {
  if (!secret) return undefined;
  const response = await fetch(`${origin}/api/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret })),
  });
  const { error } = await response.json();
  return error === 'invalid_client' ? undefined : secret;
}

function operatorApi(fetch, origin, token) {
  async function call(method, path, body, absentIsFine = false) {
    const response = await fetch(`${origin}/api/admin${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (response.status === 404 && absentIsFine) return undefined;
    const text = await response.text();
    if (!response.ok) {
      throw new Fault(`The demo could not be seeded: ${method} /api/admin${path} answered ${response.status}: ${text}`);
    }
    return text === '' ? undefined : JSON.parse(text);
  }
  return {
    get: (path) => call('GET', path),
    /** Like get, but undefined where there is nothing. */
    find: (path) => call('GET', path, undefined, true),
    put: (path, body) => call('PUT', path, body),
    post: (path, body = {}) => call('POST', path, body),
    delete: (path) => call('DELETE', path),
    /** Every item of a list, page by page. */
    async all(path) {
      const items = [];
      let cursor;
      do {
        const page = await call('GET', cursor ? `${path}?cursor=${encodeURIComponent(cursor)}` : path);
        items.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor);
      return items;
    },
  };
}
