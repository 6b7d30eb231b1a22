// Locations whose clocks are five seconds fast or slow, and clocks that go backwards.
import { Scene, expect } from './scene.mjs';

const FAST = 5000;
const SLOW = -5000;

const settled = (reply) => (reply.status === 200 ? 200 : reply.json.error);

async function skewed(world, settings) {
  const scene = await Scene.set(world, settings);
  await world.skewLocation(scene.home, FAST);
  await world.skewLocation(scene.away, SLOW);
  return scene;
}

/** Between clocks ten seconds apart everything honest works: codes, tokens, forms, sign-in on demand. */
export async function skewedLocations(world) {
  const scene = await skewed(world);
  const { home, away, far } = scene;
  for (const [from, to] of [[home, away], [away, home], [home, far], [far, away]]) {
    const reply = await scene.redeem(await scene.code(from), { at: to });
    expect(reply.status === 200, `a code of ${from} at ${to}: ${reply.text}`);
    expect((await scene.call(reply.json.access_token, { at: from })).status === 200, `a token of ${to} at ${from}`);
    expect((await scene.introspect(reply.json.access_token, { at: from })).json.active, `introspection of a token of ${to} at ${from}`);
    const next = await scene.refresh(reply.json.refresh_token, { at: from });
    expect((await scene.refresh(reply.json.refresh_token, { at: to })).json.refresh_token === next.json.refresh_token, `a retry at ${to}`);

    const page = await scene.person.browser.open(from, scene.authorizationPath({ prompt: 'consent' }));
    const done = await scene.person.browser.submit(to, page.reply.text, '/account/consent', { decision: 'authorize' });
    expect(done.departure?.searchParams.has('code'), `a consent page of ${from} answered at ${to}`);
  }
}

/** A code lives for 60 seconds by the clocks of those who issue and redeem it, and a replay after that ends nothing. */
export async function codesByTheClock(world) {
  const scene = await skewed(world);
  const { home, away } = scene;
  // Issued by the fast clock and redeemed by the slow one it lives ten seconds longer, the other way round shorter.
  for (const [from, to, seconds, outcome] of [
    [home, home, 58, 200], [home, home, 61, 'invalid_grant'], [home, away, 68, 200], [home, away, 71, 'invalid_grant'],
    [away, home, 48, 200], [away, home, 51, 'invalid_grant'],
  ]) {
    const code = await scene.code(from);
    await world.advance(seconds * 1000);
    const reply = await scene.redeem(code, { at: to });
    expect(settled(reply) === outcome, `from ${from} to ${to} after ${seconds} s: ${reply.status} ${reply.text}`);
    if (reply.status !== 200) continue;
    await world.advance(20_000);
    expect(settled(await scene.redeem(code, { at: to })) === 'invalid_grant', 'too late');
    expect(await scene.isActive(reply.json.access_token), 'a replay after its 60 seconds ends nothing');
  }
}

/** The objects' clock goes back in the middle of a retry window, and of everything else. */
export async function objectsStepBack(world) {
  const scene = await Scene.set(world);
  const first = await scene.grant();
  await world.advance(1000);
  const second = await scene.refresh(first.refresh_token);
  for (const milliseconds of [-1000, -5000, -60_000]) {
    await world.skewObjects(milliseconds);
    const retry = await scene.refresh(first.refresh_token);
    expect(retry.json.refresh_token === second.json.refresh_token, `a retry after the clock went back by ${-milliseconds} ms: ${retry.text}`);
    expect(await scene.isActive(retry.json.access_token), 'its token lives');
  }
  // Once the successor is used, the window is over, whatever a clock says.
  expect((await scene.refresh(second.json.refresh_token)).status === 200, 'the successor');
  expect(settled(await scene.refresh(first.refresh_token)) === 'invalid_grant', 'the first is found to be a copy');
  expect(settled(await scene.refresh(second.json.refresh_token)) === 'invalid_grant', 'and the grant has ended');
  const { person } = scene;
  expect((await person.browser.open(scene.home, '/account')).reply.text.includes(person.name), 'still signed in');
  await world.skewObjects(0);
  expect((await person.browser.open(scene.home, '/account')).reply.text.includes(person.name), 'and still');
}

/** A location's clock goes back by a minute: nothing it remembers is believed for longer than it should be. */
export async function locationsStepBack(world) {
  const scene = await Scene.set(world);
  const grant = await scene.grant();
  expect((await scene.call(grant.access_token)).status === 200, 'it works');
  await world.skewLocation(scene.home, -60_000);
  expect((await scene.call(grant.access_token)).status === 200, 'it works with an old clock');
  await scene.post('/api/oauth/revoke', { token: grant.refresh_token }, { at: scene.away });
  await world.advance(25_000);
  expect((await scene.call(grant.access_token)).status === 401, 'what was read before the step is not believed after it');
}

/** Asking for the password once more is asked for once, though the clocks disagree about when it was given. */
export async function signInOnDemand(world) {
  for (const demand of [{ prompt: 'login' }, { max_age: '0' }, { max_age: '3' }]) {
    const scene = await skewed(world);
    const { person } = scene;
    await world.skewObjects(SLOW);
    let found = await person.browser.open(scene.home, scene.authorizationPath(demand));
    expect(found.reply.text.includes('name="password"'), `${JSON.stringify(demand)} asks for the password`);
    found = await person.browser.submit(scene.home, found.reply.text, '/login', { email: person.email, password: person.password });
    if (!found.departure) {
      expect(!found.reply.text.includes('name="password"'), `${JSON.stringify(demand)} asks once: ${found.reply.status}`);
      found = await person.browser.submit(scene.away, found.reply.text, '/account/consent', { decision: 'authorize' });
    }
    expect(found.departure?.searchParams.has('code'), `${JSON.stringify(demand)} leads back`);
  }
}
