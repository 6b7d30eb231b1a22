//! The audit log of an event: what was changed or went wrong, when, and by whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::outbox::Now;
use crate::ledger::{Corrupt, Ledger, sortable, store};
use crate::protocol::time::UnixTime;

/// How many entries an event keeps; the oldest go first.
pub const MOST: u64 = 50_000;

/// One entry. Names of people are never in it, only ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: UnixTime,
    /// What happened, such as `integration.changed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who did it: `operator`, an account id, or a `client_id`.
    pub actor: String,
    /// To what, and how.
    #[serde(flatten)]
    pub detail: BTreeMap<String, String>,
}

/// The prefix of the rows.
pub const PREFIX: &str = "audit/";
const COUNT: &str = "audit_count";

/// Writes an entry.
///
/// # Errors
/// [`Corrupt`] if it cannot be written.
pub fn write(
    ledger: &mut impl Ledger,
    kind: &str,
    actor: &str,
    detail: &[(&str, &str)],
    now: Now,
) -> Result<(), Corrupt> {
    let count = ledger
        .get(COUNT)
        .and_then(|count| count.parse::<u64>().ok())
        .unwrap_or(0);
    let entry = Entry {
        at: now.seconds(),
        kind: kind.to_owned(),
        actor: actor.to_owned(),
        detail: detail
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    store(ledger, &format!("{PREFIX}{}", sortable(count)), &entry)?;
    ledger.put(COUNT, &count.wrapping_add(1).to_string());
    if let Some(old) = count.checked_sub(MOST) {
        ledger.delete(&format!("{PREFIX}{}", sortable(old)));
    }
    Ok(())
}
