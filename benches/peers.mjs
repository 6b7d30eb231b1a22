// The measured paths of others: the same client, the same load, what their own documentation shows.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { FORM, basic, bearer, each, expect, form, json, send } from './client.mjs';
import { root } from '../scripts/run.mjs';
import { REDIRECT_URI, challenge, codeOf, verifier } from './willcall.mjs';

/** @cloudflare/workers-oauth-provider in the same workerd. People are user ids: its pages are the application's own. */
export async function workersOauthProviderPaths({ pid, origin, people, requests }) {
  const client = json(await send(`${origin}/clients`));
  const headers = basic(client.client_id, client.client_secret);
  const code = async (person) => codeOf(expect(await send(`${origin}/authorize?${form({
    response_type: 'code', client_id: client.client_id, redirect_uri: REDIRECT_URI, scope: 'pii:basic pii:email',
    state: 'x', code_challenge: challenge, code_challenge_method: 'S256', login_hint: person,
  })}`), 303));
  const token = async (fields) => json(await send(`${origin}/token`, { method: 'POST', headers, body: form(fields) }));
  const redeem = (given) => token({ grant_type: 'authorization_code', code: given, redirect_uri: REDIRECT_URI, code_verifier: verifier });
  const grants = await each(people, async (turn) => redeem(await code(`person-${turn}`)));
  const check = async (turn) => expect(await send(`${origin}/api/users/current`, { headers: bearer(grants[turn % people].access_token) }), 200);
  let codes = [];
  const peer = 'workers-oauth-provider';
  return [
    { id: `${peer}/bearer`, label: `${peer}: API check`, pid, requests, job: check },
    {
      id: `${peer}/refresh`, label: `${peer}: refresh`, pid, requests: Math.min(requests, people), leadIn: check, tells: true,
      job: async (turn) => { grants[turn] = await token({ grant_type: 'refresh_token', refresh_token: grants[turn].refresh_token }); },
    },
    {
      // People of their own: a new grant of a person takes the place of the one before.
      id: `${peer}/exchange`, label: `${peer}: code exchange with PKCE`, pid, requests: Math.min(requests, people), leadIn: check, tells: true,
      prepare: async (count) => { codes = await each(count, (turn) => code(`guest-${turn}`)); },
      job: (turn) => redeem(codes[turn]),
    },
  ];
}

/** @openauthjs/openauth in the same workerd, its issuer kept between requests and made in each. */
export async function openauthPaths({ pid, origin, people, requests }) {
  const paths = [];
  for (const [way, words] of [['kept', 'issuer kept'], ['made-per-request', 'issuer made per request']]) {
    const token = async (fields) => json(await send(`${origin}/${way}/token`, { method: 'POST', headers: FORM, body: form(fields) }));
    const fields = { grant_type: 'client_credentials', provider: 'machines', client_id: 'client', client_secret: 'a-secret-of-the-benchmark' };
    // The first answer makes the keys, which the others then find.
    const grants = [await token(fields), ...await each(people - 1, () => token(fields))];
    // Both write to KV; its keys it only reads.
    const common = { pid, requests: Math.min(requests, people), leadIn: async () => expect(await send(`${origin}/${way}/.well-known/jwks.json`), 200), tells: true };
    paths.push(
      { ...common, id: `openauth-${way}/client_credentials`, label: `openauth, ${words}: client_credentials`, job: () => token(fields) },
      {
        ...common, id: `openauth-${way}/refresh`, label: `openauth, ${words}: refresh`,
        job: async (turn) => { grants[turn] = await token({ grant_type: 'refresh_token', refresh_token: grants[turn].refresh_token }); },
      },
    );
  }
  return paths;
}

/** oidc-provider in a Node process of its own: its paths, and how to end it. */
export async function oidcProviderPaths({ requests }) {
  const child = fork(join(root, 'benches', 'peers', 'oidc-provider.mjs'), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const [{ port }] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => { throw new Error('oidc-provider did not start'); })]);
  const headers = basic('client', 'a-secret-of-the-benchmark');
  const call = async (path, fields) => json(await send(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: form(fields) }));
  const refresh = (grant) => call('/token', { grant_type: 'refresh_token', refresh_token: grant.refresh_token });
  // Few, and new in each round: its memory holds a thousand entries, of any kind.
  const GRANTS = 32;
  let grants = [];
  const prepare = async () => {
    const answer = once(child, 'message');
    child.send(GRANTS);
    const [{ tokens }] = await answer;
    grants = await each(GRANTS, (turn) => refresh({ refresh_token: tokens[turn] }));
  };
  const peer = 'oidc-provider';
  const path = (id, label, job, more) => ({ id: `${peer}/${id}`, label: `${peer} on Node: ${label}`, pid: child.pid, requests, job, ...more });
  return {
    paths: [
      path('client_credentials', 'client_credentials', () => call('/token', { grant_type: 'client_credentials' })),
      path('introspection', 'introspection', async (turn) => {
        const { active } = await call('/token/introspection', { token: grants[turn % GRANTS].access_token });
        if (!active) throw new Error('the token is not active');
      }, { prepare }),
      path('refresh', 'refresh', async (turn, lane) => { grants[lane] = await refresh(grants[lane]); }, { prepare }),
    ],
    stop: () => child.kill(),
  };
}
