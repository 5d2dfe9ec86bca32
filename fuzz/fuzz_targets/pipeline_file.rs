//! A pipeline file: is what is read what is printed?

#![no_main]

#[path = "../laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| laws::reads_a_pipeline(text));
