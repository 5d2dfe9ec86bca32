//! Schedules.

use super::*;

#[test]
fn a_schedule_looks_back_from_the_interval_in_seconds() {
    let set = |interval: &str, lookback: &str| {
        Edit::SetSchedule(Schedule::new(interval, lookback).unwrap())
    };
    for (interval, lookback, from) in [
        ("5m", "1m", 360),
        ("15m", "10m", 1500),
        ("1h", "30m", 5400),
        ("1s", "24h", 86_401),
    ] {
        effective(
            &set(interval, lookback),
            "{}",
            &format!(
                r#"{{"interval":"{interval}","from":"now-{from}s","meta":{{"from":"{lookback}"}}}}"#
            ),
        );
    }
    let there = r#"{"interval":"5\u006d","from":"now-360s","to":"now","meta":{"kibana_siem_app_url":"u","from":"1m"}}"#;
    effective(&set("5m", "1m"), there, there);
    effective(
        &set("5m", "1m"),
        r#"{"meta":{"x":1},"to":"now-1m"}"#,
        r#"{"meta":{"x":1,"from":"1m"},"to":"now-1m","interval":"5m","from":"now-360s"}"#,
    );
    for wrong in [
        "5d",
        "0m",
        "05m",
        "5",
        "",
        "m",
        "5 m",
        "1w",
        "99999999999999999999s",
    ] {
        assert!(
            Schedule::new(wrong, "1m").is_err() && Schedule::new("1m", wrong).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn no_interval_is_longer_than_an_action_waits() {
    let schedule = Schedule::new("2h", "1m").unwrap();
    let with = |frequency: &str| {
        format!(r#"{{"id":"i","actions":[{{"id":"c","frequency":{frequency}}}]}}"#)
    };
    let refusal =
        r#"Error updating rule with ID "i": the interval 2h is longer than the action frequencies"#;
    for (when, throttle, is_refused) in [
        ("onThrottleInterval", r#""1h""#, true),
        ("onThrottleInterval", r#""119m""#, true),
        ("onThrottleInterval", r#""2h""#, false),
        ("onThrottleInterval", r#""1d""#, false),
        ("onActiveAlert", r#""1h""#, false),
        ("onActiveAlert", "null", false),
    ] {
        let rule = with(&format!(
            r#"{{"summary":true,"notifyWhen":"{when}","throttle":{throttle}}}"#
        ));
        let done = schedule
            .suits(&Object::parse(&rule).unwrap())
            .map_err(|error| error.to_string());
        assert_eq!(
            done,
            if is_refused {
                Err(refusal.to_owned())
            } else {
                Ok(())
            },
            "{rule}"
        );
    }
    let of_rule = r#"{"id":"i","throttle":"1h","actions":[{"id":"c"}]}"#;
    refused(&Edit::SetSchedule(schedule.clone()), of_rule, refusal);
    let of_system = r#"{"throttle":"1h","actions":[{"id":"system-connector-.cases"}]}"#;
    assert!(schedule.suits(&Object::parse(of_system).unwrap()).is_ok());

    // The actions that count are those from before the request.
    let throttled = with(r#"{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#);
    let mut rule = Object::parse(&throttled).unwrap();
    rule.set("actions", "[]");
    let surroundings = Surroundings {
        connector_type: &|_| None,
        new_id: &|_| String::new(),
    };
    let failure = Edit::SetSchedule(schedule)
        .apply(&mut rule, &surroundings)
        .unwrap_err();
    assert_eq!(failure.to_string(), refusal);
}
