//! Is every byte what was recorded? Looks at all there is and names each fault: the file, and where it can be told the record.

mod finding;
mod lines;
mod listed;
mod strays;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

pub use finding::{Fault, Finding};

use super::choice::Choice;
use super::digest::{Digest, Sum};
use super::folder::{Folder, damaged};
use super::listing::{Entry, Listing};
use super::lock::Lock;
use super::manifest::{Manifest, Object, StoredFile};
use super::reader::FileReader;
use crate::error::{Error, Result};
use lines::Checked;

/// How many objects are looked at before what was found is told.
const AT_ONCE: usize = 64;

/// How to verify.
#[derive(Debug, Default)]
pub struct Verify {
    /// The snapshot to look at; none for all, and for what lies there besides.
    pub snapshot: Option<Choice>,
    /// How many threads; 0 for all processors.
    pub jobs: usize,
    /// Counts the bytes that were looked at, for a progress bar.
    pub looked_at: Arc<AtomicU64>,
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// The snapshots whose manifests are sound.
    pub snapshots: u64,
    /// Objects.
    pub objects: u64,
    /// The size of the files.
    pub bytes: u64,
    /// What was found.
    pub faults: u64,
    /// What is no fault and should be known.
    pub notes: Vec<Box<str>>,
}

/// A run over a repository.
struct Run<'r> {
    folder: &'r Folder,
    verify: &'r Verify,
    done: Verified,
    /// Those that were told, so that none is told twice.
    told: HashSet<Box<str>>,
    /// Whether things may lie there that a run has not brought to an end, which is no fault.
    is_unfinished: bool,
    /// The list as it was at the beginning.
    listed: Option<Listing>,
    tell: &'r mut dyn FnMut(Finding) -> Result<()>,
}

/// What an object is used for.
struct Use {
    object: Object,
    /// The space and the name of the file of which it is a part, in the first snapshot that uses it.
    file: (Box<str>, Box<str>),
    /// The ids of the snapshots that use it.
    snapshots: Vec<Box<str>>,
}

impl Verify {
    /// Looks at the repository in a folder, and tells each fault. Fails only if it is no repository, or as `tell` does.
    pub fn run(
        &self,
        path: &Path,
        tell: &mut dyn FnMut(Finding) -> Result<()>,
    ) -> Result<Verified> {
        let folder = Folder::new(path);
        let _lock = Lock::to_read(&folder);
        let mut run = Run {
            folder: &folder,
            verify: self,
            done: Verified::default(),
            told: HashSet::new(),
            is_unfinished: false,
            listed: Listing::read(&folder).ok().flatten(),
            tell,
        };
        run.all()?;
        Ok(run.done)
    }
}

impl Run<'_> {
    fn all(&mut self) -> Result<()> {
        self.format()?;
        let listing = self.listing()?;
        let chosen = self.chosen(&listing)?;
        let mut uses: BTreeMap<usize, Use> = BTreeMap::new();
        let mut places: HashMap<Digest, usize> = HashMap::new();
        let mut sound = Vec::new();
        for entry in &chosen {
            let Some(manifest) = self.manifest(&listing, entry)? else {
                continue;
            };
            sound.push(*entry);
            collect(entry, &manifest, &mut places, &mut uses);
        }
        let uses: Vec<Use> = uses.into_values().collect();
        let known = self.objects(&uses)?;
        for entry in &sound {
            self.files(entry, &known)?;
        }
        if self.verify.snapshot.is_none() {
            self.strays(&listing, &uses, sound.len() == chosen.len())?;
        }
        Ok(())
    }

    fn tell(&mut self, finding: Finding) -> Result<()> {
        if !self.told.insert(finding.message.clone()) {
            return Ok(());
        }
        self.done.faults += 1;
        (self.tell)(finding)
    }

    /// Looks at the objects; gives the checksums of the lines, by the object that holds them.
    fn objects(&mut self, uses: &[Use]) -> Result<HashMap<Digest, Vec<Digest>>> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.verify.jobs)
            .build();
        let pool =
            pool.map_err(|error| Error::io("starting threads", std::io::Error::other(error)))?;
        let all: HashSet<Digest> = uses
            .iter()
            .flat_map(|it| [Some(it.object.object), it.object.records])
            .flatten()
            .collect();
        let mut known = HashMap::new();
        for uses in uses.chunks(AT_ONCE) {
            let (folder, looked_at) = (self.folder, &self.verify.looked_at);
            let look = |it: &Use| {
                let checked = lines::check(folder, &it.object, &all);
                looked_at.fetch_add(
                    it.object.stored + it.object.records_stored,
                    Ordering::Relaxed,
                );
                checked
            };
            let checked: Vec<Checked> = pool.install(|| uses.par_iter().map(look).collect());
            for (it, checked) in uses.iter().zip(checked) {
                self.done.objects += 1 + u64::from(it.object.records.is_some());
                self.done.bytes += it.object.stored + it.object.records_stored;
                if let (Some(records), Some(lines)) = (it.object.records, checked.lines) {
                    known.insert(records, lines);
                }
                for mut finding in checked.findings {
                    finding.is_part_of(it.file.clone());
                    finding.snapshots.clone_from(&it.snapshots);
                    self.tell(finding)?;
                }
            }
        }
        Ok(known)
    }

    /// Looks whether the files of a snapshot consist of the lines that were recorded.
    fn files(&mut self, entry: &Entry, known: &HashMap<Digest, Vec<Digest>>) -> Result<()> {
        let Ok(manifest) = Manifest::read(self.folder, entry) else {
            return Ok(());
        };
        for space in &manifest.spaces {
            for file in &space.files {
                let fault = match is_made_of(file, known) {
                    // A part of it is damaged, which was told.
                    None => continue,
                    Some(false) => {
                        Some("does not consist of the lines that were recorded".to_owned())
                    }
                    Some(true) if self.verify.snapshot.is_some() => self.read(file),
                    Some(true) => None,
                };
                if let Some(fault) = fault {
                    let path = entry.path(self.folder);
                    let fault = format!(
                        "tells of a file that is damaged: `{}` of space `{}` {fault}",
                        file.name, space.space
                    );
                    let mut finding = Finding::of(self.folder, &damaged(&path, fault));
                    finding.snapshots = vec![entry.id().into()];
                    finding.file = Some((space.space.clone(), file.name.clone()));
                    self.tell(finding)?;
                }
            }
        }
        Ok(())
    }

    /// Reads a file as a restore would; what is wrong with it, if anything is.
    fn read(&self, file: &StoredFile) -> Option<String> {
        let mut reader = FileReader::new(self.folder.clone(), file.clone(), None);
        let mut buffer = vec![0; 128 << 10];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(error.to_string()),
            }
        }
    }
}

/// Notes what the objects of a snapshot are used for, in the order in which they are first used.
fn collect(
    entry: &Entry,
    manifest: &Manifest,
    places: &mut HashMap<Digest, usize>,
    uses: &mut BTreeMap<usize, Use>,
) {
    for space in &manifest.spaces {
        for file in &space.files {
            for object in &file.objects {
                let next = places.len();
                let place = *places.entry(object.object).or_insert(next);
                let it = uses.entry(place).or_insert_with(|| Use {
                    object: object.clone(),
                    file: (space.space.clone(), file.name.clone()),
                    snapshots: Vec::new(),
                });
                let id = entry.id().into();
                if it.snapshots.last() != Some(&id) {
                    it.snapshots.push(id);
                }
            }
        }
    }
}

/// Whether a file consists of the lines that were recorded, by their checksums; none where not all of them are known.
fn is_made_of(file: &StoredFile, known: &HashMap<Digest, Vec<Digest>>) -> Option<bool> {
    let Some(expected) = file.records_sha256 else {
        return Some(true);
    };
    let mut sum = Sum::default();
    for part in &file.parts {
        let lines = known.get(&file.objects[part.0 as usize].records?)?;
        let place = |line: u64| usize::try_from(line).ok();
        for line in lines.get(place(part.1 - 1)?..place(part.2)?)? {
            sum.add_line(*line);
        }
    }
    Some(sum.finish().0 == expected)
}
