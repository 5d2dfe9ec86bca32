//! Who imports whom: reads the paths in `src/` and fails on an arrow that does not point down, and on a file over 400 lines.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module at the top of the crate, with the modules it may name. `cli` is of the command and uses the library from outside.
const ARROWS: [(&str, &[&str]); 17] = [
    ("error", &[]),
    ("hint", &["error"]),
    ("json", &["error"]),
    ("stream", &["error"]),
    ("kibana", &["error"]),
    ("record", &["json", "error"]),
    ("repo", &["record", "stream", "error"]),
    ("schema", &["record", "json", "error"]),
    ("query", &["record", "json", "error"]),
    ("edit", &["record", "json", "error"]),
    ("transform", &["edit", "schema", "record", "json", "error"]),
    (
        "pipeline",
        &["transform", "query", "record", "json", "stream", "error"],
    ),
    (
        "check",
        &[
            "bundle",
            "pipeline",
            "transform",
            "schema",
            "record",
            "json",
            "stream",
            "error",
        ],
    ),
    (
        "bundle",
        &["pipeline", "query", "record", "json", "stream", "error"],
    ),
    (
        "bulk",
        &[
            "bundle",
            "check",
            "pipeline",
            "transform",
            "schema",
            "edit",
            "query",
            "record",
            "json",
            "stream",
            "error",
        ],
    ),
    (
        "ops",
        &[
            "kibana", "bulk", "bundle", "check", "pipeline", "repo", "schema", "query", "record",
            "json", "stream", "error",
        ],
    ),
    ("cli", &[]),
];

/// No file is longer.
const LINES: usize = 400;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The module at the top of the crate that a file belongs to; none for `lib.rs` and `main.rs`.
fn module(file: &Path) -> Option<&str> {
    let first = file.iter().next()?.to_str()?.trim_end_matches(".rs");
    (first != "lib" && first != "main").then_some(first)
}

/// Whether a file is for tests alone: `testing.rs`, `tests.rs` or below `tests`, or one that its `mod.rs` declares as such.
fn is_for_tests(file: &Path) -> bool {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let declared = fs::read_to_string(file.with_file_name("mod.rs")).unwrap_or_default();
    let declared = declared
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let declarations = [format!("mod {name};"), format!("pub(crate) mod {name};")];
    let mut before = "";
    name == "testing"
        || file.with_extension("").iter().any(|part| part == "tests")
        || declared.into_iter().any(|line| {
            let found = before == "#[cfg(test)]" && declarations.iter().any(|one| one == line);
            before = line;
            found
        })
}

/// The text without comments, strings, and what is compiled for tests alone, which stands last in a file.
fn code(text: &str) -> String {
    let before_tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..before_tests].lines();
    let without_strings = |line: &str| line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
    lines
        .map(|line| {
            without_strings(line)
                .split("//")
                .next()
                .unwrap_or_default()
                .to_owned()
                + "\n"
        })
        .collect()
}

/// The modules at the top of the crate that `code` names after `crate::`, in braces too.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let path = &code[at + "crate::".len()..];
        let Some(list) = path.strip_prefix('{') else {
            found.insert(identifier(path));
            continue;
        };
        let (mut depth, mut begins) = (1, true);
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => begins = true,
                c if begins && !c.is_whitespace() => {
                    found.insert(identifier(&list[at..]));
                    begins = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// What is wrong with a file, `file` being its path below `src`.
fn faults(file: &Path, text: &str) -> Vec<String> {
    let shown = file.display();
    let mut faults = Vec::new();
    if text.lines().count() > LINES {
        faults.push(format!(
            "{shown} has {} lines, more than {LINES}",
            text.lines().count()
        ));
    }
    let Some(module) = module(file) else {
        return faults;
    };
    let Some((_, below)) = ARROWS.iter().find(|(name, _)| *name == module) else {
        faults.push(format!(
            "{shown} is in no layer; give `{module}` its arrows"
        ));
        return faults;
    };
    let code = code(text);
    for other in named(&code) {
        let is_module = ARROWS.iter().any(|(name, _)| *name == other);
        if is_module && other != module && !below.contains(&other.as_str()) {
            faults.push(format!(
                "{shown} names `{other}`, which is no layer below `{module}`"
            ));
        }
    }
    for word in ["std::fs", "std::env", "std::time", "std::io"] {
        if module == "transform" && code.contains(word) {
            faults.push(format!(
                "{shown} names `{word}`, but transforms do no input or output and read no clock"
            ));
        }
    }
    if module != "cli"
        && ["print!", "println!", "eprint!", "eprintln!"]
            .iter()
            .any(|print| code.contains(print))
    {
        faults.push(format!("{shown} prints; only `cli` does"));
    }
    faults
}

#[test]
fn arrows_point_down_and_files_are_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = sources(&root);
    assert!(sources.len() > 20, "{sources:?}");
    let faults: Vec<String> = sources
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let file = path.strip_prefix(&root).unwrap();
            let long = faults(Path::new("lib.rs"), &text)
                .into_iter()
                .map(|fault| fault.replacen("lib.rs", &file.to_string_lossy(), 1));
            if is_for_tests(path) {
                long.collect()
            } else {
                faults(file, &text)
            }
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_wrong_arrow_is_seen() {
    let faults = |file: &str, text: &str| faults(Path::new(file), text);
    assert_eq!(
        faults(
            "json/scan.rs",
            "use crate::error::Result;\nuse super::Raw;\n"
        ),
        Vec::<String>::new()
    );
    let wrong = "json/scan.rs names `record`, which is no layer below `json`";
    assert_eq!(
        faults("json/scan.rs", "use crate::record::Kind;\n"),
        [wrong]
    );
    assert_eq!(
        faults("json/scan.rs", "fn f(kind: crate::record::Kind) {}\n"),
        [wrong]
    );
    assert_eq!(
        faults(
            "json/scan.rs",
            "use crate::{error::{Error, Result}, json::Raw,\n  record};\n"
        ),
        [wrong]
    );
    assert_eq!(
        faults("stream/reader.rs", "use crate::json::Raw;\n").len(),
        1
    );
    assert_eq!(
        faults("transform/add.rs", "use crate::query::Query;\n").len(),
        1
    );
    assert_eq!(
        faults("transform/add.rs", "fn f() { std::fs::read(path) }\n").len(),
        1
    );
    assert_eq!(
        faults(
            "pipeline/mod.rs",
            "use crate::{transform::Step, stream, query, record, json, error};\n"
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        faults("query/kql.rs", "fn f() { println!(\"x\"); }\n"),
        ["query/kql.rs prints; only `cli` does"]
    );
    assert_eq!(
        faults("more/mod.rs", ""),
        ["more/mod.rs is in no layer; give `more` its arrows"]
    );
    assert_eq!(
        faults("main.rs", &"\n".repeat(401)),
        ["main.rs has 401 lines, more than 400"]
    );
}

#[test]
fn comments_strings_and_tests_are_no_arrows() {
    let text = "// crate::record\nlet text = \"crate::pipeline\";\n#[cfg(test)]\nmod tests {\n    use crate::pipeline::Pipeline;\n}\n";
    assert_eq!(
        faults(Path::new("json/scan.rs"), text),
        Vec::<String>::new()
    );
}
