//! Personal access tokens: `wc_pat_…`, naming their account and their row there.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, EventId};
use super::key::{KeyRing, Purpose};
use super::signed;

/// How a personal access token begins.
pub const PREFIX: &str = "wc_pat_";

/// What a personal access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalAccessToken {
    /// Whose it is.
    #[serde(rename = "a")]
    pub account_id: AccountId,
    /// Which of theirs.
    #[serde(rename = "p")]
    pub id: String,
}

impl PersonalAccessToken {
    /// The token as the person gets it, once.
    #[must_use]
    pub fn seal(&self, ring: &KeyRing, event: &EventId) -> Option<String> {
        signed::seal(
            ring,
            None,
            Purpose::PersonalAccessToken,
            event,
            PREFIX,
            self,
            &[],
        )
    }

    /// Reads a token this event issued. Whether it still lives, its account knows.
    #[must_use]
    pub fn open(ring: &KeyRing, event: &EventId, token: &str) -> Option<Self> {
        signed::open(
            ring,
            Purpose::PersonalAccessToken,
            event,
            PREFIX,
            token,
            &[],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::id::tests::{account, event};
    use crate::token::key::tests::ring;

    #[test]
    fn a_personal_access_token_names_its_row_and_is_of_one_event() {
        let ring = ring();
        let token = PersonalAccessToken {
            account_id: account("acc_1"),
            id: "p1".into(),
        };
        let text = token.seal(&ring, &event("evt")).unwrap();
        assert!(text.starts_with("wc_pat_"));
        assert_eq!(
            PersonalAccessToken::open(&ring, &event("evt"), &text),
            Some(token)
        );
        assert_eq!(
            PersonalAccessToken::open(&ring, &event("evt2"), &text),
            None
        );
        assert_eq!(
            PersonalAccessToken::open(&ring, &event("evt"), &text.replace("wc_pat_", "wc_rt_")),
            None
        );
        for bad in ["", "wc_pat_", "wc_pat_a.b.c"] {
            assert_eq!(
                PersonalAccessToken::open(&ring, &event("evt"), bad),
                None,
                "{bad}"
            );
        }
    }
}
