//! A Kibana of the tests' own: it keeps rules, exceptions and connectors, imports as three generations of servers do, and fails
//! in every way that networks, proxies and servers fail.
//!
//! It is written from what Kibana does, and shares no code with the crate: it is the second way to know. Use:
//!
//! ```ignore
//! #[path = "support/kibana/mod.rs"] mod kibana;
//! let kibana = Kibana::start(Settings { spaces: vec!["soc".into()], ..Settings::of("9.1") });
//! kibana.seed("soc", bundle);                  // records as an export has them; ids and defaults are filled in
//! kibana.expect("soc", bundle);                // what the watch holds an import against
//! kibana.schedule(Schedule::of([(On::nth("POST", "*/_import", 1), Fault::Reset(At::AfterWork))]));
//! // … a client talks to `kibana.url`, with `Authorization: ApiKey {API_KEY}` …
//! kibana.settle();                             // until work that goes on behind lost answers is done
//! assert!(kibana.violations().is_empty() && kibana.duplicates().is_empty());
//! let rules: Vec<Value> = kibana.state("soc").rules;
//! ```
//!
//! `Schedule::random(seed)` makes weather. `kibana.log()` tells every request with its size, `kibana.largest_import()` the most
//! bytes of one. Settings: `race` opens a gap between looking and writing, `part_delay` makes each import take its time.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test file uses what it needs"
)]

mod actions;
mod bulk;
mod connector;
mod connectors;
mod data_views;
mod exceptions;
mod export;
mod faults;
mod filter;
mod http;
mod import;
mod lines;
mod lists;
mod references;
mod routes;
mod rule;
mod rules;
mod schema;
mod seed;
mod serve;
mod stored;
mod table;
mod timelines;
mod values;
mod version;
mod watch;
mod world;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use faults::{At, Dice, Fault, On, Schedule, Work};
pub(crate) use table::Made;
pub(crate) use version::Version;
pub(crate) use watch::{Cause, Missing, Violation};
use world::World;

/// The key that opens it, as it stands in `Authorization: ApiKey …`.
pub(crate) const API_KEY: &str = "aWQ6a2V5";

/// What the server is like.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) version: Version,
    /// Spaces beside `default`.
    pub(crate) spaces: Vec<String>,
    /// The time between looking whether something is there and making it.
    pub(crate) race: Duration,
    /// What an import takes at least.
    pub(crate) part_delay: Duration,
    /// The most bytes of an import's body.
    pub(crate) max_bytes: usize,
    /// The number of rules, and of exceptions, at which an import fails.
    pub(crate) max_rules: usize,
    /// Whether the key may read and make connectors.
    pub(crate) may_use_connectors: bool,
    /// Elastic's own rules, with the versions there are assets of.
    pub(crate) prebuilt: BTreeMap<String, Vec<u64>>,
    /// Connectors of the server's settings: id, type, name.
    pub(crate) preconfigured: Vec<(String, String, String)>,
    /// Whether rules keep only what an import looks at, for runs with more of them than memory has room for.
    pub(crate) forgets: bool,
}

impl Settings {
    /// A server of this version as it comes.
    pub(crate) fn of(version: &str) -> Self {
        Self {
            version: Version::named(version),
            spaces: Vec::new(),
            race: Duration::ZERO,
            part_delay: Duration::ZERO,
            max_bytes: 10_485_760,
            max_rules: 10_000,
            may_use_connectors: true,
            prebuilt: BTreeMap::new(),
            preconfigured: Vec::new(),
            forgets: false,
        }
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    /// From 1, in the order in which they came.
    pub(crate) number: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) space: String,
    pub(crate) query: Vec<(String, String)>,
    /// The bytes of the body that were read.
    pub(crate) bytes: usize,
    /// Of an import that was read whole, what its lines are, as in `rule r` or `item l/i`; of none where the server forgets.
    pub(crate) names: Vec<String>,
    /// The status that was sent, if any was.
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<Fault>,
    /// When it came and, once that is so, when it was answered or given up.
    pub(crate) begun: Instant,
    pub(crate) ended: Option<Instant>,
}

/// What a space holds, each object as the server tells of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) rules: Vec<Value>,
    /// The space's own and then those of all spaces.
    pub(crate) lists: Vec<Value>,
    pub(crate) items: Vec<Value>,
    pub(crate) connectors: Vec<Value>,
}

/// What there is more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duplicate {
    /// The space; `*` for what all spaces share.
    pub(crate) space: String,
    /// `rule`, `list` or `item`.
    pub(crate) kind: &'static str,
    /// The `rule_id`, `list_id` or `item_id`.
    pub(crate) key: String,
    /// The object ids and who made each, the oldest first.
    pub(crate) copies: Vec<(String, Made)>,
    pub(crate) by: Maker,
}

/// Who made a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    /// They were there from the start.
    Nobody,
    /// One request that was done twice.
    Proxy,
    /// Two requests.
    Client,
}

struct Inner {
    settings: Settings,
    world: Mutex<World>,
    schedule: Mutex<Schedule>,
    log: Mutex<Vec<Logged>>,
    /// How many requests are being worked on.
    busy: Mutex<usize>,
    idle: Condvar,
    is_closing: AtomicBool,
}

impl Inner {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

/// A running server; it takes no more connections once it is dropped.
pub(crate) struct Kibana {
    pub(crate) url: String,
    address: SocketAddr,
    inner: Arc<Inner>,
}

impl Drop for Kibana {
    fn drop(&mut self) {
        self.inner.is_closing.store(true, Ordering::Relaxed);
        // The listener waits for one more connection, and then sees.
        _ = TcpStream::connect(self.address);
    }
}

fn world(settings: &Settings, salt: u16) -> World {
    let mut spaces = settings.spaces.clone();
    spaces.push("default".into());
    let mut world = World::new(settings.version, &spaces, salt.into());
    world.prebuilt.clone_from(&settings.prebuilt);
    world.forgets = settings.forgets;
    for (id, ty, name) in &settings.preconfigured {
        let connector = world::Connector {
            name: name.clone(),
            ty: ty.clone(),
            has_secrets: true,
            ..world::Connector::default()
        };
        world.preconfigured.insert(id.clone(), connector);
    }
    world
}

impl Kibana {
    /// Starts a server on a free port of 127.0.0.1.
    pub(crate) fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            world: Mutex::new(world(&settings, address.port())),
            settings,
            schedule: Mutex::default(),
            log: Mutex::default(),
            busy: Mutex::default(),
            idle: Condvar::new(),
            is_closing: AtomicBool::new(false),
        });
        let ours = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ours.is_closing.load(Ordering::Relaxed) {
                    return;
                }
                let inner = Arc::clone(&ours);
                // A client that goes away in the middle is its own affair.
                thread::spawn(move || _ = serve::connection(&stream.unwrap(), &inner));
            }
        });
        Self {
            url: format!("http://{address}"),
            address,
            inner,
        }
    }

    /// Makes it as it was when it started: empty, in good weather, nothing asked.
    pub(crate) fn reset(&self) {
        self.settle();
        *self.inner.world() = world(&self.inner.settings, self.address.port());
        *self.inner.schedule.lock().unwrap() = Schedule::default();
        self.inner.log.lock().unwrap().clear();
    }

    /// Puts records of a bundle into a space as they are, with ids and defaults where they have none.
    pub(crate) fn seed(&self, space: &str, bundle: &[u8]) {
        seed::put(&mut self.inner.world(), space, bundle);
    }

    /// Puts a value list of addresses into a space.
    pub(crate) fn seed_values(&self, space: &str, id: &str, values: &[&str]) {
        values::put(&mut self.inner.world(), space, id, values);
    }

    /// Puts a data view into a space.
    pub(crate) fn seed_view(&self, space: &str, view: &Value) {
        data_views::put(&mut self.inner.world(), space, view);
    }

    /// The data views of a space, by id.
    pub(crate) fn views(&self, space: &str) -> Vec<Value> {
        let world = self.inner.world();
        world.space(space).data_views.values().cloned().collect()
    }

    /// The values of a list; none if there is no such list.
    pub(crate) fn values(&self, space: &str, id: &str) -> Option<Vec<String>> {
        let world = self.inner.world();
        world
            .space(space)
            .value_lists
            .get(id)
            .map(|it| it.1.clone())
    }

    /// Puts timelines into a space, each a line as an export has it; `status` makes one of Elastic's own, or a draft.
    pub(crate) fn seed_timelines(&self, space: &str, lines: &[u8]) {
        timelines::put(&mut self.inner.world(), space, lines);
    }

    /// The timelines of a space, in the order in which they were made.
    pub(crate) fn timelines(&self, space: &str) -> Vec<Value> {
        let world = self.inner.world();
        let all = world.space(space).timelines.iter();
        all.cloned().map(Value::Object).collect()
    }

    /// The secrets that a connector was given by itself; none if it was given none.
    pub(crate) fn secrets(&self, space: &str, id: &str) -> Option<Value> {
        let world = self.inner.world();
        world.space(space).connectors.get(id)?.secrets.clone()
    }

    /// Takes a rule away, as somebody else does.
    pub(crate) fn remove_rule(&self, space: &str, id: &str) {
        self.inner.world().space_mut(space).rules.remove(id);
    }

    /// Tells the watch what belongs together.
    pub(crate) fn expect(&self, space: &str, bundle: &[u8]) {
        self.inner.world().watch.expect(space, bundle);
    }

    /// Sets what goes wrong from now on.
    pub(crate) fn schedule(&self, schedule: Schedule) {
        *self.inner.schedule.lock().unwrap() = schedule;
    }

    /// Waits until nothing is being worked on, behind lost answers either.
    pub(crate) fn settle(&self) {
        let busy = self.inner.busy.lock().unwrap();
        drop(self.inner.idle.wait_while(busy, |busy| *busy > 0).unwrap());
    }

    /// What a space holds now.
    pub(crate) fn state(&self, space: &str) -> State {
        let world = self.inner.world();
        let bodies = |table: &table::Table| -> Vec<Value> {
            table
                .rows()
                .map(|row| Value::Object(row.body.clone()))
                .collect()
        };
        let shelves = [&world.shelves[space], &world.shelves[world::AGNOSTIC]];
        State {
            rules: bodies(&world.space(space).rules),
            lists: shelves
                .iter()
                .flat_map(|home| bodies(&home.lists))
                .collect(),
            items: shelves
                .iter()
                .flat_map(|home| bodies(&home.items))
                .collect(),
            connectors: connectors::lines(&world, space),
        }
    }

    /// Moments at which an enabled rule that came by import lacked what the bundle has for it.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.inner.world().watch.violations.clone()
    }

    /// What is there more than once, now.
    pub(crate) fn duplicates(&self) -> Vec<Duplicate> {
        let world = self.inner.world();
        let mut found = Vec::new();
        let mut add = |space: &str, kind, table: &table::Table| {
            for rows in table.doubles() {
                let copies: Vec<(String, Made)> = rows
                    .iter()
                    .map(|row| (row.text("id").to_owned(), row.made))
                    .collect();
                let first = copies[0].1.request;
                let by = if copies.iter().any(|(_, made)| made.request != first) {
                    Maker::Client
                } else if first == 0 {
                    Maker::Nobody
                } else {
                    Maker::Proxy
                };
                found.push(Duplicate {
                    space: space.into(),
                    kind,
                    key: rows[0].key.clone(),
                    copies,
                    by,
                });
            }
        };
        for (name, space) in &world.spaces {
            add(name, "rule", &space.rules);
        }
        for (name, home) in &world.shelves {
            add(name, "list", &home.lists);
            add(name, "item", &home.items);
        }
        found
    }

    /// The requests so far, in the order in which they came.
    pub(crate) fn log(&self) -> Vec<Logged> {
        self.inner.log.lock().unwrap().clone()
    }

    /// The most bytes of an import's body so far.
    pub(crate) fn largest_import(&self) -> usize {
        let log = self.inner.log.lock().unwrap();
        let imports = log.iter().filter(|it| it.path.ends_with("/_import"));
        imports.map(|it| it.bytes).max().unwrap_or(0)
    }
}
