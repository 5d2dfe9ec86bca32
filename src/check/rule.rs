//! What is wrong with a rule beyond its single values: what Kibana checks across members, and what it makes of some.

use super::at::At;
use super::judge::{CONVERT, Judge};
use super::{Level, actions, fault, schedule};
use crate::json::{Raw, ValueKind};
use crate::record::Record;
use crate::schema::{Shape, Target};

/// Judges a rule.
pub(super) fn judge(judge: &mut Judge, rule: &Record<'_>) {
    let base = judge.schema.kind(judge.kind);
    let ty = rule.get("type");
    let name = ty.and_then(Raw::as_str);
    let shape = name.as_deref().and_then(|name| judge.schema.rule(name));
    match shape {
        Some(shape) => {
            if let Some(since) = shape
                .since
                .filter(|since| since.is_after(judge.options.target))
            {
                let what = format!("rule type `{}`", name.as_deref().unwrap_or_default());
                judge.too_new(At::Record.key("type"), &what, since, CONVERT);
            }
        }
        None => unknown_type(judge, ty, name.as_deref()),
    }
    let Some(shape) = shape.or(base) else { return };
    // What is wrong with the type was said already, and said better.
    let is_known = name
        .as_deref()
        .is_some_and(|name| judge.schema.rule(name).is_some());
    let before = judge.len();
    judge.object(shape, At::Record, || rule.members());
    judge.retain_from(before, |problem| {
        let is_said = !is_known && problem.level == Level::Error;
        problem.pointer != [crate::error::PathStep::from("type")]
            || !is_said && problem.code != "newer-than-target"
    });
    timeline(judge, rule);
    if name.as_deref() == Some("threshold") {
        threshold(judge, rule);
    }
    actions::judge(judge, rule);
    schedule::to(judge, rule);
    schedule::max_signals(judge, rule);
    if name.as_deref() == Some("new_terms") {
        schedule::history_window(judge, rule);
    }
    index(judge, rule, shape);
    prebuilt(judge, rule);
    if !rule.has("enabled") {
        judge
            .find(
                At::Record,
                "enabled-absent",
                "`enabled` is absent, so the rule arrives disabled",
            )
            .hint = Some("add `\"enabled\": true` if it is to run".into());
    }
    super::ids::judge(judge, rule, "rule_id");
}

fn unknown_type(judge: &mut Judge, ty: Option<Raw<'_>>, name: Option<&str>) {
    let types: Vec<_> = judge.schema.rule_types().map(|(name, _)| name).collect();
    let found = match (ty, name) {
        (None, _) => "nothing".into(),
        (Some(_), Some(name)) => fault::shown(name),
        (Some(value), None) => value.kind().article().into(),
    };
    let message = format!("`type` must be {}, found {found}", fault::one_of(&types));
    let is_list = name.is_some_and(|name| {
        let list = judge.schema.kind(crate::record::Kind::ExceptionList);
        let kinds = list.and_then(|list| list.field("type"));
        kinds.is_some_and(|kinds| kinds.value.choice(name).is_some())
    });
    let hint = if is_list {
        Some(format!(
            "{found} is a type of exception lists; without `list_id` the import takes the line for a rule"
        ))
    } else {
        let near = name.and_then(|name| crate::error::nearest(name, types.iter().copied()));
        near.map(|near| format!("did you mean `{near}`?"))
    };
    let kibana = (judge.options.target < Target::ZOD_4).then(|| {
        let quoted: Vec<_> = [
            "eql",
            "query",
            "saved_query",
            "threshold",
            "threat_match",
            "machine_learning",
            "new_terms",
            "esql",
        ]
        .map(|name| format!("'{name}'"))
        .into();
        format!(
            "type: Invalid discriminator value. Expected {}",
            quoted.join(" | ")
        )
    });
    let problem = judge.find(At::Record.key("type"), "unknown-type", message);
    (problem.hint, problem.kibana) = (hint, kibana);
}

/// A timeline is named by both its id and its title, or not at all.
fn timeline(judge: &mut Judge, rule: &Record<'_>) {
    let pair = [
        ("timeline_id", "timeline_title"),
        ("timeline_title", "timeline_id"),
    ];
    for (one, other) in pair {
        let at = At::Record;
        match (rule.get(one), rule.has(other)) {
            (Some(_), false) => {
                let problem = judge.find(
                    at.key(one),
                    "timeline-pair",
                    format!("`{one}` must not be there without `{other}`"),
                );
                problem.hint = Some(format!("add `{other}`, or remove `{one}`"));
                problem.kibana = Some(format!(
                    "when \"{one}\" exists, \"{other}\" must also exist"
                ));
            }
            (Some(value), true) if value.text() == "\"\"" => {
                let problem = judge.find(
                    at.key(one),
                    "timeline-empty",
                    format!("`{one}` must not be empty"),
                );
                problem.hint = Some("remove both `timeline_id` and `timeline_title`".into());
                problem.kibana = Some(format!("\"{one}\" cannot be an empty string"));
            }
            _ => {}
        }
    }
}

fn threshold(judge: &mut Judge, rule: &Record<'_>) {
    let Some(threshold) = rule
        .get("threshold")
        .filter(|value| value.kind() == ValueKind::Object)
    else {
        return;
    };
    let Some(field) = threshold.get("field") else {
        return;
    };
    let (record, most) = (
        At::Record,
        judge.schema.threshold_fields(judge.options.target),
    );
    let at = record.key("threshold");
    let count = field.elements().count();
    if count > most {
        let message = format!("`threshold.field` must have at most {most} elements, found {count}");
        let problem = judge.find(at.key("field"), "threshold-fields", message);
        problem.kibana = Some(format!("Number of fields must be {most} or less"));
    }
    // Only the first is looked at.
    let first = threshold
        .get("cardinality")
        .and_then(|counted| counted.elements().next());
    let Some(counted) = first
        .and_then(|first| first.get("field"))
        .and_then(Raw::as_str)
    else {
        return;
    };
    let is_grouped = match field.as_str() {
        // A string is searched for the name, as JavaScript's `includes` does.
        Some(text) => text.contains(&*counted),
        None => field
            .elements()
            .any(|element| element.as_str().as_ref() == Some(&counted)),
    };
    if is_grouped {
        let (list, key) = (at.key("cardinality"), "field");
        let first = list.index(0);
        let message = format!(
            "`threshold.cardinality.0.field` must not be among `threshold.field`, found `{counted}`"
        );
        let problem = judge.find(first.key(key), "cardinality-field", message);
        problem.kibana =
            Some("Cardinality of a field that is being aggregated on is always 1".into());
    }
}

/// Index patterns beside a data view, which then are not searched.
fn index(judge: &mut Judge, rule: &Record<'_>, shape: &Shape) {
    let named = |key: &str| rule.str(key).is_some_and(|id| !id.is_empty());
    let patterns = rule.get("index").and_then(|index| index.elements().next());
    if patterns.is_some() && named("data_view_id") && shape.field("data_view_id").is_some() {
        let message = "`index` is not searched, since `data_view_id` names a data view";
        judge
            .find(At::Record.key("index"), "index-unused", message)
            .hint = Some("remove one of the two".into());
    }
}

/// Elastic's own rules, which older versions do not import.
fn prebuilt(judge: &mut Judge, rule: &Record<'_>) {
    let target = judge.options.target;
    if target.imports_prebuilt() || rule.get("immutable").and_then(Raw::as_bool) != Some(true) {
        return;
    }
    let id = rule.str("rule_id").unwrap_or_default();
    let message =
        format!("`immutable` is true, and Kibana {target} imports no rules of Elastic's own");
    let problem = judge.find(
        At::Record.key("immutable"),
        "prebuilt-not-importable",
        message,
    );
    problem.hint = Some(
        "`ruleferry edit drop-prebuilt` leaves them out; install them on the target instead".into(),
    );
    if target < Target::version(8, 0) {
        // What 7.17 does rests on no source.
        problem.level = Level::Warning;
    } else {
        problem.kibana = Some(format!(
            "Importing prebuilt rules is not supported. To import this rule as a custom rule, first duplicate the rule and then export it. [rule_id: {id}]"
        ));
    }
}
