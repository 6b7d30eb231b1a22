// Contract 3: the consent page, remembered consent, and taking it back on /account.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ALLOWED_STALENESS, Client, EVERYDAY, Willcall, assertErrorRedirect, assertOAuthError, scopeSet, tampered } from './harness.mjs';
import { elements } from './html.mjs';

let willcall;
let event;
let robin;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  robin = await event.person({ name: 'Robin Example', permissions: ['manage'] });
});

after(() => willcall?.stop());

async function consentPage(client, parameters, person = robin) {
  const page = await (await person.browser()).requestAuthorization(client, parameters);
  assert.ok(page.isConsent, `asks: ${page.status} ${page.text.slice(0, 200)}`);
  return page;
}

function hiddenField(page, name) {
  return page.formWith('Authorize Application').fields.find(([field]) => field === name)[1];
}

async function assertStraightBack(client, parameters, person = robin) {
  const page = await (await person.browser()).requestAuthorization(client, parameters);
  assert.ok(page.departure?.searchParams.has('code'), `straight back: ${page.status} ${page.text.slice(0, 200)}`);
}

async function revokeOnAccountPage(client, person = robin) {
  const page = await (await person.browser()).open('/account');
  const form = page.forms.find(({ action }) => new URL(action, page.url).pathname === `/account/applications/${client.client_id}/revoke`);
  assert.ok(form, 'the application is listed');
  return page.submit(form, form.buttons.find(({ text }) => text === 'Revoke access'));
}

// -- Refusals -----------------------------------------------------------------------------------

test('Deny: access_denied, and nothing is granted', async () => {
  const client = await event.application();
  const page = await (await consentPage(client)).press('Deny');
  assertErrorRedirect(page, 'access_denied', { issuer: event.issuer });
  await consentPage(client);
});

test('a consent without its form token is refused with 403', async () => {
  const client = await event.application();
  for (const form_token of [undefined, '', 'forged']) {
    const page = await (await consentPage(client)).press('Authorize Application', { form_token });
    assert.equal(page.departure, null);
    assert.equal(page.status, 403);
  }
});

test('a form token of the same person in another session is refused with 403', async () => {
  const client = await event.application();
  const other = event.browser();
  await other.signIn(robin);
  const form_token = hiddenField(await other.requestAuthorization(client), 'form_token');
  assert.equal((await (await consentPage(client)).press('Authorize Application', { form_token })).status, 403);
});

test('a consent from a foreign Origin is refused with 403', async () => {
  const client = await event.application();
  for (const origin of ['https://evil.example', 'https://badges.example.com', willcall.origin('a.localhost')]) {
    const page = await (await consentPage(client)).press('Authorize Application', {}, { origin });
    assert.equal(page.departure, null);
    assert.equal(page.status, 403);
  }
});

test('a consent for somebody who has signed out meanwhile grants nothing', async () => {
  const client = await event.application();
  const browser = event.browser();
  await browser.signIn(robin);
  const page = await browser.requestAuthorization(client);
  await (await browser.open('/account')).press('Sign out');
  const answer = await page.press('Authorize Application');
  assert.equal(answer.departure, null);
});

test('a consent form that was tampered with never grants more, and never leads elsewhere', async () => {
  const client = await event.application();
  const wider = [{ scope: `${EVERYDAY} settings:write` }, { scope: 'settings:write' }, { scope: `${EVERYDAY} report:read` }, { scope: '' }, { request: '' }, { request: undefined }];
  for (const filled of wider) {
    const answer = await (await consentPage(client)).press('Authorize Application', filled);
    assert.equal(answer.departure?.searchParams.get('code') ?? null, null, JSON.stringify(filled));
    assert.ok(answer.status < 500);
  }
  const page = await consentPage(client);
  const request = hiddenField(page, 'request');
  const elsewhere = request.replaceAll('badges.example.com', 'evil.example');
  const answer = await page.press('Authorize Application', { request: elsewhere === request ? tampered(request) : elsewhere });
  assert.equal(answer.departure, null, 'no redirect to an unregistered URI');
});

test('a decision that is neither yes nor no grants nothing', async () => {
  const client = await event.application();
  for (const decision of [undefined, '', 'maybe', 'AUTHORIZE']) {
    const page = await consentPage(client);
    const answer = await page.submit(page.formWith('Deny'), undefined, { decision });
    assert.equal(answer.departure?.searchParams.get('code') ?? null, null);
    assert.ok(answer.status < 500);
  }
});

test('an approval taken away while the page was open grants nothing', async () => {
  const client = await event.application();
  const page = await consentPage(client);
  await event.operator.must('DELETE', `${event.path}/integrations/${client.client_id}`);
  await willcall.moveClock(ALLOWED_STALENESS);
  const answer = await page.press('Authorize Application');
  assert.equal(answer.departure, null);
  assert.equal(answer.status, 400);
});

// -- What the page says -------------------------------------------------------------------------

test('the page shows the event, the application, who is signed in and each scope in words', async () => {
  const client = await event.application({ name: 'Badge Buddy', description: 'Prints badges nicely', website: 'https://buddy.example.com/about' });
  const page = await consentPage(client);
  for (const words of [event.name, 'Badge Buddy', 'Prints badges nicely', 'https://buddy.example.com/about', 'Robin Example', robin.email, 'Print your badge', 'See your schedule', 'Not you?']) {
    assert.ok(page.text.includes(words), `"${words}" in: ${page.text}`);
  }
  assert.doesNotMatch(page.text, /badge:print/, 'words, not names of scopes');
  assert.deepEqual(page.formWith('Deny').buttons.map((button) => button.text), ['Authorize Application', 'Deny']);
});

test('what an application says of itself is shown as text', async () => {
  const name = '<b>Bold</b> & "Co" <script>alert(1)</script>';
  const client = await event.application({ name, description: '<img src=x onerror=alert(2)>', website: 'https://buddy.example.com/?"><i>' });
  const page = await consentPage(client);
  assert.ok(page.text.includes(name), page.text);
  const names = elements(page.html).map((element) => element.name);
  assert.ok(!names.includes('b') && !names.includes('i'));
  assert.doesNotMatch(page.html, /<script>alert|<img src=x/);
});

test('the address of a website is a link only over http or https', async () => {
  const reply = await event.operator.call('POST', '/applications', {
    name: 'Sly', description: '', website: 'javascript:alert(1)', redirect_uris: ['https://badges.example.com/callback'], type: 'confidential',
  });
  if (reply.status === 400) return; // refusing it outright is as good
  await event.approve(reply.json);
  const client = new Client(event, reply.json);
  const page = await consentPage(client);
  assert.ok(!page.links.some(({ href }) => /^javascript:/i.test(href)));
});

test('only a sensitive scope is called an administrative permission', async () => {
  const client = await event.application();
  assert.doesNotMatch((await consentPage(client)).text, /This is an administrative permission/);
  const page = await consentPage(client, { scope: `${EVERYDAY} settings:write event:manage` });
  assert.equal(page.text.match(/This is an administrative permission/g).length, 2, 'beside each one');
});

test('the forms of every page stay here, but for those that lead to an application', async () => {
  const client = await event.application();
  const browser = await robin.browser();
  const formAction = ({ reply }) => /form-action ([^;]*)/.exec(reply.headers['content-security-policy'])?.[1];
  const staying = {
    front: await browser.open('/'),
    account: await browser.open('/account'),
    logout: await browser.open('/logout'),
    login: await event.browser().open('/login'),
    'an error': await browser.open('/oauth/authorize?client_id=1'),
  };
  for (const [name, page] of Object.entries(staying)) assert.equal(formAction(page), "'self'", name);
  const leading = {
    'sign-in for an application': await event.browser().open(client.authorizationPath()),
    consent: await consentPage(client),
    invalid: await browser.requestAuthorization(client, { scope: 'staff:roster' }),
  };
  for (const [name, page] of Object.entries(leading)) assert.equal(formAction(page), undefined, name);
});

test('no page can be framed, loads anything from elsewhere, or tells another site its address', async () => {
  const client = await event.application();
  const browser = await robin.browser();
  const pages = {
    front: await browser.open('/'),
    developer: await browser.open('/developer'),
    login: await event.browser().open('/login'),
    consent: await consentPage(client),
    account: await browser.open('/account'),
    error: await browser.open('/oauth/authorize?client_id=1'),
    invalid: await browser.requestAuthorization(client, { scope: 'staff:roster' }),
    missing: await browser.open('/no-such-page'),
  };
  for (const [name, { reply, html, url }] of Object.entries(pages)) {
    assert.match(reply.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/, name);
    assert.equal(reply.headers['x-frame-options'], 'DENY', name);
    assert.match(reply.headers['referrer-policy'] ?? '', /^(no-referrer|same-origin|origin|strict-origin)$/, name);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff', name);
    assert.doesNotMatch(reply.headers['content-security-policy'], /unsafe-inline|unsafe-eval/, name);
    assert.equal(reply.headers['access-control-allow-origin'], undefined, name);
    for (const { name: element, attributes } of elements(html)) {
      const loaded = ['script', 'img', 'iframe', 'source', 'embed'].includes(element) ? attributes.src : element === 'link' ? attributes.href : undefined;
      if (loaded) assert.equal(new URL(loaded, url).origin, event.issuer, `${name}: ${loaded}`);
      assert.equal(attributes.style, undefined, `${name}: an inline style that the policy would drop`);
    }
  }
});

test('"Not you?" lets another person sign in and answer the same request', async () => {
  const client = await event.application();
  const kim = await event.person({ name: 'Kim Other' });
  const browser = event.browser();
  await browser.signIn(robin);
  const page = await (await browser.requestAuthorization(client, { state: 'kept' })).follow('Not you?');
  const signIn = page.isSignIn ? page : await page.press('Sign out');
  const asked = await signIn.press('Sign in', { email: kim.email, password: kim.password });
  assert.ok(asked.isConsent, asked.text.slice(0, 200));
  assert.ok(asked.text.includes('Kim Other') && !asked.text.includes('Robin Example'));
  const { departure } = await asked.press('Authorize Application');
  assert.equal(departure.searchParams.get('state'), 'kept');
  const reply = await client.redeem({ code: departure.searchParams.get('code'), redirect_uri: client.redirectUri });
  assert.equal((await client.introspect(reply.json.access_token)).json.sub, kim.id);
});

// -- Remembered consent -------------------------------------------------------------------------

test('a code that nobody redeemed is no grant: the next request asks again', async () => {
  const client = await event.application();
  await client.obtainCode(robin);
  await consentPage(client);
});

test('a request that one live grant covers goes straight back, under prompt=none too', async () => {
  const client = await event.application();
  await client.obtainGrant(robin);
  await assertStraightBack(client, {});
  await assertStraightBack(client, { scope: 'badge:print' });
  await assertStraightBack(client, { scope: 'badge:print', prompt: 'none' });
});

test('prompt=consent asks anyway', async () => {
  const client = await event.application();
  await client.obtainGrant(robin);
  await consentPage(client, { prompt: 'consent' });
});

test('a wider request asks again for the whole set', async () => {
  const client = await event.application();
  await client.obtainGrant(robin, { scope: 'badge:print' });
  const page = await consentPage(client, { scope: 'badge:print schedule:read' });
  assert.match(page.text, /Print your badge/);
  assert.match(page.text, /See your schedule/);
});

test('two grants that cover a request only together do not', async () => {
  const client = await event.application();
  await client.obtainGrant(robin, { scope: 'badge:print' });
  await client.obtainGrant(robin, { scope: 'schedule:read' });
  await consentPage(client, { scope: 'badge:print schedule:read' });
});

test('a sensitive scope is asked for every time', async () => {
  const client = await event.application();
  await client.obtainGrant(robin, { scope: 'badge:print settings:write' });
  await consentPage(client, { scope: 'badge:print settings:write' });
  await consentPage(client, { scope: 'settings:write' });
  assertErrorRedirect(await (await robin.browser()).requestAuthorization(client, { scope: 'settings:write', prompt: 'none' }), 'consent_required', { issuer: event.issuer });
  await assertStraightBack(client, { scope: 'badge:print' });
});

test('it is the current scope that counts: what a refresh dropped is asked for again', async () => {
  const client = await event.application();
  const grant = await client.obtainGrant(robin, { scope: 'badge:print schedule:read' });
  assert.equal((await client.refresh(grant.refresh_token, { scope: 'badge:print' })).status, 200);
  await consentPage(client, { scope: 'badge:print schedule:read' });
  await assertStraightBack(client, { scope: 'badge:print' });
});

test('a grant that its client ended is not remembered', async () => {
  const client = await event.application();
  const grant = await client.obtainGrant(robin);
  assert.equal((await client.revoke(grant.refresh_token)).status, 200);
  await consentPage(client);
});

test('one person’s consent is not another’s, nor one application’s another’s', async () => {
  const [client, other] = [await event.application(), await event.application()];
  await client.obtainGrant(robin);
  await consentPage(client, {}, await event.person());
  await consentPage(other);
});

test('a public client whose redirect is not https is asked every time; one whose redirect is https is not', async () => {
  const native = await event.publicApplication({ redirect_uris: ['http://127.0.0.1/callback'] });
  const single = await event.publicApplication();
  const challenge = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
  await native.obtainGrant(robin);
  await consentPage(native, challenge);
  await single.obtainGrant(robin);
  await assertStraightBack(single, challenge);
});

// -- /account -----------------------------------------------------------------------------------

test('/account lists each application that the person authorized, once', async () => {
  const sam = await event.person();
  const client = await event.application({ name: 'Once Only' });
  await client.obtainGrant(sam);
  await client.obtainGrant(sam, { prompt: 'consent' });
  const page = await (await sam.browser()).open('/account');
  assert.equal(page.text.match(/Once Only/g)?.length, 1, page.text);
  assert.equal(page.text.match(/Revoke access/g)?.length, 1);
  assert.match(page.text, new RegExp(sam.email));
});

test('Revoke access without its form token, or from a foreign Origin, is refused with 403', async () => {
  const sam = await event.person();
  const client = await event.application();
  const grant = await client.obtainGrant(sam);
  const page = await (await sam.browser()).open('/account');
  assert.equal((await page.press('Revoke access', { form_token: undefined })).status, 403);
  assert.equal((await page.press('Revoke access', { form_token: 'forged' })).status, 403);
  assert.equal((await page.press('Revoke access', {}, { origin: 'https://evil.example' })).status, 403);
  assert.equal(await client.isActive(grant.access_token), true);
});

test('Revoke access ends all grants of that application at once, and those of no other', async () => {
  const sam = await event.person();
  const [client, other] = [await event.application(), await event.application()];
  const grants = [await client.obtainGrant(sam), await client.obtainGrant(sam), await client.obtainGrant(sam, { scope: 'badge:print' })];
  const kept = await other.obtainGrant(sam);
  const theirs = await client.obtainGrant(robin);
  await revokeOnAccountPage(client, sam);
  for (const grant of grants) {
    assert.equal(await client.isActive(grant.access_token), false);
    assert.equal(await client.isActive(grant.refresh_token), false);
    assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  }
  assert.equal(await other.isActive(kept.access_token), true);
  assert.equal(await client.isActive(theirs.access_token), true);
  const page = await (await sam.browser()).open('/account');
  assert.ok(!page.forms.some(({ action }) => action.includes(client.client_id)), 'no longer listed');
  await consentPage(client, {}, sam);
});

test('Revoke access ends codes that were not redeemed yet, and not the ones of a new authorization right after', async () => {
  const sam = await event.person();
  const client = await event.application();
  await client.obtainGrant(sam);
  const early = await client.obtainCode(sam);
  await revokeOnAccountPage(client, sam);
  assertOAuthError(await client.redeem(early), 400, 'invalid_grant');
  const late = await client.redeem(await client.obtainCode(sam));
  assert.equal(late.status, 200, late.text);
  assert.deepEqual(scopeSet(late.json.scope), scopeSet(EVERYDAY));
});

test('revoking an application that was never authorized changes nothing and is no fault of ours', async () => {
  const sam = await event.person();
  const [client, other] = [await event.application(), await event.application()];
  await client.obtainGrant(sam);
  const page = await (await sam.browser()).open('/account');
  const form = page.formWith('Revoke access');
  const answer = await page.submit({ ...form, action: form.action.replace(client.client_id, other.client_id) }, form.buttons[0]);
  assert.ok(answer.status < 500);
  await assertStraightBack(client, {}, sam);
});
