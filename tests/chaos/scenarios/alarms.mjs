// Alarms that are given up or broken off: what relies on them happens all the same.
import { Scene, expect } from './scene.mjs';

// Within which everybody must know what was taken away.
const LATEST_MS = 90_000;
// Longer than the platform goes on with an alarm that fails.
const GIVEN_UP_AFTER_MS = 10 * 60_000;
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

/** A revocation whose alarm is broken off while another call sets a later one is told in time. */
export async function brokenOffAlarm(world) {
  const scene = await Scene.set(world, { alone: true, approval: { service_scopes: ['user:read'] } });
  const lone = await serviceToken(scene);
  await world.mustOperate(scene.home, 'PUT', scene.integrationPath(), { service_refresh_tokens: true });
  await world.advance(LATEST_MS);
  const other = await serviceToken(scene);
  await world.advance(LATEST_MS);

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
