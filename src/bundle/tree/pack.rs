//! From a tree to a bundle.

use std::io::Write;

use super::files::Files;
use super::order::{self, Line, Order};
use super::survey::{Found, Survey, unended};
use super::{INDEX, Key};
use crate::error::{Error, Location, Result};
use crate::json::{Raw, Spacing, respaced};
use crate::pipeline::{Reading, engine};
use crate::record::{Counts, Record, recount};

/// Lines that a thread makes at a time.
const AT_A_TIME: usize = 64;

/// Packs trees into bundles.
///
/// A tree that was unpacked and not changed gives the bundle it was made of: byte for byte where its lines were compact or
/// spaced JSON and its files are JSON, else with the same content.
#[derive(Debug, Default)]
pub struct Pack {
    /// On how many threads files are read.
    pub reading: Reading,
}

/// What a run has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum Packed<'e> {
    /// There is no index, so records go by kind and path.
    NoIndex,
    /// A record that the index does not name.
    Added {
        /// Its file as messages name it.
        path: &'e str,
        /// What it holds.
        key: &'e Key,
    },
    /// A record that the index names and the tree lacks.
    Missing(&'e Key),
    /// A file that could hold a record and holds none that can be told from others.
    Foreign(&'e str),
}

impl Pack {
    /// Writes the bundle that a tree holds, and says how many records of each kind it has.
    ///
    /// Details lines count again what stands before them if that is not what the index says.
    pub fn run(
        &self,
        files: &dyn Files,
        out: &mut dyn Write,
        tell: &mut dyn FnMut(Packed<'_>) -> Result<()>,
    ) -> Result<Counts> {
        let mut survey = Survey::take(&self.reading, files)?;
        let index = survey.index.take();
        let has_index = index.is_some();
        let order = order::order(index, &survey.found, &survey.by_key(files)?);
        if !has_index && survey.found.is_empty() {
            let name = files.name("");
            return Err(Error::tree(format!(
                "`{name}` must hold an unpacked bundle, found no `{INDEX}` and no file with a record"
            )));
        }
        report(files, &survey, &order, has_index, tell)?;
        let writing = |source| Error::io("writing the output", source);
        if order.begins_with_mark {
            out.write_all("\u{feff}".as_bytes()).map_err(writing)?;
        }
        let found = &survey.found;
        let last = order.lines.len();
        let mut chunks = order.lines.chunks(AT_A_TIME);
        let mut written = 0;
        let threads = self.reading.threads();
        engine::ordered(
            &engine::pool(threads)?,
            engine::IN_FLIGHT * threads,
            || Ok(chunks.next()),
            |lines| {
                let mut bytes = Vec::new();
                for line in lines {
                    write_line(files, found, line, &mut bytes)?;
                }
                Ok((bytes, lines.len()))
            },
            |(mut bytes, count)| {
                written += count;
                if written == last && order.ends_without_newline {
                    bytes.pop();
                }
                out.write_all(&bytes).map_err(writing)
            },
        )?;
        let mut counts = Counts::default();
        for kind in found.iter().filter_map(|one| one.key.kind()) {
            counts[kind] += 1;
        }
        Ok(counts)
    }
}

fn report(
    files: &dyn Files,
    survey: &Survey,
    order: &Order,
    has_index: bool,
    tell: &mut dyn FnMut(Packed<'_>) -> Result<()>,
) -> Result<()> {
    for (path, _) in &survey.foreign {
        tell(Packed::Foreign(&files.name(path)))?;
    }
    if !has_index {
        return tell(Packed::NoIndex);
    }
    for &place in &order.added {
        let one = &survey.found[place];
        tell(Packed::Added {
            path: &files.name(&one.path),
            key: &one.key,
        })?;
    }
    order
        .missing
        .iter()
        .try_for_each(|key| tell(Packed::Missing(key)))
}

/// Appends a line with its end.
fn write_line(files: &dyn Files, found: &[Found], line: &Line, out: &mut Vec<u8>) -> Result<()> {
    match line {
        Line::Blank(space) => out.extend_from_slice(space.as_bytes()),
        Line::File {
            place,
            spelling,
            recount,
        } => {
            let one = &found[*place];
            let bytes = files.read(&one.path)?;
            match one.format {
                None => out.extend_from_slice(unended(&bytes)),
                Some(format) => {
                    let name = files.name(&one.path);
                    let mut json = format.read(&bytes, &name)?;
                    if let Some(counts) = recount {
                        json = recounted(&json, *counts).map_err(|error| {
                            error.at(Location {
                                file: name.into(),
                                ..Location::default()
                            })
                        })?;
                    }
                    if spelling.spaced {
                        json = respaced(Raw::parse(&json)?, Spacing::Spaced);
                    }
                    out.extend_from_slice(json.as_bytes());
                }
            }
            if spelling.crlf {
                out.push(b'\r');
            }
        }
    }
    out.push(b'\n');
    Ok(())
}

fn recounted(details: &str, counts: Counts) -> Result<String> {
    let mut record = Record::parse(details, 0)?;
    recount(&mut record, counts);
    Ok(record.to_json().into())
}
