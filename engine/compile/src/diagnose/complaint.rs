//! What an error of DataFusion means, in the words of SQL: no name of an Arrow type, no phrase of the engine.

use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::ast;
use nightshift_diagnostic::{Code, codes, did_you_mean};

use crate::contract::types::instead_of;
use crate::sql_type;

/// What is wrong, what to do about it, and what to look for in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) subject: Subject,
}

/// What a complaint is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// An operator, as it is written; of AND and OR also which side is no condition.
    Operator { symbol: String, left_is_wrong: Option<bool> },
    /// The calls of a function.
    Function(String),
    /// Any function, of which one is an aggregate.
    Aggregate,
    /// A column.
    Column(String),
    /// Any expression.
    Expression,
    /// A word of the file, which is no expression.
    Word(String),
    /// Nothing that we know.
    Unknown,
}

impl Subject {
    /// True if the complaint can be about this expression.
    pub(super) fn may_be(&self, expression: &ast::Expr) -> bool {
        match (self, expression) {
            (Self::Operator { symbol, .. }, ast::Expr::BinaryOp { op, .. }) => op.to_string().eq_ignore_ascii_case(symbol),
            // BETWEEN, IN and CASE compare as operators do.
            (Self::Operator { left_is_wrong: None, .. }, ast::Expr::Between { .. } | ast::Expr::InList { .. } | ast::Expr::Case { .. }) => true,
            (Self::Function(name), ast::Expr::Function(function)) => function.name.to_string().eq_ignore_ascii_case(name),
            (Self::Aggregate, ast::Expr::Function(_)) | (Self::Expression, _) => true,
            (Self::Column(name), ast::Expr::Identifier(found)) => found.value.eq_ignore_ascii_case(name),
            (Self::Column(name), ast::Expr::CompoundIdentifier(parts)) => {
                parts.last().is_some_and(|last| last.value.eq_ignore_ascii_case(name))
            }
            _ => false,
        }
    }

    /// The word to look for among the tokens.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Function(name) | Self::Column(name) | Self::Word(name) => Some(name),
            _ => None,
        }
    }
}

impl Complaint {
    /// Reads an error that is not about the text as SQL. `functions` are the names that may have been meant.
    pub(super) fn of(error: &DataFusionError, functions: &[String]) -> Self {
        match error {
            DataFusionError::SchemaError(schema, _) => Self::of_schema(schema),
            _ => Self::of_message(&plain(error), functions),
        }
    }

    /// True if the other one is the same, maybe in other words.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.code == other.code && self.subject == other.subject
    }

    /// True if the span that the error carries, if any, is the whole of what it is about: of an operator it is only one side.
    pub(super) fn has_place(&self, error: &DataFusionError) -> bool {
        let spanned = error.diagnostic().is_some_and(|diagnostic| diagnostic.span.is_some());
        spanned && !matches!(self.subject, Subject::Operator { .. })
    }

    fn new(code: Code, message: impl Into<String>, hint: impl Into<Option<String>>, subject: Subject) -> Self {
        Self { code, message: message.into(), hint: hint.into(), subject }
    }

    fn of_schema(error: &SchemaError) -> Self {
        match error {
            SchemaError::FieldNotFound { field, valid_fields } => unknown_column(field, valid_fields),
            SchemaError::AmbiguousReference { field } => ambiguous(field),
            SchemaError::DuplicateUnqualifiedField { name } => duplicate(name),
            SchemaError::DuplicateQualifiedField { name, .. } => duplicate(name),
        }
    }

    /// DataFusion's messages have no codes, so they are told apart by their words. What no one knows keeps its own.
    fn of_message(message: &str, functions: &[String]) -> Self {
        let readers: [fn(&str) -> Option<Self>; 10] =
            [grouping, misplaced, operands, signature, call, condition, cast_type, twice, union, unsupported];
        unknown_function(message, functions)
            .or_else(|| readers.into_iter().find_map(|read| read(message)))
            .unwrap_or_else(|| Self::new(codes::INVALID_QUERY, sql_type::in_words(&uncapitalised(message)), None, Subject::Unknown))
    }
}

fn unknown_column(field: &Column, valid: &[Column]) -> Complaint {
    let name = field.name.as_str();
    let subject = || Subject::Column(name.to_owned());
    let relation = field.relation.as_ref().map(|relation| relation.table().to_owned());
    let table_of = |column: &Column| column.relation.as_ref().map(|relation| relation.table().to_owned());
    if let Some(table) = &relation
        && !valid.is_empty()
        && !valid.iter().any(|column| table_of(column).as_ref() == Some(table))
    {
        let tables: Vec<String> = unique(valid.iter().filter_map(table_of));
        let known = || tables.iter().map(String::as_str);
        let hint = did_you_mean(table, known()).unwrap_or_else(|| format!("at this place there are {}", list(known())));
        return Complaint::new(codes::UNKNOWN_TABLE, format!("this query has no table or alias `{table}`"), hint, subject());
    }
    let elsewhere = valid.iter().find(|column| column.name == name).and_then(table_of);
    let own = valid.iter().filter(|column| relation.is_none() || table_of(column) == relation);
    let known = unique(own.map(|column| column.name.clone()));
    let known = || known.iter().map(String::as_str);
    let message = match &relation {
        Some(table) => format!("`{table}` has no column `{name}`"),
        None => format!("there is no column `{name}`"),
    };
    let hint = elsewhere
        .map(|table| format!("`{table}` has it: write `{table}.{name}`"))
        .or_else(|| did_you_mean(name, known()))
        .or_else(|| known().next().map(|_| format!("there are {}", list(known()))));
    Complaint::new(codes::UNKNOWN_COLUMN, message, hint, subject())
}

fn ambiguous(field: &Column) -> Complaint {
    let name = field.name.as_str();
    let (message, hint) = match &field.relation {
        Some(table) => (
            format!("`{name}` is a column of `{}` and also the name of another result column", table.table()),
            "give the result column a name of its own".to_owned(),
        ),
        None => (
            format!("`{name}` is a column of several tables"),
            format!("say of which: write the table or its alias before it, as in `d.{name}`"),
        ),
    };
    Complaint::new(codes::AMBIGUOUS_COLUMN, message, hint, Subject::Column(name.to_owned()))
}

fn duplicate(name: &str) -> Complaint {
    let hint = "take one of them out, or give it another name with AS".to_owned();
    Complaint::new(codes::DUPLICATE_COLUMN, format!("the column `{name}` stands here twice"), hint, Subject::Column(name.to_owned()))
}

/// Projections require unique expression names but the expression "d.amount" at position 5 and …
fn twice(message: &str) -> Option<Complaint> {
    message.contains("unique expression names").then(|| quoted(message))?.map(|name| duplicate(name.rsplit('.').next().unwrap_or(name)))
}

/// Invalid function 'summ'.
fn unknown_function(message: &str, functions: &[String]) -> Option<Complaint> {
    let name = message.strip_prefix("Invalid function ").and_then(quoted)?;
    let hint = did_you_mean(name, functions.iter().map(String::as_str));
    let hint = hint.unwrap_or_else(|| "functions have the names that PostgreSQL gives them".to_owned());
    Some(Complaint::new(codes::UNKNOWN_FUNCTION, format!("there is no function `{name}`"), hint, Subject::Function(name.to_owned())))
}

/// Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column "d.depot_id" must appear in the …
fn grouping(message: &str) -> Option<Complaint> {
    let lower = message.to_ascii_lowercase();
    if !lower.contains("must appear in the group by") && !lower.contains("could not be resolved from available columns") {
        return None;
    }
    let column = message.split_once("column ").and_then(|(_, rest)| quoted(rest)).or_else(|| quoted(message))?;
    let hint = format!("add `{column}` to GROUP BY, or put it into an aggregate such as `max({column})`");
    let name = column.rsplit('.').next().unwrap_or(column).to_owned();
    let message = format!("`{column}` is neither a group key nor inside an aggregate");
    Some(Complaint::new(codes::MISSING_GROUP_BY, message, hint, Subject::Column(name)))
}

/// Aggregate functions are not allowed in the WHERE clause. Consider using HAVING instead
fn misplaced(message: &str) -> Option<Complaint> {
    let lower = message.to_ascii_lowercase();
    let (message, hint) = if lower.contains("aggregate functions are not allowed in the where") {
        ("an aggregate cannot stand in WHERE, which is decided row by row", "say it after GROUP BY, with HAVING")
    } else if lower.contains("aggregate function calls") || lower.contains("aggregate functions are not allowed") {
        ("an aggregate cannot stand here", "compute it in a subquery, or in a WITH before the SELECT")
    } else {
        return None;
    };
    Some(Complaint::new(codes::MISPLACED_AGGREGATE, message, hint.to_owned(), Subject::Aggregate))
}

/// Cannot coerce arithmetic expression Utf8 + Int64 to valid types
/// Cannot infer common argument type for comparison operation Boolean > Int64
fn operands(message: &str) -> Option<Complaint> {
    let (_, rest) = ["arithmetic expression ", "comparison operation ", "logical boolean operation ", "regex operation ", "string operation "]
        .into_iter()
        .find_map(|words| message.split_once(words))?;
    let rest = rest.strip_suffix(" to valid types").unwrap_or(rest);
    const SYMBOLS: [&str; 16] = ["AND", "OR", "<>", "!=", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%", "||", "LIKE"];
    let (symbol, left, right) = SYMBOLS.into_iter().find_map(|symbol| {
        let (left, right) = rest.split_once(&format!(" {symbol} "))?;
        Some((symbol, sql_type::of_text(left), sql_type::of_text(right)))
    })?;
    let is_condition = |found: &str| found == "BOOLEAN";
    let logical = matches!(symbol, "AND" | "OR");
    let left_is_wrong = logical.then(|| !is_condition(&left));
    let message = match left_is_wrong {
        Some(left_is_wrong) => format!("`{symbol}` joins conditions, and this is {}", if left_is_wrong { &left } else { &right }),
        None => format!("`{symbol}` cannot take {left} and {right}"),
    };
    let hint = if logical { "compare it with something, as in `quantity > 0`" } else { "bring both sides to one type with CAST(… AS …)" };
    Some(Complaint::new(codes::TYPE_MISMATCH, message, hint.to_owned(), Subject::Operator { symbol: symbol.to_owned(), left_is_wrong }))
}

/// Function 'round' failed to match any signature, errors: … Function 'round' expects 2 arguments but received 1, …
/// Function 'round' requires Decimal, but received String (DataType: Utf8).
fn signature(message: &str) -> Option<Complaint> {
    if !message.contains("failed to match any signature") && !message.contains(" arguments but received ") && !message.contains(" requires ") {
        return None;
    }
    let name = message.split_once("Function ").and_then(|(_, rest)| quoted(rest))?;
    let after = |words: &str| -> Vec<String> {
        unique(message.split(words).skip(1).filter_map(|rest| rest.split([' ', ',', '.']).next()).map(str::to_owned))
    };
    let refused = message.split_once("(DataType: ").and_then(|(_, rest)| rest.split_once(").").or_else(|| rest.rsplit_once(')')));
    let (message, hint) = match refused {
        Some((found, _)) => {
            let accepted = unique(after(" requires ").iter().map(|word| sql_type::of_class(word)));
            let hint = format!("it takes {}: bring the argument to one of them with CAST(… AS …)", accepted.join(", "));
            (format!("`{name}` cannot be applied to {}", sql_type::of_text(found)), hint)
        }
        None => {
            let mut takes = after(" expects ");
            takes.sort();
            let received = after(" but received ").join(" or ");
            (format!("`{name}` does not take {received} arguments"), format!("it takes {}", takes.join(" or ")))
        }
    };
    Some(Complaint::new(codes::WRONG_ARGUMENTS, message, hint, Subject::Function(name.to_owned())))
}

/// … No function matches the given name and argument types 'business_date(Utf8)'. You might need to add explicit type casts. …
fn call(message: &str) -> Option<Complaint> {
    let call = message.split_once("argument types ").and_then(|(_, rest)| quoted(rest))?;
    let (name, types) = call.split_once('(')?;
    let types: Vec<String> = sql_type::split(types.strip_suffix(')').unwrap_or(types)).into_iter().map(sql_type::of_text).collect();
    let takes = match types.as_slice() {
        [] => "to be called without arguments".to_owned(),
        types => types.join(", "),
    };
    let hint = "look at the number and the order of its arguments, or bring them to another type with CAST(… AS …)".to_owned();
    Some(Complaint::new(codes::WRONG_ARGUMENTS, format!("`{name}` does not take {takes}"), hint, Subject::Function(name.to_owned())))
}

/// Cannot create filter with non-boolean predicate 'd.quantity' returning Int32
fn condition(message: &str) -> Option<Complaint> {
    let (_, found) = message.contains("non-boolean predicate").then(|| message.rsplit_once("returning "))??;
    let message = format!("a condition is true or false, and this is {}", sql_type::of_text(found));
    let hint = "compare it with something, as in `quantity > 0`".to_owned();
    Some(Complaint::new(codes::TYPE_MISMATCH, message, hint, Subject::Expression))
}

/// Unsupported SQL type MONEY
fn cast_type(message: &str) -> Option<Complaint> {
    let written = message.strip_prefix("Unsupported SQL type ")?;
    let word = written.split(['(', ' ']).next().unwrap_or(written);
    Some(Complaint::new(codes::UNKNOWN_TYPE, format!("there is no type `{word}`"), instead_of(word), Subject::Word(word.to_owned())))
}

/// UNION queries have different number of columns
fn union(message: &str) -> Option<Complaint> {
    message.contains("different number of columns").then_some(())?;
    let message = "the queries of this UNION have different numbers of columns";
    let hint = "select as many columns in each of them, in the same order".to_owned();
    Some(Complaint::new(codes::INVALID_QUERY, message, hint, Subject::Word("union".to_owned())))
}

fn unsupported(message: &str) -> Option<Complaint> {
    let lower = message.to_ascii_lowercase();
    let found = ["not implemented", "not supported", "unsupported"].into_iter().any(|words| lower.contains(words));
    found.then(|| Complaint::new(codes::UNSUPPORTED_SQL, sql_type::in_words(&uncapitalised(message)), None, Subject::Unknown))
}

/// DataFusion's message without its prefixes and its backtrace.
fn plain(error: &DataFusionError) -> String {
    const PREFIXES: [&str; 5] =
        ["Internal error: ", "Error during planning: ", "Schema error: ", "This feature is not implemented: ", "Execution error: "];
    let text = error.strip_backtrace();
    let text = text.split("\nThis issue was likely caused").next().unwrap_or_default();
    let text = PREFIXES.iter().fold(text, |text, prefix| text.strip_prefix(prefix).unwrap_or(text));
    text.trim_end_matches('.').to_owned()
}

/// The first word of a sentence in small letters, unless it is a word of SQL.
fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// What stands in the first quotes of any kind.
fn quoted(text: &str) -> Option<&str> {
    let start = text.find(['\'', '"', '`'])?;
    let quote = text.get(start..)?.chars().next()?;
    text.get(start + 1..)?.split_once(quote).map(|(inside, _)| inside)
}

fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// "`a`, `b` and `c`"; a long list ends early.
pub(super) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 12;
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] if first.len() < SHOWN => format!("{} and {last}", first.join(", ")),
        all => format!("{} and {} more", all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", "), all.len() - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> String {
        let complaint = Complaint::of_message(message, &["sum".to_owned()]);
        format!("{}: {} | {}", complaint.code, complaint.message, complaint.hint.unwrap_or_default())
    }

    #[test]
    fn messages_of_the_engine_become_words_of_sql() {
        let lines = [
            "Invalid function 'summ'",
            "Cannot coerce arithmetic expression Utf8 + Int64 to valid types",
            "Cannot infer common argument type for comparison operation Boolean > Decimal128(14, 2)",
            "Cannot infer common argument type for logical boolean operation Int32 AND Boolean",
            "Function 'round' failed to match any signature, errors: Error during planning: Function 'round' expects 2 arguments but received 3,Error during planning: Function 'round' expects 1 arguments but received 3",
            "Function 'sum' failed to match any signature, errors: Error during planning: Function 'sum' requires Decimal, but received String (DataType: Utf8).,Error during planning: Function 'sum' requires Int64, but received String (DataType: Utf8).",
            "Failed to coerce arguments: No function matches the given name and argument types 'business_date(Utf8, Timestamp(µs, \"Asia/Taipei\"))'. You might need to add explicit type casts.",
            "Cannot create filter with non-boolean predicate 'd.quantity' returning Int32",
            "Something about Utf8View that nobody has read",
        ];
        let read: Vec<String> = lines.into_iter().map(read).collect();
        assert_eq!(
            read,
            [
                "unknown-function: there is no function `summ` | did you mean `sum`?",
                "type-mismatch: `+` cannot take VARCHAR and BIGINT | bring both sides to one type with CAST(… AS …)",
                "type-mismatch: `>` cannot take BOOLEAN and DECIMAL(14, 2) | bring both sides to one type with CAST(… AS …)",
                "type-mismatch: `AND` joins conditions, and this is INTEGER | compare it with something, as in `quantity > 0`",
                "wrong-arguments: `round` does not take 3 arguments | it takes 1 or 2",
                "wrong-arguments: `sum` cannot be applied to VARCHAR | it takes DECIMAL, BIGINT: bring the argument to one of them with CAST(… AS …)",
                "wrong-arguments: `business_date` does not take VARCHAR, TIMESTAMP | look at the number and the order of its arguments, or bring them to another type with CAST(… AS …)",
                "type-mismatch: a condition is true or false, and this is INTEGER | compare it with something, as in `quantity > 0`",
                "invalid-query: something about VARCHAR that nobody has read | ",
            ]
        );
    }
}
