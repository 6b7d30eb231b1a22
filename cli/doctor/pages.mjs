// The pages that people see: the authorization endpoint's refusals, signing in, headers, cookies, forms.

import { randomUUID } from 'node:crypto';
import { NotChecked, REMEDY, check, expect, expectErrorPage, expectStatus, seen } from './check.mjs';
import { PATHS } from './site.mjs';

const ELSEWHERE = 'https://elsewhere.invalid/callback';

function request(site, changes = {}) {
  const fields = { response_type: 'code', client_id: site.unknownClient, redirect_uri: ELSEWHERE, state: 'x', ...changes };
  return String(new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== undefined)));
}

/** The sign-in form as a browser has it: its hidden fields, and the cookies that came with it. */
async function signInForm(site) {
  const reply = await site.get(PATHS.login);
  expectStatus(reply, 200);
  const attribute = (tag, name) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  const hidden = [...reply.text.matchAll(/<input\b[^>]*\btype="hidden"[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value')]);
  return {
    fields: { ...Object.fromEntries(hidden), email: `${randomUUID()}@elsewhere.invalid`, password: 'not a password' },
    cookies: { Cookie: reply.cookies.map((line) => line.split(';')[0]).join('; ') },
  };
}

/** One answer of each kind that a browser shows, or is sent on by. */
async function shown(site) {
  return [
    ['the sign-in page', await site.get(PATHS.login)],
    ['the front page', await site.get('/')],
    ['a page that does not exist', await site.get('/no-such')],
    ['a refused request', await site.get(`${PATHS.authorize}?${request(site)}`)],
    ['the redirect to the sign-in page', await site.get(PATHS.account)],
  ];
}

// Of those that may be set, these give no other origin more than our own.
const QUIET = ['no-referrer', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin'];

const NO_SCRIPTS = `${REMEDY.headers} Features that write scripts into pages (Rocket Loader, Web Analytics) must be off for this host.`;
const WAIT = `${REMEDY.headers} 429 means that there were many failed attempts from this address: wait a minute.`;

export default [
  check('RFC 6749 4.1.2.1', 'an unknown client_id is a 400 page, never a redirect', REMEDY.deploy, async (site) => {
    for (const changes of [{}, { prompt: 'none' }, { redirect_uri: undefined }, { response_mode: 'form_post' }]) {
      const reply = await site.get(`${PATHS.authorize}?${request(site, changes)}`);
      expectErrorPage(reply);
      expect(!reply.text.includes(`action="${ELSEWHERE}`), 'a form that leads to the redirect_uri');
    }
  }),
  check('RFC 6749 3.1', 'a missing or repeated client_id, or a request of more than 8 KiB, is a 400 page', REMEDY.deploy, async (site) => {
    expectErrorPage(await site.get(PATHS.authorize));
    expectErrorPage(await site.get(`${PATHS.authorize}?${request(site)}&client_id=${site.unknownClient}`));
    expectErrorPage(await site.get(`${PATHS.authorize}?${request(site, { state: 'x'.repeat(8 * 1024) })}`));
  }),
  check('RFC 6749 3.1', 'a request sent by POST is checked the same way', REMEDY.deploy, async (site) => {
    expectErrorPage(await site.post(PATHS.authorize, request(site)));
  }),
  check('RFC 6749 10.13', 'no page can be framed', REMEDY.headers, async (site) => {
    for (const [what, { headers }] of await shown(site)) {
      const policy = headers['content-security-policy'] ?? '';
      expect(/(^|;)\s*frame-ancestors 'none'\s*(;|$)/.test(policy), `${what}: Content-Security-Policy ${policy || 'missing'}`);
      expect(headers['x-frame-options']?.toUpperCase() === 'DENY', `${what}: X-Frame-Options ${headers['x-frame-options'] ?? 'missing'}`);
    }
  }),
  check('RFC 9700 4.2.4', 'no page reveals its address to another site', REMEDY.headers, async (site) => {
    for (const [what, { headers }] of await shown(site)) {
      expect(QUIET.includes(headers['referrer-policy']), `${what}: Referrer-Policy ${headers['referrer-policy'] ?? 'missing'}`);
    }
  }),
  check('Fetch 3.6', 'browsers are told not to guess content types', REMEDY.headers, async (site) => {
    const replies = [...await shown(site), ['the token endpoint', await site.post(PATHS.token)], ['the metadata', await site.get(PATHS.metadata)]];
    for (const [what, { headers }] of replies) {
      expect(headers['x-content-type-options'] === 'nosniff', `${what}: X-Content-Type-Options ${headers['x-content-type-options'] ?? 'missing'}`);
    }
  }),
  check('CSP 6.1', 'pages load nothing from other sites, and are not allowed to', NO_SCRIPTS, async (site) => {
    for (const [what, { headers, text }] of await shown(site)) {
      const policy = headers['content-security-policy'] ?? '';
      expect(/(^|;)\s*default-src 'none'/.test(policy), `${what}: Content-Security-Policy ${policy || 'missing'}`);
      const foreign = [...text.matchAll(/<(?:script|link|img|iframe|object|embed)\b[^>]*\b(?:src|href|data)="([^"]*)"/g)]
        .map(([, address]) => new URL(address, site.issuer))
        .find((address) => address.origin !== site.issuer && address.protocol !== 'data:');
      expect(!foreign, `${what} loads ${foreign}`);
    }
  }),
  check('RFC 9111 5.2.2.5', 'pages are not cached', REMEDY.cache, async (site) => {
    for (const [what, { headers }] of await shown(site)) {
      expect(/\bno-store\b/.test(headers['cache-control'] ?? ''), `${what}: Cache-Control ${headers['cache-control'] ?? 'missing'}`);
    }
  }),
  check('Willcall', 'anyone not signed in is sent to the sign-in page of this host', REMEDY.deploy, async (site) => {
    const reply = await site.get(PATHS.account);
    const target = new URL(reply.headers.location ?? '', site.issuer);
    expect([302, 303].includes(reply.status) && target.origin === site.issuer && target.pathname === PATHS.login, seen(reply));
  }),
  check('RFC 6265 4.1.2', 'cookies have no Domain, and are HttpOnly and SameSite', REMEDY.headers, async (site) => {
    const { cookies } = await site.get(PATHS.login);
    expect(cookies.length > 0, 'no cookie on the sign-in page');
    for (const line of cookies) {
      const [pair, ...attributes] = line.split(/\s*;\s*/);
      const name = pair.split('=')[0];
      expect(!attributes.some((each) => /^domain\b/i.test(each)), `${name} has a Domain`);
      expect(attributes.some((each) => /^httponly$/i.test(each)), `${name} is not HttpOnly`);
      expect(attributes.some((each) => /^samesite=(lax|strict)$/i.test(each)), `${name} is not SameSite`);
    }
  }),
  check('RFC 6265bis 4.1.3.2', 'cookies are named __Host-, with Secure and Path=/', REMEDY.headers, async (site) => {
    if (!site.isHttps) throw new NotChecked('browsers do not accept such a cookie over plain http');
    const { cookies } = await site.get(PATHS.login);
    expect(cookies.length > 0, 'no cookie on the sign-in page');
    for (const line of cookies) {
      const [pair, ...attributes] = line.split(/\s*;\s*/);
      const sound = pair.startsWith('__Host-') && ['secure', 'path=/'].every((wanted) => attributes.some((each) => each.toLowerCase() === wanted));
      expect(sound, [pair.split('=')[0], ...attributes].join('; '));
    }
  }),
  check('RFC 6749 10.12', 'a form without its token, or without the browser\'s cookie, is 403', REMEDY.deploy, async (site) => {
    const { fields, cookies } = await signInForm(site);
    const { form_token, ...rest } = fields;
    expectStatus(await site.post(PATHS.login, rest, cookies), 403);
    expectStatus(await site.post(PATHS.login, fields), 403);
    expectStatus(await site.post('/account/consent', { decision: 'authorize' }), 403);
  }),
  check('RFC 6749 10.12', 'a form sent from another site is 403', REMEDY.deploy, async (site) => {
    const { fields, cookies } = await signInForm(site);
    expectStatus(await site.post(PATHS.login, fields, { ...cookies, Origin: 'https://elsewhere.invalid' }), 403);
  }),
  check('Willcall', 'a genuine form is read: a wrong password shows the form again, with 400', WAIT, async (site) => {
    const { fields, cookies } = await signInForm(site);
    const reply = await site.post(PATHS.login, fields, { ...cookies, Origin: 'null' });
    expectStatus(reply, 400);
    expect(/type="password"/.test(reply.text), seen(reply));
  }),
];
