//! What KV is told of a grant: one record each, for edge locations to read.

use serde::{Deserialize, Serialize};

use super::{GRANT, LIVE, REMEMBERED_LONGER, REVOKED_TOKEN, STEP, TOMBSTONE, row_key};
use crate::grant::state::Grant;
use crate::ledger::outbox::{self, Effect, Namespace, Now};
use crate::ledger::{Corrupt, Ledger, count, load};
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::protocol::time::UnixTime;
use crate::token::id::{EventId, GrantId, OwnerId};

/// KV takes no shorter time to live, in seconds.
const LEAST_TTL: u64 = 60;

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
pub fn replica_key(event_id: &EventId, owner: &OwnerId, grant_id: &GrantId) -> String {
    format!("grant/{event_id}/{owner}/{grant_id}")
}

/// The KV key that says a service's token without a grant was revoked.
#[must_use]
pub fn revoked_key(event_id: &EventId, jti: &str) -> String {
    format!("revoked/{event_id}/{jti}")
}

/// Whether edge locations rely on a target's replica: on a revoked token's, as a miss means that it lives. A
/// grant's replica that is behind only sends them to the object.
#[must_use]
pub fn is_relied_on(target: &str) -> bool {
    target.starts_with(REVOKED_TOKEN)
}

/// What there is to tell of a target.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn effect(
    ledger: &impl Ledger,
    target: &str,
    event_id: &EventId,
    owner: &OwnerId,
    now: Now,
) -> Result<Option<Effect>, Corrupt> {
    if let Some(jti) = target.strip_prefix(REVOKED_TOKEN) {
        // A location whose clock is behind takes the token for longer, and without a record for one that lives.
        let until = UnixTime(count(ledger, target)?).plus(REMEMBERED_LONGER);
        let left = until.since(now.seconds());
        return Ok((left > 0).then(|| Effect::Write {
            namespace: Namespace::RefreshTokens,
            key: revoked_key(event_id, jti),
            value: String::from("{\"revoked\":true}"),
            ttl: Some(left.max(LEAST_TTL)),
        }));
    }
    let Some(id) = target.strip_prefix(GRANT).and_then(GrantId::parse) else {
        return Ok(None);
    };
    let grant: Option<Grant> = load(ledger, target)?;
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
        key: replica_key(event_id, owner, &id),
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
            if let Some(id) = key.rsplit('/').next().and_then(GrantId::parse) {
                outbox::note(ledger, &row_key(&id));
            }
        }
        match rows.last() {
            Some((key, _)) if rows.len() == STEP => after = Some(key.clone()),
            _ => return,
        }
    }
}
