// What an organiser allows over time. What a call allows holds from its answer on; what it takes away
// may work for 90 seconds more (contract 7).

export const TAKEN_AWAY_WITHIN_MS = 90_000;

/** A thing that is allowed or not, such as one scope for one application, or the application itself. */
export class Permit {
  constructor(given) {
    this.given = given;
    this.takenAt = -Infinity;
  }

  give() {
    this.given = true;
  }

  take(at) {
    if (this.given) this.takenAt = at;
    this.given = false;
  }

  /** `surely`, `perhaps` or `no`. */
  at(time) {
    if (this.given) return 'surely';
    return time - this.takenAt <= TAKEN_AWAY_WITHIN_MS ? 'perhaps' : 'no';
  }
}

/** Several permits, one for each bit of a mask. */
export class Permits {
  constructor(count, mask) {
    this.list = Array.from({ length: count }, (_, bit) => new Permit((mask & (1 << bit)) !== 0));
  }

  set(mask, at) {
    this.list.forEach((permit, bit) => (mask & (1 << bit) ? permit.give() : permit.take(at)));
  }

  mask(time, ...answers) {
    return this.list.reduce((mask, permit, bit) => (answers.includes(permit.at(time)) ? mask | (1 << bit) : mask), 0);
  }

  /** Every mask that may be in force somewhere. */
  possible(time) {
    const sure = this.mask(time, 'surely');
    let masks = [sure];
    this.list.forEach((permit, bit) => {
      if (permit.at(time) === 'perhaps') masks = masks.flatMap((mask) => [mask, mask | (1 << bit)]);
    });
    return masks;
  }
}

/** Whether what must all be allowed is. */
export function together(...answers) {
  if (answers.includes('no')) return 'no';
  return answers.includes('perhaps') ? 'perhaps' : 'surely';
}
