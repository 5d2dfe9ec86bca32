use super::*;

#[test]
fn a_rule_has_the_fields_of_every_rule_and_its_own() {
    let schema = Schema::get();
    let names: Vec<_> = schema.rule_types().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "query",
            "saved_query",
            "eql",
            "esql",
            "threat_match",
            "threshold",
            "machine_learning",
            "new_terms"
        ]
    );
    for (name, shape) in schema.rule_types() {
        assert!(shape.field("severity").unwrap().is_required(), "{name}");
        assert_eq!(schema.rule(name).unwrap().name, shape.name);
    }
    let eql = schema.rule("eql").unwrap();
    assert!(eql.field("query").unwrap().is_required() && eql.field("threshold").is_none());
    assert!(
        !schema
            .rule("query")
            .unwrap()
            .field("query")
            .unwrap()
            .is_required()
    );
    assert!(schema.rule("correlation").is_none());
    let base = schema.kind(Kind::Rule).unwrap();
    assert!(base.field("query").is_none() && base.field("name").is_some());
}

#[test]
fn says_which_types_have_a_key() {
    let types = |key| Schema::get().types_with(key).collect::<Vec<_>>();
    assert_eq!(types("threat_index"), ["threat_match"]);
    assert_eq!(
        types("saved_id"),
        ["query", "saved_query", "threat_match", "threshold"]
    );
    assert!(types("name").is_empty() && types("nonsense").is_empty());
}

#[test]
fn every_place_is_the_place_of_its_name() {
    for shape in &Schema::get().shapes {
        for (place, field) in shape.fields.iter().enumerate() {
            assert_eq!(
                shape.place(field.name),
                Some(place),
                "{}.{}",
                shape.name,
                field.name
            );
        }
    }
}

#[test]
fn finds_fields_below_arrays_and_variants() {
    let schema = Schema::get();
    let rule = schema.rule("query").unwrap();
    let throttle = schema
        .at(rule, &["actions", "frequency", "throttle"])
        .unwrap();
    assert!(
        throttle.value.null == Null::Accepted && throttle.value.format == Some(Format::Throttle)
    );
    let script = schema.at(
        rule,
        &[
            "response_actions",
            "params",
            "config",
            "linux",
            "scriptInput",
        ],
    );
    assert_eq!(script.unwrap().value.max_length, Some(8192));
    assert!(schema.at(rule, &["actions", "nonsense"]).is_none());
    assert!(schema.at(rule, &[]).is_none());
    let item = schema.kind(Kind::ExceptionItem).unwrap();
    let ty = schema.at(item, &["entries", "list", "type"]).unwrap();
    assert_eq!(ty.value.values.len(), 23);
}

#[test]
fn knows_since_when() {
    let schema = Schema::get();
    let target = |text: &str| text.parse::<Target>().unwrap();
    let since = |ty, key| schema.rule(ty).unwrap().field(key).unwrap().since.unwrap();
    assert_eq!(
        since("threat_match", "alert_suppression").to_string(),
        "8.13"
    );
    assert!(since("esql", "alert_suppression").is_after(target("8.14")));
    assert!(!since("esql", "alert_suppression").is_after(target("8.15")));
    assert!(!since("esql", "rule_source").sure);
    let fields = schema
        .rule("query")
        .unwrap()
        .field("investigation_fields")
        .unwrap();
    assert_eq!(fields.since.unwrap().version, target("8.10"));
    assert_eq!(fields.object_since.unwrap().version, target("8.11"));
    assert_eq!(
        schema.rule("esql").unwrap().since.unwrap().to_string(),
        "about 8.11"
    );
    assert_eq!(
        schema.kind(Kind::Connector).unwrap().since.unwrap().version,
        target("8.7")
    );
    let kinds = &schema
        .kind(Kind::ExceptionList)
        .unwrap()
        .field("type")
        .unwrap()
        .value;
    assert!(
        kinds
            .choice("endpoint_custom_yara_signatures")
            .unwrap()
            .since
            .unwrap()
            .sure
    );
    assert!(kinds.choice("detection").unwrap().since.is_none());
    assert_eq!(schema.threshold_fields(target("9.1")), 3);
    assert_eq!(schema.threshold_fields(target("9.2")), 5);
    assert_eq!(schema.threshold_fields(Target::SERVERLESS), 5);
}
