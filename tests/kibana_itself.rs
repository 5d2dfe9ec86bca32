//! The tests' own Kibana is what it says it is: it imports, it fails as asked, and it sees what should not be.

#![cfg(test)]

#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use std::sync::Arc;
use std::time::Duration;

use kibana::{
    API_KEY, At, Cause, Fault, Kibana, Maker, Missing, On, Schedule, Settings, State, Work,
};
use records::{bundle, item, list, with};
use ruleferry::kibana::{
    Client, Content, Credentials, Failure, Method, Options, Request, Secret, Space, Upload,
};
use serde_json::{Value, json};

const IMPORT: &str = "/api/detection_engine/rules/_import";
const ITEMS: &str = "/api/exception_lists/items";

fn client(kibana: &Kibana) -> Client {
    let mut options = Options::new(&kibana.url);
    options.credentials = Credentials::ApiKey(Secret::new(API_KEY, "the test").unwrap());
    options.pause = Arc::new(|_| true);
    Client::new(options).unwrap()
}

fn soc() -> Space {
    "soc".parse().unwrap()
}

fn start(version: &str) -> Kibana {
    Kibana::start(Settings {
        spaces: vec!["soc".into(), "emea".into()],
        ..Settings::of(version)
    })
}

/// An upload of these lines.
fn upload(path: &str, lines: &[Value], flags: &[&str]) -> Request {
    let content: Arc<dyn Content> = Arc::new(Arc::<[u8]>::from(bundle(lines)));
    let mut request = Request::new(Method::Post, path).in_space(&soc());
    for flag in flags {
        request = request.with(flag, "true");
    }
    request.file(Upload::new("part.ndjson", content, || 1).unwrap())
}

fn import(kibana: &Kibana, lines: &[Value], flags: &[&str]) -> Value {
    let mut reply = client(kibana).send(&upload(IMPORT, lines, flags)).unwrap();
    reply.json().unwrap()
}

/// An enabled rule that refers to these lists.
fn rule(id: &str, lists: &[&str]) -> Value {
    let references: Vec<Value> = lists
        .iter()
        .map(|list| json!({"id": "x", "list_id": list, "type": "detection", "namespace_type": "single"}))
        .collect();
    with(
        records::rule(id),
        &json!({"enabled": true, "exceptions_list": references}),
    )
}

#[test]
fn imports_and_exports_what_it_took() {
    let kibana = start("9.1");
    let lines = [rule("r", &["l"]), list("l"), item("i", "l")];
    let answer = import(&kibana, &lines, &[]);
    assert_eq!(answer["success"], true, "{answer}");
    assert_eq!(
        (
            &answer["success_count"],
            &answer["exceptions_success_count"]
        ),
        (&json!(1), &json!(1))
    );
    let State {
        rules,
        lists,
        items,
        ..
    } = kibana.state("soc");
    assert_eq!(rules[0]["exceptions_list"][0]["id"], lists[0]["id"]);
    assert_eq!((rules.len(), lists.len(), items.len()), (1, 1, 1));
    let request = Request::new(Method::Post, "/api/detection_engine/rules/_export")
        .in_space(&soc())
        .replayed();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut client(&kibana).send(&request).unwrap(), &mut text).unwrap();
    let kinds: Vec<bool> = text
        .lines()
        .map(|line| line.contains("\"item_id\""))
        .collect();
    assert_eq!(kinds, [false, false, true, false], "{text}");
    assert!(text.contains("\"exported_count\":3"), "{text}");
    assert!(kibana.duplicates().is_empty() && kibana.violations().is_empty());
}

#[test]
fn asks_for_its_key_and_knows_its_spaces() {
    let kibana = start("9.1");
    let stranger = Client::new(Options::new(&kibana.url)).unwrap();
    let request = Request::new(Method::Get, "/api/status");
    assert_eq!(stranger.answer(&request).unwrap().status(), 401);
    let nowhere =
        Request::new(Method::Get, "/api/exception_lists/_find").in_space(&"gone".parse().unwrap());
    assert_eq!(client(&kibana).answer(&nowhere).unwrap().status(), 404);
}

/// What a client hears of an import that meets this fault, and how many rules are there when all is over.
fn meets(fault: Fault) -> (Result<u16, String>, usize) {
    let kibana = start("9.1");
    kibana.schedule(Schedule::of([(On::nth("POST", "*/_import", 1), fault)]));
    let heard = match client(&kibana).attempt(&upload(IMPORT, &[rule("r", &[])], &[])) {
        Ok(mut reply) if (200..300).contains(&reply.status()) => reply
            .json::<Value>()
            .map(|_| 200)
            .map_err(|error| error.to_string()),
        Ok(reply) => Ok(reply.status()),
        Err(Failure::Lost(error)) => Err(format!("lost: {error}")),
        Err(Failure::Unsent(error)) => Err(format!("unsent: {error}")),
    };
    kibana.settle();
    (heard, kibana.state("soc").rules.len())
}

#[test]
fn fails_in_every_way() {
    let status = |status, work| Fault::Status {
        status,
        retry_after: None,
        is_html: true,
        work,
    };
    let moment = Duration::from_millis(10);
    assert_eq!(
        meets(Fault::Delay {
            before: moment,
            after: moment
        }),
        (Ok(200), 1)
    );
    assert_eq!(meets(status(503, Work::NotDone)), (Ok(503), 0));
    assert_eq!(meets(status(502, Work::Done)), (Ok(502), 1));
    let (heard, rules) = meets(status(429, Work::NotEvenRead));
    assert!(heard.is_err() || heard == Ok(429));
    assert_eq!(rules, 0);
    for (at, rules) in [
        (At::BeforeBody, 0),
        (At::MidBody(10), 0),
        (At::AfterWork, 1),
        (At::MidAnswer(10), 1),
    ] {
        let (heard, there) = meets(Fault::Reset(at));
        assert!(heard.is_err(), "{at:?}: {heard:?}");
        assert_eq!(there, rules, "{at:?}");
    }
    for (fault, rules) in [
        (Fault::Truncated(5), 1),
        (Fault::Garbled(Work::Done), 1),
        (Fault::Garbled(Work::NotDone), 0),
    ] {
        let (heard, there) = meets(fault);
        assert!(heard.is_err(), "{fault:?}: {heard:?}");
        assert_eq!(there, rules, "{fault:?}");
    }
    assert_eq!(
        meets(Fault::Late {
            after: moment,
            hangs_up: false
        }),
        (Ok(504), 1)
    );
    let (heard, there) = meets(Fault::Late {
        after: moment,
        hangs_up: true,
    });
    assert!(heard.is_err() && there == 1);
}

#[test]
fn a_reset_is_a_reset() {
    let (heard, _) = meets(Fault::Reset(At::AfterWork));
    let heard = heard.unwrap_err();
    assert!(heard.contains("reset"), "{heard}");
}

#[test]
fn a_doubled_request_makes_duplicates_of_a_proxys_making() {
    let kibana = Kibana::start(Settings {
        spaces: vec!["soc".into()],
        race: Duration::from_millis(50),
        ..Settings::of("9.1")
    });
    let twice = |is_concurrent| Fault::Twice {
        is_concurrent,
        is_second_answer: false,
    };
    kibana.schedule(Schedule::of([
        (On::nth("POST", "*/_import", 1), twice(true)),
        (On::nth("POST", "*/_import", 2), twice(false)),
    ]));
    import(
        &kibana,
        &[rule("r", &["l"]), list("l"), item("i", "l")],
        &[],
    );
    let doubles = kibana.duplicates();
    let kinds: Vec<&str> = doubles.iter().map(|double| double.kind).collect();
    assert_eq!(kinds, ["rule", "list", "item"]);
    assert!(doubles.iter().all(|double| double.by == Maker::Proxy));
    import(&kibana, &[rule("other", &[])], &[]);
    assert_eq!(kibana.duplicates().len(), 3);
}

#[test]
fn overlapping_requests_make_duplicates_of_the_clients_making() {
    let kibana = Kibana::start(Settings {
        spaces: vec!["soc".into()],
        race: Duration::from_millis(100),
        ..Settings::of("9.6")
    });
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| import(&kibana, &[rule("r", &[])], &[]));
        }
    });
    let doubles = kibana.duplicates();
    assert_eq!((doubles.len(), doubles[0].by), (1, Maker::Client));
    assert_eq!(doubles[0].copies.len(), 2);
}

#[test]
fn sees_an_enabled_rule_without_its_exceptions() {
    let kibana = start("9.6");
    let all = [rule("r", &["l"]), list("l"), item("i", "l"), item("j", "l")];
    kibana.expect("soc", &bundle(&all));
    import(&kibana, &all[..1], &[]);
    import(
        &kibana,
        &[list("l"), item("i", "l"), rule("r", &["l"])],
        &["overwrite"],
    );
    let missing: Vec<Missing> = kibana
        .violations()
        .into_iter()
        .map(|it| it.missing)
        .collect();
    assert_eq!(
        missing,
        [
            Missing::List("l".into()),
            Missing::Items("l".into(), vec!["j".into()])
        ]
    );
    import(&kibana, &all[3..], &[]);
    let request = Request::new(Method::Delete, ITEMS)
        .in_space(&soc())
        .with("item_id", "i");
    client(&kibana).send(&request).unwrap();
    assert_eq!(
        kibana.violations()[2].missing,
        Missing::Items("l".into(), vec!["i".into()])
    );
}

#[test]
fn older_servers_open_a_gap_when_they_overwrite_a_list() {
    for (version, gaps) in [("8.18", 1), ("9.1", 1), ("9.6", 0)] {
        let kibana = start(version);
        let all = [rule("r", &["l"]), list("l"), item("i", "l")];
        kibana.expect("soc", &bundle(&all));
        import(&kibana, &all, &[]);
        import(&kibana, &all, &["overwrite", "overwrite_exceptions"]);
        let found = kibana.violations();
        assert_eq!(found.len(), gaps, "{version}: {found:?}");
        assert!(found.iter().all(|it| it.cause == Cause::DeletedFirst));
        assert_eq!(kibana.state("soc").items.len(), 1);
    }
}

#[test]
fn random_weather_passes() {
    for seed in 0..40 {
        let kibana = start("9.1");
        kibana.schedule(Schedule::random(seed));
        let client = client(&kibana);
        for _ in 0..40 {
            _ = client.attempt(&upload(IMPORT, &[rule("r", &[])], &[]));
            if client
                .attempt(&Request::new(Method::Get, "/api/status"))
                .is_ok_and(|it| it.status() == 200)
                && kibana.log().len() > 60
            {
                break;
            }
        }
        kibana.settle();
        let log = kibana.log();
        assert!(
            log.iter().filter(|it| it.fault.is_some()).count() <= 12,
            "seed {seed}"
        );
        assert!(
            log.iter().rev().take(5).all(|it| it.fault.is_none()),
            "seed {seed}"
        );
    }
}
