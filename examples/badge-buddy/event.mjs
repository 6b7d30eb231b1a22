// All that this application knows of OAuth: which calls of the client library to make, and when.
import * as openid from 'openid-client';

/** The event's authorization server, as one application sees it. */
export class EventAccounts {
  #settings;
  #configuration;

  constructor({ issuer, clientId, clientSecret, redirectUri, scope }) {
    this.issuer = new URL(issuer);
    this.#settings = { clientId, clientSecret, redirectUri, scope };
  }

  /** Asked for once and then kept; a failure is not kept, so that the server may come up after us. */
  #discover() {
    this.#configuration ??= this.#read().catch((error) => {
      this.#configuration = undefined;
      throw error;
    });
    return this.#configuration;
  }

  #read() {
    const { clientId, clientSecret } = this.#settings;
    // Plain http is for a server on this machine only.
    const execute = isLoopback(this.issuer) ? [openid.allowInsecureRequests] : [];
    return openid.discovery(this.issuer, clientId, clientSecret, undefined, { algorithm: 'oauth2', execute });
  }

  /** Where to send the browser, and what to remember until it comes back. */
  async begin() {
    const pending = { state: openid.randomState(), verifier: openid.randomPKCECodeVerifier() };
    const url = openid.buildAuthorizationUrl(await this.#discover(), {
      redirect_uri: this.#settings.redirectUri,
      scope: this.#settings.scope,
      state: pending.state,
      code_challenge: await openid.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    return { url, pending };
  }

  /** Exchanges the code. The library checks `state` and `iss`, and sends the verifier. */
  async finish(callback, { state, verifier }) {
    const configuration = await this.#discover();
    return openid.authorizationCodeGrant(configuration, callback, { expectedState: state, pkceCodeVerifier: verifier });
  }

  async refresh(tokens) {
    return openid.refreshTokenGrant(await this.#discover(), tokens.refresh_token);
  }

  /** Ends everything that the person allowed here, not only this browser's part of it. */
  async revoke(tokens) {
    await openid.tokenRevocation(await this.#discover(), tokens.refresh_token);
  }

  async currentUser(tokens) {
    const url = new URL('/api/users/current', this.issuer);
    const response = await openid.fetchProtectedResource(await this.#discover(), tokens.access_token, url, 'GET');
    // The library throws for what is refused with a challenge (401, 403). What else is no answer, such as a 503, is left to us.
    if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`);
    return response.json();
  }
}

function isLoopback({ protocol, hostname }) {
  return protocol === 'http:' && (hostname === 'localhost' || hostname.endsWith('.localhost') || ['127.0.0.1', '[::1]'].includes(hostname));
}

/** Whether the API refused the access token. That alone ends nothing: a renewal tells. */
export function isRefused(error) {
  return error instanceof openid.WWWAuthenticateChallengeError && error.status === 401;
}

/** Whether the event said that these tokens are worth nothing any more. Nothing else says so. */
export function isOver(error) {
  return error.error === 'invalid_grant';
}

/** Whether the organisers have suspended this application, or not approved it. Afterwards the same tokens are good again. */
export function isPaused(error) {
  return error.error === 'unauthorized_client';
}

/** Whether the event sent the person back because they may not grant what was asked for: a request of ours has no other fault. */
export function lacksPermission(error) {
  return error instanceof openid.AuthorizationResponseError && error.error === 'invalid_request';
}
