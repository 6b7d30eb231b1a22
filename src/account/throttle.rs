//! Counting failures: wrong passwords and wrong client secrets, and nothing else.
//!
//! Each counter keeps the times of its latest failures. It is closed while as many as its limit fall
//! within the last minute, so nobody waits longer than a minute, and each failure that grows older
//! lets one attempt in.

use serde::{Deserialize, Serialize};

use crate::ledger::outbox::{Effect, Now, Object, ObjectKind, SHORT_PATIENCE};
use crate::ledger::{Corrupt, Ledger, load, load_all, store};

/// The period failures are counted over, in milliseconds.
pub const PERIOD_MS: u64 = 60_000;
/// Failures a minute for one e-mail, client or known browser.
pub const PER_SUBJECT: usize = 10;
/// Failures a minute for one address.
pub const PER_ADDRESS: usize = 100;

const FAILURES: &str = "failures/";
/// The attempt that counted last.
const LATEST: &str = "latest/";
/// How many rows are read at a time.
const STEP: usize = 500;

/// A question to a shard of counters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Is the counter open?
    Check {
        /// Its name, a keyed hash.
        counter: String,
        /// How many failures close it.
        limit: usize,
    },
    /// A failure: it counts, unless the counter is closed already.
    Fail {
        /// Its name, a keyed hash.
        counter: String,
        /// How many failures close it.
        limit: usize,
        /// The front's attempt: its own retry of a lost call counts no second time. A front of an earlier version says none.
        #[serde(default)]
        attempt: Option<String>,
    },
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It was open.
    Open,
    /// It was closed.
    Closed {
        /// Seconds until it lets one attempt in, 1 to 60.
        retry_after: u64,
    },
}

/// One of an event's 64 shards of counters.
#[derive(Debug)]
pub struct ThrottleObject;

impl Object for ThrottleObject {
    const KIND: ObjectKind = ObjectKind::Throttle;
    type Command = Command;
    type Reply = Reply;

    fn patience(_: &Command) -> u32 {
        SHORT_PATIENCE
    }

    fn handle<L: Ledger>(ledger: &mut L, command: Command, now: Now) -> Result<Reply, Corrupt> {
        let (counter, limit, attempt) = match command {
            Command::Check { counter, limit } => (counter, limit, None),
            Command::Fail {
                counter,
                limit,
                attempt,
            } => (counter, limit, Some(attempt)),
        };
        let latest = format!("{LATEST}{counter}");
        if let Some(Some(attempt)) = &attempt
            && ledger.get(&latest).as_ref() == Some(attempt)
        {
            return Ok(Reply::Open);
        }
        let key = format!("{FAILURES}{counter}");
        let mut times: Vec<u64> = load(ledger, &key)?.unwrap_or_default();
        times.retain(|time| now.ms.saturating_sub(*time) < PERIOD_MS);
        // A clock stepped back leaves times in the future. They count as now, and from now on: nobody waits until the
        // clock has caught up.
        if times.iter().any(|time| *time > now.ms) {
            for time in &mut times {
                *time = now.ms.min(*time);
            }
            store(ledger, &key, &times)?;
        }
        if let Some(oldest) = times.len().checked_sub(limit).and_then(|at| times.get(at)) {
            let left = (oldest.saturating_add(PERIOD_MS))
                .saturating_sub(now.ms)
                .min(PERIOD_MS);
            return Ok(Reply::Closed {
                retry_after: left.div_ceil(1000).clamp(1, 60),
            });
        }
        if let Some(attempt) = attempt {
            times.push(now.ms);
            store(ledger, &key, &times)?;
            if let Some(attempt) = attempt {
                ledger.put(&latest, &attempt);
            }
        }
        Ok(Reply::Open)
    }

    fn effect<L: Ledger>(_: &L, _: &str, _: Now) -> Result<Option<Effect>, Corrupt> {
        Ok(None)
    }

    fn sweep<L: Ledger>(ledger: &mut L, now: Now) -> Result<(), Corrupt> {
        let mut after: Option<String> = None;
        loop {
            let rows: Vec<(String, Vec<u64>)> =
                load_all(ledger, FAILURES, after.as_deref(), false, STEP)?;
            for (counter, times) in &rows {
                if times
                    .iter()
                    .all(|time| now.ms.saturating_sub(*time) >= PERIOD_MS)
                {
                    ledger.delete(&format!("{FAILURES}{counter}"));
                    ledger.delete(&format!("{LATEST}{counter}"));
                }
            }
            match rows.last() {
                Some((last, _)) if rows.len() == STEP => after = Some(last.clone()),
                _ => return Ok(()),
            }
        }
    }

    fn wake_after<L: Ledger>(ledger: &L, _: Now) -> Option<u64> {
        let any = !ledger.scan(FAILURES, None, false, 1).is_empty();
        any.then_some(PERIOD_MS / 1000 + 1)
    }
}
