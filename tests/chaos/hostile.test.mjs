import { after, before, test } from 'node:test';

import { Willcall } from '../e2e/harness.mjs';
import { forgedFlood } from './outside/flood.mjs';
import { consentReplay, hugeHeaders, slowBodies, sprayedPasswords } from './outside/hostile.mjs';

const place = {};

before(async () => {
  place.willcall = await Willcall.start();
  place.event = await place.willcall.event('localhost').create();
  place.other = await place.willcall.event('other.localhost').create();
  place.client = await place.event.application();
  place.grant = await place.client.obtainGrant(await place.event.person());
});

after(() => place.willcall?.stop());

test('10,000 forged tokens in one stream cost no call of an object and no read of KV', async (t) => {
  t.diagnostic(JSON.stringify(await forgedFlood()));
});
test('200 bodies that come a byte at a time keep nobody waiting', () => slowBodies(place));
test('huge headers are refused, and are no fault of ours', () => hugeHeaders(place));
test('password spraying: the owner can still get in', () => sprayedPasswords(place));
test('a consent form that is sent again, by its owner and by others', () => consentReplay(place));
