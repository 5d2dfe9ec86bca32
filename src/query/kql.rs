//! Query text -> tree: the grammar, which is Kibana's, and what is said of text that does not follow it.

use std::ops::Range;

use super::fields::{Kind, SEARCHED};
use super::glob::Glob;
use super::lexer::{Comparison, Literal, Spanned, Token, is_space, tokens};
use super::names::{self, Field};
use super::predicate::{Predicate, Unfit};
use super::refusals::Place;
use super::tree::Node;
use super::wrong;
use crate::error::Result;

/// How deep groups, lists and `not` may nest. It bounds the stack, here and when the tree is used.
const DEEPEST: usize = 200;

/// The tree of a query.
pub(super) fn parse(text: &str) -> Result<Node> {
    let tokens = tokens(text)?;
    if tokens.len() == 1 {
        return Err(wrong(
            text,
            0..text.len(),
            "the query is empty",
            "leave it out, or write `*` for each rule",
        ));
    }
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
    };
    let node = parser.or_query(&Scope::default())?;
    if *parser.peek() == Token::End {
        Ok(node)
    } else {
        Err(parser.unexpected())
    }
}

/// The tokens of a query and how far they are parsed.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Spanned>,
    pub(super) at: usize,
    depth: usize,
}

/// The object that fields are members of: its name as it was written, with the dot, and its path in the rule.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) name: String,
    pub(super) path: Vec<Box<str>>,
}

/// What stands before a `:` or a comparison.
pub(super) struct Target {
    pub(super) fields: Vec<Field>,
    pub(super) name: String,
    pub(super) span: Range<usize>,
    /// How many steps of the fields' paths the scope has done.
    above: usize,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> &Token {
        self.tokens
            .get(self.at)
            .map_or(&Token::End, |spanned| &spanned.token)
    }

    pub(super) fn span(&self) -> Range<usize> {
        let end = self.text.len();
        self.tokens
            .get(self.at)
            .map_or(end..end, |spanned| spanned.span.clone())
    }

    /// Steps over the token if it comes next.
    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == token;
        self.at += usize::from(found);
        found
    }

    /// Steps over a literal if one comes next.
    fn literal(&mut self) -> Option<(Literal, Range<usize>)> {
        let Token::Literal(literal) = self.peek() else {
            return None;
        };
        let found = (literal.clone(), self.span());
        self.at += 1;
        Some(found)
    }

    /// Parses one level further down.
    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEEPEST {
            let message = format!("the query nests deeper than {DEEPEST} levels");
            return Err(wrong(
                self.text,
                self.span(),
                message,
                "take out the groups that change nothing",
            ));
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// One or more of `item` with `operator` between them.
    fn chain(
        &mut self,
        operator: &Token,
        item: &mut dyn FnMut(&mut Self) -> Result<Node>,
    ) -> Result<Vec<Node>> {
        let mut nodes = vec![item(self)?];
        while self.take(operator) {
            nodes.push(item(self)?);
        }
        Ok(nodes)
    }

    fn or_query(&mut self, scope: &Scope) -> Result<Node> {
        self.chain(&Token::Or, &mut |parser| parser.and_query(scope))
            .map(Node::or)
    }

    fn and_query(&mut self, scope: &Scope) -> Result<Node> {
        self.chain(&Token::And, &mut |parser| parser.not_query(scope))
            .map(Node::and)
    }

    fn not_query(&mut self, scope: &Scope) -> Result<Node> {
        if self.take(&Token::Not) {
            return self
                .deeper(|parser| parser.not_query(scope))
                .map(|node| Node::Not(node.into()));
        }
        let open = self.span();
        if self.take(&Token::Open) {
            return self.group(open, &Token::Close, |parser| parser.or_query(scope));
        }
        self.condition(scope)
    }

    /// Parses up to the sign that closes what was opened at `open`.
    fn group(
        &mut self,
        open: Range<usize>,
        close: &Token,
        f: impl FnOnce(&mut Self) -> Result<Node>,
    ) -> Result<Node> {
        let node = self.deeper(f)?;
        if self.take(close) {
            return Ok(node);
        }
        Err(if *self.peek() == Token::End {
            self.never_closed(open)
        } else {
            self.unexpected()
        })
    }

    /// `field: value`, `field >= value`, `field: { … }`, or a value alone.
    fn condition(&mut self, scope: &Scope) -> Result<Node> {
        let Some((literal, span)) = self.literal() else {
            return Err(self.no_condition());
        };
        self.no_foreign_operator(&literal, &span, Place::Condition)?;
        match *self.peek() {
            Token::Colon => {
                self.at += 1;
                let open = self.span();
                if self.take(&Token::OpenBrace) {
                    let inner = self.inner(scope, &literal, span)?;
                    let path = inner.path[scope.path.len()..].to_vec();
                    let node =
                        self.group(open, &Token::CloseBrace, |parser| parser.or_query(&inner))?;
                    return Ok(Node::Nested(path, node.into()));
                }
                if everything(&literal)
                    && matches!(self.peek(), Token::Literal(value) if everything(value))
                {
                    self.at += 1;
                    return Ok(Node::All);
                }
                let target = self.target(scope, &literal, span)?;
                self.value(&target)
            }
            Token::Compare(comparison) => {
                self.at += 1;
                let target = self.target(scope, &literal, span)?;
                self.range(&target, comparison)
            }
            _ => self.bare(scope, &literal, span),
        }
    }

    /// A value without a field.
    fn bare(&mut self, scope: &Scope, literal: &Literal, span: Range<usize>) -> Result<Node> {
        if everything(literal) {
            return Ok(Node::All);
        }
        self.no_lone_field(scope, literal, &span)?;
        let fields = SEARCHED
            .iter()
            .filter_map(|name| names::find(name))
            .collect();
        self.is(
            &Target {
                fields,
                name: String::new(),
                span: span.clone(),
                above: 0,
            },
            literal,
            &span,
        )
    }

    /// What follows `field:`, a list in parentheses or one value.
    fn value(&mut self, target: &Target) -> Result<Node> {
        let open = self.span();
        if self.take(&Token::Open) {
            return self.group(open, &Token::Close, |parser| parser.or_values(target));
        }
        match self.literal() {
            Some((literal, span)) => {
                self.no_foreign_operator(&literal, &span, Place::Value)?;
                self.is(target, &literal, &span)
            }
            None => Err(self.no_value(target)),
        }
    }

    fn or_values(&mut self, target: &Target) -> Result<Node> {
        self.chain(&Token::Or, &mut |parser| parser.and_values(target))
            .map(Node::or)
    }

    fn and_values(&mut self, target: &Target) -> Result<Node> {
        self.chain(&Token::And, &mut |parser| parser.not_values(target))
            .map(Node::and)
    }

    fn not_values(&mut self, target: &Target) -> Result<Node> {
        if self.take(&Token::Not) {
            return self
                .deeper(|parser| parser.not_values(target))
                .map(|node| Node::Not(node.into()));
        }
        self.no_comma()?;
        self.value(target)
    }

    fn range(&mut self, target: &Target, comparison: Comparison) -> Result<Node> {
        let Some((literal, span)) = self.literal() else {
            return Err(self.no_value(target));
        };
        self.each(target, &span, Kind::has_values, |kind| {
            Predicate::range(kind, comparison, &literal)
        })
    }

    fn is(&self, target: &Target, literal: &Literal, span: &Range<usize>) -> Result<Node> {
        let fits = |kind: Kind| everything(literal) || kind.has_values();
        self.each(target, span, fits, |kind| Predicate::equal(kind, literal))
    }

    /// The condition on any of the fields that can be asked.
    fn each(
        &self,
        target: &Target,
        span: &Range<usize>,
        fits: impl Fn(Kind) -> bool,
        predicate: impl Fn(Kind) -> Result<Predicate, Unfit>,
    ) -> Result<Node> {
        let mut unfit = None;
        let mut nodes = Vec::new();
        for field in target.fields.iter().filter(|field| fits(field.kind)) {
            match predicate(field.kind) {
                Ok(predicate) => nodes.push(Node::Is(field.relative(target.above), predicate)),
                Err(why) => unfit = Some(why),
            }
        }
        // Where a name stands for many fields, those that such a value does not fit are left out.
        match unfit {
            _ if !nodes.is_empty() => Ok(Node::or(nodes)),
            Some((message, help)) => Err(wrong(self.text, span.clone(), message, help)),
            None => Err(self.holds_objects(target)),
        }
    }

    /// The fields that a literal before a `:` or a comparison names.
    fn target(&self, scope: &Scope, literal: &Literal, span: Range<usize>) -> Result<Target> {
        if !literal.quoted && literal.text.contains(is_space) {
            return Err(self.two_conditions(literal));
        }
        let name = format!("{}{}", scope.name, literal.text);
        let stars: Vec<_> = literal
            .stars
            .iter()
            .map(|star| star + scope.name.len())
            .collect();
        let mut fields = match Glob::new(&name, &stars) {
            Some(pattern) => names::matching(&pattern),
            None => names::find(&name).into_iter().collect(),
        };
        fields.retain(|field| {
            field.path.len() > scope.path.len() && field.path.starts_with(&scope.path)
        });
        if fields.is_empty() {
            return Err(self.unknown_field(&name, scope, span));
        }
        Ok(Target {
            fields,
            name,
            span,
            above: scope.path.len(),
        })
    }

    /// The scope within the `{ }` after the field that a literal names.
    fn inner(&self, scope: &Scope, literal: &Literal, span: Range<usize>) -> Result<Scope> {
        let target = self.target(scope, literal, span)?;
        match &target.fields[..] {
            [field] if field.kind.has_members() => Ok(Scope {
                name: target.name + ".",
                path: field.path.clone(),
            }),
            _ => Err(self.holds_no_objects(&target)),
        }
    }
}

/// Whether a literal is `*`.
fn everything(literal: &Literal) -> bool {
    !literal.text.is_empty() && literal.stars.len() == literal.text.len()
}
