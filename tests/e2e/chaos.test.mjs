// A KV, objects and clocks that misbehave, and traffic nobody honest sends: a few hundred seeded histories and
// each scenario once. `npm run test:chaos` runs thousands, and crashes; how it works is told in tests/chaos.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Deployment } from '../chaos/deployment.mjs';
import { keptSeeds, playAll, report } from '../chaos/histories.mjs';
import { crashes } from '../chaos/outside/crashes.mjs';
import { forgedFlood } from '../chaos/outside/flood.mjs';
import { consentReplay, hugeHeaders, slowBodies } from '../chaos/outside/hostile.mjs';
import { Willcall } from './harness.mjs';

const HISTORIES = 200;
const SEED = 1;

let deployment;
let place;

before(async () => {
  deployment = await Deployment.start();
  const willcall = await Willcall.start();
  const event = await willcall.event('localhost').create();
  const other = await willcall.event('other.localhost').create();
  const client = await event.application();
  place = { willcall, event, other, client, grant: await client.obtainGrant(await event.person()) };
});

after(async () => {
  await deployment?.stop();
  await place?.willcall.stop();
});

const plays = (name, options) => () => deployment.scenario(name, options);

test('histories under a KV that misbehaves and objects that fail: nobody honest is turned away, nothing counts twice, thieves are found', async () => {
  const seeds = [...keptSeeds(), ...Array.from({ length: HISTORIES }, (_, index) => SEED + index)];
  const { failures, played } = await playAll(seeds);
  assert.deepEqual(failures.map(report), []);
  assert.equal(played, seeds.length);
});

test('what is taken away works nowhere for longer than 90 seconds, with KV at its most stale', plays('takenAwayInTime', { warm: [15_000] }));
test('what was revoked is refused where KV cannot be read', plays('failedReads'));
test('what is allowed holds at every location at once, with KV at its most stale', plays('allowedAtOnce'));
test('objects that fail around every command: one failure is made good, two are 503 and say when to come again', plays('failingObjects'));
test('objects that commit and are silent: asked once more, then 503 in time for a retry', plays('silentObjects'));
test('a retry in the window succeeds though its object is silent once', plays('silentAtARetry'));
test('a retry in the window that a late answer began succeeds', plays('silentAndThenLost'));
test('a retry in the window succeeds though the event’s object has to be asked and is silent once', plays('silentAuthorityAtARetry'));
test('where KV is silent its authorities are asked, and nobody is turned away', plays('silentReads'));
test('a write that KV does not answer holds up nothing else', plays('silentWrites'));
test('a first try that arrives after its second ends no session', plays('overtakenAtARefresh'));
test('a first try that arrives after its second undoes nothing that an operator has changed since', plays('overtakenAtAnOperatorsCall'));
test('what an operator changed and heard nothing of is not done once more', plays('silentAtAnOperatorsCall'));
test('the front’s own retry gets the first decision', plays('firstDecision'));
test('the operator’s calls are not doubled by the front’s own retry', plays('failingForOperators'));
test('an event’s object that fails while it tells an account: 503, and the repetition settles it', plays('tellingFails'));
test('a person who is erased is gone once the person’s own object knows', plays('erasedOnceKnown'));
test('what another object must know is answered once it knows', plays('answeredOnceKnown'));
test('an object that does not answer holds up nothing but what it must know', plays('oneIsSilent'));
test('what an object told KV it does not tell again after it was put away', plays('toldOnce'));
test('the end of a grant is told once', plays('endedOnce'));
test('notes of what was told do not pile up in an object', plays('toldAndCrossedOff'));
test('what KV refused before an object was put away it is told afterwards', plays('toldAfterAll'));
test('an event that was deleted is erased though its alarm failed again and again', plays('erasedAfterAll'));
test('a KV that refuses all writes is asked less and less often', plays('refusedForLong'));
test('an alarm that was given up stands for no other', plays('givenUpAlarm'));
test('a revocation whose alarm is broken off while a later one is set is told in time', plays('brokenOffAlarm'));
test('nor is it late where a timer sets the later one', plays('brokenOffBesideATimer'));
test('a revocation is told though KV does not say what it has', plays('silentLookUps'));
test('clocks ten seconds apart turn nobody away', plays('skewedLocations'));
test('a code’s 60 seconds by clocks that disagree', plays('codesByTheClock'));
test('the objects’ clock goes back', plays('objectsStepBack'));
test('a location’s clock goes back', plays('locationsStepBack'));
test('signing in on demand, with clocks that disagree', plays('signInOnDemand'));
test('forged tokens cost no call of an object and no read of KV', plays('forgedTokens', { count: 1000 }));
test('ids that nobody was given create no object', plays('inventedIds', { count: 300 }));
test('10,000 forged tokens in one stream cost no look-up, and an honest client is served meanwhile', () => forgedFlood());
test('killed at a random moment: nothing acknowledged is lost, nothing is spent twice', () => crashes({ rounds: 1, seed: SEED }));
test('200 bodies that come a byte at a time keep nobody waiting', () => slowBodies(place));
test('huge headers are refused, and are no fault of ours', () => hugeHeaders(place));
test('a consent form that is sent again, by its owner and by others', () => consentReplay(place));
