// What the server says of itself, and who may read it from a script.

import { REMEDY, check, expect, expectJson } from './check.mjs';
import { PATHS } from './site.mjs';

const metadataOf = async (site) => expectJson(await site.get(PATHS.metadata));

const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'revocation_endpoint', 'introspection_endpoint'];

const SUPPORTED = {
  response_types_supported: ['code'],
  response_modes_supported: ['query', 'fragment', 'form_post'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
};

const OPEN = [PATHS.token, PATHS.revoke, PATHS.metadata, PATHS.user, PATHS.users];
const CLOSED = [PATHS.authorize, PATHS.introspect, PATHS.login, PATHS.account, PATHS.admin];
const FROM_ELSEWHERE = { Origin: 'https://elsewhere.invalid' };
const PREFLIGHT = { ...FROM_ELSEWHERE, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,content-type' };

const NO_EVENT = `${REMEDY.paths} If it is 404, there is no event with this host name: willcall events put HOST --name NAME`;

const corsOf = ({ headers }) => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

export default [
  check('RFC 8414 3.2', 'the metadata is JSON at /.well-known/oauth-authorization-server', NO_EVENT, metadataOf),
  check('RFC 8414 3.3', 'the issuer is exactly the address given', 'Clients compare it byte by byte. Use the event\'s host name, in lower case and without a port.', async (site) => {
    const { issuer } = await metadataOf(site);
    expect(issuer === site.issuer, `issuer ${issuer}`);
  }),
  check('RFC 8414 2', 'the endpoints are the canonical ones on this host', REMEDY.deploy, async (site) => {
    const metadata = await metadataOf(site);
    const expected = [PATHS.authorize, PATHS.token, PATHS.revoke, PATHS.introspect].map((path) => `${site.issuer}${path}`);
    ENDPOINTS.forEach((name, index) => expect(metadata[name] === expected[index], `${name} ${metadata[name]}`));
  }),
  check('RFC 8414 2', 'exactly what is supported is listed', REMEDY.deploy, async (site) => {
    const metadata = await metadataOf(site);
    for (const [name, values] of Object.entries(SUPPORTED)) {
      const told = metadata[name];
      expect(Array.isArray(told) && [...told].sort().join() === [...values].sort().join(), `${name} ${JSON.stringify(told)}`);
    }
  }),
  check('RFC 7636 4.2', 'S256 is the only code challenge method', REMEDY.deploy, async (site) => {
    const { code_challenge_methods_supported: methods } = await metadataOf(site);
    expect(JSON.stringify(methods) === '["S256"]', JSON.stringify(methods) ?? 'none listed');
  }),
  check('RFC 9207 3', 'answers to authorization requests name the issuer', REMEDY.deploy, async (site) => {
    const { authorization_response_iss_parameter_supported: told } = await metadataOf(site);
    expect(told === true, String(told));
  }),
  check('Fetch 3.2', 'CORS is open, without credentials, for the token and revocation endpoints, metadata and users', REMEDY.headers, async (site) => {
    for (const target of OPEN) {
      const preflight = await site.send(target, { method: 'OPTIONS', headers: PREFLIGHT });
      const method = target === PATHS.token || target === PATHS.revoke ? 'POST' : 'GET';
      const reply = await site.send(target, { method, headers: FROM_ELSEWHERE });
      for (const { headers } of [preflight, reply]) {
        const origin = headers['access-control-allow-origin'];
        expect(origin === '*', `${target}: Access-Control-Allow-Origin ${origin ?? 'missing'}`);
        expect(headers['access-control-allow-credentials'] === undefined, `${target}: with credentials`);
      }
      const allowed = (preflight.headers['access-control-allow-headers'] ?? '').toLowerCase().split(/\s*,\s*/);
      const sound = [200, 204].includes(preflight.status) && ['authorization', 'content-type'].every((header) => allowed.includes(header));
      expect(sound, `${target}: the preflight is ${preflight.status} and allows the headers ${allowed.join() || 'none'}`);
    }
  }),
  check('Fetch 3.2', 'there is no CORS anywhere else', REMEDY.headers, async (site) => {
    for (const target of CLOSED) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const reply = await site.send(target, { method, headers: PREFLIGHT, body: method === 'POST' ? '' : undefined });
        expect(corsOf(reply).length === 0, `${method} ${target}: ${corsOf(reply).join()}`);
      }
    }
  }),
];
