//! Repositories of snapshots and bad luck: flipped bits, lost and swapped files, runs that are killed at any point.

#![cfg(test)]

#[path = "support/snapshots.rs"]
mod snapshots;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ruleferry::repo::{Fault, Keep, Repository};
use snapshots::{Choices, Folder, files, snapshot, verify};

/// A repository of three snapshots of two spaces, with records and text, and its files that are not there to be locked.
fn repository(folder: &Folder) -> Vec<String> {
    let repository = folder.repository();
    for version in 0..3 {
        snapshot(&repository, 40, version);
    }
    let mut files = files(folder.path());
    files.retain(|name| name.strip_suffix(".lock").is_none());
    assert!(files.len() > 12, "{files:?}");
    files
}

/// Does something to a file, and says what `verify` finds, by file; then all is as it was.
fn found(folder: &Folder, name: &str, harm: impl FnOnce(&Path)) -> Vec<(String, Fault, String)> {
    let path = folder.path().join(name);
    let before = fs::read(&path).unwrap();
    harm(&path);
    let (verified, findings) = verify(folder.path());
    fs::write(&path, before).unwrap();
    assert_eq!(verified.faults, findings.len() as u64);
    // What a manifest tells of an object is not known where the manifest is damaged.
    let is_told_of = !findings
        .iter()
        .any(|finding| finding.path.starts_with("snapshots"));
    let findings = findings.into_iter().map(|finding| {
        assert!(finding.message.contains(&*finding.path), "{finding:?}");
        if is_told_of && finding.path.starts_with("objects/") {
            let is_part = finding.file.is_some() && !finding.snapshots.is_empty();
            assert!(is_part, "{finding:?}");
        }
        (finding.path.into(), finding.fault, finding.message.into())
    });
    findings.collect()
}

fn flips(many: u64) {
    let folder = Folder::new();
    let files = repository(&folder);
    let mut choices = Choices::new(7);
    for _ in 0..many {
        let name = choices.one(&files);
        let size = fs::metadata(folder.path().join(name)).unwrap().len();
        let bit = choices.below(8 * size);
        let found = found(&folder, name, |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
            fs::write(path, bytes).unwrap();
        });
        let is_named = found
            .iter()
            .any(|(path, fault, _)| path == name && *fault == Fault::Changed);
        assert!(is_named, "{name}, bit {bit}: {found:?}");
    }
    assert_eq!(verify(folder.path()).0.faults, 0);
}

#[test]
fn flipped_bits_are_found() {
    flips(100);
}

#[test]
#[ignore = "takes a while; run it in release"]
fn a_thousand_flipped_bits_are_found() {
    flips(1000);
}

#[test]
fn each_file_that_is_cut_off_or_goes_on_is_found() {
    let folder = Folder::new();
    for name in repository(&folder) {
        for cut in [0, 1, 2] {
            let found = found(&folder, &name, |path| {
                let mut bytes = fs::read(path).unwrap();
                let len = bytes.len();
                bytes.truncate([len - 1, len / 2, 0][cut]);
                fs::write(path, bytes).unwrap();
            });
            assert!(
                found.iter().any(|(path, ..)| *path == name),
                "{name}: {found:?}"
            );
        }
        let found = found(&folder, &name, |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes.push(b'\n');
            fs::write(path, bytes).unwrap();
        });
        assert!(
            found.iter().any(|(path, ..)| *path == name),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn each_file_that_is_lost_is_found() {
    let folder = Folder::new();
    for name in repository(&folder) {
        let found = found(&folder, &name, |path| fs::remove_file(path).unwrap());
        let is_named = found
            .iter()
            .any(|(path, fault, _)| *path == name && *fault == Fault::Missing);
        assert!(is_named, "{name}: {found:?}");
    }
}

#[test]
fn any_two_files_that_are_swapped_are_found() {
    let folder = Folder::new();
    let files = repository(&folder);
    for (at, one) in files.iter().enumerate() {
        for other in &files[at + 1..] {
            let other_path = folder.path().join(other);
            let bytes = fs::read(&other_path).unwrap();
            let found = found(&folder, one, |path| {
                fs::write(&other_path, fs::read(path).unwrap()).unwrap();
                fs::write(path, &bytes).unwrap();
            });
            fs::write(&other_path, bytes).unwrap();
            for name in [one, other] {
                assert!(
                    found.iter().any(|(path, ..)| path == name),
                    "{one} and {other}: {found:?}"
                );
            }
            if one.starts_with("objects/") && other.starts_with("objects/") {
                assert!(
                    found[0].2.contains("it holds what belongs in `objects/"),
                    "{found:?}"
                );
            }
        }
    }
}

#[test]
fn what_does_not_belong_there_is_found() {
    let folder = Folder::new();
    let files = repository(&folder);
    let object = files
        .iter()
        .find(|name| name.starts_with("objects/"))
        .unwrap();
    let copy = format!("{}/{}.zst", &object[..10], "0".repeat(64));
    for name in [
        "mine.txt",
        "snapshots/mine.txt",
        "objects/mine",
        "tmp/mine",
        &copy,
        &object.replace(".zst", ".bak"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, "x").unwrap();
        let (_, findings) = verify(folder.path());
        fs::remove_file(&path).unwrap();
        let [finding] = &*findings else {
            panic!("{name}: {findings:?}");
        };
        assert_eq!((&*finding.path, finding.fault), (name, Fault::Extra));
    }
    fs::write(folder.path().join("write.lock"), "x").unwrap();
    assert_eq!(&*verify(folder.path()).1[0].path, "write.lock");
}

#[test]
fn a_damaged_record_is_named() {
    let folder = Folder::new();
    repository(&folder);
    let repository = Repository::open(folder.path()).unwrap();
    let (_, manifest) = repository
        .choose(&"latest".parse().unwrap(), None, None)
        .unwrap();
    let object = &manifest
        .space("soc")
        .unwrap()
        .file("rules.ndjson")
        .unwrap()
        .objects[0];
    let digits = object.object.to_string();
    let name = format!("objects/{}/{digits}.zst", &digits[..2]);
    let path = folder.path().join(&name);
    // Other lines, compressed as they should be: so each of them can be told from what it was.
    let text = zstd::decode_all(&*fs::read(&path).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut lines: Vec<String> = text.split_inclusive('\n').map(String::from).collect();
    lines[5] = lines[5].replace("query", "Query");
    lines.remove(9);
    fs::write(
        &path,
        zstd::encode_all(lines.concat().as_bytes(), 3).unwrap(),
    )
    .unwrap();
    let (_, findings) = verify(folder.path());
    let [first, second] = &*findings else {
        panic!("{findings:?}");
    };
    assert_eq!(
        (first.lines, &*first.records),
        (Some((6, 6)), &["rule `soc-5`".into()][..])
    );
    assert!(
        first
            .message
            .contains("at line 6, rule `soc-5`; it is a part of `rules.ndjson` of space `soc`"),
        "{first:?}"
    );
    assert_eq!(
        (second.lines.unwrap().0, &*second.records[0]),
        (10, "rule `soc-9`")
    );
    assert_eq!(first.snapshots.len(), 3);
}

/// What a run is to do with the repository, told by the environment; nothing where there is none.
#[test]
fn child() {
    let Some(path) = std::env::var_os("RULEFERRY_TEST_REPOSITORY") else {
        return;
    };
    let version: u64 = std::env::var("RULEFERRY_TEST_VERSION")
        .unwrap()
        .parse()
        .unwrap();
    // As in the command: a file that may not grow fails a write, and does not end the process.
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default()).unwrap();
    std::io::Write::write_all(&mut std::io::stdout(), b"go\n").unwrap();
    let repository = Repository::open_or_create(path).unwrap();
    if version.is_multiple_of(3) {
        prune(&repository);
    } else {
        snapshot(&repository, 40, version);
    }
}

fn prune(repository: &Repository) {
    let keep = Keep {
        last: 2,
        ..Keep::default()
    };
    let mut writer = repository.writer().unwrap();
    let going = writer.pruning(&keep).unwrap().going();
    writer.remove(&going).unwrap();
}

#[cfg(unix)]
fn kills(many: u64) {
    use std::time::Duration;

    let folder = Folder::new();
    let mut choices = Choices::new(11);
    // How long a run takes that writes, and one that removes.
    let mut usual = [Duration::from_millis(5); 2];
    let mut killed = 0;
    for version in 1..=many {
        let removes = |version: u64| usize::from(version.is_multiple_of(3));
        usual[removes(version)] = snapshots::run_child(folder.path(), version, None).1;
        let before = snapshots::contents(folder.path());
        let most = u64::try_from(usual[removes(version + 1)].as_micros()).unwrap();
        // Also the clearing away of what was left behind is cut off at times.
        let times = 1 + choices.below(3) / 2;
        for _ in 0..times {
            let wait = Duration::from_micros(choices.below(most));
            killed += u64::from(snapshots::run_child(folder.path(), version + 1, Some(wait)).0);
        }
        let (verified, findings) = verify(folder.path());
        assert_eq!(verified.faults, 0, "{version}: {findings:?}");
        let after = snapshots::contents(folder.path());
        let goes = removes(version + 1) > 0;
        let missing = before
            .iter()
            .find(|(name, content)| after.get(*name) != Some(*content));
        assert!(goes || missing.is_none(), "{version}: {missing:?}");
        // The next run brings it to an end, and leaves nothing that does not belong there.
        snapshots::run_child(folder.path(), version + 1, None);
        let (verified, findings) = verify(folder.path());
        assert_eq!(
            (verified.faults, &*verified.notes),
            (0, &[][..]),
            "{version}: {findings:?}"
        );
        let strays: BTreeSet<String> = files(folder.path())
            .into_iter()
            .filter(|name| name.starts_with("tmp/"))
            .collect();
        assert!(strays.is_empty(), "{strays:?}");
    }
    assert!(
        killed * 3 > many,
        "only {killed} of {many} were killed before they were done"
    );
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_while_it_makes_a_repository_does_no_harm() {
    let mut choices = Choices::new(13);
    for _ in 0..10 {
        let folder = Folder::new();
        let wait = std::time::Duration::from_micros(choices.below(4000));
        snapshots::run_child(folder.path(), 1, Some(wait));
        snapshots::run_child(folder.path(), 1, None);
        let (verified, findings) = verify(folder.path());
        assert_eq!(
            (verified.faults, &*verified.notes),
            (0, &[][..]),
            "{findings:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_does_no_harm() {
    kills(30);
}

#[cfg(unix)]
#[test]
#[ignore = "takes a while; run it in release"]
fn a_thousand_runs_that_are_killed_do_no_harm() {
    kills(1000);
}

/// Runs something that writes with files that may not become larger than so many blocks, which is as if the disk were full.
#[cfg(unix)]
fn with_small_files(folder: &Folder, blocks: u32, version: u64) -> String {
    let script = format!("ulimit -f {blocks}; exec \"$0\" --exact child --nocapture");
    let program = std::env::current_exe().unwrap();
    let ran = std::process::Command::new("sh")
        .args(["-c", &script, program.to_str().unwrap()])
        .env("RULEFERRY_TEST_REPOSITORY", folder.path())
        .env("RULEFERRY_TEST_VERSION", version.to_string())
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(101));
    String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap()
}

#[cfg(unix)]
#[test]
fn a_full_disk_does_no_harm() {
    let folder = Folder::new();
    let repository = folder.repository();
    for version in [1, 2, 4] {
        snapshot(&repository, 40, version);
    }
    let before = (files(folder.path()), snapshots::contents(folder.path()));
    // A snapshot of which nothing can be written, one of which something can, and a removal.
    for (blocks, version) in [(0, 5), (1, 100), (0, 6)] {
        let text = with_small_files(&folder, blocks, version);
        assert!(
            text.contains("File too large") && text.contains("writing `"),
            "{text}"
        );
        let after = (files(folder.path()), snapshots::contents(folder.path()));
        assert!(before == after, "{:?}", after.0);
        let (verified, findings) = verify(folder.path());
        assert_eq!(
            (verified.faults, &*verified.notes),
            (0, &[][..]),
            "{findings:?}"
        );
    }
}

/// Runs the command that a repository gives for reading it by hand.
#[cfg(unix)]
#[test]
fn a_person_can_read_it_with_zstd_and_jq() {
    use std::process::Command;
    let is_there = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if !is_there("zstd") || !is_there("jq") {
        return;
    }
    let folder = Folder::new();
    repository(&folder);
    let text = fs::read(folder.path().join("ruleferry-repo.json")).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let lines = told["how_to_read_it"].as_array().unwrap();
    let command = lines.last().unwrap().as_str().unwrap();
    let repository = Repository::open(folder.path()).unwrap();
    let entry = *repository.snapshots().unwrap().last().unwrap();
    for name in ["rules.ndjson", "value-lists/hosts"] {
        let command = command
            .replacen("/N.json", &format!("/{}.json", entry.name()), 1)
            .replacen("s S ", "s soc ", 1)
            .replacen("f F ", &format!("f {name} "), 1);
        let ran = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let expected = &snapshots::contents(folder.path())[&format!("{}/soc/{name}", entry.name())];
        assert!(
            ran.stdout == *expected,
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}
