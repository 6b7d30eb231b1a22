// Time passes, and clocks go wrong.

export async function wait(run) {
  const { random, world } = run;
  const [least, most] = random.pick([[100, 2000], [100, 2000], [4000, 15_000], [4000, 15_000], [15_000, 59_000], [59_000, 95_000], [95_000, 400_000]]);
  const milliseconds = random.between(least, most);
  await world.advance(milliseconds);
  run.note(`${milliseconds / 1000} s pass`);
}

/** A location's clock, or the objects', is set: by no more than five seconds off the true time. */
export async function setClock(run) {
  const { random, world } = run;
  const milliseconds = random.between(-5000, 5000);
  if (random.chance(0.3)) {
    await world.skewObjects(milliseconds);
    run.note(`the objects' clock is off by ${milliseconds / 1000} s`);
    return;
  }
  const location = run.anywhere();
  // What a location believes for a while it believes for longer when its clock goes back meanwhile.
  run.slack += Math.max(0, world.skews[location] - milliseconds);
  await world.skewLocation(location, milliseconds);
  run.note(`the clock at ${location} is off by ${milliseconds / 1000} s`);
}

/** The objects' clock goes back further, as after a move to a machine that is behind. */
export async function stepBack(run) {
  const { random, world } = run;
  const milliseconds = random.between(1000, 30_000);
  await world.skewObjects(world.objectSkew - milliseconds);
  run.note(`the objects' clock goes back by ${milliseconds / 1000} s`);
}
