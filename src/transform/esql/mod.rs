//! Finds and replaces the index patterns that an ES|QL query reads.
//!
//! A query is read as Elasticsearch's grammar reads it (`EsqlBaseLexer.g4` and `EsqlBaseParser.g4`): strings,
//! comments and brackets everywhere, source lists in full. What it cannot be sure of is refused, never guessed.
//!
//! Index patterns stand after `FROM` and `TS`, at the start of the query, of a subquery in such a list, and of a subquery
//! after `IN`. A view cannot be told from an index, so it counts as one. The lookup index of `LOOKUP JOIN` and the policy
//! of `ENRICH` are not sources: they name enrichments, which do not move with the events.
//!
//! Refused besides broken text: `PROMQL`, `EXPLAIN` and every other source command; parameters (`?name`) and backticks in
//! a list; `cluster:"index"`, which Elasticsearch gave up (elastic/elasticsearch#127636); a subquery where this grammar
//! knows of none.

mod pattern;
mod query;
mod tokens;

pub use pattern::{Pattern, Quotes, Source};

use crate::error::Result;

/// The index patterns that a query reads, in the order of the text.
///
/// A quoted list, as in `"a,b"`, is several patterns. `ROW` and `SHOW` read none.
pub fn sources(query: &str) -> Result<Vec<Source<'_>>> {
    query::read(query)
}

/// The query with some of its index patterns replaced, or none if all stay as they are.
///
/// `f` is given the index part of each pattern: without quotes, cluster, exclusion (`-`) and selector (`::failures`).
/// The patterns it returns take that part's place; what was around the part is around each of them. An excluded cluster
/// (`-cluster:*`) is left as it is. All else stays byte for byte.
pub fn replace(
    query: &str,
    mut f: impl FnMut(&str) -> Option<Vec<String>>,
) -> Result<Option<String>> {
    let mut text = String::new();
    let mut copied = 0;
    for source in sources(query)? {
        if source
            .pattern
            .cluster
            .is_some_and(|cluster| cluster.starts_with('-'))
        {
            continue;
        }
        let Some(names) = f(source.pattern.index) else {
            continue;
        };
        let written = source.written(&names)?;
        if written != query[source.range.clone()] {
            text.push_str(&query[copied..source.range.start]);
            text.push_str(&written);
            copied = source.range.end;
        }
    }
    // A pattern never ends at 0, so this is zero only where nothing changed.
    Ok((copied > 0).then(|| text + &query[copied..]))
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
