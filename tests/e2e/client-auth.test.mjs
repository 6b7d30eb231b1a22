// Contract 4: client authentication, at the three endpoints that ask for it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ALLOWED_STALENESS, Client, Willcall, assertOAuthError, basic, formEncoded, randomAddress, randomText, tampered } from './harness.mjs';

const ENDPOINTS = ['/api/oauth/token', '/api/oauth/revoke', '/api/oauth/introspect'];
// Past client authentication each endpoint then misses its own parameters.
const AUTHENTICATED = [400, 'invalid_request'];

let willcall;
let event;
let client;
let robin;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  client = await event.application();
  robin = await event.person();
});

after(() => willcall?.stop());

function withBasic(authorization, form = {}, endpoint = ENDPOINTS[0]) {
  return event.send(endpoint, { form, headers: { Authorization: authorization }, ip: randomAddress() });
}

function withPost(form, endpoint = ENDPOINTS[0]) {
  return event.send(endpoint, { form, ip: randomAddress() });
}

// -- Refusals -----------------------------------------------------------------------------------

test('no client authentication at all is 401 invalid_client', async () => {
  for (const endpoint of ENDPOINTS) assertOAuthError(await withPost({ token: 'x' }, endpoint), 401, 'invalid_client');
});

test('an unknown client is 401 invalid_client', async () => {
  for (const endpoint of ENDPOINTS) {
    for (const id of ['1', '999999999', 'abc', `${client.client_id}0`, '', '-1', '٣', 'x'.repeat(2000)]) {
      assertOAuthError(await withPost({ client_id: id, client_secret: client.client_secret }, endpoint), 401, 'invalid_client');
      assertOAuthError(await withBasic(basic(id, client.client_secret), {}, endpoint), 401, 'invalid_client');
    }
  }
});

test('a wrong secret is 401 invalid_client, with WWW-Authenticate: Basic when Basic was used', async () => {
  const wrongs = () => ['x', client.client_secret.slice(0, -1), `${client.client_secret}x`, tampered(client.client_secret), client.client_secret.toUpperCase(), 'wc_cs_', 'x'.repeat(2000)];
  for (const endpoint of ENDPOINTS) {
    const fresh = await event.application(); // so that the throttle of failures stays out of it
    for (const secret of wrongs()) {
      const reply = await withBasic(basic(fresh.client_id, secret), {}, endpoint);
      assertOAuthError(reply, 401, 'invalid_client');
      assert.match(reply.headers['www-authenticate'] ?? '', /^Basic\b/i);
    }
    await willcall.moveClock(61);
    for (const secret of wrongs()) {
      assertOAuthError(await withPost({ client_id: fresh.client_id, client_secret: secret }, endpoint), 401, 'invalid_client');
    }
    await willcall.moveClock(61);
  }
});

test('a confidential client without its secret is 401 invalid_client; an empty one counts as absent', async () => {
  for (const endpoint of ENDPOINTS) {
    assertOAuthError(await withPost({ client_id: client.client_id }, endpoint), 401, 'invalid_client');
    assertOAuthError(await withPost({ client_id: client.client_id, client_secret: '' }, endpoint), 401, 'invalid_client');
  }
});

test('a public client that sends a secret fails too', async () => {
  const application = await event.publicApplication();
  for (const secret of ['x', client.client_secret]) {
    assertOAuthError(await withPost({ client_id: application.client_id, client_secret: secret }), 401, 'invalid_client');
    assertOAuthError(await withBasic(basic(application.client_id, secret)), 401, 'invalid_client');
  }
});

test('a malformed Basic header is 401 invalid_client', async () => {
  const encoded = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
  const malformed = ['Basic', 'Basic ', 'Basic !!!', 'Basic QQ', encoded('no colon'), encoded(':'), encoded(`:${client.client_secret}`), encoded('%zz:%zz'), encoded(Buffer.from([0xff, 0x3a, 0xfe])), encoded(`${client.client_id}:`)];
  for (const header of malformed) assertOAuthError(await withBasic(header), 401, 'invalid_client');
});

test('both methods at once are invalid_request, right or wrong', async () => {
  for (const endpoint of ENDPOINTS) {
    const header = basic(client.client_id, client.client_secret);
    for (const client_secret of [client.client_secret, 'wrong']) {
      assertOAuthError(await withBasic(header, { client_secret }, endpoint), 400, 'invalid_request');
      assertOAuthError(await withBasic(header, { client_id: client.client_id, client_secret }, endpoint), 400, 'invalid_request');
    }
  }
});

test('Basic together with another client_id in the body is invalid_request, with the same one alone it is fine', async () => {
  const other = await event.application();
  const header = basic(client.client_id, client.client_secret);
  for (const endpoint of ENDPOINTS) {
    const refused = await withBasic(header, { client_id: other.client_id, token: 'x', grant_type: 'refresh_token', refresh_token: 'x' }, endpoint);
    assertOAuthError(refused, 400, 'invalid_request');
    const taken = await withBasic(header, { client_id: client.client_id, token: 'x', grant_type: 'refresh_token', refresh_token: 'x' }, endpoint);
    assert.notEqual(taken.json?.error, 'invalid_request', taken.text);
    assert.notEqual(taken.status, 401);
  }
});

test('credentials in the query are not read', async () => {
  const query = formEncoded({ client_id: client.client_id, client_secret: client.client_secret });
  for (const endpoint of ENDPOINTS) {
    assertOAuthError(await event.send(`${endpoint}?${query}`, { form: { grant_type: 'refresh_token', token: 'x' } }), 401, 'invalid_client');
  }
});

test('an authenticated client whose integration is not approved here is unauthorized_client', async () => {
  const stranger = await event.operator.registerApplication();
  const auth = { client_id: stranger.client_id, client_secret: stranger.client_secret };
  assertOAuthError(await withPost({ ...auth, grant_type: 'refresh_token', refresh_token: 'x' }), 400, 'unauthorized_client');
  assertOAuthError(await withPost({ ...auth, token: 'x' }, '/api/oauth/introspect'), 400, 'unauthorized_client');
  assertOAuthError(await withPost({ ...auth, client_secret: 'wrong', grant_type: 'refresh_token', refresh_token: 'x' }), 401, 'invalid_client');
});

test('a suspended application is unauthorized_client, a deleted one invalid_client', async () => {
  const paused = await event.application();
  await event.operator.must('PATCH', `/applications/${paused.client_id}`, { status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await paused.refresh('x'), 400, 'unauthorized_client');
  await event.operator.must('PATCH', `/applications/${paused.client_id}`, { status: 'active' });
  assertOAuthError(await paused.refresh('x'), 400, 'invalid_grant');
  await event.operator.must('DELETE', `/applications/${paused.client_id}`);
  await willcall.moveClock(ALLOWED_STALENESS);
  for (const endpoint of ENDPOINTS) {
    assertOAuthError(await paused.post(endpoint, { token: 'x', grant_type: 'refresh_token', refresh_token: 'x' }), 401, 'invalid_client');
  }
});

// -- What passes --------------------------------------------------------------------------------

test('client_secret_basic: both halves are form-decoded, and the scheme’s case does not matter', async () => {
  const everyCharacter = (text) => [...text].map((character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  const { client_id, client_secret } = client;
  for (const endpoint of ENDPOINTS) {
    const pair = Buffer.from(`${everyCharacter(client_id)}:${everyCharacter(client_secret)}`).toString('base64');
    for (const header of [basic(client_id, client_secret), `Basic ${pair}`, `basic ${pair}`, `BASIC ${pair}`]) {
      assertOAuthError(await withBasic(header, {}, endpoint), ...AUTHENTICATED);
    }
  }
});

test('client_secret_post in a form and in JSON', async () => {
  const { client_id, client_secret } = client;
  for (const endpoint of ENDPOINTS) {
    assertOAuthError(await withPost({ client_id, client_secret }, endpoint), ...AUTHENTICATED);
    assertOAuthError(await event.send(endpoint, { json: { client_id, client_secret } }), ...AUTHENTICATED);
  }
});

test('an Authorization header of another scheme is ignored', async () => {
  const { client_id, client_secret } = client;
  for (const header of ['Bearer x', 'Digest username="x"', 'Negotiate x', 'Basically x']) {
    assertOAuthError(await withBasic(header, { client_id, client_secret }), ...AUTHENTICATED);
    assertOAuthError(await withBasic(header, {}), 401, 'invalid_client');
  }
});

test('a public client sends client_id alone', async () => {
  const application = await event.publicApplication();
  assertOAuthError(await withPost({ client_id: application.client_id }), ...AUTHENTICATED);
});

test('two secrets are valid beside each other; a deleted one ends within 90 seconds', async () => {
  const application = await event.application();
  const second = await event.operator.must('POST', `/applications/${application.client_id}/secrets`);
  assert.match(second.client_secret, /^wc_cs_/);
  const renewed = new Client(event, { ...application.registration, client_secret: second.client_secret });
  for (const each of [application, renewed]) assertOAuthError(await each.token({}), ...AUTHENTICATED);
  await event.operator.must('DELETE', `/applications/${application.client_id}/secrets/${application.registration.secret_id}`);
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await application.token({}), 401, 'invalid_client');
  assertOAuthError(await renewed.token({}), ...AUTHENTICATED);
});

test('a grant obtained with one secret is refreshed with the other', async () => {
  const application = await event.application();
  const grant = await application.obtainGrant(robin);
  const { client_secret } = await event.operator.must('POST', `/applications/${application.client_id}/secrets`);
  const renewed = new Client(event, { ...application.registration, client_secret });
  assert.equal((await renewed.refresh(grant.refresh_token)).status, 200);
});

// -- Throttling ---------------------------------------------------------------------------------

/** Wrong secrets until one is refused unseen; how many were looked at before that. */
async function failuresUntilThrottled(send, limit) {
  for (let count = 0; count < limit; count += 1) {
    const reply = await send(count);
    if (reply.status === 429) {
      assertOAuthError(reply, 429, 'temporarily_unavailable');
      const wait = Number(reply.headers['retry-after']);
      assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 60, `Retry-After: ${reply.headers['retry-after']}`);
      return count;
    }
    assertOAuthError(reply, 401, 'invalid_client');
  }
  return assert.fail(`never throttled in ${limit} attempts`);
}

test('a client: nothing refused before 10 wrong secrets in a minute, then 429; the right secret never is', async () => {
  const application = await event.application();
  const { client_id } = application;
  const wrong = () => withPost({ client_id, client_secret: `wc_cs_${randomText(24)}` });
  assert.ok((await failuresUntilThrottled(wrong, 40)) >= 10);
  assertOAuthError(await application.token({}), ...AUTHENTICATED);
  await willcall.moveClock(61);
  assertOAuthError(await wrong(), 401, 'invalid_client');
});

test('an address: nothing refused before 100 wrong secrets in a minute, then 429; the right secret never is', async () => {
  const ip = randomAddress();
  const many = [];
  for (let count = 0; count < 13; count += 1) many.push(await event.application());
  const wrong = (count) => event.send(ENDPOINTS[0], { form: { client_id: many[count % 13].client_id, client_secret: `wc_cs_${randomText(24)}` }, ip });
  assert.ok((await failuresUntilThrottled(wrong, 140)) >= 100);
  assertOAuthError(await client.token({}, { ip }), ...AUTHENTICATED);
});

test('no other error is counted', async () => {
  const ip = randomAddress();
  for (let count = 0; count < 120; count += 1) {
    assertOAuthError(await client.refresh('wc_rt_garbage', {}, { ip }), 400, 'invalid_grant');
  }
});

test('a public client is never throttled as a client', async () => {
  const application = await event.publicApplication();
  for (let count = 0; count < 15; count += 1) await withPost({ client_id: application.client_id, client_secret: 'x' });
  assertOAuthError(await application.token({}), ...AUTHENTICATED);
});
