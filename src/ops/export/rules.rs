//! How do all chosen rules get into the bundle, whatever the server refuses?

use std::collections::BTreeSet;

use serde_json::json;

use super::read::{again, exported, is_out_of_reach, is_refusal, on_one_line, record, status};
use super::{Choice, Connectors, Lacking, Run};
use crate::bundle::References;
use crate::error::{Error, ErrorKind, Result};
use crate::json::Raw;
use crate::kibana::{Method, Request};
use crate::ops::find;
use crate::query::Query;
use crate::record::{Record, RuleId};

/// The most rules that one `_export` is asked for by their ids, so that the request fits Kibana's limit of a JSON body (1 MiB).
const ASKED: usize = 5_000;
/// The most rules that are looked for by their ids.
const NAMED: usize = 500;
/// The most ids that `_bulk_action` takes (bulk-actions.md §1).
const SLICE: usize = 100;
/// Lets no rule of Elastic's own through.
const CUSTOM: &str = "alert.attributes.params.immutable: false";

/// A rule that is to be exported.
struct Found {
    /// Its object id.
    id: Box<str>,
    rule_id: Box<str>,
}

/// What a look through the rules of a space gave.
#[derive(Default)]
struct Sifted {
    chosen: Vec<Found>,
    /// The ids that were asked for and that a rule has.
    met: BTreeSet<RuleId>,
    /// Rules of Elastic's own that were left out because of the server's version.
    prebuilt: u64,
}

/// What became of a request for an export.
enum Asked {
    Given,
    Refused(Error),
}

impl Run<'_> {
    /// Takes the chosen rules, and what exports of them bring along.
    pub(super) fn rules(&mut self, choice: &Choice) -> Result<()> {
        // The cap counts the whole space, even where few rules are asked for (import-export.md §4.1), so one refusal is enough.
        let mut is_capped = false;
        if choice.is_all() {
            let total = again(self.client, || find::count(self.client, self.space, None))?;
            match self.whole(None)? {
                // A server that leaves out rules of Elastic's own counts them here.
                Asked::Given if self.draft.rules() >= total => return Ok(()),
                Asked::Given => {}
                Asked::Refused(error) => is_capped = is_cap(&error),
            }
        }
        let found = self.find(choice)?;
        // Ids go into a query there as they are, so that one with signs in it would be missed, or find others.
        let plain: Vec<&Found> = found
            .iter()
            .filter(|rule| is_plain(&rule.rule_id) && !self.draft.has_rule(&rule.id))
            .collect();
        for asked in plain.chunks(ASKED) {
            if is_capped {
                break;
            }
            if let Asked::Refused(error) = self.whole(Some(asked))? {
                is_capped = is_cap(&error);
            }
        }
        let rest = self.unseen(&found.iter().collect::<Vec<_>>());
        let mut is_denied = false;
        for slice in rest.chunks(SLICE) {
            self.slice(slice, &mut is_denied)?;
        }
        Ok(())
    }

    fn unseen<'f>(&self, found: &[&'f Found]) -> Vec<&'f Found> {
        let unseen = |rule: &&&Found| !self.draft.has_rule(&rule.id);
        found.iter().filter(unseen).copied().collect()
    }

    /// Asks `_export` for every rule, or for these.
    fn whole(&mut self, rules: Option<&[&Found]>) -> Result<Asked> {
        let request = Request::new(Method::Post, "/api/detection_engine/rules/_export")
            .in_space(self.space)
            .replayed();
        let request = match rules {
            Some(rules) => {
                let objects: Vec<_> = rules
                    .iter()
                    .map(|rule| json!({"rule_id": rule.rule_id}))
                    .collect();
                request.json(json!({"objects": objects}).to_string())
            }
            None => request,
        };
        match self.ask(&request) {
            Ok(()) => Ok(Asked::Given),
            // Nothing else will be given where this is not.
            Err(error) if matches!(status(&error), Some(403 | 404)) => Err(error),
            Err(error) if is_refusal(&error) || matches!(error.kind(), ErrorKind::Lost { .. }) => {
                Ok(Asked::Refused(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes what an export gives.
    fn ask(&mut self, request: &Request) -> Result<()> {
        let draft = &mut self.draft;
        let closing = exported(self.client, request, &mut |record| {
            draft.take(record).map(|_| ())
        })?;
        for connector in closing.missing {
            self.dangling_connector(&connector.id, "the server did not find it");
        }
        for connector in closing.excluded {
            let why = connector
                .reason
                .as_deref()
                .unwrap_or("the server excluded it");
            self.lack_connector(&connector.id, why);
        }
        Ok(())
    }

    /// Looks for the chosen rules. One whose connector is gone is taken at once, since an export of it would fail.
    fn find(&mut self, choice: &Choice) -> Result<Vec<Found>> {
        if self.exports_connectors() {
            self.read_connectors()?;
        }
        let mut filter = choice.filter();
        let sifted = loop {
            match self.sift(choice, filter.as_deref()) {
                // A release may not know a field, a proxy not take so long an address; what the filter says is looked for here anyway.
                Err(error) if filter.is_some() && matches!(status(&error), Some(400 | 414)) => {
                    filter = None;
                }
                sifted => break sifted?,
            }
        };
        self.told.prebuilt = sifted.prebuilt;
        for id in choice.ids.iter().flatten() {
            if !sifted.met.contains(id) {
                self.lack(Lacking::Rule(id.clone()), "the space has no such rule");
            }
        }
        Ok(sifted.chosen)
    }

    fn sift(&mut self, choice: &Choice, filter: Option<&str>) -> Result<Sifted> {
        let (client, space) = (self.client, self.space);
        let named = choice.named();
        let mut sifted = Sifted::default();
        let found = again(client, || {
            sifted = Sifted::default();
            let mut look = |text: &str| self.look(choice, text, &mut sifted);
            match &named {
                Some(ids) => find::rules_of(client, space, ids, &mut look),
                None => find::rules(client, space, filter, &mut look).map(|_| ()),
            }
        });
        match found {
            Ok(()) => Ok(sifted),
            // What there is, is there; it is not all.
            Err(error) if is_out_of_reach(&error) => {
                self.lack(Lacking::Rules, error.to_string());
                Ok(sifted)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes down a rule if it is chosen.
    fn look(&mut self, choice: &Choice, text: &str, sifted: &mut Sifted) -> Result<()> {
        let line = on_one_line(text);
        let Ok(rule) = Record::parse(&line, 0) else {
            return Err(Error::refused("a rule of the space cannot be read"));
        };
        let id = RuleId::from(rule.str("rule_id").unwrap_or_default());
        let is_prebuilt = rule.get("immutable").and_then(Raw::as_bool) == Some(true);
        if let Some(ids) = &choice.ids {
            if !ids.contains(&id) {
                return Ok(());
            }
            sifted.met.insert(id.clone());
        }
        if choice.custom_only && is_prebuilt
            || choice
                .only
                .as_ref()
                .is_some_and(|only| !only.matches(&rule))
        {
            return Ok(());
        }
        // Asked for by its id, such a rule is read by itself.
        if is_prebuilt && choice.ids.is_none() && !self.target.imports_prebuilt() {
            sifted.prebuilt += 1;
            return Ok(());
        }
        if self.is_doomed(&rule) {
            return self.take_singly(rule);
        }
        sifted.chosen.push(Found {
            id: rule.str("id").unwrap_or_default().into(),
            rule_id: id.as_str().into(),
        });
        Ok(())
    }

    /// Whether an export of the rule fails, as far as that is known: it has a connector that is gone.
    fn is_doomed(&self, rule: &Record<'_>) -> bool {
        let Connectors::Known(known) = &self.connectors else {
            return false;
        };
        let connectors = References::of(rule).connectors;
        connectors.iter().any(|id| !known.contains_key(id.as_str()))
    }

    /// Takes a rule that came by no export.
    fn take_singly(&mut self, mut rule: Record<'_>) -> Result<()> {
        // An import refuses a rule that has it, so an export has it not (import-export.md §2.1).
        rule.remove("execution_summary");
        if self.draft.take(&rule)? {
            self.doubtful.extend(References::of(&rule).connectors);
            let id = rule.str("rule_id").unwrap_or_default();
            self.told.read_singly.push(id.into());
        }
        Ok(())
    }

    /// Takes the rules by the export that goes by object ids; what it refuses in halves, and at last rule by rule.
    fn slice(&mut self, rules: &[&Found], is_denied: &mut bool) -> Result<()> {
        if !*is_denied {
            let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
            let request = Request::new(Method::Post, "/api/detection_engine/rules/_bulk_action")
                .in_space(self.space)
                .json(json!({"action": "export", "ids": ids}).to_string())
                .replayed();
            match self.ask(&request) {
                Ok(()) => {}
                Err(error) if status(&error) == Some(404) => return Err(error),
                Err(error) if status(&error) == Some(403) => *is_denied = true,
                Err(error)
                    if is_refusal(&error) || matches!(error.kind(), ErrorKind::Lost { .. }) =>
                {
                    if rules.len() > 1 {
                        let (one, other) = rules.split_at(rules.len() / 2);
                        self.slice(one, is_denied)?;
                        return self.slice(other, is_denied);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        for rule in self.unseen(rules) {
            self.single(rule)?;
        }
        Ok(())
    }

    /// Reads one rule, which no export gave.
    fn single(&mut self, rule: &Found) -> Result<()> {
        let request = Request::new(Method::Get, "/api/detection_engine/rules")
            .in_space(self.space)
            .with("id", &*rule.id);
        match record(self.client, &request) {
            Ok(text) => match Record::parse(&text, 0) {
                Ok(rule) => self.take_singly(rule),
                Err(error) => Err(error.into()),
            },
            Err(error) => {
                let why = match status(&error) {
                    Some(404) => "it was deleted meanwhile".into(),
                    // The server is there and busy, or something before it is: the next rule would fare no better.
                    Some(401 | 403 | 408 | 429 | 502..=504) => return Err(error),
                    _ if is_refusal(&error) => error.to_string(),
                    _ => return Err(error),
                };
                self.lack(Lacking::Rule((&*rule.rule_id).into()), why);
                Ok(())
            }
        }
    }
}

impl Choice {
    /// The ids, where it is less to ask for these rules than for all: a request takes some thirty.
    fn named(&self) -> Option<Vec<&str>> {
        let ids = self.ids.as_ref().filter(|ids| ids.len() <= NAMED)?;
        let ids: Vec<&str> = ids.iter().map(RuleId::as_str).collect();
        ids.iter().all(|id| is_plain(id)).then_some(ids)
    }

    /// What `_find` can be asked of it.
    fn filter(&self) -> Option<String> {
        if self.ids.is_some() {
            // Which ids no rule has shows only where nothing else is asked.
            return None;
        }
        let only = self.only.as_ref().and_then(Query::filter);
        match (only, self.custom_only) {
            (Some(only), true) => Some(format!("{only} and {CUSTOM}")),
            (None, true) => Some(CUSTOM.to_owned()),
            (only, false) => only,
        }
    }
}

/// Whether the server has more rules than it exports.
fn is_cap(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 400, message, .. } if message.contains("Can't export more than"))
}

/// Whether an id in a query is that id.
fn is_plain(rule_id: &str) -> bool {
    let is_operator = ["and", "or", "not"].contains(&&*rule_id.to_ascii_lowercase());
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !rule_id.is_empty() && !is_operator && rule_id.chars().all(is_word)
}
