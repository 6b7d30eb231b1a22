//! What may be issued, decided purely: no storage, no clock, no network.

pub mod entitlement;
pub mod state;
