//! A model of the life of grants, written from the contract, and what checks the server against it.
//!
//! [`scopes`], [`operation`] and [`answer`] are its words, [`state`] what it knows, [`view`] what a server may
//! take for true for 90 seconds more, [`rules`] what may come of each operation: at the [`token_endpoint`], with
//! [`tokens_in_use`] and on [`pages`]. [`histories`] draws random ones, [`deployment`] carries them out through its
//! [`callers`], [`check`] compares; [`coverage`] sees to it that they get somewhere,
//! [`remembered`] keeps those that once failed.

pub mod answer;
pub mod callers;
pub mod check;
pub mod coverage;
pub mod deployment;
pub mod histories;
pub mod operation;
pub mod pages;
pub mod remembered;
pub mod rules;
pub mod scopes;
pub mod state;
pub mod token_endpoint;
pub mod tokens_in_use;
pub mod view;
