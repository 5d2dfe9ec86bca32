//! An ES|QL query: does what is found stand where it says?

#![no_main]

#[path = "../laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| laws::reads_esql(text));
