//! What adds up over the bundle: limits of an import, licences, links, lists that are not for every file.

use std::collections::BTreeMap;

use super::facts::{About, Facts, Mark};
use super::places::Entry;
use super::{BUNDLE, Found, problem, some};
use crate::check::{Level, Problem};
use crate::record::{Counts, Kind, ListId, Namespace};
use crate::schema::Target;

/// How many rules, and how many exception lists and items, an import refuses (`maxRuleImportExportSize`); one less will do.
const RECORDS: u64 = 10_000;
/// How long the body of an import may be (`maxRuleImportPayloadBytes`).
const BYTES: u64 = 10_485_760;
/// What the multipart form around the file takes of it, with room to spare.
const ENVELOPE: u64 = 1024;

/// Something that several records have: the first of them, and how many.
#[derive(Debug, Clone, Copy)]
struct Group {
    first: Entry,
    count: usize,
}

/// Sums over the bundle. Takes a fixed size, and one line for each link and each reserved list.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    bytes: u64,
    unreadable: u64,
    marks: BTreeMap<Mark, Group>,
    links: BTreeMap<Box<str>, Group>,
    artifacts: BTreeMap<ListId, Group>,
    agnostic: Vec<Entry>,
}

impl Tallies {
    pub(super) fn bytes(&mut self, more: u64) {
        self.bytes += more;
    }

    pub(super) fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    pub(super) fn record(&mut self, entry: Entry, facts: &Facts) {
        for mark in &facts.marks {
            count(&mut self.marks, mark, entry);
        }
        match &facts.about {
            About::Rule(rule) => {
                if let Some(url) = &rule.app_url {
                    count(&mut self.links, url, entry);
                }
            }
            About::List { key: Some(key), .. } => {
                if key.namespace == Namespace::Agnostic && !key.id.is_reserved() {
                    self.agnostic.push(entry);
                }
                self.artifact(&key.id, entry);
            }
            About::Item {
                list: Some(key), ..
            } => self.artifact(&key.id, entry),
            About::List { key: None, .. }
            | About::Item { list: None, .. }
            | About::Connector
            | About::Details(_)
            | About::Nothing => {}
        }
    }

    fn artifact(&mut self, id: &ListId, entry: Entry) {
        if id.is_reserved() && id.as_str() != "endpoint_list" {
            count(&mut self.artifacts, id, entry);
        }
    }

    pub(super) fn judge(&self, counts: &Counts, target: Target) -> Vec<Found> {
        let mut found = self.limits(counts);
        for (mark, group) in &self.marks {
            found.push((group.first, mark.problem(group.count)));
        }
        for (url, group) in &self.links {
            let rules = some(group.count, "rule leads", "rules lead");
            let text = format!("notifications of {rules} to `{url}`");
            let hint = "`ruleferry edit convert-space` leads them to another space or Kibana";
            let note = problem("app-link", Level::Note, text).with_hint(hint.into());
            found.push((group.first, note.below(["meta", "kibana_siem_app_url"])));
        }
        for &entry in &self.agnostic {
            let text = "the exception list is `agnostic`: one list for all spaces of the target";
            let hint = "an import that overwrites exceptions changes it for every space; import it once, and leave it out of files for other spaces";
            let note = problem("agnostic-list", Level::Note, text.into()).at("namespace_type");
            found.push((entry, note.with_hint(hint.into())));
        }
        found.extend(self.artifacts(counts, target));
        found.extend(older(counts, target));
        found
    }

    /// Lists of endpoint artifacts: an import of rules refuses the file for them; since 9.4 an import of lists takes one of them.
    fn artifacts(&self, counts: &Counts, target: Target) -> Vec<Found> {
        let alone = counts[Kind::Rule] == 0
            && counts[Kind::Connector] == 0
            && target >= Target::IMPORTS_ARTIFACTS;
        let refused = |(id, group): (&ListId, &Group)| {
            let records = some(group.count, "record belongs", "records belong");
            let text = format!(
                "{records} to `{}`, a list of endpoint artifacts",
                id.as_str()
            );
            let problem = if alone && self.artifacts.len() == 1 {
                let hint = "an import of rules refuses the file; send it to `/api/exception_lists/_import`";
                problem("endpoint-artifacts", Level::Warning, text).with_hint(hint.into())
            } else {
                let hint = "Kibana refuses the whole file; take these records out, and from 9.4 on import each such list by itself through `/api/exception_lists/_import`";
                problem("endpoint-artifacts", Level::Error, text).with_hint(hint.into())
            };
            let text = "Import is not supported for Endpoint artifact exceptions";
            (group.first, problem.at("list_id").with_kibana(text.into()))
        };
        self.artifacts.iter().map(refused).collect()
    }

    fn limits(&self, counts: &Counts) -> Vec<Found> {
        let mut found = Vec::new();
        // What cannot be read, or is nothing else, counts as a rule.
        let rules = counts[Kind::Rule] + counts[Kind::Other] + self.unreadable;
        let exceptions = counts[Kind::ExceptionList] + counts[Kind::ExceptionItem];
        for (code, count, what) in [
            ("too-many-rules", rules, "rules"),
            ("too-many-exceptions", exceptions, "exceptions"),
        ] {
            if count >= RECORDS {
                let text = format!(
                    "the bundle must have fewer than {RECORDS} {what} to be imported at once, found {count}"
                );
                let kibana = format!("Can't import more than {RECORDS} {what}");
                found.push((BUNDLE, over(code, Level::Error, text).with_kibana(kibana)));
            }
        }
        let connectors = counts[Kind::Connector];
        if connectors > RECORDS {
            let text = format!(
                "the bundle should have at most {RECORDS} connectors to be imported at once, found {connectors}"
            );
            found.push((BUNDLE, over("too-many-connectors", Level::Warning, text)));
        }
        if self.bytes + ENVELOPE > BYTES {
            let text = format!(
                "the bundle should have at most {BYTES} bytes, the form around it included, to be imported in one request, found {}",
                self.bytes
            );
            found.push((BUNDLE, over("too-large", Level::Warning, text)));
        }
        found
    }
}

/// What older versions do to any bundle like this.
fn older(counts: &Counts, target: Target) -> Vec<Found> {
    let mut found = Vec::new();
    let lists = counts[Kind::ExceptionList];
    // Since 8.0 such lines are read; issue 143864 of Kibana was open until 8.5.
    if lists > 1 && (Target::version(8, 0)..Target::version(8, 5)).contains(&target) {
        let text = format!(
            "the bundle has {lists} exception lists, of which Kibana {target} may keep the first alone"
        );
        let hint = "import each list and the rules that use it by themselves, or check the lists afterwards";
        found.push((
            BUNDLE,
            problem("lists-lost", Level::Warning, text).with_hint(hint.into()),
        ));
    }
    if counts[Kind::Rule] > 0 && target < Target::version(8, 13) {
        let text = format!(
            "an import of Kibana {target} that overwrites keeps what the rules in the file do not say"
        );
        let hint = "delete rules before they are imported again, if fields were taken out of them";
        found.push((
            BUNDLE,
            problem("overwrite-keeps", Level::Note, text).with_hint(hint.into()),
        ));
    }
    found
}

/// Over a limit that a server has unless it is configured otherwise.
fn over(code: &'static str, level: Level, text: String) -> Problem {
    let hint = "`ruleferry split` makes parts that each import by themselves";
    problem(code, level, text).with_hint(hint.into())
}

fn count<K: Ord + Clone>(groups: &mut BTreeMap<K, Group>, key: &K, entry: Entry) {
    match groups.get_mut(key) {
        Some(group) => group.count += 1,
        None => {
            let first = Group {
                first: entry,
                count: 1,
            };
            groups.insert(key.clone(), first);
        }
    }
}

impl Mark {
    fn problem(self, count: usize) -> Problem {
        match self {
            Self::Ml => {
                let rules = some(
                    count,
                    "machine learning rule needs",
                    "machine learning rules need",
                );
                let text =
                    format!("{rules} a licence with machine learning, as Platinum and trials are");
                let hint = "with another licence Kibana refuses such rules, each for itself";
                problem("needs-licence", Level::Note, text)
                    .at("type")
                    .with_hint(hint.into())
            }
            Self::Suppression => {
                let rules = some(count, "rule suppresses", "rules suppress");
                let text = format!("{rules} alerts, which needs a Platinum licence or a trial");
                let hint = "with another licence the import takes such rules, but alerts are not suppressed";
                problem("needs-licence", Level::Note, text)
                    .at("alert_suppression")
                    .with_hint(hint.into())
            }
            Self::PrebuiltWithoutVersion => {
                let rules = some(count, "rule is", "rules are");
                let text = format!("{rules} marked as Elastic's own and without `version`");
                let hint = "Kibana refuses each whose `rule_id` is one of Elastic's; give them the version they have";
                problem("prebuilt-without-version", Level::Warning, text)
                    .with_hint(hint.into())
                    .with_kibana(
                        "Prebuilt rules must specify a \"version\" to be imported. [rule_id: …]"
                            .into(),
                    )
            }
            Self::DeepLink => {
                let rules = some(count, "rule has", "rules have");
                let text = format!("{rules} links to one Kibana or space in the texts of actions");
                let hint = "after a move they lead to the old place; `ruleferry edit convert-space --from-url OLD --to-url NEW` rewrites them";
                problem("deep-link", Level::Note, text)
                    .at("actions")
                    .with_hint(hint.into())
            }
            Self::Comments => {
                let items = some(count, "exception item has", "exception items have");
                let text = format!("{items} comments, of which the import keeps the text alone");
                let hint = "author and date become those of the import, and an import that overwrites may add them again to those that are there";
                problem("comments-restamped", Level::Note, text)
                    .at("comments")
                    .with_hint(hint.into())
            }
            Self::ExpireTime => {
                let items = some(count, "exception item ends", "exception items end");
                let text =
                    format!("{items} at a time that an import that overwrites does not change");
                let hint = "where such an item is there already and should end at another time, delete it first";
                problem("expire-time-kept", Level::Note, text)
                    .at("expire_time")
                    .with_hint(hint.into())
            }
        }
    }
}
