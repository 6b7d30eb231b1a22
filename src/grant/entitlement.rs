//! Entitlement: what an approval and a person's permissions leave of a scope.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::protocol::scope::Scope;

/// What an event's records say about an integration, as they are handed to an account's object
/// with each redemption and refresh.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// The scopes that are in the catalogue and approved for this integration in this mode, each
    /// with the permission it needs of a person.
    pub approved: BTreeMap<String, Option<String>>,
    /// What each role of the event contains.
    pub roles: BTreeMap<String, BTreeSet<String>>,
    /// Whether these rules come from the event's object itself. Rules from a replica may be
    /// behind, so nothing is dropped on their word.
    pub authoritative: bool,
}

/// What a person was given: lists of names that must not be taken for each other.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The person's own permissions.
    pub permissions: &'a [String],
    /// The person's roles.
    pub roles: &'a [String],
}

impl Rules {
    /// The permissions of a person: those given to them, and those that their roles contain.
    #[must_use]
    pub fn permissions(&self, held: Held<'_>) -> BTreeSet<String> {
        let from_roles = held
            .roles
            .iter()
            .filter_map(|role| self.roles.get(role))
            .flatten();
        held.permissions.iter().chain(from_roles).cloned().collect()
    }

    /// The part of `scope` that is approved and within `permissions`.
    #[must_use]
    pub fn allowed(&self, scope: &Scope, permissions: &BTreeSet<String>) -> Scope {
        scope.retain(|name| match self.approved.get(name) {
            None => false,
            Some(None) => true,
            Some(Some(needed)) => permissions.contains(needed),
        })
    }

    /// The part of `scope` that is approved, for a service, which has no person behind it.
    #[must_use]
    pub fn approved_part(&self, scope: &Scope) -> Scope {
        scope.retain(|name| self.approved.contains_key(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_4_a_scope_must_be_approved_and_within_the_persons_permissions() {
        let rules = Rules {
            approved: [
                ("a".into(), None),
                ("b".into(), Some("p".into())),
                ("c".into(), Some("q".into())),
            ]
            .into(),
            roles: [("staff".into(), ["q".into()].into())].into(),
            authoritative: true,
        };
        let asked = Scope::of(["a", "b", "c", "d"]);
        let allowed = |own: &[&str], roles: &[&str]| {
            let permissions: Vec<String> = own.iter().map(|p| (*p).into()).collect();
            let roles: Vec<String> = roles.iter().map(|r| (*r).into()).collect();
            let held = Held {
                permissions: &permissions,
                roles: &roles,
            };
            rules.allowed(&asked, &rules.permissions(held)).to_string()
        };
        assert_eq!(allowed(&[], &[]), "a");
        assert_eq!(allowed(&["p"], &[]), "a b");
        assert_eq!(allowed(&[], &["staff", "gone"]), "a c");
        assert_eq!(rules.approved_part(&asked).to_string(), "a b c");
    }
}
