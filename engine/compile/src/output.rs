//! The columns of a query's result: they become those of a table, so each has a name of its own and a type that the lake can hold.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, Expr, SelectItem, SetExpr, Spanned as _};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, SourceText, Span, codes};

use crate::contract::tokens;
use crate::sql_type;

/// Where the columns of a file's query are named.
pub(crate) struct Output {
    file: Arc<SourceText>,
    items: Vec<Item>,
}

/// One entry of the SELECT list.
struct Item {
    /// The name of its column; `None` for `*`, and for an expression without one.
    name: Option<String>,
    span: Span,
    is_wildcard: bool,
}

impl Output {
    /// Reads the SELECT list of a file's query; of a UNION that of its first part, which gives the names.
    pub(crate) fn new(file: &Arc<SourceText>, statement: &Statement, tokens: &[TokenWithSpan]) -> Self {
        Self { file: Arc::clone(file), items: items(statement, tokens) }
    }

    /// Where a column of the result is named; at worst the `*` that it comes from, or the file.
    pub(crate) fn place_of(&self, name: &str) -> Location {
        let named = self.items.iter().find(|item| item.name.as_deref() == Some(name));
        named.or_else(|| self.items.iter().find(|item| item.is_wildcard)).map_or_else(|| self.file.first_line(), |item| self.place(item))
    }

    /// What is wrong with the types of the columns.
    pub(crate) fn check_types(&self, schema: &SchemaRef) -> Diagnostics {
        let refused = schema.fields().iter().filter_map(|field| {
            let instead = instead_of(field.data_type())?;
            let message = format!("`{}` is {}, which a table of the lake cannot hold", field.name(), sql_type::of(field.data_type()));
            Some(Diagnostic::error(codes::UNKNOWN_TYPE, message).at(self.place_of(field.name())).hint(instead))
        });
        refused.collect()
    }

    /// What is wrong with the names of the columns.
    pub(crate) fn check_names(&self, schema: &SchemaRef) -> Diagnostics {
        let mut found = self.written_names();
        if !found.has_errors() {
            found.extend(self.repeated(schema));
        }
        found
    }

    fn written_names(&self) -> Diagnostics {
        let unnamed =
            self.items.iter().filter(|item| item.name.is_none() && !item.is_wildcard).map(|item| {
                Diagnostic::error(codes::UNNAMED_COLUMN, "this column of the result has no name").at(self.place(item)).hint("name it: `… AS revenue`")
            });
        let named = self.items.iter().filter_map(|item| Some((item, item.name.as_deref()?)));
        let refused = named.filter_map(|(item, name)| {
            let hint = refused_name(name)?;
            Some(Diagnostic::error(codes::INVALID_NAME, format!("a column cannot be called `{name}`")).at(self.place(item)).hint(hint))
        });
        unnamed.chain(refused).collect()
    }

    fn repeated(&self, schema: &SchemaRef) -> Option<Diagnostic> {
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
        let (_, name) = names.iter().enumerate().find(|(index, name)| names.iter().take(*index).any(|earlier| earlier == *name))?;
        let same = |item: &&Item| item.name.as_ref().is_some_and(|found| found.to_lowercase() == *name);
        let item = self.items.iter().rev().find(same).or_else(|| self.items.iter().rev().find(|item| item.is_wildcard));
        let place = item.map_or_else(|| self.file.first_line(), |item| self.place(item));
        let hint = "take one of them out, or give it another name with AS";
        Some(Diagnostic::error(codes::DUPLICATE_COLUMN, format!("two columns of the result are called `{name}`")).at(place).hint(hint))
    }

    fn place(&self, item: &Item) -> Location {
        Location::new(&self.file, item.span)
    }
}

fn items(statement: &Statement, tokens: &[TokenWithSpan]) -> Vec<Item> {
    let Statement::Statement(statement) = statement else { return Vec::new() };
    let ast::Statement::Query(query) = statement.as_ref() else { return Vec::new() };
    let mut body = query.body.as_ref();
    loop {
        match body {
            SetExpr::Select(select) => return select.projection.iter().map(|written| item(written, tokens)).collect(),
            SetExpr::SetOperation { left, .. } => body = left,
            SetExpr::Query(query) => body = &query.body,
            _ => return Vec::new(),
        }
    }
}

fn item(item: &SelectItem, tokens: &[TokenWithSpan]) -> Item {
    let named = |ident: &ast::Ident, span| Item { name: Some(tokens::name(ident)), span: tokens::span(span), is_wildcard: false };
    let unnamed = |expression: &Expr| Item { name: None, span: whole(tokens, tokens::span(expression.span())), is_wildcard: false };
    match item {
        SelectItem::ExprWithAlias { alias, .. } => named(alias, alias.span),
        SelectItem::UnnamedExpr(Expr::Identifier(ident)) => named(ident, ident.span),
        SelectItem::UnnamedExpr(expression @ Expr::CompoundIdentifier(parts)) => {
            parts.last().map_or_else(|| unnamed(expression), |last| named(last, expression.span()))
        }
        SelectItem::UnnamedExpr(expression) => unnamed(expression),
        other => Item { name: None, span: tokens::span(other.span()), is_wildcard: true },
    }
}

/// The whole of an expression of a SELECT list: the parser's span of a CAST, for example, is only that of what is cast.
fn whole(tokens: &[TokenWithSpan], part: Span) -> Span {
    let ends = |token: &Token| match token {
        Token::Comma | Token::EOF | Token::SemiColon => true,
        Token::Word(word) => ["SELECT", "DISTINCT", "FROM", "UNION", "WHERE"].iter().any(|keyword| word.value.eq_ignore_ascii_case(keyword)),
        _ => false,
    };
    let depths = tokens.iter().scan(0_i32, |depth, token| {
        let before = *depth;
        *depth += i32::from(token.token == Token::LParen) - i32::from(token.token == Token::RParen);
        Some((before.min(*depth), token))
    });
    // The list lies as deep as its own SELECT.
    let mut select_depth = 0;
    let (mut start, mut end) = (part.start, part.end);
    let mut begins = true;
    for (depth, token) in depths {
        let span = tokens::span(token.span);
        let boundary = ends(&token.token);
        if span.start < part.start || (span.start == part.start && boundary) {
            if matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case("select")) {
                select_depth = depth;
            }
            if boundary && depth <= select_depth {
                begins = true;
            } else if begins {
                (start, begins) = (span.start, false);
            }
        } else if span.start >= part.end {
            if depth < select_depth || (boundary && depth <= select_depth) {
                break;
            }
            end = span.end;
        }
    }
    Span::new(if begins { part.start } else { start }, end)
}

/// Why a name cannot be that of a column; these are Delta's rules for names, and ours for the columns that the engine adds.
fn refused_name(name: &str) -> Option<&'static str> {
    if name.starts_with('_') {
        return Some("names that start with an underscore belong to Nightshift");
    }
    name.contains([' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '=']).then_some("use letters, digits and underscores, without spaces and brackets")
}

/// What to do about a type that a table of the lake cannot hold; the lake has the last word when it writes.
fn instead_of(data_type: &DataType) -> Option<&'static str> {
    match data_type {
        DataType::Null => Some("say which type it has: CAST(NULL AS …)"),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Some("cast it: CAST(… AS BIGINT)"),
        DataType::Timestamp(_, None) => Some("a TIMESTAMP of a table has a zone: leave the cast out, or cast it to DATE"),
        DataType::Time32(_) | DataType::Time64(_) => Some("cast it to VARCHAR, or keep the whole TIMESTAMP"),
        DataType::Interval(_) | DataType::Duration(_) => Some("make it a number: date_part('epoch', …) gives its seconds"),
        DataType::Decimal256(_, _) => Some("cast it to a DECIMAL of at most 38 digits"),
        _ => None,
    }
}
