// All chance in a run comes from here, so that its seed repeats it.

/** A small generator (sfc32) seeded by one number. */
export class Random {
  #a;
  #b;
  #c;
  #counter = 1;

  constructor(seed) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    this.#c = 0x9e3779b9;
    this.seed = seed;
    for (let round = 0; round < 15; round += 1) this.next();
  }

  /** From 0 up to and without 2^32. */
  next() {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A whole number, both ends included. */
  between(least, most) {
    return least + (this.next() % (most - least + 1));
  }

  chance(probability) {
    return this.next() < probability * 2 ** 32;
  }

  pick(list) {
    return list[this.next() % list.length];
  }

  /** One of the names of an object whose values say how often each is to come. */
  weighted(weights) {
    const names = Object.keys(weights);
    let left = this.next() % names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    return names.at(-1);
  }

  some(list, probability = 0.5) {
    return list.filter(() => this.chance(probability));
  }
}
