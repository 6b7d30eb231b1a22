// Contract 7: the operator API.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { CATALOGUE, OPERATOR_TOKEN, Willcall, assertOAuthError, randomText } from './harness.mjs';

const BUILT_IN = ['pii:basic', 'pii:email', 'token:introspect', 'user:read', 'user:roles'];
const APPLICATION = { name: 'Badge Buddy', description: 'Prints badges', website: 'https://buddy.example.com/', redirect_uris: ['https://buddy.example.com/callback'], type: 'confidential' };

let willcall;
let operator;
let event;

before(async () => {
  willcall = await Willcall.start();
  operator = willcall.operator;
  event = await willcall.event('localhost').create();
});

after(() => willcall?.stop());

async function assertRefused(status, method, path, body, options) {
  const reply = await operator.call(method, path, body, options);
  assert.equal(reply.status, status, `${method} ${path} ${JSON.stringify(body)}: ${reply.text}`);
  assert.equal(typeof reply.json.error, 'string');
  assert.equal(typeof reply.json.error_description, 'string');
}

const account = (fields = {}) => ({ email: `${randomText(6)}@people.example`, name: 'Robin', password: 'a long password', ...fields });

/** Every item behind a list, taken page by page. */
async function everyItem(path, limit) {
  const items = [];
  let cursor;
  do {
    const query = new URLSearchParams({ limit, ...(cursor && { cursor }) });
    const page = await operator.must('GET', `${path}?${query}`);
    assert.ok(page.items.length <= limit);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

// -- Who may call -------------------------------------------------------------------------------

test('without the operator’s token nothing is answered but 401', async () => {
  for (const token of [null, 'x', OPERATOR_TOKEN.slice(0, -1), `${OPERATOR_TOKEN}x`, OPERATOR_TOKEN.toUpperCase(), ' ']) {
    for (const [method, path] of [['GET', '/events'], ['PUT', '/events/new.localhost'], ['GET', '/applications'], ['GET', '/events/nobody.localhost']]) {
      await assertRefused(401, method, path, method === 'PUT' ? { name: 'X' } : undefined, { token });
    }
  }
  await assertRefused(404, 'GET', '/events/new.localhost');
});

test('the token counts in the Authorization header only, as Bearer', async () => {
  assert.equal((await willcall.send('localhost', `/api/admin/events?access_token=${OPERATOR_TOKEN}`)).status, 401);
  const basic = `Basic ${Buffer.from(`operator:${OPERATOR_TOKEN}`).toString('base64')}`;
  assert.equal((await willcall.send('localhost', '/api/admin/events', { headers: { Authorization: basic } })).status, 401);
});

test('an OPERATOR_TOKEN that is unset or too short: the API answers 404', async () => {
  for (const token of [null, '', 'x'.repeat(31)]) {
    const other = await Willcall.start({ bindings: { OPERATOR_TOKEN: token } });
    try {
      for (const sent of [undefined, token ?? 'x', '']) assert.equal((await other.operator.call('GET', '/events', undefined, { token: sent })).status, 404);
    } finally {
      await other.stop();
    }
  }
});

test('the API answers on any host, over https or loopback', async () => {
  const headers = { Authorization: `Bearer ${OPERATOR_TOKEN}` };
  assert.equal((await willcall.send('nobody.localhost', '/api/admin/events', { headers })).status, 200);
  assert.equal((await willcall.send('nobody.example', '/api/admin/events', { headers, scheme: 'https' })).status, 200);
  assert.equal((await willcall.send('nobody.example', '/api/admin/events', { headers })).status, 403);
});

// -- Bodies -------------------------------------------------------------------------------------

test('a body that is not the JSON asked for is 400', async () => {
  for (const body of ['', '{', 'null', '[]', '"x"', '{"name":1}', '{"name":null}', '{"name":["x"]}', '{"name":"x","name":"y"}', '{"name":"x"} x', '{"name":"\\ud800"}', Buffer.from([0x7b, 0xff, 0x7d])]) {
    const reply = await operator.call('PUT', '/events/bad.localhost', undefined, { body, headers: { 'Content-Type': 'application/json' } });
    assert.equal(reply.status, 400, `${body}: ${reply.text}`);
    assert.equal(typeof reply.json.error, 'string');
  }
  await assertRefused(404, 'GET', '/events/bad.localhost');
});

test('unknown fields are refused', async () => {
  await assertRefused(400, 'PUT', '/events/localhost', { name: 'X', colour: 'red' });
  await assertRefused(400, 'POST', '/applications', { ...APPLICATION, secret: 'x' });
  await assertRefused(400, 'POST', `${event.path}/accounts`, account({ admin: true }));
  await assertRefused(400, 'PUT', `${event.path}/scopes`, [{ ...CATALOGUE[0], extra: 1 }]);
  const { client_id } = await operator.registerApplication();
  await assertRefused(400, 'PATCH', `/applications/${client_id}`, { client_secret: 'x' });
  await assertRefused(400, 'PUT', `${event.path}/integrations/${client_id}`, { obo_scopes: [], service_scopes: [], scopes: [] });
});

test('what is not there is 404', async () => {
  const none = '/events/nobody.localhost';
  for (const path of [none, `${none}/scopes`, `${none}/roles`, `${none}/integrations`, `${none}/accounts`, `${event.path}/accounts/acc_none`, `${event.path}/accounts/x/grants`, `${event.path}/integrations/1`, '/applications/1', '/applications/abc', '/nonsense']) {
    await assertRefused(404, 'GET', path);
  }
  await assertRefused(404, 'PUT', `${event.path}/integrations/999999`, { obo_scopes: [], service_scopes: [] });
  await assertRefused(404, 'POST', '/applications/999999/secrets');
  await assertRefused(404, 'POST', `${none}/accounts`, account());
});

test('a wrong method is 405 with Allow', async () => {
  for (const [path, method] of [['/events', 'DELETE'], ['/applications', 'PUT'], [`${event.path}/scopes`, 'POST'], [event.path, 'POST']]) {
    const reply = await operator.call(method, path, {});
    assert.equal(reply.status, 405, `${method} ${path}`);
    assert.match(reply.headers.allow, /GET/);
  }
});

// -- Events -------------------------------------------------------------------------------------

test('an event: 201 when new, 200 after, defaults, and fields left out keep their value', async () => {
  const path = '/events/fresh.localhost';
  const created = await operator.call('PUT', path, { name: 'Fresh' });
  assert.equal(created.status, 201, created.text);
  const { name, retry_window, refresh_idle_days, pat_max_days } = created.json;
  assert.deepEqual({ name, retry_window, refresh_idle_days, pat_max_days }, { name: 'Fresh', retry_window: 10, refresh_idle_days: null, pat_max_days: 365 });
  const changed = await operator.call('PUT', path, { retry_window: 0, refresh_idle_days: 30, pat_max_days: null });
  assert.equal(changed.status, 200, changed.text);
  const again = await operator.must('PUT', path, { name: 'Fresher' });
  assert.deepEqual([again.name, again.retry_window, again.refresh_idle_days, again.pat_max_days], ['Fresher', 0, 30, null]);
  assert.deepEqual(await operator.must('GET', path), again);
  assert.ok((await operator.must('GET', '/events?limit=100')).items.some((item) => item.host === 'fresh.localhost'));
  assert.equal((await operator.call('DELETE', path)).status, 204);
  await assertRefused(404, 'GET', path);
});

test('an event’s host is lower-cased', async () => {
  await operator.must('PUT', '/events/Mixed.LocalHost', { name: 'Mixed' });
  assert.equal((await operator.must('GET', '/events/mixed.localhost')).name, 'Mixed');
});

test('settings outside their bounds are 400', async () => {
  for (const fields of [{ retry_window: -1 }, { retry_window: 61 }, { retry_window: 1.5 }, { retry_window: '10' }, { refresh_idle_days: 0 }, { refresh_idle_days: -5 }, { pat_max_days: 0 }, { name: '' }]) {
    await assertRefused(400, 'PUT', event.path, fields);
  }
  await assertRefused(400, 'PUT', '/events/nameless.localhost', {});
});

test('a host that is none is 400', async () => {
  for (const host of ['not%20a%20host', 'trailing.dot.', 'with:8080', 'under/score', '-x.example', '%ff', 'é.example', '..', `${'x'.repeat(64)}.example`]) {
    const reply = await operator.call('PUT', `/events/${encodeURI(host).replaceAll('%25', '%')}`, { name: 'X' });
    assert.ok([400, 404].includes(reply.status), `${host}: ${reply.status} ${reply.text}`);
  }
});

// -- Scopes and roles ---------------------------------------------------------------------------

test('the catalogue is replaced as a whole, the built-in scopes stay', async () => {
  const path = '/events/scopes.localhost';
  await operator.must('PUT', path, { name: 'Scopes' });
  const names = ({ items }) => items.map((scope) => scope.name).sort();
  assert.deepEqual(names(await operator.must('GET', `${path}/scopes`)), BUILT_IN);
  assert.deepEqual(names(await operator.must('PUT', `${path}/scopes`, CATALOGUE)), [...BUILT_IN, ...CATALOGUE.map((scope) => scope.name)].sort());
  assert.deepEqual(names(await operator.must('PUT', `${path}/scopes`, [CATALOGUE[0]])), [...BUILT_IN, CATALOGUE[0].name].sort());
});

test('what GET answers of scopes and roles can be put back as it is', async () => {
  for (const path of [`${event.path}/scopes`, `${event.path}/roles`]) {
    const { items } = await operator.must('GET', path);
    assert.deepEqual((await operator.must('PUT', path, items)).items, items);
  }
});

test('a built-in scope may be put in other words, but not in other modes', async () => {
  const path = '/events/words.localhost';
  await operator.must('PUT', path, { name: 'Words' });
  const words = { name: 'pii:basic', title: 'Your name', description: 'As on your badge', sensitive: true, modes: ['obo'], permission: 'named' };
  await operator.must('PUT', `${path}/scopes`, [words]);
  assert.deepEqual((await operator.must('GET', `${path}/scopes`)).items.find((scope) => scope.name === 'pii:basic'), words);
  await assertRefused(400, 'PUT', `${path}/scopes`, [{ ...words, modes: ['obo', 'service'] }]);
});

test('a scope that is still approved cannot go: 409', async () => {
  const { client_id } = await event.application();
  await assertRefused(409, 'PUT', `${event.path}/scopes`, CATALOGUE.filter((scope) => scope.name !== 'badge:print'));
  assert.ok((await operator.must('GET', `${event.path}/integrations/${client_id}`)).obo_scopes.includes('badge:print'));
});

test('a scope of a wrong form is 400', async () => {
  const [scope] = CATALOGUE;
  for (const fields of [{ name: '' }, { name: 'with space' }, { name: 'quote"' }, { name: 'back\\slash' }, { name: 'é' }, { name: 1 }, { modes: [] }, { modes: ['nonsense'] }, { modes: 'obo' }, { sensitive: 'yes' }, { title: undefined }]) {
    await assertRefused(400, 'PUT', `${event.path}/scopes`, [...CATALOGUE.slice(1), { ...scope, ...fields }]);
  }
  await assertRefused(400, 'PUT', `${event.path}/scopes`, [...CATALOGUE, scope]);
  await assertRefused(400, 'PUT', `${event.path}/scopes`, { items: CATALOGUE });
});

test('roles are replaced as a whole', async () => {
  const roles = [{ name: 'crew', title: 'Crew', permissions: ['staff', 'doors'] }, { name: 'guest', title: 'Guest', permissions: [] }];
  for (const answer of [await operator.must('PUT', `${event.path}/roles`, roles), await operator.must('GET', `${event.path}/roles`)]) {
    assert.deepEqual(answer.items, roles);
  }
  await assertRefused(400, 'PUT', `${event.path}/roles`, [roles[0], roles[0]]);
  assert.deepEqual((await operator.must('PUT', `${event.path}/roles`, [])).items, []);
});

// -- Applications -------------------------------------------------------------------------------

test('a confidential application has its secret shown once, a public one has none', async () => {
  const reply = await operator.call('POST', '/applications', APPLICATION);
  assert.equal(reply.status, 201, reply.text);
  const { client_id, client_secret, secret_id, ...rest } = reply.json;
  assert.match(client_id, /^[1-9]\d*$/);
  assert.match(client_secret, /^wc_cs_/);
  for (const [field, value] of Object.entries(APPLICATION)) assert.deepEqual(rest[field], value, field);
  assert.equal(rest.require_pkce, false);
  const shown = await operator.call('GET', `/applications/${client_id}`);
  assert.ok(!shown.text.includes(client_secret));
  assert.equal(shown.json.client_secret, undefined);
  assert.deepEqual(shown.json.secrets.map((secret) => secret.id), [secret_id]);
  assert.match(shown.json.secrets[0].created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);

  const native = await operator.must('POST', '/applications', { ...APPLICATION, type: 'public' });
  assert.deepEqual([native.client_secret, native.secret_id], [undefined, undefined]);
});

test('redirect URIs: https, http on loopback, private-use schemes for public clients, and nothing else', async () => {
  const good = ['https://a.example/cb', 'https://a.example/cb?x=1', 'https://a.example:8443/', 'http://localhost/cb', 'http://localhost:3000/cb', 'http://127.0.0.1:3000/', 'http://[::1]/cb'];
  for (const type of ['confidential', 'public']) {
    await operator.must('POST', '/applications', { ...APPLICATION, type, redirect_uris: good });
    await operator.must('POST', '/applications', { ...APPLICATION, type, redirect_uris: [] });
  }
  const bad = ['http://a.example/cb', 'https://a.example/cb#x', 'https://a.example/cb#', 'https://user@a.example/', 'https://user:x@a.example/', 'https://*.example/cb', 'https://a.example/*', '/cb', '//a.example/cb', 'a.example', '', ' https://a.example/', 'https://a.example/ cb', 'https://', 'javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'http://localhost.evil.example/', 'http://127.0.0.1.evil.example/', 'http://127.0.0.2/', 'myapp:/cb', 'https://a.example/\n', 'https://a.example\\cb', 1];
  for (const uri of bad) {
    for (const type of ['confidential', 'public']) await assertRefused(400, 'POST', '/applications', { ...APPLICATION, type, redirect_uris: [uri] });
  }
  await operator.must('POST', '/applications', { ...APPLICATION, type: 'public', redirect_uris: ['org.example.app:/cb'] });
  await assertRefused(400, 'POST', '/applications', { ...APPLICATION, redirect_uris: ['org.example.app:/cb'] });
  const { client_id } = await operator.registerApplication();
  await assertRefused(400, 'PATCH', `/applications/${client_id}`, { redirect_uris: [bad[0]] });
});

test('an application’s other fields are checked too', async () => {
  for (const fields of [{ name: '' }, { name: undefined }, { type: 'secret' }, { type: undefined }, { redirect_uris: 'https://a.example/' }, { require_pkce: 'yes' }, { website: 'javascript:alert(1)' }]) {
    await assertRefused(400, 'POST', '/applications', { ...APPLICATION, ...fields });
  }
});

test('PATCH changes what it names and no more', async () => {
  const { client_id } = await operator.must('POST', '/applications', APPLICATION);
  const changed = await operator.must('PATCH', `/applications/${client_id}`, { name: 'Badge Pal', status: 'suspended' });
  assert.deepEqual([changed.name, changed.status, changed.description, changed.redirect_uris], ['Badge Pal', 'suspended', APPLICATION.description, APPLICATION.redirect_uris]);
  await assertRefused(400, 'PATCH', `/applications/${client_id}`, { status: 'deleted' });
  assert.equal((await operator.call('DELETE', `/applications/${client_id}`)).status, 204);
  await assertRefused(404, 'GET', `/applications/${client_id}`);
});

test('a second secret is listed beside the first until one is deleted', async () => {
  const { client_id, secret_id } = await operator.registerApplication();
  const reply = await operator.call('POST', `/applications/${client_id}/secrets`);
  assert.equal(reply.status, 201, reply.text);
  const ids = async () => (await operator.must('GET', `/applications/${client_id}`)).secrets.map((secret) => secret.id).sort();
  assert.deepEqual(await ids(), [secret_id, reply.json.secret_id].sort());
  assert.equal((await operator.call('DELETE', `/applications/${client_id}/secrets/${secret_id}`)).status, 204);
  assert.deepEqual(await ids(), [reply.json.secret_id]);
  await assertRefused(404, 'DELETE', `/applications/${client_id}/secrets/${secret_id}`);
});

// -- Integrations -------------------------------------------------------------------------------

test('an approval: 201 when new, and a scope that is unknown or of the other mode is 400', async () => {
  const { client_id } = await operator.registerApplication();
  const path = `${event.path}/integrations/${client_id}`;
  for (const approval of [{ obo_scopes: ['no:such'] }, { obo_scopes: ['report:read'] }, { service_scopes: ['badge:print'] }, { service_scopes: ['pii:basic'] }, { obo_scopes: ['user:read'] }, { obo_scopes: 'badge:print' }]) {
    await assertRefused(400, 'PUT', path, { obo_scopes: [], service_scopes: [], ...approval });
  }
  await assertRefused(404, 'GET', path);
  const approval = { obo_scopes: ['badge:print', 'stats:read'], service_scopes: ['stats:read', 'user:read'] };
  const created = await operator.call('PUT', path, approval);
  assert.equal(created.status, 201, created.text);
  const { obo_scopes, service_scopes, service_refresh_tokens, status } = created.json;
  assert.deepEqual({ obo_scopes: [...obo_scopes].sort(), service_scopes: [...service_scopes].sort(), service_refresh_tokens, status }, { ...approval, service_refresh_tokens: false, status: 'active' });
  const kept = await operator.call('PUT', path, { status: 'suspended' });
  assert.deepEqual([kept.status, kept.json.status, kept.json.obo_scopes], [200, 'suspended', obo_scopes]);
  assert.ok((await everyItem(`${event.path}/integrations`, 2)).some((item) => item.client_id === client_id));
  assert.equal((await operator.call('DELETE', path)).status, 204);
  await assertRefused(404, 'GET', path);
});

// -- Accounts -----------------------------------------------------------------------------------

test('an account: 201, found by its e-mail in any case, and its password in no answer', async () => {
  const fields = account({ email: 'Robin.Example@People.example', password: 'password-to-look-for' });
  const created = await operator.call('POST', `${event.path}/accounts`, fields);
  assert.equal(created.status, 201, created.text);
  assert.match(created.json.id, /^acc_/);
  assert.equal(created.json.status, 'active');
  const found = await operator.call('GET', `${event.path}/accounts?email=robin.example@people.EXAMPLE`);
  assert.deepEqual(found.json.items.map((item) => item.id), [created.json.id]);
  const shown = await operator.call('GET', `${event.path}/accounts/${created.json.id}`);
  for (const reply of [created, found, shown]) assert.doesNotMatch(reply.text, /password-to-look-for|argon2/);
});

test('a second account with the same e-mail is 409, whatever its case', async () => {
  const fields = account();
  await operator.must('POST', `${event.path}/accounts`, fields);
  await assertRefused(409, 'POST', `${event.path}/accounts`, { ...fields, email: fields.email.toUpperCase() });
  const other = await operator.must('POST', `${event.path}/accounts`, account());
  await assertRefused(409, 'PATCH', `${event.path}/accounts/${other.id}`, { email: fields.email });
  assert.equal((await operator.call('DELETE', `${event.path}/accounts/${other.id}`)).status, 204);
});

test('a deleted account’s e-mail may be used again', async () => {
  const fields = account();
  const first = await operator.must('POST', `${event.path}/accounts`, fields);
  await operator.must('DELETE', `${event.path}/accounts/${first.id}`);
  await assertRefused(404, 'GET', `${event.path}/accounts/${first.id}`);
  const second = await operator.must('POST', `${event.path}/accounts`, fields);
  assert.notEqual(second.id, first.id);
});

test('passwords have 10 to 200 characters', async () => {
  for (const password of ['', 'x'.repeat(9), 'x'.repeat(201), 'é'.repeat(9)]) await assertRefused(400, 'POST', `${event.path}/accounts`, account({ password }));
  for (const password of ['x'.repeat(10), 'x'.repeat(200), 'é'.repeat(10), 'é'.repeat(200)]) {
    const person = await event.person({ password });
    await event.browser().signIn(person);
  }
});

test('an account’s other fields are checked too', async () => {
  for (const fields of [{ email: '' }, { email: 'none' }, { email: undefined }, { email: 'a@b@c' }, { email: 'a b@c.example' }, { status: 'gone' }, { permissions: 'staff' }, { roles: [1] }]) {
    await assertRefused(400, 'POST', `${event.path}/accounts`, account(fields));
  }
});

test('accounts are listed page by page, each once', async () => {
  const path = '/events/pages.localhost';
  await operator.must('PUT', path, { name: 'Pages' });
  const ids = [];
  for (let count = 0; count < 7; count += 1) ids.push((await operator.must('POST', `${path}/accounts`, account({ password: undefined }))).id);
  const listed = await everyItem(`${path}/accounts`, 3);
  assert.deepEqual(listed.map((item) => item.id).sort(), ids.sort());
  assert.equal((await operator.must('GET', `${path}/accounts?limit=7`)).next_cursor, undefined);
  for (const query of ['limit=0', 'limit=-1', 'limit=x', 'cursor=%ff', 'limit=1&limit=2']) await assertRefused(400, 'GET', `${path}/accounts?${query}`);
});

test('grants are listed with their scope and times, and end at once when deleted', async () => {
  const client = await event.application();
  const robin = await event.person();
  const grant = await client.obtainGrant(robin, { scope: 'badge:print' });
  const path = `${event.path}/accounts/${robin.id}/grants`;
  const { items } = await operator.must('GET', path);
  assert.equal(items.length, 1);
  assert.deepEqual([items[0].client_id, items[0].scope], [client.client_id, 'badge:print']);
  for (const time of [items[0].created_at, items[0].last_used_at]) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.equal((await operator.call('DELETE', `${path}/${items[0].id}`)).status, 204);
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  assert.deepEqual((await operator.must('GET', path)).items, []);
  await assertRefused(404, 'DELETE', `${path}/nonsense`);
});

// -- The description ----------------------------------------------------------------------------

test('the API is described by an OpenAPI 3.1 document', async () => {
  const document = await operator.must('GET', '/openapi.json');
  assert.match(document.openapi, /^3\.1\./);
  const methods = {
    '/api/admin/events': ['get'],
    '/api/admin/events/{host}': ['get', 'put', 'delete'],
    '/api/admin/events/{host}/scopes': ['get', 'put'],
    '/api/admin/events/{host}/roles': ['get', 'put'],
    '/api/admin/applications': ['get', 'post'],
    '/api/admin/applications/{client_id}': ['get', 'patch', 'delete'],
    '/api/admin/applications/{client_id}/secrets': ['post'],
    '/api/admin/applications/{client_id}/secrets/{secret_id}': ['delete'],
    '/api/admin/events/{host}/integrations': ['get'],
    '/api/admin/events/{host}/integrations/{client_id}': ['get', 'put', 'delete'],
    '/api/admin/events/{host}/accounts': ['get', 'post'],
    '/api/admin/events/{host}/accounts/{id}': ['get', 'patch', 'delete'],
    '/api/admin/events/{host}/accounts/{id}/grants': ['get'],
    '/api/admin/events/{host}/accounts/{id}/grants/{grant_id}': ['delete'],
  };
  for (const [path, expected] of Object.entries(methods)) {
    for (const method of expected) assert.ok(document.paths[path]?.[method]?.responses, `${method} ${path}`);
  }
});
