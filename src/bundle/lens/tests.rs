use super::*;

fn same(lens: &Lens, a: &str, b: &str) -> bool {
    let print = |text| lens.fingerprint(&Record::parse(text, 0).unwrap());
    print(a) == print(b)
}

fn lens(ignore: &[&str]) -> Lens {
    Lens::new(Fields::Owned, ignore.iter().copied()).unwrap()
}

#[test]
fn passes_over_ignored_fields_at_any_depth() {
    let lens = lens(&["version", "actions[].params.to", "meta.\"a.b\"", "gone.x"]);
    assert!(same(
        &lens,
        r#"{"rule_id":"r","version":1,"actions":[{"params":{"to":[1],"m":"x"}}],"meta":{"a.b":1}}"#,
        r#"{"rule_id":"r","actions":[{"params":{"m":"x"}}],"meta":{}}"#,
    ));
    assert!(!same(
        &lens,
        r#"{"rule_id":"r","actions":[{"params":{"to":1,"m":"x"}}]}"#,
        r#"{"rule_id":"r","actions":[{"params":{"to":1,"m":"y"}}]}"#,
    ));
    assert_eq!(lens.unseen().collect::<Vec<_>>(), ["gone.x"]);
}

#[test]
fn a_path_below_an_ignored_one_is_seen_with_it() {
    let lens = lens(&["meta.a", "meta", "meta", "id"]);
    assert!(same(
        &lens,
        r#"{"rule_id":"r","id":"1","meta":{"b":1}}"#,
        r#"{"rule_id":"r"}"#
    ));
    assert_eq!(lens.unseen().count(), 0);
}

#[test]
fn the_order_of_sets_means_nothing_and_that_of_other_arrays_does() {
    let lens = lens(&[]);
    let item = |value: &str, tags: &str| {
        format!(
            r#"{{"item_id":"i","tags":{tags},"entries":[{{"field":"f","value":{value}}},{{"entries":[{{"value":{value}}}]}}]}}"#
        )
    };
    let one = item(r#"["a","b"]"#, r#"["x","y"]"#);
    assert!(same(
        &lens,
        &one,
        &item(r#"["b","\u0061"]"#, r#"["y","x"]"#)
    ));
    for other in [
        item(r#"["a","b","b"]"#, r#"["x","y"]"#),
        item(r#""ab""#, r#"["x","y"]"#),
        item(r#"["a","b"]"#, r#"["x"]"#),
    ] {
        assert!(!same(&lens, &one, &other), "{other}");
    }
    assert!(!same(
        &lens,
        r#"{"rule_id":"r","tags":["x","y"]}"#,
        r#"{"rule_id":"r","tags":["y","x"]}"#
    ));
}

#[test]
fn agrees_with_the_fingerprint_that_knows_no_sets() {
    for (a, b) in [
        (
            r#"{"id":"c","type":"action","attributes":{"name":"n","apiKey":null}}"#,
            r#"{"id":"c","type":"action","attributes":{"name":"n"}}"#,
        ),
        (
            r#"{"rule_id":"r","exceptions_list":[{"id":"1","list_id":"l"}]}"#,
            r#"{"rule_id":"r","exceptions_list":[{"list_id":"l"}]}"#,
        ),
        (
            r#"{"item_id":"i","comments":[{"comment":"c","id":"1"}]}"#,
            r#"{"item_id":"i","comments":[{"comment":"c"}]}"#,
        ),
        (
            r#"{"rule_id":"r","exceptions_list":"x"}"#,
            r#"{"rule_id":"r","exceptions_list":[]}"#,
        ),
    ] {
        for fields in [Fields::Owned, Fields::All] {
            let lens = Lens::new(fields, []).unwrap();
            let print = |text| content::fingerprint(&Record::parse(text, 0).unwrap(), fields);
            assert_eq!(same(&lens, a, b), print(a) == print(b), "{a} {b}");
        }
    }
}

#[test]
fn says_where_a_path_is_wrong() {
    for (path, message) in [
        ("", "a name at character 1, found the end"),
        ("a..b", "a name at character 3, found `.`"),
        ("a[0]", "`]`, for all elements, at character 3, found `0`"),
        ("a]", "`.` or `[]` at character 2, found `]`"),
        ("\"a", "a string in quotes at character 1, found `\"`"),
    ] {
        let error = Lens::new(Fields::Owned, [path]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the path `{path}` must have {message}")
        );
    }
}
