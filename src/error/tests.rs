use super::*;

#[test]
fn cuts_long_text_on_both_sides() {
    let text = format!("{}FAULT{}", "a".repeat(100), "b".repeat(100));
    let excerpt = Excerpt::of(&text, 100, 105);
    assert_eq!(
        &*excerpt.text,
        format!("…{}FAULT{}…", "a".repeat(32), "b".repeat(32))
    );
    assert_eq!((excerpt.start, excerpt.len), (33, 5));
}

#[test]
fn counts_characters_not_bytes() {
    let excerpt = Excerpt::of("äöü=x", 7, 8);
    assert_eq!(
        (&*excerpt.text, excerpt.start, excerpt.len),
        ("äöü=x", 4, 1)
    );
}

#[test]
fn survives_places_outside_the_text() {
    let excerpt = Excerpt::of("ab", 7, 9);
    assert_eq!((&*excerpt.text, excerpt.start, excerpt.len), ("ab", 2, 1));
}

#[test]
fn offers_the_nearest_name_only_when_it_is_near() {
    assert_eq!(
        nearest("add-tag", ["add-tags", "set-tags"]),
        Some("add-tags")
    );
    assert_eq!(nearest("zzz", ["add-tags", "set-tags"]), None);
}
