// Forged tokens as fast as workerd takes them: requests that follow each other on a connection without waiting for
// answers, at workerd's own socket rather than through miniflare's.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';

import { Willcall, formEncoded } from '../../e2e/harness.mjs';

const CONNECTIONS = 8;
const UNANSWERED = 32; // at most so many on a connection
const STATUS = /HTTP\/1\.1 (\d{3}) /g;

const withOtherTag = (token) => token.replace(/[^.]+$/, () => randomBytes(32).toString('base64url'));

/** Requests with a forged token each, and the status they must get: as many of each kind. */
function forgeries({ willcall, event, client, grant, code }) {
  const head = `Host: ${event.host}:${willcall.port}\r\n`;
  const basic = `Authorization: Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}\r\n`;
  const get = (token) => `GET /api/users/current HTTP/1.1\r\n${head}Authorization: Bearer ${token}\r\n\r\n`;
  const post = (target, fields) => {
    const body = formEncoded(fields);
    return `POST ${target} HTTP/1.1\r\n${head}${basic}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const kinds = [
    () => [get(withOtherTag(grant.access_token)), 401],
    () => [get(`wc_pat_${randomBytes(60).toString('base64url')}`), 401],
    () => [post('/api/oauth/token', { grant_type: 'refresh_token', refresh_token: withOtherTag(grant.refresh_token) }), 400],
    () => [post('/api/oauth/token', { grant_type: 'authorization_code', code: withOtherTag(code), redirect_uri: client.redirectUri }), 400],
    () => [post('/api/oauth/introspect', { token: withOtherTag(grant.access_token) }), 200],
    () => [post('/api/oauth/revoke', { token: withOtherTag(grant.refresh_token) }), 200],
  ];
  return (index) => {
    const [text, status] = kinds[index % kinds.length]();
    return { text, status };
  };
}

/** Sends requests on one connection; each is answered as it must be. */
function sendAll(port, requests) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let [sent, answered, rest] = [0, 0, ''];
    const sendMore = () => {
      const until = Math.min(requests.length, answered + UNANSWERED);
      if (until > sent) socket.write(requests.slice(sent, until).map(({ text }) => text).join(''));
      sent = Math.max(sent, until);
    };
    socket.setEncoding('latin1');
    socket.once('connect', sendMore);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`closed after ${answered} of ${requests.length}`)));
    socket.on('data', (chunk) => {
      rest += chunk;
      let end = 0;
      for (const found of rest.matchAll(STATUS)) {
        end = found.index + found[0].length;
        const { text, status } = requests[answered];
        if (Number(found[1]) !== status) reject(new Error(`${found[1]} instead of ${status} for ${text}`));
        answered += 1;
      }
      rest = rest.slice(Math.max(end, rest.length - 16));
      if (answered < requests.length) sendMore();
      else {
        socket.removeAllListeners('close');
        socket.destroy();
        resolve();
      }
    });
  });
}

/** So many forged tokens at once cost no call of an object and no read of KV, and nobody honest is turned away. */
export async function forgedFlood({ count = 10_000 } = {}) {
  const willcall = await Willcall.start({ direct: true });
  try {
    const event = await willcall.event('localhost').create();
    const client = await event.application();
    const person = await event.person();
    const [grant, honest, { code }] = [await client.obtainGrant(person), await client.obtainGrant(person), await client.obtainCode(person)];
    const forge = forgeries({ willcall, event, client, grant, code });
    const lanes = Array.from({ length: CONNECTIONS }, () => []);
    for (let index = 0; index < count; index += 1) lanes[index % CONNECTIONS].push(forge(Math.floor(index / CONNECTIONS)));
    // The directory is known, as it is on any day.
    assert.equal((await client.introspect('none')).status, 200);

    await willcall.countLookUps();
    const start = performance.now();
    await Promise.all(lanes.map((requests) => sendAll(willcall.port, requests)));
    const perSecond = Math.round((1000 * count) / (performance.now() - start));
    assert.deepEqual(await willcall.lookUps(), { calls: 0, reads: 0 });

    const again = Promise.all(lanes.map((requests) => sendAll(willcall.port, requests)));
    let token = honest.refresh_token;
    for (let turn = 0; turn < 10; turn += 1) {
      const reply = await client.refresh(token);
      assert.equal(reply.status, 200, reply.text);
      token = reply.json.refresh_token;
    }
    await again;
    assert.equal((await client.refresh(grant.refresh_token)).status, 200, 'what was forged after is as good as before');
    return { count, perSecond };
  } finally {
    await willcall.stop();
  }
}
