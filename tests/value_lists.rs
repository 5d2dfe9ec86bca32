//! A value list is brought to a space in bad weather: whatever networks, proxies and servers do, no value is lost, none is sent twice
//! by the client, and what is told is what is there.
//!
//! `RULEFERRY_CASES=10000 cargo test --release --test value_lists -- --ignored` takes the long way.

#![cfg(test)]

#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/storm.rs"]
mod storm;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kibana::{API_KEY, Dice, Fault, Kibana, Schedule, Settings as Server};
use ruleferry::error::Result;
use ruleferry::kibana::{Client, Credentials, Options, Retry, Secret, Space};
use ruleferry::ops::value_lists::{Imported, Settings, import};
use serde_json::json;
use storm::{cases, each_seed};

const ROUTES: [(&str, &str); 8] = [
    ("POST", "/api/lists/items/_import"),
    ("POST", "/api/lists/items/_import"),
    ("POST", "/api/lists/items/_import"),
    ("POST", "/api/lists/items/_export"),
    ("POST", "/api/lists/index"),
    ("POST", "/api/lists"),
    ("GET", "/api/lists*"),
    ("", "*"),
];

/// A client that waits little: what is late here is late by some thirty milliseconds at most.
fn client(kibana: &Kibana) -> Client {
    let mut options = Options::new(&kibana.url);
    options.credentials = Credentials::ApiKey(Secret::new(API_KEY, "the test").unwrap());
    options.retry = Retry {
        attempts: 14,
        pause: Duration::from_millis(40),
        longest: Duration::from_millis(400),
    };
    options.pause = Arc::new(|pause| {
        std::thread::sleep(pause / 20);
        true
    });
    Client::new(options).unwrap()
}

/// How often the space has each value.
fn held(kibana: &Kibana) -> BTreeMap<String, u64> {
    let mut held = BTreeMap::new();
    for value in kibana.values("soc", "ips").unwrap_or_default() {
        *held.entry(value).or_default() += 1;
    }
    held
}

fn in_bad_weather(seed: u64) {
    let mut dice = Dice(seed ^ 0x11);
    let version = *dice.one(&["8.18", "9.1", "9.6"]);
    let kibana = Kibana::start(Server {
        spaces: vec!["soc".into()],
        ..Server::of(version)
    });
    let values: Vec<String> = (0..=dice.below(300))
        .map(|n| format!("10.0.{}.{}", n / 250, n % 250))
        .collect();
    let text = values.join("\n");
    // Some of it may be there, and something else too.
    let is_there = dice.below(2) == 0;
    let there = values
        .iter()
        .filter(|_| dice.below(3) == 0)
        .cloned()
        .chain(["9.9.9.9".into()]);
    let there: Vec<String> = there.collect();
    if is_there {
        let there: Vec<&str> = there.iter().map(String::as_str).collect();
        kibana.seed_values("soc", "ips", &there);
    }
    let absent = if is_there {
        values.len() + 1 - there.len()
    } else {
        values.len()
    };
    let settings = json!({"id": "ips", "name": "ips", "description": "ips", "type": "ip"});
    let settings = Settings::parse(&settings.to_string()).unwrap();
    let (client, space): (Client, Space) = (client(&kibana), "soc".parse().unwrap());
    let bring =
        || -> Result<Imported> { import(&client, &space, &settings, || Ok(text.as_bytes())) };
    kibana.schedule(Schedule::random_on(seed, &ROUTES));
    let told = bring();
    kibana.settle();
    let hold = |holds: bool, what: &str| {
        assert!(
            holds,
            "seed {seed}, Kibana {version}, {absent} absent: {what}: {told:?}, {:#?}",
            kibana.log()
        );
    };
    let is_whole =
        |held: &BTreeMap<String, u64>| values.iter().all(|value| held.contains_key(value));
    if let Ok(told) = &told {
        let missing = values
            .iter()
            .filter(|value| !held(&kibana).contains_key(*value))
            .count() as u64;
        hold(told.missing == missing, "missing");
        hold(told.values == values.len() as u64, "values");
        hold(told.sent == absent as u64, "sent");
        hold(told.is_created != is_there, "created");
    }
    kibana.schedule(Schedule::default());
    let again = bring().unwrap();
    hold(
        again.missing == 0 && is_whole(&held(&kibana)),
        "not whole in good weather",
    );
    // What a proxy sends twice is there twice.
    let is_twice = |fault: Option<Fault>| matches!(fault, Some(Fault::Twice { .. }));
    let is_proxys = kibana.log().iter().any(|it| is_twice(it.fault));
    let once = held(&kibana).values().all(|times| *times == 1);
    hold(once || is_proxys, "sent twice by the client");
}

#[test]
fn no_value_is_lost_or_sent_twice_in_bad_weather() {
    each_seed(0..150, 16, in_bad_weather);
}

#[test]
#[ignore = "takes minutes"]
fn no_value_is_lost_or_sent_twice_a_long_way() {
    each_seed(1000..1000 + cases(10_000), 32, in_bad_weather);
}
