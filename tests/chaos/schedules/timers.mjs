// The timers that the Worker sets, as whoever is the platform keeps them.
export class Timers {
  constructor(now) {
    this.now = now;
    this.timers = [];
  }

  setTimer(work, milliseconds) {
    const timer = { work, at: this.now + milliseconds };
    this.timers.push(timer);
    return timer;
  }

  clearTimer(timer) {
    this.timers = this.timers.filter((other) => other !== timer);
  }
}
