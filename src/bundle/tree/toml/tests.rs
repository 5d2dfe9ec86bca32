//! Does TOML carry what JSON says, and do readers get what people write?

use super::*;
use crate::json::{Raw, quoted};

fn written(text: &str) -> String {
    toml(Raw::parse(text).unwrap()).0
}

#[test]
fn is_good_to_read() {
    let text = r#"{"rule_id":"acme-1","risk_score":73.0,"query":"process where true\n  and x == \"\\y\"\n","path":"C:\\Windows","alert_suppression":{"group_by":["a"],"duration":{"value":5}},"tags":["a","b"],"threat":[{"framework":"MITRE","technique":[{"id":"T1"}],"x":{}}],"meta":{},"list":[],"a b":null}"#;
    let expected = r#"rule_id = "acme-1"
risk_score = 73.0
query = '''
process where true
  and x == "\y"
'''
path = 'C:\Windows'
alert_suppression.group_by = ["a"]
alert_suppression.duration.value = 5
tags = [
  "a",
  "b",
]
threat = [
  { framework = "MITRE", technique = [
    { id = "T1" },
  ], x = {} },
]
meta = {}
list = []
"a b" = { "$json" = "null" }
"#;
    assert_eq!(written(text), expected);
    assert_eq!(
        json(expected).map_err(|fault| fault.problem).as_deref(),
        Ok(text)
    );
}

#[test]
fn carries_every_string() {
    let texts = [
        "",
        " ",
        "\n",
        "\n\n",
        "a\n",
        "\na",
        "a\nb'",
        "a\n'''b",
        "a\n\"\"\"b\\",
        "a\n'''\"",
        "a\n''''\"\"\"\"\"\"\"",
        "a\n\\",
        "a\r\nb",
        "\r",
        "\t",
        "\t\n",
        "'",
        "\"",
        "\\",
        "'\"\\",
        "\\\t\"",
        "it's",
        "\u{0}",
        "\u{1b}\n",
        "\u{7f}\u{85}\u{2028}\n",
        "\u{feff}",
        "é\n日本",
        "🦀",
        "\u{202e}x",
        "x\u{fffd}",
        "\u{ffff}",
        "$json",
        "a.b",
        "1979-05-27",
        "a  \n  b\n\n",
        "#",
    ];
    for text in texts {
        for json_of in [
            format!("{{\"k\":{}}}", quoted(text)),
            format!("{{\"k\":[{},[{{\"x\":{}}}]]}}", quoted(text), quoted(text)),
            format!("{{\"a\":{{{}:{{\"x\":{}}}}}}}", quoted(text), quoted(text)),
        ] {
            let file = written(&json_of);
            assert_eq!(
                json(&file).map_err(|fault| fault.problem),
                Ok(json_of),
                "{file}"
            );
        }
    }
}

#[test]
fn keeps_the_value_of_numbers() {
    for (number, file) in [
        ("0", "k = 0\n"),
        ("-0", "k = -0.0\n"),
        ("1.0", "k = 1.0\n"),
        ("1E+2", "k = 1E+2\n"),
        ("9223372036854775807", "k = 9223372036854775807\n"),
        (
            "9223372036854775808",
            "k = { \"$json\" = \"9223372036854775808\" }\n",
        ),
        ("1e400", "k = { \"$json\" = \"1e400\" }\n"),
        ("-1E-400", "k = -1E-400\n"),
    ] {
        let text = format!("{{\"k\":{number}}}");
        assert_eq!(written(&text), file);
        let read = json(file).unwrap();
        assert_eq!(read, text.replace("-0}", "-0.0}"));
    }
}

#[test]
fn says_in_json_what_toml_cannot() {
    let deep = format!("{{\"k\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let deep_names = format!("{}1{}", "{\"k\":".repeat(200), "}".repeat(200));
    for text in [
        r#"{"a":"\ud800"}"#,
        r#"{"\ud800":"a"}"#,
        r#"{"$json":"a"}"#,
        r#"{"a":[{"$json":"1"},null,[null]]}"#,
        r#"{"a":{"$json":{"$json":"\ud83d"}}}"#,
        &deep,
        &deep_names,
    ] {
        let file = written(text);
        assert!(file.contains("\"$json\" = "), "{file}");
        assert_eq!(
            json(&file).map_err(|fault| fault.problem).as_deref(),
            Ok(text),
            "{file}"
        );
    }
}

#[test]
fn keeps_the_last_of_equal_names_and_says_so() {
    let (file, had_equal) = toml(Raw::parse(r#"{"a":1,"b":[{"c":1,"c":2}],"a":3}"#).unwrap());
    assert!(had_equal);
    assert_eq!(json(&file).unwrap(), r#"{"a":3,"b":[{"c":2}]}"#);
}

#[test]
fn takes_what_people_write() {
    for (file, expected) in [
        (
            "b = 1\n[z]\nx = 1\n[a]\ny = 2\n",
            r#"{"b":1,"z":{"x":1},"a":{"y":2}}"#,
        ),
        (
            "[[threat]]\nz = 1\na = 2\n[[threat.technique]]\nid = \"T\"\n",
            r#"{"threat":[{"z":1,"a":2,"technique":[{"id":"T"}]}]}"#,
        ),
        (
            "a = 0x1F\nb = 1_000\nc = +1.5e1_0\nd = -0\n",
            r#"{"a":31,"b":1000,"c":1.5e10,"d":-0}"#,
        ),
        (
            "a = 2024-01-02T03:04:05Z\nb = true\n",
            r#"{"a":"2024-01-02T03:04:05Z","b":true}"#,
        ),
        (
            "a = \"\"\"\\\n  folded \\\n  text\"\"\"\n",
            r#"{"a":"folded text"}"#,
        ),
        ("", "{}"),
    ] {
        assert_eq!(
            json(file).map_err(|fault| fault.problem).as_deref(),
            Ok(expected),
            "{file}"
        );
    }
}

#[test]
fn names_the_line_of_what_it_does_not_take() {
    for (file, line, problem) in [
        ("a = 1\na = 2\n", 2, "duplicate key"),
        (
            "a = 1\nb = inf\n",
            2,
            "JSON has no number for `inf`; put it in quotes if it is a text",
        ),
        ("a = 1\nb = \n", 2, ""),
        (
            "a = { \"$json\" = \"x\" }\n",
            1,
            "`$json` must spell JSON: expected a JSON value, found `x`",
        ),
    ] {
        let fault = json(file).unwrap_err();
        assert_eq!(fault.line, line, "{file}: {}", fault.problem);
        assert!(fault.problem.contains(problem), "{file}: {}", fault.problem);
    }
    let dots = format!("{}a = 1\n", "a.".repeat(100_000));
    assert!(json(&dots).is_err());
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(json(&deep).is_err());
}
