//! Whole requests, to a deployment in memory.
#![no_main]

#[path = "../checks/request.rs"]
mod request;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::cell::RefCell;

use request::Stage;

/// A deployment takes so many requests and is thrown away, so that an input that fails can be repeated
/// with few before it.
const REQUESTS_EACH: usize = 64;

thread_local! {
    static STAGE: RefCell<(usize, Stage)> = RefCell::new((0, Stage::new()));
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    STAGE.with_borrow_mut(|(requests, stage)| {
        if *requests == REQUESTS_EACH {
            (*requests, *stage) = (0, Stage::new());
        }
        *requests += 1;
        stage.request(data);
    });
});
