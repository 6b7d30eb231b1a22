// Contract 2: the authorization request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ALLOWED_STALENESS, EVERYDAY, Willcall, assertErrorPage, assertErrorRedirect, formEncoded, pkce, scopeSet } from './harness.mjs';

const CALLBACK = 'https://badges.example.com/callback';

let willcall;
let event;
let client;
let robin;
let browser;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  client = await event.application();
  robin = await event.person();
  browser = await robin.browser();
});

after(() => willcall?.stop());

/** Asks for a page that must be refused on the spot, signed in or not, whatever `prompt` says. */
async function assertNeverRedirects(path) {
  for (const visitor of [browser, event.browser()]) {
    for (const prompt of ['', '&prompt=none', '&prompt=login']) {
      assertErrorPage(await visitor.open(path + prompt));
    }
  }
}

async function assertRedirects(error, parameters, { of = client, as = browser, ...expected } = {}) {
  const page = await as.requestAuthorization(of, parameters);
  assertErrorRedirect(page, error, { issuer: event.issuer, ...expected });
  return page;
}

// -- The 400 page -------------------------------------------------------------------------------

test('a client_id that is missing, empty or unknown is a 400 page, never a redirect', async () => {
  for (const client_id of [undefined, '', '1', '999999999999', 'abc', '-1', `0${client.client_id}`, `${client.client_id} `]) {
    await assertNeverRedirects(client.authorizationPath({ client_id }));
  }
});

test('a repeated client_id or redirect_uri is a 400 page, even when both values are the same', async () => {
  const request = client.authorizationPath();
  await assertNeverRedirects(`${request}&client_id=${client.client_id}`);
  await assertNeverRedirects(`${request}&client_id=1`);
  await assertNeverRedirects(`${request}&redirect_uri=${encodeURIComponent(CALLBACK)}`);
  await assertNeverRedirects(`${request}&redirect_uri=${encodeURIComponent('https://evil.example/')}`);
});

test('an integration that this event has not approved is a 400 page', async () => {
  const stranger = await event.operator.registerApplication();
  await assertNeverRedirects(client.authorizationPath({ client_id: stranger.client_id }));
});

test('an integration that this event has suspended is a 400 page, and works again when resumed', async () => {
  const paused = await event.application();
  await event.approve(paused, { status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertNeverRedirects(paused.authorizationPath());
  await event.approve(paused, { status: 'active' });
  assert.ok((await browser.requestAuthorization(paused)).isConsent);
});

test('a suspended application is a 400 page at every event', async () => {
  const paused = await event.application();
  await event.operator.must('PATCH', `/applications/${paused.client_id}`, { status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  await assertNeverRedirects(paused.authorizationPath());
});

test('a redirect_uri that is not byte for byte a registered one is a 400 page', async () => {
  const lookalikes = [
    `${CALLBACK}/`, `${CALLBACK}?`, `${CALLBACK}#`, `${CALLBACK}?x=1`, 'https://badges.example.com/Callback',
    'HTTPS://badges.example.com/callback', 'https://BADGES.example.com/callback', 'https://badges.example.com:443/callback',
    'http://badges.example.com/callback', 'https://badges.example.com/callbac', 'https://badges.example.com/%63allback',
    'https://badges.example.com/x/../callback', 'https://badges.example.com.evil.example/callback',
    'https://badges.example.com@evil.example/callback', 'https://evil.example/', `${CALLBACK} `, ` ${CALLBACK}`, `${CALLBACK}\n`,
    '//badges.example.com/callback', '/callback', 'javascript:alert(1)', 'https://badges.example.com/callback\u0000',
  ];
  for (const redirect_uri of lookalikes) await assertNeverRedirects(client.authorizationPath({ redirect_uri }));
});

test('redirect_uri may be left out only when exactly one is registered', async () => {
  const two = await event.application({ redirect_uris: [CALLBACK, 'https://badges.example.com/other'] });
  await assertNeverRedirects(two.authorizationPath({ redirect_uri: undefined }));
  await assertNeverRedirects(two.authorizationPath({ redirect_uri: '' }));
  const none = await event.application({ redirect_uris: [] });
  await assertNeverRedirects(none.authorizationPath({ redirect_uri: undefined }));

  const page = await browser.authorize(client, { redirect_uri: undefined });
  assert.equal(page.departure?.origin + page.departure?.pathname, CALLBACK);
});

test('a loopback redirect_uri of a confidential client, or under the name localhost, has its port', async () => {
  const registered = ['http://127.0.0.1:7000/callback', 'http://[::1]:7000/callback', 'http://localhost:7000/callback'];
  const confidential = await event.application({ redirect_uris: registered });
  for (const redirect_uri of registered) {
    await assertNeverRedirects(confidential.authorizationPath({ redirect_uri: redirect_uri.replace('7000', '49152') }));
  }
  const application = await event.publicApplication({ redirect_uris: registered });
  await assertNeverRedirects(application.authorizationPath({ redirect_uri: 'http://localhost:49152/callback' }));
  await assertNeverRedirects(application.authorizationPath({ redirect_uri: 'http://127.0.0.1:49152/other' }));
  await assertNeverRedirects(application.authorizationPath({ redirect_uri: 'http://127.0.0.2:49152/callback' }));
  await assertNeverRedirects(application.authorizationPath({ redirect_uri: 'https://127.0.0.1:49152/callback' }));
  await assertNeverRedirects(application.authorizationPath({ redirect_uri: 'http://127.0.0.1:49152@evil.example/callback' }));
});

test('a request of more than 8 KiB is the 400 page', async () => {
  await assertNeverRedirects(client.authorizationPath({ state: 'x'.repeat(8 * 1024) }));
  assertErrorPage(await browser.open('/oauth/authorize', { method: 'POST', form: { client_id: client.client_id, state: 'x'.repeat(8 * 1024) } }));
});

// -- Errors that go back to the application -----------------------------------------------------

test('response_type: missing is invalid_request, another than code unsupported_response_type', async () => {
  await assertRedirects('invalid_request', { response_type: undefined });
  await assertRedirects('invalid_request', { response_type: '' });
  for (const response_type of ['token', 'id_token', 'code token', 'code id_token', 'Code', 'none']) {
    await assertRedirects('unsupported_response_type', { response_type });
  }
});

test('a repeated parameter is invalid_request', async () => {
  const proof = pkce();
  const repeats = {
    response_type: 'code', scope: 'badge:print', prompt: 'consent', response_mode: 'query',
    code_challenge: proof.challenge, code_challenge_method: 'S256', max_age: '60', login_hint: 'a@example.com',
  };
  for (const [name, value] of Object.entries(repeats)) {
    const path = `${client.authorizationPath({ [name]: value })}&${formEncoded({ [name]: value })}`;
    assertErrorRedirect(await browser.open(path), 'invalid_request', { issuer: event.issuer });
  }
});

test('a repeated state is invalid_request and none is returned', async () => {
  const page = await browser.open(`${client.authorizationPath()}&state=another`);
  assertErrorRedirect(page, 'invalid_request', { issuer: event.issuer, state: null });
});

test('an unusable response_mode is answered in the query', async () => {
  for (const response_mode of ['nonsense', 'web_message', 'QUERY']) await assertRedirects('invalid_request', { response_mode });
});

test('the code challenge: S256 only, the method with it, and of the form that RFC 7636 gives it', async () => {
  const { challenge } = pkce();
  await assertRedirects('invalid_request', { code_challenge: challenge });
  for (const code_challenge_method of ['plain', 's256', 'S512', '']) {
    await assertRedirects('invalid_request', { code_challenge: challenge, code_challenge_method });
  }
  for (const malformed of ['short', challenge.slice(1), `${challenge}=`, `${challenge.slice(1)}+`, 'a'.repeat(129)]) {
    await assertRedirects('invalid_request', { code_challenge: malformed, code_challenge_method: 'S256' });
  }
});

test('a challenge is required of a public client, and of a confidential one with require_pkce', async () => {
  const application = await event.publicApplication();
  await assertRedirects('invalid_request', {}, { of: application });
  const strict = await event.application({ require_pkce: true });
  await assertRedirects('invalid_request', {}, { of: strict });
  const { challenge } = pkce();
  const page = await browser.authorize(strict, { code_challenge: challenge, code_challenge_method: 'S256' });
  assert.ok(page.departure?.searchParams.has('code'));
});

test('unauthorized_client: no on-behalf-of scope is approved', async () => {
  const service = await event.application({ approval: { obo_scopes: [], service_scopes: ['report:read'] } });
  await assertRedirects('unauthorized_client', {}, { of: service });
  await assertRedirects('unauthorized_client', { scope: undefined }, { of: service });
});

test('invalid_scope: unknown, not approved for this integration, service-only or malformed', async () => {
  const narrow = await event.application({ approval: { obo_scopes: ['badge:print', 'stats:read'], service_scopes: ['report:read'] } });
  for (const scope of ['no:such', 'schedule:read', 'badge:print schedule:read', 'report:read', 'user:read', 'BADGE:PRINT', 'a"b', 'badge:print\nschedule:read']) {
    await assertRedirects('invalid_scope', { scope }, { of: narrow });
  }
});

test('prompt=none goes only alone', async () => {
  for (const prompt of ['none login', 'consent none', 'none login consent']) await assertRedirects('invalid_request', { prompt });
});

test('prompt=none, nobody signed in: login_required; consent not given: consent_required', async () => {
  await assertRedirects('login_required', { prompt: 'none' }, { as: event.browser() });
  await assertRedirects('consent_required', { prompt: 'none' });
});

test('nobody is sent to the application unasked: with a faulty request too the person signs in first', async () => {
  const visitor = event.browser();
  for (const fault of [{ response_type: 'token' }, { scope: 'no:such' }, { code_challenge: 'short' }, { prompt: 'none login' }]) {
    const page = await visitor.requestAuthorization(client, fault);
    assert.ok(page.isSignIn, `${JSON.stringify(fault)}: ${page.text.slice(0, 100)}`);
  }
  const page = await (await visitor.requestAuthorization(client, { scope: 'no:such' })).press('Sign in', robin);
  assertErrorRedirect(page, 'invalid_scope', { issuer: event.issuer });
});

test('under prompt=none a faulty request goes back at once, signed in or not', async () => {
  for (const as of [event.browser(), browser]) {
    await assertRedirects('unsupported_response_type', { prompt: 'none', response_type: 'token' }, { as });
    await assertRedirects('invalid_scope', { prompt: 'none', scope: 'no:such' }, { as });
  }
});

// -- Scopes beyond the person's permissions -----------------------------------------------------

/** Where the one way back to the application leads. */
function wayBack(page) {
  const ways = page.forms.filter((form) => form.action.startsWith('https:') || form.action.startsWith('http:'));
  assert.equal(ways.length, 1, 'one way back');
  assert.equal(ways[0].buttons.length, 1, 'one button');
  const url = new URL(ways[0].action);
  if (ways[0].method === 'GET') url.search = formEncoded(ways[0].fields);
  return { url, reply: page.reply };
}

test('a scope whose permission the person lacks: the page "Invalid request", and nothing in part', async () => {
  const page = await browser.requestAuthorization(client, { scope: 'badge:print staff:roster' });
  assertErrorPage(page, 403);
  assert.equal(page.heading, 'Invalid request');
  assert.match(page.text, /Read the staff roster/, 'names the scope in words');
  assert.doesNotMatch(page.text, /Print your badge/, 'names no scope that the person could allow');
  assertErrorRedirect({ departure: wayBack(page).url, text: page.text }, 'invalid_request', { issuer: event.issuer });
});

test('a scope whose permission the person lacks, under prompt=none: back at once', async () => {
  await assertRedirects('invalid_request', { scope: 'staff:roster', prompt: 'none' });
});

test('scope left out and nothing that the person may grant: the same page', async () => {
  const forStaff = await event.application({ approval: { obo_scopes: ['staff:roster'] } });
  const page = await browser.requestAuthorization(forStaff, { scope: undefined });
  assertErrorPage(page, 403);
  assert.equal(page.heading, 'Invalid request');
  assertErrorRedirect({ departure: wayBack(page).url, text: page.text }, 'invalid_request', { issuer: event.issuer });
  await assertRedirects('invalid_request', { scope: undefined, prompt: 'none' }, { of: forStaff });
});

test('a permission held through a role, or given later, counts', async () => {
  await event.operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions: ['staff'] }]);
  const crew = await event.person({ roles: ['crew'] });
  assert.ok((await (await crew.browser()).requestAuthorization(client, { scope: 'staff:roster' })).isConsent);

  const late = await event.person();
  assertErrorPage(await (await late.browser()).requestAuthorization(client, { scope: 'staff:roster' }), 403);
  await event.changeAccount(late, { permissions: ['staff'] });
  assert.ok((await (await late.browser()).requestAuthorization(client, { scope: 'staff:roster' })).isConsent);
});

// -- Success ------------------------------------------------------------------------------------

test('success: 303 with code, state and iss', async () => {
  const page = await browser.authorize(client);
  assert.equal(page.reply.status, 303);
  assert.equal(page.departure.origin + page.departure.pathname, CALLBACK);
  assert.deepEqual([...page.departure.searchParams.keys()].sort(), ['code', 'iss', 'state']);
  assert.equal(page.departure.searchParams.get('state'), 'the-state');
  assert.equal(page.departure.searchParams.get('iss'), event.issuer);
});

test('state is returned untouched, and not at all when none was sent', async () => {
  const state = 'a b+c%20&=é/?#"\'<>\\ \u2603 ' + 'x'.repeat(500);
  assert.equal((await browser.authorize(client, { state })).departure.searchParams.get('state'), state);
  for (const absent of [undefined, '']) {
    assert.equal((await browser.authorize(client, { state: absent })).departure.searchParams.has('state'), false);
  }
});

test('a state with a backslash that nobody escaped survives sign-in', async () => {
  const person = await event.person();
  const path = `${client.authorizationPath({ state: undefined })}&state=a\\b`;
  const page = await (await event.browser().open(path)).press('Sign in', { email: person.email, password: person.password });
  assert.ok(page.isConsent, page.text.slice(0, 200));
  assert.equal((await page.press('Authorize Application')).departure.searchParams.get('state'), 'a\\b');
});

test('the query of a registered redirect_uri is kept', async () => {
  const tenant = await event.application({ redirect_uris: ['https://badges.example.com/callback?tenant=a%20b&x='] });
  const { departure } = await browser.authorize(tenant);
  assert.match(departure.search, /^\?tenant=a%20b&x=&/);
  assert.ok(departure.searchParams.has('code'));
});

test('an empty parameter counts as absent, and unknown ones are ignored, repeated or not', async () => {
  const path = client.authorizationPath({ prompt: '', response_mode: '', code_challenge: '', code_challenge_method: '', max_age: '', login_hint: '' });
  const page = await browser.open(`${path}&utm=1&utm=2&display=page&display=popup&nonce=n`);
  assert.ok(page.isConsent, page.text.slice(0, 200));
});

test('values of prompt that nobody knows are ignored', async () => {
  assert.ok((await browser.requestAuthorization(client, { prompt: 'select_account' })).isConsent);
});

test('scope left out: what is approved and the person may allow', async () => {
  const mixed = await event.application({ approval: { obo_scopes: ['badge:print', 'staff:roster', 'pii:basic'], service_scopes: ['report:read'] } });
  const grant = await mixed.obtainGrant(robin, { scope: undefined });
  assert.deepEqual(scopeSet(grant.scope), ['badge:print', 'pii:basic']);
  const staff = await event.person({ permissions: ['staff'] });
  assert.deepEqual(scopeSet((await mixed.obtainGrant(staff, { scope: undefined })).scope), ['badge:print', 'pii:basic', 'staff:roster']);
});

test('a loopback redirect_uri of a public client matches on any port', async () => {
  const native = await event.publicApplication({ redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]:7000/callback'] });
  for (const redirect_uri of ['http://127.0.0.1:49152/callback', 'http://127.0.0.1/callback', 'http://[::1]:50000/callback']) {
    const { challenge } = pkce();
    const { departure } = await browser.authorize(native, { redirect_uri, code_challenge: challenge, code_challenge_method: 'S256' });
    assert.ok(departure?.href.startsWith(redirect_uri), String(departure));
    assert.ok(departure.searchParams.has('code'));
  }
});

test('a private-use scheme gets its answer too', async () => {
  const native = await event.publicApplication({ redirect_uris: ['org.example.badges:/callback'] });
  const { challenge } = pkce();
  const { departure } = await browser.authorize(native, { code_challenge: challenge, code_challenge_method: 'S256' });
  assert.match(departure?.href ?? '', /^org\.example\.badges:\/callback\?.*code=/);
});

test('neither the challenge nor the redirect_uri can be read out of the code', async () => {
  const { challenge } = pkce();
  const page = await browser.authorize(client, { code_challenge: challenge, code_challenge_method: 'S256' });
  const code = page.departure.searchParams.get('code');
  const readings = [code, ...code.split(/[^A-Za-z0-9_-]/).map((part) => Buffer.from(part, 'base64url').toString('latin1'))];
  const hash = Buffer.from(challenge, 'base64url').toString('latin1');
  for (const reading of readings) {
    for (const hidden of [challenge, hash, Buffer.from(hash, 'latin1').toString('hex'), CALLBACK]) assert.ok(!reading.includes(hidden));
  }
});

// -- POST ---------------------------------------------------------------------------------------

test('a POST from anywhere is answered 303 to the same request as GET', async () => {
  const asked = { client_id: client.client_id, response_type: 'code', redirect_uri: CALLBACK, scope: EVERYDAY, state: 'é &=' };
  for (const headers of [{}, { Origin: 'https://badges.example.com' }, { Origin: 'null' }]) {
    const reply = await browser.request('/oauth/authorize', { form: asked, headers });
    assert.equal(reply.status, 303, reply.text);
    const target = new URL(reply.location, event.issuer);
    assert.equal(target.origin + target.pathname, `${event.issuer}/oauth/authorize`);
    assert.deepEqual(Object.fromEntries(target.searchParams), asked);
  }
});

test('a POST that may not redirect is the 400 page', async () => {
  for (const fault of [{ client_id: '1' }, { redirect_uri: 'https://evil.example/' }, {}]) {
    assertErrorPage(await browser.request('/oauth/authorize', { form: { response_type: 'code', ...fault }, headers: { Origin: 'https://evil.example' } }));
  }
});

test('the aliases are the same endpoint', async () => {
  for (const alias of ['/oauth2/authorize', '/connect/authorize']) {
    const page = await browser.open(client.authorizationPath().replace('/oauth/authorize', alias));
    assert.ok(page.isConsent);
    assert.ok((await page.press('Authorize Application')).departure.searchParams.has('code'));
    assertErrorPage(await browser.open(`${alias}?client_id=1`));
  }
});
