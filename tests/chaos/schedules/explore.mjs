// Every schedule of a scene that deviates from the usual so many times.
import { Platform } from './platform.mjs';

/** Plays all of them; how many there were. A fault of `check`, or of the object, ends it and says what led to it. */
export async function explore(scene, check, { deviations, most = Infinity }) {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  try {
    let prefix = [];
    for (let played = 1; ; played += 1) {
      const made = [];
      let left = deviations;
      const platform = new Platform(scene);
      const choose = (options) => {
        const chosen = prefix[made.length] ?? 0;
        made.push({ chosen, options: left > 0 ? options : 1 });
        if (chosen > 0) left -= 1;
        return chosen;
      };
      try {
        await platform.run(choose);
        if (unhandled.length > 0) throw unhandled[0];
        check(platform);
      } catch (error) {
        throw new Error(`${error.message}\n  after: ${platform.labels.join('; ')}\n${error.stack}`, { cause: error });
      }
      const last = made.findLastIndex(({ chosen, options }) => chosen + 1 < options);
      if (last < 0 || played >= most) return played;
      prefix = [...made.slice(0, last).map(({ chosen }) => chosen), made[last].chosen + 1];
    }
  } finally {
    process.off('unhandledRejection', note);
  }
}
