//! `convert-version`: makes a bundle fit another version of Kibana.

mod connector;
mod pace;
#[cfg(test)]
mod tests;
mod walk;

use walk::{Fit, Walk, known};

use super::{Census, Setup, Transform, Verdict, ids};
use crate::error::{Error, PathStep, Result};
use crate::json::Raw;
use crate::record::{Effect, Kind, Kinds, Note, Record};
use crate::schema::Target;

/// Makes a bundle fit an older Kibana, and itemises what is lost.
///
/// What `--to` does not know is removed: the Kibana would drop it without a word or, before about 8.10, refuse the rule for
/// it, as it does for keys that no Kibana knows. What it knows in another form gets that form: `investigation_fields` is an
/// array in 8.10; before 8.8 the `frequency` of actions becomes the rule's one `throttle`, that of the action that runs most
/// often; connectors for 8.7 have `migrationVersion`. `originId` goes where the import does not take it off itself. Since
/// when something is known stands in one table, the one that `check --target` goes by; where that rests on no source, the
/// report says "about".
///
/// A record that the Kibana cannot import, or that would mean something else there, is left out and named: rules of a type
/// that is unknown (`new_terms`, `esql`), threshold rules that group by more than 3 fields before 9.2, indicator match rules
/// with a negated mapping before 9.2, exceptions with an `expire_time` before 8.7, which would never end, connectors before
/// 8.7, exception lists and items before 8.0, lists of endpoint artifacts before 9.4. Rules keep their references to lists and
/// connectors that are left out: the target may have them.
///
/// Before 8.18 Elastic's own rules cannot be imported. They become custom rules, `immutable: false` with a new `rule_id`, so
/// that the import does not meet the rule that the target has installed; `--prebuilt drop` leaves them out. The new ids are
/// made from the old ones and the same in every run.
///
/// Each loss is reported with the record, the place in it and the value: one line for each with `-v` or `--format json`, else
/// one for all of a sort. What a Kibana makes itself (`revision`, `rule_source`) is told apart from what was lost. For a newer
/// Kibana there is little to do: it reads what older ones wrote.
///
/// An import that overwrites rules keeps the old value of what the file does not have before 8.13: delete the rules there first.
///
/// Example: ruleferry edit convert-version --to 8.9 export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConvertVersion {
    /// The Kibana the bundle is for: `7.17` to `9.x`, or `serverless`.
    #[arg(long, value_name = "VERSION")]
    to: Target,
    /// What becomes of Elastic's own rules where they cannot be imported, before 8.18.
    #[arg(long, value_enum, default_value_t)]
    #[serde(default, skip_serializing_if = "Prebuilt::is_custom")]
    prebuilt: Prebuilt,
    /// A text that new ids of Elastic's own rules are made from as well, to have several copies.
    #[arg(long, value_name = "SEED")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
}

/// What becomes of Elastic's own rules.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    clap::ValueEnum,
    serde::Deserialize,
    serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
enum Prebuilt {
    /// They become custom rules with new ids.
    #[default]
    Custom,
    /// They are left out.
    Drop,
}

impl Prebuilt {
    /// Whether nothing was said.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands it a reference"
    )]
    fn is_custom(&self) -> bool {
        *self == Self::Custom
    }
}

/// What ids of Elastic's own rules are made from where no seed is given. Another text would give other ids than last time.
const SEED: &str = "convert-version";

/// Whether the record goes on; if not, why it is left out.
type Stays = Result<(), String>;

impl ConvertVersion {
    fn convert(&self, record: &mut Record<'_>, walk: &mut Walk) -> Result<Stays> {
        let Some(shape) = walk.schema.kind(record.kind()) else {
            return Ok(Ok(()));
        };
        if let Some(since) = walk.newer(shape.since) {
            return Ok(Err(no_such_lines(record.kind(), &known(since))));
        }
        match record.kind() {
            Kind::Rule => self.rule(record, walk),
            Kind::ExceptionList | Kind::ExceptionItem => {
                if let Some(why) = self.artifact(record) {
                    return Ok(Err(why));
                }
                self.strip_origin(record, walk);
                empty_fields(record, walk);
                stays(walk.object(shape, record)?)
            }
            Kind::Connector if record.is_connector() => {
                self.strip_origin(record, walk);
                connector::migration(record, walk);
                stays(walk.object(shape, record)?)
            }
            Kind::Connector | Kind::Details | Kind::Other => Ok(Ok(())),
        }
    }

    fn rule(&self, rule: &mut Record<'_>, walk: &mut Walk) -> Result<Stays> {
        let name = rule.str("type").unwrap_or_default();
        let Some(shape) = walk.schema.rule(&name) else {
            // No Kibana takes it, so there is none to make it fit for.
            return Ok(Ok(()));
        };
        if let Some(since) = walk.newer(shape.since) {
            return Ok(Err(format!("rule type `{name}` is {}", known(since))));
        }
        let most = walk.schema.threshold_fields(self.to);
        let count = rule
            .get("threshold")
            .and_then(|threshold| threshold.get("field"))
            .map_or(0, |field| field.elements().count());
        if name == "threshold" && count > most {
            return Ok(Err(format!(
                "`threshold.field` has {count} elements, and the target groups by at most {most}"
            )));
        }
        if !self.to.imports_prebuilt() && rule.is_prebuilt() {
            if self.prebuilt == Prebuilt::Drop {
                let why = "it is one of Elastic's own, which cannot be imported before 8.18";
                return Ok(Err(why.into()));
            }
            self.custom(rule, walk)?;
        }
        self.strip_origin(rule, walk);
        pace::convert(rule, walk)?;
        stays(walk.object(shape, rule)?)
    }

    /// Makes one of Elastic's own rules a custom one.
    fn custom(&self, rule: &mut Record<'_>, walk: &mut Walk) -> Result<()> {
        let seed = self.seed.as_deref().unwrap_or(SEED);
        ids::rename(rule, Kind::Rule, "rule_id", |old| {
            Some(ids::derived(Kind::Rule, seed, old))
        })?;
        if let Some(immutable) = rule.get("immutable").filter(|it| it.text() == "true") {
            let why = "Elastic's own rules cannot be imported before 8.18; it becomes a custom rule with a new `rule_id`, which Elastic does not update";
            walk.note_at(&["immutable".into()], Effect::Lost, immutable.text(), why);
            rule.set("immutable", "false");
        }
        if let Some(source) = rule.get("rule_source") {
            let why = "it becomes a custom rule; Kibana says so itself";
            walk.note_at(&["rule_source".into()], Effect::Cleared, source.text(), why);
            rule.remove("rule_source");
        }
        Ok(())
    }

    /// Takes `originId` off, where the import does not.
    fn strip_origin(&self, record: &mut Record<'_>, walk: &mut Walk) {
        if self.to.strips_origin_id() {
            return;
        }
        if let Some(origin) = record.get("originId") {
            let why = "before 8.19 and 9.1 the import stumbles over it";
            walk.note_at(&["originId".into()], Effect::Cleared, origin.text(), why);
            record.remove("originId");
        }
    }

    /// Why a record of a list of endpoint artifacts cannot stay, if it is one.
    fn artifact(&self, record: &Record<'_>) -> Option<String> {
        let id = record.list_key()?.id;
        let is_artifact = id.is_reserved() && id.as_str() != "endpoint_list";
        (is_artifact && self.to < Target::IMPORTS_ARTIFACTS).then(|| {
            format!(
                "`{}` is a list of endpoint artifacts, for which the whole file is refused before {}",
                id.as_str(),
                Target::IMPORTS_ARTIFACTS
            )
        })
    }
}

/// Takes an empty `investigation_fields` off what is no rule: newer importers do so before they refuse the key.
fn empty_fields(record: &mut Record<'_>, walk: &mut Walk) {
    const KEY: &str = "investigation_fields";
    let rule = walk.schema.kind(Kind::Rule);
    let field = rule.and_then(|rule| rule.field(KEY));
    let is_taken_off = field.is_none_or(|field| walk.newer(field.object_since).is_none());
    let is_empty = |value: Raw<'_>| value.text().starts_with('[') && value.elements().count() == 0;
    if let Some(value) = record
        .get(KEY)
        .filter(|value| !is_taken_off && is_empty(*value))
    {
        let why = "it is empty, and the record would be refused for it";
        walk.note_at(&[KEY.into()], Effect::Cleared, value.text(), why);
        record.remove(KEY);
    }
}

/// Why lines of this kind are left out.
fn no_such_lines(kind: Kind, known: &str) -> String {
    let then = match kind {
        Kind::Connector => "the actions that go through it need it in the target, under this id",
        Kind::ExceptionItem => "make it in its list in the target",
        _ => "the rules that refer to it need it in the target before they are imported",
    };
    format!("an import of {kind} lines is {known}; {then}")
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it ends functions that can fail otherwise"
)]
fn stays(fit: Fit) -> Result<Stays> {
    Ok(match fit {
        Fit::Fits => Ok(()),
        Fit::Unfit(why) | Fit::Alters(why) => Err(why),
    })
}

/// What people call a record; empty if it has no name.
fn name(record: &Record<'_>) -> Box<str> {
    let attributes = record.get("attributes");
    let within = attributes.and_then(|attributes| attributes.get("name")?.as_str());
    let name = record.str("name").or(within);
    name.unwrap_or_default().into()
}

impl Transform for ConvertVersion {
    fn kinds(&self) -> Kinds {
        Kinds::ALL
    }

    // A bundle is for one version or for another.
    fn takes_only(&self) -> bool {
        false
    }

    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        if self.seed.as_deref() == Some("") {
            return Err(Error::usage("`seed` must be a text, found an empty one"));
        }
        Ok(())
    }

    fn apply(&self, record: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let mut walk = Walk::new(self.to);
        if let Err(why) = self.convert(record, &mut walk)? {
            let name = name(record);
            let why = why.into();
            record.note(Note::LeftOut { name, why });
            return Ok(Verdict::Drop);
        }
        for note in walk.finish() {
            record.note(note);
        }
        Ok(Verdict::Keep)
    }
}

/// A way down to a value of an action.
fn of_action(index: usize, key: &str) -> [PathStep; 3] {
    ["actions".into(), index.into(), key.into()]
}
