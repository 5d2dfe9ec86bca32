//! What becomes of the records of two bundles.

use super::*;

/// What becomes of each record, as in `~rule:r`, in order.
fn outcomes(old: &str, new: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut comparison = comparison(old, new, |_| true);
    let tally = comparison.tally();
    let tell = |difference: &Difference<'_, '_>| {
        let sign = match difference.outcome {
            Outcome::Added => '+',
            Outcome::Removed => '-',
            Outcome::Changed => '~',
            Outcome::Unchanged => '=',
        };
        let version = difference.old.or(difference.new).unwrap();
        assert_eq!(difference.changes.is_empty(), sign != '~');
        (
            difference.outcome,
            format!("{sign}{}", version.record.id().unwrap_or("?".into())),
        )
    };
    comparison
        .each(&Outcome::ALL, tell, |told| {
            found.push(told);
            Ok(())
        })
        .unwrap();
    for outcome in Outcome::ALL {
        let count = found.iter().filter(|(found, _)| *found == outcome).count();
        assert_eq!(tally.total(outcome), count as u64);
    }
    found.into_iter().map(|(_, told)| told).collect()
}

fn comparison(old: &str, new: &str, chosen: impl Fn(&Record<'_>) -> bool + Sync) -> Comparison {
    let source = |name: &str, text: &str| {
        vec![Source::reader(
            name,
            std::io::Cursor::new(text.to_owned().into_bytes()),
        )]
    };
    let terms = Terms {
        lens: lens(Fields::Owned),
        kinds: Kinds::ALL,
        chosen,
    };
    let (old, new) = (source("old", old), source("new", new));
    Comparison::read(Reading::default(), old, new, terms, |_| Ok(())).unwrap()
}

#[test]
fn compares_bundles_in_the_order_of_the_old_one() {
    let old = "{\"rule_id\":\"a\"}\n{\"rule_id\":\"b\"}\nnot json\n{\"rule_id\":\"c\",\"n\":1}\n{\"exported_count\":3}\n";
    let new = "{\"rule_id\":\"d\"}\n{\"rule_id\":\"c\",\"n\":2}\n{\"rule_id\":\"a\"}\n";
    assert_eq!(outcomes(old, new), ["=a", "-b", "~c", "+d"]);
    assert_eq!(outcomes(new, old), ["-d", "~c", "=a", "+b"]);
    assert_eq!(outcomes(old, old), ["=a", "=b", "=c"]);
    assert_eq!(outcomes(old, "").len(), 3);
}

#[test]
fn a_record_chosen_in_either_bundle_is_compared() {
    let (old, new) = (
        "{\"rule_id\":\"a\",\"n\":1}\n{\"rule_id\":\"b\"}",
        "{\"rule_id\":\"a\",\"n\":2}",
    );
    for n in ["1", "2"] {
        let chosen = |record: &Record<'_>| record.get("n").map(Raw::text) == Some(n);
        let tally = comparison(old, new, chosen).tally();
        assert_eq!(
            Outcome::ALL.map(|outcome| tally.of(Kind::Rule, outcome)),
            [0, 0, 1, 0]
        );
    }
}

#[test]
fn more_records_than_one_chunk_holds_keep_their_order() {
    let bundle = |note: &str| -> String {
        let rule = |n: usize| {
            let note = note.repeat(n % 700 * 10);
            format!("{{\"rule_id\":\"{n}\",\"note\":\"{note}\"}}\n")
        };
        (0..2000).map(rule).collect()
    };
    let found = outcomes(&bundle("a"), &bundle("b"));
    assert_eq!(found.len(), 2000);
    for (n, found) in found.iter().enumerate() {
        let sign = if n % 700 == 0 { '=' } else { '~' };
        assert_eq!(*found, format!("{sign}{n}"));
    }
}

#[test]
fn names_an_id_that_is_there_twice() {
    let once = "{\"rule_id\":\"a\"}\n";
    let [old, new] = comparison(once, &format!("{once}\n{once}"), |_| true)
        .repeated_ids()
        .unwrap();
    assert!(old.is_none());
    let (count, label, location) = new.unwrap();
    assert_eq!(
        (count, &*label, &*location.file, location.line),
        (1, "rule `a`", "new", 3)
    );
}
