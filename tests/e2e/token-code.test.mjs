// Contract 4: the token endpoint, grant type authorization_code.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
  ALLOWED_STALENESS, EVERYDAY, Willcall, assertOAuthError, assertUncached, decodeJwt, formEncoded, pkce, scopeSet, tampered,
} from './harness.mjs';

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

async function assertRedeems(code, { by = client, fields } = {}) {
  const reply = await by.redeem(code, fields);
  assert.equal(reply.status, 200, reply.text);
  return reply.json;
}

async function assertDead(grant, by = client) {
  assert.equal(await by.isActive(grant.access_token), false, 'the access token');
  assert.equal(await by.isActive(grant.refresh_token), false, 'the refresh token');
  assertOAuthError(await by.refresh(grant.refresh_token), 400, 'invalid_grant');
}

async function assertAlive(grant, by = client) {
  assert.equal(await by.isActive(grant.access_token), true);
  assert.equal((await by.refresh(grant.refresh_token)).status, 200);
}

// -- What is refused, and burns nothing ---------------------------------------------------------

test('a missing or empty grant_type is invalid_request, an unknown one unsupported_grant_type', async () => {
  for (const grant_type of [undefined, '']) assertOAuthError(await client.token({ grant_type, code: 'x' }), 400, 'invalid_request');
  for (const grant_type of ['password', 'implicit', 'Authorization_Code', 'urn:ietf:params:oauth:grant-type:device_code']) {
    assertOAuthError(await client.token({ grant_type }), 400, 'unsupported_grant_type');
  }
});

test('a missing or empty code is invalid_request', async () => {
  for (const code of [undefined, '']) {
    assertOAuthError(await client.token({ grant_type: 'authorization_code', code, redirect_uri: client.redirectUri }), 400, 'invalid_request');
  }
});

test('the checks come in their order: client, grant type, integration, the grant’s own parameters', async () => {
  const stranger = await event.operator.registerApplication();
  const auth = { client_id: stranger.client_id, client_secret: stranger.client_secret };
  const post = (form) => event.send('/api/oauth/token', { form });
  assertOAuthError(await post({ ...auth, client_secret: 'wrong', grant_type: 'nonsense' }), 401, 'invalid_client');
  assertOAuthError(await post({ ...auth }), 400, 'invalid_request');
  assertOAuthError(await post({ ...auth, grant_type: 'nonsense' }), 400, 'unsupported_grant_type');
  assertOAuthError(await post({ ...auth, grant_type: 'authorization_code' }), 400, 'unauthorized_client');
});

test('a code that is garbage, changed or another kind of token is invalid_grant', async () => {
  const { code, redirect_uri } = await client.obtainCode(robin);
  const grant = await client.obtainGrant(robin);
  const others = ['x', 'a.b.c', '.', '..', code.slice(1), code.slice(0, -1), `${code}A`, `${code}.`, ` ${code}`, 'é', '\u0000', grant.refresh_token, grant.access_token, 'x'.repeat(4000)];
  for (let at = 0; at < code.length; at += Math.ceil(code.length / 20)) others.push(tampered(code, at));
  for (const other of others) assertOAuthError(await client.redeem({ code: other, redirect_uri }), 400, 'invalid_grant');
  await assertRedeems({ code, redirect_uri });
});

test('another client’s code is invalid_grant, and stays good for its own client', async () => {
  const other = await event.application();
  const code = await client.obtainCode(robin);
  assertOAuthError(await other.redeem(code), 400, 'invalid_grant');
  await assertRedeems(code);
});

test('a redirect_uri that differs, or is missing though it was sent, is invalid_grant and burns nothing', async () => {
  const code = await client.obtainCode(robin);
  for (const redirect_uri of [undefined, '', `${client.redirectUri}/`, 'https://evil.example/', 'HTTPS://badges.example.com/callback']) {
    assertOAuthError(await client.redeem({ ...code, redirect_uri }), 400, 'invalid_grant');
  }
  await assertRedeems(code);
});

test('redirect_uri left out of the request may be left out of the redemption, or equal the one used', async () => {
  for (const redirect_uri of [undefined, client.redirectUri]) {
    const code = await client.obtainCode(robin, { redirect_uri: undefined });
    assertOAuthError(await client.redeem({ ...code, redirect_uri: 'https://evil.example/' }), 400, 'invalid_grant');
    await assertRedeems({ ...code, redirect_uri });
  }
});

test('of several registered URIs only the one that was used redeems the code', async () => {
  const uris = ['https://badges.example.com/one', 'https://badges.example.com/two'];
  const two = await event.application({ redirect_uris: uris });
  const code = await two.obtainCode(robin, { redirect_uri: uris[1] });
  assertOAuthError(await two.redeem({ ...code, redirect_uri: uris[0] }), 400, 'invalid_grant');
  await assertRedeems(code, { by: two });
});

test('a code_verifier that is wrong or missing is invalid_grant and burns nothing', async () => {
  const code = await client.obtainCode(robin, { pkce: true });
  for (const code_verifier of [undefined, '', pkce().verifier, 'short', tampered(code.code_verifier), `${code.code_verifier}A`, 'x'.repeat(200), 'é'.repeat(50)]) {
    assertOAuthError(await client.redeem({ ...code, code_verifier }), 400, 'invalid_grant');
  }
  await assertRedeems(code);
});

test('the challenge itself is no verifier', async () => {
  const { challenge } = pkce();
  const code = await client.obtainCode(robin, { code_challenge: challenge, code_challenge_method: 'S256' });
  assertOAuthError(await client.redeem({ ...code, code_verifier: challenge }), 400, 'invalid_grant');
});

test('a code_verifier where no challenge was sent is invalid_grant and burns nothing', async () => {
  const code = await client.obtainCode(robin);
  assertOAuthError(await client.redeem({ ...code, code_verifier: pkce().verifier }), 400, 'invalid_grant');
  await assertRedeems(code);
});

test('a scope wider than what was granted is invalid_scope and burns nothing', async () => {
  const code = await client.obtainCode(robin, { scope: 'badge:print' });
  for (const scope of ['badge:print schedule:read', 'schedule:read', 'no:such', 'report:read', 'a"b']) {
    assertOAuthError(await client.redeem(code, { scope }), 400, 'invalid_scope');
  }
  await assertRedeems(code);
});

test('a wrong client secret is 401 and burns nothing', async () => {
  const code = await client.obtainCode(robin);
  const reply = await event.send('/api/oauth/token', {
    form: { grant_type: 'authorization_code', code: code.code, redirect_uri: code.redirect_uri, client_id: client.client_id, client_secret: 'wrong' },
  });
  assertOAuthError(reply, 401, 'invalid_client');
  await assertRedeems(code);
});

test('a code is good for 60 seconds and no longer', async () => {
  const [early, late] = [await client.obtainCode(robin), await client.obtainCode(robin)];
  await willcall.moveClock(57);
  await assertRedeems(early);
  await willcall.moveClock(4);
  assertOAuthError(await client.redeem(late), 400, 'invalid_grant');
});

test('the query string is never read', async () => {
  const code = await client.obtainCode(robin);
  const query = formEncoded({ grant_type: 'authorization_code', client_id: client.client_id, client_secret: client.client_secret, ...code });
  const reply = await event.send(`/api/oauth/token?${query}`, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: '' });
  assert.ok([400, 401].includes(reply.status), reply.text);
  assert.ok(['invalid_request', 'invalid_client'].includes(reply.json.error), reply.text);
  await assertRedeems(code);
});

// -- A second redemption ------------------------------------------------------------------------

test('a second redemption is invalid_grant and ends everything that the code produced', async () => {
  const code = await client.obtainCode(robin);
  const first = await assertRedeems(code);
  const refreshed = await client.refresh(first.refresh_token);
  assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
  await assertDead(first);
  await assertDead(refreshed.json);
});

test('a second redemption ends no other grant of the same person and application', async () => {
  const kept = await client.obtainGrant(robin);
  const code = await client.obtainCode(robin);
  await assertRedeems(code);
  assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
  await assertAlive(kept);
});

test('a second redemption that is not otherwise valid ends nothing', async () => {
  const other = await event.application();
  const code = await client.obtainCode(robin, { pkce: true });
  const grant = await assertRedeems(code);
  assertOAuthError(await other.redeem(code), 400, 'invalid_grant');
  assertOAuthError(await client.redeem({ ...code, code_verifier: pkce().verifier }), 400, 'invalid_grant');
  assertOAuthError(await client.redeem({ ...code, code_verifier: undefined }), 400, 'invalid_grant');
  assertOAuthError(await client.redeem({ ...code, redirect_uri: 'https://evil.example/' }), 400, 'invalid_grant');
  await assertAlive(grant);
});

test('a second redemption after the 60 seconds ends nothing', async () => {
  const code = await client.obtainCode(robin);
  const grant = await assertRedeems(code);
  await willcall.moveClock(61);
  assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
  await assertAlive(grant);
});

// -- What has changed since the code was issued -------------------------------------------------

test('an account disabled or deleted meanwhile: invalid_grant, and enabling it brings the code not back', async () => {
  const sam = await event.person();
  const code = await client.obtainCode(sam);
  await event.changeAccount(sam, { status: 'disabled' });
  assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
  await event.changeAccount(sam, { status: 'active' });
  assertOAuthError(await client.redeem(code), 400, 'invalid_grant');

  const kim = await event.person();
  const theirs = await client.obtainCode(kim);
  await event.deleteAccount(kim);
  assertOAuthError(await client.redeem(theirs), 400, 'invalid_grant');
});

test('a permission lost meanwhile drops its scope at once; when nothing is left it is invalid_grant', async () => {
  const sam = await event.person({ permissions: ['staff'] });
  const mixed = await client.obtainCode(sam, { scope: 'badge:print staff:roster' });
  const only = await client.obtainCode(sam, { scope: 'staff:roster' });
  await event.changeAccount(sam, { permissions: [] });
  assert.equal((await assertRedeems(mixed)).scope, 'badge:print');
  assertOAuthError(await client.redeem(only), 400, 'invalid_grant');
});

test('an integration withdrawn meanwhile is unauthorized_client', async () => {
  const brief = await event.application();
  const code = await brief.obtainCode(robin);
  await event.operator.must('DELETE', `${event.path}/integrations/${brief.client_id}`);
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await brief.redeem(code), 400, 'unauthorized_client');
});

// -- Success ------------------------------------------------------------------------------------

test('success: the members that RFC 6749 names, uncached, and nothing else', async () => {
  const reply = await client.redeem(await client.obtainCode(robin));
  assert.equal(reply.status, 200);
  assert.match(reply.headers['content-type'], /^application\/json\b/);
  assertUncached(reply);
  const { access_token, refresh_token, ...rest } = reply.json;
  assert.match(access_token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.match(refresh_token, /^wc_rt_[\w.-]+$/);
  assert.deepEqual({ ...rest, scope: scopeSet(rest.scope) }, { token_type: 'Bearer', expires_in: 3600, scope: scopeSet(EVERYDAY) });
});

test('the access token is a JWS of the kind at+jwt with the claims of RFC 9068', async () => {
  const now = await willcall.now();
  const grant = await client.obtainGrant(robin);
  const { header, claims } = decodeJwt(grant.access_token);
  assert.deepEqual([header.alg, header.typ, typeof header.kid], ['HS256', 'at+jwt', 'string']);
  assert.equal(claims.iss, event.issuer);
  assert.equal(claims.aud, event.issuer);
  assert.equal(claims.sub, robin.id);
  assert.match(claims.sub, /^acc_/);
  assert.equal(claims.client_id, client.client_id);
  assert.deepEqual(scopeSet(claims.scope), scopeSet(EVERYDAY));
  assert.equal(claims.exp - claims.iat, 3600);
  assert.ok(Math.abs(claims.iat - now) <= 2);
  assert.equal(typeof claims.jti, 'string');
  assert.notEqual(decodeJwt((await client.obtainGrant(robin)).access_token).claims.jti, claims.jti);
});

test('a narrower scope at redemption holds for good', async () => {
  const grant = await assertRedeems(await client.obtainCode(robin, { scope: 'badge:print schedule:read' }), { fields: { scope: 'badge:print' } });
  assert.equal(grant.scope, 'badge:print');
  assertOAuthError(await client.refresh(grant.refresh_token, { scope: 'badge:print schedule:read' }), 400, 'invalid_scope');
  assert.equal((await client.refresh(grant.refresh_token)).json.scope, 'badge:print');
});

test('a public client redeems with its verifier alone', async () => {
  const application = await event.publicApplication();
  const code = await application.obtainCode(robin);
  assertOAuthError(await application.redeem({ ...code, code_verifier: undefined }), 400, 'invalid_grant');
  await assertRedeems(code, { by: application });
});

test('a redirect_uri on another loopback port is redeemed with the one that was used', async () => {
  const native = await event.publicApplication({ redirect_uris: ['http://127.0.0.1/callback'] });
  const code = await native.obtainCode(robin, { redirect_uri: 'http://127.0.0.1:49152/callback' });
  assertOAuthError(await native.redeem({ ...code, redirect_uri: 'http://127.0.0.1/callback' }), 400, 'invalid_grant');
  await assertRedeems(code, { by: native });
});

test('a JSON body is as good as a form', async () => {
  const code = await client.obtainCode(robin);
  const reply = await event.send('/api/oauth/token', {
    json: { grant_type: 'authorization_code', ...code, client_id: client.client_id, client_secret: client.client_secret },
  });
  assert.equal(reply.status, 200, reply.text);
  const again = await event.send('/api/oauth/token', {
    json: { grant_type: 'refresh_token', refresh_token: reply.json.refresh_token, client_id: Number(client.client_id), client_secret: client.client_secret },
  });
  assert.equal(again.status, 200, 'an integer is taken as its decimal text');
});

test('the aliases are the same endpoint', async () => {
  for (const alias of ['/oauth2/token', '/connect/token']) {
    const { code, redirect_uri } = await client.obtainCode(robin);
    const reply = await client.post(alias, { grant_type: 'authorization_code', code, redirect_uri });
    assert.equal(reply.status, 200, reply.text);
  }
});
