// Contract 1: endpoints, https, hosts, methods, CORS and the server metadata of RFC 8414.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { OPERATOR_TOKEN, Willcall, assertErrorPage, assertOAuthError, callApi } from './harness.mjs';

const HOST = 'reg.mybigevent.org';
const PAGES = ['/', '/developer', '/login', '/account', '/oauth/authorize?client_id=1'];
const POSTED = ['/api/oauth/token', '/api/oauth/revoke', '/api/oauth/introspect', '/login', '/account/consent', '/oauth/authorize'];

let willcall;
let event;
let secure;
let client;

before(async () => {
  willcall = await Willcall.start();
  event = await willcall.event('localhost').create();
  secure = await willcall.event(HOST).create({ name: 'My Big Event' });
  client = await event.application();
});

after(() => willcall?.stop());

const overHttps = (path, options) => secure.send(path, { scheme: 'https', ...options });

// -- https --------------------------------------------------------------------------------------

/** What plain http, and TLS below 1.2, gets for anything but the GET of a page. */
function assertHttpsRequired(reply) {
  assert.equal(reply.status, 403, reply.text);
  assert.equal(reply.json.error, 'https_required');
}

test('plain http: a page GET is redirected to https', async () => {
  for (const path of PAGES) {
    const reply = await secure.send(path);
    assert.ok([301, 302, 307, 308].includes(reply.status), `${path}: ${reply.status}`);
    const target = new URL(reply.location);
    assert.deepEqual([target.protocol, target.hostname, target.pathname + target.search], ['https:', HOST, path]);
  }
});

test('plain http: everything else is 403 https_required, before any credential is read', async () => {
  const form = { grant_type: 'refresh_token', client_id: client.client_id, client_secret: 'wrong' };
  for (const path of POSTED) assertHttpsRequired(await secure.send(path, { form }));
  assertHttpsRequired(await callApi(secure, 'any-token'));
  assertHttpsRequired(await secure.send('/api/admin/events', { headers: { Authorization: `Bearer ${OPERATOR_TOKEN}` } }));
  assertHttpsRequired(await secure.send('/api/oauth/token', { method: 'PUT', body: '' }));
  for (let count = 0; count < 15; count += 1) assertHttpsRequired(await secure.send('/api/oauth/token', { form }));
  assertOAuthError(await client.refresh('x'), 400, 'invalid_grant');
});

test('https comes before the host: an unknown host over plain http is told the same', async () => {
  assertHttpsRequired(await willcall.send('nobody.example', '/api/oauth/token', { form: {} }));
  assert.match((await willcall.send('nobody.example', '/login')).location, /^https:\/\/nobody\.example/);
});

test('the scheme is never a forwarded header’s', async () => {
  const headers = { 'X-Forwarded-Proto': 'https', Forwarded: 'proto=https', 'X-Forwarded-Ssl': 'on', 'CF-Visitor': '{"scheme":"https"}' };
  assertHttpsRequired(await secure.send('/api/oauth/token', { form: {}, headers }));
});

test('TLS below 1.2 is treated as plain http is, from 1.2 on it is https', async () => {
  for (const tls of ['TLSv1', 'TLSv1.1', 'SSLv3']) {
    assertHttpsRequired(await overHttps('/api/oauth/token', { form: {}, tls }));
    assertHttpsRequired(await overHttps('/api/users/current', { tls }));
  }
  for (const tls of ['TLSv1.2', 'TLSv1.3']) assertOAuthError(await overHttps('/api/oauth/token', { form: {}, tls }), 401, 'invalid_client');
});

// -- Hosts --------------------------------------------------------------------------------------

test('an unknown host is 404 and names no event', async () => {
  for (const host of ['nobody.example', `x.${HOST}`, `${HOST}.`, `${HOST}.evil.example`, 'mybigevent.org']) {
    for (const path of ['/', '/login', '/.well-known/oauth-authorization-server', '/api/users/current', '/no-such']) {
      const reply = await willcall.send(host, path, { scheme: 'https' });
      assert.equal(reply.status, 404, `${host}${path}`);
      assert.doesNotMatch(reply.text, /My Big Event|mybigevent|Event at localhost/);
    }
  }
  for (const host of ['nobody.localhost', 'localhost.']) assert.equal((await willcall.send(host, '/login')).status, 404, host);
});

test('the host’s case and port do not matter', async () => {
  for (const host of [HOST.toUpperCase(), `${HOST}:8443`]) assert.equal((await willcall.send(host, '/login', { scheme: 'https' })).status, 200, host);
  assert.equal((await willcall.send('LocalHost', '/login')).status, 200);
  assert.equal((await willcall.send('localhost', '/login', { port: 1 })).status, 200);
});

test('the event is never chosen by a forwarded header', async () => {
  const headers = { 'X-Forwarded-Host': 'localhost', Forwarded: 'host=localhost', 'X-Original-Host': 'localhost' };
  assert.equal((await willcall.send('nobody.example', '/login', { scheme: 'https', headers })).status, 404);
  const reply = await overHttps('/.well-known/oauth-authorization-server', { headers });
  assert.equal(reply.json.issuer, `https://${HOST}`);
});

test('each loopback name is an event name of its own', async () => {
  for (const host of ['127.0.0.1', '[::1]', 'x.localhost']) assert.equal((await willcall.send(host, '/login')).status, 404, host);
  for (const host of ['127.0.0.1', '[::1]']) {
    await willcall.event(host).create();
    const reply = await willcall.send(host, '/.well-known/oauth-authorization-server');
    assert.equal(reply.json.issuer, willcall.origin(host));
  }
});

test('/healthz answers on any host', async () => {
  for (const host of ['localhost', 'nobody.localhost']) assert.equal((await willcall.send(host, '/healthz')).status, 200);
  for (const host of [HOST, 'nobody.example']) assert.equal((await willcall.send(host, '/healthz', { scheme: 'https' })).status, 200);
});

// -- Paths and methods --------------------------------------------------------------------------

test('an unknown path is 404, a trailing slash or another case included', async () => {
  for (const path of ['/no-such', '/oauth', '/oauth/authorize/', '/OAuth/authorize', '/api/oauth/token/', '/api/users/current/', '/.well-known/openid-configuration', '/api/oauth', '//login']) {
    for (const method of ['GET', 'POST']) assert.equal((await event.send(path, { method, body: '' })).status, 404, `${method} ${path}`);
  }
});

test('a wrong method is 405 with Allow', async () => {
  const allowed = {
    '/api/oauth/token': ['POST'], '/oauth2/token': ['POST'], '/connect/token': ['POST'],
    '/api/oauth/revoke': ['POST'], '/api/oauth/introspect': ['POST'],
    '/oauth/authorize': ['GET', 'POST'], '/login': ['GET', 'POST'], '/account/consent': ['POST'],
    '/.well-known/oauth-authorization-server': ['GET'], '/api/users/current': ['GET'], '/healthz': ['GET'], '/': ['GET'],
  };
  for (const [path, methods] of Object.entries(allowed)) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
      if (methods.includes(method)) continue;
      const reply = await event.send(path, { method, body: '' });
      assert.equal(reply.status, 405, `${method} ${path}`);
      const allow = reply.headers.allow?.split(/,\s*/) ?? [];
      for (const one of methods) assert.ok(allow.includes(one), `${method} ${path}: Allow: ${reply.headers.allow}`);
      assert.ok(!allow.includes(method));
    }
  }
});

test('a path comes before a method: a wrong method on an unknown path is 404', async () => {
  assert.equal((await event.send('/no-such', { method: 'DELETE' })).status, 404);
});

test('HEAD is answered as GET, without a body', async () => {
  for (const path of ['/', '/login', '/healthz', '/.well-known/oauth-authorization-server', '/no-such', '/oauth/authorize?client_id=1']) {
    const [get, head] = [await event.send(path), await event.send(path, { method: 'HEAD' })];
    assert.deepEqual([head.status, head.text], [get.status, ''], path);
    assert.equal(head.headers['content-type'], get.headers['content-type'], path);
  }
});

test('a page that is not there is a page of ours', async () => {
  assertErrorPage(await event.send('/no-such', { headers: { Accept: 'text/html' } }), 404);
});

// -- Metadata -----------------------------------------------------------------------------------

test('RFC 8414: the metadata name the canonical endpoints and what they support', async () => {
  const reply = await event.send('/.well-known/oauth-authorization-server');
  assert.equal(reply.status, 200);
  assert.match(reply.headers['content-type'], /^application\/json\b/);
  const { issuer } = event;
  const metadata = reply.json;
  assert.deepEqual(
    [metadata.issuer, metadata.authorization_endpoint, metadata.token_endpoint, metadata.revocation_endpoint, metadata.introspection_endpoint],
    [issuer, `${issuer}/oauth/authorize`, `${issuer}/api/oauth/token`, `${issuer}/api/oauth/revoke`, `${issuer}/api/oauth/introspect`],
  );
  assert.deepEqual(metadata.response_types_supported, ['code']);
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.ok(metadata.response_modes_supported.includes('query'));
  for (const grant of ['authorization_code', 'refresh_token']) assert.ok(metadata.grant_types_supported.includes(grant));
  for (const method of ['client_secret_basic', 'client_secret_post', 'none']) assert.ok(metadata.token_endpoint_auth_methods_supported.includes(method));
  assert.ok(metadata.revocation_endpoint_auth_methods_supported.includes('none'));
  assert.ok(!metadata.introspection_endpoint_auth_methods_supported.includes('none'));
});

test('over the network the issuer is https and the host', async () => {
  const { issuer, token_endpoint } = (await overHttps('/.well-known/oauth-authorization-server')).json;
  assert.deepEqual([issuer, token_endpoint], [`https://${HOST}`, `https://${HOST}/api/oauth/token`]);
});

// -- CORS ---------------------------------------------------------------------------------------

const OPEN = ['/api/oauth/token', '/oauth2/token', '/connect/token', '/api/oauth/revoke', '/oauth2/revoke', '/connect/revocation', '/.well-known/oauth-authorization-server', '/api/users/current'];
const CLOSED = ['/api/oauth/introspect', '/oauth/authorize', '/login', '/account', '/account/consent', '/api/admin/events', '/'];
const Origin = 'https://single-page.example';

test('CORS is open to any origin, without credentials, where a script of another site has business', async () => {
  for (const path of OPEN) {
    const replies = [
      await event.send(path, { headers: { Origin } }),
      await event.send(path, { headers: { Origin }, form: {} }),
      await event.send(path, { method: 'OPTIONS', headers: { Origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,content-type' } }),
    ];
    for (const { headers } of replies) {
      assert.equal(headers['access-control-allow-origin'], '*', path);
      assert.equal(headers['access-control-allow-credentials'], undefined, path);
    }
    const preflight = replies[2];
    assert.ok([200, 204].includes(preflight.status), path);
    const allowed = preflight.headers['access-control-allow-headers'].toLowerCase();
    for (const header of ['authorization', 'content-type']) assert.ok(allowed.includes(header), `${path}: ${allowed}`);
    assert.match(preflight.headers['access-control-allow-methods'], /GET|POST/);
  }
});

test('CORS is absent everywhere else', async () => {
  for (const path of CLOSED) {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const headers = { Origin, 'Access-Control-Request-Method': 'POST' };
      const reply = await event.send(path, { method, headers, ...(method === 'POST' && { body: '' }) });
      for (const name of Object.keys(reply.headers)) assert.ok(!name.startsWith('access-control-'), `${method} ${path}: ${name}`);
    }
  }
});

// -- Secrets of the deployment ------------------------------------------------------------------

test('a missing or short secret is 500 server_error with a clear log line, on every path', async () => {
  for (const WILLCALL_SECRET of [null, '', 'x'.repeat(31)]) {
    const broken = await Willcall.start({ bindings: { WILLCALL_SECRET } });
    try {
      for (const path of ['/healthz', '/', '/api/oauth/token', '/no-such']) {
        const reply = await broken.send('localhost', path);
        assert.equal(reply.status, 500, `${path}: ${reply.text}`);
        assert.equal(reply.json.error, 'server_error');
        assert.doesNotMatch(reply.text, /xxxx/);
      }
      assert.match(broken.log, /WILLCALL_SECRET/);
      assert.doesNotMatch(broken.log, /xxxx/);
    } finally {
      broken.forgiveServerErrors();
      await broken.stop();
    }
  }
});

test('the developers’ page names the addresses of the metadata and the scopes of the event', async () => {
  const metadata = (await event.send('/.well-known/oauth-authorization-server')).json;
  const page = await event.browser().open('/developer');
  assert.equal(page.status, 200);
  const codes = [...page.html.matchAll(/<code>([^<]*)<\/code>/g)].map(([, text]) => text);
  for (const name of ['issuer', 'authorization_endpoint', 'token_endpoint', 'revocation_endpoint', 'introspection_endpoint']) {
    assert.ok(codes.includes(metadata[name]), name);
  }
  for (const scope of metadata.scopes_supported) assert.ok(codes.includes(scope), scope);
  assert.match(page.text, /See your statistics/);
  assert.equal(page.text.match(/This is an administrative permission/g).length, 3, 'user:read and the two of the catalogue');
  const front = await event.browser().open('/');
  assert.match(front.html, /href="\/developer"/);
});
