//! Sessions: begun by a password, ended by the person, by time, or by a changed password.

use serde::{Deserialize, Serialize};

use super::command::{AskingClient, Reply, SessionLine, Visit};
use super::grants;
use super::password;
use super::profile::{PASSWORD, PROFILE, Profile};
use crate::ledger::outbox::Now;
use crate::ledger::{Corrupt, Ledger, load, load_all, store};
use crate::protocol::time::UnixTime;
use crate::token::cookie::SESSION_LIFETIME;
use crate::token::id::SessionId;

/// How many sessions an account can have; a further one ends the oldest.
pub const MOST: usize = 100;

const PREFIX: &str = "session/";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    browser: String,
    signed_in_at: UnixTime,
    last_seen_at: UnixTime,
    epoch: u64,
    session_epoch: u64,
}

impl Session {
    fn lives(&self, profile: &Profile, now: UnixTime) -> bool {
        self.epoch == profile.epoch
            && self.session_epoch == profile.session_epoch
            && now.since(self.signed_in_at) < SESSION_LIFETIME
    }
}

fn key(id: &SessionId) -> String {
    format!("{PREFIX}{id}")
}

/// Checks the password and begins a session. An object without an account (the decoy that unknown
/// e-mails are sent to) does the same work and writes nothing.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn sign_in(
    ledger: &mut impl Ledger,
    typed: &str,
    session_id: &SessionId,
    browser: String,
    now: Now,
) -> Result<Reply, Corrupt> {
    let profile: Option<Profile> = load(ledger, PROFILE)?;
    let stored = ledger.get(PASSWORD);
    let right = password::matches(stored.as_deref().unwrap_or(password::DECOY), typed);
    let Some(profile) = profile.filter(|profile| profile.is_active() && !profile.service) else {
        return Ok(Reply::WrongPassword);
    };
    if !right || stored.is_none() {
        return Ok(Reply::WrongPassword);
    }
    let now = now.seconds();
    let mut live: Vec<(String, Session)> = Vec::new();
    for (id, session) in load_all::<Session>(ledger, PREFIX, None, false, 1000)? {
        if !session.lives(&profile, now) {
            ledger.delete(&format!("{PREFIX}{id}"));
        } else if id != session_id.as_str() {
            // The front's own second try finds the session of its first.
            live.push((id, session));
        }
    }
    live.sort_by_key(|(_, session)| session.last_seen_at);
    let too_many = (live.len() + 1).saturating_sub(MOST);
    for (id, _) in live.iter().take(too_many) {
        ledger.delete(&format!("{PREFIX}{id}"));
    }
    let session = Session {
        browser,
        signed_in_at: now,
        last_seen_at: now,
        epoch: profile.epoch,
        session_epoch: profile.session_epoch,
    };
    store(ledger, &key(session_id), &session)?;
    Ok(Reply::SignedIn)
}

/// The person behind a session, if both live.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn person(
    ledger: &impl Ledger,
    session_id: &SessionId,
    now: Now,
) -> Result<Option<(Profile, UnixTime)>, Corrupt> {
    let Some(profile) = load::<Profile>(ledger, PROFILE)?.filter(Profile::is_active) else {
        return Ok(None);
    };
    let session: Option<Session> = load(ledger, &key(session_id))?;
    Ok(session
        .filter(|session| session.lives(&profile, now.seconds()))
        .map(|session| (profile, session.signed_in_at)))
}

/// Who is signed in, and whether they granted the client at hand what it asks for.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn visit(
    ledger: &mut impl Ledger,
    session_id: &SessionId,
    client: Option<&AskingClient>,
    now: Now,
) -> Result<Reply, Corrupt> {
    let Some((profile, signed_in_at)) = person(ledger, session_id, now)? else {
        return Ok(Reply::Nothing);
    };
    // Written once an hour at most: a page view should not cost a write.
    if let Some(mut session) = load::<Session>(ledger, &key(session_id))?
        && now.seconds().since(session.last_seen_at) >= 3600
    {
        session.last_seen_at = now.seconds();
        store(ledger, &key(session_id), &session)?;
    }
    let (covered, revocations) = match client {
        None => (false, 0),
        Some(client) => (
            grants::covers(ledger, &profile, client, now)?,
            grants::revocations(ledger, &client.client_id)?,
        ),
    };
    Ok(Reply::Visit(Box::new(Visit {
        profile,
        signed_in_at,
        covered,
        revocations,
    })))
}

/// Ends a session.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn end(
    ledger: &mut impl Ledger,
    session_id: &SessionId,
    target: &SessionId,
    now: Now,
) -> Result<Reply, Corrupt> {
    if person(ledger, session_id, now)?.is_none() {
        return Ok(Reply::Nothing);
    }
    ledger.delete(&key(target));
    Ok(Reply::Done)
}

/// The sessions that live, the latest first.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn list(
    ledger: &impl Ledger,
    profile: &Profile,
    now: Now,
) -> Result<Vec<SessionLine>, Corrupt> {
    let mut sessions: Vec<SessionLine> = load_all::<Session>(ledger, PREFIX, None, false, 1000)?
        .into_iter()
        .filter(|(_, session)| session.lives(profile, now.seconds()))
        .filter_map(|(id, session)| {
            Some(SessionLine {
                id: SessionId::try_from(id).ok()?,
                browser: session.browser,
                signed_in_at: session.signed_in_at,
                last_seen_at: session.last_seen_at,
            })
        })
        .collect();
    sessions.sort_by_key(|session| core::cmp::Reverse(session.last_seen_at));
    Ok(sessions)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::command::Command;
    use crate::account::object::AccountObject;
    use crate::account::password::DECOY;
    use crate::account::password::tests::CHECKED;
    use crate::protocol::secret::Secret;
    use crate::store::memory::Memory;
    use crate::store::ports::Ports as _;
    use crate::token::id::tests::session;

    #[test]
    fn contract_3_a_password_is_checked_whoever_it_is_said_to_be_of() {
        let memory = Memory::default();
        let signs_in = |name: &str| {
            let sign_in = Command::SignIn {
                password: Secret::new(String::from("a wrong password")),
                session_id: session("s_1"),
                browser: String::new(),
            };
            let before = CHECKED.get();
            let reply = pollster::block_on(memory.ask::<AccountObject>(name, &sign_in));
            assert_eq!(reply, Ok(Reply::WrongPassword), "{name}");
            CHECKED.get() - before
        };
        for (id, status, password) in [
            ("known", "active", Some(DECOY)),
            ("disabled", "disabled", Some(DECOY)),
            ("passwordless", "active", None),
        ] {
            let push = json!({"push": {"password": password, "profile": {
                "id": id, "event_id": "evt", "version": 1, "name": "", "email": "", "permissions": [], "roles": [],
                "status": status, "epoch": 0, "session_epoch": 0}}});
            let push = serde_json::from_value(push).unwrap();
            pollster::block_on(memory.ask::<AccountObject>(id, &push)).unwrap();
        }
        for name in ["known", "disabled", "passwordless", "unknown"] {
            assert_eq!(signs_in(name), 1, "{name}");
        }
    }
}
