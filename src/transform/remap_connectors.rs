//! `remap-connectors`: sends the actions of rules through other connectors.

use std::collections::{HashMap, HashSet};

use super::connector_map::{self, Pair};
use super::{Census, Setup, Transform, Verdict, ids};
use crate::error::{Error, Result};
use crate::record::{Kind, Kinds, Record};

/// Sends the actions of rules through other connectors, such as those that the target already has.
///
/// All of OLD=NEW are done at once, so two connectors can change places; an OLD that no rule uses is no error. An action's
/// `action_type_id` stays as it was: what type NEW has, only the target knows.
///
/// The line of a connector that was mapped is dropped, once no rule uses it under its old id: its place is taken by one that
/// exists. Imported under the new id it would meet that one, and then Kibana 8 and 9 import either no connector of the file
/// at all or, told to overwrite, wipe that one's secrets.
///
/// With `--keep-connectors` the lines stay and get the new id instead, as when connectors are given ids of one's choice;
/// their `originId` goes, by which Kibana before 8.19 and 9.1 would meet other connectors. Where two connectors become
/// one, both lines stay, for `dedupe` to tell.
///
/// In a pipeline file: `maps = ["OLD=NEW"]` or `maps = { OLD = "NEW" }`.
///
/// Example: ruleferry edit remap-connectors --map soc-slack=tenant1-slack --map-file more.csv export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RemapConnectors {
    /// A connector's id in the file and the id to write; may be given again.
    #[arg(long = "map", value_name = "OLD=NEW")]
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "connector_map::pairs"
    )]
    maps: Vec<Pair>,

    /// A CSV file of such pairs, `old,new` on each line; a header of these words may come first.
    #[arg(long, value_name = "FILE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    map_file: Option<String>,

    /// Keeps the connectors in the file and gives them the new ids.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    keep_connectors: bool,

    /// All pairs, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    new_ids: HashMap<String, String>,
}

impl Transform for RemapConnectors {
    fn kinds(&self) -> Kinds {
        if self.keep_connectors {
            Kinds::of(&[Kind::Rule, Kind::Connector])
        } else {
            Kinds::RULES
        }
    }

    fn takes_only(&self) -> bool {
        !self.keep_connectors
    }

    fn is_idempotent(&self) -> bool {
        // What a file maps is not known before it is read.
        self.map_file.is_none()
            && !self
                .maps
                .iter()
                .any(|a| self.maps.iter().any(|b| a.new == b.old && b.new != b.old))
    }

    fn prepare(&mut self, setup: &mut dyn Setup) -> Result<()> {
        let mut pairs = self.maps.clone();
        if let Some(file) = &self.map_file {
            pairs.extend(connector_map::read_csv(file, &setup.read(file)?)?);
        } else if pairs.is_empty() {
            return Err(Error::usage(
                "`remap-connectors` needs `map` (`OLD=NEW`) or `map-file`, found neither",
            ));
        }
        for Pair { old, new } in pairs {
            match self.new_ids.get(&old) {
                Some(other) if *other != new => {
                    return Err(Error::usage(format!(
                        "`{old}` must have one new id, found `{other}` and `{new}`"
                    )));
                }
                _ => self.new_ids.insert(old, new),
            };
        }
        Ok(())
    }

    fn follow_up(&self) -> Option<Box<dyn Transform>> {
        let new_ids = &self.new_ids;
        let replaced = || Replaced {
            old: new_ids.keys().cloned().collect(),
            new: new_ids.values().cloned().collect(),
        };
        (!self.keep_connectors).then(|| Box::new(replaced()) as Box<dyn Transform>)
    }

    fn apply(&self, record: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let new = |old: &str| self.new_ids.get(old).cloned();
        if record.kind() == Kind::Rule {
            ids::rename_each(record, Kind::Connector, ("actions", "id"), new)?;
        } else if record.is_connector() && ids::rename(record, Kind::Connector, "id", new)? {
            record.remove("originId");
        }
        Ok(Verdict::Keep)
    }
}

/// Drops connectors that were replaced.
#[derive(Debug)]
struct Replaced {
    old: HashSet<String>,
    new: HashSet<String>,
}

impl Transform for Replaced {
    fn kinds(&self) -> Kinds {
        Kinds::of(&[Kind::Connector])
    }

    fn needs_census(&self) -> bool {
        true
    }

    fn apply(&self, connector: &mut Record<'_>, census: &Census) -> Result<Verdict> {
        let is_replaced = |id: &str| {
            // An id that is new as well now names the connector of the target, however many rules use it.
            self.old.contains(id) && (self.new.contains(id) || !census.uses_connector(id))
        };
        let goes =
            connector.is_connector() && connector.str("id").is_some_and(|id| is_replaced(&id));
        Ok(if goes { Verdict::Drop } else { Verdict::Keep })
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Note;
    use crate::transform::testing::{check, refused_settings};

    const A: &str = r#"{"id":"a","type":"action","attributes":{}, "originId":"o","version":"w"}"#;

    #[test]
    fn actions_change_and_replaced_connectors_go() {
        check(r#"remap-connectors = { maps = ["a=x", "nowhere=y"] }"#)
            .turns(
                &format!("{}\n{A}\n", r#"{"rule_id":"a","actions":[ {"id": "\u0061","params":{"id":"a"}} ,{"id":"b"},{"id":"a"}]}"#),
                "{\"rule_id\":\"a\",\"actions\":[ {\"id\": \"x\",\"params\":{\"id\":\"a\"}} ,{\"id\":\"b\"},{\"id\":\"x\"}]}\n",
            )
            .keeps(r#"{"id":"b","type":"action","attributes":{}}"#)
            .keeps(r#"{"id":"a","type":"dashboard","attributes":{}}"#)
            .keeps(r#"{"rule_id":"a"}"#);
    }

    #[test]
    fn kept_connectors_get_the_new_id() {
        check(r#"remap-connectors = { maps = ["a=x"], keep-connectors = true }"#)
            .turns(
                A,
                r#"{"id":"x","type":"action","attributes":{},"version":"w"}"#,
            )
            .keeps(r#"{"id":"x","type":"action","attributes":{},"originId":"o"}"#)
            .keeps(r#"{"id":"a","type":"dashboard","attributes":{}}"#)
            .notes(
                A,
                &[Note::Renamed {
                    what: "connector",
                    old: "a".into(),
                    new: "x".into(),
                }],
            );
    }

    #[test]
    fn connectors_can_change_places() {
        check(r#"remap-connectors = { maps = { a = "b", b = "a" } }"#)
            .turns(
                r#"{"rule_id":"r","actions":[{"id":"a"},{"id":"b"}]}"#,
                r#"{"rule_id":"r","actions":[{"id":"b"},{"id":"a"}]}"#,
            )
            .turns(
                &format!("{}\n{A}\n", r#"{"rule_id":"r","actions":[{"id":"b"}]}"#),
                "{\"rule_id\":\"r\",\"actions\":[{\"id\":\"a\"}]}\n",
            );
    }

    #[test]
    fn a_connector_that_a_rule_still_uses_stays() {
        // The rule cannot be edited and passes as it is.
        let broken = r#"{"rule_id":"r","actions":[{"id":"a"},{"id":1}]}"#;
        check(r#"remap-connectors = { maps = ["a=x"] }"#)
            .refuses(broken, "`id` must be a string, found a number")
            .refuses(
                &format!("{broken}\n{A}\n"),
                "`id` must be a string, found a number",
            );
    }

    #[test]
    fn array_and_table_say_the_same() {
        let printed = |step: &str| {
            crate::pipeline::Pipeline::from_step(step)
                .unwrap()
                .to_toml()
                .unwrap()
        };
        let array = printed(r#"remap-connectors = { maps = [" a =b=c"] }"#);
        assert_eq!(
            array,
            printed(r#"remap-connectors = { maps = { a = "b=c" } }"#)
        );
        assert_eq!(
            array,
            "[[step]]\nremap-connectors = { maps = [\"a=b=c\"] }\n"
        );
    }

    #[test]
    fn refuses_maps_that_make_no_sense() {
        let refusals = [
            (
                "{}",
                "`remap-connectors` needs `map` (`OLD=NEW`) or `map-file`, found neither",
            ),
            (r#"{ maps = ["a"] }"#, "a map must be `OLD=NEW`, found `a`"),
            (
                r#"{ maps = ["a="] }"#,
                "a map must be `OLD=NEW`, found `a=`",
            ),
            (
                r#"{ maps = { "a=b" = "c" } }"#,
                "an id must have no `=`, found `a=b`; use `map-file`",
            ),
            (
                r#"{ maps = ["a=b", "a=b", "a=c"] }"#,
                "`a` must have one new id, found `b` and `c`",
            ),
            (
                r#"{ maps = ["a=system-connector-.cases"] }"#,
                "`system-connector-.cases` is a system connector, whose actions cannot go through another kind of connector",
            ),
        ];
        for (settings, message) in refusals {
            assert_eq!(
                refused_settings(&format!("remap-connectors = {settings}")),
                message
            );
        }
    }
}
