//! DataFusion's errors as diagnostics with places, in the words of SQL.
//!
//! About half of DataFusion's planning errors carry a span. For the others the expression without which the error is gone is searched
//! for ([`culprit`]), or the name that the message quotes is looked up among the tokens of the file, so that no diagnostic is ever
//! without a place. What is said is decided in [`complaint`].

mod complaint;
mod culprit;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, Spanned as _};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, Position, SourceText, Span, codes, suggest};

use crate::contract::tokens;
use complaint::{Complaint, Subject};
pub(crate) use culprit::{Attempt, bound, planned};

/// Turns the errors of one file's query into diagnostics.
pub(crate) struct Diagnose<'a> {
    file: &'a Arc<SourceText>,
    tokens: &'a [TokenWithSpan],
    state: Option<&'a SessionState>,
}

impl<'a> Diagnose<'a> {
    pub(crate) fn new(file: &'a Arc<SourceText>, tokens: &'a [TokenWithSpan]) -> Self {
        Self { file, tokens, state: None }
    }

    /// The same, with the functions that there are: one of them may have been meant.
    pub(crate) fn with_functions_of(mut self, state: &'a SessionState) -> Self {
        self.state = Some(state);
        self
    }

    /// The names of the functions that a query may call.
    fn functions(&self) -> Vec<String> {
        let Some(state) = self.state else { return vec![] };
        let names = state.scalar_functions().keys().chain(state.aggregate_functions().keys()).chain(state.window_functions().keys());
        let names: BTreeSet<&String> = names.collect();
        names.into_iter().cloned().collect()
    }

    /// All that an error holds, one diagnostic each.
    pub(crate) fn diagnostics(&self, error: &DataFusionError) -> Diagnostics {
        error.iter().map(|error| self.diagnostic(error)).collect()
    }

    /// The same, for an error of a whole statement: what does not say its place is found by trying the statement without one
    /// expression after the other.
    pub(crate) async fn explain(&self, error: &DataFusionError, statement: &Statement, attempt: &Attempt<'_>) -> Diagnostics {
        let mut found = Diagnostics::new();
        for error in error.iter() {
            let mut diagnostic = self.diagnostic(error);
            if let Some(complaint) = self.complaint(error)
                && !complaint.has_place(error)
                && let Some(expression) = culprit::culprit(statement, &complaint, attempt).await
            {
                diagnostic = self.blamed(diagnostic, &complaint, &expression);
            }
            found.push(diagnostic);
        }
        found
    }

    /// A table that nobody knows; `known` are those that exist.
    pub(crate) fn unknown_table(&self, name: &str, known: &[String]) -> Diagnostic {
        let bare = name.trim_matches(['\'', '"']);
        let ending = bare.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        let is_file = ending.is_some_and(|ending| ["csv", "gz", "json", "jsonl", "parquet", "txt", "xlsx"].contains(&ending.as_str()));
        if bare.contains(['/', ':']) || is_file || (bare != name && bare.contains('.')) {
            return Diagnostic::error(codes::NOT_READ_ONLY, format!("`{bare}` is a file or an address, which a query does not read"))
                .at(self.place_of(bare))
                .hint("describe the file as a source in sql/sources, and read that source by its name");
        }
        let schemas = |name: &str| name.split_once('.').map(|(schema, _)| schema.to_owned());
        let in_schema = schemas(bare).is_some_and(|own| known.iter().any(|other| schemas(other).as_ref() == Some(&own)));
        if let Some((schema, table)) = bare.rsplit_once('.').filter(|_| !in_schema) {
            let hint = known.iter().find(|known| *known == table).map(|table| format!("write `{table}` alone"));
            return Diagnostic::error(codes::UNKNOWN_TABLE, format!("there is no schema `{schema}`"))
                .at(self.place_of(schema.split('.').next().unwrap_or(schema)))
                .hint(hint.unwrap_or_else(|| "a query reads sources and rollups, by their names alone".to_owned()));
        }
        // A session that has schemas knows more than the sources and rollups of a project.
        let what = if known.iter().any(|other| other.contains('.')) { "table" } else { "source or rollup" };
        Diagnostic::error(codes::UNKNOWN_TABLE, format!("there is no {what} `{bare}`"))
            .at(self.place_of(bare))
            .maybe_hint(suggest(bare, known.iter().map(String::as_str)))
    }

    /// What is wrong, except with the text as SQL.
    fn complaint(&self, error: &DataFusionError) -> Option<Complaint> {
        let root = error.find_root();
        (!matches!(root, DataFusionError::SQL(..))).then(|| Complaint::of(root, &self.functions()))
    }

    fn diagnostic(&self, error: &DataFusionError) -> Diagnostic {
        if let DataFusionError::SQL(parser, _) = error.find_root() {
            return tokens::syntax_error(self.file, parser, self.tokens);
        }
        let complaint = Complaint::of(error.find_root(), &self.functions());
        let spanned = || error.diagnostic().and_then(|diagnostic| diagnostic.span).map(|span| self.location(span));
        let named = || match &complaint.subject {
            Subject::Number(number) => self.number(number),
            Subject::Alias(alias) => self.alias(alias),
            subject => subject.word().and_then(|word| self.named(word)),
        };
        let found = if matches!(complaint.subject, Subject::Word(_) | Subject::Alias(_)) { named().or_else(spanned) } else { spanned().or_else(named) };
        let location = found.unwrap_or_else(|| self.statement());
        let misunderstood = self.misunderstood(&complaint, &location);
        Diagnostic::error(complaint.code, complaint.message).at(location).maybe_hint(complaint.hint).maybe_hint(misunderstood)
    }

    /// What people often mean by a name that is no column.
    fn misunderstood(&self, complaint: &Complaint, location: &Location) -> Option<String> {
        let Subject::Column(name) = &complaint.subject else { return None };
        if complaint.code != codes::UNKNOWN_COLUMN {
            return None;
        }
        let written = location.text();
        if written.starts_with('"') {
            let in_capitals = name.chars().any(char::is_uppercase);
            let lower = name.to_lowercase();
            return Some(match &complaint.hint {
                Some(hint) if in_capitals && hint.contains(&format!("`{lower}`")) => format!("write `{lower}`: a name in double quotes keeps its capitals"),
                _ => format!("a text stands in single quotes: '{name}'"),
            });
        }
        let is_alias = self.tokens.windows(2).any(|pair| match pair {
            [keyword, alias] => tokens::is_word(keyword, "as") && tokens::is_word(alias, name),
            _ => false,
        });
        is_alias.then(|| format!("`{name}` is only made by this SELECT: write its expression again, or put the SELECT into a WITH"))
    }

    /// Points at the expression that is to blame: of a function its name, of AND and OR the side that is no condition.
    fn blamed(&self, diagnostic: Diagnostic, complaint: &Complaint, expression: &ast::Expr) -> Diagnostic {
        let span = match (&complaint.subject, expression) {
            (Subject::Operator { left_is_wrong, .. }, ast::Expr::BinaryOp { left, right, .. }) => match left_is_wrong {
                Some(true) => left.span(),
                Some(false) => right.span(),
                None => expression.span(),
            },
            (_, ast::Expr::Function(function)) => function.name.span(),
            _ => expression.span(),
        };
        if span.start.line == 0 { diagnostic } else { diagnostic.at(Location::new(self.file, tokens::balanced(self.tokens, tokens::span(span)))) }
    }

    /// The location of a span that DataFusion's plans carry.
    pub(crate) fn location(&self, span: datafusion::common::Span) -> Location {
        let position =
            |place: datafusion::common::Location| Position::new(usize::try_from(place.line).unwrap_or(1), usize::try_from(place.column).unwrap_or(1));
        Location::new(self.file, Span::new(position(span.start), position(span.end)))
    }

    /// The place of a name, also of the last part of a qualified one, that stands in the file.
    fn named(&self, name: &str) -> Option<Location> {
        name.rsplit('.').next().and_then(|last| self.token(last)).or_else(|| self.token(name))
    }

    /// The place of a name, or of the statement if the name stands nowhere.
    pub(crate) fn place_of(&self, name: &str) -> Location {
        let last = || name.rsplit_once('.').and_then(|(_, last)| self.token(last));
        self.token(name).or_else(last).unwrap_or_else(|| self.statement())
    }

    /// The last place of a number: GROUP BY and ORDER BY stand at the end.
    fn number(&self, number: &str) -> Option<Location> {
        let found = self.tokens.iter().rev().find(|token| matches!(&token.token, Token::Number(written, _) if written == number));
        found.map(|token| Location::new(self.file, tokens::span(token.span)))
    }

    /// The last place where a table has this name: where no dot follows it.
    fn alias(&self, alias: &str) -> Option<Location> {
        let is_alias = |pair: &&[TokenWithSpan]| match pair {
            [name, next] => tokens::is_word(name, alias) && next.token != Token::Period,
            _ => false,
        };
        let found = self.tokens.windows(2).rev().find(is_alias).and_then(|pair| pair.first());
        found.map(|token| Location::new(self.file, tokens::span(token.span)))
    }

    fn token(&self, name: &str) -> Option<Location> {
        let matches = |token: &&TokenWithSpan| match &token.token {
            Token::Word(word) => word.value.eq_ignore_ascii_case(name),
            Token::SingleQuotedString(text) => text == name,
            Token::Placeholder(text) => text == name,
            _ => false,
        };
        self.tokens.iter().find(matches).map(|token| Location::new(self.file, tokens::span(token.span)))
    }

    /// The place of the statement's first word.
    pub(crate) fn statement(&self) -> Location {
        tokens::first_statement(self.tokens).map_or_else(|| self.file.first_line(), |span| Location::new(self.file, span))
    }
}
