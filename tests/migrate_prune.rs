//! `migrate --prune`: what the source no longer has goes, and nothing that anybody would miss.

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
use ferry::{change, copy, folder, kibana, report, rule_ids, run, take, text};
use kibana::{At, Fault, Kibana, On, Schedule, Work};
use records::{acting, bundle, list, referring, rule, with};
use serde_json::{Value, json};

const ARGS: [&str; 7] = [
    "--from",
    "a/default",
    "--to",
    "b/soc",
    "--yes",
    "--prune",
    "ferry",
];

fn prune(folder: &Folder, more: &[&str]) -> Ran {
    run(folder, &[&ARGS[..], &["--format", "json"], more].concat())
}

/// The rules of the report that are in this state, each with the message.
fn pruned(ran: &Ran, state: &str) -> Vec<(String, String)> {
    let lines = report(ran).into_iter().filter(|it| it["prune"] == state);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines
        .map(|it| (text(&it["id"]), text(&it["message"])))
        .collect()
}

fn rules(ids: &[&str]) -> Vec<u8> {
    bundle(&ids.iter().map(|id| rule(id)).collect::<Vec<_>>())
}

/// Two Kibanas, the second of which got these rules from the first.
fn brought(ids: &[&str]) -> ([Kibana; 2], Folder) {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let folder = folder(&[&kibanas[0], &kibanas[1]]);
    kibanas[0].seed("default", &rules(ids));
    let first = prune(&folder, &[]);
    assert_eq!(first.code, Some(0), "{}{}", text(&first), first.stderr);
    assert_eq!(rule_ids(&kibanas[1], "soc"), ids);
    (kibanas, folder)
}

#[test]
fn what_the_source_no_longer_has_goes_and_nothing_else() {
    let ([a, b], folder) = brought(&["a", "b", "c"]);
    b.seed(
        "soc",
        &bundle(&[
            rule("theirs"),
            with(rule("tagged"), &json!({"tags": ["ferry"]})),
        ]),
    );
    take(&a, "default", "c");
    let shown = run(&folder, &[&ARGS[..], &["--plan-only"]].concat());
    assert!(
        text(&shown).contains("to remove: 1 rule that the source no longer has"),
        "{}",
        text(&shown)
    );
    assert!(text(&shown).contains("`c` n (changed "), "{}", text(&shown));
    assert_eq!(rule_ids(&b, "soc"), ["a", "b", "c", "tagged", "theirs"]);
    let ran = prune(&folder, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(pruned(&ran, "removed"), [("c".into(), String::new())]);
    let kept = pruned(&ran, "kept");
    assert_eq!(kept.len(), 1);
    assert!(
        kept[0].0 == "tagged" && kept[0].1.contains("without a mark"),
        "{kept:?}"
    );
    assert_eq!(
        report(&ran).last().unwrap()["pruned"],
        json!({"kept": 1, "removed": 1})
    );
    assert_eq!(rule_ids(&b, "soc"), ["a", "b", "tagged", "theirs"]);
    let again = prune(&folder, &[]);
    assert_eq!(again.code, Some(0));
    assert!(pruned(&again, "removed").is_empty());
}

#[test]
fn a_source_that_is_empty_by_mistake_takes_nothing_away() {
    let ([a, b], folder) = brought(&["a", "b", "c"]);
    a.reset();
    let ran = prune(&folder, &["--prune-max", "100%"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let withheld = pruned(&ran, "withheld");
    assert_eq!(withheld.len(), 3);
    assert_eq!(withheld[0].1, "a/default has no rule at all");
    assert_eq!(rule_ids(&b, "soc"), ["a", "b", "c"]);
}

#[test]
fn credentials_that_see_fewer_rules_take_nothing_away() {
    let ids: Vec<String> = (10..40).map(|n| format!("r{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let ([a, b], folder) = brought(&ids);
    for id in &ids[..4] {
        take(&a, "default", id);
    }
    let ran = run(&folder, &ARGS);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let said =
        "not removed: 4 rules: 4 of 30 rules that were brought are more than 3; `--prune-max` sets";
    assert!(text(&ran).contains(said), "{}", text(&ran));
    assert_eq!(rule_ids(&b, "soc"), ids);
    let none = prune(&folder, &["--prune-max", "0"]);
    assert_eq!((none.code, rule_ids(&b, "soc").len()), (Some(3), 30));
    let ran = prune(&folder, &["--prune-max", "4"]);
    assert_eq!((ran.code, rule_ids(&b, "soc").len()), (Some(0), 26));
}

#[test]
fn an_export_that_lacks_something_takes_nothing_away() {
    let ([a, b], folder) = brought(&["a", "b", "c"]);
    take(&a, "default", "c");
    // Its connector is gone, so that the export has not all that it needs.
    a.seed("default", &bundle(&[acting("d", &["gone"])]));
    let ran = prune(&folder, &["--prune-max", "9"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let withheld = pruned(&ran, "withheld");
    assert_eq!(withheld.len(), 1);
    assert!(
        withheld[0].1.contains("could not be had from a/default"),
        "{withheld:?}"
    );
    assert!(rule_ids(&b, "soc").contains(&"c".to_owned()));
}

#[test]
fn an_import_that_is_not_whole_takes_nothing_away() {
    let ([a, b], folder) = brought(&["a", "b", "c"]);
    take(&a, "default", "c");
    change(&b, "soc", "a", |rule| rule["severity"] = "high".into());
    let ran = prune(&folder, &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_eq!(
        pruned(&ran, "withheld"),
        [("c".into(), "the import into the space is not whole".into())]
    );
    let ran = prune(&folder, &["--overwrite", "rules"]);
    assert_eq!((ran.code, rule_ids(&b, "soc").len()), (Some(0), 2));
}

#[test]
fn rules_that_are_somebodys_own_by_now_stay() {
    let ([a, b], folder) = brought(&["a", "b", "c", "d", "e", "f"]);
    copy(&b, "soc", "b", "copy");
    for id in ["b", "c", "d", "e"] {
        take(&a, "default", id);
    }
    // As Kibana's editor saves it, with a `meta` of its own.
    change(&b, "soc", "c", |rule| rule["meta"] = json!({"from": "1m"}));
    change(&b, "soc", "d", |rule| rule["tags"] = json!([]));
    change(&b, "soc", "e", |rule| rule["immutable"] = true.into());
    let ran = prune(&folder, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(pruned(&ran, "removed"), [("b".into(), String::new())]);
    let kept: Vec<String> = pruned(&ran, "kept")
        .iter()
        .map(|(id, why)| format!("{id}: {why}"))
        .collect();
    let kept = kept.join("\n");
    for said in [
        "c: it has the tag without a mark",
        "copy: it is a copy of rule `b`",
        "e: it is one of Elastic's own",
    ] {
        assert!(kept.contains(said), "{said}: {kept}");
    }
    assert_eq!(rule_ids(&b, "soc"), ["a", "c", "copy", "d", "e", "f"]);
}

#[test]
fn two_sources_of_one_target_do_not_touch_each_others_rules() {
    let kibanas = [kibana("9.1"), kibana("9.6"), kibana("8.18")];
    let [a, b, c] = &kibanas;
    let folder = folder(&[a, b, c]);
    a.seed("default", &rules(&["a1", "a2", "both"]));
    c.seed("default", &rules(&["c1", "c2", "both"]));
    let from = |from: &str, tag: &str| {
        let args = ["--from", from, "--to", "b/soc", "--yes", "--prune", tag];
        run(
            &folder,
            &[&args[..], &["--overwrite", "rules", "--format", "json"]].concat(),
        )
    };
    // Whether each has a tag of its own or not.
    for (space, tag_of_c) in [("default", "from-c"), ("default", "from-a")] {
        for (source, tag) in [("a", "from-a"), ("c", tag_of_c)] {
            let ran = from(&format!("{source}/{space}"), tag);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            assert!(pruned(&ran, "removed").is_empty(), "{}", text(&ran));
        }
        assert_eq!(rule_ids(b, "soc"), ["a1", "a2", "both", "c1", "c2"]);
    }
    take(a, "default", "a2");
    take(a, "default", "both");
    let ran = from("a/default", "from-a");
    assert_eq!(pruned(&ran, "removed"), [("a2".into(), String::new())]);
    let kept = pruned(&ran, "kept");
    assert!(
        kept.iter().any(|(id, why)| id == "both"
            && *why == format!("it was brought from `{}/s/default`", c.url)),
        "{kept:?}"
    );
    assert_eq!(rule_ids(b, "soc"), ["a1", "both", "c1", "c2"]);
}

#[test]
fn a_copy_in_another_space_is_nobodys_to_remove() {
    let ([a, b], folder) = brought(&["a", "b"]);
    // As an export and an import of the space do it.
    b.seed("emea", &bundle(&b.state("soc").rules));
    take(&a, "default", "b");
    let args = ["--from", "a/default", "--to", "b/emea", "--yes"];
    let more = [
        "--prune",
        "ferry",
        "--overwrite",
        "rules",
        "--format",
        "json",
    ];
    let ran = run(&folder, &[&args[..], &more].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(pruned(&ran, "removed").is_empty(), "{}", text(&ran));
    let why = format!("it was brought to `{}/s/soc`, and copied from there", b.url);
    assert_eq!(pruned(&ran, "kept"), [("b".into(), why)]);
    assert_eq!(rule_ids(&b, "emea"), ["a", "b"]);
    // What was its own all along goes.
    assert_eq!(prune(&folder, &[]).code, Some(0));
    assert_eq!(rule_ids(&b, "soc"), ["a"]);
}

#[test]
fn sources_are_told_apart_by_their_addresses_not_by_profiles() {
    let ([a, b], here) = brought(&["a", "b"]);
    let c = kibana("9.1");
    c.seed("default", &rules(&["c"]));
    // Somebody else's configuration, with another Kibana as `a`.
    let there = folder(&[&c, &b]);
    let ran = prune(&there, &["--prune-max", "100%"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let why = format!("it was brought from `{}/s/default`", a.url);
    let kept = [("a".into(), why.clone()), ("b".into(), why)];
    assert_eq!(pruned(&ran, "kept"), kept);
    assert_eq!(rule_ids(&b, "soc"), ["a", "b", "c"]);
    take(&a, "default", "b");
    assert_eq!(prune(&here, &[]).code, Some(0));
    assert_eq!(rule_ids(&b, "soc"), ["a", "c"]);
}

#[test]
fn a_rule_of_another_rule_id_comes_before_the_old_one_goes() {
    let ([a, b], folder) = brought(&["a", "b"]);
    change(&a, "default", "b", |rule| rule["rule_id"] = "b2".into());
    let ran = prune(&folder, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(rule_ids(&b, "soc"), ["a", "b2"]);
    let paths: Vec<String> = b.log().into_iter().map(|it| it.path).collect();
    let last = |end: &str| paths.iter().rposition(|path| path.ends_with(end));
    assert!(last("/_import") < last("/_bulk_action"));
}

#[test]
fn lists_that_only_removed_rules_used_are_named_and_left() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    let content = [rule("a"), referring("b", "l", "detection"), list("l")];
    a.seed("default", &bundle(&content));
    assert_eq!(prune(&folder, &[]).code, Some(0));
    take(a, "default", "b");
    let ran = run(&folder, &ARGS);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        text(&ran).contains("left: exception list `l`"),
        "{}",
        text(&ran)
    );
    assert_eq!(b.state("soc").lists.len(), 1);
}

#[test]
fn many_rules_go_a_hundred_at_a_time_and_lost_answers_are_read_back() {
    let ids: Vec<String> = (100..350).map(|n| format!("r{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let ([a, b], folder) = brought(&ids);
    for id in &ids[..240] {
        take(&a, "default", id);
    }
    let lost = [1, 2].map(|nth| {
        (
            On::nth("POST", "*/_bulk_action", nth),
            Fault::Reset(At::AfterWork),
        )
    });
    b.schedule(Schedule::of(lost));
    let ran = prune(&folder, &["--prune-max", "240"]);
    assert_eq!(ran.code, Some(0), "{}{}", text(&ran), ran.stderr);
    assert_eq!(pruned(&ran, "removed").len(), 240);
    assert_eq!(rule_ids(&b, "soc"), &ids[240..]);
}

#[test]
fn a_refused_removal_is_told() {
    let ([a, b], folder) = brought(&["a", "b"]);
    take(&a, "default", "b");
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    b.schedule(Schedule::of([(
        On::nth("POST", "*/_bulk_action", 1),
        refusal,
    )]));
    let ran = prune(&folder, &[]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert_eq!(pruned(&ran, "failed").len(), 1);
    b.schedule(Schedule::default());
    assert_eq!(prune(&folder, &[]).code, Some(0));
    assert_eq!(rule_ids(&b, "soc"), ["a"]);
}

#[test]
fn a_run_that_was_cut_off_removes_only_what_the_source_has_not_by_now() {
    let ([a, b], folder) = brought(&["a", "b", "c", "d"]);
    take(&a, "default", "c");
    take(&a, "default", "d");
    a.seed("default", &rules(&["new"]));
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    b.schedule(Schedule::of([(On::nth("POST", "*/_import", 1), refusal)]));
    let more = ["--report", "r", "--prune-max", "2"];
    assert_eq!(prune(&folder, &more).code, Some(5));
    assert_eq!(rule_ids(&b, "soc"), ["a", "b", "c", "d"]);
    b.schedule(Schedule::default());
    a.seed("default", &rules(&["c"]));
    let ran = prune(
        &folder,
        &[&more[..], &["--resume", "--still", "100ms"]].concat(),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(pruned(&ran, "removed"), [("d".into(), String::new())]);
    assert_eq!(pruned(&ran, "kept").len(), 1);
    assert_eq!(rule_ids(&b, "soc"), ["a", "b", "c", "new"]);
}

#[test]
fn flags_that_make_no_sense_with_it_are_refused() {
    let a = kibana("9.1");
    let folder = folder(&[&a, &a]);
    folder.write("ids", "a\n");
    for more in [
        &["--only", "name:a"][..],
        &["--ids", "ids"],
        &["--custom-only"],
        &["--no-verify"],
        &["--prune-max", "101%"],
    ] {
        let ran = prune(&folder, more);
        assert_eq!(ran.code, Some(2), "{more:?}: {}", ran.stderr);
    }
    for args in [
        &["--prune", ""][..],
        &["--prune", " a"],
        &["--prune-max", "3"],
    ] {
        let ran = run(&folder, &[&ARGS[..5], args].concat());
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
    }
    assert!(a.log().iter().all(|it| it.method == "GET"));
}
