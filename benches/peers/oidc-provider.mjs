// oidc-provider on Node with its memory adapter: a process of its own, which tells its port and, asked for
// them, refresh tokens of people who agreed.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const SCOPE = 'offline_access pii:basic pii:email';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const provider = new Provider('http://127.0.0.1', {
  clients: [{
    client_id: 'client', client_secret: 'a-secret-of-the-benchmark', redirect_uris: ['https://client.example/cb'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], id_token_signed_response_alg: 'ES256',
  }],
  scopes: SCOPE.split(' '),
  features: {
    clientCredentials: { enabled: true }, introspection: { enabled: true }, devInteractions: { enabled: false },
  },
  findAccount: (context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  // As Willcall does at every refresh.
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, ClientCredentials: 3600, Grant: 86_400, RefreshToken: 86_400 },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  jwks: { keys: [privateKey.export({ format: 'jwk' })] },
});

/** What the code exchange would have made, by the library's own models. Its LRU keeps a thousand entries: few are asked for. */
async function refreshToken(accountId) {
  const client = await provider.Client.find('client');
  const grant = new provider.Grant({ accountId, clientId: 'client' });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  return new provider.RefreshToken({
    accountId, client, grantId, gty: 'authorization_code', scope: SCOPE, authTime: Math.floor(Date.now() / 1000), expiresWithSession: false,
  }).save();
}

process.on('disconnect', () => process.exit());
process.on('message', async (count) => {
  process.send({ tokens: await Promise.all(Array.from({ length: count }, (_, at) => refreshToken(`person-${at}`))) });
});

const server = provider.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
