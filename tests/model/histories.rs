//! Random histories: the model itself leads the way, and time likes to stop at a boundary.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest_state_machine::ReferenceStateMachine;

use super::operation::{Asker, By, Change, Down, Operation, Token, Verifier, World};
use super::scopes::Scopes;
use super::state::{ACCESS, CODE, DAY, GRACE, Grant, Model, Ms};
use crate::support::BEGIN;

/// As many codes as a history has at most.
const MOST_GRANTS: u8 = 6;

/// The generator of histories: it follows the model with everything known everywhere at once.
pub struct Histories;

impl ReferenceStateMachine for Histories {
    type State = Model;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Model> {
        let window = select(vec![10, 10, 0, 60]);
        window
            .prop_map(|window| Model::new(BEGIN * 1000, window))
            .boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Operation> {
        let mut choices: Vec<(u32, BoxedStrategy<Operation>)> = vec![
            (8, waits(model)),
            (3, world().prop_map(Operation::World).boxed()),
            (5, changes(model).prop_map(Operation::Change).boxed()),
        ];
        let whole = model.outage.is_none();
        let free = u8::try_from(model.grants.len()).unwrap_or(u8::MAX);
        let alive = model.grants.values().any(|grant| model.lives(grant));
        if whole && free < MOST_GRANTS {
            let fields = (select(pairs(model)), scopes());
            let authorize =
                fields.prop_map(move |((person, client), scope)| Operation::Authorize {
                    grant: free,
                    person,
                    client,
                    scope,
                });
            choices.push((if alive { 3 } else { 30 }, authorize.boxed()));
        }
        let fresh = |grant: &Grant| {
            let late = model.seconds() >= grant.authorized_at / 1000 + CODE;
            grant.generation == 0 && !grant.ended && !late
        };
        if let Some(codes) = some_of(model, fresh) {
            choices.push((40, redeem(codes, true)));
        }
        if let Some(codes) = some_of(model, |grant| !fresh(grant)) {
            choices.push((2, redeem(codes, false)));
        }
        if let Some(begun) = some_of(model, |grant| grant.generation > 0) {
            choices.extend(with_tokens(model, begun, whole));
        }
        Union::new_weighted(choices).boxed()
    }

    fn apply(model: Model, operation: &Operation) -> Model {
        let outcome = model.outcomes(operation).into_iter().next();
        outcome.map_or(model, |(_, next)| next)
    }

    fn preconditions(model: &Model, operation: &Operation) -> bool {
        model.has_room_for(operation)
    }
}

/// The names of such grants, those that live several times.
fn some_of(model: &Model, such: impl Fn(&Grant) -> bool) -> Option<Vec<u8>> {
    let mut names = Vec::new();
    for (name, grant) in model.grants.iter().filter(|(_, grant)| such(grant)) {
        let times = if grant.ended { 1 } else { 4 };
        names.extend(core::iter::repeat_n(*name, times));
    }
    (!names.is_empty()).then_some(names)
}

/// People and applications, those between whom there is something already the more often.
fn pairs(model: &Model) -> Vec<(usize, usize)> {
    let between = model.grants.values().filter(|grant| !grant.ended);
    let all = [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter();
    all.chain(between.map(|grant| (grant.person, grant.client)))
        .collect()
}

fn scopes() -> impl Strategy<Value = Scopes> {
    prop_oneof![
        2 => Just(Scopes::BASIC),
        2 => Just(Scopes::ALL),
        5 => (1u8..16).prop_map(Scopes::of),
    ]
}

fn asked() -> impl Strategy<Value = Option<Scopes>> {
    prop_oneof![3 => Just(None), 2 => scopes().prop_map(Some)]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![12 => Just(By::Itself), 2 => Just(By::Other), 1 => Just(By::Impostor)]
}

/// `well`: mostly as it should be.
fn redeem(codes: Vec<u8>, well: bool) -> BoxedStrategy<Operation> {
    let right = if well { 12 } else { 6 };
    let verifier = prop_oneof![
        right => Just(Verifier::Right),
        1 => Just(Verifier::Wrong),
        1 => Just(Verifier::Missing),
    ];
    (select(codes), by(), verifier, asked())
        .prop_map(|(grant, by, verifier, scope)| Operation::Redeem {
            grant,
            by,
            verifier,
            scope,
        })
        .boxed()
}

/// What needs tokens: of which grant, how far back, and by whom.
fn with_tokens(model: &Model, begun: Vec<u8>, whole: bool) -> Vec<(u32, BoxedStrategy<Operation>)> {
    let counts: Vec<(u8, u64, usize)> = begun
        .into_iter()
        .map(|name| {
            (
                name,
                model.grants[&name].generation,
                model.grants[&name].access.len(),
            )
        })
        .collect();
    let back = || prop_oneof![6 => Just(0u64), 4 => Just(1u64), 1 => Just(2u64), 1 => Just(3u64)];
    let chosen = move || {
        (select(counts.clone()), back()).prop_map(|((name, generations, tokens), back)| {
            let least = back.min(generations - 1);
            let nth = usize::try_from(back).unwrap_or(0).min(tokens - 1);
            (name, least, nth)
        })
    };
    let token = {
        let chosen = chosen.clone();
        move || {
            (chosen(), any::<bool>()).prop_map(|((grant, back, nth), refresh)| {
                if refresh {
                    Token::Refresh { grant, back }
                } else {
                    Token::Access { grant, back: nth }
                }
            })
        }
    };
    let refresh =
        (chosen(), by(), asked()).prop_map(|((grant, back, _), by, scope)| Operation::Refresh {
            grant,
            back,
            by,
            scope,
        });
    let asker =
        prop_oneof![4 => Just(Asker::Watcher), 3 => Just(Asker::Itself), 1 => Just(Asker::Other)];
    let introspect = (token(), asker).prop_map(|(token, by)| Operation::Introspect { token, by });
    let call = chosen().prop_map(|(grant, _, back)| Operation::Call { grant, back });
    let revoke = (token(), by()).prop_map(|(token, by)| Operation::Revoke { token, by });
    let mut choices = vec![
        (20, refresh.boxed()),
        (6, call.boxed()),
        (5, introspect.boxed()),
        (1, revoke.boxed()),
    ];
    if whole {
        let end = chosen().prop_map(|(grant, _, _)| Operation::EndGrant { grant });
        let whose = select(pairs(model))
            .prop_map(|(person, client)| Operation::RevokeAccess { person, client });
        choices.push((1, end.boxed()));
        choices.push((2, whose.boxed()));
    }
    choices
}

/// Some time, and to each boundary there is: just before, at, and just after it.
fn waits(model: &Model) -> BoxedStrategy<Operation> {
    let mut windows = Vec::new();
    let mut idle = Vec::new();
    let mut others: Vec<Ms> = model.replaced_at().iter().map(|at| at + GRACE).collect();
    for grant in model.grants.values().filter(|grant| !grant.ended) {
        if grant.generation == 0 {
            others.push((grant.authorized_at / 1000 + CODE) * 1000);
            continue;
        }
        for window in model.retry_window.readable(model.now) {
            windows.push(grant.rotated_at + window * 1000);
        }
        for days in model.idle_days.readable(model.now).into_iter().flatten() {
            idle.push((grant.rotated_at / 1000 + days * DAY + 1) * 1000);
        }
        others.extend(grant.access.last().map(|access| access.expires_at * 1000));
    }
    let granted = model.grants.values().flat_map(|grant| &grant.access);
    others.extend(
        granted
            .filter_map(|access| access.granted_at)
            .map(|at| at + GRACE),
    );
    let around = |moments: Vec<Ms>| -> Vec<Ms> {
        let ahead = moments.into_iter().filter(|at| *at > model.now + 1000);
        ahead
            .map(|at| at - model.now)
            .flat_map(|left| [left - 1000, left - 1, left, left + 1, left + 1000])
            .collect()
    };
    let mut choices = vec![
        (4, vec![1, 1000, 5000]),
        (2, vec![26_000, GRACE + 1]),
        (1, vec![ACCESS * 1000, DAY * 1000]),
        (8, around(windows)),
        (4, around(idle)),
        (3, around(others)),
    ];
    choices.retain(|(_, waits)| !waits.is_empty());
    let choices = choices
        .into_iter()
        .map(|(weight, waits)| (weight, select(waits)));
    Union::new_weighted(choices.collect())
        .prop_map(Operation::Wait)
        .boxed()
}

fn changes(model: &Model) -> BoxedStrategy<Change> {
    // What is off is soon on again: there is little to see of it otherwise.
    let toggle = |on: bool| if on { 1 } else { 3 };
    let full = model.role_is_full.now;
    let mut choices: Vec<(u32, BoxedStrategy<Change>)> = vec![
        (
            toggle(full),
            Just(Change::RoleContents { full: !full }).boxed(),
        ),
        (
            2,
            select(vec![10, 0, 1, 60])
                .prop_map(Change::RetryWindow)
                .boxed(),
        ),
        (
            2,
            select(vec![Some(1), Some(2), None])
                .prop_map(Change::IdleDays)
                .boxed(),
        ),
    ];
    for (at, person) in model.people.iter().enumerate() {
        let own = Change::OwnPermission {
            person: at,
            held: !person.own_permission,
        };
        let role = Change::Role {
            person: at,
            held: !person.role,
        };
        let enabled = Change::Account {
            person: at,
            enabled: !person.enabled,
        };
        choices.push((2 * toggle(person.own_permission), Just(own).boxed()));
        choices.push((toggle(person.role), Just(role).boxed()));
        choices.push((if person.enabled { 1 } else { 8 }, Just(enabled).boxed()));
    }
    for (at, client) in model.clients.iter().enumerate() {
        let paused = client.application_suspended.now;
        let pause = Change::SuspendApplication {
            client: at,
            suspended: !paused,
        };
        choices.push((toggle(!paused), Just(pause).boxed()));
        match client.integration.now {
            Some(integration) => {
                let paused = integration.suspended;
                let pause = Change::SuspendIntegration {
                    client: at,
                    suspended: !paused,
                };
                let approve =
                    scopes().prop_map(move |scopes| Change::Approve { client: at, scopes });
                choices.push((3, approve.boxed()));
                choices.push((toggle(!paused), Just(pause).boxed()));
                choices.push((1, Just(Change::DeleteIntegration { client: at }).boxed()));
            }
            None => {
                let create = scopes()
                    .prop_map(move |scopes| Change::CreateIntegration { client: at, scopes });
                choices.push((8, create.boxed()));
            }
        }
    }
    Union::new_weighted(choices).boxed()
}

fn world() -> impl Strategy<Value = World> {
    prop_oneof![
        3 => Just(World::AnotherIsolate),
        3 => Just(World::ReplicasStandStill),
        3 => (1..4usize).prop_map(|behind| World::Elsewhere { behind }),
        1 => Just(World::ReplicasCatchUp),
        2 => any::<bool>().prop_map(World::AnswersAreLost),
        2 => Just(World::Outage(None)),
        1 => select(vec![Down::Account, Down::Event, Down::Platform])
            .prop_map(|kind| World::Outage(Some(kind))),
    ]
}
