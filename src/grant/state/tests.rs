mod histories;
mod window;

use super::*;

const T0: u64 = 1_800_000_000_000;

fn grant(scope: &str) -> Grant {
    Grant {
        client_id: ClientId::number(1001),
        incarnation: "i1".into(),
        scope: Scope::parse(scope).unwrap(),
        previous_scope: Scope::parse(scope).unwrap(),
        created_at: UnixTime(T0 / 1000),
        last_used_at: UnixTime(T0 / 1000),
        generation: 1,
        kid: "k1".into(),
        token_hash: "h1".into(),
        rotated_at_ms: T0,
        attempt: "redeemed".into(),
        previous_attempt: String::new(),
        account_epoch: 0,
        revocations: 0,
        ended: None,
        revision: 1,
    }
}

const STANDING: Standing<'static> = Standing {
    incarnation: "i1",
    account_epoch: 0,
    revocations: 0,
};

struct Call<'a> {
    presented: u64,
    asked: Option<&'a str>,
    attempt: &'a str,
    allowed: &'a str,
    authoritative: bool,
    window: u64,
    client: u64,
    waited: u64,
}

const CALL: Call<'static> = Call {
    presented: 1,
    asked: None,
    attempt: "x",
    allowed: "a b c",
    authoritative: true,
    window: 10,
    client: 1001,
    waited: 0,
};

fn refresh(grant: &mut Grant, call: &Call<'_>, seconds: u64) -> Decision {
    let rules = Rules {
        authoritative: call.authoritative,
        ..Rules::default()
    };
    let asked = call.asked.map(|text| Scope::parse(text).unwrap());
    grant.refresh(
        &Refresh {
            client_id: &ClientId::number(call.client),
            presented: call.presented,
            asked: asked.as_ref(),
            attempt: call.attempt,
            kid: "k2",
            successor_hash: "h2",
            window: call.window,
            idle: IdleLimit {
                days: Some(2),
                ..IdleLimit::default()
            },
            rules: &rules,
            allowed: Scope::parse(call.allowed).unwrap(),
        },
        &STANDING,
        Now {
            ms: T0 + seconds * 1000,
            waited_ms: call.waited * 1000,
        },
    )
}

#[test]
fn contract_4_a_refresh_from_another_client_ends_nothing() {
    let mut one = grant("a");
    let before = one.clone();
    let found = refresh(
        &mut one,
        &Call {
            client: 1002,
            ..CALL
        },
        5,
    );
    assert_eq!(found, Decision::Refuse(RefreshRefusal::AnotherClient));
    assert_eq!(one, before);
}

#[test]
fn contract_4_a_setting_that_may_be_old_ends_nothing() {
    let mut rotated = grant("a");
    refresh(&mut rotated, &CALL, 0);
    let doubtful = Call {
        attempt: "y",
        authoritative: false,
        ..CALL
    };
    // No event has a window of more than 60 seconds.
    for (seconds, decision) in [
        (10, Decision::Issue),
        (11, Decision::AskAuthority),
        (60, Decision::AskAuthority),
        (61, Decision::Refuse(RefreshRefusal::Reused)),
    ] {
        let mut one = rotated.clone();
        assert_eq!(refresh(&mut one, &doubtful, seconds), decision, "{seconds}");
        let ends = matches!(decision, Decision::Refuse(_));
        assert_eq!(one.ended.is_some(), ends, "{seconds}");
    }
    // A token older than that is no retry by any setting.
    refresh(
        &mut rotated,
        &Call {
            presented: 2,
            attempt: "z",
            ..CALL
        },
        1,
    );
    assert_eq!(
        refresh(&mut rotated, &doubtful, 2),
        Decision::Refuse(RefreshRefusal::Reused)
    );
}

#[test]
fn the_fronts_own_retry_gets_the_first_decision_even_with_window_0() {
    let mut one = grant("a");
    let call = Call { window: 0, ..CALL };
    assert_eq!(refresh(&mut one, &call, 0), Decision::Issue);
    assert_eq!(refresh(&mut one, &call, 0), Decision::Issue);
    assert_eq!(one.generation, 2);
}

#[test]
fn contract_4_a_wider_scope_consumes_nothing() {
    let mut one = grant("a b");
    let before = one.clone();
    assert_eq!(
        refresh(
            &mut one,
            &Call {
                asked: Some("a c"),
                ..CALL
            },
            1
        ),
        Decision::RefuseScope
    );
    assert_eq!(one, before);
}

#[test]
fn contract_4_what_is_no_longer_allowed_is_dropped_for_good() {
    let mut one = grant("a b");
    let behind = Call {
        allowed: "a",
        authoritative: false,
        ..CALL
    };
    assert_eq!(refresh(&mut one, &behind, 1), Decision::AskAuthority);
    assert_eq!(one, grant("a b"), "nothing is dropped on a replica's word");
    assert_eq!(
        refresh(
            &mut one,
            &Call {
                allowed: "a",
                asked: Some("b"),
                ..CALL
            },
            1
        ),
        Decision::RefuseScope
    );
    assert_eq!((one.scope.to_string(), one.generation), ("a".into(), 1));
    assert_eq!(refresh(&mut one, &CALL, 1), Decision::Issue);
    assert_eq!(one.scope.to_string(), "a");
    assert_eq!(
        refresh(
            &mut one,
            &Call {
                presented: 2,
                allowed: "b",
                ..CALL
            },
            2
        ),
        Decision::Refuse(RefreshRefusal::NothingLeft)
    );
    assert!(one.ended.is_some());
}

#[test]
fn contract_4_an_idle_grant_ends() {
    let mut one = grant("a");
    assert_eq!(
        refresh(&mut one, &CALL, 2 * DAY + 1),
        Decision::Refuse(RefreshRefusal::Idle)
    );
    assert!(one.ended.is_some());
}

#[test]
fn another_incarnation_epoch_or_revocation_is_dead() {
    let one = grant("a");
    assert!(one.lives(&STANDING));
    assert!(!one.lives(&Standing {
        incarnation: "i2",
        ..STANDING
    }));
    assert!(!one.lives(&Standing {
        account_epoch: 1,
        ..STANDING
    }));
    assert!(!one.lives(&Standing {
        revocations: 1,
        ..STANDING
    }));
}

#[test]
fn a_grant_that_ended_is_dead_and_keeps_its_first_end() {
    let mut one = grant("a");
    one.end(UnixTime(7), EndReason::RevokedByPerson);
    assert!(!one.lives(&STANDING));
    let ended = one.clone();
    assert_eq!((ended.revision, ended.generation), (2, 1));
    let first = Ended {
        at: UnixTime(7),
        why: EndReason::RevokedByPerson,
    };
    assert_eq!(ended.ended, Some(first));
    one.end(UnixTime(9), EndReason::CodeReplayed);
    assert_eq!(one, ended);
    let found = refresh(&mut one, &CALL, 1);
    assert_eq!(found, Decision::Refuse(RefreshRefusal::Dead));
    assert_eq!(one, ended);
}

#[test]
fn a_generation_that_never_was_is_refused_and_ends_nothing() {
    let mut one = grant("a");
    let call = Call {
        presented: 2,
        ..CALL
    };
    assert_eq!(
        refresh(&mut one, &call, 1),
        Decision::Refuse(RefreshRefusal::FromTheFuture)
    );
    assert_eq!(one, grant("a"));
}

#[test]
fn a_rotation_changes_what_it_must_and_nothing_else() {
    let mut one = grant("a b");
    let call = Call {
        asked: Some("a"),
        ..CALL
    };
    assert_eq!(refresh(&mut one, &call, 3), Decision::Issue);
    let expected = Grant {
        scope: Scope::of(["a"]),
        generation: 2,
        kid: "k2".into(),
        token_hash: "h2".into(),
        rotated_at_ms: T0 + 3000,
        last_used_at: UnixTime(T0 / 1000 + 3),
        attempt: "x".into(),
        previous_attempt: "redeemed".into(),
        revision: 2,
        ..grant("a b")
    };
    assert_eq!(one, expected);
}

fn limit(days: u64) -> IdleLimit {
    IdleLimit::default().changed_to(Some(days), UnixTime(T0 / 1000))
}

#[test]
fn what_idleness_has_ended_stays_ended_when_more_is_allowed() {
    let now = UnixTime(T0 / 1000);
    let (at_the_limit, over) = (UnixTime(now.0 - 2 * DAY), UnixTime(now.0 - 2 * DAY - 1));
    assert_eq!(limit(2).changed_to(Some(2), now), limit(2));
    assert!(
        !limit(2)
            .changed_to(Some(1), now)
            .changed_to(None, now)
            .ends(UnixTime(now.0 - DAY), now)
    );
    for days in [None, Some(30)] {
        let changed = limit(2).changed_to(days, now);
        assert_eq!(changed.days, days);
        assert!(changed.ends(over, now), "{days:?}");
        assert!(!changed.ends(at_the_limit, now), "{days:?}");
    }
    assert!(limit(2).changed_to(Some(1), now).ends(at_the_limit, now));
    let twice = limit(2)
        .changed_to(None, now)
        .changed_to(Some(9), now.plus(DAY))
        .changed_to(None, now.plus(2 * DAY));
    assert!(twice.ends(over, now) && !twice.ends(at_the_limit, now));
    assert!(limit(2).is_set() && limit(2).changed_to(None, now).is_set());
    assert!(!IdleLimit::default().changed_to(None, now).is_set());
}

#[test]
fn idleness_begins_after_the_last_allowed_second() {
    let last = UnixTime(T0 / 1000);
    assert!(!limit(2).ends(last, last.plus(2 * DAY)));
    assert!(limit(2).ends(last, last.plus(2 * DAY + 1)));
    assert!(
        !limit(2).ends(last, UnixTime(last.0 - 9)),
        "a clock set back"
    );
    assert!(!limit(2).ends(last, last.plus(DAY)));
    assert!(limit(2).ends(last, last.plus(9 * DAY)));
    assert!(!IdleLimit::default().ends(last, last.plus(9000 * DAY)));
    let mut one = grant("a");
    assert_eq!(refresh(&mut one, &CALL, 2 * DAY), Decision::Issue);
}
