//! One index pattern for another, where each `*` of the old captures what the `*`s of the new put back.
//!
//! A pattern in a rule is text here: its own `*`s are captured like any other character.

use std::str::FromStr;

use super::pair::Pair;
use crate::error::{Error, Result};

/// Replaces an index pattern as a whole. Without a cluster it goes by the index part, and clusters stay.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Replacement {
    pair: Pair,
}

impl FromStr for Replacement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let pair: Pair = text.parse()?;
        if pair.new.is_empty() {
            return Err(Error::usage(format!(
                "expected a pattern after the `=`, found `{text}`"
            )));
        }
        if pair.old.starts_with('-') || pair.new.starts_with('-') {
            let problem =
                "leave out the `-` at the start: what follows it is replaced in exclusions too";
            return Err(Error::usage(format!("{problem}, found `{text}`")));
        }
        if text.contains(',') {
            return Err(Error::usage(format!(
                "expected one pattern for one pattern, found a comma in `{text}`"
            )));
        }
        let stars = |pattern: &str| pattern.matches('*').count();
        if stars(&pair.new) > stars(&pair.old) {
            return Err(Error::usage(format!(
                "each `*` in NEW puts back what a `*` in OLD captured; `{}` has more of them than `{}`",
                pair.new, pair.old
            )));
        }
        Ok(Self { pair })
    }
}

impl TryFrom<String> for Replacement {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Replacement> for String {
    fn from(replacement: Replacement) -> Self {
        replacement.pair.into()
    }
}

impl Replacement {
    /// Whether it is about clusters, and so for whole patterns.
    pub(super) fn names_cluster(&self) -> bool {
        cluster_end(&self.pair.old).is_some() || cluster_end(&self.pair.new).is_some()
    }

    /// What takes the place of a pattern with its cluster and exclusion, if it matches.
    pub(super) fn of_pattern(&self, pattern: &str) -> Option<String> {
        let cluster = cluster_end(pattern);
        let kept = match (cluster, self.names_cluster()) {
            // An excluded cluster takes whole clusters away; its index part is no pattern of its own.
            (Some(_), false) if pattern.starts_with('-') => return None,
            (Some(end), false) => end,
            (Some(_), true) if cluster_end(&self.pair.old).is_none() => return None,
            (Some(_), true) | (None, _) => 0,
        };
        let kept = kept + usize::from(pattern[kept..].starts_with('-'));
        Some(pattern[..kept].to_owned() + &self.of_index(&pattern[kept..])?)
    }

    /// What takes the place of an index without cluster and exclusion, if it matches.
    pub(super) fn of_index(&self, index: &str) -> Option<String> {
        let mut captured = captures(&self.pair.old, index)?.into_iter();
        let mut parts = self.pair.new.split('*');
        let mut new = parts.next()?.to_owned();
        for part in parts {
            new.push_str(captured.next()?);
            new.push_str(part);
        }
        Some(new)
    }
}

impl std::fmt::Display for Replacement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pair.fmt(f)
    }
}

/// Where the cluster of a pattern ends, behind its colon. The colons of date math and of selectors (`::`) are none.
fn cluster_end(pattern: &str) -> Option<usize> {
    let dated = pattern.starts_with('<') || pattern.starts_with("-<");
    let colon = pattern.find(':').filter(|_| !dated)?;
    (!pattern[colon..].starts_with("::")).then_some(colon + 1)
}

/// What each `*` of `glob` stands for in `text`, as little as possible each; none if it does not match as a whole.
fn captures<'t>(glob: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut parts = glob.split('*');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let Some(last) = parts.next_back() else {
        return rest.is_empty().then(Vec::new);
    };
    rest = rest.strip_suffix(last)?;
    let mut captured = Vec::new();
    for part in parts {
        let at = rest.find(part)?;
        captured.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    captured.push(rest);
    Some(captured)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(replacement: &str, pattern: &str) -> Option<String> {
        replacement
            .parse::<Replacement>()
            .unwrap()
            .of_pattern(pattern)
    }

    #[test]
    fn puts_back_what_was_captured() {
        let default = "logs-*-default=logs-*-tenant1";
        assert_eq!(
            replaced(default, "logs-endpoint.events.*-default").unwrap(),
            "logs-endpoint.events.*-tenant1"
        );
        assert_eq!(
            replaced(default, "logs-*-default").unwrap(),
            "logs-*-tenant1"
        );
        assert_eq!(replaced(default, "logs--default").unwrap(), "logs--tenant1");
        for other in [
            "logs-default",
            "xlogs-a-default",
            "logs-a-default2",
            "LOGS-a-default",
            "",
        ] {
            assert_eq!(replaced(default, other), None, "{other}");
        }
        assert_eq!(replaced("a*b*c=*-*", "a12b3bc").unwrap(), "12-3b");
        assert_eq!(replaced("a*b*=x*", "a1b2").unwrap(), "x1");
        assert_eq!(replaced("*=x-*", "").unwrap(), "x-");
        assert_eq!(replaced("aba*ba=x*", "aba"), None);
        assert_eq!(replaced("winlogbeat=wlb", "winlogbeat-x"), None);
        assert_eq!(replaced("ä*=ö*", "äé").unwrap(), "öé");
    }

    #[test]
    fn keeps_clusters_and_exclusions() {
        assert_eq!(replaced("logs-*=l-*", "-logs-x").unwrap(), "-l-x");
        assert_eq!(replaced("logs-*=l-*", "eu*:logs-x").unwrap(), "eu*:l-x");
        assert_eq!(replaced("logs-*=l-*", "eu:-logs-x").unwrap(), "eu:-l-x");
        assert_eq!(replaced("*=l-*", "-eu:*"), None);
        assert_eq!(
            replaced("logs-*=l-*", "logs-x::failures").unwrap(),
            "l-x::failures"
        );
        assert_eq!(
            replaced("<a-*>=<b-*>", "<a-{now/d{HH:mm}}>").unwrap(),
            "<b-{now/d{HH:mm}}>"
        );
    }

    #[test]
    fn replaces_clusters_that_are_named() {
        assert_eq!(
            replaced("eu:logs-*=us:logs-*", "eu:logs-x").unwrap(),
            "us:logs-x"
        );
        assert_eq!(replaced("eu:*=us:*", "-eu:*").unwrap(), "-us:*");
        assert_eq!(replaced("eu:logs-*=logs-*", "eu:logs-x").unwrap(), "logs-x");
        assert_eq!(replaced("eu:logs-*=logs-*", "logs-x"), None);
        assert_eq!(replaced("*-x=eu:*-x", "logs-x").unwrap(), "eu:logs-x");
        assert_eq!(replaced("*-x=eu:*-x", "us:logs-x"), None);
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        let problem = |text: &str| text.parse::<Replacement>().unwrap_err().to_string();
        assert_eq!(
            problem("logs=logs-*"),
            "each `*` in NEW puts back what a `*` in OLD captured; `logs-*` has more of them than `logs`"
        );
        assert_eq!(
            problem("-a=b"),
            "leave out the `-` at the start: what follows it is replaced in exclusions too, found `-a=b`"
        );
        assert_eq!(
            problem("a,b=c"),
            "expected one pattern for one pattern, found a comma in `a,b=c`"
        );
        assert_eq!(problem("a"), "expected `OLD=NEW`, found `a`");
    }
}
