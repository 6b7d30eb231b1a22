// Every order in which things around one object can happen, with so many deviations from the usual: failures, late answers,
// resets, early alarms. `npm run test:chaos` goes deeper; how it works is told in tests/chaos/schedules.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../chaos/schedules/built.mjs';
import { explore } from '../chaos/schedules/explore.mjs';
import { SABOTAGES } from '../chaos/schedules/sabotage.mjs';
import * as scenes from '../chaos/schedules/scenes.mjs';

const DEVIATIONS = 2;

const explores = (name) => async (t) => {
  const { scene, check } = await scenes[name](await load());
  const played = await explore(scene, check, { deviations: DEVIATIONS });
  t.diagnostic(`${played} schedules`);
  assert(played > 500, `${played} schedules are too few`);
};

test('every schedule of two integrations that are suspended and activated', explores('twoIntegrations'));
test('every schedule of two organisers at one integration', explores('oneIntegration'));
test('every schedule of a person who is disabled and enabled again', explores('onePerson'));
test('every schedule of the end of an event', explores('endOfAnEvent'));
test('every schedule of a service’s revocations', explores('revocations'));
test('every schedule of a service’s refreshes', explores('refreshes'));

test('the schedules find what is broken on purpose', async () => {
  for (const [name, { sabotage, scene: of }] of Object.entries(SABOTAGES)) {
    const { scene, check } = await scenes[of](await load(sabotage));
    await assert.rejects(explore(scene, check, { deviations: DEVIATIONS }), /after: client/, name);
  }
});
