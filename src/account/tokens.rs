//! Personal access tokens, as rows of their account.

use serde::{Deserialize, Serialize};

use super::command::{Alive, Reply, TokenLine};
use super::profile::{PROFILE, Profile};
use super::sessions;
use crate::ledger::outbox::Now;
use crate::ledger::{Corrupt, Ledger, load, load_all, store};
use crate::protocol::scope::Scope;
use crate::protocol::time::{DAY, UnixTime};
use crate::token::id::SessionId;

const PREFIX: &str = "pat/";
/// When a token was revoked or replaced.
const ENDED: &str = "ended_pat/";
/// How many of these are gone through at a time.
const STEP: usize = 500;
/// How many a person can have.
pub const MOST: usize = 100;
/// For how many seconds it is remembered that a token has ended, longer than a creation can be on its way.
const REMEMBERED: u64 = 300;
/// A form that is sent again within so many seconds was pressed twice; later its page was reloaded.
const PRESSED_TWICE: u64 = 10;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    name: String,
    scope: Scope,
    created_at: UnixTime,
    expires_at: Option<UnixTime>,
    last_used_at: Option<UnixTime>,
    epoch: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<String>,
    /// When that form was pressed, by this object's clock in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pressed_at_ms: Option<u64>,
}

/// What a person asks for with the form for a new token.
pub struct Wanted {
    /// The id it will have.
    pub token_id: String,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it stops being good.
    pub expires_at: Option<UnixTime>,
    /// What the form carries once each time it is shown.
    pub attempt: Option<String>,
}

impl Row {
    /// Whether it was made by the same form, filled in the same way.
    fn was_asked_for_by(&self, wanted: &Wanted, now: UnixTime) -> bool {
        // The end is counted from the front's time, so it is a little earlier or later than this object's would be.
        let days = |end: Option<UnixTime>, from: UnixTime| {
            end.map(|end| end.since(from).saturating_add(DAY / 2) / DAY)
        };
        self.attempt.is_some()
            && self.attempt == wanted.attempt
            && self.name == wanted.name
            && self.scope == wanted.scope
            && days(self.expires_at, self.created_at) == days(wanted.expires_at, now)
    }

    /// Whether its form was pressed twice, and this is what the first press made: its answer was never seen, so the token
    /// is in no use. The first press may be the one that is decided last, if it waited for a silent object.
    fn was_never_seen(&self, now: Now) -> bool {
        self.last_used_at.is_none()
            && now.seconds().since(self.created_at) <= PRESSED_TWICE
            && self.pressed_at_ms.is_none_or(|at| at <= now.asked_ms())
    }

    fn lives(&self, profile: &Profile, now: UnixTime) -> bool {
        self.epoch == profile.epoch && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Ends a token. That it was there is remembered for a while, beside the tokens: a creation that comes late brings
/// nothing back.
fn end(ledger: &mut impl Ledger, id: &str, now: UnixTime) {
    ledger.delete(&format!("{PREFIX}{id}"));
    ledger.put(&format!("{ENDED}{id}"), &now.0.to_string());
}

/// Forgets what ended long enough ago, one step.
fn forget_ended(ledger: &mut impl Ledger, now: UnixTime) {
    for (key, at) in ledger.scan(ENDED, None, false, STEP) {
        let at = UnixTime(at.parse().unwrap_or(0));
        if now.since(at) > REMEMBERED {
            ledger.delete(&key);
        }
    }
}

/// Makes a token; [`Reply::Nothing`] without a session, [`Reply::TooMany`] if there are as many as may be,
/// [`Reply::MadeBefore`] if the same form made one that may be in use.
///
/// A form that is pressed twice leaves one token, the second: a browser shows the last answer only, and of the first
/// nobody would know.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn create(
    ledger: &mut impl Ledger,
    session_id: &SessionId,
    wanted: Wanted,
    now: Now,
) -> Result<Reply, Corrupt> {
    let Some((profile, _)) = sessions::person(ledger, session_id, now)? else {
        return Ok(Reply::Nothing);
    };
    // The front's own second try, or its first that was late, of one that has ended since.
    if ledger.get(&format!("{ENDED}{}", wanted.token_id)).is_some() {
        return Ok(Reply::Nothing);
    }
    // The front's own second try of this command, or its first that is late, finds the row, which may be in use.
    if ledger
        .get(&format!("{PREFIX}{}", wanted.token_id))
        .is_some()
    {
        let replaced = Vec::new();
        return Ok(Reply::TokenMade { replaced });
    }
    let mut live = 0usize;
    let mut replaced = Vec::new();
    let mut dead = Vec::new();
    for (id, row) in load_all::<Row>(ledger, PREFIX, None, false, 1000)? {
        if !row.lives(&profile, now.seconds()) {
            dead.push(id);
        } else if !row.was_asked_for_by(&wanted, now.seconds()) {
            live += 1;
        } else if row.was_never_seen(now) {
            replaced.push(id);
        } else {
            return Ok(Reply::MadeBefore);
        }
    }
    if live >= MOST {
        return Ok(Reply::TooMany);
    }
    for id in &dead {
        ledger.delete(&format!("{PREFIX}{id}"));
    }
    for id in &replaced {
        end(ledger, id, now.seconds());
    }
    forget_ended(ledger, now.seconds());
    let row = Row {
        name: wanted.name,
        scope: wanted.scope,
        created_at: now.seconds(),
        expires_at: wanted.expires_at,
        last_used_at: None,
        epoch: profile.epoch,
        pressed_at_ms: wanted.attempt.is_some().then(|| now.asked_ms()),
        attempt: wanted.attempt,
    };
    store(ledger, &format!("{PREFIX}{}", wanted.token_id), &row)?;
    Ok(Reply::TokenMade { replaced })
}

/// Revokes a token; [`Reply::Nothing`] without a session, or if there is none of this id.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn revoke(
    ledger: &mut impl Ledger,
    session_id: &SessionId,
    token_id: &str,
    now: Now,
) -> Result<Reply, Corrupt> {
    if sessions::person(ledger, session_id, now)?.is_none() {
        return Ok(Reply::Nothing);
    }
    if ledger.get(&format!("{PREFIX}{token_id}")).is_none() {
        return Ok(Reply::Nothing);
    }
    end(ledger, token_id, now.seconds());
    Ok(Reply::Done)
}

/// Whether a token is alive. It is used thereby, be it here or where it is introspected, which is noted to the minute.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn look_up(ledger: &mut impl Ledger, token_id: &str, now: Now) -> Result<Reply, Corrupt> {
    let Some(profile) = load::<Profile>(ledger, PROFILE)?.filter(Profile::is_active) else {
        return Ok(Reply::Nothing);
    };
    let key = format!("{PREFIX}{token_id}");
    let Some(mut row) = load::<Row>(ledger, &key)?.filter(|row| row.lives(&profile, now.seconds()))
    else {
        return Ok(Reply::Nothing);
    };
    if row
        .last_used_at
        .is_none_or(|last| now.seconds().since(last) >= 60)
    {
        row.last_used_at = Some(now.seconds());
        store(ledger, &key, &row)?;
    }
    let Row {
        scope,
        created_at,
        expires_at,
        last_used_at,
        ..
    } = row;
    Ok(Reply::Alive(Box::new(Alive {
        profile,
        scope,
        created_at,
        last_used_at: last_used_at.unwrap_or(created_at),
        expires_at,
    })))
}

/// The tokens that live, the latest first.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn list(ledger: &impl Ledger, profile: &Profile, now: Now) -> Result<Vec<TokenLine>, Corrupt> {
    let mut tokens: Vec<TokenLine> = load_all::<Row>(ledger, PREFIX, None, false, 1000)?
        .into_iter()
        .filter(|(_, row)| row.lives(profile, now.seconds()))
        .map(|(id, row)| TokenLine {
            id,
            name: row.name,
            scope: row.scope,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
        .collect();
    tokens.sort_by_key(|token| core::cmp::Reverse(token.created_at));
    Ok(tokens)
}
