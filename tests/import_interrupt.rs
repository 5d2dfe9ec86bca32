//! Ctrl-C ends an import between two requests, with report and journal; a second one ends it at once.

#![cfg(unix)]
#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use kibana::{Fault, On, Schedule, Settings, Work};
use records::{item, list, rule};
use serde_json::{Value, json};
use shore::{Shore, wait_until};

const ROUTE: &str = "*/rules/_import";

fn records() -> Vec<Value> {
    (0..700).map(|n| rule(&format!("r{n}"))).collect()
}

/// Presses Ctrl-C.
fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
}

/// The n-th part takes this long.
fn slowly(nth: u64, millis: u64) -> Schedule {
    let slow = Fault::Delay {
        before: Duration::from_millis(millis),
        after: Duration::ZERO,
    };
    Schedule::of([(On::nth("POST", ROUTE, nth), slow)])
}

#[test]
fn the_request_under_way_is_brought_to_its_end() {
    let shore = Shore::of("9.1", &records());
    shore.kibana.schedule(slowly(1, 300));
    let child = shore.begin(&[]);
    shore.wait_for_imports(1);
    interrupt(&child);
    let told = shore.end(child);
    told.ends_with(130);
    assert_eq!(told.counts(), [("created", 250), ("failed", 450)].into());
    assert_eq!(told.summary()["exit"], 130);
    assert_eq!(told.line("r0")["part"], 1);
    assert_eq!(told.message("r699"), "not sent: interrupted");
    assert!(
        told.stderr.contains("again to stop at once"),
        "{}",
        told.stderr
    );
    assert!(
        told.stderr.contains("`--resume` goes on"),
        "{}",
        told.stderr
    );
    assert_eq!(shore.kibana.state("soc").rules.len(), 250);
    let told = shore.import(&["--resume"]);
    told.ends_with(0);
    assert_eq!(told.counts(), [("created", 700)].into());
    // The first part is not sent again.
    assert!(
        shore.imports()[1..]
            .iter()
            .all(|it| !it.names.contains(&"rule r0".into()))
    );
}

#[test]
fn a_second_one_ends_the_run_at_once() {
    let shore = Shore::of("9.1", &records());
    shore.kibana.schedule(slowly(1, 3000));
    let begun = Instant::now();
    let mut child = shore.begin(&[]);
    shore.wait_for_imports(1);
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(50));
    assert!(child.try_wait().unwrap().is_none(), "one is not enough");
    interrupt(&child);
    let told = shore.end(child);
    told.ends_with(130);
    assert!(begun.elapsed() < Duration::from_millis(2500));
    // There was no time for a report, but the journal is there.
    assert!(told.report.is_empty());
    assert!(shore.path("r.ndjson.journal").exists());
    shore.kibana.settle();
    let told = shore.import(&["--resume"]);
    told.ends_with(0);
    assert_eq!(told.counts(), [("created", 700)].into());
    assert!(shore.kibana.duplicates().is_empty());
}

#[test]
fn nobody_waits_out_a_pause() {
    for status in [429, 503] {
        let shore = Shore::of("9.1", &records());
        let busy = Fault::Status {
            status,
            retry_after: Some(30),
            is_html: false,
            work: Work::NotDone,
        };
        shore
            .kibana
            .schedule(Schedule::of([(On::nth("POST", ROUTE, 2), busy)]));
        let begun = Instant::now();
        let child = shore.begin(&[]);
        shore.wait_for_imports(2);
        std::thread::sleep(Duration::from_millis(50));
        interrupt(&child);
        let told = shore.end(child);
        told.ends_with(130);
        assert!(begun.elapsed() < Duration::from_secs(3), "{status}");
        assert_eq!(told.outcome("r0"), "created");
        assert_eq!(shore.imports().len(), 2);
    }
}

#[test]
fn spaces_that_have_not_begun_are_left_alone() {
    let settings = Settings {
        spaces: (0..6).map(|n| format!("cust-{n}")).collect(),
        ..Settings::of("9.1")
    };
    let shore = Shore::with(settings, &[rule("a")]);
    shore.kibana.schedule(slowly(1, 300));
    let child = command::spawn(&mut shore.importing_into(&["cust-*"], &["-j", "1"]));
    shore.wait_for_imports(1);
    interrupt(&child);
    let told = shore.end(child);
    told.ends_with(130);
    assert_eq!(told.counts(), [("created", 1), ("failed", 5)].into());
    let touched = shore
        .kibana
        .log()
        .into_iter()
        .filter(|it| it.space.starts_with("cust-"));
    assert!(touched.into_iter().all(|it| it.space == "cust-0"));
    let told = shore.import_into(&["cust-*"], &["--resume"]);
    told.ends_with(0);
    assert_eq!(told.counts(), [("created", 6)].into());
}

#[test]
fn before_anything_is_sent_one_is_enough() {
    let shore = Shore::of("9.1", &records());
    let slow = Fault::Delay {
        before: Duration::from_millis(400),
        after: Duration::ZERO,
    };
    shore
        .kibana
        .schedule(Schedule::of([(On::nth("GET", "*/rules/_find", 1), slow)]));
    let child = shore.begin(&[]);
    wait_until("it reads", || {
        shore
            .kibana
            .log()
            .iter()
            .any(|it| it.path.ends_with("_find"))
    });
    interrupt(&child);
    let told = shore.end(child);
    told.ends_with(130);
    assert_eq!(told.counts(), [("failed", 700)].into());
    assert!(shore.writes(0).is_empty());
}

#[test]
fn items_in_place_end_between_two_as_well() {
    let newer = |record: Value| records::with(record, &json!({"description": "newer"}));
    let items = |n: u32| item(&format!("i{n}"), "l");
    let mut bundle = vec![newer(list("l"))];
    bundle.extend((0..40).map(|n| newer(items(n))));
    let shore = Shore::of("9.1", &bundle);
    let mut there = vec![list("l")];
    there.extend((0..40).map(items));
    shore.kibana.seed("soc", &records::bundle(&there));
    let slow = Fault::Delay {
        before: Duration::from_millis(200),
        after: Duration::ZERO,
    };
    let on = On::nth("PUT", "/api/exception_lists/items", 10);
    shore.kibana.schedule(Schedule::of([(on, slow)]));
    let flags = ["--overwrite", "exceptions", "--items-in-place"];
    let child = shore.begin(&flags);
    let changed = || {
        let log = shore.kibana.log();
        log.iter()
            .filter(|it| it.method == "PUT" && it.path.ends_with("/items"))
            .count()
    };
    wait_until("items are changed", || changed() >= 10);
    interrupt(&child);
    let told = shore.end(child);
    told.ends_with(130);
    assert_eq!(told.counts(), [("overwritten", 11), ("failed", 30)].into());
    assert_eq!(changed(), 10);
    let told = shore.import(&[&flags[..], &["--resume"]].concat());
    told.ends_with(0);
    assert_eq!(told.counts(), [("overwritten", 41)].into());
    assert_eq!(changed(), 40);
}

#[test]
fn a_file_is_the_same_by_whatever_way_it_is_named() {
    let shore = Shore::of("9.1", &records());
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    shore
        .kibana
        .schedule(Schedule::of([(On::nth("POST", ROUTE, 2), refusal)]));
    let args = ["import", "./b.ndjson", "--space", "soc", "--yes"];
    let cut = shore.run(&args);
    assert_eq!(cut.code, Some(5), "{}", cut.stderr);
    shore.kibana.schedule(Schedule::default());
    let whole = shore.path("b.ndjson");
    let args = [
        "import",
        whole.to_str().unwrap(),
        "--space",
        "soc",
        "--yes",
        "--resume",
        "--still",
        "100ms",
    ];
    let resumed = shore.run(&args);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert_eq!(shore.kibana.state("soc").rules.len(), 700);
}
