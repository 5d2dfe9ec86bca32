//! Snapshots of made-up spaces, and runs that write them as processes of their own.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ruleferry::repo::{
    Finding, Form, LeftOut, Origin, Published, Repository, StoredSpace, Verified, Verify,
};

/// An empty folder, gone with its owner.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::open_or_create(self.path()).unwrap()
    }
}

/// Numbers that look like chance and are the same in each run.
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    pub(crate) fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// A rule of a space, other in each version where `turn` says so.
pub(crate) fn rule(space: &str, id: u64, version: u64) -> String {
    let mut choices = Choices::new(id * 1000 + version);
    let words: Vec<String> = (0..60)
        .map(|_| format!("{:x}", choices.below(1 << 20)))
        .collect();
    format!(
        "{{\"rule_id\":\"{space}-{id}\",\"name\":\"Rule {id}\",\"type\":\"query\",\"query\":\"{}\"}}\n",
        words.join(" ")
    )
}

/// The rules of a space: each tenth is another one in each version.
pub(crate) fn rules(space: &str, many: u64, version: u64) -> String {
    (0..many)
        .map(|id| rule(space, id, if id % 10 == version % 10 { version } else { 0 }))
        .collect()
}

/// Writes a snapshot of one space in which something is not that should be.
pub(crate) fn partial_snapshot(repository: &Repository, rules: &str) -> Published {
    let origin = Origin {
        url: "https://other.example.com".into(),
        version: None,
    };
    let mut writer = repository.writer().unwrap();
    let snapshot = writer.snapshot(origin).unwrap();
    let mut file = snapshot.file("ops", "rules.ndjson", Form::Records);
    file.write_all(rules.as_bytes()).unwrap();
    snapshot.add(StoredSpace {
        space: "ops".into(),
        partial: true,
        left_out: vec![LeftOut {
            what: "value list `hosts`".into(),
            why: "the server answered 403".into(),
            is_lack: true,
        }],
        files: vec![file.finish().unwrap()],
    });
    snapshot.publish().unwrap()
}

/// Writes a snapshot of two spaces.
pub(crate) fn snapshot(repository: &Repository, many: u64, version: u64) -> Published {
    let origin = Origin {
        url: "https://kibana.example.com".into(),
        version: Some("9.1.0".into()),
    };
    let mut writer = repository.writer().unwrap();
    let snapshot = writer.snapshot(origin).unwrap();
    for space in ["soc", "dmz"] {
        let hosts = format!("{space}-host\n{version}\n");
        let files = [
            ("rules.ndjson", Form::Records, rules(space, many, version)),
            ("value-lists/hosts", Form::Text, hosts),
        ];
        let files = files.into_iter().map(|(name, form, text)| {
            let mut file = snapshot.file(space, name, form);
            file.write_all(text.as_bytes()).unwrap();
            file.finish().unwrap()
        });
        let files = files.collect();
        snapshot.add(StoredSpace {
            space: space.into(),
            partial: false,
            left_out: Vec::new(),
            files,
        });
    }
    snapshot.publish().unwrap()
}

/// The names of all files below a folder, with slashes.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                walk(&path, &format!("{name}/"), names);
            } else {
                names.push(name);
            }
        }
    }
    let mut names = Vec::new();
    walk(folder, "", &mut names);
    names.sort();
    names
}

pub(crate) fn verify(folder: &Path) -> (Verified, Vec<Finding>) {
    let mut findings = Vec::new();
    let verified = Verify::default().run(folder, &mut |finding| {
        findings.push(finding);
        Ok(())
    });
    (verified.unwrap(), findings)
}

/// All that the snapshots hold, by snapshot, space and name.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let repository = Repository::open(folder).unwrap();
    let mut contents = BTreeMap::new();
    for entry in repository.snapshots().unwrap() {
        for space in &repository.manifest(&entry).unwrap().spaces {
            for file in &space.files {
                let mut bytes = Vec::new();
                repository.read(file).read_to_end(&mut bytes).unwrap();
                contents.insert(
                    format!("{}/{}/{}", entry.name(), space.space, file.name),
                    bytes,
                );
            }
        }
    }
    contents
}

/// Lets a process of its own change the repository; kills it so long after it began. Says whether it was killed, and how long it ran.
pub(crate) fn run_child(
    folder: &Path,
    version: u64,
    kill_after: Option<Duration>,
) -> (bool, Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("RULEFERRY_TEST_REPOSITORY", folder)
        .env("RULEFERRY_TEST_VERSION", version.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"go\n") && stdout.read(&mut byte).unwrap() > 0 {
        text.push(byte[0]);
    }
    let begun = Instant::now();
    if let Some(wait) = kill_after {
        std::thread::sleep(wait);
        _ = child.kill();
    }
    child.wait().unwrap();
    let ran = begun.elapsed();
    let done = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() || done.status.code().is_none(),
        "{stderr}"
    );
    assert!(done.status.success() || kill_after.is_some(), "{stderr}");
    (!done.status.success(), ran)
}
