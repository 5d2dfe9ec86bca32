//! A Kibana, a folder, and the command that imports from the one into the other.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::command::{Folder, Ran, finish, spawn};
use super::kibana::{API_KEY, Kibana, Logged, Settings};
use super::records;

/// Versions of the three generations of servers.
pub(crate) const GENERATIONS: [&str; 3] = ["8.18", "9.1", "9.6"];

/// Variables of the surroundings that would say where to.
const VARIABLES: [&str; 14] = [
    "KIBANA_URL",
    "KIBANA_SPACE",
    "KIBANA_API_KEY",
    "KIBANA_USERNAME",
    "KIBANA_PASSWORD",
    "RULEFERRY_PROFILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// A server with spaces, and a folder with the bundle `b.ndjson`.
pub(crate) struct Shore {
    pub(crate) kibana: Kibana,
    pub(crate) folder: Folder,
    pub(crate) url: String,
}

/// What an import said of itself.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The lines of `r.ndjson`, if it was written.
    pub(crate) report: Vec<Value>,
}

impl Shore {
    /// A server of this version with the spaces `soc` and `emea`, and this bundle.
    pub(crate) fn of(version: &str, bundle: &[Value]) -> Self {
        Self::with(Settings::of(version), bundle)
    }

    pub(crate) fn with(mut settings: Settings, bundle: &[Value]) -> Self {
        if settings.spaces.is_empty() {
            settings.spaces = vec!["soc".into(), "emea".into()];
        }
        let kibana = Kibana::start(settings);
        let folder = Folder::new();
        let url = kibana.url.clone();
        let shore = Self {
            kibana,
            folder,
            url,
        };
        shore.write(bundle);
        shore
    }

    /// Puts another bundle in the place of `b.ndjson`.
    pub(crate) fn write(&self, bundle: &[Value]) {
        self.folder.write("b.ndjson", records::bundle(bundle));
    }

    /// The command with these arguments, where nothing but they and the key say anything.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
        for name in VARIABLES {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(self.folder.path(""))
            .env("KIBANA_URL", &self.url)
            .env("KIBANA_API_KEY", API_KEY)
            .env("RULEFERRY_CONFIG", self.folder.path("config.toml"))
            .env("HOME", self.folder.path("home"))
            .env("XDG_STATE_HOME", self.folder.path("state"));
        command
    }

    /// Runs any verb.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.folder.command(&mut self.command(args), b"")
    }

    /// The command that imports `b.ndjson` into space `soc`, and reports to `r.ndjson`.
    pub(crate) fn importing(&self, args: &[&str]) -> Command {
        self.importing_into(&["soc"], args)
    }

    pub(crate) fn importing_into(&self, spaces: &[&str], args: &[&str]) -> Command {
        let mut all = vec!["import", "b.ndjson", "--report", "r.ndjson"];
        for space in spaces {
            all.extend(["--space", space]);
        }
        for (flag, usual) in [("--still", Some("300ms")), ("--yes", None)] {
            if !args.contains(&flag) && !args.contains(&"--dry-run") {
                all.push(flag);
                all.extend(usual);
            }
        }
        all.extend(args);
        self.command(&all)
    }

    /// Imports `b.ndjson` into space `soc`.
    pub(crate) fn import(&self, args: &[&str]) -> Told {
        self.import_into(&["soc"], args)
    }

    pub(crate) fn import_into(&self, spaces: &[&str], args: &[&str]) -> Told {
        let mut command = self.importing_into(spaces, args);
        self.told(self.folder.command(&mut command, b""))
    }

    /// Begins such an import.
    pub(crate) fn begin(&self, args: &[&str]) -> Child {
        spawn(&mut self.importing(args))
    }

    /// Waits for an import that was begun.
    pub(crate) fn end(&self, child: Child) -> Told {
        self.told(finish(child))
    }

    fn told(&self, ran: Ran) -> Told {
        let report = std::fs::read_to_string(self.path("r.ndjson")).unwrap_or_default();
        Told {
            code: ran.code,
            stdout: String::from_utf8(ran.stdout).unwrap(),
            stderr: ran.stderr,
            report: report
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// The requests that changed something, from the n-th on.
    pub(crate) fn writes(&self, from: usize) -> Vec<Logged> {
        let log = self.kibana.log();
        log.into_iter().skip(from).filter(is_write).collect()
    }

    /// The imports so far.
    pub(crate) fn imports(&self) -> Vec<Logged> {
        let log = self.kibana.log();
        log.into_iter()
            .filter(|it| it.path.ends_with("/_import"))
            .collect()
    }

    /// Waits until so many imports have come.
    pub(crate) fn wait_for_imports(&self, count: usize) {
        wait_until("the imports come", || self.imports().len() >= count);
    }

    /// The ids of what a space has, each kind sorted, as in `rule a`; connectors by name.
    pub(crate) fn held(&self, space: &str) -> Vec<String> {
        let state = self.kibana.state(space);
        let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
        let mut held: Vec<String> = Vec::new();
        held.extend(
            state
                .rules
                .iter()
                .map(|it| format!("rule {}", text(it, "rule_id"))),
        );
        held.extend(
            state
                .lists
                .iter()
                .map(|it| format!("list {}", text(it, "list_id"))),
        );
        held.extend(
            state
                .items
                .iter()
                .map(|it| format!("item {}/{}", text(it, "list_id"), text(it, "item_id"))),
        );
        held.extend(
            state
                .connectors
                .iter()
                .map(|it| format!("connector {}", text(&it["attributes"], "name"))),
        );
        held.sort();
        held
    }
}

/// Whether a request changes something. Some that only read are POSTs.
pub(crate) fn is_write(request: &Logged) -> bool {
    request.method != "GET" && !request.path.ends_with("/_export")
}

/// Waits a while for something to be so.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: never");
        std::thread::sleep(Duration::from_millis(2));
    }
}

impl Told {
    /// The summary, the last line of the report.
    pub(crate) fn summary(&self) -> &Value {
        let last = self.report.last().unwrap();
        assert!(last["summary"].is_object(), "{last}");
        last
    }

    /// How many records have each outcome that any has, by the summary.
    pub(crate) fn counts(&self) -> BTreeMap<&str, u64> {
        let counts = self.summary()["summary"].as_object().unwrap();
        let counts = counts
            .iter()
            .map(|(name, count)| (name.as_str(), count.as_u64().unwrap()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// The line of a record in the report.
    pub(crate) fn line(&self, id: &str) -> &Value {
        let mut found = self.report.iter().filter(|line| line["id"] == id);
        let line = found
            .next()
            .unwrap_or_else(|| panic!("no line of {id}: {self:?}"));
        assert!(found.next().is_none(), "two lines of {id}");
        line
    }

    /// Standard output as JSON lines.
    pub(crate) fn printed(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The outcome of a record.
    pub(crate) fn outcome(&self, id: &str) -> &str {
        self.line(id)["outcome"].as_str().unwrap()
    }

    /// The message of a record.
    pub(crate) fn message(&self, id: &str) -> &str {
        self.line(id)["message"].as_str().unwrap_or_default()
    }

    /// Holds the exit code, and shows all that was said where it is another.
    pub(crate) fn ends_with(&self, code: i32) -> &Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}{}{:#?}",
            self.stdout,
            self.stderr,
            self.report
        );
        self
    }
}
