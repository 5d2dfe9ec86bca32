//! Which objects does a filter let through? KQL as far as clients need it: clauses, `and`, `or`, `not`, parentheses.

use serde_json::Value;

use super::http::{Answer, siem};
use super::table::Object;

/// A filter, read.
#[derive(Debug)]
pub(super) enum Filter {
    All,
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// The member's way, and a value that it is to have.
    Is(Vec<String>, Wanted),
}

/// A value in a filter.
#[derive(Debug)]
pub(super) struct Wanted {
    text: String,
    is_quoted: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Colon,
    Word(String),
    Quoted(String),
}

/// Where attributes are in the objects that routes tell of.
const RULE_FIELDS: [(&str, &str); 15] = [
    ("alert.id", "id"),
    ("alert.attributes.name", "name"),
    ("alert.attributes.tags", "tags"),
    ("alert.attributes.enabled", "enabled"),
    ("alert.attributes.createdBy", "created_by"),
    ("alert.attributes.updatedBy", "updated_by"),
    ("alert.attributes.params.ruleId", "rule_id"),
    ("alert.attributes.params.type", "type"),
    ("alert.attributes.params.severity", "severity"),
    ("alert.attributes.params.riskScore", "risk_score"),
    ("alert.attributes.params.immutable", "immutable"),
    ("alert.attributes.params.version", "version"),
    (
        "alert.attributes.params.ruleSource.isCustomized",
        "rule_source.is_customized",
    ),
    (
        "alert.attributes.params.ruleSource.type",
        "rule_source.type",
    ),
    (
        "alert.attributes.params.exceptionsList.listId",
        "exceptions_list.list_id",
    ),
];

impl Filter {
    /// A filter of rules. An empty one is refused, as is a member that cannot be searched by (measured.md).
    pub(super) fn of_rules(text: Option<&str>) -> Result<Self, Answer> {
        let way = |field: &str| {
            let found = RULE_FIELDS.iter().find(|(name, _)| *name == field);
            found
                .map(|(_, way)| way.split('.').map(str::to_owned).collect())
                .ok_or_else(|| {
                    siem(
                        400,
                        &format!(
                            "This key '{field}' does NOT exist in alert saved object index patterns"
                        ),
                    )
                })
        };
        Self::read(text, &way)
    }

    /// A filter of lists or items of a namespace.
    pub(super) fn of_exceptions(text: Option<&str>, is_agnostic: bool) -> Result<Self, Answer> {
        let prefix = if is_agnostic {
            "exception-list-agnostic.attributes."
        } else {
            "exception-list.attributes."
        };
        let way = |field: &str| match field.strip_prefix(prefix) {
            Some(name) => Ok(vec![name.to_owned()]),
            None => Err(siem(
                400,
                &format!("This type {field} is not allowed: Bad Request"),
            )),
        };
        Self::read(text, &way)
    }

    fn read(text: Option<&str>, way: &Ways) -> Result<Self, Answer> {
        let Some(text) = text else {
            return Ok(Self::All);
        };
        let mut reader = Reader {
            tokens: tokens(text),
            at: 0,
            way,
        };
        let filter = reader.either()?;
        if reader.at < reader.tokens.len() {
            return Err(reader.wrong());
        }
        Ok(filter)
    }

    /// Whether an object is let through.
    pub(super) fn lets(&self, object: &Object) -> bool {
        match self {
            Self::All => true,
            Self::And(all) => all.iter().all(|it| it.lets(object)),
            Self::Or(any) => any.iter().any(|it| it.lets(object)),
            Self::Not(it) => !it.lets(object),
            Self::Is(way, wanted) => {
                let name = way[0].as_str();
                object
                    .get(name)
                    .is_some_and(|value| has(value, &way[1..], wanted, name == "name"))
            }
        }
    }
}

fn has(value: &Value, way: &[String], wanted: &Wanted, is_loose: bool) -> bool {
    match (value, way) {
        (Value::Array(elements), way) => elements.iter().any(|it| has(it, way, wanted, is_loose)),
        (Value::Object(members), [name, rest @ ..]) => members
            .get(name)
            .is_some_and(|it| has(it, rest, wanted, is_loose)),
        (Value::String(text), []) if is_loose => {
            like(&wanted.text.to_lowercase(), &text.to_lowercase())
        }
        (Value::String(text), []) if wanted.is_quoted => *text == wanted.text,
        (Value::String(text), []) => like(&wanted.text, text),
        (Value::Object(_), []) | (Value::Null, _) => false,
        (other, _) => {
            let text = other.to_string();
            wanted.text == "*" || wanted.text == text
        }
    }
}

/// Whether a text is as a pattern with `*` says.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && like(after, &rest[at..]))
        }),
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        match c {
            _ if c.is_whitespace() => _ = chars.next(),
            '(' | ')' | ':' => {
                chars.next();
                found.push(match c {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Colon,
                });
            }
            '"' => {
                chars.next();
                let mut word = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    word.extend(if c == '\\' { chars.next() } else { Some(c) });
                }
                found.push(Token::Quoted(word));
            }
            _ => {
                let mut word = String::new();
                while let Some(&c) = chars
                    .peek()
                    .filter(|c| !c.is_whitespace() && !"():\"".contains(**c))
                {
                    chars.next();
                    word.extend(if c == '\\' { chars.next() } else { Some(c) });
                }
                found.push(Token::Word(word));
            }
        }
    }
    found
}

/// Finds the way to a member, or refuses it.
type Ways<'w> = dyn Fn(&str) -> Result<Vec<String>, Answer> + 'w;

struct Reader<'w> {
    tokens: Vec<Token>,
    at: usize,
    way: &'w Ways<'w>,
}

impl Reader<'_> {
    fn wrong(&self) -> Answer {
        let found = self
            .tokens
            .get(self.at)
            .map_or("end of input".into(), |token| format!("{token:?}"));
        siem(
            400,
            &format!(
                "KQLSyntaxError: Expected \"(\", NOT, field name, value but {found} found.: Bad Request"
            ),
        )
    }

    /// Takes this word, in any case.
    fn takes(&mut self, word: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn either(&mut self) -> Result<Filter, Answer> {
        let mut any = vec![self.both()?];
        while self.takes("or") {
            any.push(self.both()?);
        }
        Ok(if any.len() == 1 {
            any.remove(0)
        } else {
            Filter::Or(any)
        })
    }

    fn both(&mut self) -> Result<Filter, Answer> {
        let mut all = vec![self.one()?];
        while self.takes("and") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 {
            all.remove(0)
        } else {
            Filter::And(all)
        })
    }

    fn one(&mut self) -> Result<Filter, Answer> {
        if self.takes("not") {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        match self.next() {
            Some(Token::Open) => {
                let inner = self.either()?;
                self.close()?;
                Ok(inner)
            }
            Some(Token::Word(field)) if self.next() == Some(Token::Colon) => {
                let way = (self.way)(&field)?;
                self.values(&way)
            }
            _ => {
                self.at = self.at.saturating_sub(1);
                Err(self.wrong())
            }
        }
    }

    /// One value, or several in parentheses.
    fn values(&mut self, way: &[String]) -> Result<Filter, Answer> {
        match self.next() {
            Some(Token::Open) => {
                let mut any = vec![self.values(way)?];
                let mut is_all = false;
                loop {
                    if self.takes("and") {
                        is_all = true;
                    } else if !self.takes("or") {
                        break;
                    }
                    any.push(self.values(way)?);
                }
                self.close()?;
                Ok(if is_all {
                    Filter::And(any)
                } else {
                    Filter::Or(any)
                })
            }
            Some(Token::Word(text)) => Ok(Filter::Is(
                way.to_vec(),
                Wanted {
                    text,
                    is_quoted: false,
                },
            )),
            Some(Token::Quoted(text)) => Ok(Filter::Is(
                way.to_vec(),
                Wanted {
                    text,
                    is_quoted: true,
                },
            )),
            _ => Err(self.wrong()),
        }
    }

    fn close(&mut self) -> Result<(), Answer> {
        if self.next() == Some(Token::Close) {
            return Ok(());
        }
        self.at -= 1;
        Err(self.wrong())
    }
}
