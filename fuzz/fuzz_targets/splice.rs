//! An object and some edits: does every byte around them stay?

#![no_main]

#[path = "../laws.rs"]
mod laws;

use laws::Edit;

const VALUES: [&str; 6] = ["1", "1.0", "null", "[]", r#"{"a":1}"#, r#""\u0061""#];
const NAMES: [&str; 5] = ["a", "tags", "", "é", "\""];

libfuzzer_sys::fuzz_target!(|input: (&str, Vec<u8>)| {
    let (text, bytes) = input;
    let mut bytes = bytes.into_iter();
    let mut choose = move |bound: usize| bytes.next().map_or(0, usize::from) % bound;
    let json = VALUES[choose(VALUES.len())];
    laws::set_leaves_the_rest(text, json, &mut choose);
    laws::remove_leaves_the_rest(text, &mut choose);
    laws::add_leaves_the_rest(text, NAMES[choose(NAMES.len())], json);
    let edits: Vec<Edit> = (0..choose(6))
        .map(|_| {
            let name = NAMES[choose(NAMES.len())].to_owned();
            let json = VALUES[choose(VALUES.len())].to_owned();
            match choose(3) {
                0 => Edit::Set(name, json),
                1 => Edit::Remove(name),
                _ => Edit::SetWithin(name, NAMES[choose(NAMES.len())].to_owned(), json),
            }
        })
        .collect();
    laws::agrees_with_a_map(text, &edits);
});
