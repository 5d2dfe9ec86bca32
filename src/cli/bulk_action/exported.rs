//! What `export` gives, and what is told of it.

use std::sync::Arc;

use ruleferry::error::Error;
use ruleferry::ops::bulk_action::Exported;
use serde_json::json;

use super::Asked;
use crate::cli::exit::Exit;
use crate::cli::notes::write_text;
use crate::cli::told::{count, some_of};
use crate::cli::{Format, output, render, work};

impl Asked<'_> {
    /// Has the rules exported, and writes them.
    pub(super) fn export(&self) -> Result<Exit, Error> {
        let mut exported = self.order(false).export(self.ids.as_deref())?;
        let consumed = Arc::default();
        let reading = self.global.reading(&consumed);
        let mut sink = output::open(self.verb.output.as_deref(), None, work::threads(&reading))?;
        exported
            .write(&reading, &mut sink)
            .map_err(|error| sink.blamed(error))?;
        sink.finish()?;
        self.tell_export(&exported)
    }

    /// Tells what an export has and lacks, and how the run ends.
    fn tell_export(&self, exported: &Exported) -> Result<Exit, Error> {
        let global = self.global;
        let mut missing = self.labels(&exported.missing);
        missing.extend(self.resolved.missing.iter().map(String::as_str));
        if !missing.is_empty() {
            let message = format!(
                "the export lacks {}: {}",
                count(missing.len() as u64, "rule"),
                some_of(missing.iter().copied(), global.verbose)
            );
            render::warning(&Error::refused(message), global.errors);
        }
        for lacking in &exported.lacking {
            let message = format!("the server left out {lacking}");
            render::warning(&Error::refused(message), global.errors);
        }
        // A preconfigured connector is in no export, and is not lost.
        let is_lost = |lacking: &String| !lacking.starts_with("excluded_");
        let exit = if missing.is_empty() && !exported.lacking.iter().any(is_lost) {
            Exit::Done
        } else {
            Exit::Part
        };
        if self.verb.format == Format::Json {
            let report = json!({
                "schema_version": 1,
                "space": self.space.as_str(),
                "action": "export",
                "rules": exported.rules,
                "missing": missing,
                "lacking": exported.lacking,
                "exit": exit.code(),
            });
            work::print(&format!("{report}\n"))?;
        } else if !global.quiet {
            write_text(&format!(
                "{} exported from {}",
                count(exported.rules, "rule"),
                self.place()
            ));
        }
        Ok(exit)
    }
}
