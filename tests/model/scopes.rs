//! The scopes of the model, few enough to be bits.

use std::fmt;

/// Their names in the order of the wire, and what each is here for: `badge:print` is sensitive, `pii:email`
/// needs a permission of the person's own, `user:roles` one that a role contains, `pii:basic` nothing.
pub const NAMES: [&str; 4] = ["badge:print", "pii:basic", "pii:email", "user:roles"];

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    pub const NONE: Self = Self(0);
    pub const SENSITIVE: Self = Self(1);
    pub const BASIC: Self = Self(2);
    pub const EMAIL: Self = Self(4);
    pub const ROLES: Self = Self(8);
    pub const ALL: Self = Self(15);
    /// Those that `/api/users/current` answers differently for.
    pub const SHOWN: Self = Self(14);

    /// The set of these bits.
    pub fn of(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// Reads a `scope` of an answer.
    pub fn parse(text: &str) -> Self {
        let words = text.split(' ').filter(|word| !word.is_empty());
        words.fold(Self::NONE, |all, word| {
            let at = NAMES.iter().position(|name| *name == word);
            all.or(Self(
                1 << at.unwrap_or_else(|| panic!("an unknown scope: {text}")),
            ))
        })
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn names(self) -> Vec<&'static str> {
        let held = |(at, name): (usize, &&'static str)| (self.0 & (1 << at) != 0).then_some(*name);
        NAMES.iter().enumerate().filter_map(held).collect()
    }

    /// Each of them alone, with its place in [`NAMES`].
    pub fn each() -> impl Iterator<Item = (usize, Self)> {
        (0..NAMES.len()).map(|at| (at, Self(1 << at)))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
