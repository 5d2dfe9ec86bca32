//! What is taken beside chosen rules, in the smallest bundles that show it.

use super::*;

const RULE: &str = r#"{"rule_id":"r","exceptions_list":[{"list_id":"l"}],"actions":[{"id":"c"}]}"#;
const CONNECTOR: &str = r#"{"id":"c","type":"action","attributes":{}}"#;
const ITEM: &str = r#"{"item_id":"i","list_id":"l"}"#;
const CLOSING: &str =
    r#"{"exported_count":9, "exported_rules_count":9,"exported_exception_list_item_count":9}"#;

fn selected(lines: &[&str], extent: Extent) -> (String, Selected) {
    let bundle = lines.join("\n");
    let choice = Choice {
        ids: Some(["r".to_owned(), "gone".to_owned()].into()),
        ..Choice::default()
    };
    let reading = Reading::default();
    let mut output = Vec::new();
    let sources = vec![Source::reader("x", bundle.as_bytes())];
    let on_error = (&reading, OnError::Keep);
    let selected = select(&choice, extent, on_error, sources, &mut output, |_| Ok(())).unwrap();
    (String::from_utf8(output).unwrap(), selected)
}

#[test]
fn items_stay_where_their_list_is_lacking() {
    let (output, selected) = selected(&[ITEM, RULE, CONNECTOR], Extent::Needed);
    assert_eq!(output, [ITEM, RULE, CONNECTOR].join("\n"));
    let lacking: Vec<_> = selected
        .needs
        .iter()
        .filter(|(need, _)| need.is_lacking())
        .map(|(need, location)| (need.thing.to_string(), location.line))
        .collect();
    assert_eq!(lacking, [("exception list `l`".to_owned(), 2)]);
    assert_eq!(selected.met, ["r".to_owned()].into());
}

#[test]
fn the_details_line_goes_to_the_end_and_counts_all() {
    let foreign = r#"{"exported_exception_list_count":1}"#;
    let other = r#"{"rule_id":"s"}"#;
    let counted =
        r#"{"exported_count":2, "exported_rules_count":1,"exported_exception_list_item_count":1}"#;
    for lines in [
        [RULE, CLOSING, ITEM, other],
        [RULE, ITEM, other, CLOSING],
        [RULE, ITEM, CLOSING, foreign],
        [CLOSING, RULE, CLOSING, ITEM],
    ] {
        let (output, _) = selected(&lines, Extent::Needed);
        assert_eq!(
            output.trim_end(),
            [RULE, ITEM, counted].join("\n"),
            "{lines:?}"
        );
    }
}

#[test]
fn lines_that_cannot_be_read_pass_and_count_for_nothing() {
    let (output, selected) = selected(&[RULE, "nothing", CLOSING], Extent::Rules);
    assert_eq!(output, [RULE, "nothing", CLOSING].join("\n"));
    assert_eq!(selected.report.refused, 1);
}
