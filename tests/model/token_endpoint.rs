//! What the token endpoint may answer (contract 4).

use super::answer::{Expected, Outcomes, Seen, refusal};
use super::operation::{By, Verifier};
use super::scopes::Scopes;
use super::state::{ACCESS, Access, CODE, Grant, Model};
use super::view::View;

/// The client that sends a request about a grant of `client`.
pub fn sender(client: usize, by: By) -> usize {
    match by {
        By::Itself | By::Impostor => client,
        By::Other => 1 - client,
    }
}

/// 401; or 429 after ten failures in a minute, where there is a secret to guess.
pub fn wrong_secret(model: &Model, client: usize) -> Outcomes {
    let mut outcomes = vec![(refusal("invalid_client"), model.clone())];
    if client == 0 {
        let too_many = Seen::Error(429, "temporarily_unavailable".to_owned());
        outcomes.push((Expected::Exactly(too_many), model.clone()));
    }
    outcomes
}

impl Model {
    /// The state in which one grant is changed.
    fn with(&self, name: u8, change: impl FnOnce(&mut Grant)) -> Self {
        let mut next = self.clone();
        if let Some(grant) = next.grants.get_mut(&name) {
            change(grant);
        }
        next
    }

    /// The state in which a grant has ended.
    pub fn with_ended(&self, name: u8) -> Self {
        self.with(name, |grant| grant.ended = true)
    }

    /// Tokens of the grant's present generation and scope.
    fn issued(mut self, name: u8, refresh: Option<(u8, u64)>) -> (Expected, Self) {
        let expires_at = self.seconds() + ACCESS;
        let mut scope = Scopes::NONE;
        if let Some(grant) = self.grants.get_mut(&name) {
            scope = grant.scope;
            grant.access.push(Access {
                generation: grant.generation,
                scope,
                expires_at,
                granted_at: None,
                scope_granted_at: [None; 4],
            });
        }
        (Expected::Exactly(Seen::Issued { scope, refresh }), self)
    }

    /// The redemption of a grant's code.
    pub fn redeem(&self, name: u8, by: By, verifier: Verifier, asked: Option<Scopes>) -> Outcomes {
        let grant = &self.grants[&name];
        let sender = sender(grant.client, by);
        if by == By::Impostor {
            return wrong_secret(self, sender);
        }
        let valid = sender == grant.client
            && verifier == Verifier::Right
            && self.seconds() < grant.authorized_at / 1000 + CODE;
        let mut outcomes = Vec::new();
        for view in self.views(sender, Some(grant.incarnation)) {
            let Some(integration) = view.usable() else {
                outcomes.push((refusal("unauthorized_client"), self.clone()));
                continue;
            };
            // A replay ends what the code produced, whatever else has changed.
            let next = if valid && grant.generation > 0 {
                self.with_ended(name)
            } else {
                self.clone()
            };
            let dead = grant.ended || integration.incarnation != grant.incarnation;
            if !valid || grant.generation > 0 || dead {
                outcomes.push((refusal("invalid_grant"), next));
                continue;
            }
            for allowed in self.allowances(grant.person, grant.client, integration) {
                outcomes.push(self.redeem_allowed(name, allowed, asked));
            }
        }
        outcomes
    }

    fn redeem_allowed(&self, name: u8, allowed: Scopes, asked: Option<Scopes>) -> (Expected, Self) {
        let grant = &self.grants[&name];
        let kept = grant.authorized.and(allowed);
        if kept.is_empty() {
            return (refusal("invalid_grant"), self.with_ended(name));
        }
        let scope = kept.and(asked.unwrap_or(Scopes::ALL));
        // Nothing is stored of a code before it is redeemed, so what was dropped here may come back.
        if asked.is_some_and(|asked| !asked.is_within(grant.authorized)) || scope.is_empty() {
            return (refusal("invalid_scope"), self.clone());
        }
        let next = self.with(name, |grant| {
            grant.generation = 1;
            grant.scope = scope;
            grant.scope_before = scope;
            grant.rotated_at = self.now;
        });
        next.issued(name, None)
    }

    /// The refresh token from `back` generations before a grant's latest.
    pub fn refresh(&self, name: u8, back: u64, by: By, asked: Option<Scopes>) -> Outcomes {
        let grant = &self.grants[&name];
        let sender = sender(grant.client, by);
        if by == By::Impostor {
            return wrong_secret(self, sender);
        }
        let mut outcomes = Vec::new();
        for view in self.views(sender, Some(grant.incarnation)) {
            if view.usable().is_none() {
                outcomes.push((refusal("unauthorized_client"), self.clone()));
            } else if sender != grant.client {
                outcomes.push((refusal("invalid_grant"), self.clone()));
            } else {
                outcomes.extend(self.refresh_seen_so(name, back, asked, view));
            }
        }
        outcomes
    }

    /// The same, by the right client as it is seen.
    fn refresh_seen_so(&self, name: u8, back: u64, asked: Option<Scopes>, view: View) -> Outcomes {
        let grant = &self.grants[&name];
        let Some(integration) = view.usable() else {
            return Vec::new();
        };
        if grant.ended || integration.incarnation != grant.incarnation {
            return vec![(refusal("invalid_grant"), self.clone())];
        }
        let mut outcomes = Vec::new();
        for days in self.idle_days.readable(self.now) {
            for window in self.retry_window.readable(self.now) {
                let within = window > 0 && self.now - grant.rotated_at <= window * 1000;
                if self.is_idle(grant, days) || back > 1 || (back == 1 && !within) {
                    outcomes.push((refusal("invalid_grant"), self.with_ended(name)));
                    continue;
                }
                for allowed in self.allowances(grant.person, grant.client, integration) {
                    outcomes.push(self.refresh_allowed(name, back == 1, allowed, asked));
                }
            }
        }
        outcomes
    }

    fn refresh_allowed(
        &self,
        name: u8,
        retry: bool,
        allowed: Scopes,
        asked: Option<Scopes>,
    ) -> (Expected, Self) {
        let before = &self.grants[&name];
        let kept = before.scope.and(allowed);
        if kept.is_empty() {
            return (refusal("invalid_grant"), self.with_ended(name));
        }
        // Dropped for good, first, whatever the answer is.
        let dropped = self.with(name, |grant| grant.scope = kept);
        let presented = if retry {
            before.scope_before
        } else {
            before.scope
        };
        if asked.is_some_and(|asked| !asked.is_within(presented)) {
            return (refusal("invalid_scope"), dropped);
        }
        if retry {
            return dropped.issued(name, Some((name, before.generation)));
        }
        let scope = kept.and(asked.unwrap_or(Scopes::ALL));
        if scope.is_empty() {
            return (refusal("invalid_scope"), dropped);
        }
        let next = dropped.with(name, |grant| {
            grant.generation += 1;
            grant.scope_before = before.scope;
            grant.scope = scope;
            grant.rotated_at = self.now;
        });
        next.issued(name, None)
    }
}
