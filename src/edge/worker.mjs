// The Worker's entry: requests, handed to Rust as plain texts and numbers. Nothing is decided here.
import { KV_READ_PATIENCE_MS, Wait, ask, askTwice } from './ask.mjs';
import { logError, logWarning } from './log.mjs';
import { beSound, distrust, isSound } from './memory.mjs';
import { configure, handle, restore_usage, resume, take_usage } from './willcall.js';

export { AccountObject, EventObject, PlatformObject, ThrottleObject } from './keeper.mjs';

// Long enough to gather what a busy isolate counts, short enough that a killed one loses seconds only.
const USAGE_FLUSH_MS = 2000;

// A body announced as no longer than this is read before Rust is asked, so that it need not wait for it.
const SHORT_BODY = 16 * 1024;

// Answers differ in few sets of headers; each is made once.
const MOST_HEADERS_KEPT = 200;

// More of an unwanted body than this is not read.
const MOST_DRAINED = 16 * 1024 * 1024;

// The life of the memory that knows the deployment's secrets.
let configured;

/** The answer where Rust has none. */
const failure = (status, error, words, more) => new Response(JSON.stringify({ error, error_description: words }), {
  status,
  headers: {
    'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', ...more,
  },
});

/** What Rust asks for on behalf of one request. */
class Host {
  constructor(request, env, context) {
    this.request = request;
    this.env = env;
    this.context = context;
    this.wait = new Wait();
    this.begun = 0;
    // What Rust waits for, by number.
    this.underWay = new Map();
  }

  ask(kind, name, command, patience) {
    return this.begin(askTwice(this.env, kind, name, command, patience, this.wait));
  }

  read(namespace, key) {
    return this.begin(this.wait.during(this.env[namespace].get(key), KV_READ_PATIENCE_MS, 'KV does not answer'));
  }

  body(most) {
    return this.begin(longBody(this.request, most));
  }

  begin(promise) {
    const number = this.begun += 1;
    this.underWay.set(number, promise.then((brought) => ({ number, brought, failed: false }), (error) => {
      logError(error);
      return { number, brought: null, failed: true };
    }));
    return number;
  }

  /** The first that comes of what is under way. */
  async next() {
    const [only, ...others] = this.underWay.values();
    const came = await (others.length === 0 ? only : Promise.race([only, ...others]));
    this.underWay.delete(came.number);
    return came;
  }

  answer(status, lines, body) {
    this.response = new Response(status === 204 || this.request.method === 'HEAD' ? null : body, { status, headers: headersOf(lines) });
  }

  tellLater(kind, name, command) {
    this.context.waitUntil(askTwice(this.env, kind, name, command).catch((error) => logError(error, { notTold: kind })));
  }

  flushUsageLater() {
    const { env } = this;
    this.context.waitUntil(new Promise((done) => { setTimeout(done, USAGE_FLUSH_MS); }).then(() => flushUsage(env)));
  }
}

/** The body; null if it is longer than `most` bytes, undefined if it broke off: whoever sent it went away. */
async function longBody(request, most) {
  if (!request.body) return new Uint8Array(0);
  if (announced(request) > most) return null;
  const chunks = [];
  let length = 0;
  try {
    const reader = request.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length > most) {
        reader.releaseLock();
        return null;
      }
      chunks.push(value);
    }
  } catch {
    return undefined;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

/** How long a request says its body is, in bytes; NaN if it does not. */
const announced = (request) => Number(request.headers.get('content-length') ?? NaN);

/**
 * The body, if it is short; an unfinished one is left for Rust to find out about. The stream that `request.body`
 * makes of it is not asked for: it costs as much as reading it.
 */
async function shortBody(request) {
  if (!(announced(request) <= SHORT_BODY)) return undefined;
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch {
    return undefined;
  }
}

const keptHeaders = new Map();

/** Header lines as the platform wants them. */
function headersOf(lines) {
  const kept = keptHeaders.get(lines);
  if (kept) return kept;
  const headers = new Headers();
  for (const line of lines.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 2));
  }
  // What sets a cookie, or leads somewhere, is said once and may hold a credential.
  if (keptHeaders.size < MOST_HEADERS_KEPT && !headers.has('set-cookie') && !headers.has('location')) keptHeaders.set(lines, headers);
  return headers;
}

/**
 * Takes what is left of a request's body off the connection: a proxy in front of workerd cannot use it
 * again before that. A body longer than anybody has reason to send is cut off instead.
 */
async function drain(body) {
  const reader = body.getReader();
  let left = MOST_DRAINED;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) return;
    left -= value.byteLength;
  }
  await reader.cancel();
}

async function flushUsage(env) {
  beSound();
  const pairs = take_usage();
  const handOn = async (event, counts) => {
    try {
      await ask(env, 'event', event, counts);
    } catch (error) {
      logWarning(error, { waits: 'usage counts' });
      beSound();
      restore_usage(event, counts);
    }
  };
  const handedOn = [];
  // Side by side: one event that does not answer must not use up the time of the others.
  for (let at = 0; at + 1 < pairs.length; at += 2) handedOn.push(handOn(pairs[at], pairs[at + 1]));
  await Promise.all(handedOn);
}

export default {
  async fetch(request, env, context) {
    const header = (name) => request.headers.get(name) ?? undefined;
    const bytes = await shortBody(request);
    const host = new Host(request, env, context);
    const life = beSound();
    if (configured !== life) {
      configure(env.WILLCALL_SECRET, env.WILLCALL_SECRET_PREVIOUS, env.OPERATOR_TOKEN);
      configured = life;
    }
    try {
      let turn = handle(
        host, bytes, request.method, request.url,
        header('authorization'), header('content-type'), header('cookie'), header('origin'),
        header('user-agent'), header('accept'), header('cf-connecting-ip'), request.cf?.tlsVersion,
      );
      while (turn) {
        const { number, brought, failed } = await host.next();
        // Its future was in a memory that is unsound, or gone: its number may be another's by now.
        if (!isSound(life)) break;
        turn = resume(turn, number, brought, failed);
      }
    } catch (error) {
      distrust();
      logError(error);
      return failure(500, 'server_error', 'Something went wrong on the server.');
    }
    if (bytes === undefined && request.body && !request.body.locked) await drain(request.body).catch(() => {});
    return host.response ?? failure(503, 'temporarily_unavailable', 'Try again in a moment.', { 'retry-after': '1' });
  },
};
