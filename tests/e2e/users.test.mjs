// Contract 6: using a token at GET /api/users/current.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ALLOWED_STALENESS, Willcall, assertBearerRefusal, basic, callApi, decodeJwt, tampered } from './harness.mjs';

const EVERYTHING = 'badge:print pii:basic pii:email user:roles';

let willcall;
let event;
let client;
let robin;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  await event.operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions: ['staff', 'doors'] }]);
  client = await event.application();
  robin = await event.person({ name: 'Robin Exämple', roles: ['crew'], permissions: ['manage'] });
});

after(() => willcall?.stop());

async function assertRefused(token) {
  assertBearerRefusal(await callApi(event, token), 401, 'invalid_token');
}

async function assertAccepted(token) {
  const reply = await callApi(event, token);
  assert.equal(reply.status, 200, reply.text);
  return reply.json;
}

// -- Refusals -----------------------------------------------------------------------------------

test('no token: 401 with a challenge and no error', async () => {
  const reply = await callApi(event, undefined);
  assertBearerRefusal(reply, 401);
  assert.match(reply.headers['www-authenticate'], /realm="/);
});

test('a token anywhere but in the Authorization header is no token', async () => {
  const { access_token } = await client.obtainGrant(robin);
  assertBearerRefusal(await event.send(`/api/users/current?access_token=${access_token}`), 401);
  assertBearerRefusal(await event.send('/api/users/current', { headers: { Cookie: `access_token=${access_token}` } }), 401);
  assertBearerRefusal(await event.send('/api/users/current', { headers: { Authorization: basic(client.client_id, client.client_secret) } }), 401);
});

test('a session cookie is no token', async () => {
  const reply = await (await robin.browser()).request('/api/users/current');
  assertBearerRefusal(reply, 401);
});

test('a bad token is invalid_token', async () => {
  const { access_token, refresh_token } = await client.obtainGrant(robin);
  const { code } = await client.obtainCode(robin);
  const [header, claims, signature] = access_token.split('.');
  const none = Buffer.from(JSON.stringify({ ...decodeJwt(access_token).header, alg: 'none' })).toString('base64url');
  const bad = ['x', 'a.b.c', 'wc_pat_x', refresh_token, code, client.client_secret, `${access_token}A`, access_token.slice(0, -1), `${none}.${claims}.`, `${none}.${claims}.${signature}`, `${header}.${claims}.`, 'x'.repeat(4000)];
  for (let at = 0; at < access_token.length; at += Math.ceil(access_token.length / 30)) bad.push(tampered(access_token, at));
  for (const token of bad) await assertRefused(token);
  await assertAccepted(access_token);
});

test('an expired token is invalid_token', async () => {
  const { access_token } = await client.obtainGrant(robin);
  await willcall.moveClock(3590);
  await assertAccepted(access_token);
  await willcall.moveClock(11);
  await assertRefused(access_token);
});

test('a revoked token is invalid_token within 90 seconds', async () => {
  const grant = await client.obtainGrant(robin);
  await assertAccepted(grant.access_token);
  await client.revoke(grant.refresh_token);
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertRefused(grant.access_token);
});

test('a token that was rotated away is invalid_token within 90 seconds, its successor never', async () => {
  const first = await client.obtainGrant(robin);
  await assertAccepted(first.access_token);
  const second = (await client.refresh(first.refresh_token)).json;
  await assertAccepted(second.access_token);
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertRefused(first.access_token);
  await assertAccepted(second.access_token);
});

test('after reuse the whole grant’s tokens are invalid_token within 90 seconds', async () => {
  const first = await client.obtainGrant(robin);
  const second = (await client.refresh(first.refresh_token)).json;
  await assertAccepted(second.access_token);
  await willcall.moveClock(11);
  await client.refresh(first.refresh_token);
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertRefused(second.access_token);
});

test('a disabled or deleted account’s tokens are invalid_token within 90 seconds, and stay so', async () => {
  const sam = await event.person();
  const { access_token } = await client.obtainGrant(sam);
  await assertAccepted(access_token);
  await event.changeAccount(sam, { status: 'disabled' });
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertRefused(access_token);
  await event.changeAccount(sam, { status: 'active' });
  await assertRefused(access_token);

  const kim = await event.person();
  const theirs = await client.obtainGrant(kim);
  await assertAccepted(theirs.access_token);
  await event.deleteAccount(kim);
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertRefused(theirs.access_token);
});

test('a suspended integration’s tokens are invalid_token until it is resumed', async () => {
  const paused = await event.application();
  const { access_token } = await paused.obtainGrant(robin);
  await assertAccepted(access_token);
  await event.approve(paused, { status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertRefused(access_token);
  await event.approve(paused, { status: 'active' });
  await assertAccepted(access_token);
});

// -- Answers ------------------------------------------------------------------------------------

test('each member is present only if a scope covers it', async () => {
  const { id, email, name } = robin;
  const sorted = ({ roles, permissions, ...rest }) => ({ ...rest, ...(roles && { roles: [...roles].sort(), permissions: [...permissions].sort() }) });
  const roles = { roles: ['crew'], permissions: ['doors', 'manage', 'staff'] };
  const expected = {
    'badge:print': { id },
    'pii:basic': { id, name },
    'pii:email': { id, email },
    'user:roles': { id, ...roles },
    [EVERYTHING]: { id, name, email, ...roles },
  };
  for (const [scope, members] of Object.entries(expected)) {
    const { access_token } = await client.obtainGrant(robin, { scope });
    assert.deepEqual(sorted(await assertAccepted(access_token)), members, scope);
  }
});

test('a scope no longer approved counts as absent within 90 seconds', async () => {
  const changing = await event.application();
  const { access_token } = await changing.obtainGrant(robin, { scope: 'pii:basic pii:email' });
  assert.equal((await assertAccepted(access_token)).email, robin.email);
  await event.approve(changing, { obo_scopes: ['pii:basic'] });
  await willcall.moveClock(ALLOWED_STALENESS);
  assert.deepEqual(await assertAccepted(access_token), { id: robin.id, name: robin.name });
});

test('a live token is never refused: right after it was issued, after each refresh, and on a retry', async () => {
  let grant = await client.obtainGrant(robin);
  for (let step = 0; step < 10; step += 1) {
    await assertAccepted(grant.access_token);
    const [next, retry] = [(await client.refresh(grant.refresh_token)).json, (await client.refresh(grant.refresh_token)).json];
    await assertAccepted(next.access_token);
    await assertAccepted(retry.access_token);
    grant = next;
  }
});

test('what was scheme "bearer" in another case is the same scheme', async () => {
  const { access_token } = await client.obtainGrant(robin);
  for (const scheme of ['bearer', 'BEARER']) {
    const reply = await event.send('/api/users/current', { headers: { Authorization: `${scheme} ${access_token}` } });
    assert.equal(reply.status, 200);
  }
});

test('answers about a person are JSON and not kept by caches', async () => {
  const { access_token } = await client.obtainGrant(robin);
  const reply = await callApi(event, access_token);
  assert.match(reply.headers['content-type'], /^application\/json\b/);
  assert.match(reply.headers['cache-control'] ?? '', /no-store|private/);
});

test('HEAD is answered as GET', async () => {
  const { access_token } = await client.obtainGrant(robin);
  const reply = await callApi(event, access_token, '/api/users/current', { method: 'HEAD' });
  assert.deepEqual([reply.status, reply.text], [200, '']);
  assertBearerRefusal(await callApi(event, undefined, '/api/users/current', { method: 'HEAD' }), 401);
});
