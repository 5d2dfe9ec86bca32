//! Does a server's dry run say the same of each rule as the offline answer to the same request?

use std::collections::{HashMap, HashSet};
use std::io::{BufWriter, Write};

use super::{Answer, Failed, Order};
use crate::bulk::{self, Bulk, Choice, Selected, Settings, Summary};
use crate::error::{Error, Result};
use crate::json::Object;
use crate::ops::find;
use crate::ops::resolve::Known;
use crate::pipeline::{OnError, Reading};
use crate::stream::{Source, Spool};

/// What is said of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is none of those that the request is for.
    Unchosen,
    /// It passes the checks.
    Passes,
    /// It has an error.
    Fails {
        /// The text.
        message: String,
        /// The status of the one rule.
        status: u16,
        /// The `err_code`, if there is one.
        code: Option<String>,
    },
}

/// A rule of which both say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The rule; of one that is not in the space, only the `id` is known.
    pub rule: Known,
    /// What the server says.
    pub live: Verdict,
    /// What is said offline.
    pub offline: Verdict,
}

/// What both say.
#[derive(Debug)]
pub struct Compared {
    /// How many rules the server counts, by how they fare.
    pub live: Summary,
    /// The same offline.
    pub offline: Summary,
    /// The rules of which they say different things, in the order of the space.
    pub differences: Vec<Difference>,
}

/// The rules of a space, for the offline answer.
struct Rules {
    known: Vec<Known>,
    /// Those that the request is for, told offline.
    chosen: HashSet<String>,
    lines: Spool,
}

impl Order<'_> {
    /// Compares the server's dry run with the offline answer on the rules that the space has now. Changes nothing.
    ///
    /// `ids` are those of the request, or none where a query chooses, and `missing` the `rule_id`s that no rule has; `offline` is
    /// the same request, read for files.
    pub fn compare(
        &self,
        (ids, missing): (Option<&[String]>, &[String]),
        offline: &bulk::Request,
        settings: &Settings,
        reading: &Reading,
    ) -> Result<Compared> {
        let mut live = self.run(ids)?;
        live.add_missing(missing);
        if let Some(unknown) = live.unknown.pop() {
            return Err(unknown.error);
        }
        if let Some(error) = live.refusal.take() {
            return Err(error);
        }
        let live_chosen = self.chosen(ids)?;
        let rules = self.rules(offline, ids)?;
        let (summary, offline_fails) = answer(rules.lines, offline, settings, reading)?;
        let live_fails = fails(&live);
        let verdict =
            |fails: &HashMap<String, Verdict>, chosen: &HashSet<String>, id: &str| match fails
                .get(id)
            {
                Some(verdict) => verdict.clone(),
                None if chosen.contains(id) => Verdict::Passes,
                None => Verdict::Unchosen,
            };
        let there: HashSet<&str> = rules.known.iter().map(|rule| rule.id.as_str()).collect();
        let nowhere = ids.unwrap_or_default().iter();
        let nowhere = nowhere.filter(|id| !there.contains(id.as_str()));
        let nowhere: Vec<Known> = nowhere.map(|id| Known::of_id(id)).collect();
        let absent: HashSet<&str> = live.absent.ids.iter().map(String::as_str).collect();
        let mut differences = Vec::new();
        for rule in rules.known.iter().chain(&nowhere) {
            let mut live = verdict(&live_fails, &live_chosen, &rule.id);
            if live == Verdict::Passes && !there.contains(rule.id.as_str())
                || absent.contains(rule.id.as_str())
            {
                live = Verdict::Unchosen;
            }
            let offline = verdict(&offline_fails, &rules.chosen, &rule.id);
            if !live.is_like(&offline) {
                differences.push(Difference {
                    rule: rule.clone(),
                    live,
                    offline,
                });
            }
        }
        Ok(Compared {
            live: live.summary,
            offline: summary,
            differences,
        })
    }

    /// The `id`s of the rules that the server takes the request to be for.
    fn chosen(&self, ids: Option<&[String]>) -> Result<HashSet<String>> {
        if let Some(ids) = ids {
            return Ok(ids.iter().cloned().collect());
        }
        let filter = match &self.request.choice {
            Choice::Query(query) if !query.trim().is_empty() => Some(query.as_str()),
            _ => None,
        };
        let mut chosen = HashSet::new();
        find::rules(self.client, self.space, filter, &mut |rule| {
            chosen.insert(Known::read(rule)?.id);
            Ok(())
        })?;
        Ok(chosen)
    }

    /// Reads the rules of the space.
    fn rules(&self, offline: &bulk::Request, ids: Option<&[String]>) -> Result<Rules> {
        let mut lines = BufWriter::new(Spool::new()?);
        let keeping = |source| Error::io("keeping rules in a temporary file", source);
        let mut known = Vec::new();
        let mut chosen: HashSet<String> = ids.unwrap_or_default().iter().cloned().collect();
        find::rules(self.client, self.space, None, &mut |text| {
            let rule = Known::read(text)?;
            let is_chosen = match &offline.selected {
                Selected::All => true,
                Selected::Query(query) => query.matches(&Object::parse(text)?),
                Selected::Ids(_) | Selected::RuleIds(_) => false,
            };
            if is_chosen {
                chosen.insert(rule.id.clone());
            }
            known.push(rule);
            writeln!(lines, "{text}").map_err(keeping)
        })?;
        let lines = lines
            .into_inner()
            .map_err(|error| keeping(error.into_error()))?;
        Ok(Rules {
            known,
            chosen,
            lines,
        })
    }
}

impl Verdict {
    /// Whether both mean the same: of two errors their codes tell, or their texts where there are none.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Fails {
                    message,
                    status,
                    code,
                },
                Self::Fails {
                    message: their_message,
                    status: their_status,
                    code: their_code,
                },
            ) => {
                let same_words = code.is_some() || message == their_message;
                code == their_code && status == their_status && same_words
            }
            (one, other) => one == other,
        }
    }
}

/// Does the request to the rules offline, as a dry run: how many fare how, and which fail.
fn answer(
    mut lines: Spool,
    request: &bulk::Request,
    settings: &Settings,
    reading: &Reading,
) -> Result<(Summary, HashMap<String, Verdict>)> {
    let mut bulk = Bulk::new(request, settings, false)?;
    let source = Source::decoded("the rules of the space", lines.reader()?);
    bulk.run(
        reading,
        OnError::Stop,
        vec![source],
        std::io::sink(),
        &mut |_| Ok(()),
    )?;
    let answer = bulk.finish().answer;
    let mut verdicts = HashMap::new();
    for group in answer.errors() {
        let failure = &group.failure;
        for rule in &group.rules {
            let id = rule.id.as_ref().or(rule.rule_id.as_ref());
            let verdict = Verdict::Fails {
                message: failure.message.to_string(),
                status: failure.status,
                code: failure.code.map(Into::into),
            };
            verdicts.insert(id.map(ToString::to_string).unwrap_or_default(), verdict);
        }
    }
    Ok((answer.summary(), verdicts))
}

/// What a server's answer says of the rules that fail.
fn fails(answer: &Answer) -> HashMap<String, Verdict> {
    let verdict = |group: &Failed| Verdict::Fails {
        message: group.message.clone(),
        status: group.status_code,
        code: group.err_code.clone(),
    };
    let groups = answer.errors.iter();
    groups
        .flat_map(|group| group.rules.iter().map(move |rule| (rule, verdict(group))))
        .filter_map(|(rule, verdict)| Some((rule.id.clone()?, verdict)))
        .collect()
}
