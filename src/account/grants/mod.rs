//! The grants of an account: where redemption, rotation and revocation happen exactly once.
//!
//! Rows: `grant/{id}` is the state; `live/{client_id}/{id}` finds a client's live grants without
//! walking all; `tomb/{time}/{id}` says when an ended grant may be forgotten; `revocations/{client_id}`
//! counts how often the person took back what a client had.

use serde::{Deserialize, Serialize};

use super::command::{Alive, AskingClient, Begin, Refusal, Reply};
use super::profile::{PROFILE, Profile};
use crate::grant::state::{Decision, EndReason, Grant, IdleLimit, Refresh, Standing};
use crate::ledger::outbox::{self, Now};
use crate::ledger::{Corrupt, Ledger, count, load, load_all, sortable, store};
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::protocol::time::UnixTime;
use crate::token::access_token;
use crate::token::authorization_code::{self};
use crate::token::id::GrantId;

pub mod begin;
pub mod clearing;
pub mod listing;
pub mod replica;

const GRANT: &str = "grant/";
const LIVE: &str = "live/";
const TOMB: &str = "tomb/";
const REVOCATIONS: &str = "revocations/";
const REVOKED_BY: &str = "revoked_by/";
const CLEAR: &str = "clear";
const REVOKED_TOKEN: &str = "revoked/";
/// How much longer than it lives a revoked token of a service is remembered, in seconds: a location's clock may be behind.
const REMEMBERED_LONGER: u64 = 60;

/// How long an ended grant is remembered, in seconds: longer than any access token of it lives, and
/// than its code plus any skew of clocks, so that a late replay still finds it.
pub const TOMBSTONE: u64 = access_token::LIFETIME + authorization_code::LIFETIME + 180;
/// How many grants a service can have; a further one ends the least recently used.
pub const MOST_OF_A_SERVICE: usize = 100;
/// How many rows a step of clearing up goes through.
const STEP: usize = 200;
/// How many live grants of a client are read at a time to find one that covers a request, and how many at most.
const FEW: usize = 20;
const MOST_LOOKED_AT: usize = 1000;

/// What `live/…` says, enough to judge a grant without reading it.
#[derive(Serialize, Deserialize)]
struct LiveRow {
    scope: Scope,
    incarnation: String,
    epoch: u64,
    revocations: u64,
}

/// The key of a grant's row, which is the outbox's target of its replica too.
fn row_key(id: &GrantId) -> String {
    format!("{GRANT}{id}")
}

fn live_key(grant: &Grant, id: &GrantId) -> String {
    format!("{LIVE}{}/{id}", grant.client_id)
}

/// How often the person took back what this client had.
///
/// # Errors
/// [`Corrupt`] if that cannot be read.
pub fn revocations(ledger: &impl Ledger, client_id: &ClientId) -> Result<u64, Corrupt> {
    count(ledger, &format!("{REVOCATIONS}{client_id}"))
}

fn standing<'a>(
    ledger: &impl Ledger,
    profile: &Profile,
    client: &ClientId,
    incarnation: &'a str,
) -> Result<Standing<'a>, Corrupt> {
    Ok(Standing {
        incarnation,
        account_epoch: profile.epoch,
        revocations: revocations(ledger, client)?,
    })
}

/// Writes a grant's row, its index row, and notes its replica.
fn keep(
    ledger: &mut impl Ledger,
    id: &GrantId,
    grant: &Grant,
    before: Option<&Grant>,
) -> Result<(), Corrupt> {
    store(ledger, &row_key(id), grant)?;
    match &grant.ended {
        Some(ended) => {
            ledger.delete(&live_key(grant, id));
            clearing::bury(ledger, id, ended);
        }
        None if before.is_none_or(|before| before.scope != grant.scope) => {
            let row = LiveRow {
                scope: grant.scope.clone(),
                incarnation: grant.incarnation.clone(),
                epoch: grant.account_epoch,
                revocations: grant.revocations,
            };
            store(ledger, &live_key(grant, id), &row)?;
        }
        None => {}
    }
    outbox::note(ledger, &row_key(id));
    Ok(())
}

fn account(ledger: &impl Ledger) -> Result<Option<Profile>, Corrupt> {
    Ok(load::<Profile>(ledger, PROFILE)?.filter(Profile::is_active))
}

fn issued(grant: &Grant) -> Reply {
    Reply::Issued {
        scope: grant.scope.clone(),
        generation: grant.generation,
        kid: grant.kid.clone(),
    }
}

/// What a refresh asks, as it came from the front.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The grant.
    pub grant_id: &'a GrantId,
    /// Who asks.
    pub client_id: &'a ClientId,
    /// The presented token's generation.
    pub presented: u64,
    /// The `scope` parameter.
    pub scope: Option<&'a Scope>,
    /// The event's `retry_window`, in seconds.
    pub window: u64,
    /// How long the event lets a grant go unused.
    pub idle: IdleLimit,
}

/// Refreshes a grant (RFC 6749 section 6); the decision is [`Grant::refresh`].
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn refresh(
    ledger: &mut impl Ledger,
    asked: &Asked<'_>,
    begin: &Begin,
    now: Now,
) -> Result<Reply, Corrupt> {
    let Some(profile) = account(ledger)? else {
        return Ok(Reply::Refused(Refusal::NoAccount));
    };
    let Some(before) = load::<Grant>(ledger, &row_key(asked.grant_id))? else {
        return Ok(Reply::Refused(Refusal::NoGrant));
    };
    let allowed = if profile.service {
        begin.rules.approved_part(&before.scope)
    } else {
        let permissions = begin.rules.permissions(profile.held());
        begin.rules.allowed(&before.scope, &permissions)
    };
    let mut grant = before.clone();
    let decision = grant.refresh(
        &Refresh {
            client_id: asked.client_id,
            presented: asked.presented,
            asked: asked.scope,
            attempt: &begin.attempt,
            kid: &begin.kid,
            successor_hash: &begin.token_hash,
            window: asked.window,
            idle: asked.idle,
            rules: &begin.rules,
            allowed,
        },
        &standing(ledger, &profile, &before.client_id, &begin.incarnation)?,
        now,
    );
    if grant != before {
        keep(ledger, asked.grant_id, &grant, Some(&before))?;
    }
    Ok(match decision {
        Decision::Issue => issued(&grant),
        Decision::Refuse(why) => Reply::Refused(Refusal::Refresh(why)),
        Decision::RefuseScope => Reply::ScopeRefused,
        Decision::AskAuthority => Reply::AskAuthority,
    })
}

/// Whether tokens of a grant's generation are alive.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn inspect(
    ledger: &impl Ledger,
    grant_id: &GrantId,
    generation: u64,
    client_id: &ClientId,
    incarnation: &str,
) -> Result<Reply, Corrupt> {
    let Some(profile) = account(ledger)? else {
        return Ok(Reply::Nothing);
    };
    let Some(grant) = load::<Grant>(ledger, &row_key(grant_id))? else {
        return Ok(Reply::Nothing);
    };
    let alive = grant.client_id == *client_id
        && grant.generation == generation
        && grant.lives(&standing(ledger, &profile, client_id, incarnation)?);
    Ok(if alive {
        let Grant {
            scope,
            created_at,
            last_used_at,
            ..
        } = grant;
        Reply::Alive(Box::new(Alive {
            profile,
            scope,
            created_at,
            last_used_at,
            expires_at: None,
        }))
    } else {
        Reply::Nothing
    })
}

/// Which client is a grant's.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn whose(ledger: &impl Ledger, grant_id: &GrantId) -> Result<Reply, Corrupt> {
    Ok(match load::<Grant>(ledger, &row_key(grant_id))? {
        None => Reply::Nothing,
        Some(grant) => Reply::GrantOf {
            client_id: grant.client_id,
        },
    })
}

/// Ends one grant; a client can end only its own.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn end(
    ledger: &mut impl Ledger,
    grant_id: &GrantId,
    client_id: Option<&ClientId>,
    why: EndReason,
    now: Now,
) -> Result<Reply, Corrupt> {
    if load::<Profile>(ledger, PROFILE)?.is_none() {
        return Ok(Reply::Nothing);
    }
    let Some(mut grant) = load::<Grant>(ledger, &row_key(grant_id))? else {
        return Ok(Reply::Nothing);
    };
    if client_id.is_some_and(|client| *client != grant.client_id) || grant.ended.is_some() {
        return Ok(Reply::Nothing);
    }
    grant.end(now.seconds(), why);
    keep(ledger, grant_id, &grant, None)?;
    Ok(Reply::Done)
}

/// Whether one grant of a client that lives covers the scope it asks for.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn covers(
    ledger: &impl Ledger,
    profile: &Profile,
    client: &AskingClient,
    now: Now,
) -> Result<bool, Corrupt> {
    let AskingClient {
        client_id,
        incarnation,
        idle_days,
        idle_ended_before,
        scope: Some(asked),
    } = client
    else {
        return Ok(false);
    };
    let limit = IdleLimit {
        days: *idle_days,
        ended_before: *idle_ended_before,
    };
    let count = revocations(ledger, client_id)?;
    let prefix = format!("{LIVE}{client_id}/");
    let mut after: Option<String> = None;
    // A few at a time: mostly the first covers it, and somebody may have thousands.
    for _ in 0..MOST_LOOKED_AT / FEW {
        let rows = load_all::<LiveRow>(ledger, &prefix, after.as_deref(), false, FEW)?;
        let last = rows.len() < FEW;
        for (id, row) in &rows {
            let covers = row.incarnation == *incarnation
                && row.epoch == profile.epoch
                && row.revocations == count
                && asked.is_within(&row.scope);
            // The index does not say when a grant was used last: it would have to be written at every refresh.
            let idle = || -> Result<bool, Corrupt> {
                Ok(limit.is_set()
                    && load::<Grant>(ledger, &format!("{GRANT}{id}"))?
                        .is_none_or(|grant| limit.ends(grant.last_used_at, now.seconds())))
            };
            if covers && !idle()? {
                return Ok(true);
            }
        }
        if last {
            break;
        }
        after = rows.last().map(|(id, _)| id.clone());
    }
    Ok(false)
}

/// Remembers that a service's token without a grant was revoked, until it would have ended.
pub fn revoke_lone(ledger: &mut impl Ledger, jti: &str, expires_at: UnixTime) {
    ledger.put(&format!("{REVOKED_TOKEN}{jti}"), &expires_at.0.to_string());
    ledger.put(
        &format!(
            "{TOMB}{}/jti/{jti}",
            sortable(expires_at.plus(REMEMBERED_LONGER).0)
        ),
        "",
    );
    outbox::note(ledger, &format!("{REVOKED_TOKEN}{jti}"));
}

/// Whether a service's token without a grant was revoked.
#[must_use]
pub fn is_lone_revoked(ledger: &impl Ledger, jti: &str) -> bool {
    ledger.get(&format!("{REVOKED_TOKEN}{jti}")).is_some()
}
