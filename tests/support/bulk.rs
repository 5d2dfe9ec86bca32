//! A bundle and requests for it, for the tests of `bulk-edit`.

#![allow(dead_code, reason = "each test file uses what it needs")]

use serde_json::Value;

use crate::command::{Folder, Ran};

/// A custom rule, one of Elastic's, one of machine learning, one of ES|QL with an own exception list; all they refer to.
pub(crate) const BUNDLE: &str = concat!(
    r#"{"id":"1","rule_id":"custom","name":"Custom","type":"query","version":2,"revision":4,"immutable":false,"rule_source":{"type":"internal"},"enabled":true, "risk_score": 21.0,"tags":["a"],"index":["logs-*"],"exceptions_list":[{"id":"s","list_id":"shared","type":"detection","namespace_type":"single"}],"actions":[{"group":"default","id":"mail","params":{},"action_type_id":".email","uuid":"u","frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}}]}"#,
    "\n",
    r#"{"id":"2","rule_id":"elastic","name":"Elastic's","type":"eql","version":7,"revision":1,"immutable":true,"rule_source":{"type":"external","is_customized":false},"enabled":false,"tags":[],"index":["logs-*"]}"#,
    "\n",
    r#"{"id":"3","rule_id":"ml","name":"Learning","type":"machine_learning","version":1,"revision":0,"enabled":false,"tags":["new"]}"#,
    "\n",
    r#"{"id":"4","rule_id":"esql","name":"Piped","type":"esql","version":1,"revision":0,"enabled":true,"tags":[],"exceptions_list":[{"id":"o","list_id":"own","type":"rule_default","namespace_type":"single"}]}"#,
    "\n",
    r#"{"id":"s","list_id":"shared","name":"Shared","type":"detection","namespace_type":"single","version":3}"#,
    "\n",
    r#"{"id":"o","list_id":"own","name":"Own","type":"rule_default","namespace_type":"single","version":3}"#,
    "\n",
    r#"{"id":"x","item_id":"own-1","list_id":"own","type":"simple","namespace_type":"single","name":"old","entries":[],"comments":[{"comment":"c"}],"expire_time":"2020-01-01T00:00:00.000Z"}"#,
    "\n",
    r#"{"id":"y","item_id":"own-2","list_id":"own","type":"simple","namespace_type":"single","name":"kept","entries":[],"comments":[]}"#,
    "\n",
    r#"{"id":"mail","type":"action","attributes":{"actionTypeId":".email","name":"Mail"}}"#,
    "\n",
    r#"{"exported_count":9,"exported_rules_count":4,"exported_exception_list_count":2,"exported_exception_list_item_count":2,"exported_action_connector_count":1}"#,
    "\n",
);

pub(crate) const ADD_NEW: &str = r#"{"type":"add_tags","value":["new"]}"#;

/// A folder with the bundle as `in.ndjson` and a request as `request.json`.
pub(crate) fn folder(request: &str) -> Folder {
    let folder = Folder::new();
    folder.write("in.ndjson", BUNDLE);
    folder.write("request.json", request);
    folder
}

/// A request with these edits for every rule.
pub(crate) fn edits(edits: &str) -> String {
    format!(r#"{{"action":"edit","query":"","edit":[{edits}]}}"#)
}

pub(crate) fn bulk_edit(folder: &Folder, args: &[&str]) -> Ran {
    let verb = ["bulk-edit", "--request", "request.json", "in.ndjson"];
    folder.run(&[&verb, args].concat(), b"")
}

pub(crate) fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) fn lines(bytes: &[u8]) -> Vec<String> {
    text(bytes).lines().map(str::to_owned).collect()
}

pub(crate) fn names(folder: &Folder) -> Vec<String> {
    folder.names().into_iter().collect()
}

/// The messages of the errors, each with its status, its code and the ids of its rules.
pub(crate) fn errors(answer: &Value) -> Vec<(String, u64, Option<String>, Vec<String>)> {
    let errors = answer["attributes"]["errors"].as_array();
    let error = |error: &Value| {
        let rules = error["rules"].as_array().unwrap();
        let id = |rule: &Value| rule["id"].as_str().unwrap().to_owned();
        (
            error["message"].as_str().unwrap().to_owned(),
            error["status_code"].as_u64().unwrap(),
            error["err_code"].as_str().map(str::to_owned),
            rules.iter().map(id).collect(),
        )
    };
    errors.into_iter().flatten().map(error).collect()
}

pub(crate) fn failed(message: &str, ids: &[&str]) -> (String, u64, Option<String>, Vec<String>) {
    let ids = ids.iter().map(|&id| id.to_owned()).collect();
    (message.to_owned(), 500, None, ids)
}
