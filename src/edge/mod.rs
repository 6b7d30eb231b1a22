//! The thin shell around the rest: what JavaScript hands over, and what it is asked for.
//!
//! `worker.mjs` beside this file is the Worker's entry. Between it and Rust go plain texts and numbers
//! only, one call in and one answer out: the cost of an edge in Rust is the boundary, not the work.
//! A `worker::Request` converts every header and stream through it, and a Rust object called by `fetch`
//! costs about twice a JavaScript class called by RPC; hence the classes are JavaScript and their
//! decisions are ours.

mod clock;
mod fetch;
mod isolate;
mod object;
mod waiting;
