//! Authorization codes (RFC 6749 section 4.1.2): self-contained, good for 60 seconds, stored nowhere.
//!
//! The redirect URI and the code challenge are not in the code. They are in the input of its tag and
//! are computed again at redemption, so a code with another URI or verifier simply does not verify,
//! and the challenge cannot be read out of it (RFC 7636 section 4.4).

use serde::{Deserialize, Serialize};

use super::id::{AccountId, EventId, GrantId};
use super::key::{KeyRing, Purpose};
use super::signed;
use crate::protocol::client::ClientId;
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::scope::Scope;
use crate::protocol::time::UnixTime;

/// How long a code is good for, in seconds.
pub const LIFETIME: u64 = 60;

const PREFIX: &str = "wc_ac_";

/// What a code says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// The grant its redemption starts; minted here, so that a second redemption finds the first.
    #[serde(rename = "g")]
    pub grant_id: GrantId,
    /// Who granted it.
    #[serde(rename = "a")]
    pub account_id: AccountId,
    /// Who it was issued to.
    #[serde(rename = "c")]
    pub client_id: ClientId,
    /// The integration's incarnation at the time.
    #[serde(rename = "i")]
    pub incarnation: String,
    /// What was granted.
    #[serde(rename = "s")]
    pub scope: Scope,
    /// The account's epoch at the time: it moves when the account is disabled.
    #[serde(rename = "e")]
    pub account_epoch: u64,
    /// The person's revocation count for this client at the time.
    #[serde(rename = "r")]
    pub revocations: u64,
    /// When it stops being good.
    #[serde(rename = "x")]
    pub expires_at: UnixTime,
}

/// What redemption must repeat of the authorization request.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The redirect URI that was used.
    pub redirect_uri: &'a str,
    /// Whether the request named it.
    pub redirect_uri_sent: bool,
    /// The challenge, if one was sent.
    pub challenge: Option<&'a CodeChallenge>,
}

impl Binding<'_> {
    fn context(&self) -> [&[u8]; 4] {
        [
            self.redirect_uri.as_bytes(),
            if self.redirect_uri_sent {
                b"sent"
            } else {
                b"left out"
            },
            if self.challenge.is_some() {
                b"S256"
            } else {
                b"none"
            },
            self.challenge
                .map(CodeChallenge::as_str)
                .unwrap_or_default()
                .as_bytes(),
        ]
    }
}

impl AuthorizationCode {
    /// The code as it goes to the client.
    #[must_use]
    pub fn seal(&self, ring: &KeyRing, event: &EventId, binding: &Binding<'_>) -> Option<String> {
        let purpose = Purpose::AuthorizationCode;
        signed::seal(ring, None, purpose, event, PREFIX, self, &binding.context())
    }

    /// Reads a code that this event issued under this binding. Says nothing of its age.
    #[must_use]
    pub fn open(
        ring: &KeyRing,
        event: &EventId,
        code: &str,
        binding: &Binding<'_>,
    ) -> Option<Self> {
        signed::open(
            ring,
            Purpose::AuthorizationCode,
            event,
            PREFIX,
            code,
            &binding.context(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::id::tests::{account, event, grant};
    use crate::token::key::tests::ring;

    fn code() -> AuthorizationCode {
        AuthorizationCode {
            grant_id: grant("g1"),
            account_id: account("acc_1"),
            client_id: ClientId::number(1001),
            incarnation: "i1".into(),
            scope: Scope::of(["a", "b"]),
            account_epoch: 0,
            revocations: 2,
            expires_at: UnixTime(60),
        }
    }

    #[test]
    fn contract_2_a_code_is_bound_to_its_redirect_uri_and_challenge() {
        let (ring, challenge) = (ring(), CodeChallenge::of_verifier(&"v".repeat(43)).unwrap());
        let other = CodeChallenge::of_verifier(&"w".repeat(43)).unwrap();
        let right = Binding {
            redirect_uri: "https://a/",
            redirect_uri_sent: true,
            challenge: Some(&challenge),
        };
        let text = code().seal(&ring, &event("evt"), &right).unwrap();
        assert_eq!(
            AuthorizationCode::open(&ring, &event("evt"), &text, &right),
            Some(code())
        );
        for wrong in [
            Binding {
                redirect_uri: "https://b/",
                ..right
            },
            Binding {
                redirect_uri_sent: false,
                ..right
            },
            Binding {
                challenge: None,
                ..right
            },
            Binding {
                challenge: Some(&other),
                ..right
            },
        ] {
            assert_eq!(
                AuthorizationCode::open(&ring, &event("evt"), &text, &wrong),
                None
            );
        }
        assert_eq!(
            AuthorizationCode::open(&ring, &event("evt2"), &text, &right),
            None
        );
    }

    #[test]
    fn rfc7636_4_4_the_challenge_cannot_be_read_out_of_the_code() {
        let challenge = CodeChallenge::of_verifier(&"v".repeat(43)).unwrap();
        let binding = Binding {
            redirect_uri: "https://a/",
            redirect_uri_sent: true,
            challenge: Some(&challenge),
        };
        let text = code().seal(&ring(), &event("evt"), &binding).unwrap();
        let body = text.split('.').nth(1).unwrap();
        let plain = crate::protocol::encoding::from_base64url(body).unwrap();
        assert!(!String::from_utf8_lossy(&plain).contains(challenge.as_str()));
        assert!(!text.contains(challenge.as_str()));
    }
}
