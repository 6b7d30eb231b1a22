// Bad input of every kind gets the contract's error; never an answer of 500 or above, never a panic:
// the harness asserts both when the server is stopped.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';

import { Willcall, assertErrorPage, assertOAuthError, basic, callApi, formEncoded, randomText } from './harness.mjs';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const TOKEN_ENDPOINTS = ['/api/oauth/token', '/api/oauth/revoke', '/api/oauth/introspect'];
const POSTED_PAGES = ['/login', '/logout', '/account/consent', '/account/applications/1/revoke', '/oauth/authorize'];
const EVERY_PATH = [
  ...TOKEN_ENDPOINTS, ...POSTED_PAGES, '/', '/account', '/healthz', '/.well-known/oauth-authorization-server', '/api/users/current', '/api/users',
  '/api/users/acc_x', '/api/admin/events', '/api/admin/events/localhost/accounts', '/api/admin/applications/1', '/developer', '/console', '/static/willcall.css',
];

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

/** A body exactly as given, from an authenticated client. */
function sendRaw(endpoint, type, body) {
  const headers = { Authorization: basic(client.client_id, client.client_secret), ...(type && { 'Content-Type': type }) };
  return event.send(endpoint, { method: 'POST', body, headers });
}

async function assertInvalidRequest(endpoint, type, body) {
  const reply = await sendRaw(endpoint, type, body);
  assertOAuthError(reply, 400, 'invalid_request');
  return reply;
}

/** Neither accepted nor a fault of ours. */
function assertClientError(reply, what) {
  assert.ok(reply.status >= 400 && reply.status < 500, `${what}: ${reply.status} ${reply.text.slice(0, 200)}`);
}

// -- The token, revocation and introspection endpoints ------------------------------------------

test('a media type other than the two is invalid_request', async () => {
  const body = formEncoded({ grant_type: 'refresh_token', refresh_token: 'x', token: 'x' });
  for (const endpoint of TOKEN_ENDPOINTS) {
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'application/x-www-form-urlencodedx', 'application/jsonp', '', 'nonsense']) {
      await assertInvalidRequest(endpoint, type, body);
    }
    await assertInvalidRequest(endpoint, undefined, body);
  }
});

test('the media type’s case and parameters do not matter', async () => {
  const fields = { grant_type: 'refresh_token', refresh_token: 'x' };
  for (const type of ['Application/X-WWW-Form-URLEncoded', `${FORM}; charset=UTF-8`, `${FORM};charset=utf-8`]) {
    assertOAuthError(await sendRaw('/api/oauth/token', type, formEncoded(fields)), 400, 'invalid_grant');
  }
  for (const type of ['APPLICATION/JSON', `${JSON_TYPE}; charset=utf-8`]) {
    assertOAuthError(await sendRaw('/api/oauth/token', type, JSON.stringify(fields)), 400, 'invalid_grant');
  }
});

test('a repeated parameter is invalid_request, the same value or another, known or not', async () => {
  const valid = { grant_type: 'refresh_token', refresh_token: 'x', token: 'x', scope: 'badge:print', code: 'c', redirect_uri: 'https://a.example/', code_verifier: 'v', client_id: client.client_id };
  for (const endpoint of TOKEN_ENDPOINTS) {
    for (const [name, value] of Object.entries({ ...valid, unknown: 'u' })) {
      const once = formEncoded({ ...valid, unknown: 'u' });
      const reply = await assertInvalidRequest(endpoint, FORM, `${once}&${formEncoded({ [name]: value })}`);
      assert.equal(reply.json.error_description, `${name === 'unknown' ? 'A parameter' : name} is repeated.`);
      await assertInvalidRequest(endpoint, FORM, `${once}&${formEncoded({ [name]: 'other' })}`);
    }
    await assertInvalidRequest(endpoint, JSON_TYPE, '{"token":"x","token":"x","grant_type":"refresh_token","refresh_token":"x"}');
    await assertInvalidRequest(endpoint, JSON_TYPE, '{"token":"x","\\u0074oken":"y","grant_type":"refresh_token"}');
  }
});

test('bytes that are not UTF-8 are invalid_request', async () => {
  for (const endpoint of TOKEN_ENDPOINTS) {
    const base = 'grant_type=refresh_token&refresh_token=x&token=x';
    for (const bad of ['%ff', '%c3', '%c0%af', '%ed%a0%80', '%f5%80%80%80']) {
      await assertInvalidRequest(endpoint, FORM, `${base}&scope=${bad}`);
      await assertInvalidRequest(endpoint, FORM, `${base}&${bad}=x`);
    }
    for (const bytes of [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80]]) {
      await assertInvalidRequest(endpoint, FORM, Buffer.concat([Buffer.from(`${base}&scope=`), Buffer.from(bytes)]));
      await assertInvalidRequest(endpoint, JSON_TYPE, Buffer.concat([Buffer.from('{"token":"'), Buffer.from(bytes), Buffer.from('"}')]));
    }
  }
});

test('JSON that is no object of strings is invalid_request', async () => {
  const bad = [
    '', ' ', '{', '}', 'null', 'true', '1', '"x"', '[]', '[{"token":"x"}]', '{"token":}', '{"token":"x",}', "{'token':'x'}", '{"token":"x"} {}',
    '{"token":null}', '{"token":true}', '{"token":["x"]}', '{"token":{"x":"y"}}', '{"token":1.5}', '{"token":1e3}', '{"token":-0.0}', '{"token":NaN}',
    '{"token":"\\ud800"}', '{"token":"\\x"}', '{"token":"a\nb"}', `${'['.repeat(5000)}`, `{"token":${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}}`,
  ];
  for (const endpoint of TOKEN_ENDPOINTS) for (const body of bad) await assertInvalidRequest(endpoint, JSON_TYPE, body);
});

test('an integer in JSON is taken as its decimal text', async () => {
  const token = (text) => sendRaw('/api/oauth/introspect', JSON_TYPE, `{"token":${text}}`);
  for (const text of ['0', '17', '-1', '12345678901234567890']) {
    const reply = await token(text);
    assert.deepEqual([reply.status, reply.json], [200, { active: false }], text);
  }
});

test('more than 16 KiB is invalid_request, exactly 16 KiB is read', async () => {
  const limit = 16 * 1024;
  for (const endpoint of TOKEN_ENDPOINTS) {
    const base = 'grant_type=refresh_token&refresh_token=x&token=x&padding=';
    for (const size of [limit + 1, 64 * 1024, 1024 * 1024]) await assertInvalidRequest(endpoint, FORM, base.padEnd(size, 'p'));
    await assertInvalidRequest(endpoint, JSON_TYPE, `{"token":"${'x'.repeat(limit)}"}`);
    const read = await sendRaw(endpoint, FORM, base.padEnd(limit, 'p'));
    assert.notEqual(read.json?.error, 'invalid_request', read.text);
  }
});

test('a body of more than 16 KiB is refused whatever length it claims', async () => {
  const body = `token=${'x'.repeat(20 * 1024)}`;
  const reply = await event.send('/api/oauth/token', {
    method: 'POST', body, headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked', 'Content-Type': FORM, Authorization: basic(client.client_id, client.client_secret) },
  });
  assertOAuthError(reply, 400, 'invalid_request');
});

test('a body that dribbles in is refused: a request is judged by the time at which it began', async () => {
  const request = (path, headers) => {
    const call = httpRequest(new URL(path, event.issuer), { method: 'POST', headers: { 'Content-Type': FORM, 'Transfer-Encoding': 'chunked', ...headers } });
    const answered = new Promise((done, fail) => {
      call.on('error', fail);
      call.on('response', async (response) => done({ status: response.statusCode, text: (await response.toArray()).join('') }));
    });
    return { call, answered };
  };
  for (const [path, headers] of [...TOKEN_ENDPOINTS.map((endpoint) => [endpoint, { Authorization: basic(client.client_id, client.client_secret) }]), ['/login', {}]]) {
    const { call, answered } = request(path, headers);
    for (const part of ['grant_type=client', '_cred', 'enti', 'als']) {
      await new Promise((sent) => { call.write(part, sent); });
      // Another request that has to find its event first is through with it: so is this one, and waits for its body.
      assert.equal((await event.send('/')).status, 200);
      await willcall.moveClock(6);
    }
    call.end();
    const { status, text } = await answered;
    assert.equal(status, 400, `${path}: ${text}`);
    assert.match(text, /too long to arrive/);
  }
  const { call, answered } = request('/api/oauth/token', { Authorization: basic(client.client_id, client.client_secret) });
  for (const part of ['grant_type=pass', 'word']) call.write(part);
  call.end();
  assert.equal(JSON.parse((await answered).text).error, 'unsupported_grant_type', 'in pieces, but at once');
});

test('a body that breaks off is its sender’s fault: 400, and nothing in the log', async () => {
  const direct = await Willcall.start({ direct: true });
  try {
    await direct.event('localhost').create();
    for (const path of [...TOKEN_ENDPOINTS, '/login']) {
      for (const length of ['Content-Length: 5000', 'Content-Length: 50000', 'Transfer-Encoding: chunked']) {
        const socket = connect({ port: direct.port, host: '127.0.0.1', allowHalfOpen: true });
        const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM}\r\n${length}\r\n\r\n`;
        socket.end(`${head}${length.startsWith('C') ? '' : '5\r\n'}token`);
        const answer = (await socket.toArray()).join('');
        assert.match(answer, /^HTTP\/1.1 400 |^$/, `${path}, ${length}`);
      }
    }
    assert.equal((await direct.event('localhost').send('/healthz')).status, 200);
    assert.doesNotMatch(direct.log, /"fault"/);
  } finally {
    await direct.stop();
  }
});

test('the body comes before the client: a bad body is invalid_request from anybody', async () => {
  for (const endpoint of TOKEN_ENDPOINTS) {
    assertOAuthError(await event.send(endpoint, { method: 'POST', body: '{', headers: { 'Content-Type': JSON_TYPE } }), 400, 'invalid_request');
    assertOAuthError(await event.send(endpoint, { form: [['token', 'a'], ['token', 'b']] }), 400, 'invalid_request');
  }
});

test('an empty value counts as absent', async () => {
  assertOAuthError(await client.token({ grant_type: 'refresh_token', refresh_token: '' }), 400, 'invalid_request');
  const grant = await client.obtainGrant(robin);
  const reply = await client.refresh(grant.refresh_token, { scope: '', redirect_uri: '', code: '', client_id: '', client_secret: '' });
  assert.equal(reply.status, 200, reply.text);
});

test('odd but harmless forms are read as forms', async () => {
  const grant = await client.obtainGrant(robin);
  const reply = await sendRaw('/api/oauth/token', FORM, `&&grant_type=refresh%5Ftoken&=&unknown&refresh_token=${grant.refresh_token}&&`);
  assert.equal(reply.status, 200, reply.text);
});

// -- The authorization endpoint -----------------------------------------------------------------

test('an authorization request that is not UTF-8 or not whole never redirects or fails', async () => {
  const base = client.authorizationPath();
  for (const bad of ['&state=%ff', '&%ff=x', '&scope=%c3', '&state=%zz', '&state=%', '&&&', '&=x', '&prompt=%00', '&login_hint=%f0%9f']) {
    const reply = await browser.request(base.replace('&state=the-state', '') + bad);
    assert.ok(reply.status < 500, `${bad}: ${reply.status}`);
    if (reply.location) assert.equal(new URL(reply.location, event.issuer).host, new URL(client.redirectUri).host);
  }
  for (const bad of ['client_id=%ff', '%ff', '', '&', '=', 'client_id', '?client_id=1', 'client_id=%00']) {
    assertErrorPage(await browser.request(`/oauth/authorize?${bad}`));
  }
});

test('a posted authorization request of another media type is the 400 page', async () => {
  for (const type of [JSON_TYPE, 'text/plain', 'multipart/form-data; boundary=x']) {
    assertErrorPage(await browser.request('/oauth/authorize', { method: 'POST', body: `client_id=${client.client_id}`, headers: { 'Content-Type': type } }));
  }
});

// -- Forms of our own pages ---------------------------------------------------------------------

test('a form of ours that is posted badly is refused, never a fault of ours', async () => {
  const bodies = [
    ['', FORM], ['%ff', FORM], ['form_token=%ff', FORM], ['form_token=a&form_token=b', FORM], ['{}', JSON_TYPE], ['x', 'text/plain'], ['', ''],
    ['--x\r\n\r\n--x--', 'multipart/form-data; boundary=x'], [`form_token=${'x'.repeat(100_000)}`, FORM], [Buffer.from([0xff, 0xfe]), FORM], ['a=b&'.repeat(4000), FORM],
  ];
  for (const path of POSTED_PAGES) {
    for (const visitor of [browser, event.browser()]) {
      for (const [body, type] of bodies) {
        const reply = await visitor.request(path, { method: 'POST', body, headers: { 'Content-Type': type } });
        assertClientError(reply, `${path} ${type} ${String(body).slice(0, 30)}`);
      }
    }
  }
});

test('a sign-in form with its fields repeated or huge signs nobody in', async () => {
  const visitor = event.browser();
  const page = await visitor.open('/login');
  const form = page.formWith('Sign in');
  const rest = form.fields.filter(([name]) => !['email', 'password'].includes(name));
  const attempts = [
    [['email', robin.email], ['email', 'x@y.example'], ['password', robin.password]],
    [['email', robin.email], ['password', robin.password], ['password', 'x']],
    [['email', robin.email], ['password', 'x'.repeat(50_000)]],
    [['email', `${'x'.repeat(50_000)}@people.example`], ['password', robin.password]],
    [['email', '\u0000'], ['password', '\u0000']],
  ];
  for (const fields of attempts) {
    const reply = await visitor.request('/login', { form: [...rest, ...fields], headers: { Origin: 'null' } });
    assertClientError(reply, fields.map(([name]) => name).join());
  }
  assert.ok((await visitor.open('/account')).isSignIn);
});

test('a cookie of any kind is at worst no session', async () => {
  const [name] = browser.cookies.keys();
  const values = ['', 'x', '%ff', 'a.b.c', 'x'.repeat(6000), '"quoted"', 'é', '\u0001', 'null', '..', browser.cookies.get(name).split('.').reverse().join('.')];
  for (const value of values) {
    const cookie = Buffer.from(`${name}=${value}`).toString('latin1').replace(/[\x00-\x08]/g, '?');
    const reply = await event.send('/account', { headers: { Cookie: cookie } });
    assert.equal(reply.status, 303, `${value.slice(0, 20)}: ${reply.status}`);
  }
  for (const cookie of ['', ';', '=', '; ; ;', `${name}`, `${name}=${browser.cookies.get(name)}x; ${name}=y`, 'a=b; '.repeat(500)]) {
    assert.ok((await event.send('/account', { headers: { Cookie: cookie } })).status < 500);
  }
});

// -- Everywhere ---------------------------------------------------------------------------------

test('a wrong method on any endpoint is 404 or 405', async () => {
  for (const path of EVERY_PATH) {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      const reply = await event.send(path, { method, body: '' });
      assert.ok([401, 404, 405].includes(reply.status), `${method} ${path}: ${reply.status}`);
      if (!path.startsWith('/api/admin')) assert.notEqual(reply.status, 401, `${method} ${path}`);
    }
  }
});

test('odd paths and queries are 404 or 400, not a fault of ours', async () => {
  for (const path of ['/%ff', '/%00', '/%', '/..%2f..%2fetc', `/${'x'.repeat(7000)}`, '/login?return=%ff', '/login?return=a&return=b', '/account?x=%ff', '//', '/;', '/api/users/%ff', '/api/admin/events/%ff', '/account/applications/%ff/revoke', '/static/../src/lib.rs', '/static/', '/api/users/current?%ff']) {
    const reply = await event.send(path);
    assert.ok(reply.status < 500, `${path.slice(0, 40)}: ${reply.status}`);
  }
});

test('odd headers are not a fault of ours', async () => {
  const odd = {
    Authorization: ['', 'Bearer', 'Bearer ', 'Bearer  x', 'Bearer x y', `Bearer ${'x'.repeat(7000)}`, 'Bearer \u00ff', 'Basic \u00ff', 'x', ','],
    Origin: ['', 'nonsense', 'null', 'https://', 'https://\u00ff'],
    'Content-Type': ['', '/', 'a/b/c', ';', '\u00ff'],
    'CF-Connecting-IP': ['', 'nonsense', '::1', '999.1.1.1', 'x'.repeat(500)],
    Accept: ['', '*/*;q=x', 'x'.repeat(2000)],
    'Accept-Language': ['xx-yy-zz;q=9', 'x'.repeat(2000)],
    'User-Agent': ['', 'x'.repeat(4000), '\u00ff'],
  };
  for (const [name, values] of Object.entries(odd)) {
    for (const value of values) {
      for (const path of ['/login', '/api/users/current', '/api/oauth/token', '/account']) {
        const posts = path === '/api/oauth/token';
        const reply = await event.send(path, { method: posts ? 'POST' : 'GET', ...(posts && { body: 'token=x' }), headers: { 'Content-Type': FORM, [name]: value } });
        assert.ok(reply.status < 500, `${path} ${name}: ${value.slice(0, 20)}: ${reply.status}`);
      }
    }
  }
});

test('a bearer token of any shape is invalid_token', async () => {
  const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const shapes = ['.', '..', '...', '.a.', 'a..b', `${encode('{')}.${encode('{')}.x`, `${encode({})}.${encode({})}.${encode('x')}`, `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'x' })}.${encode({ exp: 'x' })}.${encode('x'.repeat(32))}`, `${encode('[]')}.${encode('null')}.`, 'é'.repeat(10)];
  for (const token of shapes) {
    const reply = await callApi(event, Buffer.from(token).toString('latin1'));
    assert.equal(reply.status, 401, token);
  }
});

test('a thousand requests put together at random: no fault of ours', async () => {
  // Seeded, so that a failure can be had again.
  let seed = 20260120;
  const next = (limit) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % limit;
  };
  const pick = (list) => list[next(list.length)];
  const grant = await client.obtainGrant(robin);
  const names = ['grant_type', 'code', 'refresh_token', 'token', 'scope', 'client_id', 'client_secret', 'redirect_uri', 'code_verifier', 'state', 'prompt', 'response_type', 'form_token', 'email', 'password', 'return', 'request', 'decision'];
  const values = ['', 'x', 'code', 'authorization_code', 'refresh_token', client.client_id, client.client_secret, client.redirectUri, 'badge:print', 'none', grant.access_token, '\u0000', 'é\ud83d\ude00', '%', '"', '\\', '<b>', 'a b', '\n', randomText(200)];
  const methods = ['GET', 'POST', 'POST', 'POST', 'HEAD', 'OPTIONS', 'PUT'];
  for (let count = 0; count < 1000; count += 1) {
    const fields = Array.from({ length: next(6) }, () => [pick(names), pick(values)]);
    const [path, method] = [pick(EVERY_PATH), pick(methods)];
    const inQuery = ['GET', 'HEAD', 'OPTIONS'].includes(method);
    const type = pick([FORM, FORM, JSON_TYPE, 'text/plain']);
    const body = inQuery ? undefined : type === JSON_TYPE ? JSON.stringify(Object.fromEntries(fields)) : formEncoded(fields);
    const visitor = pick([browser, event.browser()]);
    const reply = await visitor.event.send(inQuery ? `${path}?${formEncoded(fields)}` : path, {
      method, body, ip: visitor.ip, headers: { 'Content-Type': type, ...pick([{}, { Authorization: basic(client.client_id, client.client_secret) }, { Authorization: `Bearer ${grant.access_token}` }]) },
    });
    assert.ok(reply.status < 500, `${method} ${path} ${type} ${JSON.stringify(fields)}: ${reply.status}`);
    if (reply.location && reply.status < 400) {
      const host = new URL(reply.location, event.issuer).host;
      assert.ok([new URL(event.issuer).host, 'badges.example.com'].includes(host), `a redirect to ${host}`);
    }
  }
});
