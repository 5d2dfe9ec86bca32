//! Records that the import of the newest Kibana takes, made from the schema by a seed: whatever a rule of some type may have.

use ruleferry::record::Kind;
use ruleferry::schema::{Field, Format, Null, Schema, Shape, Spec, Types, Within};
use serde_json::{Map, Value, json};

use super::hostile::Choices;

/// A rule, exception list, exception item or connector; most of them are without a fault.
pub(crate) fn record(choices: &mut Choices) -> Value {
    let schema = Schema::get();
    let kinds = [Kind::ExceptionList, Kind::ExceptionItem, Kind::Connector];
    match choices.below(kinds.len() + 7) {
        place if place < kinds.len() => {
            let shape = schema.kind(kinds[place]).unwrap();
            let mut record = object(choices, shape);
            match kinds[place] {
                Kind::ExceptionItem => record["comments"] = json!([{"comment": "c"}]),
                Kind::ExceptionList => record["os_types"] = json!([]),
                _ => record["type"] = json!("action"),
            }
            record
        }
        _ => {
            let types: Vec<_> = schema.rule_types().collect();
            let (name, shape) = types[choices.below(types.len())];
            rule(choices, name, shape)
        }
    }
}

fn rule(choices: &mut Choices, name: &str, shape: &Shape) -> Value {
    let mut rule = object(choices, shape);
    rule["type"] = json!(name);
    let has = |rule: &Value, key: &str| rule.get(key).is_some();
    if !has(&rule, "timeline_id") || !has(&rule, "timeline_title") {
        let members = rule.as_object_mut().unwrap();
        members.remove("timeline_id");
        members.remove("timeline_title");
    }
    if has(&rule, "interval") {
        rule["interval"] = json!("5m");
    }
    if has(&rule, "history_window_start") {
        rule["history_window_start"] = json!("now-14d");
    }
    if name == "threshold" {
        let fields = [
            "host.id",
            "user.id",
            "source.ip",
            "process.name",
            "agent.id",
        ];
        rule["threshold"]["field"] = json!(fields[..choices.below(6)]);
        rule["threshold"]["cardinality"] = json!([]);
    }
    if let Some(actions) = rule.get_mut("actions").and_then(Value::as_array_mut) {
        for (place, action) in actions.iter_mut().enumerate() {
            action["group"] = json!("default");
            if action.get("uuid").is_some() {
                action["uuid"] = json!(format!("u{place}"));
            }
            if action.get("alerts_filter").is_some() {
                action["alerts_filter"] = json!({"query": {"kql": "a:b", "filters": []}});
            }
        }
    }
    rule
}

fn object(choices: &mut Choices, shape: &Shape) -> Value {
    let mut members = Map::new();
    for field in &shape.fields {
        if field.is_required() || choices.below(2) == 0 {
            members.insert(field.name.into(), member(choices, field));
        }
    }
    Value::Object(members)
}

fn member(choices: &mut Choices, field: &Field) -> Value {
    match &field.default {
        Some(default) if choices.below(4) == 0 => default.clone(),
        _ => value(choices, &field.value),
    }
}

fn value(choices: &mut Choices, spec: &Spec) -> Value {
    if spec.null == Null::Accepted && choices.below(3) == 0 {
        return Value::Null;
    }
    if spec.types.has(Types::STRING) {
        return string(choices, spec);
    }
    if spec.types.has(Types::INTEGER) || spec.types.has(Types::NUMBER) {
        let least = spec.documented_min.or(spec.min).unwrap_or(0.0);
        let more = choices.one(&["0", "1", "2"]).parse::<f64>().unwrap();
        return serde_json::from_str(&(least + more).to_string()).unwrap();
    }
    if spec.types.has(Types::BOOLEAN) {
        return json!(!spec.only_false && choices.below(2) == 0);
    }
    if spec.types.has(Types::OBJECT) {
        return within(choices, spec);
    }
    if spec.types.has(Types::ARRAY) {
        let least = spec.min_items.unwrap_or(0);
        let count = least + choices.below(3.min(spec.max_items.unwrap_or(9) - least + 1));
        let items = spec.items.as_deref();
        let elements = (0..count).map(|_| items.map_or(Value::Null, |items| value(choices, items)));
        return elements.collect();
    }
    json!({"any": [1, null]})
}

fn within(choices: &mut Choices, spec: &Spec) -> Value {
    let schema = Schema::get();
    match &spec.within {
        None => json!({"open": 1}),
        Some(Within::Shape(id)) => object(choices, schema.shape(*id)),
        Some(Within::Members(id)) => json!({"a.b": object(choices, schema.shape(*id))}),
        Some(Within::OneOf { by, variants }) => {
            let (name, id) = variants[choices.below(variants.len())];
            let mut made = object(choices, schema.shape(id));
            made[*by] = json!(name);
            made
        }
    }
}

fn string(choices: &mut Choices, spec: &Spec) -> Value {
    if !spec.values.is_empty() {
        return json!(spec.values[choices.below(spec.values.len())].value);
    }
    json!(match spec.format.or(spec.when_created) {
        Some(Format::Uuid) => "6f1c9a52-2f0e-4c7b-9a55-0b7f6f6f1d10",
        Some(Format::DateTime | Format::IsoMillis) => "2030-01-01T00:00:00.000Z",
        Some(Format::DateMath) => "now-6m",
        Some(Format::Duration) => "5m",
        Some(Format::Throttle) => choices.one(&["1h", "1d", "rule"]),
        None => choices.one(&["a", "b.c", "text"]),
    })
}
