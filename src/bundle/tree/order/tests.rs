use super::*;
use crate::bundle::tree::survey::Says;
use crate::record::{ListKey, Namespace};

fn found(path: &str, key: Key) -> Found {
    Found {
        path: path.into(),
        key,
        format: None,
        says: Says::tokens(b""),
    }
}

fn rule(id: &str) -> Key {
    Key::Id(RecordKey::Rule(id.into()), 1)
}

fn list_key(id: &str) -> Key {
    let list = ListKey {
        id: id.into(),
        namespace: Namespace::Single,
    };
    Key::Id(RecordKey::List(list), 1)
}

fn item(list: &str, id: &str) -> Key {
    Key::Id(RecordKey::Item(id.into(), Some(list.into())), 1)
}

fn connector(id: &str) -> Key {
    Key::Id(RecordKey::SavedObject("action".into(), id.into()), 1)
}

fn details() -> Key {
    Key::Name(Kind::Details, "details".into())
}

/// Orders a tree of these keys by an index of those; the files are named by what they hold, `+` marks a recount.
fn ordered(index: Option<&[Key]>, tree: &[Key]) -> (Vec<String>, Order) {
    let found: Vec<Found> = tree
        .iter()
        .map(|key| found(&key.to_string(), key.clone()))
        .collect();
    let places = found
        .iter()
        .enumerate()
        .map(|(at, one)| (&one.key, at))
        .collect();
    let entries = index.map(|keys| {
        let entry = |key: &Key| Entry::Record(key.clone(), Spelling::default());
        keys.iter().map(entry).collect()
    });
    let order = order(entries, &found, &places);
    let names = order.lines.iter().filter_map(|line| match line {
        Line::File { place, recount, .. } => {
            let again = recount.map_or(String::new(), |counts| format!(" +{}", counts.total() - 1));
            Some(
                found[*place]
                    .path
                    .replace("exception ", "")
                    .replace('`', "")
                    + &again,
            )
        }
        Line::Blank(_) => None,
    });
    (names.collect(), order)
}

#[test]
fn new_records_follow_the_last_of_their_kind() {
    let index = [
        rule("r1"),
        list_key("l1"),
        item("l1", "i1"),
        list_key("l2"),
        item("l2", "i2"),
        connector("c1"),
        details(),
    ];
    let mut tree = index.to_vec();
    assert_eq!(ordered(Some(&index), &tree).0.len(), 7);
    assert!(
        !ordered(Some(&index), &tree)
            .0
            .iter()
            .any(|name| name.contains('+'))
    );
    tree.extend([
        item("l3", "i4"),
        list_key("l3"),
        rule("r0"),
        item("l1", "i3"),
        item("l9", "i9"),
        connector("c0"),
        rule("r2"),
    ]);
    let (names, order) = ordered(Some(&index), &tree);
    assert_eq!(
        names,
        [
            "rule r1",
            "rule r0",
            "rule r2",
            "list l1",
            "item i1",
            "item i3",
            "list l2",
            "item i2",
            "item i9",
            "list l3",
            "item i4",
            "connector c1",
            "connector c0",
            "details without an id, named details +13"
        ]
    );
    assert_eq!(order.added.len(), 7);
}

#[test]
fn what_is_missing_is_left_out_and_counted_no_more() {
    let index = [rule("r1"), details(), rule("r2"), rule("r3"), details()];
    let (names, order) = ordered(Some(&index), &[rule("r1"), rule("r3"), details()]);
    assert_eq!(
        names[..2],
        ["rule r1", "details without an id, named details"]
    );
    assert_eq!(order.missing, [rule("r2")]);
    let index = [rule("r1"), rule("r2"), details()];
    let (names, _) = ordered(Some(&index), &[rule("r2"), details()]);
    assert_eq!(names[1], "details without an id, named details +1");
}

#[test]
fn kinds_have_their_order_without_an_index() {
    let tree = [
        details(),
        connector("c"),
        item("l", "i"),
        rule("b"),
        list_key("l"),
        rule("a"),
    ];
    let (names, _) = ordered(None, &tree);
    assert_eq!(
        names,
        [
            "rule a",
            "rule b",
            "list l",
            "item i",
            "connector c",
            "details without an id, named details +5"
        ]
    );
}
