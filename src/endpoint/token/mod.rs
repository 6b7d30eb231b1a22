//! The token endpoint (RFC 6749 section 3.2; contract 4).
//!
//! Order of checks: 1. the body, 2. client authentication, 3. `grant_type`, 4. the integration, 5. the
//! grant's own parameters, 6. the code or token; storage last, so that what fails burns nothing.

mod settle;

use std::rc::Rc;

use serde::Serialize;

use super::Site;
use super::client_auth::{self, AuthenticatedClient, Stop};
use crate::account::command::Command;
use crate::directory::application::Application;
use crate::directory::catalogue::Mode;
use crate::directory::event::EventRecord;
use crate::directory::integration::Integration;
use crate::protocol::client::ClientType;
use crate::protocol::error::TokenError;
use crate::protocol::params::Params;
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::scope::Scope;
use crate::store::directory::{self, Source};
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::access_token::{LIFETIME, Subject};
use crate::token::authorization_code::{AuthorizationCode, Binding};
use crate::token::id::{GrantId, OwnerId};
use crate::token::refresh_token::RefreshToken;
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
    let known = Known { event, integration };
    let asked = match params.get("scope").map(Scope::parse).transpose() {
        Ok(asked) => asked.filter(|asked| !asked.is_empty()),
        Err(_) => {
            return Err(invalid_scope(
                "scope has a name that is too long, or a character that is not allowed.",
            ));
        }
    };
    let request = Request {
        site,
        params,
        client,
        known,
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

const BAD_CODE: &str = "The code is invalid, expired, already used or for another client, or redirect_uri or code_verifier does not match. Start a new authorization.";
const BAD_REFRESH_TOKEN: &str = "The refresh token is invalid or already used, or its grant has ended. Start a new authorization.";

struct Request<'a, P> {
    site: &'a Site<'a, P>,
    params: &'a Params,
    client: &'a AuthenticatedClient,
    known: Known,
    asked: Option<Scope>,
}

/// What the event's records say, by a replica or by the event's object.
#[derive(Clone)]
struct Known {
    event: Rc<EventRecord>,
    integration: Rc<Integration>,
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
        let mut opened = self.open(text, self.client.application(), challenge.as_ref());
        if opened.is_none() && self.params.get("redirect_uri").is_none() {
            // The one that was used may have been registered since the application was read here.
            let (id, source) = (self.client.id(), Source::Authority);
            let now = directory::client(site.ports, &site.event, id, source, site.now).await?;
            opened = now.and_then(|now| self.open(text, &now.application, challenge.as_ref()));
        }
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
            owner: code.account_id.clone().into(),
            grant_id: code.grant_id.clone(),
            generation: 1,
        };
        let settled = self
            .settle(
                &self.known,
                Mode::Obo,
                BAD_CODE,
                |_| first.clone(),
                |_, begin| Command::Redeem {
                    code: code.clone(),
                    asked: self.asked.clone(),
                    begin,
                },
            )
            .await?;
        self.success(Subject::Person(code.account_id), settled)
    }

    /// The code, if it verifies. It says nothing of its redirect URI: it verifies under the right one only.
    fn open(
        &self,
        text: &str,
        application: &Application,
        challenge: Option<&CodeChallenge>,
    ) -> Option<AuthorizationCode> {
        let site = self.site;
        let opens = |redirect_uri: &str, redirect_uri_sent| {
            let binding = Binding {
                redirect_uri,
                redirect_uri_sent,
                challenge,
            };
            AuthorizationCode::open(site.ring, &site.event.id, text, &binding)
        };
        match self.params.get("redirect_uri") {
            Some(uri) => [true, false].into_iter().find_map(|sent| opens(uri, sent)),
            // Left out, as it was in the request if the code opens so: then it was the only one, whatever was
            // registered since.
            None => application
                .redirect_uris
                .iter()
                .find_map(|uri| opens(uri, false)),
        }
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
        let (subject, mode, known) = match token.owner.account() {
            Some(account_id) => (Subject::Person(account_id), Mode::Obo, self.known.clone()),
            None => (
                self.service(),
                Mode::Service,
                self.service_known(&token.owner).await?,
            ),
        };
        let successor = RefreshToken {
            generation: token.generation.saturating_add(1),
            ..token.clone()
        };
        let settled = self
            .settle(
                &known,
                mode,
                BAD_REFRESH_TOKEN,
                |_| successor.clone(),
                |known, begin| Command::Refresh {
                    grant_id: token.grant_id.clone(),
                    client_id: self.client.id().clone(),
                    presented: token.generation,
                    asked: self.asked.clone(),
                    window: known.event.settings.retry_window,
                    idle_days: known.event.settings.refresh_idle_days,
                    idle_ended_before: known.event.settings.idle_ended_before,
                    begin,
                },
            )
            .await?;
        self.success(subject, settled)
    }

    /// The records under which a service's refresh token may be used. That it is another service's, or of
    /// an integration deleted since, or that refresh tokens are switched off, is the authority's to say.
    async fn service_known(&self, owner: &OwnerId) -> Result<Known, Stop> {
        let fits = |integration: &Integration| {
            integration.service_owner() == *owner && integration.service_refresh_tokens
        };
        if fits(&self.known.integration) {
            return Ok(self.known.clone());
        }
        let now = self
            .client
            .integration(self.site, Source::Authority)
            .await?;
        match now {
            Some((event, integration)) if fits(&integration) => Ok(Known { event, integration }),
            _ => Err(self.refuse(
                BAD_REFRESH_TOKEN,
                &"another service's refresh token, or they are switched off",
            )),
        }
    }

    /// RFC 6749 section 4.4. Without a refresh token there is nothing to ask anybody.
    async fn client_credentials(&self) -> Result<Success, Stop> {
        let site = self.site;
        if self.client.application().client_type == ClientType::Public {
            return Err(Stop::error(
                400,
                TokenError::UnauthorizedClient,
                "A public client cannot use the client_credentials grant.",
            ));
        }
        let (known, scope) = match self.service_scope(&self.known) {
            Some(scope) => (self.known.clone(), scope),
            // Refused on the authority's word only.
            None => {
                let (event, integration) = self
                    .client
                    .integration(site, Source::Authority)
                    .await?
                    .ok_or_else(client_auth::not_approved)?;
                let known = Known { event, integration };
                let scope = self
                    .service_scope(&known)
                    .ok_or_else(|| self.not_for_services(&known))?;
                (known, scope)
            }
        };
        if !known.integration.service_refresh_tokens {
            let incarnation = known.integration.incarnation.clone();
            let access_token = self.access_token(self.service(), &scope, incarnation, None)?;
            return Ok(Success {
                access_token,
                token_type: "Bearer",
                expires_in: LIFETIME,
                scope: scope.to_string(),
                refresh_token: None,
            });
        }
        let grant_id = GrantId::mint(site.ports);
        let settled = self
            .settle(
                &known,
                Mode::Service,
                "The grant could not be created.",
                |integration| RefreshToken {
                    owner: integration.service_owner(),
                    grant_id: grant_id.clone(),
                    generation: 1,
                },
                |_, begin| Command::BeginService {
                    grant_id: grant_id.clone(),
                    client_id: self.client.id().clone(),
                    scope: scope.clone(),
                    begin,
                },
            )
            .await?;
        self.success(self.service(), settled)
    }

    /// The client as whom its own tokens act for.
    fn service(&self) -> Subject {
        Subject::Service(self.client.id().clone())
    }

    fn service_scope(&self, known: &Known) -> Option<Scope> {
        let approved = known.event.approved(&known.integration, Mode::Service);
        match &self.asked {
            None => (!approved.is_empty()).then_some(approved),
            Some(asked) => asked.is_within(&approved).then(|| asked.clone()),
        }
    }

    /// `invalid_scope`, which names the first scope that cannot be had.
    fn not_for_services(&self, known: &Known) -> Stop {
        let approved = known.event.approved(&known.integration, Mode::Service);
        let missing = self
            .asked
            .iter()
            .flat_map(Scope::names)
            .find(|name| !approved.has(name) && !approved.is_empty());
        match missing {
            Some(name) => invalid_scope(&format!(
                "The organiser has not approved {name} for this application as a service."
            )),
            None => invalid_scope(
                "The organiser has not approved any scopes for this application as a service.",
            ),
        }
    }

    fn refuse(&self, description: &str, why: &dyn core::fmt::Debug) -> Stop {
        self.site.log_refusal("token", why);
        invalid_grant(description)
    }
}
