// @openauthjs/openauth on Workers KV. Its examples make the issuer in each request, as bindings are only there
// (`/made-per-request`); then it reads its keys from KV each time. Kept between requests it does not
// (`/kept`): both are measured, and compared with is the cheaper one.
import { issuer } from '@openauthjs/openauth';
import { CloudflareStorage } from '@openauthjs/openauth/storage/cloudflare';

// The provider for machines, as the library's interface has it: it decides who the client is.
const machines = {
  type: 'machines',
  init() {},
  async client({ clientID, clientSecret }) {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(clientSecret));
    if (clientID !== 'client' || digest.byteLength !== 32) throw new Error('unknown client');
    return { clientID };
  },
};

const subjects = {
  client: { '~standard': { version: 1, vendor: 'benchmark', validate: (value) => ({ value }) } },
};

let made = 0;

const make = (env) => issuer({
  subjects,
  storage: CloudflareStorage({ namespace: env.OPENAUTH_KV }),
  providers: { machines },
  // Without a retention the old token's record is written with a TTL of 60 seconds less what has passed, and KV
  // refuses less than 60.
  ttl: { access: 3600, retention: 60 },
  // A subject of its own for each call: its refresh tokens are filed under it.
  success: async (context, { clientID }) => context.subject('client', { clientID, turn: made++ }),
});

let kept;

export default {
  fetch(request, env, context) {
    const url = new URL(request.url);
    const fresh = url.pathname.startsWith('/made-per-request/');
    url.pathname = url.pathname.replace(/^\/(made-per-request|kept)/, '');
    kept ??= make(env);
    return (fresh ? make(env) : kept).fetch(new Request(url, request), env, context);
  },
};
