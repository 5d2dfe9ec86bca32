//! The client and the verbs that look at a Kibana, against a server that follows a script.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/server.rs"]
mod server;

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use command::{Folder, Ran};
use ruleferry::error::ErrorKind;
use ruleferry::kibana::{Client, Content, Failure, Method, Options, Request, Upload};
use ruleferry::ops::find;
use serde_json::Value;
use server::{Answer, Asked, Server, json, status};

/// A secret that must be nowhere but in the header.
const CANARY: &str = "Y2FuYXJ5LWlkOmNhbmFyeS1rZXk=";

/// A client that does not sleep, and the pauses that it would have made.
fn client(url: &str) -> (Client, Arc<Mutex<Vec<Duration>>>) {
    let pauses: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let kept = Arc::clone(&pauses);
    let mut options = Options::new(url);
    options.pause = Arc::new(move |pause| {
        kept.lock().unwrap().push(pause);
        true
    });
    options.chance = Arc::new(|| 0.0);
    (Client::new(options).unwrap(), pauses)
}

fn upload(text: &str) -> Upload {
    let content: Arc<dyn Content> = Arc::new(Arc::<[u8]>::from(text.as_bytes()));
    Upload::new("part.ndjson", content, || 1).unwrap()
}

/// A healthy Kibana 9.1 with two spaces, where the given requests are answered otherwise.
fn kibana(other: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Server {
    Server::start(move |asked, _| {
        if let Some(answer) = other(asked) {
            return answer;
        }
        let path = asked.path.split('?').next().unwrap();
        match path.trim_start_matches("/kbn").trim_start_matches("/s/soc") {
            "/api/status" => json(
                r#"{"version":{"number":"9.1.0","build_flavor":"traditional"},"status":{"overall":{"level":"available"}}}"#,
            ),
            "/api/spaces/space" => json(r#"[{"id":"default"},{"id":"soc"}]"#),
            "/api/detection_engine/rules/_find" => {
                json(r#"{"page":1,"perPage":1,"total":7,"data":[]}"#)
            }
            "/api/exception_lists/_find" => json(r#"{"data":[],"page":1,"per_page":1,"total":3}"#),
            "/api/actions/connectors" => json(
                r#"[{"id":"c1","name":"Mail","connector_type_id":".email","is_missing_secrets":true},{"id":"c2","name":"Hook","connector_type_id":".webhook"}]"#,
            ),
            "/api/detection_engine/privileges" => json(r#"{"has_encryption_key":true}"#),
            "/api/detection_engine/rules/_import" => json(r#"{"success":true}"#),
            _ => status(
                404,
                r#"{"statusCode":404,"error":"Not Found","message":"Not Found"}"#,
            ),
        }
    })
}

/// Runs the command with nothing of the surroundings' settings but these variables.
fn run(folder: &Folder, variables: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
    command.args(args);
    for name in [
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
    ] {
        command.env_remove(name);
    }
    command.env("RULEFERRY_CONFIG", folder.path("config.toml"));
    command.envs(variables.iter().copied());
    folder.command(&mut command, b"")
}

#[test]
fn requests_carry_what_kibana_wants() {
    let server = Server::start(|_, _| json("{}"));
    let (client, _) = client(&format!("{}/kbn/", server.url));
    let space = "soc".parse().unwrap();
    let request = Request::new(Method::Post, "/api/x")
        .in_space(&space)
        .with("filter", "name: \"a b&c\"")
        .with("filter", "2")
        .json("{\"a\":1}");
    client.send(&request).unwrap();
    client
        .send(&Request::new(Method::Post, "/api/y").file(upload("{}\n")))
        .unwrap();
    let asked = server.asked();
    assert_eq!(
        asked[0].path,
        "/kbn/s/soc/api/x?filter=name%3A+%22a+b%26c%22&filter=2"
    );
    assert_eq!(asked[0].header("kbn-xsrf"), Some("ruleferry"));
    assert_eq!(asked[0].header("elastic-api-version"), Some("2023-10-31"));
    assert_eq!(asked[0].header("content-type"), Some("application/json"));
    assert_eq!(
        (asked[0].method.as_str(), asked[0].body.as_slice()),
        ("POST", &b"{\"a\":1}"[..])
    );
    assert_eq!(asked[0].header("authorization"), None);
    let kind = asked[1].header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = String::from_utf8(asked[1].body.clone()).unwrap();
    assert!(body.starts_with(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"part.ndjson\"\r\n")), "{body}");
    assert!(
        body.ends_with(&format!("\r\n\r\n{{}}\n\r\n--{boundary}--\r\n")),
        "{body}"
    );
}

#[test]
fn what_only_reads_is_sent_again_and_what_writes_is_not() {
    let server = Server::start(|asked, before| match (asked.path.as_str(), before) {
        ("/get", 0) | ("/lost", _) => Answer::Nothing,
        ("/get", 1) => status(503, "{}"),
        ("/busy", 3) => Answer::Status(429, vec![("retry-after", "7".into())], String::new()),
        ("/proxy", _) => Answer::Status(
            502,
            vec![("content-type", "text/html".into())],
            "<html><title>502 Bad Gateway</title></html>".into(),
        ),
        _ => json("{}"),
    });
    let (client, pauses) = client(&server.url);
    client.send(&Request::new(Method::Get, "/get")).unwrap();
    assert_eq!(
        *pauses.lock().unwrap(),
        [Duration::from_millis(500), Duration::from_secs(1)]
    );
    pauses.lock().unwrap().clear();
    client
        .send(&Request::new(Method::Post, "/busy").json("{}"))
        .unwrap();
    assert_eq!(*pauses.lock().unwrap(), [Duration::from_secs(7)]);
    let before = server.asked().len();
    let error = client
        .send(&Request::new(Method::Post, "/lost").file(upload("{}\n")))
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Lost { .. }), "{error}");
    let error = client
        .send(&Request::new(Method::Post, "/proxy").json("{}"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "POST /proxy answered 502: an HTML page titled “502 Bad Gateway”"
    );
    assert_eq!(server.asked().len(), before + 2);
}

#[test]
fn an_address_where_nobody_is_is_unsent() {
    // Nobody listens on port 1, whatever ports the other tests open and close.
    let (client, pauses) = client("http://127.0.0.1:1");
    let failure = client
        .answer(&Request::new(Method::Post, "/x").json("{}"))
        .unwrap_err();
    assert!(matches!(failure, Failure::Unsent(_)), "{failure:?}");
    assert_eq!(pauses.lock().unwrap().len(), 5);
}

#[test]
fn credentials_follow_no_redirect() {
    let elsewhere = Server::start(|_, _| json("{}"));
    let to = elsewhere.url.clone();
    let server = Server::start(move |_, _| {
        Answer::Status(
            302,
            vec![("location", format!("{to}/login?next=x"))],
            String::new(),
        )
    });
    let folder = Folder::new();
    let ran = run(
        &folder,
        &[("KIBANA_API_KEY", CANARY)],
        &["status", "--url", &server.url],
    );
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("answered 302: a redirect to http://127.0.0.1"),
        "{}",
        ran.stderr
    );
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn pages_are_read_object_by_object() {
    let server = Server::start(|asked, _| {
        assert!(
            asked
                .path
                .starts_with("/s/soc/api/detection_engine/rules/_find?per_page="),
            "{}",
            asked.path
        );
        if asked.path.contains("per_page=1&") || asked.path.ends_with("per_page=1") {
            return json(r#"{"total":2,"data":[{"rule_id":"a"}]}"#);
        }
        json(r#"{"data":[{"rule_id":"a","x":1.0}, {"rule_id":"b"}],"page":1,"total":2}"#)
    });
    let (client, _) = client(&server.url);
    let space = "soc".parse().unwrap();
    let mut seen = Vec::new();
    let total = find::rules(&client, &space, None, &mut |rule| {
        seen.push(rule.to_owned());
        Ok(())
    });
    assert_eq!(
        (total.unwrap(), seen),
        (
            2,
            vec![
                r#"{"rule_id":"a","x":1.0}"#.to_owned(),
                r#"{"rule_id":"b"}"#.to_owned()
            ]
        )
    );
    let cut = Server::start(|_, before| match before {
        0 => json(r#"{"total":2,"data":[]}"#),
        _ => Answer::Cut(r#"{"total":2,"data":[{"rule_id":"a"},"#.into(), 10),
    });
    let (client, _) = self::client(&cut.url);
    let error = find::rules(&client, &space, None, &mut |_| Ok(())).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Answer { .. } | ErrorKind::Lost { .. }
        ),
        "{error}"
    );
    let few = Server::start(|_, _| json(r#"{"total":2,"data":[{"rule_id":"a"}]}"#));
    let (client, _) = self::client(&few.url);
    let error = find::rules(&client, &space, None, &mut |_| Ok(()))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("space `soc` has 2 rules by its own count and gave 1"),
        "{error}"
    );
}

#[test]
fn status_says_what_a_kibana_is_ready_for() {
    let server = kibana(|_| None);
    let folder = Folder::new();
    let url = format!("{}/kbn", server.url);
    let ran = run(
        &folder,
        &[("KIBANA_URL", &url), ("KIBANA_API_KEY", CANARY)],
        &["status", "--space", "*"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let expected = format!(
        "{url}: Kibana 9.1.0 (traditional), available\ncredentials: API key\nspaces: default, soc (2)\n\n\
         space default: 7 rules, 3 exception lists, 2 connectors\n  ready to export, import and import with connectors\n  connector `Mail` (c1) lacks its secrets\n\n\
         space soc: 7 rules, 3 exception lists, 2 connectors\n  ready to export, import and import with connectors\n  connector `Mail` (c1) lacks its secrets\n"
    );
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), expected);
    let wrote: Vec<_> = server
        .asked()
        .into_iter()
        .filter(|asked| asked.method != "GET")
        .collect();
    assert_eq!(wrote.len(), 2);
    for asked in wrote {
        assert!(asked.path.ends_with("/_import"), "{}", asked.path);
        assert_eq!(
            asked.header("authorization"),
            Some(&*format!("ApiKey {CANARY}"))
        );
        let body = String::from_utf8(asked.body).unwrap();
        assert!(body.contains("\r\n\r\n\r\n--"), "the file is empty: {body}");
    }
    let ran = run(&folder, &[], &["status", "--url", &url, "--format", "json"]);
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(told["chosen"][0]["rules"], 7);
    assert_eq!(
        (&told["schema_version"], &told["exit"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn refused_credentials_end_with_5() {
    let refused = r#"{"statusCode":401,"error":"Unauthorized","message":"no such key"}"#;
    let server = kibana(move |asked| (asked.path != "/api/status").then(|| status(401, refused)));
    let folder = Folder::new();
    let ran = run(
        &folder,
        &[("KIBANA_API_KEY", CANARY)],
        &["status", "--url", &server.url],
    );
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("answered 401: no such key"),
        "{}",
        ran.stderr
    );
    let reader = kibana(|asked| {
        let denied =
            r#"{"statusCode":403,"error":"Forbidden","message":"API is unauthorized for user"}"#;
        asked.path.contains("_import").then(|| status(403, denied))
    });
    let ran = run(
        &folder,
        &[("KIBANA_API_KEY", CANARY)],
        &["status", "--url", &reader.url],
    );
    assert_eq!(ran.code, Some(5));
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.contains("ready to export: no import ("), "{text}");
    let ran = run(
        &folder,
        &[],
        &["status", "--url", &reader.url, "--space", "nowhere"],
    );
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("the server has no space `nowhere`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn no_secret_is_shown() {
    let server = kibana(|asked| {
        asked
            .path
            .contains("connectors")
            .then(|| status(500, r#"{"message":"broken"}"#))
    });
    let folder = Folder::new();
    folder.write("key", format!("{CANARY}\n"));
    folder.write("password", "canary-password\n");
    folder.write(
        "config.toml",
        format!(
            "[profile.prod]\nurl = \"{}\"\nspace = \"soc\"\napi-key-command = [\"printenv\", \"THE_KEY\"]\n[profile.dr]\nurl = \"http://127.0.0.1:1\"\nusername = \"elastic\"\npassword-file = \"password\"\n",
            server.url
        ),
    );
    let url = server.url.as_str();
    let key_file = ["--api-key-file", "key"];
    for (variables, args) in [
        (
            &[("KIBANA_API_KEY", CANARY)][..],
            &["status", "-v", "--url", url][..],
        ),
        (
            &[("KIBANA_API_KEY", CANARY)],
            &["config", "show", "--url", url],
        ),
        (
            &[
                ("KIBANA_USERNAME", "elastic"),
                ("KIBANA_PASSWORD", "canary-password"),
            ],
            &["status", "-v", "--url", url],
        ),
        (&[("THE_KEY", CANARY)], &["status", "-v", "prod"]),
        (
            &[("THE_KEY", CANARY)],
            &["config", "show", "prod", "--format", "json"],
        ),
        (&[], &["status", "dr", "--errors", "json"]),
        (
            &[],
            &["status", "--url", url, key_file[0], key_file[1], "-v"],
        ),
        (
            &[("KIBANA_API_KEY", "canary\u{1}key")],
            &["status", "--url", url],
        ),
    ] {
        let ran = run(&folder, variables, args);
        let shown = String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr;
        assert!(
            !shown.contains("canary") && !shown.contains(CANARY),
            "{args:?}: {shown}"
        );
        assert!(!shown.is_empty(), "{args:?}");
    }
    let seen: Vec<_> = server
        .asked()
        .iter()
        .filter_map(|asked| asked.header("authorization").map(str::to_owned))
        .collect();
    assert!(seen.contains(&format!("ApiKey {CANARY}")));
    assert!(seen.contains(&"Basic ZWxhc3RpYzpjYW5hcnktcGFzc3dvcmQ=".to_owned()));
}

#[test]
fn a_flag_beats_a_variable_and_a_variable_the_profile() {
    let folder = Folder::new();
    let ran = run(&folder, &[], &["config", "show", "prod"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("there is no profiles file"),
        "{}",
        ran.stderr
    );
    folder.write(
        "config.toml",
        "[profile.prod]\nurl = \"https://prod.example.com\"\nspace = \"soc\"\n",
    );
    let shown = |variables: &[(&str, &str)], args: &[&str]| {
        let ran = run(
            &folder,
            variables,
            &[&["config", "show", "--format", "json"], args].concat(),
        );
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
        let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
        let of = |key: &str| {
            let setting = &told["settings"][key];
            (
                setting["value"].as_str().unwrap().to_owned(),
                setting["from"].as_str().unwrap().to_owned(),
            )
        };
        (of("url"), of("space"))
    };
    let pair = |value: &str, from: &str| (value.to_owned(), from.to_owned());
    let variable = [("KIBANA_URL", "https://variable.example.com")];
    assert_eq!(
        shown(&variable, &["--profile", "prod"]),
        (
            pair("https://variable.example.com", "KIBANA_URL"),
            pair("soc", "profile prod")
        )
    );
    assert_eq!(
        shown(
            &variable,
            &[
                "--url",
                "https://flag.example.com",
                "--space",
                "a",
                "--space",
                "b-*"
            ]
        ),
        (
            pair("https://flag.example.com", "--url"),
            pair("a,b-*", "--space")
        )
    );
    // A target that is named does not take the address of another Kibana from the shell.
    assert_eq!(
        shown(&variable, &["prod/cust-*"]),
        (
            pair("https://prod.example.com", "profile prod"),
            pair("cust-*", "the target")
        )
    );
    for args in [
        &["config", "show"][..],
        &["config", "show", "prod", "--url", "https://x.example.com"],
        &["config", "show", "prd"],
        &["status", "prod/A"],
    ] {
        assert_eq!(run(&folder, &[], args).code, Some(2), "{args:?}");
    }
}
