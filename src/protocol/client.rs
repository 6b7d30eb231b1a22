//! What a client is to the protocol (RFC 6749 section 2).

use serde::{Deserialize, Serialize};

/// A `client_id`: the API ID, a decimal number as a string (section 2.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

impl ClientId {
    /// Reads a client id: 1 to 18 digits, the first not 0.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_sound(text).then(|| Self(text.to_owned()))
    }

    fn is_sound(text: &str) -> bool {
        (1..=18).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0')
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

/// A text that is no client id.
#[derive(Debug, thiserror::Error)]
#[error("not a client_id")]
pub struct NotClientId;

impl TryFrom<String> for ClientId {
    type Error = NotClientId;

    fn try_from(text: String) -> Result<Self, NotClientId> {
        if Self::is_sound(&text) {
            Ok(Self(text))
        } else {
            Err(NotClientId)
        }
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_1_to_18_digits_of_which_the_first_is_not_0() {
        let too_long = "1".repeat(19);
        for bad in [
            "", "0", "01", "x", "1x", "x1", "+1", "-1", "1 ", "1.0", "\u{ff11}", &too_long,
        ] {
            assert_eq!(ClientId::parse(bad), None, "{bad}");
            let stored = serde_json::Value::from(bad);
            assert!(serde_json::from_value::<ClientId>(stored).is_err(), "{bad}");
        }
        for good in ["1", "1001", &too_long[..18]] {
            assert_eq!(ClientId::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn a_client_id_prints_as_its_number() {
        let id = ClientId::number(1001);
        assert_eq!(Some(id.clone()), ClientId::parse("1001"));
        assert_eq!(id.to_string(), "1001");
        let stored = serde_json::json!("1001");
        assert_eq!(serde_json::to_value(&id).unwrap(), stored);
        assert_eq!(serde_json::from_value::<ClientId>(stored).unwrap(), id);
    }
}
