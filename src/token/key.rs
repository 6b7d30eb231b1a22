//! Keys: HKDF-SHA256 (RFC 5869) from the deployment's secrets, for one event and one purpose.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::id::EventId;
use crate::protocol::encoding::base64url;
use crate::protocol::secret::same_bytes;

/// What a key is for. A tag made for one purpose never verifies for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Authorization codes.
    AuthorizationCode,
    /// Access tokens.
    AccessToken,
    /// Refresh tokens.
    RefreshToken,
    /// Personal access tokens.
    PersonalAccessToken,
    /// Session cookies.
    Session,
    /// The cookie of a browser nobody has signed in with yet.
    Visit,
    /// The cookie of a browser that has signed in to an account before.
    KnownBrowser,
    /// Form tokens.
    FormToken,
    /// Hashes that choose a shard or name a counter, so that stored names tell nothing.
    Throttle,
    /// Hashes of refresh tokens in the edge replica.
    Replica,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization-code",
            Self::AccessToken => "access-token",
            Self::RefreshToken => "refresh-token",
            Self::PersonalAccessToken => "personal-access-token",
            Self::Session => "session",
            Self::Visit => "visit",
            Self::KnownBrowser => "known-browser",
            Self::FormToken => "form-token",
            Self::Throttle => "throttle",
            Self::Replica => "replica",
        }
    }
}

/// Keys of more events than this are not kept derived; they are derived again.
const MOST_EVENTS_KEPT: usize = 256;

/// The least length of a deployment secret, in bytes.
pub const LEAST_SECRET_BYTES: usize = 32;

/// Why the deployment's secrets cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecrets {
    /// There is none.
    #[error("WILLCALL_SECRET is not set: set it with `wrangler secret put WILLCALL_SECRET`")]
    Missing,
    /// `WILLCALL_SECRET` is too short.
    #[error("WILLCALL_SECRET is shorter than {LEAST_SECRET_BYTES} bytes")]
    Short,
    /// One of `WILLCALL_SECRET_PREVIOUS` is too short.
    #[error("a secret in WILLCALL_SECRET_PREVIOUS is shorter than {LEAST_SECRET_BYTES} bytes")]
    PreviousShort,
}

/// What an operator should know of a secret that signs; nothing, if all is well with it.
#[must_use]
pub fn warning(current: &str) -> Option<&'static str> {
    current.contains(',').then_some(
        "WILLCALL_SECRET has a comma in it: as a previous secret it would be taken for two, so what it signs ends when it is replaced",
    )
}

struct Version {
    kid: String,
    /// The secret, extracted (RFC 5869 section 2.2): the text itself is not needed again.
    secret: Hkdf<Sha256>,
    /// What was derived, by event: deriving costs more than the tag it is for.
    derived: RefCell<BTreeMap<EventId, BTreeMap<Purpose, Rc<Key>>>>,
}

/// The deployment's secrets: the first signs, all verify.
pub struct KeyRing {
    current: Version,
    previous: Vec<Version>,
}

impl core::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KeyRing({})", self.current.kid)
    }
}

impl KeyRing {
    /// Takes `WILLCALL_SECRET` and `WILLCALL_SECRET_PREVIOUS` (separated by commas).
    ///
    /// # Errors
    /// [`BadSecrets`] if the first is missing, or any is shorter than 32 bytes.
    pub fn new(current: Option<&str>, previous: Option<&str>) -> Result<Self, BadSecrets> {
        let current = match current.map(str::trim) {
            None | Some("") => return Err(BadSecrets::Missing),
            Some(short) if short.len() < LEAST_SECRET_BYTES => return Err(BadSecrets::Short),
            Some(sound) => Version::new(sound),
        };
        let previous = previous
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|secret| !secret.is_empty())
            .map(|secret| {
                (secret.len() >= LEAST_SECRET_BYTES)
                    .then(|| Version::new(secret))
                    .ok_or(BadSecrets::PreviousShort)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { current, previous })
    }

    /// The version that signs.
    #[must_use]
    pub fn current_kid(&self) -> &str {
        &self.current.kid
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing(&self, purpose: Purpose, event: &EventId) -> Rc<Key> {
        self.current.key(purpose, event)
    }

    /// The key of the version `kid`; `None` if that version was dropped or never was.
    #[must_use]
    pub fn of_version(&self, kid: &str, purpose: Purpose, event: &EventId) -> Option<Rc<Key>> {
        core::iter::once(&self.current)
            .chain(&self.previous)
            .find(|version| version.kid == kid)
            .map(|version| version.key(purpose, event))
    }
}

impl Version {
    fn new(secret: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"willcall secret version\0");
        hash.update(secret.as_bytes());
        let digest = hash.finalize();
        let kid = base64url(digest.get(..6).unwrap_or_default());
        Self {
            kid,
            secret: Hkdf::new(Some(b"willcall v1"), secret.as_bytes()),
            derived: RefCell::default(),
        }
    }

    fn key(&self, purpose: Purpose, event: &EventId) -> Rc<Key> {
        let mut derived = self.derived.borrow_mut();
        if let Some(key) = derived.get(event).and_then(|keys| keys.get(&purpose)) {
            return Rc::clone(key);
        }
        if derived.len() >= MOST_EVENTS_KEPT {
            derived.clear();
        }
        let key = Rc::new(self.derive(purpose, event));
        derived
            .entry(event.clone())
            .or_default()
            .insert(purpose, Rc::clone(&key));
        key
    }

    fn derive(&self, purpose: Purpose, event: &EventId) -> Key {
        // HMAC fills a key up to its block with zeros (RFC 2104 section 2); here they are there already.
        let mut block = Zeroizing::new([0u8; 64]);
        let (key, _) = block.split_at_mut(32);
        // Fails for outputs of more than 255 blocks only; this is one.
        let filled = self.secret.expand_multi_info(
            &[purpose.label().as_bytes(), b"\0", event.as_str().as_bytes()],
            key,
        );
        debug_assert!(filled.is_ok());
        Key {
            kid: self.kid.clone(),
            mac: Hmac::new((&*block).into()),
        }
    }
}

/// A key for one event and one purpose.
pub struct Key {
    kid: String,
    /// HMAC with the key taken in (RFC 2104 section 4): each tag begins with a copy.
    mac: Hmac<Sha256>,
}

/// An HMAC-SHA256 tag.
pub type Tag = [u8; 32];

impl Key {
    /// The version of the deployment's secret this key comes from.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The tag of these parts. Each part's length goes in before it, so that no two lists of
    /// parts have the same input.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> Tag {
        let mut mac = self.mac.clone();
        if let [only] = parts {
            mac.update(only);
        } else {
            for part in parts {
                mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                mac.update(part);
            }
        }
        mac.finalize().into_bytes().into()
    }

    /// Whether `tag` is the tag of these parts, in constant time.
    #[must_use]
    pub fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        same_bytes(&self.tag(parts), tag)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::token::id::tests::event;

    pub(crate) fn ring() -> KeyRing {
        KeyRing::new(Some("0123456789abcdef0123456789abcdef"), None).unwrap()
    }

    #[test]
    fn contract_5_a_missing_or_short_secret_is_refused() {
        let long = "x".repeat(32);
        assert_eq!(KeyRing::new(None, None).unwrap_err(), BadSecrets::Missing);
        assert_eq!(
            KeyRing::new(Some(""), None).unwrap_err(),
            BadSecrets::Missing
        );
        assert_eq!(
            KeyRing::new(Some(&"x".repeat(31)), None).unwrap_err(),
            BadSecrets::Short
        );
        assert_eq!(
            KeyRing::new(Some(&long), Some("short")).unwrap_err(),
            BadSecrets::PreviousShort
        );
        assert!(KeyRing::new(Some(&long), Some("")).is_ok());
    }

    #[test]
    fn contract_5_a_secret_that_could_not_be_rotated_signs_but_is_warned_of() {
        let comma = format!("{0},{0}", "x".repeat(32));
        assert!(KeyRing::new(Some(&comma), None).is_ok());
        assert!(warning(&comma).is_some_and(|words| words.contains("comma")));
        assert_eq!(warning(&"x".repeat(32)), None);
    }

    #[test]
    fn contract_5_previous_secrets_verify_until_they_are_dropped() {
        let (old, older, new) = ("o".repeat(32), "p".repeat(32), "n".repeat(32));
        let before = KeyRing::new(Some(&old), None).unwrap();
        let tag = before
            .signing(Purpose::AccessToken, &event("evt"))
            .tag(&[b"x"]);
        let both = KeyRing::new(Some(&new), Some(&format!("{old}, {older}"))).unwrap();
        let key = both
            .of_version(before.current_kid(), Purpose::AccessToken, &event("evt"))
            .unwrap();
        assert!(key.verifies(&[b"x"], &tag));
        assert_ne!(both.current_kid(), before.current_kid());
        let after = KeyRing::new(Some(&new), None).unwrap();
        assert!(
            after
                .of_version(before.current_kid(), Purpose::AccessToken, &event("evt"))
                .is_none()
        );
    }

    #[test]
    fn lists_of_parts_do_not_run_together() {
        let key = ring().signing(Purpose::Session, &event("evt"));
        assert_ne!(key.tag(&[b"ab", b"c"]), key.tag(&[b"a", b"bc"]));
        assert_ne!(key.tag(&[b"ab", b""]), key.tag(&[b"ab", b"", b""]));
    }

    #[test]
    fn the_derivation_is_pinned() {
        let ring = ring();
        let tag = ring
            .signing(Purpose::RefreshToken, &event("evt_1"))
            .tag(&[b"x"]);
        assert_eq!(
            (
                ring.current_kid(),
                crate::protocol::encoding::hex_lower(&tag)
            ),
            (
                "GIJjpdap",
                String::from("17bf3cc7ff692ad2287d10e8b353fb335cc989312f40e59b96c997a578e5769c")
            )
        );
    }

    #[test]
    fn a_ring_prints_the_name_of_its_version_and_no_secret() {
        assert_eq!(format!("{:?}", ring()), "KeyRing(GIJjpdap)");
    }

    #[test]
    fn a_derived_key_is_kept_and_so_many_at_most() {
        let ring = ring();
        let first = ring.signing(Purpose::Session, &event("evt"));
        let other = ring.signing(Purpose::Visit, &event("evt2"));
        assert!(!Rc::ptr_eq(&first, &other));
        let again = ring.signing(Purpose::Session, &event("evt"));
        assert!(Rc::ptr_eq(&first, &again), "derived once");
        for number in 0..3 * MOST_EVENTS_KEPT {
            let _ = ring.signing(Purpose::Session, &event(&format!("evt_{number}")));
            assert!(ring.current.derived.borrow().len() <= MOST_EVENTS_KEPT);
        }
        let later = ring.signing(Purpose::Session, &event("evt"));
        assert!(!Rc::ptr_eq(&first, &later), "not kept for ever");
        assert_eq!(first.tag(&[b"x"]), later.tag(&[b"x"]));
    }

    #[test]
    fn a_version_is_found_by_its_own_name_only() {
        let ring = ring();
        let key = ring
            .of_version("GIJjpdap", Purpose::Session, &event("evt"))
            .unwrap();
        assert_eq!(key.kid(), "GIJjpdap");
        for other in ["", "GIJjpda", "GIJjpdap ", "xyzzy"] {
            assert!(
                ring.of_version(other, Purpose::Session, &event("evt"))
                    .is_none()
            );
        }
    }

    #[test]
    fn a_tag_of_other_parts_or_another_length_does_not_verify() {
        let key = ring().signing(Purpose::Session, &event("evt"));
        let tag = key.tag(&[b"x"]);
        assert!(key.verifies(&[b"x"], &tag));
        assert!(!key.verifies(&[b"y"], &tag));
        assert!(!key.verifies(&[b"x"], &tag[..31]));
        assert!(!key.verifies(&[b"x"], &[]));
    }
}
