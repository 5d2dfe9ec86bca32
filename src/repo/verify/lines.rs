//! Is an object what was recorded? If not, which of its lines are not?

use std::collections::HashSet;
use std::io::Read;
use std::ops::RangeInclusive;

use super::super::digest::Digest;
use super::super::folder::{Folder, OBJECTS, damaged, reading};
use super::super::manifest::Object;
use super::super::object::{self, Told};
use super::finding::Finding;
use crate::error::{Error, ErrorKind, Result};

/// How many records a message names.
const NAMED: usize = 3;

/// What came of looking at an object and at what tells of its lines.
pub(super) struct Checked {
    pub(super) findings: Vec<Finding>,
    /// The checksums of its lines, if all is sound.
    pub(super) lines: Option<Vec<Digest>>,
}

/// Looks at an object and at what tells of its lines. `all` are the objects that there should be.
pub(super) fn check(folder: &Folder, object: &Object, all: &HashSet<Digest>) -> Checked {
    let mut findings = Vec::new();
    let told = object.records.map(|records| {
        is_sound(folder, records, Some(object.records_stored), all)?;
        object::read_records(folder, records)
    });
    let told = match told.transpose() {
        Ok(told) => told,
        Err(error) => {
            findings.push(Finding::of(folder, &error));
            None
        }
    };
    let stored = is_sound(folder, object.object, Some(object.stored), all);
    let path = folder.object(object.object);
    let (lines, is_whole) = content(folder, object.object);
    let wrong = told
        .as_ref()
        .map(|told| wrong_lines(&lines, told))
        .unwrap_or_default();
    match stored {
        Err(error) if is_damage(&error) && path.exists() => {
            let fault = Finding::of(folder, &error);
            findings.append(&mut each(&fault, &wrong, told.as_deref()));
        }
        Err(error) => findings.push(Finding::of(folder, &error)),
        Ok(()) => {
            // What lies there is what was written; then what was written is not what was recorded of it.
            let differs = !is_whole || Digest::of(&lines) != object.sha256 || !wrong.is_empty();
            if differs {
                let error = damaged(
                    &path,
                    "is not what was recorded: its lines have other checksums",
                );
                findings.append(&mut each(
                    &Finding::of(folder, &error),
                    &wrong,
                    told.as_deref(),
                ));
            }
        }
    }
    let told = told.filter(|_| findings.is_empty());
    Checked {
        findings,
        lines: told.map(|told| told.into_iter().map(|told| told.sha256).collect()),
    }
}

fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Damaged { .. })
}

/// Fails if the file of an object is not, to the last byte, what its name says; `size` is its size, where that is known.
pub(super) fn is_sound(
    folder: &Folder,
    object: Digest,
    size: Option<u64>,
    all: &HashSet<Digest>,
) -> Result<()> {
    let path = folder.object(object);
    let (found, bytes) = match Digest::of_file(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(damaged(&path, "is missing"));
        }
        Err(error) => return Err(reading(&path, error)),
    };
    if found == object {
        return Ok(());
    }
    let fault = match size {
        _ if all.contains(&found) => {
            let digits = found.to_string();
            format!(
                "it holds what belongs in `{OBJECTS}/{}/{digits}.zst`",
                &digits[..2]
            )
        }
        Some(size) if size != bytes => format!("it has {bytes} bytes, not {size}"),
        _ => "its checksum is not its name".to_owned(),
    };
    Err(damaged(&path, format!("is not what was recorded: {fault}")))
}

/// What can be decompressed of an object, and whether that is all of it.
fn content(folder: &Folder, object: Digest) -> (Vec<u8>, bool) {
    let mut lines = Vec::new();
    let Ok(mut reader) = object::open(folder, object) else {
        return (lines, false);
    };
    let is_whole = reader.read_to_end(&mut lines).is_ok();
    (lines, is_whole)
}

/// The runs of lines that are not those that are told of, counted from 0.
fn wrong_lines(lines: &[u8], told: &[Told]) -> Vec<RangeInclusive<usize>> {
    let mut wrong: Vec<RangeInclusive<usize>> = Vec::new();
    let mut found = lines.split_inclusive(|&byte| byte == b'\n');
    for (index, told) in told.iter().enumerate() {
        if found
            .next()
            .is_some_and(|line| Digest::of(line) == told.sha256)
        {
            continue;
        }
        match wrong.last_mut() {
            Some(last) if *last.end() + 1 == index => *last = *last.start()..=index,
            _ => wrong.push(index..=index),
        }
    }
    if found.next().is_some() {
        wrong.push(told.len()..=told.len());
    }
    wrong
}

/// The fault for each run of lines, or as it is where it is not known which lines it is about.
fn each(fault: &Finding, wrong: &[RangeInclusive<usize>], told: Option<&[Told]>) -> Vec<Finding> {
    let one = |lines: &RangeInclusive<usize>| {
        let told = told.unwrap_or_default();
        let records: Vec<Box<str>> = lines
            .clone()
            .filter_map(|line| told.get(line))
            .map(|told| told.label().into())
            .collect();
        let (first, last) = (*lines.start() + 1, *lines.end() + 1);
        let mut message = if first == last {
            format!("{}, at line {first}", fault.message)
        } else {
            format!("{}, at lines {first} to {last}", fault.message)
        };
        for record in records.iter().take(NAMED) {
            message += &format!(", {record}");
        }
        if records.is_empty() {
            message += ", which was not there";
        } else if records.len() > NAMED {
            message += &format!(" and {} more", records.len() - NAMED);
        }
        Finding {
            message: message.into(),
            lines: Some((first as u64, last as u64)),
            records,
            ..fault.clone()
        }
    };
    if wrong.is_empty() {
        let mut fault = fault.clone();
        if told.is_some() {
            fault.message = format!("{}, though its lines are", fault.message).into();
        }
        return vec![fault];
    }
    wrong.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::manifest::Form;
    use super::*;

    fn told(lines: &[&str]) -> Vec<Told> {
        let told =
            |line: &&str| Told::of(Digest::of(line.as_bytes()), line.as_bytes(), Form::Records);
        lines.iter().map(told).collect()
    }

    #[test]
    fn lines_that_differ_are_found_in_runs() {
        let told = told(&["a\n", "b\n", "c\n", "d\n"]);
        let wrong = |lines: &str| {
            let wrong = wrong_lines(lines.as_bytes(), &told);
            wrong
                .into_iter()
                .map(RangeInclusive::into_inner)
                .collect::<Vec<_>>()
        };
        assert_eq!(wrong("a\nb\nc\nd\n"), []);
        assert_eq!(wrong("a\nx\ny\nd\n"), [(1, 2)]);
        assert_eq!(wrong("x\nb\ny\nd\n"), [(0, 0), (2, 2)]);
        assert_eq!(wrong("a\nb"), [(1, 3)]);
        assert_eq!(wrong("a\nb\nc\nd\ne\n"), [(4, 4)]);
    }
}
