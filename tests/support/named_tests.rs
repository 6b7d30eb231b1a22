//! The tests there are, by the names that documents call them: for tests that read such a document.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the package is.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files under a folder whose names end so, in order.
fn files(folder: &str, ending: &str, deep: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && deep {
            found.extend(files(&format!("{folder}/{name}"), ending, deep));
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The functions of a Rust file that are tests: the first one after each attribute.
pub fn functions(text: &str) -> Vec<String> {
    text.split("#[test]")
        .skip(1)
        .filter_map(|rest| rest.split_once("fn "))
        .filter_map(|(_, rest)| rest.split_once('('))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// `path::name` of the tests in `src`, `file::name` of those in `tests`.
pub fn native() -> BTreeSet<String> {
    let unit = files("src", ".rs", true).into_iter().map(|path| {
        let shown = path.strip_prefix(root()).unwrap().to_str().unwrap();
        (shown.to_owned(), path)
    });
    let whole = files("tests", ".rs", false).into_iter().map(|path| {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        (stem.to_owned(), path)
    });
    unit.chain(whole)
        .flat_map(|(file, path)| {
            let names = functions(&fs::read_to_string(path).unwrap());
            names.into_iter().map(move |name| format!("{file}::{name}"))
        })
        .collect()
}

/// The titles of the tests in a JavaScript file, as they are written between their quotes.
pub fn titles(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix("test("))
        .filter_map(|rest| {
            let quote = rest
                .chars()
                .next()
                .filter(|first| "'\"`".contains(*first))?;
            let (title, _) = rest.get(1..)?.split_once(&format!("{quote}, "))?;
            Some(title.to_owned())
        })
        .collect()
}

/// `e2e/file: title` of the tests that run against the real worker.
pub fn against_the_worker() -> BTreeSet<String> {
    files("tests/e2e", ".test.mjs", false)
        .into_iter()
        .flat_map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let stem = name.trim_end_matches(".test.mjs").to_owned();
            let all = titles(&fs::read_to_string(&path).unwrap());
            all.into_iter()
                .map(move |title| format!("e2e/{stem}: {title}"))
        })
        .collect()
}
