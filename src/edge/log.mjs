// What the log has of the Worker's JavaScript: one JSON object a line, as Rust writes it. The platform adds which request it was.

/** The part of an object's name, or of a target, that names no person, grant or token. */
export const beginning = (name) => name?.split('/')[0];

/** Something went wrong; `where` says at what. */
export function logError(fault, where = {}) {
  console.error(JSON.stringify({ level: 'error', ...where, fault: String(fault) }));
}

/** Something went wrong and was made good. */
export function logWarning(fault, where = {}) {
  console.warn(JSON.stringify({ level: 'warn', ...where, fault: String(fault) }));
}
