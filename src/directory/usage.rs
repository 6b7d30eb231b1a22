//! Usage of an event by application and day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::{Corrupt, Ledger, Page, PageRequest, load, load_all, store};
use crate::protocol::client::ClientId;

/// What an application did on one day.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Tokens issued, by grant type.
    #[serde(default)]
    pub tokens: BTreeMap<String, u64>,
    /// Authenticated calls.
    #[serde(default)]
    pub calls: u64,
    /// Requests refused.
    #[serde(default)]
    pub refusals: u64,
}

impl Counts {
    /// Adds other counts to these.
    pub fn add(&mut self, other: &Self) {
        for (grant_type, count) in &other.tokens {
            let sum = self.tokens.entry(grant_type.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.calls = self.calls.saturating_add(other.calls);
        self.refusals = self.refusals.saturating_add(other.refusals);
    }
}

/// Counts of one application on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageLine {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// The application.
    pub client_id: ClientId,
    /// What it did.
    pub counts: Counts,
}

/// The prefix of the rows: `usage/{day}/{client_id}`.
pub const PREFIX: &str = "usage/";
/// The prefix of the rows that keep each application's last day of use.
pub const LAST_USED: &str = "last_used/";

/// Adds counts to what is kept.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn add(ledger: &mut impl Ledger, lines: &[UsageLine]) -> Result<(), Corrupt> {
    for line in lines {
        let key = format!("{PREFIX}{}/{}", line.day, line.client_id);
        let mut kept: Counts = load(ledger, &key)?.unwrap_or_default();
        kept.add(&line.counts);
        store(ledger, &key, &kept)?;
        // A stranger's refusals are no use of the application.
        let used = line.counts.calls > 0 || !line.counts.tokens.is_empty();
        if used && last_used_on(ledger, &line.client_id).is_none_or(|day| day < line.day) {
            ledger.put(&last_used_key(&line.client_id), &line.day);
        }
    }
    Ok(())
}

fn last_used_key(client_id: &ClientId) -> String {
    format!("{LAST_USED}{client_id}")
}

/// The last day on which an application was used, if it ever was.
#[must_use]
pub fn last_used_on(ledger: &impl Ledger, client_id: &ClientId) -> Option<String> {
    ledger.get(&last_used_key(client_id))
}

/// Forgets when an application was last used; what it did day by day stays counted.
pub fn forget_last_use(ledger: &mut impl Ledger, client_id: &ClientId) {
    ledger.delete(&last_used_key(client_id));
}

/// A page of counts, oldest first; of one application or all, between two days.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn list(
    ledger: &impl Ledger,
    client_id: Option<&ClientId>,
    from: Option<String>,
    to: Option<String>,
    request: &PageRequest,
) -> Result<Page<UsageLine>, Corrupt> {
    let limit = request.limit.clamp(1, 1000);
    let mut items: Vec<UsageLine> = Vec::new();
    // `day` alone sorts before `day/…`, so it is where a first page begins.
    let mut after = request.after.clone().or(from);
    loop {
        let rows: Vec<(String, Counts)> = load_all(ledger, PREFIX, after.as_deref(), false, 500)?;
        for (rest, counts) in &rows {
            let Some((day, client)) = rest.split_once('/') else {
                continue;
            };
            if to.as_deref().is_some_and(|to| day > to) {
                return Ok(Page { items, next: None });
            }
            let Some(client) = ClientId::parse(client) else {
                continue;
            };
            if client_id.is_some_and(|wanted| *wanted != client) {
                continue;
            }
            if items.len() == limit {
                let next = items
                    .last()
                    .map(|line| format!("{}/{}", line.day, line.client_id));
                return Ok(Page { items, next });
            }
            items.push(UsageLine {
                day: day.to_owned(),
                client_id: client,
                counts: counts.clone(),
            });
        }
        match rows.last() {
            Some((last, _)) if rows.len() == 500 => after = Some(last.clone()),
            _ => return Ok(Page { items, next: None }),
        }
    }
}
