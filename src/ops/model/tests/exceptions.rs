//! Creating, overwriting and repeating lists and items (§5.2, §5.3, §5.6).

use super::super::Note;
use super::*;
use crate::record::{ListKey, Namespace};

fn key(id: &str) -> ListKey {
    ListKey {
        id: id.into(),
        namespace: Namespace::Single,
    }
}

const LIST_IS_THERE: &str =
    "409 l: Found that list_id: \"l\" already exists. Import of list_id: \"l\" skipped.";
const ITEM_IS_THERE: &str =
    "409 l i: Found that item_id: \"i\" already exists. Import of item_id: \"i\" skipped.";

#[test]
fn what_is_unknown_is_created_and_items_alone_are_counted() {
    let mut model = space("9.1", &[]);
    // The order of lines does not matter.
    let predicted = import(&mut model, KEEP, &[ITEM, LIST]);
    let exceptions = &answer(&predicted).exceptions;
    assert_eq!((exceptions.success, exceptions.success_count), (true, 1));
    assert_eq!(
        outcomes(&predicted),
        [(0, Outcome::Created), (1, Outcome::Created)]
    );
    assert_eq!(model.item_count(&key("l")), 1);
}

#[test]
fn without_overwrite_each_is_a_conflict_and_new_items_still_come() {
    let mut model = space("9.1", &[LIST, ITEM]);
    let new = ITEM.replace("\"i\"", "\"new\"");
    let predicted = import(&mut model, KEEP, &[LIST, ITEM, &new]);
    let answer = answer(&predicted);
    assert_eq!(
        told(&answer.exceptions.errors),
        [LIST_IS_THERE, ITEM_IS_THERE]
    );
    assert_eq!(answer.exceptions.success_count, 1);
    // Rules have nothing to do with it (measured: `success` stays true).
    assert!(answer.success && !answer.exceptions.success);
    let of_lines = [Outcome::Conflict, Outcome::Conflict, Outcome::Created];
    assert_eq!(
        outcomes(&predicted)
            .into_iter()
            .map(|it| it.1)
            .collect::<Vec<_>>(),
        of_lines
    );
}

#[test]
fn an_item_without_its_list_is_a_conflict() {
    let answer = answered(&mut space("9.1", &[]), KEEP, &[ITEM]);
    assert_eq!(
        told(&answer.exceptions.errors),
        [
            "409 l i: Exception list with list_id: \"l\", not found for exception list item with item_id: \"i\""
        ]
    );
}

#[test]
fn overwriting_a_list_removes_items_that_the_file_lacks() {
    let other = ITEM.replace("\"i\"", "\"other\"");
    for (version, gap) in [("9.1", true), ("9.6", false)] {
        let mut model = space(version, &[LIST, ITEM, &other]);
        let predicted = import(&mut model, REPLACE, &[LIST, ITEM]);
        assert_eq!(answer(&predicted).exceptions.success_count, 1);
        assert_eq!(
            outcomes(&predicted),
            [(0, Outcome::Unchanged), (1, Outcome::Unchanged)]
        );
        assert!(model.item(&key("l"), "i").is_some() && model.item(&key("l"), "other").is_none());
        let notes = &predicted.records[0].notes;
        assert!(notes.contains(&Note::RemovesItems(1)));
        assert_eq!(notes.contains(&Note::LacksItemsForAMoment), gap);
    }
}

#[test]
fn newer_servers_remove_nothing_if_anything_was_wrong() {
    let other = ITEM.replace("\"i\"", "\"other\"");
    let stray = ITEM.replace("\"l\"", "\"gone\"");
    for (version, is_left) in [("9.1", false), ("9.6", true)] {
        let mut model = space(version, &[LIST, ITEM, &other]);
        let answer = answered(&mut model, REPLACE, &[LIST, ITEM, &stray]);
        assert!(!answer.exceptions.success);
        assert_eq!(
            model.item(&key("l"), "other").is_some(),
            is_left,
            "{version}"
        );
    }
}

#[test]
fn overwriting_changes_the_type_of_a_list() {
    let mut model = space("9.1", &[LIST]);
    let line = LIST.replace("detection", "rule_default");
    let predicted = import(&mut model, REPLACE, &[&line]);
    assert_eq!(outcomes(&predicted), [(0, Outcome::Overwritten)]);
    assert_eq!(&*model.list(&key("l")).unwrap().ty, "rule_default");
}

#[test]
fn an_item_of_another_list_is_passed_over_without_a_word() {
    let second = LIST.replace("\"l\"", "\"m\"");
    let mut model = space("9.6", &[LIST, &second, ITEM]);
    // Two items of list `m`, one of `l`: the look-up goes over both lists.
    let moved = ITEM.replace("\"l\"", "\"m\"");
    let more = moved.replace("\"i\"", "\"j\"");
    let near = ITEM.replace("\"i\"", "\"k\"");
    let predicted = import(&mut model, REPLACE, &[&moved, &more, &near]);
    let exceptions = &answer(&predicted).exceptions;
    assert_eq!((exceptions.success, exceptions.success_count), (true, 2));
    assert_eq!(outcomes(&predicted)[0], (0, Outcome::Refused));
    assert_eq!(predicted.records[0].status, None);
}

#[test]
fn what_is_twice_in_the_file_is_told_and_the_last_is_imported() {
    let mut model = space("9.1", &[]);
    let second = LIST.replace("detection", "rule_default");
    let answer = answered(&mut model, KEEP, &[LIST, &second, ITEM, ITEM]);
    assert_eq!(
        told(&answer.exceptions.errors),
        [
            "400 l: More than one exception list with list_id: \"l\" found in imports. The last list will be used.",
            "400 i: More than one exception list item with item_id: \"i\" found in imports. The last item will be used.",
        ]
    );
    assert_eq!(answer.exceptions.success_count, 1);
    assert_eq!(&*model.list(&key("l")).unwrap().ty, "rule_default");
}

#[test]
fn what_is_invalid_is_named_as_the_server_names_it() {
    let mut model = space("9.1", &[]);
    let list = LIST.replace("\"id\":\"L\"", "\"nonsense\":1");
    let item = ITEM.replace("\"simple\"", "\"odd\"");
    let answer = answered(&mut model, KEEP, &[&list, &item]);
    assert_eq!(
        told(&answer.exceptions.errors),
        [
            "400 (unknown list_id): Error found importing exception list: invalid keys \"nonsense\"",
            "400 (unknown item_id): Error found importing exception list item: Invalid value \"odd\" supplied to \"type\"",
        ]
    );
}

#[test]
fn errors_of_lists_come_before_those_of_items_and_conflicts_before_repeats() {
    let mut model = space("9.1", &[LIST, ITEM]);
    let lines = [ITEM, "{\"item_id\":1}", LIST, "{\"list_id\":1}"];
    let answer = answered(&mut model, KEEP, &lines);
    let told = told(&answer.exceptions.errors);
    assert_eq!((&*told[0], &*told[2]), (LIST_IS_THERE, ITEM_IS_THERE));
    assert!(
        told[1].starts_with("400 (unknown list_id)")
            && told[3].starts_with("400 (unknown item_id)")
    );
}

#[test]
fn comments_of_the_wrong_kind_fail_the_request() {
    for comments in ["\"text\"", "[null]"] {
        let item = ITEM.replace("\"simple\"", &format!("\"simple\",\"comments\":{comments}"));
        let (status, _) = failure(&mut space("9.1", &[]), &[LIST, &item]);
        assert_eq!(status, 500);
    }
}

#[test]
fn lists_of_endpoint_artifacts_fail_the_request() {
    let list = LIST.replace("\"l\"", "\"endpoint_trusted_apps\"");
    let failure = failure(&mut space("9.1", &[]), &[&list]);
    let text = "Import is not supported for Endpoint artifact exceptions";
    assert_eq!(failure, (400, text.into()));
    let list = LIST.replace("\"l\"", "\"endpoint_list\"");
    assert!(
        answered(&mut space("9.1", &[]), KEEP, &[&list])
            .exceptions
            .success
    );
}

#[test]
fn comments_are_added_when_an_item_is_overwritten_in_place() {
    let item = ITEM.replace(
        "\"simple\"",
        "\"simple\",\"comments\":[{\"comment\":\"c\"}]",
    );
    let mut model = space("9.6", &[LIST, &item]);
    let predicted = import(&mut model, REPLACE, &[&item]);
    assert_eq!(outcomes(&predicted), [(0, Outcome::Overwritten)]);
}
