import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { crashes, projectionsCatchUp } from './outside/crashes.mjs';

const ROUNDS = 15;

test('killed under load again and again: nothing acknowledged is lost, nothing is spent twice', async (t) => {
  const seed = Number(process.env.CHAOS_SEED ?? randomInt(2 ** 32));
  t.diagnostic(`CHAOS_SEED=${seed}`);
  const { tokens } = await crashes({ rounds: ROUNDS, seed });
  t.diagnostic(`${ROUNDS} crashes, ${tokens} tokens acknowledged`);
});

test('killed before KV was told: it is told after the restart', () => projectionsCatchUp());
