//! A scope in words.

/// One scope as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeLine {
    /// The scope's name on the wire, such as `pii:basic`.
    pub name: String,
    /// What it allows, in a few words.
    pub title: String,
    /// What it allows, in a sentence; may be empty.
    pub description: String,
    /// Whether it is an administrative permission: shown in red, with a sign and in words.
    pub sensitive: bool,
}
