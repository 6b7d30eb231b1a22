//! Introspection (RFC 7662; contract 6). It asks the token's authority, so what was revoked or rotated
//! away a moment ago is inactive.
//!
//! Order of checks: 1. the body, 2. client authentication, confidential only, 3. the integration,
//! 4. the token; whatever is wrong with the token itself is `{"active":false}`.

mod look_up;

use serde::Serialize;

use super::Site;
use super::client_auth::{self, AuthenticatedClient, Stop};
use crate::directory::catalogue::{Mode, TOKEN_INTROSPECT};
use crate::directory::event::EventRecord;
use crate::directory::integration::Integration;
use crate::protocol::client::ClientType;
use crate::protocol::time::UnixTime;
use crate::store::directory::Source;
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::access_token::AccessToken;
use crate::token::personal_access_token::PersonalAccessToken;
use crate::token::refresh_token::RefreshToken;
use crate::web::reply::Reply;

/// RFC 7662 section 2.2.
#[derive(Debug, Default, Serialize)]
struct Introspection {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

/// `POST /api/oauth/introspect` and its aliases.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn post<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    match answer(site).await {
        Ok(found) => Ok(client_auth::success(&found)),
        Err(stop) => stop.into_reply(),
    }
}

async fn answer<P: Ports>(site: &Site<'_, P>) -> Result<Introspection, Stop> {
    // 1.
    let params = client_auth::body(site).await?;
    // 2.
    let client = client_auth::authenticate(site, &params).await?;
    if client.application().client_type == ClientType::Public {
        return Err(client.refuse("Only confidential clients can use introspection."));
    }
    // 3.
    let (event, integration) = client_auth::require_integration(site, &client).await?;
    let Some(token) = params.get("token") else {
        return Err(Stop::invalid_request("token is missing."));
    };
    site.ports
        .count(&site.event.id, client.id().as_str(), Counted::Call);
    // 4.
    let asker = Asker {
        site,
        client: &client,
        sees_all: sees_all(&event, &integration),
    };
    // What does not verify is nobody's, and costs no look-up.
    let Some(token) = asker.open(token) else {
        return Ok(Introspection::default());
    };
    let mut found = asker.look_up(&token).await?;
    // What is hidden from it, a replica may be behind about.
    if found.is_none() && !asker.sees_all && asker.may_be_anothers(&token) {
        let now = client.integration(site, Source::Authority).await?;
        if now.is_some_and(|(event, integration)| sees_all(&event, &integration)) {
            found = Asker {
                sees_all: true,
                ..asker
            }
            .look_up(&token)
            .await?;
        }
    }
    Ok(found.unwrap_or_default())
}

fn sees_all(event: &EventRecord, integration: &Integration) -> bool {
    event
        .approved(integration, Mode::Service)
        .has(TOKEN_INTROSPECT)
}

/// A token this event signed.
enum Token {
    Access(AccessToken),
    Refresh(RefreshToken),
    Personal(PersonalAccessToken),
}

struct Asker<'a, P> {
    site: &'a Site<'a, P>,
    client: &'a AuthenticatedClient,
    sees_all: bool,
}

impl<P: Ports> Asker<'_, P> {
    fn open(&self, text: &str) -> Option<Token> {
        let (ring, event) = (self.site.ring, &self.site.event.id);
        AccessToken::open(ring, event, &self.site.issuer, text)
            .map(Token::Access)
            .or_else(|| RefreshToken::open(ring, event, text).map(Token::Refresh))
            .or_else(|| PersonalAccessToken::open(ring, event, text).map(Token::Personal))
    }

    /// Whether a token is, or may be, one that only those see who see all.
    fn may_be_anothers(&self, token: &Token) -> bool {
        match token {
            Token::Access(token) => {
                token.client_id != *self.client.id() && self.site.now < token.exp
            }
            // It does not say whose it is.
            Token::Refresh(_) | Token::Personal(_) => true,
        }
    }

    async fn look_up(&self, token: &Token) -> Result<Option<Introspection>, Stop> {
        match token {
            Token::Access(token) => self.access_token(token.clone()).await,
            Token::Refresh(token) => self.refresh_token(token).await,
            Token::Personal(token) if self.sees_all => self.personal(token).await,
            Token::Personal(_) => Ok(None),
        }
    }
}
