//! How a transform does one of Kibana's bulk edits: as a request with this one edit would.
//!
//! It refuses the rules that the request refuses, with the same text, and leaves those that the request skips. Rules of a
//! type that the edit is not for pass untouched and are noted, since most bundles have some and an error would end every run.

use super::{Record, Verdict};
use crate::edit::{Edit, Effect, Surroundings, settled};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Note;

/// The edit that a transform's settings ask for; none until they are prepared.
#[derive(Debug, Clone, Default)]
pub(super) struct KibanaEdit(Option<Edit>);

impl From<Edit> for KibanaEdit {
    fn from(edit: Edit) -> Self {
        Self(Some(edit))
    }
}

impl KibanaEdit {
    /// Does an edit that knows no connectors and makes no ids.
    pub(super) fn apply(&self, rule: &mut Record<'_>) -> Result<Verdict> {
        let nothing = Surroundings {
            connector_type: &|_| None,
            new_id: &|_| String::new(),
        };
        self.apply_in(rule, &nothing)
    }

    /// Does the edit.
    pub(super) fn apply_in(
        &self,
        rule: &mut Record<'_>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Verdict> {
        let edit = self.0.as_ref().ok_or_else(|| {
            Error::from(ErrorKind::Bug {
                message: "a step ran before its settings were prepared".into(),
            })
        })?;
        if let Some(note) = unfit(edit, rule) {
            rule.note(note);
            return Ok(Verdict::Keep);
        }
        let effect = match edit {
            // A step sees what the steps before it made, as a request sees what earlier requests made. The edit as a whole
            // would look at the actions of the rule as it was read.
            Edit::SetSchedule(schedule) => {
                schedule.suits(rule)?;
                schedule.set_on(rule)?
            }
            edit => edit.apply(rule, surroundings)?,
        };
        if effect == Effect::Effective {
            settled(rule)?;
        }
        Ok(Verdict::Keep)
    }
}

/// What to note of a rule whose type the edit is not for.
fn unfit(edit: &Edit, rule: &Record<'_>) -> Option<Note> {
    let rule_type = rule.str("type").unwrap_or_default();
    edit.unfit(&rule_type)?;
    let (field, why) = match (edit, &*rule_type) {
        (Edit::SetAlertSuppression(_), _) => (
            "alert_suppression",
            "threshold rules suppress alerts by a duration alone; give `--duration` without `--group-by`",
        ),
        (Edit::SetAlertSuppressionForThreshold(_), _) => (
            "alert_suppression",
            "a duration alone is for threshold rules; this type needs `--group-by`",
        ),
        (_, "machine_learning") => ("index", "machine learning rules have no index patterns"),
        (_, _) => (
            "index",
            "ES|QL rules name their indices in the query; see `replace-index-patterns --esql`",
        ),
    };
    Some(Note::Unmapped {
        field: field.into(),
        value: (&*rule_type).into(),
        why,
    })
}
