//! How are more rules had than one request may ask for? In slices, each of which lets some rules through and the next the others.

use crate::error::Result;

/// What cuts rules in two: those for which it holds, and the others. Nothing but filters that were measured to work (Kibana 9.6):
/// the text in a name is found whatever its case.
fn clauses() -> impl Iterator<Item = String> {
    let types = ["query", "eql", "esql", "new_terms", "threshold"]
        .map(|kind| format!("alert.attributes.params.type: \"{kind}\""));
    let enabled = "alert.attributes.enabled: true".to_owned();
    let severities = ["low", "medium", "high"]
        .map(|severity| format!("alert.attributes.params.severity: \"{severity}\""));
    // Whatever the names are about, some letters and digits are in about half of them.
    let names = "pdlucmhgfbyxwvk0123456789etaoinsrjqz"
        .chars()
        .map(|letter| format!("alert.attributes.name: \"*{letter}*\""));
    types
        .into_iter()
        .chain([enabled])
        .chain(severities)
        .chain(names)
}

/// Filters that together let each rule through once, each no more than `window` rules, as far as they can be told apart.
///
/// `count` says how many rules a filter lets through. Since a slice is what holds of a clause or what does not, no rule is in none,
/// whatever types and severities there are.
pub(super) fn slices(
    window: u64,
    filter: Option<&str>,
    total: u64,
    count: &mut dyn FnMut(&str) -> Result<u64>,
) -> Result<Vec<Option<String>>> {
    if total <= window {
        return Ok(vec![filter.map(str::to_owned)]);
    }
    let clauses: Vec<String> = clauses().collect();
    let mut done = Vec::new();
    let mut wait = vec![(filter.map(|filter| format!("({filter})")), total, 0)];
    while let Some((slice, total, at)) = wait.pop() {
        let Some(clause) = clauses.get(at).filter(|_| total > window) else {
            if total > 0 {
                done.push(slice);
            }
            continue;
        };
        let and = |clause: String| match &slice {
            Some(slice) => format!("{slice} and {clause}"),
            None => clause,
        };
        let (with, without) = (and(clause.clone()), and(format!("not ({clause})")));
        let holds = count(&with)?.min(total);
        if holds == 0 || holds == total {
            // It cuts nothing off, so it is left out: addresses have an end.
            wait.push((slice, total, at + 1));
            continue;
        }
        wait.push((Some(without), total - holds, at + 1));
        wait.push((Some(with), holds, at + 1));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Object;
    use crate::query::Query;

    fn rules(count: usize) -> Vec<String> {
        let types = ["query", "eql", "unheard_of"];
        (0..count)
            .map(|n| {
                let (kind, severity) = (types[n % 7 % 3], ["low", "high", "odd"][n % 5 % 3]);
                let enabled = n % 3 == 0;
                format!(r#"{{"type":"{kind}","severity":"{severity}","enabled":{enabled},"name":"Rule {n}"}}"#)
            })
            .collect()
    }

    fn matching(filter: &str, rules: &[String]) -> Vec<usize> {
        let query: Query = filter.parse().unwrap();
        (0..rules.len())
            .filter(|&n| query.matches(&Object::parse(&rules[n]).unwrap()))
            .collect()
    }

    #[test]
    fn every_rule_is_in_one_slice_that_fits() {
        let rules = rules(500);
        for (filter, window) in [
            (None, 20),
            (None, 499),
            (Some("enabled:true or type:eql"), 20),
        ] {
            let all = matching(filter.unwrap_or("*"), &rules);
            let slices = slices(window, filter, all.len() as u64, &mut |filter| {
                Ok(matching(filter, &rules).len() as u64)
            })
            .unwrap();
            let mut seen: Vec<usize> = Vec::new();
            for slice in &slices {
                let found = matching(slice.as_deref().unwrap(), &rules);
                assert!(found.len() as u64 <= window, "{slice:?}: {}", found.len());
                seen.extend(found);
            }
            seen.sort_unstable();
            assert_eq!(seen, all, "{slices:?}");
        }
    }

    #[test]
    fn few_rules_are_one_slice_and_equal_ones_stay_together() {
        let mut never = |_: &str| panic!("nothing to ask");
        assert_eq!(slices(10, None, 10, &mut never).unwrap(), [None]);
        let one = slices(10, Some("x"), 10, &mut never).unwrap();
        assert_eq!(one, [Some("x".to_owned())]);
        let equal = slices(10, None, 11, &mut |_| Ok(0)).unwrap();
        assert_eq!(equal, [None]);
    }
}
