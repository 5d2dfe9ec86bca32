mod actions;

use crate::record::Note;
use crate::transform::testing::{Check, check, refused_settings};

fn to(version: &str) -> Check {
    check(format!(r#"convert-version = {{ to = "{version}" }}"#).leak())
}

/// What a line gives notes of, each as `effect pointer value`, or `left out: why`.
fn noted(version: &str, line: &str) -> Vec<String> {
    let told = |note: Note| match note {
        Note::Converted {
            effect,
            pointer,
            value,
            ..
        } => {
            let way: Vec<String> = pointer
                .iter()
                .map(|step| match step {
                    crate::error::PathStep::Key(key) => key.to_string(),
                    crate::error::PathStep::Index(index) => index.to_string(),
                })
                .collect();
            format!("{} {} {value}", effect.name(), way.join("."))
        }
        Note::LeftOut { name, why } => format!("left out {name}: {why}"),
        Note::Renamed { what, old, .. } => format!("renamed {what} {old}"),
        Note::Unmapped { .. } | Note::Unknown => panic!("{note:?}"),
    };
    to(version).noted(line).into_iter().map(told).collect()
}

#[test]
fn takes_out_what_the_target_does_not_know_and_itemises_it() {
    let rule = r#"{"rule_id":"r", "type":"query","revision":3,"rule_source":{"type":"internal"},"setup":"","required_fields":[{"name":"a","type":"b"}] ,"data_view_id":"v","risk_score":1.0}"#;
    to("8.9").turns(
        rule,
        r#"{"rule_id":"r", "type":"query","revision":3,"setup":"","required_fields":[{"name":"a","type":"b"}] ,"data_view_id":"v","risk_score":1.0}"#,
    );
    to("8.2").turns(rule, r#"{"rule_id":"r", "type":"query","risk_score":1.0}"#);
    assert_eq!(
        noted("8.2", rule),
        [
            "cleared revision 3",
            r#"cleared rule_source {"type":"internal"}"#,
            r#"cleared setup """#,
            r#"lost required_fields [{"name":"a","type":"b"}]"#,
            r#"lost data_view_id "v""#,
        ]
    );
    to("9.x").keeps(rule);
    to("serverless").keeps(rule);
    assert_eq!(noted("9.x", rule), [""; 0]);
}

#[test]
fn suppression_goes_by_type_and_version() {
    for (ty, since, before) in [
        ("query", "8.8", "8.7"),
        ("saved_query", "8.8", "8.7"),
        ("threshold", "8.12", "8.11"),
        ("threat_match", "8.13", "8.12"),
        ("eql", "8.14", "8.13"),
        ("new_terms", "8.14", "8.13"),
        ("esql", "8.15", "8.14"),
        ("machine_learning", "8.15", "8.14"),
    ] {
        let rule = format!(r#"{{"type":"{ty}","alert_suppression":{{"group_by":["a"]}}}}"#);
        let rule = if ty == "threshold" {
            rule.replace(
                r#""group_by":["a"]"#,
                r#""duration":{"value":1,"unit":"h"}"#,
            )
        } else {
            rule
        };
        to(since).keeps(&rule);
        to(before).turns(&rule, &format!(r#"{{"type":"{ty}"}}"#));
        let lost = noted(before, &rule);
        assert!(lost[0].starts_with("lost alert_suppression {"), "{lost:?}");
    }
}

#[test]
fn investigation_fields_become_an_array_and_go_before_8_10() {
    let rule = r#"{"type":"query","investigation_fields":{"field_names":[ "\u0061" ]},"x":1}"#;
    to("8.11").keeps(rule);
    to("8.10").turns(
        rule,
        r#"{"type":"query","investigation_fields":[ "\u0061" ],"x":1}"#,
    );
    assert_eq!(
        noted("8.10", rule),
        [r#"changed investigation_fields {"field_names":[ "\u0061" ]}"#]
    );
    let known = r#"{"type":"query","investigation_fields":{"field_names":["a"]}}"#;
    to("8.9").turns(known, r#"{"type":"query"}"#);
    to("8.10").keeps(r#"{"type":"query","investigation_fields":["a"]}"#);
    to("9.0").keeps(r#"{"type":"query","investigation_fields":["a"]}"#);
    // Newer importers take an empty one off anything before they look at it.
    to("8.10").turns(
        r#"{"list_id":"l","investigation_fields":[]}"#,
        r#"{"list_id":"l"}"#,
    );
    to("8.11").keeps(r#"{"list_id":"l","investigation_fields":[]}"#);
}

#[test]
fn rules_that_the_target_cannot_run_are_left_out_and_named() {
    let new_terms = r#"{"rule_id":"r","type":"new_terms","name":"New"}"#;
    to("8.3").drops(new_terms);
    to("8.4").keeps(new_terms);
    assert_eq!(
        noted("8.3", new_terms),
        ["left out New: rule type `new_terms` is known since about 8.4"]
    );
    to("8.10").drops(r#"{"type":"esql"}"#);
    to("8.11").keeps(r#"{"type":"esql"}"#);
    let threshold =
        |fields: &str| format!(r#"{{"type":"threshold","threshold":{{"field":[{fields}]}}}}"#);
    to("9.1").keeps(&threshold(r#""a","b","c""#));
    to("9.1").drops(&threshold(r#""a","b","c","d""#));
    to("9.2").keeps(&threshold(r#""a","b","c","d""#));
    // A type that no Kibana has is not one for this edit to judge.
    to("7.17").keeps(r#"{"type":"correlation","revision":1,"extra":1}"#);
}

#[test]
fn what_would_turn_into_its_opposite_is_left_out() {
    let mapped = |negate: &str| {
        format!(
            r#"{{"type":"threat_match","threat_mapping":[{{"entries":[{{"field":"a"{negate}}}]}}]}}"#
        )
    };
    to("9.1").drops(&mapped(r#","negate":true"#));
    to("9.1").turns(&mapped(r#","negate":false"#), &mapped(""));
    to("9.2").keeps(&mapped(r#","negate":true"#));
    let item =
        r#"{"item_id":"i","list_id":"l","name":"Build","expire_time":"2030-01-01T00:00:00.000Z"}"#;
    to("8.7").keeps(item);
    to("8.6").drops(item);
    assert_eq!(
        noted("8.6", item),
        [
            "left out Build: `expire_time` is known since 8.7, and without it the record would mean something else"
        ]
    );
}

#[test]
fn lists_and_connectors_go_where_they_are_not_imported() {
    let bundle = concat!(
        r#"{"rule_id":"r","type":"query","exceptions_list":[{"id":"1","list_id":"l","type":"detection","namespace_type":"single"}],"actions":[{"id":"c"}]}"#,
        "\n",
        r#"{"list_id":"l","name":"L"}"#,
        "\n",
        r#"{"list_id":"l","item_id":"i","name":"I"}"#,
        "\n",
        r#"{"id":"c","type":"action","attributes":{"name":"C"}}"#,
        "\n",
        r#"{"exported_count":4,"exported_rules_count":1,"exported_exception_list_count":1,"exported_exception_list_item_count":1,"exported_action_connector_count":1}"#,
        "\n",
    );
    let left = |counts: &str, lines: std::ops::Range<usize>| {
        let lines: Vec<&str> = bundle.lines().collect::<Vec<_>>()[lines].to_vec();
        format!("{}\n{{{counts}}}\n", lines.join("\n"))
    };
    to("8.7").keeps(bundle);
    to("8.6").turns(bundle, &left(r#""exported_count":3,"exported_rules_count":1,"exported_exception_list_count":1,"exported_exception_list_item_count":1,"exported_action_connector_count":0"#, 0..3));
    to("7.17").turns(bundle, &left(r#""exported_count":1,"exported_rules_count":1,"exported_exception_list_count":0,"exported_exception_list_item_count":0,"exported_action_connector_count":0"#, 0..1));
    let told = noted("7.17", bundle);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with("left out L: an import of exception list lines is known since 8.0")
    );
    assert!(told[1].starts_with("left out I: "));
    assert!(told[2].starts_with("left out C: an import of connector lines is known since 8.7"));
}

#[test]
fn artifacts_and_references_to_unknown_lists_go() {
    let list = r#"{"list_id":"endpoint_blocklists","type":"endpoint_blocklists","namespace_type":"agnostic"}"#;
    to("9.3").drops(list);
    to("9.4").keeps(list);
    to("8.0").keeps(r#"{"list_id":"endpoint_list","type":"endpoint","namespace_type":"agnostic"}"#);
    let reference = |ty: &str| format!(r#"{{"list_id":"x","type":"{ty}"}}"#);
    let rule = |lists: &str| format!(r#"{{"type":"query","exceptions_list":[{lists}]}}"#);
    let (yara, plain) = (
        reference("endpoint_custom_yara_signatures"),
        reference("detection"),
    );
    to("9.3").turns(&rule(&format!("{yara}, {plain}")), &rule(&plain));
    assert_eq!(
        noted("9.3", &rule(&yara)),
        [format!("lost exceptions_list.0 {yara}")]
    );
    to("9.1").drops(r#"{"list_id":"x","type":"endpoint_trusted_devices"}"#);
    let response =
        |commands: &str| format!(r#"{{"type":"query","response_actions":[{commands}]}}"#);
    let (script, isolate) = (
        r#"{"action_type_id":".endpoint","params":{"command":"runscript"}}"#,
        r#"{"action_type_id":".endpoint","params":{"command":"isolate"}}"#,
    );
    to("9.2").turns(
        &response(&format!("{script},{isolate}")),
        &response(isolate),
    );
    to("9.3").keeps(&response(script));
}

#[test]
fn elastics_own_rules_become_custom_ones_or_go() {
    let rule = r#"{"rule_id":"acme-1","type":"query","immutable":true,"rule_source":{"type":"external","is_customized":false},"version":3}"#;
    let custom = r#"{"rule_id":"ac21d70d-620f-57ee-8c2b-e30fa6098247","type":"query","immutable":false,"version":3}"#;
    to("8.18").keeps(rule);
    to("8.17").turns(rule, custom).keeps(custom);
    to("7.17").turns(rule, custom);
    assert_eq!(
        noted("8.17", rule),
        [
            "renamed rule acme-1",
            "lost immutable true",
            r#"cleared rule_source {"type":"external","is_customized":false}"#,
        ]
    );
    check(r#"convert-version = { to = "8.17", prebuilt = "drop" }"#)
        .drops(rule)
        .keeps(custom);
    check(r#"convert-version = { to = "8.17", seed = "b" }"#).turns(
        rule,
        r#"{"rule_id":"8f5409b5-de60-5340-a276-c054ded8e4ab","type":"query","immutable":false,"version":3}"#,
    );
}

#[test]
fn unknown_keys_go_only_where_they_are_refused() {
    let rule = r#"{"type":"esql","index":["a"],"extra":1,"threat":[{"framework":"F","extra":1}],"meta":{"extra":1}}"#;
    to("8.11").keeps(rule);
    let query = r#"{"type":"query","threat_index":["a"],"extra":1,"threat":[{"framework":"F","extra":1}],"meta":{"extra":1}}"#;
    to("8.10").keeps(query);
    to("8.9").turns(
        query,
        r#"{"type":"query","threat":[{"framework":"F"}],"meta":{"extra":1}}"#,
    );
    assert_eq!(
        noted("8.9", query),
        [
            r#"lost threat_index ["a"]"#,
            "lost extra 1",
            "lost threat.0.extra 1"
        ]
    );
    // A list or item is refused for such a key by every Kibana, so it is not the version's business.
    to("8.9").keeps(r#"{"list_id":"l","extra":1}"#);
    to("8.9").turns(
        r#"{"type":"query","execution_summary":{}}"#,
        r#"{"type":"query"}"#,
    );
}

#[test]
fn connectors_say_of_which_kibana_they_are() {
    let connector =
        |rest: &str| format!(r#"{{"id":"c","type":"action","attributes":{{"name":"n"}},{rest}}}"#);
    let new = connector(
        r#""originId":"o","managed":false,"coreMigrationVersion":"8.8.0","typeMigrationVersion":"8.3.0""#,
    );
    to("8.19").keeps(&new);
    to("9.0").turns(
        &new,
        &connector(
            r#""managed":false,"coreMigrationVersion":"8.8.0","typeMigrationVersion":"8.3.0""#,
        ),
    );
    to("8.7").turns(
        &new,
        &connector(r#""coreMigrationVersion":"8.7.0","migrationVersion":{"action":"8.3.0"}"#),
    );
    let newer = connector(r#""typeMigrationVersion":"10.1.0""#);
    to("9.x").keeps(&newer);
    to("9.4").turns(&newer, &connector(r#""typeMigrationVersion":"8.3.0""#));
    let other = newer.replace(r#""name":"n""#, r#""name":"n","more":1"#);
    to("9.4").keeps(&other);
    assert_eq!(
        noted("9.4", &other),
        [r#"kept typeMigrationVersion "10.1.0""#]
    );
    to("9.4").turns(
        r#"{"id":"c","type":"action","attributes":{"apiKey":null,"name":"n","uiamApiKey":null}}"#,
        r#"{"id":"c","type":"action","attributes":{"name":"n"}}"#,
    );
    to("8.7")
        .keeps(r#"{"id":"d","type":"dashboard","originId":"o","attributes":{},"managed":false}"#);
}

#[test]
fn passes_over_what_is_malformed() {
    for rule in [
        r#"{"type":"query","actions":"x"}"#,
        r#"{"type":"query","actions":[7,{"frequency":{}}]}"#,
        r#"{"type":"query","investigation_fields":{"field_names":7}}"#,
        r#"{"type":"threshold","threshold":[]}"#,
        r#"{"rule_id":"r"}"#,
        r#"{"item_id":"i","entries":7}"#,
    ] {
        to("8.10").keeps(rule);
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for (settings, message) in [
        (
            r#"to = "7.16""#,
            "a target must be a version from `7.17` to `9.x`, or `serverless`, found `7.16`",
        ),
        (
            r#"to = "8.9", seed = """#,
            "`seed` must be a text, found an empty one",
        ),
    ] {
        let refused = refused_settings(&format!("convert-version = {{ {settings} }}"));
        assert!(refused.contains(message), "{refused}");
    }
}
