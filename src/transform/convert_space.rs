//! `convert-space`: makes a bundle from one Kibana space fit another.

mod indices;
mod links;
mod references;
mod settings;
#[cfg(test)]
mod tests;

use links::Links;
pub use references::is_own_timeline;
use references::{DataViews, Notes};
use settings::{BaseUrl, SpaceId, Timelines};

use super::pair::Pair;
use super::{Census, Setup, Transform, Verdict, esql, strings};
use crate::error::{Error, Result};
use crate::json::{Object, Raw, quoted, replace_strings};
use crate::record::{Kind, Kinds, Record};

/// Makes a bundle from one Kibana space fit another.
///
/// What a file can tell is changed: links into the space (`/s/SPACE/`; the default space has none), the indices of its
/// alerts (`.alerts-security.alerts-SPACE`, `.siem-signals-SPACE` and their internal, preview and attack discovery
/// relatives), Kibana's own data views of the space (`security-solution-SPACE`), data views given with `--data-view`,
/// `output_index` where it is the space's (cleared: 8.x has no use for it), and the `originId` of connectors (removed:
/// before 8.19 and 9.1 it made an import miss the connector).
///
/// Links are converted in `meta.kibana_siem_app_url`, `note`, `setup`, `description`, `references`, in action parameters
/// and in connector settings, where they surely lead into the space. With `--from-url` that is every URL that begins so;
/// without, one that goes on with `/s/SPACE/app/`, or for the default space one that begins as the rule's own
/// `meta.kibana_siem_app_url`. Templates such as `{{{kibanaBaseUrl}}}` stay, and the path after them is converted.
///
/// Alert indices are renamed in `index`, `threat_index`, the sources of ES|QL queries, other queries and filters. A name
/// counts if SPACE stands alone in it, or before `*`, `-*` or six digits: `…alerts-dev-2` is not of space `dev`. Patterns
/// such as `.alerts-security.alerts-*` are of every space and stay.
///
/// What only the target can tell stays and is listed: other data views, saved queries, timeline templates that are not
/// Elastic's own, value lists, machine learning jobs, Osquery ids, Fleet policies, lists of all spaces, and queries whose
/// index names could not be read for certain. Nothing of it is checked by an import of Kibana 8 or 9; it fails later. Ids
/// stay: an import makes its own.
///
/// Example: ruleferry edit convert-space --from default --to emea --data-view logs-old=logs-emea export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConvertSpace {
    /// The space the bundle is from.
    #[arg(long, value_name = "SPACE")]
    from: SpaceId,
    /// The space the bundle is for.
    #[arg(long, value_name = "SPACE")]
    to: SpaceId,
    /// The Kibana the bundle is from, base path included.
    #[arg(long, value_name = "URL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_url: Option<BaseUrl>,
    /// The Kibana the bundle is for; replaces `--from-url` in links.
    #[arg(long, value_name = "URL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to_url: Option<BaseUrl>,
    /// A data view's id and the id of the one that takes its place; may be given again.
    #[serde(alias = "data-view")]
    #[arg(long = "data-view", value_name = "OLD=NEW")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    data_views: Vec<Pair>,
    /// What becomes of timeline templates.
    #[arg(long, value_enum, default_value_t)]
    #[serde(default, skip_serializing_if = "Timelines::is_keep")]
    timelines: Timelines,
}

impl ConvertSpace {
    fn rule(&self, rule: &mut Record<'_>, notes: &mut Notes) -> Result<()> {
        self.links(rule, notes)?;
        self.indices(rule, notes)?;
        let data_views = DataViews {
            mapped: &self.data_views,
            from: &self.from,
            to: &self.to,
        };
        data_views.convert(rule, notes)?;
        references::timeline(rule, self.timelines.is_keep(), notes)?;
        references::list_rule(rule, notes)
    }

    fn new_links(&self) -> Links<'_> {
        Links::new(
            &self.from,
            &self.to,
            self.from_url.as_ref(),
            self.to_url.as_ref(),
        )
    }

    fn links(&self, rule: &mut Record<'_>, notes: &mut Notes) -> Result<()> {
        let mut links = self.new_links();
        rule.edit("meta", |meta| {
            let Some(url) = strings::one(meta, "kibana_siem_app_url")? else {
                return Ok(());
            };
            links.learn(&url);
            let new = links.converted(&url);
            if new.is_none() && !links.is_new(&url) {
                let why = "it leads to another space or Kibana than the bundle is said to be from";
                notes.add("meta.kibana_siem_app_url", &url, why);
            }
            set_text(meta, "kibana_siem_app_url", new);
            Ok(())
        })?;
        for key in ["description", "setup", "note"] {
            edit_text(rule, key, |text| links.converted(text))?;
        }
        strings::replace(rule, "references", |text| links.converted(text))?;
        rule.edit_each("actions", |action| {
            edit_strings(action, "params", |text| links.converted(text));
            Ok(Verdict::Keep)
        })
    }

    fn indices(&self, rule: &mut Record<'_>, notes: &mut Notes) -> Result<()> {
        let converted = |text: &str| indices::converted(text, &self.from, &self.to);
        strings::replace(rule, "index", converted)?;
        strings::replace(rule, "threat_index", converted)?;
        if rule.str("type").as_deref() == Some("esql") {
            self.esql(rule, notes)?;
        } else {
            edit_text(rule, "query", converted)?;
        }
        edit_text(rule, "threat_query", converted)?;
        edit_strings(rule, "filters", converted);
        edit_strings(rule, "threat_filters", converted);
        edit_text(rule, "output_index", |index| {
            converted(index).map(|_| String::new())
        })
    }

    /// Renames alert indices among the sources of an ES|QL query. Where else it names one, that is listed.
    fn esql(&self, rule: &mut Record<'_>, notes: &mut Notes) -> Result<()> {
        const WHY: &str =
            "an alerts index of the old space is named where it could not be read for certain";
        let Some(query) = strings::one(rule, "query")? else {
            return Ok(());
        };
        let converted = |text: &str| indices::converted(text, &self.from, &self.to);
        if converted(&query).is_none() {
            return Ok(());
        }
        let new = esql::replace(&query, |index| Some(vec![converted(index)?])).unwrap_or_default();
        let left = new.as_deref().unwrap_or(&query);
        if let Some(index) = indices::first(left, &self.from) {
            notes.add("query", index, WHY);
        }
        set_text(rule, "query", new);
        Ok(())
    }

    fn connector(&self, connector: &mut Record<'_>) -> Result<()> {
        connector.remove("originId");
        let links = self.new_links();
        connector.edit("attributes", |attributes| {
            edit_strings(attributes, "config", |text| links.converted(text));
            Ok(())
        })
    }
}

/// Sets a string member, if there is something to set.
fn set_text(object: &mut Object<'_>, key: &str, new: Option<String>) {
    if let Some(new) = new {
        object.set(key, quoted(&new));
    }
}

/// Edits the string that a member holds; `f` gives what takes its place, or none.
fn edit_text(
    object: &mut Object<'_>,
    key: &str,
    f: impl FnOnce(&str) -> Option<String>,
) -> Result<()> {
    let new = strings::one(object, key)?.and_then(|text| f(&text));
    set_text(object, key, new);
    Ok(())
}

/// Edits every string in a member's value, at any depth.
fn edit_strings(object: &mut Object<'_>, key: &str, f: impl FnMut(&str) -> Option<String>) {
    if let Some(new) = object
        .get(key)
        .and_then(|value: Raw<'_>| replace_strings(value, f))
    {
        object.set(key, new);
    }
}

impl Transform for ConvertSpace {
    fn kinds(&self) -> Kinds {
        Kinds::ALL
    }

    // A data view that takes one's place may have to make room for another the second time.
    fn is_idempotent(&self) -> bool {
        let stays = |new: &Pair| {
            self.data_views
                .iter()
                .all(|old| old.old != new.new || old.new == new.new)
        };
        self.data_views.iter().all(stays)
    }

    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        if self.to_url.is_some() && self.from_url.is_none() {
            return Err(Error::usage(
                "`--to-url` takes the place of `--from-url`, so it needs that too",
            ));
        }
        let says_more =
            self.to_url.is_some() || !self.data_views.is_empty() || !self.timelines.is_keep();
        if self.from == self.to && !says_more {
            return Err(Error::usage(format!(
                "`--from` and `--to` are the same space, `{}`",
                self.to
            )));
        }
        if let Some(pair) = self.data_views.iter().find(|pair| pair.new.is_empty()) {
            return Err(Error::usage(format!(
                "the data view `{}` needs an id to become",
                pair.old
            )));
        }
        let mut rest = self.data_views.as_slice();
        while let [first, others @ ..] = rest {
            if others.iter().any(|pair| pair.old == first.old) {
                return Err(Error::usage(format!(
                    "the data view `{}` is mapped twice",
                    first.old
                )));
            }
            rest = others;
        }
        Ok(())
    }

    fn apply(&self, record: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let mut notes = Notes::default();
        match record.kind() {
            Kind::Rule => self.rule(record, &mut notes)?,
            Kind::ExceptionList | Kind::ExceptionItem => {
                references::list_exception(record, &mut notes);
            }
            Kind::Connector if record.is_connector() => self.connector(record)?,
            Kind::Connector | Kind::Details | Kind::Other => {}
        }
        if self.from != self.to {
            links::left(record, &self.from, &mut notes);
        }
        notes.tell(record);
        Ok(Verdict::Keep)
    }
}
