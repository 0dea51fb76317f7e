//! What a rollup may not do: ask the clock, roll dice, or keep rows by an order that has ties.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use nightshift_diagnostic::{Diagnostic, Diagnostics, codes};

use crate::diagnose::Diagnose;
use crate::resolve::{Resolved, Term};

/// Columns that tell one row of a table from another, by table: an order that ends with all of them is total.
pub(crate) type Keys<'a> = &'a dyn Fn(&str) -> Vec<String>;

const ORDER_DEPENDENT: [&str; 5] = ["array_agg", "string_agg", "first_value", "last_value", "nth_value"];
/// It takes whichever value comes first, and passes over an ORDER BY.
const ARBITRARY: &str = "any_value";
const NUMBERING: [&str; 2] = ["row_number", "ntile"];

/// Everything in a rollup's query whose result could differ from one run to the next.
pub(crate) fn check(place: &Diagnose<'_>, plan: &LogicalPlan, query: &Resolved, keys: Keys<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    for function in volatile_functions(plan) {
        found.push(
            Diagnostic::error(codes::VOLATILE_FUNCTION, format!("`{function}` gives another result each time it runs"))
                .at(place.place_of(&function))
                .hint("a rollup must give the same rows for the same sources: use a column of the source, or do this in a report"),
        );
    }
    if limits(plan) {
        found.push(
            Diagnostic::error(codes::UNORDERED_RESULT, "a rollup cannot keep only some of its rows by LIMIT")
                .at(place.place_of("limit"))
                .hint("keep all rows here and put the LIMIT into a report"),
        );
    }
    for function in unordered(query, keys) {
        let hint = match function.as_str() {
            ARBITRARY => "use min, max, or first_value with an ORDER BY that ends with the key of the table",
            _ => "give it an ORDER BY that ends with the key of the table, so that no two rows are equal",
        };
        found.push(
            Diagnostic::error(codes::UNORDERED_RESULT, format!("the result of `{function}` depends on an order that is not total"))
                .at(place.place_of(&function))
                .hint(hint),
        );
    }
    found
}

fn volatile_functions(plan: &LogicalPlan) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    each_expression(plan, &mut |expression| {
        if let Expr::ScalarFunction(call) = expression
            && call.func.signature().volatility != Volatility::Immutable
            && !found.iter().any(|name| name == call.name())
        {
            found.push(call.name().to_owned());
        }
    });
    found
}

fn limits(plan: &LogicalPlan) -> bool {
    let mut limited = false;
    // A visitor that never fails has no error to report.
    let _ = plan.apply_with_subqueries(|node| {
        limited |= matches!(node, LogicalPlan::Limit(_)) || matches!(node, LogicalPlan::Sort(sort) if sort.fetch.is_some());
        Ok(TreeNodeRecursion::Continue)
    });
    limited
}

fn each_expression(plan: &LogicalPlan, visit: &mut dyn FnMut(&Expr)) {
    let _ = plan.apply_with_subqueries(|node| {
        for expression in node.expressions() {
            let _ = expression.apply(|part| {
                visit(part);
                Ok(TreeNodeRecursion::Continue)
            });
        }
        Ok(TreeNodeRecursion::Continue)
    });
}

fn unordered(query: &Resolved, keys: Keys<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut terms: Vec<&Term> = query.columns.iter().map(|column| &column.term).collect();
    gather_terms(&query.relation, &mut terms);
    while let Some(term) = terms.pop() {
        let (name, order) = match term {
            Term::Aggregate { name, order, .. } => (name, order),
            Term::Window { name, order, .. } => (name, order),
            other => {
                terms.extend(other.children());
                continue;
            }
        };
        terms.extend(term.children());
        let function = name.split(' ').next().unwrap_or(name);
        let is_window = matches!(term, Term::Window { .. });
        let sensitive = ORDER_DEPENDENT.contains(&function) || (is_window && NUMBERING.contains(&function));
        let is_arbitrary = function == ARBITRARY || (sensitive && !is_total(order, keys));
        if is_arbitrary && !found.iter().any(|name| name == function) {
            found.push(function.to_owned());
        }
    }
    found
}

fn gather_terms<'a>(relation: &'a crate::resolve::Relation, terms: &mut Vec<&'a Term>) {
    use crate::resolve::Relation;
    match relation {
        Relation::Filter { predicates: own, .. }
        | Relation::Window { functions: own, .. }
        | Relation::Aggregate { groups: own, .. }
        | Relation::Distinct { columns: own, .. }
        | Relation::Join { conditions: own, .. } => terms.extend(own),
        _ => {}
    }
    for input in relation.inputs() {
        gather_terms(input, terms);
    }
}

/// True if the order ends in ties only between equal rows: it names every key column of one table that it reads.
fn is_total(order: &[Term], keys: Keys<'_>) -> bool {
    let columns: Vec<(&str, &str)> = order
        .iter()
        .flat_map(|key| match key {
            Term::Call { arguments, .. } => arguments.iter().collect(),
            _ => vec![],
        })
        .filter_map(|term: &Term| match term {
            Term::Column { table, name, .. } => Some((table.as_str(), name.as_str())),
            _ => None,
        })
        .collect();
    columns.iter().any(|(table, _)| {
        let key = keys(table);
        !key.is_empty() && key.iter().all(|column| columns.contains(&(*table, column.as_str())))
    })
}
