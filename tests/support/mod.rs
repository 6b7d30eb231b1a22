//! A whole deployment in memory, with a clock that moves when told to, behind the one door.
//!
//! [`world`] is the deployment, [`call`] a request to it, [`scene`] one with an event, an application and a
//! person, [`browser`] keeps cookies and fills in forms, [`people`] are what an application and a person know of
//! themselves, [`answer`] is what came back.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test support: what is not as expected ends the test"
)]
#![expect(dead_code, reason = "each test file uses its own part of it")]

pub mod answer;
pub mod browser;
pub mod call;
pub mod people;
pub mod scene;
pub mod world;

pub use scene::Scene;

use std::sync::LazyLock;

/// The host of the event most tests are about.
pub const HOST: &str = "reg.example";
/// Its origin.
pub const ORIGIN: &str = "https://reg.example";
/// Every account's password.
pub const PASSWORD: &str = "correct horse battery";
/// Robin's name, which must not appear where no name belongs.
pub const NAME: &str = "Robin Zephyrine";
/// Robin's e-mail.
pub const EMAIL: &str = "Robin.Zephyrine@People.example";
/// RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636, appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The deployment's secret.
pub const SECRET: &str = "the-deployment-secret-of-32-bytes";
/// 2026-03-01T09:30:00Z.
pub const BEGIN: u64 = 1_772_357_400;
/// As old as what a replica and a cache say may be (contract 6 and 7), in seconds.
pub const STALE: u64 = 91;

/// The hash of [`PASSWORD`] at the least cost Argon2 has: the cost is read from the hash itself, so a
/// sign-in here takes microseconds.
pub static PASSWORD_HASH: LazyLock<String> = LazyLock::new(|| cheap_hash(PASSWORD));

/// A password's hash at the least cost.
pub fn cheap_hash(password: &str) -> String {
    use argon2::password_hash::PasswordHasher as _;
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let hash: argon2::password_hash::phc::PasswordHash = argon2
        .hash_password_with_salt(password.as_bytes(), b"sixteen bytes ..")
        .unwrap();
    hash.to_string()
}
