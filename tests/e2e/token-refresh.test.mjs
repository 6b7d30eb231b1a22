// Contract 4: the token endpoint, grant type refresh_token.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
  ALLOWED_STALENESS, EVERYDAY, RETRY_WINDOW, Willcall, assertOAuthError, decodeJwt, scopeSet, tampered,
} from './harness.mjs';

const DAY = 24 * 3600;

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

async function refreshed(token, fields, by = client) {
  const reply = await by.refresh(token, fields);
  assert.equal(reply.status, 200, reply.text);
  return reply.json;
}

async function assertDead(grants, by = client) {
  for (const { access_token, refresh_token } of [grants].flat()) {
    assert.equal(await by.isActive(access_token), false, 'the access token');
    assert.equal(await by.isActive(refresh_token), false, 'the refresh token');
  }
}

// -- Refusals -----------------------------------------------------------------------------------

test('a missing or empty refresh_token is invalid_request', async () => {
  for (const token of [undefined, '']) assertOAuthError(await client.refresh(token), 400, 'invalid_request');
});

test('a refresh token that is garbage, changed or another kind of token is invalid_grant', async () => {
  const code = await client.obtainCode(robin);
  const grant = await client.obtainGrant(robin);
  const token = grant.refresh_token;
  const others = ['x', 'wc_rt_', 'wc_rt_x', 'wc_pat_x', token.slice(0, -1), token.slice(1), `${token}A`, token.replace('wc_rt_', 'wc_pat_'), token.toUpperCase(), ` ${token}`, code.code, grant.access_token, 'x'.repeat(4000)];
  for (let at = 0; at < token.length; at += Math.ceil(token.length / 20)) others.push(tampered(token, at));
  for (const other of others) assertOAuthError(await client.refresh(other), 400, 'invalid_grant');
  await refreshed(token);
});

test('another client’s refresh token is invalid_grant and ends nothing', async () => {
  const other = await event.application();
  const first = await client.obtainGrant(robin);
  assertOAuthError(await other.refresh(first.refresh_token), 400, 'invalid_grant');
  const second = await refreshed(first.refresh_token);
  await willcall.moveClock(RETRY_WINDOW + 1);
  assertOAuthError(await other.refresh(first.refresh_token), 400, 'invalid_grant');
  await refreshed(second.refresh_token);
});

test('a request that fails client authentication ends nothing, even with a token that was rotated away', async () => {
  const first = await client.obtainGrant(robin);
  const second = await refreshed(first.refresh_token);
  await willcall.moveClock(RETRY_WINDOW + 1);
  for (const client_secret of ['wrong', undefined]) {
    const form = { grant_type: 'refresh_token', refresh_token: first.refresh_token, client_id: client.client_id, client_secret };
    assertOAuthError(await event.send('/api/oauth/token', { form }), 401, 'invalid_client');
  }
  await refreshed(second.refresh_token);
});

test('a scope wider than the grant’s is invalid_scope and consumes nothing', async () => {
  const grant = await client.obtainGrant(robin, { scope: 'badge:print' });
  for (const scope of ['badge:print schedule:read', 'schedule:read', 'no:such', 'report:read', 'a"b']) {
    assertOAuthError(await client.refresh(grant.refresh_token, { scope }), 400, 'invalid_scope');
  }
  assert.equal(await client.isActive(grant.refresh_token), true);
  assert.equal(await client.isActive(grant.access_token), true);
  await refreshed(grant.refresh_token);
});

// -- Rotation -----------------------------------------------------------------------------------

test('a refresh answers with a new refresh token, and what came before stops working', async () => {
  const first = await client.obtainGrant(robin);
  const second = await refreshed(first.refresh_token);
  assert.match(second.refresh_token, /^wc_rt_/);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.notEqual(second.access_token, first.access_token);
  assert.deepEqual([second.token_type, second.expires_in], ['Bearer', 3600]);
  assert.deepEqual(scopeSet(second.scope), scopeSet(EVERYDAY));
  await assertDead(first);
  assert.equal(await client.isActive(second.access_token), true);
  assert.equal(decodeJwt(second.access_token).claims.sub, robin.id);
});

test('a chain of refreshes goes on', async () => {
  let grant = await client.obtainGrant(robin);
  const seen = new Set([grant.refresh_token]);
  for (let step = 0; step < 20; step += 1) {
    grant = await refreshed(grant.refresh_token);
    assert.ok(!seen.has(grant.refresh_token));
    seen.add(grant.refresh_token);
  }
});

test('a narrower scope holds for good', async () => {
  const first = await client.obtainGrant(robin, { scope: 'badge:print schedule:read' });
  const second = await refreshed(first.refresh_token, { scope: 'badge:print' });
  assert.equal(second.scope, 'badge:print');
  assert.equal(decodeJwt(second.access_token).claims.scope, 'badge:print');
  assertOAuthError(await client.refresh(second.refresh_token, { scope: 'badge:print schedule:read' }), 400, 'invalid_scope');
  assert.equal((await refreshed(second.refresh_token)).scope, 'badge:print');
});

test('a redirect_uri is ignored', async () => {
  const grant = await client.obtainGrant(robin);
  await refreshed(grant.refresh_token, { redirect_uri: 'https://evil.example/' });
});

test('a public client refreshes with its client_id alone', async () => {
  const application = await event.publicApplication();
  const grant = await application.obtainGrant(robin);
  await refreshed((await refreshed(grant.refresh_token, {}, application)).refresh_token, {}, application);
});

// -- Reuse and the retry window -----------------------------------------------------------------

test('an old token after the window is invalid_grant, and the whole grant is dead at once', async () => {
  const first = await client.obtainGrant(robin);
  const second = await refreshed(first.refresh_token);
  await willcall.moveClock(RETRY_WINDOW + 1);
  assertOAuthError(await client.refresh(first.refresh_token), 400, 'invalid_grant');
  await assertDead([first, second]);
  assertOAuthError(await client.refresh(second.refresh_token), 400, 'invalid_grant');
});

test('an old token inside the window, its successor already used: the whole grant is dead', async () => {
  const first = await client.obtainGrant(robin);
  const second = await refreshed(first.refresh_token);
  const third = await refreshed(second.refresh_token);
  assertOAuthError(await client.refresh(first.refresh_token), 400, 'invalid_grant');
  await assertDead([second, third]);
});

test('a token two rotations old is reuse, whenever it comes', async () => {
  const tokens = [await client.obtainGrant(robin)];
  for (let step = 0; step < 3; step += 1) tokens.push(await refreshed(tokens.at(-1).refresh_token));
  assertOAuthError(await client.refresh(tokens[1].refresh_token), 400, 'invalid_grant');
  await assertDead(tokens);
});

test('reuse ends one grant and leaves the others of the same person and application', async () => {
  const [lost, kept] = [await client.obtainGrant(robin), await client.obtainGrant(robin)];
  await refreshed(lost.refresh_token);
  await willcall.moveClock(RETRY_WINDOW + 1);
  assertOAuthError(await client.refresh(lost.refresh_token), 400, 'invalid_grant');
  await refreshed(kept.refresh_token);
});

test('inside the window the previous token gets the same successor again, as often as it asks', async () => {
  const first = await client.obtainGrant(robin);
  const answers = [await refreshed(first.refresh_token)];
  await willcall.moveClock(RETRY_WINDOW - 2);
  for (let step = 0; step < 3; step += 1) answers.push(await refreshed(first.refresh_token));
  assert.equal(new Set(answers.map((answer) => answer.refresh_token)).size, 1);
  for (const answer of answers) assert.equal(await client.isActive(answer.access_token), true, 'all of the current generation');
  const next = await refreshed(answers[0].refresh_token);
  await assertDead(answers);
  assert.equal(await client.isActive(next.access_token), true);
});

test('a retry does not move the end of the window', async () => {
  const first = await client.obtainGrant(robin);
  const second = await refreshed(first.refresh_token);
  await willcall.moveClock(RETRY_WINDOW - 3);
  await refreshed(first.refresh_token);
  await willcall.moveClock(RETRY_WINDOW - 3);
  assertOAuthError(await client.refresh(first.refresh_token), 400, 'invalid_grant');
  await assertDead(second);
});

test('on a retry the answer carries the scope that the rotation settled on', async () => {
  const first = await client.obtainGrant(robin, { scope: 'badge:print schedule:read' });
  const narrowed = await refreshed(first.refresh_token, { scope: 'badge:print' });
  for (const scope of [undefined, 'badge:print schedule:read', 'schedule:read', 'badge:print']) {
    const again = await refreshed(first.refresh_token, { scope });
    assert.equal(again.scope, 'badge:print', `asked for ${scope}`);
    assert.equal(decodeJwt(again.access_token).claims.scope, 'badge:print');
    assert.equal(again.refresh_token, narrowed.refresh_token);
  }
});

test('on a retry a scope that the presented token does not have is invalid_scope and consumes nothing', async () => {
  const first = await client.obtainGrant(robin, { scope: 'badge:print' });
  const second = await refreshed(first.refresh_token);
  assertOAuthError(await client.refresh(first.refresh_token, { scope: 'schedule:read' }), 400, 'invalid_scope');
  assert.equal((await refreshed(first.refresh_token)).refresh_token, second.refresh_token);
  await refreshed(second.refresh_token);
});

test('a retry by another client gets nothing and ends nothing', async () => {
  const other = await event.application();
  const first = await client.obtainGrant(robin);
  const second = await refreshed(first.refresh_token);
  assertOAuthError(await other.refresh(first.refresh_token), 400, 'invalid_grant');
  await refreshed(second.refresh_token);
});

test('retry_window 0: a second use is reuse at once', async () => {
  const strict = await willcall.event('strict.localhost').create({ retry_window: 0 });
  const strictClient = await strict.application();
  const first = await strictClient.obtainGrant(await strict.person());
  const second = await refreshed(first.refresh_token, {}, strictClient);
  assertOAuthError(await strictClient.refresh(first.refresh_token), 400, 'invalid_grant');
  await assertDead(second, strictClient);
});

test('retry_window 60: still the same successor after 55 seconds, reuse after 61', async () => {
  const lenient = await willcall.event('lenient.localhost').create({ retry_window: 60 });
  const lenientClient = await lenient.application();
  const first = await lenientClient.obtainGrant(await lenient.person());
  const second = await refreshed(first.refresh_token, {}, lenientClient);
  await willcall.moveClock(55);
  assert.equal((await refreshed(first.refresh_token, {}, lenientClient)).refresh_token, second.refresh_token);
  await willcall.moveClock(6);
  assertOAuthError(await lenientClient.refresh(first.refresh_token), 400, 'invalid_grant');
});

test('a changed retry_window holds within 90 seconds', async () => {
  const changing = await willcall.event('changing.localhost').create();
  const itsClient = await changing.application();
  const person = await changing.person();
  await itsClient.obtainGrant(person);
  await changing.configure({ retry_window: 0 });
  await willcall.moveClock(ALLOWED_STALENESS);
  const first = await itsClient.obtainGrant(person);
  await refreshed(first.refresh_token, {}, itsClient);
  assertOAuthError(await itsClient.refresh(first.refresh_token), 400, 'invalid_grant');
});

// -- What is no longer allowed ------------------------------------------------------------------

test('an account disabled: invalid_grant, and enabling it again brings the grant not back', async () => {
  const sam = await event.person();
  const grant = await client.obtainGrant(sam);
  await event.changeAccount(sam, { status: 'disabled' });
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  await assertDead(grant);
  await event.changeAccount(sam, { status: 'active' });
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  await assertDead(grant);
});

test('an account disabled and enabled again, with no refresh between: the grant is dead all the same', async () => {
  const sam = await event.person();
  const grant = await client.obtainGrant(sam);
  await event.changeAccount(sam, { status: 'disabled' });
  await event.changeAccount(sam, { status: 'active' });
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  await assertDead(grant);
});

test('an account deleted: invalid_grant', async () => {
  const sam = await event.person();
  const grant = await client.obtainGrant(sam);
  await event.deleteAccount(sam);
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  await assertDead(grant);
});

test('a permission of the person’s own, once lost, drops its scope at once and for good', async () => {
  const sam = await event.person({ permissions: ['staff'] });
  const first = await client.obtainGrant(sam, { scope: 'badge:print staff:roster' });
  await event.changeAccount(sam, { permissions: [] });
  const second = await refreshed(first.refresh_token);
  assert.equal(second.scope, 'badge:print');
  await event.changeAccount(sam, { permissions: ['staff'] });
  assertOAuthError(await client.refresh(second.refresh_token, { scope: 'staff:roster' }), 400, 'invalid_scope');
  assert.equal((await refreshed(second.refresh_token)).scope, 'badge:print');
});

test('none of the grant’s scopes left: invalid_grant, and the grant has ended', async () => {
  const sam = await event.person({ permissions: ['staff'] });
  const grant = await client.obtainGrant(sam, { scope: 'staff:roster' });
  await event.changeAccount(sam, { permissions: [] });
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  await event.changeAccount(sam, { permissions: ['staff'] });
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  await assertDead(grant);
});

test('only what was asked for is gone: invalid_scope, consuming nothing', async () => {
  const sam = await event.person({ permissions: ['staff'] });
  const grant = await client.obtainGrant(sam, { scope: 'badge:print staff:roster' });
  await event.changeAccount(sam, { permissions: [] });
  assertOAuthError(await client.refresh(grant.refresh_token, { scope: 'staff:roster' }), 400, 'invalid_scope');
  assert.equal(await client.isActive(grant.access_token), true);
  assert.equal((await refreshed(grant.refresh_token)).scope, 'badge:print');
});

test('what a role contains counts within 90 seconds', async () => {
  const roles = (permissions) => event.operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions }]);
  await roles(['staff']);
  const sam = await event.person({ roles: ['crew'] });
  const grant = await client.obtainGrant(sam, { scope: 'badge:print staff:roster' });
  assert.deepEqual(scopeSet(grant.scope), ['badge:print', 'staff:roster']);
  await roles([]);
  await willcall.moveClock(ALLOWED_STALENESS);
  assert.equal((await refreshed(grant.refresh_token)).scope, 'badge:print');
});

test('an approval narrowed drops the scope for good; one widened adds nothing to what was granted', async () => {
  const changing = await event.application({ approval: { obo_scopes: ['badge:print', 'schedule:read'] } });
  const first = await changing.obtainGrant(robin, { scope: 'badge:print schedule:read' });
  await event.approve(changing, { obo_scopes: ['badge:print'] });
  await willcall.moveClock(ALLOWED_STALENESS);
  const second = await refreshed(first.refresh_token, {}, changing);
  assert.equal(second.scope, 'badge:print');
  await event.approve(changing, { obo_scopes: ['badge:print', 'schedule:read', 'pii:basic'] });
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await changing.refresh(second.refresh_token, { scope: 'badge:print pii:basic' }), 400, 'invalid_scope');
  assert.equal((await refreshed(second.refresh_token, {}, changing)).scope, 'badge:print');
});

test('a suspended integration is unauthorized_client and consumes nothing; resumed, the same token is good', async () => {
  const paused = await event.application();
  const grant = await paused.obtainGrant(robin);
  await event.approve(paused, { status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await paused.refresh(grant.refresh_token), 400, 'unauthorized_client');
  await event.approve(paused, { status: 'active' });
  assert.equal(await paused.isActive(grant.access_token), true);
  await refreshed(grant.refresh_token, {}, paused);
});

test('an integration deleted is unauthorized_client; approved again, nothing of before revives', async () => {
  const brief = await event.application();
  const grant = await brief.obtainGrant(robin);
  await event.operator.must('DELETE', `${event.path}/integrations/${brief.client_id}`);
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await brief.refresh(grant.refresh_token), 400, 'unauthorized_client');
  await event.approve(brief);
  assertOAuthError(await brief.refresh(grant.refresh_token), 400, 'invalid_grant');
  await assertDead(grant, brief);
  await brief.obtainGrant(robin);
});

test('the aliases are the same endpoint', async () => {
  let { refresh_token } = await client.obtainGrant(robin);
  for (const alias of ['/oauth2/token', '/connect/token']) {
    const reply = await client.post(alias, { grant_type: 'refresh_token', refresh_token });
    assert.equal(reply.status, 200, reply.text);
    refresh_token = reply.json.refresh_token;
  }
});

// -- Time, last because it moves the clock far ---------------------------------------------------

test('refresh_idle_days: a grant idle for longer is over, one in use goes on', async () => {
  const idle = await willcall.event('idle.localhost').create({ refresh_idle_days: 7 });
  const idleClient = await idle.application();
  const person = await idle.person();
  const [used, unused] = [await idleClient.obtainGrant(person), await idleClient.obtainGrant(person)];
  await willcall.moveClock(5 * DAY);
  const renewed = await refreshed(used.refresh_token, {}, idleClient);
  await willcall.moveClock(5 * DAY);
  await refreshed(renewed.refresh_token, {}, idleClient);
  assertOAuthError(await idleClient.refresh(unused.refresh_token), 400, 'invalid_grant');
  assert.equal(await idleClient.isActive(unused.refresh_token), false);
});

test('a refresh token does not expire by time', async () => {
  const grant = await client.obtainGrant(robin);
  await willcall.moveClock(800 * DAY);
  assert.equal(await client.isActive(grant.refresh_token), true);
  await refreshed(grant.refresh_token);
});
