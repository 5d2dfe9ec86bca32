//! `backup` and `prune` in storms: killed at any point they harm no snapshot, and what they call whole is whole.
//!
//! `RULEFERRY_CASES=1000 cargo test --release --test backup_storm -- --ignored` takes the long way.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;
#[path = "support/storm.rs"]
mod storm;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use command::Ran;
use kibana::{Dice, Schedule, Settings, State};
use records::{acting, bundle, connector, item, list, referring, rule, with};
use ruleferry::record::Kind;
use ruleferry::repo::{Entry, Manifest, Repository};
use serde_json::{Value, json};
use shore::Shore;
use storm::{cases, each_seed};

const SPACES: [&str; 3] = ["soc", "emea", "default"];
const BACKUP: [&str; 5] = ["backup", "--repo", "repo", "--space", "*"];
const VERIFY: [&str; 3] = ["verify", "--repo", "repo"];

const VALUES: [&str; 3] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

/// Rules with a list, a connector and nothing, and a list that no rule refers to.
fn content(space: &str) -> Vec<Value> {
    let id = |name: &str| format!("{space}-{name}");
    let mut records: Vec<Value> = (0..60)
        .map(|n| {
            with(
                rule(&id(&format!("r{n}"))),
                &json!({"interval": format!("{}m", n + 1)}),
            )
        })
        .collect();
    records.push(referring(&id("excepted"), &id("l"), "detection"));
    records.push(acting(&id("acting"), &[&id("c")]));
    for list_id in [id("l"), id("unused")] {
        records.push(list(&list_id));
        records.extend((0..5).map(|n| item(&format!("{list_id}-i{n}"), &list_id)));
    }
    records.push(connector(&id("c"), "C"));
    records
}

/// Spaces with content, and a folder for the repository.
fn shore(version: &str) -> Shore {
    let shore = Shore::with(Settings::of(version), &[]);
    for space in SPACES {
        shore.kibana.seed(space, &bundle(&content(space)));
        shore.kibana.seed_values(space, "ips.txt", &VALUES);
    }
    shore
}

#[track_caller]
fn ends_with(ran: &Ran, code: i32, what: &str) {
    let text = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.code, Some(code), "{what}: {text}{}", ran.stderr);
}

/// What each snapshot holds.
fn snapshots(shore: &Shore) -> BTreeMap<String, (Entry, Manifest)> {
    let repository = Repository::open(shore.path("repo")).unwrap();
    let entries = repository.snapshots().unwrap().into_iter();
    let held = entries.map(|entry| (entry.name(), (entry, repository.manifest(&entry).unwrap())));
    held.collect()
}

/// All is sound; and nothing lies about, where a run came to its end.
#[track_caller]
fn is_sound(shore: &Shore, is_clean: bool, what: &str) {
    let ran = shore.run(&VERIFY);
    ends_with(&ran, 0, what);
    if is_clean {
        assert!(!ran.stderr.contains("note:"), "{what}: {}", ran.stderr);
        let left: Vec<_> = std::fs::read_dir(shore.path("repo/tmp")).unwrap().collect();
        assert!(left.is_empty(), "{what}: {left:?}");
    }
}

/// A snapshot has as many records of each kind as the spaces have.
#[track_caller]
fn is_all(manifest: &Manifest, state: impl Fn(&str) -> State, what: &str) {
    assert!(!manifest.partial, "{what}");
    for name in SPACES {
        let (space, state) = (manifest.space(name).unwrap(), state(name));
        let found =
            [Kind::Rule, Kind::ExceptionList, Kind::ExceptionItem].map(|kind| space.count(kind));
        let there = [state.rules.len(), state.lists.len(), state.items.len()];
        assert_eq!(found, there.map(|many| many as u64), "{what}: {name}");
        let values = space.file("value-lists/ips.txt").unwrap();
        assert_eq!(values.lines, VALUES.len() as u64, "{what}: {name}");
    }
}

/// Runs that change a repository, and whether each may take snapshots away.
const RUNS: [(&[&str], bool); 4] = [
    (&BACKUP, false),
    (&BACKUP, false),
    (
        &[
            "backup",
            "--repo",
            "repo",
            "--space",
            "*",
            "--keep-last",
            "2",
        ],
        true,
    ),
    (
        &["prune", "--repo", "repo", "--keep-last", "2", "--yes"],
        true,
    ),
];

/// Runs are killed, each at some point, and each is followed by one that comes to its end.
fn kills(seed: u64, many: u64) -> u64 {
    let mut dice = Dice(seed);
    let shore = shore("9.1");
    let (mut killed, mut usual) = (0, [Duration::from_millis(100); RUNS.len()]);
    ends_with(&shore.run(&BACKUP), 0, "the first");
    for round in 0..many {
        let what = format!("seed {seed}, round {round}");
        // So that a run that removes has something to do, and one that writes too.
        for n in 0..2 {
            let newer = rule(&format!("r-{round}-{n}"));
            shore.kibana.seed(
                SPACES[usize::try_from(round % 3).unwrap()],
                &bundle(&[newer]),
            );
            ends_with(&shore.run(&BACKUP), 0, &what);
        }
        let which = usize::try_from(dice.below(RUNS.len() as u64)).unwrap();
        let (args, removes) = RUNS[which];
        let before = snapshots(&shore);
        // Also the clearing away of what was left behind is cut off at times.
        for _ in 0..=dice.below(3) / 2 {
            let most = u64::try_from(usual[which].as_micros()).unwrap();
            let mut child = command::spawn(&mut shore.command(args));
            sleep(Duration::from_micros(dice.below(most)));
            child.kill().unwrap();
            killed += u64::from(command::finish(child).code.is_none());
        }
        is_sound(&shore, false, &what);
        let after = snapshots(&shore);
        let is_left = |name: &&String| after.get(*name) == before.get(*name);
        assert!(
            removes || before.keys().all(|name| is_left(&name)),
            "{what}: {args:?}"
        );
        let begun = Instant::now();
        ends_with(&shore.run(args), 0, &what);
        usual[which] = begun.elapsed();
        is_sound(&shore, true, &what);
        if args[0] == "backup" {
            let last = snapshots(&shore).pop_last().unwrap().1.1;
            is_all(&last, |space| shore.kibana.state(space), &what);
        }
    }
    killed
}

#[test]
fn runs_that_are_killed_harm_no_snapshot() {
    let killed = AtomicU64::new(0);
    each_seed(0..2, 2, |seed| {
        killed.fetch_add(kills(seed, 4), Ordering::Relaxed);
    });
    assert!(killed.into_inner() > 0);
}

#[test]
#[ignore = "takes minutes"]
fn a_thousand_runs_that_are_killed_harm_no_snapshot() {
    let (many, killed) = (cases(1000), AtomicU64::new(0));
    each_seed(100..104, 4, |seed| {
        killed.fetch_add(kills(seed, many.div_ceil(4)), Ordering::Relaxed);
    });
    let killed = killed.into_inner();
    assert!(
        killed * 2 > many,
        "only {killed} of {many} were killed before they were done"
    );
}

#[test]
fn a_first_run_that_is_killed_harms_nothing() {
    each_seed(0..6, 3, |seed| {
        let shore = shore("9.6");
        let mut child = command::spawn(&mut shore.command(&BACKUP));
        sleep(Duration::from_millis(Dice(seed).below(120)));
        child.kill().unwrap();
        command::finish(child);
        let what = format!("seed {seed}");
        ends_with(&shore.run(&BACKUP), 0, &what);
        is_sound(&shore, true, &what);
    });
}

/// A backup in bad weather tells the truth: what it calls whole is whole, what it lacks it names, and it harms nothing.
fn in_bad_weather(seed: u64) -> Option<i32> {
    let version = shore::GENERATIONS[usize::try_from(seed % 3).unwrap()];
    let shore = shore(version);
    ends_with(&shore.run(&BACKUP), 0, "in good weather");
    let before = snapshots(&shore);
    shore.kibana.seed("soc", &bundle(&[rule("newer")]));
    shore.kibana.schedule(Schedule::random(seed));
    let ran = shore.run(&BACKUP);
    shore.kibana.schedule(Schedule::default());
    let what = format!(
        "seed {seed}, Kibana {version}: {:?} {}",
        ran.code, ran.stderr
    );
    is_sound(&shore, true, &what);
    let mut after = snapshots(&shore);
    let new = after.pop_last().unwrap().1.1;
    match ran.code {
        Some(0) => {
            is_all(&new, |space| shore.kibana.state(space), &what);
            let live = ["--against-live", "bad/*"];
            let url = format!("[profile.bad]\nurl = \"{}\"\n", shore.url);
            shore.folder.write("config.toml", url);
            ends_with(&shore.run(&[&VERIFY[..], &live].concat()), 0, &what);
        }
        Some(3) => {
            assert!(new.partial, "{what}");
            let partial: Vec<_> = new.spaces.iter().filter(|space| space.partial).collect();
            assert!(!partial.is_empty(), "{what}");
            for space in partial {
                assert!(!space.left_out.is_empty(), "{what}");
                assert!(
                    ran.stderr.contains(&format!("space `{}`", space.space)),
                    "{what}"
                );
            }
        }
        Some(1 | 5) => {
            assert!(ran.stderr.contains("error: "), "{what}");
            assert_eq!(snapshots(&shore).len(), before.len(), "{what}");
        }
        code => panic!("{what}: {code:?}"),
    }
    let (is_kept, old) = match ran.code {
        Some(1 | 5) => (true, snapshots(&shore)),
        _ => (after.len() == before.len(), after),
    };
    assert!(is_kept && old.iter().eq(&before), "{what}");
    // In good weather the next one is whole.
    ends_with(&shore.run(&BACKUP), 0, &what);
    is_all(
        &snapshots(&shore).pop_last().unwrap().1.1,
        |space| shore.kibana.state(space),
        &what,
    );
    ran.code
}

#[test]
fn what_is_taken_in_bad_weather_is_whole_or_says_what_it_lacks() {
    each_seed(0..24, 12, |seed| {
        in_bad_weather(seed);
    });
}

#[test]
#[ignore = "takes minutes"]
fn a_long_time_of_bad_weather() {
    each_seed(1000..1000 + cases(1000), 24, |seed| {
        in_bad_weather(seed);
    });
}
