//! What is said of a query that does not follow the grammar: where it fails, why, and what mends it.

use std::ops::Range;

use super::kql::{Parser, Scope, Target};
use super::lexer::{Literal, Token, is_space};
use super::{names, wrong};
use crate::error::{Error, Result};

/// Where a literal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Where a condition begins.
    Condition,
    /// After a field and its colon.
    Value,
}

impl Parser<'_> {
    /// How the next token is called in a message.
    fn found(&self) -> String {
        match self.peek() {
            Token::End => "the end".into(),
            _ => format!("`{}`", &self.text[self.span()]),
        }
    }

    fn before(&self) -> Option<&Token> {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map(|spanned| &spanned.token)
    }

    /// A token after a whole condition that neither joins the next one nor ends anything.
    pub(super) fn unexpected(&self) -> Error {
        let message = format!("expected `and`, `or` or the end, found {}", self.found());
        let help = match (self.peek(), self.before()) {
            (Token::Colon | Token::Compare(_), Some(Token::Literal(literal))) => {
                if !literal.quoted && literal.text.contains(is_space) {
                    return self.two_conditions(literal);
                }
                "put a value with a sign in it in quotes, or join two conditions with `and`"
            }
            (Token::Close, _) => {
                return wrong(
                    self.text,
                    self.span(),
                    "`)` closes nothing",
                    "remove it, or add its `(`",
                );
            }
            (Token::CloseBrace, _) => {
                return wrong(
                    self.text,
                    self.span(),
                    "`}` closes nothing",
                    "remove it, or add its `{`",
                );
            }
            (Token::Not, _) => "write `and not` or `or not` between two conditions",
            (Token::OpenBrace, _) => {
                "`{` stands right after a field and its colon, as in `threat:{ framework:* }`"
            }
            (Token::Open, Some(Token::Literal(_))) => {
                "write a `:` before the list, or join two conditions with `and` or `or`"
            }
            _ => {
                "join two conditions with `and` or `or`, and put a value with quotes or signs in it in quotes"
            }
        };
        wrong(self.text, self.span(), message, help)
    }

    /// Words before a `:` of which the last should begin a condition of its own.
    pub(super) fn two_conditions(&self, literal: &Literal) -> Error {
        let span = literal.last_word.clone();
        let word = &self.text[span.clone()];
        let message = format!("expected `and` or `or` before `{word}`");
        wrong(
            self.text,
            span,
            message,
            format!("write `and {word}`, or put a value of several words with signs in quotes"),
        )
    }

    /// No literal where a condition begins.
    pub(super) fn no_condition(&self) -> Error {
        let message = format!("expected a condition, found {}", self.found());
        let help = match self.peek() {
            Token::End => {
                "finish it with a condition, as in `severity:high`, or remove the operator before"
            }
            Token::And | Token::Or => {
                "the operator stands between two conditions; put the word in quotes to search for it"
            }
            Token::Colon | Token::Compare(_) => {
                "write the field before it, as in `severity:high` or `risk_score >= 50`"
            }
            Token::OpenBrace => {
                "write the field and a colon before it, as in `threat:{ framework:* }`"
            }
            Token::Close | Token::CloseBrace => {
                "write a condition before it, as in `severity:high`"
            }
            Token::Open | Token::Not | Token::Literal(_) => {
                "write a condition, as in `severity:high`"
            }
        };
        wrong(self.text, self.span(), message, help)
    }

    /// No literal where a value begins.
    pub(super) fn no_value(&self, target: &Target) -> Error {
        let name = &self.text[target.span.clone()];
        let message = format!("expected a value for `{name}`, found {}", self.found());
        let help = match self.peek() {
            Token::Not => format!(
                "write `not` before the field, as in `not {name}:…`, or put the word in quotes"
            ),
            Token::And | Token::Or => {
                format!("write a value, `{name}:*` for any, or put the word in quotes")
            }
            Token::Compare(_) => format!("leave out the colon, as in `{name} >= 50`"),
            Token::Colon => "write one colon, and put a value with signs in it in quotes".into(),
            Token::Open => "write one value after it; a list stands after a colon".into(),
            Token::OpenBrace
            | Token::CloseBrace
            | Token::Close
            | Token::End
            | Token::Literal(_) => {
                format!("write a value, or `{name}:*` for any")
            }
        };
        wrong(self.text, self.span(), message, help)
    }

    pub(super) fn never_closed(&self, open: Range<usize>) -> Error {
        let sign = if self.text[open.clone()].starts_with('(') {
            ')'
        } else {
            '}'
        };
        let message = format!("`{}` is never closed", &self.text[open.clone()]);
        wrong(
            self.text,
            open,
            message,
            format!("add a `{sign}` where it ends"),
        )
    }

    pub(super) fn unknown_field(&self, name: &str, scope: &Scope, span: Range<usize>) -> Error {
        let meant = names::likely(name).and_then(|meant| {
            Some(format!(
                "; did you mean `{}`?",
                meant.strip_prefix(&scope.name)?
            ))
        });
        let message = format!("unknown field `{name}`{}", meant.unwrap_or_default());
        let help = "fields have the names of an export, as in `threat.technique.id`, or Kibana's, as in `alert.attributes.params.riskScore`";
        wrong(self.text, span, message, help)
    }

    /// A value is asked of a field that has members instead.
    pub(super) fn holds_objects(&self, target: &Target) -> Error {
        let member = target
            .fields
            .first()
            .and_then(|field| names::member(&field.path))
            .and_then(|name| name.rsplit('.').next());
        let help = format!(
            "write one of its members, as in `{}.{}:…`",
            target.name,
            member.unwrap_or("name")
        );
        wrong(
            self.text,
            target.span.clone(),
            format!("`{}` holds no values of its own", target.name),
            help,
        )
    }

    /// Members are asked of a field that has none, or of many fields.
    pub(super) fn holds_no_objects(&self, target: &Target) -> Error {
        let message = format!("`{{` cannot follow `{}`", target.name);
        let help = "it follows one field that holds objects, as in `threat:{ framework:* }`; a list of values stands in `( )`";
        wrong(self.text, target.span.clone(), message, help)
    }

    /// Refuses a value without a field where it surely lacks one.
    pub(super) fn no_lone_field(
        &self,
        scope: &Scope,
        literal: &Literal,
        span: &Range<usize>,
    ) -> Result<()> {
        let first = literal.text.split(is_space).next().unwrap_or_default();
        if !scope.path.is_empty() {
            let help = "write `field:` before it, with the name of a member of the object";
            return Err(wrong(
                self.text,
                span.clone(),
                "a value within `{ }` needs a field",
                help,
            ));
        }
        if !literal.quoted && literal.stars.is_empty() && names::find(first).is_some() {
            let rest = literal.text[first.len()..].trim_start();
            let value = if rest.is_empty() { "*" } else { rest };
            let help =
                format!("write `{first}:{value}`, or put the text in quotes to search for it");
            return Err(wrong(
                self.text,
                span.clone(),
                format!("the field `{first}` has no `:` and value"),
                help,
            ));
        }
        Ok(())
    }

    /// Refuses operators of other languages, which would be words here and match nothing.
    pub(super) fn no_foreign_operator(
        &self,
        literal: &Literal,
        span: &Range<usize>,
        place: Place,
    ) -> Result<()> {
        if literal.quoted {
            return Ok(());
        }
        let written = &self.text[span.clone()];
        let fault = |at: usize, sign: &str, help: &str| {
            let span = span.start + at..span.start + at + sign.len();
            Err(wrong(
                self.text,
                span,
                format!("`{sign}` is no operator of KQL"),
                help,
            ))
        };
        for (sign, help) in [
            ("&&", "write `and`, or put the text in quotes"),
            ("||", "write `or`, or put the text in quotes"),
        ] {
            if let Some(at) = written.find(sign) {
                return fault(at, sign, help);
            }
        }
        let in_condition = place == Place::Condition;
        for (sign, anywhere, help) in [
            ("!=", in_condition, "write `not field:value`"),
            ("==", in_condition, "write `field:value`"),
            (
                "=",
                in_condition,
                "write `field:value`, or put the text in quotes to search for it",
            ),
            (
                "!",
                false,
                "write `not` before the condition, or put the text in quotes",
            ),
        ] {
            let at = if anywhere {
                written.find(sign)
            } else {
                written.starts_with(sign).then_some(0)
            };
            if let Some(at) = at {
                return fault(at, sign, help);
            }
        }
        Ok(())
    }

    /// Refuses a comma after a word of a list.
    pub(super) fn no_comma(&self) -> Result<()> {
        match self.peek() {
            Token::Literal(literal)
                if !literal.quoted
                    && literal.text.split(is_space).any(|word| word.ends_with(',')) =>
            {
                let help = "write `or` between values; put a value with a comma in quotes";
                Err(wrong(
                    self.text,
                    self.span(),
                    "a comma does not separate values",
                    help,
                ))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use crate::query::Query;

    // One case a line is what makes a table of it.
    /// Queries, the part of each that the caret stands under, and what the message and the help hold.
    #[rustfmt::skip]
    const WRONG: &[(&str, &str, &str, &str)] = &[
        ("", "", "the query is empty", "`*`"),
        ("  ", "  ", "the query is empty", "`*`"),
        ("(tags:a", "(", "`(` is never closed", "add a `)`"),
        ("tags:(a or b", "(", "`(` is never closed", "add a `)`"),
        ("threat:{framework:a", "{", "`{` is never closed", "add a `}`"),
        ("threat:{framework:(a}", "}", "`}` closes nothing", "`{`"),
        ("tags:a)", ")", "`)` closes nothing", "its `(`"),
        ("tags:\"a", "\"", "the quote is never closed", "add a `\"`"),
        (r"tags:a\d", r"\d", "a backslash", r"`\\`"),
        (r"tags:a\", r"\", "a backslash", r"`\\`"),
        ("AND tags:a", "AND", "expected a condition, found `AND`", "two conditions"),
        ("tags:a and", "", "expected a condition, found the end", "finish it"),
        ("tags:a and or enabled:true", "or", "expected a condition, found `or`", "two conditions"),
        ("tags:a not enabled:true", "not", "found `not`", "`and not`"),
        (":a", ":", "expected a condition, found `:`", "field before it"),
        ("> 5", ">", "expected a condition, found `>`", "field before it"),
        ("()", ")", "expected a condition, found `)`", "severity:high"),
        ("{a}", "{", "expected a condition, found `{`", "threat:{"),
        ("tags:", "", "expected a value for `tags`, found the end", "`tags:*`"),
        ("tags: and enabled:true", "and", "expected a value for `tags`, found `and`", "quotes"),
        ("tags:()", ")", "expected a value for `tags`, found `)`", "`tags:*`"),
        ("tags: not a", "not", "expected a value for `tags`, found `not`", "`not tags:…`"),
        ("tags::a", ":", "expected a value for `tags`, found `:`", "one colon"),
        ("risk_score:>50", ">", "expected a value for `risk_score`, found `>`", "`risk_score >= 50`"),
        ("risk_score > (1 or 2)", "(", "expected a value for `risk_score`, found `(`", "one value"),
        ("risk_score > 5*", "5*", "cannot end at a wildcard", "whole value"),
        ("severity=high", "=", "`=` is no operator", "`field:value`"),
        ("severity == \"high\"", "==", "`==` is no operator", "`field:value`"),
        ("severity != high", "!=", "`!=` is no operator", "`not field:value`"),
        ("!severity:high", "!", "`!` is no operator", "`not`"),
        ("severity:!high", "!", "`!` is no operator", "`not`"),
        ("severity:=high", "=", "`=` is no operator", "`field:value`"),
        ("tags:a && enabled:true", "&&", "`&&` is no operator", "`and`"),
        ("tags:(a || b)", "||", "`||` is no operator", "`or`"),
        ("severity:(high, low)", "high, low", "a comma does not separate", "`or`"),
        ("tags:a severity:high", "severity", "expected `and` or `or` before `severity`", "`and severity`"),
        ("tags severity:high", "severity", "expected `and` or `or` before `severity`", "`and severity`"),
        ("index:logs:a", ":", "expected `and`, `or` or the end, found `:`", "quotes"),
        ("tags:\"a\" b", "b", "expected `and`, `or` or the end, found `b`", "join"),
        ("tags:a (b)", "(", "expected `and`, `or` or the end, found `(`", "`:`"),
        ("tags:a {b}", "{", "expected `and`, `or` or the end, found `{`", "threat:{"),
        ("enabled", "enabled", "the field `enabled` has no `:`", "`enabled:*`"),
        ("severity high", "severity high", "the field `severity` has no `:`", "`severity:high`"),
        ("threat:{T1059}", "T1059", "needs a field", "`field:`"),
        ("threat:T1059", "threat", "`threat` holds no values", "`threat.framework:…`"),
        ("threat > 5", "threat", "`threat` holds no values", "`threat.framework:…`"),
        ("tags:{a:b}", "tags", "`{` cannot follow `tags`", "( )"),
        ("threat.*:{id:b}", "threat.*", "`{` cannot follow `threat.*`", "( )"),
        ("sevrity:high", "sevrity", "unknown field `sevrity`; did you mean `severity`?", "export"),
        ("ä:a or sevrity:high", "ä", "unknown field `ä`", "export"),
        ("x*:high", "x*", "unknown field `x*`", "export"),
        ("alert.attributes.params.ruleID:x", "alert.attributes.params.ruleID", "`alert.attributes.params.ruleId`?", "export"),
        ("alert.attributes.muteAll:x", "alert.attributes.muteAll", "unknown field `alert.attributes.muteAll`", "export"),
        ("threat:{technique:{nam:x}}", "nam", "did you mean `name`?", "export"),
        ("tags:null", "null", "`null` is no value", "`not field:*`"),
        ("null", "null", "`null` is no value", "`not field:*`"),
        ("updated_at > now-7d", "now-7d", "`now`", "2026-01-31"),
        ("updated_at:soon", "soon", "no time", "UTC"),
    ];

    #[test]
    fn says_what_is_wrong_and_where() {
        for (query, fault, message, help) in WRONG {
            let error = query.parse::<Query>().expect_err(query);
            let excerpt = error.excerpt().unwrap();
            let marked: String = excerpt
                .text
                .chars()
                .skip(excerpt.start)
                .take(excerpt.len)
                .collect();
            assert_eq!(&marked, fault, "{query}: {error}");
            assert!(error.to_string().contains(message), "{query}: {error}");
            let ErrorKind::Query {
                help: Some(mends), ..
            } = error.kind()
            else {
                panic!("{query}: {error:?}")
            };
            assert!(mends.contains(help), "{query}: {mends}");
        }
    }

    #[test]
    fn points_at_the_right_one_of_equal_words() {
        let error = "tags:and and".parse::<Query>().unwrap_err();
        assert_eq!(error.excerpt().unwrap().start, 5);
        let error = "tags:a or (b".parse::<Query>().unwrap_err();
        assert_eq!(error.excerpt().unwrap().start, 10);
    }
}
