//! Values that must not leak: redacted when printed, wiped when dropped, compared in constant time.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret text or byte string. It has no `Display`, no `PartialEq` and a `Debug` that says
/// nothing; [`Secret::expose`] is the one way to it, so every use can be found by its name.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

/// On its way to the object that checks it, and nowhere else.
impl<T: Zeroize + Serialize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: Zeroize> core::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Compares two byte strings in time that depends on their lengths alone.
#[must_use]
pub fn same_bytes(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
    }

    #[test]
    fn a_secret_arrives_as_it_was_sent() {
        let sent = serde_json::to_string(&Secret::new(String::from("hunter2"))).unwrap();
        assert_eq!(sent, r#""hunter2""#);
        let arrived: Secret<String> = serde_json::from_str(&sent).unwrap();
        assert_eq!(arrived.expose(), "hunter2");
    }

    #[test]
    fn bytes_are_the_same_or_not() {
        assert!(same_bytes(b"hunter2", b"hunter2"));
        assert!(!same_bytes(b"hunter2", b"hunter3"));
        assert!(!same_bytes(b"hunter2", b"hunter"));
    }

    #[test]
    fn a_secret_is_wiped_when_it_is_dropped_and_not_before() {
        struct Watched(Rc<Cell<u32>>);
        impl Zeroize for Watched {
            fn zeroize(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let wiped = Rc::new(Cell::new(0));
        let secret = Secret::new(Watched(Rc::clone(&wiped)));
        assert_eq!(secret.expose().0.get(), 0);
        drop(secret);
        assert_eq!(wiped.get(), 1);
    }
}
