// One request and its answer, exactly as they are: redirects are not followed, so that a token never
// goes anywhere but where it was meant to, and the target goes out as it is written.

import { lookup as systemLookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { EXIT, Fault } from './fault.mjs';

const TIMEOUT = 30_000;
const LONGEST_ANSWER = 16 * 1024 * 1024;
// Named, because bot rules at the edge turn away requests that say nothing of themselves.
const USER_AGENT = 'willcall-cli';

export function isLoopback(hostname) {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1' || hostname === '[::1]';
}

/** RFC 6761 6.3: names under `localhost` are loopback addresses, whether the system's resolver knows it or not. */
function lookup(hostname, options, callback) {
  if (!hostname.endsWith('.localhost')) return systemLookup(hostname, options, callback);
  const addresses = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }];
  return options.all ? callback(null, addresses) : callback(null, addresses[0].address, addresses[0].family);
}

/**
 * Sends one request to `origin` (a URL). Answers with `{status, headers, cookies, text}`; no answer at all
 * is a Fault. `tls` are options for the connection, beside Node's own.
 */
export function send(origin, target, { method = 'GET', headers = {}, body, tls = {} } = {}) {
  const { request } = origin.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const fail = (error) => reject(unreachable(origin, error));
    const outgoing = request({
      ...tls,
      host: origin.hostname.replace(/^\[|\]$/g, ''),
      port: origin.port || undefined,
      path: target,
      method,
      lookup,
      // One connection a request: a server that hangs up after one must not spoil the next.
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT),
      headers: {
        Host: origin.host,
        'User-Agent': USER_AGENT,
        ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
        ...headers,
      },
    });
    outgoing.on('error', fail);
    outgoing.once('response', (incoming) => {
      const chunks = [];
      let length = 0;
      incoming.on('error', fail);
      incoming.on('data', (chunk) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > LONGEST_ANSWER) outgoing.destroy(new Error('its answer is too long'));
      });
      incoming.once('end', () => resolve({
        status: incoming.statusCode,
        headers: incoming.headers,
        cookies: incoming.headers['set-cookie'] ?? [],
        text: Buffer.concat(chunks).toString('utf8'),
      }));
    });
    outgoing.end(body);
  });
}

const ADVICE = {
  ENOTFOUND: 'There is no such host name. Check the spelling, and that the host is attached to the Worker.',
  EAI_AGAIN: 'Host names cannot be looked up at the moment. Check your network.',
  ECONNREFUSED: 'Nothing answers there. Is it running, and is the port right? To start it locally: npm start',
  ABORT_ERR: `There was no answer within ${TIMEOUT / 1000} seconds. Try again. If this keeps happening, look at the deployment's log.`,
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another host. Attach the host to the Worker, and wait for its certificate.',
  CERT_HAS_EXPIRED: 'The certificate has expired.',
};

function unreachable(origin, error) {
  if (error instanceof Fault) return error;
  const code = error.name === 'TimeoutError' ? 'ABORT_ERR' : error.code;
  const why = error.message || code || 'no answer';
  const fault = new Fault(EXIT.unreachable, `${origin.origin} cannot be reached: ${why}`, ADVICE[code]);
  fault.code = code;
  return fault;
}
