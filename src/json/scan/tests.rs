//! Does the scanner take JSON, all of it and nothing else?

use super::*;

fn accepts(text: &str) -> bool {
    value(text.as_bytes(), 0) == Ok(text.len())
}

#[test]
fn agrees_with_serde_json_on_what_is_json() {
    let texts = [
        "0",
        "-0",
        "01",
        "1.",
        "1.0",
        ".5",
        "1e5",
        "1E+5",
        "1e",
        "--1",
        "-",
        "1e400",
        "12345678901234567890",
        "0x1",
        "1a",
        "tru",
        "true",
        "false",
        "null",
        "nul",
        "nullx",
        "\"\"",
        "\"a\\u0061\"",
        "\"\\u12\"",
        "\"\\x\"",
        "\"a",
        "\"\t\"",
        "[]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1}",
        "[{\"a\":[{}]}]",
        "[}",
        "{]",
        "[[]",
        "",
        "{\"a\" : [ 1 , 2 ] }",
        "\"\u{2028}\"",
        "\"ab\u{7f}\"",
        "[\"0123456789012345678901234567890123456789\"]",
        "+1",
        "Infinity",
        "NaN",
        "'a'",
        "[1}",
        "{\"a\":1]",
    ];
    for text in texts {
        let oracle = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        assert_eq!(accepts(text), oracle, "{text}");
    }
}

#[test]
fn finds_the_end_of_a_string_wherever_the_quote_stands() {
    for len in 0..100 {
        for special in ["\"", "\\\"\"", "é\""] {
            let text = format!("\"{}{special}tail", "x".repeat(len));
            let end = string(text.as_bytes(), 0).unwrap().end;
            assert_eq!(&text[end..], "tail");
        }
    }
}

#[test]
fn takes_any_depth() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(accepts(&deep));
    let mixed = format!("{}1{}", "[{\"a\":".repeat(500), "}]".repeat(500));
    assert!(accepts(&mixed));
    let wrong = format!("{}1{}", "[{\"a\":".repeat(500), "]}".repeat(500));
    assert!(!accepts(&wrong));
}

#[test]
fn says_where_and_what() {
    let failure = value(br#"{"a":1 "b":2}"#, 0).unwrap_err();
    assert_eq!(
        (failure.offset, &*failure.problem),
        (7, "expected `,` or `}` after a member, found `\"`")
    );
    let failure = value(b"[\"a\0\"]", 0).unwrap_err();
    assert_eq!(
        (failure.offset, &*failure.problem),
        (
            3,
            "a NUL byte in a string; expected it escaped as `\\u0000`"
        )
    );
}
