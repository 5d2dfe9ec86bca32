//! `strip-server-fields`: removes what a Kibana makes itself.

use super::{Census, Setup, Transform, Verdict};
use crate::error::{ErrorKind, Result, nearest};
use crate::json::Object;
use crate::record::server_fields::{COMMENT, EXCEPTION, RULE, SAVED_OBJECT};
use crate::record::{Kind, Kinds, Record};

/// Removes the fields that one Kibana made and the next one ignores or makes anew on import.
///
/// Exports of the same content then look the same, whenever and from wherever they were taken. What goes (Kibana 8 and 9):
///
/// Rules: `id`, `created_at`, `created_by`, `updated_at`, `updated_by`, `revision`, `execution_summary`, `rule_source`,
/// `outcome`, `alias_target_id`, `alias_purpose`. Exception lists and items: `id`, `_version`, `tie_breaker_id`,
/// `created_at`, `created_by`, `updated_at`, `updated_by`; of comments all but the text, as on import. Connectors and other
/// saved objects: `created_at`, `created_by`, `updated_at`, `updated_by`, `version`; of connectors `originId`.
///
/// What stays, though import ignores its value: a rule's `immutable`, by which Kibana up to 8.17 refuses Elastic's own rules
/// and `drop-prebuilt` finds them, and `rule_source` where it alone tells such a rule; the `id` in `exceptions_list`, which
/// must not be empty. A connector's `id` is what actions refer to.
///
/// `--keep` spares fields of this name in all records; `--keep comments` spares authors and dates of comments.
///
/// Example: ruleferry edit strip-server-fields --keep comments export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StripServerFields {
    /// A field to leave, or `comments`; may be given again.
    #[serde(alias = "keep")]
    #[arg(long = "keep", value_name = "FIELD")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keeps: Vec<String>,
}

/// What only some records lose, and what `keeps` may name besides.
const OTHERS: &[&str] = &["rule_source", "originId", "comments"];

impl StripServerFields {
    fn keeps(&self, field: &str) -> bool {
        self.keeps.iter().any(|kept| kept == field)
    }

    fn strip(&self, object: &mut Object<'_>, fields: &[&str]) {
        for field in fields {
            if !self.keeps(field) {
                object.remove(field);
            }
        }
    }

    fn strip_rule(&self, rule: &mut Record<'_>) {
        self.strip(rule, RULE);
        let is_immutable = rule
            .get("immutable")
            .is_some_and(|value| value.as_bool() == Some(true));
        if is_immutable || !rule.is_prebuilt() {
            self.strip(rule, &["rule_source"]);
        }
    }
}

impl Transform for StripServerFields {
    fn kinds(&self) -> Kinds {
        Kinds::ALL
    }

    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        let known = || [RULE, EXCEPTION, SAVED_OBJECT, OTHERS].concat();
        let Some(unknown) = self
            .keeps
            .iter()
            .find(|field| !known().contains(&field.as_str()))
        else {
            return Ok(());
        };
        let nearest = nearest(unknown, known()).map(Into::into);
        Err(ErrorKind::Unknown {
            what: "server field",
            name: unknown.as_str().into(),
            nearest,
        }
        .into())
    }

    fn apply(&self, record: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        match record.kind() {
            Kind::Rule => self.strip_rule(record),
            Kind::ExceptionList => self.strip(record, EXCEPTION),
            Kind::ExceptionItem => {
                self.strip(record, EXCEPTION);
                if !self.keeps("comments") {
                    record.edit_each("comments", |comment| {
                        for field in COMMENT {
                            comment.remove(field);
                        }
                        Ok(Verdict::Keep)
                    })?;
                }
            }
            Kind::Connector => {
                self.strip(record, SAVED_OBJECT);
                if record.is_connector() {
                    self.strip(record, &["originId"]);
                }
            }
            Kind::Details | Kind::Other => {}
        }
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn strips_rules() {
        check("strip-server-fields = {}")
            .turns(
                r#"{"id":"1", "rule_id":"r","version":3,"revision":7,"updated_at":"t","created_by":"x","enabled":true}"#,
                r#"{"rule_id":"r","version":3,"enabled":true}"#,
            )
            .keeps(r#"{"rule_id":"r","exceptions_list":[{"id":"1","list_id":"l"}],"actions":[{"id":"c"}]}"#);
    }

    #[test]
    fn leaves_what_tells_a_prebuilt_rule() {
        check("strip-server-fields = {}")
            .turns(
                r#"{"rule_id":"r","immutable":true,"rule_source":{"type":"external","is_customized":true}}"#,
                r#"{"rule_id":"r","immutable":true}"#,
            )
            .turns(
                r#"{"rule_id":"r","immutable":false,"rule_source":{"type":"internal"}}"#,
                r#"{"rule_id":"r","immutable":false}"#,
            )
            .turns(r#"{"rule_id":"r","rule_source":null}"#, r#"{"rule_id":"r"}"#)
            .keeps(r#"{"rule_id":"r","rule_source":{"type":"external"}}"#)
            .keeps(r#"{"rule_id":"r","immutable":false,"rule_source":{"type":"external"}}"#);
    }

    #[test]
    fn strips_lists_items_and_their_comments() {
        check("strip-server-fields = {}")
            .turns(
                r#"{"_version":"W","id":"1","list_id":"l","tie_breaker_id":"t","version":1,"immutable":false}"#,
                r#"{"list_id":"l","version":1,"immutable":false}"#,
            )
            .turns(
                r#"{"item_id":"i","comments":[ {"comment":"\u0061", "created_at":"t","id":"1"} ],"created_at":"t"}"#,
                r#"{"item_id":"i","comments":[ {"comment":"\u0061"} ]}"#,
            )
            .keeps(r#"{"item_id":"i","comments":null}"#)
            .refuses(r#"{"item_id":"i","comments":"c"}"#, "`comments` must be an array, found a string");
    }

    #[test]
    fn strips_saved_objects_but_not_their_ids() {
        check("strip-server-fields = {}")
            .turns(
                r#"{"id":"c","type":"action","originId":"o","updated_at":"t","version":"W","attributes":{"id":1}}"#,
                r#"{"id":"c","type":"action","attributes":{"id":1}}"#,
            )
            .keeps(r#"{"id":"c","type":"dashboard","originId":"o","attributes":{}}"#);
    }

    #[test]
    fn spares_what_it_is_told_to() {
        check(r#"strip-server-fields = { keeps = ["updated_at", "comments", "rule_source"] }"#)
            .turns(
                r#"{"rule_id":"r","rule_source":{"type":"internal"},"updated_at":"t","updated_by":"u"}"#,
                r#"{"rule_id":"r","rule_source":{"type":"internal"},"updated_at":"t"}"#,
            )
            .keeps(r#"{"item_id":"i","comments":[{"comment":"c","id":"1"}],"updated_at":"t"}"#);
        assert_eq!(
            refused_settings(r#"strip-server-fields = { keeps = ["update_at"] }"#),
            "unknown server field `update_at`; did you mean `updated_at`?"
        );
    }
}
