//! Errors as people and as scripts read them, on stderr.

use std::io::{ErrorKind as IoKind, Write};

use anstyle::{AnsiColor, Style};
use ruleferry::error::{Error, ErrorKind, Excerpt, Location, PathStep};
use ruleferry::hint::hint;
use serde_json::json;

use super::Format;
use super::exit::Exit;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const PLACE: Style = AnsiColor::Blue.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Writes an error that ends the run; a closed pipe is no error.
pub(crate) fn error(error: &anyhow::Error, format: Format) -> Exit {
    let is_closed_pipe = error
        .chain()
        .any(|cause| match cause.downcast_ref::<Error>() {
            Some(error) => is_closed_pipe(error),
            None => cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|source| source.kind() == IoKind::BrokenPipe),
        });
    if is_closed_pipe {
        return Exit::Done;
    }
    match error.downcast_ref::<Error>() {
        Some(error) => {
            write(error, "error", format);
            Exit::of(error.kind())
        }
        None => {
            plain(&format!("{error:#}"), format);
            Exit::Failed
        }
    }
}

/// Writes a refusal that does not end the run.
pub(crate) fn warning(error: &Error, format: Format) {
    write(error, "warning", format);
}

/// Writes what clap says of arguments that make no sense, or the help that was asked for.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    let asked_for_json = std::env::args().any(|arg| arg == "--errors=json")
        || std::env::args()
            .zip(std::env::args().skip(1))
            .any(|(flag, value)| flag == "--errors" && value == "json");
    if error.use_stderr() && asked_for_json {
        let text = error.to_string();
        plain(
            text.strip_prefix("error: ").unwrap_or(&text).trim_end(),
            Format::Json,
        );
    } else {
        // Nothing is left to say where stderr is closed.
        _ = error.print();
    }
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    }
}

/// Whether nobody reads what is written.
pub(crate) fn is_closed_pipe(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io { source, .. } if source.kind() == IoKind::BrokenPipe)
}

fn plain(message: &str, format: Format) {
    let mut err = anstream::stderr().lock();
    // Nothing is left to say where stderr is closed; so below.
    _ = match format {
        Format::Text => writeln!(err, "{ERROR}error{ERROR:#}: {message}"),
        Format::Json => writeln!(
            err,
            "{}",
            json!({"schema_version": 1, "error": {"message": message}})
        ),
    };
}

fn write(error: &Error, level: &str, format: Format) {
    let text = match format {
        Format::Text => text(error, level),
        Format::Json => format!("{}\n", as_json(error, level)),
    };
    _ = anstream::stderr().lock().write_all(text.as_bytes());
}

fn text(error: &Error, level: &str) -> String {
    // A warning tells of a choice that was made already.
    let help = hint(error.kind()).filter(|_| level == "error");
    let message = error.to_string();
    let mut location = error.location().cloned();
    if let (Some(location), ErrorKind::Request { .. }) = (&mut location, error.kind()) {
        let pointer = pointer(error.pointer());
        if !pointer.is_empty() && !message.contains(&pointer) {
            location.record.get_or_insert(format!("`{pointer}`").into());
        }
    }
    let said = Said {
        level,
        code: None,
        message: &message,
        location: location.as_ref(),
        excerpt: error.excerpt(),
        help: help.as_deref(),
    };
    said.text()
}

/// Something to say about a place in the input.
pub(crate) struct Said<'s> {
    pub(crate) level: &'s str,
    /// The name that reports give it.
    pub(crate) code: Option<&'s str>,
    pub(crate) message: &'s str,
    pub(crate) location: Option<&'s Location>,
    pub(crate) excerpt: Option<&'s Excerpt>,
    pub(crate) help: Option<&'s str>,
}

impl Said<'_> {
    /// It as people read it, with colours.
    pub(crate) fn text(&self) -> String {
        let level = self.level;
        let colour = match level {
            "error" => ERROR,
            "warning" => WARNING,
            _ => PLACE,
        };
        let code = self
            .code
            .map(|code| format!("[{code}]"))
            .unwrap_or_default();
        let mut out = format!("{colour}{level}{code}{colour:#}: {}\n", self.message);
        if let Some(location) = self.location {
            out += &place(location);
        }
        if let Some(excerpt) = self.excerpt {
            let width = |text: String| unicode_width::UnicodeWidthStr::width(text.as_str());
            let margin = width(excerpt.text.chars().take(excerpt.start).collect());
            let fault = excerpt.text.chars().skip(excerpt.start).take(excerpt.len);
            let carets = "^".repeat(width(fault.collect()).max(1));
            out += &format!(
                "   {PLACE}|{PLACE:#} {}\n   {PLACE}|{PLACE:#} {}{colour}{carets}{colour:#}\n",
                excerpt.text,
                " ".repeat(margin)
            );
        }
        if let Some(help) = self.help {
            out += &format!("{HELP}help{HELP:#}: {help}\n");
        }
        out
    }
}

fn place(location: &Location) -> String {
    let file = if location.file.is_empty() {
        "-"
    } else {
        &location.file
    };
    let mut out = format!("  {PLACE}-->{PLACE:#} {file}");
    for number in [location.line, location.column] {
        if number == 0 {
            break;
        }
        out += &format!(":{number}");
    }
    if let Some(record) = &location.record {
        out += &format!(", {record}");
    }
    out.push('\n');
    out
}

/// The way down to a value as a JSON pointer.
pub(crate) fn pointer(steps: &[PathStep]) -> String {
    let step = |step: &PathStep| match step {
        PathStep::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        PathStep::Index(index) => format!("/{index}"),
    };
    steps.iter().map(step).collect()
}

fn as_json(error: &Error, level: &str) -> serde_json::Value {
    let location = error.location();
    let pointer = pointer(error.pointer());
    json!({
        "schema_version": 1,
        level: {
            "message": error.to_string(),
            "file": location.map(|location| &location.file),
            "line": location.map(|location| location.line).filter(|&line| line > 0),
            "column": location.map(|location| location.column).filter(|&column| column > 0),
            "record": location.and_then(|location| location.record.as_ref()),
            "pointer": Some(pointer).filter(|pointer| !pointer.is_empty()),
            "excerpt": error.excerpt().map(|excerpt| json!({"text": excerpt.text, "start": excerpt.start, "len": excerpt.len})),
            "help": hint(error.kind()).filter(|_| level == "error"),
        }
    })
}
