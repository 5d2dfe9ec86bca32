//! Any text: is it JSON, and is it copied as it is?

#![no_main]

#[path = "../laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| {
    laws::scans_as_serde_json(text);
    laws::copies_what_it_reads(text);
});
