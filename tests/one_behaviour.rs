//! One behaviour behind two doors: a transform does to a bundle what a `_bulk_action` request with the same edit does.
//!
//! The request leaves versions alone and may edit Elastic's own rules. What it fails is what the transform refuses, with the
//! same text, but for rules of a type the edit is not for: those the transform passes and notes. Rules are of all eight types
//! and of none, valid and odd.

#![cfg(test)]

#[allow(dead_code, reason = "the laws use more of it")]
#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/rules.rs"]
mod rules;

use std::collections::BTreeSet;

use hostile::Choices;
use proptest::prelude::*;
use proptest::test_runner::Config;
use ruleferry::bulk::{self, Bulk, Customization, Request, Settings};
use ruleferry::pipeline::{Event, OnError, Pipeline, Reading};
use ruleferry::record::Note;
use ruleferry::stream::Source;

/// A step, and the edit of a request that says the same.
struct Pair {
    step: String,
    edit: String,
}

fn pair(name: &str, settings: &str, value: &str) -> Pair {
    let kibana_name = name.replace('-', "_");
    Pair {
        step: format!("{name} = {{ {settings} }}"),
        edit: format!(r#"{{"type":"{kibana_name}"{value}}}"#),
    }
}

/// Every edit there is, with settings that were chosen.
fn pairs(choices: &mut Choices) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let list = |choices: &mut Choices, of: &[&str], least: usize| -> String {
        let count = least + choices.below(3);
        let texts: Vec<String> = (0..count)
            .map(|_| format!("\"{}\"", choices.one(of)))
            .collect();
        format!("[{}]", texts.join(","))
    };
    for what in ["add", "delete", "set"] {
        let tags = list(choices, &["a", "b", "new"], 0);
        pairs.push(pair(
            &format!("{what}-tags"),
            &format!("tags = {tags}"),
            &format!(r#","value":{tags}"#),
        ));
        let patterns = list(choices, &["a-*", "b-*", "c"], 1);
        let overwrite = choices.one(&["true", "false"]);
        pairs.push(pair(
            &format!("{what}-index-patterns"),
            &format!("patterns = {patterns}, overwrite-data-views = {overwrite}"),
            &format!(r#","value":{patterns},"overwrite_data_views":{overwrite}"#),
        ));
        let fields = list(choices, &["a", "b", "c"], 1);
        pairs.push(pair(
            &format!("{what}-investigation-fields"),
            &format!("fields = {fields}"),
            &format!(r#","value":{{"field_names":{fields}}}"#),
        ));
    }
    let [id, title] = choices
        .one(&["t T", "u U", " "])
        .split(' ')
        .collect::<Vec<_>>()[..]
    else {
        unreachable!()
    };
    pairs.push(pair(
        "set-timeline",
        &format!("timeline-id = '{id}', timeline-title = '{title}'"),
        &format!(r#","value":{{"timeline_id":"{id}","timeline_title":"{title}"}}"#),
    ));
    let (interval, lookback) = (
        choices.one(&["5m", "2h", "300s"]),
        choices.one(&["1m", "60s"]),
    );
    pairs.push(pair(
        "set-schedule",
        &format!("interval = '{interval}', lookback = '{lookback}'"),
        &format!(r#","value":{{"interval":"{interval}","lookback":"{lookback}"}}"#),
    ));
    pairs.push(pair("delete-alert-suppression", "", ""));
    pairs.extend(suppression(choices));
    pairs.extend(["add", "set"].map(|what| actions(choices, what)));
    pairs
}

fn suppression(choices: &mut Choices) -> [Pair; 2] {
    let duration = choices.one(&["5m", "1h", "60m"]);
    let (number, unit) = duration.split_at(duration.len() - 1);
    let value = format!(r#""duration":{{"value":{number},"unit":"{unit}"}}"#);
    let threshold = Pair {
        step: format!("set-alert-suppression = {{ duration = '{duration}' }}"),
        edit: format!(r#"{{"type":"set_alert_suppression_for_threshold","value":{{{value}}}}}"#),
    };
    let fields = choices.one(&[r#"["a"]"#, r#"["b","a"]"#, r#"["c","a","b"]"#]);
    let mut settings = format!("group-by = {fields}");
    let mut members = format!(r#""group_by":{fields}"#);
    if choices.below(2) == 0 {
        settings += &format!(", duration = '{duration}'");
        members += &format!(",{value}");
    }
    if choices.below(2) == 0 {
        let strategy = choices.one(&["suppress", "doNotSuppress"]);
        settings += &format!(", missing-fields = '{strategy}'");
        members += &format!(r#","missing_fields_strategy":"{strategy}""#);
    }
    [
        threshold,
        pair(
            "set-alert-suppression",
            &settings,
            &format!(r#","value":{{{members}}}"#),
        ),
    ]
}

fn actions(choices: &mut Choices, what: &str) -> Pair {
    let one = |choices: &mut Choices| {
        choices.one(&[
        r#"{"id":"slack","group":"default","params":{"message":"m"}}"#,
        r#"{"id":"mail","group":"default","params":{"n":1.0},"frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}}"#,
        r#"{"id":"told","group":"default","params":{},"alerts_filter":{"timeframe":{"days":[1],"hours":{"start":"00:00","end":"01:00"},"timezone":"UTC"}}}"#,
        r#"{"id":"system-connector-.cases","params":{}}"#,
        r#"{"id":"slack","params":{}}"#,
        r#"{"id":"slack","group":"other","params":{}}"#,
        r#"{"id":"mail","group":"default","params":{},"alerts_filter":{}}"#,
        r#"{"id":"system-connector-.cases","group":"default","params":{}}"#,
    ]).to_owned()
    };
    let mut all = vec![one(choices)];
    if choices.below(2) == 0 {
        all.push(one(choices));
    }
    let quoted: Vec<String> = all.iter().map(|action| format!("'{action}'")).collect();
    let throttle = choices.one(&["", "rule", "1h", "7d"]);
    let (mut settings, mut members) = (
        format!(
            "actions = [{}], connectors = ['told=.webhook']",
            quoted.join(", ")
        ),
        String::new(),
    );
    if !throttle.is_empty() {
        settings += &format!(", throttle = '{throttle}'");
        members = format!(r#""throttle":"{throttle}","#);
    }
    let value = format!(r#","value":{{{members}"actions":[{}]}}"#, all.join(","));
    pair(&format!("{what}-rule-actions"), &settings, &value)
}

/// What was written, and which lines were not edited and why.
type Done = (String, Vec<(u64, String)>);

/// Runs the step; the second list holds the lines that were noted.
fn by_step(step: &str, bundle: &str) -> (Done, Vec<u64>) {
    let pipeline = Pipeline::from_step(step).unwrap_or_else(|error| panic!("{step}: {error}"));
    let pipeline = pipeline.seeded("seed").on_error(OnError::Keep).jobs(1);
    let (mut output, mut refused, mut noted) = (Vec::new(), Vec::new(), Vec::new());
    let sources = vec![Source::reader("b", bundle.as_bytes())];
    let done = pipeline.run_with(sources, &mut output, &mut |event| {
        match event {
            Event::Refused { error, .. } => {
                let line = error.location().map_or(0, |location| location.line);
                refused.push((line, error.to_string()));
            }
            Event::Note { location, note } => match note {
                Note::Unmapped { .. } => noted.push(location.line),
                // A record without `rule_id` and `type` is no rule.
                Note::Unknown => {}
                Note::Renamed { .. } | Note::Converted { .. } | Note::LeftOut { .. } => {
                    panic!("{note:?}")
                }
            },
        }
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{step}: {error}"));
    ((String::from_utf8(output).unwrap(), refused), noted)
}

fn by_request(edit: &str, bundle: &str) -> Done {
    let told = [("told".to_owned(), ".webhook".to_owned())];
    let settings = Settings {
        customization: Customization::On,
        connectors: told.into(),
        keep_versions: true,
        seed: "seed".into(),
        ..Settings::default()
    };
    let text = format!(r#"{{"action":"edit","query":"","edit":[{edit}]}}"#);
    let request =
        Request::parse(&text, &settings).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut bulk = Bulk::new(&request, &settings, false).unwrap();
    let (mut output, mut failed) = (Vec::new(), Vec::new());
    let sources = vec![Source::reader("b", bundle.as_bytes())];
    let done = bulk.run(
        &Reading::default(),
        OnError::Keep,
        sources,
        &mut output,
        &mut |event| {
            match event {
                bulk::Event::Failed {
                    failure, location, ..
                } => failed.push((location.line, failure.message.to_string())),
                bulk::Event::Unreadable { error, .. } => panic!("{error}"),
                bulk::Event::Lacking { what } => panic!("{what}"),
            }
            Ok(())
        },
    );
    done.unwrap_or_else(|error| panic!("{text}: {error}"));
    (String::from_utf8(output).unwrap(), failed)
}

/// Kibana's texts for rules of a type that an edit is not for.
fn is_unfit(message: &str) -> bool {
    message.starts_with("Index patterns can't be")
        || message.contains("doesn't support this action. Use 'set_alert_suppression")
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_transform_does_what_a_request_with_the_same_edit_does(seed: u64) {
        let mut choices = Choices::of(seed);
        let bundle = rules::odd(&mut choices, 60);
        for Pair { step, edit } in pairs(&mut choices) {
            let ((written, refused), noted) = by_step(&step, &bundle);
            let (expected, failed) = by_request(&edit, &bundle);
            for (line, (written, expected)) in written.lines().zip(expected.lines()).enumerate() {
                prop_assert_eq!(written, expected, "{} line {}: {}", step, line + 1, bundle.lines().nth(line).unwrap());
            }
            prop_assert_eq!(written, expected);
            let (unfit, failed): (Vec<_>, Vec<_>) = failed.into_iter().partition(|(_, message)| is_unfit(message));
            let unfit: Vec<u64> = unfit.into_iter().map(|(line, _)| line).collect();
            prop_assert_eq!(refused, failed, "{}", step);
            prop_assert_eq!(noted, unfit, "{}", step);
        }
    }
}

#[test]
fn the_law_is_about_every_edit_and_all_that_can_happen() {
    let (mut changed, mut refusing, mut noting) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for seed in 0..20 {
        let mut choices = Choices::of(seed);
        let bundle = rules::odd(&mut choices, 60);
        for Pair { step, edit } in pairs(&mut choices) {
            let name = edit.split('"').nth(3).unwrap_or_default().to_owned();
            let ((written, refused), noted) = by_step(&step, &bundle);
            for (happened, names) in [
                (written != bundle, &mut changed),
                (!refused.is_empty(), &mut refusing),
                (!noted.is_empty(), &mut noting),
            ] {
                if happened {
                    names.insert(name.clone());
                }
            }
        }
    }
    assert_eq!(changed.len(), 16, "{changed:?}");
    assert_eq!(refusing, changed);
    let expected = [
        "add_index_patterns",
        "delete_index_patterns",
        "set_alert_suppression",
        "set_alert_suppression_for_threshold",
        "set_index_patterns",
    ];
    assert_eq!(noting.iter().collect::<Vec<_>>(), expected);
}
