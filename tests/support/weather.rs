//! One import in the weather of a seed, and everything that must hold afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use ruleferry::kibana::{Client, Credentials, Method, Options, Request, Retry, Secret, Space};
use ruleferry::ops::import::{
    Crossed, Double, Gates, Inventory, Manner, Terms, Unlogged, cross, doubles, remove_younger,
};
use ruleferry::ops::model::{Outcome, Overwrite};
use ruleferry::pipeline::Reading;
use ruleferry::stream::Source;
use serde_json::{Value, json};

use super::kibana::{
    API_KEY, At, Cause, Dice, Fault, Kibana, Maker, On, Schedule, Settings, State,
};
use super::records::{connector, item, lines, list, rule, secretless, with};

/// How long a space must stand still; what is late here is late by some thirty milliseconds at most.
const STILL: Duration = Duration::from_millis(240);

/// A bundle, a space, what may be overwritten, and the weather.
pub(crate) struct Voyage {
    seed: u64,
    bundle: Vec<Value>,
    there: Vec<Value>,
    terms: Terms,
    settings: Settings,
}

impl Voyage {
    /// The voyage of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice(seed ^ 0x5eed);
        let version = *dice.one(&["8.18", "9.1", "9.6"]);
        let bundle = records(&mut dice);
        let there = bundle
            .iter()
            .filter(|_| dice.0 % 5 < 2)
            .cloned()
            .collect::<Vec<_>>();
        let mut there: Vec<Value> = there
            .into_iter()
            .filter_map(|record| match dice.below(4) {
                0 => Some(record),
                1 => Some(with(record, &json!({"description": "older"}))),
                _ => None,
            })
            .collect();
        // Nothing is there that hangs in the air: items have their lists, and rules what they name.
        let lists: BTreeSet<String> = there
            .iter()
            .filter(|it| is_list(it))
            .map(key_of_list)
            .collect();
        there.retain(|it| it.get("item_id").is_none() || lists.contains(&key_of_list(it)));
        there.retain(|it| it.get("rule_id").is_none() || it.get("exceptions_list").is_none());
        let flag = |dice: &mut Dice| dice.below(2) == 0;
        let overwrite = Overwrite {
            rules: flag(&mut dice),
            exceptions: flag(&mut dice),
            connectors: dice.below(4) == 0,
        };
        Self {
            seed,
            bundle,
            there,
            terms: Terms {
                overwrite,
                allow_missing_exceptions: false,
                items_in_place: flag(&mut dice),
            },
            settings: Settings {
                spaces: vec!["soc".into()],
                race: Duration::from_millis(dice.below(12)),
                max_bytes: *dice.one(&[10_485_760, 10_485_760, 6000]),
                ..Settings::of(version)
            },
        }
    }

    /// Imports, and checks what must hold.
    pub(crate) fn run(&self) {
        let kibana = Kibana::start(self.settings.clone());
        let seeded = lines(&self.there).join("\n");
        let text = lines(&self.bundle).join("\n");
        kibana.seed("soc", seeded.as_bytes());
        kibana.expect("soc", text.as_bytes());
        kibana.schedule(Schedule::random(self.seed));
        let client = client(&kibana);
        let bundle = self.inventory(&text);
        let space: Space = "soc".parse().unwrap();
        let manner = Manner {
            terms: self.terms,
            part_time: Duration::from_secs(5),
            still: STILL,
            verify: true,
        };
        let gates = Gates::default();
        let crossed = cross(&client, &space, &bundle, manner, &gates, (&Unlogged, None));
        kibana.settle();
        self.tells_the_truth(&bundle, &crossed, &kibana.state("soc"));
        self.is_never_unprotected(&kibana);
        let doubles = self.names_doubles(&kibana, &client, &bundle, &crossed);
        kibana.schedule(Schedule::default());
        for double in &doubles {
            remove_younger(&client, &space, &bundle, double).unwrap();
        }
        let left = kibana.duplicates();
        self.hold(
            left.iter().all(|it| it.kind == "list"),
            &format!("not removed: {left:?}"),
        );
        // In good weather the rest arrives.
        let again = cross(&client, &space, &bundle, manner, &gates, (&Unlogged, None));
        self.hold(again.error.is_none(), &format!("again: {:?}", again.error));
        self.tells_the_truth(&bundle, &again, &kibana.state("soc"));
        self.is_whole(&bundle, &again);
        self.is_never_unprotected(&kibana);
    }

    fn inventory(&self, text: &str) -> Inventory {
        let version = self.settings.version;
        let target = format!("{}.{}", version.0, version.1).parse().unwrap();
        let source = Source::reader("bundle", text.as_bytes());
        Inventory::read(&Reading::default(), vec![source], target).unwrap()
    }

    fn hold(&self, holds: bool, what: &str) {
        assert!(
            holds,
            "seed {}, Kibana {:?}, {:?}: {what}",
            self.seed, self.settings.version, self.terms
        );
    }

    /// What is told of each record is what the space holds.
    fn tells_the_truth(&self, bundle: &Inventory, crossed: &Crossed, state: &State) {
        for (index, told) in (0_u32..).zip(&crossed.told) {
            let entry = bundle.entry(index);
            let record = &self.bundle[index as usize];
            let Some(told) = told else { continue };
            let is_there = is_there(record, state);
            let says = format!(
                "{} `{}`: {told:?}, error {:?}",
                entry.kind,
                entry.id.unwrap_or(""),
                crossed.error
            );
            match told.outcome {
                Outcome::Created | Outcome::Overwritten | Outcome::Unchanged => {
                    self.hold(told.differs || is_there, &format!("not there: {says}"));
                }
                Outcome::Conflict | Outcome::HeldBack | Outcome::Refused | Outcome::Failed => {
                    // What was not sent may be there from before, and nobody looked.
                    let is_unsent = crossed.error.is_some() && told.part.is_none();
                    self.hold(
                        !is_there || is_unsent,
                        &format!("there all the same: {says}"),
                    );
                }
                Outcome::Unknown => self.hold(crossed.error.is_some(), &format!("unknown: {says}")),
            }
        }
    }

    /// All that could come has come.
    fn is_whole(&self, bundle: &Inventory, crossed: &Crossed) {
        for (index, told) in (0_u32..).zip(&crossed.told) {
            let Some(told) = told else { continue };
            let what = format!(
                "{} {:?}: {told:?}",
                bundle.entry(index).kind,
                bundle.entry(index).id
            );
            let is_allowed = match told.outcome {
                Outcome::Created | Outcome::Overwritten | Outcome::Unchanged => !told.differs,
                Outcome::Conflict => true,
                // Overwriting a rule takes no connector without secrets, and there are such.
                Outcome::Refused => told.message.as_ref().is_some_and(|words| {
                    words.contains("Invalid connectors") || words.contains("no rule that is sent")
                }),
                _ => false,
            };
            self.hold(is_allowed, &format!("lost: {what}"));
        }
    }

    fn is_never_unprotected(&self, kibana: &Kibana) {
        let violations = kibana.violations();
        let is_own = |cause: Cause| {
            cause == Cause::Other || !self.terms.overwrite.exceptions || self.terms.items_in_place
        };
        let ours: Vec<_> = violations.iter().filter(|it| is_own(it.cause)).collect();
        self.hold(ours.is_empty(), &format!("unprotected: {ours:?}"));
    }

    /// No duplicate is of our making, and each of a proxy's is named.
    fn names_doubles(
        &self,
        kibana: &Kibana,
        client: &Client,
        bundle: &Inventory,
        crossed: &Crossed,
    ) -> Vec<Double> {
        let made = kibana.duplicates();
        let ours: Vec<_> = made.iter().filter(|it| it.by == Maker::Client).collect();
        self.hold(
            ours.is_empty(),
            &format!("made twice by the client: {ours:?}"),
        );
        let space: Space = "soc".parse().unwrap();
        let named: Vec<u32> = crossed.doubles.iter().map(|(index, _)| *index).collect();
        kibana.schedule(Schedule::default());
        let found = doubles(client, &space, bundle, &named).unwrap();
        if crossed.error.is_none() {
            for duplicate in &made {
                let ids: BTreeSet<&str> =
                    duplicate.copies.iter().map(|(id, _)| id.as_str()).collect();
                let is_named = found.iter().any(|double| {
                    let objects: BTreeSet<&str> = double.objects.iter().map(|id| &**id).collect();
                    objects == ids
                });
                self.hold(
                    is_named,
                    &format!("not named: {duplicate:?}, found {found:?}"),
                );
            }
        }
        found
    }
}

fn client(kibana: &Kibana) -> Client {
    let mut options = Options::new(&kibana.url);
    options.credentials = Credentials::ApiKey(Secret::new(API_KEY, "the test").unwrap());
    options.retry = Retry {
        attempts: 14,
        pause: Duration::from_millis(2),
        longest: Duration::from_millis(20),
    };
    Client::new(options).unwrap()
}

fn is_list(record: &Value) -> bool {
    record.get("list_id").is_some() && record.get("item_id").is_none()
}

fn key_of_list(record: &Value) -> String {
    format!("{} {}", record["list_id"], record["namespace_type"])
}

/// Lists with items, connectors, and rules that need them, each record with a description of its own.
fn records(dice: &mut Dice) -> Vec<Value> {
    let mut records = Vec::new();
    let lists = dice.below(4);
    for number in 0..lists {
        let id = format!("l{number}");
        let namespace = *dice.one(&["single", "single", "agnostic"]);
        let space = json!({"namespace_type": namespace, "description": format!("new {id}")});
        records.push(with(list(&id), &space));
        for place in 0..dice.below(6) {
            let item = item(&format!("{id}-i{place}"), &id);
            records.push(with(item, &space));
        }
    }
    let connectors = dice.below(3);
    for number in 0..connectors {
        let id = format!("c{number}");
        records.push(if dice.below(2) == 0 {
            secretless(&id, &format!("new {id}"))
        } else {
            connector(&id, &format!("new {id}"))
        });
    }
    for number in 0..*dice.one(&[3, 10, 60]) {
        let id = format!("r{number}");
        let mut made = with(
            rule(&id),
            &json!({"description": format!("new {id}"), "enabled": dice.below(3) > 0}),
        );
        if lists > 0 && dice.below(2) == 0 {
            let wanted = format!("l{}", dice.below(lists));
            let space = records
                .iter()
                .find(|it| is_list(it) && it["list_id"] == *wanted)
                .map(|it| it["namespace_type"].clone());
            let reference =
                json!({"id": "x", "list_id": wanted, "type": "detection", "namespace_type": space});
            made = with(made, &json!({"exceptions_list": [reference]}));
        }
        if connectors > 0 && dice.below(3) == 0 {
            let action = json!({"id": format!("c{}", dice.below(connectors)), "action_type_id": ".slack", "group": "default", "params": {}});
            made = with(made, &json!({"actions": [action]}));
        }
        records.push(made);
    }
    records
}

/// Whether the space holds the record as the bundle says.
fn is_there(record: &Value, state: &State) -> bool {
    let is_same = |key: &str, there: &Value| there[key] == record[key];
    if record.get("attributes").is_some() {
        let name = &record["attributes"]["name"];
        return state.connectors.iter().any(|it| {
            (is_same("id", it) || it.get("originId") == record.get("id"))
                && it["attributes"]["name"] == *name
        });
    }
    if record.get("rule_id").is_some() {
        let references = |rule: &Value| -> Vec<Value> {
            let lists = rule.get("exceptions_list").and_then(Value::as_array);
            lists
                .into_iter()
                .flatten()
                .map(|it| it["list_id"].clone())
                .collect()
        };
        let actions = |rule: &Value| {
            let actions = rule.get("actions").and_then(Value::as_array);
            actions.map_or(0, Vec::len)
        };
        return state.rules.iter().any(|it| {
            is_same("rule_id", it)
                && is_same("description", it)
                && references(it) == references(record)
                && actions(it) == actions(record)
        });
    }
    let table = if is_list(record) {
        &state.lists
    } else {
        &state.items
    };
    table.iter().any(|it| {
        let keys = if is_list(record) {
            &["list_id"][..]
        } else {
            &["list_id", "item_id"]
        };
        keys.iter().all(|key| is_same(key, it))
            && is_same("description", it)
            && is_same("namespace_type", it)
    })
}

/// A server that deletes the items of a list and breaks off before it makes them anew: they are sent again.
pub(crate) fn what_was_half_replaced_is_made_whole() {
    let kibana = Kibana::start(Settings {
        spaces: vec!["soc".into()],
        ..Settings::of("9.1")
    });
    let there = [list("l"), item("a", "l"), item("b", "l")];
    kibana.seed("soc", lines(&there).join("\n").as_bytes());
    let newer = with(item("b", "l"), &json!({"description": "newer"}));
    let text = lines(&[list("l"), item("a", "l"), newer.clone(), rule("r")]).join("\n");
    let import = On::nth("POST", "*/_import", 1);
    kibana.schedule(Schedule::of([(import, Fault::Reset(At::BeforeBody))]));
    let (client, space): (Client, Space) = (client(&kibana), "soc".parse().unwrap());
    let source = Source::reader("bundle", text.as_bytes());
    let bundle =
        Inventory::read(&Reading::default(), vec![source], "9.1".parse().unwrap()).unwrap();
    let mut terms = Terms::default();
    terms.overwrite.exceptions = true;
    let manner = Manner {
        terms,
        part_time: Duration::from_secs(5),
        still: STILL,
        verify: true,
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !kibana.log().iter().any(|it| it.path.ends_with("/_import")) {
                std::thread::yield_now();
            }
            let request = Request::new(Method::Delete, "/api/exception_lists/items")
                .in_space(&space)
                .with("item_id", "a");
            client.send(&request).unwrap();
            let request = Request::new(Method::Put, "/api/exception_lists/items")
                .in_space(&space)
                .json(newer.to_string());
            client.send(&request).unwrap();
        });
        let gates = Gates::default();
        let crossed = cross(&client, &space, &bundle, manner, &gates, (&Unlogged, None));
        assert!(
            crossed
                .told
                .iter()
                .flatten()
                .all(ruleferry::ops::import::Told::is_there),
            "{crossed:?}"
        );
    });
    let items = kibana.state("soc").items;
    assert!(items.iter().any(|it| it["item_id"] == "a"), "{items:?}");
    assert_eq!(items.len(), 2);
}
