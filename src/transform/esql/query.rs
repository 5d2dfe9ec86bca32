//! Walks through a query and gathers the index patterns of its source lists.
//!
//! Processing commands are cut into tokens and brackets are matched; what they mean is nobody's business here. Subqueries
//! are read by calls into each other, so their depth is limited.

use super::tokens::{Cursor, is_keyword, is_word};
use super::{Pattern, Quotes, Source};
use crate::error::Result;

/// How deep subqueries may stand in each other.
const DEEPEST: usize = 50;

/// The words that may follow a column where a subquery's first pattern would stand.
const OPERATORS: [&str; 13] = [
    "and", "or", "not", "in", "is", "like", "rlike", "as", "asc", "desc", "nulls", "where", "by",
];

/// The index patterns of a whole query.
pub(super) fn read(text: &str) -> Result<Vec<Source<'_>>> {
    let mut reader = Reader {
        cursor: Cursor::new(text),
        sources: Vec::new(),
        depth: 0,
    };
    reader.settings()?;
    reader.query()?;
    match reader.cursor.peek() {
        None => Ok(reader.sources),
        Some(_) => Err(reader.cursor.expected("the end of the query")),
    }
}

struct Reader<'q> {
    cursor: Cursor<'q>,
    sources: Vec<Source<'q>>,
    depth: usize,
}

impl<'q> Reader<'q> {
    /// Moves past `SET name = value;`, any number of times.
    fn settings(&mut self) -> Result<()> {
        loop {
            self.cursor.hidden()?;
            let mut ahead = self.cursor.clone();
            if !is_keyword(ahead.command(), "set") {
                return Ok(());
            }
            self.cursor = ahead;
            self.expression()?;
            if !self.cursor.eat(';') {
                return Err(self.cursor.expected("`;` after `SET`"));
            }
        }
    }

    /// Moves past a source command and what is piped from it, up to the end or a closing parenthesis.
    fn query(&mut self) -> Result<()> {
        self.cursor.hidden()?;
        let start = self.cursor.at();
        let command = self.cursor.command();
        if reads_indices(command) {
            self.list()?;
            self.metadata()?;
        } else if !reads_none(command) {
            let expected = "`FROM`, `TS`, `ROW` or `SHOW`";
            return Err(match command {
                "" => self.cursor.expected(expected),
                _ => self
                    .cursor
                    .refused(start, &format!("expected {expected}, found `{command}`")),
            });
        }
        self.expression()
    }

    /// Moves past a query in parentheses, the first of which is behind already, up to the second.
    fn subquery(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self
                .cursor
                .refused(self.cursor.at(), "too many subqueries in each other"));
        }
        self.query()?;
        self.depth -= 1;
        match self.cursor.peek() {
            Some(')') => Ok(()),
            _ => Err(self.cursor.expected("`)` after the subquery")),
        }
    }

    /// Moves past index patterns and subqueries with commas between them.
    fn list(&mut self) -> Result<()> {
        loop {
            self.cursor.hidden()?;
            match self.cursor.peek() {
                Some('(') => {
                    self.cursor.bump();
                    self.subquery()?;
                    self.cursor.bump();
                }
                Some('"') => self.quoted()?,
                _ => self.bare()?,
            }
            self.cursor.hidden()?;
            if !self.cursor.eat(',') {
                return Ok(());
            }
        }
    }

    fn bare(&mut self) -> Result<()> {
        let start = self.cursor.at();
        let text = self.cursor.bare()?;
        if text.is_empty() {
            return Err(self.cursor.expected("an index pattern"));
        }
        if is_keyword(text, "metadata") {
            return Err(self
                .cursor
                .refused(start, "expected an index pattern, found `METADATA`"));
        }
        self.push(start, text, Quotes::None)
    }

    fn quoted(&mut self) -> Result<()> {
        let (quotes, inner) = self.cursor.string()?;
        let mut start = inner.start;
        for text in self.cursor.text(inner).split(',') {
            let name = text.trim_start();
            self.push(start + text.len() - name.len(), name.trim_end(), quotes)?;
            start += text.len() + 1;
        }
        Ok(())
    }

    fn push(&mut self, start: usize, text: &'q str, quotes: Quotes) -> Result<()> {
        let pattern = Pattern::parse(text).map_err(|problem| {
            self.cursor
                .refused(start, &format!("an index pattern that {problem}"))
        })?;
        self.sources.push(Source {
            range: start..start + text.len(),
            quotes,
            pattern,
        });
        Ok(())
    }

    /// Moves past `METADATA a, b`, or `[METADATA a, b]` as it was before elastic/elasticsearch#105221, if that follows.
    fn metadata(&mut self) -> Result<()> {
        let start = self.cursor.at();
        let bracketed = self.cursor.eat('[');
        self.cursor.hidden()?;
        if is_keyword(self.cursor.clone().bare()?, "metadata") {
            self.cursor.bare()?;
            self.fields()?;
            if bracketed && !self.cursor.eat(']') {
                return Err(self.cursor.expected("`]` after `METADATA`"));
            }
            self.cursor.hidden()?;
        } else if bracketed {
            return Err(self.cursor.refused(
                start,
                "expected `,` or `|` after an index pattern, found `[`",
            ));
        }
        match self.cursor.peek() {
            None | Some('|' | ')') => Ok(()),
            Some(_) => Err(self.cursor.expected("`,` or `|` after the source list")),
        }
    }

    fn fields(&mut self) -> Result<()> {
        loop {
            self.cursor.hidden()?;
            if self.cursor.word().is_empty() {
                return Err(self.cursor.expected("a metadata field"));
            }
            self.cursor.hidden()?;
            if !self.cursor.eat(',') {
                return Ok(());
            }
        }
    }

    /// Moves past tokens up to the end, or a `)` or `;` that belongs to what is around.
    fn expression(&mut self) -> Result<()> {
        let mut open = Vec::new();
        // The word just before, for `IN (FROM …)`.
        let mut word = "";
        loop {
            self.cursor.hidden()?;
            let start = self.cursor.at();
            let Some(next) = self.cursor.peek() else {
                break;
            };
            let before = std::mem::take(&mut word);
            match next {
                '"' => _ = self.cursor.string()?,
                '`' => self.cursor.identifier()?,
                '(' | '[' | '{' => {
                    self.cursor.bump();
                    open.push((next, start));
                    if next == '(' {
                        self.parenthesis(before)?;
                    }
                }
                ')' | ';' if open.is_empty() => return Ok(()),
                ')' | ']' | '}' => {
                    if open.pop().is_none_or(|(opened, _)| closing(opened) != next) {
                        return Err(self
                            .cursor
                            .refused(start, &format!("a `{next}` that closes nothing")));
                    }
                    self.cursor.bump();
                }
                '\'' | ';' => {
                    return Err(self
                        .cursor
                        .refused(start, &format!("a `{next}` outside of strings")));
                }
                _ if is_word(next) => word = self.cursor.word(),
                _ => self.cursor.bump(),
            }
        }
        match open.pop() {
            None => Ok(()),
            Some((opened, start)) => Err(self.cursor.refused(
                start,
                &format!("a `{opened}` without a `{}`", closing(opened)),
            )),
        }
    }

    /// Moves past a subquery if one begins after this parenthesis, which comes after the word `before`.
    fn parenthesis(&mut self, before: &str) -> Result<()> {
        self.cursor.hidden()?;
        let mut ahead = self.cursor.clone();
        let command = ahead.command();
        if is_keyword(before, "in") && (is_source(command) || reads_none(command)) {
            return self.subquery();
        }
        if is_source(command) {
            ahead.hidden()?;
            // `(ts > 5)` is a column in an expression; `(FROM a` is none, whatever stands before it.
            let next = ahead.clone().word();
            let named = next.starts_with(char::is_alphabetic)
                && !OPERATORS.iter().any(|word| is_keyword(next, word));
            if named || ahead.peek() == Some('"') {
                return Err(self
                    .cursor
                    .refused(self.cursor.at(), "a subquery that is not after `IN`"));
            }
        }
        Ok(())
    }
}

/// Whether a source command begins with a list of index patterns.
fn reads_indices(command: &str) -> bool {
    is_keyword(command, "from") || is_keyword(command, "ts")
}

/// Whether a source command reads no index at all.
fn reads_none(command: &str) -> bool {
    is_keyword(command, "row") || is_keyword(command, "show")
}

/// Whether a source command reads indices, in a list or otherwise.
fn is_source(command: &str) -> bool {
    reads_indices(command) || is_keyword(command, "promql")
}

fn closing(opened: char) -> char {
    match opened {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}
