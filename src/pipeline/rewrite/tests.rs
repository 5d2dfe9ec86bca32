use super::*;

const CONNECTOR: &str = "{\"id\":\"c\",\"type\":\"action\",\"attributes\":{}}";
const COUNTS: &str = "{\"exported_count\":3,\"exported_rules_count\":2}";

fn sources<'a>(files: &[&'a str]) -> Vec<Source<'a>> {
    let named =
        |(index, text): (usize, &&'a str)| Source::reader(format!("file{index}"), text.as_bytes());
    files.iter().enumerate().map(named).collect()
}

/// Rewrites after as many looks as asked for; gives the output, what was told with its place, and the report.
fn rewritten(
    files: &[&str],
    looks: usize,
    on_error: OnError,
    work: impl Fn(&mut Record<'_>) -> Fate<String> + Sync,
) -> Result<(String, Vec<String>, Report)> {
    let reading = Reading {
        jobs: 2,
        batch_bytes: 40,
        ..Reading::default()
    };
    let rewriting = Rewriting {
        reading: &reading,
        on_error,
        closing: None,
    };
    let mut input = Input::new(sources(files));
    for _ in 0..looks {
        input.survey(
            &rewriting,
            |record| record.id().map(Into::into),
            |_: String| Ok(()),
        )?;
    }
    let (mut output, mut told) = (Vec::new(), Vec::new());
    let report = input.rewrite(&rewriting, &mut output, work, |happened| {
        told.push(match happened {
            Happened::Told {
                told,
                location,
                read,
                written,
            } => {
                let [read, written] =
                    [read, written].map(|line| String::from_utf8_lossy(line).into_owned());
                let Location { file, line, .. } = location();
                format!("{file}:{line} {told} {read:?} {written:?}")
            }
            Happened::Unreadable { error, .. } => {
                let place = error.location().cloned().unwrap_or_default();
                format!("{}:{}:{} unreadable", place.file, place.line, place.column)
            }
        });
        Ok(())
    })?;
    Ok((String::from_utf8(output).unwrap_or_default(), told, report))
}

fn by_id(record: &mut Record<'_>) -> Fate<String> {
    match record.id().as_deref() {
        Some("gone") => Fate::drop().telling("gone".into()),
        Some("new") => {
            record.set("n", "1");
            let mut fate = Fate::keep().telling("new".into());
            fate.followers
                .push((Kind::Rule, "{\"rule_id\":\"x\"}".into()));
            fate
        }
        _ => Fate::keep(),
    }
}

#[test]
fn writes_what_is_decided_and_counts_anew() {
    let first = format!(
        "\u{feff}{{ \"rule_id\":\"new\"}}\r\n\n{{\"rule_id\":\"gone\"}}\n{CONNECTOR}\n{COUNTS}\n{{ \"rule_id\" : \"a\"}}"
    );
    let second = "\u{feff}{\"rule_id\":\"gone\"}\n{\"rule_id\":\"new\"}";
    for looks in 0..3 {
        let (output, told, report) =
            rewritten(&[&first, second], looks, OnError::Stop, by_id).unwrap();
        let expected = format!(
            "\u{feff}{{ \"rule_id\":\"new\",\"n\":1}}\r\n{{\"rule_id\":\"x\"}}\r\n\n{CONNECTOR}\n{COUNTS}\n{{ \"rule_id\" : \"a\"}}\n\
             {{\"rule_id\":\"new\",\"n\":1}}\n{{\"rule_id\":\"x\"}}\n"
        );
        assert_eq!(output, expected, "{looks}");
        assert_eq!(told.len(), 4);
        assert_eq!(
            told[2],
            "file1:1 gone \"\\u{feff}{\\\"rule_id\\\":\\\"gone\\\"}\\n\" \"\""
        );
        assert_eq!(
            told[3],
            "file1:2 new \"{\\\"rule_id\\\":\\\"new\\\"}\" \"{\\\"rule_id\\\":\\\"new\\\",\\\"n\\\":1}\""
        );
        let counts = [report.changed, report.dropped, report.added];
        assert_eq!(counts.map(Counts::total), [2, 2, 2]);
    }
}

#[test]
fn details_count_what_came_and_went() {
    let bundle = format!(
        "{{\"rule_id\":\"gone\"}}\n{{\"rule_id\":\"a\"}}\n{CONNECTOR}\n{COUNTS}\n{COUNTS}\n"
    );
    let (output, _, report) = rewritten(&[&bundle], 1, OnError::Stop, by_id).unwrap();
    assert_eq!(
        output,
        format!(
            "{{\"rule_id\":\"a\"}}\n{CONNECTOR}\n{{\"exported_count\":2,\"exported_rules_count\":1}}\n{COUNTS}\n"
        )
    );
    assert_eq!(report.changed[Kind::Details], 1);
}

#[test]
fn lines_that_cannot_be_read_stop_stay_or_go() {
    let bundle = format!("{{\"rule_id\":\"a\"}}\nnonsense\n{{\"rule_id\":\"gone\"}}\n{COUNTS}\n");
    for looks in 0..2 {
        let run = |on_error| rewritten(&[&bundle], looks, on_error, by_id);
        let error = run(OnError::Stop).unwrap_err();
        let place = error.location().unwrap();
        assert_eq!((&*place.file, place.line, place.column), ("file0", 2, 1));
        let (kept, told, _) = run(OnError::Keep).unwrap();
        assert!(kept.contains("\nnonsense\n"), "{kept}");
        assert_eq!(told[0], "file0:2:1 unreadable");
        let (left, _, report) = run(OnError::Drop).unwrap();
        assert_eq!(
            left,
            "{\"rule_id\":\"a\"}\n{\"exported_count\":1,\"exported_rules_count\":1}\n"
        );
        assert_eq!(report.refused, 1);
    }
}

#[test]
fn a_closing_line_is_told_the_counts() {
    let reading = Reading::default();
    let closing = |kept: Counts| format!("{{\"rules\":{}}}", kept[Kind::Rule]);
    let rewriting = Rewriting {
        reading: &reading,
        on_error: OnError::Stop,
        closing: Some(&closing),
    };
    let mut output = Vec::new();
    let bundle = "{\"rule_id\":\"a\"}\n{\"exported_count\":1}\n{\"rule_id\":\"b\"}";
    Input::new(sources(&[bundle]))
        .rewrite(&rewriting, &mut output, |_| Fate::<()>::keep(), |_| Ok(()))
        .unwrap();
    assert_eq!(
        String::from_utf8(output).unwrap(),
        format!("{bundle}\n{{\"rules\":2}}\n")
    );
}
