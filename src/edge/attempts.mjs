// An object's calls come in two tries at most. What it keeps in mind of them, so that the second finds what the first did,
// and the first does not come after it.

// So many calls of which the second try came are kept in mind; their first may still be on its way.
const MOST_OVERTAKING = 1000;

// Calls' outcomes are kept in mind for their second try, which comes within seconds: so many, and for so long.
const MOST_OUTCOMES = 100;
const OUTCOMES_MS = 30_000;

/** Drops the oldest of what is more than so many. */
function keep(collection, most) {
  if (collection.size > most) collection.delete(collection.keys().next().value);
}

export class Attempts {
  constructor() {
    // The calls whose second try came.
    this.overtaking = new Set();
    // What calls that changed something came to.
    this.outcomes = new Map();
  }

  /**
   * Whoever made a call waits for its second try only. A first that comes after it would do what was asked once more,
   * when others may have seen it done and gone on: it would undo that, or look like a thief.
   */
  refuseWhatIsOvertaken({ call, isSecond }) {
    if (!isSecond && this.overtaking.has(call)) throw new Error('the second try of this call came first');
    if (!isSecond) return;
    keep(this.overtaking.add(call), MOST_OVERTAKING);
  }

  /** What a call came to, if that is known. */
  outcomeOf(attempt) {
    return this.outcomes.get(attempt?.call)?.outcome;
  }

  keepInMind({ call }, outcome) {
    const at = Date.now();
    for (const [old, { at: then }] of this.outcomes) {
      if (at - then < OUTCOMES_MS) break;
      this.outcomes.delete(old);
    }
    keep(this.outcomes.set(call, { at, outcome }), MOST_OUTCOMES);
  }
}
