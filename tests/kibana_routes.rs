//! The routes of the tests' own Kibana that look at records and change them one by one.

#![cfg(test)]

#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/live.rs"]
mod live;
#[path = "support/records.rs"]
mod records;

use kibana::Settings;
use live::{Live, soc};
use records::{bundle, item, list, rule, with};
use ruleferry::kibana::{Method, Request};
use ruleferry::ops::find;
use serde_json::{Value, json};

const RULES: &str = "/api/detection_engine/rules";
const LISTS: &str = "/api/exception_lists";
const ITEMS: &str = "/api/exception_lists/items";

fn live() -> Live {
    Live::start(Settings::of("9.1"))
}

fn request(method: Method, path: &str) -> Request {
    Request::new(method, path).in_space(&soc())
}

fn sent(live: &Live, method: Method, path: &str, body: &Value) -> (u16, Value) {
    live.send(&request(method, path).json(body.to_string()))
}

#[test]
fn filters_let_rules_through() {
    let live = live();
    let more = |id: &str, more: Value| with(rule(id), &more);
    live.kibana.seed(
        "soc",
        &bundle(&[
            more("a", json!({"enabled": true, "tags": ["x y"]})),
            more("b", json!({"severity": "high", "name": "Odd Name"})),
            more(
                "c (d)",
                json!({"type": "eql", "language": "eql", "immutable": true}),
            ),
        ]),
    );
    for (filter, expected) in [
        (r#"alert.attributes.params.ruleId: "a""#, vec!["a"]),
        (
            r#"alert.attributes.params.ruleId: ("a" or "c (d)")"#,
            vec!["a", "c (d)"],
        ),
        (
            r#"alert.attributes.params.ruleId: "a" OR alert.attributes.params.ruleId: "b""#,
            vec!["a", "b"],
        ),
        ("alert.attributes.enabled: true", vec!["a"]),
        (
            r#"not alert.attributes.enabled: true and alert.attributes.params.type: "query""#,
            vec!["b"],
        ),
        (
            r#"(alert.attributes.params.severity: "high" or alert.attributes.params.immutable: true) and alert.attributes.params.type: "eql""#,
            vec!["c (d)"],
        ),
        (r#"alert.attributes.tags: "x y""#, vec!["a"]),
        (r#"alert.attributes.name: "*odd*""#, vec!["b"]),
    ] {
        let mut found = Vec::new();
        find::rules(&live.client, &soc(), Some(filter), &mut |text| {
            let rule: Value = serde_json::from_str(text).unwrap();
            found.push(rule["rule_id"].as_str().unwrap().to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(found, expected, "{filter}");
    }
    for filter in [
        "",
        "alert.attributes.description: x",
        "alert.attributes.name:",
    ] {
        let find = request(Method::Get, &format!("{RULES}/_find")).with("filter", filter);
        assert_eq!(live.send(&find).0, 400, "{filter}");
    }
    let find = request(Method::Get, &format!("{RULES}/_find")).with("per_page", "10001");
    assert_eq!(live.send(&find).0, 400);
}

#[test]
fn rules_one_by_one() {
    let live = live();
    let (status, made) = sent(&live, Method::Post, RULES, &rule("a"));
    assert_eq!((status, &made["enabled"]), (200, &json!(false)));
    assert_eq!(sent(&live, Method::Post, RULES, &rule("a")).0, 409);
    let patch = json!({"rule_id": "a", "enabled": true, "tags": ["t"]});
    let (status, patched) = sent(&live, Method::Patch, RULES, &patch);
    assert_eq!(
        (status, &patched["name"], &patched["tags"]),
        (200, &made["name"], &json!(["t"]))
    );
    assert_eq!(
        (&patched["id"], &patched["revision"]),
        (&made["id"], &json!(1))
    );
    let named = request(Method::Get, RULES).with("rule_id", "a");
    assert_eq!(live.send(&named).1["enabled"], true);
    let id = made["id"].as_str().unwrap();
    let delete = request(Method::Delete, RULES).with("id", id);
    assert_eq!((live.send(&delete).0, live.send(&named).0), (200, 404));
}

#[test]
fn bulk_actions_choose_by_ids_or_query() {
    let live = live();
    live.kibana.seed("soc", &bundle(&[rule("a"), rule("b")]));
    let path = format!("{RULES}/_bulk_action");
    let query = json!({"action": "enable", "query": r#"alert.attributes.params.ruleId: "a""#});
    let (status, body) = sent(&live, Method::Post, &path, &query);
    assert_eq!((status, &body["rules_count"]), (200, &json!(1)));
    let rules = live.kibana.state("soc").rules;
    assert_eq!(
        (&rules[0]["enabled"], &rules[0]["revision"]),
        (&json!(true), &json!(0))
    );
    let ids = json!({"action": "delete", "ids": [rules[1]["id"], "gone"]});
    let (status, body) = sent(&live, Method::Post, &path, &ids);
    assert_eq!(
        (status, &body["message"]),
        (500, &json!("Bulk edit partially failed"))
    );
    assert_eq!(body["attributes"]["errors"][0]["rules"][0]["id"], "gone");
    assert_eq!(live.kibana.state("soc").rules.len(), 1);
    let both = json!({"action": "delete", "ids": ["x"], "query": ""});
    assert_eq!(sent(&live, Method::Post, &path, &both).0, 400);
}

#[test]
fn lists_and_items_one_by_one() {
    let live = live();
    let agnostic = json!({"namespace_type": "agnostic"});
    assert_eq!(sent(&live, Method::Post, ITEMS, &item("i", "l")).0, 404);
    assert_eq!(sent(&live, Method::Post, LISTS, &list("l")).0, 200);
    assert_eq!(sent(&live, Method::Post, LISTS, &list("l")).0, 409);
    assert_eq!(
        sent(&live, Method::Post, LISTS, &with(list("l"), &agnostic)).0,
        200
    );
    let (_, made) = sent(&live, Method::Post, ITEMS, &item("i", "l"));
    assert_eq!(sent(&live, Method::Post, ITEMS, &item("i", "l")).0, 409);
    sent(&live, Method::Post, ITEMS, &with(item("j", "l"), &agnostic));
    let put = with(
        item("i", "l"),
        &json!({"name": "new", "expire_time": "2030-01-01T00:00:00.000Z"}),
    );
    let (status, changed) = sent(&live, Method::Put, ITEMS, &put);
    assert_eq!(
        (status, &changed["name"], &changed["id"]),
        (200, &json!("new"), &made["id"])
    );
    assert_ne!(changed["_version"], made["_version"]);
    let outdated = with(put, &json!({"_version": made["_version"]}));
    assert_eq!(sent(&live, Method::Put, ITEMS, &outdated).0, 409);
    let repeated = request(Method::Get, "/api/exception_lists/items/_find")
        .with("list_id", "l")
        .with("list_id", "l")
        .with("namespace_type", "single")
        .with("namespace_type", "agnostic");
    let listed = request(Method::Get, "/api/exception_lists/items/_find")
        .with("list_id", "l,l")
        .with("namespace_type", "single,agnostic");
    for find in [repeated, listed] {
        let (_, body) = live.send(&find);
        assert_eq!(
            (&body["total"], &body["data"][1]["item_id"]),
            (&json!(2), &json!("j"))
        );
    }
    let filter = r#"exception-list.attributes.list_id: "l""#;
    let find = request(Method::Get, "/api/exception_lists/_find").with("filter", filter);
    assert_eq!(live.send(&find).1["total"], 1);
    let delete = request(Method::Delete, ITEMS).with("item_id", "i");
    assert_eq!(live.send(&delete).1["name"], "new");
    let delete = request(Method::Delete, LISTS)
        .with("list_id", "l")
        .with("namespace_type", "agnostic");
    assert_eq!(live.send(&delete).0, 200);
    let state = live.kibana.state("emea");
    assert_eq!((state.lists.len(), state.items.len()), (0, 0));
    assert_eq!(live.kibana.state("soc").lists.len(), 1);
}

#[test]
fn a_list_is_exported_by_all_its_names() {
    let live = live();
    live.kibana
        .seed("soc", &bundle(&[list("l"), item("i", "l")]));
    let id = live.kibana.state("soc").lists[0]["id"].clone();
    let export = request(Method::Post, "/api/exception_lists/_export")
        .with("list_id", "l")
        .with("namespace_type", "single");
    assert_eq!(live.send(&export).0, 400);
    let mut reply = live
        .client
        .attempt(&export.with("id", id.as_str().unwrap()))
        .unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut reply, &mut text).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn the_endpoint_list_has_a_route_of_its_own() {
    let live = live();
    let ask = || sent(&live, Method::Post, "/api/endpoint_list", &json!({})).1;
    assert_eq!(
        (&ask()["list_id"], ask()),
        (&json!("endpoint_list"), json!({}))
    );
    let mut one = item("e", "");
    one.as_object_mut().unwrap().remove("list_id");
    let (status, made) = sent(&live, Method::Post, "/api/endpoint_list/items", &one);
    assert_eq!((status, &made["namespace_type"]), (200, &json!("agnostic")));
    assert_eq!(live.kibana.state("emea").items.len(), 1);
}

#[test]
fn a_forgetful_server_keeps_what_imports_look_at() {
    let live = Live::start(Settings {
        forgets: true,
        ..Settings::of("9.1")
    });
    let long = with(rule("a"), &json!({"note": "long", "enabled": true}));
    let lines = records::lines(&[long]);
    let (_, body, differences) = live.import(&mut live.model(&lines), &lines, [false; 3]);
    assert!(differences.is_empty() && body["success"] == true);
    let stored = live.kibana.state("soc").rules.remove(0);
    assert_eq!(
        (stored.get("note"), &stored["enabled"]),
        (None, &json!(true))
    );
    let (_, _, differences) = live.import(&mut live.model(&lines), &lines, [false; 3]);
    assert!(differences.is_empty(), "{differences:?}");
}
