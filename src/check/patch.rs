//! What would a PATCH refuse or drop? Verdicts on partial rules.

use super::at::At;
use super::formats::reading;
use super::judge::Judge;
use super::{Level, Problem, dates};
use crate::json::Raw;
use crate::record::Kind;
use crate::schema::{Format, Schema, Target};

/// Whether a PATCH takes this member from the stored rule, whatever the body says.
pub fn is_stored(key: &str) -> bool {
    let rule = Schema::get().kind(Kind::Rule);
    let field = rule.and_then(|rule| rule.field(key));
    key != "id" && field.is_some_and(|field| field.server)
}

/// What is wrong with a partial rule, the body of a PATCH, in the order of the body.
///
/// Without a type only what every rule has is judged, as the route does before it knows the rule; with the type of the stored
/// rule everything is. An error is what Kibana refuses, a warning what it drops without a word; null counts as absent. The words
/// are those of 8.19, the last release with `_bulk_update`, and the bounds are today's.
pub fn partial(body: Raw<'_>, rule_type: Option<&str>) -> Vec<Problem> {
    let mut judge = Judge::of_patch();
    let shape = match rule_type {
        Some(name) => judge.schema.rule(name),
        None => judge.schema.kind(Kind::Rule),
    };
    let Some(shape) = shape else {
        return Vec::new();
    };
    judge.object(shape, At::Record, || {
        body.members()
            .filter(|(key, value)| !value.is_null() && !is_stored(key) && !is_loose_id(key, *value))
    });
    let mut found = judge.finish();
    found.retain(|problem| match (problem.code, &*problem.pointer) {
        ("missing-field", [_]) => false,
        ("unknown-key" | "other-type-key", _) => true,
        _ => problem.level == Level::Error,
    });
    found
}

/// Whether it is an id as 8.x takes it: hexadecimal digits in the groups of a UUID, of any version.
fn is_loose_id(key: &str, value: Raw<'_>) -> bool {
    let Some(text) = value.as_str().filter(|_| key == "id") else {
        return false;
    };
    reading(Format::Uuid, &text, Target::LAST_8) == dates::Reading::Meant
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes with their pointers, and what Kibana says.
    fn found(body: &str, rule_type: Option<&str>) -> Vec<(String, String)> {
        let problems = partial(Raw::parse(body).unwrap(), rule_type);
        let one = |problem: Problem| {
            let way = super::super::at::dotted(&problem.pointer);
            (
                format!("{} {way}", problem.code),
                problem.kibana.unwrap_or_default(),
            )
        };
        problems.into_iter().map(one).collect()
    }

    #[test]
    fn nothing_must_be_there_and_null_is_absent() {
        assert_eq!(found("{}", None), []);
        assert_eq!(
            found(r#"{"name":null,"threshold":null}"#, Some("query")),
            []
        );
    }

    #[test]
    fn without_a_type_only_what_every_rule_has_is_judged() {
        let body = r#"{"name":5,"query":5,"threshold":5}"#;
        let name = (
            "wrong-type name".to_owned(),
            "name: Expected string, received number".to_owned(),
        );
        let query = (
            "wrong-type query".to_owned(),
            "query: Expected string, received number".to_owned(),
        );
        let other = ("other-type-key threshold".to_owned(), String::new());
        assert_eq!(found(body, None), std::slice::from_ref(&name));
        assert_eq!(found(body, Some("query")), [name, query, other]);
    }

    #[test]
    fn members_within_a_value_must_be_there() {
        assert_eq!(
            found(r#"{"threshold":{"field":"a"}}"#, Some("threshold")),
            [(
                "missing-field threshold.value".to_owned(),
                "threshold.value: Required".to_owned()
            )]
        );
    }

    #[test]
    fn what_the_server_makes_is_not_judged() {
        let body = r#"{"revision":"x","created_at":1,"immutable":"x","rule_source":1}"#;
        assert_eq!(found(body, Some("query")), []);
        assert!(is_stored("revision") && is_stored("updated_by"));
        assert!(!is_stored("id") && !is_stored("rule_id") && !is_stored("name"));
    }

    #[test]
    fn ids_are_those_of_8_x() {
        assert_eq!(
            found(r#"{"id":"11111111-1111-1111-1111-111111111111"}"#, None),
            []
        );
        assert_eq!(
            found(r#"{"id":"x"}"#, None),
            [("wrong-format id".to_owned(), "id: Invalid uuid".to_owned())]
        );
        assert_eq!(found(r#"{"id":1}"#, None)[0].0, "wrong-type id");
    }

    #[test]
    fn an_import_rewrites_what_a_patch_refuses() {
        assert_eq!(
            found(r#"{"investigation_fields":["a"],"originId":"x"}"#, None),
            [
                (
                    "wrong-type investigation_fields".to_owned(),
                    "investigation_fields: Expected object, received array".to_owned()
                ),
                ("unknown-key originId".to_owned(), String::new())
            ]
        );
    }
}
