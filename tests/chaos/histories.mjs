// Runs many histories, in as many deployments at once as there are processors.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Deployment } from './deployment.mjs';

const seedsFile = path.join(path.dirname(fileURLToPath(import.meta.url)), 'seeds.json');

/** The seeds of histories that failed once. */
export const keptSeeds = () => JSON.parse(readFileSync(seedsFile, 'utf8'));

export function keepSeed(seed) {
  const seeds = [...new Set([...keptSeeds(), seed])].sort((one, other) => one - other);
  writeFileSync(seedsFile, `${JSON.stringify(seeds)}\n`);
}

/** What to read of a history that failed. */
export const report = ({ seed, fault, trace }) => `seed ${seed}: ${fault}\n${(trace ?? []).join('\n')}\nAgain: npm run test:chaos -- --runs 1 --seed ${seed}\n`;

/**
 * Plays the histories of these seeds; ends early after `mostFailures` that failed. `tell` is called after each.
 * A deployment that does not answer counts as the failure of the seed it was asked to play.
 */
export async function playAll(seeds, { lanes = 1, sabotage, mostFailures = 1, tell = () => {} } = {}) {
  const failures = [];
  const left = [...seeds];
  let requests = 0;
  const lane = async () => {
    const deployment = await Deployment.start();
    try {
      while (left.length > 0 && failures.length < mostFailures) {
        const seed = left.shift();
        const played = await deployment.ask('/play', { seed, sabotage }).catch((error) => ({ seed, fault: `no end: ${error}`, requests: 0 }));
        requests += played.requests;
        if (played.fault) failures.push(played);
        tell(played);
        if (played.fault?.startsWith('no end')) return;
      }
    } finally {
      await deployment.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, seeds.length) }, lane));
  return { failures, played: seeds.length - left.length, requests };
}
