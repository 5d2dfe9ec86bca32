//! Which connectors of each target take the place of the source's: by id, as an import does, by name and type, or as the map file says.
//!
//! It is settled once for the whole run, before anything is sent, and stands in the journal: what the run itself makes in a space
//! does not change what a run that goes on takes for whose counterpart.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum;
use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::counterpart::{Candidates, Found};
use ruleferry::ops::import::several;
use ruleferry::pipeline::{Pipeline, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::known::{Known, Theirs, label};
use super::map::Map;
use super::reference::{Reference, Replacement};
use super::side::Side;
use crate::cli::import::ledger::Ledger;

/// How many connectors are named unless more is asked for.
const NAMED: usize = 10;

/// How connectors find those that take their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Matching {
    /// By id, as an import does.
    #[default]
    ById,
    /// By name and type.
    ByName,
}

/// A connector whose place another takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) old: Box<str>,
    pub(super) new: Box<str>,
    /// What people call both.
    pub(super) names: [Option<Box<str>>; 2],
    ty: Option<Box<str>>,
    /// Whether the map file says so.
    is_mapped: bool,
    /// Whether the one there lacked its secrets.
    is_missing_secrets: bool,
}

/// What becomes of connectors in one space.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Place {
    pairs: Vec<Pair>,
    /// Connectors that have no counterpart, as people call them.
    absent: Vec<String>,
    /// What somebody has to decide.
    open: Vec<String>,
}

/// What becomes of connectors in each space, by its whole name.
#[derive(Default)]
pub(super) struct Joined(BTreeMap<String, Place>);

impl Joined {
    /// Finds who takes whose place in each space, or takes it from the journal of the run that is gone on with.
    pub(super) fn find(
        known: &Known,
        (matching, map): (Matching, &Map),
        sides: &[Side],
        ledgers: &mut [Ledger],
    ) -> Result<Self> {
        map.warn_of_others(sides);
        let mut joined = Self::default();
        for (side, ledger) in sides.iter().zip(ledgers) {
            let before: Option<BTreeMap<String, Place>> =
                serde_json::from_value(ledger.get("joined").clone()).ok();
            let places = match before {
                Some(places) => places,
                None => side_of(known, (matching, map), side)?,
            };
            ledger.set("joined", json!(places));
            for (space, place) in places {
                joined
                    .0
                    .insert(format!("{}/{space}", side.connected), place);
            }
        }
        Ok(joined)
    }

    fn place(&self, side: &Side, space: &Space) -> Option<&Place> {
        self.0.get(&side.name(space))
    }

    /// Who takes whose place in a space.
    pub(super) fn pairs(&self, side: &Side, space: &Space) -> &[Pair] {
        self.place(side, space).map_or(&[], |place| &place.pairs)
    }

    /// Fails where somebody has to decide first.
    pub(super) fn decided(&self) -> Result<()> {
        let mut open = Vec::new();
        for (name, place) in &self.0 {
            open.extend(place.open.iter().map(|it| format!("{name}: {it}")));
        }
        if open.is_empty() {
            return Ok(());
        }
        Err(Error::usage(format!(
            "connectors without a certain counterpart: {}; `connectors` in `--map-file` says which is meant",
            open.join("; ")
        )))
    }

    /// The step that points rules at the connectors of a space, if there is anything to do.
    pub(super) fn steps(&self, side: &Side, space: &Space) -> Result<Vec<Step>> {
        remap(
            self.pairs(side, space)
                .iter()
                .map(|it| (&*it.old, &*it.new)),
        )
    }

    /// As people read it before they say yes: so many that go by their ids by name unless more is asked for.
    pub(super) fn text(&self, side: &Side, space: &Space, names_all: bool) -> String {
        let mut text = String::new();
        let Some(place) = self.place(side, space) else {
            return text;
        };
        for pair in &place.pairs {
            let old = label(&pair.old, pair.names[0].as_deref(), pair.ty.as_deref());
            let new = label(&pair.new, pair.names[1].as_deref(), None);
            let how = if pair.is_mapped { "map file" } else { "name" };
            _ = if pair.old == pair.new {
                writeln!(text, "  {old} is there already and is not sent")
            } else {
                writeln!(
                    text,
                    "  {old} is not sent; rules act through {new} (by {how})"
                )
            };
            if pair.is_missing_secrets {
                _ = writeln!(
                    text,
                    "    it has no secrets yet, and until it has Kibana may refuse rules that act through it"
                );
            }
        }
        if !place.absent.is_empty() {
            let count = place.absent.len();
            let plural = if count == 1 { "" } else { "s" };
            _ = writeln!(
                text,
                "  by their ids, since none of the same name and type is there: {count} connector{plural}"
            );
            let shown = if names_all { count } else { NAMED };
            for absent in place.absent.iter().take(shown) {
                _ = writeln!(text, "    {absent}");
            }
            if count > shown {
                _ = writeln!(text, "    and {} more; `-v` names them", count - shown);
            }
        }
        for open in &place.open {
            _ = writeln!(text, "  to be decided: {open}");
        }
        text
    }

    /// As lines of the report.
    pub(super) fn json(&self, side: &Side, space: &Space, target: Option<&str>) -> String {
        let mut text = String::new();
        let mut add = |mut line: Value| {
            line["schema_version"] = 1.into();
            line["space"] = space.as_str().into();
            if let Some(target) = target {
                line["target"] = target.into();
            }
            _ = writeln!(text, "{line}");
        };
        for pair in self.pairs(side, space) {
            add(json!({
                "joined": "connector",
                "id": pair.old,
                "to": pair.new,
                "name": pair.names[0],
                "to_name": pair.names[1],
                "by": if pair.is_mapped { "map-file" } else { "name" },
            }));
        }
        // Only a plan has these.
        for open in self.place(side, space).iter().flat_map(|it| &it.open) {
            add(json!({"joined": "connector", "to": null, "message": open}));
        }
        text
    }
}

/// The step that does it, once it is known.
fn remap<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Result<Vec<Step>> {
    let maps: toml::Table = pairs
        .map(|(old, new)| (old.to_owned(), toml::Value::from(new)))
        .collect();
    if maps.is_empty() {
        return Ok(Vec::new());
    }
    let settings = toml::Table::from_iter([("maps".to_owned(), toml::Value::from(maps))]);
    let step = toml::Table::from_iter([("remap-connectors".to_owned(), settings.into())]);
    Ok(Pipeline::from_step(&step.to_string())?.steps().to_vec())
}

/// Fails where ids make no sense as such.
pub(super) fn check(replacements: &[Replacement]) -> Result<()> {
    let id = |it: &Reference, or: &'static str| match it {
        Reference::Id(id) => id.clone(),
        Reference::Named { .. } => or.into(),
    };
    replacements.iter().try_for_each(|it| {
        let (old, new) = (id(&it.old, "old"), id(&it.new, "new"));
        remap(std::iter::once((&*old, &*new))).map(drop)
    })
}

/// What becomes of connectors in the spaces of a Kibana.
fn side_of(
    known: &Known,
    (matching, map): (Matching, &Map),
    side: &Side,
) -> Result<BTreeMap<String, Place>> {
    const AT_ONCE: usize = 4;
    let places = several(&side.spaces, AT_ONCE, |space| -> Result<Option<Place>> {
        let replacements = map.connectors(side, space);
        let is_id = |it: &&Replacement| matches!(it.new, Reference::Id(_));
        let is_plain = matching == Matching::ById && replacements.iter().all(is_id);
        if is_plain && replacements.is_empty() {
            return Ok(None);
        }
        let candidates = if is_plain {
            Candidates::default()
        } else {
            Candidates::read(&side.connected.client, space)?
        };
        let seeking = Seeking {
            known,
            candidates: &candidates,
        };
        seeking.place(matching, &replacements).map(Some)
    });
    let mut all = BTreeMap::new();
    for (space, place) in side.spaces.iter().zip(places) {
        if let Some(place) = place? {
            all.insert(space.to_string(), place);
        }
    }
    Ok(all)
}

/// A space that counterparts are sought in.
struct Seeking<'s> {
    known: &'s Known,
    candidates: &'s Candidates,
}

impl Seeking<'_> {
    fn place(&self, matching: Matching, replacements: &[&Replacement]) -> Result<Place> {
        let mut place = Place::default();
        let mut done: Vec<Box<str>> = Vec::new();
        for Replacement { old, new } in replacements {
            for old in self.olds(old)? {
                if done.contains(&old) {
                    continue;
                }
                match new {
                    Reference::Id(id) => place.pairs.push(self.pair(&old, id, true)),
                    Reference::Named { name, ty } => {
                        let own = self.known.0.get(&old).and_then(|it| it.ty.clone());
                        let ty = ty.clone().or(own);
                        self.named(&mut place, (&old, true), name, ty.as_deref());
                    }
                }
                done.push(old);
            }
        }
        if matching == Matching::ByName {
            for (old, theirs) in &self.known.0 {
                if done.contains(old) {
                    continue;
                }
                match &theirs.name {
                    Some(name) => self.named(&mut place, (old, false), name, theirs.ty.as_deref()),
                    None => place.absent.push(self.known.label(old)),
                }
            }
        }
        Ok(place)
    }

    /// The ids that a map file means by what it calls a connector of the source; none where no rule acts through one.
    fn olds(&self, old: &Reference) -> Result<Vec<Box<str>>> {
        let (name, ty) = match old {
            Reference::Id(id) => return Ok(vec![id.clone()]),
            Reference::Named { name, ty } => (name, ty),
        };
        let is_it = |it: &Theirs| it.name.as_ref() == Some(name) && (ty.is_none() || it.ty == *ty);
        let found = self.known.0.iter().filter(|(_, it)| is_it(it));
        let found: Vec<Box<str>> = found.map(|(id, _)| id.clone()).collect();
        if found.len() > 1 {
            return Err(Error::usage(format!(
                "the map file must name connectors of the source for certain, and `{name}` are several (`{}`); name them by id",
                found.join("`, `")
            )));
        }
        Ok(found)
    }

    fn pair(&self, old: &str, new: &str, is_mapped: bool) -> Pair {
        let theirs = self.known.0.get(old).cloned().unwrap_or_default();
        let there = self.candidates.get(new);
        Pair {
            old: old.into(),
            new: new.into(),
            names: [theirs.name, there.map(|it| it.name.clone())],
            ty: theirs.ty,
            is_mapped,
            is_missing_secrets: there.is_some_and(|it| it.is_missing_secrets),
        }
    }

    fn named(
        &self,
        place: &mut Place,
        (old, is_mapped): (&str, bool),
        name: &str,
        ty: Option<&str>,
    ) {
        let label = self.known.label(old);
        match self.candidates.named(name, ty, old) {
            // An import gets there by itself, and needs its line for the rules' sake while it has no secrets.
            Found::One(one) if one.is_missing_secrets && self.candidates.is_from(&one.id, old) => {}
            Found::One(one) => place.pairs.push(self.pair(old, &one.id, is_mapped)),
            Found::None if is_mapped => {
                let ty = ty.map_or_else(String::new, |ty| format!(" of type {ty}"));
                let open = format!("{label} is to become `{name}`{ty}, which is not there");
                place.open.push(open);
            }
            Found::None => place.absent.push(label),
            Found::Several(several) => {
                let ids: Vec<&str> = several.iter().map(|it| &*it.id).collect();
                let open = format!("{label} may be any of `{}`", ids.join("`, `"));
                place.open.push(open);
            }
            Found::Blurred(one, other) => place.open.push(format!(
                "{label} would become `{}`, which Kibana does not tell from `{other}`, once imported by that id",
                one.id
            )),
        }
    }
}
