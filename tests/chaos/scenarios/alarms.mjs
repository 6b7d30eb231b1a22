// Alarms that are given up or broken off: what relies on them happens all the same.
import { Scene, expect } from './scene.mjs';

// Within which everybody must know what was taken away.
const LATEST_MS = 90_000;
// Longer than the platform goes on with an alarm that fails.
const GIVEN_UP_AFTER_MS = 10 * 60_000;
// Within which an object that is well has told a KV that is well.
const SOON_MS = 5000;
// The same where it waits for what KV does not say.
const TOLD_WITHIN_MS = 15_000;
// With this seed what a timer told has failed by then, and the alarm is still at work.
const TIMER_FAILED_MS = 5000;
const MORE_NOTES_THAN_AT_ONCE = 25;
// Longer than an object waits with what it tells by a timer.
const LONGER_THAN_A_TIMER_MS = 1500;

const eventId = async (scene) => (await scene.world.mustOperate(scene.home, 'GET', `/events/${scene.event.host}`)).id;

/** A token of the service, and what KV has of its revocation. */
async function serviceToken(scene) {
  const reply = await scene.post('/api/oauth/token', { grant_type: 'client_credentials' });
  expect(reply.status === 200, `a service's token: ${reply.status} ${reply.text}`);
  const { access_token: token, refresh_token: refreshToken } = reply.json;
  const { jti } = JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
  const key = `REFRESH_TOKENS revoked/${await eventId(scene)}/${jti}`;
  return { token, refreshToken, isRevokedInKv: async () => (await scene.world.env.CORE.held(key)) !== null };
}

/** The platform gives up an alarm that fails for minutes, and goes on naming its time: that one does not stand for another. */
export async function givenUpAlarm(world) {
  const scene = await Scene.set(world, { alone: true });
  const suspend = (status) => world.mustOperate(scene.home, 'PUT', scene.integrationPath(), { status });
  for (const putAway of [false, true]) {
    await world.env.CORE.behave(1, { view: 'fresh', writesFail: 1 });
    await world.env.CORE.breakProgram(100);
    await suspend('suspended');
    await world.advance(GIVEN_UP_AFTER_MS);
    await world.env.CORE.breakProgram(0);
    const plan = putAway ? { event: ['evicted'] } : {};
    await world.operator(scene.home, 'PUT', scene.integrationPath(), { service_scopes: ['user:read'] }, { plan });
    if (putAway) await world.advance(LONGER_THAN_A_TIMER_MS);
    expect(await scene.statusInKv() === 'active', 'nobody could tell KV');

    await world.env.CORE.calm();
    await world.advance(LATEST_MS);
    expect(await scene.statusInKv() === 'suspended', 'KV knows after all');
    await suspend('active');
    await world.advance(LATEST_MS);
  }
}

/** A service with tokens of its own, and one that began when it was given refresh tokens. */
async function serviceWithTokens(world) {
  const scene = await Scene.set(world, { alone: true, approval: { service_scopes: ['user:read'] } });
  const [lone, nextLone] = [await serviceToken(scene), await serviceToken(scene)];
  await world.mustOperate(scene.home, 'PUT', scene.integrationPath(), { service_refresh_tokens: true });
  await world.advance(LATEST_MS);
  const other = await serviceToken(scene);
  await world.advance(LATEST_MS);
  return { scene, lone, nextLone, other };
}

/** A revocation whose alarm is broken off while another call sets a later one is told in time. */
export async function brokenOffAlarm(world) {
  const { scene, lone, other } = await serviceWithTokens(world);
  await world.env.CORE.behave(2, { view: 'fresh', writesSlow: 1, writesFail: 1 });
  await scene.post('/api/oauth/revoke', { token: lone.token });
  await world.advance(LONGER_THAN_A_TIMER_MS);
  const refreshed = await scene.refresh(other.refreshToken);
  expect(refreshed.status === 200, `refreshed: ${refreshed.status} ${refreshed.text}`);
  await scene.introspect(refreshed.json.access_token, { plan: { account: ['evicted', 'unreachable'] } });
  expect(!await lone.isRevokedInKv(), 'it was being told');
  await world.env.CORE.calm();
  await world.advance(LATEST_MS);
  expect(await lone.isRevokedInKv(), 'KV knows of the revocation');
}

/** The same, while what a timer could not tell sets one that is a minute away. */
export async function brokenOffBesideATimer(world) {
  const { scene, lone, other } = await serviceWithTokens(world);
  await world.env.CORE.behave(2, { view: 'fresh', writesFail: 1 });
  const first = (await scene.refresh(other.refreshToken)).json;
  await world.advance(GIVEN_UP_AFTER_MS);
  await world.env.CORE.behave(2, { view: 'fresh', writesSlow: 1, writesFail: 1 });
  const second = (await scene.refresh(first.refresh_token)).json;
  await scene.post('/api/oauth/revoke', { token: lone.token });
  await world.advance(TIMER_FAILED_MS);
  await scene.introspect(second.access_token, { plan: { account: ['evicted', 'unreachable'] } });
  expect(!await lone.isRevokedInKv(), 'it was being told');
  await world.env.CORE.calm();
  await world.advance(SOON_MS);
  expect(await lone.isRevokedInKv(), 'KV knows of the revocation as soon as it takes it');
}

/** Notes that were left are looked up in KV, which says nothing: what others rely on is told all the same. */
export async function silentLookUps(world) {
  const { scene, lone, nextLone } = await serviceWithTokens(world);
  await world.env.CORE.behave(2, { view: 'fresh', writesFail: 1 });
  let last;
  for (let count = 0; count < MORE_NOTES_THAN_AT_ONCE; count += 1) last = await serviceToken(scene);
  await world.advance(2 * LONGER_THAN_A_TIMER_MS);
  await scene.introspect(last.token, { plan: { account: ['evicted', 'unreachable'] } });
  await world.env.CORE.behave(2, { view: 'fresh', objectReadsSilent: true });
  await scene.introspect(last.token);
  await world.advance(LONGER_THAN_A_TIMER_MS);
  for (const each of [lone, nextLone]) {
    await scene.post('/api/oauth/revoke', { token: each.token });
    await world.advance(TOLD_WITHIN_MS);
    expect(await each.isRevokedInKv(), 'KV knows of the revocation');
  }
}
