//! What verbs tell beside their result: things of one sort together, with a name for each.

use std::io::Write;

use ruleferry::bundle::tree::Key;
use ruleferry::error::Error;
use ruleferry::record::Kind;
use serde_json::{Value, json};

use super::notes::write_text;
use super::{Format, Global};

/// How many of a sort are named unless more is asked for.
const NAMED: usize = 10;

/// Tells things as JSON lines at once, or as text at the end.
pub(crate) struct Told {
    format: Format,
    /// Whether JSON goes to stderr, because the result goes to standard output.
    to_stderr: bool,
    quiet: bool,
    verbose: bool,
    sorts: Vec<Sort>,
    said: Vec<String>,
}

/// Things that one sentence is about.
struct Sort {
    sentence: &'static str,
    count: usize,
    names: Vec<String>,
}

impl Told {
    pub(crate) fn new(format: Format, to_stderr: bool, global: &Global) -> Self {
        Self {
            format,
            to_stderr,
            quiet: global.quiet,
            verbose: global.verbose,
            sorts: Vec::new(),
            said: Vec::new(),
        }
    }

    /// Takes down one thing that the sentence is about; in it, `{n}` stands for how many there are.
    pub(crate) fn note(&mut self, sentence: &'static str, name: impl FnOnce() -> String) {
        let place = self.sorts.iter().position(|sort| sort.sentence == sentence);
        let place = place.unwrap_or_else(|| {
            self.sorts.push(Sort {
                sentence,
                count: 0,
                names: Vec::new(),
            });
            self.sorts.len() - 1
        });
        let sort = &mut self.sorts[place];
        sort.count += 1;
        if self.verbose || sort.names.len() < NAMED {
            sort.names.push(name());
        }
    }

    /// Takes down something that no record is named for.
    pub(crate) fn say(&mut self, sentence: String) {
        self.said.push(sentence);
    }

    /// Writes a line of JSON, if that is asked for.
    pub(crate) fn json(&self, value: impl FnOnce() -> Value) -> Result<(), Error> {
        if self.format == Format::Text {
            return Ok(());
        }
        let line = format!("{}\n", value());
        if self.to_stderr {
            // Nothing is left to say where stderr is closed.
            _ = anstream::stderr().lock().write_all(line.as_bytes());
            return Ok(());
        }
        super::work::print(&line)
    }

    /// Writes what was taken down, and the summary.
    pub(crate) fn finish(self, summary: &str) {
        if self.quiet || self.format == Format::Json {
            return;
        }
        for sort in &self.sorts {
            let count = sort.count.to_string();
            write_text(&format!("note: {}", sort.sentence.replace("{n}", &count)));
            for name in sort.names.iter().filter(|name| !name.is_empty()) {
                write_text(&format!("  {name}"));
            }
            if sort.names.len() < sort.count {
                let more = sort.count - sort.names.len();
                write_text(&format!("  and {more} more; `-v` names each"));
            }
        }
        for sentence in &self.said {
            write_text(&format!("note: {sentence}"));
        }
        write_text(summary);
    }
}

/// The first names, quoted, and how many more there are, as in "`a`, `b` and 3 more"; all of them if that is asked for.
pub(crate) fn some_of<'n>(names: impl ExactSizeIterator<Item = &'n str>, all: bool) -> String {
    const SHOWN: usize = 3;
    let count = names.len();
    let shown = if all { count } else { SHOWN };
    let first: Vec<String> = names.take(shown).map(|name| format!("`{name}`")).collect();
    let more = match count.saturating_sub(shown) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

/// As in "1 rule", "12 rules".
pub(crate) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A line of JSON about a record; `path` is its file.
pub(crate) fn about(key: &Key, path: Option<&str>, outcome: &str) -> Value {
    json!({
        "schema_version": 1,
        "path": path,
        "kind": key.kind().map(Kind::name),
        "id": key.id(),
        "outcome": outcome,
    })
}
