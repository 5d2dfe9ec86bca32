//! An import into spaces, as it is done, and how it ends.

use ruleferry::error::{Error, ErrorKind};
use ruleferry::kibana::Space;
use ruleferry::ops::import::{
    Crossed, Double, Gates, Inventory, Manner, Survey, Told, cross, doubles, remove_younger,
    several,
};

use super::super::Global;
use super::super::ask::ask;
use super::super::connection::Connected;
use super::super::exit::Exit;
use super::super::notes::write_text;
use super::super::progress::Progress;
use super::super::render;
use super::ledger::Ledger;

/// An import, ready to begin.
pub(crate) struct Job<'j> {
    pub(crate) connected: &'j Connected,
    pub(crate) spaces: &'j [Space],
    pub(crate) bundle: &'j Inventory,
    pub(crate) manner: Manner,
    pub(crate) jobs: usize,
    /// Whether what nobody should be surprised by is said as it comes.
    pub(crate) warns: bool,
}

/// A space and what became of it.
pub(crate) struct Done {
    pub(crate) space: Space,
    pub(crate) crossed: Crossed,
    pub(crate) doubles: Vec<Double>,
    pub(crate) removed: usize,
}

impl Job<'_> {
    /// What the import would do to each space.
    pub(crate) fn surveys(&self) -> Result<Vec<Survey>, Error> {
        let client = &self.connected.client;
        let survey = |space: &Space| Survey::of(client, space, self.bundle, self.manner.terms);
        several(self.spaces, self.jobs, survey)
            .into_iter()
            .collect()
    }

    /// How many records there are to settle.
    pub(crate) fn total(&self) -> u64 {
        (self.bundle.len() * self.spaces.len()) as u64
    }

    /// Imports into all spaces.
    pub(crate) fn run(&self, ledger: &Ledger, progress: &Progress) -> Vec<Done> {
        let gates = Gates::default();
        several(self.spaces, self.jobs, |space| {
            self.cross_into(space, &gates, ledger, progress)
        })
    }

    /// Imports into one of the spaces, or goes on with that.
    pub(crate) fn cross_into(
        &self,
        space: &Space,
        gates: &Gates,
        ledger: &Ledger,
        progress: &Progress,
    ) -> Done {
        let client = &self.connected.client;
        let log = ledger.log(progress, self.warns);
        let lines = self.bundle.len();
        let crossed = match ledger.before(space) {
            Some(before) if before.is_done => Crossed {
                parts: before.parts,
                doubles: before.doubles.clone(),
                told: before.into_told(lines),
                gaps: Vec::new(),
                error: None,
            },
            before => cross(
                client,
                space,
                self.bundle,
                self.manner,
                gates,
                (&log, before),
            ),
        };
        Done {
            space: space.clone(),
            doubles: Vec::new(),
            crossed,
            removed: 0,
        }
        .with_doubles(self)
    }

    /// Removes the younger of objects that share a key, if the user wants it; what cannot be removed stays named.
    pub(crate) fn remove_duplicates(&self, done: &mut [Done], yes: bool) -> Result<(), Error> {
        let count: usize = done
            .iter()
            .flat_map(|done| &done.doubles)
            .filter(|double| double.is_removable)
            .map(|double| double.objects.len() - 1)
            .sum();
        if count == 0 {
            return Ok(());
        }
        let question = format!("Delete {count} younger duplicates?");
        if !ask(&question, yes)? {
            write_text("duplicates are left as they are");
            return Ok(());
        }
        for done in done {
            done.remove_younger(self);
        }
        Ok(())
    }
}

impl Done {
    /// What would be done.
    pub(crate) fn planned(job: &Job<'_>, space: &Space, survey: &Survey) -> Self {
        Self {
            space: space.clone(),
            crossed: Crossed {
                told: survey.told(job.bundle),
                doubles: Vec::new(),
                gaps: survey.gaps.clone(),
                error: None,
                parts: 0,
            },
            doubles: Vec::new(),
            removed: 0,
        }
    }

    /// A space that nothing is sent to.
    pub(crate) fn unsent(space: &Space, bundle: &Inventory, error: Error) -> Self {
        Self {
            space: space.clone(),
            crossed: Crossed {
                told: vec![None; bundle.len()],
                doubles: Vec::new(),
                gaps: Vec::new(),
                error: Some(error),
                parts: 0,
            },
            doubles: Vec::new(),
            removed: 0,
        }
    }

    /// Looks which objects share a key.
    fn with_doubles(mut self, job: &Job<'_>) -> Self {
        let lines: Vec<u32> = self.crossed.doubles.iter().map(|(line, _)| *line).collect();
        if lines.is_empty() {
            return self;
        }
        let found = doubles(&job.connected.client, &self.space, job.bundle, &lines);
        self.doubles = found.unwrap_or_else(|error| {
            let gap = format!("which objects share an id could not be read ({error})");
            self.crossed.gaps.push(gap);
            let unknown = |index| Double {
                index,
                objects: Vec::new(),
                is_removable: false,
            };
            lines.into_iter().map(unknown).collect()
        });
        self
    }

    fn remove_younger(&mut self, job: &Job<'_>) {
        let mut left = Vec::new();
        for double in std::mem::take(&mut self.doubles) {
            let client = &job.connected.client;
            if !double.is_removable || self.crossed.error.is_some() {
                left.push(double);
                continue;
            }
            match remove_younger(client, &self.space, job.bundle, &double) {
                Ok(count) => self.removed += count,
                Err(error) => {
                    self.crossed.error = Some(error);
                    left.push(double);
                }
            }
        }
        self.doubles = left;
    }
}

/// How the run ends.
pub(crate) fn exit(done: &[Done]) -> Exit {
    let errors = || done.iter().filter_map(|done| done.crossed.error.as_ref());
    if errors().any(|error| matches!(error.kind(), ErrorKind::Interrupted)) {
        return Exit::Interrupted;
    }
    if let Some(denied) = errors()
        .map(|error| Exit::of(error.kind()))
        .find(|it| *it == Exit::Denied)
    {
        return denied;
    }
    let told = || {
        done.iter()
            .flat_map(|done| done.crossed.told.iter().flatten())
    };
    let is_whole = told().all(Told::is_there) && done.iter().all(|done| done.doubles.is_empty());
    if errors().next().is_some() {
        let has_any = told().any(|told| told.part.is_some() && told.outcome.is_there());
        return if has_any { Exit::Part } else { Exit::Failed };
    }
    if is_whole { Exit::Done } else { Exit::Part }
}

/// Tells the errors that ended the import into a space; the last word of the run.
pub(crate) fn fatal(done: Vec<Done>, exit: Exit, global: &Global) -> Exit {
    for done in done {
        if let Some(error) = done.crossed.error {
            if matches!(error.kind(), ErrorKind::Interrupted) {
                continue;
            }
            write_text(&format!("space `{}`:", done.space));
            render::error(&error.into(), global.errors);
        }
    }
    exit
}
