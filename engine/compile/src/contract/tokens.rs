//! The tokens of a file with their places, for what the parsed statement does not say a place of.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{self, Token, TokenWithSpan, Tokenizer};
use nightshift_diagnostic::{Diagnostic, Location, Position, SourceText, Span, codes, did_you_mean};
use std::sync::Arc;

use super::Check;

/// The tokens of a text without spaces and comments.
pub(crate) fn tokenize(file: &Arc<SourceText>) -> Result<Vec<TokenWithSpan>, Diagnostic> {
    let tokens = Tokenizer::new(&GenericDialect {}, &file.text).tokenize_with_location().map_err(|error| {
        let (message, hint) = match error.message.as_str() {
            "Unterminated string literal" => ("the quote that opens here is never closed", Some("put a quote behind the text, as in 'completed'")),
            "Unexpected EOF while in a multi-line comment" => ("the text ends within a comment", Some("close the comment with `*/`")),
            other => (other, None),
        };
        Diagnostic::error(codes::INVALID_SQL, message).at(locate(file, error.location)).maybe_hint(hint.map(str::to_owned))
    })?;
    Ok(tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect())
}

/// What the parser has against a text, with its place.
pub(crate) fn syntax_error(file: &Arc<SourceText>, error: &ParserError, tokens: &[TokenWithSpan]) -> Diagnostic {
    let (message, place) = message_and_place(error);
    let diagnostic = |message: String| Diagnostic::error(codes::INVALID_SQL, message);
    let Some(place) = place else {
        return diagnostic(in_words(&message)).at(file.end());
    };
    match tokens.iter().position(|token| span(token.span).start == place.start) {
        Some(index) => {
            let before = index.checked_sub(1).and_then(|before| tokens.get(before)).map(|token| &token.token);
            let found = tokens.get(index).map_or(place, |token| span(token.span));
            let hint = tokens.get(index).and_then(|token| instead_of(before, &token.token));
            let hint = hint.or_else(|| message.starts_with("Expected: ),").then(|| "is a bracket left open before it?".to_owned()));
            diagnostic(in_words(&message)).at(Location::new(file, found)).label("not expected here").maybe_hint(hint)
        }
        None => diagnostic(in_words(&message)).at(Location::new(file, place)),
    }
}

/// `Expected: end of statement, found: FORM` in a sentence.
fn in_words(message: &str) -> String {
    let message = message.strip_prefix("sql parser error: ").unwrap_or(message);
    let Some((expected, found)) = message.strip_prefix("Expected: ").and_then(|rest| rest.rsplit_once(", found: ")) else {
        return message.to_owned();
    };
    let expected = match expected {
        "end of statement" => return format!("`{found}` cannot stand here"),
        symbol if symbol.chars().all(|letter| !letter.is_alphanumeric()) => format!("`{symbol}`"),
        other => other.to_owned(),
    };
    if found == "EOF" { format!("the text ends where {expected} is expected") } else { format!("{expected} is expected here, not `{found}`") }
}

/// What was probably meant where a token stands that the parser does not expect.
fn instead_of(before: Option<&Token>, found: &Token) -> Option<String> {
    const KEYWORDS: [&str; 24] = [
        "SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "JOIN", "LEFT", "INNER", "ON", "UNION", "AS", "AND", "WITH", "CASE", "WHEN", "THEN",
        "ELSE", "END", "BETWEEN", "DISTINCT", "OVER", "FILTER",
    ];
    let Token::Word(word) = found else {
        return matches!(before, Some(Token::Comma)).then(|| "take out the comma before it".to_owned());
    };
    let is_keyword = KEYWORDS.iter().any(|keyword| word.value.eq_ignore_ascii_case(keyword));
    match before {
        _ if word.value.eq_ignore_ascii_case("where") => Some("WHERE stands once, before GROUP BY and ORDER BY; put conditions together with AND".to_owned()),
        Some(Token::Comma) if is_keyword => Some("take out the comma before it".to_owned()),
        Some(Token::Word(alias)) if !is_keyword && !KEYWORDS.iter().any(|keyword| alias.value.eq_ignore_ascii_case(keyword)) => {
            let meant = closest_keyword(&word.value, &KEYWORDS).or_else(|| closest_keyword(&alias.value, &KEYWORDS));
            Some(meant.unwrap_or_else(|| "is there a comma missing before it?".to_owned()))
        }
        _ if !is_keyword => closest_keyword(&word.value, &KEYWORDS),
        _ => None,
    }
}

fn closest_keyword(word: &str, keywords: &[&str]) -> Option<String> {
    let exact = keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word));
    if exact || word.chars().count() < 3 { None } else { did_you_mean(word, keywords.iter().copied()) }
}

/// What the parser has against a text, and the character at which it does, if it says so.
pub(crate) fn message_and_place(error: &ParserError) -> (String, Option<Span>) {
    match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            let (message, place) = split_place(message);
            (message.to_owned(), place.map(character))
        }
        ParserError::RecursionLimitExceeded => ("this is nested too deeply".to_owned(), None),
    }
}

/// Splits `message at Line: 3, Column: 5`.
fn split_place(text: &str) -> (&str, Option<tokenizer::Location>) {
    let parsed = text.rsplit_once(" at Line: ").and_then(|(message, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((message, tokenizer::Location { line: line.parse().ok()?, column: column.trim().parse().ok()? }))
    });
    parsed.map_or((text, None), |(message, place)| (message, Some(place)))
}

fn locate(file: &Arc<SourceText>, place: tokenizer::Location) -> Location {
    Location::new(file, character(place))
}

fn character(place: tokenizer::Location) -> Span {
    let start = position(place);
    Span::new(start, Position::new(start.line, start.column + 1))
}

fn position(place: tokenizer::Location) -> Position {
    Position::new(usize::try_from(place.line).unwrap_or(1).max(1), usize::try_from(place.column).unwrap_or(1).max(1))
}

/// A span of the parser as ours.
pub(crate) fn span(span: tokenizer::Span) -> Span {
    Span::new(position(span.start), position(span.end))
}

/// The span with the brackets that belong to it: the parser's span of `sum(a)` ends before the bracket that closes.
pub(crate) fn balanced(tokens: &[TokenWithSpan], found: Span) -> Span {
    let (mut open, mut surplus) = (0_usize, 0_usize);
    for token in tokens.iter().filter(|token| span(token.span).start >= found.start && span(token.span).end <= found.end) {
        match token.token {
            Token::LParen => open += 1,
            Token::RParen if open == 0 => surplus += 1,
            Token::RParen => open -= 1,
            _ => {}
        }
    }
    let before = tokens.iter().rev().filter(|token| span(token.span).end <= found.start);
    let after = tokens.iter().filter(|token| span(token.span).start >= found.end);
    let opening = before.take(surplus).filter(|token| token.token == Token::LParen).last();
    let closing = after.take(open).filter(|token| token.token == Token::RParen).last();
    let start = opening.map_or(found.start, |token| span(token.span).start);
    Span::new(start, closing.map_or(found.end, |token| span(token.span).end))
}

/// The name that an identifier means: unquoted ones are lower case.
pub(crate) fn name(identifier: &ast::Ident) -> String {
    match identifier.quote_style {
        Some(_) => identifier.value.clone(),
        None => identifier.value.to_lowercase(),
    }
}

/// Every `CHECK (…)` of a file, in its order.
pub(crate) fn checks(file: &Arc<SourceText>, tokens: &[TokenWithSpan]) -> Vec<Check> {
    let mut found = Vec::new();
    for (index, window) in tokens.windows(2).enumerate() {
        let [keyword, open] = window else { continue };
        if !is_word(keyword, "check") || open.token != Token::LParen {
            continue;
        }
        let Some(close) = closing(tokens, index + 1) else { continue };
        let inside = Span::new(position(open.span.end), position(close.span.start));
        let name = index.checked_sub(2).and_then(|first| {
            let constraint = tokens.get(first).filter(|token| is_word(token, "constraint"));
            constraint.and_then(|_| tokens.get(first + 1)).map(|token| token.token.to_string())
        });
        let range = file.range(inside);
        let raw = file.text.get(range.clone()).unwrap_or_default();
        let start = range.start + (raw.len() - raw.trim_start().len());
        let sql = raw.trim().to_owned();
        found.push(Check { name, span: file.span(start..start + sql.len()), sql });
    }
    found
}

/// The token that closes the parenthesis at `open`.
fn closing(tokens: &[TokenWithSpan], open: usize) -> Option<&TokenWithSpan> {
    let mut depth = 0_usize;
    tokens.get(open..)?.iter().find(|token| {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

/// Whether a token is this word, in small or capital letters and without quotes.
pub(crate) fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

/// The place of the type that follows a column's name.
pub(crate) fn type_span(tokens: &[TokenWithSpan], column: &ast::Ident) -> Span {
    let mut after = tokens.iter().skip_while(|token| token.span.start != column.span.start).skip(1);
    after.next().map_or_else(|| span(column.span), |token| span(token.span))
}

/// The place of the second statement.
pub(crate) fn second_statement(tokens: &[TokenWithSpan]) -> Option<Span> {
    let mut after = tokens.iter().skip_while(|token| token.token != Token::SemiColon);
    after.find(|token| !matches!(token.token, Token::SemiColon | Token::EOF)).map(|token| span(token.span))
}

/// The place of the first statement's first word.
pub(crate) fn first_statement(tokens: &[TokenWithSpan]) -> Option<Span> {
    tokens.iter().find(|token| token.token != Token::SemiColon).map(|token| span(token.span))
}

/// A text with its tokens one space apart, so that spaces and comments make no difference.
pub(crate) fn squeeze(sql: &str) -> String {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else {
        return sql.to_owned();
    };
    let words = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).map(ToString::to_string);
    words.collect::<Vec<_>>().join(" ")
}
