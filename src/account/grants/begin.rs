//! How a grant begins: by a code's redemption, or by a service.

use super::{LIVE, MOST_OF_A_SERVICE, account, issued, keep, row_key, standing};
use crate::account::command::{Begin, Refusal, Reply};
use crate::grant::state::{EndReason, Grant, Standing};
use crate::ledger::outbox::Now;
use crate::ledger::{Corrupt, Ledger, load};
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::token::authorization_code::AuthorizationCode;
use crate::token::id::GrantId;

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
    if let Some(mut grant) = load::<Grant>(ledger, &row_key(&code.grant_id))? {
        if grant.attempt == begin.attempt && grant.ended.is_none() {
            return Ok(issued(&grant));
        }
        // Delivered after the front's second try was answered and what that brought was used.
        let late = grant.previous_attempt == begin.attempt;
        if grant.ended.is_some() || late {
            return Ok(Reply::Refused(Refusal::CodeSpent));
        }
        grant.end(now.seconds(), EndReason::CodeReplayed);
        keep(ledger, &code.grant_id, &grant, None)?;
        return Ok(Reply::Refused(Refusal::CodeReplayed));
    }
    // 2.
    let standing = standing(ledger, &profile, &code.client_id, &begin.incarnation)?;
    if code.incarnation != standing.incarnation
        || code.account_epoch != standing.account_epoch
        || code.revocations != standing.revocations
    {
        return Ok(Reply::Refused(Refusal::CodeEnded));
    }
    // 4.
    let permissions = begin.rules.permissions(profile.held());
    let kept = begin.rules.allowed(&code.scope, &permissions);
    if kept != code.scope && !begin.rules.authoritative {
        return Ok(Reply::AskAuthority);
    }
    let mut grant = first_generation(&code.client_id, kept, &standing, begin, now);
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

/// Begins a grant of a service, of the scopes the front found approved.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn begin_service(
    ledger: &mut impl Ledger,
    id: &GrantId,
    client_id: &ClientId,
    scope: &Scope,
    begin: &Begin,
    now: Now,
) -> Result<Reply, Corrupt> {
    let Some(profile) = account(ledger)?.filter(|profile| profile.service) else {
        return Ok(Reply::Refused(Refusal::NoAccount));
    };
    if let Some(grant) = load::<Grant>(ledger, &row_key(id))? {
        return Ok(issued(&grant));
    }
    let standing = standing(ledger, &profile, client_id, &begin.incarnation)?;
    let mut live: Vec<(GrantId, Grant)> = Vec::new();
    for (key, _) in ledger.scan(&format!("{LIVE}{client_id}/"), None, false, 1000) {
        let Some(other) = key.rsplit('/').next().and_then(GrantId::parse) else {
            continue;
        };
        if let Some(grant) = load::<Grant>(ledger, &row_key(&other))? {
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
    let grant = first_generation(client_id, scope.clone(), &standing, begin, now);
    keep(ledger, id, &grant, None)?;
    Ok(issued(&grant))
}

/// A grant as it begins.
fn first_generation(
    client_id: &ClientId,
    scope: Scope,
    standing: &Standing<'_>,
    begin: &Begin,
    now: Now,
) -> Grant {
    Grant {
        client_id: client_id.clone(),
        incarnation: standing.incarnation.to_owned(),
        previous_scope: scope.clone(),
        scope,
        created_at: now.seconds(),
        last_used_at: now.seconds(),
        generation: 1,
        kid: begin.kid.clone(),
        token_hash: begin.token_hash.clone(),
        rotated_at_ms: now.ms,
        attempt: begin.attempt.clone(),
        previous_attempt: String::new(),
        account_epoch: standing.account_epoch,
        revocations: standing.revocations,
        ended: None,
        revision: 1,
    }
}
