// CPU time of another process, from Linux's /proc, in nanoseconds.
import { existsSync, readFileSync, readdirSync } from 'node:fs';

const TICK_NS = 10_000_000;

export const canReadCpu = () => existsSync('/proc/self/schedstat');

/** What each thread of the process has used so far, and the process with threads that have ended, in ticks of 10 ms. */
function read(pid) {
  const threads = new Map();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      threads.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]));
    } catch {
      // Ended since the directory was read.
    }
  }
  // The name in parentheses may hold anything; what follows it does not.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return { threads, whole: (Number(fields[11]) + Number(fields[12])) * TICK_NS };
}

/** What the process has used so far. Exact while none of its threads has ended. */
export function cpuOf(pid) {
  const { threads, whole } = read(pid);
  const used = [...threads.values()].reduce((sum, each) => sum + each, 0);
  return used + 2 * TICK_NS < whole ? whole : used;
}

/**
 * Starts counting; the function it answers with tells the nanoseconds since then.
 *
 * Threads are added up, as each is exact. One that has ended takes its count along; then the process's own
 * count is taken, which has it, in ticks.
 */
export function cpuSince(pid) {
  const before = read(pid);
  return () => {
    const after = read(pid);
    if ([...before.threads.keys()].some((thread) => !after.threads.has(thread))) return after.whole - before.whole;
    let used = 0;
    for (const [thread, now] of after.threads) used += now - (before.threads.get(thread) ?? 0);
    return used;
  };
}
