//! `docs/guarantees.md` says what is promised, and which test shows it. Each test it names exists.
#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read ends the test"
)]

#[path = "support/named_tests.rs"]
mod named_tests;

use std::collections::BTreeSet;
use std::fs;

use named_tests::{against_the_worker, native, root};

/// The last column of the promises.
fn shown_by(document: &str) -> Vec<String> {
    let rows = document
        .lines()
        .skip_while(|line| !line.contains("shown by"));
    rows.take_while(|line| line.starts_with('|'))
        .skip(2)
        .filter_map(|row| row.trim_end_matches('|').rsplit_once(" | "))
        .map(|(_, cell)| cell.trim().to_owned())
        .collect()
}

/// How many tests of a file of `tests/e2e` have this title; one that ends in `…` is how theirs begin.
fn count(all: &BTreeSet<String>, file: &str, title: &str) -> usize {
    let file = format!("e2e/{file}: ");
    let titles = all.iter().filter_map(|test| test.strip_prefix(&file));
    titles
        .filter(|known| match title.strip_suffix('…') {
            Some(begins) => known.starts_with(begins),
            None => *known == title,
        })
        .count()
}

/// What a cell names that is not there.
fn missing(all: &BTreeSet<String>, cell: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let mut file = "";
    for (at, code) in cell.split('`').enumerate() {
        if at % 2 == 1 {
            let ending = format!("::{code}");
            let known = code.starts_with("npm ")
                || (code.contains('/') && root().join(code).is_file())
                || all.iter().any(|test| test.ends_with(&ending));
            if count(all, code, "…") > 0 {
                file = code;
            } else if !known {
                missing.push(code.to_owned());
            }
            continue;
        }
        let mut parts = code.split('"').skip(1);
        while let (Some(title), Some(after)) = (parts.next(), parts.next()) {
            let found = count(all, file, title);
            let wanted = [("(two)", 2), ("(three)", 3), ("(six)", 6)];
            let wanted = wanted.iter().find(|(word, _)| after.contains(word));
            if found != wanted.map_or(1, |(_, number)| *number) {
                missing.push(format!("{file}: {title}, {found} times"));
            }
        }
    }
    missing
}

#[test]
fn each_test_that_shows_a_promise_exists() {
    let mut all = native();
    all.extend(against_the_worker());
    let cells = shown_by(&fs::read_to_string(root().join("docs/guarantees.md")).unwrap());
    assert!(cells.len() >= 20, "{cells:#?}");
    let missing: Vec<String> = cells.iter().flat_map(|cell| missing(&all, cell)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn the_readers_of_this_test_see_what_is_wrong() {
    let all: BTreeSet<String> = ["e2e/x: one", "e2e/x: one more", "e2e/z: c", "f::n"]
        .map(str::to_owned)
        .into();
    for right in [
        "`x`",
        "`x`: \"one\"",
        "`x`: \"one …\"",
        "`x`: \"one…\" (two)",
        "`z`: \"c\", `n`",
        "`npm test`, `tests/traceability.rs`",
    ] {
        assert_eq!(missing(&all, right), [""; 0], "{right}");
    }
    for wrong in [
        "`y`",
        "`x`: \"two\"",
        "`x`: \"one…\"",
        "`x`: \"one …\" (two)",
        "`z`: \"one\"",
        "`tests/none.rs`",
    ] {
        assert_eq!(missing(&all, wrong).len(), 1, "{wrong}");
    }
    let table = "no\n| promise | shown by |\n| --- | --- |\n| a | `x` |\n\n| b | `y` |\n";
    assert_eq!(shown_by(table), ["`x`"]);
}
