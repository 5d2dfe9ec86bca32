//! What does the import make of rules? Ids of connectors and lists are found, then rules are created or overwritten.

use std::collections::HashMap;

use super::answer::{Answer, Connectors, Exceptions, Message, Refusal};
use super::content::{Action, Content, Reference};
use super::ledger::{Ledger, Note, Outcome};
use super::read::{ConnectorLine, RuleLine, Slot};
use super::repoint::{check_connectors, repointed, swapped, unfit};
use super::server::Generation;
use super::{Halt, Model, Overwrite, Rule, actions, blocking, connectors};
use crate::record::{ListId, ListKey, Namespace, RuleId};

/// So many rules are imported at once.
const CHUNK: usize = 50;

/// An import of rules on its way.
#[derive(Debug)]
pub(super) struct Run {
    overwrite: Overwrite,
    /// Whether connectors may lack their secrets: so where the request has any connector (import-export.md §3.6).
    tolerates: bool,
    rules_count: u64,
    done: u64,
    unchanged: u64,
    errors: Vec<Refusal>,
}

/// What an import of rules came to.
#[derive(Debug)]
pub(super) struct Done {
    run: Run,
    errors: Vec<Refusal>,
    connectors: Option<Connectors>,
    counts_unchanged: bool,
}

impl Done {
    /// The whole answer.
    pub(super) fn answer(self, exceptions: Exceptions) -> Answer {
        Answer {
            success: self.errors.is_empty(),
            success_count: self.run.done,
            rules_count: self.run.rules_count,
            errors: self.errors,
            exceptions,
            connectors: self.connectors,
            unchanged_count: self.counts_unchanged.then_some(self.run.unchanged),
        }
    }
}

impl Run {
    pub(super) fn new(overwrite: Overwrite, tolerates: bool, rules_count: u64) -> Self {
        Self {
            overwrite,
            tolerates,
            rules_count,
            done: 0,
            unchanged: 0,
            errors: Vec::new(),
        }
    }

    /// Imports connectors and rules, in the order of the server's generation.
    pub(super) fn import(
        mut self,
        model: &mut Model,
        rules: Vec<Slot<RuleLine>>,
        lines: &[ConnectorLine],
        ledger: &mut Ledger,
    ) -> Result<Done, Halt> {
        let (doubles, rules) = distinct(rules, self.overwrite.rules, ledger);
        let overwrite = self.overwrite.connectors;
        let (errors, connectors) = match model.server.generation() {
            Generation::G3 => {
                let (rules, missing) = check_connectors(model, rules, ledger);
                self.chunks(model, rules, ledger);
                ([doubles, self.errors.split_off(0), missing].concat(), None)
            }
            Generation::G4 => {
                let rules = repointed(model, rules, ledger);
                let imported = blocking::import(model, lines, &rules, overwrite, ledger);
                let mut errors = [imported.told.errors.clone(), doubles].concat();
                if imported.told.errors.is_empty() {
                    let rules = if imported.is_any_moved {
                        swapped(rules, &imported.destinations)
                    } else {
                        rules
                    };
                    self.chunks(model, rules, ledger);
                    errors.append(&mut self.errors);
                } else {
                    let why = "no rule of a request is imported where a connector fails";
                    for rule in &rules {
                        match rule {
                            Ok(rule) => ledger.pass_over(rule.place, why),
                            Err(unfit) => ledger.pass_over(unfit.place, &unfit.message.text()),
                        }
                    }
                }
                (errors, Some(imported.told))
            }
            Generation::G5 | Generation::G6 => {
                let told = connectors::import(model, lines, overwrite, ledger)?;
                let rules = repointed(model, rules, ledger);
                let (unfit, rules) = unfit(rules, ledger);
                let (rules, missing) = check_connectors(model, rules, ledger);
                self.chunks(model, rules, ledger);
                let run = self.errors.split_off(0);
                ([unfit, doubles, run, missing].concat(), Some(told))
            }
        };
        Ok(Done {
            errors,
            connectors,
            counts_unchanged: model.server.counts_unchanged(),
            run: self,
        })
    }

    fn chunks(&mut self, model: &mut Model, rules: Vec<Slot<RuleLine>>, ledger: &mut Ledger) {
        let is_split = model.server.generation() <= Generation::G4;
        let mut rules = rules.into_iter().peekable();
        while rules.peek().is_some() {
            let chunk: Vec<Slot<RuleLine>> = rules.by_ref().take(CHUNK).collect();
            let lists = model.referenced(&chunk);
            let (mut early, mut late) = (Vec::new(), Vec::new());
            for rule in chunk {
                let rule = match rule {
                    Ok(rule) => rule,
                    Err(unfit) => {
                        ledger.refuse(unfit.place, 400, &unfit.message);
                        late.push(Refusal::unknown(400, unfit.message));
                        continue;
                    }
                };
                let (lost, refusal) = self.rule(model, &rule, &lists, ledger);
                // Before 8.19 and 9.1, what is said of references comes before all else of the chunk.
                if is_split { &mut early } else { &mut late }.extend(lost);
                late.extend(refusal);
            }
            self.errors.append(&mut early);
            self.errors.append(&mut late);
        }
    }

    /// Imports one rule; what is said of its references, and what is wrong with it.
    fn rule(
        &mut self,
        model: &mut Model,
        rule: &RuleLine,
        lists: &HashMap<ListId, ListKey>,
        ledger: &mut Ledger,
    ) -> (Vec<Refusal>, Option<Refusal>) {
        let place = rule.place;
        let mut content = rule.content.clone();
        let refuse = |status, message: Message, ledger: &mut Ledger| {
            ledger.refuse(place, status, &message);
            Some(Refusal::of_rule(&rule.rule_id, status, message))
        };
        let is_prebuilt = model.is_prebuilt(rule);
        if let Some(message) = refused_as_prebuilt(model, rule, is_prebuilt) {
            return (Vec::new(), refuse(400, message, ledger));
        }
        let lost = resolve(model, rule, &mut content, lists, ledger);
        let existing = model.rules.get(&*rule.rule_id);
        if existing.is_some() && !self.overwrite.rules {
            let message = Message::Exact(model.server.conflict_text(&rule.rule_id));
            return (lost, refuse(409, message, ledger));
        }
        if let Some(existing) = existing.filter(|_| !model.server.replaces_whole()) {
            keep(&mut content, rule, &existing.content);
        }
        // Overwriting does not pass the tolerance on.
        let tolerates = self.tolerates && existing.is_none();
        if let Some(message) = actions::refusal(model, rule, &content, tolerates) {
            return (lost, refuse(400, message, ledger));
        }
        let (enabled, version) = match existing {
            Some(existing) => (existing.content.enabled, existing.content.version),
            None => (Some(false), Some(1)),
        };
        content.enabled = content.enabled.or(enabled);
        content.version = content.version.or(version);
        let immutable = is_prebuilt && model.server.target.imports_prebuilt();
        let (outcome, id) = match existing {
            None => (Outcome::Created, None),
            Some(it) if it.immutable == immutable && content.is_same(&it.content) => {
                (Outcome::Unchanged, Some(it.id.clone()))
            }
            Some(it) => {
                if !model.server.replaces_whole() {
                    content.rest = None;
                }
                (Outcome::Overwritten, Some(it.id.clone()))
            }
        };
        self.done += 1;
        self.unchanged += u64::from(outcome == Outcome::Unchanged);
        ledger.done(place, outcome);
        let id = id.unwrap_or_else(|| model.new_id());
        let stored = Rule {
            id,
            immutable,
            content,
        };
        model.rules.insert(RuleId::from(&*rule.rule_id), stored);
        (lost, None)
    }
}

/// The rules with each `rule_id` once, the last of them at the place of the first, and what is said of the others.
fn distinct(
    rules: Vec<Slot<RuleLine>>,
    overwrite: bool,
    ledger: &mut Ledger,
) -> (Vec<Refusal>, Vec<Slot<RuleLine>>) {
    let mut places: HashMap<Box<str>, usize> = HashMap::new();
    let (mut errors, mut kept) = (Vec::new(), Vec::<Slot<RuleLine>>::new());
    for slot in rules {
        let at = match &slot {
            Ok(rule) => match places.get(&rule.rule_id) {
                Some(&at) => at,
                None => {
                    places.insert(rule.rule_id.clone(), kept.len());
                    kept.push(slot);
                    continue;
                }
            },
            Err(_) => {
                kept.push(slot);
                continue;
            }
        };
        if let Ok(earlier) = &kept[at] {
            if overwrite {
                ledger.pass_over(earlier.place, "a later line has the same `rule_id`");
            } else {
                let id = &earlier.rule_id;
                let text = format!("More than one rule with rule-id: \"{id}\" found");
                let message = Message::Exact(text);
                ledger.refuse(earlier.place, 400, &message);
                errors.push(Refusal::of_rule(id, 400, message));
            }
            ledger.note(earlier.place, Note::Superseded);
        }
        kept[at] = slot;
    }
    (errors, kept)
}

fn refused_as_prebuilt(model: &Model, rule: &RuleLine, is_prebuilt: bool) -> Option<Message> {
    if !is_prebuilt {
        return None;
    }
    let id = &rule.rule_id;
    let text = if !model.server.target.imports_prebuilt() {
        format!(
            "Importing prebuilt rules is not supported. To import this rule as a custom rule, first duplicate the rule and then export it. [rule_id: {id}]"
        )
    } else if rule.content.version.is_none() {
        format!("Prebuilt rules must specify a \"version\" to be imported. [rule_id: {id}]")
    } else {
        return None;
    };
    Some(Message::Exact(text))
}

/// Gives a rule what its line does not say and it has in the space: so where overwriting is a patch (import-export.md §2.3).
fn keep(content: &mut Content, line: &RuleLine, stored: &Content) {
    if content.actions.is_empty() {
        let of_no_line = |action: &Action| Action {
            index: usize::MAX,
            ..action.clone()
        };
        content.actions = stored.actions.iter().map(of_no_line).collect();
    }
    if !line.has_references {
        content.references.clone_from(&stored.references);
    }
}

/// Gives the rule's references the ids of their lists, and takes away those whose list is not there or of another kind.
fn resolve(
    model: &Model,
    rule: &RuleLine,
    content: &mut Content,
    lists: &HashMap<ListId, ListKey>,
    ledger: &mut Ledger,
) -> Vec<Refusal> {
    let mut errors = Vec::new();
    content.references.retain_mut(|reference: &mut Reference| {
        let found = lists.get(&reference.list.id);
        let list = found
            .filter(|key| **key == reference.list)
            .and_then(|key| model.list(key))
            .filter(|list| list.ty == reference.ty);
        if let Some(list) = list {
            reference.id = Some(list.id.clone());
            return true;
        }
        let (id, list) = (&rule.rule_id, reference.list.id.as_str());
        let text = format!(
            "Rule with rule_id: \"{id}\" references a non existent exception list of list_id: \"{list}\". Reference has been removed."
        );
        ledger.note(rule.place, Note::LosesReference(reference.list.clone()));
        errors.push(Refusal::of_rule(id, 400, Message::Exact(text)));
        false
    });
    errors
}

impl Model {
    /// Whether the import takes the rule for one of Elastic's own.
    fn is_prebuilt(&self, rule: &RuleLine) -> bool {
        match &self.server.prebuilt {
            Some(known) => known.contains_key(&*rule.rule_id),
            // What it was taken for before is the best sign of what it is taken for now.
            None => self
                .rules
                .get(&*rule.rule_id)
                .map_or(rule.is_marked_prebuilt, |existing| existing.immutable),
        }
    }

    /// The lists that the rules refer to, by `list_id` alone: of two with one id the one of all spaces hides the other.
    fn referenced(&self, rules: &[Slot<RuleLine>]) -> HashMap<ListId, ListKey> {
        let mut lists = HashMap::new();
        for namespace in [Namespace::Single, Namespace::Agnostic] {
            let references = rules
                .iter()
                .flatten()
                .flat_map(|rule| &rule.content.references);
            for key in references.map(|it| &it.list) {
                if key.namespace == namespace && self.lists.contains_key(key) {
                    lists.insert(key.id.clone(), key.clone());
                }
            }
        }
        lists
    }
}
