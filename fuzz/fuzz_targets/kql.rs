//! A query, and below its line end a rule: is it read or refused?

#![no_main]

#[path = "../laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (query, rule) = text.split_once('\n').unwrap_or((text, "{}"));
    laws::reads_a_query(query, rule);
});
