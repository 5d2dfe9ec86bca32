//! How large does a repository become, and how much memory does that take? Many spaces, of which little changes from day to day.

#![cfg(test)]

#[path = "support/snapshots.rs"]
mod snapshots;

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use ruleferry::repo::{Form, Origin, Repository, StoredSpace};
use snapshots::{Choices, Folder, files, verify};

/// Rules of a space: some thousand bytes of words each. One in a hundred is another one on each day, here and there.
fn rule(space: u64, id: u64, day: u64) -> String {
    let changed = (0..=day).rev().find(|&day| {
        day == 0 || Choices::new(space * 7_919 + id * 31 + day * 104_729).below(100) == 0
    });
    let mut choices = Choices::new(space * 1_000_003 + id);
    let mut edited = Choices::new(changed.unwrap_or_default());
    let words: Vec<String> = (0..640)
        .map(|at| match at % 64 {
            0 => format!("{:x}", edited.below(1 << 20)),
            _ => format!("w{:x}", choices.below(1 << 12)),
        })
        .collect();
    let (query, note) = words.split_at(80);
    format!(
        "{{\"id\":\"{:016x}\",\"rule_id\":\"{space}-{id}\",\"revision\":{},\"name\":\"Rule {id}\",\"type\":\"query\",\"severity\":\"high\",\"query\":\"{}\",\"note\":\"{}\"}}\n",
        choices.below(u64::MAX),
        changed.unwrap_or_default(),
        query.join(" "),
        note.join(" ")
    )
}

fn write(repository: &Repository, spaces: u64, rules: u64, day: u64) -> u64 {
    let origin = Origin {
        url: "https://kibana.example.com".into(),
        version: None,
    };
    let mut writer = repository.writer().unwrap();
    let snapshot = writer.snapshot(origin).unwrap();
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let space = next.fetch_add(1, Ordering::Relaxed);
                    if space >= spaces {
                        break;
                    }
                    let name = format!("customer-{space}");
                    let mut file = snapshot.file(&name, "rules.ndjson", Form::Records);
                    for id in 0..rules {
                        file.write_all(rule(space, id, day).as_bytes()).unwrap();
                    }
                    snapshot.add(StoredSpace {
                        space: name.into(),
                        partial: false,
                        left_out: Vec::new(),
                        files: vec![file.finish().unwrap()],
                    });
                }
            });
        }
    });
    snapshot.publish().unwrap().added
}

fn size(folder: &Path) -> u64 {
    let size = |name: &String| std::fs::metadata(folder.join(name)).unwrap().len();
    files(folder).iter().map(size).sum()
}

#[test]
fn a_day_on_which_little_changes_costs_little() {
    let folder = Folder::new();
    let repository = folder.repository();
    write(&repository, 2, 600, 0);
    let first = size(folder.path());
    write(&repository, 2, 600, 1);
    let second = size(folder.path()) - first;
    assert!(second * 20 <= first, "{second} of {first}");
}

#[test]
fn many_days_do_not_spread_a_file_thin() {
    let folder = Folder::new();
    let repository = folder.repository();
    let mut most = 0;
    for day in 0..60 {
        write(&repository, 1, 200, day);
        let (_, manifest) = repository
            .choose(&"latest".parse().unwrap(), None, None)
            .unwrap();
        most = most.max(manifest.spaces[0].files[0].objects.len());
    }
    assert!((10..=18).contains(&most), "{most}");
    assert_eq!(verify(folder.path()).0.faults, 0);
}

/// Writes one day of many spaces, as a process of its own whose memory can be told.
#[test]
fn child() {
    let Some(path) = std::env::var_os("RULEFERRY_TEST_REPOSITORY") else {
        return;
    };
    let day = std::env::var("RULEFERRY_TEST_VERSION")
        .unwrap()
        .parse()
        .unwrap();
    write(&Repository::open_or_create(path).unwrap(), 300, 1500, day);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or_default();
    writeln!(std::io::stdout(), "{peak}").unwrap();
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "writes some gigabytes; run it in release"]
fn three_hundred_spaces() {
    let folder = Folder::new();
    let day = |day: u64| {
        let begun = std::time::Instant::now();
        let ran = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("RULEFERRY_TEST_REPOSITORY", folder.path())
            .env("RULEFERRY_TEST_VERSION", day.to_string())
            .output()
            .unwrap();
        assert!(ran.status.success());
        let text = String::from_utf8(ran.stdout).unwrap();
        let digits = |line: &str| {
            line.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        };
        let peak = text
            .lines()
            .find(|line| line.contains("VmHWM"))
            .map(digits)
            .unwrap();
        let peak: u64 = peak.parse().unwrap();
        writeln!(
            std::io::stdout(),
            "day {day}: {peak} KiB, {:?}, {} bytes",
            begun.elapsed(),
            size(folder.path())
        )
        .unwrap();
        assert!(peak <= 256 << 10, "{peak} KiB");
        size(folder.path())
    };
    let first = day(0);
    let second = day(1) - first;
    assert!(second * 20 <= first, "{second} of {first}");
    let (verified, findings) = verify(folder.path());
    assert_eq!(verified.faults, 0, "{findings:?}");
}
