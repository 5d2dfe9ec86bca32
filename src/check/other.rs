//! What is wrong with lines that are no rules and no exceptions, or that the import takes for something they are not.

use super::at::At;
use super::fault::shown;
use super::judge::{CONVERT, Judge};
use crate::error::nearest;
use crate::json::Raw;
use crate::record::{Kind, Record};
use crate::schema::Target;

/// Judges a connector or another saved object.
pub(super) fn connector(judge: &mut Judge, record: &Record<'_>) {
    let at = At::Record;
    if let Some(ty) = record.str("type").filter(|ty| ty != "action") {
        let message = format!(
            "`type` must be `action`, found {}: a saved object that is no connector",
            shown(&ty)
        );
        judge.find(at.key("type"), "not-a-connector", message).hint =
            Some("take the line out and import it with Kibana's saved objects; an import of rules hands it on unchecked, or refuses it".into());
        return;
    }
    let Some(shape) = judge.schema.kind(Kind::Connector) else {
        return;
    };
    if record.has("originId") && !judge.options.target.strips_origin_id() {
        let message =
            "`originId` makes the import look for the connector that this one was once made from";
        judge.find(at.key("originId"), "origin-id", message).hint = Some("remove it".into());
    }
    judge.object(shape, at, || record.members());
    connector_id(judge, record);
    migrated(judge, record);
    let attributes = record.get("attributes");
    if attributes
        .and_then(|it| it.get("isMissingSecrets"))
        .and_then(Raw::as_bool)
        == Some(true)
    {
        let attributes = at.key("attributes");
        judge.find(
            attributes.key("isMissingSecrets"),
            "secrets-missing",
            "the connector's secrets are not in the file and must be entered after the import",
        );
    }
}

/// An id that importers since 9.5 leave out.
fn connector_id(judge: &mut Judge, record: &Record<'_>) {
    let Some(id) = record.str("id") else { return };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if judge.options.target < Target::version(9, 5) || id.chars().all(fits) {
        return;
    }
    let message = format!(
        "`id` should have lower-case letters, digits and hyphens only, found {}; the import leaves such a connector out unless it gives it a new id",
        shown(&id)
    );
    judge
        .find(At::Record.key("id"), "connector-id", message)
        .hint =
        Some("`ruleferry edit regenerate-connector-ids` gives it another, in its rules too".into());
}

/// A connector as a newer Kibana has it, which no older one can read.
fn migrated(judge: &mut Judge, record: &Record<'_>) {
    let (key, target) = ("coreMigrationVersion", judge.options.target);
    let version = record.str(key).and_then(|text| text.parse::<Target>().ok());
    let Some(version) = version.filter(|version| *version > target) else {
        return;
    };
    let message = format!(
        "`{key}` is {version}, and the target, {target}, may refuse a connector from a newer Kibana"
    );
    let problem = judge.find(At::Record.key(key), "newer-than-target", message);
    problem.hint = Some(CONVERT.into());
}

/// Whether the import takes a rule for something else; says so if it does.
pub(super) fn is_misrouted(judge: &mut Judge, record: &Record<'_>) -> bool {
    if !record.has("rule_id") {
        return false;
    }
    let strays: &[&str] = match record.kind() {
        Kind::ExceptionList => &["list_id"],
        Kind::ExceptionItem => &["item_id", "entries"],
        Kind::Connector => &["attributes"],
        Kind::Rule | Kind::Details | Kind::Other => return false,
    };
    for stray in strays.iter().filter(|stray| record.has(stray)) {
        let message = format!(
            "`{stray}` makes the import take the rule for {}, which it then refuses",
            taken_for(record.kind())
        );
        judge
            .find(At::Record.key(stray), "misrouted-rule", message)
            .hint = Some(format!("remove `{stray}`"));
    }
    true
}

fn taken_for(kind: Kind) -> &'static str {
    match kind {
        Kind::ExceptionList => "an exception list",
        Kind::ExceptionItem => "an exception item",
        _ => "a connector",
    }
}

/// Judges a line that closes an export.
pub(super) fn details(judge: &mut Judge, record: &Record<'_>) {
    let at = At::Record;
    if !record.has("exported_count") {
        let key = if record.has("exportedCount") {
            "exportedCount"
        } else {
            "exported_exception_list_count"
        };
        let message = format!(
            "the line closes an export of {}, and an import of rules takes it for a rule",
            if key == "exportedCount" {
                "saved objects"
            } else {
                "exception lists"
            }
        );
        judge.find(at.key(key), "foreign-details", message).hint =
            Some("remove the line; an import of exception lists or saved objects knows it".into());
        return;
    }
    let of_a_record = ["rule_id", "list_id", "item_id", "attributes"];
    if let Some(key) = of_a_record.into_iter().find(|key| record.has(key)) {
        let message =
            format!("`exported_count` makes the import skip the record, though it has `{key}`");
        judge
            .find(at.key("exported_count"), "taken-for-details", message)
            .hint = Some("remove `exported_count`".into());
    }
}

/// Judges a line that tells nothing of what it is.
pub(super) fn other(judge: &mut Judge, record: &Record<'_>) {
    let tells = [
        "rule_id",
        "list_id",
        "item_id",
        "entries",
        "attributes",
        "type",
        "exported_count",
    ];
    let near = record
        .keys()
        .find_map(|key| nearest(&key, tells).map(|near| (key.to_string(), near)));
    let message = "the line has neither `rule_id` nor `type`, nor a key of an exception or connector; the import takes it for a rule and refuses it";
    judge.find(At::Record, "not-a-record", message).hint = Some(match near {
        Some((key, near)) => format!("`{key}` is not `{near}`; did you mean that?"),
        None => "remove the line".into(),
    });
}

/// Judges whether the target takes records of this kind from a file at all.
pub(super) fn known_kind(judge: &mut Judge, record: &Record<'_>) {
    let since = judge
        .schema
        .kind(record.kind())
        .and_then(|shape| shape.since);
    let Some(since) = since.filter(|since| since.is_after(judge.options.target)) else {
        return;
    };
    let mut problem = super::fault::newer(
        At::Record,
        &format!("importing {}s", record.kind()),
        since,
        judge.options.target,
        super::Level::Error,
        CONVERT.into(),
    );
    if record.kind() != Kind::Connector {
        // Such lines are passed over, not refused.
        problem.level = super::Level::Warning;
    }
    judge.add(problem);
}
