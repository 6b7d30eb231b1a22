// Objects that do what they are asked and do not say so, and a KV that says nothing: how long others wait, and what that does to the retry window.
import { Scene, answered, expect } from './scene.mjs';

/** A refresh whose account's object is silent so often. */
const refreshed = (scene, grant, silences) =>
  answered(scene.world, scene.refresh(grant.refresh_token, { plan: { account: Array(silences).fill('silent') } }));

function expectSuccessor(retry, first, what) {
  expect(retry.status === 200, `${what}: ${retry.status} ${retry.text}`);
  expect(first === undefined || retry.json.refresh_token === first.json.refresh_token, `${what}: the same successor`);
}

/** Silent once, the front asks once more; silent twice, the answer is 503, in time for the client's own retry. */
export async function silentObjects(world) {
  const scene = await Scene.set(world);
  expectSuccessor(await refreshed(scene, await scene.grant(), 1), undefined, 'silent once');
  const grant = await scene.grant();
  const unavailable = await refreshed(scene, grant, 2);
  expect(unavailable.status === 503, `silent twice: ${unavailable.status} ${unavailable.text}`);
  const retryAfter = Number(unavailable.headers.get('retry-after'));
  expect(retryAfter >= 1, 'Retry-After');
  await world.advance(1000 * retryAfter);
  expectSuccessor(await scene.refresh(grant.refresh_token), undefined, 'the client’s own retry, though the first had counted');
}

/** The answer to a refresh was lost; the client comes again eight seconds later, and then the object is silent once. */
export async function silentAtARetry(world) {
  const scene = await Scene.set(world);
  const grant = await scene.grant();
  const lost = await scene.refresh(grant.refresh_token);
  await world.advance(8000);
  expectSuccessor(await refreshed(scene, grant, 1), lost, 'a retry eight seconds after the rotation');
}

/** The answer to a refresh came late, as its object was silent once, and was lost all the same. */
export async function silentAndThenLost(world) {
  const scene = await Scene.set(world, { retryWindow: 5 });
  const grant = await scene.grant();
  const lost = await refreshed(scene, grant, 1);
  await world.advance(3000);
  expectSuccessor(await scene.refresh(grant.refresh_token), lost, 'a retry three seconds after the answer');
}

/** A retry at a location that must ask the event's object first, and that is silent once. */
export async function silentAuthorityAtARetry(world) {
  const scene = await Scene.set(world, { approval: { obo_scopes: ['pii:basic'] } });
  const before = await scene.grant();
  expect((await scene.introspect(before.access_token, { at: scene.away })).json.active, 'the location has read the approval');
  await world.mustOperate(scene.home, 'PUT', scene.integrationPath(), scene.app.approval({ obo_scopes: ['pii:basic', 'pii:email'] }));
  const { browser } = scene.person;
  const page = await browser.open(scene.home, scene.authorizationPath({ scope: 'pii:basic pii:email' }));
  const { departure } = await browser.submit(scene.home, page.reply.text, '/account/consent', { decision: 'authorize' });
  const grant = (await scene.redeem(departure.searchParams.get('code'))).json;
  const lost = await scene.refresh(grant.refresh_token);
  await world.advance(2000);
  const plan = { event: ['silent'] };
  const retry = await answered(world, scene.refresh(grant.refresh_token, { at: scene.away, plan }));
  expectSuccessor(retry, lost, 'a retry two seconds after the rotation');
  expect(JSON.parse(retry.headers.get('x-chaos')).some(({ kind }) => kind === 'event'), 'the event’s object was asked');
}

/** A refresh whose first try is still on its way when its second has been answered, and the client has gone on. */
export async function overtakenAtARefresh(world) {
  const scene = await Scene.set(world);
  const grant = await scene.grant();
  const plan = { account: ['overtaken'] };
  const first = await answered(world, scene.refresh(grant.refresh_token, { plan }));
  expectSuccessor(first, undefined, 'whose first try is on its way');
  const second = await scene.refresh(first.json.refresh_token);
  const third = await scene.refresh(second.json.refresh_token);
  await world.advance(30_000);
  await scheduler.wait(50);
  expect(await scene.isActive(third.json.access_token), 'the session lives on when the first try arrives');
  expectSuccessor(await scene.refresh(third.json.refresh_token), undefined, 'the newest token');
}

/** An operator's calls whose first try arrives when something else has been decided since. */
export async function overtakenAtAnOperatorsCall(world) {
  const scene = await Scene.set(world, { alone: true });
  const event = `/events/${scene.event.host}`;
  const roles = (name) => [{ name, title: name, permissions: [] }];
  for (const [path, before, after] of [
    [`${event}/roles`, roles('first'), roles('second')],
    [scene.integrationPath(), { status: 'suspended' }, { status: 'active' }],
  ]) {
    const plan = { event: ['overtaken'] };
    const reply = await answered(world, world.operator(scene.home, 'PUT', path, before, { plan }));
    expect(reply.status === 200, `${path}: ${reply.status} ${reply.text}`);
    const asDecided = await world.mustOperate(scene.home, 'PUT', path, after);
    await world.advance(40_000);
    await scheduler.wait(50);
    const { text } = await world.operator(scene.home, 'GET', path);
    expect(text === JSON.stringify(asDecided), `${path}: ${text}`);
  }
}

/** An operator's call that was done and not answered: its second try does not do it once more. */
export async function silentAtAnOperatorsCall(world) {
  const scene = await Scene.set(world, { alone: true });
  const event = `/events/${scene.event.host}`;
  const changes = async () => (await world.mustOperate(scene.away, 'GET', `${event}/audit`)).items.filter(({ type }) => type === 'account.changed');
  const password = 'another correct horse';
  // What is asked first is whether there is such an account.
  const plan = { event: [null, 'silent'] };
  const changing = world.operator(scene.home, 'PATCH', `${event}/accounts/${scene.person.id}`, { password }, { plan });
  while ((await changes()).length === 0) await scheduler.wait(10);
  const { browser } = scene.person;
  await browser.signIn(scene.away, { ...scene.person, password });
  const reply = await answered(world, changing);
  expect(reply.status === 200, `${reply.status} ${reply.text}`);
  const { text } = (await browser.open(scene.away, '/account')).reply;
  expect(text.includes('Sign out'), 'the session that began with the new password goes on');
  const entries = await changes();
  expect(entries.length === 1, `in the audit log once: ${JSON.stringify(entries)}`);
}

/** A KV that is silent: the authorities are asked, and what that took is not the client's time. */
export async function silentReads(world) {
  const scene = await Scene.set(world);
  const plan = { kv: 'silent' };
  const grant = await scene.grant();
  const page = await answered(world, world.send(scene.away, scene.event.host, '/login', { plan }));
  expect(page.status === 200, `a page: ${page.status} ${page.text}`);
  const lost = await scene.refresh(grant.refresh_token);
  await world.advance(8000);
  expectSuccessor(await answered(world, scene.refresh(grant.refresh_token, { at: scene.far, plan })), lost, 'a retry where KV is silent');
}

/** A KV that is silent at a write: it holds up that record only, and what it carries out late is not the last word. */
export async function silentWrites(world) {
  const scene = await Scene.set(world, { alone: true });
  const other = await scene.newApp();
  const operate = async (app, status) => {
    const reply = await answered(world, world.operator(scene.home, 'PUT', scene.integrationPath(app), { status }));
    expect(reply.status === 200, `${status}: ${reply.status} ${reply.text}`);
  };
  await world.env.CORE.behave(1, { view: 'fresh', silentWriteOf: `/${scene.app.id}` });
  await operate(scene.app, 'suspended');
  await operate(scene.app, 'active');
  await world.env.CORE.behave(1, { view: 'fresh', nextWritesFail: 2 });
  await operate(other, 'suspended');
  await world.advance(90_000);
  expect(await scene.statusInKv(other) === 'suspended', 'another record is told in time, though KV refused it once');
  await world.advance(540_000);
  expect(await scene.statusInKv() === 'active', 'what KV carried out ten minutes late is written over');
}
