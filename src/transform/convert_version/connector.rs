//! How does a connector line tell which Kibana wrote it, and which can read it?
//!
//! An import of saved objects brings a line up from the version it says; it refuses a line from a later version than its own.

use super::walk::{Walk, known};
use crate::json::{Raw, quoted};
use crate::record::{Effect, Kind, Record};
use crate::schema::Target;

/// What exports of 8.7 and 8.8 mark connectors with. Later ones say `10.1.0`, and have the same attributes.
const LAST_CHANGE: &str = "8.3.0";

/// Makes the versions that a line is marked with such as the target writes.
pub(super) fn migration(connector: &mut Record<'_>, walk: &mut Walk) {
    core(connector, walk);
    // What a newer version reads, only that one knows.
    if walk.target < Target::NEWEST {
        lower(connector, walk);
        rename(connector, walk);
    }
}

/// The version that a text spells, `10.1.0` and the like included; none if it is none.
fn version(text: &str) -> Option<Target> {
    let mut numbers = text.split('.').map(|number| number.parse::<u8>().ok());
    Some(Target::version(numbers.next()??, numbers.next()??))
}

fn is_newer(version_text: &str, target: Target) -> bool {
    version(version_text).is_some_and(|version| version > target)
}

fn core(connector: &mut Record<'_>, walk: &mut Walk) {
    const KEY: &str = "coreMigrationVersion";
    let Some(core) = connector.get(KEY).filter(|core| {
        let text = core.as_str();
        text.is_some_and(|text| is_newer(&text, walk.target))
    }) else {
        return;
    };
    let lowered = format!("{}.0", walk.target);
    let why = format!("the import refuses lines from a newer Kibana; it becomes `{lowered}`");
    walk.note_at(&[KEY.into()], Effect::Changed, core.text(), why);
    connector.set(KEY, quoted(&lowered));
}

/// Lowers the version of the connector's own form, where the form is one that the older version knows.
fn lower(connector: &mut Record<'_>, walk: &mut Walk) {
    const KEY: &str = "typeMigrationVersion";
    let Some(of_type) = connector.get(KEY).filter(|of_type| {
        let text = of_type.as_str();
        text.is_some_and(|text| is_newer(&text, walk.target))
    }) else {
        return;
    };
    if has_known_form(connector, walk) {
        let why =
            format!("the import refuses lines from a newer Kibana; it becomes `{LAST_CHANGE}`");
        walk.note_at(&[KEY.into()], Effect::Changed, of_type.text(), why);
        connector.set(KEY, quoted(LAST_CHANGE));
    } else {
        let why = "the import may refuse a line from a newer Kibana, and this one has attributes that an older one may not know";
        walk.note_at(&[KEY.into()], Effect::Kept, of_type.text(), why);
    }
}

/// Whether the line has no attributes but those that are known, or that will be taken off.
fn has_known_form(connector: &Record<'_>, walk: &Walk) -> bool {
    let shape = walk.schema.kind(Kind::Connector);
    let Some(attributes) = shape.and_then(|shape| shape.field("attributes")) else {
        return false;
    };
    let known = walk.schema.below(&attributes.value);
    let mut held = connector
        .get("attributes")
        .into_iter()
        .flat_map(Raw::members);
    held.all(|(key, _)| known.iter().any(|shape| shape.field(&key).is_some()))
}

/// Spells the version as 8.7 does, whose lines have an object of versions by type.
fn rename(connector: &mut Record<'_>, walk: &mut Walk) {
    const KEY: &str = "typeMigrationVersion";
    let shape = walk.schema.kind(Kind::Connector);
    let field = shape.and_then(|shape| shape.field(KEY));
    let Some(since) = field.and_then(|field| walk.newer(field.since)) else {
        return;
    };
    let Some(of_type) = connector.get(KEY).filter(|it| it.text().starts_with('"')) else {
        return;
    };
    let older = format!(r#"{{"action":{}}}"#, of_type.text());
    let why = format!("it is {}, and becomes `migrationVersion`", known(since));
    walk.note_at(&[KEY.into()], Effect::Changed, of_type.text(), why);
    connector.remove(KEY);
    if !connector.has("migrationVersion") {
        connector.set("migrationVersion", older);
    }
}
