//! What the server may take for true: the truth, or for 90 seconds what was taken away since.

use super::scopes::Scopes;
use super::state::{Integration, Model};

/// A client as an edge location may see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct View {
    application_suspended: bool,
    pub integration: Option<Integration>,
}

impl View {
    /// The integration, if it may be used.
    pub fn usable(&self) -> Option<Integration> {
        self.integration
            .filter(|integration| !integration.suspended && !self.application_suspended)
    }
}

impl Model {
    /// The client as it may be seen, as it is first. What was allowed holds from the answer on: while it may be used,
    /// an older record counts only for what it allows beyond the present one, and the record of an integration
    /// that was deleted and created again only where something of the `incarnation` it was is judged.
    pub fn views(&self, client: usize, incarnation: Option<u32>) -> Vec<View> {
        let in_use = self.in_use(client);
        let client = &self.clients[client];
        let suspended = &client.application_suspended;
        let mut applications = vec![suspended.now];
        if suspended.now && suspended.older(self.now).any(|older| !older) {
            applications.push(false);
        }
        let mut integrations = vec![client.integration.now];
        for older in client.integration.older(self.now).flatten() {
            match in_use {
                Some(present) if present.incarnation == older.incarnation => {
                    let approved = present.approved.or(older.approved);
                    integrations.push(Some(Integration {
                        approved,
                        ..present
                    }));
                }
                Some(_) if incarnation != Some(older.incarnation) => {}
                _ => integrations.push(Some(*older)),
            }
        }
        let mut views = Vec::new();
        for integration in integrations {
            for application_suspended in applications.iter().copied() {
                let view = View {
                    application_suspended,
                    integration,
                };
                if !views.contains(&view) {
                    views.push(view);
                }
            }
        }
        views
    }

    /// The integration, if it may be used in truth.
    fn in_use(&self, client: usize) -> Option<Integration> {
        let client = &self.clients[client];
        let paused = client.application_suspended.now;
        let present = client.integration.now;
        present.filter(|present| !present.suspended && !paused)
    }

    /// What a person may grant a client that is seen with this integration. As long as the client may be used,
    /// what the role contains now counts at once.
    pub fn allowances(&self, person: usize, client: usize, seen: Integration) -> Vec<Scopes> {
        let at_once = self
            .in_use(client)
            .is_some_and(|present| present.incarnation == seen.incarnation);
        let roles = if self.role_is_full.now && at_once {
            vec![true]
        } else {
            self.role_is_full.readable(self.now)
        };
        let all = roles.into_iter();
        all.map(|full| seen.approved.and(self.permitted(person, full)))
            .collect()
    }
}
