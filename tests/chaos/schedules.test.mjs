// One deviation more than `npm test` has, in the scenes in which all of it takes minutes only.
import { test } from 'node:test';

import { load } from './schedules/built.mjs';
import { explore } from './schedules/explore.mjs';
import * as scenes from './schedules/scenes.mjs';

const explores = (name) => async (t) => {
  const { scene, check } = await scenes[name](await load());
  t.diagnostic(`${await explore(scene, check, { deviations: 3 })} schedules`);
};

test('every schedule of two organisers at one integration, with three deviations', explores('oneIntegration'));
test('every schedule of a person who is disabled and enabled again, with three deviations', explores('onePerson'));
test('every schedule of a service’s revocations, with three deviations', explores('revocations'));
test('every schedule of a service’s refreshes, with three deviations', explores('refreshes'));
