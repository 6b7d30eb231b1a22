//! What our cookies say: a session, a visit before it, and a browser known to accounts.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, EventId, SessionId};
use super::key::{KeyRing, Purpose};
use super::signed;

/// How long a session lasts from sign-in, in seconds.
pub const SESSION_LIFETIME: u64 = 30 * crate::protocol::time::DAY;

/// A signed-in session: where to ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCookie {
    /// Whose session it is.
    #[serde(rename = "a")]
    pub account_id: AccountId,
    /// The session there.
    #[serde(rename = "s")]
    pub session_id: SessionId,
}

/// A browser nobody has signed in with yet: something for the sign-in form's token to hang on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitCookie {
    /// A random id.
    #[serde(rename = "v")]
    pub id: String,
}

/// The accounts somebody has signed in to with this browser, the latest first. Such a browser has
/// failures counted apart, so that a stranger's guessing never keeps the owner out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct KnownBrowser {
    /// A random id of the browser: its own failures are counted under it.
    #[serde(rename = "b")]
    pub id: String,
    /// Account ids.
    #[serde(rename = "a")]
    pub accounts: Vec<AccountId>,
}

/// A cookie's value, signed and opened with the key of its purpose.
pub trait CookieValue: Serialize + serde::de::DeserializeOwned {
    /// The key it is signed with.
    const PURPOSE: Purpose;

    /// The value to set.
    fn seal(&self, ring: &KeyRing, event: &EventId) -> Option<String> {
        signed::seal(ring, None, Self::PURPOSE, event, "", self, &[])
    }

    /// Reads a value this event set.
    fn open(ring: &KeyRing, event: &EventId, text: &str) -> Option<Self> {
        signed::open(ring, Self::PURPOSE, event, "", text, &[])
    }
}

impl CookieValue for SessionCookie {
    const PURPOSE: Purpose = Purpose::Session;
}

impl CookieValue for VisitCookie {
    const PURPOSE: Purpose = Purpose::Visit;
}

impl CookieValue for KnownBrowser {
    const PURPOSE: Purpose = Purpose::KnownBrowser;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::id::tests::{account, event, session};
    use crate::token::key::tests::ring;

    #[test]
    fn a_cookie_says_what_was_put_in_and_is_of_one_kind_and_one_event() {
        let ring = ring();
        let session = SessionCookie {
            account_id: account("acc_1"),
            session_id: session("s1"),
        };
        let visit = VisitCookie { id: "v1".into() };
        let known = KnownBrowser {
            id: "b1".into(),
            accounts: vec![account("acc_1")],
        };
        let text = session.seal(&ring, &event("evt")).unwrap();
        assert_eq!(
            SessionCookie::open(&ring, &event("evt"), &text),
            Some(session)
        );
        assert_eq!(SessionCookie::open(&ring, &event("evt2"), &text), None);
        assert_eq!(VisitCookie::open(&ring, &event("evt"), &text), None);
        let text = visit.seal(&ring, &event("evt")).unwrap();
        assert_eq!(VisitCookie::open(&ring, &event("evt"), &text), Some(visit));
        assert_eq!(SessionCookie::open(&ring, &event("evt"), &text), None);
        let text = known.seal(&ring, &event("evt")).unwrap();
        assert_eq!(KnownBrowser::open(&ring, &event("evt"), &text), Some(known));
        assert_eq!(VisitCookie::open(&ring, &event("evt"), &text), None);
    }

    #[test]
    fn a_session_lasts_30_days() {
        assert_eq!(SESSION_LIFETIME, 2_592_000);
    }
}
