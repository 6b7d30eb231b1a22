// Exactly once, whatever races: contract 4 and the promise of design 1.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RETRY_WINDOW, Willcall, assertOAuthError } from './harness.mjs';

const MANY = 64;

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

const inParallel = (attempt) => Promise.all(Array.from({ length: MANY }, (_, index) => attempt(index)));

/** Sorts answers into successes and refusals; each refusal has to be the one expected. */
function sorted(replies, error = 'invalid_grant') {
  const successes = replies.filter((reply) => reply.status === 200);
  for (const reply of replies) if (reply.status !== 200) assertOAuthError(reply, 400, error);
  return successes.map((reply) => reply.json);
}

const distinct = (answers, member) => new Set(answers.map((answer) => answer[member])).size;

async function assertDead({ access_token, refresh_token }, by = client) {
  assert.equal(await by.isActive(access_token), false);
  assert.equal(await by.isActive(refresh_token), false);
}

test('64 parallel redemptions of one code: exactly 1 succeeds, and the replays end what it got', async () => {
  const code = await client.obtainCode(robin);
  const successes = sorted(await inParallel(() => client.redeem(code)));
  assert.equal(successes.length, 1);
  await assertDead(successes[0]);
});

test('64 parallel redemptions, all but one of them invalid: exactly 1 succeeds and it lives', async () => {
  const other = await event.application();
  const code = await client.obtainCode(robin, { pkce: true });
  const replies = await inParallel((index) => {
    if (index === 40) return client.redeem(code);
    if (index % 2) return other.redeem(code);
    return client.redeem({ ...code, code_verifier: 'x'.repeat(43) });
  });
  const successes = sorted(replies);
  assert.equal(successes.length, 1);
  assert.equal(await client.isActive(successes[0].refresh_token), true);
});

test('64 codes of one person redeemed in parallel: each succeeds, each its own grant', async () => {
  const codes = [];
  for (let count = 0; count < MANY; count += 1) codes.push(await client.obtainCode(robin));
  const successes = sorted(await inParallel((index) => client.redeem(codes[index])));
  assert.equal(successes.length, MANY);
  assert.equal(distinct(successes, 'refresh_token'), MANY);
});

test('64 parallel refreshes of one token: every success carries the same successor, one generation on', async () => {
  const first = await client.obtainGrant(robin);
  const successes = sorted(await inParallel(() => client.refresh(first.refresh_token)));
  assert.equal(successes.length, MANY, 'nobody honest is turned away');
  assert.equal(distinct(successes, 'refresh_token'), 1);
  for (const { access_token } of successes) assert.equal(await client.isActive(access_token), true, 'of the current generation');

  // One generation on and not more: the successor is the current token, and using it ends all 64.
  const next = await client.refresh(successes[0].refresh_token);
  assert.equal(next.status, 200);
  for (const { access_token } of successes) assert.equal(await client.isActive(access_token), false);
  await willcall.moveClock(RETRY_WINDOW + 1);
  assertOAuthError(await client.refresh(first.refresh_token), 400, 'invalid_grant');
  await assertDead(next.json);
});

test('64 parallel refreshes that ask for different scopes settle on one', async () => {
  const first = await client.obtainGrant(robin, { scope: 'badge:print schedule:read' });
  const scopes = ['badge:print', 'schedule:read', 'badge:print schedule:read', undefined];
  const successes = sorted(await inParallel((index) => client.refresh(first.refresh_token, { scope: scopes[index % 4] })));
  assert.equal(successes.length, MANY);
  assert.equal(distinct(successes, 'refresh_token'), 1);
  assert.equal(distinct(successes, 'scope'), 1);
});

test('64 parallel refreshes with retry_window 0: exactly 1 succeeds, and the reuse ends the grant', async () => {
  const strict = await willcall.event('strict.localhost').create({ retry_window: 0 });
  const strictClient = await strict.application();
  const first = await strictClient.obtainGrant(await strict.person());
  const successes = sorted(await inParallel(() => strictClient.refresh(first.refresh_token)));
  assert.equal(successes.length, 1);
  await assertDead(successes[0], strictClient);
});

test('refreshes racing a revocation: once it is answered nothing is alive', async () => {
  const first = await client.obtainGrant(robin);
  const replies = await inParallel((index) => (index === 20 ? client.revoke(first.refresh_token) : client.refresh(first.refresh_token)));
  assert.equal(replies[20].status, 200);
  for (const grant of sorted(replies.filter((_, index) => index !== 20))) await assertDead(grant);
  await assertDead(first);
});

test('refreshes racing the disabling of the account: once it is answered nothing is alive', async () => {
  const sam = await event.person();
  const grants = [];
  for (let count = 0; count < 8; count += 1) grants.push(await client.obtainGrant(sam));
  const refreshes = inParallel((index) => client.refresh(grants[index % 8].refresh_token));
  await event.changeAccount(sam, { status: 'disabled' });
  for (const grant of [...sorted(await refreshes), ...grants]) await assertDead(grant);
});

test('64 parallel sign-ups with one e-mail: exactly 1 account', async () => {
  const body = { email: 'once@people.example', name: 'Once' };
  const replies = await inParallel(() => event.operator.call('POST', `${event.path}/accounts`, body));
  assert.deepEqual(replies.map((reply) => reply.status).filter((status) => status !== 409), [201]);
});
