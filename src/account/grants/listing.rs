//! Which grants an account has.

use std::collections::BTreeMap;

use super::{LIVE, LiveRow, revocations, row_key, standing};
use crate::account::command::GrantLine;
use crate::account::profile::{PROFILE, Profile};
use crate::grant::state::Grant;
use crate::ledger::{Corrupt, Ledger, load, load_all};
use crate::protocol::client::ClientId;
use crate::token::id::GrantId;

/// How many grants are read at a time where all are wanted.
const AT_ONCE: usize = 200;

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
        let (Some(client_id), Some(id)) = (ClientId::parse(client_id), GrantId::parse(id)) else {
            continue;
        };
        if row.epoch != profile.epoch || row.revocations != revocations(ledger, &client_id)? {
            continue;
        }
        if let Some(grant) = load::<Grant>(ledger, &row_key(&id))? {
            items.push(GrantLine {
                id,
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

/// All that are not ended here, those alike but for their times as one: somebody may have thousands. Of those taken
/// together one line says when the first began and when one was used last.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn gathered(ledger: &impl Ledger) -> Result<Vec<GrantLine>, Corrupt> {
    let mut gathered: BTreeMap<(ClientId, String, String), GrantLine> = BTreeMap::new();
    let mut after = None;
    loop {
        let (items, next) = list(ledger, after.as_deref(), AT_ONCE)?;
        for item in items {
            let kind = (
                item.client_id.clone(),
                item.incarnation.clone(),
                item.scope.to_string(),
            );
            let line = gathered.entry(kind).or_insert_with(|| item.clone());
            line.created_at = line.created_at.min(item.created_at);
            line.last_used_at = line.last_used_at.max(item.last_used_at);
        }
        if next.is_none() {
            return Ok(gathered.into_values().collect());
        }
        after = next;
    }
}

/// One grant, if it is not ended here.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn find(ledger: &impl Ledger, id: &GrantId) -> Result<Option<GrantLine>, Corrupt> {
    let Some(profile) = load::<Profile>(ledger, PROFILE)? else {
        return Ok(None);
    };
    let Some(grant) = load::<Grant>(ledger, &row_key(id))? else {
        return Ok(None);
    };
    let standing = standing(ledger, &profile, &grant.client_id, &grant.incarnation)?;
    Ok(grant.lives(&standing).then(|| GrantLine {
        id: id.clone(),
        client_id: grant.client_id.clone(),
        incarnation: grant.incarnation.clone(),
        scope: grant.scope.clone(),
        created_at: grant.created_at,
        last_used_at: grant.last_used_at,
    }))
}
