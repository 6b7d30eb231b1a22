// What objects tell KV of grants, and what they do about it after they were put away.
import { Scene, expect } from './scene.mjs';

const LONGER_THAN_A_TELLING_MS = 5000;

/** What KV saw of reads and writes while `work` went on and what follows from it. */
async function seen(world, work) {
  const before = await world.env.CORE.counts();
  await work();
  await world.advance(LONGER_THAN_A_TELLING_MS);
  const after = await world.env.CORE.counts();
  return { reads: after.reads - before.reads, writes: after.writes - before.writes };
}

/** A question that changes nothing, and an object that is put away after it: the front's own retry loads it again. */
const putAway = (scene, grant) => scene.introspect(grant.access_token, { plan: { account: ['evicted'] } });

async function keyOf(scene, grant) {
  const { gid, sub } = JSON.parse(atob(grant.access_token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
  const { id } = await scene.world.mustOperate(scene.home, 'GET', `/events/${scene.event.host}`);
  return `REFRESH_TOKENS grant/${id}/${sub}/${gid}`;
}

const heldAt = async (scene, key) => JSON.parse(await scene.world.env.CORE.held(key));

const held = async (scene, grant) => heldAt(scene, await keyOf(scene, grant));

/** Grants are written to KV once each, however often their object is put away. */
export async function toldOnce(world) {
  const scene = await Scene.set(world, { alone: true });
  const grants = [];
  const made = await seen(world, async () => {
    for (let count = 0; count < 3; count += 1) grants.push(await scene.grant());
  });
  expect(made.writes === 3, `three grants are three writes, not ${made.writes}`);

  const first = await seen(world, () => putAway(scene, grants[0]));
  expect(first.writes === 0, `what KV shows is not written again: ${first.writes} writes`);
  const second = await seen(world, () => putAway(scene, grants[0]));
  expect(second.writes === 0 && second.reads <= first.reads - 3, `nor looked at again: ${second.reads} reads after ${first.reads}`);

  for (const generation of [2, 3]) {
    const refreshed = await seen(world, async () => { grants[1] = (await scene.refresh(grants[1].refresh_token)).json; });
    expect(refreshed.writes === 1, `a refresh is one write, not ${refreshed.writes}`);
    expect((await held(scene, grants[1])).generation === generation, `KV knows generation ${generation}`);
  }
}

/** A grant that ended has no next change to be crossed off with: its tombstone is written once, and is then forgotten. */
export async function endedOnce(world) {
  const scene = await Scene.set(world, { alone: true });
  const grant = await scene.grant();
  await world.advance(LONGER_THAN_A_TELLING_MS);
  const ended = await seen(world, () => scene.post('/api/oauth/revoke', { token: grant.refresh_token }));
  expect(ended.writes === 1, `the end is one write, not ${ended.writes}`);
  const away = await seen(world, async () => {
    await scene.post('/api/oauth/introspect', { token: grant.access_token }, { plan: { account: ['evicted', 'unreachable'] } });
    await world.advance(2 * 3_600_000);
  });
  expect(away.writes === 0, `and none for as long as it is remembered: ${away.writes}`);
}

/** Notes of what was told do not pile up: an object with many has crossed most of them off before it is put away. */
export async function toldAndCrossedOff(world) {
  const scene = await Scene.set(world, { alone: true });
  const grants = [];
  for (let count = 0; count < 45; count += 1) grants.push(await scene.grant());
  await world.advance(LONGER_THAN_A_TELLING_MS);
  const plain = await seen(world, () => scene.introspect(grants[0].access_token));
  const { reads, writes } = await seen(world, () => putAway(scene, grants[0]));
  expect(writes === 0 && reads - plain.reads < 20, `${reads - plain.reads} of 45 notes were left, and ${writes} written again`);
}

/** What KV refused, or was never told because the machine died, it is told when the object is used again. */
export async function toldAfterAll(world) {
  const scene = await Scene.set(world, { alone: true });
  const grant = await scene.grant();
  await world.advance(LONGER_THAN_A_TELLING_MS);
  await world.env.CORE.behave(1, { view: 'fresh', nextWritesFail: 1, alarmsFail: 1 });
  const next = (await scene.refresh(grant.refresh_token, { plan: { account: ['evicted'] } })).json;
  expect((await held(scene, grant)).generation === 1, 'the write failed');
  await scene.introspect(next.access_token);
  await world.advance(LONGER_THAN_A_TELLING_MS);
  expect((await held(scene, grant)).generation === 2, 'KV was told after all');
}

/** An event that was deleted is erased though its object's alarm failed more often than the platform rings one again. */
export async function erasedAfterAll(world) {
  const scene = await Scene.set(world, { alone: true });
  const key = await keyOf(scene, await scene.grant());
  await world.advance(LONGER_THAN_A_TELLING_MS);
  await world.env.CORE.loseStorage(20);
  await world.mustOperate(scene.home, 'DELETE', `/events/${scene.event.host}`);
  expect((await heldAt(scene, key)).live, 'nothing is erased yet');
  await world.advance(40 * 60_000);
  expect(!(await heldAt(scene, key)).live, 'the person’s data are erased in the end');
}

/** A KV that refuses each write is asked less and less often for what nobody relies on. */
export async function refusedForLong(world) {
  const scene = await Scene.set(world, { alone: true });
  const grant = await scene.grant();
  await world.advance(LONGER_THAN_A_TELLING_MS);
  await world.env.CORE.behave(1, { view: 'fresh', nextWritesFail: 1000 });
  const before = await world.env.CORE.counts();
  await scene.refresh(grant.refresh_token);
  await world.advance(10 * 60_000);
  const { writes } = await world.env.CORE.counts();
  await world.env.CORE.calm();
  expect(writes - before.writes <= 20, `${writes - before.writes} writes in ten minutes`);
  await world.advance(60_000);
  expect((await held(scene, grant)).generation === 2, 'and is told soon after it takes one');
}
