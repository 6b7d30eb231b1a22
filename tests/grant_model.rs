//! The life of grants, over random histories: the whole server against a small pure model of the contract.
//!
//! A history that fails is made as small as it goes and printed; its seed is kept in
//! `grant_model.proptest-regressions` and runs first ever after. `PROPTEST_CASES` sets how many histories run.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what is not as expected ends the test"
)]

mod model;
mod support;

use model::check::{Check, run};
use model::coverage::{EVENTS, count};
use model::remembered;
use proptest::test_runner::{Config, FileFailurePersistence};
use proptest_state_machine::prop_state_machine;

/// As many histories as `cargo test` has time for.
const HISTORIES: u32 = 160;

fn config() -> Config {
    let usual = Config::default();
    let more = std::env::var_os("PROPTEST_CASES").is_some();
    Config {
        cases: if more { usual.cases } else { HISTORIES },
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource(
            "proptest-regressions",
        ))),
        max_shrink_iters: 5000,
        ..usual
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn the_server_does_what_the_model_allows(sequential 1..60 => Check);
}

#[test]
fn histories_that_once_failed_do_so_no_more() {
    for (what, history) in remembered::histories() {
        println!("{what}");
        run(history);
    }
}

#[test]
fn histories_get_to_everything_the_model_speaks_of() {
    let counts = count(1000);
    for event in EVENTS {
        let times = counts.get(event).copied().unwrap_or(0);
        assert!(times >= 10, "{event}: {times} times only, in {counts:#?}");
    }
}
