//! Bearer tokens at our own API (RFC 6750; contract 6): access tokens and personal access tokens.
//!
//! Order of checks: 1. the header, 2. the token's own tag and age, 3. the integration, 4. the authority's
//! word on the grant, at most 25 seconds old, 5. what is approved and within the person's permissions now.

use std::rc::Rc;

use super::Site;
use crate::account::command::{Alive, Command, Reply as AccountReply};
use crate::account::grants::replica::revoked_key;
use crate::directory::catalogue::Mode;
use crate::directory::event::EventRecord;
use crate::ledger::outbox::Namespace;
use crate::protocol::scope::Scope;
use crate::store::directory::{self, Source};
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::access_token::{AccessToken, Subject};
use crate::token::id::OwnerId;
use crate::token::personal_access_token::{self, PersonalAccessToken};
use crate::web::reply::Reply;

/// A token that is good, and what it may do now.
#[derive(Debug)]
pub enum Bearer {
    /// It acts for a person.
    Person {
        /// The person.
        alive: Rc<Alive>,
        /// What it may do.
        scope: Scope,
        /// The person's permissions now.
        permissions: Vec<String>,
    },
    /// It acts for a service.
    Service {
        /// What it may do.
        scope: Scope,
    },
}

/// Why it is not good; the caller sees one answer for all but the first.
#[derive(Debug)]
enum Bad {
    NoToken,
    Malformed,
    DoesNotVerify,
    Expired,
    NotApproved,
    Dead,
}

/// Checks the token of a request; the error is the answer.
///
/// # Errors
/// A fault outside; the 401 answer inside.
pub async fn check<P: Ports>(site: &Site<'_, P>) -> Result<Result<Bearer, Reply>, Fault> {
    Ok(match judge(site).await? {
        Ok(bearer) => Ok(bearer),
        Err(why) => {
            site.log_refusal("bearer", &why);
            Err(refused(&why))
        }
    })
}

const REALM: &str = "Bearer realm=\"willcall\"";

fn refused(why: &Bad) -> Reply {
    match why {
        Bad::NoToken => Reply::error(
            401,
            "invalid_token",
            "Send an access token in an Authorization: Bearer header.",
        )
        .with("www-authenticate", REALM),
        _ => {
            let description = "The token is invalid, expired or revoked.";
            Reply::error(401, "invalid_token", description).with(
                "www-authenticate",
                format!("{REALM}, error=\"invalid_token\", error_description=\"{description}\""),
            )
        }
    }
}

/// 403 `insufficient_scope` (RFC 6750 section 3.1).
#[must_use]
pub fn insufficient(scope: &str) -> Reply {
    Reply::error(
        403,
        "insufficient_scope",
        "The token does not allow this request.",
    )
    .with(
        "www-authenticate",
        format!("{REALM}, error=\"insufficient_scope\", scope=\"{scope}\""),
    )
}

async fn judge<P: Ports>(site: &Site<'_, P>) -> Result<Result<Bearer, Bad>, Fault> {
    // 1.
    let Some(header) = site.head.authorization.as_deref() else {
        return Ok(Err(Bad::NoToken));
    };
    let (scheme, text) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Err(Bad::NoToken));
    }
    let text = text.trim();
    if text.is_empty() {
        return Ok(Err(Bad::Malformed));
    }
    if text.starts_with(personal_access_token::PREFIX) {
        return personal(site, text).await;
    }
    // 2.
    let Some(token) = AccessToken::open(site.ring, &site.event.id, &site.issuer, text) else {
        return Ok(Err(Bad::DoesNotVerify));
    };
    if site.now >= token.exp {
        return Ok(Err(Bad::Expired));
    }
    // 3. to 5. What a replica would refuse or leave out is asked of the authority once more.
    let mut bearer = Err(Bad::NotApproved);
    for source in [Source::Replica, Source::Authority] {
        let client =
            directory::client(site.ports, &site.event, &token.client_id, source, site.now).await?;
        let usable = client.as_ref().and_then(|client| {
            let integration = client.usable()?;
            (integration.incarnation == token.incarnation).then_some((client, integration))
        });
        let Some((client, integration)) = usable else {
            continue;
        };
        let (found, whole) = match &token.sub {
            Subject::Service(_) => {
                let Some(granted) = service_lives(site, &token, source).await? else {
                    return Ok(Err(Bad::Dead));
                };
                let rules = client.event.rules(integration, Mode::Service, false);
                let scope = rules.approved_part(&granted);
                let whole = scope == granted;
                (Bearer::Service { scope }, whole)
            }
            Subject::Person(account_id) => {
                let Some(alive) = grant_lives(site, &token, account_id, source).await? else {
                    return Ok(Err(Bad::Dead));
                };
                let rules = client.event.rules(integration, Mode::Obo, false);
                let permissions = rules.permissions(alive.profile.held());
                let granted = token.scope.and(&alive.scope);
                let scope = rules.allowed(&granted, &permissions);
                let whole = scope == granted;
                let permissions = permissions.into_iter().collect();
                let person = Bearer::Person {
                    alive,
                    scope,
                    permissions,
                };
                (person, whole)
            }
        };
        bearer = Ok(found);
        if whole {
            break;
        }
    }
    if bearer.is_ok() {
        site.ports
            .count(&site.event.id, token.client_id.as_str(), Counted::Call);
    }
    Ok(bearer)
}

/// The account behind a token's grant, if both live. The object is asked rather than the replica: the
/// answer carries the person's name and e-mail, which are in no replica, and what is asked anyway may
/// as well say whether the grant lives. It is believed for [`directory::FRESH_FOR`] seconds, but not where
/// something would be refused for it: a permission may have been given since.
async fn grant_lives<P: Ports>(
    site: &Site<'_, P>,
    token: &AccessToken,
    owner: &OwnerId,
    source: Source,
) -> Result<Option<Rc<Alive>>, Fault> {
    let (Some(grant_id), Some(generation)) = (&token.grant_id, token.generation) else {
        return Ok(None);
    };
    let key = format!("{}/{owner}/{grant_id}/{generation}", site.event.id);
    if source == Source::Replica
        && let Some(alive) = site.ports.replicas().alive(&key, site.now)
    {
        return Ok(Some(alive));
    }
    let command = Command::Inspect {
        grant_id: grant_id.clone(),
        generation,
        client_id: token.client_id.clone(),
        incarnation: token.incarnation.clone(),
    };
    Ok(match site.account(owner, &command).await? {
        AccountReply::Alive(alive) => {
            Some(site.ports.replicas().remember_alive(&key, *alive, site.now))
        }
        _ => None,
    })
}

/// What a service's token was granted and has not lost since, if it lives. With a grant it is like a
/// person's. Without one, only a revocation of its own ends it, and that is in KV under its `jti`: a miss
/// means it lives.
async fn service_lives<P: Ports>(
    site: &Site<'_, P>,
    token: &AccessToken,
    source: Source,
) -> Result<Option<Scope>, Fault> {
    if token.grant_id.is_some() {
        let alive = grant_lives(site, token, &token.owner(), source).await?;
        return Ok(alive.map(|alive| token.scope.and(&alive.scope)));
    }
    let whole = |alive: bool| alive.then(|| token.scope.clone());
    let key = revoked_key(&site.event.id, &token.jti);
    if let Some(alive) = site.ports.replicas().lone(&key, site.now) {
        return Ok(whole(alive));
    }
    let revoked = match site.ports.read(Namespace::RefreshTokens, &key).await {
        Ok(found) => found.is_some(),
        // A store that does not answer says nothing: the service's object does.
        Err(_) => {
            let command = Command::InspectLone {
                jti: token.jti.clone(),
            };
            site.account(&token.owner(), &command).await? != AccountReply::Done
        }
    };
    if revoked {
        return Ok(None);
    }
    // Where it was revoked through this isolate, a KV that is behind changes nothing.
    Ok(whole(site.ports.replicas().keep_lone(&key, true, site.now)))
}

async fn personal<P: Ports>(site: &Site<'_, P>, text: &str) -> Result<Result<Bearer, Bad>, Fault> {
    let Some(token) = PersonalAccessToken::open(site.ring, &site.event.id, text) else {
        return Ok(Err(Bad::DoesNotVerify));
    };
    let key = format!("{}/{}/pat/{}", site.event.id, token.account_id, token.id);
    if let Some(alive) = site.ports.replicas().alive(&key, site.now) {
        if alive.expires_at.is_some_and(|end| site.now >= end) {
            return Ok(Err(Bad::Expired));
        }
        let (scope, permissions) = allowed_to_person(&site.event, &alive);
        if scope == alive.scope {
            return Ok(Ok(Bearer::Person {
                alive,
                scope,
                permissions,
            }));
        }
    }
    let command = Command::UseToken {
        token_id: token.id.clone(),
    };
    let alive = match site.account(&token.account_id, &command).await? {
        AccountReply::Alive(alive) => site.ports.replicas().remember_alive(&key, *alive, site.now),
        _ => return Ok(Err(Bad::Dead)),
    };
    let (scope, permissions) = personal_scope(site, &alive).await?;
    Ok(Ok(Bearer::Person {
        alive,
        scope,
        permissions,
    }))
}

/// What a personal access token may do by these records, and the person's permissions.
fn allowed_to_person(event: &EventRecord, alive: &Alive) -> (Scope, Vec<String>) {
    let rules = event.personal_rules();
    let permissions = rules.permissions(alive.profile.held());
    let scope = rules.allowed(&alive.scope, &permissions);
    (scope, permissions.into_iter().collect())
}

/// What a personal access token may do now, and the person's permissions. What a replica of the event
/// would take from it is asked of the event's object once more.
///
/// # Errors
/// [`Fault`] if the event's object must be asked and does not answer.
pub async fn personal_scope<P: Ports>(
    site: &Site<'_, P>,
    alive: &Alive,
) -> Result<(Scope, Vec<String>), Fault> {
    let judged = allowed_to_person(&site.event, alive);
    if judged.0 == alive.scope {
        return Ok(judged);
    }
    let event = directory::event_now(site.ports, &site.event.id, site.now).await?;
    Ok(event.map_or(judged, |event| allowed_to_person(&event, alive)))
}
