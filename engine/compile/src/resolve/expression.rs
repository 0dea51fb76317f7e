//! Expressions into terms.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{AggregateFunction, Sort, WindowFunction};
use datafusion::logical_expr::{Expr, WindowFrame, WindowFrameBound};

use super::Resolved;
use super::term::Term;
use super::walk::{column_term, resolve};

/// The meaning of an expression over the columns of `input`.
pub(super) fn term_of(expression: &Expr, input: &Resolved) -> Term {
    let term = |expression: &Expr| term_of(expression, input);
    match expression {
        Expr::Alias(alias) => term(&alias.expr),
        Expr::Column(column) => column_term(column, input),
        Expr::Literal(value, _) => literal(value),
        Expr::BinaryExpr(binary) => Term::call(binary.op.to_string(), vec![term(&binary.left), term(&binary.right)]),
        Expr::Not(inner) => Term::call("not", vec![term(inner)]),
        Expr::Negative(inner) => Term::call("negative", vec![term(inner)]),
        Expr::IsNull(inner) => Term::call("is null", vec![term(inner)]),
        Expr::IsNotNull(inner) => Term::call("is not null", vec![term(inner)]),
        Expr::IsTrue(inner) => Term::call("is true", vec![term(inner)]),
        Expr::IsFalse(inner) => Term::call("is false", vec![term(inner)]),
        Expr::IsNotTrue(inner) => Term::call("is not true", vec![term(inner)]),
        Expr::IsNotFalse(inner) => Term::call("is not false", vec![term(inner)]),
        Expr::Cast(cast) => Term::call(format!("cast {}", cast.field.data_type()), vec![term(&cast.expr)]),
        Expr::TryCast(cast) => Term::call(format!("try_cast {}", cast.field.data_type()), vec![term(&cast.expr)]),
        Expr::Between(between) => {
            Term::call(if between.negated { "not between" } else { "between" }, vec![term(&between.expr), term(&between.low), term(&between.high)])
        }
        Expr::InList(list) => {
            Term::call(if list.negated { "not in" } else { "in" }, std::iter::once(term(&list.expr)).chain(list.list.iter().map(term)).collect())
        }
        Expr::Like(like) => Term::call(
            format!("like negated={} escape={:?} any_case={}", like.negated, like.escape_char, like.case_insensitive),
            vec![term(&like.expr), term(&like.pattern)],
        ),
        Expr::Case(case) => {
            let name = format!("case base={} else={}", case.expr.is_some(), case.else_expr.is_some());
            let branches = case.when_then_expr.iter().flat_map(|(when, then)| [term(when), term(then)]);
            let base = case.expr.as_deref().map(term);
            Term::call(name, base.into_iter().chain(branches).chain(case.else_expr.as_deref().map(term)).collect())
        }
        Expr::ScalarFunction(call) => Term::call(call.name(), call.args.iter().map(term).collect()),
        Expr::AggregateFunction(aggregate) => aggregate_term(aggregate, input),
        Expr::WindowFunction(window) => window_term(window, input),
        Expr::Placeholder(placeholder) => Term::call(format!("parameter {}", placeholder.id), vec![]),
        Expr::ScalarSubquery(subquery) => subquery_term("scalar subquery", &subquery.subquery, vec![]),
        Expr::InSubquery(within) => {
            subquery_term(if within.negated { "not in subquery" } else { "in subquery" }, &within.subquery.subquery, vec![term(&within.expr)])
        }
        Expr::Exists(exists) => subquery_term(if exists.negated { "not exists" } else { "exists" }, &exists.subquery.subquery, vec![]),
        other => Term::Opaque { text: other.to_string(), parts: other.column_refs().into_iter().map(|column| column_term(column, input)).collect() },
    }
}

fn literal(value: &ScalarValue) -> Term {
    Term::Literal(match value {
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)) => format!("{text:?}"),
        other => format!("{other}:{}", other.data_type()),
    })
}

fn order_terms(order: &[Sort], input: &Resolved) -> Vec<Term> {
    order
        .iter()
        .map(|key| {
            let direction = format!("{} nulls {}", if key.asc { "ascending" } else { "descending" }, if key.nulls_first { "first" } else { "last" });
            Term::call(direction, vec![term_of(&key.expr, input)])
        })
        .collect()
}

fn aggregate_term(aggregate: &AggregateFunction, input: &Resolved) -> Term {
    let parameters = &aggregate.params;
    Term::Aggregate {
        name: format!("{}{}", aggregate.func.name(), null_treatment(parameters.null_treatment.as_ref())),
        arguments: parameters.args.iter().map(|argument| term_of(argument, input)).collect(),
        distinct: parameters.distinct,
        filter: parameters.filter.as_deref().map(|filter| Box::new(term_of(filter, input))),
        order: order_terms(&parameters.order_by, input),
        scale: None,
    }
}

fn window_term(window: &WindowFunction, input: &Resolved) -> Term {
    let parameters = &window.params;
    let frame = &parameters.window_frame;
    let arguments = parameters.args.iter().chain(parameters.filter.as_deref());
    Term::Window {
        name: format!("{}{} distinct={} frame {frame}", window.fun.name(), null_treatment(parameters.null_treatment.as_ref()), parameters.distinct),
        arguments: arguments.map(|argument| term_of(argument, input)).collect(),
        partition: parameters.partition_by.iter().map(|key| term_of(key, input)).collect(),
        order: order_terms(&parameters.order_by, input),
        backward: looks_backward(window.fun.name(), frame),
    }
}

fn null_treatment(treatment: Option<&impl std::fmt::Display>) -> String {
    treatment.map(|treatment| format!(" {treatment}")).unwrap_or_default()
}

/// True if the function's value at a row depends on that row and earlier ones alone. Functions that ignore the frame are named.
fn looks_backward(function: &str, frame: &WindowFrame) -> bool {
    let ends_here = matches!(frame.end_bound, WindowFrameBound::CurrentRow | WindowFrameBound::Preceding(_));
    match function {
        "row_number" | "rank" | "dense_rank" | "lag" => true,
        "lead" | "ntile" | "percent_rank" | "cume_dist" => false,
        _ => ends_here,
    }
}

fn subquery_term(kind: &str, plan: &datafusion::logical_expr::LogicalPlan, outside: Vec<Term>) -> Term {
    let inside = resolve(plan);
    let parts = outside.into_iter().chain(inside.columns.iter().map(|column| column.term.clone())).collect();
    Term::Opaque { text: format!("{kind} {}", inside.relation), parts }
}
