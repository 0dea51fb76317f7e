//! Which expression an error is about, where the error itself does not say.
//!
//! The expression to blame is the one without which the error is gone: each that the error can be about is replaced by NULL in turn,
//! innermost first, and the statement is tried again. A wrong file costs a few milliseconds more; a right one nothing.

use std::ops::ControlFlow;

use datafusion::common::{DataFusionError, ParamValues};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, visit_expressions_mut};

use super::complaint::Complaint;

/// The work that failed, which can be done again with a changed statement.
pub(crate) struct Attempt<'a> {
    /// Where the tables and functions are.
    pub(crate) state: &'a SessionState,
    /// Whether the plan's types were checked as well, and with which parameters.
    pub(crate) types: Option<Option<&'a ParamValues>>,
}

impl Attempt<'_> {
    /// Plans the statement, and checks its types if that is part of the work.
    pub(crate) async fn plan(&self, statement: Statement) -> Result<LogicalPlan, DataFusionError> {
        let plan = self.state.statement_to_plan(statement).await?;
        if let Some(parameters) = self.types {
            planned(self.state, &bound(plan.clone(), parameters)?).await?;
        }
        Ok(plan)
    }
}

/// Takes a plan through all the stages before its execution.
pub(crate) async fn planned(state: &SessionState, plan: &LogicalPlan) -> Result<(), DataFusionError> {
    let optimized = state.optimize(plan)?;
    state.query_planner().create_physical_plan(&optimized, state).await.map(drop)
}

/// The plan with its parameters bound.
pub(crate) fn bound(plan: LogicalPlan, parameters: Option<&ParamValues>) -> Result<LogicalPlan, DataFusionError> {
    match parameters {
        Some(values) => plan.with_param_values(values.clone()),
        None => Ok(plan),
    }
}

/// The innermost expression of the complaint's kind without which nobody complains in this way.
pub(super) async fn culprit(statement: &Statement, complaint: &Complaint, attempt: &Attempt<'_>) -> Option<ast::Expr> {
    let Statement::Statement(statement) = statement else { return None };
    for index in 0.. {
        let mut changed = statement.as_ref().clone();
        let removed = remove(&mut changed, index, complaint)?;
        if is_gone(complaint, attempt.plan(Statement::Statement(Box::new(changed))).await) {
            return Some(removed);
        }
    }
    None
}

/// Replaces the expression of this number, among those that the complaint can be about, by NULL; `None` if there are not so many.
fn remove(statement: &mut ast::Statement, index: usize, complaint: &Complaint) -> Option<ast::Expr> {
    let mut left = index;
    let mut removed = None;
    let _ = visit_expressions_mut(statement, |expression| {
        if !complaint.subject.may_be(expression) {
            return ControlFlow::Continue(());
        }
        if left > 0 {
            left -= 1;
            return ControlFlow::Continue(());
        }
        removed = Some(std::mem::replace(expression, ast::Expr::value(ast::Value::Null)));
        ControlFlow::Break(())
    });
    removed
}

fn is_gone(complaint: &Complaint, result: Result<LogicalPlan, DataFusionError>) -> bool {
    let Err(error) = result else { return true };
    !error.iter().any(|error| complaint.is_same(&Complaint::of(error.find_root(), &[])))
}
