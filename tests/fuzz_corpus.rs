//! The kept corpus of the fuzz targets, through the same checks without a fuzzer.

#![expect(
    clippy::expect_used,
    reason = "a corpus that is not there is a failure"
)]

#[path = "../fuzz/checks/parsers.rs"]
mod parsers;
#[path = "../fuzz/checks/request.rs"]
mod request;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let files = fs::read_dir(folder).expect("the corpus is there");
    let read = |file: std::io::Result<fs::DirEntry>| {
        fs::read(file.expect("it is listed").path()).expect("it is a file")
    };
    files.map(read).collect()
}

#[test]
fn every_kept_input_of_the_parsers_keeps_their_rules() {
    let inputs = corpus("parsers");
    for input in &inputs {
        parsers::check(input);
    }
    let first = inputs.iter().filter_map(|input| input.first());
    let checks: BTreeSet<usize> = first
        .map(|byte| usize::from(*byte) % parsers::CHECKS)
        .collect();
    assert_eq!(
        checks.len(),
        parsers::CHECKS,
        "one of the checks has no input"
    );
}

#[test]
fn every_kept_request_is_answered_without_a_fault() {
    let inputs = corpus("request");
    assert!(inputs.len() > 20);
    for input in &inputs {
        request::Stage::new().request(input);
    }
}
