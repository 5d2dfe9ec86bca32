//! Which record of one id is taken, where a law would not show it plainly.

use super::*;

fn merged(bundles: &[&str], prefer: Option<Prefer>) -> Merge {
    let sources = bundles
        .iter()
        .map(|bundle| Source::reader("x", bundle.as_bytes()))
        .collect();
    let reading = Reading::default();
    Merge::read(reading, sources, OnError::Stop, prefer, |_, _| Ok(())).unwrap()
}

/// Which of two rules with these members is newer: the first, the second, or none.
fn newer(one: &str, two: &str) -> Option<usize> {
    let rule = |members: &str, tag: u32| format!(r#"{{"rule_id":"r","tags":["{tag}"]{members}}}"#);
    let mut merged = merged(&[&rule(one, 1), &rule(two, 2)], Some(Prefer::Newer));
    let mut taken = None;
    for taking in [Taking::Settled, Taking::Conflict] {
        merged
            .each(taking, 1, |meeting| {
                taken = meeting.taken;
                Ok(())
            })
            .unwrap();
    }
    taken
}

#[test]
fn the_newer_one_is_told_by_date_then_version_then_revision() {
    let at = |day: u32, more: &str| format!(r#","updated_at":"2026-01-0{day}T00:00:00Z"{more}"#);
    assert_eq!(
        newer(&at(2, r#","version":1"#), &at(1, r#","version":9"#)),
        Some(0)
    );
    assert_eq!(
        newer(&at(1, r#","version":1"#), &at(1, r#","version":2"#)),
        Some(1)
    );
    assert_eq!(newer(&at(1, r#","version":3"#), r#","version":2"#), Some(0));
    assert_eq!(
        newer(
            r#","version":2,"revision":1"#,
            r#","version":2,"revision":0"#
        ),
        Some(0)
    );
    assert_eq!(newer(r#","revision":0"#, r#","revision":1"#), Some(1));
    assert_eq!(
        newer(r#","updated_at":"2026-01-01T00:00:00.001Z""#, &at(1, "")),
        Some(0)
    );
}

#[test]
fn what_tells_nothing_leaves_the_conflict() {
    let at = r#","updated_at":"2026-01-01T00:00:00Z""#;
    assert_eq!(newer("", ""), None);
    assert_eq!(newer(at, at), None);
    assert_eq!(newer(at, ""), None);
    assert_eq!(newer(r#","updated_at":"yesterday""#, at), None);
    assert_eq!(newer(r#","version":"2""#, r#","version":1"#), None);
    assert_eq!(newer(r#","version":1.5"#, r#","version":1"#), None);
}

#[test]
fn a_file_named_twice_and_files_without_records_are_counted_each() {
    let bundle = "{\"rule_id\":\"a\"}\n\n{\"rule_id\":\"b\"}\n{\"exported_count\":2}\n";
    let merged = merged(&["", bundle, bundle, "\n", "{\"rule_id\":\"c\"}", ""], None);
    let counts: Vec<_> = merged
        .files()
        .iter()
        .map(|file| (file.read, file.taken))
        .collect();
    // All have one name here, so that records go to the first file that could have them.
    assert_eq!(counts.iter().map(|count| count.0).sum::<u64>(), 5);
    assert_eq!(counts[..3], [(2, 2), (2, 0), (1, 1)]);
}

#[test]
fn three_contents_of_one_id_are_one_conflict() {
    let rule = |name: &str| format!("{{\"rule_id\":\"r\",\"name\":\"{name}\"}}\n");
    let bundle = [rule("a"), rule("b"), rule("a"), rule("c")].concat();
    let mut merged = merged(&[&bundle], None);
    assert_eq!(
        merged.tally(),
        Tally {
            conflicts: 1,
            ..Tally::default()
        }
    );
    let mut lines = Vec::new();
    merged
        .each(Taking::Conflict, 9, |meeting| {
            lines.extend(meeting.places.iter().map(|place| place.line));
            assert_eq!(meeting.fields, ["name"]);
            Ok(())
        })
        .unwrap();
    assert_eq!(lines, [1, 2, 3, 4]);
}
