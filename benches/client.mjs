// The client side of every measured path: one keep-alive connection pool, and what tells a right answer from a wrong one.
import http from 'node:http';

/** How many requests are under way at a time, for Willcall, floors and peers alike. */
export const CONNECTIONS = 16;

/** As many where passwords are hashed: workerd closes connections that it was too busy to read for five seconds. */
export const CONNECTIONS_FOR_PASSWORDS = 4;

let agent;

/** workerd closes a connection that was idle for seconds; so what was waited with is not used again. */
export function connectAnew() {
  agent?.destroy();
  agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
}

connectAnew();

/** One request; the answer's status, headers and text. */
export function send(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const request = http.request(url, { method, agent, headers: { ...headers, ...length } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export const form = (fields) => new URLSearchParams(fields).toString();

export const basic = (id, secret) => ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, ...FORM });

export const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** The answer, if its status is the expected one: a path that fails fast must not look fast. */
export function expect(reply, status) {
  if (reply.status !== status) throw new Error(`expected ${status}, got ${reply.status}: ${reply.text.slice(0, 300)}`);
  return reply;
}

export const json = (reply, status = 200) => JSON.parse(expect(reply, status).text);

export const cookiesOf = (reply) => (reply.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');

const ENTITIES = { '&quot;': '"', '&lt;': '<', '&gt;': '>', '&amp;': '&' };

/** The value of a hidden field of a page. */
export function hidden(html, name) {
  const tag = html.match(/<input[^>]*>/g)?.find((each) => each.includes(`name="${name}"`)) ?? '';
  return /value="([^"]*)"/.exec(tag)?.[1]
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity);
}

/** Does `count` things, `lanes` at a time; the results in order. */
export async function each(count, work, lanes = CONNECTIONS) {
  const results = [];
  let started = 0;
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, async (_, lane) => {
    while (started < count) {
      const turn = started;
      started += 1;
      results[turn] = await work(turn, lane);
    }
  }));
  return results;
}
