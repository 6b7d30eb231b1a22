//! `docs/security.md` says who attacks, what stops them, and what of RFC 9700 and OAuth 2.1 is done. Each test it
//! names exists, each line that claims to be done names one, and no section of the RFC is left out.
#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read ends the test"
)]

#[path = "support/named_tests.rs"]
mod named_tests;

use std::collections::BTreeSet;
use std::fs;

use named_tests::{against_the_worker, functions, native, root, titles};

/// How a line of a checklist stands, as it is written.
const DONE: &str = "**Done:**";
const IN_PART: &str = "**In part:**";
const NOT_DONE: &str = "**Not done:**";
const NOT_APPLICABLE: &str = "**Not applicable:**";
const STATES: [&str; 4] = [DONE, IN_PART, NOT_DONE, NOT_APPLICABLE];

/// How the page explains what names look like.
const EXAMPLES: [&str; 2] = ["file::name", "e2e/file: title"];

/// A heading, how deep it is, and what stands under it before the next one.
struct Section {
    depth: usize,
    heading: String,
    text: String,
}

fn document() -> String {
    fs::read_to_string(root().join("docs/security.md")).unwrap()
}

fn sections(document: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for line in document.lines() {
        let heading = line.trim_start_matches('#');
        let depth = line.len() - heading.len();
        match found.last_mut() {
            _ if depth > 0 && heading.starts_with(' ') => found.push(Section {
                depth,
                heading: heading.trim().to_owned(),
                text: String::new(),
            }),
            Some(section) => {
                section.text.push_str(line);
                section.text.push('\n');
            }
            None => {}
        }
    }
    found
}

/// The sections under a heading of the second depth that begins so, itself first.
fn under<'s>(all: &'s [Section], heading: &str) -> Vec<&'s Section> {
    let from = all
        .iter()
        .skip_while(|section| section.depth != 2 || !section.heading.starts_with(heading));
    let mut found: Vec<&Section> = from.clone().take(1).collect();
    found.extend(from.skip(1).take_while(|section| section.depth > 2));
    found
}

/// The items of the lists in a text, each as one line.
fn items(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(first) = line.strip_prefix("- ") {
            found.push(first.to_owned());
            inside = true;
        } else if inside && line.starts_with("  ") {
            let item = found.last_mut().unwrap();
            item.push(' ');
            item.push_str(line.trim());
        } else {
            inside = false;
        }
    }
    found
}

/// The tests a text names: what stands between backticks and looks like one.
fn named(text: &str) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| {
            let is_native = code.split_once("::").is_some_and(|(file, name)| {
                let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                !file.is_empty() && !name.is_empty() && name.bytes().all(in_name)
            });
            is_native || code.starts_with("e2e/")
        })
        .filter(|code| !EXAMPLES.contains(code))
        .map(str::to_owned)
        .collect()
}

/// What is wrong with an item of a checklist, if anything is.
fn fault(item: &str) -> Option<&'static str> {
    let head = item
        .strip_prefix("**")
        .and_then(|rest| rest.split_once("** "));
    if head.is_none_or(|(head, _)| head.is_empty()) {
        return Some("it does not begin with what it is about, in bold");
    }
    let mut states = STATES.iter().filter(|state| item.contains(**state));
    let (Some(state), None) = (states.next(), states.next()) else {
        return Some("it has not one state");
    };
    let (_, after) = item.split_once(state)?;
    let words: usize = after.split('`').step_by(2).map(str::len).sum();
    let tests = named(after).len();
    if tests == 0 && [DONE, IN_PART].contains(state) {
        return Some("it claims something and names no test");
    }
    if words < 20 && *state != DONE {
        return Some("it gives no reason");
    }
    None
}

fn checklist(document: &str) -> Vec<String> {
    let all = sections(document);
    let lists = all
        .iter()
        .filter(|section| section.depth == 2 && section.heading.starts_with("Checklist"));
    lists
        .flat_map(|list| under(&all, &list.heading))
        .flat_map(|section| items(&section.text))
        .collect()
}

#[test]
fn each_test_the_page_names_exists() {
    let (native, worker) = (native(), against_the_worker());
    let missing: BTreeSet<String> = named(&document())
        .into_iter()
        .filter(|test| !native.contains(test) && !worker.contains(test))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn each_line_of_a_checklist_names_its_test_or_says_why_not() {
    let list = checklist(&document());
    assert!(list.len() > 60, "{} lines", list.len());
    let faults: Vec<String> = list
        .iter()
        .filter_map(|item| fault(item).map(|why| format!("{why}: {item}")))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    for item in &list {
        let tests = named(item);
        let once: BTreeSet<&String> = tests.iter().collect();
        assert_eq!(once.len(), tests.len(), "a test is named twice: {item}");
    }
}

#[test]
fn no_section_of_the_rfc_that_asks_for_something_is_left_out() {
    let page = document();
    let all = sections(&page);
    let covered: BTreeSet<String> = under(&all, "Checklist: RFC 9700")
        .iter()
        .flat_map(|section| items(&section.text))
        .filter_map(|item| Some(item.strip_prefix("**")?.split_once("**")?.0.to_owned()))
        .flat_map(|head| head.split(", ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let asks = [
        "2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6",
    ];
    let attacks = (1..=17).map(|number| format!("4.{number}"));
    for section in asks.into_iter().map(str::to_owned).chain(attacks) {
        let below = format!("{section}.");
        let found = covered.contains(&section) || covered.iter().any(|at| at.starts_with(&below));
        assert!(found, "{section} is in no line: {covered:?}");
    }
}

#[test]
fn of_each_attacker_it_is_said_what_they_gain_what_stops_them_and_what_is_left() {
    let page = document();
    let all = sections(&page);
    let attackers = &under(&all, "Who attacks")[1..];
    assert!(attackers.len() >= 12);
    for attacker in attackers {
        for part in ["*Could gain:*", "*What stops it:*", "*What is left:*"] {
            let said = attacker.text.split_once(part).map(|(_, rest)| rest.trim());
            assert!(
                said.is_some_and(|said| said.len() > 20),
                "{}: {part}",
                attacker.heading
            );
        }
        assert!(!named(&attacker.text).is_empty(), "{}", attacker.heading);
    }
    for heading in [
        "Trust boundaries",
        "What an operator must do",
        "Reporting a vulnerability",
    ] {
        assert!(!under(&all, heading).is_empty(), "{heading}");
    }
}

#[test]
fn the_readers_of_this_test_see_what_is_wrong() {
    let test = "`a::b`";
    for (item, wrong) in [
        ("2.1 No bold. **Done:** `a::b`", true),
        ("**2.1** No state.", true),
        (
            "**2.1** Two. **Done:** `a::b` **Not done:** because of this and that.",
            true,
        ),
        (
            "**2.1** No test. **Done:** we promise, in many words.",
            true,
        ),
        ("**2.1** A test before the claim. `a::b` **Done:**", true),
        ("**2.1** No reason. **In part:** `a::b`", true),
        ("**2.1** No reason. **Not done:** yet.", true),
        ("**2.1** Fine. **Done:** `a::b`", false),
        (
            "**2.1** Fine. **In part:** all but one thing, for a reason. `e2e/x: y`",
            false,
        ),
        (
            "**2.1** Fine. **Not applicable:** there is no such thing here.",
            false,
        ),
    ] {
        assert_eq!(fault(item).is_some(), wrong, "{item}");
    }
    let page =
        format!("# P\n## Checklist: x\nw\n- one\n  {test}\n\nno\n### y\n- two\n## z\n- no\n");
    assert_eq!(checklist(&page), ["one `a::b`", "two"]);
    assert_eq!(
        named("`x` `[::1]` `a::b` `e2e/c:\n  d` `file::name`"),
        ["a::b", "e2e/c: d"]
    );
    assert_eq!(functions("#[test]\nfn one() {}"), ["one"]);
    assert_eq!(titles("test('a', f);"), ["a"]);
    assert!(native().contains("security_document::each_test_the_page_names_exists"));
}
