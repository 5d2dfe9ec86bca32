//! `backup` and `restore` against the tests' own Kibana: what was there comes back, and what fails harms no snapshot.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use std::process::Command;
use std::time::Duration;

use command::{Folder, Ran, finish, spawn};
use kibana::{API_KEY, Fault, Kibana, On, Schedule, Settings, Work};
use records::{acting, bundle, connector, item, list, referring, rule, with};
use serde_json::{Value, json};

/// The command with a profile `prod` for this server.
fn ruleferry(folder: &Folder, kibana: &Kibana, args: &[&str]) -> Command {
    let key = folder.path("key");
    folder.write("key", API_KEY);
    let profile = format!(
        "[profile.prod]\nurl = \"{}\"\napi-key-file = '{}'\n",
        kibana.url,
        key.display()
    );
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

fn run(folder: &Folder, kibana: &Kibana, args: &[&str]) -> Ran {
    folder.command(&mut ruleferry(folder, kibana, args), b"")
}

/// Runs it, and it ends well.
fn well(folder: &Folder, kibana: &Kibana, args: &[&str]) -> Ran {
    let ran = run(folder, kibana, args);
    assert_eq!(ran.code, Some(0), "{args:?}: {}{}", text(&ran), ran.stderr);
    ran
}

fn text(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn json_lines(ran: &Ran) -> Vec<Value> {
    text(ran)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn backup(folder: &Folder, kibana: &Kibana) -> Ran {
    run(
        folder,
        kibana,
        &["backup", "--repo", "repo", "--from", "prod/*"],
    )
}

fn settings(version: &str, spaces: &[&str]) -> Settings {
    Settings {
        spaces: spaces.iter().map(ToString::to_string).collect(),
        ..Settings::of(version)
    }
}

/// Rules with a list, a connector and nothing, and a list that no rule refers to.
fn content(prefix: &str) -> Vec<Value> {
    let id = |name: &str| format!("{prefix}-{name}");
    let (shared, unused) = (id("shared"), id("unused"));
    let mut records: Vec<Value> = (0..20)
        .map(|number| {
            let tags = json!({"tags": [prefix], "interval": format!("{}m", number + 1)});
            with(rule(&id(&format!("rule-{number}"))), &tags)
        })
        .collect();
    records.push(referring(&id("excepted"), &shared, "detection"));
    records.push(acting(&id("acting"), &[&id("slack")]));
    records.extend([list(&shared), item(&id("item-1"), &shared)]);
    records.push(item(&id("item-2"), &shared));
    records.extend([list(&unused), item(&id("item-3"), &unused)]);
    records.push(connector(&id("slack"), "Slack"));
    records
}

/// The names of the files in a folder of the repository.
fn files(folder: &Folder, name: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.path("repo").join(name)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.display().to_string());
            }
        }
    }
    names.sort();
    names
}

fn exported(folder: &Folder, kibana: &Kibana, space: &str, to: &str) {
    let from = format!("prod/{space}");
    let lists = format!("lists-{to}");
    well(folder, kibana, &["export", "--from", &from, "-o", to, "-q"]);
    let lists = [
        "export",
        "--from",
        &from,
        "--exceptions",
        "-o",
        &lists,
        "-q",
    ];
    well(folder, kibana, &lists);
}

#[test]
fn what_was_there_comes_back() {
    for version in ["8.18", "9.1"] {
        let kibana = Kibana::start(settings(version, &["soc", "emea"]));
        let folder = Folder::new();
        for space in ["soc", "emea"] {
            kibana.seed(space, &bundle(&content(space)));
            exported(&folder, &kibana, space, &format!("{space}-before.ndjson"));
        }
        let ran = backup(&folder, &kibana);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        well(&folder, &kibana, &["verify", "--repo", "repo"]);
        kibana.reset();
        assert!(kibana.state("soc").rules.is_empty());
        let restore = ["restore", "--repo", "repo", "--to", "prod/*", "--yes"];
        well(&folder, &kibana, &restore);
        for space in ["soc", "emea"] {
            exported(&folder, &kibana, space, &format!("{space}-after.ndjson"));
            for name in ["", "lists-"] {
                let before = format!("{name}{space}-before.ndjson");
                let after = format!("{name}{space}-after.ndjson");
                let ran = run(&folder, &kibana, &["diff", &before, &after]);
                assert_eq!(ran.code, Some(0), "{version} {space}: {}", text(&ran));
            }
            let state = kibana.state(space);
            assert_eq!(
                (state.rules.len(), state.lists.len(), state.items.len()),
                (22, 2, 3)
            );
        }
        let live = ["verify", "--repo", "repo", "--against-live", "prod/*"];
        well(&folder, &kibana, &live);
        kibana.seed("soc", &bundle(&[rule("one-more")]));
        let ran = run(&folder, &kibana, &live);
        assert_eq!(ran.code, Some(4), "{}", ran.stderr);
        let told = text(&ran);
        assert!(told.contains("space `soc`: 1 rule added since"), "{told}");
        // What is there already stays as it is.
        let again = well(
            &folder,
            &kibana,
            &[
                "restore", "--repo", "repo", "--to", "prod/*", "--yes", "--format", "json",
            ],
        );
        let summary = json_lines(&again).pop().unwrap();
        assert_eq!(summary["summary"]["created"], 0, "{summary}");
        assert_eq!(summary["summary"]["conflict"], 0, "{summary}");
    }
}

#[test]
fn a_second_snapshot_stores_what_changed() {
    let kibana = Kibana::start(settings("9.1", &["soc"]));
    let folder = Folder::new();
    let many: Vec<Value> = (0..500)
        .map(|number| rule(&format!("rule-{number}")))
        .collect();
    kibana.seed("soc", &bundle(&many));
    let args = [
        "backup", "--repo", "repo", "--from", "prod/soc", "--format", "json",
    ];
    let added = |ran: &Ran| json_lines(ran).pop().unwrap()["added"].as_u64().unwrap();
    let first = added(&well(&folder, &kibana, &args));
    kibana.seed("soc", &bundle(&[rule("one-more")]));
    let second = added(&well(&folder, &kibana, &args));
    assert!(second * 10 < first, "{second} of {first}");
    let third = added(&well(&folder, &kibana, &args));
    assert_eq!(third, 0);
    let keep = [&args[..], &["--keep-last", "1"]].concat();
    well(&folder, &kibana, &keep);
    assert_eq!(files(&folder, "snapshots").len(), 1);
    well(&folder, &kibana, &["verify", "--repo", "repo"]);
}

#[test]
fn a_space_that_fails_does_not_stop_the_others() {
    let kibana = Kibana::start(settings("9.1", &["soc", "emea"]));
    let folder = Folder::new();
    for space in ["soc", "emea"] {
        kibana.seed(space, &bundle(&content(space)));
    }
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    // One space after the other: `soc` needs two exports, and is whole before the server refuses.
    let later = On {
        nth: (3..1000).collect(),
        ..On::each("POST", "*/_export")
    };
    kibana.schedule(Schedule::of([(later, refusal)]));
    let args = ["backup", "--repo", "repo", "-j", "1"];
    let from = ["--from", "prod/soc", "--from", "prod/emea"];
    let ran = run(&folder, &kibana, &[&args[..], &from].concat());
    assert_eq!(ran.code, Some(3), "{}{}", text(&ran), ran.stderr);
    assert!(ran.stderr.contains("space `emea`"), "{}", ran.stderr);
    assert!(text(&ran).contains("failed"), "{}", text(&ran));
    well(&folder, &kibana, &["verify", "--repo", "repo"]);
    kibana.schedule(Schedule::default());
    let to = |space: &str| {
        let to = format!("prod/{space}");
        let restore = ["restore", "--repo", "repo", "--to", &to, "--yes"];
        run(&folder, &kibana, &restore)
    };
    assert_eq!(to("soc").code, Some(0));
    let ran = to("emea");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("nothing of space `emea`"),
        "{}",
        ran.stderr
    );
    // Where every space fails there is nothing to keep.
    kibana.schedule(Schedule::of([
        (On::each("", "*/_export"), refusal),
        (On::each("", "*/_find"), refusal),
    ]));
    let ran = backup(&folder, &kibana);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert_eq!(files(&folder, "snapshots").len(), 1);
    assert!(files(&folder, "tmp").is_empty());
}

#[test]
fn a_run_that_is_killed_harms_nothing() {
    let kibana = Kibana::start(settings("9.1", &["soc", "emea"]));
    let folder = Folder::new();
    for space in ["soc", "emea"] {
        kibana.seed(space, &bundle(&content(space)));
    }
    assert_eq!(backup(&folder, &kibana).code, Some(0));
    let slow = Fault::Delay {
        before: Duration::from_millis(40),
        after: Duration::ZERO,
    };
    kibana.seed("soc", &bundle(&[rule("one-more")]));
    for pause in [5, 60, 120, 200, 300, 450, 600] {
        kibana.schedule(Schedule::of([(On::each("", "*"), slow)]));
        let args = ["backup", "--repo", "repo", "--from", "prod/*"];
        let mut command = ruleferry(&folder, &kibana, &args);
        let mut child = spawn(command.current_dir(folder.path("")));
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        finish(child);
        well(&folder, &kibana, &["verify", "--repo", "repo"]);
    }
    kibana.schedule(Schedule::default());
    assert_eq!(backup(&folder, &kibana).code, Some(0));
    well(&folder, &kibana, &["verify", "--repo", "repo"]);
    assert!(files(&folder, "tmp").is_empty());
}

#[test]
fn what_is_damaged_is_not_sent() {
    let kibana = Kibana::start(settings("9.1", &["soc"]));
    let folder = Folder::new();
    kibana.seed("soc", &bundle(&content("soc")));
    assert_eq!(backup(&folder, &kibana).code, Some(0));
    kibana.reset();
    for object in files(&folder, "objects") {
        let mut bytes = std::fs::read(&object).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&object, bytes).unwrap();
    }
    let ran = run(
        &folder,
        &kibana,
        &["restore", "--repo", "repo", "--to", "prod/soc", "--yes"],
    );
    assert_eq!(ran.code, Some(6), "{}", ran.stderr);
    assert!(kibana.log().iter().all(|asked| asked.method == "GET"));
}

#[test]
fn a_part_of_it_comes_back_alone() {
    let kibana = Kibana::start(settings("9.1", &["soc", "dr"]));
    let folder = Folder::new();
    kibana.seed("soc", &bundle(&content("soc")));
    let from = ["backup", "--repo", "repo", "--from", "prod/soc"];
    well(&folder, &kibana, &from);
    kibana.reset();
    let into_dr = ["restore", "--repo", "repo", "--to", "prod/dr", "--yes"];
    let only = ["--only", "rule_id:soc-excepted"];
    well(&folder, &kibana, &[&into_dr[..], &only].concat());
    let state = kibana.state("dr");
    let found = (state.rules.len(), state.lists.len(), state.items.len());
    assert_eq!(found, (1, 1, 2));
    let exceptions = ["--kind", "exceptions"];
    well(&folder, &kibana, &[&into_dr[..], &exceptions].concat());
    let state = kibana.state("dr");
    let found = (state.rules.len(), state.lists.len(), state.items.len());
    assert_eq!(found, (1, 2, 3));
}

#[test]
fn a_rehearsal_sends_nothing() {
    let kibana = Kibana::start(settings("9.1", &["soc"]));
    let folder = Folder::new();
    kibana.seed("soc", &bundle(&content("soc")));
    assert_eq!(backup(&folder, &kibana).code, Some(0));
    kibana.reset();
    let rehearse = ["restore", "--repo", "repo", "--rehearse"];
    let ran = well(&folder, &kibana, &rehearse);
    assert!(
        text(&ran).contains("an empty space of Kibana 9.1"),
        "{}",
        text(&ran)
    );
    assert!(kibana.log().is_empty());
    let ran = well(
        &folder,
        &kibana,
        &[&rehearse[..], &["--to", "prod/soc", "--format", "json"]].concat(),
    );
    let would = json_lines(&ran).pop().unwrap();
    assert_eq!(would["would"]["created"]["rule"], 22, "{would}");
    assert!(kibana.state("soc").rules.is_empty());
}

#[test]
fn a_space_that_failed_is_named_with_the_snapshot_that_has_it() {
    let kibana = Kibana::start(settings("9.1", &["soc", "emea"]));
    let folder = Folder::new();
    for space in ["soc", "emea"] {
        kibana.seed(space, &bundle(&content(space)));
    }
    let from = ["backup", "--repo", "repo", "--from", "prod/soc,emea"];
    well(&folder, &kibana, &from);
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    let later = On {
        nth: (3..1000).collect(),
        ..On::each("POST", "*/_export")
    };
    kibana.schedule(Schedule::of([(later, refusal)]));
    let ran = run(&folder, &kibana, &[&from[..], &["-j", "1"]].concat());
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    kibana.reset();
    let list = ["snapshots", "--repo", "repo", "--format", "json"];
    let first = json_lines(&well(&folder, &kibana, &list))[0]["snapshot"].clone();
    let named = format!("`--snapshot {}`", first.as_str().unwrap());
    let to = |target: &str, more: &[&str]| {
        let args = ["restore", "--repo", "repo", "--to", target, "--yes"];
        run(&folder, &kibana, &[&args[..], more].concat())
    };
    // The other one comes back, and nothing older without being asked for.
    let ran = to("prod/*", &[]);
    assert_eq!(ran.code, Some(3), "{}{}", text(&ran), ran.stderr);
    assert!(ran.stderr.contains(&named), "{}", ran.stderr);
    assert_eq!(kibana.state("soc").rules.len(), 22);
    assert!(kibana.state("emea").rules.is_empty());
    let ran = to("prod/emea", &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains(&named), "{}", ran.stderr);
    let ran = to("prod/emea", &["--snapshot", first.as_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}
