//! DataFusion's errors as diagnostics with places.
//!
//! About half of DataFusion's planning errors carry a span. For the others the name that the message quotes is looked up among the
//! tokens of the file, so that no diagnostic is ever without a place.

use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use nightshift_diagnostic::{Code, Diagnostic, Diagnostics, Location, Position, SourceText, Span, codes, did_you_mean};

use crate::contract::tokens;

/// Turns the errors of one file's query into diagnostics.
pub(crate) struct Diagnose<'a> {
    file: &'a Arc<SourceText>,
    tokens: &'a [TokenWithSpan],
}

impl<'a> Diagnose<'a> {
    pub(crate) fn new(file: &'a Arc<SourceText>, tokens: &'a [TokenWithSpan]) -> Self {
        Self { file, tokens }
    }

    /// All that an error holds, one diagnostic each.
    pub(crate) fn diagnostics(&self, error: &DataFusionError) -> Diagnostics {
        error.iter().map(|error| self.diagnostic(error)).collect()
    }

    /// A table that nobody knows; `known` are those that exist.
    pub(crate) fn unknown_table(&self, name: &str, known: &[String]) -> Diagnostic {
        let schema = |name: &str| name.split_once('.').map(|(schema, _)| schema.to_owned());
        let in_schema = schema(name).is_none_or(|own| known.iter().any(|other| schema(other).as_ref() == Some(&own)));
        let looks_like_file = name.contains(['/', ':']) || !in_schema;
        let what = if known.iter().any(|other| other.contains('.')) { "table" } else { "source or rollup" };
        let hint = if looks_like_file {
            Some("a query reads sources and rollups by name, never files or addresses".to_owned())
        } else {
            did_you_mean(name, known.iter().map(String::as_str))
        };
        let code = if looks_like_file { codes::NOT_READ_ONLY } else { codes::UNKNOWN_TABLE };
        Diagnostic::error(code, format!("there is no {what} `{name}`")).at(self.place_of(name)).maybe_hint(hint)
    }

    fn diagnostic(&self, error: &DataFusionError) -> Diagnostic {
        if let DataFusionError::SQL(parser, _) = error.find_root() {
            return self.syntax(parser);
        }
        let root = error.find_root();
        let message = error.diagnostic().map_or_else(|| plain(root), |diagnostic| diagnostic.message.clone());
        let raw = plain(root);
        let kind = Kind::of(root, &raw);
        let spanned = error.diagnostic().and_then(|diagnostic| diagnostic.span).map(|span| self.location(span));
        let location = spanned.or_else(|| self.named(&raw)).unwrap_or_else(|| self.statement());
        let helps = error.diagnostic().into_iter().flat_map(|diagnostic| diagnostic.helps.iter().map(|help| help.message.clone()));
        let hint = kind.hint(root, location.text()).or_else(|| helps.reduce(|all, help| format!("{all}; {help}")));
        Diagnostic::error(kind.code, kind.message.unwrap_or(message)).at(location).maybe_hint(hint)
    }

    fn syntax(&self, error: &ParserError) -> Diagnostic {
        tokens::syntax_error(self.file, error, self.tokens)
    }

    fn location(&self, span: datafusion::common::Span) -> Location {
        let position = |place: datafusion::common::Location| {
            Position::new(usize::try_from(place.line).unwrap_or(1), usize::try_from(place.column).unwrap_or(1))
        };
        Location::new(self.file, Span::new(position(span.start), position(span.end)))
    }

    /// The place of the first quoted name of a message that stands in the file as a token.
    fn named(&self, message: &str) -> Option<Location> {
        quoted(message).into_iter().flat_map(|name| name.rsplit('.').next().map(str::to_owned).into_iter().chain([name])).find_map(|name| self.token(&name))
    }

    /// The place of a name, or of the statement if the name stands nowhere.
    pub(crate) fn place_of(&self, name: &str) -> Location {
        let last = || name.rsplit_once('.').and_then(|(_, last)| self.token(last));
        self.token(name).or_else(last).unwrap_or_else(|| self.statement())
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

    fn statement(&self) -> Location {
        tokens::first_statement(self.tokens).map_or_else(|| self.file.first_line(), |span| Location::new(self.file, span))
    }
}

/// DataFusion's message without its prefixes and its backtrace.
fn plain(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let text = ["Error during planning: ", "Schema error: ", "This feature is not implemented: ", "Execution error: "]
        .iter()
        .fold(text.as_str(), |text, prefix| text.strip_prefix(prefix).unwrap_or(text));
    text.trim_end_matches('.').to_owned()
}

/// What stands in quotes of any kind, in order.
fn quoted(message: &str) -> Vec<String> {
    let mut found = Vec::new();
    for quote in ['\'', '"', '`'] {
        found.extend(message.split(quote).skip(1).step_by(2).map(|name| name.trim_matches(['\'', '"', '`']).to_owned()));
    }
    // `avg(Utf8)` and the like: the function's name stands before the bracket.
    found.extend(message.split(|character: char| !(character.is_alphanumeric() || character == '_' || character == '(')).filter_map(
        |word| word.split_once('(').map(|(name, _)| name.to_owned()).filter(|name| !name.is_empty()),
    ));
    found
}

/// What an error is called, and what may be said better than DataFusion says it.
struct Kind {
    code: Code,
    message: Option<String>,
}

impl Kind {
    fn of(error: &DataFusionError, message: &str) -> Self {
        use datafusion::common::SchemaError;
        let lower = message.to_ascii_lowercase();
        let named = |code| Self { code, message: None };
        if let DataFusionError::SchemaError(schema, _) = error {
            return match schema.as_ref() {
                SchemaError::FieldNotFound { field, .. } => {
                    Self { code: codes::UNKNOWN_COLUMN, message: Some(format!("there is no column `{}`", field.name)) }
                }
                SchemaError::AmbiguousReference { field } => Self {
                    code: codes::AMBIGUOUS_COLUMN,
                    message: Some(format!("`{}` could be a column of several tables", field.name)),
                },
                _ => named(codes::DUPLICATE_COLUMN),
            };
        }
        let table: [(&[&str], Code); 9] = [
            (&["invalid function", "unknown function"], codes::UNKNOWN_FUNCTION),
            (&["must be in the group by", "must appear in the group by", "could not be resolved from available columns"], codes::MISSING_GROUP_BY),
            (&["aggregate functions are not allowed", "aggregate function calls"], codes::MISPLACED_AGGREGATE),
            (&["failed to coerce arguments", "no function matches", "does not support", "signature"], codes::WRONG_ARGUMENTS),
            (&["cannot infer common", "cannot coerce", "cannot cast", "type_coercion", "cannot get result type"], codes::TYPE_MISMATCH),
            (&["unsupported sql type", "unsupported ast node"], codes::UNKNOWN_TYPE),
            (&["unique expression names", "duplicate"], codes::DUPLICATE_COLUMN),
            (&["table", "not found"], codes::UNKNOWN_TABLE),
            (&["not implemented", "not supported"], codes::UNSUPPORTED_SQL),
        ];
        let all_words = |words: &[&str], code: Code| {
            if code == codes::UNKNOWN_TABLE { words.iter().all(|word| lower.contains(word)) } else { words.iter().any(|word| lower.contains(word)) }
        };
        table
            .into_iter()
            .find(|(words, code)| all_words(words, *code))
            .map_or_else(|| named(codes::INVALID_QUERY), |(_, code)| named(code))
    }

    fn hint(&self, error: &DataFusionError, written: &str) -> Option<String> {
        use datafusion::common::SchemaError;
        match error {
            DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
                SchemaError::FieldNotFound { field, valid_fields } => {
                    let known: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
                    did_you_mean(&field.name, known.iter().copied())
                        .or_else(|| (!known.is_empty()).then(|| format!("there are: {}", known.join(", "))))
                }
                SchemaError::AmbiguousReference { field } => Some(format!("write the table before it: `table.{}`", field.name)),
                _ => None,
            },
            _ if self.code == codes::MISSING_GROUP_BY => Some(format!("add `{written}` to GROUP BY, or put it into an aggregate")),
            _ => None,
        }
    }
}
