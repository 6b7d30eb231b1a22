//! Every parser that sees what the network sent, one by one.
#![no_main]

#[path = "../checks/parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::check(data));
