//! The indices of a space's alerts, by name, wherever a text names them.
//!
//! A space's alerts are read through an alias and stored in numbered indices (8.x and 9.x; `.siem-signals` in 7.x). A
//! name is that of space `dev` if `dev` stands behind one of the beginnings below and is followed by nothing, by `*`, by
//! `-*` or by a number of six digits as in `-000001`. So `…-dev-2` belongs to space `dev-2`, and `…-dev-*` to `dev`, though
//! it covers `dev-2` as well.

use super::settings::SpaceId;

/// How the names of indices with alerts begin; the space follows.
const BEGINNINGS: [&str; 9] = [
    ".alerts-security.alerts-",
    ".internal.alerts-security.alerts-",
    ".preview.alerts-security.alerts-",
    ".internal.preview.alerts-security.alerts-",
    ".alerts-security.attack.discovery.alerts-",
    ".internal.alerts-security.attack.discovery.alerts-",
    ".adhoc.alerts-security.attack.discovery.alerts-",
    ".internal.adhoc.alerts-security.attack.discovery.alerts-",
    ".siem-signals-",
];

/// The text with the alerts of `to` wherever it names those of `from`; none if it names none.
pub(super) fn converted(text: &str, from: &SpaceId, to: &SpaceId) -> Option<String> {
    let mut new = String::new();
    let mut copied = 0;
    for (_, space) in places(text, from.as_str()) {
        new.push_str(&text[copied..space]);
        new.push_str(to.as_str());
        copied = space + from.as_str().len();
    }
    (copied > 0).then(|| new + &text[copied..])
}

/// The first index with alerts of this space that the text names.
pub(super) fn first<'t>(text: &'t str, space: &SpaceId) -> Option<&'t str> {
    let (start, space) = places(text, space.as_str()).next()?;
    Some(&text[start..space + name_end(&text[space..])])
}

/// Where the text names indices with alerts of this space: where each name begins, and where the space stands in it.
fn places(text: &str, space: &str) -> impl Iterator<Item = (usize, usize)> {
    // Most texts are queries full of dots that name no such index.
    let likely = text.contains("alerts-security.") || text.contains("siem-signals-");
    let searched = if likely { text } else { "" };
    searched.match_indices('.').filter_map(move |(dot, _)| {
        let beginning = BEGINNINGS
            .iter()
            .find(|beginning| text[dot..].starts_with(**beginning))?;
        let at = dot + beginning.len();
        (begins_name(&text[..dot]) && is_of(&text[at..], space)).then_some((dot, at))
    })
}

/// Whether a name can begin behind this text. The `-` of an exclusion stands before a name, not in one.
fn begins_name(before: &str) -> bool {
    let ends_in_name =
        |text: &str| text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
    match before.strip_suffix('-') {
        Some(before) => !ends_in_name(before) && !before.ends_with(['-', '*']),
        None => !ends_in_name(before),
    }
}

/// Whether the name that goes on with `rest` is one of this space.
fn is_of(rest: &str, space: &str) -> bool {
    let numbered = |number: &str| number.len() == 6 && number.bytes().all(|b| b.is_ascii_digit());
    match rest[..name_end(rest)].strip_prefix(space) {
        Some("" | "*" | "-*") => true,
        Some(suffix) => suffix.strip_prefix('-').is_some_and(numbered),
        None => false,
    }
}

/// Where the name that goes on with `rest` ends.
fn name_end(rest: &str) -> usize {
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '?');
    rest.find(|c: char| !in_name(c)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_emea(text: &str) -> Option<String> {
        converted(text, &"dev".parse().unwrap(), &"emea".parse().unwrap())
    }

    #[test]
    fn knows_every_name_of_a_space() {
        for beginning in BEGINNINGS {
            for suffix in ["", "*", "-*", "-000001"] {
                let name = format!("{beginning}dev{suffix}");
                assert_eq!(
                    to_emea(&name),
                    Some(format!("{beginning}emea{suffix}")),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn leaves_names_of_other_spaces() {
        for name in [
            ".alerts-security.alerts-dev-2",
            ".alerts-security.alerts-dev-2-000001",
            ".alerts-security.alerts-dev2",
            ".alerts-security.alerts-dev_",
            ".alerts-security.alerts-a-dev",
            ".alerts-security.alerts-de",
            ".alerts-security.alerts-*",
            ".alerts-security.*",
            ".alerts-security.alerts-",
            ".internal.alerts-security.alerts-dev-00001",
            "x.alerts-security.alerts-dev",
            "x-.alerts-security.alerts-dev",
            ".alerts-observability.alerts-dev",
            ".siem-signals-dev-old",
        ] {
            assert_eq!(to_emea(name), None, "{name}");
        }
    }

    #[test]
    fn finds_names_among_other_text() {
        let text = r#"_index:(".alerts-security.alerts-dev" or eu:.siem-signals-dev*) and x:-.siem-signals-dev-*,é"#;
        let new = r#"_index:(".alerts-security.alerts-emea" or eu:.siem-signals-emea*) and x:-.siem-signals-emea-*,é"#;
        assert_eq!(to_emea(text).unwrap(), new);
        assert_eq!(to_emea(new), None);
        assert_eq!(
            first(
                "a .siem-signals-x .siem-signals-dev-*,",
                &"dev".parse().unwrap()
            ),
            Some(".siem-signals-dev-*")
        );
    }
}
