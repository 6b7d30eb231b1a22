//! Passwords: Argon2id at OWASP's parameters (19 MiB, 2 passes, 1 lane), PHC strings.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::token::Entropy;

/// The fewest characters of a password.
pub const SHORTEST: usize = 10;
/// The most characters of a password.
pub const LONGEST: usize = 200;

/// What an unknown e-mail's password is compared with, so that it takes the same time. It is the
/// hash of random bytes that nobody kept.
pub const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$M3aGzvUXrYd3Vg2Xp1bD0jGd2bEfdnkXQvL8nP4z5uI";

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// Whether a password has an allowed length, in characters.
#[must_use]
pub fn is_acceptable(password: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&password.chars().count())
}

/// Hashes a password under a fresh salt; `None` only if Argon2 itself fails.
pub fn hash(password: &str, entropy: &impl Entropy) -> Option<String> {
    let mut salt = [0u8; 16];
    entropy.fill(&mut salt);
    let hash: PasswordHash = argon2()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .ok()?;
    Some(hash.to_string())
}

/// Whether a password has this hash. One longer than allowed costs as much as any other, and is wrong.
#[must_use]
pub fn matches(stored: &str, password: &str) -> bool {
    #[cfg(test)]
    tests::CHECKED.set(tests::CHECKED.get() + 1);
    let bounded = if password.len() <= LONGEST * 4 {
        password
    } else {
        ""
    };
    PasswordHash::new(stored)
        .is_ok_and(|hash| argon2().verify_password(bounded.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How many passwords this thread has checked.
        pub static CHECKED: Cell<usize> = const { Cell::new(0) };
    }

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(9);
        }
    }

    #[test]
    fn contract_7_passwords_have_10_to_200_characters() {
        assert!(!is_acceptable(&"é".repeat(9)) && is_acceptable(&"é".repeat(10)));
        assert!(is_acceptable(&"x".repeat(200)) && !is_acceptable(&"x".repeat(201)));
    }

    #[test]
    fn a_password_matches_its_own_argon2id_hash_only() {
        let hash = hash("correct horse battery", &Fixed).unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(matches(&hash, "correct horse battery"));
        assert!(!matches(&hash, "correct horse batterz"));
        assert!(!matches(&hash, ""));
        assert!(!matches("not a hash", ""));
    }

    #[test]
    fn contract_3_the_decoy_costs_as_much_as_a_real_hash_and_matches_nothing() {
        let decoy = PasswordHash::new(DECOY).unwrap();
        let real = hash("correct horse battery", &Fixed).unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(decoy.params, real.params);
        assert_eq!(decoy.hash.unwrap().len(), real.hash.unwrap().len());
        for guess in ["", "password", "correct horse battery"] {
            assert!(!matches(DECOY, guess));
        }
    }
}
