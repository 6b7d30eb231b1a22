//! Proof Key for Code Exchange (RFC 7636), method `S256` only.

use sha2::{Digest as _, Sha256};

use super::encoding::{base64url, from_base64url};

/// A `code_challenge` of method `S256` (section 4.2): 43 characters of base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads a challenge; `None` if it cannot be the base64url text of a SHA-256.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 43 && from_base64url(text)?.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The challenge that belongs to a `code_verifier` (section 4.6); `None` if the verifier is
    /// not 43 to 128 unreserved characters (section 4.1).
    #[must_use]
    pub fn of_verifier(verifier: &str) -> Option<Self> {
        let sound = (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
            });
        sound.then(|| Self(base64url(&Sha256::digest(verifier.as_bytes()))))
    }

    /// The challenge as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7636_appendix_b() {
        let challenge = CodeChallenge::of_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            challenge.unwrap().as_str(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn rfc7636_4_1_a_verifier_has_43_to_128_unreserved_characters() {
        for bad in [
            "a".repeat(42),
            "a".repeat(129),
            format!("{}+", "a".repeat(50)),
            String::new(),
        ] {
            assert_eq!(CodeChallenge::of_verifier(&bad), None);
        }
    }

    #[test]
    fn a_challenge_that_no_verifier_can_have_is_refused() {
        for bad in [
            "",
            "abc",
            &"=".repeat(43),
            &"a".repeat(44),
            &format!("{}B", "A".repeat(42)),
        ] {
            assert_eq!(CodeChallenge::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_challenge_of_a_verifier_of_either_length_is_read_back() {
        for verifier in ["-._~".repeat(11), "a".repeat(43), "Z9".repeat(64)] {
            let challenge = CodeChallenge::of_verifier(&verifier).unwrap();
            assert_eq!(CodeChallenge::parse(challenge.as_str()), Some(challenge));
        }
    }
}
