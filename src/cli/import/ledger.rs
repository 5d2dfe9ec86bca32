//! Where is the journal of a run, and does it belong to this one?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::import::{Aim, Before, Journal, Log, Terms, Told};
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::super::input::Input;
use super::super::notes::write_text;
use super::super::plan::fingerprint;
use super::super::progress::Progress;

/// What a run is, as far as another must be the same to go on with it.
pub(crate) struct Run<'r> {
    pub(crate) input: &'r Input,
    pub(crate) report: Option<&'r Path>,
    pub(crate) journal: Option<&'r Path>,
    pub(crate) resume: bool,
    pub(crate) is_dry: bool,
    pub(crate) url: &'r str,
    pub(crate) spaces: &'r [Space],
    pub(crate) terms: Terms,
    pub(crate) as_new_list: bool,
}

/// The journal of a run, and what an earlier one left in it.
pub(crate) struct Ledger {
    path: Option<PathBuf>,
    head: Value,
    journal: Option<Journal>,
    before: BTreeMap<Box<str>, Before>,
}

impl Ledger {
    /// Finds the journal; nothing is written yet.
    pub(crate) fn of(run: &Run<'_>) -> Result<Self> {
        let is_stdin = run.input.reads_stdin();
        if is_stdin && run.resume {
            return Err(Error::usage(
                "`--resume` needs FILEs: standard input cannot be compared with what was read before",
            ));
        }
        let path = path(run).filter(|_| !run.is_dry);
        Self::at(path, head(run, is_stdin)?, run.resume)
    }

    /// Takes the journal at this path, of a run that `head` describes; nothing is written yet. What is null there is what only
    /// the first run can tell.
    pub(crate) fn at(path: Option<PathBuf>, mut head: Value, resume: bool) -> Result<Self> {
        if let Some(path) = &path {
            let shown = path.display();
            let is_there = path.exists() && !is_stillborn(path);
            if resume {
                if !is_there {
                    return Err(Error::usage(format!(
                        "there is nothing to go on with: no journal at `{shown}`"
                    )));
                }
                let (journal, was, before) = Journal::resume(path)?;
                for (key, is) in was.as_object().into_iter().flatten() {
                    if head[key].is_null() {
                        head[key] = is.clone();
                    } else if head[key] != *is {
                        return Err(Error::usage(format!(
                            "`{shown}` is the journal of another import: its `{key}` differs"
                        )));
                    }
                }
                return Ok(Self {
                    path: Some(path.clone()),
                    head,
                    journal: Some(journal),
                    before,
                });
            }
            if is_there {
                return Err(Error::usage(format!(
                    "an earlier import was cut off, and `{shown}` says how far it got; go on with `--resume`, or remove that file to begin anew"
                )));
            }
        }
        head["seed"] = uuid::Uuid::new_v4().to_string().into();
        Ok(Self {
            path,
            head,
            journal: None,
            before: BTreeMap::new(),
        })
    }

    /// What new ids are made from.
    pub(crate) fn seed(&self) -> &str {
        self.head["seed"].as_str().unwrap_or_default()
    }

    /// Takes down what only the first run can tell.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        self.head[key] = value;
    }

    /// What the first run told.
    pub(crate) fn get(&self, key: &str) -> &Value {
        &self.head[key]
    }

    /// Begins the journal, unless it goes on.
    pub(crate) fn open(&mut self) -> Result<()> {
        if let (Some(path), None) = (&self.path, &self.journal) {
            if let Some(folder) = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
            {
                std::fs::create_dir_all(folder).map_err(|source| {
                    Error::io(
                        format!("creating the folder `{}` for the journal", folder.display()),
                        source,
                    )
                })?;
            }
            if is_stillborn(path) {
                let clearing = |source| Error::io(format!("removing `{}`", path.display()), source);
                std::fs::remove_file(path).map_err(clearing)?;
            }
            self.journal = Some(Journal::begin(path, &self.head)?);
        }
        Ok(())
    }

    /// What an earlier run knew of the space.
    pub(crate) fn before(&self, space: &Space) -> Option<Before> {
        self.before.get(space.as_str()).cloned()
    }

    /// Whether an earlier run made the value list in the space, or was about to.
    pub(crate) fn has_made(&self, space: &Space, value_list: &str) -> bool {
        let before = self.before.get(space.as_str());
        before.is_some_and(|before| before.value_lists.contains(value_list))
    }

    /// Takes down that the value list is about to be made in the space.
    pub(crate) fn making(&self, space: &Space, value_list: &str) -> Result<()> {
        let journal = self.journal.as_ref();
        journal.map_or(Ok(()), |journal| journal.making(space, value_list))
    }

    /// What hears how the import goes on.
    pub(crate) fn log<'l>(&'l self, progress: &'l Progress, warns: bool) -> Heard<'l> {
        Heard {
            journal: self.journal.as_ref(),
            progress,
            warns,
        }
    }

    /// Removes the journal if there is nothing to go on with; else says where it is.
    pub(crate) fn close(self, is_over: bool) -> Result<()> {
        self.journal.map_or(Ok(()), |journal| end(journal, is_over))
    }
}

/// Whether this is a journal of a run that was cut off before it had the first line of it on the disk, and so sent nothing.
fn is_stillborn(path: &Path) -> bool {
    let text = std::fs::read(path);
    text.is_ok_and(|text| !text.contains(&b'\n') && matches!(text.first(), None | Some(b'{')))
}

fn end(journal: Journal, is_over: bool) -> Result<()> {
    if is_over {
        return journal.remove();
    }
    write_text(&format!(
        "`--resume` goes on with this import; its journal is `{}`",
        journal.path().display()
    ));
    Ok(())
}

/// The journal and the progress bar, each of which may not be there.
pub(crate) struct Heard<'l> {
    journal: Option<&'l Journal>,
    progress: &'l Progress,
    /// Whether warnings are written; they are not where they were shown before.
    warns: bool,
}

impl Log for Heard<'_> {
    fn warn(&self, space: &Space, warning: &str) {
        if self.warns {
            write_text(&format!("warning: space `{space}`: {warning}"));
        }
    }

    fn aims(&self, space: &Space, aims: &[Aim]) -> Result<()> {
        let waiting = aims.iter().filter(|aim| aim.is_sent()).count();
        self.progress.add(aims.len() - waiting);
        self.journal
            .map_or(Ok(()), |journal| journal.aims(space, aims))
    }

    fn sending(&self, space: &Space, part: u32, records: &[u32]) -> Result<()> {
        self.progress.sending();
        self.journal
            .map_or(Ok(()), |journal| journal.sending(space, part, records))
    }

    fn settled(
        &self,
        space: &Space,
        part: u32,
        records: &[u32],
        told: &[Option<Told>],
    ) -> Result<()> {
        let known = |index: &&u32| {
            let told = told[**index as usize].as_ref();
            told.is_some_and(|told| told.part == Some(part))
        };
        self.progress.add(records.iter().filter(known).count());
        self.journal.map_or(Ok(()), |journal| {
            journal.settled(space, part, records, told)
        })
    }

    fn done(&self, space: &Space, told: &[Option<Told>], doubles: &[(u32, usize)]) -> Result<()> {
        self.journal
            .map_or(Ok(()), |journal| journal.done(space, told, doubles))
    }
}

/// Where the journal is: where it is asked for, else beside the report, else in the user's folder for state.
pub(crate) fn path(run: &Run<'_>) -> Option<PathBuf> {
    if let Some(path) = run.journal {
        return Some(path.into());
    }
    if let Some(report) = run.report {
        let mut name = report.file_name()?.to_owned();
        name.push(".journal");
        return Some(report.with_file_name(name));
    }
    let folder = dirs::state_dir().or_else(dirs::data_local_dir)?;
    let spaces: Vec<&str> = run.spaces.iter().map(Space::as_str).collect();
    let files: Vec<PathBuf> = run.input.files.iter().map(|file| real(file)).collect();
    let what = format!("{}\n{}\n{files:?}", run.url, spaces.join(","));
    let name = format!("import-{:016x}.journal", xxh3_64(what.as_bytes()));
    Some(folder.join("ruleferry").join(name))
}

/// Where the file really is, so that one file is the same by whatever way it was named.
fn real(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.into())
}

fn head(run: &Run<'_>, is_stdin: bool) -> Result<Value> {
    let files: Value = if is_stdin {
        Value::Null
    } else {
        run.input
            .files
            .iter()
            .map(|file| fingerprint(&real(file)))
            .collect::<Result<Value>>()?
    };
    let spaces: Vec<&str> = run.spaces.iter().map(Space::as_str).collect();
    let overwrite = run.terms.overwrite;
    Ok(json!({
        "schema_version": 1,
        "journal": "import",
        "url": run.url,
        "spaces": spaces,
        "files": files,
        "overwrite": {
            "rules": overwrite.rules,
            "exceptions": overwrite.exceptions,
            "connectors": overwrite.connectors,
        },
        "allow_missing_exceptions": run.terms.allow_missing_exceptions,
        "items_in_place": run.terms.items_in_place,
        "as_new_list": run.as_new_list,
        "seed": null,
    }))
}
