//! The pages of `docs/`, pasted from top to bottom against Kibanas of the tests' own: what they say is what happens.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/page.rs"]
mod page;
#[path = "support/records.rs"]
mod records;

use command::Folder;
use kibana::{API_KEY, Fault, Kibana, On, Schedule, Settings, Work};
use page::{Page, blocks, commands, even, is_well_formed};
use records::{bundle, item, list, rule, with};
use serde_json::{Value, json};

const PAGES: [&str; 3] = ["migrate.md", "nightly-backup.md", "many-spaces.md"];

fn kibana(version: &str, spaces: &[&str]) -> Kibana {
    Kibana::start(Settings {
        spaces: spaces.iter().map(ToString::to_string).collect(),
        ..Settings::of(version)
    })
}

/// A folder in which `pass` gives the key.
#[cfg(unix)]
fn folder() -> Folder {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::create_dir(folder.path("bin")).unwrap();
    folder.write("bin/pass", format!("#!/bin/sh\necho {API_KEY}\n"));
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path("bin/pass"), mode).unwrap();
    folder
}

fn named(id: &str, name: &str, more: &Value) -> Value {
    let usual = json!({"name": name, "description": name, "severity": "high", "risk_score": 73,
        "index": ["logs-*"], "query": "*", "enabled": true, "tags": ["acme"]});
    with(with(rule(id), &usual), more)
}

/// Six rules, an exception list whose item uses a value list, and a connector.
fn content(url: &str, space: &str) -> Vec<Value> {
    let uses = json!({"name": "VPN egress", "entries": [{"field": "source.ip", "operator": "included", "type": "list",
        "list": {"id": "vpn-egress.txt", "type": "ip"}}]});
    let excepted = json!({"exceptions_list": [{"id": "x", "list_id": "acme-known-good", "type": "detection",
        "namespace_type": "single"}]});
    let notifies = json!({"actions": [{"id": "soc-slack", "action_type_id": ".slack", "group": "default",
        "params": {"message": "{{context.results_link}}"}}]});
    let linked = json!({"meta": {"kibana_siem_app_url": format!("{url}/s/{space}/app/security")},
        "index": [format!(".alerts-security.alerts-{space}")]});
    vec![
        named(
            "acme-okta-mfa-reset",
            "Okta MFA reset by help desk",
            &excepted,
        ),
        named(
            "acme-ssh-bruteforce",
            "SSH brute force",
            &json!({"type": "threshold", "severity": "medium",
            "threshold": {"field": ["source.ip"], "value": 20}}),
        ),
        named("acme-encoded-powershell", "Encoded PowerShell", &notifies),
        named(
            "acme-dns-tunnel",
            "DNS tunnel",
            &json!({"tags": ["acme", "dns"]}),
        ),
        named("acme-correlated", "Two alerts on one host", &linked),
        named(
            "acme-beta-lateral",
            "Lateral movement, beta",
            &json!({"enabled": false, "tags": ["acme", "beta"]}),
        ),
        with(list("acme-known-good"), &json!({"name": "Known good"})),
        with(item("acme-vpn", "acme-known-good"), &uses),
        with(
            item("acme-scanner", "acme-known-good"),
            &json!({"name": "Our scanner"}),
        ),
        json!({"id": "soc-slack", "type": "action", "attributes": {"name": "SOC Slack", "actionTypeId": ".slack",
            "isMissingSecrets": false, "config": {}}}),
    ]
}

fn fill(kibana: &Kibana, space: &str) {
    kibana.seed(space, &bundle(&content(&kibana.url, space)));
    kibana.seed_values(
        space,
        "vpn-egress.txt",
        &["192.0.2.10", "192.0.2.11", "198.51.100.7"],
    );
}

/// Takes a rule away.
fn take(kibana: &Kibana, rule_id: &str) {
    let rules = kibana.state("soc").rules;
    let rule = rules.iter().find(|it| it["rule_id"] == rule_id).unwrap();
    kibana.remove_rule("soc", rule["id"].as_str().unwrap());
}

/// From now on the nth import of rules is refused.
fn refuse(kibana: &Kibana, nth: u64) {
    let fault = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    kibana.schedule(Schedule::of([(
        On::nth("POST", "*/rules/_import", nth),
        fault,
    )]));
}

#[cfg(unix)]
#[test]
fn migrate_to_another_cluster() {
    let (prod, dr) = (kibana("8.18", &["soc"]), kibana("9.1", &["soc"]));
    fill(&prod, "soc");
    let names = [
        ("https://kibana.example.com", &*prod.url),
        ("https://dr.example.com", &*dr.url),
    ];
    Page::of("migrate.md", folder(), &names).run(|event| match event {
        "the DR cluster refuses" => refuse(&dr, 1),
        "it does not refuse any more" => dr.schedule(Schedule::default()),
        "a rule differs in DR" => dr.seed(
            "soc",
            &bundle(&[named(
                "acme-ssh-bruteforce",
                "SSH brute force (DR)",
                &json!({}),
            )]),
        ),
        _ => panic!("nothing is known of `{event}`"),
    });
}

#[cfg(unix)]
#[test]
fn nightly_backup_and_a_tested_restore() {
    let (prod, lab) = (
        kibana("9.1", &["soc", "dmz"]),
        kibana("9.1", &["restore-test"]),
    );
    let dr = kibana("9.1", &["soc", "dmz"]);
    fill(&prod, "soc");
    prod.seed_timelines(
        "soc",
        b"{\"title\":\"Okta triage\",\"timelineType\":\"default\"}\n",
    );
    prod.seed(
        "dmz",
        &bundle(&[named("acme-dmz-webshell", "Web shell", &json!({}))]),
    );
    let folder = folder();
    std::fs::create_dir_all(folder.path("etc")).unwrap();
    folder.write("etc/prod.key", API_KEY);
    let [etc, var] = ["etc", "repo"].map(|name| folder.path(name).display().to_string());
    let names = [
        ("https://kibana.example.com", &*prod.url),
        ("https://lab.example.com", &*lab.url),
        ("https://dr.example.com", &*dr.url),
        ("/etc/ruleferry", &*etc),
        ("/var/lib/ruleferry", &*var),
    ];
    Page::of("nightly-backup.md", folder, &names).run(|event| match event {
        "a rule changes" => {
            take(&prod, "acme-ssh-bruteforce");
            let calmer = json!({"severity": "low"});
            let rule = named("acme-ssh-bruteforce", "SSH brute force", &calmer);
            prod.seed("soc", &bundle(&[rule]));
        }
        "a rule is deleted" => take(&prod, "acme-dns-tunnel"),
        _ => panic!("nothing is known of `{event}`"),
    });
}

#[cfg(unix)]
#[test]
fn one_export_to_many_customer_spaces() {
    let spaces = ["cust-alpha", "cust-bravo", "cust-charlie"];
    let (prod, mssp) = (kibana("9.1", &["golden"]), kibana("9.1", &spaces));
    fill(&prod, "golden");
    let names = [
        ("https://kibana.example.com", &*prod.url),
        ("https://mssp.example.com", &*mssp.url),
    ];
    Page::of("many-spaces.md", folder(), &names).run(|event| match event {
        "a space refuses" => refuse(&mssp, 2),
        "it does not refuse any more" => mssp.schedule(Schedule::default()),
        _ => panic!("nothing is known of `{event}`"),
    });
}

/// Each command in a block that is not run, with `--help` after it: so its verb and flags are there.
#[test]
fn commands_that_are_not_run_are_commands() {
    let mut count = 0;
    for name in PAGES.into_iter().chain(["../README.md", "repository.md"]) {
        let text = page::text(name);
        for block in blocks(&text)
            .iter()
            .filter(|it| it.language != "sh" && it.language != "text" || !it.is_run)
        {
            assert!(is_well_formed(block), "docs/{name}:{}", block.line);
            for command in commands(block) {
                let words = shlex::split(&command).unwrap();
                let words: Vec<&str> = words.iter().skip(1).map(|it| &**it).collect();
                let ran = Folder::new().run(&[&words[..], &["--help"]].concat(), b"");
                assert_eq!(
                    ran.code,
                    Some(0),
                    "docs/{name}:{}: {command}\n{}",
                    block.line,
                    ran.stderr
                );
                count += 1;
            }
        }
    }
    assert!(count > 2, "{count} commands");
}

#[test]
fn times_ids_and_sizes_may_differ_and_nothing_else() {
    let told = "ba7816bf8f01  2026-01-31 03:00  7  9.11 KiB  +0 -1 ~2\nlost: rule `a` of 2026-01-31T03:00:00.1Z.";
    let other = "6eb0fb168c83  2026-11-26 04:06  7  10 KiB  +0 -1 ~2\nlost: rule `a` of 2026-02-01T03:00:00Z.\n";
    assert_eq!(even(told), even(other));
    for (is, was) in [
        ("7  9", "8  9"),
        ("-1", "-2"),
        ("`a`", "`b`"),
        ("lost", "last"),
        ("\n", " "),
    ] {
        assert_ne!(even(told), even(&told.replace(is, was)), "{is}");
    }
}
