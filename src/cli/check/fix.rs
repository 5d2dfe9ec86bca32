//! `check --fix`: puts files right, tells what was changed, and judges what is left.

use std::path::Path;

use ruleferry::check::fix::{Fixing, Told};
use ruleferry::check::{Across, Present};
use ruleferry::error::Error;
use ruleferry::pipeline::{Reading, Report as Counted};
use ruleferry::stream::Source;

use super::Check;
use super::found::{Checked, Found};
use super::report::Report;
use crate::cli::input;
use crate::cli::notes::stopped;
use crate::cli::output::Sink;
use crate::cli::work::threads;

impl Check {
    /// Puts the input right as one bundle or, in place, each file as a bundle of its own.
    pub(super) fn fix(
        &self,
        sources: Vec<Source<'_>>,
        reading: &Reading,
        there: &Present,
        report: &mut Report,
    ) -> Result<(), Error> {
        report.fixes();
        if !self.output.in_place {
            let mut sink = self.output.open(threads(reading))?;
            self.fixed(reading, there, sources, &mut sink, report)?;
            return sink.finish();
        }
        for path in self.input.files() {
            self.in_place(reading, there, path, report)
                .inspect_err(|_| {
                    stopped(&Counted::default(), path, self.input.files());
                })?;
        }
        Ok(())
    }

    fn in_place(
        &self,
        reading: &Reading,
        there: &Present,
        path: &Path,
        report: &mut Report,
    ) -> Result<(), Error> {
        let mut sink = self.output.replace(path, threads(reading))?;
        let fixes = self.fixed(reading, there, vec![input::source(path)], &mut sink, report)?;
        // A file in which nothing was wrong is left alone.
        if fixes > 0 || self.output.recompresses() {
            sink.finish()?;
        }
        Ok(())
    }

    /// Writes one bundle put right, and gives how much was.
    fn fixed(
        &self,
        reading: &Reading,
        there: &Present,
        sources: Vec<Source<'_>>,
        sink: &mut Sink,
        report: &mut Report,
    ) -> Result<u64, Error> {
        let fixing = Fixing {
            reading,
            options: self.options(),
        };
        let mut across = Across::new(self.target, there.clone());
        let fixes = fixing.run(
            sources,
            &mut *sink,
            |treated| Checked::treated(&treated),
            |location, told| match told {
                Told::Text(fix) => report.tell(&location, &Found::mended(fix)),
                Told::Record(checked) => report.take(&mut across, &location, checked),
                Told::Unreadable(why) => report.unreadable(&mut across, &why),
            },
        );
        let fixes = fixes.map_err(|error| sink.blamed(error))?;
        report.bundle(across)?;
        Ok(fixes)
    }
}
