//! Refresh tokens: `wc_rt_…`, a function of key, grant and generation.
//!
//! Nothing of a refresh token is stored but a keyed hash. Its successor is computed, not drawn, so
//! that every retry inside the window gets the very same one (RFC 9700 section 4.14.2).

use serde::{Deserialize, Serialize};

use super::id::{EventId, GrantId, OwnerId};
use super::key::{KeyRing, Purpose};
use super::signed;
use crate::protocol::encoding::base64url;

const PREFIX: &str = "wc_rt_";

/// What a refresh token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshToken {
    /// Whose grant it is.
    #[serde(rename = "a")]
    pub owner: OwnerId,
    /// The grant.
    #[serde(rename = "g")]
    pub grant_id: GrantId,
    /// The generation; the first is 1.
    #[serde(rename = "n")]
    pub generation: u64,
}

impl RefreshToken {
    /// The token as it goes to the client, signed with the version `kid` of the deployment's
    /// secret; `None` if that version was dropped.
    #[must_use]
    pub fn seal(&self, ring: &KeyRing, event: &EventId, kid: &str) -> Option<String> {
        signed::seal(
            ring,
            Some(kid),
            Purpose::RefreshToken,
            event,
            PREFIX,
            self,
            &[],
        )
    }

    /// Reads a token this event issued.
    #[must_use]
    pub fn open(ring: &KeyRing, event: &EventId, token: &str) -> Option<Self> {
        signed::open(ring, Purpose::RefreshToken, event, PREFIX, token, &[])
    }
}

/// The keyed hash of a refresh token that goes into the edge replica.
#[must_use]
pub fn replica_hash(ring: &KeyRing, event: &EventId, token: &str) -> String {
    base64url(
        &ring
            .signing(Purpose::Replica, event)
            .tag(&[token.as_bytes()]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::id::tests::{event, grant, owner};
    use crate::token::key::tests::ring;

    #[test]
    fn contract_4_a_successor_is_a_function_of_key_grant_and_generation() {
        let ring = ring();
        let token = |generation| RefreshToken {
            owner: owner("acc_1"),
            grant_id: grant("g"),
            generation,
        };
        let seal = |generation| {
            token(generation)
                .seal(&ring, &event("evt"), ring.current_kid())
                .unwrap()
        };
        assert_eq!(seal(2), seal(2));
        assert_ne!(seal(2), seal(3));
        assert!(seal(1).starts_with("wc_rt_"));
        assert_eq!(
            RefreshToken::open(&ring, &event("evt"), &seal(2)),
            Some(token(2))
        );
        assert_eq!(RefreshToken::open(&ring, &event("evt2"), &seal(2)), None);
        assert_eq!(token(1).seal(&ring, &event("evt"), "dropped"), None);
    }

    #[test]
    fn the_hash_in_the_replica_is_keyed_and_of_one_token_and_event() {
        let ring = ring();
        let hash = replica_hash(&ring, &event("evt"), "wc_rt_1");
        assert_eq!(hash.len(), 43);
        assert_eq!(hash, replica_hash(&ring, &event("evt"), "wc_rt_1"));
        assert_ne!(hash, replica_hash(&ring, &event("evt"), "wc_rt_2"));
        assert_ne!(hash, replica_hash(&ring, &event("evt2"), "wc_rt_1"));
        let other = KeyRing::new(Some(&"o".repeat(32)), None).unwrap();
        assert_ne!(hash, replica_hash(&other, &event("evt"), "wc_rt_1"));
    }
}
