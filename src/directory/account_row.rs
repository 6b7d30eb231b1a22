//! An account as its event keeps it: found by e-mail, named by id.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::catalogue::check_permission;
use super::{Problem, check_text, shown};
use crate::account::profile::AccountStatus;
use crate::grant::entitlement::Held;
use crate::protocol::time::UnixTime;
use crate::token::id::AccountId;

/// The row, and what the operator API shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// As it was given.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// The person's roles.
    pub roles: Vec<String>,
    /// The person's own permissions.
    pub permissions: Vec<String>,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// When it was made.
    pub created_at: UnixTime,
    /// Moves with every change.
    pub version: u64,
    /// Moves when it is disabled.
    pub epoch: u64,
    /// Moves when the password changes.
    pub session_epoch: u64,
}

impl AccountRow {
    /// What the person was given.
    #[must_use]
    pub fn held(&self) -> Held<'_> {
        Held {
            permissions: &self.permissions,
            roles: &self.roles,
        }
    }
}

/// What a `POST` or `PATCH` of an account may say; what is left out keeps its value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AccountPatch {
    /// See [`AccountRow::email`].
    pub email: Option<String>,
    /// See [`AccountRow::name`].
    pub name: Option<String>,
    /// A new password's hash; the endpoint has checked its length.
    pub password_hash: Option<String>,
    /// See [`AccountRow::roles`].
    pub roles: Option<Vec<String>>,
    /// See [`AccountRow::permissions`].
    pub permissions: Option<Vec<String>>,
    /// See [`AccountRow::status`].
    pub status: Option<AccountStatus>,
}

impl AccountPatch {
    /// Lays this over an account.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a value that cannot be.
    pub fn apply(self, row: &mut AccountRow) -> Result<(), Problem> {
        if let Some(email) = self.email {
            row.email = email.trim().to_owned();
        }
        if let Some(name) = self.name {
            row.name = name;
        }
        if let Some(roles) = self.roles {
            row.roles = each_once(roles);
        }
        if let Some(permissions) = self.permissions {
            row.permissions = each_once(permissions);
        }
        if self.password_hash.is_some() {
            row.session_epoch = row.session_epoch.saturating_add(1);
        }
        if let Some(status) = self.status {
            if status == AccountStatus::Disabled && row.status == AccountStatus::Active {
                row.epoch = row.epoch.saturating_add(1);
            }
            row.status = status;
        }
        check_text("name", &row.name, 1, 200)?;
        check_email(&row.email)?;
        if row.roles.len() > 100 || row.permissions.len() > 200 {
            return Err(Problem::invalid(
                "An account can have at most 100 roles and 200 permissions.",
            ));
        }
        row.roles
            .iter()
            .chain(&row.permissions)
            .try_for_each(|name| check_permission(name))
    }
}

/// The names in their order, what is said twice once: who has a role has it, however often that is said.
fn each_once(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .into_iter()
        .filter(|name| seen.insert(name.clone()))
        .collect()
}

/// The form of an e-mail address that is compared: case does not count.
#[must_use]
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

fn check_email(email: &str) -> Result<(), Problem> {
    let sound = email.len() <= 254
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
        && !email.chars().any(|c| c.is_control() || c.is_whitespace());
    if sound {
        Ok(())
    } else {
        Err(Problem::invalid(format!(
            "email {} is not an email address.",
            shown(email)
        )))
    }
}
