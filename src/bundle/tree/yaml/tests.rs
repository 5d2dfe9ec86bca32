//! Does YAML carry what JSON says, and do readers get what people write?

use super::*;
use crate::json::Raw;

fn written(text: &str) -> String {
    yaml(Raw::parse(text).unwrap()).0
}

#[test]
fn is_good_to_read() {
    let text = r#"{"rule_id":"acme-1","name":"A rule: of sorts","risk_score":73.0,"query":"process where true\n  and x == \"y\"\n","note":"\n  a\n\n","path":"C:\\Windows\\*","tags":["OS: Windows","no","2024-01-01","a"],"from":"now-6m","threat":[{"framework":"MITRE","technique":[{"id":"T1"},{"id":"T2"}]},[[1,"b"],[]]],"meta":{"a":{},"b":null},"empty":"","list":[]}"#;
    let expected = r#"rule_id: acme-1
name: "A rule: of sorts"
risk_score: 73.0
query: |
  process where true
    and x == "y"
note: |2+

    a

path: C:\Windows\*
tags:
  - "OS: Windows"
  - "no"
  - "2024-01-01"
  - a
from: now-6m
threat:
  - framework: MITRE
    technique:
      - id: T1
      - id: T2
  - - - 1
      - b
    - []
meta:
  a: {}
  b: null
empty: ""
list: []
"#;
    assert_eq!(written(text), expected);
    assert_eq!(json(expected).unwrap(), text);
}

#[test]
fn carries_every_string() {
    let texts = [
        "",
        " ",
        "\n",
        "\n\n",
        " \n",
        "\t\n",
        "a\n",
        "a\n\n",
        "\na",
        "\n a",
        " a\nb",
        "\ta\nb",
        "\n\ta",
        "a\n\tb",
        "a\n \nb",
        "a \nb ",
        "a\r\nb",
        "a\n#b",
        "#",
        "- a",
        "-",
        "? a",
        ": a",
        "a:",
        "a: b",
        "a #b",
        "a#b",
        "---",
        "...",
        "--- a\n...",
        "%a",
        "@a",
        "`a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "{",
        "[",
        "'",
        "\"",
        "it's",
        "a\"b",
        "a\\b",
        "a\\b'c",
        "~",
        "null",
        "Yes",
        "OFF",
        "0x1f",
        "1_000",
        "1e3",
        "12:30:45",
        "1.2.3.4",
        "7.17 or later",
        ".5",
        "+1",
        "-1",
        "=",
        "<<",
        "\u{85}",
        "a\u{2028}b\nc",
        "\u{feff}",
        "\u{0}\u{1b}\u{7f}",
        "é\n日本",
        "🦀",
        "\u{202e}x",
        "x\u{fffd}",
        "\u{ffff}",
        "a\n  b\n c",
        "a\n   ",
        "   \na",
        "a\n\n\n   \n\n",
        "a,b",
        "$json",
        "$json\nx",
    ];
    for text in texts {
        for json_of in [
            format!("{{\"k\":{}}}", crate::json::quoted(text)),
            format!("{{\"k\":[{}]}}", crate::json::quoted(text)),
            format!(
                "{{{}:[[{{\"x\":{}}},1]]}}",
                crate::json::quoted(text),
                crate::json::quoted(text)
            ),
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
fn says_in_json_what_yaml_cannot() {
    let deep = format!("{{\"k\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for text in [
        r#"{"a":"\ud800"}"#,
        r#"{"\ud800":"a"}"#,
        r#"{"a":[{"$json":"1"},2]}"#,
        r#"{"a":{"$json":"\ud83d"}}"#,
        &format!("{{\"{}\":1}}", "k".repeat(2000)),
        &deep,
    ] {
        let file = written(text);
        assert!(file.contains("$json: "), "{file}");
        assert_eq!(
            json(&file).map_err(|fault| fault.problem).as_deref(),
            Ok(text),
            "{file}"
        );
    }
    assert_eq!(written(r#"{"a":"\ud800"}"#), "a:\n  $json: '\"\\ud800\"'\n");
}

#[test]
fn keeps_the_last_of_equal_names_and_says_so() {
    let (file, had_equal) = yaml(Raw::parse(r#"{"a":1,"b":{"c":1,"c":2},"a":3}"#).unwrap());
    assert_eq!((&*file, had_equal), ("a: 3\nb:\n  c: 2\n", true));
}

#[test]
fn takes_what_people_write() {
    for (file, expected) in [
        (
            "a: ~\nb:\nc: TRUE\nd: yes\n",
            r#"{"a":null,"b":null,"c":true,"d":"yes"}"#,
        ),
        (
            "a: 0x1F\nb: 0o17\nc: +012\nd: 1.\ne: 1e400\n",
            r#"{"a":31,"b":15,"c":12,"d":1.0,"e":1e400}"#,
        ),
        (
            "a: !!str 1\nb: !!int 2\nc: 'x'\n",
            r#"{"a":"1","b":2,"c":"x"}"#,
        ),
        ("1: a\ntrue: b\n", r#"{"1":"a","true":"b"}"#),
        (
            "a: &x\n  - {b: 1}\nc: *x\n",
            r#"{"a":[{"b":1}],"c":[{"b":1}]}"#,
        ),
        (
            "%YAML 1.2\n---\na: >\n  folded\n  text\n...\n",
            r#"{"a":"folded text\n"}"#,
        ),
        ("{\"a\": [1, \"\\u00e9\"]}\n", r#"{"a":[1,"é"]}"#),
        ("a: |\r\n  b\r\n  c\r\n", r#"{"a":"b\nc\n"}"#),
    ] {
        assert_eq!(
            json(file).map_err(|fault| fault.problem).as_deref(),
            Ok(expected),
            "{file}"
        );
    }
}

#[test]
fn names_line_and_column_of_what_it_does_not_take() {
    for (file, line, problem) in [
        ("a: 1\nb: [1\n", 3, ""),
        (
            "a: 1\na: 2\n",
            2,
            "the name `a` stands twice in one mapping",
        ),
        (
            "a: 1\n---\nb: 1\n",
            2,
            "a file must hold one document, found another",
        ),
        (
            "a: 1\nb: .inf\n",
            2,
            "JSON has no number for `.inf`; put it in quotes if it is a text",
        ),
        (
            "x: &a\n  b: 1\nc:\n  <<: *a\n",
            4,
            "merge keys (`<<`) are not taken; write the members out",
        ),
        (
            "a: !ruby/object 1\n",
            1,
            "the tag `!ruby/object` is not taken",
        ),
        (
            "? [a]\n: b\n",
            1,
            "a name must be a text, found a collection or an alias",
        ),
        ("", 0, "a file must hold a mapping, found nothing"),
        (
            "a: &x [*x]\n",
            1,
            "an alias must name an anchor that stands before it and has ended",
        ),
        (
            "a:\n  $json: 1\n",
            3,
            "`$json` must be a string that spells JSON",
        ),
    ] {
        let fault = json(file).unwrap_err();
        assert_eq!(fault.line, line, "{file}: {}", fault.problem);
        assert!(
            problem.is_empty() || &*fault.problem == problem,
            "{file}: {}",
            fault.problem
        );
    }
}

#[test]
fn aliases_cannot_fill_the_memory() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{},", level - 1).repeat(10);
        bomb += &format!("a{level}: &a{level} [{alias}]\n");
    }
    assert_eq!(
        &*json(&bomb).unwrap_err().problem,
        "aliases make more than 256 MiB of the file"
    );
}
