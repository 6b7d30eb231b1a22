//! The server against the model.

use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::answer::Expected;
use super::deployment::Deployment;
use super::histories::Histories;
use super::operation::{Asker, Operation, Token, World};
use super::state::{GRACE, Model};
use crate::support::BEGIN;

/// A history from its beginning to its end.
pub fn run(operations: Vec<Operation>) {
    let model = Model::new(BEGIN * 1000, 10);
    let begun = Check::init_test(&model);
    let check = operations.into_iter().fold(begun, |check, operation| {
        Check::apply(check, &model, operation)
    });
    Check::teardown(check, model);
}

/// A deployment, and all states of the model it may be in: where an answer does not tell which of two
/// permitted things happened, both are followed.
pub struct Check {
    deployment: Deployment,
    states: Vec<Model>,
}

impl Check {
    /// Does it, and compares.
    fn step(&mut self, operation: &Operation) {
        if !self
            .states
            .iter()
            .all(|state| state.has_room_for(operation))
        {
            return;
        }
        let seen = self.deployment.perform(operation);
        let mut allowed: Vec<Expected> = Vec::new();
        let mut states: Vec<Model> = Vec::new();
        for state in &self.states {
            for (expected, next) in state.outcomes(operation) {
                if expected.admits(&seen) && !states.contains(&next) {
                    states.push(next);
                }
                if !allowed.contains(&expected) {
                    allowed.push(expected);
                }
            }
        }
        assert!(
            !states.is_empty(),
            "{operation}\n    was answered: {seen:?}\n    the model allows: {allowed:?}"
        );
        self.states = states;
    }

    /// Looks up every token there is; those who use them ask too.
    fn survey(&mut self) {
        let Some(model) = self.states.first().cloned() else {
            return;
        };
        for (name, grant) in &model.grants {
            let grant_name = *name;
            for back in 0..grant.generation {
                let token = Token::Refresh {
                    grant: grant_name,
                    back,
                };
                self.step(&Operation::Introspect {
                    token,
                    by: Asker::Watcher,
                });
            }
            for back in 0..grant.access.len() {
                let token = Token::Access {
                    grant: grant_name,
                    back,
                };
                self.step(&Operation::Introspect {
                    token,
                    by: Asker::Watcher,
                });
                self.step(&Operation::Introspect {
                    token,
                    by: Asker::Itself,
                });
                self.step(&Operation::Call {
                    grant: grant_name,
                    back,
                });
            }
        }
    }
}

impl StateMachineTest for Check {
    type SystemUnderTest = Self;
    type Reference = Histories;

    fn init_test(model: &Model) -> Self {
        Self {
            deployment: Deployment::new(model.now, model.retry_window.now),
            states: vec![model.clone()],
        }
    }

    fn apply(
        mut check: Self,
        _: &<Histories as ReferenceStateMachine>::State,
        operation: Operation,
    ) -> Self {
        check.step(&operation);
        check
    }

    /// At the end: as it is, and again when everything is known everywhere, down to who still holds what.
    fn teardown(mut check: Self, _: <Histories as ReferenceStateMachine>::State) {
        check.step(&Operation::World(World::Outage(None)));
        check.survey();
        check.step(&Operation::Wait(GRACE + 1));
        check.survey();
        let names: Vec<u8> = check
            .states
            .iter()
            .flat_map(|state| state.grants.keys().copied())
            .collect();
        for grant in names {
            check.step(&Operation::EndGrant { grant });
        }
        check.survey();
    }
}
