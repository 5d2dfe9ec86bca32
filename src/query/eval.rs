//! Does a rule satisfy a query?

use super::predicate::Predicate;
use super::tree::Node;
use crate::json::{Object, Raw, ValueKind};

/// Where the paths of a node begin.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// At the rule.
    Rule(&'a Object<'a>),
    /// At an object in it.
    Part(Raw<'a>),
}

/// Arrays and objects below this many others are not looked into. Kibana's rules have less than ten levels.
const DEEPEST: usize = 64;

impl Node {
    /// Whether what stands at `scope` satisfies it.
    pub(super) fn matches(&self, scope: Scope<'_>) -> bool {
        match self {
            Self::All => true,
            Self::And(nodes) => nodes.iter().all(|node| node.matches(scope)),
            Self::Or(nodes) => nodes.iter().any(|node| node.matches(scope)),
            Self::Not(node) => !node.matches(scope),
            Self::Is(field, Predicate::Exists) => scope.any(&field.path, &|value| exists(value, 0)),
            Self::Is(field, predicate) => {
                scope.any(&field.path, &|value| predicate.matches(field.kind, value))
            }
            Self::Nested(path, node) => scope.any(path, &|value| {
                value.kind() == ValueKind::Object && node.matches(Scope::Part(value))
            }),
        }
    }
}

impl Scope<'_> {
    /// Whether the test holds for a value at the path, each element of an array by itself.
    fn any(self, path: &[Box<str>], test: &impl Fn(Raw<'_>) -> bool) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return false;
        };
        let value = match self {
            Self::Rule(rule) => rule.get(first),
            Self::Part(value) => value.get(first),
        };
        value.is_some_and(|value| reaches(value, rest, 0, test))
    }
}

fn reaches(
    value: Raw<'_>,
    path: &[Box<str>],
    depth: usize,
    test: &impl Fn(Raw<'_>) -> bool,
) -> bool {
    if depth == DEEPEST {
        return false;
    }
    if value.kind() == ValueKind::Array {
        return value
            .elements()
            .any(|element| reaches(element, path, depth + 1, test));
    }
    match path.split_first() {
        None => test(value),
        Some((key, rest)) => value
            .get(key)
            .is_some_and(|member| reaches(member, rest, depth + 1, test)),
    }
}

/// Whether a value, or one in it, is not null.
fn exists(value: Raw<'_>, depth: usize) -> bool {
    match value.kind() {
        ValueKind::Null => false,
        ValueKind::Boolean | ValueKind::Number | ValueKind::String => true,
        ValueKind::Array => {
            depth < DEEPEST && value.elements().any(|element| exists(element, depth + 1))
        }
        ValueKind::Object => {
            depth < DEEPEST && value.members().any(|(_, member)| exists(member, depth + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::json::Object;
    use crate::query::Query;

    const RULE: &str = r#"{
        "id":"6f1c9a52-2f0e-4c7b-9a55-0b7f6f6f1d10", "rule_id":"acme-1", "type":"threat_match", "enabled":false,
        "name":"Suspicious PowerShell: svchost.exe (beta)", "tags":["Linux","Data Source: \u0041CME","a*b"],
        "severity":"high", "risk_score":47.0, "version":10, "note":null, "license":"", "author":[], "immutable":true,
        "created_at":"2025-05-11T07:00:03.902Z", "interval":"5m", "rule_source":{"type":"external","is_customized":true},
        "index":["logs-*","filebeat-*"], "investigation_fields":{"field_names":[]}, "meta":{"Owner":{"team":"soc"}},
        "actions":[{"action_type_id":".slack","group":"default"},{"action_type_id":".email","group":"other"}],
        "exceptions_list":[{"list_id":"l1"}], "severity":"low",
        "threat":[
            {"framework":"MITRE ATT&CK","tactic":{"id":"TA0002","name":"Execution"},
             "technique":[{"id":"T1059","name":"Scripting","subtechnique":[{"id":"T1059.001","name":"PowerShell"}]}]},
            {"framework":"MITRE ATT&CK","tactic":{"id":"TA0006","name":"Credential Access"},"technique":[]}]}"#;

    fn check(cases: &[(&str, bool)]) {
        let rule = Object::parse(RULE).unwrap();
        for (text, expected) in cases {
            let query: Query = text
                .parse()
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(query.matches(&rule), *expected, "{text}");
        }
    }

    #[test]
    fn compares_values() {
        check(&[
            ("tags:Linux", true),
            ("tags:linux", false),
            ("tags:Lin", false),
            ("tags:Lin*", true),
            ("tags:\"Lin*\"", false),
            (r#"tags:"Data Source: ACME""#, true),
            (r"tags:Data Source\: ACME", true),
            (r"tags:Data Source\: *", true),
            (r"tags:a\*b", true),
            (r"tags:a\*c*", false),
            ("tags:\"a*b\"", true),
            ("index:logs-*", true),
            ("enabled:false", true),
            ("enabled:true", false),
            ("risk_score:47", true),
            ("risk_score:\"47.0\"", true),
            ("risk_score:4*", true),
            ("risk_score:(1 or 47)", true),
            ("severity:low", true),
            ("severity:high", false),
        ]);
    }

    #[test]
    fn compares_ranges() {
        check(&[
            ("risk_score >= 47", true),
            ("risk_score>47", false),
            ("risk_score < 1e3", true),
            ("version > 9", true),
            ("version > x", false),
            ("enabled >= a", false),
            ("rule_id >= acme and rule_id < acmf", true),
            ("created_at > 2025-05-10", true),
            ("created_at > 2025-05-11", false),
            ("created_at >= 2025-05-11", true),
            ("created_at <= 2025-05-11", true),
            ("created_at < 2025-05-11", false),
            ("created_at <= \"2025-05-11T07:00:03Z\"", true),
            ("created_at:2025-05", true),
            ("created_at:\"2025-05-11T07:00:03.902Z\"", true),
            ("created_at:2024*", false),
        ]);
    }

    #[test]
    fn binds_not_before_and_before_or() {
        check(&[
            ("not enabled:true and severity:low", true),
            ("not (enabled:true or severity:low)", false),
            ("tags:x and tags:y or tags:Linux", true),
            ("tags:x and (tags:y or tags:Linux)", false),
            ("tags:Linux or tags:y and tags:x", true),
            ("not not tags:Linux", true),
            ("NOT tags:x AND\n\ttags:Linux", true),
            ("(((tags:Linux)))", true),
            ("*", true),
            ("not *:*", false),
        ]);
    }

    #[test]
    fn reads_lists_of_values() {
        check(&[
            ("tags:(x or Linux)", true),
            ("tags:(Linux and a*)", true),
            ("tags:(Linux and not x)", true),
            ("tags:(not Linux)", false),
            ("tags:(x or (Linux and not a\\*b))", false),
            ("tags : ( x OR\n Linux )", true),
            ("rule_id:(b or a or acme-1 or acme-1)", true),
            ("rule_id:z or rule_id:acme-1 or tags:x", true),
        ]);
    }

    #[test]
    fn asks_what_is_there() {
        check(&[
            ("tags:*", true),
            ("note:*", false),
            ("not note:*", true),
            ("author:*", false),
            ("license:*", true),
            ("license:\"\"", true),
            ("saved_id:*", false),
            ("not saved_id:x", true),
            ("threat:*", true),
            ("investigation_fields:*", false),
            ("meta:*", true),
        ]);
    }

    #[test]
    fn goes_down_paths() {
        check(&[
            ("threat.technique.id:T1059", true),
            ("threat.technique.subtechnique.id:T1059*", true),
            ("threat.*.id:T1059", true),
            ("threat.*.id:T1060", false),
            ("thr*.id:TA0006", true),
            ("*:Credential Access", true),
            ("*:nothing", false),
            ("note*:*", false),
            ("meta.Owner.team:soc", true),
            ("meta.Owner:{team:soc}", true),
            ("rule_source.is_customized:true", true),
            ("exceptions_list.list_id:l1", true),
        ]);
    }

    #[test]
    fn nested_conditions_hold_for_one_element() {
        check(&[
            (
                "threat.tactic.name:\"Credential Access\" and threat.technique.id:T1059",
                true,
            ),
            (
                "threat:{tactic.name:\"Credential Access\" and technique.id:T1059}",
                false,
            ),
            (
                "threat:{ tactic.name:Execution and technique.id:T1059* }",
                true,
            ),
            (
                "threat:{ technique:{ id:T1059 and subtechnique:{ name:PowerShell } } }",
                true,
            ),
            ("threat:{ not technique:* }", true),
            ("not threat:{ technique:* }", false),
            ("threat:{ *.id:TA0006 and not technique.id:* }", true),
            ("actions:{action_type_id:.slack and group:other}", false),
            (
                "alert.attributes.actions:{actionTypeId:.slack and group:default}",
                true,
            ),
        ]);
    }

    #[test]
    fn knows_the_names_of_kibana() {
        check(&[
            ("alert.attributes.params.ruleId: \"acme-1\"", true),
            ("alert.attributes.params.riskScore >= 47", true),
            (
                "alert.attributes.params.ruleSource.isCustomized: true",
                true,
            ),
            (
                "alert.attributes.params.immutable: true AND alert.attributes.enabled: false",
                true,
            ),
            ("alert.attributes.schedule.interval:5m", true),
            ("alert.attributes.createdAt >= 2025-05", true),
            ("alert.attributes.params.threat.*.id:TA0006", true),
            ("alert.attributes.alertTypeId: siem.indicatorRule", true),
            ("alert.attributes.alertTypeId: siem.*Rule", true),
            ("alert.attributes.alertTypeId: threat_match", false),
            ("alert.attributes.params.type:threat_match", true),
            (
                "alert.id:\"alert:6f1c9a52-2f0e-4c7b-9a55-0b7f6f6f1d10\"",
                true,
            ),
            ("alert.id:6f1c9a52*", true),
        ]);
    }

    #[test]
    fn compares_names_by_words() {
        check(&[
            ("name:powershell", true),
            ("name:shell", false),
            ("name:unknown POWERSHELL", true),
            ("name:power*", true),
            ("name:*beta* suspic*", true),
            ("name:*beta* evil*", false),
            ("name:beta susp*", true),
            ("name:exe", false),
            ("name:svchost.exe", true),
            ("name:\"suspicious powershell\"", true),
            ("name:\"powershell suspicious\"", false),
            ("name:\"*ious powersh*\"", true),
            ("name:\"*ious  powersh*\"", false),
            ("name:\"\"", false),
            ("name.keyword:powershell", false),
            ("name.keyword:*PowerShell*", true),
            ("alert.attributes.name:(evil or beta)", true),
        ]);
    }

    #[test]
    fn looks_for_bare_values_where_people_look() {
        check(&[
            ("powershell", true),
            ("Linux", true),
            ("T1059.0*", true),
            ("\"Credential Access\"", true),
            ("\"acme-1\"", false),
            ("not evil", true),
        ]);
    }
}
