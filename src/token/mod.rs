//! What we sign: codes, access tokens, refresh tokens, personal access tokens, cookies, form tokens; and the ids in it.
//!
//! Each kind has its own key, derived for its event and its purpose ([`key`]), so that none passes
//! for another and nothing of one event means anything at another. Everything here is arithmetic.

pub mod access_token;
pub mod authorization_code;
pub mod client_secret;
pub mod cookie;
pub mod form_token;
pub mod id;
pub mod key;
pub mod personal_access_token;
pub mod refresh_token;
pub mod signed;

use crate::protocol::encoding::base64url;

/// A source of unpredictable bytes, handed in by the caller.
pub trait Entropy {
    /// Fills `buffer` with bytes nobody can predict.
    fn fill(&self, buffer: &mut [u8]);
}

/// A fresh identifier of 120 random bits behind `prefix`. Never reused, never guessed.
pub fn random_id(prefix: &str, entropy: &impl Entropy) -> String {
    let mut bytes = [0u8; 15];
    entropy.fill(&mut bytes);
    format!("{prefix}{}", base64url(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for (at, byte) in buffer.iter_mut().enumerate() {
                *byte = u8::try_from(at).unwrap();
            }
        }
    }

    #[test]
    fn a_random_id_is_120_bits_behind_its_prefix() {
        assert_eq!(random_id("acc_", &Counting), "acc_AAECAwQFBgcICQoLDA0O");
    }
}
