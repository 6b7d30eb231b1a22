// A check is one rule seen from outside: `{section, rule, remedy, run}`. `run` is called with the site; it
// throws Failed with what was seen instead, or NotChecked with why the rule cannot be seen here.

export class Failed extends Error {}
export class NotChecked extends Error {}

export const check = (section, rule, remedy, run) => ({ section, rule, remedy, run });

// What is wrong with a healthy deployment is mostly something in front of it.
export const REMEDY = {
  deploy: 'Willcall itself does this, so another version or another program is answering here. Deploy the current version: npm run deploy',
  headers: 'A rule in front of the Worker removes or changes headers. In the Cloudflare dashboard, look for Transform Rules and Page Rules on this host.',
  cache: 'This must not be cached. In the Cloudflare dashboard, exclude this host from every Cache Rule and from "Cache Everything".',
  paths: 'Something in front of the Worker is answering instead of it. The host must be a custom domain of the Worker, for every path.',
};

export function expect(holds, seen) {
  if (!holds) throw new Failed(seen);
}

/** What an answer is, in a few words; never its body, which may be anything. */
export function seen({ status, headers, text }) {
  const type = headers['content-type'];
  const code = jsonOf(text)?.error;
  return [`${status}`, headers.location && `to ${headers.location}`, type, typeof code === 'string' && `error ${code}`].filter(Boolean).join(', ');
}

export function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function expectStatus(reply, ...statuses) {
  expect(statuses.includes(reply.status), seen(reply));
}

const isJson = ({ headers }) => /^application\/json\b/.test(headers['content-type'] ?? '');
const isPage = ({ headers }) => /^text\/html\b/.test(headers['content-type'] ?? '');

/** The members of a JSON answer of this status. */
export function expectJson(reply, status = 200) {
  const members = jsonOf(reply.text);
  expect(reply.status === status && isJson(reply) && members !== null && typeof members === 'object', seen(reply));
  return members;
}

/** An error of RFC 6749 section 5.2. */
export function expectError(reply, status, ...codes) {
  const { error } = expectJson(reply, status);
  expect(codes.includes(error), seen(reply));
}

/** A page that says what is wrong, and leads nowhere. */
export function expectErrorPage(reply, status = 400) {
  expect(reply.status === status && isPage(reply), seen(reply));
  expect(reply.headers.location === undefined && reply.headers.refresh === undefined, `a redirect: ${seen(reply)}`);
  expect(!/http-equiv=["']?refresh/i.test(reply.text), 'a page that redirects');
}

export function expectChallenge(reply, scheme) {
  const challenge = reply.headers['www-authenticate'];
  expect(new RegExp(`^${scheme}\\b`, 'i').test(challenge ?? ''), challenge ? `WWW-Authenticate: ${challenge}` : 'no WWW-Authenticate');
  return challenge;
}
