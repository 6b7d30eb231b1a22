//! The vocabulary of the RFCs: values that are correct by construction, and nothing else.
//!
//! Nothing here does I/O, reads a clock or knows of an event. A value of one of these types has
//! been parsed; code that receives it does not check it again.

pub mod client;
pub mod encoding;
pub mod error;
pub mod params;
pub mod pkce;
pub mod redirect_uri;
pub mod scope;
pub mod secret;
pub mod time;
