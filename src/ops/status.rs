//! Can a Kibana be used, and for what?

use std::sync::Arc;

use serde::Deserialize;

use super::pages::{self, Connector, Counted};
use crate::error::{ErrorKind, Result};
use crate::kibana::{Client, Method, Request, Space, Upload};
use crate::schema::Target;

/// What a Kibana says of itself.
#[derive(Debug)]
pub struct Status {
    /// Its version, as in `9.5.1`; none where it tells only those who are logged in.
    pub version: Option<Box<str>>,
    /// `traditional` or `serverless`, where it says so.
    pub flavor: Option<Box<str>>,
    /// `available`, or what it is instead.
    pub health: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Answer {
    version: Option<Version>,
    status: Option<Health>,
}

#[derive(Deserialize)]
struct Version {
    number: Option<Box<str>>,
    build_flavor: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Health {
    overall: Option<Overall>,
}

#[derive(Deserialize)]
struct Overall {
    level: Option<Box<str>>,
    // Kibana 7 says `state`.
    state: Option<Box<str>>,
}

impl Status {
    /// Asks `/api/status`.
    pub fn of(client: &Client) -> Result<Self> {
        let answer: Answer = client
            .send(&Request::new(Method::Get, "/api/status"))?
            .json()?;
        let (version, flavor) = match answer.version {
            Some(version) => (version.number, version.build_flavor),
            None => (None, None),
        };
        let overall = answer.status.and_then(|status| status.overall);
        Ok(Self {
            version,
            flavor,
            health: overall.and_then(|overall| overall.level.or(overall.state)),
        })
    }

    /// The version as a target that facts are known of; none where it is not told, or is older than any.
    pub fn target(&self) -> Option<Target> {
        if self.flavor.as_deref() == Some("serverless") {
            return Some(Target::SERVERLESS);
        }
        // `8.18.0-SNAPSHOT` is 8.18.
        let number = self.version.as_deref()?.split('-').next()?;
        number.parse().ok()
    }
}

/// Whether something may be done, as far as it can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It may.
    Granted,
    /// The server refuses it; its words.
    Refused(Box<str>),
    /// It failed in another way, so nobody knows; the words of the error.
    Unknown(Box<str>),
}

impl Access {
    /// Whether it may be done.
    pub fn is_granted(&self) -> bool {
        *self == Self::Granted
    }

    fn of<T>(result: Result<T>) -> (Self, Option<T>) {
        match result {
            Ok(value) => (Self::Granted, Some(value)),
            Err(error) => {
                let words = error.to_string().into();
                let refused = matches!(
                    error.kind(),
                    ErrorKind::Status {
                        status: 401 | 403,
                        ..
                    }
                );
                (
                    if refused {
                        Self::Refused(words)
                    } else {
                        Self::Unknown(words)
                    },
                    None,
                )
            }
        }
    }
}

/// The connectors of a space.
#[derive(Debug, Clone, Default)]
pub struct Connectors {
    /// How many there are, system ones left out.
    pub count: usize,
    /// Those that cannot be used before somebody gives them their secrets: id and name.
    pub without_secrets: Vec<(Box<str>, Box<str>)>,
}

/// What the credentials can do in one space.
#[derive(Debug)]
pub struct SpaceStatus {
    /// The space.
    pub space: Space,
    /// How many rules it has.
    pub rules: Option<u64>,
    /// How many exception lists, those of all spaces too.
    pub lists: Option<u64>,
    /// Its connectors.
    pub connectors: Connectors,
    /// Whether rules can be read.
    pub reads_rules: Access,
    /// Whether exception lists can be read.
    pub reads_lists: Access,
    /// Whether connectors can be read.
    pub reads_connectors: Access,
    /// Whether rules can be imported.
    pub imports: Access,
    /// Whether the server can enable rules: without an encryption key it cannot.
    pub has_encryption_key: Option<bool>,
}

impl SpaceStatus {
    /// Asks all that can be asked without changing anything.
    ///
    /// The privilege to import shows only when one imports, so a file without a line is: Kibana answers with zeros
    /// (import-export.md §3.2).
    pub fn of(client: &Client, space: &Space) -> Self {
        #[derive(Deserialize)]
        struct Privileges {
            has_encryption_key: Option<bool>,
        }
        let (reads_rules, rules) = Access::of(pages::total(client, space, Counted::Rules));
        let (reads_lists, lists) = Access::of(pages::total(client, space, Counted::Lists));
        let (reads_connectors, connectors) = Access::of(pages::connectors(client, space));
        let (imports, _) = Access::of(empty_import(client, space));
        let request = Request::new(Method::Get, "/api/detection_engine/privileges").in_space(space);
        let privileges = client
            .send(&request)
            .and_then(|mut reply| reply.json::<Privileges>());
        Self {
            space: space.clone(),
            rules,
            lists,
            connectors: connectors
                .map(|connectors| Connectors::of(&connectors))
                .unwrap_or_default(),
            reads_rules,
            reads_lists,
            reads_connectors,
            imports,
            has_encryption_key: privileges
                .ok()
                .and_then(|privileges| privileges.has_encryption_key),
        }
    }

    /// What the space is ready for, in one sentence, and why not for the rest.
    pub fn sentence(&self, target: Option<Target>) -> String {
        let mut reasons: Vec<String> = Vec::new();
        let mut note = |access: &Access, what: &str| match access {
            Access::Granted => {}
            Access::Refused(words) | Access::Unknown(words) => {
                reasons.push(format!("no {what} ({words})"));
            }
        };
        note(&self.reads_rules, "rules");
        note(&self.reads_lists, "exception lists");
        note(&self.reads_connectors, "connectors");
        note(&self.imports, "import");
        let exports = self.reads_rules.is_granted() && self.reads_lists.is_granted();
        let mut imports = exports && self.imports.is_granted();
        let mut with_connectors = imports && self.reads_connectors.is_granted();
        if target.is_some_and(|target| target < FIRST_WITH_EXCEPTIONS) {
            reasons.push("before 8.0 an import leaves out exceptions".into());
            imports = false;
            with_connectors = false;
        } else if target.is_some_and(|target| target < FIRST_WITH_CONNECTORS) {
            reasons.push("before 8.7 an import leaves out connectors".into());
            with_connectors = false;
        }
        if self.has_encryption_key == Some(false) {
            reasons.push("the server has no encryption key, so no rule can be enabled".into());
        }
        let ready: Vec<&str> = [
            (exports, "export"),
            (imports, "import"),
            (with_connectors, "import with connectors"),
        ]
        .into_iter()
        .filter_map(|(is_ready, what)| is_ready.then_some(what))
        .collect();
        let ready = match ready.as_slice() {
            [] => "not ready for anything".to_owned(),
            [one] => format!("ready to {one}"),
            [head @ .., last] => format!("ready to {} and {last}", head.join(", ")),
        };
        if reasons.is_empty() {
            ready
        } else {
            format!("{ready}: {}", reasons.join("; "))
        }
    }
}

/// The first version whose import takes exceptions (import-export.md §8).
const FIRST_WITH_EXCEPTIONS: Target = Target::version(8, 0);
/// The first version whose import takes connectors.
const FIRST_WITH_CONNECTORS: Target = Target::version(8, 7);

impl Connectors {
    fn of(connectors: &[Connector]) -> Self {
        let own = connectors
            .iter()
            .filter(|connector| !connector.is_system_action);
        let without_secrets = connectors
            .iter()
            .filter(|connector| connector.is_missing_secrets)
            .map(|connector| (connector.id.clone(), connector.name.clone()));
        Self {
            count: own.count(),
            without_secrets: without_secrets.collect(),
        }
    }
}

fn empty_import(client: &Client, space: &Space) -> Result<()> {
    let nothing: Arc<[u8]> = Arc::from(Vec::new());
    let upload = Upload::new("nothing.ndjson", Arc::new(nothing), || 0)
        .map_err(|source| crate::error::Error::io("making an empty file", source))?;
    // Twice nothing is nothing.
    let request = Request::new(Method::Post, "/api/detection_engine/rules/_import")
        .in_space(space)
        .file(upload)
        .replayed();
    client.send(&request).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(number: &str, flavor: &str) -> Status {
        Status {
            version: Some(number.into()),
            flavor: Some(flavor.into()),
            health: None,
        }
    }

    fn space() -> SpaceStatus {
        SpaceStatus {
            space: Space::default(),
            rules: Some(1),
            lists: Some(1),
            connectors: Connectors::default(),
            reads_rules: Access::Granted,
            reads_lists: Access::Granted,
            reads_connectors: Access::Granted,
            imports: Access::Granted,
            has_encryption_key: Some(true),
        }
    }

    #[test]
    fn versions_are_targets() {
        assert_eq!(
            status("9.5.1", "traditional").target(),
            Some(Target::version(9, 5))
        );
        assert_eq!(
            status("8.18.0-SNAPSHOT", "traditional").target(),
            Some(Target::version(8, 18))
        );
        assert_eq!(
            status("9.6.0", "serverless").target(),
            Some(Target::SERVERLESS)
        );
        assert_eq!(status("7.10.2", "traditional").target(), None);
    }

    #[test]
    fn the_sentence_says_what_for_and_why_not() {
        let newest = Some(Target::NEWEST);
        assert_eq!(
            space().sentence(newest),
            "ready to export, import and import with connectors"
        );
        assert_eq!(
            space().sentence(Some(Target::version(8, 6))),
            "ready to export and import: before 8.7 an import leaves out connectors"
        );
        let mut reader = space();
        reader.imports = Access::Refused("403".into());
        assert_eq!(reader.sentence(newest), "ready to export: no import (403)");
        reader.reads_rules = Access::Unknown("500".into());
        reader.has_encryption_key = Some(false);
        assert_eq!(
            reader.sentence(newest),
            "not ready for anything: no rules (500); no import (403); the server has no encryption key, so no rule can be enabled"
        );
    }
}
