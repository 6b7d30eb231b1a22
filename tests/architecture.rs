//! The dependency rule of `src/lib.rs`, held by reading the imports; and the house rules a text can show.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may name of the others.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let below_store = [
        "protocol",
        "token",
        "ledger",
        "grant",
        "account",
        "directory",
    ];
    let below_endpoint = [&below_store[..], &["store", "web", "pages"]].concat();
    BTreeMap::from([
        ("protocol", vec![]),
        ("token", vec!["protocol"]),
        ("ledger", vec!["protocol"]),
        ("grant", vec!["protocol", "ledger"]),
        ("account", vec!["protocol", "token", "ledger", "grant"]),
        (
            "directory",
            vec!["protocol", "token", "ledger", "grant", "account"],
        ),
        ("store", below_store.to_vec()),
        ("web", vec!["protocol", "token"]),
        ("pages", vec!["protocol"]),
        ("endpoint", below_endpoint.clone()),
        ("server", [&below_endpoint[..], &["endpoint"]].concat()),
        (
            "edge",
            [&below_endpoint[..], &["endpoint", "server"]].concat(),
        ),
    ])
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().is_some_and(|name| name != "tests.rs")
        {
            found.push(path);
        }
    }
    found
}

fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(src()).unwrap();
    let first = inside.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The product part of a file: its unit tests may name what they like.
fn product(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.replace("pub(crate) mod tests {", "mod tests {")
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn modules_name_only_what_the_dependency_rule_allows() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    for path in sources(&src()) {
        let module = module_of(&path);
        if module == "lib" {
            continue;
        }
        let may = allowed
            .get(module.as_str())
            .unwrap_or_else(|| panic!("{module} is not in the dependency rule"));
        for line in product(&path).lines() {
            let code = line.split("//").next().unwrap();
            for part in code.split("crate::").skip(1) {
                let named: String = part
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase())
                    .collect();
                if !named.is_empty() && named != module && !may.contains(&named.as_str()) {
                    wrong.push(format!("{} names {named}: {}", path.display(), code.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_edge_names_the_platform() {
    for path in sources(&src())
        .into_iter()
        .filter(|path| module_of(path) != "edge")
    {
        let text = product(&path);
        for word in ["wasm_bindgen", "js_sys", "getrandom"] {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    for path in sources(&src()) {
        let text = product(&path);
        assert!(
            !text.contains("#[allow("),
            "{}: use expect with a reason",
            path.display()
        );
        for expect in text.split("#[expect(").skip(1) {
            let attribute = expect.split(")]").next().unwrap();
            assert!(
                attribute.contains("reason"),
                "{}: {attribute}",
                path.display()
            );
        }
    }
}

#[test]
fn contract_1_no_source_knows_a_forwarded_header() {
    let scripts = fs::read_dir(src().join("edge")).unwrap();
    let scripts = scripts.map(|entry| entry.unwrap().path());
    for path in sources(&src()).into_iter().chain(scripts) {
        let text = fs::read_to_string(&path).unwrap().to_lowercase();
        assert!(!text.contains("forwarded"), "{}", path.display());
    }
}

/// The text of a function, from its name to the brace that ends it.
fn function(file: &str, name: &str) -> String {
    let text = product(&src().join(file));
    let (before, rest) = text.split_once(&format!("fn {name}(")).unwrap();
    let line = before.rsplit('\n').next().unwrap();
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    rest.split(&format!("\n{indent}}}\n"))
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn contract_4_secrets_are_compared_in_constant_time_only() {
    for (file, name, helper) in [
        ("protocol/secret.rs", "same_bytes", "one.ct_eq(other)"),
        ("token/client_secret.rs", "hash_matches", "same_bytes("),
        ("directory/application.rs", "secret", "hash_matches("),
        ("endpoint/admin/mod.rs", "authorize", "same_bytes("),
    ] {
        let body = function(file, name);
        assert!(body.contains(helper), "{file} {name}: {body}");
        for other in ["==", "!=", "starts_with", ".eq(", "break", "return Some"] {
            assert!(!body.contains(other), "{file} {name} has {other}");
        }
    }
    // Nobody else has both sides of such a comparison.
    let of = |word: &str| -> Vec<String> {
        let all = sources(&src()).into_iter();
        all.filter(|path| module_of(path) != "edge" && product(path).contains(word))
            .map(|path| path.strip_prefix(src()).unwrap().display().to_string())
            .collect()
    };
    assert_eq!(of(".operator_token()"), ["endpoint/admin/mod.rs"]);
    assert_eq!(of("row.hash"), ["directory/application.rs"]);
}
