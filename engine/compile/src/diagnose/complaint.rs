//! What an error of DataFusion means, in the words of SQL: no name of an Arrow type, no phrase of the engine.

use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::ast;
use nightshift_diagnostic::{Code, codes, did_you_mean, suggest};

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
    /// A subquery in an expression.
    Subquery,
    /// A CASE.
    Case,
    /// A LIKE.
    Like,
    /// A word or a text of the file.
    Word(String),
    /// A number of the file.
    Number(String),
    /// A table of the query, by its alias.
    Alias(String),
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
            (Self::Aggregate, ast::Expr::Function(_))
            | (Self::Expression, _)
            | (Self::Subquery, ast::Expr::Subquery(_) | ast::Expr::InSubquery { .. })
            | (Self::Case, ast::Expr::Case { .. })
            | (Self::Like, ast::Expr::Like { .. } | ast::Expr::ILike { .. }) => true,
            (Self::Column(name), ast::Expr::Identifier(found)) => found.value.eq_ignore_ascii_case(name),
            (Self::Column(name), ast::Expr::CompoundIdentifier(parts)) => parts.last().is_some_and(|last| last.value.eq_ignore_ascii_case(name)),
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
            SchemaError::DuplicateQualifiedField { qualifier, .. } => same_alias(qualifier.table()),
        }
    }

    /// DataFusion's messages have no codes, so they are told apart by their words. What no one knows keeps its own.
    fn of_message(message: &str, functions: &[String]) -> Self {
        let readers: [fn(&str) -> Option<Self>; 16] = [
            grouping,
            misplaced,
            operands,
            signature,
            call,
            condition,
            branches,
            pattern,
            negation,
            cast_type,
            twice,
            union,
            subquery,
            position,
            value,
            unsupported,
        ];
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
        let hint = suggest(table, tables.iter().map(String::as_str));
        return Complaint::new(codes::UNKNOWN_TABLE, format!("this query has no table or alias `{table}`"), hint, subject());
    }
    let elsewhere = valid.iter().find(|column| column.name == name).and_then(table_of);
    let own = valid.iter().filter(|column| relation.is_none() || table_of(column) == relation);
    let known = unique(own.map(|column| column.name.clone()));
    let message = match &relation {
        Some(table) => format!("`{table}` has no column `{name}`"),
        None => format!("there is no column `{name}`"),
    };
    let hint = elsewhere.map(|table| format!("`{table}` has it: write `{table}.{name}`")).or_else(|| suggest(name, known.iter().map(String::as_str)));
    Complaint::new(codes::UNKNOWN_COLUMN, message, hint, subject())
}

fn ambiguous(field: &Column) -> Complaint {
    let name = field.name.as_str();
    let (message, hint) = match &field.relation {
        Some(table) => (
            format!("`{name}` is a column of `{}` and also the name of another result column", table.table()),
            "give the result column a name of its own".to_owned(),
        ),
        None => (format!("`{name}` is a column of several tables"), format!("say of which: write the table or its alias before it, as in `d.{name}`")),
    };
    Complaint::new(codes::AMBIGUOUS_COLUMN, message, hint, Subject::Column(name.to_owned()))
}

fn duplicate(name: &str) -> Complaint {
    let hint = "take one of them out, or give it another name with AS".to_owned();
    Complaint::new(codes::DUPLICATE_COLUMN, format!("two columns of the result are called `{name}`"), hint, Subject::Column(name.to_owned()))
}

fn same_alias(table: &str) -> Complaint {
    let hint = "give one of them an alias of its own".to_owned();
    let message = format!("two tables of this query are called `{table}`");
    Complaint::new(codes::DUPLICATE_NAME, message, hint, Subject::Alias(table.to_owned()))
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

/// HAVING clause references: d.quantity > Int64(1) must appear in the GROUP BY clause or be used in an aggregate function
/// Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column "d.depot_id" must appear in the …
fn grouping(message: &str) -> Option<Complaint> {
    let lower = message.to_ascii_lowercase();
    if !lower.contains("must appear in the group by") && !lower.contains("could not be resolved from available columns") {
        return None;
    }
    let first_word = |rest: &'static str| message.split_once(rest).and_then(|(_, rest)| rest.split_whitespace().next());
    let column = message.split_once("column ").and_then(|(_, rest)| quoted(rest)).or_else(|| first_word("references: ")).or_else(|| quoted(message))?;
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
        None if matches!(symbol, "+" | "-" | "*" | "/" | "%" | "||") => format!("`{symbol}` cannot take {left} and {right}"),
        None => format!("`{symbol}` cannot compare {left} with {right}"),
    };
    let is_time = |found: &str| matches!(found, "DATE" | "TIMESTAMP");
    let hint = if logical {
        "compare it with something, as in `quantity > 0`"
    } else if matches!(symbol, "+" | "-") && (is_time(&left) || is_time(&right)) {
        "write a length of time as in `day + INTERVAL '7' DAY`"
    } else if left == right {
        "bring both sides to a number with CAST(… AS …)"
    } else {
        "bring both sides to one type with CAST(… AS …)"
    };
    Some(Complaint::new(codes::TYPE_MISMATCH, message, hint.to_owned(), Subject::Operator { symbol: symbol.to_owned(), left_is_wrong }))
}

/// Function 'round' failed to match any signature, errors: … Function 'round' expects 2 arguments but received 1, …
/// Function 'round' requires Decimal, but received String (DataType: Utf8).
fn signature(message: &str) -> Option<Complaint> {
    if !message.contains("failed to match any signature") && !message.contains(" arguments but received ") && !message.contains(" requires ") {
        return None;
    }
    let name = message.split_once("Function ").and_then(|(_, rest)| quoted(rest))?;
    let after = |words: &str| -> Vec<String> { unique(message.split(words).skip(1).filter_map(|rest| rest.split([' ', ',', '.']).next()).map(str::to_owned)) };
    let refused = message.split_once("(DataType: ").and_then(|(_, rest)| rest.split_once(").").or_else(|| rest.rsplit_once(')')));
    let (message, hint) = match refused {
        Some((found, _)) => {
            let accepted = unique(after(" requires ").iter().map(|word| sql_type::of_class(word)));
            let hint = format!("it takes {}: bring the argument to such a type with CAST(… AS …)", accepted.join(" or "));
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

/// Failed to coerce then (Int64) and else (Utf8) to common types in CASE WHEN expression
fn branches(message: &str) -> Option<Complaint> {
    let (types, _) = message.split_once(" to common types in CASE")?;
    let (_, types) = types.split_once('(')?;
    let (first, rest) = types.split_once(") and ")?;
    let (_, second) = rest.split_once('(')?;
    let second = second.strip_suffix(')').unwrap_or(second);
    let message = format!("this CASE gives {} or {}", sql_type::of_text(first), sql_type::of_text(second));
    let hint = "bring all its branches to one type with CAST(… AS …)".to_owned();
    Some(Complaint::new(codes::TYPE_MISMATCH, message, hint, Subject::Case))
}

/// There isn't a common type to coerce Int32 and Utf8 in LIKE expression
fn pattern(message: &str) -> Option<Complaint> {
    let types = message.strip_suffix(" in LIKE expression")?.split_once("to coerce ")?.1;
    let (found, _) = types.split_once(" and ")?;
    let message = format!("LIKE looks at a text, and this is {}", sql_type::of_text(found));
    let hint = "compare numbers with = < >, or make it a text: CAST(… AS VARCHAR)".to_owned();
    Some(Complaint::new(codes::TYPE_MISMATCH, message, hint, Subject::Like))
}

/// Unary operator 'NOT' requires a boolean expression, got Int32
/// Unary operator '-' only supports signed numeric, interval and timestamp types
fn negation(message: &str) -> Option<Complaint> {
    message.starts_with("Unary operator").then_some(())?;
    let (message, hint) = match message.rsplit_once(", got ") {
        Some((_, found)) => (format!("NOT takes a condition, and this is {}", sql_type::of_text(found)), "compare it with something, as in `quantity > 0`"),
        None => (format!("`{}` takes a number, and this is none", quoted(message)?), "make it a number with CAST(… AS …)"),
    };
    Some(Complaint::new(codes::TYPE_MISMATCH, message, hint.to_owned(), Subject::Unknown))
}

/// Unsupported SQL type MONEY
fn cast_type(message: &str) -> Option<Complaint> {
    let written = message.strip_prefix("Unsupported SQL type ")?;
    let word = written.split(['(', ' ']).next().unwrap_or(written);
    Some(Complaint::new(codes::UNKNOWN_TYPE, format!("there is no type `{word}`"), instead_of(word), Subject::Word(word.to_owned())))
}

/// Too many columns! The subquery should only return one column: depot.depot_id, depot.name
fn subquery(message: &str) -> Option<Complaint> {
    let (_, columns) = message.split_once("subquery should only return one column: ")?;
    let message = format!("a subquery in an expression gives one column, and this one gives {}", columns.split(", ").count());
    Some(Complaint::new(codes::INVALID_QUERY, message, "select one column in it, or join it".to_owned(), Subject::Subquery))
}

/// Cannot find column with position 9 in SELECT clause. Valid columns: 1 to 2
/// Order by column out of bounds, specified: 7, max: 1
fn position(message: &str) -> Option<Complaint> {
    let mut numbers = message.split(|letter: char| !letter.is_ascii_digit()).filter(|word| !word.is_empty());
    let counted = message.contains("column with position") || message.contains("column out of bounds");
    let (number, last) = counted.then_some((numbers.next()?, numbers.next_back()?))?;
    let message = format!("there is no column {number} in the SELECT list, which has {last}");
    let hint = "write the column's name, or a number that there is".to_owned();
    Some(Complaint::new(codes::UNKNOWN_COLUMN, message, hint, Subject::Number(number.to_owned())))
}

/// Cannot cast string '2026-13-01' to value of Date32 type
/// Invalid input syntax for type interval: "7 dayz"
/// Expected LIMIT to be an integer or null, but got Utf8
fn value(message: &str) -> Option<Complaint> {
    if let Some((_, found)) = message.split_once("Expected LIMIT to be an integer or null, but got ") {
        let message = format!("LIMIT takes a whole number, and this is {}", sql_type::of_text(found));
        return Some(Complaint::new(codes::TYPE_MISMATCH, message, "write a number, as in LIMIT 10".to_owned(), Subject::Word("limit".to_owned())));
    }
    let (text, wanted) = if let Some((_, rest)) = message.split_once("Cannot cast string ") {
        let (_, wanted) = rest.split_once("to value of ")?;
        (quoted(rest)?, sql_type::of_text(wanted.strip_suffix(" type").unwrap_or(wanted)))
    } else if let Some((_, rest)) = message.split_once("for type interval: ") {
        (quoted(rest)?, "INTERVAL".to_owned())
    } else {
        return None;
    };
    let hint = match wanted.as_str() {
        "DATE" => "write it as in DATE '2026-11-23'".to_owned(),
        "TIMESTAMP" => "write it as in TIMESTAMP '2026-11-23 17:30:00'".to_owned(),
        "INTERVAL" => "write it as in INTERVAL '7' DAY".to_owned(),
        other => format!("write a value that is {other}, or compare it with something else"),
    };
    Some(Complaint::new(codes::TYPE_MISMATCH, format!("`'{text}'` is no {wanted}"), hint, Subject::Word(text.to_owned())))
}

/// UNION queries have different number of columns
/// Incompatible inputs for Union: Previous inputs were of type Int32, but got incompatible type Utf8 on column 'status'
fn union(message: &str) -> Option<Complaint> {
    let subject = || Subject::Word("union".to_owned());
    if let Some((_, rest)) = message.split_once("Previous inputs were of type ") {
        let (first, rest) = rest.split_once(", but got incompatible type ")?;
        let (second, _) = rest.split_once(" on column ")?;
        let message = format!("the queries of this UNION give {} and {} for one column", sql_type::of_text(first), sql_type::of_text(second));
        let hint = "bring both to one type with CAST(… AS …), or look at the order of the columns".to_owned();
        return Some(Complaint::new(codes::TYPE_MISMATCH, message, hint, subject()));
    }
    message.contains("different number of columns").then_some(())?;
    let message = "the queries of this UNION have different numbers of columns";
    let hint = "select as many columns in each of them, in the same order".to_owned();
    Some(Complaint::new(codes::INVALID_QUERY, message, hint, subject()))
}

fn unsupported(message: &str) -> Option<Complaint> {
    let lower = message.to_ascii_lowercase();
    if lower.contains("does not support logical expression windowfunction") {
        let hint = "compute it in a subquery, or in a WITH before the SELECT".to_owned();
        return Some(Complaint::new(codes::UNSUPPORTED_SQL, "a window function cannot stand here", hint, Subject::Aggregate));
    }
    if lower.contains("logical expression outerreferencecolumn") || lower.contains("logical expression scalarsubquery") {
        let message = "this subquery looks at the rows around it in a way that cannot be carried out";
        let hint = "join what it reads, grouped by the columns that it compares".to_owned();
        return Some(Complaint::new(codes::UNSUPPORTED_SQL, message, hint, Subject::Subquery));
    }
    let found = ["not implemented", "not supported", "unsupported"].into_iter().any(|words| lower.contains(words));
    found.then(|| Complaint::new(codes::UNSUPPORTED_SQL, sql_type::in_words(&uncapitalised(message)), None, Subject::Unknown))
}

/// DataFusion's message without its prefixes and its backtrace.
fn plain(error: &DataFusionError) -> String {
    const PREFIXES: [&str; 8] = [
        "Internal error: ",
        "Error during planning: ",
        "Schema error: ",
        "This feature is not implemented: ",
        "Execution error: ",
        "Arrow error: ",
        "Parser error: ",
        "Cast error: ",
    ];
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
            "Cannot cast string '2026-13-01' to value of Date32 type",
            "Order by column out of bounds, specified: 7, max: 1",
            "Failed to coerce then (Int64) and else (Timestamp(µs, \"Asia/Taipei\")) to common types in CASE WHEN expression",
            "Cannot create filter with non-boolean predicate 'd.quantity' returning Int32",
            "Something about Utf8View that nobody has read",
        ];
        let read: Vec<String> = lines.into_iter().map(read).collect();
        assert_eq!(
            read,
            [
                "unknown-function: there is no function `summ` | did you mean `sum`?",
                "type-mismatch: `+` cannot take VARCHAR and BIGINT | bring both sides to one type with CAST(… AS …)",
                "type-mismatch: `>` cannot compare BOOLEAN with DECIMAL(14, 2) | bring both sides to one type with CAST(… AS …)",
                "type-mismatch: `AND` joins conditions, and this is INTEGER | compare it with something, as in `quantity > 0`",
                "wrong-arguments: `round` does not take 3 arguments | it takes 1 or 2",
                "wrong-arguments: `sum` cannot be applied to VARCHAR | it takes DECIMAL or BIGINT: bring the argument to such a type with CAST(… AS …)",
                "wrong-arguments: `business_date` does not take VARCHAR, TIMESTAMP | look at the number and the order of its arguments, or bring them to another type with CAST(… AS …)",
                "type-mismatch: `'2026-13-01'` is no DATE | write it as in DATE '2026-11-23'",
                "unknown-column: there is no column 7 in the SELECT list, which has 1 | write the column's name, or a number that there is",
                "type-mismatch: this CASE gives BIGINT or TIMESTAMP | bring all its branches to one type with CAST(… AS …)",
                "type-mismatch: a condition is true or false, and this is INTEGER | compare it with something, as in `quantity > 0`",
                "invalid-query: something about VARCHAR that nobody has read | ",
            ]
        );
    }
}
