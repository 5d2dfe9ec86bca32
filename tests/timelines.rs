//! Timelines go from one space to another: each once, none replaced, what was lost on the way looked for.

#![cfg(test)]

#[path = "support/kibana/mod.rs"]
mod kibana;

use std::sync::Arc;

use kibana::{API_KEY, At, Fault, Kibana, On, Schedule, Settings};
use ruleferry::kibana::{Client, Credentials, Options, Secret, Space};
use ruleferry::ops::model::Outcome;
use ruleferry::ops::timelines::{self, Told, Which};
use serde_json::{Value, json};

fn client(kibana: &Kibana) -> Client {
    let mut options = Options::new(&kibana.url);
    options.credentials = Credentials::ApiKey(Secret::new(API_KEY, "the test").unwrap());
    options.pause = Arc::new(|_| true);
    Client::new(options).unwrap()
}

fn space(name: &str) -> Space {
    name.parse().unwrap()
}

fn start(version: &str) -> Kibana {
    Kibana::start(Settings {
        spaces: vec!["soc".into(), "dr".into()],
        ..Settings::of(version)
    })
}

fn template(id: &str, version: u64, title: &str) -> Value {
    json!({
        "title": title, "timelineType": "template", "templateTimelineId": id, "templateTimelineVersion": version,
        "columns": [{"id": "@timestamp"}], "globalNotes": [{"note": "why"}],
    })
}

fn investigation(title: &str) -> Value {
    json!({
        "title": title, "timelineType": "default", "pinnedEventIds": ["e2", "e1"],
        "eventNotes": [{"note": "odd", "eventId": "e1"}],
    })
}

fn lines(timelines: &[Value]) -> Vec<u8> {
    let lines = timelines.iter().map(|it| format!("{it}\n"));
    lines.collect::<String>().into_bytes()
}

fn export(client: &Client, name: &str, which: Which) -> Vec<u8> {
    let listed = timelines::list(client, &space(name), which).unwrap();
    let ids: Vec<&str> = listed
        .iter()
        .filter(|it| !it.is_prebuilt())
        .map(|it| &*it.id)
        .collect();
    let mut out = Vec::new();
    timelines::export(client, &space(name), &ids, &mut out).unwrap();
    out
}

fn import(client: &Client, name: &str, lines: &[u8]) -> Vec<Told> {
    timelines::import(client, &space(name), || Ok(lines)).unwrap()
}

fn outcomes(told: &[Told]) -> Vec<Outcome> {
    told.iter().map(|it| it.outcome).collect()
}

#[test]
fn timelines_arrive_once() {
    for version in ["8.18", "9.1", "9.6"] {
        let kibana = start(version);
        let client = client(&kibana);
        let mut prebuilt = template("elastic", 3, "Elastic's own");
        prebuilt["status"] = "immutable".into();
        let mut draft = investigation("");
        draft["status"] = "draft".into();
        let all = [
            template("t", 2, "ours"),
            prebuilt,
            draft,
            investigation("case 1"),
            investigation("case 2"),
            investigation("case 2"),
        ];
        kibana.seed_timelines("soc", &lines(&all));
        let listed = timelines::list(&client, &space("soc"), Which::Templates).unwrap();
        let told: Vec<_> = listed
            .iter()
            .map(|it| {
                (
                    it.template.as_deref().unwrap(),
                    it.is_prebuilt(),
                    it.title(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [("t", false, "ours"), ("elastic", true, "Elastic's own")]
        );
        let exported = export(&client, "soc", Which::All);
        let surveyed = timelines::survey(&client, &space("dr"), &exported[..]).unwrap();
        assert_eq!(outcomes(&surveyed), [Outcome::Created; 4]);
        assert!(kibana.timelines("dr").is_empty());
        assert_eq!(import(&client, "dr", &exported), surveyed);
        let back = export(&client, "dr", Which::All);
        let found = timelines::compare(&exported[..], &back[..]).unwrap();
        assert_eq!(found, timelines::Differences::default());
        // A second time there is nothing to do, though all have other ids there.
        assert_eq!(
            outcomes(&import(&client, "dr", &exported)),
            [Outcome::Unchanged; 4]
        );
        assert_eq!(kibana.timelines("dr").len(), 4);
    }
}

#[test]
fn nothing_is_replaced() {
    let kibana = start("9.1");
    let client = client(&kibana);
    kibana.seed_timelines("soc", &lines(&[template("t", 7, "newer")]));
    kibana.seed_timelines("dr", &lines(&[template("t", 2, "theirs")]));
    let exported = export(&client, "soc", Which::Templates);
    assert_eq!(
        outcomes(&import(&client, "dr", &exported)),
        [Outcome::Conflict]
    );
    assert_eq!(kibana.timelines("dr")[0]["title"], "theirs");
    let asked = kibana.log();
    assert!(asked.iter().all(|it| !it.path.ends_with("_import")));
}

#[test]
fn what_the_server_refuses_is_told() {
    let kibana = start("9.1");
    let client = client(&kibana);
    let mut nameless = investigation("");
    let mut broken = investigation("b");
    for (at, it) in [&mut nameless, &mut broken].into_iter().enumerate() {
        it["savedObjectId"] = format!("id-{at}").into();
        it["version"] = Value::Null;
        it["globalNotes"] = json!([]);
    }
    broken.as_object_mut().unwrap().remove("eventNotes");
    let told = import(&client, "dr", &lines(&[nameless, broken]));
    assert_eq!(outcomes(&told), [Outcome::Conflict, Outcome::Failed]);
    assert_eq!(
        told[0].message.as_deref(),
        Some("The title field cannot be empty.")
    );
    assert_eq!(told[1].message.as_deref(), Some("eventNotes: Required"));
}

#[test]
fn many_timelines_go_in_pieces_and_a_lost_answer_makes_none_twice() {
    let kibana = start("9.1");
    let client = client(&kibana);
    let many: Vec<Value> = (0..1203)
        .map(|at| match at % 3 {
            0 => template(&format!("t{at}"), 1, &format!("template {at}")),
            _ => investigation(&format!("case {}", at % 900)),
        })
        .collect();
    kibana.seed_timelines("soc", &lines(&many));
    let exported = export(&client, "soc", Which::All);
    kibana.schedule(Schedule::of([
        (On::nth("POST", "*/_import", 2), Fault::Reset(At::AfterWork)),
        (On::nth("POST", "*/_export", 2), Fault::Reset(At::AfterWork)),
    ]));
    let told = import(&client, "dr", &exported);
    assert_eq!(outcomes(&told), vec![Outcome::Created; many.len()]);
    assert_eq!(kibana.timelines("dr").len(), many.len());
    let back = export(&client, "dr", Which::All);
    let found = timelines::compare(&exported[..], &back[..]).unwrap();
    assert_eq!(found, timelines::Differences::default());
}
