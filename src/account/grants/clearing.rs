//! Clearing up: burying what is dead by comparison, and forgetting what is past its time.

use serde::{Deserialize, Serialize};

use super::{
    CLEAR, GRANT, LIVE, LiveRow, REVOCATIONS, REVOKED_BY, REVOKED_TOKEN, STEP, TOMB, TOMBSTONE,
    keep, revocations, row_key,
};
use crate::account::command::Reply;
use crate::account::profile::{PROFILE, Profile};
use crate::grant::state::{EndReason, Ended, Grant};
use crate::ledger::outbox::Now;
use crate::ledger::{Corrupt, Ledger, load, load_all, sortable, store};
use crate::protocol::client::ClientId;
use crate::token::id::GrantId;

/// What took back what a client had last.
#[derive(Serialize, Deserialize)]
struct RevokedBy {
    attempt: String,
    /// Whether there was a grant to end.
    any: bool,
}

pub(super) fn bury(ledger: &mut impl Ledger, id: &GrantId, ended: &Ended) {
    ledger.put(
        &format!("{TOMB}{}/{id}", sortable(ended.at.plus(TOMBSTONE).0)),
        "",
    );
}

/// Ends everything a client was granted, the codes not yet redeemed included: all that was made
/// under the present count is dead by comparison; the rows are cleared up step by step. `Nothing`: there was
/// no grant to end. The front's own second try, or its first that is late, gets the first decision: the person may have
/// granted something since.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn revoke_client(
    ledger: &mut impl Ledger,
    client_id: &ClientId,
    attempt: Option<String>,
    now: Now,
) -> Result<Reply, Corrupt> {
    let key = format!("{REVOKED_BY}{client_id}");
    if let Some(attempt) = &attempt
        && let Some(last) = load::<RevokedBy>(ledger, &key)?.filter(|last| last.attempt == *attempt)
    {
        return Ok(revoked(last.any));
    }
    let any = !ledger
        .scan(&format!("{LIVE}{client_id}/"), None, false, 1)
        .is_empty();
    let count = revocations(ledger, client_id)?.saturating_add(1);
    ledger.put(&format!("{REVOCATIONS}{client_id}"), &count.to_string());
    if let Some(attempt) = attempt {
        store(ledger, &key, &RevokedBy { attempt, any })?;
    }
    begin_clearing(ledger, now);
    Ok(revoked(any))
}

fn revoked(any: bool) -> Reply {
    if any { Reply::Done } else { Reply::Nothing }
}

/// Notes that there are dead grants to clear up, and does a first step.
pub fn begin_clearing(ledger: &mut impl Ledger, now: Now) {
    ledger.put(CLEAR, "");
    // A row that cannot be read is for the alarm to meet: what was ended must not go on because of it.
    let _ = clear_step(ledger, now);
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
        let (Some(client_id), Some(id)) = (ClientId::parse(client_id), GrantId::parse(id)) else {
            continue;
        };
        let revocations = revocations(ledger, &client_id)?;
        let dead = profile
            .as_ref()
            .is_none_or(|profile| row.epoch != profile.epoch || row.revocations != revocations);
        if dead && let Some(mut grant) = load::<Grant>(ledger, &row_key(&id))? {
            let why = match &profile {
                Some(profile) if profile.epoch == row.epoch => EndReason::RevokedByPerson,
                _ => EndReason::AccountEnded,
            };
            grant.end(now.seconds(), why);
            keep(ledger, &id, &grant, None)?;
        }
    }
    match rows.last() {
        Some((last, _)) if rows.len() == STEP => ledger.put(CLEAR, last),
        _ => ledger.delete(CLEAR),
    }
    Ok(())
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

/// Whether a change under this key may change what [`wake_after`] says.
#[must_use]
pub fn wakes(key: &str) -> bool {
    key == CLEAR || key.starts_with(TOMB)
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
