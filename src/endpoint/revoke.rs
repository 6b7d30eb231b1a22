//! Revocation (RFC 7009; contract 6).
//!
//! Order of checks: 1. the body, 2. client authentication, 3. the token. It works for a suspended
//! integration too: taking back is always allowed. An unknown or foreign token is 200. An access token that has
//! expired still names its grant.

use super::Site;
use super::client_auth::{self, Stop};
use crate::account::command::{Command, Reply as AccountReply};
use crate::account::grants::replica::revoked_key;
use crate::store::directory::Source;
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::access_token::AccessToken;
use crate::token::id::OwnerId;
use crate::token::refresh_token::RefreshToken;
use crate::web::reply::Reply;

/// `POST /api/oauth/revoke` and its aliases.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn post<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    match answer(site).await {
        Ok(()) => Ok(Reply::json(200, &serde_json::json!({}))),
        Err(stop) => stop.into_reply(),
    }
}

async fn answer<P: Ports>(site: &Site<'_, P>) -> Result<(), Stop> {
    // 1.
    let params = client_auth::body(site).await?;
    // 2.
    let client = client_auth::authenticate(site, &params).await?;
    site.ports
        .count(&site.event.id, client.id().as_str(), Counted::Call);
    let Some(text) = params.get("token") else {
        return Err(Stop::invalid_request("token is missing."));
    };
    // 3.
    let client_id = client.id().clone();
    let (owner, command) = if let Some(token) = RefreshToken::open(site.ring, &site.event.id, text)
    {
        (
            token.owner,
            Command::RevokeGrant {
                grant_id: token.grant_id,
                client_id,
            },
        )
    } else if let Some(token) = AccessToken::open(site.ring, &site.event.id, &site.issuer, text)
        .filter(|token| token.client_id == client_id)
    {
        match token.grant_id.clone() {
            Some(grant_id) => (
                token.owner(),
                Command::RevokeGrant {
                    grant_id,
                    client_id,
                },
            ),
            // Nothing is left of it to take back.
            None if site.now >= token.exp => return Ok(()),
            None => (
                OwnerId::service(&client_id, &token.incarnation),
                Command::RevokeLone {
                    jti: token.jti,
                    expires_at: token.exp,
                },
            ),
        }
    } else {
        return Ok(());
    };
    let reply = site.account(&owner, &command).await?;
    if let Command::RevokeLone { jti, .. } = &command {
        // Nobody remembers it where the service's object has not heard of the service yet. Of one that is gone nothing lives.
        if reply != AccountReply::Done
            && let Some((_, integration)) = client.integration(site, Source::Authority).await?
            && integration.service_owner() == owner
        {
            return Err(Fault::Unavailable("the service's object").into());
        }
        // KV learns of it a moment later; this isolate knows it now.
        let key = revoked_key(&site.event.id, jti);
        site.ports.replicas().keep_lone(&key, false, site.now);
    }
    site.ports.replicas().forget_account(&site.event.id, &owner);
    Ok(())
}
