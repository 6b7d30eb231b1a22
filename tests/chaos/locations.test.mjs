import { after, before, test } from 'node:test';

import { Deployment } from './deployment.mjs';

let deployment;
before(async () => { deployment = await Deployment.start(); });
after(() => deployment?.stop());

const plays = (name, options) => async (t) => {
  const told = await deployment.scenario(name, options);
  if (told) t.diagnostic(JSON.stringify(told));
};

test('what is taken away works nowhere for longer than 90 seconds', plays('takenAwayInTime'));
test('nor where KV refuses the first write', plays('takenAwayInTimeThoughAWriteFails'));
test('what was revoked is refused where KV cannot be read', plays('failedReads'));
test('what is allowed holds at every location at once', plays('allowedAtOnce'));
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
test('10,000 forged tokens cost no call of an object and no read of KV', plays('forgedTokens'));
test('ids that nobody was given create no object', plays('inventedIds'));
