// Contract 3: signing in, sessions, and the throttle of contract 4 as far as it concerns passwords.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ALLOWED_STALENESS, Willcall, assertErrorPage, randomAddress, randomText } from './harness.mjs';
import { elements } from './html.mjs';

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

async function attempt(browser, credentials) {
  return (await browser.open('/login')).press('Sign in', credentials);
}

async function isSignedIn(browser) {
  const page = await browser.open('/account');
  assert.equal(page.status, 200, page.text.slice(0, 200));
  return !page.isSignIn;
}

/** A second browser that holds the same cookies: what a thief of a cookie, or a restored backup, has. */
function copyOf(browser) {
  const copy = event.browser();
  copy.cookies = new Map(browser.cookies);
  return copy;
}

// -- Refusals -----------------------------------------------------------------------------------

test('a wrong attempt shows the form again with status 400 and signs nobody in', async () => {
  const sam = await event.person(); // whose failures count against nobody else's e-mail
  const attempts = [
    { email: sam.email, password: 'not the password' },
    { email: sam.email, password: `${sam.password} ` },
    { email: sam.email, password: sam.password.toUpperCase() },
    { email: sam.email, password: '' },
    { email: '', password: sam.password },
    { email: '', password: '' },
    { email: 'no address at all', password: sam.password },
    { email: sam.email, password: undefined },
    { email: undefined, password: undefined },
  ];
  for (const credentials of attempts) {
    const visitor = event.browser();
    const page = await attempt(visitor, credentials);
    assertErrorPage(page);
    assert.ok(page.isSignIn, 'the form again');
    assert.equal(await isSignedIn(visitor), false);
  }
});

test('an unknown e-mail, a disabled account and one without a password answer as a wrong password does', async () => {
  const disabled = await event.person({ status: 'disabled' });
  const { email } = await event.operator.must('POST', `${event.path}/accounts`, { email: `${randomText(5)}@people.example`, name: 'No Password' });
  const known = await event.person();
  const visitor = event.browser();
  const wrong = await attempt(visitor, { email: known.email, password: 'not the password' });
  const said = (page, address) => page.text.replaceAll(address, 'ADDRESS');
  for (const credentials of [{ email: 'nobody@people.example', password: 'not the password' }, disabled, { email, password: 'not the password' }]) {
    const page = await attempt(visitor, credentials);
    assert.equal(page.status, 400);
    assert.equal(said(page, credentials.email), said(wrong, known.email));
  }
});

test('the password never comes back in a page', async () => {
  const page = await attempt(event.browser(), { email: robin.email, password: 'wrong-password-to-look-for' });
  assert.doesNotMatch(page.html, /wrong-password-to-look-for/);
});

test('an e-mail is shown as text, whatever is in it', async () => {
  const page = await attempt(event.browser(), { email: '"><script>alert(1)</script>@x', password: 'not the password' });
  assert.doesNotMatch(page.html, /<script>alert/);
});

test('a form without its token is refused with 403', async () => {
  const visitor = event.browser();
  for (const form_token of [undefined, '', 'forged', randomText(40)]) {
    const page = await attempt(visitor, { email: robin.email, password: robin.password, form_token });
    assert.equal(page.status, 403);
    assert.equal(await isSignedIn(visitor), false);
  }
});

test('a form token of another browser is refused with 403', async () => {
  const [mine, theirs] = [event.browser(), event.browser()];
  const form = (await mine.open('/login')).formWith('Sign in');
  const form_token = form.fields.find(([name]) => name === 'form_token')[1];
  assert.equal((await attempt(theirs, { email: robin.email, password: robin.password, form_token })).status, 403);
  assert.equal(await isSignedIn(theirs), false);
});

test('a foreign Origin is refused; none, null and our own are not foreign', async () => {
  const credentials = { email: robin.email, password: robin.password };
  for (const origin of ['https://evil.example', 'http://localhost', event.issuer.replace('http:', 'https:'), event.issuer.replace('localhost', 'a.localhost')]) {
    const visitor = event.browser();
    const page = await (await visitor.open('/login')).press('Sign in', credentials, { origin });
    assert.equal(page.status, 403, origin);
    assert.equal(await isSignedIn(visitor), false);
  }
  for (const origin of [undefined, 'null', event.issuer]) {
    const visitor = event.browser();
    await (await visitor.open('/login')).press('Sign in', credentials, { origin });
    assert.equal(await isSignedIn(visitor), true, String(origin));
  }
});

test('signing in leads to this host only, whatever `return` says', async () => {
  const elsewhere = [
    'https://evil.example/', '//evil.example/', '/\\evil.example', '\\\\evil.example', 'https:evil.example', '/\t/evil.example',
    '/\n/evil.example', ' //evil.example', 'javascript:alert(1)', '///evil.example', '/%09/evil.example', `${event.issuer}@evil.example/`, '/..//evil.example',
  ];
  for (const there of elsewhere) {
    const visitor = event.browser();
    const filled = await (await visitor.open(`/login?return=${encodeURIComponent(there)}`)).press('Sign in', { email: robin.email, password: robin.password });
    assert.equal(filled.departure, null, `${there} in the address`);
    const tampered = event.browser();
    const page = await attempt(tampered, { email: robin.email, password: robin.password, return: there });
    assert.equal(page.departure, null, `${there} in the form`);
  }
});

/** The cookies without which nobody is signed in; what they are called is the product's affair. */
async function sessionCookies(browser) {
  const names = [];
  for (const name of browser.cookies.keys()) {
    const without = copyOf(browser);
    without.cookies.delete(name);
    if (!(await isSignedIn(without))) names.push(name);
  }
  assert.ok(names.length > 0, 'a session cookie');
  return names;
}

test('a session cookie with a changed character is no session', async () => {
  const browser = event.browser();
  await browser.signIn(robin);
  for (const name of await sessionCookies(browser)) {
    const value = browser.cookies.get(name);
    for (const at of [0, Math.floor(value.length / 2), value.length - 4]) {
      const forger = copyOf(browser);
      forger.cookies.set(name, value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1));
      assert.equal(await isSignedIn(forger), false, `${name} at ${at}`);
    }
  }
});

// -- Signing in ---------------------------------------------------------------------------------

test('the fields are labelled Email and Password and the button reads Sign in', async () => {
  const page = await event.browser().open('/login');
  assert.equal(page.status, 200);
  const all = elements(page.html);
  const labelled = [...page.html.matchAll(/<label[^>]*\bfor="([^"]+)"[^>]*>([^<]+)</g)].map(([, id, words]) => {
    return [words.trim(), all.find((each) => each.attributes.id === id)?.attributes.name];
  });
  assert.deepEqual(labelled, [['Email', 'email'], ['Password', 'password']]);
  page.formWith('Sign in');
});

test('the session cookie is out of reach of scripts, other sites and other hosts', async () => {
  const browser = event.browser();
  const page = await browser.open('/login');
  const form = page.formWith('Sign in');
  const reply = await browser.request(form.action, {
    form: [...form.fields.filter(([name]) => !['email', 'password'].includes(name)), ['email', robin.email], ['password', robin.password]],
    headers: { Origin: 'null' },
  });
  assert.equal(reply.status, 303, reply.text);
  assert.ok(reply.setCookies.length > 0);
  for (const line of reply.setCookies) {
    assert.match(line, /;\s*HttpOnly/i);
    assert.match(line, /;\s*SameSite=(Lax|Strict)/i);
    assert.match(line, /;\s*Path=\/(;|$)/i);
    assert.doesNotMatch(line, /;\s*Domain=/i);
    assert.doesNotMatch(line, /^__Host-/, 'over loopback http a __Host- cookie would be dropped');
  }
});

test('over https the session cookie is Secure and carries the __Host- prefix', async () => {
  const secure = await willcall.event('reg.mybigevent.org').create();
  const person = await secure.person();
  const overHttps = { scheme: 'https', ip: randomAddress() };
  const shown = await secure.send('/login', overHttps);
  assert.equal(shown.status, 200, shown.text);
  const cookies = shown.setCookies.map((line) => line.split(';')[0]).join('; ');
  const token = /name="form_token" value="([^"]+)"/.exec(shown.text)[1];
  const reply = await secure.send('/login', {
    ...overHttps,
    form: { email: person.email, password: person.password, form_token: token, return: '/account' },
    headers: { Cookie: cookies, Origin: 'https://reg.mybigevent.org' },
  });
  assert.equal(reply.status, 303, reply.text);
  for (const line of [...shown.setCookies, ...reply.setCookies]) {
    assert.match(line, /^__Host-/);
    assert.match(line, /;\s*Secure/i);
  }
});

test('signing in gives a session of its own: the cookie from before is not it', async () => {
  const browser = event.browser();
  await browser.open('/login');
  const earlier = copyOf(browser);
  await browser.signIn(robin);
  assert.equal(await isSignedIn(browser), true);
  assert.equal(await isSignedIn(earlier), false);
});

test('the case of an e-mail does not matter', async () => {
  const browser = event.browser();
  await browser.signIn({ email: robin.email.toUpperCase(), password: robin.password });
  assert.equal(await isSignedIn(browser), true);
});

test('not signed in: /login, then back to the request', async () => {
  const visitor = event.browser();
  const page = await visitor.requestAuthorization(client, { state: 'kept & safe' });
  assert.equal(page.url.pathname, '/login');
  const back = await page.press('Sign in', { email: robin.email, password: robin.password });
  assert.ok(back.isConsent, back.text.slice(0, 200));
  const { departure } = await back.press('Authorize Application');
  assert.equal(departure.searchParams.get('state'), 'kept & safe');
});

test('a wrong attempt on the way does not lose the request', async () => {
  const visitor = event.browser();
  const wrong = await (await visitor.requestAuthorization(client)).press('Sign in', { email: robin.email, password: 'not the password' });
  assert.equal(wrong.status, 400);
  assert.ok((await wrong.press('Sign in', { email: robin.email, password: robin.password })).isConsent);
});

test('prompt=login asks again even with a session, once', async () => {
  const browser = event.browser();
  await browser.signIn(robin);
  const page = await browser.requestAuthorization(client, { prompt: 'login' });
  assert.ok(page.isSignIn, 'asks again');
  assert.ok((await page.press('Sign in', { email: robin.email, password: robin.password })).isConsent, 'once');
  assert.ok((await browser.requestAuthorization(client, { prompt: 'login' })).isSignIn, 'and again for another request');
});

test('prompt=login is not satisfied by opening the request again', async () => {
  const browser = event.browser();
  await browser.signIn(robin);
  const page = await browser.requestAuthorization(client, { prompt: 'login' });
  const back = page.formWith('Sign in').fields.find(([name]) => name === 'return')[1];
  assert.ok((await browser.open(back)).isSignIn);
});

// -- Ends of a session --------------------------------------------------------------------------

test('/account without a session leads to /login and back', async () => {
  const visitor = event.browser();
  const page = await visitor.open('/account');
  assert.equal(page.url.pathname, '/login');
  const account = await page.press('Sign in', { email: robin.email, password: robin.password });
  assert.equal(account.url.pathname, '/account');
});

test('Sign out ends the session itself, not only the cookie', async () => {
  const browser = event.browser();
  await browser.signIn(robin);
  const copy = copyOf(browser);
  await (await browser.open('/account')).press('Sign out');
  assert.equal(await isSignedIn(browser), false);
  assert.equal(await isSignedIn(copy), false);
});

test('nobody is signed out by a link, a form without token, or another site', async () => {
  const browser = event.browser();
  await browser.signIn(robin);
  await browser.open('/logout');
  assert.equal((await browser.open('/logout', { form: {} })).status, 403);
  const page = await browser.open('/account');
  assert.equal((await page.press('Sign out', {}, { origin: 'https://evil.example' })).status, 403);
  assert.equal(await isSignedIn(browser), true);
});

test('signing out in one browser leaves the person signed in elsewhere', async () => {
  const [first, second] = [event.browser(), event.browser()];
  await first.signIn(robin);
  await second.signIn(robin);
  await (await first.open('/account')).press('Sign out');
  assert.equal(await isSignedIn(second), true);
});

test('disabling an account ends its sessions at once; enabling it brings none back', async () => {
  const sam = await event.person();
  const browser = await sam.browser();
  await event.changeAccount(sam, { status: 'disabled' });
  assert.equal(await isSignedIn(browser), false);
  await event.changeAccount(sam, { status: 'active' });
  assert.equal(await isSignedIn(browser), false);
  await browser.signIn(sam);
});

test('deleting an account ends its sessions at once', async () => {
  const sam = await event.person();
  const browser = await sam.browser();
  await event.deleteAccount(sam);
  assert.equal(await isSignedIn(browser), false);
  assert.equal((await attempt(event.browser(), sam)).status, 400);
});

test('changing the password ends the sessions, and only the new one signs in', async () => {
  const sam = await event.person();
  const browser = await sam.browser();
  await event.changeAccount(sam, { password: 'another long password' });
  assert.equal(await isSignedIn(browser), false);
  assert.equal((await attempt(event.browser(), sam)).status, 400);
  await event.browser().signIn({ email: sam.email, password: 'another long password' });
});

test('the front page says whose host this is', async () => {
  const page = await event.browser().open('/');
  assert.equal(page.status, 200);
  assert.match(page.text, new RegExp(event.name));
});

// -- Throttling ---------------------------------------------------------------------------------

/** Wrong attempts until one is refused unseen; how many were looked at before that. */
async function attemptsUntilThrottled(makeBrowser, email, limit) {
  for (let count = 0; count < limit; count += 1) {
    const page = await attempt(makeBrowser(), { email: typeof email === 'function' ? email(count) : email, password: 'not the password' });
    if (page.status === 429) {
      const wait = Number(page.reply.headers['retry-after']);
      assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 60, `Retry-After: ${page.reply.headers['retry-after']}`);
      return count;
    }
    assert.equal(page.status, 400);
  }
  return assert.fail(`never throttled in ${limit} attempts`);
}

for (const known of [true, false]) {
  test(`${known ? 'a known' : 'an unknown'} e-mail: nothing refused before 10 failures in a minute, then 429`, async () => {
    const email = known ? (await event.person()).email : `${randomText(6)}@nobody.example`;
    const count = await attemptsUntilThrottled(() => event.browser(), email, 30);
    assert.ok(count >= 10, `${count} attempts were looked at`);
  });
}

test('while an e-mail is throttled even the right password waits, at most 60 seconds', async () => {
  const sam = await event.person();
  await attemptsUntilThrottled(() => event.browser(), sam.email, 30);
  assert.equal((await attempt(event.browser(), sam)).status, 429);
  await willcall.moveClock(61);
  await event.browser().signIn(sam);
});

test('attempts that are refused do not prolong the wait', async () => {
  const sam = await event.person();
  await attemptsUntilThrottled(() => event.browser(), sam.email, 30);
  await willcall.moveClock(50);
  for (let count = 0; count < 5; count += 1) await attempt(event.browser(), { email: sam.email, password: 'not the password' });
  await willcall.moveClock(11);
  await event.browser().signIn(sam);
});

test('a browser that has signed in to the account before is not locked out by others, and has a count of its own', async () => {
  const sam = await event.person();
  const known = event.browser();
  await known.signIn(sam);
  await (await known.open('/account')).press('Sign out');
  await attemptsUntilThrottled(() => event.browser(), sam.email, 30);
  await known.signIn(sam);
  await (await known.open('/account')).press('Sign out');
  assert.ok((await attemptsUntilThrottled(() => known, sam.email, 30)) >= 10);
});

test('that a browser has signed in to one account opens nothing for another', async () => {
  const [sam, kim] = [await event.person(), await event.person()];
  const known = event.browser();
  await known.signIn(sam);
  await (await known.open('/account')).press('Sign out');
  await attemptsUntilThrottled(() => event.browser(), kim.email, 30);
  assert.equal((await attempt(known, kim)).status, 429);
});

test('an address: nothing refused before 100 failures in a minute, then 429; others are unaffected', async () => {
  const ip = randomAddress();
  const count = await attemptsUntilThrottled(() => event.browser({ ip }), (index) => `${index}-${randomText(4)}@spray.example`, 130);
  assert.ok(count >= 100, `${count} attempts were looked at`);
  await event.browser().signIn(robin);
});

test('right passwords are not counted', async () => {
  const sam = await event.person();
  for (let count = 0; count < 12; count += 1) await event.browser().signIn(sam);
  await willcall.moveClock(ALLOWED_STALENESS);
});
