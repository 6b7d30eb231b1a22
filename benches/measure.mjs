// Measuring one path: CPU per request of the process that answers, requests per second, percentiles.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAnew, each } from './client.mjs';
import { cpuSince } from './cpu.mjs';

/**
 * Longer than Willcall's objects wait before they tell KV what changed (1 s), and its isolates before they hand on
 * their counts (2 s): that work belongs to the requests that caused it.
 */
const TELLING_MS = 2600;

/** As many requests go before the first that are measured: V8 compiles what has run a few thousand times once more, and better. */
const WARM_UP = 4096;

/** As many, at most, go before those of each round. */
const LEAD_IN = 1024;

/** What an answer leaves behind in the process otherwise. */
const SETTLING_MS = 60;

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/**
 * One run of one path: { pid, requests, times?, job(turn, lane), prepare?(requests), leadIn?(turn), lanes?, tells?, quiet?, slow? }.
 * The requests are sent so many times, once if it does not say. They are led in by requests of their own, or those of
 * `leadIn` where their own would leave work behind or cannot be repeated. What a path that `tells` leaves to be done
 * later is part of what it costs; after one that is `quiet` it is only waited for.
 */
async function measure(path) {
  const count = path.requests * (path.times ?? 1);
  const times = [];
  let [cpu, milliseconds] = [0, 0];
  while (times.length < count) {
    connectAnew();
    await path.prepare?.(path.requests);
    if (!path.slow) await each(Math.min(path.requests, LEAD_IN), path.leadIn ?? path.job, path.lanes);
    await sleep(SETTLING_MS);
    const used = cpuSince(path.pid);
    const start = performance.now();
    times.push(...await each(path.requests, async (turn, lane) => {
      const sent = performance.now();
      await path.job(turn, lane);
      return performance.now() - sent;
    }, path.lanes));
    milliseconds += performance.now() - start;
    await sleep(path.tells ? TELLING_MS : SETTLING_MS);
    cpu += used();
  }
  if (path.quiet) await sleep(TELLING_MS);
  times.sort((a, b) => a - b);
  return { cpu: cpu / 1000 / count, perSecond: count * 1000 / milliseconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

async function warmUp(path) {
  connectAnew();
  for (let run = 0; run < (path.slow ? path.requests : WARM_UP); run += path.requests) {
    await path.prepare?.(path.requests);
    await each(path.requests, path.job, path.lanes);
  }
  if (path.tells || path.quiet) await sleep(TELLING_MS);
}

/**
 * All paths, warmed up and then round by round, each round in the same order. Every path's medians over the rounds,
 * and the lowest and highest CPU time.
 */
export async function rounds(paths, count, say) {
  const runs = paths.map(() => []);
  const through = async (run) => {
    for (const [at, path] of paths.entries()) {
      const result = await run(path).catch((error) => {
        throw new Error(`${path.id}: ${error.message}`, { cause: error });
      });
      if (result) runs[at].push(result);
    }
  };
  await through(warmUp);
  say('warm');
  for (let round = 1; round <= count; round += 1) {
    await through(measure);
    say(`round ${round} of ${count}`);
  }
  return paths.map(({ id, label, requests, times = 1 }, at) => {
    const of = (what) => runs[at].map((run) => run[what]);
    return {
      id, label, requests: requests * times,
      cpu: median(of('cpu')), cpuLow: Math.min(...of('cpu')), cpuHigh: Math.max(...of('cpu')),
      perSecond: median(of('perSecond')), p50: median(of('p50')), p99: median(of('p99')),
    };
  });
}
