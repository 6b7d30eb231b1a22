//! Who an account is, as its event pushed it here.

use serde::{Deserialize, Serialize};

use crate::grant::entitlement::Held;
use crate::token::id::{EventId, OwnerId};

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// It may.
    Active,
    /// It may not; everything it had has ended.
    Disabled,
}

/// The account row: without one, the object refuses everything and writes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The person's account, or the service.
    pub id: OwnerId,
    /// The event it belongs to.
    pub event_id: EventId,
    /// Which push this is from; a lower one is ignored.
    pub version: u64,
    /// The person's name.
    pub name: String,
    /// The person's e-mail address.
    pub email: String,
    /// The person's own permissions.
    pub permissions: Vec<String>,
    /// The names of the person's roles.
    pub roles: Vec<String>,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// Moves when the account is disabled: what was made before has ended.
    pub epoch: u64,
    /// Moves when the password changes: sessions made before have ended.
    pub session_epoch: u64,
    /// Whether this is a service rather than a person: no sessions, no sign-in.
    #[serde(default)]
    pub service: bool,
}

impl Profile {
    /// What the person was given.
    #[must_use]
    pub fn held(&self) -> Held<'_> {
        Held {
            permissions: &self.permissions,
            roles: &self.roles,
        }
    }

    /// Whether it may be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == AccountStatus::Active
    }
}

/// The row's key.
pub const PROFILE: &str = "account";
/// The key of the password's hash.
pub const PASSWORD: &str = "password";
