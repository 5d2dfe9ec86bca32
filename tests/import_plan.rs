//! `--plan` applies a kept plan exactly, and refuses where anything is not as it was.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::time::Duration;

use kibana::{Fault, On, Schedule};
use records::{acting, bundle, connector, item, list, referring, rule, with};
use serde_json::{Value, json};
use shore::{GENERATIONS, Shore, Told};

fn records() -> Vec<Value> {
    vec![
        rule("new"),
        with(rule("old"), &json!({"description": "newer"})),
        referring("a", "l", "detection"),
        acting("b", &["c"]),
        list("l"),
        item("i", "l"),
        connector("c", "C"),
    ]
}

/// A space with some of it, and a plan `p.json` made with these flags.
fn planned(version: &str, flags: &[&str]) -> Shore {
    let shore = Shore::of(version, &records());
    shore
        .kibana
        .seed("soc", &bundle(&[rule("old"), list("l"), item("j", "l")]));
    let args = [
        &["plan", "b.ndjson", "--space", "soc", "-o", "p.json", "-q"][..],
        flags,
    ]
    .concat();
    let ran = shore.run(&args);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    shore
}

/// Holds that the import is refused with these words, and did nothing.
fn refuses(shore: &Shore, args: &[&str], code: i32, words: &str) -> Told {
    let before = (shore.held("soc"), shore.folder.names());
    let told = shore.import(&[&["--plan", "p.json"], args].concat());
    assert_eq!(
        told.code,
        Some(code),
        "{args:?}: {}{}",
        told.stdout,
        told.stderr
    );
    assert!(told.stderr.contains(words), "{args:?}: {}", told.stderr);
    assert!(shore.writes(0).is_empty());
    assert_eq!((shore.held("soc"), shore.folder.names()), before);
    told
}

#[test]
fn a_plan_is_applied_as_it_was_made() {
    for version in GENERATIONS {
        let shore = planned(version, &["--overwrite", "rules,exceptions"]);
        let plan: Value = serde_json::from_slice(&shore.folder.read("p.json")).unwrap();
        // The plan says what may be overwritten; it need not be said again.
        let told = shore.import(&["--plan", "p.json"]);
        told.ends_with(0);
        let planned = plan["records"].as_array().unwrap();
        for record in planned {
            let id = record["id"].as_str().unwrap();
            assert_eq!(told.outcome(id), record["outcome"], "{version}: {id}");
        }
        assert_eq!(planned.len(), 7);
        assert_eq!(
            told.counts(),
            [("created", 5), ("overwritten", 2)].into(),
            "{version}"
        );
        // It holds no longer.
        let told = shore.import(&["--plan", "p.json"]);
        assert_eq!(told.code, Some(1), "{}", told.stderr);
        assert!(
            told.stderr.contains("`p.json` holds no longer"),
            "{}",
            told.stderr
        );
    }
}

#[test]
fn a_plan_is_for_the_file_and_the_space_that_it_was_made_of() {
    let shore = planned("9.1", &[]);
    let before = shore.folder.read("b.ndjson");
    shore.write(&records()[1..]);
    refuses(
        &shore,
        &[],
        1,
        "the files are not those that it was made of",
    );
    shore.folder.write("b.ndjson", before);
    let told = shore.import_into(&["emea"], &["--plan", "p.json"]);
    assert_eq!(told.code, Some(1));
    assert!(
        told.stderr.contains("its space is `soc`, found `emea`"),
        "{}",
        told.stderr
    );
    let told = shore.import_into(&["soc", "emea"], &["--plan", "p.json"]);
    assert_eq!(told.code, Some(1));
    assert!(
        told.stderr.contains("it is for one space"),
        "{}",
        told.stderr
    );
    assert!(shore.writes(0).is_empty());
    // A plan for another server.
    let text = String::from_utf8(shore.folder.read("p.json")).unwrap();
    shore
        .folder
        .write("p.json", text.replace("127.0.0.1", "localhost"));
    refuses(&shore, &[], 1, "its url is");
    shore.folder.write(
        "p.json",
        text.replace("\"version\": \"9.1\"", "\"version\": \"9.0\""),
    );
    refuses(&shore, &[], 1, "its version is `9.0`, found `9.1`");
    shore.folder.write("p.json", "{}");
    refuses(&shore, &[], 2, "is no plan");
    std::fs::remove_file(shore.path("p.json")).unwrap();
    refuses(&shore, &[], 1, "p.json");
}

#[test]
fn a_plan_is_refused_where_the_space_moved() {
    let moves: [(&str, &[Value]); 4] = [
        ("rule `new`", &[rule("new")]),
        ("rule `a`", &[referring("a", "l", "detection")]),
        ("connector `c`", &[connector("c", "C")]),
        ("`i`", &[item("i", "l")]),
    ];
    for (what, moved) in moves {
        let shore = planned("9.6", &["--overwrite", "rules"]);
        shore.kibana.seed("soc", &bundle(moved));
        let told = refuses(&shore, &[], 1, what);
        assert!(told.stderr.contains("ruleferry plan"), "{}", told.stderr);
    }
    // What is there already may move too.
    for (what, moved) in [
        ("rule `old`", rule("old")),
        ("exception list `l`", list("l")),
    ] {
        let shore = planned("9.6", &["--overwrite", "exceptions"]);
        shore.kibana.reset();
        let mut there = vec![rule("old"), list("l"), item("j", "l")];
        let place = there.iter().position(|it| *it == moved).unwrap();
        there[place] = with(moved, &json!({"name": "moved"}));
        shore.kibana.seed("soc", &bundle(&there));
        refuses(&shore, &[], 1, what);
    }
}

#[test]
fn flags_do_not_change_a_plan() {
    let shore = planned("9.1", &["--overwrite", "rules"]);
    for flags in [
        &["--overwrite", "rules,exceptions"][..],
        &["--overwrite", "connectors"],
        &["--allow-missing-exceptions"],
        &["--items-in-place"],
        &["--as-new-list"],
    ] {
        refuses(&shore, flags, 2, "`--plan`");
    }
    // The same flags again say nothing new.
    let told = shore.import(&["--plan", "p.json", "--overwrite", "rules"]);
    told.ends_with(0);
    assert_eq!(told.outcome("old"), "overwritten");
    assert_eq!(told.outcome("l"), "unchanged");
}

#[test]
fn a_plan_needs_files() {
    let shore = planned("9.1", &[]);
    for files in [&[][..], &["-"]] {
        let args = [
            &["import", "--plan", "p.json", "--space", "soc", "--yes"][..],
            files,
        ]
        .concat();
        let input = bundle(&records());
        let ran = shore.folder.command(&mut shore.command(&args), &input);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("`--plan` needs FILEs"),
            "{}",
            ran.stderr
        );
    }
    assert!(shore.writes(0).is_empty());
}

#[test]
fn a_plan_holds_no_secret_and_is_not_written_over() {
    let shore = planned("9.1", &[]);
    let text = String::from_utf8(shore.folder.read("p.json")).unwrap();
    assert!(!text.contains(kibana::API_KEY));
    let ran = shore.run(&[
        "import", "b.ndjson", "--space", "soc", "--plan", "p.json", "--report", "p.json", "--yes",
    ]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(shore.folder.read("p.json"), text.into_bytes());
}

#[test]
fn a_plan_that_was_cut_off_goes_on() {
    let shore = planned("9.1", &["--overwrite", "rules"]);
    let slow = Fault::Delay {
        before: Duration::ZERO,
        after: Duration::from_millis(300),
    };
    let on = On::nth("POST", "*/rules/_import", 1);
    shore.kibana.schedule(Schedule::of([(on, slow)]));
    let mut child = shore.begin(&["--plan", "p.json"]);
    shore.wait_for_imports(1);
    std::thread::sleep(Duration::from_millis(50));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(shore.path("r.ndjson.journal").exists());
    let told = shore.import(&["--plan", "p.json", "--resume"]);
    told.ends_with(0);
    assert_eq!(
        told.counts(),
        [("created", 5), ("overwritten", 1), ("unchanged", 1)].into()
    );
}

#[test]
fn ids_that_several_objects_share_do_not_confuse_a_plan() {
    let agnostic = |record: Value| with(record, &json!({"namespace_type": "agnostic"}));
    let there = [
        list("l"),
        item("i", "l"),
        list("m"),
        item("i", "m"),
        agnostic(list("l")),
        agnostic(item("i", "l")),
    ];
    for (at, moved) in there.iter().enumerate() {
        let shore = Shore::of("9.6", &there);
        shore.kibana.seed("soc", &bundle(&there));
        let args = ["plan", "b.ndjson", "--space", "soc", "-o", "p.json", "-q"];
        assert_eq!(shore.run(&args).code, Some(0));
        shore.import(&["--plan", "p.json"]).ends_with(0);
        shore.kibana.reset();
        let mut other = there.clone();
        other[at] = with(moved.clone(), &json!({"name": "moved"}));
        shore.kibana.seed("soc", &bundle(&other));
        refuses(&shore, &[], 1, "holds no longer");
    }
}
