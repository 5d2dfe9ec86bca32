//! Which connector of a space takes the place of one of another space? The one of the same name and type, where that is one alone.

use super::beyond::is_untold;
use super::pages::{Connector, connectors, origins};
use crate::error::Result;
use crate::kibana::{Client, Space};

/// The connectors of a space that actions of rules can be pointed at.
#[derive(Debug, Default)]
pub struct Candidates {
    connectors: Vec<Connector>,
    /// Connectors and the ids that they were once imported by.
    origins: Vec<(Box<str>, Box<str>)>,
}

/// What a space has of a name.
#[derive(Debug)]
pub enum Found<'c> {
    /// One connector.
    One(&'c Connector),
    /// None.
    None,
    /// Several.
    Several(Vec<&'c Connector>),
    /// One, and another that was once imported by its id: an import takes an action through that id for either of them, and drops
    /// it (import-export.md §6.4).
    Blurred(&'c Connector, &'c str),
}

impl Candidates {
    /// Reads them: all but those that Kibana itself made.
    pub fn read(client: &Client, space: &Space) -> Result<Self> {
        let mut connectors = connectors(client, space)?;
        connectors.retain(|it| !it.is_system_action);
        let origins = match origins(client, space) {
            Err(error) if is_untold(&error) => Vec::new(),
            origins => origins?,
        };
        Ok(Self {
            connectors,
            origins,
        })
    }

    /// The connector of this name, and of this type if one is given, for one that had the id `old`. Of several, that which has the id
    /// or was imported by it.
    pub fn named(&self, name: &str, ty: Option<&str>, old: &str) -> Found<'_> {
        let is_it =
            |it: &&Connector| *it.name == *name && ty.is_none_or(|ty| *it.connector_type_id == *ty);
        let found: Vec<&Connector> = self.connectors.iter().filter(is_it).collect();
        let is_same = |it: &&&Connector| self.is_from(&it.id, old);
        let one = match found.as_slice() {
            [] => return Found::None,
            [one] => *one,
            several => {
                let mut same = several.iter().filter(is_same);
                match (same.next(), same.next()) {
                    (Some(one), None) => *one,
                    _ => return Found::Several(found),
                }
            }
        };
        let mut origins = self.origins.iter();
        match origins.find(|(own, origin)| *origin == one.id && *own != one.id) {
            Some((other, _)) => Found::Blurred(one, other),
            None => Found::One(one),
        }
    }

    /// Whether the connector of this id is the one that had the id `old`, by its own id or by the one that it was imported by.
    pub fn is_from(&self, id: &str, old: &str) -> bool {
        let mut origins = self.origins.iter();
        id == old || origins.any(|(own, origin)| **own == *id && **origin == *old)
    }

    /// All of them.
    pub fn all(&self) -> &[Connector] {
        &self.connectors
    }

    /// The connector of this id.
    pub fn get(&self, id: &str) -> Option<&Connector> {
        self.connectors.iter().find(|it| *it.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Candidates {
        let connectors = r#"[
            {"id":"s","name":"Slack","connector_type_id":".slack"},
            {"id":"t","name":"Slack","connector_type_id":".teams"},
            {"id":"p","name":"Mail","connector_type_id":".email","is_preconfigured":true},
            {"id":"m1","name":"Twice","connector_type_id":".email"},
            {"id":"m2","name":"Twice","connector_type_id":".email"},
            {"id":"m3","name":"Made","connector_type_id":".email"}
        ]"#;
        Candidates {
            connectors: serde_json::from_str(connectors).unwrap(),
            origins: vec![("m2".into(), "from".into()), ("t".into(), "m3".into())],
        }
    }

    fn named(name: &str, ty: Option<&str>, old: &str) -> String {
        match candidates().named(name, ty, old) {
            Found::One(one) => one.id.to_string(),
            Found::None => "none".into(),
            Found::Several(several) => format!("{} of them", several.len()),
            Found::Blurred(one, other) => format!("{} or {other}", one.id),
        }
    }

    #[test]
    fn name_and_type_must_both_be_the_same() {
        assert_eq!(named("Slack", Some(".slack"), "x"), "s");
        assert_eq!(named("Slack", Some(".teams"), "x"), "t");
        assert_eq!(named("Mail", Some(".email"), "x"), "p");
        assert_eq!(named("slack", Some(".slack"), "x"), "none");
        assert_eq!(named("Slack", Some(".email"), "x"), "none");
        assert_eq!(named("Slack", None, "x"), "2 of them");
    }

    #[test]
    fn of_several_the_one_that_came_from_there_is_meant() {
        assert_eq!(named("Twice", Some(".email"), "x"), "2 of them");
        assert_eq!(named("Twice", Some(".email"), "m1"), "m1");
        assert_eq!(named("Twice", Some(".email"), "from"), "m2");
    }

    #[test]
    fn what_an_import_could_not_tell_apart_is_not_taken() {
        assert_eq!(named("Made", Some(".email"), "x"), "m3 or t");
    }
}
