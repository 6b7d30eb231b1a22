//! Client secrets: `wc_cs_…`, 256 random bits and a checksum against mistyping. Only a hash is stored.

use sha2::{Digest as _, Sha256};

use super::Entropy;
use crate::protocol::encoding::base64url;
use crate::protocol::secret::{Secret, same_bytes};

const PREFIX: &str = "wc_cs_";

/// Draws a new secret.
pub fn draw(entropy: &impl Entropy) -> Secret<String> {
    let mut bytes = [0u8; 32];
    entropy.fill(&mut bytes);
    let body = base64url(&bytes);
    let sum = checksum(&body);
    Secret::new(format!("{PREFIX}{body}{sum}"))
}

/// Whether a text can be a client secret at all: its checksum is right. Proves nothing else.
#[must_use]
pub fn is_well_formed(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .and_then(|rest| rest.split_at_checked(43))
        .is_some_and(|(body, sum)| checksum(body) == sum)
}

/// The hash that is stored. A secret of 256 random bits needs no slow hash.
#[must_use]
pub fn hash(text: &str) -> String {
    base64url(&Sha256::digest(text.as_bytes()))
}

/// Whether a hash belongs to a text, in constant time.
#[must_use]
pub fn hash_matches(stored: &str, text: &str) -> bool {
    same_bytes(stored.as_bytes(), hash(text).as_bytes())
}

fn checksum(body: &str) -> String {
    let digest = Sha256::digest(format!("wc_cs checksum {body}").as_bytes());
    base64url(digest.get(..3).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn contract_5_a_client_secret_carries_a_checksum_against_mistyping() {
        let secret = draw(&Fixed);
        let text = secret.expose();
        assert!(text.starts_with("wc_cs_") && is_well_formed(text));
        let mistyped = text.replacen('B', "C", 1);
        assert!(!is_well_formed(&mistyped));
        for bad in ["", "wc_cs_", "secret", &text[..text.len() - 1]] {
            assert!(!is_well_formed(bad));
        }
        assert!(hash_matches(&hash(text), text));
        assert!(!hash_matches(&hash(text), &mistyped));
        assert!(!hash(text).contains(&text[6..20]));
    }
}
