//! People (and services) of an event: who they are, their sessions, their grants, their tokens.
//!
//! [`object::AccountObject`] is the authority for one account: redemption, rotation, revocation,
//! sign-in. It is written against [`crate::ledger::Ledger`] and knows no clock but the one handed in.

pub mod command;
pub mod grants;
pub mod object;
pub mod password;
pub mod profile;
pub mod sessions;
pub mod throttle;
pub mod tokens;
