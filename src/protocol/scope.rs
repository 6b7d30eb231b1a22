//! Scope (RFC 6749 section 3.3): a set of names that can be narrowed and never widened.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A set of scope names. From a given set only smaller ones can be made.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Scope(BTreeSet<String>);

/// A scope parameter with a character that RFC 6749 section 3.3 does not allow.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("scope has a character that is not allowed")]
pub struct BadScope;

impl Scope {
    /// Reads a `scope` parameter: names separated by spaces; order and repeats do not matter.
    ///
    /// # Errors
    /// [`BadScope`] if a name has a character outside `scope-token`.
    pub fn parse(text: &str) -> Result<Self, BadScope> {
        let names: BTreeSet<String> = text
            .split(' ')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.iter().all(|name| is_scope_name(name)) {
            Ok(Self(names))
        } else {
            Err(BadScope)
        }
    }

    /// The set of these names, which were checked when they entered a catalogue.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(str::to_owned).collect())
    }

    /// Whether `name` is in the set.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether there is nothing in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every name here is in `other`.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The names that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The names for which `keep` holds.
    #[must_use]
    pub fn retain(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|name| keep(name)).cloned().collect())
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl From<String> for Scope {
    fn from(text: String) -> Self {
        Self::of(text.split(' ').filter(|name| !name.is_empty()))
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl core::fmt::Display for Scope {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// Whether `name` is a `scope-token` of RFC 6749 section 3.3, of at most 100 characters.
#[must_use]
pub fn is_scope_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_scope_name_with_a_forbidden_character_is_refused() {
        for bad in ["a\"b", "a\\b", "a\tb", "é", "a\u{0}"] {
            assert_eq!(Scope::parse(bad), Err(BadScope), "{bad}");
        }
        assert_eq!(Scope::parse(" b  a b ").unwrap().to_string(), "a b");
    }

    #[test]
    fn a_scope_name_has_1_to_100_characters() {
        assert!(!is_scope_name(""));
        assert!(is_scope_name("a"));
        assert!(is_scope_name(&"a".repeat(100)));
        assert!(!is_scope_name(&"a".repeat(101)));
        assert!(is_scope_name("!#[]~"));
        for bad in ["a b", " ", "\u{7f}", "\"", "\\"] {
            assert!(!is_scope_name(bad), "{bad:?}");
        }
        assert_eq!(Scope::parse(&"a".repeat(101)), Err(BadScope));
    }

    #[test]
    fn a_scope_is_a_set() {
        let scope = Scope::parse("b a b c").unwrap();
        assert_eq!(scope.names().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(!scope.is_empty());
        assert!(scope.has("a") && !scope.has("d") && !scope.has(""));
        let (part, other) = (Scope::of(["a", "c"]), Scope::of(["c", "d"]));
        assert!(part.is_within(&scope) && !scope.is_within(&part) && !other.is_within(&scope));
        assert_eq!(scope.and(&other), Scope::of(["c"]));
        assert_eq!(scope.retain(|name| name != "b"), part);
        let none = Scope::parse("  ").unwrap();
        assert!(none.is_empty() && none.names().next().is_none());
        assert!(none.is_within(&part) && !part.is_within(&none));
    }

    #[test]
    fn a_scope_is_stored_as_its_text() {
        let scope = Scope::of(["b", "a"]);
        let text = serde_json::to_string(&scope).unwrap();
        assert_eq!(text, r#""a b""#);
        assert_eq!(serde_json::from_str::<Scope>(&text).unwrap(), scope);
        let none: Scope = serde_json::from_str(r#""""#).unwrap();
        assert!(none.is_empty(), "not a set of one empty name");
    }

    proptest! {
        #[test]
        fn narrowing_never_adds(one in "[a-e ]{0,12}", other in "[a-e ]{0,12}") {
            let (one, other) = (Scope::parse(&one).unwrap(), Scope::parse(&other).unwrap());
            prop_assert!(one.and(&other).is_within(&one));
            prop_assert!(one.and(&other).is_within(&other));
            prop_assert!(one.retain(|name| other.has(name)).is_within(&one));
        }
    }
}
