// The API that tokens are for.

import { REMEDY, check, expect, expectChallenge, expectStatus, seen } from './check.mjs';
import { PATHS } from './site.mjs';

const PROTECTED = [PATHS.user, PATHS.users, `${PATHS.users}/acc_none`];

export default [
  check('RFC 6750 3', 'without a token: 401 with WWW-Authenticate: Bearer, and no error in it', REMEDY.headers, async (site) => {
    for (const target of PROTECTED) {
      const reply = await site.get(target);
      expectStatus(reply, 401);
      const challenge = expectChallenge(reply, 'Bearer');
      expect(/\brealm="/.test(challenge) && !/\berror=/.test(challenge), `${target}: ${challenge}`);
    }
  }),
  check('RFC 6750 3.1', 'with an invalid token: 401 with error="invalid_token"', REMEDY.headers, async (site) => {
    for (const target of PROTECTED) {
      const reply = await site.get(target, { Authorization: 'Bearer none' });
      expectStatus(reply, 401);
      const challenge = expectChallenge(reply, 'Bearer');
      expect(/\berror="invalid_token"/.test(challenge), `${target}: ${challenge}`);
    }
  }),
  check('RFC 6750 2.3', 'a token in the query string is ignored', REMEDY.deploy, async (site) => {
    const reply = await site.get(`${PATHS.user}?access_token=none`);
    expectStatus(reply, 401);
    const challenge = expectChallenge(reply, 'Bearer');
    expect(!/\berror=/.test(challenge), challenge);
  }),
  check('RFC 6750 3', 'the operator API is closed to strangers', REMEDY.deploy, async (site) => {
    for (const headers of [{}, { Authorization: 'Bearer none' }]) {
      const reply = await site.get(PATHS.admin, headers);
      // 404 where it is switched off.
      expect([401, 404].includes(reply.status), seen(reply));
    }
  }),
];
