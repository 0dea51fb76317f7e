//! Days compared with instants.
//!
//! A DATE and a TIMESTAMP are compared at midnight UTC, which is eight in the morning in Taipei: nobody means that, so nobody gets
//! it by accident.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Span};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};
use nightshift_diagnostic::{Diagnostic, Diagnostics, codes};

use crate::diagnose::Diagnose;

/// Every comparison of a day with an instant in a plan whose parameters are bound.
pub(crate) fn in_plan(plan: &LogicalPlan, place: &Diagnose<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    // A visitor that never fails has no error to report.
    let _ = plan.apply_with_subqueries(|node| {
        let columns = merge_schema(&node.inputs());
        if let LogicalPlan::Join(join) = node {
            for (left, right) in &join.on {
                found.extend(mixed(&[left, right], &columns, place));
            }
        }
        for expression in node.expressions() {
            found.extend(in_expression(&expression, &columns, place));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

/// Every comparison of a day with an instant in an expression over some columns.
pub(crate) fn in_expression(expression: &Expr, columns: &DFSchema, place: &Diagnose<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    let _ = expression.apply(|part| {
        let compared: Vec<&Expr> = match part {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(*op) => vec![left, right],
            Expr::Between(Between { expr, low, high, .. }) => vec![expr, low, high],
            Expr::InList(list) => std::iter::once(list.expr.as_ref()).chain(&list.list).collect(),
            _ => vec![],
        };
        found.extend(mixed(&compared, columns, place));
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

fn compares(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn mixed(compared: &[&Expr], columns: &DFSchema, place: &Diagnose<'_>) -> Option<Diagnostic> {
    let of_type = |wanted: fn(&DataType) -> bool| compared.iter().find(|expression| expression.get_type(columns).is_ok_and(|found| wanted(&found)));
    let day = of_type(|found| matches!(found, DataType::Date32 | DataType::Date64))?;
    let instant = of_type(|found| matches!(found, DataType::Timestamp(_, Some(_))))?;
    let location = span(instant).or_else(|| span(day)).map_or_else(|| place.statement(), |span| place.location(span));
    let written = location.text().to_owned();
    Some(
        Diagnostic::error(codes::TYPE_MISMATCH, "a day is compared with a point in time")
            .at(location)
            .label("a TIMESTAMP, and the other side is a DATE")
            .hint(format!("compare days: `business_date({written})`; or make the DATE its midnight: `CAST(… AS TIMESTAMP)`")),
    )
}

fn span(expression: &Expr) -> Option<Span> {
    expression.column_refs().into_iter().filter_map(|column| column.spans().first()).min()
}
