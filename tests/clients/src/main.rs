//! A client of the `oauth2` crate with its default settings, driven line by line: one command on
//! standard input, one line of JSON on standard output.
//!
//! ```text
//! authorize SCOPE…     the address to send the person to, with PKCE and a state
//! come-back ADDRESS    where the person came back to: checks the state, redeems the code
//! service SCOPE…       client_credentials
//! refresh              with the refresh token at hand
//! call                 GET /api/users/current with the access token at hand
//! introspect           the access token at hand
//! revoke               the refresh token at hand, or the access token if there is none
//! ```
//!
//! `oauth2-client ISSUER CONNECT CLIENT_ID REDIRECT_URI`, the secret (if any) in `CLIENT_SECRET`.
//! The crate revokes at an https address only, and nothing on a developer's machine speaks TLS, so
//! ISSUER is https and CONNECT the plain server behind it, which is told what address was asked for.

use std::error::Error;
use std::io::{BufRead as _, Write as _};

use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::http::{Request, Uri};
use oauth2::url::Url;
use oauth2::{
    AccessToken, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IntrospectionUrl, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, RevocationUrl, Scope, StandardRevocableToken,
    TokenIntrospectionResponse as _, TokenResponse as _, TokenUrl,
};
use serde_json::{Value, json};

type Anything = Box<dyn Error>;
/// A client that knows every address but the one for devices.
type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

fn main() -> Result<(), Anything> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, connect, client_id, redirect_uri] = arguments.as_slice() else {
        return Err("usage: oauth2-client ISSUER CONNECT CLIENT_ID REDIRECT_URI".into());
    };
    let mut session = Session {
        client: client(issuer, client_id, redirect_uri)?,
        transport: Transport::to(connect),
        issuer: issuer.clone(),
        outgoing: None,
        access_token: None,
        refresh_token: None,
    };
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = match session.answer(&line) {
            Ok(answer) => answer,
            Err(error) => json!({ "failed": error.to_string() }),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn client(issuer: &str, client_id: &str, redirect_uri: &str) -> Result<Client, Anything> {
    let client = BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_auth_uri(AuthUrl::new(format!("{issuer}/oauth/authorize"))?)
        .set_token_uri(TokenUrl::new(format!("{issuer}/api/oauth/token"))?)
        .set_introspection_url(IntrospectionUrl::new(format!(
            "{issuer}/api/oauth/introspect"
        ))?)
        .set_revocation_url(RevocationUrl::new(format!("{issuer}/api/oauth/revoke"))?)
        .set_redirect_uri(RedirectUrl::new(redirect_uri.to_owned())?);
    Ok(match std::env::var("CLIENT_SECRET") {
        Ok(secret) => client.set_client_secret(ClientSecret::new(secret)),
        Err(_) => client,
    })
}

struct Session {
    client: Client,
    transport: Transport,
    issuer: String,
    /// The request that the person was sent off with.
    outgoing: Option<(CsrfToken, PkceCodeVerifier)>,
    access_token: Option<AccessToken>,
    refresh_token: Option<RefreshToken>,
}

impl Session {
    fn answer(&mut self, line: &str) -> Result<Value, Anything> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let http = |request| self.transport.send(request);
        let scopes = rest
            .split_whitespace()
            .map(|name| Scope::new(name.to_owned()));
        match command {
            "authorize" => {
                let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
                let (url, state) = self
                    .client
                    .authorize_url(CsrfToken::new_random)
                    .add_scopes(scopes)
                    .set_pkce_challenge(challenge)
                    .url();
                self.outgoing = Some((state, verifier));
                Ok(json!({ "url": url }))
            }
            "come-back" => {
                let (state, verifier) = self.outgoing.take().ok_or("nobody was sent off")?;
                let url = Url::parse(rest)?;
                let given = |name: &str| {
                    url.query_pairs()
                        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
                };
                if given("state").as_ref() != Some(state.secret()) {
                    return Err("another state came back".into());
                }
                if let Some(error) = given("error") {
                    return Ok(json!({ "error": error }));
                }
                let code = given("code").ok_or("no code came back")?;
                let reply = self
                    .client
                    .exchange_code(AuthorizationCode::new(code))
                    .set_pkce_verifier(verifier)
                    .request(&http);
                self.keep(reply)
            }
            "service" => {
                let reply = self
                    .client
                    .exchange_client_credentials()
                    .add_scopes(scopes)
                    .request(&http);
                self.keep(reply)
            }
            "refresh" => {
                let token = self.refresh_token.clone().ok_or("no refresh token")?;
                let reply = self.client.exchange_refresh_token(&token).request(&http);
                self.keep(reply)
            }
            "call" => {
                let token = self.access_token.as_ref().ok_or("no access token")?;
                let request = Request::get(format!("{}/api/users/current", self.issuer))
                    .header("authorization", format!("Bearer {}", token.secret()))
                    .body(Vec::new())?;
                let response = http(request)?;
                let body: Value = serde_json::from_slice(response.body())?;
                Ok(json!({ "status": response.status().as_u16(), "body": body }))
            }
            "introspect" => {
                let token = self.access_token.as_ref().ok_or("no access token")?;
                Ok(match self.client.introspect(token).request(&http) {
                    Ok(reply) => json!({
                        "active": reply.active(),
                        "sub": reply.sub(),
                        "client_id": reply.client_id().map(|id| id.as_str()),
                        "expires": reply.exp().map(|at| at.timestamp()),
                    }),
                    Err(error) => refusal(error)?,
                })
            }
            "revoke" => {
                let token: StandardRevocableToken = match (&self.refresh_token, &self.access_token)
                {
                    (Some(token), _) => token.into(),
                    (None, Some(token)) => token.into(),
                    (None, None) => return Err("no token".into()),
                };
                match self.client.revoke_token(token)?.request(&http) {
                    Ok(()) => Ok(json!({ "revoked": true })),
                    Err(error) => Err(error.to_string().into()),
                }
            }
            _ => Err("no such command".into()),
        }
    }

    /// Keeps the tokens of an answer. A refresh token that was not replaced stays (RFC 6749 section 6).
    fn keep(
        &mut self,
        reply: Result<BasicTokenResponse, RequestTokenError<ureq::Error, BasicErrorResponse>>,
    ) -> Result<Value, Anything> {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => return refusal(error),
        };
        self.access_token = Some(reply.access_token().clone());
        let renewed = reply.refresh_token().is_some();
        if let Some(token) = reply.refresh_token() {
            self.refresh_token = Some(token.clone());
        }
        let scope = reply.scopes().map(|scopes| {
            let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            names.join(" ")
        });
        Ok(json!({
            "token_type": reply.token_type(),
            "expires_in": reply.expires_in().map(|time| time.as_secs()),
            "scope": scope,
            "refresh_token": renewed,
        }))
    }
}

/// What the server refused; any other failure stays one.
fn refusal(error: RequestTokenError<ureq::Error, BasicErrorResponse>) -> Result<Value, Anything> {
    match error {
        RequestTokenError::ServerResponse(refusal) => Ok(
            json!({ "error": refusal.error().as_ref(), "description": refusal.error_description() }),
        ),
        RequestTokenError::Request(error) => Err(error.into()),
        RequestTokenError::Parse(error, body) => {
            Err(format!("{error} in {}", String::from_utf8_lossy(&body)).into())
        }
        RequestTokenError::Other(why) => Err(why.into()),
    }
}

/// Stands for what ends TLS in front of the server.
struct Transport {
    agent: ureq::Agent,
    connect: String,
}

impl Transport {
    fn to(connect: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build();
        Self {
            agent: config.into(),
            connect: connect.to_owned(),
        }
    }

    fn send(&self, request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
        let (mut parts, body) = request.into_parts();
        let asked = parts.uri.clone();
        let path = asked.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{}{path}", self.connect)
            .parse::<Uri>()
            .map_err(|error| ureq::Error::Http(error.into()))?;
        for (name, value) in [
            (
                "host",
                asked.authority().map(|authority| authority.to_string()),
            ),
            ("mf-original-url", Some(asked.to_string())),
        ] {
            let value = value
                .unwrap_or_default()
                .parse()
                .map_err(|_| ureq::Error::BadUri(asked.to_string()))?;
            parts.headers.insert(name, value);
        }
        let (parts, mut body) = if parts.method == "GET" {
            self.agent.run(Request::from_parts(parts, ()))?
        } else {
            self.agent.run(Request::from_parts(parts, body))?
        }
        .into_parts();
        Ok(HttpResponse::from_parts(parts, body.read_to_vec()?))
    }
}
