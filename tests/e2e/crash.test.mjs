// workerd killed in the middle of its work and started again on the same data: what was
// acknowledged stands, what was spent stays spent.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Willcall, assertOAuthError, callApi, temporaryDirectory } from './harness.mjs';

const CHAINS = 12;
const ROUNDS = 3;

let data;
let willcall;
let event;
let client;

before(async () => {
  data = temporaryDirectory();
  willcall = await Willcall.start({ persistTo: data.directory });
  // The longest window: the seconds that a restart takes on a busy machine are not what is tested.
  event = await willcall.event('localhost').create({ retry_window: 60 });
  client = await event.application();
});

after(async () => {
  await willcall?.stop();
  data?.remove();
});

/** An answer, or `null` where the server died before there was one. */
async function unlessKilled(request) {
  try {
    return await request;
  } catch (error) {
    assert.match(error.code ?? '', /^(ECONNREFUSED|ECONNRESET|EPIPE)$/, String(error));
    return null;
  }
}

const settled = { killed: false, underWay: () => {} };

/** Refreshes one grant again and again until the server is gone, noting every token that was acknowledged. */
async function refreshUntilKilled(chain) {
  for (let refreshed = 0; !settled.killed; refreshed += 1) {
    if (refreshed > 1) settled.underWay();
    const reply = await unlessKilled(client.refresh(chain.at(-1).refresh_token));
    if (reply === null) return;
    assert.equal(reply.status, 200, reply.text);
    chain.push(reply.json);
  }
}

/** Redeems codes one after the other until the server is gone, noting what became of each. */
async function redeemUntilKilled(codes, redeemed) {
  for (const code of codes) {
    if (settled.killed) return;
    const entry = { code, grant: null };
    redeemed.push(entry);
    const reply = await unlessKilled(client.redeem(code));
    if (reply === null) return;
    assert.equal(reply.status, 200, reply.text);
    entry.grant = reply.json;
    settled.underWay();
  }
}

async function killOnceUnderWay(underWay, milliseconds) {
  await underWay;
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  willcall.kill();
  settled.killed = true;
}

/** Kills the server so long after its load is under way, and brings it back on the same data. */
async function crashDuring(load, milliseconds) {
  settled.killed = false;
  const underWay = new Promise((resolve) => { settled.underWay = resolve; });
  await Promise.all([...load(), killOnceUnderWay(underWay, milliseconds)]);
  await willcall.restart();
}

test('killed in the middle of rotations: no acknowledged token is lost, none is spent twice', async () => {
  const people = await Promise.all(Array.from({ length: CHAINS }, () => event.person()));
  const chains = [];
  for (const person of people) chains.push([await client.obtainGrant(person)]);

  for (let round = 0; round < ROUNDS; round += 1) {
    const before = chains.map((chain) => chain.length);
    await crashDuring(() => chains.map(refreshUntilKilled), 20 + 170 * round);
    assert.ok(chains.some((chain, index) => chain.length > before[index] + 1), 'it was killed under load');

    for (const chain of chains) {
      // Whether the last rotation was committed or not, the last acknowledged token gets its one successor.
      const replies = await Promise.all([1, 2, 3].map(() => client.refresh(chain.at(-1).refresh_token)));
      for (const reply of replies) assert.equal(reply.status, 200, reply.text);
      assert.equal(new Set(replies.map((reply) => reply.json.refresh_token)).size, 1);
      assert.equal(await client.isActive(replies[0].json.access_token), true);
      assert.equal((await callApi(event, replies[0].json.access_token)).status, 200);
      chain.push(replies[0].json);
    }
  }

  for (const chain of chains) {
    assert.equal(new Set(chain.map((grant) => grant.refresh_token)).size, chain.length, 'no token was issued twice');
    for (const spent of chain.slice(0, -1)) assert.equal(await client.isActive(spent.refresh_token), false, 'spent stays spent');
    assertOAuthError(await client.refresh(chain.at(-3).refresh_token), 400, 'invalid_grant');
    assert.equal(await client.isActive(chain.at(-1).refresh_token), false, 'and its reuse is noticed');
  }
});

test('killed in the middle of redemptions: an acknowledged code is spent, an unacknowledged one counts at most once', async () => {
  const redeemed = [];
  const lanes = [];
  for (let lane = 0; lane < 6; lane += 1) {
    const person = await event.person();
    const codes = [];
    for (let count = 0; count < 40; count += 1) codes.push(await client.obtainCode(person));
    lanes.push(codes);
  }
  await crashDuring(() => lanes.map((codes) => redeemUntilKilled(codes, redeemed)), 60);

  const acknowledged = redeemed.filter((entry) => entry.grant);
  assert.ok(acknowledged.length > 0, 'some were redeemed before the end');
  for (const { grant } of acknowledged) assert.equal(await client.isActive(grant.refresh_token), true, 'no acknowledged grant is lost');
  for (const { code, grant } of acknowledged) {
    assertOAuthError(await client.redeem(code), 400, 'invalid_grant');
    assert.equal(await client.isActive(grant.refresh_token), false, 'the replay was noticed');
  }
  for (const { code } of redeemed.filter((entry) => !entry.grant)) {
    const replies = await Promise.all([1, 2, 3].map(() => client.redeem(code)));
    assert.ok(replies.filter((reply) => reply.status === 200).length <= 1);
    for (const reply of replies) if (reply.status !== 200) assertOAuthError(reply, 400, 'invalid_grant');
  }
});

test('killed right after revocations, sign-outs and changes were answered: they stand', async () => {
  const [robin, sam, kim] = [await event.person(), await event.person(), await event.person()];
  const [revoked, disabled, kept] = [await client.obtainGrant(robin), await client.obtainGrant(sam), await client.obtainGrant(kim)];
  const browser = await robin.browser();
  const signedOut = new Map(browser.cookies);
  const second = await event.operator.must('POST', `/applications/${client.client_id}/secrets`);

  await client.revoke(revoked.refresh_token);
  await (await browser.open('/account')).press('Sign out');
  await event.changeAccount(sam, { status: 'disabled' });
  const late = await event.person();
  willcall.kill();
  await willcall.restart();

  for (const grant of [revoked, disabled]) {
    assert.equal(await client.isActive(grant.access_token), false);
    assertOAuthError(await client.refresh(grant.refresh_token), 400, 'invalid_grant');
  }
  browser.cookies = signedOut;
  assert.ok((await browser.open('/account')).isSignIn, 'signed out');
  assert.ok(!(await (await kim.browser()).open('/account')).isSignIn, 'still signed in');
  assert.equal(await client.isActive(kept.access_token), true);
  assert.equal((await client.refresh(kept.refresh_token)).status, 200);
  await late.browser();
  const reply = await event.send('/api/oauth/introspect', { form: { client_id: client.client_id, client_secret: second.client_secret, token: 'x' } });
  assert.deepEqual(reply.json, { active: false });
});
