//! From a SQL file to a logical plan, or to all that is wrong with it.

use std::sync::Arc;

use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::TokenWithSpan;
use nightshift_diagnostic::{Diagnostic, Diagnostics, SourceText, codes};

use crate::contract::tokens;
use crate::diagnose::Diagnose;

/// A query that has been planned against the tables of a session, unoptimised.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan, as DataFusion's SQL planner makes it.
    pub plan: LogicalPlan,
    /// The tables that it reads, in the order of their first mention, CTEs left out.
    pub tables: Vec<String>,
    /// Whether the order of its rows is part of its meaning: an ORDER BY stands at its top.
    pub ordered: bool,
}

/// The tables that a file's query reads, without planning it: what decides the order in which files are compiled.
///
/// # Errors
/// What is wrong with the text as SQL, or as a query that only reads.
pub fn tables(state: &SessionState, file: &Arc<SourceText>) -> Result<Vec<String>, Diagnostics> {
    let (statement, tokens) = parse(file)?;
    references(state, &statement).map_err(|error| Diagnose::new(file, &tokens).diagnostics(&error))
}

/// Plans the one query of a file. The tables are those registered in the session.
///
/// # Errors
/// All that is wrong, with places in the file.
pub async fn plan(context: &SessionContext, file: &Arc<SourceText>) -> Result<Planned, Diagnostics> {
    let state = context.state();
    let (statement, tokens) = parse(file)?;
    let diagnose = Diagnose::new(file, &tokens);
    let tables = references(&state, &statement).map_err(|error| diagnose.diagnostics(&error))?;
    let known = known_tables(context);
    let unknown: Vec<Diagnostic> =
        tables.iter().filter(|table| !known.contains(table)).map(|table| diagnose.unknown_table(table, &known)).collect();
    if !unknown.is_empty() {
        return Err(unknown.into_iter().collect());
    }
    let ordered = is_ordered(&statement);
    let plan = state.statement_to_plan(statement).await.map_err(|error| diagnose.diagnostics(&error))?;
    Ok(Planned { plan, tables, ordered })
}

/// Finds what the planner lets pass and only the analyzer or the optimizer refuses: wrong types above all.
///
/// # Errors
/// All that they refuse, with places in the file.
pub fn check_types(state: &SessionState, file: &Arc<SourceText>, plan: &LogicalPlan) -> Result<LogicalPlan, Diagnostics> {
    let optimized = state.optimize(plan);
    optimized.map_err(|error| match tokens::tokenize(file) {
        Ok(tokens) => Diagnose::new(file, &tokens).diagnostics(&error),
        Err(broken) => one(broken),
    })
}

/// The tables of the session; those that do not stand in the default schema, with the name of their own before them.
fn known_tables(context: &SessionContext) -> Vec<String> {
    let Some(catalog) = context.catalog("datafusion") else { return vec![] };
    let schemas = catalog.schema_names().into_iter().filter_map(|name| Some((catalog.schema(&name)?, name)));
    let names = schemas.flat_map(|(schema, name)| {
        let prefix = if name == "public" { String::new() } else { format!("{name}.") };
        schema.table_names().into_iter().map(move |table| format!("{prefix}{table}"))
    });
    names.collect()
}

fn is_ordered(statement: &Statement) -> bool {
    let Statement::Statement(statement) = statement else { return false };
    matches!(statement.as_ref(), ast::Statement::Query(query) if query.order_by.is_some())
}

fn references(state: &SessionState, statement: &Statement) -> datafusion::common::Result<Vec<String>> {
    let mut tables: Vec<String> = Vec::new();
    for reference in state.resolve_table_references(statement)? {
        let name = reference.to_string();
        if !tables.contains(&name) {
            tables.push(name);
        }
    }
    Ok(tables)
}

/// Parses a file that must hold exactly one query.
pub(crate) fn parse(file: &Arc<SourceText>) -> Result<(Statement, Vec<TokenWithSpan>), Diagnostics> {
    let tokens = tokens::tokenize(file).map_err(one)?;
    let parser = DFParserBuilder::new(file.text.as_ref()).with_dialect(&GenericDialect {}).build();
    let statements = parser.and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(|error| Diagnose::new(file, &tokens).diagnostics(&error))?;
    if let Some(span) = tokens::second_statement(&tokens).filter(|_| statements.len() > 1) {
        let location = nightshift_diagnostic::Location::new(file, span);
        let diagnostic = Diagnostic::error(codes::STATEMENT_COUNT, "a file holds exactly one query")
            .at(location)
            .label("the second one begins here")
            .hint("put it into a file of its own");
        return Err(one(diagnostic));
    }
    match statements.pop_front() {
        Some(statement) if is_query(&statement) => Ok((statement, tokens)),
        Some(_) => {
            let span = tokens::first_statement(&tokens);
            let location = span.map_or_else(|| file.first_line(), |span| nightshift_diagnostic::Location::new(file, span));
            let diagnostic = Diagnostic::error(codes::NOT_READ_ONLY, "only a query that reads may stand here")
                .at(location)
                .hint("write a SELECT; tables are written by the engine, never by a query");
            Err(one(diagnostic))
        }
        None => {
            let diagnostic = Diagnostic::error(codes::STATEMENT_COUNT, "the file holds no query").at(file.end());
            Err(one(diagnostic))
        }
    }
}

fn is_query(statement: &Statement) -> bool {
    let Statement::Statement(statement) = statement else { return false };
    matches!(statement.as_ref(), ast::Statement::Query(query) if reads_only(&query.body))
}

fn reads_only(body: &ast::SetExpr) -> bool {
    match body {
        ast::SetExpr::Select(select) => select.into.is_none(),
        ast::SetExpr::Query(query) => reads_only(&query.body),
        ast::SetExpr::SetOperation { left, right, .. } => reads_only(left) && reads_only(right),
        ast::SetExpr::Values(_) => true,
        _ => false,
    }
}

pub(crate) fn one(diagnostic: Diagnostic) -> Diagnostics {
    std::iter::once(diagnostic).collect()
}
