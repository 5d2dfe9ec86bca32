//! All that a space holds comes back: value lists, timelines, connectors that no rule uses and the endpoint exception list too.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use command::{Folder, Ran};
use kibana::{API_KEY, At, Fault, Kibana, On, Schedule, Settings, Work};
use records::{acting, bundle, connector, item, list, referring, rule, with};
use ruleferry::repo::Repository;
use serde_json::{Value, json};

const RESTORE: [&str; 6] = ["restore", "--repo", "repo", "--to", "prod/soc", "--yes"];
const LIVE: [&str; 5] = ["verify", "--repo", "repo", "--against-live", "prod/soc"];
const DIFF: [&str; 4] = ["diff", "--live", "prod/soc", "repo@latest/soc"];
const VERSIONS: [&str; 3] = ["8.18", "9.1", "9.6"];

fn run(folder: &Folder, kibana: &Kibana, args: &[&str]) -> Ran {
    folder.command(&mut ferry(folder, kibana, args), b"")
}

fn ferry(folder: &Folder, kibana: &Kibana, args: &[&str]) -> Command {
    folder.write("key", API_KEY);
    let key = folder.path("key");
    let (url, key) = (&kibana.url, key.display());
    let profile = format!("[profile.prod]\nurl = \"{url}\"\napi-key-file = '{key}'\n");
    folder.write("config.toml", profile);
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
    command.args(args);
    for name in ["KIBANA_URL", "KIBANA_SPACE", "RULEFERRY_PROFILE"] {
        command.env_remove(name);
    }
    command
        .env("NO_PROXY", "127.0.0.1")
        .env("RULEFERRY_CONFIG", folder.path("config.toml"))
        .env("XDG_STATE_HOME", folder.path("state"));
    command
}

fn well(folder: &Folder, kibana: &Kibana, args: &[&str]) -> Ran {
    let ran = run(folder, kibana, args);
    assert_eq!(ran.code, Some(0), "{args:?}: {}{}", text(&ran), ran.stderr);
    ran
}

fn backup(folder: &Folder, kibana: &Kibana) -> Ran {
    let args = ["backup", "--repo", "repo", "--from", "prod/soc"];
    well(folder, kibana, &args)
}

fn text(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn json_lines(ran: &Ran) -> Vec<Value> {
    let text = text(ran);
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn start(version: &str) -> Kibana {
    Kibana::start(Settings {
        spaces: vec!["soc".into()],
        ..Settings::of(version)
    })
}

fn template(id: &str, title: &str) -> Value {
    json!({
        "title": title, "timelineType": "template", "templateTimelineId": id, "templateTimelineVersion": 3,
        "columns": [{"id": "@timestamp"}], "globalNotes": [{"note": "why"}],
    })
}

fn lines(timelines: &[Value]) -> Vec<u8> {
    bundle(timelines)
}

/// A space with one of everything, and with things that nothing refers to.
fn fill(kibana: &Kibana) {
    let listed = json!({"entries": [
        {"field": "source.ip", "operator": "included", "type": "list", "list": {"id": "hosts.txt", "type": "ip"}},
    ]});
    // Kibana gives the list its name.
    let endpoint = json!({
        "namespace_type": "agnostic", "type": "endpoint", "name": "Endpoint Security Exception List",
        "description": "Endpoint Security Exception List",
    });
    let shared = json!({"namespace_type": "agnostic", "os_types": ["linux"]});
    let investigated = json!({"timeline_id": "t1", "timeline_title": "Ours"});
    kibana.seed(
        "soc",
        &bundle(&[
            with(rule("plain"), &investigated),
            referring("excepted", "shared", "detection"),
            acting("acting", &["slack"]),
            list("shared"),
            with(item("by-list", "shared"), &listed),
            item("by-value", "shared"),
            with(list("endpoint_list"), &endpoint),
            with(item("agents", "endpoint_list"), &shared),
            connector("slack", "Slack"),
            connector("spare", "Nobody's"),
        ]),
    );
    kibana.seed_values("soc", "hosts.txt", &["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    kibana.seed_values("soc", "unused", &["192.0.2.1"]);
    let mut prebuilt = template("elastic", "Elastic's own");
    prebuilt["status"] = "immutable".into();
    let case = json!({
        "title": "Case 7", "timelineType": "default", "pinnedEventIds": ["e"],
        "eventNotes": [{"eventId": "e", "note": "odd"}],
    });
    let all = [
        template("t1", "Ours"),
        template("t2", "Unused"),
        prebuilt,
        case,
    ];
    kibana.seed_timelines("soc", &lines(&all));
}

/// What there is beside rules and exceptions, as far as users own it.
fn beside(kibana: &Kibana) -> Value {
    let values = ["hosts.txt", "unused"].map(|id| kibana.values("soc", id));
    let timelines = kibana.timelines("soc").into_iter();
    let timelines: Vec<Value> = timelines
        .filter(|it| it["status"] != "immutable")
        .map(|it| {
            let notes = |key: &str| -> Vec<Value> {
                let notes = it[key].as_array().unwrap().iter();
                notes
                    .map(|note| json!([note["eventId"], note["note"]]))
                    .collect()
            };
            json!([
                it["title"],
                it["timelineType"],
                it["templateTimelineId"],
                it["templateTimelineVersion"],
                it["columns"],
                it["pinnedEventIds"],
                notes("globalNotes"),
                notes("eventNotes"),
            ])
        })
        .collect();
    let connectors = kibana.state("soc").connectors.into_iter();
    let connectors: Vec<Value> = connectors
        .map(|it| {
            json!([
                it["id"],
                it["attributes"]["name"],
                it["attributes"]["config"]
            ])
        })
        .collect();
    json!([values, timelines, connectors])
}

fn exported(folder: &Folder, kibana: &Kibana, to: &str) {
    let export = ["export", "--from", "prod/soc", "-q", "-o"];
    well(folder, kibana, &[&export[..], &[to]].concat());
    let all: &[&str] = &["--exceptions"];
    let endpoint: &[&str] = &["--exceptions", "--list-id", "endpoint_list"];
    for (name, choice) in [("lists", all), ("endpoint", endpoint)] {
        let to = format!("{name}-{to}");
        well(folder, kibana, &[&export[..], &[&to], choice].concat());
    }
}

#[test]
fn all_of_it_comes_back() {
    for version in VERSIONS {
        let (kibana, folder) = (start(version), Folder::new());
        fill(&kibana);
        exported(&folder, &kibana, "before.ndjson");
        let before = beside(&kibana);
        let ran = backup(&folder, &kibana);
        assert!(ran.stderr.is_empty(), "{version}: {}", ran.stderr);
        well(&folder, &kibana, &["verify", "--repo", "repo"]);
        well(&folder, &kibana, &LIVE);
        let ran = well(&folder, &kibana, &DIFF);
        let same = "0 added, 0 removed, 0 changed, 10 unchanged\n";
        assert_eq!(ran.stderr, same, "{version}");
        kibana.reset();
        let rehearsed = [&RESTORE[..5], &["--rehearse", "--format", "json"]].concat();
        let would = json_lines(&well(&folder, &kibana, &rehearsed))
            .pop()
            .unwrap();
        let created = &would["would"]["created"];
        assert_eq!(created["value-list"], 2, "{would}");
        assert_eq!(created["timeline"], 3, "{would}");
        assert_eq!(created["connector"], 2, "{would}");
        assert_eq!(kibana.values("soc", "unused"), None);
        let report = [&RESTORE[..], &["--report", "report.ndjson"]].concat();
        well(&folder, &kibana, &report);
        let report = String::from_utf8(folder.read("report.ndjson")).unwrap();
        assert_eq!(
            report.matches(r#""kind":"timeline""#).count(),
            3,
            "{report}"
        );
        assert!(report.contains(r#""kind":"value-list","message":null,"outcome":"created""#));
        exported(&folder, &kibana, "after.ndjson");
        for name in ["", "lists-", "endpoint-"] {
            let [before, after] = ["before", "after"].map(|it| format!("{name}{it}.ndjson"));
            let ran = run(&folder, &kibana, &["diff", &before, &after]);
            assert_eq!(ran.code, Some(0), "{version}: {}", text(&ran));
        }
        assert_eq!(beside(&kibana), before, "{version}");
        well(&folder, &kibana, &LIVE);
        well(&folder, &kibana, &DIFF);
        // A second time there is nothing to do.
        let again = well(
            &folder,
            &kibana,
            &[&RESTORE[..], &["--format", "json"]].concat(),
        );
        let made = json_lines(&again);
        assert!(
            made.iter().all(|it| it["outcome"] != "created"),
            "{version}: {made:?}"
        );
        assert_eq!(beside(&kibana), before, "{version}");
    }
}

#[test]
fn what_a_newer_kibana_adds_is_no_difference() {
    let (old, new, folder) = (start("8.18"), start("9.6"), Folder::new());
    fill(&old);
    backup(&folder, &old);
    well(&folder, &new, &RESTORE);
    well(&folder, &new, &LIVE);
    well(&folder, &new, &DIFF);
}

#[test]
fn chosen_rules_bring_what_they_use() {
    let (kibana, folder) = (start("9.1"), Folder::new());
    fill(&kibana);
    backup(&folder, &kibana);
    kibana.reset();
    let only = ["--only", "rule_id:excepted"];
    well(&folder, &kibana, &[&RESTORE[..], &only].concat());
    assert!(kibana.values("soc", "hosts.txt").is_some());
    assert_eq!(kibana.values("soc", "unused"), None);
    assert!(kibana.timelines("soc").is_empty());
    let only = ["--only", "rule_id:plain"];
    well(&folder, &kibana, &[&RESTORE[..], &only].concat());
    let titles = |kibana: &Kibana| -> Vec<Value> {
        let timelines = kibana.timelines("soc").into_iter();
        timelines.map(|it| it["title"].clone()).collect()
    };
    assert_eq!(titles(&kibana), ["Ours"]);
    kibana.reset();
    let kinds = ["--kind", "value-lists,timelines"];
    well(&folder, &kibana, &[&RESTORE[..], &kinds].concat());
    assert_eq!(titles(&kibana), ["Ours", "Unused", "Case 7"]);
    assert!(kibana.values("soc", "unused").is_some());
    let state = kibana.state("soc");
    assert!(state.rules.is_empty() && state.lists.is_empty() && state.connectors.is_empty());
    kibana.reset();
    let kinds = ["--kind", "rules,exceptions,connectors"];
    let ran = run(&folder, &kibana, &[&RESTORE[..], &kinds].concat());
    assert_eq!(ran.code, Some(3), "{}{}", text(&ran), ran.stderr);
    let unmet =
        "value list `hosts.txt` refused, 0 values, 0 sent: it is neither brought nor in the space";
    assert!(text(&ran).contains(unmet), "{}", text(&ran));
    assert_eq!(kibana.state("soc").connectors.len(), 2);
    assert_eq!(kibana.values("soc", "unused"), None);
    assert!(titles(&kibana).is_empty());
}

#[test]
fn what_is_there_stays() {
    let (kibana, folder) = (start("9.1"), Folder::new());
    fill(&kibana);
    backup(&folder, &kibana);
    kibana.reset();
    kibana.seed_values("soc", "hosts.txt", &["10.0.0.3", "10.0.0.9"]);
    kibana.seed_timelines("soc", &lines(&[template("t1", "Theirs")]));
    let ran = run(&folder, &kibana, &RESTORE);
    assert_eq!(ran.code, Some(3), "{}{}", text(&ran), ran.stderr);
    let told = text(&ran);
    for words in [
        "value list `hosts.txt` conflict, 3 values, 0 sent: it is there and lacks 2 of the values",
        "timeline `t1` (Ours) conflict: it is there and differs",
    ] {
        assert!(told.contains(words), "{told}");
    }
    let values = || kibana.values("soc", "hosts.txt").unwrap();
    assert_eq!(values(), ["10.0.0.3", "10.0.0.9"]);
    let live = run(&folder, &kibana, &LIVE);
    assert_eq!(live.code, Some(4));
    let told = text(&live);
    for words in ["1 value list changed", "1 timeline changed"] {
        assert!(told.contains(words), "{told}");
    }
    let add = ["--overwrite", "exceptions"];
    let ran = run(&folder, &kibana, &[&RESTORE[..], &add].concat());
    assert_eq!(ran.code, Some(3), "{}{}", text(&ran), ran.stderr);
    assert_eq!(values().len(), 4);
    assert_eq!(kibana.timelines("soc")[0]["title"], "Theirs");
}

#[test]
fn what_could_not_be_had_is_named() {
    let (kibana, folder) = (start("9.1"), Folder::new());
    fill(&kibana);
    backup(&folder, &kibana);
    let denied = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    kibana.schedule(Schedule::of([
        (On::each("GET", "*/lists/_find"), denied),
        (On::each("GET", "*/timelines"), denied),
        (On::each("GET", "*/connectors"), denied),
    ]));
    let args = ["backup", "--repo", "repo", "--from", "prod/soc"];
    let ran = run(&folder, &kibana, &args);
    assert_eq!(ran.code, Some(3), "{}{}", text(&ran), ran.stderr);
    for what in [
        "value lists",
        "timelines",
        "connectors that no rule acts through",
    ] {
        let words = format!("not in the snapshot: {what}: ");
        assert!(ran.stderr.contains(&words), "{}", ran.stderr);
    }
    // What is no lack is named where it is asked for.
    let harmless = "of space `soc`: secrets of connectors (Kibana gives them to nobody)";
    for (more, is_told) in [(None, false), (Some("-v"), true)] {
        let all = |args: &[&str]| {
            let args: Vec<&str> = args.iter().copied().chain(more).collect();
            run(&folder, &kibana, &args).stderr
        };
        let told = all(&args);
        let words = "note: space `soc`: not in the snapshot: secrets of connectors: ";
        assert_eq!(told.contains(words), is_told, "{told}");
        let told = all(&["snapshots", "--repo", "repo"]);
        assert!(
            told.contains("lacks, of space `soc`: timelines ("),
            "{told}"
        );
        assert_eq!(told.contains(harmless), is_told, "{told}");
    }
    kibana.schedule(Schedule::default());
    // Restoring it says where the rest is to be had.
    let entry = json_lines(&well(
        &folder,
        &kibana,
        &["snapshots", "--repo", "repo", "--format", "json"],
    ));
    let whole = entry[0]["snapshot"].as_str().unwrap();
    let only_rules = [&RESTORE[..], &["--kind", "rules"]].concat();
    let ran = run(&folder, &kibana, &only_rules);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains(whole), "{}", ran.stderr);
}

#[test]
fn old_snapshots_that_cannot_go_are_no_failure() {
    let (kibana, folder) = (start("9.1"), Folder::new());
    fill(&kibana);
    backup(&folder, &kibana);
    let repository = Repository::open(folder.path("repo")).unwrap();
    let first = repository.snapshots().unwrap()[0];
    let space = repository.manifest(&first).unwrap().spaces.remove(0);
    let args = ["backup", "--repo", "repo", "--from", "prod/soc"];
    let args = [&args[..], &["--keep-last", "1"]].concat();
    let kept = |many: usize, why: &str| {
        let ran = well(&folder, &kibana, &args);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        let words = "the new snapshot is there, but not all old ones";
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        assert_eq!(repository.snapshots().unwrap().len(), many);
    };
    let reader = repository.read_records(&space);
    kept(2, "warning: `repo` is being read by another run");
    drop(reader);
    let path = folder.path(&format!("repo/snapshots/{}.json.zst", first.name()));
    let mut manifest = std::fs::read(&path).unwrap();
    manifest[40] ^= 4;
    std::fs::write(&path, manifest).unwrap();
    kept(3, "is not what was recorded");
}

#[test]
fn answers_that_break_off_lose_nothing() {
    let (kibana, folder) = (start("9.1"), Folder::new());
    fill(&kibana);
    let before = beside(&kibana);
    kibana.schedule(Schedule::of([
        (
            On::nth("POST", "*/lists/items/_export", 1),
            Fault::Reset(At::MidAnswer(9)),
        ),
        (
            On::nth("POST", "*/timeline/_export", 1),
            Fault::Reset(At::MidAnswer(9)),
        ),
        (
            On::nth("GET", "*/timelines", 1),
            Fault::Reset(At::MidAnswer(9)),
        ),
        (
            On::nth("GET", "*/lists/_find", 1),
            Fault::Reset(At::MidAnswer(9)),
        ),
    ]));
    backup(&folder, &kibana);
    kibana.reset();
    kibana.schedule(Schedule::of([
        (
            On::nth("POST", "*/lists/items/_import", 1),
            Fault::Reset(At::AfterWork),
        ),
        (
            On::nth("POST", "*/timeline/_import", 1),
            Fault::Reset(At::AfterWork),
        ),
        (
            On::nth("POST", "*/api/lists", 1),
            Fault::Reset(At::AfterWork),
        ),
    ]));
    well(&folder, &kibana, &RESTORE);
    assert_eq!(beside(&kibana), before);
}

#[test]
fn a_list_that_grows_or_has_odd_values_is_kept() {
    let kibana = start("9.1");
    let values = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    // One that others add to while it is read.
    let slow = Fault::Delay {
        before: Duration::ZERO,
        after: Duration::from_millis(200),
    };
    kibana.seed_values("soc", "feed", &values);
    kibana.schedule(Schedule::of([(On::each("POST", "*/items/_export"), slow)]));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut more: Vec<String> = values.map(ToOwned::to_owned).into();
            while !is_over.load(Ordering::Relaxed) {
                more.push(format!("10.0.1.{}", more.len()));
                let all: Vec<&str> = more.iter().map(String::as_str).collect();
                kibana.seed_values("soc", "feed", &all);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let folder = Folder::new();
        let args = ["backup", "--repo", "repo", "--from", "prod/soc"];
        let ran = run(&folder, &kibana, &args);
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    });
    // One with a value that no import takes.
    kibana.schedule(Schedule::default());
    kibana.seed_values("soc", "feed", &["10.0.0.1", " ", "10.0.0.3"]);
    let folder = Folder::new();
    backup(&folder, &kibana);
    let snapshots = ["snapshots", "--repo", "repo", "--format", "json"];
    let told = text(&well(&folder, &kibana, &snapshots));
    assert!(
        told.contains("1 blank values of value list `feed`"),
        "{told}"
    );
    kibana.reset();
    well(&folder, &kibana, &RESTORE);
    let back = kibana.values("soc", "feed").unwrap();
    assert_eq!(back, ["10.0.0.1", "10.0.0.3"]);
}

#[test]
fn going_on_mends_lists_that_failed_and_leaves_others() {
    let (kibana, folder) = (start("9.1"), Folder::new());
    fill(&kibana);
    backup(&folder, &kibana);
    kibana.reset();
    kibana.seed_values("soc", "hosts.txt", &["10.0.0.3"]);
    let broken = Fault::Status {
        status: 500,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    kibana.schedule(Schedule::of([(
        On::each("POST", "*/items/_import"),
        broken,
    )]));
    let args = [&RESTORE[..], &["--report", "r.ndjson"]].concat();
    let lists = |ran: &Ran| -> (Vec<Value>, Value) {
        assert_eq!(ran.code, Some(3), "{}{}", text(ran), ran.stderr);
        let report = String::from_utf8(folder.read("r.ndjson")).unwrap();
        let mut lines: Vec<Value> = report
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let beside = lines.pop().unwrap()["beside"].clone();
        lines.retain(|line| line["kind"] == "value-list");
        let told = |it: &Value| json!([it["id"], it["outcome"], it["values"]]);
        (lines.iter().map(told).collect(), beside)
    };
    let (told, beside) = lists(&run(&folder, &kibana, &args));
    let conflict = json!(["hosts.txt", "conflict", 3]);
    assert_eq!(told, [conflict.clone(), json!(["unused", "failed", 1])]);
    assert_eq!(
        (&beside["failed"], &beside["conflict"]),
        (&json!(1), &json!(1))
    );
    assert!(folder.path("r.ndjson.journal").exists());
    kibana.schedule(Schedule::default());
    let (told, beside) = lists(&run(&folder, &kibana, &[&args[..], &["--resume"]].concat()));
    assert_eq!(told, [conflict, json!(["unused", "overwritten", 1])]);
    assert_eq!(beside["failed"], 0);
    assert_eq!(kibana.values("soc", "unused").unwrap(), ["192.0.2.1"]);
    assert_eq!(kibana.values("soc", "hosts.txt").unwrap(), ["10.0.0.3"]);
    assert!(!folder.path("r.ndjson.journal").exists());
}

#[test]
fn nobody_who_reads_changes_how_a_restore_ends() {
    let (kibana, folder) = (start("9.1"), Folder::new());
    fill(&kibana);
    backup(&folder, &kibana);
    for format in ["text", "json"] {
        kibana.reset();
        kibana.seed_values("soc", "hosts.txt", &["10.0.0.9"]);
        let more = ["--report", "r", "--format", format];
        let mut command = ferry(&folder, &kibana, &[&RESTORE[..], &more].concat());
        let mut child = command::spawn(command.current_dir(folder.path("")));
        drop(child.stdout.take());
        let ran = command::finish(child);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        let report = String::from_utf8(folder.read("r")).unwrap();
        assert!(
            report.lines().last().unwrap().contains("\"exit\":3"),
            "{report}"
        );
    }
}
