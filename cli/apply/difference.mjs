// What a description changes of one thing, field by field. Fields it leaves out keep their value.

const SETS = new Set(['modes', 'permissions', 'redirect_uris', 'obo_scopes', 'service_scopes']);

/** The fields of `wanted` that `there` has otherwise: all of them, if it is not there yet. */
export function changedFields(wanted, there) {
  if (!there) return wanted;
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => canonical(name, value) !== canonical(name, there[name])));
}

/** These fields in words, a line each. */
export function inWords(fields, there) {
  return Object.entries(fields).map(([name, value]) => {
    if (SETS.has(name)) return `${name}: ${setInWords(value, there?.[name] ?? [])}`;
    return there ? `${name}: ${shown(there[name])} → ${shown(value)}` : `${name}: ${shown(value)}`;
  });
}

function setInWords(wanted, there) {
  const added = wanted.filter((each) => !there.includes(each)).map((each) => `+${each}`);
  const removed = there.filter((each) => !wanted.includes(each)).map((each) => `-${each}`);
  return [...added, ...removed].join(' ') || 'none';
}

const shown = (value) => (value === undefined || value === null ? 'none' : JSON.stringify(value));

/** Sets have no order, and nothing can be said in three ways. */
function canonical(name, value) {
  if (value === undefined || value === null || value === '') return 'null';
  return JSON.stringify(SETS.has(name) ? [...new Set(value)].sort() : value);
}
