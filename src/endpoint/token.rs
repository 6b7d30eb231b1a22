//! The token endpoint (RFC 6749 section 3.2; contract 4).
//!
//! Order of checks: 1. the body, 2. client authentication, 3. `grant_type`, 4. the integration, 5. the
//! grant's own parameters, 6. the code or token; storage last, so that what fails burns nothing.

use std::rc::Rc;

use serde::Serialize;

use super::Site;
use super::client_auth::{self, AuthenticatedClient, Stop};
use crate::account::command::{Begin, Command, Refusal, Reply as AccountReply};
use crate::directory::catalogue::Mode;
use crate::directory::event::EventRecord;
use crate::directory::integration::Integration;
use crate::grant::state::RefreshRefusal;
use crate::protocol::client::ClientType;
use crate::protocol::error::TokenError;
use crate::protocol::params::Params;
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::redirect_uri;
use crate::protocol::scope::Scope;
use crate::store::directory::Source;
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::access_token::{AccessToken, LIFETIME};
use crate::token::authorization_code::{AuthorizationCode, Binding};
use crate::token::random_id;
use crate::token::refresh_token::{RefreshToken, replica_hash};
use crate::web::reply::Reply;

#[derive(Serialize)]
struct Success {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// `POST /api/oauth/token` and its aliases.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn post<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    match issue(site).await {
        Ok(success) => Ok(client_auth::success(&success)),
        Err(stop) => stop.into_reply(),
    }
}

async fn issue<P: Ports>(site: &Site<'_, P>) -> Result<Success, Stop> {
    // 1.
    let params = client_auth::body(site).await?;
    // 2.
    let client = client_auth::authenticate(site, &params).await?;
    let outcome = grant(site, &params, &client).await;
    let counted = match &outcome {
        Ok((grant_type, _)) => Counted::Token(grant_type),
        Err(_) => Counted::Refusal,
    };
    site.ports
        .count(&site.event.id, client.id().as_str(), counted);
    outcome.map(|(_, success)| success)
}

async fn grant<P: Ports>(
    site: &Site<'_, P>,
    params: &Params,
    client: &AuthenticatedClient,
) -> Result<(&'static str, Success), Stop> {
    // 3.
    let Some(grant_type) = params.get("grant_type") else {
        return Err(Stop::invalid_request("grant_type is missing."));
    };
    let grant_type = match grant_type {
        "authorization_code" => "authorization_code",
        "refresh_token" => "refresh_token",
        "client_credentials" => "client_credentials",
        _ => {
            return Err(Stop::error(
                400,
                TokenError::UnsupportedGrantType,
                "grant_type must be authorization_code, refresh_token or client_credentials.",
            ));
        }
    };
    // 4.
    let (event, integration) = client_auth::require_integration(site, client).await?;
    let asked = match params.get("scope").map(Scope::parse).transpose() {
        Ok(asked) => asked.filter(|asked| !asked.is_empty()),
        Err(_) => return Err(invalid_scope("scope has a character that is not allowed.")),
    };
    let request = Request {
        site,
        params,
        client,
        event,
        integration,
        asked,
    };
    // 5. and 6.
    let success = match grant_type {
        "authorization_code" => request.authorization_code().await?,
        "refresh_token" => request.refresh_token().await?,
        _ => request.client_credentials().await?,
    };
    Ok((grant_type, success))
}

fn invalid_scope(description: &str) -> Stop {
    Stop::error(400, TokenError::InvalidScope, description)
}

fn invalid_grant(description: &str) -> Stop {
    Stop::error(400, TokenError::InvalidGrant, description)
}

const BAD_CODE: &str = "The code is wrong, expired, used, or for another client, redirect_uri or code_verifier. Start a new authorization.";
const BAD_REFRESH_TOKEN: &str =
    "The refresh token is wrong, used or ended. Start a new authorization.";

struct Request<'a, P> {
    site: &'a Site<'a, P>,
    params: &'a Params,
    client: &'a AuthenticatedClient,
    event: Rc<EventRecord>,
    integration: Rc<Integration>,
    asked: Option<Scope>,
}

/// What an account's object settled on.
struct Settled {
    scope: Scope,
    generation: u64,
    kid: String,
}

impl<P: Ports> Request<'_, P> {
    /// RFC 6749 section 4.1.3.
    async fn authorization_code(&self) -> Result<Success, Stop> {
        let site = self.site;
        let Some(text) = self.params.get("code") else {
            return Err(Stop::invalid_request("code is missing."));
        };
        let challenge = match self.params.get("code_verifier") {
            None => None,
            Some(verifier) => match CodeChallenge::of_verifier(verifier) {
                None => return Err(self.refuse(BAD_CODE, &"code_verifier is malformed")),
                some => some,
            },
        };
        // The code says nothing of its redirect URI; it verifies under the right one only.
        let application = self.client.application();
        let sent = self.params.get("redirect_uri");
        let used = match sent {
            Some(uri) => Some(uri.to_owned()),
            None => {
                redirect_uri::confirm(None, &application.redirect_uris, application.client_type)
                    .map(|uri| uri.as_str().to_owned())
            }
        };
        let opened = used.and_then(|redirect_uri| {
            [true, false]
                .into_iter()
                .filter(|was_sent| sent.is_some() || !was_sent)
                .find_map(|was_sent| {
                    let binding = Binding {
                        redirect_uri: &redirect_uri,
                        redirect_uri_sent: was_sent,
                        challenge: challenge.as_ref(),
                    };
                    AuthorizationCode::open(site.ring, &site.event.id, text, &binding)
                })
        });
        let Some(code) = opened else {
            return Err(self.refuse(BAD_CODE, &"the code does not verify"));
        };
        if code.client_id != *self.client.id() {
            return Err(self.refuse(BAD_CODE, &"the code is another client's"));
        }
        if site.now >= code.expires_at {
            return Err(self.refuse(BAD_CODE, &"the code has expired"));
        }
        let first = RefreshToken {
            owner: code.account_id.clone(),
            grant_id: code.grant_id.clone(),
            generation: 1,
        };
        let attempt = random_id("", site.ports);
        let settled = self
            .settle(&code.account_id, &first, Mode::Obo, BAD_CODE, |begin| {
                Command::Redeem {
                    code: code.clone(),
                    asked: self.asked.clone(),
                    begin: Begin {
                        attempt: attempt.clone(),
                        ..begin
                    },
                }
            })
            .await?;
        self.success(&first, &code.account_id, settled)
    }

    /// RFC 6749 section 6.
    async fn refresh_token(&self) -> Result<Success, Stop> {
        let site = self.site;
        let Some(text) = self.params.get("refresh_token") else {
            return Err(Stop::invalid_request("refresh_token is missing."));
        };
        let Some(token) = RefreshToken::open(site.ring, &site.event.id, text) else {
            return Err(self.refuse(BAD_REFRESH_TOKEN, &"the refresh token does not verify"));
        };
        let service = self.is_own_service(&token.owner);
        if !service && token.owner.starts_with("svc_") {
            return Err(self.refuse(BAD_REFRESH_TOKEN, &"another service's refresh token"));
        }
        // Switching a service's refresh tokens off ends those begun before by comparison; one begun where
        // a replica was behind ends here.
        if service && !self.integration.service_refresh_tokens {
            let now = self.client.integration(site, Source::Authority).await?;
            if !now.is_some_and(|(_, integration)| integration.service_refresh_tokens) {
                return Err(self.refuse(BAD_REFRESH_TOKEN, &"refresh tokens are switched off"));
            }
        }
        let mode = if service { Mode::Service } else { Mode::Obo };
        let successor = RefreshToken {
            generation: token.generation.saturating_add(1),
            ..token.clone()
        };
        let attempt = random_id("", site.ports);
        let settings = &self.event.settings;
        let settled = self
            .settle(&token.owner, &successor, mode, BAD_REFRESH_TOKEN, |begin| {
                Command::Refresh {
                    grant_id: token.grant_id.clone(),
                    client_id: self.client.id().clone(),
                    presented: token.generation,
                    asked: self.asked.clone(),
                    window: settings.retry_window,
                    idle_days: settings.refresh_idle_days,
                    begin: Begin {
                        attempt: attempt.clone(),
                        ..begin
                    },
                }
            })
            .await?;
        let subject = if service {
            self.client.id().as_str()
        } else {
            &token.owner
        };
        self.success(&successor, subject, settled)
    }

    fn is_own_service(&self, owner: &str) -> bool {
        self.integration.service_owner() == owner
    }

    /// RFC 6749 section 4.4. Without a refresh token there is nothing to ask anybody.
    async fn client_credentials(&self) -> Result<Success, Stop> {
        let site = self.site;
        if self.client.application().client_type == ClientType::Public {
            return Err(Stop::error(
                400,
                TokenError::UnauthorizedClient,
                "A public client has no credentials of its own to use this grant with.",
            ));
        }
        let mut known = (Rc::clone(&self.event), Rc::clone(&self.integration));
        let scope = match self.service_scope(&known.0, &known.1) {
            Some(scope) => scope,
            // Refused on the authority's word only.
            None => {
                known = self
                    .client
                    .integration(site, Source::Authority)
                    .await?
                    .ok_or_else(|| {
                        invalid_scope("Nothing is approved for this application here.")
                    })?;
                self.service_scope(&known.0, &known.1).ok_or_else(|| {
                    invalid_scope("Only scopes that the organiser approved for this application as a service.")
                })?
            }
        };
        let (_, integration) = known;
        if !integration.service_refresh_tokens {
            let access_token = self.access_token(self.client.id().as_str(), &scope, None)?;
            return Ok(Success {
                access_token,
                token_type: "Bearer",
                expires_in: LIFETIME,
                scope: scope.to_string(),
                refresh_token: None,
            });
        }
        let owner = integration.service_owner();
        let grant_id = random_id("gr_", site.ports);
        let first = RefreshToken {
            owner: owner.clone(),
            grant_id: grant_id.clone(),
            generation: 1,
        };
        let attempt = random_id("", site.ports);
        let settled = self
            .settle(
                &owner,
                &first,
                Mode::Service,
                "The grant could not be made.",
                |begin| Command::BeginService {
                    grant_id: grant_id.clone(),
                    client_id: self.client.id().clone(),
                    scope: scope.clone(),
                    begin: Begin {
                        attempt: attempt.clone(),
                        ..begin
                    },
                },
            )
            .await?;
        self.success(&first, self.client.id().as_str(), settled)
    }

    fn service_scope(&self, event: &EventRecord, integration: &Integration) -> Option<Scope> {
        let approved = event.approved(integration, Mode::Service);
        match &self.asked {
            None => (!approved.is_empty()).then_some(approved),
            Some(asked) => asked.is_within(&approved).then(|| asked.clone()),
        }
    }

    /// Asks the account's object, first with the replica's rules, and with the authority's if it
    /// would drop something on theirs.
    async fn settle(
        &self,
        owner: &str,
        next: &RefreshToken,
        mode: Mode,
        refusal: &str,
        command: impl Fn(Begin) -> Command,
    ) -> Result<Settled, Stop> {
        let site = self.site;
        let kid = site.ring.current_kid();
        let Some(token) = next.seal(site.ring, &site.event.id, kid) else {
            return Err(Fault::Broken("a refresh token could not be signed").into());
        };
        let mut begin = Begin {
            attempt: String::new(),
            kid: kid.to_owned(),
            token_hash: replica_hash(site.ring, &site.event.id, &token),
            incarnation: self.integration.incarnation.clone(),
            rules: self.event.rules(&self.integration, mode, false),
        };
        let mut reply = site.account(owner, &command(begin.clone())).await?;
        // An ended code or grant may be the replica's mistake: its incarnation may be behind.
        let doubtful = matches!(
            reply,
            AccountReply::AskAuthority
                | AccountReply::Refused(
                    Refusal::CodeEnded
                        | Refusal::Refresh(RefreshRefusal::Dead)
                        | Refusal::NoAccount
                )
        );
        if doubtful {
            let Some((event, integration)) =
                self.client.integration(site, Source::Authority).await?
            else {
                return Err(Stop::error(
                    400,
                    TokenError::UnauthorizedClient,
                    "The organiser of this event has not approved this application, or has suspended it.",
                ));
            };
            if reply == AccountReply::AskAuthority || integration.incarnation != begin.incarnation {
                begin.incarnation.clone_from(&integration.incarnation);
                begin.rules = event.rules(&integration, mode, true);
                reply = site.account(owner, &command(begin)).await?;
            }
        }
        match reply {
            AccountReply::Issued {
                scope,
                generation,
                kid,
            } => Ok(Settled {
                scope,
                generation,
                kid,
            }),
            AccountReply::ScopeRefused => Err(invalid_scope(
                "scope asks for more than was granted, or for nothing that is still allowed.",
            )),
            AccountReply::Refused(why) => {
                if let Refusal::CodeReplayed | Refusal::Refresh(RefreshRefusal::Reused) = why {
                    let kind = if why == Refusal::CodeReplayed {
                        "grant.code_replayed"
                    } else {
                        "grant.refresh_token_reused"
                    };
                    site.audit_later(kind, self.client.id().as_str(), &next.grant_id);
                }
                Err(self.refuse(refusal, &why))
            }
            _ => Err(
                Fault::Broken("the account's object gave another answer than was asked for").into(),
            ),
        }
    }

    fn refuse(&self, description: &str, why: &dyn core::fmt::Debug) -> Stop {
        self.site.log_refusal("token", why);
        invalid_grant(description)
    }

    fn success(
        &self,
        next: &RefreshToken,
        subject: &str,
        settled: Settled,
    ) -> Result<Success, Stop> {
        let site = self.site;
        // A retry answers with the generation that the rotation made, under the key it was made with.
        let token = RefreshToken {
            generation: settled.generation,
            ..next.clone()
        };
        let Some(refresh_token) = token.seal(site.ring, &site.event.id, &settled.kid) else {
            return Err(self.refuse(
                BAD_REFRESH_TOKEN,
                &"the key it was signed with has been dropped",
            ));
        };
        let access_token = self.access_token(
            subject,
            &settled.scope,
            Some((token.grant_id.clone(), settled.generation)),
        )?;
        Ok(Success {
            access_token,
            token_type: "Bearer",
            expires_in: LIFETIME,
            scope: settled.scope.to_string(),
            refresh_token: Some(refresh_token),
        })
    }

    fn access_token(
        &self,
        subject: &str,
        scope: &Scope,
        grant: Option<(String, u64)>,
    ) -> Result<String, Stop> {
        let site = self.site;
        let (grant_id, generation) = grant.unzip();
        let token = AccessToken {
            iss: site.issuer.as_str().to_owned(),
            sub: subject.to_owned(),
            aud: site.issuer.as_str().to_owned(),
            client_id: self.client.id().clone(),
            iat: site.now,
            exp: site.now.plus(LIFETIME),
            jti: random_id("", site.ports),
            scope: scope.clone(),
            incarnation: self.integration.incarnation.clone(),
            grant_id,
            generation,
        };
        token
            .seal(site.ring, &site.event.id)
            .ok_or_else(|| Fault::Broken("an access token could not be signed").into())
    }
}
