//! Where the records are: the ports the endpoints call through, the directory they read, and an
//! in-memory adapter that runs the very same objects for the native tests.

pub mod directory;
pub mod memory;
pub mod objects;
pub mod ports;
