//! The retry window, and tries that come late.

use super::*;

#[test]
fn contract_4_what_a_retry_waited_for_objects_is_no_part_of_the_window() {
    let mut rotated = grant("a");
    refresh(&mut rotated, &CALL, 0);
    for (seconds, waited, decision) in [
        (20, 10, Decision::Issue),
        (20, 9, Decision::Refuse(RefreshRefusal::Reused)),
        (5, 10, Decision::Issue),
    ] {
        let call = Call {
            attempt: "y",
            waited,
            ..CALL
        };
        let found = refresh(&mut rotated.clone(), &call, seconds);
        assert_eq!(found, decision, "{seconds} {waited}");
    }
}

#[test]
fn contract_4_the_window_begins_anew_where_a_rotation_is_answered_late() {
    // The second try waited for the first; or else it is the first that was late, and had been answered.
    for (waited, decision) in [
        (10, Decision::Issue),
        (9, Decision::Issue),
        (8, Decision::Refuse(RefreshRefusal::Reused)),
        (0, Decision::Refuse(RefreshRefusal::Reused)),
    ] {
        let mut one = grant("a");
        refresh(&mut one, &CALL, 0);
        let second_try = Call { waited, ..CALL };
        assert_eq!(refresh(&mut one, &second_try, 10), Decision::Issue);
        assert_eq!(one.generation, 2);
        let retry = Call {
            attempt: "y",
            ..CALL
        };
        assert_eq!(refresh(&mut one, &retry, 20), decision, "{waited}");
    }
}

#[test]
fn the_fronts_own_first_try_that_arrives_late_ends_nothing() {
    let mut one = grant("a");
    for (presented, attempt) in [(1, "x"), (2, "y")] {
        let call = Call {
            presented,
            attempt,
            ..CALL
        };
        assert_eq!(refresh(&mut one, &call, 0), Decision::Issue);
    }
    let before = one.clone();
    let late = Decision::Refuse(RefreshRefusal::Late);
    assert_eq!(refresh(&mut one, &CALL, 1), late);
    assert_eq!(one, before);
    let stolen = Call {
        attempt: "z",
        ..CALL
    };
    let reused = Decision::Refuse(RefreshRefusal::Reused);
    assert_eq!(refresh(&mut one, &stolen, 1), reused);
}

#[test]
fn contract_4_a_token_rotated_away_ends_the_grant_after_the_window() {
    let mut one = grant("a");
    assert_eq!(refresh(&mut one, &CALL, 0), Decision::Issue);
    let mut late = one.clone();
    assert_eq!(
        refresh(
            &mut late,
            &Call {
                attempt: "y",
                ..CALL
            },
            11
        ),
        Decision::Refuse(RefreshRefusal::Reused)
    );
    assert_eq!(
        late.ended.as_ref().unwrap().why,
        EndReason::RefreshTokenReused
    );
    let mut strict = one;
    let found = refresh(
        &mut strict,
        &Call {
            attempt: "y",
            window: 0,
            ..CALL
        },
        0,
    );
    assert_eq!(found, Decision::Refuse(RefreshRefusal::Reused));
}

#[test]
fn contract_4_a_retry_in_the_window_gets_the_same_generation() {
    let mut one = grant("a b");
    assert_eq!(
        refresh(
            &mut one,
            &Call {
                asked: Some("a"),
                ..CALL
            },
            0
        ),
        Decision::Issue
    );
    let rotated = one.clone();
    assert_eq!(rotated.generation, 2);
    for at in [0, 5, 10] {
        assert_eq!(
            refresh(
                &mut one,
                &Call {
                    attempt: "y",
                    ..CALL
                },
                at
            ),
            Decision::Issue
        );
        let within = Call {
            attempt: "y",
            asked: Some("b"),
            ..CALL
        };
        assert_eq!(
            refresh(&mut one, &within, at),
            Decision::Issue,
            "within the presented scope"
        );
        let wider = Call {
            attempt: "y",
            asked: Some("c"),
            ..CALL
        };
        assert_eq!(refresh(&mut one, &wider, at), Decision::RefuseScope);
    }
    assert_eq!(one, rotated, "no retry has any other effect");
}

#[test]
fn contract_4_once_the_successor_was_used_the_window_is_closed() {
    let mut one = grant("a");
    refresh(&mut one, &CALL, 0);
    refresh(
        &mut one,
        &Call {
            presented: 2,
            attempt: "y",
            ..CALL
        },
        1,
    );
    assert_eq!(
        refresh(
            &mut one,
            &Call {
                attempt: "z",
                ..CALL
            },
            2
        ),
        Decision::Refuse(RefreshRefusal::Reused)
    );
}
