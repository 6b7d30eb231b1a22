//! The grants of an account: where redemption, rotation and revocation happen exactly once.
//!
//! Rows: `grant/{id}` is the state; `live/{client_id}/{id}` finds a client's live grants without
//! walking all; `tomb/{time}/{id}` says when an ended grant may be forgotten; `revocations/{client_id}`
//! counts how often the person took back what a client had.

use serde::{Deserialize, Serialize};

use super::command::{Alive, Begin, GrantLine, Refusal, Reply};
use super::profile::{PROFILE, Profile};
use crate::grant::state::{Decision, EndReason, Ended, Grant, Refresh, Standing};
use crate::ledger::outbox::{self, Effect, Namespace, Now};
use crate::ledger::{Corrupt, Ledger, load, load_all, sortable, store};
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::protocol::time::UnixTime;
use crate::token::access_token;
use crate::token::authorization_code::{self, AuthorizationCode};

const GRANT: &str = "grant/";
const LIVE: &str = "live/";
const TOMB: &str = "tomb/";
const REVOCATIONS: &str = "revocations/";
const CLEAR: &str = "clear";
const REVOKED_TOKEN: &str = "revoked/";

/// How long an ended grant is remembered, in seconds: longer than any access token of it lives, and
/// than its code plus any skew of clocks, so that a late replay still finds it.
pub const TOMBSTONE: u64 = access_token::LIFETIME + authorization_code::LIFETIME + 180;
/// How many grants a service can have; a further one ends the least recently used.
pub const MOST_OF_A_SERVICE: usize = 100;
/// How many rows a step of clearing up goes through.
const STEP: usize = 200;

/// The outbox target of a grant's replica.
fn replica(id: &str) -> String {
    format!("{GRANT}{id}")
}

/// What `live/…` says, enough to judge a grant without reading it.
#[derive(Serialize, Deserialize)]
struct LiveRow {
    scope: Scope,
    incarnation: String,
    epoch: u64,
    revocations: u64,
}

fn live_key(grant: &Grant, id: &str) -> String {
    format!("{LIVE}{}/{id}", grant.client_id)
}

/// How often the person took back what this client had.
#[must_use]
pub fn revocations(ledger: &impl Ledger, client_id: &ClientId) -> u64 {
    ledger
        .get(&format!("{REVOCATIONS}{client_id}"))
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

fn standing<'a>(
    ledger: &impl Ledger,
    profile: &Profile,
    client: &ClientId,
    incarnation: &'a str,
) -> Standing<'a> {
    Standing {
        incarnation,
        account_epoch: profile.epoch,
        revocations: revocations(ledger, client),
    }
}

/// Writes a grant's row, its index row, and notes its replica.
fn keep(
    ledger: &mut impl Ledger,
    id: &str,
    grant: &Grant,
    before: Option<&Grant>,
) -> Result<(), Corrupt> {
    store(ledger, &format!("{GRANT}{id}"), grant)?;
    match &grant.ended {
        Some(ended) => {
            ledger.delete(&live_key(grant, id));
            bury(ledger, id, ended);
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
    outbox::note(ledger, &replica(id));
    Ok(())
}

fn bury(ledger: &mut impl Ledger, id: &str, ended: &Ended) {
    ledger.put(
        &format!("{TOMB}{}/{id}", sortable(ended.at.plus(TOMBSTONE).0)),
        "",
    );
}

fn account(ledger: &impl Ledger) -> Result<Option<Profile>, Corrupt> {
    Ok(load::<Profile>(ledger, PROFILE)?.filter(Profile::is_active))
}

/// Redeems a code (RFC 6749 section 4.1.3). The front has verified the code, its client, redirect URI,
/// verifier and age.
///
/// 1. the account, 2. what may have ended the code, 3. a redemption before this one, 4. what is still
///    allowed, 5. the `scope` parameter, 6. the grant begins.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn redeem(
    ledger: &mut impl Ledger,
    code: &AuthorizationCode,
    asked: Option<&Scope>,
    begin: &Begin,
    now: Now,
) -> Result<Reply, Corrupt> {
    // 1.
    let Some(profile) = account(ledger)?.filter(|profile| !profile.service) else {
        return Ok(Reply::Refused(Refusal::NoAccount));
    };
    // 3. comes before 2. in one case: whatever else changed, a second redemption ends the first.
    let key = format!("{GRANT}{}", code.grant_id);
    if let Some(mut grant) = load::<Grant>(ledger, &key)? {
        if grant.attempt == begin.attempt && grant.ended.is_none() {
            return Ok(issued(&grant));
        }
        if grant.ended.is_none() {
            grant.end(now.seconds(), EndReason::CodeReplayed);
            keep(ledger, &code.grant_id, &grant, None)?;
        }
        return Ok(Reply::Refused(Refusal::CodeReplayed));
    }
    // 2.
    let standing = standing(ledger, &profile, &code.client_id, &begin.incarnation);
    if code.incarnation != standing.incarnation
        || code.account_epoch != standing.account_epoch
        || code.revocations != standing.revocations
    {
        return Ok(Reply::Refused(Refusal::CodeEnded));
    }
    // 4.
    let permissions = begin
        .rules
        .permissions(&profile.permissions, &profile.roles);
    let kept = begin.rules.allowed(&code.scope, &permissions);
    if kept != code.scope && !begin.rules.authoritative {
        return Ok(Reply::AskAuthority);
    }
    let mut grant = Grant {
        client_id: code.client_id.clone(),
        incarnation: code.incarnation.clone(),
        previous_scope: kept.clone(),
        scope: kept,
        created_at: now.seconds(),
        last_used_at: now.seconds(),
        generation: 1,
        kid: begin.kid.clone(),
        token_hash: begin.token_hash.clone(),
        rotated_at_ms: now.0,
        attempt: begin.attempt.clone(),
        account_epoch: code.account_epoch,
        revocations: code.revocations,
        ended: None,
        revision: 1,
    };
    if grant.scope.is_empty() {
        grant.end(now.seconds(), EndReason::NothingLeft);
        keep(ledger, &code.grant_id, &grant, None)?;
        return Ok(Reply::Refused(Refusal::NothingLeft));
    }
    // 5.
    if let Some(asked) = asked {
        let narrowed = grant.scope.and(asked);
        if !asked.is_within(&code.scope) || narrowed.is_empty() {
            return Ok(Reply::ScopeRefused);
        }
        grant.previous_scope = narrowed.clone();
        grant.scope = narrowed;
    }
    // 6.
    keep(ledger, &code.grant_id, &grant, None)?;
    Ok(issued(&grant))
}

fn issued(grant: &Grant) -> Reply {
    Reply::Issued {
        scope: grant.scope.clone(),
        generation: grant.generation,
        kid: grant.kid.clone(),
    }
}

/// Begins a grant of a service, of the scopes the front found approved.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn begin_service(
    ledger: &mut impl Ledger,
    id: &str,
    client_id: &ClientId,
    scope: &Scope,
    begin: &Begin,
    now: Now,
) -> Result<Reply, Corrupt> {
    let Some(profile) = account(ledger)?.filter(|profile| profile.service) else {
        return Ok(Reply::Refused(Refusal::NoAccount));
    };
    if let Some(grant) = load::<Grant>(ledger, &format!("{GRANT}{id}"))? {
        return Ok(issued(&grant));
    }
    let standing = standing(ledger, &profile, client_id, &begin.incarnation);
    let mut live: Vec<(String, Grant)> = Vec::new();
    for (key, _) in ledger.scan(&format!("{LIVE}{client_id}/"), None, false, 1000) {
        let other = key.rsplit('/').next().unwrap_or_default().to_owned();
        if let Some(grant) = load::<Grant>(ledger, &format!("{GRANT}{other}"))? {
            live.push((other, grant));
        }
    }
    // Ended ones that clearing up has not reached yet go first.
    live.sort_by_key(|(_, grant)| {
        (
            grant.lives(&standing),
            grant.last_used_at,
            grant.rotated_at_ms,
        )
    });
    let too_many = (live.len() + 1).saturating_sub(MOST_OF_A_SERVICE);
    for (other, mut grant) in live.into_iter().take(too_many) {
        grant.end(now.seconds(), EndReason::Displaced);
        keep(ledger, &other, &grant, None)?;
    }
    let grant = Grant {
        client_id: client_id.clone(),
        incarnation: begin.incarnation.clone(),
        scope: scope.clone(),
        previous_scope: scope.clone(),
        created_at: now.seconds(),
        last_used_at: now.seconds(),
        generation: 1,
        kid: begin.kid.clone(),
        token_hash: begin.token_hash.clone(),
        rotated_at_ms: now.0,
        attempt: begin.attempt.clone(),
        account_epoch: profile.epoch,
        revocations: standing.revocations,
        ended: None,
        revision: 1,
    };
    keep(ledger, id, &grant, None)?;
    Ok(issued(&grant))
}

/// What a refresh asks, as it came from the front.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The grant.
    pub grant_id: &'a str,
    /// Who asks.
    pub client_id: &'a ClientId,
    /// The presented token's generation.
    pub presented: u64,
    /// The `scope` parameter.
    pub scope: Option<&'a Scope>,
    /// The event's `retry_window`, in seconds.
    pub window: u64,
    /// The event's `refresh_idle_days`.
    pub idle_days: Option<u64>,
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
    let Some(before) = load::<Grant>(ledger, &format!("{GRANT}{}", asked.grant_id))? else {
        return Ok(Reply::Refused(Refusal::NoGrant));
    };
    let allowed = if profile.service {
        begin.rules.approved_part(&before.scope)
    } else {
        let permissions = begin
            .rules
            .permissions(&profile.permissions, &profile.roles);
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
            idle_days: asked.idle_days,
            rules: &begin.rules,
            allowed,
        },
        &standing(ledger, &profile, &before.client_id, &begin.incarnation),
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
    grant_id: &str,
    generation: u64,
    client_id: &ClientId,
    incarnation: &str,
) -> Result<Reply, Corrupt> {
    let Some(profile) = account(ledger)? else {
        return Ok(Reply::Nothing);
    };
    let Some(grant) = load::<Grant>(ledger, &format!("{GRANT}{grant_id}"))? else {
        return Ok(Reply::Nothing);
    };
    let alive = grant.client_id == *client_id
        && grant.generation == generation
        && grant.lives(&standing(ledger, &profile, client_id, incarnation));
    Ok(if alive {
        let Grant {
            scope, created_at, ..
        } = grant;
        Reply::Alive(Box::new(Alive {
            profile,
            scope,
            created_at,
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
pub fn whose(ledger: &impl Ledger, grant_id: &str) -> Result<Reply, Corrupt> {
    Ok(
        match load::<Grant>(ledger, &format!("{GRANT}{grant_id}"))? {
            None => Reply::Nothing,
            Some(grant) => Reply::GrantOf {
                client_id: grant.client_id,
            },
        },
    )
}

/// Ends one grant; a client can end only its own.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn end(
    ledger: &mut impl Ledger,
    grant_id: &str,
    client_id: Option<&ClientId>,
    why: EndReason,
    now: Now,
) -> Result<Reply, Corrupt> {
    if load::<Profile>(ledger, PROFILE)?.is_none() {
        return Ok(Reply::Nothing);
    }
    let Some(mut grant) = load::<Grant>(ledger, &format!("{GRANT}{grant_id}"))? else {
        return Ok(Reply::Nothing);
    };
    if client_id.is_some_and(|client| *client != grant.client_id) || grant.ended.is_some() {
        return Ok(Reply::Nothing);
    }
    grant.end(now.seconds(), why);
    keep(ledger, grant_id, &grant, None)?;
    Ok(Reply::Done)
}

/// Ends everything a client was granted, the codes not yet redeemed included: all that was made
/// under the present count is dead by comparison; the rows are cleared up step by step.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn revoke_client(
    ledger: &mut impl Ledger,
    client_id: &ClientId,
    now: Now,
) -> Result<Reply, Corrupt> {
    let count = revocations(ledger, client_id).saturating_add(1);
    ledger.put(&format!("{REVOCATIONS}{client_id}"), &count.to_string());
    begin_clearing(ledger, now)?;
    Ok(Reply::Done)
}

/// Notes that there are dead grants to clear up, and does a first step.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn begin_clearing(ledger: &mut impl Ledger, now: Now) -> Result<(), Corrupt> {
    ledger.put(CLEAR, "");
    clear_step(ledger, now)
}

/// Goes through some of the live grants and buries those that are dead by comparison, so that
/// their replicas say so too.
fn clear_step(ledger: &mut impl Ledger, now: Now) -> Result<(), Corrupt> {
    let Some(cursor) = ledger.get(CLEAR) else {
        return Ok(());
    };
    let profile: Option<Profile> = load(ledger, PROFILE)?;
    let rows: Vec<(String, LiveRow)> = load_all(
        ledger,
        LIVE,
        (!cursor.is_empty()).then_some(cursor.as_str()),
        false,
        STEP,
    )?;
    for (rest, row) in &rows {
        let Some((client_id, id)) = rest.split_once('/') else {
            continue;
        };
        let Some(client_id) = ClientId::parse(client_id) else {
            continue;
        };
        let dead = profile.as_ref().is_none_or(|profile| {
            row.epoch != profile.epoch || row.revocations != revocations(ledger, &client_id)
        });
        if dead && let Some(mut grant) = load::<Grant>(ledger, &format!("{GRANT}{id}"))? {
            let why = match &profile {
                Some(profile) if profile.epoch == row.epoch => EndReason::RevokedByPerson,
                _ => EndReason::AccountEnded,
            };
            grant.end(now.seconds(), why);
            keep(ledger, id, &grant, None)?;
        }
    }
    match rows.last() {
        Some((last, _)) if rows.len() == STEP => ledger.put(CLEAR, last),
        _ => ledger.delete(CLEAR),
    }
    Ok(())
}

/// The scopes of a client's grants that live.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn live_scopes(
    ledger: &impl Ledger,
    profile: &Profile,
    client_id: &ClientId,
    incarnation: &str,
) -> Result<Vec<Scope>, Corrupt> {
    let count = revocations(ledger, client_id);
    Ok(
        load_all::<LiveRow>(ledger, &format!("{LIVE}{client_id}/"), None, false, 1000)?
            .into_iter()
            .filter(|(_, row)| {
                row.incarnation == incarnation
                    && row.epoch == profile.epoch
                    && row.revocations == count
            })
            .map(|(_, row)| row.scope)
            .collect(),
    )
}

/// The grants that are not ended here, by client, from beyond `after`.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn list(
    ledger: &impl Ledger,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<GrantLine>, Option<String>), Corrupt> {
    let Some(profile) = load::<Profile>(ledger, PROFILE)? else {
        return Ok((Vec::new(), None));
    };
    let rows: Vec<(String, LiveRow)> =
        load_all(ledger, LIVE, after, false, limit.saturating_add(1))?;
    let next = if rows.len() > limit {
        rows.get(limit.wrapping_sub(1)).map(|(key, _)| key.clone())
    } else {
        None
    };
    let mut items = Vec::new();
    for (rest, row) in rows.into_iter().take(limit) {
        let Some((client_id, id)) = rest.split_once('/') else {
            continue;
        };
        let Some(client_id) = ClientId::parse(client_id) else {
            continue;
        };
        if row.epoch != profile.epoch || row.revocations != revocations(ledger, &client_id) {
            continue;
        }
        if let Some(grant) = load::<Grant>(ledger, &format!("{GRANT}{id}"))? {
            items.push(GrantLine {
                id: id.to_owned(),
                client_id,
                incarnation: grant.incarnation,
                scope: grant.scope,
                created_at: grant.created_at,
                last_used_at: grant.last_used_at,
            });
        }
    }
    Ok((items, next))
}

/// Remembers that a service's token without a grant was revoked, until it would have ended.
pub fn revoke_lone(ledger: &mut impl Ledger, jti: &str, expires_at: UnixTime) {
    ledger.put(&format!("{REVOKED_TOKEN}{jti}"), &expires_at.0.to_string());
    ledger.put(
        &format!("{TOMB}{}/jti/{jti}", sortable(expires_at.plus(60).0)),
        "",
    );
    outbox::note(ledger, &format!("{REVOKED_TOKEN}{jti}"));
}

/// Whether a service's token without a grant was revoked.
#[must_use]
pub fn is_lone_revoked(ledger: &impl Ledger, jti: &str) -> bool {
    ledger.get(&format!("{REVOKED_TOKEN}{jti}")).is_some()
}

/// The replica of one grant, as edge locations read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantReplica {
    /// The grant's revision: a cache never replaces a higher one by a lower.
    pub version: u64,
    /// Who it was granted to.
    pub client_id: Option<ClientId>,
    /// The generation that is good.
    pub generation: u64,
    /// The keyed hash of that generation's refresh token.
    pub token_hash: Option<String>,
    /// What it allows.
    pub scope: Scope,
    /// `true` while it lives; a tombstone says `false`.
    pub live: bool,
}

/// The KV key of a grant's replica.
#[must_use]
pub fn replica_key(event_id: &str, owner: &str, grant_id: &str) -> String {
    format!("grant/{event_id}/{owner}/{grant_id}")
}

/// The KV key that says a service's token without a grant was revoked.
#[must_use]
pub fn revoked_key(event_id: &str, jti: &str) -> String {
    format!("revoked/{event_id}/{jti}")
}

/// What there is to tell of a target.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn effect(
    ledger: &impl Ledger,
    target: &str,
    event_id: &str,
    owner: &str,
    now: Now,
) -> Result<Option<Effect>, Corrupt> {
    if let Some(jti) = target.strip_prefix(REVOKED_TOKEN) {
        let until = ledger
            .get(target)
            .and_then(|until| until.parse::<u64>().ok())
            .unwrap_or(0);
        let left = until.saturating_sub(now.seconds().0);
        return Ok((left > 0).then(|| Effect::Write {
            namespace: Namespace::RefreshTokens,
            key: revoked_key(event_id, jti),
            value: String::from("{\"revoked\":true}"),
            ttl: Some(left.max(60)),
        }));
    }
    let Some(id) = target.strip_prefix(GRANT) else {
        return Ok(None);
    };
    let grant: Option<Grant> = load(ledger, &replica(id))?;
    let live = grant.as_ref().is_some_and(|grant| grant.ended.is_none());
    let record = match grant {
        Some(grant) => GrantReplica {
            version: grant.revision,
            client_id: Some(grant.client_id),
            generation: grant.generation,
            token_hash: live.then_some(grant.token_hash),
            scope: grant.scope,
            live,
        },
        // Erased: a tombstone without anything personal outlives every access token.
        None => GrantReplica {
            version: u64::MAX,
            client_id: None,
            generation: u64::MAX,
            token_hash: None,
            scope: Scope::default(),
            live: false,
        },
    };
    let value = serde_json::to_string(&record).map_err(|_| Corrupt(target.to_owned()))?;
    Ok(Some(Effect::Write {
        namespace: Namespace::RefreshTokens,
        key: replica_key(event_id, owner, id),
        value,
        ttl: (!live).then_some(TOMBSTONE),
    }))
}

/// Notes the replicas of all grants that live, before everything is erased.
pub fn note_all(ledger: &mut impl Ledger) {
    let mut after: Option<String> = None;
    loop {
        let rows = ledger.scan(LIVE, after.as_deref(), false, STEP);
        for (key, _) in &rows {
            if let Some(id) = key.rsplit('/').next() {
                outbox::note(ledger, &replica(id));
            }
        }
        match rows.last() {
            Some((key, _)) if rows.len() == STEP => after = Some(key.clone()),
            _ => return,
        }
    }
}

/// The moment a tomb's key says it may be forgotten, and what it is of.
fn tomb_of(key: &str) -> Option<(u64, &str)> {
    let (time, what) = key.strip_prefix(TOMB)?.split_once('/')?;
    Some((u64::from_str_radix(time, 16).ok()?, what))
}

/// Forgets what is past its time.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn sweep(ledger: &mut impl Ledger, now: Now) -> Result<(), Corrupt> {
    clear_step(ledger, now)?;
    for (key, _) in ledger.scan(TOMB, None, false, STEP) {
        let (time, what) = tomb_of(&key).unwrap_or_default();
        if time > now.seconds().0 {
            break;
        }
        match what.strip_prefix("jti/") {
            Some(jti) => ledger.delete(&format!("{REVOKED_TOKEN}{jti}")),
            None => ledger.delete(&format!("{GRANT}{what}")),
        }
        ledger.delete(&key);
    }
    Ok(())
}

/// In how many seconds [`sweep`] has something to do.
pub fn wake_after(ledger: &impl Ledger, now: Now) -> Option<u64> {
    if ledger.get(CLEAR).is_some() {
        return Some(1);
    }
    let (key, _) = ledger.scan(TOMB, None, false, 1).into_iter().next()?;
    let (time, _) = tomb_of(&key).unwrap_or_default();
    Some(time.saturating_sub(now.seconds().0).max(1))
}
