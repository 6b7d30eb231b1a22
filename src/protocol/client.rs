//! What a client is to the protocol (RFC 6749 section 2).

use serde::{Deserialize, Serialize};

/// A `client_id`: the API ID, a decimal number as a string (section 2.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// Reads a client id: 1 to 18 digits, the first not 0.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=18).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        sound.then(|| Self(text.to_owned()))
    }

    /// The id of this number.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Self(number.to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for ClientId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Section 2.1: whether a client can keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientType {
    /// Has a secret and proves it.
    Confidential,
    /// Runs on a person's device; its redirect URI and PKCE are all there is.
    Public,
}
