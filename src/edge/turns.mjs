// What is done for one target at a time.

export class Turns {
  constructor() {
    // What is under way, by target: `done`, and `next`, what begins after it.
    this.underWay = new Map();
  }

  /** Begins at once, or after what is under way, as `anew`: so does everybody who comes until that begins. */
  take(target, now, anew) {
    const before = this.underWay.get(target);
    if (!before) return this.begin(target, now());
    const next = () => this.begin(target, anew());
    before.next ??= before.done.then(next, next);
    return before.next;
  }

  begin(target, done) {
    const turn = { done };
    this.underWay.set(target, turn);
    const end = () => { if (this.underWay.get(target) === turn) this.underWay.delete(target); };
    done.then(end, end);
    return done;
  }
}
