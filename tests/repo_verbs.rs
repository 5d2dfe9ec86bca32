//! The verbs about a repository as users run them: what they say, and how they end.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/snapshots.rs"]
mod snapshots;

use std::fs;

use command::{Folder, Ran};
use ruleferry::repo::{Entry, LeftOut, Repository};
use serde_json::Value;
use snapshots::{partial_snapshot, rules, snapshot};

/// A folder with a repository of three snapshots of two spaces.
fn folder() -> (Folder, Repository) {
    let folder = Folder::new();
    let repository = Repository::open_or_create(folder.path("r")).unwrap();
    for version in 0..3 {
        snapshot(&repository, 20, version);
    }
    (folder, repository)
}

fn text(ran: &Ran) -> &str {
    std::str::from_utf8(&ran.stdout).unwrap()
}

fn json(ran: &Ran) -> Vec<Value> {
    let lines = text(ran).lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn what_a_snapshot_lacks_is_told_wherever_it_is_used() {
    let (folder, repository) = folder();
    partial_snapshot(&repository, &rules("ops", 3, 0));
    let ran = folder.run(&["snapshots", "--repo", "r"], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        text(&ran).contains("\nhttps://other.example.com\n"),
        "{}",
        text(&ran)
    );
    assert!(text(&ran).contains("partial, first\n"), "{}", text(&ran));
    let lacks = "lacks, of space `ops`: value list `hosts` (the server answered 403)\n";
    assert!(ran.stderr.ends_with(lacks), "{}", ran.stderr);
    let told = json(&folder.run(&["snapshots", "--repo", "r", "--format", "json"], b""));
    assert_eq!(told.len(), 4);
    assert_eq!(
        (&told[0]["partial"], &told[3]["partial"]),
        (&false.into(), &true.into())
    );
    assert_eq!(
        told[3]["spaces"][0]["left_out"][0]["what"],
        "value list `hosts`"
    );
    assert_eq!(told[2]["spaces"][0]["changes"]["changed"], 5);
    // Whoever reads it must not take it for all there is.
    let ran = folder.run(&["ls", "r@latest/ops", "--format", "json"], b"");
    assert_eq!((ran.code, json(&ran).len()), (Some(3), 3), "{}", ran.stderr);
    assert_eq!(folder.run(&["ls", "r@latest/soc"], b"").code, Some(0));
    // Manifests of old do not say which it is.
    let old: LeftOut = serde_json::from_str(r#"{"what": "w", "why": "y"}"#).unwrap();
    assert!(old.is_lack);
    // A pipe cuts nothing.
    partial_snapshot(&repository, &rules("ops", 30, 1));
    let ran = folder.run(&["snapshots", "--repo", "r"], b"");
    let told = text(&ran);
    assert!(told.ends_with("  partial, +27 -0 ~1\n"), "{told}");
}

#[test]
fn a_space_of_a_snapshot_is_a_file_like_any_other() {
    let (folder, repository) = folder();
    let first = repository.snapshots().unwrap()[0].id();
    let before = format!("r@{first}/soc");
    let ran = folder.run(&["diff", &before, "r@latest/soc", "--format", "json"], b"");
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert_eq!(json(&ran).last().unwrap()["summary"]["changed"], 2);
    let ran = folder.run(&["edit", "enable", "r@latest/dmz", "-o", "out.ndjson"], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let written = String::from_utf8(folder.read("out.ndjson")).unwrap();
    assert_eq!(written.lines().count(), 20);
    // What is there under the very name is a file.
    fs::create_dir(folder.path("r@latest")).unwrap();
    folder.write("r@latest/soc", "{\"rule_id\":\"mine\"}\n");
    let ran = folder.run(&["ls", "r@latest/soc", "--format", "csv"], b"");
    assert!(text(&ran).contains("mine"), "{}", text(&ran));
}

#[test]
fn damage_has_its_exit_code_and_its_name() {
    let (folder, repository) = folder();
    let entry = repository.snapshots().unwrap()[2];
    let path = folder.path(&format!("r/snapshots/{}.json.zst", entry.name()));
    let manifest = fs::read(&path).unwrap();
    let mut flipped = manifest.clone();
    flipped[40] ^= 4;
    fs::write(&path, flipped).unwrap();
    let ran = folder.run(&["snapshots", "--repo", "r"], b"");
    assert_eq!((ran.code, text(&ran).lines().count()), (Some(6), 4));
    assert!(
        ran.stderr.contains("is not what was recorded"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&["ls", "r@latest/soc"], b"");
    assert_eq!(ran.code, Some(6), "{}", ran.stderr);
    // Nobody knows what the damaged one needs, so nothing goes.
    let ran = folder.run(&["prune", "--repo", "r", "--keep-last", "1", "--yes"], b"");
    assert_eq!(ran.code, Some(6), "{}", ran.stderr);
    fs::write(&path, manifest).unwrap();
    let object = repository.manifest(&entry).unwrap().spaces[0].files[0].objects[0]
        .object
        .to_string();
    let path = folder.path(&format!("r/objects/{}/{object}.zst", &object[..2]));
    fs::remove_file(path).unwrap();
    let ran = folder.run(&["verify", "--repo", "r"], b"");
    assert_eq!(ran.code, Some(6));
    assert!(
        text(&ran).starts_with("missing: `r/objects/"),
        "{}",
        text(&ran)
    );
    assert!(
        text(&ran).contains("it is a part of `rules.ndjson` of space `dmz` (snapshots "),
        "{}",
        text(&ran)
    );
    let told = json(&folder.run(&["verify", "--repo", "r", "--format", "json"], b""));
    let [finding, summary] = &*told else {
        panic!("{told:?}");
    };
    assert_eq!(
        (&finding["code"], &finding["space"]),
        (&"missing".into(), &"dmz".into())
    );
    assert_eq!(finding["snapshots"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&summary["summary"]["faults"], &summary["exit"]),
        (&1.into(), &6.into())
    );
    let ran = folder.run(&["ls", "r@latest/dmz"], b"");
    assert_eq!(ran.code, Some(6), "{}", ran.stderr);
    assert!(ran.stderr.contains("is missing"), "{}", ran.stderr);
}

#[test]
fn old_snapshots_go_when_they_may() {
    let (folder, repository) = folder();
    let ids: Vec<String> = repository
        .snapshots()
        .unwrap()
        .iter()
        .map(Entry::id)
        .collect();
    let ran = folder.run(&["prune", "--repo", "r", "--keep-last", "2"], b"y\n");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("`--yes` is needed"), "{}", ran.stderr);
    assert_eq!(repository.snapshots().unwrap().len(), 3);
    let args = [
        "prune",
        "--repo",
        "r",
        "--keep-last",
        "2",
        "--format",
        "json",
    ];
    let told = json(&folder.run(&[&args[..], &["--dry-run"]].concat(), b"")).remove(0);
    assert_eq!(
        (&told["removed"], &told["snapshots"][0]["stays"]),
        (&Value::Null, &false.into())
    );
    let told = json(&folder.run(&[&args[..], &["--yes"]].concat(), b"")).remove(0);
    assert_eq!(
        (&told["removed"]["snapshots"], &told["removed"]["bytes"]),
        (&1.into(), &told["frees"])
    );
    assert_eq!(told["snapshots"][0]["snapshot"], *ids[0]);
    assert_eq!(repository.snapshots().unwrap().len(), 2);
    let ran = folder.run(&["verify", "--repo", "r"], b"");
    assert_eq!(ran.code, Some(0), "{}", text(&ran));
    let ran = folder.run(&["prune", "--repo", "r", "--keep-daily", "0", "--yes"], b"");
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let _writer = repository.writer().unwrap();
    let ran = folder.run(&["prune", "--repo", "r", "--keep-last", "1", "--yes"], b"");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr
            .starts_with("error: `r` is being changed by another run\n"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&["verify", "--repo", "r"], b"");
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stderr
            .starts_with("note: another run changes the repository"),
        "{}",
        ran.stderr
    );
}

#[cfg(unix)]
#[test]
fn what_may_not_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _) = folder();
    let mode = |mode: u32| {
        for name in ["r", "r/objects", "r/snapshots", "r/tmp"] {
            fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    mode(0o500);
    assert_eq!(folder.run(&["verify", "--repo", "r"], b"").code, Some(0));
    assert_eq!(folder.run(&["ls", "r@latest/soc"], b"").code, Some(0));
    // The superuser may write whatever the mode; then there is nothing more to see here.
    if fs::write(folder.path("r/tmp/x"), "").is_err() {
        let ran = folder.run(&["prune", "--repo", "r", "--keep-last", "1", "--yes"], b"");
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("Permission denied"), "{}", ran.stderr);
        assert_eq!(folder.run(&["verify", "--repo", "r"], b"").code, Some(0));
    }
    mode(0o700);
}
