// @cloudflare/workers-oauth-provider in one Worker, as its README's "One Worker" shows. The pages are the
// application's own there: whoever asks here is signed in and agrees, as only what comes after is measured.
import { OAuthProvider } from '@cloudflare/workers-oauth-provider';

const apiHandler = {
  fetch: (request, env, context) => Response.json({ id: context.props.userId, name: context.props.name, email: context.props.email }),
};

const defaultHandler = {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === '/clients') {
      const client = await env.OAUTH_PROVIDER.createClient({
        clientName: 'Client', redirectUris: ['https://client.example/cb'], tokenEndpointAuthMethod: 'client_secret_basic',
      });
      return Response.json({ client_id: client.clientId, client_secret: client.clientSecret });
    }
    if (url.pathname !== '/authorize') return new Response('not found', { status: 404 });
    const oauthRequest = await env.OAUTH_PROVIDER.parseAuthRequest(request);
    const userId = url.searchParams.get('login_hint');
    const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization({
      request: oauthRequest, userId, metadata: {}, scope: oauthRequest.scope,
      props: { userId, name: `Person ${userId}`, email: `${userId}@example.org` },
    });
    return new Response(null, { status: 303, headers: { location: redirectTo } });
  },
};

let provider;

export default {
  fetch(request, env, context) {
    // The port is known only now. In a deployment this would stand at the top.
    const { origin } = new URL(request.url);
    provider ??= new OAuthProvider({
      apiRoute: '/api',
      apiHandler,
      defaultHandler,
      authorizeEndpoint: '/authorize',
      tokenEndpoint: '/token',
      scopesSupported: ['pii:basic', 'pii:email'],
      resourceMetadata: { resource: `${origin}/api`, authorization_servers: [origin] },
      accessTokenTTL: 3600,
    });
    return provider.fetch(request, env, context);
  },
};
