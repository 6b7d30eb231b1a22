// What only a client with a secret can see. Nothing is left behind: the one token that may be issued is revoked.

import { NotChecked, check, expect, expectChallenge, expectError, expectErrorPage, expectJson, expectStatus } from './check.mjs';
import { PATHS, basic } from './site.mjs';

const APPROVE = 'Check --client-id and the file with the secret, and that the application is active and approved at this event: willcall integrations show HOST CLIENT_ID';
const SECRET = 'Check --client-id and the file with the secret. 429 means that there were many failed attempts: wait a minute.';

/** Checks with the credentials `{id, secret}`. */
export function clientChecks({ id, secret }) {
  const mine = basic(id, secret);
  const token = (site, fields, headers = mine) => site.post(PATHS.token, fields, headers);

  return [
    check('RFC 6749 2.3.1', 'the secret is accepted in the header, in a form and in JSON', SECRET, async (site) => {
      const inBody = { client_id: id, client_secret: secret };
      for (const reply of [await token(site, {}), await token(site, inBody, {}), await site.postJson(PATHS.token, JSON.stringify(inBody)), await token(site, { client_id: id })]) {
        expectError(reply, 400, 'invalid_request');
      }
    }),
    check('RFC 6749 2.3.1', 'the secret is not accepted in the query string', SECRET, async (site) => {
      const query = new URLSearchParams({ client_id: id, client_secret: secret, grant_type: 'client_credentials' });
      expectError(await site.post(`${PATHS.token}?${query}`), 401, 'invalid_client');
    }),
    check('RFC 6749 5.2', 'a wrong secret is 401 invalid_client', SECRET, async (site) => {
      const reply = await token(site, {}, basic(id, `${secret}x`));
      expectError(reply, 401, 'invalid_client');
      expectChallenge(reply, 'Basic');
    }),
    check('RFC 6749 2.3', 'a client_id that differs from the header is 400 invalid_request', SECRET, async (site) => {
      expectError(await token(site, { grant_type: 'refresh_token', client_id: site.unknownClient }), 400, 'invalid_request');
    }),
    check('RFC 6749 5.2', 'an unknown grant_type is 400 unsupported_grant_type', SECRET, async (site) => {
      expectError(await token(site, { grant_type: 'password', username: 'x', password: 'x' }), 400, 'unsupported_grant_type');
    }),
    check('RFC 6749 5.2', 'an invalid code or refresh token is 400 invalid_grant', APPROVE, async (site) => {
      expectError(await token(site, { grant_type: 'authorization_code', code: 'none', redirect_uri: 'https://elsewhere.invalid/' }), 400, 'invalid_grant');
      expectError(await token(site, { grant_type: 'refresh_token', refresh_token: 'none' }), 400, 'invalid_grant');
    }),
    check('RFC 6749 3.1.2.4', 'a redirect_uri that is not registered is a 400 page, never a redirect', APPROVE, async (site) => {
      const query = new URLSearchParams({ response_type: 'code', client_id: id, redirect_uri: 'https://elsewhere.invalid/', prompt: 'none' });
      expectErrorPage(await site.get(`${PATHS.authorize}?${query}`));
    }),
    check('RFC 7662 2.2', 'an invalid token is inactive, and nothing else is said about it', APPROVE, async (site) => {
      const answer = expectJson(await site.post(PATHS.introspect, { token: 'none' }, mine));
      expect(JSON.stringify(answer) === '{"active":false}', JSON.stringify(Object.keys(answer)));
    }),
    check('RFC 7009 2.2', 'revoking an invalid token is 200', APPROVE, async (site) => {
      expectStatus(await site.post(PATHS.revoke, { token: 'none' }, mine), 200);
    }),
    check('RFC 6749 4.4.3', 'a service token is issued, is active, and stops working once revoked', APPROVE, async (site) => {
      const reply = await token(site, { grant_type: 'client_credentials' });
      if (reply.status === 400 && /"(invalid_scope|unauthorized_client)"/.test(reply.text)) {
        throw new NotChecked('nothing is approved for this application as a service');
      }
      const issued = expectJson(reply);
      const isActive = async () => expectJson(await site.post(PATHS.introspect, { token: issued.access_token }, mine)).active;
      try {
        expect(issued.token_type === 'Bearer' && issued.expires_in === 3600 && typeof issued.scope === 'string', 'token_type, expires_in or scope is wrong');
        expect(/\bno-store\b/.test(reply.headers['cache-control'] ?? ''), 'the answer may be cached');
        expect(await isActive() === true, 'it is not active');
      } finally {
        // With a refresh token this ends the grant that came of it, too.
        await site.post(PATHS.revoke, { token: issued.refresh_token ?? issued.access_token }, mine);
      }
      expect(await isActive() === false, 'it is still active after it was revoked');
    }),
  ];
}
