//! What may come of each operation.

use super::answer::{Expected, Outcomes, Seen, done};
use super::operation::{Change, Operation, Token, World};
use super::state::{Integration, Model};

impl Model {
    /// What may come of an operation.
    pub fn outcomes(&self, operation: &Operation) -> Outcomes {
        let mut outcomes = match *operation {
            Operation::Authorize {
                grant,
                person,
                client,
                scope,
            } => self.authorize(grant, person, client, scope),
            Operation::Redeem {
                grant,
                by,
                verifier,
                scope,
            } => self.redeem(grant, by, verifier, scope),
            Operation::Refresh {
                grant,
                back,
                by,
                scope,
            } => self.refresh(grant, back, by, scope),
            Operation::Revoke { token, by } => self.revoke(token, by),
            Operation::Introspect { token, by } => self.introspect(token, by),
            Operation::Call { grant, back } => self.call(Token::Access { grant, back }),
            Operation::RevokeAccess { person, client } => self.revoke_access(person, client),
            Operation::EndGrant { grant } => self.end_grant(grant),
            Operation::Change(change) => done(self.changed(change)),
            Operation::Wait(ms) => {
                let mut next = self.clone();
                next.wait(ms);
                done(next)
            }
            Operation::World(what) => {
                let mut next = self.clone();
                match what {
                    World::Outage(outage) => next.outage = outage,
                    World::AnswersAreLost(lost) => next.answers_are_lost = lost,
                    _ => {}
                }
                done(next)
            }
        };
        let local = matches!(
            operation,
            Operation::Change(_) | Operation::Wait(_) | Operation::World(_)
        );
        if !local {
            outcomes.extend(self.of_faults(&outcomes));
        }
        for (_, next) in &mut outcomes {
            next.note_what_is_granted();
        }
        outcomes
    }

    /// What more may come of a request while something is wrong with the objects. One that does not answer: 503,
    /// and nothing has happened. One whose first answer is lost: the front asks again and knows more by then, so that
    /// the words may be those of one refusal and the effect another's.
    fn of_faults(&self, outcomes: &Outcomes) -> Outcomes {
        let mut all = Vec::new();
        if self.outage.is_some() {
            let unavailable = Seen::Error(503, "temporarily_unavailable".to_owned());
            all.push((Expected::Exactly(unavailable), self.clone()));
        }
        if self.answers_are_lost {
            let known = outcomes.iter().chain(&all);
            let refusals: Outcomes = known
                .filter(|(expected, _)| matches!(expected, Expected::Exactly(Seen::Error(..))))
                .cloned()
                .collect();
            for (words, _) in &refusals {
                for (_, effect) in &refusals {
                    all.push((words.clone(), effect.clone()));
                }
            }
        }
        all
    }

    /// The state after a change, which is always carried out.
    fn changed(&self, change: Change) -> Self {
        let mut next = self.clone();
        let at = self.now;
        let mut patch = |client: usize, patch: &dyn Fn(&mut Integration)| {
            let record = &mut next.clients[client].integration;
            let mut integration = record.now;
            if let Some(integration) = &mut integration {
                patch(integration);
            }
            record.set(at, integration);
        };
        match change {
            Change::SuspendIntegration { client, suspended } => {
                patch(client, &|integration| integration.suspended = suspended);
            }
            Change::Approve { client, scopes } => {
                patch(client, &|integration| integration.approved = scopes);
            }
            Change::SuspendApplication { client, suspended } => {
                next.clients[client]
                    .application_suspended
                    .set(at, suspended);
            }
            Change::DeleteIntegration { client } => next.clients[client].integration.set(at, None),
            Change::CreateIntegration { client, scopes } => {
                let client = &mut next.clients[client];
                client.incarnations += 1;
                let integration = Integration {
                    incarnation: client.incarnations,
                    suspended: false,
                    approved: scopes,
                };
                client.integration.set(at, Some(integration));
            }
            Change::OwnPermission { person, held } => next.people[person].own_permission = held,
            Change::Role { person, held } => next.people[person].role = held,
            Change::RoleContents { full } => next.role_is_full.set(at, full),
            Change::Account { person, enabled } => {
                next.people[person].enabled = enabled;
                for grant in next.grants.values_mut() {
                    grant.ended |= grant.person == person && !enabled;
                }
            }
            Change::RetryWindow(seconds) => next.retry_window.set(at, seconds),
            Change::IdleDays(days) => next.idle_days.set(at, days),
        }
        next
    }
}
