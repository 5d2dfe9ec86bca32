//! `migrate` and connectors: those of one name and type find each other, and secrets get there without being seen on the way.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/ferry.rs"]
mod ferry;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use command::{Folder, Ran};
use ferry::{ferry, folder, report, run, text};
use kibana::{At, Fault, Kibana, On, Schedule, Settings, Work};
use records::{acting, bundle, connector, rule, secretless, with};
use serde_json::{Value, json};

const VERSIONS: [&str; 3] = ["8.7", "8.18", "9.1"];

fn kibana(version: &str) -> Kibana {
    Kibana::start(Settings {
        spaces: vec!["soc".into(), "emea".into()],
        preconfigured: vec![("mail-p".into(), ".email".into(), "Mail".into())],
        ..Settings::of(version)
    })
}

fn pair(version: &str) -> [Kibana; 2] {
    [kibana(version), kibana(version)]
}

/// A connector of a type that needs no secrets.
fn plain(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "action", "attributes": {"name": name, "actionTypeId": ".server-log",
        "isMissingSecrets": false, "config": {}}})
}

fn to_soc(more: &[&'static str]) -> Vec<&'static str> {
    [&["--from", "a/default", "--to", "b/soc"][..], more].concat()
}

/// The connectors that a rule of the space acts through.
fn through(kibana: &Kibana, space: &str, rule_id: &str) -> Vec<String> {
    let rules = kibana.state(space).rules;
    let rule = rules.iter().find(|it| it["rule_id"] == rule_id).unwrap();
    let actions = rule["actions"].as_array().unwrap().iter();
    actions
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect()
}

fn connectors(kibana: &Kibana, space: &str) -> Vec<String> {
    let all = kibana.state(space).connectors;
    let mut ids: Vec<String> = all
        .iter()
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn ends(ran: &Ran, code: i32) {
    assert_eq!(ran.code, Some(code), "{}{}", ran.stderr, text(ran));
}

fn last(ran: &Ran) -> Value {
    report(ran).pop().unwrap()
}

fn is_untouched(kibana: &Kibana) {
    let log = kibana.log();
    let reads = |it: &&kibana::Logged| it.method == "GET" || it.path.ends_with("_export");
    assert_eq!(log.iter().filter(reads).count(), log.len());
}

#[test]
fn connectors_of_one_name_and_type_take_each_others_place() {
    for version in VERSIONS {
        let [a, b] = pair(version);
        let folder = folder(&[&a, &b]);
        let cases =
            json!({"id": "system-connector-.cases", "action_type_id": ".cases", "params": {}});
        let mut filing = acting("r", &["slack"]);
        filing["actions"].as_array_mut().unwrap().push(cases);
        a.seed(
            "default",
            &bundle(&[
                filing,
                acting("s", &["log", "mail"]),
                with(rule("t"), &json!({"enabled": true})),
                connector("slack", "Slack"),
                plain("log", "Log"),
                json!({"id": "mail", "type": "action", "attributes": {"name": "Mail", "actionTypeId": ".email", "isMissingSecrets": false, "config": {}}}),
            ]),
        );
        // One of the same name and another type is none.
        let other = json!({"id": "other", "type": "action", "attributes": {"name": "Slack",
            "actionTypeId": ".teams", "isMissingSecrets": false}});
        b.seed("soc", &bundle(&[connector("theirs", "Slack"), other]));
        let plan = run(
            &folder,
            &to_soc(&["--connectors", "by-name", "--plan-only"]),
        );
        ends(&plan, 0);
        let shown = text(&plan);
        for told in [
            "connector `Slack` (.slack, id `slack`) is not sent; rules act through connector `Slack` (id `theirs`) (by name)",
            "connector `Mail` (.email, id `mail`) is not sent; rules act through connector `Mail` (id `mail-p`) (by name)",
            "by their ids, since none of the same name and type is there: 1 connector\n    connector `Log` (.server-log, id `log`)\n",
        ] {
            assert!(shown.contains(told), "{version}: {told}: {shown}");
        }
        is_untouched(&b);
        let args = to_soc(&["--connectors", "by-name", "--yes", "--format", "json"]);
        let ran = run(&folder, &args);
        ends(&ran, 0);
        assert_eq!(connectors(&b, "soc"), ["log", "other", "theirs"]);
        assert_eq!(
            through(&b, "soc", "r"),
            ["theirs", "system-connector-.cases"],
            "{version}"
        );
        assert_eq!(through(&b, "soc", "s"), ["log", "mail-p"], "{version}");
        let joined: Vec<Value> = report(&ran)
            .into_iter()
            .filter(|it| it["joined"] == "connector")
            .collect();
        assert_eq!(joined.len(), 2);
        assert_eq!(joined[1]["id"], "slack");
        assert_eq!(
            (&joined[1]["to"], &joined[1]["by"]),
            (&json!("theirs"), &json!("name"))
        );
        let again = run(&folder, &args);
        ends(&again, 0);
        assert_eq!(last(&again)["summary"]["unchanged"], 3, "{version}");
    }
}

#[test]
fn what_is_not_certain_is_decided_before_anything_is_sent() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed(
        "default",
        &bundle(&[acting("r", &["slack"]), connector("slack", "Slack")]),
    );
    let derived = with(connector("made", "Made"), &json!({"originId": "one"}));
    b.seed(
        "soc",
        &bundle(&[
            connector("one", "Slack"),
            connector("two", "Slack"),
            derived,
        ]),
    );
    let args = to_soc(&["--connectors", "by-name", "--yes"]);
    let ran = run(&folder, &args);
    ends(&ran, 2);
    assert!(
        ran.stderr
            .contains("connector `Slack` (.slack, id `slack`) may be any of `one`, `two`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("`--map-file`"), "{}", ran.stderr);
    is_untouched(&b);
    let plan = run(
        &folder,
        &to_soc(&["--connectors", "by-name", "--plan-only"]),
    );
    ends(&plan, 2);
    let lines = run(
        &folder,
        &to_soc(&["--connectors", "by-name", "--plan-only", "--format", "json"]),
    );
    let lines = report(&lines);
    let open = lines.iter().find(|it| it["joined"] == "connector").unwrap();
    assert!(open["to"].is_null() && open["message"].is_string());
    assert!(
        text(&plan).contains("to be decided: connector `Slack`"),
        "{}",
        text(&plan)
    );
    let map = |connectors: &str| {
        let text = format!("[[target]]\nto = [\"b/soc\"]\nconnectors = {{ {connectors} }}\n");
        folder.write("map.toml", text);
        run(
            &folder,
            &to_soc(&["--connectors", "by-name", "--yes", "--map-file", "map.toml"]),
        )
    };
    // An import would take an action through `one` for either of two.
    let ran = map("slack = \"name:Absent\"");
    ends(&ran, 2);
    assert!(
        ran.stderr
            .contains("is to become `Absent` of type .slack, which is not there"),
        "{}",
        ran.stderr
    );
    let ran = map("\"name:Slack\" = \"two\"");
    ends(&ran, 0);
    assert_eq!(through(&b, "soc", "r"), ["two"]);
    assert_eq!(connectors(&b, "soc"), ["made", "one", "two"]);
}

#[test]
fn an_action_is_pointed_at_nothing_that_an_import_could_take_for_another() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed(
        "default",
        &bundle(&[acting("r", &["slack"]), connector("slack", "Slack")]),
    );
    let derived = with(connector("made", "Made"), &json!({"originId": "one"}));
    b.seed("soc", &bundle(&[connector("one", "Slack"), derived]));
    let ran = run(&folder, &to_soc(&["--connectors", "by-name", "--yes"]));
    ends(&ran, 2);
    assert!(
        ran.stderr
            .contains("which Kibana does not tell from `made`"),
        "{}",
        ran.stderr
    );
    is_untouched(&b);
}

#[test]
fn a_map_file_names_connectors_by_id_name_and_type() {
    for version in VERSIONS {
        let [a, b] = pair(version);
        let folder = folder(&[&a, &b]);
        let content = [
            acting("r", &["c1"]),
            acting("s", &["c2"]),
            acting("t", &["c3"]),
            acting("u", &["mail-p"]),
            connector("c1", "One"),
            connector("c2", "SOC mail"),
            connector("c3", "Three"),
        ];
        a.seed("default", &bundle(&content));
        let pager = json!({"id": "p", "type": "action", "attributes": {"name": "Page", "actionTypeId": ".pagerduty",
            "isMissingSecrets": false}});
        let page = json!({"id": "q", "type": "action", "attributes": {"name": "Page", "actionTypeId": ".slack",
            "isMissingSecrets": false}});
        b.seed(
            "soc",
            &bundle(&[
                connector("t1", "x"),
                connector("t2", "DR mail"),
                pager,
                page,
            ]),
        );
        folder.write(
            "map.toml",
            r#"
[[target]]
to = ["b/soc,emea"]
[target.connectors]
c1 = "t1"
"name:SOC mail" = "name:DR mail"
c3 = { name = "Page", type = ".pagerduty" }
"name:Mail" = { name = "Page", type = ".slack" }
"name:Nobody" = "name:x"
"#,
        );
        let ran = run(&folder, &to_soc(&["--yes", "--map-file", "map.toml"]));
        ends(&ran, 0);
        let found: Vec<Vec<String>> = ["r", "s", "t", "u"]
            .iter()
            .map(|it| through(&b, "soc", it))
            .collect();
        assert_eq!(found, [["t1"], ["t2"], ["p"], ["q"]], "{version}");
        assert_eq!(connectors(&b, "soc"), ["p", "q", "t1", "t2"]);
    }
}

#[test]
fn a_run_that_goes_on_keeps_to_what_was_there_when_it_began() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    let mut content = vec![plain("log", "Log"), connector("slack", "Slack")];
    content.extend((0..3).map(|at| acting(&format!("r{at}"), &["log", "slack"])));
    a.seed("default", &bundle(&content));
    b.seed("soc", &bundle(&[connector("theirs", "Slack")]));
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::Done,
    };
    b.schedule(Schedule::of([(
        On::nth("POST", "*/rules/_import", 1),
        refusal,
    )]));
    let args = to_soc(&[
        "--connectors",
        "by-name",
        "--yes",
        "--report",
        "r",
        "--still",
        "100ms",
    ]);
    ends(&run(&folder, &args), 5);
    b.schedule(Schedule::default());
    // By its name, `log` would be found by now, and another `Slack` too.
    assert_eq!(connectors(&b, "soc"), ["log", "theirs"]);
    b.seed("soc", &bundle(&[connector("another", "Slack")]));
    let resumed = run(
        &folder,
        &[&args[..], &["--resume", "--format", "json"]].concat(),
    );
    ends(&resumed, 0);
    assert_eq!(through(&b, "soc", "r2"), ["log", "theirs"]);
    let other = run(&folder, &to_soc(&["--yes", "--report", "r", "--resume"]));
    ends(&other, 2);
}

#[test]
fn in_another_space_of_the_same_kibana_connectors_are_found_by_where_they_came_from() {
    let a = kibana("9.1");
    let folder = folder(&[&a]);
    a.seed(
        "default",
        &bundle(&[acting("r", &["slack"]), connector("slack", "Slack")]),
    );
    let args = [
        "--from",
        "a/default",
        "--to",
        "a/soc",
        "--connectors",
        "by-name",
        "--yes",
        "--secrets",
        "s.toml",
        "--format",
        "json",
    ];
    folder.write(
        "s.toml",
        "[connector.slack]\nwebhookUrl = { env = \"HOOK\" }\n",
    );
    let go = || {
        folder.command(
            ferry(&folder, &args).env("HOOK", "https://hooks.example.com/x"),
            b"",
        )
    };
    let ran = go();
    ends(&ran, 0);
    let made = connectors(&a, "soc");
    assert_eq!(through(&a, "soc", "r"), made);
    assert_ne!(made, ["slack"]);
    assert!(a.secrets("soc", &made[0]).is_some() && a.secrets("default", "slack").is_none());
    a.seed("default", &bundle(&[acting("r2", &["slack"])]));
    let again = go();
    ends(&again, 0);
    assert_eq!(
        (through(&a, "soc", "r2"), connectors(&a, "soc")),
        (made.clone(), made)
    );
    let joined = report(&again)
        .into_iter()
        .find(|it| it["joined"] == "connector");
    assert_eq!(joined.unwrap()["id"], "slack");
}

#[test]
fn names_hold_for_what_a_pipeline_makes_of_connectors() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    let content = [
        acting("r", &["slack", "log"]),
        connector("slack", "Slack"),
        plain("log", "Log"),
    ];
    a.seed("default", &bundle(&content));
    b.seed("soc", &bundle(&[connector("theirs", "Slack")]));
    folder.write("p.toml", "[[step]]\nregenerate-connector-ids = {}\n");
    let args = to_soc(&["--connectors", "by-name", "--pipeline", "p.toml", "--yes"]);
    ends(&run(&folder, &args), 0);
    let found = through(&b, "soc", "r");
    assert_eq!(found[0], "theirs");
    assert_ne!(found[1], "log");
    assert_eq!(connectors(&b, "soc").len(), 2);
}

// Secrets.

/// What must be nowhere.
const CANARIES: [&str; 5] = [
    "canary-env",
    "canary-file",
    "canary-command",
    "canary-here",
    "canary-header",
];

const SECRETS: &str = r#"
[connector.slack]
webhookUrl = { env = "HOOK" }

[connector."SOC mail"]
user = "canary-here"
password = { file = "password" }

[connector.hook]
secretHeaders = { Authorization = { command = ["printenv", "HEADER"] }, Other = "canary-header" }
"#;

fn needing(id: &str, name: &str, ty: &str) -> Value {
    json!({"id": id, "type": "action", "attributes": {"name": name, "actionTypeId": ty,
        "isMissingSecrets": false, "config": {"hasAuth": true, "host": "mail.example.com", "service": null}}})
}

fn private(folder: &Folder, name: &str, text: &str) {
    folder.write(name, text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(folder.path(name), mode).unwrap();
    }
}

fn secretive(folder: &Folder) {
    private(folder, "s.toml", SECRETS);
    private(folder, "password", "canary-file\n");
}

fn with_secrets(folder: &Folder, args: &[&str]) -> std::process::Command {
    let mut command = ferry(folder, args);
    command
        .env("HOOK", "https://hooks.example.com/canary-env")
        .env("HEADER", "canary-command");
    command
}

fn needy() -> Vec<u8> {
    bundle(&[
        acting("r", &["slack", "mail"]),
        acting("s", &["hook"]),
        needing("slack", "Slack", ".slack"),
        needing("mail", "SOC mail", ".email"),
        needing("hook", "Hook", ".webhook"),
    ])
}

fn all_given(kibana: &Kibana, space: &str) {
    let of = |id: &str| kibana.secrets(space, id);
    assert_eq!(
        of("slack"),
        Some(json!({"webhookUrl": "https://hooks.example.com/canary-env"}))
    );
    assert_eq!(
        of("mail"),
        Some(json!({"user": "canary-here", "password": "canary-file"}))
    );
    let headers = json!({"Authorization": "canary-command", "Other": "canary-header"});
    assert_eq!(of("hook"), Some(json!({"secretHeaders": headers})));
    let lines = kibana.state(space).connectors;
    let mail = lines.iter().find(|it| it["id"] == "mail").unwrap();
    let config = json!({"hasAuth": true, "host": "mail.example.com", "service": null});
    assert_eq!(mail["attributes"]["config"], config);
}

fn hold(all: &[u8]) {
    let all = String::from_utf8_lossy(all);
    for canary in CANARIES {
        let line = all.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{canary}");
    }
}

/// All that a run leaves in its folder, but what it was given.
fn left(folder: &Folder) -> Vec<u8> {
    let names = folder.names().into_iter();
    let paths = names
        .filter(|name| !matches!(&**name, "s.toml" | "password"))
        .map(|name| folder.path(&name));
    let files = paths.filter(|path| path.is_file());
    files
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect()
}

#[test]
fn secrets_arrive_from_every_place_and_are_seen_nowhere() {
    for version in VERSIONS {
        let [a, b] = pair(version);
        let folder = folder(&[&a, &b]);
        a.seed("default", &needy());
        secretive(&folder);
        let slow = Fault::Delay {
            before: std::time::Duration::from_millis(300),
            after: std::time::Duration::ZERO,
        };
        b.schedule(Schedule::of([(On::nth("PUT", "*", 1), slow)]));
        let args = to_soc(&[
            "--secrets",
            "s.toml",
            "--yes",
            "-v",
            "--report",
            "r",
            "--journal",
            "j",
            "--format",
            "json",
        ]);
        let mut command = with_secrets(&folder, &args);
        let child = command::spawn(command.current_dir(folder.path("")));
        let begun = std::time::Instant::now();
        while !b.log().iter().any(|it| it.method == "PUT") {
            assert!(begun.elapsed().as_secs() < 30);
            std::thread::yield_now();
        }
        let mut all = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
        assert!(folder.path("j").exists() && folder.path("j.export").exists());
        all.extend(left(&folder));
        let ran = command::finish(child);
        ends(&ran, 0);
        all_given(&b, "soc");
        all.extend(left(&folder));
        all.extend(ran.stdout.iter().chain(ran.stderr.as_bytes()));
        hold(&all);
        assert!(
            ran.stderr
                .contains("PUT /s/soc/api/actions/connector/slack"),
            "{}",
            ran.stderr
        );
        let given = report(&ran)
            .iter()
            .filter(|it| it["secrets"] == "given")
            .count();
        assert_eq!(given, 3);
        let again = folder.command(&mut with_secrets(&folder, &args), b"");
        ends(&again, 0);
        assert_eq!(b.log().iter().filter(|it| it.method == "PUT").count(), 3);
    }
}

#[test]
fn connectors_that_still_lack_theirs_are_named_and_it_is_no_success() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed("default", &needy());
    let ran = run(&folder, &to_soc(&["--yes", "--format", "json"]));
    ends(&ran, 3);
    let lines = report(&ran);
    let mut lacking = lines.iter().filter(|it| it["not_carried"] == "secrets");
    let first = lacking.next().unwrap();
    assert_eq!(
        (&first["id"], &first["users"]),
        (&json!("slack"), &json!("rule `r`"))
    );
    assert_eq!((lacking.count(), &last(&ran)["lacking"]), (2, &json!(3)));
    let told = run(&folder, &to_soc(&["--yes"]));
    ends(&told, 3);
    let shown = text(&told);
    assert!(
        shown.contains("not carried: the secrets of 3 connectors"),
        "{shown}"
    );
    assert!(
        shown.contains("`SOC mail` (.email, id `mail`) (for rule `r`)"),
        "{shown}"
    );
    secretive(&folder);
    // A plan needs no secret.
    let mut plan = with_secrets(&folder, &to_soc(&["--plan-only", "--secrets", "s.toml"]));
    plan.env_remove("HOOK");
    let plan = folder.command(&mut plan, b"");
    ends(&plan, 0);
    let shown = text(&plan);
    assert!(
        shown.contains(
            "connector `SOC mail` (.email, id `mail`) is given its secrets if it lacks them"
        ),
        "{shown}"
    );
    let ran = folder.command(
        &mut with_secrets(&folder, &to_soc(&["--yes", "--secrets", "s.toml"])),
        b"",
    );
    ends(&ran, 0);
    all_given(&b, "soc");
}

#[test]
fn what_a_server_does_not_take_is_told_without_it() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed("default", &needy());
    secretive(&folder);
    let wrong = SECRETS.replace("webhookUrl", "url");
    private(&folder, "s.toml", &wrong);
    let ran = folder.command(
        &mut with_secrets(
            &folder,
            &to_soc(&["--yes", "--secrets", "s.toml", "--report", "r"]),
        ),
        b"",
    );
    ends(&ran, 3);
    let shown = text(&ran);
    assert!(
        shown.contains("[webhookUrl]: expected value of type [string], found"),
        "{shown}"
    );
    hold(&[ran.stdout, ran.stderr.into_bytes(), left(&folder)].concat());
}

#[test]
fn a_rule_is_overwritten_once_its_connector_has_its_secrets() {
    for version in VERSIONS {
        let [a, b] = pair(version);
        let folder = folder(&[&a, &b]);
        a.seed(
            "default",
            &bundle(&[acting("r", &["slack"]), needing("slack", "Slack", ".slack")]),
        );
        let older = with(acting("r", &["slack"]), &json!({"name": "older"}));
        b.seed("soc", &bundle(&[older, secretless("slack", "Slack")]));
        secretive(&folder);
        let args = to_soc(&[
            "--yes",
            "--secrets",
            "s.toml",
            "--overwrite",
            "rules,connectors",
        ]);
        let ran = folder.command(&mut with_secrets(&folder, &args), b"");
        ends(&ran, 0);
        assert_eq!(b.state("soc").rules[0]["name"], "n", "{version}");
        // An import that overwrites a connector wipes what it had.
        assert!(b.secrets("soc", "slack").is_some(), "{version}");
    }
}

#[test]
fn an_answer_that_is_lost_leaves_no_connector_without() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed("default", &needy());
    secretive(&folder);
    b.schedule(Schedule::of([
        (On::nth("PUT", "*", 1), Fault::Reset(At::AfterWork)),
        (On::nth("PUT", "*", 2), Fault::Reset(At::BeforeBody)),
    ]));
    let args = to_soc(&["--yes", "--secrets", "s.toml"]);
    let ran = folder.command(&mut with_secrets(&folder, &args), b"");
    ends(&ran, 0);
    all_given(&b, "soc");
}

#[test]
fn secrets_for_one_target_beat_those_for_all() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed(
        "default",
        &bundle(&[acting("r", &["slack"]), needing("slack", "Slack", ".slack")]),
    );
    let text = "[connector.Slack]\nwebhookUrl = \"all\"\n[[target]]\nto = [\"b/em*\"]\n[target.connector.slack]\nwebhookUrl = \"own\"\n";
    private(&folder, "s.toml", text);
    let args = [
        "--from",
        "a/default",
        "--to",
        "b/soc,emea",
        "--yes",
        "--secrets-command",
        "cat s.toml",
    ];
    let ran = run(&folder, &args);
    ends(&ran, 0);
    let of = |space: &str| {
        let id = connectors(&b, space).remove(0);
        b.secrets(space, &id).unwrap()["webhookUrl"].clone()
    };
    assert_eq!((of("soc"), of("emea")), (json!("all"), json!("own")));
}

#[test]
fn what_is_wrong_with_secrets_is_said_before_anything_is_sent() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed("default", &needy());
    secretive(&folder);
    for (text, said) in [
        ("[connector.slack]\nwebhookUrl = \"canary-here", "s.toml:2"),
        (
            "[connector.slack]\nwebhookUrl = { env = \"UNSET\" }",
            "the variable UNSET, which is not set",
        ),
        (
            "[connector.slack]\nwebhookUrl = { command = \"false canary-here\" }",
            "`false`, for `webhookUrl` of connector `slack`",
        ),
        (
            "[connectors.slack]\nwebhookUrl = \"canary-here\"",
            "found `connectors`",
        ),
    ] {
        private(&folder, "s.toml", text);
        let ran = run(&folder, &to_soc(&["--yes", "--secrets", "s.toml"]));
        ends(&ran, 2);
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
        hold(ran.stderr.as_bytes());
    }
    private(
        &folder,
        "s.toml",
        "[connector.slick]\nwebhookUrl = { command = [\"touch\", \"ran\"] }",
    );
    let missing = run(&folder, &to_soc(&["--yes", "--secrets", "none.toml"]));
    ends(&missing, 1);
    is_untouched(&b);
    let ran = run(&folder, &to_soc(&["--yes", "--secrets", "s.toml"]));
    ends(&ran, 3);
    assert!(
        ran.stderr.contains("for a connector `slick`")
            && ran.stderr.contains("did you mean `slack`?"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path("ran").exists());
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_warns() {
    use std::os::unix::fs::PermissionsExt;
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed("default", &needy());
    secretive(&folder);
    let args = to_soc(&["--plan-only", "--secrets", "s.toml"]);
    let quiet = folder.command(&mut with_secrets(&folder, &args), b"");
    assert!(!quiet.stderr.contains("open to others"), "{}", quiet.stderr);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.path("s.toml"), open.clone()).unwrap();
    let ran = folder.command(&mut with_secrets(&folder, &args), b"");
    assert!(
        ran.stderr
            .contains("`s.toml` holds secrets and is open to others (mode 644)"),
        "{}",
        ran.stderr
    );
    // What only says where they are may be read by anybody.
    private(
        &folder,
        "s.toml",
        "[connector.slack]\nwebhookUrl = { env = \"HOOK\" }\n",
    );
    std::fs::set_permissions(folder.path("s.toml"), open).unwrap();
    let ran = folder.command(&mut with_secrets(&folder, &args), b"");
    assert!(!ran.stderr.contains("open to others"), "{}", ran.stderr);
}

#[test]
fn a_run_that_goes_on_gives_what_is_left_to_give() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed("default", &needy());
    secretive(&folder);
    let args = [
        "--from",
        "a/default",
        "--to",
        "b/soc,emea",
        "-j",
        "1",
        "--yes",
        "--secrets",
        "s.toml",
        "--report",
        "r",
        "--still",
        "100ms",
    ];
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    b.schedule(Schedule::of([
        (On::nth("PUT", "*/actions/connector/mail", 1), refusal),
        (On::nth("POST", "*/rules/_import", 2), refusal),
    ]));
    let cut = folder.command(&mut with_secrets(&folder, &args), b"");
    ends(&cut, 5);
    assert!(b.secrets("soc", "slack").is_some() && b.secrets("soc", "mail").is_none());
    b.schedule(Schedule::default());
    let resumed = folder.command(
        &mut with_secrets(&folder, &[&args[..], &["--resume"]].concat()),
        b"",
    );
    ends(&resumed, 0);
    all_given(&b, "soc");
    assert_eq!(connectors(&b, "emea").len(), 3);
}

#[test]
fn a_stranger_with_the_same_id_gets_no_secrets() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed(
        "default",
        &bundle(&[
            acting("r", &["hook"]),
            needing("hook", "SOAR intake", ".webhook"),
        ]),
    );
    let stranger = json!({"id": "hook", "type": "action", "attributes": {"name": "Chat of the interns",
        "actionTypeId": ".webhook", "isMissingSecrets": true, "config": {"url": "https://chat.example.com"}}});
    b.seed("soc", &bundle(&[stranger]));
    for (name, more, code, is_given) in [
        ("SOAR intake", &[][..], 3, false),
        ("hook", &[], 3, false),
        ("Chat of the interns", &[], 3, true),
    ] {
        let text = format!("[connector.\"{name}\"]\npassword = \"canary-here\"\n");
        private(&folder, "s.toml", &text);
        let ran = run(
            &folder,
            &to_soc(&[&["--yes", "--secrets", "s.toml"], more].concat()),
        );
        ends(&ran, code);
        let told = self::text(&ran).contains("another connector has this id");
        assert_eq!(told, !is_given, "{name}: {}", self::text(&ran));
        assert_eq!(b.secrets("soc", "hook").is_some(), is_given, "{name}");
    }
}

#[test]
fn a_connector_that_the_run_overwrites_is_the_sources() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed(
        "default",
        &bundle(&[
            acting("r", &["hook"]),
            needing("hook", "SOAR intake", ".webhook"),
        ]),
    );
    b.seed("soc", &bundle(&[secretless("hook", "Old name")]));
    private(
        &folder,
        "s.toml",
        "[connector.\"SOAR intake\"]\npassword = \"p\"\n",
    );
    let args = ["--yes", "--secrets", "s.toml", "--overwrite", "connectors"];
    ends(&run(&folder, &to_soc(&args)), 0);
    assert!(b.secrets("soc", "hook").is_some());
}

#[test]
fn secrets_for_a_target_by_name_beat_those_for_all_by_id() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed(
        "default",
        &bundle(&[acting("r", &["slack"]), needing("slack", "Slack", ".slack")]),
    );
    let text = "[connector.slack]\nwebhookUrl = \"all\"\n[[target]]\nto = [\"b/soc\"]\n[target.connector.Slack]\nwebhookUrl = \"own\"\n";
    private(&folder, "s.toml", text);
    ends(&run(&folder, &to_soc(&["--yes", "--secrets", "s.toml"])), 0);
    assert_eq!(b.secrets("soc", "slack").unwrap()["webhookUrl"], "own");
}

#[test]
fn what_is_for_other_targets_is_left_aside_and_told() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b]);
    a.seed(
        "default",
        &bundle(&[acting("r", &["slack"]), needing("slack", "Slack", ".slack")]),
    );
    let text = "[connector.slack]\nwebhookUrl = \"all\"\n[[target]]\nto = [\"b/sco\"]\n[target.connector.slack]\nwebhookUrl = { env = \"UNSET\" }\n";
    private(&folder, "s.toml", text);
    folder.write(
        "map.toml",
        "[[target]]\nto = [\"b2/soc\"]\ndisable = \"*\"\n",
    );
    let args = ["--yes", "--secrets", "s.toml", "--map-file", "map.toml"];
    let ran = run(&folder, &to_soc(&args));
    ends(&ran, 0);
    for said in [
        "warning: the secrets for `b/sco` are for no target of this run",
        "warning: the steps of `--map-file` for `b2/soc` are for no target of this run",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}

#[test]
fn two_profiles_for_one_target_are_refused() {
    let [a, b] = pair("9.1");
    let folder = folder(&[&a, &b, &b]);
    let ran = run(&folder, &to_soc(&["--to", "c/emea", "--yes"]));
    ends(&ran, 2);
    let said = "must name each Kibana by one profile, found `b` and `c`";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    is_untouched(&b);
}
