// Contract 6: introspection (RFC 7662) and revocation (RFC 7009).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ALLOWED_STALENESS, EVERYDAY, Willcall, assertOAuthError, assertUncached, decodeJwt, scopeSet, tampered } from './harness.mjs';

const INACTIVE = { active: false };

let willcall;
let event;
let client;
let robin;
let monitor;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  client = await event.application();
  robin = await event.person();
  // What sees every token of the event, and so how the tests see that a token is dead and not only foreign.
  monitor = await event.application({ redirect_uris: [], approval: { obo_scopes: [], service_scopes: ['token:introspect'] } });
});

after(() => willcall?.stop());

async function assertInactive(token, by = client) {
  const reply = await by.introspect(token);
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(reply.json, INACTIVE);
}

async function assertGrant(active, grants) {
  for (const { access_token, refresh_token } of [grants].flat()) {
    assert.equal(await monitor.isActive(access_token), active, 'the access token');
    assert.equal(await monitor.isActive(refresh_token), active, 'the refresh token');
  }
}

// -- Introspection: refusals --------------------------------------------------------------------

test('introspection is for confidential clients: 401 invalid_client otherwise', async () => {
  const application = await event.publicApplication();
  const grant = await application.obtainGrant(robin);
  assertOAuthError(await application.introspect(grant.access_token), 401, 'invalid_client');
  assertOAuthError(await event.send('/api/oauth/introspect', { form: { token: grant.access_token } }), 401, 'invalid_client');
});

test('a missing or empty token is invalid_request, at both endpoints', async () => {
  for (const token of [undefined, '']) {
    assertOAuthError(await client.introspect(token), 400, 'invalid_request');
    assertOAuthError(await client.revoke(token), 400, 'invalid_request');
  }
});

test('introspection by a suspended integration is unauthorized_client; its tokens are inactive until it is resumed', async () => {
  const paused = await event.application();
  const grant = await paused.obtainGrant(robin);
  await event.approve(paused, { status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await paused.introspect(grant.access_token), 400, 'unauthorized_client');
  await assertGrant(false, grant);
  await event.approve(paused, { status: 'active' });
  await assertGrant(true, grant);
});

test('anything unknown is {"active":false} and no more', async () => {
  const { access_token, refresh_token } = await client.obtainGrant(robin);
  const { code } = await client.obtainCode(robin);
  const unknown = ['x', 'é', '\u0000', 'a.b.c', 'wc_rt_x', 'wc_pat_x', code, tampered(access_token), tampered(refresh_token), `${access_token}A`, access_token.slice(0, -1), client.client_secret, 'x'.repeat(4000)];
  for (const token of unknown) {
    await assertInactive(token);
    await assertInactive(token, monitor);
  }
});

test('an access token whose header or claims were changed is inactive', async () => {
  const { access_token } = await client.obtainGrant(robin);
  const [header, claims, signature] = access_token.split('.');
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const decoded = decodeJwt(access_token);
  const forged = [
    `${encode({ ...decoded.header, alg: 'none' })}.${claims}.`,
    `${encode({ ...decoded.header, alg: 'none' })}.${claims}.${signature}`,
    `${encode({ ...decoded.header, typ: 'JWT' })}.${claims}.${signature}`,
    `${header}.${encode({ ...decoded.claims, exp: decoded.claims.exp + 1 })}.${signature}`,
    `${header}.${encode({ ...decoded.claims, scope: 'settings:write' })}.${signature}`,
    `${header}.${claims}.`,
    `${header}.${claims}`,
    `${header}.${claims}.${signature}.${signature}`,
  ];
  for (const token of forged) await assertInactive(token, monitor);
});

test('another client’s token is {"active":false}', async () => {
  const grant = await client.obtainGrant(robin);
  const other = await event.application();
  await assertInactive(grant.access_token, other);
  await assertInactive(grant.refresh_token, other);
});

test('a token that was rotated away is inactive at once, inside the retry window too', async () => {
  const first = await client.obtainGrant(robin);
  const second = await client.refresh(first.refresh_token);
  await assertGrant(false, first);
  await assertGrant(true, second.json);
});

test('an access token is inactive once its hour is over; the refresh token stays', async () => {
  const grant = await client.obtainGrant(robin);
  await willcall.moveClock(3590);
  assert.equal(await client.isActive(grant.access_token), true);
  await willcall.moveClock(11);
  await assertInactive(grant.access_token);
  assert.equal(await client.isActive(grant.refresh_token), true);
});

test('disabling or deleting the account makes its tokens inactive at once', async () => {
  for (const end of [(person) => event.changeAccount(person, { status: 'disabled' }), (person) => event.deleteAccount(person)]) {
    const sam = await event.person();
    const grant = await client.obtainGrant(sam);
    await end(sam);
    await assertGrant(false, grant);
  }
});

// -- Introspection: answers ---------------------------------------------------------------------

test('an active access token: what RFC 7662 names', async () => {
  const { access_token } = await client.obtainGrant(robin);
  const { claims } = decodeJwt(access_token);
  const reply = await client.introspect(access_token);
  assertUncached(reply);
  assert.match(reply.headers['content-type'], /^application\/json\b/);
  const { active, client_id, sub, iss, aud, exp, iat, scope } = reply.json;
  assert.deepEqual({ active, client_id, sub, iss, aud, exp, iat }, {
    active: true, client_id: client.client_id, sub: robin.id, iss: event.issuer, aud: event.issuer, exp: claims.exp, iat: claims.iat,
  });
  assert.deepEqual(scopeSet(scope), scopeSet(EVERYDAY));
});

test('an active refresh token', async () => {
  const { refresh_token } = await client.obtainGrant(robin);
  const { active, client_id, sub, scope } = (await client.introspect(refresh_token)).json;
  assert.deepEqual({ active, client_id, sub, scope: scopeSet(scope) }, { active: true, client_id: client.client_id, sub: robin.id, scope: scopeSet(EVERYDAY) });
});

test('a wrong token_type_hint does no harm, at both endpoints', async () => {
  const grant = await client.obtainGrant(robin);
  for (const token_type_hint of ['refresh_token', 'access_token', 'nonsense']) {
    assert.equal((await client.introspect(grant.access_token, { token_type_hint })).json.active, true);
    assert.equal((await client.introspect(grant.refresh_token, { token_type_hint })).json.active, true);
  }
  assert.equal((await client.revoke(grant.refresh_token, { token_type_hint: 'access_token' })).status, 200);
  await assertGrant(false, grant);
});

test('an integration approved for token:introspect sees any token of the event', async () => {
  const grant = await client.obtainGrant(robin);
  for (const token of [grant.access_token, grant.refresh_token]) {
    const { active, client_id } = (await monitor.introspect(token)).json;
    assert.deepEqual({ active, client_id }, { active: true, client_id: client.client_id });
  }
  await event.approve(monitor, { obo_scopes: [], service_scopes: [] });
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertInactive(grant.access_token, monitor);
  await event.approve(monitor, { obo_scopes: [], service_scopes: ['token:introspect'] });
});

// -- Revocation ---------------------------------------------------------------------------------

test('revocation asks for client authentication', async () => {
  const grant = await client.obtainGrant(robin);
  assertOAuthError(await event.send('/api/oauth/revoke', { form: { token: grant.access_token } }), 401, 'invalid_client');
  assertOAuthError(await event.send('/api/oauth/revoke', { form: { token: grant.access_token, client_id: client.client_id, client_secret: 'wrong' } }), 401, 'invalid_client');
  await assertGrant(true, grant);
});

test('revoking an unknown or a foreign token is 200 and changes nothing', async () => {
  const grant = await client.obtainGrant(robin);
  const other = await event.application();
  for (const token of ['x', 'é', 'wc_rt_x', tampered(grant.refresh_token), tampered(grant.access_token), grant.refresh_token, grant.access_token]) {
    assert.equal((await other.revoke(token)).status, 200);
  }
  await assertGrant(true, grant);
});

test('revoking the refresh token ends the whole grant', async () => {
  const grant = await client.obtainGrant(robin);
  const reply = await client.revoke(grant.refresh_token);
  assert.equal(reply.status, 200);
  assertUncached(reply);
  await assertGrant(false, grant);
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
});

test('revoking an access token ends the whole grant', async () => {
  const grant = await client.obtainGrant(robin);
  assert.equal((await client.revoke(grant.access_token)).status, 200);
  await assertGrant(false, grant);
});

test('revoking a token that was rotated away ends the whole grant', async () => {
  for (const kind of ['refresh_token', 'access_token']) {
    const first = await client.obtainGrant(robin);
    const second = (await client.refresh(first.refresh_token)).json;
    assert.equal((await client.revoke(first[kind])).status, 200);
    await assertGrant(false, [first, second]);
  }
});

test('revoking twice is 200 twice, and inside the retry window nothing comes back', async () => {
  const first = await client.obtainGrant(robin);
  const second = (await client.refresh(first.refresh_token)).json;
  for (let count = 0; count < 2; count += 1) assert.equal((await client.revoke(second.refresh_token)).status, 200);
  assertOAuthError(await client.refresh(first.refresh_token), 400, 'invalid_grant');
  await assertGrant(false, [first, second]);
});

test('revocation ends one grant and leaves the others of the same person and application', async () => {
  const [ended, kept] = [await client.obtainGrant(robin), await client.obtainGrant(robin)];
  await client.revoke(ended.refresh_token);
  await assertGrant(false, ended);
  await assertGrant(true, kept);
});

test('a code whose grant was revoked stays redeemed', async () => {
  const code = await client.obtainCode(robin);
  const grant = (await client.redeem(code)).json;
  await client.revoke(grant.refresh_token);
  assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
  await assertGrant(false, grant);
});

test('a public client revokes its own', async () => {
  const application = await event.publicApplication();
  const grant = await application.obtainGrant(robin);
  assert.equal((await application.revoke(grant.refresh_token)).status, 200);
  await assertGrant(false, grant);
});

test('a suspended integration may still revoke', async () => {
  const paused = await event.application();
  const grant = await paused.obtainGrant(robin);
  await event.approve(paused, { status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  assert.equal((await paused.revoke(grant.refresh_token)).status, 200);
  await event.approve(paused, { status: 'active' });
  await assertGrant(false, grant);
});

test('an organiser’s revocation of one grant', async () => {
  const [ended, kept] = [await client.obtainGrant(robin, { scope: 'badge:print' }), await client.obtainGrant(robin, { scope: 'schedule:read' })];
  const path = `${event.path}/accounts/${robin.id}/grants`;
  const { items } = await event.operator.must('GET', `${path}?limit=100`);
  const grant = items.find((item) => item.scope === 'badge:print' && item.client_id === client.client_id);
  await event.operator.must('DELETE', `${path}/${grant.id}`);
  assertOAuthError(await client.refresh(ended.refresh_token), 400, 'invalid_grant');
  await assertGrant(false, ended);
  await assertGrant(true, kept);
});

test('the aliases are the same endpoints', async () => {
  const grant = await client.obtainGrant(robin);
  for (const alias of ['/oauth2/introspect', '/connect/introspect']) {
    assert.equal((await client.post(alias, { token: grant.access_token })).json.active, true);
  }
  const other = await client.obtainGrant(robin);
  for (const [alias, token] of [['/oauth2/revoke', grant], ['/connect/revocation', other]]) {
    assert.equal((await client.post(alias, { token: token.refresh_token })).status, 200);
    await assertGrant(false, token);
  }
});
