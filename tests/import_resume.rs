//! The command is cut off, by whatever, and goes on: at most one part is sent again, and only after it was looked for.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/gate.rs"]
mod gate;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::collections::BTreeSet;
use std::process::Child;
use std::time::Duration;

use gate::Gate;
use kibana::{At, Fault, Logged, On, Schedule, Work};
use records::{acting, bundle, connector, item, list, referring, rule, with};
use serde_json::{Value, json};
use shore::{GENERATIONS, Shore, Told, is_write, wait_until};

const ROUTE: &str = "*/rules/_import";

/// Lists with items, a connector, and enough rules for three parts; each rule says that it is enabled.
fn records() -> Vec<Value> {
    let mut records = vec![
        list("l"),
        item("i", "l"),
        item("j", "l"),
        connector("c", "C"),
    ];
    records.extend((0..700).map(|n| {
        let id = format!("r{n}");
        let rule = match n % 3 {
            0 => referring(&id, "l", "detection"),
            1 => acting(&id, &["c"]),
            _ => rule(&id),
        };
        with(rule, &json!({"enabled": true}))
    }));
    records
}

fn shore(version: &str) -> Shore {
    let shore = Shore::of(version, &records());
    shore.kibana.expect("soc", &bundle(&records()));
    shore
}

/// The command is killed as by `kill -9`.
fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What two requests both carried, the connector that lets rules in left out.
fn both(a: &[Logged], b: &[Logged]) -> BTreeSet<String> {
    let names = |all: &[Logged]| -> BTreeSet<String> {
        let names = all.iter().flat_map(|it| it.names.iter().cloned());
        names.filter(|it| !it.starts_with("connector")).collect()
    };
    names(a).intersection(&names(b)).cloned().collect()
}

/// Goes on after a first run that made the first `requests` requests, and holds that all is well.
///
/// What the first run sent may still be done by the server while the second looks for it.
fn goes_on(shore: &Shore, requests: usize, flags: &[&str], what: &str) -> Told {
    shore.kibana.schedule(Schedule::default());
    let told = shore.import(&[&["--resume"], flags].concat());
    shore.kibana.settle();
    assert_eq!(told.code, Some(0), "{what}: {}{}", told.stdout, told.stderr);
    let log = shore.kibana.log();
    let (first, second) = log.split_at(requests);
    let imports = |log: &[Logged]| -> Vec<Logged> {
        let imports = log.iter().filter(|it| it.path.ends_with("/_import"));
        imports.cloned().collect()
    };
    let (first, again) = (imports(first), imports(second));
    let last = first
        .last()
        .map_or(BTreeSet::new(), |it| it.names.iter().cloned().collect());
    let twice = both(&first, &again);
    assert!(
        twice.is_subset(&last),
        "{what}: more than one part was sent again"
    );
    // Before anything is sent, all that was sent is looked for.
    let reads = second.iter().take_while(|it| !is_write(it));
    let read: BTreeSet<&str> = reads.map(|it| it.path.as_str()).collect();
    assert!(
        read.contains("/api/detection_engine/rules/_find"),
        "{what}: {read:?}"
    );
    assert!(
        read.contains("/api/exception_lists/_find"),
        "{what}: {read:?}"
    );
    assert!(
        shore.kibana.duplicates().is_empty(),
        "{what}: {:?}",
        shore.kibana.duplicates()
    );
    assert!(
        shore.kibana.violations().is_empty(),
        "{what}: {:?}",
        shore.kibana.violations()
    );
    assert_eq!(shore.held("soc").len(), 704, "{what}");
    // The journal is gone.
    assert_eq!(
        shore.folder.names(),
        ["b.ndjson", "r.ndjson"].map(String::from).into()
    );
    told
}

#[test]
fn a_run_that_is_killed_at_any_request_goes_on() {
    let whole = shore("9.1");
    whole.import(&[]).ends_with(0);
    let count = whole.kibana.log().len();
    assert!(count > 15, "{count}");
    for nth in 1..=count {
        let version = GENERATIONS[nth % 3];
        let shore = shore(version);
        let fault = Fault::Delay {
            before: Duration::from_millis(40),
            after: Duration::from_millis(40),
        };
        let on = On::nth("", "*", nth as u64);
        shore.kibana.schedule(Schedule::of([(on, fault)]));
        let child = shore.begin(&[]);
        wait_until("the request comes", || shore.kibana.log().len() >= nth);
        // Before the work, or after it.
        std::thread::sleep(Duration::from_millis(if nth % 2 == 0 { 0 } else { 50 }));
        kill(child);
        let requests = shore.kibana.log().len();
        let what = format!("killed at request {nth} of {count}, Kibana {version}");
        if shore.path("r.ndjson.journal").exists() {
            goes_on(&shore, requests, &[], &what);
        } else {
            // Nothing was sent, or all was told.
            let has_report = shore.path("r.ndjson").exists();
            let writes = shore.writes(0).len();
            assert!(
                has_report || writes == 0,
                "{what}: no journal, and {writes} were sent"
            );
        }
    }
}

#[test]
fn a_run_that_is_killed_at_each_part_goes_on() {
    let late = |hangs_up| Fault::Late {
        after: Duration::from_millis(120),
        hangs_up,
    };
    let slow = |before, after| Fault::Delay {
        before: Duration::from_millis(before),
        after: Duration::from_millis(after),
    };
    let faults = [
        slow(100, 0),
        slow(0, 100),
        late(true),
        late(false),
        Fault::Reset(At::AfterWork),
    ];
    for (version, fault) in GENERATIONS.into_iter().cycle().zip(faults) {
        for nth in 1..=3 {
            let shore = shore(version);
            let on = On::nth("POST", ROUTE, nth);
            shore.kibana.schedule(Schedule::of([(on, fault)]));
            let child = shore.begin(&[]);
            shore.wait_for_imports(usize::try_from(nth).unwrap());
            std::thread::sleep(Duration::from_millis(20));
            kill(child);
            let requests = shore.kibana.log().len();
            let what = format!("{fault:?} at part {nth}, Kibana {version}");
            let told = goes_on(&shore, requests, &[], &what);
            // What the first run made is not told as if it had been there.
            assert_eq!(told.counts(), [("created", 704)].into(), "{what}");
        }
    }
}

#[test]
fn a_run_that_overwrites_and_is_killed_goes_on() {
    let newer: Vec<Value> = records()
        .into_iter()
        .map(|it| match it.get("attributes") {
            Some(_) => it,
            None => with(it, &json!({"description": "newer"})),
        })
        .collect();
    for version in GENERATIONS {
        for nth in 1..=3 {
            let shore = Shore::of(version, &newer);
            shore.kibana.seed("soc", &bundle(&records()));
            let slow = Fault::Delay {
                before: Duration::from_millis(if nth == 2 { 0 } else { 60 }),
                after: Duration::from_millis(60),
            };
            let on = On::nth("POST", ROUTE, nth);
            shore.kibana.schedule(Schedule::of([(on, slow)]));
            let flags = ["--overwrite", "rules,exceptions"];
            let child = shore.begin(&flags);
            shore.wait_for_imports(usize::try_from(nth).unwrap());
            std::thread::sleep(Duration::from_millis(20));
            kill(child);
            let requests = shore.kibana.log().len();
            let what = format!("overwriting, killed at part {nth}, Kibana {version}");
            let told = goes_on(&shore, requests, &flags, &what);
            assert_eq!(
                told.counts(),
                [("overwritten", 703), ("unchanged", 1)].into(),
                "{what}"
            );
        }
    }
}

#[test]
fn a_journal_is_for_one_import_alone() {
    let shore = shore("9.1");
    let slow = Fault::Delay {
        before: Duration::from_millis(200),
        after: Duration::ZERO,
    };
    let on = On::nth("POST", ROUTE, 2);
    shore.kibana.schedule(Schedule::of([(on, slow)]));
    let child = shore.begin(&[]);
    shore.wait_for_imports(2);
    kill(child);
    shore.kibana.settle();
    let (requests, journal) = (
        shore.kibana.log().len(),
        shore.folder.read("r.ndjson.journal"),
    );
    let refused = |told: &Told, words: &str| {
        assert_eq!(told.code, Some(2), "{}", told.stderr);
        assert!(told.stderr.contains(words), "{words}: {}", told.stderr);
    };
    refused(
        &shore.import(&[]),
        "go on with `--resume`, or remove that file",
    );
    refused(
        &shore.import(&["--resume", "--overwrite", "rules"]),
        "its `overwrite` differs",
    );
    refused(
        &shore.import(&["--resume", "--allow-missing-exceptions"]),
        "its `allow_missing_exceptions` differs",
    );
    refused(
        &shore.import(&["--resume", "--as-new-list"]),
        "its `as_new_list` differs",
    );
    refused(
        &shore.import_into(&["emea"], &["--resume"]),
        "its `spaces` differs",
    );
    refused(
        &shore.import(&["--resume", "--journal", "other"]),
        "no journal at `other`",
    );
    let mut command = shore.importing(&["--resume"]);
    command.env("KIBANA_URL", shore.url.replace("127.0.0.1", "localhost"));
    let ran = shore.folder.command(&mut command, b"");
    assert!(
        ran.code == Some(2) && ran.stderr.contains("its `url` differs"),
        "{}",
        ran.stderr
    );
    let before = shore.folder.read("b.ndjson");
    shore.write(&[rule("a")]);
    refused(&shore.import(&["--resume"]), "its `files` differs");
    shore.folder.write("b.ndjson", before);
    shore.folder.write("nonsense", "nonsense");
    refused(
        &shore.import(&["--resume", "--journal", "nonsense"]),
        "is no journal",
    );
    // None of them did anything, to the space or to the journal.
    assert!(shore.writes(requests).is_empty());
    assert_eq!(shore.folder.read("r.ndjson.journal"), journal);
    std::fs::remove_file(shore.path("nonsense")).unwrap();
    goes_on(&shore, requests, &[], "after all that");
}

#[test]
fn the_same_new_ids_are_used_again() {
    let records: Vec<Value> = [
        list("l"),
        item("i", "l"),
        referring("a", "l", "detection"),
        rule("b"),
    ]
    .into();
    let shore = Shore::of("9.1", &records);
    shore.kibana.seed("soc", &bundle(&records[..2]));
    let slow = Fault::Delay {
        before: Duration::ZERO,
        after: Duration::from_millis(200),
    };
    let on = On::nth("POST", ROUTE, 1);
    shore.kibana.schedule(Schedule::of([(on, slow)]));
    let child = shore.begin(&["--as-new-list"]);
    shore.wait_for_imports(1);
    std::thread::sleep(Duration::from_millis(50));
    kill(child);
    let told = shore.import(&["--as-new-list", "--resume"]);
    told.ends_with(0);
    let state = shore.kibana.state("soc");
    assert_eq!((state.lists.len(), state.items.len()), (2, 2));
    assert_eq!(
        state.rules[0]["exceptions_list"][0]["list_id"],
        state.lists[1]["list_id"]
    );
}

#[test]
fn a_server_that_is_gone_halfway_is_told_and_the_rest_comes_later() {
    let mut shore = shore("9.1");
    let gate = Gate::to(&shore.kibana.url);
    shore.url.clone_from(&gate.url);
    let slow = Fault::Delay {
        before: Duration::from_millis(30),
        after: Duration::from_millis(30),
    };
    let on = On::nth("POST", ROUTE, 2);
    shore.kibana.schedule(Schedule::of([(on, slow)]));
    let child = shore.begin(&[]);
    shore.wait_for_imports(2);
    gate.shut();
    let told = shore.end(child);
    told.ends_with(3);
    shore.kibana.settle();
    // What is told to be there is there; of what was sent last nobody can say.
    let held = shore.held("soc");
    for line in &told.report[..704] {
        let is_there = held
            .iter()
            .any(|it| it.rsplit([' ', '/']).next() == line["id"].as_str());
        let outcome = line["outcome"].as_str().unwrap();
        match outcome {
            "created" => assert!(is_there || line["kind"] == "connector", "{line}"),
            "failed" => assert!(!is_there && line["part"] == Value::Null, "{line}"),
            "unknown" => assert_eq!(line["part"], 2, "{line}"),
            _ => panic!("{line}"),
        }
    }
    let counts = told.counts();
    assert!(
        counts["unknown"] > 0 && counts["failed"] > 0 && counts["created"] > 0,
        "{counts:?}"
    );
    assert!(
        told.stderr.contains("`--resume` goes on"),
        "{}",
        told.stderr
    );
    let requests = shore.kibana.log().len();
    gate.open();
    let told = goes_on(&shore, requests, &[], "the server came back");
    assert_eq!(told.counts(), [("created", 704)].into());
}

#[test]
fn credentials_that_are_refused_halfway_end_the_run() {
    for status in [401, 403] {
        let shore = shore("9.6");
        let refused = Fault::Status {
            status,
            retry_after: None,
            is_html: false,
            work: Work::NotDone,
        };
        shore
            .kibana
            .schedule(Schedule::of([(On::nth("POST", ROUTE, 3), refused)]));
        let told = shore.import(&[]);
        told.ends_with(5);
        let counts = told.counts();
        assert!(counts["created"] > 0 && counts["failed"] > 0, "{counts:?}");
        assert_eq!(counts.len(), 2);
        let requests = shore.kibana.log().len();
        goes_on(&shore, requests, &[], "credentials");
    }
}
