//! `requirements.toml` names the tests that hold each MUST we claim. Each test it names exists, and each
//! test that is named after a rule, or that runs against the real worker, is named in it.
#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read ends the test"
)]

#[path = "support/named_tests.rs"]
mod named_tests;

use std::collections::BTreeSet;
use std::fs;

use named_tests::{against_the_worker, functions, native, root, titles};
use toml::{Table, Value};

/// One MUST.
struct Requirement {
    section: String,
    says: String,
    tests: Vec<String>,
}

fn requirements() -> Vec<Requirement> {
    let text = fs::read_to_string(root().join("tests/requirements.toml")).unwrap();
    let table: Table = text.parse().unwrap();
    let all = table.get("requirement").and_then(Value::as_array).unwrap();
    all.iter()
        .map(|entry| {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap().to_owned();
            let tests = entry.get("tests").and_then(Value::as_array).unwrap();
            Requirement {
                section: text("section"),
                says: text("says"),
                tests: tests
                    .iter()
                    .map(|test| test.as_str().unwrap().to_owned())
                    .collect(),
            }
        })
        .collect()
}

#[test]
fn each_test_that_is_named_exists() {
    let (native, worker) = (native(), against_the_worker());
    let missing: Vec<String> = requirements()
        .into_iter()
        .flat_map(|requirement| requirement.tests)
        .filter(|test| !native.contains(test) && !worker.contains(test))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn each_test_of_a_rule_is_named() {
    let named: BTreeSet<String> = requirements()
        .into_iter()
        .flat_map(|requirement| requirement.tests)
        .collect();
    let of_a_rule = |test: &String| {
        let name = test.rsplit("::").next().unwrap_or_default();
        name.starts_with("contract_") || name.starts_with("rfc")
    };
    let native = native();
    let unnamed: Vec<String> = native
        .into_iter()
        .filter(of_a_rule)
        .chain(against_the_worker())
        .filter(|test| !named.contains(test))
        .collect();
    assert!(
        unnamed.is_empty(),
        "tests that requirements.toml does not name: {unnamed:#?}"
    );
}

#[test]
fn each_requirement_says_something_of_its_own_and_is_tested() {
    let mut said = BTreeSet::new();
    for requirement in requirements() {
        let Requirement {
            section,
            says,
            tests,
        } = requirement;
        assert!(
            !section.is_empty() && says.len() > 10 && says.ends_with('.'),
            "{says:?}"
        );
        assert!(said.insert(says.clone()), "{says:?} is there twice");
        assert!(!tests.is_empty(), "{says:?} has no test");
        let once: BTreeSet<&String> = tests.iter().collect();
        assert_eq!(once.len(), tests.len(), "{says:?} names a test twice");
    }
}

#[test]
fn every_section_of_the_contract_has_requirements() {
    let all = requirements();
    for number in 1..=7 {
        let section = format!("contract {number}");
        let count = all.iter().filter(|one| one.section == section).count();
        assert!(count >= 5, "{section} has {count}");
    }
}

#[test]
fn the_readers_of_this_test_find_what_is_there() {
    assert!(native().len() > 300 && against_the_worker().len() > 300);
    let some = "#[test]\n#[ignore]\nfn one() {}\nfn none() {}\nproptest! { #[test]\nfn two(x in 0..1) {} }";
    assert_eq!(functions(some), ["one", "two"]);
    let some = "test('a “b”', async () => {\n  test(`${c}, d`, { x }, () => {\n  await t.test('no', f);\n  test.skip('no', f);";
    assert_eq!(titles(some), ["a “b”", "${c}, d"]);
}
