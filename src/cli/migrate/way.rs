//! How the export becomes the bundle of one target space: the user's steps, then what another space and an older Kibana need.

use ruleferry::error::{Error, Location, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::beyond::{Beyond, Referred};
use ruleferry::ops::brought::Mark;
use ruleferry::ops::import::Inventory;
use ruleferry::pipeline::{Event, Fate, Input, OnError, Pipeline, Reading, Rewriting, Step, scan};
use ruleferry::record::{Kind, Note, Record};
use ruleferry::schema::Target;
use ruleferry::stream::{Source, Spool};

use super::connectors::Joined;
use super::map::Map;
use super::side::{Side, address};
use super::stock::{Origin, Stock};

/// What is done to the export on its way.
pub(super) struct Way {
    /// The user's steps.
    pub(super) steps: Vec<Step>,
    /// What is particular to single targets, done after them.
    pub(super) map: Map,
    /// The connectors whose place others take.
    pub(super) joined: Joined,
    /// Whether spaces and versions are converted.
    pub(super) converts: bool,
    /// What links begin with now, if that is known.
    pub(super) from_url: Option<String>,
    /// What they are to begin with; the target's address where nothing is said.
    pub(super) to_url: Option<String>,
    pub(super) seed: String,
    /// What rules get so that they can be removed later.
    pub(super) mark: Option<Mark>,
}

/// What one space is to get.
pub(super) struct Made {
    pub(super) bundle: Inventory,
    /// What it refers to and does not have.
    pub(super) beyond: Beyond,
    /// What the conversion changed, lost and left out.
    pub(super) notes: Vec<(Location, Note)>,
}

impl Made {
    /// How many records were left out.
    pub(super) fn left_out(&self) -> u64 {
        let left = |(_, note): &&(Location, Note)| matches!(note, Note::LeftOut { .. });
        self.notes.iter().filter(left).count() as u64
    }
}

impl Way {
    /// Makes the bundle of a space.
    pub(super) fn bundle(
        &self,
        origin: &Origin,
        stock: &Stock,
        (side, space): (&Side, &Space),
        reading: &Reading,
    ) -> Result<Made> {
        let mut steps = self.steps.clone();
        // All at once and first, so that what else is done for the target is about the connectors that it has.
        steps.extend(self.joined.steps(side, space)?);
        steps.extend(self.map.steps(side, space));
        if self.converts {
            steps.extend(self.space(origin, side, space)?);
            steps.extend(version(origin.version, side.version)?);
        }
        let mark = self.mark.as_ref();
        let mark = mark.map(|it| it.to(&address(&side.connected, space)));
        self.done((steps, mark), origin, stock, (side, reading))
    }

    /// Makes a bundle of what only the version of the target changes.
    pub(super) fn as_it_is(
        &self,
        origin: &Origin,
        stock: &Stock,
        side: &Side,
        reading: &Reading,
    ) -> Result<Made> {
        let steps = if self.converts {
            version(origin.version, side.version)?
        } else {
            Vec::new()
        };
        self.done((steps, None), origin, stock, (side, reading))
    }

    fn done(
        &self,
        (steps, mark): (Vec<Step>, Option<Mark>),
        origin: &Origin,
        stock: &Stock,
        (side, reading): (&Side, &Reading),
    ) -> Result<Made> {
        let pipeline = Pipeline::new(steps)
            .reading(reading.clone())
            .seeded(self.seed.as_str());
        let mut spool = Spool::new()?;
        let mut notes = Vec::new();
        stock.read(|source| {
            pipeline.run_with(vec![source], &mut spool, &mut |event| {
                if let Event::Note { location, note } = event
                    && is_told(note)
                {
                    notes.push((location.clone(), note.clone()));
                }
                Ok(())
            })
        })?;
        let name = origin.name();
        if let Some(mark) = &mark {
            let source = Source::decoded(name.as_str(), spool.reader()?);
            spool = marked(mark, source, reading)?;
        }
        let mut beyond = Beyond::default();
        let source = Source::decoded(name.as_str(), spool.reader()?);
        scan(reading, vec![source], Referred::of, |_, referred| {
            // What cannot be read, the import names.
            if let Ok(referred) = referred {
                beyond.add(referred);
            }
            Ok(())
        })?;
        let source = Source::decoded(name.as_str(), spool.reader()?);
        Ok(Made {
            bundle: Inventory::read(reading, vec![source], side.version)?,
            beyond,
            notes,
        })
    }

    /// The step from one space to another, if there is anything to do.
    fn space(&self, origin: &Origin, side: &Side, space: &Space) -> Result<Vec<Step>> {
        let text = |text: &str| toml::Value::from(text).to_string();
        let (from, to) = (text(origin.space.as_str()), text(space.as_str()));
        let here = self.from_url.as_deref();
        let there = self
            .to_url
            .as_deref()
            .unwrap_or(side.connected.client.url());
        let elsewhere = here.filter(|here| *here != there);
        if let Some(here) = elsewhere {
            let (here, there) = (text(here), text(there));
            let step = format!(
                "convert-space = {{ from = {from}, to = {to}, from-url = {here}, to-url = {there} }}"
            );
            if let Ok(pipeline) = Pipeline::from_step(&step) {
                return Ok(pipeline.steps().to_vec());
            }
        }
        if origin.space == *space {
            return Ok(Vec::new());
        }
        let step = format!("convert-space = {{ from = {from}, to = {to} }}");
        Ok(Pipeline::from_step(&step)?.steps().to_vec())
    }
}

/// The bundle with the mark on its rules.
fn marked(mark: &Mark, source: Source<'_>, reading: &Reading) -> Result<Spool> {
    let mut spool = Spool::new()?;
    let rewriting = Rewriting {
        reading,
        on_error: OnError::Keep,
        closing: None,
    };
    let work = |record: &mut Record<'_>| {
        if record.kind() == Kind::Rule {
            // A rule that takes no mark is none that a Kibana takes, and the import says so.
            _ = mark.put(record);
        }
        Fate::<()>::keep()
    };
    Input::new(vec![source]).rewrite(&rewriting, &mut spool, work, |_| Ok(()))?;
    Ok(spool)
}

/// The step to an older version.
fn version(from: Target, to: Target) -> Result<Vec<Step>, Error> {
    if to >= from {
        return Ok(Vec::new());
    }
    let step = format!("convert-version = {{ to = \"{to}\" }}");
    Ok(Pipeline::from_step(&step)?.steps().to_vec())
}

/// Whether the note is to be told. What a target must have beside the bundle is looked for there, and told by itself.
fn is_told(note: &Note) -> bool {
    const SOUGHT: [&str; 7] = [
        "data_view_id",
        "timeline_id",
        "saved_id",
        "machine_learning_job_id",
        "entries.list.id",
        "entries.entries.list.id",
        "list_id",
    ];
    match note {
        Note::Unmapped { field, .. } => !SOUGHT.contains(&&**field),
        Note::Renamed { .. } => false,
        Note::Converted { .. } | Note::LeftOut { .. } | Note::Unknown => true,
    }
}
