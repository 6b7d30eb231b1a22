// What happens in a run, and how often.
import { Random } from '../random.mjs';
import { call, introspect } from './checks.mjs';
import { finale } from './finale.mjs';
import {
  approve, changeSecrets, disable, endGrant, erase, recreate, revoke, rotateSecret, serve, suspend, takeBack, useSecret,
} from './organiser.mjs';
import { Run, Violation } from './run.mjs';
import { setClock, stepBack, wait } from './time.mjs';
import { authorize, misuse, redeem, refresh, replayCode, steal } from './tokens.mjs';

const STEPS = {
  authorize: 8, redeem: 14, refresh: 22, wait: 20, call: 12, introspect: 5, steal: 4, replayCode: 1, misuse: 2, revoke: 1,
  takeBack: 1, endGrant: 1, approve: 3, suspend: 3, recreate: 1, changeSecrets: 2, useSecret: 2, serve: 5, setClock: 2, stepBack: 1,
};
// What was added later is drawn by itself: most seeds that were kept from before still tell the same history.
const LATER = ['disable', 'disable', 'erase', 'rotateSecret', 'rotateSecret'];
const LATER_CHANCE = 0.008;

const DOES = {
  authorize, redeem, refresh, wait, call, introspect, steal, replayCode, misuse, revoke, takeBack, endGrant, approve, suspend,
  recreate, changeSecrets, useSecret, serve, setClock, stepBack, disable, erase, rotateSecret,
};

/** Runs one history; what it found, and what happened in it. */
export async function play(world, events, seed, options) {
  const run = new Run(world, seed, options);
  const requests = world.requests;
  let fault;
  try {
    await run.drawHabits();
    await run.drawParties(events);
    await authorize(run);
    await redeem(run);
    const length = run.random.between(30, 60);
    const apart = new Random(seed + 1);
    for (let count = 0; count < length; count += 1) {
      await DOES[apart.chance(LATER_CHANCE) ? apart.pick(LATER) : run.random.weighted(STEPS)](run);
    }
    await finale(run);
  } catch (error) {
    fault = error instanceof Violation ? error.message : String(error.stack ?? error);
    run.note(`under way: ${JSON.stringify(await world.env.CORE.underWay())}`);
  }
  return { seed, fault, trace: fault ? run.trace : undefined, requests: world.requests - requests };
}
