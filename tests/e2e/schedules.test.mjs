// Every order in which things around one object can happen, with so many deviations from the usual: failures, late answers,
// resets, early alarms. `npm run test:chaos` goes deeper; how it works is told in tests/chaos/schedules.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../chaos/schedules/built.mjs';
import { explore } from '../chaos/schedules/explore.mjs';
import { Platform } from '../chaos/schedules/platform.mjs';
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

test('a write without an answer, of what need not be told any more, holds up no revocation', async () => {
  const { scene } = await scenes.revocations(await load());
  const [[first], [next]] = scene.scripts;
  let silent;
  const neverEnds = (label) => label.startsWith('KV put') && label === (silent ??= label);
  const platform = new Platform({ ...scene, scripts: [[first]], neverEnds });
  const AN_HOUR_MS = 3_600_000;
  const goOn = (milliseconds) => platform.run(() => 0, { most: 20_000, until: platform.now + milliseconds });
  await goOn(2 * AN_HOUR_MS);
  const inAnHour = String(Math.floor((platform.now + AN_HOUR_MS) / 1000));
  platform.join([{ ...next, text: next.text.replace(/(?<="expires_at":)\d+/, inAnHour) }]);
  await goOn(20_000);
  const { jti } = JSON.parse(next.text).revoke_lone;
  assert([...platform.kv.keys()].some((key) => key.endsWith(`/${jti}`)), 'KV knows of the next revocation');
});

test('the schedules find what is broken on purpose', async () => {
  for (const [name, { sabotage, scene: of }] of Object.entries(SABOTAGES)) {
    const { scene, check } = await scenes[of](await load(sabotage));
    await assert.rejects(explore(scene, check, { deviations: DEVIATIONS }), /after: client/, name);
  }
});
