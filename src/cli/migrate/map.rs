//! `--map-file`: what is particular to single targets, as steps of a pipeline.

use std::path::Path;

use ruleferry::error::{Error, Location, Result};
use ruleferry::kibana::Space;
use ruleferry::pipeline::{Pipeline, Step};
use serde::Deserialize;
use toml::{Table, Value};

use super::connectors;
use super::reference::{Replacement, replacements};
use super::side::Side;
use crate::cli::connection::Target;
use crate::cli::secrets::warn_elsewhere;

/// What is particular to targets, in the order of the file.
#[derive(Default)]
pub(super) struct Map(Vec<Overlay>);

/// What is particular to some.
struct Overlay {
    targets: Vec<Target>,
    connectors: Vec<Replacement>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    target: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Section {
    /// As in `["dr/soc-*"]`.
    to: Vec<String>,
    /// Connectors of the source and those of the target that take their place, by id or name.
    #[serde(default)]
    connectors: Table,
    /// Index patterns of the source and what takes their place.
    #[serde(default)]
    index_patterns: Table,
    /// Rules that arrive disabled: KQL, or `*` for all.
    disable: Option<String>,
    #[serde(default)]
    step: Vec<Step>,
}

impl Map {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = path.to_string_lossy();
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::io(format!("reading `{shown}`"), source))?;
        Self::parse(&text).map_err(|error| error.in_file(&shown))
    }

    fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = 1 + text[..start].matches('\n').count() as u64;
            Error::usage(error.message().trim_end().replace('\n', ", ")).at(Location {
                line,
                ..Location::default()
            })
        })?;
        let overlays = file.target.into_iter().map(Section::overlay);
        overlays.collect::<Result<_>>().map(Self)
    }

    /// The steps for a space, but for its connectors.
    pub(super) fn steps(&self, side: &Side, space: &Space) -> Vec<Step> {
        let fitting = self.fitting(side, space).into_iter();
        fitting.flat_map(|it| it.steps.clone()).collect()
    }

    /// Which connectors take the place of which in a space; what comes first counts.
    pub(super) fn connectors(&self, side: &Side, space: &Space) -> Vec<&Replacement> {
        let fitting = self.fitting(side, space).into_iter();
        fitting.flat_map(|it| &it.connectors).collect()
    }

    /// Whether anything is said of connectors.
    pub(super) fn has_connectors(&self) -> bool {
        self.0.iter().any(|it| !it.connectors.is_empty())
    }

    /// Warns of what is for targets that the run does not have.
    pub(super) fn warn_of_others(&self, sides: &[Side]) {
        let is_met = |target: &Target| sides.iter().any(|side| side.is_meant_by(target));
        for overlay in self.0.iter().filter(|it| !it.targets.iter().any(is_met)) {
            warn_elsewhere("the steps of `--map-file`", &overlay.targets);
        }
    }

    fn fitting(&self, side: &Side, space: &Space) -> Vec<&Overlay> {
        let is_at = |target: &Target| target.is_at(&side.connected.name, space);
        let overlays = self.0.iter();
        overlays.filter(|it| it.targets.iter().any(is_at)).collect()
    }
}

impl Section {
    fn overlay(self) -> Result<Overlay> {
        let mut steps = Vec::new();
        let mut add = |only: Option<String>, name: &str, settings: Table| -> Result<()> {
            let mut step = Table::new();
            if let Some(only) = only {
                step.insert("only".into(), only.into());
            }
            step.insert(name.into(), settings.into());
            steps.extend_from_slice(Pipeline::from_step(&step.to_string())?.steps());
            Ok(())
        };
        if !self.index_patterns.is_empty() {
            let mut settings = Table::new();
            let replaces = pairs(&self.index_patterns, "index-patterns")?;
            settings.insert("replaces".into(), replaces);
            settings.insert("threat-index".into(), true.into());
            settings.insert("esql".into(), true.into());
            add(None, "replace-index-patterns", settings)?;
        }
        if let Some(only) = self.disable {
            add(
                Some(only).filter(|only| only != "*"),
                "disable",
                Table::new(),
            )?;
        }
        steps.extend(self.step);
        let connectors = replacements(&self.connectors)?;
        connectors::check(&connectors)?;
        Ok(Overlay {
            connectors,
            targets: self
                .to
                .iter()
                .map(|target| target.parse())
                .collect::<Result<_>>()?,
            steps,
        })
    }
}

/// A table as `OLD=NEW`.
fn pairs(table: &Table, name: &str) -> Result<Value> {
    let pair = |(old, new): (&String, &Value)| match new.as_str() {
        Some(new) => Ok(Value::from(format!("{old}={new}"))),
        None => Err(Error::usage(format!(
            "`{name}` must have a text for each key, found {} for `{old}`",
            new.type_str()
        ))),
    };
    table
        .iter()
        .map(pair)
        .collect::<Result<Vec<_>>>()
        .map(Value::Array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_become_steps() {
        let text = r#"
            [[target]]
            to = ["dr/soc-*", "dr/emea"]
            connectors = { c-old = "c-new" }
            index-patterns = { "logs-*" = "dr-logs-*" }
            disable = "severity:low"
            [[target.step]]
            add-tags = { tags = ["dr"] }
        "#;
        let map = Map::parse(text).unwrap();
        let names: Vec<&str> = map.0[0]
            .steps
            .iter()
            .map(|step| step.transform.name())
            .collect();
        assert_eq!(names, ["replace-index-patterns", "disable", "add-tags"]);
        assert_eq!(map.0[0].connectors.len(), 1);
        assert_eq!(map.0[0].targets.len(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "[[targets]]",
            "[[target]]\nconnectors = {}",
            "[[target]]\nto = [\"a\"]\nconnectors = { a = 1 }",
            "[[target]]\nto = [\"a\"]\nconnectors = { a = \"system-connector-.cases\" }",
            "[[target]]\nto = [\"a b\"]",
            "[[target]]\nto = [\"a\"]\ndisable = \"nme:x\"",
        ] {
            assert!(Map::parse(text).is_err(), "{text}");
        }
    }
}
