//! What people and the operator see, and begin or end there (contract 2, 3 and 7).

use super::answer::{Expected, Outcomes, Seen};
use super::scopes::Scopes;
use super::state::{Grant, Model};

impl Model {
    /// Contract 2 and 3.
    pub fn authorize(&self, name: u8, person: usize, client: usize, scope: Scopes) -> Outcomes {
        let same = |seen: Seen| (Expected::Exactly(seen), self.clone());
        let mut outcomes = Vec::new();
        for view in self.views(client, None) {
            let Some(integration) = view.usable() else {
                outcomes.push(same(Seen::Page(400)));
                continue;
            };
            if !self.people[person].enabled {
                outcomes.push(same(Seen::SignInPage));
                continue;
            }
            if !scope.is_within(integration.approved) {
                outcomes.push(same(Seen::CarriedBack("invalid_scope".to_owned())));
                continue;
            }
            for allowed in self.allowances(person, client, integration) {
                if !scope.is_within(allowed) {
                    outcomes.push(same(Seen::Page(403)));
                    continue;
                }
                for days in self.idle_days.readable(self.now) {
                    let remembered = self.grants.values().any(|grant| {
                        (grant.person, grant.client) == (person, client)
                            && grant.generation > 0
                            && !grant.ended
                            && grant.incarnation == integration.incarnation
                            && !self.is_idle(grant, days)
                            && scope.is_within(grant.scope)
                    });
                    let asked = !remembered || !scope.and(Scopes::SENSITIVE).is_empty();
                    let mut next = self.clone();
                    let grant = Grant {
                        person,
                        client,
                        incarnation: integration.incarnation,
                        authorized_at: self.now,
                        authorized: scope,
                        generation: 0,
                        scope,
                        scope_before: scope,
                        rotated_at: self.now,
                        ended: false,
                        access: Vec::new(),
                    };
                    next.grants.insert(name, grant);
                    outcomes.push((Expected::Exactly(Seen::Code { asked }), next));
                }
            }
        }
        outcomes
    }

    /// Contract 3: each application once; the button ends all its grants, and its codes.
    pub fn revoke_access(&self, person: usize, client: usize) -> Outcomes {
        if !self.people[person].enabled {
            return vec![(Expected::Exactly(Seen::SignInPage), self.clone())];
        }
        // An incarnation that is no more may be read from a replica, the present one always.
        let lists = |client: usize| -> Vec<bool> {
            let present = self.clients[client].integration.now;
            let older = self.clients[client].integration.older(self.now).copied();
            let mut lists = Vec::new();
            for integration in core::iter::once(present).chain(older) {
                for days in self.idle_days.readable(self.now) {
                    let listed = self.grants.values().any(|grant| {
                        let incarnations =
                            [integration, present].map(|one| one.map(|one| one.incarnation));
                        (grant.person, grant.client) == (person, client)
                            && grant.generation > 0
                            && !grant.ended
                            && incarnations.contains(&Some(grant.incarnation))
                            && !self.is_idle(grant, days)
                    });
                    if !lists.contains(&listed) {
                        lists.push(listed);
                    }
                }
            }
            lists
        };
        let mut outcomes = Vec::new();
        for first in lists(0) {
            for second in lists(1) {
                let shown: Vec<usize> = [first, second]
                    .iter()
                    .enumerate()
                    .filter(|(_, listed)| **listed)
                    .map(|(at, _)| at)
                    .collect();
                let mut next = self.clone();
                if shown.contains(&client) {
                    for grant in next.grants.values_mut() {
                        grant.ended |= (grant.person, grant.client) == (person, client);
                    }
                }
                outcomes.push((Expected::Exactly(Seen::Applications(shown)), next));
            }
        }
        outcomes
    }

    /// Contract 7: the operator sees what lives, and ends it at once.
    pub fn end_grant(&self, name: u8) -> Outcomes {
        let person = self.grants[&name].person;
        let listed: Vec<(u8, Scopes)> = self
            .grants
            .iter()
            .filter(|(_, grant)| grant.person == person && self.lives(grant))
            .map(|(name, grant)| (*name, grant.scope))
            .collect();
        let status = if listed.iter().any(|(listed, _)| *listed == name) {
            204
        } else {
            404
        };
        let next = if status == 204 {
            self.with_ended(name)
        } else {
            self.clone()
        };
        vec![(Expected::Exactly(Seen::Grants(listed, status)), next)]
    }
}
