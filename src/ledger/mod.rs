//! The durable records an object keeps, and its outbox of what others must be told.
//!
//! Every Durable Object is written against [`Ledger`]: ordered text records, changed in one
//! transaction per command. In workerd that is one SQLite table; in native tests a `BTreeMap`. So
//! the same object code runs in both, and a test in milliseconds tests what is deployed.

use core::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub mod outbox;
pub mod watched;

/// Ordered records of text under text keys. The caller opens a transaction around each command:
/// either all of its changes are kept or none.
pub trait Ledger {
    /// The record under `key`.
    fn get(&self, key: &str) -> Option<String>;
    /// Writes the record under `key`.
    fn put(&mut self, key: &str, value: &str);
    /// Removes the record under `key`, if there is one.
    fn delete(&mut self, key: &str);
    /// Up to `limit` records whose keys begin with `prefix`, in order of their keys (or in the
    /// reverse), from beyond the key `after`.
    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        backwards: bool,
        limit: usize,
    ) -> Vec<(String, String)>;
}

/// A record that cannot be read: a fault of ours, never of a caller.
#[derive(Debug, thiserror::Error)]
#[error("the record {0} cannot be read")]
pub struct Corrupt(pub String);

/// Reads the record under `key`.
///
/// # Errors
/// [`Corrupt`] if it is not what it should be.
pub fn load<T: DeserializeOwned>(ledger: &impl Ledger, key: &str) -> Result<Option<T>, Corrupt> {
    match ledger.get(key) {
        None => Ok(None),
        Some(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| Corrupt(key.to_owned())),
    }
}

/// Reads the counter under `key`; 0 where nothing was counted.
///
/// # Errors
/// [`Corrupt`] if it is no number: to begin anew would revive what an earlier count ended.
pub fn count(ledger: &impl Ledger, key: &str) -> Result<u64, Corrupt> {
    Ok(load(ledger, key)?.unwrap_or(0))
}

/// Writes `record` under `key`.
///
/// # Errors
/// [`Corrupt`] if it has no JSON form.
pub fn store<T: Serialize>(ledger: &mut impl Ledger, key: &str, record: &T) -> Result<(), Corrupt> {
    let text = serde_json::to_string(record).map_err(|_| Corrupt(key.to_owned()))?;
    ledger.put(key, &text);
    Ok(())
}

/// Reads the records that [`Ledger::scan`] finds, with what follows the prefix in their keys.
///
/// # Errors
/// [`Corrupt`] if one is not what it should be.
pub fn load_all<T: DeserializeOwned>(
    ledger: &impl Ledger,
    prefix: &str,
    after: Option<&str>,
    backwards: bool,
    limit: usize,
) -> Result<Vec<(String, T)>, Corrupt> {
    let after = after.map(|after| format!("{prefix}{after}"));
    ledger
        .scan(prefix, after.as_deref(), backwards, limit)
        .into_iter()
        .map(|(key, text)| {
            let rest = key.strip_prefix(prefix).unwrap_or(&key).to_owned();
            serde_json::from_str(&text)
                .map(|record| (rest, record))
                .map_err(|_| Corrupt(key))
        })
        .collect()
}

/// A number as a key part that sorts as the number does.
#[must_use]
pub fn sortable(number: u64) -> String {
    let mut text = String::with_capacity(16);
    // Writing to a String cannot fail.
    let _ = write!(text, "{number:016x}");
    text
}

/// One page of a list, and where the next begins.
#[derive(Clone, Debug, Serialize, serde::Deserialize, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask for next; none on the last page.
    pub next: Option<String>,
}

/// What a caller asks of a list.
#[derive(Clone, Debug, Serialize, serde::Deserialize, Default)]
pub struct PageRequest {
    /// Where the last page ended.
    pub after: Option<String>,
    /// At most so many items.
    pub limit: usize,
}

/// Reads one page of records, keyed by what follows the prefix.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn page<T: DeserializeOwned>(
    ledger: &impl Ledger,
    prefix: &str,
    request: &PageRequest,
    backwards: bool,
) -> Result<Page<(String, T)>, Corrupt> {
    page_of(ledger, prefix, request, backwards, |_| true)
}

/// Reads one page of those records that `keep` holds for: full unless it is the last.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn page_of<T: DeserializeOwned>(
    ledger: &impl Ledger,
    prefix: &str,
    request: &PageRequest,
    backwards: bool,
    keep: impl Fn(&T) -> bool,
) -> Result<Page<(String, T)>, Corrupt> {
    let limit = request.limit.clamp(1, 1000);
    let step = limit.saturating_add(1);
    let mut items: Vec<(String, T)> = Vec::new();
    let mut after = request.after.clone();
    loop {
        let rows = load_all(ledger, prefix, after.as_deref(), backwards, step)?;
        let last = rows.len() < step;
        after = rows.last().map(|(key, _)| key.clone());
        for (key, row) in rows {
            if !keep(&row) {
                continue;
            }
            if items.len() == limit {
                let next = items.last().map(|(key, _)| key.clone());
                return Ok(Page { items, next });
            }
            items.push((key, row));
        }
        if last {
            return Ok(Page { items, next: None });
        }
    }
}
