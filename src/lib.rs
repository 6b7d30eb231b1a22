#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]
//! Willcall: an OAuth 2.0 authorization server for event registration sites, at the network's edge.
//!
//! # The map
//!
//! - [`protocol`]: the vocabulary of the RFCs. Values that are correct by construction.
//! - [`token`]: what we sign. Keys by event and purpose; codes, access tokens, refresh tokens,
//!   personal access tokens, cookies, form tokens. Arithmetic only.
//! - [`ledger`]: ordered durable records under a transaction, and the outbox of what others must be told.
//!   Every Durable Object is written against it, so the same code runs in workerd and in native tests.
//! - [`grant`]: what may be issued, decided purely: the life of a grant, and entitlement.
//! - [`account`]: the authority for one account: sign-in, sessions, grants, personal access tokens; and the
//!   counters of failures.
//! - [`directory`]: the authority for an event (catalogue, integrations, accounts by e-mail, audit, usage) and
//!   for the deployment (hosts, applications).
//! - [`store`]: the ports the endpoints call through, the directory as edge code reads it, and an in-memory
//!   adapter for tests.
//! - [`web`]: just enough HTTP. [`pages`]: typed pages beside their HTML.
//! - [`endpoint`]: one file an endpoint. [`server`]: the one door.
//! - `edge`: wasm32 only. Plain texts between JavaScript and [`server::handle`].
//!
//! # The dependency rule
//!
//! `protocol ← token ← ledger ← grant ← account, directory ← store ← endpoint ← server ← edge`; `web` and
//! `pages` know `protocol` and typed values only. `tests/architecture.rs` reads the imports and holds it.

pub mod account;
pub mod directory;
#[cfg(target_arch = "wasm32")]
pub mod edge;
pub mod endpoint;
pub mod grant;
pub mod ledger;
pub mod pages;
pub mod protocol;
pub mod server;
pub mod store;
pub mod token;
pub mod web;
