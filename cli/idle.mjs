// Fewer days without use after which a grant ends.

/** What follows of these settings for grants at the event `there`, if it ends any. */
export function endedByIdleness({ refresh_idle_days: days }, there) {
  const before = there?.refresh_idle_days ?? Infinity;
  if (!there || typeof days !== 'number' || days >= before) return undefined;
  return `Grants that have not been used for ${days} ${days === 1 ? 'day' : 'days'} end. They stay ended, even if you allow more days later.`;
}
