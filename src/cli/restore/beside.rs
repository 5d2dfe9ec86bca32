//! What of a space of a snapshot stands beside its records, and how it comes into a space: value lists, timelines, and connectors that no
//! rule brings.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Client, Space};
use ruleferry::ops::backup::{TIMELINES, VALUE_LISTS, VALUES};
use ruleferry::ops::beyond::{self, Beyond as Referred, Sort};
use ruleferry::ops::import::{Inventory, What};
use ruleferry::ops::model::Outcome;
use ruleferry::ops::spare::{self, Spare};
use ruleferry::ops::timelines;
use ruleferry::ops::value_lists::{self, Settings};
use ruleferry::record::Record;
use ruleferry::repo::{Repository, StoredFile, StoredSpace};

use super::read::Restored;
use crate::cli::carried::{Carried, Doing, Thing};

/// Which of it is wanted.
pub(super) struct Wanted {
    /// Value lists of these ids; all where nothing is said.
    value_lists: Option<BTreeSet<Box<str>>>,
    /// Templates of these ids; all timelines where nothing is said.
    templates: Option<BTreeSet<Box<str>>>,
}

impl Wanted {
    /// What these kinds let through: all where none is named.
    pub(super) fn of(kinds: &[Restored]) -> Self {
        let is_wanted = |kind| kinds.is_empty() || kinds.contains(&kind);
        let none = |kind| (!is_wanted(kind)).then(BTreeSet::new);
        Self {
            value_lists: none(Restored::ValueLists),
            templates: none(Restored::Timelines),
        }
    }

    /// Of this only what chosen records refer to.
    pub(super) fn limit(&mut self, referred: &Referred) {
        let ids = |sort| -> BTreeSet<Box<str>> {
            let ids = referred.of(sort).map(|(id, _)| id.into());
            ids.collect()
        };
        self.value_lists.get_or_insert_with(|| ids(Sort::ValueList));
        self.templates.get_or_insert_with(|| ids(Sort::Timeline));
    }
}

/// What of a space is brought beside its records.
pub(super) struct Beside {
    repository: Repository,
    lists: Vec<(Settings, StoredFile)>,
    timelines: Option<Lines>,
    pub(super) spare: Vec<Spare>,
}

/// Timelines of a snapshot.
enum Lines {
    All(StoredFile),
    /// Chosen ones, which are few.
    Some(Vec<u8>),
}

impl Beside {
    /// Reads which of it there is.
    pub(super) fn read(
        repository: &Repository,
        stored: &StoredSpace,
        wanted: &Wanted,
    ) -> Result<Self> {
        let mut beside = Self {
            repository: repository.clone(),
            lists: Vec::new(),
            timelines: None,
            spare: Vec::new(),
        };
        if let Some(file) = stored.file(VALUE_LISTS) {
            for line in beside.open(file).lines() {
                let line = line.map_err(unread)?;
                let Some(settings) = Settings::parse(&line) else {
                    continue;
                };
                let is_wanted = wanted.value_lists.as_ref();
                let is_wanted = is_wanted.is_none_or(|ids| ids.contains(settings.id()));
                let values = stored.file(&format!("{VALUES}{}", settings.id()));
                if let Some(values) = values.filter(|_| is_wanted) {
                    beside.lists.push((settings, values.clone()));
                }
            }
        }
        if let Some(file) = stored.file(TIMELINES) {
            beside.timelines = match &wanted.templates {
                None => Some(Lines::All(file.clone())),
                Some(ids) if ids.is_empty() => None,
                Some(ids) => {
                    let mut chosen = Vec::new();
                    timelines::choose(beside.open(file), ids, &mut chosen)?;
                    Some(Lines::Some(chosen))
                }
            };
        }
        Ok(beside)
    }

    fn open(&self, file: &StoredFile) -> Box<dyn BufRead + Send> {
        Box::new(BufReader::with_capacity(
            1 << 16,
            self.repository.read(file),
        ))
    }

    fn timelines(&self) -> Box<dyn BufRead + Send + '_> {
        match &self.timelines {
            None => Box::new(&b""[..]),
            Some(Lines::Some(lines)) => Box::new(&lines[..]),
            Some(Lines::All(file)) => self.open(file),
        }
    }

    /// What an empty space would get; fails where something is not what was recorded.
    pub(super) fn on_nothing(&self) -> Result<Vec<Carried>> {
        let mut all = Vec::new();
        for (settings, values) in &self.lists {
            value_lists::distinct(self.open(values))?;
            all.push(Carried::created(Thing::ValueList, settings.id()));
        }
        let named = timelines::named(self.timelines())?;
        all.extend(named.into_iter().map(Carried::from));
        let spare = self.spare.iter();
        all.extend(spare.map(|it| Carried::created(Thing::Connector, &it.id)));
        Ok(all)
    }

    /// The value lists that items of the bundle need, and that are neither brought nor, as `is_there` says, in the space: such an item
    /// excepts nothing.
    pub(super) fn unmet(
        bundle: &Inventory,
        carried: &[Carried],
        is_there: impl Fn(&str) -> bool,
    ) -> Result<Vec<Carried>> {
        let items = (0_u32..).zip(bundle.entries());
        let items = items.filter(|(_, entry)| matches!(entry.what, What::Item(_)));
        let items: Vec<u32> = items.map(|(index, _)| index).collect();
        let mut referred = Referred::default();
        bundle.lines(&items, |_, line| {
            let line = std::str::from_utf8(line).ok();
            if let Some(Ok(item)) = line.map(|line| Record::parse(line, 0)) {
                referred.add(beyond::Referred::of(&item));
            }
            Ok(())
        })?;
        let mut unmet = Vec::new();
        for (id, users) in referred.of(Sort::ValueList) {
            let is_carried = |it: &Carried| it.thing == Thing::ValueList && it.id == id;
            if carried.iter().any(is_carried) || is_there(id) {
                continue;
            }
            let mut carried = Carried::new(Thing::ValueList, id);
            carried.outcome = Outcome::Refused;
            carried.message = Some(format!(
                "it is neither brought nor in the space, and what needs it excepts nothing without it: {}{}",
                users.first,
                match users.count {
                    1 => String::new(),
                    count => format!(" and {} more", count - 1),
                }
            ));
            unmet.push(carried);
        }
        Ok(unmet)
    }

    /// Brings all of it, or says what would become of it.
    pub(super) fn bring(
        &self,
        to: (&Client, &Space),
        doing: Doing<'_>,
        overwrite: bool,
    ) -> Vec<Carried> {
        let mut all: Vec<Carried> = self
            .lists
            .iter()
            .map(|(settings, values)| {
                Carried::value_list(to, settings, || Ok(self.open(values)), doing)
            })
            .collect();
        let is_dry = matches!(doing, Doing::Rehearse { .. });
        let (client, space) = to;
        if self.timelines.is_some() {
            let told = if is_dry {
                timelines::survey(client, space, self.timelines())
            } else {
                timelines::import(client, space, || Ok(self.timelines()))
            };
            match told {
                Ok(told) => all.extend(told.into_iter().map(Carried::from)),
                Err(error) => all.push(Carried::failed(Thing::Timeline, "*", error)),
            }
        }
        let doing = match (is_dry, overwrite) {
            (true, _) => spare::Doing::Rehearse,
            (false, true) => spare::Doing::Overwrite,
            (false, false) => spare::Doing::Add,
        };
        match spare::import(client, space, &self.spare, doing) {
            Ok(told) => all.extend(told.into_iter().map(Carried::from)),
            Err(error) => all.push(Carried::failed(Thing::Connector, "*", error)),
        }
        all
    }
}

fn unread(source: std::io::Error) -> Error {
    Error::io("reading a snapshot", source)
}
