//! `backup`, `prune` and `restore` where rights, the folder or the server are lost: a clear error, the exit code that is stated, and
//! earlier snapshots as they were.

#![cfg(test)]
#![cfg(unix)]

#[path = "support/command.rs"]
mod command;
#[path = "support/gate.rs"]
mod gate;
#[path = "support/kept.rs"]
mod kept;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use command::Ran;
use gate::Gate;
use kept::{BACKUP, PROGRAM, PRUNE, RESTORE, VERIFY, content, ends_with, files, is_sound};
use kibana::{Fault, On, Schedule, Work};
use shore::{Shore, wait_until};

/// Who is nobody.
const NOBODY: u32 = 65534;

/// Begins a backup, and waits until it is in the middle of the second space.
fn halfway(shore: &Shore) -> Child {
    halfway_of(shore, shore.command(&BACKUP))
}

fn halfway_of(shore: &Shore, mut backup: Command) -> Child {
    let slow = Fault::Delay {
        before: Duration::from_millis(400),
        after: Duration::ZERO,
    };
    let before = shore.kibana.log().len();
    let route = "/api/detection_engine/rules/_export";
    shore
        .kibana
        .schedule(Schedule::of([(On::nth("POST", route, 2), slow)]));
    let child = command::spawn(&mut backup);
    wait_until("the second space", || {
        let log = shore.kibana.log();
        log[before..].iter().filter(|it| it.path == route).count() == 2
    });
    child
}

/// Sets the rights of all folders and files of the repository.
fn set_rights(folder: &Path, of_folders: u32, of_files: u32) {
    // What is in a folder first: afterwards nobody may look.
    for path in files(folder).into_keys() {
        fs::set_permissions(path, Permissions::from_mode(of_files)).unwrap();
    }
    for name in ["objects", "snapshots", "tmp", ""] {
        for entry in fs::read_dir(folder.join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fs::set_permissions(path, Permissions::from_mode(of_folders)).unwrap();
            }
        }
        fs::set_permissions(folder.join(name), Permissions::from_mode(of_folders)).unwrap();
    }
}

/// The command as somebody whom rights bind: not as the superuser. None where there is no way.
fn bound(shore: &Shore, args: &[&str]) -> Option<Command> {
    let mut command = shore.command(args);
    fs::write(shore.path("probe"), "").unwrap();
    fs::set_permissions(shore.path("probe"), Permissions::from_mode(0o444)).unwrap();
    let is_bound = fs::OpenOptions::new()
        .write(true)
        .open(shore.path("probe"))
        .is_err();
    if !is_bound {
        fs::set_permissions(shore.path(""), Permissions::from_mode(0o777)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
        let ran = Command::new(PROGRAM)
            .arg("--version")
            .uid(NOBODY)
            .gid(NOBODY)
            .output();
        ran.ok().filter(|ran| ran.status.success())?;
    }
    Some(command)
}

fn bound_run(shore: &Shore, args: &[&str]) -> Option<Ran> {
    Some(shore.folder.command(&mut bound(shore, args)?, b""))
}

#[test]
fn a_repository_that_may_not_be_written_can_be_read() {
    let shore = kept::shore();
    let repo = shore.path("repo");
    set_rights(&repo, 0o555, 0o444);
    for args in [&BACKUP[..], &PRUNE] {
        let Some(ran) = bound_run(&shore, args) else {
            return;
        };
        ends_with(&ran, 1, "Permission denied");
        assert!(ran.stderr.contains("`repo/"), "{}", ran.stderr);
    }
    shore.kibana.reset();
    for args in [&VERIFY[..], &["snapshots", "--repo", "repo"], &RESTORE] {
        ends_with(&bound_run(&shore, args).unwrap(), 0, "");
    }
    assert_eq!(shore.held("soc").len(), content().len());
    set_rights(&repo, 0o755, 0o644);
    is_sound(&shore);
}

#[test]
fn rights_that_are_lost_halfway_cost_the_run_alone() {
    let shore = kept::shore();
    let Some(mut command) = bound(&shore, &VERIFY) else {
        return;
    };
    let repo = shore.path("repo");
    set_rights(&repo, 0o777, 0o666);
    ends_with(&shore.folder.command(&mut command, b""), 0, "");
    let child = halfway_of(&shore, bound(&shore, &BACKUP).unwrap());
    set_rights(&repo, 0o555, 0o444);
    ends_with(&command::finish(child), 1, "Permission denied");
    ends_with(&bound_run(&shore, &VERIFY).unwrap(), 0, "");
    set_rights(&repo, 0o755, 0o644);
    is_sound(&shore);
}

#[test]
fn a_repository_that_is_taken_away_halfway_ends_the_run() {
    let shore = kept::shore();
    let before = files(&shore.path("repo"));
    let child = halfway(&shore);
    fs::rename(shore.path("repo"), shore.path("away")).unwrap();
    let ran = command::finish(child);
    ends_with(&ran, 1, "No such file or directory");
    assert!(ran.stderr.contains("`repo/"), "{}", ran.stderr);
    // Nobody makes a new one there, which would look as if there had never been a snapshot.
    assert!(!shore.path("repo").exists());
    fs::rename(shore.path("away"), shore.path("repo")).unwrap();
    let after = files(&shore.path("repo"));
    assert!(
        before
            .iter()
            .all(|(path, bytes)| after.get(path) == Some(bytes))
    );
    is_sound(&shore);
    let child = halfway(&shore);
    fs::remove_dir_all(shore.path("repo")).unwrap();
    ends_with(&command::finish(child), 1, "No such file or directory");
    ends_with(&shore.run(&VERIFY), 2, "`repo`");
}

#[test]
fn a_key_that_is_taken_away_halfway_leaves_out_what_it_opens() {
    let refusal = |status| Fault::Status {
        status,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    for status in [401, 403] {
        let shore = kept::shore();
        let before = files(&shore.path("repo"));
        let child = halfway(&shore);
        shore
            .kibana
            .schedule(Schedule::of([(On::each("", "*"), refusal(status))]));
        let ran = command::finish(child);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(
            ran.stderr.contains(&format!("answered {status}")),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("space `emea`"), "{}", ran.stderr);
        assert!(files(&shore.path("repo")).len() > before.len());
        let ran = shore.run(&BACKUP);
        ends_with(&ran, 5, &format!("answered {status}"));
        shore.kibana.schedule(Schedule::default());
        is_sound(&shore);
    }
}

#[test]
#[ignore = "waits as long as a client does for a server that is gone"]
fn a_server_that_is_gone_halfway_costs_the_run_alone() {
    let mut shore = kept::shore();
    let gate = Gate::to(&shore.url);
    shore.url.clone_from(&gate.url);
    let child = halfway(&shore);
    gate.shut();
    let ran = command::finish_within(child, Duration::from_secs(120));
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("space `emea`"), "{}", ran.stderr);
    let child = command::spawn(&mut shore.command(&BACKUP));
    let ran = command::finish_within(child, Duration::from_secs(120));
    ends_with(&ran, 1, "cannot be reached");
    gate.open();
    shore.kibana.schedule(Schedule::default());
    is_sound(&shore);
    shore.kibana.reset();
    let slow = Fault::Delay {
        before: Duration::from_millis(300),
        after: Duration::ZERO,
    };
    shore.kibana.schedule(Schedule::of([(
        On::nth("POST", "*/rules/_import", 2),
        slow,
    )]));
    let child = command::spawn(&mut shore.command(&RESTORE));
    shore.wait_for_imports(2);
    gate.shut();
    let ran = command::finish_within(child, Duration::from_secs(600));
    ends_with(&ran, 3, "`--resume` goes on");
    gate.open();
    ends_with(&shore.run(&[&RESTORE[..], &["--resume"]].concat()), 0, "");
    assert!(shore.kibana.duplicates().is_empty());
}

#[test]
fn what_stands_where_a_folder_belongs_is_named() {
    for (name, code) in [("", 2), ("tmp", 6), ("snapshots", 6), ("objects", 6)] {
        let shore = kept::shore();
        let path = match name {
            "" => shore.path("repo"),
            name => shore.path("repo").join(name),
        };
        fs::rename(&path, shore.path("aside")).unwrap();
        fs::write(&path, "mine").unwrap();
        let ran = shore.run(&BACKUP);
        let named = Path::new("repo").join(name).display().to_string();
        ends_with(&ran, code, named.trim_end_matches('/'));
        let ran = shore.run(&VERIFY);
        let told = String::from_utf8_lossy(&ran.stdout) + &*ran.stderr;
        assert_eq!(ran.code, Some(code), "{told}");
        assert!(told.contains("is no folder") || name.is_empty(), "{told}");
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        fs::remove_file(&path).unwrap();
        fs::rename(shore.path("aside"), &path).unwrap();
        is_sound(&shore);
    }
}
