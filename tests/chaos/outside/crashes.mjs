// workerd killed at random moments under load, again and again, and started on the same data. What each
// grant may have become is followed by the same model that judges the histories.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { Willcall, assertOAuthError, callApi, temporaryDirectory } from '../../e2e/harness.mjs';
import { GrantModel } from '../oracle/grant.mjs';
import { Random } from '../random.mjs';

const LANES = 8;
const WINDOW = 60;
const SCOPE = 1;
const ALLOWED = [SCOPE];
const DEAD = /^(ECONNREFUSED|ECONNRESET|EPIPE)$/;

/** One person's grants with one client, one after the other; each request's outcome goes into the grant's model. */
class Lane {
  constructor(random, client, person) {
    Object.assign(this, { random, client, person });
    this.grants = [];
  }

  /** Works until the server is gone. */
  async work(isDown) {
    while (!isDown()) {
      const grant = this.grants.at(-1);
      if (!grant || grant.over) await this.begin();
      else await this.random.weighted({ refresh: 10, twoTabs: 4, revoke: 1 }) === 'revoke' ? await this.revoke(grant) : await this.refresh(grant);
    }
  }

  async attempt(request) {
    try {
      return await request;
    } catch (error) {
      // A page in the middle of a browser's walk may be cut short, too.
      assert.match(error.code ?? '', DEAD, String(error.stack));
      return undefined;
    }
  }

  take(grant, act, reply) {
    const seen = reply === undefined ? { result: 'unseen' }
      : reply.status === 200 ? { result: 'issued', token: reply.json.refresh_token, scope: SCOPE } : { result: reply.json.error };
    const known = { ...act, at: Date.now(), allowed: ALLOWED, scope: SCOPE, window: WINDOW, age: 'good', void: 'no', paused: 'no' };
    assert.ok(grant.model.take([{ act: known, seen }]), `seed ${this.random.seed}: ${JSON.stringify(act)} → ${JSON.stringify(seen)}`);
    return seen;
  }

  async begin() {
    const code = await this.attempt(this.client.obtainCode(this.person, { scope: 'pii:basic' }));
    if (!code) return;
    const grant = { model: new GrantModel(), code, held: undefined, over: false, access: [] };
    this.grants.push(grant);
    const reply = await this.attempt(this.client.redeem(code));
    this.take(grant, { does: 'redeem' }, reply);
    if (reply === undefined) grant.over = true;
    else this.told(grant, 1, reply);
  }

  told(grant, generation, reply) {
    assert.equal(reply.status, 200, reply.text);
    grant.held = generation;
    grant.access.push({ generation, text: reply.json.access_token });
  }

  async refresh(grant) {
    const generation = grant.held;
    const reply = await this.attempt(this.client.refresh(grant.model.tokens[generation]));
    this.take(grant, { does: 'refresh', generation }, reply);
    if (reply !== undefined) this.told(grant, generation + 1, reply);
  }

  async revoke(grant) {
    const reply = await this.attempt(this.client.revoke(grant.model.tokens[grant.held]));
    grant.over = true;
    assert.ok(grant.model.take([{ act: { does: 'end', effect: 'perhaps' }, seen: { result: reply === undefined ? 'unseen' : 'done' } }]));
  }

  /** After the restart: what was acknowledged stands, and what is spent stays spent. */
  async check() {
    for (const grant of this.grants.slice(-3)) {
      const { model, held } = grant;
      for (const { generation, text } of grant.access) {
        const active = await this.client.isActive(text);
        assert.ok(model.take([{ act: { does: 'inspect', generation }, seen: { result: active ? 'active' : 'inactive' } }]), 'introspection after the crash');
        const { status } = await callApi(this.client.event, text);
        assert.equal(status, active ? 200 : 401, 'the API after the crash');
      }
      if (held === undefined) {
        // A redemption that nobody saw: the code counts once all the same, and is spent after that.
        const reply = await this.client.redeem(grant.code);
        this.take(grant, { does: 'redeem' }, reply);
      } else if (!grant.over) {
        const reply = await this.client.refresh(model.tokens[held]);
        this.take(grant, { does: 'refresh', generation: held }, reply);
        this.told(grant, held + 1, reply);
      }
    }
  }
}

/** `rounds` crashes at moments that the seed decides. */
export async function crashes({ rounds, seed }) {
  const random = new Random(seed);
  const data = temporaryDirectory();
  const willcall = await Willcall.start({ persistTo: data.directory });
  try {
    const event = await willcall.event('localhost').create({ retry_window: WINDOW });
    const client = await event.application();
    const lanes = [];
    for (let count = 0; count < LANES; count += 1) lanes.push(new Lane(new Random(random.next()), client, await event.person()));
    for (const lane of lanes) await lane.person.browser();
    let done = 0;
    for (let round = 0; round < rounds; round += 1) {
      let down = false;
      const load = lanes.map((lane) => lane.work(() => down));
      await sleep(random.between(200, 900));
      willcall.kill();
      down = true;
      await Promise.all(load);
      await willcall.restart();
      for (const lane of lanes) await lane.check();
      const sum = lanes.reduce((total, lane) => total + lane.grants.reduce((each, grant) => each + grant.access.length, 0), 0);
      assert.ok(sum > done, 'it was killed under load');
      done = sum;
    }
    return { tokens: done };
  } finally {
    await willcall.stop();
    data.remove();
  }
}

/** What KV had not been told when the server was killed it is told after the restart. */
export async function projectionsCatchUp() {
  const data = temporaryDirectory();
  const willcall = await Willcall.start({ persistTo: data.directory });
  try {
    const event = await willcall.event('localhost').create();
    const service = await event.application({ approval: { obo_scopes: [], service_scopes: ['user:read'] } });
    const tokens = [];
    for (let count = 0; count < 5; count += 1) tokens.push((await service.token({ grant_type: 'client_credentials' })).json.access_token);
    const accepted = async (token) => (await callApi(event, token, '/api/users?limit=1')).status === 200;
    for (const token of tokens) assert.equal((await service.revoke(token)).status, 200);
    willcall.kill(); // KV is told a second after the answer, and that second does not come
    await willcall.restart();
    for (const token of tokens) assert.equal(await service.isActive(token), false, 'the authority knows at once');
    // The platform rings by its own clock, which no test can move.
    let late = tokens;
    for (let waited = 0; late.length > 0 && waited < 15_000; waited += 250) {
      await sleep(250);
      await willcall.moveClock(30); // past what the isolate believes
      const still = await Promise.all(late.map(accepted));
      late = late.filter((_, index) => still[index]);
    }
    assert.deepEqual(late, [], 'KV was told');
    assertOAuthError(await service.refresh('none'), 400, 'invalid_grant');
  } finally {
    await willcall.stop();
    data.remove();
  }
}
