//! Conditions over the columns of one table: CHECKs, `delete_when`, `expect`, `replace`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::sql::sqlparser::ast::ExprWithAlias;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;
use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, SourceText, Span, codes};

use crate::contract::tokens;
use crate::diagnose::Diagnose;
use crate::{comparison, sql_type};

/// Compiles a condition over the columns of a table. Parameters may still be open. `place` says where a piece of the condition's
/// text stands in the file that it was taken from.
///
/// # Errors
/// All that is wrong with it, with places in that file.
pub fn compile(state: &SessionState, sql: &str, columns: &Schema, place: impl Fn(Span) -> Location) -> Result<Expr, Diagnostics> {
    let text = SourceText::new("", sql);
    let moved = |problems: Diagnostics| -> Diagnostics {
        let moved = |mut problem: Diagnostic| {
            problem.location = problem.location.map(|location| place(location.span));
            problem
        };
        problems.into_iter().map(moved).collect()
    };
    read(state, &text, columns).map_err(moved)
}

fn read(state: &SessionState, text: &Arc<SourceText>, columns: &Schema) -> Result<Expr, Diagnostics> {
    let tokens = tokens::tokenize(text).map_err(Diagnostics::from)?;
    let diagnose = Diagnose::new(text, &tokens).with_functions_of(state);
    let parse = || {
        let mut parser = Parser::new(&GenericDialect {}).with_tokens_with_locations(tokens.clone());
        let expression = parser.parse_expr()?;
        match parser.peek_token() {
            token if token.token == Token::EOF => Ok(expression),
            token => parser.expected("the end of the condition", token),
        }
    };
    let parsed = parse().map_err(|error| Diagnostics::from(tokens::syntax_error(text, &error, &tokens)))?;
    let refused = |error: DataFusionError| diagnose.diagnostics(&error);
    let schema = DFSchema::try_from(columns.clone()).map_err(refused)?;
    let expression = state.create_logical_expr_from_sql_expr(ExprWithAlias { expr: parsed, alias: None }, &schema).map_err(refused)?;
    let typed = expression.clone().infer_placeholder_types(&schema).map_err(refused)?.0;
    let found = typed.get_type(&schema).map_err(refused)?;
    let mut problems = comparison::in_expression(&typed, &schema, &diagnose);
    if !matches!(found, DataType::Boolean | DataType::Null) {
        let whole = text.locate(0..text.text.len());
        problems.push(
            Diagnostic::error(codes::TYPE_MISMATCH, format!("a condition is true or false, and this is {}", sql_type::of(&found)))
                .at(whole)
                .hint("compare it with something, as in `revenue >= 0`"),
        );
    }
    if problems.has_errors() { Err(problems) } else { Ok(expression) }
}
