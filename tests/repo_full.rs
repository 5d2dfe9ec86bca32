//! `backup`, `prune` and `restore` on full disks: a clear error, exit code 1, and earlier snapshots as they were.

#![cfg(test)]
#![cfg(unix)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kept.rs"]
mod kept;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::fs;
use std::process::Command;

use command::Ran;
use kept::{BACKUP, PROGRAM, PRUNE, RESTORE, content, ends_with, files, is_sound};
use shore::{Shore, is_write};

/// Another program, with the surroundings that the command has.
fn like(shore: &Shore, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(shore.path(""));
    for (name, value) in shore.command(&[]).get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Runs the command with files that may not become larger than so many blocks.
fn with_small_files(shore: &Shore, blocks: u32, args: &[&str]) -> Ran {
    let script = format!(r#"ulimit -f {blocks}; exec "$0" "$@""#);
    let mut command = like(shore, "sh", &["-c", &script, PROGRAM]);
    shore.folder.command(command.args(args), b"")
}

#[test]
fn a_full_disk_harms_nothing() {
    let shore = kept::shore();
    let before = files(&shore.path("repo"));
    for blocks in [0, 1] {
        for args in [&BACKUP[..], &PRUNE] {
            let ran = with_small_files(&shore, blocks, args);
            // So little is removed in so few words that there may be room for them.
            if blocks == 0 || args[0] == "backup" {
                ends_with(&ran, 1, "File too large");
                assert!(ran.stderr.contains("error: writing `"), "{}", ran.stderr);
                assert!(files(&shore.path("repo")) == before, "{blocks} {args:?}");
            }
        }
    }
    is_sound(&shore);
}

#[test]
fn a_restore_that_finds_no_room_sends_nothing() {
    let shore = kept::shore();
    shore.kibana.reset();
    ends_with(&with_small_files(&shore, 0, &RESTORE), 1, "File too large");
    assert!(!shore.kibana.log().iter().any(is_write));
    assert!(!shore.path("r.ndjson.journal").exists());
    ends_with(&shore.run(&RESTORE), 0, "");
}

/// A small disk, that is filled, and a smaller one for the journal.
#[cfg(target_os = "linux")]
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o size=192k tmpfs disk || exit 77
mount -t tmpfs -o size=4k tmpfs small || exit 77
cp -r repo disk/repo
dd if=/dev/zero of=disk/fill bs=1k 2>/dev/null
ruleferry() { "$0" "$@" --repo disk/repo; echo "$1 $?"; }
ruleferry backup --space soc --space emea
ruleferry verify
ruleferry prune --keep-last 1 --yes
truncate -s -8k disk/fill
ruleferry backup --space soc --space emea
ruleferry verify
ruleferry prune --keep-last 1 --yes
rm disk/fill
ruleferry backup --space soc --space emea
ruleferry verify
ls -A disk/repo/tmp
# The first line of the journal has room, and what comes after has not.
only="$(printf 'rule_id: *%3000s' '')"
ruleferry restore --space default --from-space soc --yes --report r --journal small/j --only "$only"
mount -o remount,size=1m small
ruleferry restore --space default --from-space soc --yes --report r --journal small/j --only "$only" --resume --still 300ms
ls -A small
"#;

/// Real disks that are full, where the system lets us make some.
#[cfg(target_os = "linux")]
#[test]
fn disks_that_are_really_full_harm_nothing() {
    let shore = kept::shore();
    for name in ["disk", "small"] {
        fs::create_dir(shore.path(name)).unwrap();
    }
    let mut command = like(
        &shore,
        "unshare",
        &["-rm", "sh", "-c", ON_A_SMALL_DISK, PROGRAM],
    );
    if Command::new("unshare").arg("--version").output().is_err() {
        return;
    }
    let ran = shore.folder.command(&mut command, b"");
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    if ran.code == Some(77) || !text.contains("backup ") {
        return;
    }
    let verbs = ["backup ", "verify ", "prune ", "restore "];
    let codes = text
        .lines()
        .filter(|line| verbs.iter().any(|verb| line.starts_with(verb)));
    let codes: Vec<&str> = codes.collect();
    let expected = [
        "backup 1",
        "verify 0",
        "prune 1",
        "backup 1",
        "verify 0",
        "prune 0",
        "backup 0",
        "verify 0",
        "restore 3",
        "restore 0",
    ];
    assert_eq!(codes, expected, "{text}{}", ran.stderr);
    assert!(text.ends_with("restore 0\n"), "{text}");
    for said in [
        "error: writing `disk/repo`: No space left on device",
        "error: writing `disk/repo/tmp/unfinished`: No space left on device",
        "writing the journal `small/j`: No space left on device",
        "`--resume` goes on",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert_eq!(shore.held("default").len(), content().len() + 1);
    assert!(shore.kibana.duplicates().is_empty());
}
