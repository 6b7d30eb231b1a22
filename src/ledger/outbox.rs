//! What an object still has to tell others: replicas in KV, and other objects.
//!
//! A command notes a *target* in the same transaction as its change. What is sent is computed from
//! the object's state at the time of sending, so a late or repeated sending is never wrong, and a
//! target noted ten times is sent once. The note stays until the sending succeeded.

use serde::{Deserialize, Serialize};

use super::{Corrupt, Ledger};

pub(super) const PREFIX: &str = "outbox/";

/// Seconds after which what was noted is told: long enough to gather changes, as KV takes one write a
/// second under each key.
pub const TELL_AFTER: u64 = 1;
/// Seconds after which an object looks whether something is still to be told that nobody waits for: a
/// machine that died before telling it is the only reason.
pub const LOOK_AGAIN_AFTER: u64 = 24 * 3600;

/// A KV namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Namespace {
    /// Events, applications, integrations and hosts.
    #[serde(rename = "DIRECTORY")]
    Directory,
    /// One record per grant.
    #[serde(rename = "REFRESH_TOKENS")]
    RefreshTokens,
}

/// Which kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// One per account, or per service client, of an event.
    Account,
    /// One per event.
    Event,
    /// One per deployment.
    Platform,
    /// 64 per event.
    Throttle,
}

/// Something to do outside the object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Effect {
    /// Write a replica to KV.
    Write {
        /// Where.
        namespace: Namespace,
        /// Under which key.
        key: String,
        /// What.
        value: String,
        /// Seconds after which KV forgets it; at least 60, as KV demands.
        ttl: Option<u64>,
    },
    /// Send a command to another object.
    Tell {
        /// Which kind.
        kind: ObjectKind,
        /// Its name.
        name: String,
        /// The command, as JSON.
        command: String,
    },
}

/// A target that is to be told, and the stamp its note had when it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What is to be told; the object knows how to compute it.
    pub target: String,
    /// Moves with every further note of the same target.
    pub stamp: u64,
}

/// Whether a record is a note.
#[must_use]
pub fn is_note(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// Notes that `target` must be told.
pub fn note(ledger: &mut impl Ledger, target: &str) {
    let key = format!("{PREFIX}{target}");
    let stamp = ledger
        .get(&key)
        .and_then(|stamp| stamp.parse::<u64>().ok())
        .unwrap_or(0);
    ledger.put(&key, &stamp.wrapping_add(1).to_string());
}

/// The next targets to be told, from beyond `after`, in order or in the reverse.
#[must_use]
pub fn pending(
    ledger: &impl Ledger,
    after: Option<&str>,
    backwards: bool,
    limit: usize,
) -> Vec<Note> {
    let after = after.map(|after| format!("{PREFIX}{after}"));
    ledger
        .scan(PREFIX, after.as_deref(), backwards, limit)
        .into_iter()
        .filter_map(|(key, stamp)| {
            Some(Note {
                target: key.strip_prefix(PREFIX)?.to_owned(),
                stamp: stamp.parse().unwrap_or(0),
            })
        })
        .collect()
}

/// The note of a target, if it is to be told.
#[must_use]
pub fn find(ledger: &impl Ledger, target: &str) -> Option<Note> {
    let stamp = ledger.get(&format!("{PREFIX}{target}"))?;
    Some(Note {
        target: target.to_owned(),
        stamp: stamp.parse().unwrap_or(0),
    })
}

/// Forgets a note that was told, unless it was noted again meanwhile. Whether it is gone.
pub fn settle(ledger: &mut impl Ledger, note: &Note) -> bool {
    let key = format!("{PREFIX}{}", note.target);
    let same = ledger
        .get(&key)
        .is_some_and(|stamp| stamp == note.stamp.to_string());
    if same {
        ledger.delete(&key);
    }
    same
}

/// The patience with a command whose answer waits for KV or for other objects, in milliseconds.
pub const PATIENCE: u32 = 10_000;
/// That with a command that is one step of one object. Two tries of a refresh, and the client's own after them, are within
/// the default `retry_window`.
pub const SHORT_PATIENCE: u32 = 4_000;

/// What every object is: commands in, replies out, an outbox, and clearing up.
pub trait Object {
    /// Which kind it is.
    const KIND: ObjectKind;
    /// What can be asked of it.
    type Command: Serialize + for<'de> Deserialize<'de>;
    /// What it answers.
    type Reply: Serialize + for<'de> Deserialize<'de>;

    /// How many milliseconds the front waits for an answer before it takes the object for one that failed. It asks
    /// twice, so that a caller of 503 has waited twice as long.
    #[must_use]
    fn patience(_command: &Self::Command) -> u32 {
        PATIENCE
    }

    /// Does what is asked, at the object's own time.
    ///
    /// # Errors
    /// [`Corrupt`] if a record cannot be read; then nothing of the command is kept.
    fn handle<L: Ledger>(
        ledger: &mut L,
        command: Self::Command,
        now: Now,
    ) -> Result<Self::Reply, Corrupt>;

    /// What there is to tell a target now; `None` if nothing is left to tell it.
    ///
    /// # Errors
    /// [`Corrupt`] if a record cannot be read.
    fn effect<L: Ledger>(ledger: &L, target: &str, now: Now) -> Result<Option<Effect>, Corrupt>;

    /// A target has been told and its note is gone.
    fn told<L: Ledger>(_ledger: &mut L, _target: &str) {}

    /// Whether others rely on being told of this target within seconds, so that an alarm must see to it even
    /// if the machine dies. What is not urgent is told as soon, but by a timer, which costs no write.
    #[must_use]
    fn is_urgent(_target: &str) -> bool {
        true
    }

    /// Whether a change under this key may change when the object wants to be woken.
    #[must_use]
    fn wakes(_key: &str) -> bool {
        true
    }

    /// Clears up what is past its time, in a bounded step.
    ///
    /// # Errors
    /// [`Corrupt`] if a record cannot be read.
    fn sweep<L: Ledger>(_ledger: &mut L, _now: Now) -> Result<(), Corrupt> {
        Ok(())
    }

    /// In how many seconds there is something to clear up, if there is.
    fn wake_after<L: Ledger>(_ledger: &L, _now: Now) -> Option<u64> {
        None
    }
}

/// When a command is decided, by the object's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970.
    pub ms: u64,
    /// For how many milliseconds of these the front had been waiting for objects by its own clock, so that clocks that
    /// differ do not matter: for this one, that did not answer at first, or for another whose word was needed.
    pub waited_ms: u64,
}

impl Now {
    /// A time at which nobody has been waiting.
    #[must_use]
    pub const fn at(ms: u64) -> Self {
        Self { ms, waited_ms: 0 }
    }

    /// In whole seconds.
    #[must_use]
    pub fn seconds(self) -> crate::protocol::time::UnixTime {
        crate::protocol::time::UnixTime(self.ms / 1000)
    }

    /// When the command would have been decided if every object had answered at once.
    #[must_use]
    pub fn asked_ms(self) -> u64 {
        self.ms.saturating_sub(self.waited_ms)
    }
}
