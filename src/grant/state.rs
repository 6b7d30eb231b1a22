//! The life of a grant: redeemed once, rotated generation by generation, ended for good.
//!
//! [`Grant`] is the whole state and [`Grant::refresh`] the whole decision. The account's object
//! loads, applies and stores; the property tests apply the very same functions.

use serde::{Deserialize, Serialize};

use super::entitlement::Rules;
use crate::ledger::outbox::Now;
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::protocol::time::{DAY, UnixTime};

/// What one redeemed code, or one service refresh token, started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who it was granted to.
    pub client_id: ClientId,
    /// The integration's incarnation it was granted under.
    pub incarnation: String,
    /// What it allows now. Only ever shrinks.
    pub scope: Scope,
    /// What the previous generation's refresh token allowed: the bound of a retry's `scope`.
    pub previous_scope: Scope,
    /// When its code was redeemed.
    pub created_at: UnixTime,
    /// When it was last redeemed or refreshed.
    pub last_used_at: UnixTime,
    /// The generation of the refresh token that is good now; the first is 1.
    pub generation: u64,
    /// The version of the deployment's secret that signed this generation.
    pub kid: String,
    /// The keyed hash of this generation's refresh token, for the edge replica.
    pub token_hash: String,
    /// When this generation began, in milliseconds, or, where that was answered at the front's second try, when that
    /// was: the retry window is counted from here.
    pub rotated_at_ms: u64,
    /// The front's attempt that began this generation.
    pub attempt: String,
    /// The one that began the generation before.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub previous_attempt: String,
    /// The account's epoch it was made in.
    pub account_epoch: u64,
    /// The person's revocation count for the client it was made in.
    pub revocations: u64,
    /// When and why it ended.
    pub ended: Option<Ended>,
    /// Moves with every change: a replica with a higher one is newer.
    pub revision: u64,
}

/// The end of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: UnixTime,
    /// Why.
    pub why: EndReason,
}

/// Why a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Its code was redeemed a second time (RFC 6749 section 4.1.2).
    CodeReplayed,
    /// A refresh token came back after it was rotated away (RFC 9700 section 4.14.2).
    RefreshTokenReused,
    /// The client revoked it (RFC 7009).
    RevokedByClient,
    /// The person took it back.
    RevokedByPerson,
    /// The organiser or operator ended it.
    RevokedByOrganiser,
    /// Nothing of its scope is allowed any more.
    NothingLeft,
    /// It was not used for the event's `refresh_idle_days`.
    Idle,
    /// Its account was disabled or erased.
    AccountEnded,
    /// A newer grant of the same service took its place.
    Displaced,
}

/// What must be the same now as when the grant was made, for it to live.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The integration's incarnation now.
    pub incarnation: &'a str,
    /// The account's epoch now.
    pub account_epoch: u64,
    /// The person's revocation count for the client now.
    pub revocations: u64,
}

/// A request to refresh.
#[derive(Clone, Debug)]
pub struct Refresh<'a> {
    /// Who asks; has been authenticated.
    pub client_id: &'a ClientId,
    /// The generation of the refresh token presented.
    pub presented: u64,
    /// The `scope` parameter.
    pub asked: Option<&'a Scope>,
    /// The front's attempt: its own retry of a lost call gets the first decision.
    pub attempt: &'a str,
    /// The version of the secret a new generation is to be signed with.
    pub kid: &'a str,
    /// The keyed hash of the refresh token a new generation would have.
    pub successor_hash: &'a str,
    /// The event's `retry_window`, in seconds.
    pub window: u64,
    /// How long the event lets a grant go unused.
    pub idle: IdleLimit,
    /// What the event's records allow.
    pub rules: &'a Rules,
    /// The part of the grant's scope that rules and person allow.
    pub allowed: Scope,
}

/// What a refresh came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The answer carries the grant's present generation and scope.
    Issue,
    /// `invalid_grant`. Whether the grant ended by it, the state tells.
    Refuse(RefreshRefusal),
    /// `invalid_scope`.
    RefuseScope,
    /// Something would be dropped on the word of a replica: come again with the event's own.
    AskAuthority,
}

/// Why a refresh is `invalid_grant`, for the log and the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshRefusal {
    /// Issued to another client.
    AnotherClient,
    /// The grant has ended.
    Dead,
    /// The token is of a generation that never was.
    FromTheFuture,
    /// The front's own first try, delivered after its second was answered and what that brought was used.
    Late,
    /// The token had been rotated away: the grant has ended now.
    Reused,
    /// Not used for too long: the grant has ended now.
    Idle,
    /// Nothing of the scope is allowed any more: the grant has ended now.
    NothingLeft,
}

/// The longest retry window that an event may set, in seconds.
pub const LONGEST_WINDOW: u64 = 60;

/// How much longer the front's first try of a command may have been on the way than its second, in milliseconds.
const ON_THE_WAY_MS: u64 = 1000;

/// How long an event lets a grant go unused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct IdleLimit {
    /// The event's `refresh_idle_days`.
    pub days: Option<u64>,
    /// What was last used before this had ended before the event allowed more days: it has ended for good.
    pub ended_before: UnixTime,
}

impl IdleLimit {
    /// Whether a grant that was last used at this time has ended by it.
    #[must_use]
    pub fn ends(self, last_used_at: UnixTime, now: UnixTime) -> bool {
        last_used_at < self.ended_before
            || self
                .days
                .is_some_and(|days| now.since(last_used_at) > days.saturating_mul(DAY))
    }

    /// Whether it ends any.
    #[must_use]
    pub fn is_set(self) -> bool {
        self != Self::default()
    }

    /// The limit once the event allows so many days.
    #[must_use]
    pub fn changed_to(self, days: Option<u64>, now: UnixTime) -> Self {
        let is_more = |before: &u64| days.is_none_or(|days| days > *before);
        let ended_before = match self.days.filter(is_more) {
            Some(before) => UnixTime(now.0.saturating_sub(before.saturating_mul(DAY))),
            None => UnixTime::default(),
        };
        Self {
            days,
            ended_before: self.ended_before.max(ended_before),
        }
    }
}

impl Grant {
    /// Whether it lives under these circumstances.
    #[must_use]
    pub fn lives(&self, standing: &Standing<'_>) -> bool {
        self.ended.is_none()
            && self.incarnation == standing.incarnation
            && self.account_epoch == standing.account_epoch
            && self.revocations == standing.revocations
    }

    /// Ends it, unless it has ended before.
    pub fn end(&mut self, at: UnixTime, why: EndReason) {
        if self.ended.is_none() {
            self.ended = Some(Ended { at, why });
            self.touch();
        }
    }

    fn touch(&mut self) {
        self.revision = self.revision.saturating_add(1);
    }

    /// Decides a refresh and becomes the state after it.
    ///
    /// 1. the client, 2. the grant's life, 3. idleness, 4. the generation: the present one rotates,
    ///    the one before is a retry inside the window, anything older ends the grant, 5. what is no
    ///    longer allowed is dropped for good, 6. the `scope` parameter, 7. rotation.
    ///
    /// What would end or narrow the grant by rules or settings that may be old is decided once they are the
    /// authority's.
    pub fn refresh(
        &mut self,
        request: &Refresh<'_>,
        standing: &Standing<'_>,
        now: Now,
    ) -> Decision {
        // 1. A token in another client's hands ends nothing: that client may have stolen it from a
        //    log, and must not be able to sign the owner out.
        if *request.client_id != self.client_id {
            return Decision::Refuse(RefreshRefusal::AnotherClient);
        }
        // 2.
        if !self.lives(standing) {
            return Decision::Refuse(RefreshRefusal::Dead);
        }
        // 3.
        if request.idle.ends(self.last_used_at, now.seconds()) {
            if !request.rules.authoritative {
                return Decision::AskAuthority;
            }
            self.end(now.seconds(), EndReason::Idle);
            return Decision::Refuse(RefreshRefusal::Idle);
        }
        // 4.
        let retry = match self.generation.checked_sub(request.presented) {
            None => return Decision::Refuse(RefreshRefusal::FromTheFuture),
            Some(0) => false,
            Some(1) if self.attempt == request.attempt => {
                // Rotated while this request was waiting: it is answered only now.
                if now.asked_ms() <= self.rotated_at_ms.saturating_add(ON_THE_WAY_MS) {
                    self.rotated_at_ms = self.rotated_at_ms.max(now.ms);
                }
                return Decision::Issue;
            }
            Some(1) if self.within_window(request.window, now) => true,
            Some(1) if !request.rules.authoritative && self.within_window(LONGEST_WINDOW, now) => {
                return Decision::AskAuthority;
            }
            Some(_) if self.previous_attempt == request.attempt => {
                return Decision::Refuse(RefreshRefusal::Late);
            }
            Some(_) => {
                self.end(now.seconds(), EndReason::RefreshTokenReused);
                return Decision::Refuse(RefreshRefusal::Reused);
            }
        };
        // 5.
        let presented_scope = if retry {
            self.previous_scope.clone()
        } else {
            self.scope.clone()
        };
        let kept = self.scope.and(&request.allowed);
        if kept != self.scope {
            if !request.rules.authoritative {
                return Decision::AskAuthority;
            }
            if kept.is_empty() {
                self.end(now.seconds(), EndReason::NothingLeft);
                return Decision::Refuse(RefreshRefusal::NothingLeft);
            }
            self.scope = kept;
            self.touch();
        }
        // 6.
        if request
            .asked
            .is_some_and(|asked| !asked.is_within(&presented_scope))
        {
            return Decision::RefuseScope;
        }
        if retry {
            return Decision::Issue;
        }
        let next = match request.asked {
            None => self.scope.clone(),
            Some(asked) => self.scope.and(asked),
        };
        if next.is_empty() {
            return Decision::RefuseScope;
        }
        // 7.
        self.previous_scope = presented_scope;
        self.scope = next;
        self.generation = self.generation.saturating_add(1);
        request.kid.clone_into(&mut self.kid);
        request.successor_hash.clone_into(&mut self.token_hash);
        self.previous_attempt = core::mem::replace(&mut self.attempt, request.attempt.to_owned());
        self.rotated_at_ms = now.ms;
        self.last_used_at = now.seconds();
        self.touch();
        Decision::Issue
    }

    /// The window is the client's: what it waited for objects of ours does not count.
    fn within_window(&self, window: u64, now: Now) -> bool {
        let passed = now.asked_ms().saturating_sub(self.rotated_at_ms);
        window > 0 && passed <= window.saturating_mul(1000)
    }
}

#[cfg(test)]
mod tests;
