//! What may come of a token that is used, looked up or revoked (contract 6).

use super::answer::{Expected, Outcomes, Seen, done, refusal};
use super::operation::{Asker, By, Token};
use super::scopes::Scopes;
use super::state::{Access, GRACE, Grant, Model};
use super::token_endpoint::{sender, wrong_secret};
use super::view::View;

/// The token of that name: its grant, and the access token if it is one.
fn find(model: &Model, token: Token) -> (u8, &Grant, Option<&Access>) {
    match token {
        Token::Refresh { grant, .. } => (grant, &model.grants[&grant], None),
        Token::Access { grant: name, back } => {
            let grant = &model.grants[&name];
            (name, grant, grant.access.iter().rev().nth(back))
        }
    }
}

impl Model {
    /// Contract 6: the whole grant ends; a foreign token is 200 and nothing. Suspended or not.
    pub fn revoke(&self, token: Token, by: By) -> Outcomes {
        let (name, grant, access) = find(self, token);
        if by == By::Impostor {
            return wrong_secret(self, sender(grant.client, by));
        }
        if by == By::Other {
            return done(self.clone());
        }
        let mut outcomes = done(self.with_ended(name));
        // Whether an expired token is still one of the client's tokens, nobody says.
        if access.is_some_and(|access| self.seconds() >= access.expires_at) {
            outcomes.extend(done(self.clone()));
        }
        outcomes
    }

    /// Contract 6: the authority's word, at once; only what is paused or deleted may be told late.
    pub fn introspect(&self, token: Token, by: Asker) -> Outcomes {
        let (_, grant, access) = find(self, token);
        let asker = match by {
            Asker::Itself => Some(grant.client),
            Asker::Other => Some(1 - grant.client),
            Asker::Watcher => None,
        };
        if asker == Some(1) {
            return vec![(refusal("invalid_client"), self.clone())];
        }
        let mut seen = Vec::new();
        for asking in asker.map_or(Vec::new(), |asker| {
            self.views(asker, Some(grant.incarnation))
        }) {
            if asking.usable().is_none() {
                seen.push(refusal("unauthorized_client"));
            }
        }
        let may_ask = asker.is_none_or(|asker| {
            let views = self.views(asker, Some(grant.incarnation));
            views.iter().any(|view| view.usable().is_some())
        });
        if may_ask && asker.is_some_and(|asker| asker != grant.client) {
            seen.push(Expected::Exactly(Seen::Inactive));
        } else if may_ask {
            seen.extend(self.looked_up(token, grant, access));
        }
        seen.into_iter()
            .map(|expected| (expected, self.clone()))
            .collect()
    }

    /// What a token's own client, or somebody who sees all, may be told of it.
    fn looked_up(&self, token: Token, grant: &Grant, access: Option<&Access>) -> Vec<Expected> {
        let generation = match token {
            Token::Refresh { back, .. } => grant.generation - back,
            Token::Access { .. } => access.map_or(0, |access| access.generation),
        };
        let good = !grant.ended
            && generation == grant.generation
            && access.is_none_or(|access| self.seconds() < access.expires_at);
        let scope = access.map_or(grant.scope, |access| access.scope.and(grant.scope));
        let (person, client) = (grant.person, grant.client);
        let mut seen = Vec::new();
        for view in self.views(grant.client, Some(grant.incarnation)) {
            let integration = view
                .usable()
                .filter(|integration| good && integration.incarnation == grant.incarnation);
            let Some(integration) = integration else {
                seen.push(Expected::Exactly(Seen::Inactive));
                continue;
            };
            for days in self.idle_days.readable(self.now) {
                if self.is_idle(grant, days) {
                    seen.push(Expected::Exactly(Seen::Inactive));
                    continue;
                }
                for allowed in self.allowances(person, client, integration) {
                    let scope = scope.and(allowed);
                    seen.push(Expected::Exactly(Seen::Active {
                        scope,
                        person,
                        client,
                    }));
                }
            }
        }
        seen
    }

    /// Contract 6: a live token is never refused, a dead one for 90 seconds at most accepted.
    pub fn call(&self, token: Token) -> Outcomes {
        let (_, grant, access) = find(self, token);
        let Some(access) = access else {
            return Vec::new();
        };
        let good_for = self.good_for(grant, access);
        let refused = Expected::Exactly(Seen::Error(401, "invalid_token".to_owned()));
        let believed = self
            .believed(grant, access)
            .map(|at_most| Expected::Person {
                at_least: good_for.unwrap_or_default().and(Scopes::SHOWN),
                at_most: at_most.and(Scopes::SHOWN),
            });
        let all = [good_for.is_none().then_some(refused), believed];
        all.into_iter()
            .flatten()
            .map(|expected| (expected, self.clone()))
            .collect()
    }

    /// What an access token may be taken to be good for.
    fn believed(&self, grant: &Grant, access: &Access) -> Option<Scopes> {
        let recent = |at: Option<u64>| at.is_some_and(|at| self.now <= at + GRACE);
        let possible = self.seconds() < access.expires_at && recent(access.granted_at);
        let views = self.views(grant.client, Some(grant.incarnation));
        let approved = views
            .iter()
            .filter_map(View::usable)
            .filter(|integration| integration.incarnation == grant.incarnation)
            .map(|integration| integration.approved)
            .reduce(Scopes::or)
            .filter(|_| possible)?;
        let granted = Scopes::each()
            .filter(|(at, _)| recent(access.scope_granted_at[*at]))
            .fold(Scopes::NONE, |all, (_, one)| all.or(one));
        let roles = self.role_is_full.readable(self.now);
        let role = if roles.contains(&true) {
            Scopes::NONE
        } else {
            Scopes::ROLES
        };
        Some(granted.and(approved).without(role))
    }
}
