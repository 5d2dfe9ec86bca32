//! A Kibana and a repository with snapshots of it, which what fails is to leave as they are.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::Ran;
use crate::kibana::Settings;
use crate::records::{bundle, item, list, referring, rule};
use crate::shore::Shore;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ruleferry");
pub(crate) const BACKUP: [&str; 9] = [
    "backup", "--repo", "repo", "--space", "soc", "--space", "emea", "-j", "1",
];
pub(crate) const PRUNE: [&str; 6] = ["prune", "--repo", "repo", "--keep-last", "1", "--yes"];
pub(crate) const VERIFY: [&str; 3] = ["verify", "--repo", "repo"];
pub(crate) const RESTORE: [&str; 10] = [
    "restore", "--repo", "repo", "--space", "soc", "--yes", "--report", "r.ndjson", "--still",
    "300ms",
];
pub(crate) fn content() -> Vec<Value> {
    let mut records: Vec<Value> = (0..300).map(|n| rule(&format!("r{n}"))).collect();
    records.extend([
        referring("excepted", "l", "detection"),
        list("l"),
        item("i", "l"),
    ]);
    records
}

/// A Kibana with two spaces, and a repository with two snapshots of them.
pub(crate) fn shore() -> Shore {
    let shore = Shore::with(Settings::of("9.1"), &[]);
    shore.kibana.seed("soc", &bundle(&content()));
    shore.kibana.seed("emea", &bundle(&content()[..200]));
    ends_with(&shore.run(&BACKUP), 0, "");
    shore.kibana.seed("emea", &bundle(&[rule("newer")]));
    ends_with(&shore.run(&BACKUP), 0, "");
    shore.kibana.seed("soc", &bundle(&[rule("newest")]));
    shore
}

/// It ended so, and said so.
#[track_caller]
pub(crate) fn ends_with(ran: &Ran, code: i32, said: &str) {
    let text = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.code, Some(code), "{text}{}", ran.stderr);
    assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    assert!(
        code == 0 || ran.stderr.contains("error: "),
        "{}",
        ran.stderr
    );
}

/// The files of a folder and what is in them.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// All snapshots are whole, and the next run comes to its end and leaves nothing behind.
#[track_caller]
pub(crate) fn is_sound(shore: &Shore) {
    ends_with(&shore.run(&VERIFY), 0, "all is what was recorded");
    ends_with(&shore.run(&BACKUP), 0, "");
    let ran = shore.run(&VERIFY);
    ends_with(&ran, 0, "all is what was recorded");
    assert!(!ran.stderr.contains("note:"), "{}", ran.stderr);
    assert_eq!(fs::read_dir(shore.path("repo/tmp")).unwrap().count(), 0);
}
