//! The audit log of an event: what was changed or went wrong, when, and by whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::outbox::Now;
use crate::ledger::{Corrupt, Ledger, count, sortable, store};
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

/// How long a list of names in an entry may be, in characters.
const LONGEST_LIST: usize = 1000;

/// Names as an entry has them: with a space between two, and if there are too many, how many more there are.
pub fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = String::new();
    let mut left_out = 0usize;
    for name in all {
        if left_out > 0 || list.len() + name.len() > LONGEST_LIST {
            left_out += 1;
            continue;
        }
        if !list.is_empty() {
            list.push(' ');
        }
        list.push_str(name);
    }
    if left_out > 0 {
        list.push_str(&format!(" and {left_out} more"));
    }
    list
}

/// What became of a list whose items have names: the names that were added, removed, and those of what is not the same.
pub fn differences<T: PartialEq>(
    before: &[T],
    after: &[T],
    name: impl Fn(&T) -> &str,
) -> [(&'static str, String); 3] {
    let of = |items: &[T], other: &[T]| {
        names(
            items
                .iter()
                .map(&name)
                .filter(|one| !other.iter().any(|each| name(each) == *one)),
        )
    };
    let changed = after.iter().filter(|one| {
        let was = before.iter().find(|each| name(each) == name(one));
        was.is_some_and(|was| was != *one)
    });
    [
        ("added", of(after, before)),
        ("removed", of(before, after)),
        ("changed", names(changed.map(&name))),
    ]
}

/// Writes an entry.
///
/// # Errors
/// [`Corrupt`] if it cannot be written, or the number of entries cannot be read.
pub fn write(
    ledger: &mut impl Ledger,
    kind: &str,
    actor: &str,
    detail: &[(&str, &str)],
    now: Now,
) -> Result<(), Corrupt> {
    let count = count(ledger, COUNT)?;
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
