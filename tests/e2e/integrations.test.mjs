// Services, the other layouts, personal access tokens, and what an operator sees of them, end to end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import {
  ALLOWED_STALENESS, Client, EVERYDAY, RETRY_WINDOW, Willcall, assertBearerRefusal, assertErrorPage, assertErrorRedirect, assertOAuthError, callApi,
  decodeJwt, eventually, pkce, scopeSet, tampered, temporaryDirectory,
} from './harness.mjs';
import { elements } from './html.mjs';

const DAY = 24 * 3600;
const CALLBACK = 'https://badges.example.com/callback';

let willcall;
let event;
let operator;
let robin;
let inspector;
let chromiumBrowser;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  operator = event.operator;
  await operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions: ['staff', 'doors'] }]);
  robin = await event.person({ name: 'Robin Example' });
  inspector = await service(['token:introspect']);
});

after(async () => {
  await chromiumBrowser?.close();
  await willcall?.stop();
});

// -- Helpers ------------------------------------------------------------------------------------

/** An application approved as a service, and for nothing on behalf of people unless said. */
function service(service_scopes, approval = {}, fields = {}) {
  return event.application({ redirect_uris: [], ...fields, approval: { obo_scopes: [], service_scopes, ...approval } });
}

const refreshing = (service_scopes = ['report:read', 'stats:read']) => service(service_scopes, { service_refresh_tokens: true });

const asService = (client, fields) => client.token({ grant_type: 'client_credentials', ...fields });

async function issued(reply) {
  const answer = await reply;
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

/** What the token's authority says: at once, whatever a replica knows. */
async function isActive(token) {
  return (await issued(inspector.introspect(token))).active;
}

function jsonToken(client, fields, path = '/connect/token') {
  return event.send(path, { json: { client_id: client.client_id, client_secret: client.client_secret, ...fields } });
}

// -- client_credentials -------------------------------------------------------------------------

test('client_credentials: the scopes that are approved, or any subset; no refresh token', async () => {
  const client = await service(['stats:read', 'report:read', 'user:read'], { obo_scopes: ['badge:print'] });
  const everything = await issued(asService(client));
  assert.deepEqual(scopeSet(everything.scope), ['report:read', 'stats:read', 'user:read']);
  const { access_token, ...rest } = await issued(asService(client, { scope: 'report:read stats:read report:read' }));
  assert.deepEqual({ ...rest, scope: scopeSet(rest.scope) }, { token_type: 'Bearer', expires_in: 3600, scope: ['report:read', 'stats:read'] });
  const { header, claims } = decodeJwt(access_token);
  assert.deepEqual([header.typ, header.alg], ['at+jwt', 'HS256']);
  assert.deepEqual([claims.sub, claims.client_id, claims.iss, claims.aud], [client.client_id, client.client_id, event.issuer, event.issuer]);
});

test('client_credentials: a scope for people only, not approved, or unknown is invalid_scope', async () => {
  const client = await service(['report:read'], { obo_scopes: ['badge:print', 'stats:read', 'pii:basic'] });
  for (const scope of ['badge:print', 'pii:basic', 'stats:read', 'user:read', 'no:such', 'report:read badge:print', 'REPORT:READ', 'report:read "x"']) {
    assertOAuthError(await asService(client, { scope }), 400, 'invalid_scope');
  }
  await issued(asService(client, { scope: 'report:read' }));
});

test('client_credentials: nothing approved for the service is invalid_scope', async () => {
  const client = await service([], { obo_scopes: ['badge:print'] });
  for (const scope of [undefined, '', 'report:read']) assertOAuthError(await asService(client, { scope }), 400, 'invalid_scope');
});

test('client_credentials: a public client is unauthorized_client', async () => {
  const client = await service(['report:read'], {}, { type: 'public' });
  for (const scope of [undefined, 'report:read']) assertOAuthError(await asService(client, { scope }), 400, 'unauthorized_client');
});

test('an approval widened holds at once, one narrowed within 90 seconds: at the token endpoint and at use', async () => {
  const client = await service(['report:read']);
  await issued(asService(client));
  await event.approve(client, { obo_scopes: [], service_scopes: ['report:read', 'user:read'] });
  const { access_token } = await issued(asService(client, { scope: 'user:read' }));
  assert.equal((await callApi(event, access_token, '/api/users')).status, 200);

  await event.approve(client, { obo_scopes: [], service_scopes: ['report:read'] });
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await asService(client, { scope: 'user:read' }), 400, 'invalid_scope');
  assert.equal((await issued(asService(client))).scope, 'report:read');
  assertBearerRefusal(await callApi(event, access_token, '/api/users'), 403, 'insufficient_scope');
});

test('a service’s access token that belongs to no grant is revoked alone', async () => {
  const client = await service(['user:read']);
  const [one, other] = [await issued(asService(client)), await issued(asService(client))];
  assert.equal((await client.revoke(one.access_token)).status, 200);
  assert.deepEqual([await isActive(one.access_token), await isActive(other.access_token)], [false, true]);
  // Its replica is told by an alarm, which rings by the platform's clock: no moved one brings it nearer.
  const refusal = await eventually(async () => {
    await willcall.moveClock(30);
    const reply = await callApi(event, one.access_token, '/api/users');
    return reply.status === 200 ? undefined : reply;
  }, 'the revoked token is refused');
  assertBearerRefusal(refusal, 401, 'invalid_token');
  assert.equal(decodeJwt(one.access_token).claims.exp > (await willcall.now()), true, 'not for its age');
  assert.equal((await callApi(event, other.access_token, '/api/users')).status, 200);
});

test('a suspended service is unauthorized_client and its tokens rest until it is resumed', async () => {
  const client = await service(['user:read']);
  const { access_token } = await issued(asService(client));
  await event.approve(client, { obo_scopes: [], service_scopes: ['user:read'], status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await asService(client), 400, 'unauthorized_client');
  assertBearerRefusal(await callApi(event, access_token, '/api/users'), 401, 'invalid_token');
  await event.approve(client, { obo_scopes: [], service_scopes: ['user:read'], status: 'active' });
  assert.equal((await callApi(event, access_token, '/api/users')).status, 200);
});

// -- Services that refresh: the JSON layout -------------------------------------------------------

test('the JSON layout: a service gets a refresh token, which rotates', async () => {
  const client = await refreshing();
  const first = await issued(jsonToken(client, { grant_type: 'client_credentials', scope: 'report:read' }));
  assert.deepEqual(Object.keys(first).sort(), ['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type']);
  assert.match(first.refresh_token, /^wc_rt_/);
  const second = await issued(jsonToken(client, { grant_type: 'refresh_token', refresh_token: first.refresh_token, redirect_uri: 'https://ignored.example/' }));
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.scope, 'report:read');
  assert.equal(decodeJwt(second.access_token).claims.sub, client.client_id);
  assert.deepEqual([await isActive(first.access_token), await isActive(first.refresh_token)], [false, false]);
  assert.deepEqual([await isActive(second.access_token), await isActive(second.refresh_token)], [true, true]);
});

test('the JSON layout: a client_id that is an integer is its decimal text, at all three endpoints', async () => {
  const client = await refreshing();
  const credentials = { client_id: Number(client.client_id), client_secret: client.client_secret };
  const { access_token, refresh_token } = await issued(event.send('/connect/token', { json: { ...credentials, grant_type: 'client_credentials' } }));
  const seen = await issued(event.send('/connect/introspect', { json: { ...credentials, token: access_token } }));
  assert.deepEqual([seen.active, seen.sub, seen.client_id], [true, client.client_id, client.client_id]);
  assert.equal((await event.send('/connect/revocation', { json: { ...credentials, token: refresh_token } })).status, 200);
  assert.equal(await isActive(access_token), false);
});

test('a service’s refresh token: a retry inside the window gets the same successor, however many race', async () => {
  const client = await refreshing();
  const first = await issued(asService(client));
  const answers = await Promise.all(Array.from({ length: 8 }, () => jsonToken(client, { grant_type: 'refresh_token', refresh_token: first.refresh_token })));
  const tokens = new Set(answers.map((reply) => (assert.equal(reply.status, 200, reply.text), reply.json.refresh_token)));
  assert.equal(tokens.size, 1);
  for (const { json } of answers) assert.equal(await isActive(json.access_token), true);
  await issued(client.refresh([...tokens][0]));
  assertOAuthError(await client.refresh(first.refresh_token), 400, 'invalid_grant'); // its successor has been used
});

test('a service’s refresh token: reuse after the window ends the whole grant and leaves its others', async () => {
  const client = await refreshing();
  const [first, other] = [await issued(asService(client)), await issued(asService(client))];
  const second = await issued(client.refresh(first.refresh_token));
  await willcall.moveClock(RETRY_WINDOW + 1);
  assertOAuthError(await client.refresh(first.refresh_token), 400, 'invalid_grant');
  assertOAuthError(await client.refresh(second.refresh_token), 400, 'invalid_grant');
  assert.equal(await isActive(second.access_token), false);
  await issued(client.refresh(other.refresh_token));
});

test('a service’s refresh token: another client’s attempt ends nothing', async () => {
  const [client, other] = [await refreshing(), await refreshing()];
  const first = await issued(asService(client));
  assertOAuthError(await other.refresh(first.refresh_token), 400, 'invalid_grant');
  assert.equal((await other.revoke(first.refresh_token)).status, 200);
  assert.deepEqual(await issued(other.introspect(first.refresh_token)), { active: false });
  await issued(client.refresh(first.refresh_token));
});

test('a service’s grant is ended by revoking either token', async () => {
  const client = await refreshing();
  for (const kind of ['access_token', 'refresh_token']) {
    const grant = await issued(asService(client));
    assert.equal((await client.revoke(grant[kind])).status, 200);
    assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
    assert.equal(await isActive(grant.access_token), false);
  }
});

test('a service’s scope: narrowed for good by its own wish, wider is invalid_scope and consumes nothing', async () => {
  const client = await refreshing();
  const first = await issued(asService(client));
  assertOAuthError(await client.refresh(first.refresh_token, { scope: 'report:read user:read' }), 400, 'invalid_scope');
  const second = await issued(client.refresh(first.refresh_token, { scope: 'report:read' }));
  assert.equal(second.scope, 'report:read');
  assertOAuthError(await client.refresh(second.refresh_token, { scope: 'report:read stats:read' }), 400, 'invalid_scope');
  assert.equal((await issued(client.refresh(second.refresh_token))).scope, 'report:read');
});

test('a service’s scope: what is no longer approved is dropped for good at a refresh; nothing left ends the grant', async () => {
  const client = await refreshing();
  const approve = (service_scopes) => event.approve(client, { obo_scopes: [], service_scopes, service_refresh_tokens: true });
  const first = await issued(asService(client));
  await approve(['report:read']);
  await willcall.moveClock(ALLOWED_STALENESS);
  const second = await issued(client.refresh(first.refresh_token));
  assert.equal(second.scope, 'report:read');
  await approve(['report:read', 'stats:read']);
  await willcall.moveClock(ALLOWED_STALENESS);
  const third = await issued(client.refresh(second.refresh_token));
  assert.equal(third.scope, 'report:read');
  await approve(['stats:read']);
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await client.refresh(third.refresh_token), 400, 'invalid_grant');
  await approve(['report:read']);
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await client.refresh(third.refresh_token), 400, 'invalid_grant');
});

test('switching service_refresh_tokens off ends the refresh tokens; switched on again, it revives none', async () => {
  const client = await refreshing();
  const change = (service_refresh_tokens) => event.approve(client, { obo_scopes: [], service_scopes: ['report:read', 'stats:read'], service_refresh_tokens });
  const [tried, untried] = [await issued(asService(client)), await issued(asService(client))];
  await change(false);
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await client.refresh(tried.refresh_token), 400, 'invalid_grant');
  assert.deepEqual([await isActive(tried.refresh_token), await isActive(untried.refresh_token)], [false, false]);
  assert.equal('refresh_token' in (await issued(asService(client))), false);
  await change(true);
  await willcall.moveClock(ALLOWED_STALENESS);
  for (const { refresh_token } of [tried, untried]) {
    assertOAuthError(await client.refresh(refresh_token), 400, 'invalid_grant');
    assert.equal(await isActive(refresh_token), false);
  }
  assert.equal('refresh_token' in (await issued(asService(client))), true);
});

test('an integration that is deleted and made again revives nothing of a service', async () => {
  const client = await refreshing(['user:read']);
  const grant = await issued(asService(client));
  assert.equal((await callApi(event, grant.access_token, '/api/users')).status, 200);
  await operator.must('DELETE', `${event.path}/integrations/${client.client_id}`);
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'unauthorized_client');
  await event.approve(client, { obo_scopes: [], service_scopes: ['user:read'], service_refresh_tokens: true });
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  assertBearerRefusal(await callApi(event, grant.access_token, '/api/users'), 401, 'invalid_token');
  for (const token of [grant.access_token, grant.refresh_token]) assert.equal(await isActive(token), false);
  const fresh = await issued(asService(client));
  assert.equal((await callApi(event, fresh.access_token, '/api/users')).status, 200);
});

test('a service’s access token of no grant does not outlive its integration either', async () => {
  const client = await service(['user:read']);
  const { access_token } = await issued(asService(client));
  await operator.must('DELETE', `${event.path}/integrations/${client.client_id}`);
  await event.approve(client, { obo_scopes: [], service_scopes: ['user:read'] });
  await willcall.moveClock(ALLOWED_STALENESS);
  assertBearerRefusal(await callApi(event, access_token, '/api/users'), 401, 'invalid_token');
  assert.equal(await isActive(access_token), false);
});

test('100 grants of a service live; a further one ends the least recently used', async () => {
  const client = await refreshing(['report:read']);
  const grants = [];
  for (let count = 0; count < 100; count += 1) grants.push(await issued(asService(client)));
  for (const grant of grants) assert.equal(await isActive(grant.refresh_token), true);
  await willcall.moveClock(1);
  grants[0] = await issued(client.refresh(grants[0].refresh_token)); // now the second is the oldest
  await willcall.moveClock(1);
  grants.push(await issued(asService(client)));
  const alive = await Promise.all(grants.map((grant) => isActive(grant.refresh_token)));
  assert.deepEqual(alive.flatMap((lives, index) => (lives ? [] : [index])), [1]);
  assertOAuthError(await client.refresh(grants[1].refresh_token), 400, 'invalid_grant');
  assert.equal(await isActive(grants[1].access_token), false);
  await issued(client.refresh(grants[100].refresh_token));
});

// -- The PKCE layout ----------------------------------------------------------------------------

async function authorizeAt(path, client, parameters, person = robin) {
  const browser = await person.browser();
  let page = await browser.open(client.authorizationPath(parameters).replace('/oauth/authorize', path));
  if (page.isSignIn) page = await page.press('Sign in', { email: person.email, password: person.password });
  return page.isConsent ? page.press('Authorize Application') : page;
}

test('the PKCE layout: a public client without a secret through authorize, exchange, refresh and revoke', async () => {
  const client = await event.publicApplication();
  const { verifier, challenge } = pkce();
  const { departure } = await authorizeAt('/oauth2/authorize', client, { code_challenge: challenge, code_challenge_method: 'S256' });
  assert.deepEqual([departure?.searchParams.get('state'), departure?.searchParams.get('iss')], ['the-state', event.issuer]);
  const form = { client_id: client.client_id };
  const code = { grant_type: 'authorization_code', code: departure.searchParams.get('code'), redirect_uri: CALLBACK };
  for (const code_verifier of [undefined, pkce().verifier, 'short', challenge]) {
    assertOAuthError(await event.send('/oauth2/token', { form: { ...form, ...code, code_verifier } }), 400, 'invalid_grant');
  }
  assertOAuthError(await event.send('/oauth2/token', { form: { ...form, ...code, code_verifier: verifier, client_secret: 'wc_cs_x' } }), 401, 'invalid_client');
  const first = await issued(event.send('/oauth2/token', { form: { ...form, ...code, code_verifier: verifier } }));
  assert.deepEqual(scopeSet(first.scope), scopeSet(EVERYDAY));
  const second = await issued(event.send('/oauth2/token', { form: { ...form, grant_type: 'refresh_token', refresh_token: first.refresh_token } }));
  assert.equal((await callApi(event, second.access_token)).json.id, robin.id);
  assert.equal((await event.send('/oauth2/revoke', { form: { ...form, token: second.refresh_token } })).status, 200);
  assertOAuthError(await event.send('/oauth2/token', { form: { ...form, grant_type: 'refresh_token', refresh_token: second.refresh_token } }), 400, 'invalid_grant');
});

test('the PKCE layout: without a challenge, or with another method than S256, it is invalid_request', async () => {
  const { verifier, challenge } = pkce();
  const wrong = [{}, { code_challenge: challenge }, { code_challenge: verifier, code_challenge_method: 'plain' }, { code_challenge_method: 'S256' }, { code_challenge: 'x', code_challenge_method: 'S256' }];
  for (const client of [await event.publicApplication(), await event.application({ require_pkce: true })]) {
    for (const parameters of wrong) assertErrorRedirect(await authorizeAt('/oauth2/authorize', client, parameters), 'invalid_request', { issuer: event.issuer });
    assert.ok((await authorizeAt('/oauth2/authorize', client, { code_challenge: challenge, code_challenge_method: 'S256' })).departure.searchParams.has('code'));
  }
});

test('the layouts mix: a code of one is redeemed at another, and refreshed at the third', async () => {
  const client = await event.application();
  const { departure } = await authorizeAt('/connect/authorize', client);
  const first = await issued(client.post('/oauth2/token', { grant_type: 'authorization_code', code: departure.searchParams.get('code'), redirect_uri: CALLBACK }));
  const second = await issued(jsonToken(client, { grant_type: 'refresh_token', refresh_token: first.refresh_token }));
  assert.equal((await issued(client.post('/oauth2/introspect', { token: second.access_token }))).active, true);
});

// -- response_mode ------------------------------------------------------------------------------

test('response_mode=fragment: code or error, state and iss, behind the # and nowhere else', async () => {
  const uri = 'https://badges.example.com/callback?tenant=a%20b';
  const client = await event.application({ redirect_uris: [uri] });
  for (const [parameters, member] of [[{}, 'code'], [{ scope: 'no:such' }, 'error']]) {
    const { departure } = await authorizeAt('/oauth/authorize', client, { response_mode: 'fragment', state: 'a b&c=d#é', ...parameters });
    assert.equal(departure.href.split('#')[0], uri);
    const answer = new URLSearchParams(departure.hash.slice(1));
    assert.deepEqual([answer.has(member), answer.get('state'), answer.get('iss')], [true, 'a b&c=d#é', event.issuer]);
    if (member === 'code') await issued(client.redeem({ code: answer.get('code'), redirect_uri: uri }));
  }
});

test('response_mode=query is the default', async () => {
  const client = await event.application();
  for (const response_mode of ['query', undefined]) {
    const { departure } = await authorizeAt('/oauth/authorize', client, { response_mode });
    assert.ok(departure.searchParams.has('code') && !departure.hash);
  }
});

test('an unusable response_mode is answered in the query', async () => {
  const client = await event.application();
  for (const response_mode of ['web_message', 'FRAGMENT', 'query fragment']) {
    assertErrorRedirect(await authorizeAt('/oauth/authorize', client, { response_mode }), 'invalid_request', { issuer: event.issuer });
  }
  const twice = `${client.authorizationPath()}&response_mode=fragment&response_mode=fragment`;
  assertErrorRedirect(await (await robin.browser()).open(twice), 'invalid_request', { issuer: event.issuer });
});

/** The one form of a page that posts an answer to the application, as `{action, answer}`. */
function postedForm(page) {
  assert.equal(page.status, 200, page.text.slice(0, 200));
  const [form, ...more] = page.forms;
  assert.deepEqual([more.length, form.method], [0, 'POST']);
  return { action: form.action, answer: Object.fromEntries(form.fields), form };
}

test('response_mode=form_post: a page whose one form carries the answer', async () => {
  const client = await event.application({ name: 'Badges <b>&</b> more' });
  const state = '"><script>alert(1)</script> é&=#';
  const page = await authorizeAt('/oauth/authorize', client, { response_mode: 'form_post', state });
  const { action, answer, form } = postedForm(page);
  assert.equal(action, CALLBACK);
  assert.deepEqual(Object.keys(answer).sort(), ['code', 'iss', 'state']);
  assert.deepEqual([answer.state, answer.iss], [state, event.issuer]);
  assert.equal(form.buttons.length, 1);
  assert.equal(page.reply.headers['cache-control'], 'no-store');
  assert.ok(!page.html.includes('<script>alert') && !page.html.includes('<b>&'));
  await issued(client.redeem({ code: answer.code, redirect_uri: CALLBACK }));
});

test('response_mode=form_post: no script but ours runs on the page', async () => {
  const client = await event.application();
  const page = await authorizeAt('/oauth/authorize', client, { response_mode: 'form_post' });
  const policy = Object.fromEntries(page.reply.headers['content-security-policy'].split(';').map((part) => part.trim().split(/\s+/)).map(([name, ...values]) => [name, values]));
  assert.deepEqual([policy['default-src'], policy['script-src'], policy['frame-ancestors'], policy['base-uri']], [["'none'"], ["'self'"], ["'none'"], ["'none'"]]);
  const scripts = elements(page.html).filter(({ name }) => name === 'script');
  assert.ok(scripts.length > 0 && scripts.every(({ attributes }) => attributes.src.startsWith('/')), 'its scripts are files of ours');
  for (const { attributes } of elements(page.html)) assert.deepEqual(Object.keys(attributes).filter((name) => /^on|^style$/.test(name)), []);
});

test('response_mode=form_post: errors and a No travel the same way', async () => {
  const client = await event.application();
  assert.equal(postedForm(await authorizeAt('/oauth/authorize', client, { response_mode: 'form_post', scope: 'no:such' })).answer.error, 'invalid_scope');
  const browser = await robin.browser();
  const denied = postedForm(await (await browser.requestAuthorization(client, { response_mode: 'form_post' })).press('Deny')).answer;
  assert.deepEqual([denied.error, denied.state, denied.iss], ['access_denied', 'the-state', event.issuer]);
  const silent = postedForm(await browser.requestAuthorization(client, { response_mode: 'form_post', prompt: 'none' })).answer;
  assert.equal(silent.error, 'consent_required');
  assertErrorPage(await browser.requestAuthorization(client, { response_mode: 'form_post', redirect_uri: 'https://evil.example/' }));
});

test('the "Invalid request" page leads back in the mode that was asked for', async () => {
  const client = await event.application();
  const posted = await authorizeAt('/oauth/authorize', client, { response_mode: 'form_post', scope: 'staff:roster' });
  assert.equal(posted.status, 403);
  const [form] = posted.forms.filter((each) => each.action.startsWith(CALLBACK));
  const answer = Object.fromEntries(form.fields);
  assert.deepEqual([form.method, answer.error, answer.state, answer.iss], ['POST', 'invalid_request', 'the-state', event.issuer]);
  const silent = await authorizeAt('/oauth/authorize', client, { response_mode: 'fragment', scope: 'staff:roster', prompt: 'none' });
  assert.equal(new URLSearchParams(silent.departure.hash.slice(1)).get('error'), 'invalid_request');
});

/** A window of a real browser, with what it found wrong with the pages. */
async function openWindow(t, options) {
  chromiumBrowser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-dev-shm-usage'],
  });
  const context = await chromiumBrowser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && !/favicon/.test(message.text()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, context, complaints };
}

async function signIn(page, person) {
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** An application that remembers what is posted to it, and says so in words. */
async function startReceiver(t) {
  const received = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method === 'POST') received.push({ type: request.headers['content-type'], path: request.url, answer: Object.fromEntries(new URLSearchParams(body)) });
    response.setHeader('Content-Type', 'text/html').end('<h1>Thank you</h1>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { received, uri: `http://127.0.0.1:${server.address().port}/callback?tenant=one` };
}

for (const javaScriptEnabled of [true, false]) {
  test(`response_mode=form_post in Chromium, JavaScript ${javaScriptEnabled ? 'on: posts itself' : 'off: posts with the button'}`, async (t) => {
    const { received, uri } = await startReceiver(t);
    const client = await event.application({ redirect_uris: [uri] });
    const { page, complaints } = await openWindow(t, { javaScriptEnabled });
    await page.goto(`${event.issuer}${client.authorizationPath({ response_mode: 'form_post' })}`);
    await signIn(page, robin);
    await page.getByRole('button', { name: 'Authorize Application' }).click();
    if (!javaScriptEnabled) {
      const button = page.getByRole('main').getByRole('button');
      await button.waitFor();
      assert.equal(received.length, 0, 'nothing is posted before the button is pressed');
      await button.click();
    }
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    assert.equal(page.url(), uri);
    assert.equal(received.length, 1);
    const [{ type, path, answer }] = received;
    assert.deepEqual([type, path, answer.state, answer.iss], ['application/x-www-form-urlencoded', '/callback?tenant=one', 'the-state', event.issuer]);
    await issued(client.redeem({ code: answer.code, redirect_uri: uri }));
    assert.deepEqual(complaints, []);
  });
}

// -- max_age and login_hint ----------------------------------------------------------------------

test('max_age: a sign-in that is older asks again, once; a younger one does not', async () => {
  const client = await event.application();
  const sam = await event.person();
  const browser = await sam.browser();
  await willcall.moveClock(100);
  assert.ok((await browser.requestAuthorization(client, { max_age: '1000' })).isConsent);
  const asked = await browser.requestAuthorization(client, { max_age: '60' });
  assert.ok(asked.isSignIn);
  const answered = await asked.press('Sign in', { email: sam.email, password: sam.password });
  assert.ok(answered.isConsent, answered.text.slice(0, 200));
  assert.ok((await answered.press('Authorize Application')).departure.searchParams.has('code'));
  assert.ok(!(await browser.requestAuthorization(client, { max_age: '60' })).isSignIn, 'that sign-in is young enough for the next request');
});

test('max_age=0 asks every time', async () => {
  const client = await event.application();
  const sam = await event.person();
  const browser = await sam.browser();
  for (let time = 0; time < 2; time += 1) {
    const asked = await browser.requestAuthorization(client, { max_age: '0' });
    assert.ok(asked.isSignIn);
    const page = await asked.press('Sign in', { email: sam.email, password: sam.password });
    assert.ok(page.isConsent || page.departure?.searchParams.has('code'), page.text.slice(0, 200));
    if (page.isConsent) await page.press('Authorize Application');
  }
});

test('max_age with prompt=none: login_required instead of a page; nonsense is invalid_request', async () => {
  const client = await event.application();
  const sam = await event.person();
  const browser = await sam.browser();
  await client.obtainGrant(sam);
  await willcall.moveClock(100);
  assertErrorRedirect(await browser.requestAuthorization(client, { max_age: '60', prompt: 'none' }), 'login_required', { issuer: event.issuer });
  assert.ok((await browser.requestAuthorization(client, { max_age: '1000', prompt: 'none' })).departure.searchParams.has('code'));
  for (const max_age of ['-1', '1.5', 'soon', '1e3', '99999999999999999999999']) {
    assertErrorRedirect(await browser.requestAuthorization(client, { max_age }), 'invalid_request', { issuer: event.issuer });
  }
});

test('login_hint fills in the sign-in page, as text, and signs nobody in', async () => {
  const client = await event.application();
  const filledIn = async (login_hint) => {
    const page = await event.browser().requestAuthorization(client, { login_hint });
    assert.ok(page.isSignIn);
    const [form] = page.forms.filter((each) => each.names.includes('password'));
    return { page, fields: Object.fromEntries(form.fields) };
  };
  assert.equal((await filledIn(robin.email)).fields.email, robin.email);
  assert.equal((await filledIn(undefined)).fields.email, '');
  const nasty = '"><script>alert(1)</script>@people.example';
  const { page, fields } = await filledIn(nasty);
  assert.ok(!page.html.includes('<script>alert'));
  assert.ok(['', nasty].includes(fields.email));
  assert.equal(fields.password ?? '', '');

  const browser = await robin.browser();
  assert.ok((await authorizeAt('/oauth/authorize', client, { login_hint: 'somebody.else@people.example' })).departure, 'who is signed in stays so');
  assert.match((await browser.open('/account')).text, /Robin Example/);
});

// -- The users API ------------------------------------------------------------------------------

async function readerToken(scopes = ['user:read']) {
  return (await issued(asService(await service(scopes)))).access_token;
}

test('GET /api/users/{id}: all five members, for a service token with user:read', async () => {
  const sam = await event.person({ name: 'Sam Exämple', roles: ['crew'], permissions: ['manage'] });
  const reply = await callApi(event, await readerToken(), `/api/users/${sam.id}`);
  assert.equal(reply.status, 200, reply.text);
  const { id, name, email, roles, permissions, ...more } = reply.json;
  assert.deepEqual({ id, name, email, roles, permissions: [...permissions].sort() }, { id: sam.id, name: 'Sam Exämple', email: sam.email, roles: ['crew'], permissions: ['doors', 'manage', 'staff'] });
  assert.deepEqual(more, {});
  assert.match(reply.headers['cache-control'] ?? '', /no-store|private/);
});

test('GET /api/users/{id}: 404 for nobody, for somebody of another event and for a deleted account', async () => {
  const token = await readerToken();
  const elsewhere = await willcall.event('127.0.0.1').create();
  const [gone, foreign] = [await event.person(), await elsewhere.person()];
  await event.deleteAccount(gone);
  for (const id of ['acc_none', 'x', gone.id, foreign.id]) assert.equal((await callApi(event, token, `/api/users/${id}`)).status, 404, id);
});

test('GET /api/users: a token of the wrong kind or with too little is 403 insufficient_scope, naming user:read', async () => {
  const mine = (await (await event.application()).obtainGrant(robin, { scope: 'pii:basic pii:email user:roles' })).access_token;
  for (const path of ['/api/users', `/api/users/${robin.id}`]) {
    for (const token of [mine, await readerToken(['report:read']), (await makeToken(robin)).token]) {
      const reply = await callApi(event, token, path);
      assertBearerRefusal(reply, 403, 'insufficient_scope');
      assert.match(reply.headers['www-authenticate'], /scope="user:read"/);
    }
    assertBearerRefusal(await callApi(event, undefined, path), 401);
    assertBearerRefusal(await callApi(event, 'x', path), 401, 'invalid_token');
  }
  assertBearerRefusal(await callApi(event, await readerToken(), '/api/users/current'), 403, 'insufficient_scope');
});

async function everybody(host, token, limit) {
  const people = [];
  let cursor;
  do {
    const query = new URLSearchParams({ ...(limit && { limit }), ...(cursor && { cursor }) });
    const page = await issued(callApi(host, token, `/api/users?${query}`));
    if (limit) assert.ok(page.items.length <= limit, `${page.items.length} of at most ${limit}`);
    people.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return people;
}

test('GET /api/users: page by page, each account once, in the same order every time', async () => {
  const host = await willcall.event('[::1]').create();
  const people = [];
  for (let count = 0; count < 9; count += 1) people.push(await operator.must('POST', `${host.path}/accounts`, { email: `p${count}@people.example`, name: `Person ${count}` }));
  const client = await host.application({ redirect_uris: [], approval: { obo_scopes: [], service_scopes: ['user:read'] } });
  const { access_token } = await issued(asService(client));
  const whole = await everybody(host, access_token);
  assert.deepEqual(whole.map((each) => each.email).sort(), people.map((each) => each.email).sort());
  assert.deepEqual(Object.keys(whole[0]).sort(), ['email', 'id', 'name', 'permissions', 'roles']);
  for (const limit of [1, 4, 9, 10]) assert.deepEqual(await everybody(host, access_token, limit), whole, `${limit} at a time`);

  // Whoever comes or goes between two pages, the others are neither left out nor seen twice.
  const first = await issued(callApi(host, access_token, '/api/users?limit=4'));
  await operator.must('DELETE', `${host.path}/accounts/${first.items[3].id}`);
  await operator.must('DELETE', `${host.path}/accounts/${whole[8].id}`);
  const added = await operator.must('POST', `${host.path}/accounts`, { email: 'new@people.example', name: 'New' });
  await operator.must('PATCH', `${host.path}/accounts/${whole[5].id}`, { name: 'Another name' });
  const rest = await issued(callApi(host, access_token, `/api/users?limit=100&cursor=${first.next_cursor}`));
  assert.deepEqual(rest.items.map((each) => each.id).filter((id) => id !== added.id), whole.slice(4, 8).map((each) => each.id));

  for (const query of ['limit=0', 'limit=-1', 'limit=x', 'cursor=%ff', 'limit=1&limit=2']) {
    assert.equal((await callApi(host, access_token, `/api/users?${query}`)).status, 400, query);
  }
});

// -- Personal access tokens ---------------------------------------------------------------------

const TOKEN = /wc_pat_[\w.-]+/;

async function accountPage(person) {
  const browser = await person.browser();
  const page = await browser.open('/account');
  return page.isSignIn ? page.press('Sign in', { email: person.email, password: person.password }) : page;
}

/** Fills in the form for a new token and presses its button. */
function create(page, { name = 'A script', scopes = ['pii:basic'], expires = '30', ...changed } = {}, options) {
  const form = page.formWith('Create token');
  const kept = form.fields.filter(([field]) => !['name', 'scope', 'expires'].includes(field) && !(field in changed));
  const filled = [['name', name], ...scopes.map((scope) => ['scope', scope]), ['expires', expires], ...Object.entries(changed)];
  return page.browser.postForm(new URL(form.action, page.url), [...kept, ...filled], options);
}

async function makeToken(person, fields) {
  const page = await create(await accountPage(person), fields);
  const [token] = TOKEN.exec(page.html) ?? [];
  assert.ok(page.status === 200 && token, `${page.status} ${page.text.slice(0, 600)}`);
  return { token, page };
}

const asJson = { Accept: 'application/json' };

async function listTokens(person) {
  await accountPage(person); // signs in again where the clock has moved on
  return issued((await person.browser()).request('/account/tokens', { headers: asJson }));
}

/** What a person sees of one form control or other: the words of its label. */
function labels(page) {
  return Object.fromEntries([...page.html.matchAll(/<label for="([^"]+)">([^<]*)<\/label>/g)].map(([, id, words]) => [words.trim(), id]));
}

function choices(page) {
  return elements(page.html).filter(({ name, attributes }) => name === 'input' && attributes.type === 'checkbox').map(({ attributes }) => attributes.value).sort();
}

test('the account page offers Name, a checkbox for each scope within the person’s own permissions, Expires and Create token', async () => {
  const guest = await event.person();
  const page = await accountPage(guest);
  const found = labels(page);
  const byId = new Map(elements(page.html).map((element) => [element.attributes.id, element]));
  assert.equal(byId.get(found.Name)?.name, 'input');
  assert.equal(byId.get(found.Expires)?.name, 'select');
  assert.equal(byId.get(found['Print your badge'])?.attributes.value, 'badge:print');
  page.formWith('Create token');
  assert.deepEqual(choices(page), ['badge:print', 'pii:basic', 'pii:email', 'schedule:read', 'settings:write', 'stats:read', 'user:roles']);
  const crew = await event.person({ roles: ['crew'] });
  assert.deepEqual(choices(await accountPage(crew)), [...choices(page), 'staff:roster'].sort());
});

test('a token is shown once, and acts as the person with its scopes', async () => {
  const sam = await event.person({ name: 'Sam Example' });
  const { token } = await makeToken(sam, { name: 'Backup <b>', scopes: ['pii:basic', 'badge:print'] });
  const page = await accountPage(sam);
  assert.ok(page.text.includes('Backup <b>') && !page.html.includes('Backup <b>'), 'its name, as text');
  assert.doesNotMatch(page.html, TOKEN);
  const list = await (await sam.browser()).request('/account/tokens', { headers: asJson });
  assert.doesNotMatch(list.text, TOKEN);
  assert.deepEqual((await callApi(event, token)).json, { id: sam.id, name: 'Sam Example' });
  const seen = await issued(inspector.introspect(token));
  assert.deepEqual([seen.active, seen.sub, seen.client_id, scopeSet(seen.scope)], [true, sam.id, undefined, ['badge:print', 'pii:basic']]);
  assert.deepEqual(await issued((await event.application()).introspect(token)), { active: false });
});

test('in Chromium: a person makes a token by what the page says, and copies it with the button', async (t) => {
  const sam = await event.person({ name: 'Sam Example' });
  const { page, context, complaints } = await openWindow(t, {});
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: event.issuer });
  await page.goto(`${event.issuer}/account`);
  await signIn(page, sam);
  await page.getByLabel('Name', { exact: true }).fill('My script');
  await page.getByLabel('See your statistics', { exact: true }).check();
  await page.getByLabel('Expires').selectOption('90');
  await page.getByRole('button', { name: 'Create token' }).click();
  const token = await page.getByLabel('Your new token').inputValue();
  assert.match(token, /^wc_pat_/);
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByText('Copied.').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  assert.equal((await callApi(event, token)).json.id, sam.id);

  await page.goto(`${event.issuer}/account`);
  await page.getByRole('heading', { name: 'My script' }).waitFor();
  assert.doesNotMatch(await page.content(), TOKEN);
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByText('You have no personal access tokens.').waitFor();
  assert.deepEqual(complaints, []);
});

test('the list says when each token was last used', async () => {
  const sam = await event.person();
  const { token } = await makeToken(sam, { name: 'Used' });
  await makeToken(sam, { name: 'Unused' });
  const lastUsed = async () => Object.fromEntries((await listTokens(sam)).items.map((item) => [item.name, item.last_used_at]));
  assert.deepEqual(await lastUsed(), { Used: null, Unused: null });
  await willcall.moveClock(3600);
  const before = await willcall.now();
  assert.equal((await callApi(event, token)).status, 200);
  const { Used, Unused } = await lastUsed();
  assert.equal(Unused, null);
  assert.ok(Math.abs(Date.parse(Used) / 1000 - before) <= 60, `${Used}`);
  assert.match((await accountPage(sam)).text, /Last used never/);
});

test('a token that somebody had checked was used', async () => {
  const sam = await event.person();
  const { token } = await makeToken(sam);
  assert.equal((await listTokens(sam)).items[0].last_used_at, null);
  assert.equal(await isActive(token), true);
  assert.match((await listTokens(sam)).items[0].last_used_at, /^\d{4}-/);
});

test('Revoke ends a token: inactive at once, refused within 90 seconds, gone from the list, the others untouched', async () => {
  const sam = await event.person();
  const kept = await makeToken(sam, { name: 'Kept' });
  const ended = await makeToken(sam, { name: 'Ended' });
  assert.equal((await callApi(event, ended.token)).status, 200);
  const { items } = await listTokens(sam);
  const { id } = items.find((item) => item.name === 'Ended');
  const page = await accountPage(sam);
  const form = page.forms.find((each) => each.action.includes(id));
  const done = await page.submit(form, form.buttons.find((button) => button.text === 'Revoke'));
  assert.ok(!done.text.includes('Ended') && done.text.includes('Kept'), done.text);
  assert.equal(await isActive(ended.token), false);
  await willcall.moveClock(ALLOWED_STALENESS);
  assertBearerRefusal(await callApi(event, ended.token), 401, 'invalid_token');
  assert.equal((await callApi(event, kept.token)).status, 200);
});

test('nobody revokes another person’s token', async () => {
  const [sam, kim] = [await event.person(), await event.person()];
  const { token } = await makeToken(sam);
  await makeToken(kim);
  const theirs = await listTokens(sam);
  const mine = await listTokens(kim);
  const browser = await kim.browser();
  for (const form_token of [mine.items[0].form_token, mine.form_token, theirs.items[0].form_token]) {
    const reply = await browser.request(`/account/tokens/${theirs.items[0].id}/revoke`, { form: { form_token }, headers: { Origin: 'null' } });
    assert.equal(reply.status, 403, reply.text.slice(0, 200));
  }
  assert.equal(await isActive(token), true);
});

test('a token expires when it was said to', async () => {
  const sam = await event.person();
  const { token } = await makeToken(sam, { expires: '7' });
  await willcall.moveClock(7 * DAY - 5);
  assert.equal((await callApi(event, token)).status, 200);
  await willcall.moveClock(6);
  assertBearerRefusal(await callApi(event, token), 401, 'invalid_token');
  assert.equal((await issued(inspector.introspect(token))).active, false);
});

test('Expires offers no more than the event’s pat_max_days, and no more is taken; null allows never', async () => {
  const sam = await event.person();
  const offered = (page) => elements(page.html).filter(({ name }) => name === 'option').map(({ attributes }) => attributes.value);
  try {
    await event.configure({ pat_max_days: 45 });
    await willcall.moveClock(ALLOWED_STALENESS);
    const page = await accountPage(sam);
    assert.ok(offered(page).length > 0 && offered(page).every((days) => Number(days) <= 45), String(offered(page)));
    for (const expires of ['46', '365', 'never', '0', '-1', '1.5', '', 'x']) assert.equal((await create(page, { expires })).status, 400, expires);
    assert.deepEqual((await listTokens(sam)).items, []);
    await makeToken(sam, { expires: '45' });

    await event.configure({ pat_max_days: null });
    await willcall.moveClock(ALLOWED_STALENESS);
    assert.ok(offered(await accountPage(sam)).includes('never'));
    const { token } = await makeToken(sam, { name: 'For ever', expires: 'never' });
    assert.equal((await listTokens(sam)).items.find((item) => item.name === 'For ever').expires_at, null);
    await willcall.moveClock(400 * DAY);
    assert.equal((await callApi(event, token)).status, 200);
  } finally {
    await event.configure({ pat_max_days: 365 });
  }
});

test('no token reaches further than the person, when it is made and later', async () => {
  const sam = await event.person({ roles: ['crew'], permissions: ['manage'] });
  const page = await accountPage(await event.person());
  for (const scopes of [['staff:roster'], ['pii:basic', 'event:manage'], ['report:read'], ['user:read'], ['no:such'], []]) {
    assert.equal((await create(page, { scopes })).status, 400, scopes.join());
  }
  const { token } = await makeToken(sam, { scopes: ['pii:basic', 'staff:roster', 'event:manage', 'user:roles'] });
  const scope = async () => scopeSet((await issued(inspector.introspect(token))).scope);
  assert.deepEqual(await scope(), ['event:manage', 'pii:basic', 'staff:roster', 'user:roles']);
  assert.deepEqual((await callApi(event, token)).json.permissions.sort(), ['doors', 'manage', 'staff']);

  await event.changeAccount(sam, { permissions: [] });
  await willcall.moveClock(ALLOWED_STALENESS);
  assert.deepEqual(await scope(), ['pii:basic', 'staff:roster', 'user:roles']);
  await operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions: ['doors'] }]);
  await willcall.moveClock(ALLOWED_STALENESS);
  assert.deepEqual(await scope(), ['pii:basic', 'user:roles']);
  assert.deepEqual((await callApi(event, token)).json.permissions, ['doors']);
  await operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions: ['staff', 'doors'] }]);
});

test('a disabled account’s tokens end, and enabling it brings none back', async () => {
  const sam = await event.person();
  const { token } = await makeToken(sam);
  await event.changeAccount(sam, { status: 'disabled' });
  assert.equal(await isActive(token), false);
  await event.changeAccount(sam, { status: 'active' });
  await willcall.moveClock(ALLOWED_STALENESS);
  assertBearerRefusal(await callApi(event, token), 401, 'invalid_token');
  assert.equal(await isActive(token), false);
});

test('a token is neither a refresh token nor a client’s to revoke, and worth nothing at another event', async () => {
  const sam = await event.person();
  const { token } = await makeToken(sam);
  const client = await event.application();
  assertOAuthError(await client.refresh(token), 400, 'invalid_grant');
  assert.equal((await client.revoke(token)).status, 200);
  const elsewhere = await willcall.event('tokens.localhost').create();
  assertBearerRefusal(await callApi(elsewhere, token), 401, 'invalid_token');
  assert.equal(await isActive(token), true);
});

test('a form that is not ours makes no token: 403', async () => {
  const [sam, kim] = [await event.person(), await event.person()];
  const page = await accountPage(sam);
  const foreign = Object.fromEntries((await accountPage(kim)).formWith('Create token').fields).form_token;
  for (const form_token of [undefined, '', 'x', foreign]) assert.equal((await create(page, { form_token })).status, 403, String(form_token));
  assert.equal((await create(page, {}, { origin: 'https://evil.example' })).status, 403);
  assert.deepEqual((await listTokens(sam)).items, []);
});

test('a name of no or too many characters is 400, and the form keeps what was typed', async () => {
  const page = await accountPage(await event.person());
  for (const name of ['', '   ', 'x'.repeat(101)]) {
    const again = await create(page, { name });
    assert.equal(again.status, 400);
    assert.ok(again.forms.some((form) => form.buttons.some((button) => button.text === 'Create token')));
  }
});

test('the JSON endpoints: list, create, use, revoke', async () => {
  const sam = await event.person({ name: 'Sam Example' });
  const browser = await sam.browser();
  const { form_token, items } = await listTokens(sam);
  assert.deepEqual(items, []);
  const reply = await browser.request('/account/tokens', { json: { name: 'Made by a program', scope: 'pii:basic badge:print', expires: '90', form_token }, headers: asJson });
  assert.equal(reply.status, 201, reply.text);
  const { token, id, name, scope, created_at, expires_at, last_used_at } = reply.json;
  assert.match(token, /^wc_pat_/);
  assert.deepEqual([name, scopeSet(scope), last_used_at], ['Made by a program', ['badge:print', 'pii:basic'], null]);
  assert.equal((Date.parse(expires_at) - Date.parse(created_at)) / 1000, 90 * DAY);
  assert.equal((await callApi(event, token)).json.name, 'Sam Example');

  const [listed] = (await listTokens(sam)).items;
  assert.deepEqual([listed.id, listed.token], [id, undefined]);
  const revoked = await browser.request(`/account/tokens/${id}/revoke`, { json: { form_token: listed.form_token }, headers: asJson });
  assert.equal(revoked.status, 204, revoked.text);
  assert.deepEqual((await listTokens(sam)).items, []);
  assert.equal(await isActive(token), false);
});

test('the JSON endpoints refuse what is not ours, wrong, or from nobody', async () => {
  const browser = await (await event.person()).browser();
  const { form_token } = await issued(browser.request('/account/tokens', { headers: asJson }));
  const good = { name: 'X', scope: 'pii:basic', expires: '30', form_token };
  const post = (json, headers = {}) => browser.request('/account/tokens', { json, headers: { ...asJson, ...headers } });
  for (const wrong of [{ form_token: undefined }, { form_token: 'x' }]) assert.equal((await post({ ...good, ...wrong })).status, 403);
  assert.equal((await post(good, { Origin: 'https://evil.example' })).status, 403);
  for (const wrong of [{ name: '' }, { scope: '' }, { scope: 'staff:roster' }, { expires: 'never' }, { expires: undefined }, { expires: '366' }]) {
    const reply = await post({ ...good, ...wrong });
    assert.deepEqual([reply.status, reply.json.error], [400, 'invalid_request'], JSON.stringify(wrong));
  }
  assert.deepEqual((await issued(browser.request('/account/tokens', { headers: asJson }))).items, []);
  const nobody = await event.send('/account/tokens', { headers: asJson });
  assert.equal(nobody.status, 401);
  assert.ok((await event.send('/account/tokens', { json: good, headers: asJson })).status >= 400);
});

// -- Usage --------------------------------------------------------------------------------------

const usage = async (query = {}, host = event) => (await operator.must('GET', `${host.path}/usage?${new URLSearchParams(query)}`)).items;
const sum = ({ tokens, calls, refusals }) => tokens + calls + refusals;

/** The lines of an application once they hold `count` things; too many are caught by what the caller asserts. */
function countedAs(client, count) {
  let lines = [];
  return eventually(async () => {
    lines = await usage({ client_id: client.client_id });
    return lines.reduce((total, line) => total + sum(line), 0) >= count ? lines : undefined;
  }, () => `${count} things counted, not ${JSON.stringify(lines)},`);
}

test('usage: tokens by grant type, calls and refusals of each application, at its own event', async () => {
  const sam = await event.person();
  const approval = { obo_scopes: ['pii:basic', 'badge:print'], service_scopes: ['user:read'] };
  const [client, other] = [await event.application({ approval }), await event.application({ approval })];
  const grant = await client.obtainGrant(sam, { scope: 'pii:basic' });
  const renewed = await issued(client.refresh(grant.refresh_token));
  const { access_token } = await issued(asService(client));
  await issued(asService(client));
  for (let count = 0; count < 3; count += 1) assert.equal((await callApi(event, renewed.access_token)).status, 200);
  assert.equal((await callApi(event, access_token, '/api/users')).status, 200);
  await issued(client.introspect(renewed.access_token));
  assertOAuthError(await asService(client, { scope: 'no:such' }), 400, 'invalid_scope');
  assertOAuthError(await client.refresh('x'), 400, 'invalid_grant');
  await issued(asService(other));

  const lines = await countedAs(client, 11);
  const day = new Date((await willcall.now()) * 1000).toISOString().slice(0, 10);
  assert.equal(lines.length, 1);
  const [{ tokens_by_grant_type, ...line }] = lines;
  assert.deepEqual(line, { day, client_id: client.client_id, tokens: 4, calls: 5, refusals: 2 });
  assert.deepEqual(tokens_by_grant_type, { authorization_code: 1, client_credentials: 2, refresh_token: 1 });
  const [{ tokens, calls, refusals }] = await countedAs(other, 1);
  assert.deepEqual([tokens, calls, refusals], [1, 0, 0]);
  const elsewhere = await willcall.event('usage.localhost').create();
  assert.deepEqual(await usage({}, elsewhere), []);
});

test('usage: revoking is an authenticated call too', async () => {
  const client = await service(['user:read']);
  const { access_token } = await issued(asService(client));
  assert.equal((await client.revoke(access_token)).status, 200);
  assert.equal((await callApi(event, (await issued(asService(client))).access_token, '/api/users')).status, 200);
  const [{ tokens, calls }] = await countedAs(client, 4);
  assert.deepEqual([tokens, calls], [2, 2]);
});

test('usage: a wrong secret is a refusal of the client it names', async () => {
  const client = await service(['report:read']);
  const wrong = new Client(event, { ...client.registration, client_secret: tampered(client.client_secret) });
  assertOAuthError(await asService(wrong), 401, 'invalid_client');
  const [{ tokens, calls, refusals }] = await countedAs(client, 1);
  assert.deepEqual([tokens, calls, refusals], [0, 0, 1]);
});

test('usage: day by day, filtered by client and by days, page by page', async () => {
  const [client, other] = [await service(['report:read']), await service(['report:read'])];
  const days = [];
  for (let count = 1; count <= 3; count += 1) {
    days.push(new Date((await willcall.now()) * 1000).toISOString().slice(0, 10));
    for (let time = 0; time < count; time += 1) await issued(asService(client));
    await issued(asService(other));
    await countedAs(client, (count * (count + 1)) / 2);
    await countedAs(other, count);
    await willcall.moveClock(DAY);
  }
  const seen = async (query) => (await usage({ client_id: client.client_id, ...query })).map(({ day, tokens }) => [day, tokens]);
  assert.deepEqual(await seen({}), days.map((day, index) => [day, index + 1]));
  assert.deepEqual(await seen({ from: days[1] }), [[days[1], 2], [days[2], 3]]);
  assert.deepEqual(await seen({ to: days[1] }), [[days[0], 1], [days[1], 2]]);
  assert.deepEqual(await seen({ from: days[1], to: days[1] }), [[days[1], 2]]);
  const both = await usage({ from: days[0], to: days[2] });
  assert.equal(both.filter(({ client_id }) => [client.client_id, other.client_id].includes(client_id)).length, 6);

  const paged = [];
  let cursor;
  do {
    const query = new URLSearchParams({ client_id: client.client_id, limit: 2, ...(cursor && { cursor }) });
    const page = await operator.must('GET', `${event.path}/usage?${query}`);
    paged.push(...page.items.map(({ day }) => day));
    cursor = page.next_cursor;
  } while (cursor);
  assert.deepEqual(paged, days);
});

test('usage: the last day of use is shown with the integration, and a new one begins without', async () => {
  const client = await service(['report:read']);
  const place = `${event.path}/integrations/${client.client_id}`;
  const lastUse = async () => (await operator.must('GET', place)).last_used_on;
  const usedOn = (day) => eventually(async () => (await lastUse()) === day || undefined, `use on ${day}`);
  const today = async () => new Date((await willcall.now()) * 1000).toISOString().slice(0, 10);
  assert.equal(await lastUse(), null);
  const wrong = new Client(event, { ...client.registration, client_secret: tampered(client.client_secret) });
  assertOAuthError(await asService(wrong), 401, 'invalid_client');
  await countedAs(client, 1);
  assert.equal(await lastUse(), null, 'a stranger’s refusal is no use');

  await issued(asService(client));
  await usedOn(await today());
  await willcall.moveClock(DAY);
  const { access_token } = await issued(asService(client));
  await usedOn(await today());
  const [listed] = (await operator.must('GET', `${event.path}/integrations?limit=200`)).items.filter(({ client_id }) => client_id === client.client_id);
  assert.equal(listed.last_used_on, await today());

  await operator.must('DELETE', place);
  await client.revoke(access_token);
  await countedAs(client, 4);
  assert.equal((await operator.must('PUT', place, { service_scopes: ['report:read'] })).last_used_on, null);
  assert.equal(await lastUse(), null);
  assert.equal((await operator.call('PUT', place, { last_used_on: null })).status, 400, 'it cannot be set');
});

test('usage: a filter of a wrong form, or a day that no calendar has, is 400', async () => {
  for (const query of ['client_id=x', 'limit=0', 'from=yesterday', 'from=2026-1-1', 'to=2026-13-01', 'to=2026-02-31']) {
    assert.equal((await operator.call('GET', `${event.path}/usage?${query}`)).status, 400, query);
  }
});

test('usage: what was counted stands after a restart, and goes on', async () => {
  const data = temporaryDirectory();
  const own = await Willcall.start({ persistTo: data.directory });
  try {
    const host = await own.event('localhost').create();
    const client = await host.application({ redirect_uris: [], approval: { obo_scopes: [], service_scopes: ['report:read'] } });
    const total = async (count) => eventually(async () => {
      const lines = (await own.operator.must('GET', `${host.path}/usage`)).items;
      const tokens = lines.reduce((all, line) => all + line.tokens, 0);
      return tokens >= count ? tokens : undefined;
    }, `${count} tokens counted`);
    for (let count = 0; count < 3; count += 1) await issued(asService(client));
    assert.equal(await total(3), 3);
    own.kill();
    await own.restart();
    assert.equal(await total(3), 3);
    await issued(asService(client));
    assert.equal(await total(4), 4);
  } finally {
    await own.stop();
    data.remove();
  }
});

// -- Audit --------------------------------------------------------------------------------------

test('audit: what operators, people and thieves did, newest first, with no secret and no name in it', async () => {
  const host = await willcall.event('audit.localhost').create();
  const sam = await host.person({ name: 'Sam Audited', email: 'sam.audited@people.example' });
  const client = await host.application();
  const stolen = await client.obtainGrant(sam, { scope: 'pii:basic' });
  await issued(client.refresh(stolen.refresh_token));
  await willcall.moveClock(RETRY_WINDOW + 1);
  assertOAuthError(await client.refresh(stolen.refresh_token), 400, 'invalid_grant');
  const code = await client.obtainCode(sam, { scope: 'pii:basic' });
  await issued(client.redeem(code));
  assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
  const { token } = await makeToken(sam);
  const page = await accountPage(sam);
  await page.press('Revoke');
  await client.obtainGrant(sam, { scope: 'pii:basic' });
  await (await accountPage(sam)).press('Revoke access');
  await host.changeAccount(sam, { permissions: ['staff'] });
  await host.approve(client, { obo_scopes: ['pii:basic'] });
  await operator.must('DELETE', `${host.path}/integrations/${client.client_id}`);
  await host.deleteAccount(sam);

  const expected = {
    'account.created': 'operator', 'integration.created': 'operator', 'grant.refresh_token_reused': client.client_id, 'grant.code_replayed': client.client_id,
    'personal_access_token.created': sam.id, 'personal_access_token.revoked': sam.id, 'grant.revoked_by_person': sam.id,
    'account.changed': 'operator', 'integration.changed': 'operator', 'integration.deleted': 'operator', 'account.deleted': 'operator',
  };
  const entries = await eventually(async () => {
    const { items } = await operator.must('GET', `${host.path}/audit?limit=100`);
    return Object.keys(expected).every((type) => items.some((item) => item.type === type)) ? items : undefined;
  }, `an entry for each of ${Object.keys(expected)}`);
  for (const [type, actor] of Object.entries(expected)) assert.equal(entries.find((entry) => entry.type === type).actor, actor, type);
  for (const type of ['grant.refresh_token_reused', 'grant.code_replayed']) assert.equal(entries.find((entry) => entry.type === type).account, sam.id, type);
  const times = entries.map((entry) => Date.parse(entry.at));
  assert.ok(times.every(Number.isFinite));
  assert.deepEqual(times, [...times].sort((a, b) => b - a));
  const text = JSON.stringify(entries);
  for (const hidden of ['wc_', 'Sam Audited', 'sam.audited', token, client.client_secret, code.code]) assert.ok(!text.includes(hidden), hidden);

  const paged = [];
  let cursor;
  do {
    const answer = await operator.must('GET', `${host.path}/audit?${new URLSearchParams({ limit: 4, ...(cursor && { cursor }) })}`);
    paged.push(...answer.items);
    cursor = answer.next_cursor;
  } while (cursor);
  assert.deepEqual(paged, entries);
});

// -- Secrets of a client -----------------------------------------------------------------------

const secretsOf = async (client) => Object.fromEntries((await operator.must('GET', `/applications/${client.client_id}`)).secrets.map(({ id, last_used_at }) => [id, last_used_at]));

test('a client changes its secret without an outage: both are good until the old one is deleted', async () => {
  const sam = await event.person();
  const old = await event.application();
  const grant = await old.obtainGrant(sam);
  const second = await operator.must('POST', `/applications/${old.client_id}/secrets`);
  const renewed = new Client(event, { ...old.registration, client_secret: second.client_secret });

  const code = await old.obtainCode(sam);
  await issued(renewed.redeem(code));
  let token = (await issued(renewed.refresh(grant.refresh_token))).refresh_token;
  token = (await issued(old.refresh(token))).refresh_token;
  assert.equal((await issued(renewed.introspect(token))).active, true);
  assert.equal((await issued(old.introspect(token))).active, true);

  await operator.must('DELETE', `/applications/${old.client_id}/secrets/${old.registration.secret_id}`);
  token = (await issued(renewed.refresh(token))).refresh_token;
  await willcall.moveClock(ALLOWED_STALENESS);
  assertOAuthError(await old.refresh(token), 401, 'invalid_client');
  const { access_token } = await issued(renewed.refresh(token));
  assert.equal((await callApi(event, access_token)).status, 200);
});

test('each secret has a last_used_at of its own', async () => {
  const old = await service(['report:read']);
  const second = await operator.must('POST', `/applications/${old.client_id}/secrets`);
  const renewed = new Client(event, { ...old.registration, client_secret: second.client_secret });
  const { secret_id } = old.registration;
  assert.deepEqual(await secretsOf(old), { [secret_id]: null, [second.secret_id]: null });

  const used = (id, after) => eventually(async () => {
    const at = (await secretsOf(old))[id];
    return at && Date.parse(at) / 1000 >= after ? at : undefined;
  }, `a use of ${id}`);
  const first = await willcall.now();
  await issued(asService(old));
  const at = await used(secret_id, first);
  assert.equal((await secretsOf(old))[second.secret_id], null);

  await willcall.moveClock(2 * 3600);
  const later = await willcall.now();
  await issued(asService(renewed));
  await used(second.secret_id, later);
  assert.equal((await secretsOf(old))[secret_id], at);

  await issued(asService(old));
  await used(secret_id, later);
  assert.equal(Object.keys(await secretsOf(old)).length, 2);
});

test('a wrong secret is no use of the right one', async () => {
  const client = await service(['report:read']);
  const wrong = new Client(event, { ...client.registration, client_secret: tampered(client.client_secret) });
  assertOAuthError(await asService(wrong), 401, 'invalid_client');
  await countedAs(client, 1); // by now anything else would be noted too
  assert.deepEqual(Object.values(await secretsOf(client)), [null]);
});
