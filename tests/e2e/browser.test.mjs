// The example application and the event's pages in headless Chromium, as a person meets them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { ALLOWED_STALENESS, Willcall, projectRoot } from './harness.mjs';

const SHOTS = process.env.SCREENSHOTS;
const SENSITIVE = 'This is an administrative permission';

let willcall;
let event;
let robin;
let client;
let browser;
let application;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create({ name: 'Furry Weekend Example', accent: '#0e8a7d' });
  await event.operator.must('PUT', `${event.path}/roles`, [{ name: 'crew', title: 'Crew', permissions: ['staff'] }]);
  robin = await event.person({ name: 'Robin Example', roles: ['crew'], permissions: ['manage'] });
  const port = await freePort();
  client = await event.application({
    name: 'Badge Buddy', description: 'Shows the badge that waits for you at the door', website: 'https://buddy.example.com/',
    redirect_uris: [`http://127.0.0.1:${port}/callback`],
  });
  application = await startApplication(port);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-dev-shm-usage'],
  });
});

after(async () => {
  await browser?.close();
  application?.process.kill();
  await willcall?.stop();
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function startApplication(port, as = client, settings = {}) {
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: path.join(projectRoot, 'examples/badge-buddy'),
    env: { ...process.env, WILLCALL_ISSUER: event.issuer, CLIENT_ID: as.client_id, CLIENT_SECRET: as.client_secret, PORT: String(port), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const started = { process: child, origin: `http://127.0.0.1:${port}`, output: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (started.output += chunk));
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => assert.fail(`the example ended: ${started.output}`))]);
  return started;
}

/** A window of its own, with nothing in it from before; anything the pages get wrong is noted. */
async function openWindow(t, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (![event.issuer, application.origin].includes(origin) && !request.url().startsWith('data:')) complaints.push(`a request to ${request.url()}`);
  });
  return { page, context, complaints };
}

/** The example once more, as an application of its own, whose settings or approval a test changes. */
async function anotherApplication(t, settings) {
  const port = await freePort();
  const as = await event.application({ name: 'Badge Buddy', redirect_uris: [`http://127.0.0.1:${port}/callback`] });
  const started = await startApplication(port, as, settings);
  t.after(() => started.process.kill());
  return Object.assign(started, { client: as });
}

/** The event behind a proxy of its own, which answers instead of it where `answer` does. */
async function eventBehindProxy(t, answer) {
  const server = createHttpServer((request, response) => {
    if (answer(request, response)) return;
    const { url, method, headers } = request;
    const onward = httpRequest({ host: '127.0.0.1', port: willcall.port, path: url, method, headers }, (reply) => {
      response.writeHead(reply.statusCode, reply.rawHeaders);
      reply.pipe(response);
    });
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `http://localhost:${server.address().port}`;
}

async function signIn(page, person = robin) {
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

const authorizeButton = (page) => page.getByRole('button', { name: 'Authorize Application' });

/** Red as an eye sees it: much more of it than of green and blue. */
function isRed(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
  return red > green + 60 && red > blue + 60;
}

const style = (locator, property) => locator.evaluate((element, name) => getComputedStyle(element)[name], property);

// -- The whole flow -----------------------------------------------------------------------------

for (const javaScriptEnabled of [true, false]) {
  test(`sign in, read, authorize, come back, call, refresh, revoke: JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
    const { page, context, complaints } = await openWindow(t, { javaScriptEnabled });
    await page.goto(application.origin);
    await page.getByRole('link', { name: 'Sign in with the event' }).click();
    assert.equal(new URL(page.url()).origin, event.issuer);
    assert.equal(new URL(page.url()).pathname, '/login');
    await signIn(page);

    const words = await page.locator('body').innerText();
    for (const expected of ['Furry Weekend Example', 'Badge Buddy', 'Shows the badge that waits for you at the door', 'https://buddy.example.com/', 'Robin Example', 'Not you?']) {
      assert.ok(words.includes(expected), `"${expected}" in ${words}`);
    }
    assert.ok(!words.includes(SENSITIVE));
    await authorizeButton(page).click();

    await page.waitForURL(`${application.origin}/`);
    const badge = await page.locator('body').innerText();
    for (const expected of ['Robin Example', robin.email, 'crew', 'staff', 'manage', robin.id]) assert.ok(badge.includes(expected), `"${expected}" in ${badge}`);
    assert.match(badge, /Access not renewed yet/);

    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('Access renewed once').waitFor();
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('Access renewed 2 times').waitFor();

    const account = await context.newPage();
    await account.goto(`${event.issuer}/account`);
    assert.match(await account.locator('body').innerText(), /Badge Buddy/);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('can no longer use your account').waitFor();
    await account.reload();
    assert.doesNotMatch(await account.locator('body').innerText(), /Badge Buddy/);
    assert.deepEqual(complaints, []);
  });
}

test('a person whose e-mail is not ASCII signs in', async (t) => {
  const { page, complaints } = await openWindow(t);
  const joerg = await event.person({ name: 'Jörg Example', email: 'jörg@bücher.example' });
  await page.goto(`${event.issuer}/login`);
  await signIn(page, joerg);
  await page.waitForURL(`${event.issuer}/account`);
  assert.ok((await page.locator('body').innerText()).includes(joerg.email));
  assert.deepEqual(complaints, []);
});

test('Revoke access on the account page signs the person out of the application', async (t) => {
  const sam = await event.person({ name: 'Sam Example' });
  const { page, context } = await openWindow(t);
  await page.goto(`${application.origin}/sign-in`);
  await signIn(page, sam);
  await authorizeButton(page).click();
  await page.getByText('Sam Example').waitFor();

  const account = await context.newPage();
  await account.goto(`${event.issuer}/account`);
  await account.getByRole('button', { name: 'Revoke access' }).click();
  await account.getByText('You have not authorized any application').waitFor();

  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('The event has ended this sign-in').waitFor();
  await page.getByRole('link', { name: 'Sign in with the event' }).click();
  await authorizeButton(page).waitFor(); // asked again, still signed in at the event
});

test('an access token that is refused is renewed, and the person stays signed in', async (t) => {
  const { page } = await openWindow(t);
  await page.goto(`${application.origin}/sign-in`);
  await signIn(page, await event.person({ name: 'Toni Example' }));
  await authorizeButton(page).click();
  await page.getByText('Access not renewed yet').waitFor();
  await willcall.moveClock(3600); // the event's only: the application takes its token for good still
  await page.reload();
  await page.getByText('Access renewed once').waitFor();
  assert.match(await page.locator('body').innerText(), /Toni Example/);
});

test('while the application is suspended it says so and keeps its tokens, which are good again afterwards', async (t) => {
  const buddy = await anotherApplication(t);
  const { page } = await openWindow(t);
  await page.goto(`${buddy.origin}/sign-in`);
  await signIn(page, await event.person({ name: 'Uli Example' }));
  await authorizeButton(page).click();
  await page.getByText('Uli Example').waitFor();

  await event.approve(buddy.client, { status: 'suspended' });
  await willcall.moveClock(ALLOWED_STALENESS);
  assert.equal((await page.reload()).status(), 503);
  await page.getByRole('heading', { name: 'Badge Buddy is paused' }).waitFor();
  await page.getByText('You stay signed in').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();

  await event.approve(buddy.client, { status: 'active' });
  await willcall.moveClock(ALLOWED_STALENESS);
  await page.getByRole('link', { name: 'Back to the start' }).click();
  await page.getByText('Uli Example').waitFor();
});

test('an API that fails is no user: the application says so, and keeps the person signed in', async (t) => {
  let failing = false;
  const issuer = await eventBehindProxy(t, (request, response) => {
    if (failing && request.url === '/api/users/current') return response.writeHead(503, { 'content-type': 'application/json' }).end('{}');
    return undefined;
  });
  const buddy = await anotherApplication(t, { WILLCALL_ISSUER: issuer });
  const { page } = await openWindow(t);
  await page.goto(`${buddy.origin}/sign-in`);
  await signIn(page, await event.person({ name: 'Vic Example' }));
  await authorizeButton(page).click();
  await page.getByText('Vic Example').waitFor();

  failing = true;
  assert.equal((await page.reload()).status(), 502);
  await page.getByRole('heading', { name: 'That did not work' }).waitFor();
  failing = false;
  await page.getByRole('link', { name: 'Back to the start' }).click();
  await page.getByText('Vic Example').waitFor();
});

test('what was just taken back is said, and has the focus: without JavaScript too', async (t) => {
  const { page, complaints } = await openWindow(t, { javaScriptEnabled: false });
  const lou = await event.person({ name: 'Lou Example' });
  await client.obtainGrant(lou); // in a browser of its own: a session to end
  await page.goto(`${event.issuer}/login`);
  await signIn(page, lou);
  assert.equal(await page.getByRole('status').count(), 0);
  await page.getByLabel('Name', { exact: true }).fill('A script');
  await page.getByLabel('Expires').selectOption('7');
  await page.getByRole('button', { name: 'Create token' }).click();
  const first = page.getByRole('checkbox').first();
  assert.ok(await first.evaluate((box) => box === document.activeElement), 'the form leads to what was wrong');
  assert.equal(await page.getByLabel('Expires').inputValue(), '7');
  await first.check();
  await page.getByRole('button', { name: 'Create token' }).click();
  await page.getByLabel('Your new token').waitFor();

  for (const [button, sentence] of [
    ['Revoke access', 'Badge Buddy can no longer use your account.'],
    ['End session', 'That session has ended.'],
    ['Revoke', 'The token no longer works.'],
  ]) {
    await page.getByRole('button', { name: button, exact: true }).click();
    const notice = page.getByRole('status').getByText(sentence);
    await notice.waitFor();
    assert.ok(await notice.evaluate((element) => element === document.activeElement), button);
  }
  assert.deepEqual(complaints, []);
});

test('signed out, or in again, in a second tab: an answer that no longer counts leads on with the same request', async (t) => {
  const { page, context, complaints } = await openWindow(t, { javaScriptEnabled: false });
  const max = await event.person({ name: 'Max Example' });
  await page.goto(`${application.origin}/sign-in`);
  await signIn(page, max);
  const other = await context.newPage();
  await other.goto(`${event.issuer}/account`);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByRole('heading', { name: 'You are signed out' }).waitFor();

  await authorizeButton(page).click();
  await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await signIn(page, max);
  await authorizeButton(page).waitFor();

  await other.goto(`${event.issuer}/login`);
  await signIn(other, max);
  await authorizeButton(page).click();
  await page.getByRole('heading', { name: 'This form is no longer valid' }).waitFor();
  await page.getByRole('link', { name: 'Answer again' }).click();
  await authorizeButton(page).click();
  await page.getByText('Max Example').waitFor();
  assert.equal(new URL(page.url()).origin, application.origin);
  assert.deepEqual(complaints, []);
});

test('Deny leads back to the application, which says so', async (t) => {
  const { page } = await openWindow(t);
  await page.goto(`${application.origin}/sign-in`);
  await signIn(page, await event.person());
  await page.getByRole('button', { name: 'Deny' }).click();
  await page.getByRole('heading', { name: 'You said no' }).waitFor();
  assert.equal(new URL(page.url()).origin, application.origin);
});

test('a person who lacks a permission comes back with the one button of "Invalid request"', async (t) => {
  const { page, complaints } = await openWindow(t);
  await page.goto(`${event.issuer}${client.authorizationPath({ scope: 'staff:roster' })}`);
  await signIn(page, await event.person());
  await page.getByRole('heading', { name: 'Invalid request' }).waitFor();
  await page.getByRole('main').getByRole('button').click();
  await page.waitForURL(`${application.origin}/**`);
  assert.match(page.url(), /error=invalid_request/);
  assert.deepEqual(complaints, []);
});

test('the application tells a person who lacks a permission whom to ask', async (t) => {
  const buddy = await anotherApplication(t, { SCOPE: 'pii:basic staff:roster' });
  const { page } = await openWindow(t);
  await page.goto(`${buddy.origin}/sign-in`);
  await signIn(page, await event.person());
  await page.getByRole('heading', { name: 'Invalid request' }).waitFor();
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().startsWith(`${buddy.origin}/callback`)),
    page.getByRole('main').getByRole('button').click(),
  ]);
  assert.equal(answer.status(), 403);
  await page.getByRole('heading', { name: 'You need a permission' }).waitFor();
  await page.getByText('organisers can give you that permission').waitFor();
});

// Chromium holds each redirect after a form post against the page's `form-action`.
test('an application whose callback leads on to another host is reached from every page that leads to it', async (t) => {
  const listen = async (answer) => {
    const server = createHttpServer(answer).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    return `http://127.0.0.1:${server.address().port}`;
  };
  const site = await listen((request, response) => response.end('Welcome'));
  const callbacks = [];
  const api = await listen((request, response) => {
    callbacks.push(request.method);
    response.writeHead(303, { location: `${site}/welcome` }).end();
  });
  const elsewhere = await event.application({ redirect_uris: [`${api}/callback`] });
  const { page } = await openWindow(t);
  const ask = (parameters) => page.goto(`${event.issuer}${elsewhere.authorizationPath(parameters)}`);
  const arrive = async () => {
    await page.waitForURL(`${site}/welcome`);
    assert.equal(await page.locator('body').innerText(), 'Welcome');
  };
  const kim = await event.person();

  await ask({ scope: 'pii:basic' });
  await signIn(page, kim);
  await authorizeButton(page).click();
  await arrive();
  await elsewhere.obtainGrant(kim, { scope: 'pii:basic' });
  await ask({ scope: 'pii:basic', prompt: 'login' }); // consent is remembered: straight from the sign-in page
  await signIn(page, kim);
  await arrive();
  await ask({ scope: 'pii:email' });
  await page.getByRole('button', { name: 'Deny' }).click();
  await arrive();
  await ask({ scope: 'pii:basic', response_mode: 'form_post' });
  await arrive();
  await ask({ scope: 'staff:roster' });
  await page.getByRole('main').getByRole('button').click();
  await arrive();
  assert.deepEqual(callbacks, ['GET', 'GET', 'GET', 'POST', 'GET']);
});

test('secrets, codes and tokens are in no page and no log of the application', async (t) => {
  const { page } = await openWindow(t);
  const seen = [];
  page.on('response', async (response) => {
    if (response.url().startsWith(application.origin)) seen.push(await response.text().catch(() => ''));
  });
  await page.goto(`${application.origin}/sign-in`);
  await signIn(page, await event.person({ name: 'Kim Example' }));
  await authorizeButton(page).click();
  await page.getByText('Kim Example').waitFor();
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('Access renewed once').waitFor();
  for (const text of [...seen, application.output]) assert.doesNotMatch(text, /wc_|eyJ|code=/);
});

// -- Sensitive scopes ---------------------------------------------------------------------------

for (const colorScheme of ['light', 'dark']) {
  test(`a sensitive scope is red, and so is the button: ${colorScheme}`, async (t) => {
    const { page } = await openWindow(t, { colorScheme });
    await page.goto(`${event.issuer}${client.authorizationPath({ scope: 'pii:basic event:manage' })}`);
    await signIn(page);
    assert.ok(isRed(await style(page.getByText(SENSITIVE), 'color')), 'the words');
    assert.ok(isRed(await style(authorizeButton(page), 'backgroundColor')), 'the button');

    await page.goto(`${event.issuer}${client.authorizationPath({ scope: 'pii:basic' })}`);
    assert.equal(await page.getByText(SENSITIVE).count(), 0);
    assert.ok(!isRed(await style(authorizeButton(page), 'backgroundColor')), 'no red without need');
  });
}

test('the event’s colour is a band along the top, and no button’s', async (t) => {
  for (const [colorScheme, width] of [['light', 360], ['dark', 1280]]) {
    const { page, complaints } = await openWindow(t, { colorScheme, viewport: { width, height: 740 } });
    await page.goto(`${event.issuer}${client.authorizationPath({ scope: 'pii:basic' })}`);
    await signIn(page);
    assert.equal(await style(page.locator('.band rect'), 'fill'), 'rgb(14, 138, 125)');
    const band = await page.locator('.band').boundingBox();
    assert.deepEqual([band.x, band.y, band.width], [0, 0, width]);
    assert.ok((await page.getByRole('banner').getByRole('link').boundingBox()).y >= band.height, 'nothing under it');
    assert.notEqual(await style(authorizeButton(page), 'backgroundColor'), 'rgb(14, 138, 125)');
    assert.deepEqual(complaints, []);
  }
});

// -- How it fits --------------------------------------------------------------------------------

test('the consent page fits a phone: nothing is cut off, and the buttons are large enough to touch', async (t) => {
  const { page } = await openWindow(t, { viewport: { width: 360, height: 740 } });
  await page.goto(`${event.issuer}${client.authorizationPath({ scope: 'pii:basic badge:print settings:write' })}`);
  await signIn(page);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `${width} px wide`);
  for (const name of ['Authorize Application', 'Deny']) {
    const box = await page.getByRole('button', { name }).boundingBox();
    assert.ok(box.height >= 44, `${name}: ${box.height} px high`);
  }
});

test('a phone at twice the size: nothing is cut off, and no word of a heading or a message is broken', async (t) => {
  const { page } = await openWindow(t, { viewport: { width: 180, height: 370 } });
  const fits = async (name) => {
    await page.waitForLoadState();
    const { width, broken } = await page.evaluate(() => {
      const found = [];
      for (const element of document.querySelectorAll('header, h1, h2, h3, .error, .warning, .done, button')) {
        const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          for (const { 0: word, index } of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
            if (lines.size > 1) found.push(word);
          }
        }
      }
      return { width: document.documentElement.scrollWidth, broken: found };
    });
    assert.ok(width <= 180, `${name}: ${width} px wide`);
    assert.deepEqual(broken, [], name);
    if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `${name}-180.png`), fullPage: true });
  };
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  for (const address of ['/', '/developer', '/login']) {
    await page.goto(`${event.issuer}${address}`);
    await fits(`fits${address.replace('/', '-')}`);
  }
  const person = await event.person({ name: 'Maximiliana Featherstonehaugh-Example', permissions: ['manage'] });
  await signIn(page, { ...person, password: 'not the password' });
  await fits('fits-login-wrong');
  await signIn(page, person);
  await client.obtainGrant(person);
  await page.goto(`${event.issuer}${client.authorizationPath({ scope: 'pii:basic event:manage' })}`);
  await fits('fits-consent');
  await page.goto(`${event.issuer}${client.authorizationPath({ scope: 'staff:roster' })}`);
  await fits('fits-invalid-request');
  await page.goto(`${event.issuer}/account`);
  await page.getByLabel('Name', { exact: true }).fill('A script');
  await page.getByRole('button', { name: 'Create token' }).click();
  await fits('fits-account-refused');
  await page.getByRole('button', { name: 'Revoke access' }).click();
  await fits('fits-account-done');
  await page.goto(`${event.issuer}/no-such-page`);
  await fits('fits-not-found');
});

test('the whole flow with the keyboard alone', async (t) => {
  const { page } = await openWindow(t);
  await page.goto(`${event.issuer}${client.authorizationPath({ scope: 'badge:print' })}`);
  await page.getByLabel('Email').focus();
  await page.keyboard.type(robin.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(robin.password);
  await page.keyboard.press('Enter');
  await authorizeButton(page).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(`${application.origin}/**`);
});

// -- Pictures -----------------------------------------------------------------------------------

if (SHOTS) test('pictures of each page', async (t) => {
  mkdirSync(SHOTS, { recursive: true });
  for (const width of [360, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      const { page, context } = await openWindow(t, { viewport: { width, height: width === 360 ? 740 : 800 }, colorScheme });
      const shoot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      const person = await event.person({ name: 'Robin Example', permissions: ['manage'] });
      await page.goto(`${event.issuer}/`);
      await shoot('front');
      await page.goto(`${event.issuer}/developer`);
      await shoot('developer');
      await page.goto(application.origin);
      await shoot('application-welcome');
      await page.getByRole('link', { name: 'Sign in with the event' }).click();
      await shoot('login');
      await signIn(page, { ...person, password: 'not the password' });
      await shoot('login-wrong');
      await signIn(page, person);
      await shoot('consent');
      const other = await context.newPage();
      await other.goto(`${event.issuer}/account`);
      await other.getByRole('button', { name: 'Sign out' }).click();
      await authorizeButton(page).click();
      await shoot('consent-signed-out');
      await page.getByRole('link', { name: 'Sign in' }).click();
      await signIn(page, person);
      await authorizeButton(page).click();
      await page.getByText(person.email).waitFor();
      await shoot('application-badge');
      await page.goto(`${event.issuer}/account`);
      await shoot('account');
      await page.getByLabel('Name', { exact: true }).fill('A script');
      await page.getByRole('button', { name: 'Create token' }).click();
      await shoot('account-refused');
      await page.getByRole('button', { name: 'Revoke access' }).click();
      await shoot('account-done');
      for (const [name, parameters] of Object.entries({ 'consent-sensitive': { scope: 'pii:basic event:manage' }, 'invalid-request': { scope: 'staff:roster' }, 'bad-request': { client_id: '1' } })) {
        await page.goto(`${event.issuer}${client.authorizationPath(parameters)}`);
        await shoot(name);
      }
      await page.goto(`${event.issuer}/no-such-page`);
      await shoot('not-found');
      await page.goto(`http://nobody.localhost:${willcall.port}/`);
      await shoot('unknown-host');
      await page.goto(`${event.issuer}/login`);
      await shoot('login-signed-in');
      const many = await event.person({ name: 'Robin Example' });
      const names = ['Shirt Shop', 'Room Share', 'Night Market', 'Stage Plan'];
      const others = await Promise.all(names.map((name) => event.application({ name })));
      for (const other of others) await other.obtainGrant(many, { scope: 'pii:basic pii:email' });
      await event.approve(others[0], { status: 'suspended' });
      await event.approve(others[1], { obo_scopes: [] });
      await willcall.moveClock(ALLOWED_STALENESS);
      await signIn(page, many);
      await shoot('account-long');
    }
  }
});
