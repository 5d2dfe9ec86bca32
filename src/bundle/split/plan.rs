//! Which records make up which part, and what does each part need from others?

use std::collections::{HashMap, VecDeque};

use super::gather::{clusters, gather};
use super::place::{Placing, UNFIT};
use super::units::{NONE, Units, What};
use super::{By, Limits, Need, Needed, Origin, Part, Plan, Unfit};

/// Plans the parts.
pub(super) fn of(units: &Units, limits: Limits, by: Option<By>) -> Plan {
    let mut placing = Placing::new(units, limits);
    let aside = put_aside(&mut placing);
    let seen = Seen::of(&placing);
    let mut spare = seen.spare.clone();
    let anchors = anchors(&placing, &seen, by);
    let last_gathered = anchors
        .iter()
        .rfind(|&&(_, unit)| seen.is_gathered[unit as usize])
        .map(|&(group, _)| group);
    for anchors in anchors.chunk_by(|(a, _), (b, _)| a == b) {
        let group = anchors[0].0;
        placing.begin(group);
        let gathered = |&&(_, unit): &&(u32, u32)| seen.is_gathered[unit as usize];
        let gathered = anchors.iter().filter(gathered);
        let gathered: Vec<u32> = gathered.map(|&(_, unit)| unit).collect();
        let mut clusters = clusters(&placing, &gathered);
        // Rules that no part can hold together go first, where they begin with an empty part: fewer parts then need a connector.
        let is_first = clusters.iter().any(|cluster| !placing.fits(cluster.size));
        let first = gathered.first().copied().filter(|_| is_first);
        let rest = anchors.iter().map(|&(_, unit)| unit);
        for unit in first.into_iter().chain(rest) {
            if placing.is_placed(unit) {
                continue;
            }
            if seen.is_gathered[unit as usize] {
                gather(
                    &mut placing,
                    &mut spare,
                    &gathered,
                    std::mem::take(&mut clusters),
                );
                if last_gathered == Some(group) {
                    // Kibana 8.7 to 9.0 imports connectors only with rules that have actions.
                    put_where_room_is(&mut placing, &mut spare);
                }
            } else if units.unit(unit).what == What::Rule {
                placing.rule(unit);
            } else {
                placing.together(&[unit]);
            }
        }
    }
    for unit in spare {
        if by.is_some() {
            placing.begin(NONE);
        }
        placing.together(&[unit]);
    }
    finished(&placing, aside, limits, by)
}

/// Places those of the connectors that the last part has room for.
fn put_where_room_is(placing: &mut Placing<'_>, connectors: &mut VecDeque<u32>) {
    connectors.retain(|&connector| {
        let has_room = placing.has_room(placing.units.unit(connector).size);
        if has_room {
            placing.together(&[connector]);
        }
        !has_room
    });
}

/// What one look at all units tells.
struct Seen {
    /// Whether a rule that has a part needs the unit, which then comes with the first such rule.
    is_used: Vec<bool>,
    /// Whether it is a rule whose actions go through connectors that lack secrets.
    is_gathered: Vec<bool>,
    /// Connectors that no rule uses, if there are rules to gather.
    spare: VecDeque<u32>,
}

impl Seen {
    fn of(placing: &Placing<'_>) -> Self {
        let units = placing.units;
        let mut seen = Self {
            is_used: vec![false; units.len()],
            is_gathered: vec![false; units.len()],
            spare: VecDeque::new(),
        };
        for &(rule, need) in units.all_needs() {
            if placing.part(rule) != Some(UNFIT) {
                seen.is_used[units.root(need) as usize] = true;
                seen.is_gathered[rule as usize] |= placing.needs_secrets(need);
            }
        }
        if seen.is_gathered.contains(&true) {
            let mut is_listed = vec![false; units.len()];
            for unit in units.of_records().flatten() {
                let is_spare = units.unit(unit).what == What::Connector
                    && !seen.is_used[unit as usize]
                    && !placing.is_placed(unit);
                if is_spare && !std::mem::replace(&mut is_listed[unit as usize], true) {
                    seen.spare.push_back(unit);
                }
            }
        }
        seen
    }
}

/// Units that nothing else brings, with their groups: in the order of groups, then of the input. Others have no group and go last.
fn anchors(placing: &Placing<'_>, seen: &Seen, by: Option<By>) -> Vec<(u32, u32)> {
    let units = placing.units;
    let mut is_done = seen.is_used.clone();
    for &unit in &seen.spare {
        is_done[unit as usize] = true;
    }
    let mut anchors = Vec::new();
    for unit in units.of_records().flatten() {
        if placing.is_placed(unit) || std::mem::replace(&mut is_done[unit as usize], true) {
            continue;
        }
        let group = if by.is_none() {
            0
        } else {
            units.unit(unit).group
        };
        anchors.push((group, unit));
    }
    anchors.sort_by_key(|&(group, _)| group);
    anchors
}

/// Puts aside what is too much for a part of its own.
fn put_aside(placing: &mut Placing<'_>) -> Vec<Unfit> {
    let units = placing.units;
    let mut aside: Vec<Unfit> = Vec::new();
    let mut places: HashMap<u32, usize> = HashMap::new();
    for (record, unit) in units.of_records().enumerate() {
        let Some(unit) = unit else { continue };
        if let Some(&place) = places.get(&unit) {
            aside[place].records.push(record);
        } else if !placing.is_placed(unit)
            && let Some((limit, found, most)) = placing.broken(units.unit(unit).size)
        {
            placing.put_aside(unit);
            places.insert(unit, aside.len());
            aside.push(Unfit {
                records: vec![record],
                limit,
                found,
                most,
            });
        }
    }
    aside
}

fn finished(placing: &Placing<'_>, unfit: Vec<Unfit>, limits: Limits, by: Option<By>) -> Plan {
    let units = placing.units;
    let mut parts: Vec<Part> = placing
        .parts
        .iter()
        .map(|filled| Part {
            records: Vec::new(),
            bytes: placing.bytes(filled.size),
            counts: filled.size.counts(),
            unreadable: filled.size.unreadable.into(),
            group: units.group(by, filled.group),
            needs: Vec::new(),
            secrets: Vec::new(),
            doubled: Vec::new(),
        })
        .collect();
    let place = |unit: u32| placing.part(unit).filter(|&part| part != UNFIT);
    for (record, unit) in units.of_records().enumerate() {
        if let Some(part) = unit.and_then(place) {
            parts[part as usize].records.push(record);
        }
    }
    tell_needs(placing, &unfit, &mut parts);
    for unit in 0..u32::try_from(units.len()).unwrap_or(NONE) {
        let one = units.unit(unit);
        if one.what == What::Connector
            && one.size.connectors > 1
            && let (Some(part), Some(Needed::Connector(id))) = (place(unit), units.name(unit))
        {
            parts[part as usize].doubled.push(id.clone());
        }
    }
    Plan {
        parts,
        unfit,
        limits,
        by,
    }
}

/// Says of each part what it needs from others, and which connectors need their secrets before it.
fn tell_needs(placing: &Placing<'_>, unfit: &[Unfit], parts: &mut [Part]) {
    let units = placing.units;
    let of_records: Vec<Option<u32>> = units.of_records().collect();
    let unfit_of: HashMap<u32, usize> = unfit
        .iter()
        .enumerate()
        .filter_map(|(place, unfit)| Some((of_records[unfit.records[0]]?, place)))
        .collect();
    let mut needs: Vec<(u32, u32)> = units
        .all_needs()
        .iter()
        .filter_map(|&(rule, need)| Some((placing.part(rule)?, need)))
        .filter(|&(part, _)| part != UNFIT)
        .collect();
    needs.sort_unstable();
    needs.dedup();
    for (part, need) in needs {
        let (Some(from), Some(what)) = (placing.part(need), units.name(need)) else {
            continue;
        };
        if from == part {
            continue;
        }
        let has_connector = placing.parts[part as usize].has_connector;
        let part = &mut parts[part as usize];
        if let Needed::Connector(id) = what
            && placing.needs_secrets(need)
            && !has_connector
        {
            part.secrets.push(id.clone());
        }
        let from = match unfit_of.get(&units.root(need)) {
            Some(&unfit) => Origin::Unfit(unfit),
            None => Origin::Part(from as usize),
        };
        part.needs.push(Need {
            what: what.clone(),
            from,
        });
    }
}
