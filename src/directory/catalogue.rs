//! An event's scope catalogue and its roles.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Problem, check_line, check_text, shown};
use crate::protocol::scope::is_scope_name;

/// Whether a scope is for acting on behalf of a person or as a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// On behalf of a person.
    Obo,
    /// As a service.
    Service,
}

/// One scope of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeDefinition {
    /// Its name in requests.
    pub name: String,
    /// What a person reads first.
    pub title: String,
    /// What a person reads next.
    #[serde(default)]
    pub description: String,
    /// Whether it is shown in red and asked for every time.
    #[serde(default)]
    pub sensitive: bool,
    /// What it can be approved for.
    #[serde(default)]
    pub modes: BTreeSet<Mode>,
    /// The permission a person must hold to grant it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
}

/// `pii:basic`: the person's name.
pub const PII_BASIC: &str = "pii:basic";
/// `pii:email`: the person's e-mail address.
pub const PII_EMAIL: &str = "pii:email";
/// `user:roles`: the person's roles and permissions.
pub const USER_ROLES: &str = "user:roles";
/// `user:read`: every account, for services.
pub const USER_READ: &str = "user:read";
/// `token:introspect`: any token of the event, for services.
pub const TOKEN_INTROSPECT: &str = "token:introspect";

/// The scopes every event has.
#[must_use]
pub fn built_in() -> Vec<ScopeDefinition> {
    let scope = |name: &str, title: &str, description: &str, sensitive, mode| ScopeDefinition {
        name: name.into(),
        title: title.into(),
        description: description.into(),
        sensitive,
        modes: BTreeSet::from([mode]),
        permission: None,
    };
    vec![
        scope(
            PII_BASIC,
            "See your name",
            "The name you registered with.",
            false,
            Mode::Obo,
        ),
        scope(
            PII_EMAIL,
            "See your email address",
            "The address you registered with.",
            false,
            Mode::Obo,
        ),
        scope(
            USER_ROLES,
            "See your roles",
            "Your roles and permissions at this event.",
            false,
            Mode::Obo,
        ),
        scope(
            USER_READ,
            "Read every account",
            "The names, email addresses, roles and permissions of everyone registered.",
            true,
            Mode::Service,
        ),
        scope(
            TOKEN_INTROSPECT,
            "Check tokens",
            "Find out whether any token of this event is valid, and whose it is.",
            false,
            Mode::Service,
        ),
    ]
}

/// Lays what the event defines over what is built in: words, `sensitive` and `permission` of a
/// built-in scope may change, its modes may not.
#[must_use]
pub fn merge(own: &[ScopeDefinition]) -> Vec<ScopeDefinition> {
    let mut merged: BTreeMap<String, ScopeDefinition> = built_in()
        .into_iter()
        .map(|scope| (scope.name.clone(), scope))
        .collect();
    for scope in own {
        let modes = merged
            .get(&scope.name)
            .map_or_else(|| scope.modes.clone(), |known| known.modes.clone());
        merged.insert(
            scope.name.clone(),
            ScopeDefinition {
                modes,
                ..scope.clone()
            },
        );
    }
    merged.into_values().collect()
}

/// Checks a catalogue an operator sends.
///
/// # Errors
/// [`Problem::Invalid`] that names the scope and what is wrong.
pub fn check(scopes: &[ScopeDefinition]) -> Result<(), Problem> {
    let built_in = built_in();
    let mut seen = BTreeSet::new();
    // What GET answers can be put back: the built-in ones come on top.
    let own = scopes
        .iter()
        .filter(|scope| !built_in.iter().any(|known| known.name == scope.name));
    if own.count() > 200 {
        return Err(Problem::invalid(
            "A catalogue can have at most 200 scopes besides the built-in ones.",
        ));
    }
    for scope in scopes {
        let name = &scope.name;
        if !is_scope_name(name) {
            return Err(Problem::invalid(format!(
                "Scope name {} must have 1 to 100 visible ASCII characters, without double quotes or backslashes.",
                shown(name)
            )));
        }
        if !seen.insert(name) {
            return Err(Problem::invalid(format!("Scope {name} is repeated.")));
        }
        check_line(&format!("The title of scope {name}"), &scope.title, 1, 100)?;
        check_text(
            &format!("The description of scope {name}"),
            &scope.description,
            0,
            500,
        )?;
        if let Some(permission) = &scope.permission {
            check_permission(permission)?;
        }
        match built_in.iter().find(|known| known.name == *name) {
            Some(known) if !scope.modes.is_empty() && known.modes != scope.modes => {
                return Err(Problem::invalid(format!(
                    "The modes of built-in scope {name} cannot be changed."
                )));
            }
            None if scope.modes.is_empty() => {
                return Err(Problem::invalid(format!(
                    "Scope {name} needs modes: 'obo', 'service' or both."
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A role of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What people call it.
    #[serde(default)]
    pub title: String,
    /// What it contains.
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// Checks the roles an operator sends.
///
/// # Errors
/// [`Problem::Invalid`] that names the role and what is wrong.
pub fn check_roles(roles: &[Role]) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    if roles.len() > 200 {
        return Err(Problem::invalid("An event can have at most 200 roles."));
    }
    for role in roles {
        if !is_scope_name(&role.name) {
            return Err(Problem::invalid(format!(
                "Role name {} must have 1 to 100 visible ASCII characters, without double quotes or backslashes.",
                shown(&role.name)
            )));
        }
        if !seen.insert(&role.name) {
            return Err(Problem::invalid(format!("Role {} is repeated.", role.name)));
        }
        check_line(
            &format!("The title of role {}", role.name),
            &role.title,
            0,
            100,
        )?;
        for permission in &role.permissions {
            check_permission(permission)?;
        }
    }
    Ok(())
}

/// Checks a permission's name.
///
/// # Errors
/// [`Problem::Invalid`] if it is empty, long or not visible ASCII.
pub fn check_permission(permission: &str) -> Result<(), Problem> {
    if is_scope_name(permission) {
        Ok(())
    } else {
        Err(Problem::invalid(format!(
            "The name {} of a role or permission must have 1 to 100 visible ASCII characters, without double quotes or backslashes.",
            shown(permission)
        )))
    }
}
