//! Any history of a grant.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Refresh {
        back: u64,
        asked: Option<String>,
        allowed: String,
        attempt: u8,
        wait: u64,
        window: u64,
    },
    End,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let scope = "[abc]( [abc]){0,2}";
    let refresh = (
        0u64..4,
        proptest::option::of(scope),
        scope,
        0u8..4,
        0u64..15,
        0u64..12,
    )
        .prop_map(
            |(back, asked, allowed, attempt, wait, window)| Step::Refresh {
                back,
                asked,
                allowed,
                attempt,
                wait,
                window,
            },
        );
    proptest::collection::vec(prop_oneof![9 => refresh, 1 => Just(Step::End)], 1..30)
}

proptest! {
    /// From any history: scope only shrinks, a generation advances by one at most, one old token is
    /// never good for two successors, and nothing proceeds after an end.
    #[test]
    fn any_history_of_a_grant_is_sound(steps in steps()) {
        let mut one = grant("a b c");
        let mut clock = 0;
        for (at, step) in steps.into_iter().enumerate() {
            let before = one.clone();
            match step {
                Step::End => one.end(UnixTime(0), EndReason::RevokedByPerson),
                Step::Refresh { back, asked, allowed, attempt, wait, window } => {
                    clock += wait;
                    let attempt = format!("{attempt}/{}", at / 4);
                    let presented = before.generation.saturating_sub(back);
                    let call = Call {
                        presented,
                        asked: asked.as_deref(),
                        attempt: &attempt,
                        allowed: &allowed,
                        window,
                        ..CALL
                    };
                    let decision = refresh(&mut one, &call, clock);
                    if decision == Decision::Issue {
                        prop_assert!(before.ended.is_none());
                        prop_assert!(one.ended.is_none());
                        prop_assert_eq!(one.generation, presented + 1);
                        prop_assert!(!one.scope.is_empty());
                    } else {
                        prop_assert_eq!(one.generation, before.generation);
                    }
                    let late = before.previous_attempt == attempt;
                    if !late && before.ended.is_none() && presented + 1 < before.generation {
                        prop_assert!(one.ended.is_some(), "an old token ends the grant");
                    }
                }
            }
            prop_assert!(one.scope.is_within(&before.scope));
            prop_assert!(one.generation - before.generation <= 1);
            prop_assert!(before.ended.is_none() || one == before, "nothing proceeds after an end");
            // No replica says when the window began.
            let replicated = Grant { rotated_at_ms: before.rotated_at_ms, ..one.clone() };
            prop_assert!(replicated == before || one.revision > before.revision);
        }
    }
}
