// The host that is examined, as a stranger sees it.

import { randomInt } from 'node:crypto';
import { isLoopback, send } from '../http.mjs';

export const PATHS = {
  authorize: '/oauth/authorize',
  token: '/api/oauth/token',
  revoke: '/api/oauth/revoke',
  introspect: '/api/oauth/introspect',
  metadata: '/.well-known/oauth-authorization-server',
  user: '/api/users/current',
  users: '/api/users',
  login: '/login',
  account: '/account',
  health: '/healthz',
  admin: '/api/admin/events',
};

export class Site {
  constructor(origin) {
    this.url = origin;
    this.issuer = origin.origin;
    this.isHttps = origin.protocol === 'https:';
    this.isLoopback = isLoopback(origin.hostname);
    // Ids are given in order, so that nothing has reached this one.
    this.unknownClient = String(randomInt(2 ** 46, 2 ** 47));
  }

  get(target, headers = {}) {
    return this.send(target, { headers });
  }

  send(target, options) {
    return send(this.url, target, options);
  }

  /** A form; `fields` are an object, or text that is sent as it is. */
  post(target, fields = {}, headers = {}) {
    const body = typeof fields === 'string' || Buffer.isBuffer(fields) ? fields : String(new URLSearchParams(fields));
    return this.send(target, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers }, body });
  }

  postJson(target, body) {
    return this.post(target, body, { 'Content-Type': 'application/json' });
  }

  /** The same host without TLS. */
  overHttp(target, options) {
    return send(new URL(`http://${this.url.hostname}`), target, options);
  }
}

/** RFC 6749 2.3.1: both halves are form-encoded first. */
export function basic(id, secret = '') {
  const half = (text) => new URLSearchParams({ '': text }).toString().slice(1);
  return { Authorization: `Basic ${Buffer.from(`${half(id)}:${half(secret)}`).toString('base64')}` };
}
