//! Histories that once failed, by name: a seed means something else as soon as histories are drawn otherwise.

use super::operation::{Asker, By, Change, Operation, Token, Verifier};
use super::scopes::Scopes;
use super::state::DAY;

const ROBIN: usize = 0;
const BADGE_BUDDY: usize = 0;

fn authorize(grant: u8, scope: Scopes) -> Operation {
    Operation::Authorize {
        grant,
        person: ROBIN,
        client: BADGE_BUDDY,
        scope,
    }
}

/// Robin lets Badge Buddy do this, and it has its tokens.
fn granted(grant: u8, scope: Scopes) -> [Operation; 2] {
    let redeem = Operation::Redeem {
        grant,
        by: By::Itself,
        verifier: Verifier::Right,
        scope: None,
    };
    [authorize(grant, scope), redeem]
}

fn looked_up() -> Operation {
    Operation::Introspect {
        token: Token::Refresh { grant: 0, back: 0 },
        by: Asker::Watcher,
    }
}

const USED: Operation = Operation::Call { grant: 0, back: 0 };

/// Each with what was wrong.
pub fn histories() -> Vec<(&'static str, Vec<Operation>)> {
    let whole = granted(0, Scopes::ALL);
    let created_again = |scopes| {
        [
            Operation::Change(Change::DeleteIntegration {
                client: BADGE_BUDDY,
            }),
            Operation::Change(Change::CreateIntegration {
                client: BADGE_BUDDY,
                scopes,
            }),
        ]
    };
    let after = |begin: &[Operation], rest: &[Operation]| [begin, rest].concat();
    let changed = Operation::Change;
    let role = |held| {
        changed(Change::Role {
            person: ROBIN,
            held,
        })
    };
    vec![
        (
            "a grant past refresh_idle_days was active until somebody tried to refresh it",
            after(
                &whole,
                &[
                    changed(Change::IdleDays(Some(1))),
                    Operation::Wait(DAY * 1000 + 1000),
                    looked_up(),
                ],
            ),
        ),
        (
            "a permission given back counted 25 seconds late for a token that had been used without",
            after(&whole, &[role(false), USED, role(true), USED]),
        ),
        (
            "an integration created again gave codes that nobody honoured",
            [
                &granted(0, Scopes::BASIC)[..],
                &created_again(Scopes::SENSITIVE),
                &[authorize(1, Scopes::BASIC)],
            ]
            .concat(),
        ),
        (
            "an integration created again lent its approvals to the tokens of the one before",
            [
                &whole[..],
                &[changed(Change::OwnPermission {
                    person: ROBIN,
                    held: false,
                })],
                &created_again(Scopes::SENSITIVE),
                &[looked_up()],
            ]
            .concat(),
        ),
    ]
}
