//! Whether random histories get to what they are about: a model that is never asked anything agrees with
//! everything.

use std::collections::BTreeMap;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use proptest_state_machine::ReferenceStateMachine as _;

use super::answer::{Expected, Seen};
use super::histories::Histories;
use super::operation::{By, Change, Operation, Token};
use super::state::{CODE, Grant, Model};

/// What histories must get to.
pub const EVENTS: [&str; 25] = [
    "a code is redeemed",
    "a code is redeemed for less",
    "a second redemption ends the grant",
    "a second redemption that is not valid ends nothing",
    "a code comes too late",
    "a refresh token rotates",
    "a refresh narrows the scope",
    "a retry gets the same successor",
    "a retry comes in the last millisecond of the window",
    "a retry one millisecond after the window ends the grant",
    "a refresh token from generations ago ends the grant",
    "another client or a wrong secret ends nothing",
    "a refresh drops what is no longer allowed",
    "a refresh asks for more than there is",
    "a refresh finds nothing left",
    "a refresh finds the client paused",
    "a refresh comes too late for refresh_idle_days",
    "a client revokes with a token rotated away",
    "a client revokes with an access token",
    "a person revokes what there is",
    "the operator ends a grant",
    "disabling an account ends a grant",
    "an integration is created again over a grant",
    "a dead access token may still be believed",
    "consent is remembered",
];

/// How often each of [`EVENTS`], and doubt about what happens, came in so many histories.
pub fn count(histories: u32) -> BTreeMap<&'static str, u32> {
    let mut runner = TestRunner::deterministic();
    let strategy = Histories::sequential_strategy(1..60);
    let mut counts = BTreeMap::new();
    for _ in 0..histories {
        let (mut model, operations, _) = strategy.new_tree(&mut runner).unwrap().current();
        for operation in operations {
            let outcomes = model.outcomes(&operation);
            let (expected, next) = outcomes[0].clone();
            if let Some(event) = event(&model, &operation, &expected, &next) {
                *counts.entry(event).or_insert(0) += 1;
            }
            if outcomes.len() > 1 {
                *counts.entry("more than one thing may happen").or_insert(0) += 1;
            }
            model = next;
        }
    }
    counts
}

/// Which of [`EVENTS`] an operation is.
fn event(
    model: &Model,
    operation: &Operation,
    expected: &Expected,
    next: &Model,
) -> Option<&'static str> {
    let Expected::Exactly(seen) = expected else {
        return called(model, operation, expected);
    };
    let refused = |code: &str| matches!(seen, Seen::Error(_, error) if error == code);
    let ends = |name: &u8| !model.grants[name].ended && next.grants[name].ended;
    Some(match operation {
        Operation::Redeem {
            grant: name,
            by,
            scope,
            ..
        } => {
            let grant = &model.grants[name];
            let late = model.seconds() >= grant.authorized_at / 1000 + CODE;
            match seen {
                Seen::Issued { .. } if scope.is_some() => "a code is redeemed for less",
                Seen::Issued { .. } => "a code is redeemed",
                _ if ends(name) && grant.generation > 0 => "a second redemption ends the grant",
                _ if late && *by == By::Itself => "a code comes too late",
                _ if grant.generation > 0 && model.lives(grant) => {
                    "a second redemption that is not valid ends nothing"
                }
                _ => return None,
            }
        }
        Operation::Refresh {
            grant: name,
            back,
            by,
            ..
        } => {
            let grant = &model.grants[name];
            let after = &next.grants[name];
            let passed = model.now - grant.rotated_at;
            let window = model.retry_window.now * 1000;
            match seen {
                Seen::Issued {
                    refresh: Some(_), ..
                } if passed == window && window > 0 => {
                    "a retry comes in the last millisecond of the window"
                }
                Seen::Issued {
                    refresh: Some(_), ..
                } => "a retry gets the same successor",
                Seen::Issued { .. } => rotated(model, grant, after),
                _ if *by != By::Itself && model.lives(grant) => {
                    "another client or a wrong secret ends nothing"
                }
                _ if refused("unauthorized_client") => "a refresh finds the client paused",
                _ if refused("invalid_scope") => "a refresh asks for more than there is",
                _ if !ends(name) => return None,
                _ if model.is_idle(grant, model.idle_days.now) => {
                    "a refresh comes too late for refresh_idle_days"
                }
                _ if *back == 1 && passed == window + 1 => {
                    "a retry one millisecond after the window ends the grant"
                }
                _ if *back > 0 => "a refresh token from generations ago ends the grant",
                _ => "a refresh finds nothing left",
            }
        }
        Operation::Revoke {
            token: Token::Refresh { grant, back: 1.. },
            ..
        } if ends(grant) => "a client revokes with a token rotated away",
        Operation::Revoke {
            token: Token::Access { grant, .. },
            ..
        } if ends(grant) => "a client revokes with an access token",
        Operation::RevokeAccess { .. } if model.grants.keys().any(ends) => {
            "a person revokes what there is"
        }
        Operation::EndGrant { grant } if ends(grant) => "the operator ends a grant",
        Operation::Change(Change::Account { .. }) if model.grants.keys().any(ends) => {
            "disabling an account ends a grant"
        }
        Operation::Change(Change::CreateIntegration { client, .. })
            if model
                .grants
                .values()
                .any(|grant| grant.client == *client && !grant.ended) =>
        {
            "an integration is created again over a grant"
        }
        Operation::Authorize { .. } if *seen == (Seen::Code { asked: false }) => {
            "consent is remembered"
        }
        Operation::Call { .. } => return called(model, operation, expected),
        _ => return None,
    })
}

fn rotated(model: &Model, before: &Grant, after: &Grant) -> &'static str {
    let allowed = model.clients[before.client]
        .integration
        .now
        .map(|now| now.approved);
    let permitted = model.permitted(before.person, model.role_is_full.now);
    let kept = before.scope.and(allowed.unwrap_or_default()).and(permitted);
    if kept != before.scope {
        "a refresh drops what is no longer allowed"
    } else if after.scope != before.scope {
        "a refresh narrows the scope"
    } else {
        "a refresh token rotates"
    }
}

fn called(model: &Model, operation: &Operation, expected: &Expected) -> Option<&'static str> {
    let dead = *expected == Expected::Exactly(Seen::Error(401, "invalid_token".to_owned()));
    (dead && model.outcomes(operation).len() > 1)
        .then_some("a dead access token may still be believed")
}
