// Whole flows with client libraries that know nothing of Willcall, each with its default settings
// (but for plain http, which they refuse unless told that the server is on this machine).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';

import { EVERYDAY, RETRY_WINDOW, Willcall, scopeSet } from './harness.mjs';

const onLoopback = { [oauth.allowInsecureRequests]: true };

let willcall;
let event;
let robin;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  robin = await event.person({ name: 'Robin Example' });
});

after(() => willcall?.stop());

/** Has the person follow an authorization URL and say yes; gives the address they come back to. */
async function follow(url) {
  const browser = await robin.browser();
  const page = await browser.open(url);
  const answer = page.isConsent ? await page.press('Authorize Application') : page;
  assert.ok(answer.departure, `${answer.status} ${answer.text.slice(0, 200)}`);
  return answer.departure;
}

// -- openid-client ------------------------------------------------------------------------------

async function discovered(client, authentication) {
  const options = { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] };
  return openid.discovery(new URL(event.issuer), client.client_id, client.client_secret, authentication, options);
}

async function authorizeWithOpenidClient(config, client) {
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: client.redirectUri,
    scope: EVERYDAY,
    state: expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  return openid.authorizationCodeGrant(config, await follow(url), { pkceCodeVerifier, expectedState });
}

for (const [name, authentication] of [['its default authentication', () => undefined], ['client_secret_basic', (secret) => openid.ClientSecretBasic(secret)]]) {
  test(`openid-client, ${name}: authorize, call, refresh, introspect, revoke`, async () => {
    const client = await event.application();
    const config = await discovered(client, authentication(client.client_secret));
    const tokens = await authorizeWithOpenidClient(config, client);
    assert.deepEqual(scopeSet(tokens.scope), scopeSet(EVERYDAY));
    assert.equal(tokens.expires_in, 3600);

    const users = new URL('/api/users/current', event.issuer);
    const response = await openid.fetchProtectedResource(config, tokens.access_token, users, 'GET');
    assert.deepEqual(await response.json(), { id: robin.id, name: 'Robin Example' });

    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, false);
    assert.equal((await openid.tokenIntrospection(config, refreshed.access_token)).sub, robin.id);

    await openid.tokenRevocation(config, refreshed.refresh_token);
    assert.equal((await openid.tokenIntrospection(config, refreshed.access_token)).active, false);
    await assert.rejects(openid.refreshTokenGrant(config, refreshed.refresh_token), { error: 'invalid_grant', status: 400 });
  });
}

test('openid-client understands a refusal', async () => {
  const client = await event.application();
  const config = await discovered(client);
  const url = openid.buildAuthorizationUrl(config, { redirect_uri: client.redirectUri, scope: 'no:such', state: 'a-state' });
  await assert.rejects(openid.authorizationCodeGrant(config, await follow(url), { expectedState: 'a-state' }), { error: 'invalid_scope' });

  const stranger = await openid.discovery(new URL(event.issuer), client.client_id, 'wrong', undefined, { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] });
  await assert.rejects(openid.refreshTokenGrant(stranger, 'x'), { error: 'invalid_client', status: 401 });
});

test('openid-client as a public client', async () => {
  const client = await event.publicApplication();
  const config = await discovered(client, openid.None());
  const tokens = await authorizeWithOpenidClient(config, client);
  const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
  assert.ok(refreshed.access_token);
  await openid.tokenRevocation(config, refreshed.refresh_token);
});

test('a library finds the metadata when told of plain OAuth 2.0, or given its address; its default is OpenID Connect’s, which is 404', async () => {
  const client = await event.application();
  const execute = [openid.allowInsecureRequests];
  const discover = (server, options) => openid.discovery(new URL(server), client.client_id, client.client_secret, undefined, { execute, ...options });
  const metadata = `${event.issuer}/.well-known/oauth-authorization-server`;
  const [byName, byAddress] = await Promise.all([discover(event.issuer, { algorithm: 'oauth2' }), discover(metadata)]);
  assert.deepEqual(byAddress.serverMetadata(), byName.serverMetadata());
  assert.equal((await authorizeWithOpenidClient(byAddress, client)).token_type, 'bearer');

  await assert.rejects(discover(event.issuer), ({ cause }) => cause.status === 404);
  const issuer = new URL(event.issuer);
  assert.equal((await oauth.discoveryRequest(issuer, onLoopback)).status, 404);
});

// -- oauth4webapi -------------------------------------------------------------------------------

async function authorizationServer() {
  const issuer = new URL(event.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...onLoopback }));
}

for (const method of ['client_secret_basic', 'client_secret_post', 'none']) {
  test(`oauth4webapi, ${method}: authorize, call, refresh, revoke`, async () => {
    const application = method === 'none' ? await event.publicApplication() : await event.application();
    const client = { client_id: application.client_id };
    const authentication = {
      client_secret_basic: () => oauth.ClientSecretBasic(application.client_secret),
      client_secret_post: () => oauth.ClientSecretPost(application.client_secret),
      none: () => oauth.None(),
    }[method]();
    const server = await authorizationServer();

    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint);
    url.search = new URLSearchParams({
      client_id: client.client_id, redirect_uri: application.redirectUri, response_type: 'code', scope: EVERYDAY, state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const parameters = oauth.validateAuthResponse(server, client, await follow(url), state);
    const tokens = await oauth.processAuthorizationCodeResponse(
      server, client, await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, application.redirectUri, verifier, onLoopback),
    );
    assert.equal(tokens.token_type, 'bearer');

    const users = new URL('/api/users/current', event.issuer);
    const response = await oauth.protectedResourceRequest(tokens.access_token, 'GET', users, undefined, undefined, onLoopback);
    assert.equal((await response.json()).id, robin.id);

    const refresh = async (token) => {
      const reply = await oauth.refreshTokenGrantRequest(server, client, authentication, token, onLoopback);
      return oauth.processRefreshTokenResponse(server, client, reply);
    };
    const refreshed = await refresh(tokens.refresh_token);
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token, onLoopback));
    await assert.rejects(refresh(refreshed.refresh_token), { error: 'invalid_grant' });
  });
}

test('a library that refreshes in two places at once stays signed in', async () => {
  const client = await event.application();
  const config = await discovered(client);
  let tokens = await authorizeWithOpenidClient(config, client);
  for (let step = 0; step < 5; step += 1) {
    const [one, other] = await Promise.all([openid.refreshTokenGrant(config, tokens.refresh_token), openid.refreshTokenGrant(config, tokens.refresh_token)]);
    assert.equal(one.refresh_token, other.refresh_token);
    tokens = step % 2 ? one : other;
    await willcall.moveClock(RETRY_WINDOW * 2);
  }
});
