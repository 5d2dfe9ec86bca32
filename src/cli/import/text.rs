//! What people read: what an import would do, and what it did.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use ruleferry::ops::import::{Aim, Inventory, Survey};
use ruleferry::ops::model::Outcome;
use ruleferry::record::Kind;

use super::super::plan::count as plural;
use super::super::table::fit;
use super::job::{Done, Job};
use super::report::{Report, Tally};

/// How many of a sort are named unless more is asked for.
const NAMED: usize = 10;

/// Shows what the import would do to each space.
pub(crate) fn surveys(job: &Job<'_>, surveys: &[Survey], names_all: bool, is_dry: bool) -> String {
    let mut text = String::new();
    let dry = if is_dry { ", if they were sent" } else { "" };
    for (space, survey) in job.spaces.iter().zip(surveys) {
        let records = survey.aims.iter().filter(|aim| **aim != Aim::None);
        _ = writeln!(
            text,
            "{} to space {space} of {} (Kibana {}){dry}",
            plural(records.count(), "record"),
            job.connected,
            job.bundle.target
        );
        text += &of_survey(job.bundle, survey, names_all);
    }
    text
}

/// What an import would do to a space, row by row, and what is worth knowing before.
pub(crate) fn of_survey(bundle: &Inventory, survey: &Survey, names_all: bool) -> String {
    let mut text = String::new();
    let mut rows: BTreeMap<Outcome, Vec<(Kind, usize)>> = BTreeMap::new();
    for ((outcome, kind), count) in &survey.counts {
        rows.entry(*outcome).or_default().push((*kind, *count));
    }
    for (outcome, kinds) in rows {
        text += &row(outcome, &kinds);
    }
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |sort: String, name: String| match groups.iter_mut().find(|(it, _)| *it == sort) {
        Some((_, names)) => names.push(name),
        None => groups.push((sort, vec![name])),
    };
    for (index, aim) in (0_u32..).zip(&survey.aims) {
        match aim {
            Aim::Refused(why) => add(format!("not sent: {why}"), name(bundle, index)),
            Aim::HeldBack(why) => add(format!("held back: {why}"), name(bundle, index)),
            Aim::Conflict => add(
                "in conflict with what is there (`--overwrite` replaces it)".into(),
                name(bundle, index),
            ),
            Aim::Create | Aim::Overwrite | Aim::Unchanged | Aim::None => {}
        }
    }
    for (index, names) in &survey.differing {
        if survey.aims[*index as usize] == Aim::Overwrite {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            add(
                "overwritten".into(),
                format!("{}: {}", name(bundle, *index), names.join(", ")),
            );
        }
    }
    for (sort, names) in groups {
        _ = writeln!(text, "  {sort}");
        let shown = if names_all { names.len() } else { NAMED };
        for name in names.iter().take(shown) {
            _ = writeln!(text, "    {name}");
        }
        if names.len() > shown {
            _ = writeln!(
                text,
                "    and {} more; `-v` names them",
                names.len() - shown
            );
        }
    }
    for warning in &survey.warnings {
        _ = writeln!(text, "  warning: {warning}");
    }
    for &index in &survey.doubles {
        _ = writeln!(
            text,
            "  warning: {} is there more than once",
            name(bundle, index)
        );
    }
    for gap in &survey.gaps {
        _ = writeln!(text, "  unsure: {gap}");
    }
    text
}

fn row(outcome: Outcome, kinds: &[(Kind, usize)]) -> String {
    let total: usize = kinds.iter().map(|(_, number)| number).sum();
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, number)| plural(*number, &kind.to_string()))
        .collect();
    format!(
        "  {:<11} {total:>6}  {}\n",
        label(outcome),
        kinds.join(", ")
    )
}

fn label(outcome: Outcome) -> String {
    outcome.name().replace('_', " ")
}

fn name(bundle: &Inventory, index: u32) -> String {
    let entry = bundle.entry(index);
    let line = bundle.location(index).line;
    match &entry.id {
        Some(id) => format!("{} `{id}` (line {line})", entry.kind),
        None => format!("line {line}"),
    }
}

/// What the user is asked.
pub(crate) fn question(job: &Job<'_>, surveys: &[Survey]) -> String {
    let sent: usize = surveys.iter().map(Survey::sent).sum();
    match job.spaces {
        [space] => format!(
            "Send {} to space {space} of {}?",
            plural(sent, "record"),
            job.connected
        ),
        spaces => format!(
            "Send {} to {} spaces of {}?",
            plural(sent, "record"),
            spaces.len(),
            job.connected
        ),
    }
}

/// What was done.
pub(crate) fn done(report: &Report<'_>, names_all: bool) -> String {
    let mut text = String::new();
    for done in report.done {
        let problems = of_space(report.job, done, names_all);
        if let [_] = report.done {
            let sent = match done.crossed.parts {
                0 => "nothing was sent".to_owned(),
                parts => format!("sent in {}", plural(parts as usize, "part")),
            };
            _ = writeln!(
                text,
                "space {} of {}, {sent}",
                done.space, report.job.connected
            );
            text += &rows(report.job, done);
        } else if !problems.is_empty() {
            _ = writeln!(text, "space {}:", done.space);
        }
        text += &problems;
    }
    if report.done.len() > 1 {
        text += &table(&report.tallies());
    }
    text
}

fn rows(job: &Job<'_>, done: &Done) -> String {
    let mut rows: BTreeMap<Outcome, BTreeMap<Kind, usize>> = BTreeMap::new();
    for (index, told) in (0_u32..).zip(&done.crossed.told) {
        if let Some(told) = told {
            let kinds = rows.entry(told.outcome).or_default();
            *kinds.entry(job.bundle.entry(index).kind).or_default() += 1;
        }
    }
    let texts = rows.into_iter().map(|(outcome, kinds)| {
        let kinds: Vec<(Kind, usize)> = kinds.into_iter().collect();
        row(outcome, &kinds)
    });
    texts.collect()
}

/// What helps where messages have any of these words.
const ADVICE: [(&[&str], &str); 2] = [
    (
        &["Invalid connectors"],
        "Kibana overwrites no rule that acts through connectors without secrets; enter their secrets in Kibana, then import again",
    ),
    (
        &["held back: list", "held back: item"],
        "`--allow-missing-exceptions` sends rules that are held back for a list or an item",
    ),
];

/// So many reasons are told where not everything is asked for.
const GROUPS: usize = 20;

/// Records of which the same is told but for their ids.
struct Group {
    title: String,
    lines: Vec<u32>,
}

impl Group {
    /// Those of a space of which something else is told than that they are there, by the first line of each.
    fn all(job: &Job<'_>, done: &Done) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        let mut at: HashMap<String, usize> = HashMap::new();
        for (index, told) in (0_u32..).zip(&done.crossed.told) {
            let Some(told) = told.as_ref().filter(|told| !told.is_there()) else {
                continue;
            };
            let status = told.status.map(|it| format!(" {it}")).unwrap_or_default();
            let message = told.message.as_deref().unwrap_or("no reason is known");
            let title = format!("{}{status}: {message}", label(told.outcome));
            // Kibana's messages often have the id of the record; it stands below anyway.
            let id = job.bundle.entry(index).id.unwrap_or_default();
            let alike = title.replace(&format!("\"{id}\""), "\"…\"");
            if let Some(&group) = at.get(&alike) {
                groups[group].title.clone_from(&alike);
                groups[group].lines.push(index);
            } else {
                at.insert(alike, groups.len());
                groups.push(Self {
                    title,
                    lines: vec![index],
                });
            }
        }
        groups
    }
}

/// All that is not as planned.
pub(crate) fn of_space(job: &Job<'_>, done: &Done, names_all: bool) -> String {
    let mut text = String::new();
    let groups = Group::all(job, done);
    let most = if names_all { groups.len() } else { GROUPS };
    for group in groups.iter().take(most) {
        _ = writeln!(text, "  {}", group.title);
        let lines = &group.lines;
        let shown = if names_all { lines.len() } else { NAMED };
        for &index in lines.iter().take(shown) {
            _ = writeln!(text, "    {}", name(job.bundle, index));
        }
        if lines.len() > shown {
            let more = lines.len() - shown;
            _ = writeln!(text, "    and {more} more; `-v` or `--report` names them");
        }
    }
    if let Some(rest) = groups.get(most..).filter(|rest| !rest.is_empty()) {
        let records: usize = rest.iter().map(|group| group.lines.len()).sum();
        let records = plural(records, "record");
        _ = writeln!(
            text,
            "  and {} more reasons, of {records}; `-v` or `--report` tells them",
            rest.len()
        );
    }
    for (words, advice) in ADVICE {
        let fits = |group: &Group| words.iter().any(|word| group.title.contains(word));
        if groups.iter().any(fits) {
            _ = writeln!(text, "  help: {advice}");
        }
    }
    for double in &done.doubles {
        let name = name(job.bundle, double.index);
        if double.objects.is_empty() {
            _ = writeln!(text, "  duplicate: {name} is there more than once");
            continue;
        }
        let hint = if double.is_removable {
            "`--remove-duplicates` deletes the younger"
        } else {
            "deleting either takes the items of both, so look at them in Kibana"
        };
        _ = writeln!(
            text,
            "  duplicate: {name} is there {} times ({}); {hint}",
            double.objects.len(),
            double.objects.join(", ")
        );
    }
    if done.removed > 0 {
        _ = writeln!(text, "  {} younger duplicates were deleted", done.removed);
    }
    for gap in &done.crossed.gaps {
        _ = writeln!(text, "  unsure: {gap}");
    }
    text
}

/// One row a space.
pub(crate) fn table(tallies: &[Tally]) -> String {
    let longest = tallies.iter().map(|tally| tally.space.len()).max();
    let width = longest.unwrap_or(0).clamp(5, 40);
    let used: Vec<Outcome> = Outcome::ALL
        .into_iter()
        .filter(|&outcome| tallies.iter().any(|tally| tally.count(outcome) > 0))
        .collect();
    let mut text = fit("space", width);
    for outcome in &used {
        _ = write!(text, "  {:>11}", label(*outcome));
    }
    text += "  parts\n";
    for tally in tallies {
        text += &fit(&tally.space, width);
        for outcome in &used {
            _ = write!(text, "  {:>11}", tally.count(*outcome));
        }
        _ = writeln!(text, "  {:>5}", tally.parts);
    }
    text
}
