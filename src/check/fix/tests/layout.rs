use proptest::prelude::*;

use super::*;

#[test]
fn a_record_broken_over_lines_is_put_together() {
    let text = format!("{LIST}\n{{\"rule_id\":\"r\",\n \"type\":\"query\", \"a\": 1.0}}\n{ITEM}\n");
    let came = fixed(&text);
    assert_eq!(
        came.out,
        format!("{LIST}\n{{\"rule_id\":\"r\",\"type\":\"query\",\"a\":1.0}}\n{ITEM}\n")
    );
    assert_eq!(came.fixed[0].0, 2);
    assert!(
        came.left.iter().all(|(line, _)| *line == 2),
        "{:?}",
        came.left
    );
}

#[test]
fn a_record_that_was_cut_off_takes_no_other_with_it() {
    let text = format!("{{\"rule_id\":\"a\",\n{RULE}\nnull\n{ITEM}\n{{\"rule_id\":\n{LIST}\n\n");
    let came = fixed(&text);
    assert_eq!(came.out, text.replace("null\n", ""));
    let lines: Vec<_> = came.unreadable.iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [1, 5]);
}

#[test]
fn beside_half_a_value_nothing_goes() {
    let text = "{\"a\":\nnull\n{}\n}\n";
    assert_eq!(fixed(text).out, text);
}

#[test]
fn says_where_json_over_lines_is_broken() {
    let broken = "{\n  \"rule_id\": \"r\"\n  \"type\": \"query\"\n}\n{\"rule_id\":\"s\"}\n";
    let came = fixed(broken);
    assert_eq!(came.out, broken);
    let message = "expected `,` or `}` after a member, found `\"`".to_owned();
    assert_eq!(came.unreadable, [(3, 3, message)]);
    let open = "[\n  {\"rule_id\": \"ü\"},\n";
    let came = fixed(open);
    assert_eq!((came.out.as_str(), came.fixed.len()), (open, 0));
    let message = "expected a JSON value, found the end of the file".to_owned();
    assert_eq!(came.unreadable, [(2, 20, message)]);
    let scalars = "[\n  1\n]\n";
    let message = "a record must be a JSON object, found a number".to_owned();
    assert_eq!(fixed(scalars).unreadable, [(2, 3, message)]);
}

#[test]
fn a_broken_file_leaves_the_next_one_alone() {
    let came = fixed_with(
        &Reading::default(),
        &["[\n", "null\n", &format!("[\n{RULE}\n]")],
        Options::default(),
    );
    assert_eq!(came.out, format!("[\n{RULE}\n"));
    assert_eq!(came.unreadable.len(), 1);
}

#[test]
fn a_value_longer_than_a_line_may_be_ends_the_run() {
    let reading = Reading {
        max_line_bytes: 40,
        ..Reading::default()
    };
    let source = Source::reader(
        "x",
        &b"\n[\n{},\n{},\n{},\n{},\n{},\n{},\n{},\n{},\n{},\n{},\n{}]\n"[..],
    );
    let options = Options::default();
    let fixing = Fixing {
        reading: &reading,
        options,
    };
    let error = fixing
        .run(vec![source], Vec::new(), |_| (), |_, _| Ok(()))
        .unwrap_err();
    assert_eq!(error.to_string(), "the line is longer than 40 bytes");
    assert_eq!(error.location().map(|at: &Location| at.line), Some(2));
}

#[test]
fn nests_without_end_in_reasonable_time() {
    for line in ["[\n", "{\"a\":[\n", "[{\n", "{\"a\":\n"] {
        let text = line.repeat(20_000);
        assert_eq!(fixed(&text).out, text);
    }
}

fn piece() -> impl Strategy<Value = String> {
    let whole: Vec<String> = cases()
        .flat_map(|(_, before, after)| [before, after])
        .collect();
    let scraps = [
        "{",
        "}",
        "[",
        "]",
        "null",
        "7",
        ",",
        "\n",
        "\r\n",
        "\u{feff}",
        "{\"a\":",
        "{\"rule_id\":\"r\",",
        "{}",
        " ",
        "\"x\"",
        "{\"exportedCount\":2}",
        "{\"exported_count\":9}",
        "x",
    ];
    prop_oneof![
        2 => prop::sample::select(whole),
        3 => prop::sample::select(scraps.map(String::from).to_vec()),
        2 => prop::sample::select(scraps.map(|scrap| format!("{scrap}\n")).to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn twice_is_once_in_batches_of_any_size(pieces in prop::collection::vec(piece(), 0..14), batch in 1_usize..200, jobs in 1_usize..4) {
        let text: String = pieces.concat();
        let once = fixed(&text);
        let again = fixed(&once.out);
        prop_assert_eq!(&again.out, &once.out);
        prop_assert!(again.fixed.is_empty(), "{:?} of {:?}", again.fixed, once.out);
        let reading = Reading { batch_bytes: batch, jobs, ..Reading::default() };
        prop_assert_eq!(&fixed_with(&reading, &[&text], Options::default()), &once);
        if once.fixed.is_empty() {
            prop_assert_eq!(&once.out, &text);
        }
    }
}
