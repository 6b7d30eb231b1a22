// The operator API (`/api/admin`) as its caller sees it: paths, JSON, pages, and errors in words.

import { EXIT, Fault } from './fault.mjs';
import { send } from './http.mjs';

const REJECTED = 'Use the OPERATOR_TOKEN of this deployment. To set a new one: npx wrangler secret put OPERATOR_TOKEN';
const SWITCHED_OFF = 'The operator API needs the secret OPERATOR_TOKEN, of 32 characters or more, on the deployment: '
  + 'npx wrangler secret put OPERATOR_TOKEN. If it is set, check --url.';
const OURS = 'Try again in a moment. If this keeps happening, the deployment\'s log says why: npx wrangler tail';

const LARGEST_PAGE = 200;

/** A path below `/api/admin`, each value a segment of its own: path`/events/${host}`. */
export function path(literals, ...values) {
  return String.raw({ raw: literals }, ...values.map(segment));
}

function segment(value) {
  // A URL parser takes these for steps up the path, escaped or not.
  if (value === '' || value === '.' || value === '..') throw new Fault(EXIT.usage, `"${value}" is not a valid name or id.`);
  return encodeURIComponent(value);
}

export class OperatorApi {
  #origin;
  #token;

  constructor(origin, token) {
    this.#origin = origin;
    this.#token = token;
  }

  get origin() {
    return this.#origin.origin;
  }

  get(target) {
    return this.#must('GET', target);
  }

  /** Like `get`, but undefined where there is nothing. */
  async find(target) {
    const reply = await this.#send('GET', target);
    if (reply.status === 404 && !await this.#isOff()) return undefined;
    return this.#accept('GET', target, reply);
  }

  put(target, body) {
    return this.#must('PUT', target, body);
  }

  post(target, body) {
    return this.#must('POST', target, body);
  }

  patch(target, body) {
    return this.#must('PATCH', target, body);
  }

  delete(target) {
    return this.#must('DELETE', target);
  }

  /** The items of a list, page by page, at most `most` of them. */
  async items(target, { query = {}, most = Infinity } = {}) {
    const items = [];
    let cursor;
    do {
      const limit = Math.min(LARGEST_PAGE, most - items.length);
      const page = await this.get(`${target}?${new URLSearchParams({ ...query, limit, ...(cursor && { cursor }) })}`);
      if (!Array.isArray(page?.items)) throw this.#notWillcall();
      if (page.next_cursor !== undefined && page.next_cursor === cursor) throw this.#notWillcall();
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && items.length < most);
    return items;
  }

  async #must(method, target, body) {
    return this.#accept(method, target, await this.#send(method, target, body));
  }

  #send(method, target, body) {
    return send(this.#origin, `/api/admin${target}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#token}`,
        Accept: 'application/json',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  async #accept(method, target, reply) {
    const answer = json(reply.text);
    if (reply.status >= 200 && reply.status < 300) {
      if (answer === undefined && reply.status !== 204) throw this.#notWillcall();
      return answer;
    }
    if (reply.status >= 300 && reply.status < 400) {
      throw new Fault(EXIT.refused, `${this.origin} redirects the operator API to ${reply.headers.location}.`, 'Use the deployment\'s own address in --url.');
    }
    if (reply.status === 401) throw new Fault(EXIT.refused, `${this.origin} does not accept this operator token (401).`, REJECTED);
    if (reply.status === 404 && await this.#isOff()) {
      throw new Fault(EXIT.refused, `${this.origin} does not offer the operator API (404).`, SWITCHED_OFF);
    }
    const why = answer?.error_description ?? answer?.error ?? 'no reason given';
    const [asked] = target.split('?');
    throw new Fault(EXIT.refused, `${why} (${reply.status}; ${method} /api/admin${asked})`, reply.status >= 500 ? OURS : undefined);
  }

  /** Whether the API as a whole is not there, rather than one thing of it. */
  async #isOff() {
    return (await this.#send('GET', '/events?limit=1')).status === 404;
  }

  #notWillcall() {
    return new Fault(EXIT.refused, `${this.origin} answers, but not as Willcall's operator API.`, 'Check --url.');
  }
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
