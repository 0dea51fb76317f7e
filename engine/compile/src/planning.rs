//! From a SQL file to a logical plan, or to all that is wrong with it.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ParamValues;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::type_coercion::other::get_coerce_type_for_case_expression;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, cast};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{self, Spanned as _};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{self, TokenWithSpan};
use nightshift_diagnostic::{Diagnostic, Diagnostics, SourceText, codes};

use crate::contract::tokens;
use crate::diagnose::{Attempt, Diagnose, bound, planned};
use crate::output::Output;
use crate::{comparison, constants};

/// A query that has been planned against the tables of a session, unoptimised.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan, as DataFusion's SQL planner makes it; with casts where the planner does not know a type without them.
    pub plan: LogicalPlan,
    /// The plan without those casts: what the analyst compares is seen in it.
    pub written: LogicalPlan,
    /// The tables that it reads, in the order of their first mention, CTEs left out.
    pub tables: Vec<String>,
    /// Whether the order of its rows is part of its meaning: an ORDER BY stands at its top.
    pub ordered: bool,
}

/// The one query of a file, read as SQL and not planned yet.
#[derive(Debug, Clone)]
pub struct ParsedQuery {
    file: Arc<SourceText>,
    statement: Statement,
    tokens: Vec<TokenWithSpan>,
}

impl ParsedQuery {
    /// Reads a file that must hold exactly one query, which only reads.
    ///
    /// # Errors
    /// What is wrong with the text, with places in the file.
    pub fn parse(file: &Arc<SourceText>) -> Result<Self, Diagnostics> {
        let (statement, tokens) = parse(file)?;
        Ok(Self { file: Arc::clone(file), statement, tokens })
    }

    /// The tables that the query reads, in the order of their first mention, CTEs left out.
    ///
    /// # Errors
    /// If a name is none.
    pub fn tables(&self, state: &SessionState) -> Result<Vec<String>, Diagnostics> {
        references(state, &self.statement).map_err(|error| self.diagnose().diagnostics(&error))
    }

    /// Plans the query. The tables are those registered in the session.
    ///
    /// # Errors
    /// All that is wrong, with places in the file.
    pub async fn plan(&self, context: &SessionContext) -> Result<Planned, Diagnostics> {
        let state = context.state();
        let diagnose = self.diagnose().with_functions_of(&state);
        let tables = self.tables(&state)?;
        let known = known_tables(context);
        let unknown: Vec<Diagnostic> = tables.iter().filter(|table| !known.contains(table)).map(|table| diagnose.unknown_table(table, &known)).collect();
        if !unknown.is_empty() {
            return Err(unknown.into_iter().collect());
        }
        let attempt = Attempt { state: &state, types: None };
        match attempt.plan(self.statement.clone()).await {
            Ok(written) => {
                // What cannot be brought together is told with its place when the query is checked.
                let plan = if has_mixed_branches(&written) { typed(&written).unwrap_or_else(|_| written.clone()) } else { written.clone() };
                Ok(Planned { plan, written, tables, ordered: is_ordered(&self.statement) })
            }
            Err(error) => Err(diagnose.explain(&error, &self.statement, &attempt).await),
        }
    }

    /// Finds what the planner lets pass: wrong types and what cannot be carried out, which only the later stages refuse, and days that are compared
    /// with instants, which nobody refuses. `parameters` are values, or typed NULLs, for the parameters of the plan.
    ///
    /// # Errors
    /// All that is wrong, with places in the file.
    pub async fn check_types(&self, state: &SessionState, plan: &LogicalPlan, parameters: Option<&ParamValues>) -> Result<(), Diagnostics> {
        let diagnose = self.diagnose().with_functions_of(state);
        let attempt = Attempt { state, types: Some(parameters) };
        let bound = match bound(plan.clone(), parameters) {
            Ok(bound) => bound,
            Err(error) => return Err(diagnose.explain(&error, &self.statement, &attempt).await),
        };
        if let Err(error) = planned(state, &bound).await {
            return Err(diagnose.explain(&error, &self.statement, &attempt).await);
        }
        let mut found = comparison::in_plan(&bound, &diagnose);
        found.extend(constants::check(plan, &diagnose));
        if found.has_errors() { Err(found) } else { Ok(()) }
    }

    /// The part of [`Self::check_types`] that whoever runs something else in its place does not find, for a plan without parameters. That the plan as it stands can
    /// be carried out is not looked at: it costs as much as to start it.
    ///
    /// # Errors
    /// All that is wrong, with places in the file.
    pub async fn check_meaning(&self, state: &SessionState, plan: &LogicalPlan) -> Result<(), Diagnostics> {
        let diagnose = self.diagnose().with_functions_of(state);
        if let Err(error) = state.analyzer().execute_and_check(plan.clone(), state.config_options(), |_, _| {}) {
            return Err(diagnose.explain(&error, &self.statement, &Attempt { state, types: Some(None) }).await);
        }
        let mut found = comparison::in_plan(plan, &diagnose);
        found.extend(constants::check(plan, &diagnose));
        if found.has_errors() { Err(found) } else { Ok(()) }
    }

    /// Where its columns are named.
    pub(crate) fn output(&self) -> Output {
        Output::new(&self.file, &self.statement, &self.tokens)
    }

    /// What gives mistakes in it their places.
    pub(crate) fn diagnose(&self) -> Diagnose<'_> {
        Diagnose::new(&self.file, &self.tokens)
    }
}

/// A plan whose types are those that its rows will have. The planner takes the type of `CASE WHEN a THEN 1 ELSE 1.5 END` from its first branch, and finds out
/// only later that it is a DOUBLE: there the branches are cast to what they have in common. All else stays as it is written.
fn typed(written: &LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    let typed = written.clone().transform_up_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        node.inputs().into_iter().for_each(|input| schema.merge(input.schema()));
        let names = NamePreserver::new(&node);
        let typed = node.map_expressions(|expression| {
            let name = names.save(&expression);
            expression.transform_up(|inner| same_branches(inner, &schema)).map(|typed| typed.update_data(|typed| name.restore(typed)))
        })?;
        Ok(Transformed::yes(typed.data.recompute_schema()?))
    });
    typed.data()
}

/// A CASE whose branches have one type.
fn same_branches(expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>, DataFusionError> {
    let Expr::Case(mut case) = expression else { return Ok(Transformed::no(expression)) };
    let type_of = |branch: &Expr| branch.get_type(schema);
    let branches = case.when_then_expr.iter().map(|(_, then)| type_of(then)).collect::<Result<Vec<_>, _>>();
    let (Ok(branches), Ok(otherwise)) = (branches, case.else_expr.as_deref().map(type_of).transpose()) else { return Ok(Transformed::no(Expr::Case(case))) };
    let mut told = branches.iter().chain(&otherwise).filter(|branch| !branch.is_null());
    let is_mixed = told.next().is_some_and(|first| told.any(|branch| branch != first));
    // What has nothing in common stays, for the planner to refuse.
    let common = if is_mixed { get_coerce_type_for_case_expression(&branches, otherwise.as_ref()) } else { None };
    let Some(common) = common else { return Ok(Transformed::no(Expr::Case(case))) };
    let as_common = |branch: Box<Expr>, own: &DataType| if *own == common { branch } else { Box::new(cast(*branch, common.clone())) };
    case.when_then_expr = case.when_then_expr.into_iter().zip(&branches).map(|((when, then), own)| (when, as_common(then, own))).collect();
    case.else_expr = case.else_expr.zip(otherwise.as_ref()).map(|(branch, own)| as_common(branch, own));
    Ok(Transformed::yes(Expr::Case(case)))
}

/// Whether a plan has a CASE whose branches have several types.
fn has_mixed_branches(plan: &LogicalPlan) -> bool {
    let mut found = false;
    // Nothing in it fails.
    let _ = plan.apply_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        node.inputs().into_iter().for_each(|input| schema.merge(input.schema()));
        node.apply_expressions(|expression| {
            expression.apply(|inner| {
                found |= matches!(inner, Expr::Case(_)) && same_branches(inner.clone(), &schema).is_ok_and(|typed| typed.transformed);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    found
}

/// The tables of the session; those that do not stand in the default schema, with the name of their own before them.
fn known_tables(context: &SessionContext) -> Vec<String> {
    let Some(catalog) = context.catalog("datafusion") else { return vec![] };
    let schemas = catalog.schema_names().into_iter().filter_map(|name| Some((catalog.schema(&name)?, name)));
    let names = schemas.flat_map(|(schema, name)| {
        let prefix = if name == "public" { String::new() } else { format!("{name}.") };
        schema.table_names().into_iter().map(move |table| format!("{prefix}{table}"))
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
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

fn parse(file: &Arc<SourceText>) -> Result<(Statement, Vec<TokenWithSpan>), Diagnostics> {
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
        Some(statement) if is_query(&statement) => {
            let refused = |span, message: &str, hint: &str| {
                let place = nightshift_diagnostic::Location::new(file, tokens::span(span));
                Err(one(Diagnostic::error(codes::INVALID_SQL, message).at(place).hint(hint)))
            };
            if let Some(span) = join_without_condition(&statement) {
                let hint = "add ON or USING; for all pairs of rows write CROSS JOIN";
                return refused(span, "a JOIN says which rows belong together, and this one does not", hint);
            }
            match no_table(&statement) {
                None => Ok((statement, tokens)),
                Some((span, NoTable::Function)) => refused(span, "a function cannot stand in the place of a table", "write its rows with VALUES"),
                Some((span, NoTable::Sample)) => refused(span, "a sample of a table has other rows each time", "leave TABLESAMPLE out"),
            }
        }
        Some(_) => {
            let span = tokens::first_statement(&tokens);
            let location = span.map_or_else(|| file.first_line(), |span| nightshift_diagnostic::Location::new(file, span));
            let diagnostic = Diagnostic::error(codes::NOT_READ_ONLY, "only a query that reads may stand here")
                .at(location)
                .hint("write a SELECT; tables are written by the engine, never by a query");
            Err(one(diagnostic))
        }
        None => {
            let diagnostic = Diagnostic::error(codes::STATEMENT_COUNT, "the file holds no query").at(file.end()).hint("write a SELECT below the header");
            Err(one(diagnostic))
        }
    }
}

/// The table of the first JOIN that has neither ON nor USING: DataFusion would take it for a CROSS JOIN.
fn join_without_condition(statement: &Statement) -> Option<tokenizer::Span> {
    struct Joins;
    impl ast::Visitor for Joins {
        type Break = tokenizer::Span;

        fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<Self::Break> {
            use ast::JoinOperator::{FullOuter, Inner, Join, Left, LeftOuter, Right, RightOuter};
            let ast::SetExpr::Select(select) = query.body.as_ref() else { return ControlFlow::Continue(()) };
            let bare = select.from.iter().flat_map(|from| &from.joins).find(|join| match &join.join_operator {
                Join(on) | Inner(on) | Left(on) | LeftOuter(on) | Right(on) | RightOuter(on) | FullOuter(on) => *on == ast::JoinConstraint::None,
                _ => false,
            });
            bare.map_or(ControlFlow::Continue(()), |join| ControlFlow::Break(join.relation.span()))
        }
    }
    let Statement::Statement(statement) = statement else { return None };
    ast::Visit::visit(statement.as_ref(), &mut Joins).break_value()
}

/// What stands in the place of a table and is none.
#[derive(Debug, Clone, Copy)]
enum NoTable {
    /// A function: which rows it gives is not seen in the plan.
    Function,
    /// TABLESAMPLE, which DataFusion passes over.
    Sample,
}

/// The first function or sample in the place of a table.
fn no_table(statement: &Statement) -> Option<(tokenizer::Span, NoTable)> {
    struct Tables;
    impl ast::Visitor for Tables {
        type Break = (tokenizer::Span, NoTable);

        fn pre_visit_table_factor(&mut self, factor: &ast::TableFactor) -> ControlFlow<Self::Break> {
            match factor {
                ast::TableFactor::Function { .. } | ast::TableFactor::TableFunction { .. } | ast::TableFactor::Table { args: Some(_), .. } => {
                    ControlFlow::Break((factor.span(), NoTable::Function))
                }
                ast::TableFactor::Table { sample: Some(_), .. } => ControlFlow::Break((factor.span(), NoTable::Sample)),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let Statement::Statement(statement) = statement else { return None };
    ast::Visit::visit(statement.as_ref(), &mut Tables).break_value()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn branches_of_several_types_are_brought_together_and_all_else_stays() {
        let context = SessionContext::new();
        context.sql("CREATE TABLE t (day DATE, ok BOOLEAN, n INT, amount DECIMAL(10, 2))").await.unwrap();
        for (select, data_type) in [
            ("sum(CASE WHEN ok THEN 0 ELSE amount END)", "Decimal128(32, 2)"),
            ("max(CASE WHEN ok THEN 1 ELSE 1.5 END)", "Float64"),
            ("max(CASE n WHEN 1 THEN NULL WHEN 2 THEN n ELSE CASE WHEN ok THEN 1 ELSE 2.5 END END)", "Float64"),
        ] {
            let sql = format!("SELECT date_trunc('month', day)::date AS month, {select} AS x FROM t WHERE day >= '2026-01-01' GROUP BY 1");
            let query = ParsedQuery::parse(&SourceText::new("query.sql", sql)).unwrap();
            let planned = query.plan(&context).await.unwrap();
            let real = context.state().create_physical_plan(&planned.written).await.unwrap();
            let told = planned.plan.schema().field(1).data_type().to_string();
            assert_eq!(told, data_type, "{select}");
            assert_eq!(*planned.plan.schema().field(1).data_type(), *real.schema().field(1).data_type(), "{select}");
            assert_eq!(planned.plan.schema().field(1).name(), "x");
            // The time and the condition are as they were.
            let (resolved, written) = (crate::resolve::resolve(&planned.plan), crate::resolve::resolve(&planned.written));
            let time = |query: &crate::resolve::Resolved| query.columns.first().map(|column| column.term.clone());
            assert_eq!((time(&resolved), resolved.relation), (time(&written), written.relation));
        }
        let query =
            ParsedQuery::parse(&SourceText::new("query.sql", "SELECT CASE WHEN ok THEN n WHEN n > 2 THEN NULL ELSE abs(n) END AS x, n > 1.5 AS y FROM t"))
                .unwrap();
        let planned = query.plan(&context).await.unwrap();
        assert_eq!(format!("{}", planned.plan.display_indent()), format!("{}", planned.written.display_indent()));
    }
}
