// Faults that were once there, or could be: the schedules must find them.

const replacing = (found, replacement) => (text) => {
  if (!text.includes(found)) throw new Error(`the built Worker has no ${found}`);
  return text.replace(found, replacement);
};

/** By name: how the built Worker's text is changed, and in which scene it shows. */
export const SABOTAGES = {
  'two writes of one record at a time': { sabotage: replacing('if (!before) return this.begin(', 'return this.begin('), scene: 'oneIntegration' },
  'an operator’s change is done once more': { sabotage: replacing('this.attempts.outcomeOf(attempt) ?? ', ''), scene: 'oneIntegration' },
  'no alarm stands by': { sabotage: replacing('if (wakeAfter !== void 0) await this.setAnAlarm(wakeAfter);', ''), scene: 'revocations' },
  'a first try counts after its second': { sabotage: replacing('throw new Error("the second try of this call came first")', ''), scene: 'refreshes' },
  'an answer before others know': { sabotage: replacing('throw new Error("another object could not be told")', ''), scene: 'onePerson' },
  'an alarm that could not be set is forgotten': { sabotage: replacing('if (this.alarmAt === void 0) {', 'if (false) {'), scene: 'endOfAnEvent' },
};
