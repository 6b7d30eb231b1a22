// https, hosts, paths and methods.

import { connect } from 'node:tls';
import { Fault } from '../fault.mjs';
import { NotChecked, REMEDY, check, expect, expectError, expectJson, expectStatus, seen } from './check.mjs';
import { PATHS } from './site.mjs';

const HTTP_REMEDY = 'Willcall answers plain http itself: it redirects pages and refuses everything else before it reads any credentials. '
  + 'If "Always Use HTTPS" is on for this zone, the edge redirects first, and a client that sends its secret over http never notices.';

/** The answer over plain http; undefined if there is none, which is as good as a refusal. */
async function plain(site, target, options) {
  if (site.isLoopback) throw new NotChecked('a loopback host is served over http');
  if (site.url.port) throw new NotChecked('for a port other than 443, the plain http port is unknown');
  try {
    return await site.overHttp(target, options);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** Whether a connection of at most TLS 1.1 comes about. */
function oldTls({ hostname, port }) {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname,
      port: Number(port || 443),
      servername: hostname,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
      timeout: 10_000,
    });
    socket.once('secureConnect', () => {
      socket.end();
      resolve(true);
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', (error) => {
      if (error.code === 'ERR_SSL_NO_PROTOCOLS_AVAILABLE') reject(new NotChecked('this machine itself cannot speak TLS 1.1'));
      else resolve(false);
    });
  });
}

const METHODS = [
  [PATHS.token, 'GET', ['POST']],
  [PATHS.revoke, 'GET', ['POST']],
  [PATHS.introspect, 'GET', ['POST']],
  [PATHS.authorize, 'DELETE', ['GET', 'POST']],
  [PATHS.login, 'PUT', ['GET', 'POST']],
  [PATHS.metadata, 'POST', ['GET']],
  [PATHS.user, 'POST', ['GET']],
  [PATHS.health, 'POST', ['GET']],
];

const ALIASES = [
  [PATHS.token, '/oauth2/token', '/connect/token'],
  [PATHS.revoke, '/oauth2/revoke', '/connect/revocation'],
  [PATHS.introspect, '/oauth2/introspect', '/connect/introspect'],
];

export default [
  check('RFC 6749 3.1', 'a page requested over plain http is redirected to https', HTTP_REMEDY, async (site) => {
    const target = `${PATHS.login}?from=http`;
    const reply = await plain(site, target);
    if (!reply) return;
    expect([301, 302, 303, 307, 308].includes(reply.status) && reply.headers.location === `${site.issuer}${target}`, seen(reply));
  }),
  check('RFC 6749 3.2', 'the token endpoint over plain http is 403 https_required', HTTP_REMEDY, async (site) => {
    const reply = await plain(site, PATHS.token, { method: 'POST' });
    if (reply) expectError(reply, 403, 'https_required');
  }),
  check('RFC 6797 7.1', 'every kind of answer carries Strict-Transport-Security', REMEDY.headers, async (site) => {
    if (!site.isHttps) throw new NotChecked('this is plain http');
    for (const target of [PATHS.login, PATHS.token, PATHS.metadata, PATHS.health, '/no-such']) {
      const header = (await site.get(target)).headers['strict-transport-security'];
      expect(Number(/\bmax-age="?(\d+)/i.exec(header ?? '')?.[1]) > 0, `${target}: ${header ?? 'no such header'}`);
    }
  }),
  check('RFC 9325 3.1.1', 'TLS 1.0 and 1.1 are refused', 'Set the zone\'s "Minimum TLS Version" to 1.2.', async (site) => {
    if (!site.isHttps) throw new NotChecked('this is plain http');
    if (!await oldTls(site.url)) return;
    const reply = await site.send(PATHS.token, { method: 'POST', tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } });
    expectError(reply, 403, 'https_required');
  }),
  check('RFC 9110 9.3.2', 'HEAD is answered as GET, without a body', REMEDY.paths, async (site) => {
    for (const target of [PATHS.login, PATHS.metadata, PATHS.health, '/no-such']) {
      const [get, head] = [await site.get(target), await site.send(target, { method: 'HEAD' })];
      expect(head.status === get.status && head.text === '', `${target}: ${head.status} for HEAD, ${get.status} for GET`);
    }
  }),
  check('RFC 9110 15.5.5', 'a path that does not exist is 404', REMEDY.paths, async (site) => {
    for (const target of ['/no-such', '/api/oauth', `${PATHS.token}/`, '/.well-known/no-such']) {
      const reply = await site.get(target);
      expect(reply.status === 404, `${target}: ${seen(reply)}`);
    }
  }),
  check('RFC 9110 15.5.6', 'a wrong method is 405, and Allow lists the right ones', REMEDY.paths, async (site) => {
    for (const [target, wrong, right] of METHODS) {
      const reply = await site.send(target, { method: wrong, body: wrong === 'GET' ? undefined : '' });
      const allow = (reply.headers.allow ?? '').split(/\s*,\s*/);
      const sound = reply.status === 405 && right.every((method) => allow.includes(method)) && !allow.includes(wrong);
      expect(sound, `${wrong} ${target}: ${seen(reply)}, Allow: ${reply.headers.allow ?? 'none'}`);
    }
  }),
  check('Willcall', '/healthz says that all is well', 'The deployment\'s log says what is wrong: npx wrangler tail', async (site) => {
    expectStatus(await site.get(PATHS.health), 200);
  }),
  check('Willcall', 'every alias answers like its canonical endpoint', REMEDY.paths, async (site) => {
    for (const [canonical, ...aliases] of ALIASES) {
      const { status, text } = await site.post(canonical);
      for (const alias of aliases) {
        const reply = await site.post(alias);
        expect(reply.status === status && reply.text === text, `${alias}: ${seen(reply)}`);
      }
    }
    for (const alias of ['/oauth2/authorize', '/connect/authorize']) expectStatus(await site.get(`${alias}?client_id=${site.unknownClient}`), 400);
  }),
  check('Willcall', 'a forwarded host or scheme is not trusted', REMEDY.deploy, async (site) => {
    const forged = { 'X-Forwarded-Host': 'elsewhere.invalid', Forwarded: 'host=elsewhere.invalid;proto=http', 'X-Forwarded-Proto': 'http' };
    const reply = await site.get(PATHS.metadata, forged);
    const { issuer } = expectJson(reply);
    expect(issuer === site.issuer, `issuer ${issuer}`);
  }),
];
