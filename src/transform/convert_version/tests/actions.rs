use super::{noted, to};

#[test]
fn actions_with_one_frequency_give_the_rule_its_throttle() {
    let action = |frequency: &str| {
        format!(
            r#"{{"type":"query","actions":[{{"id":"c","uuid":"u","alerts_filter":{{"query":{{}}}},"frequency":{frequency},"group":"default"}}]}}"#
        )
    };
    let hourly = action(r#"{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#);
    to("8.8").keeps(&hourly);
    to("8.7").turns(
        &hourly,
        r#"{"type":"query","actions":[{"id":"c","group":"default"}],"throttle":"1h"}"#,
    );
    assert_eq!(
        noted("8.7", &hourly),
        [
            r#"changed actions.0.frequency {"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#,
            r#"lost actions.0.uuid "u""#,
            r#"lost actions.0.alerts_filter {"query":{}}"#,
        ]
    );
    for (frequency, effect) in [
        (
            r#"{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}"#,
            "changed",
        ),
        (
            r#"{"summary":false,"notifyWhen":"onActiveAlert","throttle":null}"#,
            "lost",
        ),
        (
            r#"{"summary":true,"notifyWhen":"onActionGroupChange","throttle":null}"#,
            "lost",
        ),
    ] {
        let rule = action(frequency);
        to("8.0").turns(
            &rule,
            r#"{"type":"query","actions":[{"id":"c","group":"default"}],"throttle":"rule"}"#,
        );
        assert!(
            noted("8.0", &rule)[0].starts_with(&format!("{effect} actions.0.frequency {{")),
            "{frequency}"
        );
    }
}

#[test]
fn of_several_frequencies_the_most_frequent_is_kept() {
    let every = |time: &str| {
        format!(
            r#"{{"id":"c","frequency":{{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"{time}"}}}}"#
        )
    };
    let rule = |actions: &[&str], throttle: &str| {
        format!(
            r#"{{"type":"query","actions":[{}]{throttle}}}"#,
            actions.join(",")
        )
    };
    let (hour, day, plain) = (every("1h"), every("1d"), r#"{"id":"c"}"#);
    let system = r#"{"id":"system-connector-.cases"}"#;
    to("8.7").turns(
        &rule(&[system, &day, &hour], ""),
        &rule(&[system, plain, plain], r#","throttle":"1h""#),
    );
    let lost = noted("8.7", &rule(&[system, &day, &hour], ""));
    assert!(lost[0].starts_with("lost actions.1.frequency"), "{lost:?}");
    assert!(
        lost[1].starts_with("changed actions.2.frequency"),
        "{lost:?}"
    );
    // An action without a frequency goes by the rule's throttle, or runs each time.
    to("8.7").turns(
        &rule(&[plain, &day], ""),
        &rule(&[plain, plain], r#","throttle":"rule""#),
    );
    to("8.7").turns(
        &rule(&[plain, &day], r#","throttle":"12h""#),
        &rule(&[plain, plain], r#","throttle":"12h""#),
    );
    // What an older Kibana wrote has none, and stays.
    to("8.7").keeps(&rule(&[plain], r#","throttle":"7d""#));
    to("8.7").keeps(&rule(&[plain], ""));
    to("8.7").keeps(&rule(&[], ""));
}
