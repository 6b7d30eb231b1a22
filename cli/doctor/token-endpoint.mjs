// The token, revocation and introspection endpoints, asked by nobody in particular. A client without a
// secret is not counted as a wrong one, so that none of this brings a throttle closer.

import { REMEDY, check, expect, expectChallenge, expectError, jsonOf, seen } from './check.mjs';
import { PATHS, basic } from './site.mjs';

const GRANT = 'grant_type=client_credentials';
const FORM = 'application/x-www-form-urlencoded';
const CREDENTIALED = [PATHS.token, PATHS.revoke, PATHS.introspect];

/** Bodies that cannot be read, each with its media type. */
const MALFORMED = {
  'plain text': ['text/plain', GRANT],
  'no media type': [undefined, GRANT],
  'JSON that is cut off': ['application/json', '{"grant_type":'],
  'a JSON list': ['application/json', '["grant_type"]'],
  'a JSON key twice': ['application/json', '{"grant_type":"refresh_token","grant_type":"refresh_token"}'],
  'a JSON value that is neither text nor integer': ['application/json', '{"grant_type":["refresh_token"]}'],
  'bad UTF-8': [FORM, 'grant_type=%ff'],
  'more than 16 KiB': [FORM, `${GRANT}&padding=${'x'.repeat(16 * 1024)}`],
};

const sendBody = (site, target, [type, body]) => site.send(target, { method: 'POST', headers: type ? { 'Content-Type': type } : {}, body });

const same = (one, other) => one.status === other.status && jsonOf(one.text)?.error === jsonOf(other.text)?.error;

export default [
  check('RFC 6749 3.2', 'a repeated parameter is 400 invalid_request', REMEDY.deploy, async (site) => {
    expectError(await site.post(PATHS.token, `${GRANT}&${GRANT}`), 400, 'invalid_request');
  }),
  check('RFC 6749 5.2', 'a body that cannot be read is 400 invalid_request', REMEDY.deploy, async (site) => {
    for (const [what, body] of Object.entries(MALFORMED)) {
      const reply = await sendBody(site, PATHS.token, body);
      expect(reply.status === 400 && jsonOf(reply.text)?.error === 'invalid_request', `${what}: ${seen(reply)}`);
    }
  }),
  check('RFC 6749 5.2', 'no client, or an unknown one, is 401 invalid_client', REMEDY.deploy, async (site) => {
    expectError(await site.post(PATHS.token, GRANT), 401, 'invalid_client');
    expectError(await site.post(PATHS.token, { grant_type: 'refresh_token', client_id: site.unknownClient }), 401, 'invalid_client');
    expectError(await site.postJson(PATHS.token, JSON.stringify({ client_id: site.unknownClient })), 401, 'invalid_client');
  }),
  check('RFC 6749 5.2', 'if Basic was used, 401 comes with WWW-Authenticate: Basic', REMEDY.headers, async (site) => {
    const reply = await site.post(PATHS.token, GRANT, basic(site.unknownClient));
    expectError(reply, 401, 'invalid_client');
    expectChallenge(reply, 'Basic');
  }),
  check('RFC 6749 2.3', 'two ways of authenticating at once are 400 invalid_request', REMEDY.deploy, async (site) => {
    const fields = { grant_type: 'client_credentials', client_id: site.unknownClient, client_secret: 'none' };
    expectError(await site.post(PATHS.token, fields, basic(site.unknownClient)), 400, 'invalid_request');
  }),
  check('RFC 6749 2.3.1', 'nothing is read from the query string, credentials least of all', REMEDY.deploy, async (site) => {
    // Whoever reads the query finds a second secret, or a parameter that is repeated, and says invalid_request.
    const query = `?${GRANT}&${GRANT}&client_id=${site.unknownClient}&client_secret=none`;
    const authorization = basic(site.unknownClient);
    for (const target of CREDENTIALED) {
      const [without, withQuery] = [await site.post(target, '', authorization), await site.post(target + query, '', authorization)];
      expect(withQuery.status === 401 && same(without, withQuery), `${target}: ${seen(withQuery)}`);
    }
  }),
  check('RFC 6749 5.1', 'answers are JSON with Cache-Control: no-store', REMEDY.cache, async (site) => {
    for (const target of CREDENTIALED) {
      for (const reply of [await site.post(target, GRANT), await sendBody(site, target, MALFORMED['plain text'])]) {
        const header = reply.headers['cache-control'];
        expect(/\bno-store\b/.test(header ?? ''), `${target}: Cache-Control ${header ?? 'missing'}`);
        expect(/^application\/json\b/.test(reply.headers['content-type'] ?? ''), `${target}: ${seen(reply)}`);
      }
    }
  }),
  check('RFC 6749 5.2', 'error descriptions contain only allowed characters', REMEDY.deploy, async (site) => {
    for (const reply of [await site.post(PATHS.token), await site.post(PATHS.token, `${GRANT}&${GRANT}`), await site.get(PATHS.token)]) {
      const description = jsonOf(reply.text)?.error_description;
      expect(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(description ?? ''), JSON.stringify(description) ?? 'no description');
    }
  }),
  check('RFC 7009 2.1', 'revocation refuses strangers: 401 invalid_client', REMEDY.deploy, async (site) => {
    expectError(await site.post(PATHS.revoke, { token: 'none' }), 401, 'invalid_client');
    expectError(await site.post(PATHS.revoke, { token: 'none', client_id: site.unknownClient }), 401, 'invalid_client');
  }),
  check('RFC 7662 2.1', 'introspection refuses strangers: 401 invalid_client', REMEDY.deploy, async (site) => {
    expectError(await site.post(PATHS.introspect, { token: 'none' }), 401, 'invalid_client');
    const reply = await site.post(PATHS.introspect, { token: 'none' }, basic(site.unknownClient));
    expectError(reply, 401, 'invalid_client');
    expectChallenge(reply, 'Basic');
  }),
];
