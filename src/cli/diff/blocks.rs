//! The changes of a record in the pieces that people read.

use ruleferry::bundle::{Change, Edit};
use ruleferry::error::PathStep;
use ruleferry::json::{Raw, ValueKind, quoted};

use super::lines::{self, Line, Sign};
use super::value::{SHORT, pretty, short, visible};

/// What is told of one field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The way to the field, as in `actions[0].params`.
    pub(super) path: String,
    pub(super) told: Told,
}

/// How it is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// By its values before and after, each short; none where it was not there.
    Values(Option<String>, Option<String>),
    /// By the lines that came and went, those of a text with some around them.
    Lines(Fate, Vec<Line>),
    /// By saying that elements changed places.
    Order,
}

/// What became of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Came,
    Went,
    Changed,
}

/// What is told of the changes, field by field.
pub(super) fn blocks(changes: &[Change<'_>]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for group in changes.chunk_by(|a, b| is_element(a) && is_element(b) && above(a) == above(b)) {
        match group {
            [first, ..] if is_element(first) => elements(above(first), group, &mut blocks),
            group => blocks.extend(group.iter().map(field)),
        }
    }
    blocks
}

/// Whether an element came or went.
fn is_element(change: &Change<'_>) -> bool {
    matches!(change.path.last(), Some(PathStep::Index(_)))
        && !matches!(change.edit, Edit::Replace(..))
}

fn above<'c>(change: &'c Change<'_>) -> &'c [PathStep] {
    change.path.split_last().map_or(&[], |(_, above)| above)
}

fn elements(array: &[PathStep], changes: &[Change<'_>], blocks: &mut Vec<Block>) {
    let path = path(array);
    let mut lines = Vec::new();
    let mut has_moved = false;
    for change in changes {
        let (sign, value) = match change.edit {
            Edit::Add(new) => (Sign::New, new),
            Edit::Remove(old) => (Sign::Old, old),
            Edit::MoveHere(_) | Edit::MoveAway(_) | Edit::Replace(..) => {
                has_moved = true;
                continue;
            }
        };
        lines.extend(pretty(value).into_iter().map(|text| Line::new(sign, text)));
    }
    if !lines.is_empty() {
        let path = path.clone();
        let told = Told::Lines(Fate::Changed, lines);
        blocks.push(Block { path, told });
    }
    let told = Told::Order;
    let order = Block { path, told };
    // Changes within elements may stand between two runs of moves.
    if has_moved && !blocks.contains(&order) {
        blocks.push(order);
    }
}

fn field(change: &Change<'_>) -> Block {
    let (old, new) = match change.edit {
        Edit::Add(new) | Edit::MoveHere(new) => (None, Some(new)),
        Edit::Remove(old) | Edit::MoveAway(old) => (Some(old), None),
        Edit::Replace(old, new) => (Some(old), Some(new)),
    };
    Block {
        path: path(&change.path),
        told: told(old, new),
    }
}

fn told(old: Option<Raw<'_>>, new: Option<Raw<'_>>) -> Told {
    let fate = match (old, new) {
        (Some(_), Some(_)) => Fate::Changed,
        (Some(_), None) => Fate::Went,
        (None, _) => Fate::Came,
    };
    let is_text =
        |value: Option<Raw<'_>>| value.is_none_or(|value| value.kind() == ValueKind::String);
    let is_long = |text: &str| text.contains('\n') || text.chars().count() > SHORT;
    let [old_text, new_text] = [old, new].map(|value| value.and_then(Raw::as_str));
    let texts = [&old_text, &new_text];
    if is_text(old) && is_text(new) && texts.into_iter().flatten().any(|text| is_long(text)) {
        let lines = match (old_text, new_text) {
            (Some(old), Some(new)) => lines::compared(&old, &new),
            (Some(old), None) => lines::of(Sign::Old, &old),
            (None, new) => lines::of(Sign::New, &new.unwrap_or_default()),
        };
        return Told::Lines(fate, lines);
    }
    let [old_short, new_short] = [old, new].map(|value| value.map(short));
    if !matches!(old_short, Some(None)) && !matches!(new_short, Some(None)) {
        return Told::Values(old_short.flatten(), new_short.flatten());
    }
    let signed = |sign, value: Option<Raw<'_>>| {
        let lines = value.map(pretty).unwrap_or_default();
        lines.into_iter().map(move |text| Line::new(sign, text))
    };
    let lines = signed(Sign::Old, old).chain(signed(Sign::New, new));
    Told::Lines(fate, lines.collect())
}

/// The path as `--ignore` takes it, but for places in arrays.
fn path(steps: &[PathStep]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            PathStep::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                let is_bare = !key.is_empty() && !key.contains(['.', '[', ']', '"', '\n']);
                path += &visible(&if is_bare { key.clone() } else { quoted(key) });
            }
            PathStep::Index(index) => path += &format!("[{index}]"),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use ruleferry::bundle::{Fields, Lens, changes};
    use ruleferry::record::Record;

    use super::*;

    fn told_of(old: &str, new: &str) -> Vec<String> {
        let [old, new] = [old, new].map(|fields| format!(r#"{{"rule_id":"r",{fields}}}"#));
        let [old, new] = [&old, &new].map(|text| Record::parse(text, 0).unwrap());
        let lens = Lens::new(Fields::Owned, []).unwrap();
        let tell = |block: Block| match block.told {
            Told::Values(old, new) => format!("{}: {old:?} {new:?}", block.path),
            Told::Order => format!("{}: order", block.path),
            Told::Lines(_, lines) => {
                let lines: Vec<String> = lines
                    .into_iter()
                    .map(|line| line.sign.mark().to_owned() + &line.text)
                    .collect();
                format!("{}: {}", block.path, lines.join("|"))
            }
        };
        let blocks = blocks(&changes(&lens, &old, &new));
        blocks.into_iter().map(tell).collect()
    }

    #[test]
    fn tells_short_values_side_by_side_and_others_by_lines() {
        let long = "x".repeat(61);
        assert_eq!(
            told_of(
                r#""a":1,"b":[],"meta":{"c.d":"e"}"#,
                r#""a":"1","meta":{"c.d":{"":null}}"#
            ),
            [
                r#"a: Some("1") Some("\"1\"")"#,
                r#"b: Some("[]") None"#,
                r#"meta."c.d": Some("\"e\"") Some("{\"\": null}")"#
            ]
        );
        assert_eq!(
            told_of(
                r#""note":"a\nb\n""#,
                &format!(r#""note":"a\nc\n","q":"{long}","l":["{long}"]"#)
            ),
            [
                "note: @@ -1,2 +1,2 @@|  a|- b|+ c".to_owned(),
                format!("q: + {long}"),
                format!(r#"l: + ["{long}"]"#)
            ]
        );
    }

    #[test]
    fn tells_elements_that_came_and_went_and_their_order_once() {
        assert_eq!(
            told_of(r#""tags":["a","b","c"]"#, r#""tags":["c","x","a"]"#),
            [r#"tags: + "x"|- "b""#, "tags: order"]
        );
        assert_eq!(
            told_of(
                r#""actions":[{"uuid":"1"},{"uuid":"2"},{"uuid":"3","a":1},{"uuid":"4"},{"uuid":"5"}]"#,
                r#""actions":[{"uuid":"2"},{"uuid":"1"},{"uuid":"3","a":2},{"uuid":"5"},{"uuid":"4"}]"#
            ),
            ["actions: order", r#"actions[2].a: Some("1") Some("2")"#]
        );
    }
}
