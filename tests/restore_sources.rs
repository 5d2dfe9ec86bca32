//! Which snapshot, and which space of it, is meant where a repository has those of several Kibanas, and what is told of what is not there.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use std::process::Command;

use command::{Folder, Ran};
use kibana::{API_KEY, Fault, Kibana, On, Schedule, Settings, Work};
use records::{bundle, list, rule};
use serde_json::Value;

fn kibana(spaces: &[&str]) -> Kibana {
    Kibana::start(Settings {
        spaces: spaces.iter().map(ToString::to_string).collect(),
        ..Settings::of("9.1")
    })
}

/// Kibanas that the profiles `a`, `b` and `c` name, and a repository.
struct Shore {
    folder: Folder,
    kibanas: Vec<Kibana>,
}

impl Shore {
    fn new(kibanas: Vec<Kibana>) -> Self {
        let folder = Folder::new();
        let mut text = String::new();
        for (name, kibana) in ["a", "b", "c"].iter().zip(&kibanas) {
            let url = &kibana.url;
            text += &format!("[profile.{name}]\nurl = \"{url}\"\n");
            text += "api-key-command = [\"printenv\", \"THE_KEY\"]\n";
        }
        folder.write("config.toml", text);
        Self { folder, kibanas }
    }

    fn run(&self, verb: &str, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
        command.args([verb, "--repo", "repo"]).args(args);
        for name in ["KIBANA_API_KEY", "KIBANA_URL", "KIBANA_SPACE"] {
            command.env_remove(name);
        }
        command
            .env("THE_KEY", API_KEY)
            .env("NO_PROXY", "127.0.0.1")
            .env("XDG_STATE_HOME", self.folder.path("state"))
            .env("RULEFERRY_CONFIG", self.folder.path("config.toml"));
        self.folder.command(&mut command, b"")
    }

    /// Runs it, and it ends so.
    #[track_caller]
    fn ends(&self, code: i32, verb: &str, args: &[&str]) -> Ran {
        let ran = self.run(verb, args);
        let told = text(&ran);
        assert_eq!(ran.code, Some(code), "{args:?}: {told}{}", ran.stderr);
        ran
    }

    /// The id of a snapshot, by its place from the first.
    fn id(&self, place: usize) -> String {
        let listed = text(&self.run("snapshots", &["--format", "json"]));
        let line: Value = serde_json::from_str(listed.lines().nth(place).unwrap()).unwrap();
        line["snapshot"].as_str().unwrap().into()
    }

    /// What of this the servers were sent that changes them.
    fn writes(&self) -> usize {
        let logs = self.kibanas.iter().flat_map(Kibana::log);
        logs.filter(|asked| asked.path.contains("_import")).count()
    }
}

fn text(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn last(ran: &Ran) -> Value {
    serde_json::from_str(text(ran).lines().last().unwrap()).unwrap()
}

fn refusal() -> Fault {
    Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    }
}

fn names(kibana: &Kibana, space: &str) -> Vec<String> {
    let rules = kibana.state(space).rules;
    let ids = rules.iter().map(|rule| rule["rule_id"].as_str().unwrap());
    ids.map(ToOwned::to_owned).collect()
}

#[test]
fn the_latest_is_the_latest_of_the_target() {
    let shore = Shore::new(vec![kibana(&["soc"]), kibana(&["soc"]), kibana(&["soc"])]);
    let [a, b, c] = &*shore.kibanas else {
        unreachable!()
    };
    a.seed("soc", &bundle(&[rule("of-a")]));
    b.seed("soc", &bundle(&[rule("of-b")]));
    shore.ends(0, "backup", &["--from", "a/soc"]);
    // One source alone needs no more words.
    let rehearsed = shore.ends(0, "restore", &["--rehearse", "--to", "c/soc"]);
    assert!(text(&rehearsed).contains(&a.url), "{}", text(&rehearsed));
    shore.ends(0, "backup", &["--from", "b/soc"]);
    shore.ends(0, "verify", &["--against-live", "a/soc"]);
    let asked = shore.ends(2, "restore", &["--to", "a/soc"]);
    assert!(
        asked.stderr.contains(&format!("of {}", a.url)),
        "{}",
        asked.stderr
    );
    a.reset();
    shore.ends(0, "restore", &["--to", "a/soc", "--yes"]);
    assert_eq!(names(a, "soc"), ["of-a"]);
    for (verb, target) in [("restore", "--to"), ("verify", "--against-live")] {
        let refused = shore.ends(2, verb, &[target, "c/soc"]);
        for word in [&a.url, &b.url, &shore.id(0), &shore.id(1)] {
            assert!(
                refused.stderr.contains(&**word),
                "{verb}: {}",
                refused.stderr
            );
        }
    }
    assert!(names(c, "soc").is_empty());
    // An id means that one.
    let id = shore.id(1);
    shore.ends(0, "restore", &["--to", "a/soc", "--yes", "--snapshot", &id]);
    assert_eq!(names(a, "soc"), ["of-a", "of-b"]);
}

#[test]
fn a_space_goes_into_another_only_where_none_of_its_name_was_kept() {
    let shore = Shore::new(vec![kibana(&["soc", "emea"]), kibana(&["emea", "new"])]);
    shore.kibanas[0].seed("soc", &bundle(&[rule("of-soc")]));
    shore.ends(0, "backup", &["--from", "a/*"]);
    shore.ends(0, "backup", &["--from", "a/soc"]);
    let refused = shore.ends(2, "restore", &["--to", "b/emea", "--rehearse"]);
    for word in [&shore.id(0), "--from-space"] {
        assert!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    let told = shore.ends(0, "restore", &["--to", "b/new", "--rehearse"]);
    let plainly = "space `soc` of the snapshot goes into `new`";
    assert!(told.stderr.contains(plainly), "{}", told.stderr);
    let asked = shore.ends(2, "restore", &["--to", "b/emea", "--from-space", "soc"]);
    let plainly = "space `soc` of the snapshot goes into `emea`";
    assert!(asked.stderr.contains(plainly), "{}", asked.stderr);
}

#[test]
fn a_space_that_is_meant_and_was_not_kept_is_named() {
    let shore = Shore::new(vec![
        kibana(&["soc", "emea"]),
        kibana(&["soc", "emea", "own"]),
    ]);
    shore.kibanas[0].seed("soc", &bundle(&[rule("of-soc")]));
    shore.ends(0, "backup", &["--from", "a/*"]);
    shore.ends(0, "backup", &["--from", "a/soc"]);
    shore.ends(0, "backup", &["--from", "a/soc"]);
    for (target, absent) in [
        ("b/*", "emea"),
        ("b/soc,emea", "emea"),
        ("b/soc,own", "own"),
    ] {
        for more in ["--rehearse", "--yes"] {
            let ran = shore.ends(3, "restore", &["--to", target, "-q", more]);
            let named = format!("space `{absent}`");
            assert!(ran.stderr.contains(&named), "{target}: {}", ran.stderr);
        }
    }
    let sent = shore.writes();
    let ran = shore.ends(2, "restore", &["--to", "b/soc,typo", "--yes"]);
    assert!(ran.stderr.contains("`typo`"), "{}", ran.stderr);
    assert_eq!(shore.writes(), sent);
}

/// The requests of this path from this one on.
fn from(first: u64, path: &'static str) -> On {
    On {
        nth: (first..1000).collect(),
        ..On::each("", path)
    }
}

/// The spaces `soc` and `emea` in a snapshot, one after the other, with a fault in these requests.
fn faulty(requests: On) -> Shore {
    let shore = Shore::new(vec![kibana(&["soc", "emea"])]);
    for space in ["soc", "emea"] {
        shore.kibanas[0].seed(space, &bundle(&[rule(space), list("l")]));
    }
    shore.kibanas[0].schedule(Schedule::of([(requests, refusal())]));
    shore.ends(3, "backup", &["--from", "a/soc,emea", "-j", "1"]);
    shore.kibanas[0].schedule(Schedule::default());
    shore
}

#[test]
fn what_is_partial_does_not_end_well() {
    let shore = faulty(from(2, "*/lists/_find"));
    for args in [
        &["--rehearse"][..],
        &["--rehearse", "--to", "a/*"],
        &["--to", "a/*", "--yes"],
    ] {
        let json = ["--format", "json", "-q"];
        let ran = shore.ends(3, "restore", &[args, &json].concat());
        assert!(
            ran.stderr.contains("space `emea` is partial"),
            "{}",
            ran.stderr
        );
        assert!(text(&ran).contains("\"partial\":true"), "{}", text(&ran));
    }
    let args = ["--to", "a/soc", "--yes", "--format", "json"];
    assert_eq!(last(&shore.ends(0, "restore", &args))["partial"], false);
}

#[test]
fn a_space_that_failed_stops_no_other() {
    let shore = faulty(from(3, "*/_export"));
    let nothing = "nothing of space `emea`";
    let ran = shore.ends(3, "restore", &["--rehearse"]);
    assert!(ran.stderr.contains(nothing), "{}", ran.stderr);
    assert!(text(&ran).contains("of space soc"), "{}", text(&ran));
    let ran = shore.ends(3, "verify", &["--against-live", "a/*"]);
    assert!(ran.stderr.contains(nothing), "{}", ran.stderr);
    assert!(
        text(&ran).contains("space `soc`: as in the snapshot"),
        "{}",
        text(&ran)
    );
}

#[test]
fn a_live_space_that_cannot_be_read_stops_no_other() {
    let shore = Shore::new(vec![kibana(&["emea", "soc"])]);
    shore.ends(0, "backup", &["--from", "a/soc,emea"]);
    let first = || On {
        nth: vec![1],
        ..On::each("", "*/_export")
    };
    shore.kibanas[0].schedule(Schedule::of([(first(), refusal())]));
    let ran = shore.ends(3, "verify", &["--against-live", "a/*"]);
    assert!(ran.stderr.contains("space `emea`"), "{}", ran.stderr);
    assert!(
        text(&ran).contains("space `soc`: as in the snapshot"),
        "{}",
        text(&ran)
    );
    shore.kibanas[0].schedule(Schedule::of([(first(), refusal())]));
    shore.ends(5, "verify", &["--against-live", "a/emea"]);
}
