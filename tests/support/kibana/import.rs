//! What does an import do, and what does it answer? Exceptions, connectors, then rules in chunks (import-export.md §3).

use std::collections::HashMap;
use std::thread;

use serde_json::{Value, json};

use super::Inner;
use super::actions;
use super::exceptions;
use super::http::{Answer, Asked, platform};
use super::lines::{File, Line};
use super::references::{Lists, referenced, resolve};
use super::rule::{self, Secrets, Writing};
use super::table::{Made, Object, text};
use super::version::Generation;
use super::world::World;

/// So many rules are written at once.
const CHUNK: usize = 50;

/// `POST /api/detection_engine/rules/_import`.
pub(super) fn rules(inner: &Inner, asked: &Asked, made: Made) -> Result<Answer, Answer> {
    let settings = &inner.settings;
    let version = settings.version;
    let (head, space) = (&asked.head, &*asked.head.space);
    let mut file = File::of_rules(asked.file()?, version, settings.max_rules)?;
    let rules_count = file.rules.len();
    let told = exceptions::import(
        inner,
        space,
        &mut file,
        head.is_set("overwrite_exceptions"),
        made,
    );
    let mut run = Run {
        inner,
        space,
        made,
        overwrite: head.is_set("overwrite"),
        tolerates: !file.connectors.is_empty(),
        errors: Vec::new(),
        done: 0,
        unchanged: 0,
    };
    let (doubles, rules) = distinct(std::mem::take(&mut file.rules), run.overwrite);
    let overwrite = head.is_set("overwrite_action_connectors");
    let (errors, connectors) = run.all(rules, doubles, &file.connectors, overwrite)?;
    let errors_of_exceptions = told.errors();
    let lists = if version.counts_items_alone() {
        0
    } else {
        told.lists
    };
    let mut body = json!({
        "exceptions_success": errors_of_exceptions.is_empty(),
        "exceptions_success_count": told.items + lists,
        "exceptions_errors": errors_of_exceptions,
        "rules_count": rules_count,
        "success": errors.is_empty(),
        "success_count": run.done,
        "errors": errors,
    });
    if version.takes_connectors() {
        body["action_connectors_success"] = json!(connectors.errors.is_empty());
        body["action_connectors_success_count"] = json!(connectors.count);
        body["action_connectors_errors"] = json!(connectors.errors);
        body["action_connectors_warnings"] = json!(connectors.warnings);
    }
    if version.counts_unchanged() {
        body["unchanged_count"] = json!(run.unchanged);
    }
    Ok(Answer::json(200, &body))
}

/// `POST /api/exception_lists/_import`.
pub(super) fn lists(inner: &Inner, asked: &Asked, made: Made) -> Result<Answer, Answer> {
    let settings = &inner.settings;
    let head = &asked.head;
    let mut file = File::of_exceptions(asked.file()?, settings.version, settings.max_rules)?;
    if head.is_set("as_new_list") {
        as_new(&mut file, &mut inner.world());
    }
    let told = exceptions::import(
        inner,
        &head.space,
        &mut file,
        head.is_set("overwrite"),
        made,
    );
    Ok(Answer::json(
        200,
        &json!({
            "errors": told.errors(),
            "success": told.is_lists_good() && told.is_items_good(),
            "success_count": told.lists + told.items,
            "success_exception_lists": told.is_lists_good(),
            "success_count_exception_lists": told.lists,
            "success_exception_list_items": told.is_items_good(),
            "success_count_exception_list_items": told.items,
        }),
    ))
}

/// Gives lists and their items new `list_id`s; what is wrong and items without a list line vanish (§5.4).
fn as_new(file: &mut File, world: &mut World) {
    let mut items = Vec::new();
    file.lists.retain(Result::is_ok);
    for list in file.lists.iter_mut().flatten() {
        let id = json!(world.new_id());
        for item in file
            .items
            .iter()
            .flatten()
            .filter(|it| it.get("list_id") == list.get("list_id"))
        {
            let mut item = item.clone();
            item.insert("list_id".into(), id.clone());
            items.push(Ok(item));
        }
        list.insert("list_id".into(), id);
    }
    file.items = items;
}

/// The rules with each `rule_id` once, the last at the place of the first, and what is said of the others (§3.6).
fn distinct(rules: Vec<Line>, overwrite: bool) -> (Vec<Value>, Vec<Line>) {
    let (mut errors, mut kept) = (Vec::new(), Vec::<Line>::new());
    let mut places: HashMap<String, usize> = HashMap::new();
    for line in rules {
        let Ok(rule) = &line else {
            kept.push(line);
            continue;
        };
        let id = text(rule, "rule_id").to_owned();
        match places.get(&id) {
            None => {
                places.insert(id, kept.len());
                kept.push(line);
            }
            Some(&at) => {
                if !overwrite {
                    errors.push(refusal(
                        &id,
                        400,
                        &format!("More than one rule with rule-id: \"{id}\" found"),
                    ));
                }
                kept[at] = line;
            }
        }
    }
    (errors, kept)
}

fn refusal(rule_id: &str, status: u16, message: &str) -> Value {
    json!({"rule_id": rule_id, "error": {"status_code": status, "message": message}})
}

/// An import of rules.
struct Run<'i> {
    inner: &'i Inner,
    space: &'i str,
    made: Made,
    overwrite: bool,
    /// Whether a rule may be made though a connector lacks its secrets: so where the file has any connector (§3.6).
    tolerates: bool,
    errors: Vec<Value>,
    done: u64,
    unchanged: u64,
}

impl Run<'_> {
    /// Connectors and rules, in the order of the generation; the errors, and what is said of connectors.
    fn all(
        &mut self,
        rules: Vec<Line>,
        doubles: Vec<Value>,
        lines: &[Object],
        overwrite: bool,
    ) -> Result<(Vec<Value>, actions::Outcome), Answer> {
        let (inner, space) = (self.inner, self.space);
        let may_use = inner.settings.may_use_connectors;
        match inner.settings.version.generation() {
            Generation::G3 => {
                let needs = |line: &Line| matches!(line, Ok(rule) if !actions::of(rule).is_empty());
                let (with, mut kept): (Vec<Line>, Vec<Line>) = rules.into_iter().partition(needs);
                let with = parted(with).1;
                let (with, missing) = actions::checked(&inner.world(), space, with, may_use);
                kept.extend(with.into_iter().map(Ok));
                self.chunks(&kept);
                let errors = [doubles, self.errors.split_off(0), missing].concat();
                Ok((errors, actions::Outcome::default()))
            }
            Generation::G4 => {
                let (outcome, rules) = {
                    let mut world = inner.world();
                    let rules = actions::repointed(&world, space, rules);
                    (
                        actions::import_blocking(
                            &mut world, space, lines, &rules, overwrite, may_use,
                        ),
                        rules,
                    )
                };
                let mut errors = [outcome.errors.clone(), doubles].concat();
                if outcome.errors.is_empty() {
                    self.chunks(&actions::swapped(rules, &outcome));
                    errors.append(&mut self.errors);
                }
                Ok((errors, outcome))
            }
            Generation::G5 | Generation::G6 => {
                let (outcome, unfit, rules, missing) = {
                    let mut world = inner.world();
                    let outcome = actions::import(&mut world, space, lines, overwrite, may_use)?;
                    let (unfit, rules) = parted(actions::repointed(&world, space, rules));
                    let (rules, missing) = actions::checked(&world, space, rules, may_use);
                    (outcome, unfit, rules, missing)
                };
                self.chunks(&rules.into_iter().map(Ok).collect::<Vec<_>>());
                let unfit = unfit
                    .iter()
                    .map(|message| refusal("(unknown id)", 400, message))
                    .collect();
                Ok((
                    [unfit, doubles, self.errors.split_off(0), missing].concat(),
                    outcome,
                ))
            }
        }
    }

    fn chunks(&mut self, rules: &[Line]) {
        for chunk in rules.chunks(CHUNK) {
            self.chunk(chunk);
        }
    }

    /// Looks up what is there, lets time pass, and writes.
    fn chunk(&mut self, rules: &[Line]) {
        let (existing, lists) = {
            let world = self.inner.world();
            let own = &world.space(self.space).rules;
            let existing: Vec<Option<Object>> = rules
                .iter()
                .map(|line| {
                    own.first(text(line.as_ref().ok()?, "rule_id"))
                        .map(|row| row.body.clone())
                })
                .collect();
            (existing, referenced(&world, self.space, rules))
        };
        thread::sleep(self.inner.settings.race);
        let is_blocking = self.inner.settings.version.generation() <= Generation::G4;
        let (mut early, mut late) = (Vec::new(), Vec::new());
        for (line, existing) in rules.iter().zip(existing) {
            let rule = match line {
                Ok(rule) => rule,
                Err(message) => {
                    late.push(refusal("(unknown id)", 400, message));
                    continue;
                }
            };
            let (lost, problem) = self.one(rule, existing.as_ref(), &lists);
            // Before 8.19 and 9.1, what is said of references comes first.
            if is_blocking { &mut early } else { &mut late }.extend(lost);
            late.extend(problem);
        }
        self.errors.append(&mut early);
        self.errors.append(&mut late);
    }

    /// Writes one rule; what is said of its references, and what is wrong with it.
    fn one(
        &mut self,
        line: &Object,
        existing: Option<&Object>,
        lists: &Lists,
    ) -> (Vec<Value>, Option<Value>) {
        let rule_id = text(line, "rule_id");
        let mut world = self.inner.world();
        let refuse = |status, message: &str| Some(refusal(rule_id, status, message));
        let is_prebuilt = world.prebuilt.contains_key(rule_id);
        if is_prebuilt && !world.version.imports_prebuilt() {
            let message = format!(
                "Importing prebuilt rules is not supported. To import this rule as a custom rule, first duplicate the rule and then export it. [rule_id: {rule_id}]"
            );
            return (Vec::new(), refuse(400, &message));
        }
        if is_prebuilt && line.get("version").is_none() {
            let message = format!(
                "Prebuilt rules must specify a \"version\" to be imported. [rule_id: {rule_id}]"
            );
            return (Vec::new(), refuse(400, &message));
        }
        let mut line = line.clone();
        let lost = resolve(&mut line, lists);
        let lost: Vec<Value> = lost
            .iter()
            .map(|list_id| refusal(rule_id, 400, &format!("Rule with rule_id: \"{rule_id}\" references a non existent exception list of list_id: \"{list_id}\". Reference has been removed.")))
            .collect();
        if existing.is_some() && !self.overwrite {
            return (lost, refuse(409, &world.version.conflict(rule_id)));
        }
        let how = Writing {
            space: self.space,
            made: self.made,
            is_import: true,
            is_prebuilt,
            // Overwriting does not pass the tolerance on.
            secrets: if self.tolerates && existing.is_none() {
                Secrets::MayLack
            } else {
                Secrets::Needed
            },
        };
        let written = match existing {
            None => rule::create(&mut world, &line, &how).map(|_| true),
            Some(existing) => rule::replace(&mut world, existing, &line, &how),
        };
        match written {
            Ok(is_changed) => {
                self.done += 1;
                self.unchanged += u64::from(!is_changed);
                (lost, None)
            }
            Err(message) => (lost, refuse(400, &message)),
        }
    }
}

fn parted(lines: Vec<Line>) -> (Vec<String>, Vec<Object>) {
    let (mut unfit, mut rules) = (Vec::new(), Vec::new());
    for line in lines {
        match line {
            Ok(rule) => rules.push(rule),
            Err(message) => unfit.push(message),
        }
    }
    (unfit, rules)
}

/// What is said of a body over the limit.
pub(super) fn too_large(inner: &Inner, bytes: usize) -> Option<Answer> {
    let most = inner.settings.max_bytes;
    let status = inner.settings.version.too_large();
    let message = format!("Payload content length greater than maximum allowed: {most}");
    (bytes > most).then(|| platform(status, &message))
}
