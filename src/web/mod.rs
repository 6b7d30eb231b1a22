//! Just enough HTTP: what comes in, what goes out, and which endpoint a path names.

pub mod cookies;
pub mod inbound;
pub mod reply;
pub mod route;
