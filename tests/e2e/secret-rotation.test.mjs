// Contract 5: rotating the deployment's secret. The procedure: the new secret becomes WILLCALL_SECRET and
// the old one WILLCALL_SECRET_PREVIOUS; once what the old one signed may go, it is dropped.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
  EVERYDAY, SECRET, Willcall, assertBearerRefusal, assertOAuthError, callApi, decodeJwt, temporaryDirectory,
} from './harness.mjs';

const [FIRST, SECOND, THIRD] = ['first', 'second', 'third'].map((name) => `${name} ${SECRET}`);

let data;
let bindings;
let willcall;
let event;
let client;
let inspector;

before(async () => {
  data = temporaryDirectory();
  bindings = { WILLCALL_SECRET: FIRST };
  willcall = await Willcall.start({ persistTo: data.directory, bindings });
  event = await willcall.event('localhost').create({ retry_window: 60 });
  client = await event.application();
  inspector = await event.application({ approval: { obo_scopes: [], service_scopes: ['token:introspect'] } });
});

after(async () => {
  await willcall?.stop();
  data?.remove();
});

/** Deploys with other secrets, on the same data. */
async function deploy(current, ...previous) {
  bindings.WILLCALL_SECRET = current;
  bindings.WILLCALL_SECRET_PREVIOUS = previous.length ? previous.join(',') : null;
  await willcall.restart();
}

const kid = (token) => decodeJwt(token).header.kid;

async function refreshed(token) {
  const reply = await client.refresh(token);
  assert.equal(reply.status, 200, reply.text);
  return reply.json;
}

async function makePersonalToken(browser) {
  const page = await browser.open('/account');
  const created = await page.press('Create token', { name: 'A script', scope: 'pii:basic', expires: '30' });
  const [token] = /wc_pat_[\w.-]+/.exec(created.html) ?? [];
  assert.ok(token, created.text);
  return token;
}

/** One of everything that a secret signs, none of it used yet. */
async function signEverything() {
  const person = await event.person({ name: 'Robin Example' });
  const browser = await person.browser();
  const rotated = await client.obtainGrant(person);
  const successor = await refreshed(rotated.refresh_token);
  return {
    person,
    browser,
    rotated,
    successor,
    grant: await client.obtainGrant(person),
    code: await client.obtainCode(person),
    personal: await makePersonalToken(browser),
    consent: await browser.requestAuthorization(client, { prompt: 'consent' }),
    signIn: await event.browser().open('/login'),
    account: await browser.open('/account'),
  };
}

async function isActive(token) {
  const reply = await inspector.introspect(token);
  assert.equal(reply.status, 200, reply.text);
  return reply.json.active;
}

test('a rotation breaks nothing that is outstanding', async (t) => {
  await deploy(FIRST);
  const signed = await signEverything();
  await deploy(SECOND, FIRST);

  await t.test('the session', async () => {
    const page = await signed.browser.open('/account');
    assert.ok(!page.isSignIn && page.text.includes('Robin Example'), page.text.slice(0, 200));
  });

  await t.test('the access token, at the API and at introspection', async () => {
    assert.equal((await callApi(event, signed.grant.access_token)).status, 200);
    assert.equal(await isActive(signed.grant.access_token), true);
  });

  await t.test('the personal access token', async () => {
    assert.equal((await callApi(event, signed.personal)).json.name, 'Robin Example');
    assert.equal(await isActive(signed.personal), true);
  });

  await t.test('the code', async () => {
    const reply = await client.redeem(signed.code);
    assert.equal(reply.status, 200, reply.text);
    assert.notEqual(kid(reply.json.access_token), kid(signed.grant.access_token), 'signed with the new secret');
  });

  await t.test('the consent form', async () => {
    const { departure } = await signed.consent.press('Authorize Application');
    assert.equal((await client.redeem({ code: departure?.searchParams.get('code'), redirect_uri: client.redirectUri })).status, 200);
  });

  await t.test('the sign-in form', async () => {
    const page = await signed.signIn.press('Sign in', { email: signed.person.email, password: signed.person.password });
    assert.deepEqual([page.status, page.isSignIn], [200, false]);
  });

  await t.test('a form of the account page', async () => {
    const page = await signed.account.press('Create token', { name: 'Another', scope: 'pii:basic', expires: '30' });
    assert.match(page.html, /wc_pat_/);
  });

  await t.test('a retry of a rotation before: the same successor, which then works', async () => {
    const retried = await refreshed(signed.rotated.refresh_token);
    assert.equal(retried.refresh_token, signed.successor.refresh_token);
    assert.equal((await callApi(event, retried.access_token)).status, 200);
    assert.equal((await callApi(event, signed.successor.access_token)).status, 200);
    await refreshed(retried.refresh_token);
  });

  await t.test('the refresh token: its successor is the new secret’s, and a retry gets the same', async () => {
    const next = await refreshed(signed.grant.refresh_token);
    assert.equal((await refreshed(signed.grant.refresh_token)).refresh_token, next.refresh_token);
    await refreshed(next.refresh_token);
  });

  await t.test('reuse is still noticed', async () => {
    assertOAuthError(await client.refresh(signed.rotated.refresh_token), 400, 'invalid_grant');
    assert.equal(await isActive(signed.successor.access_token), false);
  });
});

test('once the old secret is dropped, what it signed is refused and what the new one signed is not', async (t) => {
  await deploy(FIRST);
  const old = await signEverything();
  await deploy(SECOND, FIRST);
  const renewed = await refreshed(old.grant.refresh_token);
  const unrotated = old.successor;
  const fresh = await signEverything();
  await deploy(SECOND);

  await t.test('the old session leads to the sign-in page', async () => {
    assert.ok((await old.browser.open('/account')).isSignIn);
    assert.ok((await old.browser.requestAuthorization(client)).isSignIn);
  });

  await t.test('the old access token is invalid_token', async () => {
    for (const { access_token } of [old.grant, old.successor]) {
      assertBearerRefusal(await callApi(event, access_token), 401, 'invalid_token');
      assert.equal(await isActive(access_token), false);
    }
  });

  await t.test('the old personal access token is invalid_token', async () => {
    assertBearerRefusal(await callApi(event, old.personal), 401, 'invalid_token');
    assert.equal(await isActive(old.personal), false);
  });

  await t.test('the old code is invalid_grant', async () => {
    assertOAuthError(await client.redeem(old.code), 400, 'invalid_grant');
  });

  await t.test('the old refresh tokens are invalid_grant, and to revoke one is 200', async () => {
    for (const token of [old.rotated.refresh_token, unrotated.refresh_token, old.grant.refresh_token]) {
      assertOAuthError(await client.refresh(token), 400, 'invalid_grant');
      assert.equal(await isActive(token), false);
      assert.equal((await client.revoke(token)).status, 200);
    }
  });

  await t.test('the old forms are 403', async () => {
    const { email, password } = old.person;
    const answers = [
      await old.consent.press('Authorize Application'),
      await old.signIn.press('Sign in', { email, password }),
      await old.account.press('Create token', { name: 'Another', scope: 'pii:basic', expires: '30' }),
    ];
    assert.deepEqual(answers.map((page) => [page.status, page.departure]), answers.map(() => [403, null]));
  });

  await t.test('passwords and client secrets are not the secret’s: the person signs in again, the client too', async () => {
    await event.browser().signIn(old.person);
    assert.equal((await client.obtainGrant(old.person)).scope.split(' ').length, EVERYDAY.split(' ').length);
  });

  await t.test('the grant that was refreshed meanwhile goes on', async () => {
    assert.equal((await callApi(event, renewed.access_token)).status, 200);
    await refreshed(renewed.refresh_token);
  });

  await t.test('what was signed since the rotation goes on', async () => {
    assert.equal((await callApi(event, fresh.grant.access_token)).status, 200);
    assert.equal((await callApi(event, fresh.personal)).status, 200);
    assert.equal((await client.redeem(fresh.code)).status, 200);
    assert.equal((await refreshed(fresh.rotated.refresh_token)).refresh_token, fresh.successor.refresh_token);
    assert.ok(!(await fresh.browser.open('/account')).isSignIn);
    assert.ok((await fresh.consent.press('Authorize Application')).departure);
  });
});

test('a retry whose successor the dropped secret signed is invalid_grant, not a broken token', async () => {
  await deploy(FIRST);
  const person = await event.person();
  const grant = await client.obtainGrant(person);
  await deploy(SECOND, FIRST);
  const next = await refreshed(grant.refresh_token);
  await deploy(FIRST, SECOND); // a deployment rolled back
  assert.equal((await refreshed(grant.refresh_token)).refresh_token, next.refresh_token);
  await deploy(FIRST);
  assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  assertOAuthError(await client.refresh(next.refresh_token), 400, 'invalid_grant');
});

test('several previous secrets, separated by commas: each verifies until it is dropped', async () => {
  const [people, grants] = [[], []];
  for (const secrets of [[FIRST], [SECOND, FIRST], [THIRD, SECOND, FIRST]]) {
    await deploy(...secrets);
    people.push(await event.person());
    grants.push(await client.obtainGrant(people.at(-1)));
  }
  const answers = () => Promise.all(grants.map(async (grant) => (await callApi(event, grant.access_token)).status));
  assert.equal(new Set(grants.map((grant) => kid(grant.access_token))).size, 3);
  assert.deepEqual(await answers(), [200, 200, 200]);
  await deploy(THIRD, ` ${SECOND} `); // as people type lists
  assert.deepEqual(await answers(), [401, 200, 200]);
  for (const person of people.slice(1)) assert.ok(!(await (await person.browser()).open('/account')).isSignIn);
  assert.ok((await (await people[0].browser()).open('/account')).isSignIn);
});

// -- Secrets that cannot be used ----------------------------------------------------------------

const TOO_SHORT = 'only-31-bytes-and-easy-to-find!'; // the beginning of it is looked for in what comes out
assert.equal(TOO_SHORT.length, 31);
const UNUSABLE = {
  'no WILLCALL_SECRET': [{ WILLCALL_SECRET: null }, /\bWILLCALL_SECRET\b/],
  'an empty WILLCALL_SECRET': [{ WILLCALL_SECRET: '' }, /\bWILLCALL_SECRET\b/],
  'a WILLCALL_SECRET of blanks': [{ WILLCALL_SECRET: ' '.repeat(64) }, /\bWILLCALL_SECRET\b/],
  'a short WILLCALL_SECRET': [{ WILLCALL_SECRET: TOO_SHORT }, /\bWILLCALL_SECRET\b/],
  'a short WILLCALL_SECRET_PREVIOUS': [{ WILLCALL_SECRET: SECRET, WILLCALL_SECRET_PREVIOUS: TOO_SHORT }, /\bWILLCALL_SECRET_PREVIOUS\b/],
  'one short of several in WILLCALL_SECRET_PREVIOUS': [{ WILLCALL_SECRET: SECRET, WILLCALL_SECRET_PREVIOUS: `${FIRST},${TOO_SHORT}` }, /\bWILLCALL_SECRET_PREVIOUS\b/],
};

for (const [what, [unusable, named]] of Object.entries(UNUSABLE)) {
  test(`${what}: 500 server_error on every path, and a log line that names it and not its value`, async () => {
    const broken = await Willcall.start({ bindings: unusable });
    try {
      const requests = [
        ['GET', '/healthz'], ['HEAD', '/healthz'], ['GET', '/'], ['GET', '/login'], ['POST', '/login'], ['GET', '/oauth/authorize'],
        ['POST', '/api/oauth/token'], ['POST', '/oauth2/token'], ['POST', '/connect/token'], ['OPTIONS', '/api/oauth/token'], ['GET', '/api/users/current'],
        ['GET', '/.well-known/oauth-authorization-server'], ['GET', '/api/admin/events'], ['DELETE', '/no-such'],
      ];
      for (const host of ['localhost', 'nobody.example']) {
        for (const [method, path] of requests) {
          const reply = await broken.send(host, path, { method, scheme: 'https' });
          assert.equal(reply.status, 500, `${method} ${path}: ${reply.text}`);
          if (method === 'HEAD') continue;
          assertOAuthError(reply, 500, 'server_error');
          assert.ok(!reply.text.includes(TOO_SHORT.slice(0, 8)) && !reply.text.includes(SECRET));
        }
      }
      const lines = broken.log.split('\n').filter((line) => named.test(line));
      assert.ok(lines.length > 0, broken.log);
      assert.match(lines[0], /not set|shorter than 32 bytes/);
      for (const value of [TOO_SHORT.slice(0, 8), SECRET, FIRST]) assert.ok(!broken.log.includes(value));
    } finally {
      broken.forgiveServerErrors();
      await broken.stop();
    }
  });
}

test('32 bytes are enough, whatever the characters', async () => {
  for (const WILLCALL_SECRET of ['x'.repeat(32), 'é'.repeat(16)]) {
    const working = await Willcall.start({ bindings: { WILLCALL_SECRET, WILLCALL_SECRET_PREVIOUS: ' , ' } });
    try {
      assert.equal((await working.send('localhost', '/healthz')).status, 200);
    } finally {
      await working.stop();
    }
  }
});
