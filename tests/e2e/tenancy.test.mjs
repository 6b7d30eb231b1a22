// Contract, first paragraph: nothing issued by one event is worth anything at another.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ALLOWED_STALENESS, CATALOGUE, RETRY_WINDOW, Willcall, assertBearerRefusal, assertErrorPage, assertOAuthError, callApi, decodeJwt } from './harness.mjs';

let willcall;
let a;
let b;
let clientAtA;
let clientAtB;
let robin;
let robinAtB;

before(async () => {
  willcall = await Willcall.start();
  a = await willcall.event('a.localhost').create({ name: 'Event A' });
  b = await willcall.event('b.localhost').create({ name: 'Event B' });
  clientAtA = await a.application();
  clientAtB = clientAtA.at(b);
  await b.approve(clientAtB);
  robin = await a.person({ email: 'robin@people.example', password: 'the same password' });
  robinAtB = await b.person({ email: 'robin@people.example', password: 'the same password' });
});

after(() => willcall?.stop());

test('the same e-mail at two events is two accounts', () => {
  assert.notEqual(robin.id, robinAtB.id);
});

test('an account signs in at its own event only', async () => {
  const sam = await a.person();
  const page = await (await b.browser().open('/login')).press('Sign in', { email: sam.email, password: sam.password });
  assertErrorPage(page);
});

test('a code is worth nothing at another event, and is not burnt there', async () => {
  const code = await clientAtA.obtainCode(robin);
  assertOAuthError(await clientAtB.redeem(code), 400, 'invalid_grant');
  assert.equal((await clientAtA.redeem(code)).status, 200);
});

test('a refresh token is worth nothing at another event, and ends nothing there', async () => {
  const first = await clientAtA.obtainGrant(robin);
  assertOAuthError(await clientAtB.refresh(first.refresh_token), 400, 'invalid_grant');
  const second = await clientAtA.refresh(first.refresh_token);
  assert.equal(second.status, 200);
  await willcall.moveClock(RETRY_WINDOW + 1);
  assertOAuthError(await clientAtB.refresh(first.refresh_token), 400, 'invalid_grant');
  assert.equal((await clientAtA.refresh(second.json.refresh_token)).status, 200);
});

test('an access token is worth nothing at another event', async () => {
  const { access_token } = await clientAtA.obtainGrant(robin);
  assertBearerRefusal(await callApi(b, access_token), 401, 'invalid_token');
  assert.equal((await callApi(a, access_token)).status, 200);
});

test('introspection and revocation at another event neither see nor touch a token', async () => {
  const grant = await clientAtA.obtainGrant(robin);
  const monitor = await b.application({ approval: { obo_scopes: [], service_scopes: ['token:introspect'] } });
  for (const token of [grant.access_token, grant.refresh_token]) {
    for (const client of [clientAtB, monitor]) {
      assert.deepEqual((await client.introspect(token)).json, { active: false });
      assert.equal((await client.revoke(token)).status, 200);
    }
  }
  assert.equal(await clientAtA.isActive(grant.access_token), true);
  assert.equal(await clientAtA.isActive(grant.refresh_token), true);
});

test('a session is worth nothing at another event', async () => {
  const visitor = b.browser();
  visitor.cookies = new Map((await robin.browser()).cookies);
  assert.ok((await visitor.open('/account')).isSignIn);
});

test('a form token is worth nothing at another event', async () => {
  const [atA, atB] = [a.browser(), b.browser()];
  const form_token = (await atA.open('/login')).formWith('Sign in').fields.find(([name]) => name === 'form_token')[1];
  const page = await atB.open('/login');
  for (const [name, value] of atA.cookies) atB.cookies.set(name, value);
  assert.equal((await page.press('Sign in', { email: robinAtB.email, password: robinAtB.password, form_token })).status, 403);
});

test('consent and grants at one event are not remembered or shown at another', async () => {
  await clientAtA.obtainGrant(robin);
  const browser = await robinAtB.browser();
  assert.ok((await browser.requestAuthorization(clientAtB)).isConsent);
  assert.equal((await (await b.person()).browser()).event, b);
  assert.ok(!(await browser.open('/account')).text.includes('Revoke access'));
});

test('an application approved at one event is a stranger at another', async () => {
  const client = await a.application();
  const elsewhere = client.at(b);
  assertErrorPage(await (await robinAtB.browser()).requestAuthorization(elsewhere));
  assertOAuthError(await elsewhere.refresh('x'), 400, 'unauthorized_client');
});

test('each event has its own issuer', async () => {
  for (const [event, client, person] of [[a, clientAtA, robin], [b, clientAtB, robinAtB]]) {
    assert.equal((await event.send('/.well-known/oauth-authorization-server')).json.issuer, event.issuer);
    assert.equal(decodeJwt((await client.obtainGrant(person)).access_token).claims.iss, event.issuer);
  }
});

test('on a loopback host iss and aud are checked by host name only', async () => {
  const { access_token } = await clientAtA.obtainGrant(robin);
  const reply = await callApi(a, access_token, '/api/users/current', { port: 9999 });
  assert.equal(reply.status, 200, reply.text);
});

function assertOperatorError(reply, status) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(typeof reply.json.error, 'string');
}

test('catalogues and pages are each event’s own', async () => {
  const onlyAtB = { name: 'only:b', title: 'Only at B', description: 'Only at B', sensitive: false, modes: ['obo'] };
  await b.operator.must('PUT', `${b.path}/scopes`, [...CATALOGUE, onlyAtB]);
  const approval = { obo_scopes: ['only:b'], service_scopes: [] };
  assertOperatorError(await a.operator.call('PUT', `${a.path}/integrations/${clientAtA.client_id}`, approval), 400);
  const { text } = await a.browser().open('/login');
  assert.match(text, /Event A/);
  assert.doesNotMatch(text, /Event B/);
});

test('an account’s id of one event means nothing in another’s paths', async () => {
  for (const [method, path, body] of [['GET', ''], ['PATCH', '', { name: 'X' }], ['DELETE', ''], ['GET', '/grants']]) {
    assertOperatorError(await b.operator.call(method, `${b.path}/accounts/${robin.id}${path}`, body), 404);
  }
  assert.equal((await a.operator.must('GET', `${a.path}/accounts/${robin.id}`)).name, robin.name);
});

test('an event that is deleted and created again shares nothing with the one before', async () => {
  const before = await willcall.event('c.localhost').create();
  const client = await before.application();
  const sam = await before.person({ email: 'sam@people.example', password: 'a long password' });
  const grant = await client.obtainGrant(sam);
  const session = await sam.browser();
  await before.operator.must('DELETE', before.path);
  await willcall.moveClock(ALLOWED_STALENESS);
  assert.equal((await before.send('/login')).status, 404);

  const again = await willcall.event('c.localhost').create();
  await again.approve(client);
  const newSam = await again.person({ email: 'sam@people.example', password: 'a long password' });
  assert.notEqual(newSam.id, sam.id);
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  assertBearerRefusal(await callApi(again, grant.access_token), 401, 'invalid_token');
  assert.deepEqual((await client.introspect(grant.access_token)).json, { active: false });
  assert.ok((await session.open('/account')).isSignIn);
});
