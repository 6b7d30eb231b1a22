// Traffic that nobody honest sends, at workerd's own port.
import assert from 'node:assert/strict';
import net from 'node:net';

import { assertOAuthError, formEncoded, randomAddress } from '../../e2e/harness.mjs';

const connect = (willcall) => new Promise((resolve, reject) => {
  const socket = net.connect(willcall.port, '127.0.0.1', () => resolve(socket));
  socket.once('error', reject);
});

/** Sends text on a connection of its own; the first line of the answer, or '' where the connection was closed. */
function firstLine(willcall, text) {
  return new Promise((resolve) => {
    const socket = net.connect(willcall.port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    const done = () => {
      socket.destroy();
      resolve(answer.split('\r\n')[0]);
    };
    socket.on('data', (chunk) => {
      answer += chunk;
      if (answer.includes('\r\n')) done();
    });
    socket.on('error', done);
    socket.on('close', done);
  });
}

/** Many bodies that come a byte at a time do not keep anybody else waiting. */
export async function slowBodies({ willcall, event, client, grant }) {
  const head = `POST /api/oauth/token HTTP/1.1\r\nHost: ${event.host}:${willcall.port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 15000\r\n\r\n`;
  const sockets = await Promise.all(Array.from({ length: 200 }, () => connect(willcall)));
  for (const socket of sockets) {
    socket.on('error', () => {});
    socket.write(`${head}grant_type=refresh_token&refresh_token=`);
  }
  let token = grant.refresh_token;
  const start = performance.now();
  for (let count = 0; count < 30; count += 1) {
    for (const socket of sockets) socket.write('x');
    const reply = await client.refresh(token);
    assert.equal(reply.status, 200, reply.text);
    token = reply.json.refresh_token;
  }
  assert.ok(performance.now() - start < 10_000, 'nobody waits for slow bodies');
  for (const socket of sockets) socket.destroy();
  assert.equal((await client.refresh(token)).status, 200);
}

/** Headers of any size are refused or read, and never a fault of ours. */
export async function hugeHeaders({ willcall, event, client }) {
  const host = `${event.host}:${willcall.port}`;
  const basic = (length) => `Authorization: Basic ${'A'.repeat(length)}\r\n`;
  const form = formEncoded({ grant_type: 'client_credentials' });
  const end = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`;
  for (const headers of [
    basic(10_000), basic(60_000), basic(1_000_000),
    `Cookie: ${'willcall=A; '.repeat(5000)}x=y\r\n`,
    Array.from({ length: 3000 }, (_, index) => `X-Header-${index}: ${index}\r\n`).join(''),
  ]) {
    const line = await firstLine(willcall, `POST /api/oauth/token HTTP/1.1\r\nHost: ${host}\r\n${headers}${end}`);
    assert.match(line, /^$|^HTTP\/1\.1 4\d\d/, `${headers.slice(0, 30)}…: ${line}`);
  }
  const long = await firstLine(willcall, `GET /oauth/authorize?state=${'s'.repeat(50_000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  assert.match(long, /^$|^HTTP\/1\.1 4\d\d/, long);
  assert.equal((await client.introspect('none')).status, 200);
}

/** Wrong passwords for one address from everywhere: the owner's browser gets in, anybody else waits a minute at most. */
export async function sprayedPasswords({ willcall, event }) {
  const owner = await event.person();
  const known = await owner.browser();
  await (await known.open('/account')).press('Sign out');
  const attempt = async (browser, fields) => (await browser.open('/login')).press('Sign in', fields);
  const strangers = Array.from({ length: 60 }, () => event.browser({ ip: randomAddress() }));
  const pages = await Promise.all(strangers.map((browser, index) => attempt(browser, { email: owner.email, password: `wrong password ${index}` })));
  const statuses = pages.map((page) => page.status);
  assert.ok(statuses.every((status) => status === 400 || status === 429), String(statuses));
  assert.equal(statuses.filter((status) => status === 400).length, 10, 'ten a minute are looked at');

  const stranger = event.browser();
  const refused = await attempt(stranger, { email: owner.email, password: owner.password });
  assert.equal(refused.status, 429);
  const wait = Number(refused.reply.headers['retry-after']);
  assert.ok(wait >= 1 && wait <= 60, String(wait));
  const page = await attempt(known, { email: owner.email, password: owner.password });
  assert.ok(page.status === 200 && !page.isSignIn, 'the owner gets in, in a browser that knows them');
  await willcall.moveClock(wait);
  assert.equal((await attempt(stranger, { email: owner.email, password: owner.password })).status, 200, 'and anywhere after a minute');

  // One address that tries many accounts closes for itself, and for nobody else.
  const sprayer = randomAddress();
  const tried = await Promise.all(Array.from({ length: 110 }, (_, index) => (
    attempt(event.browser({ ip: sprayer }), { email: `guess-${index}@people.example`, password: 'summer holiday 2026' })
  )));
  assert.ok(tried.some((each) => each.status === 429), 'the address is closed');
  assert.equal((await attempt(event.browser(), { email: owner.email, password: owner.password })).status, 200, 'others are not');
}

/** A consent form is its session's own: sent again by anybody else, elsewhere or later, it is worth nothing. */
export async function consentReplay({ event, other, client }) {
  const owner = await event.person();
  const browser = await owner.browser();
  const page = await browser.requestAuthorization(client);
  const form = page.formWith('Authorize Application');
  const fields = [...form.fields, ['decision', 'authorize']];
  const post = (through, sent = fields) => through.postForm(new URL(form.action, through.event.issuer), sent);
  const codes = [];
  for (let count = 0; count < 3; count += 1) codes.push((await post(browser)).departure.searchParams.get('code'));
  assert.equal(new Set(codes).size, 3, 'each answer is a code of its own');
  for (const code of codes) {
    assert.equal((await client.redeem({ code, redirect_uri: client.redirectUri })).status, 200);
    assertOAuthError(await client.redeem({ code, redirect_uri: client.redirectUri }), 400, 'invalid_grant');
  }
  const others = await (await event.person()).browser();
  assert.equal((await post(others)).status, 403, 'another person');
  assert.equal((await post(event.browser())).status, 403, 'nobody');
  assert.equal((await post(await (await other.person()).browser())).status, 403, 'another event');
  const wider = fields.map(([name, value]) => [name, name === 'scope' ? `${value} settings:write` : value]);
  assert.equal((await post(browser, wider)).status, 403, 'other scopes than the page showed');
  const cookies = new Map(browser.cookies);
  await (await browser.open('/account')).press('Sign out');
  browser.cookies = cookies;
  const late = await post(browser);
  assert.ok(!late.departure && (late.isSignIn || late.status === 403), `a session that has ended: ${late.status}`);
}
