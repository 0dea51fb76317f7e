//! Expressions into terms.

use std::fmt::Write as _;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::expr::{AggregateFunction, GroupingSet, Like, Sort, WindowFunction};
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFrame, WindowFrameBound};

use super::Resolved;
use super::term::Term;
use super::walk::{Walk, column_term};

impl Walk {
    /// The meaning of an expression over the columns of `input`.
    pub(super) fn term(&mut self, expression: &Expr, input: &Resolved) -> Term {
        let mut calls = |name: &str, inner: &[&Expr]| Term::call(name, inner.iter().map(|inner| self.term(inner, input)).collect());
        match expression {
            Expr::Alias(alias) => self.term(&alias.expr, input),
            Expr::Column(column) => column_term(column, input),
            Expr::OuterReferenceColumn(_, column) => Term::call("of the outer query", vec![self.outer_term(column)]),
            Expr::Literal(value, _) => literal(value),
            Expr::BinaryExpr(binary) => calls(&binary.op.to_string(), &[&binary.left, &binary.right]),
            Expr::Not(inner) => calls("not", &[inner]),
            Expr::Negative(inner) => calls("negative", &[inner]),
            Expr::IsNull(inner) => calls("is null", &[inner]),
            Expr::IsNotNull(inner) => calls("is not null", &[inner]),
            Expr::IsTrue(inner) => calls("is true", &[inner]),
            Expr::IsFalse(inner) => calls("is false", &[inner]),
            Expr::IsUnknown(inner) => calls("is unknown", &[inner]),
            Expr::IsNotTrue(inner) => calls("is not true", &[inner]),
            Expr::IsNotFalse(inner) => calls("is not false", &[inner]),
            Expr::IsNotUnknown(inner) => calls("is not unknown", &[inner]),
            Expr::Cast(cast) => calls(&format!("cast {}", cast.field.data_type()), &[&cast.expr]),
            Expr::TryCast(cast) => calls(&format!("try_cast {}", cast.field.data_type()), &[&cast.expr]),
            Expr::Between(between) => calls(if between.negated { "not between" } else { "between" }, &[&between.expr, &between.low, &between.high]),
            Expr::InList(list) => {
                let all: Vec<&Expr> = std::iter::once(list.expr.as_ref()).chain(&list.list).collect();
                calls(if list.negated { "not in" } else { "in" }, &all)
            }
            Expr::Like(like) => calls(&like_name("like", like), &[&like.expr, &like.pattern]),
            Expr::SimilarTo(like) => calls(&like_name("similar to", like), &[&like.expr, &like.pattern]),
            Expr::Case(case) => {
                let name = format!("case base={} else={}", case.expr.is_some(), case.else_expr.is_some());
                let branches = case.when_then_expr.iter().flat_map(|(when, then)| [when.as_ref(), then.as_ref()]);
                let all: Vec<&Expr> = case.expr.as_deref().into_iter().chain(branches).chain(case.else_expr.as_deref()).collect();
                calls(&name, &all)
            }
            Expr::ScalarFunction(call) => calls(call.name(), &call.args.iter().collect::<Vec<_>>()),
            Expr::AggregateFunction(aggregate) => self.aggregate_term(aggregate, input),
            Expr::WindowFunction(window) => self.window_term(window, input),
            Expr::Placeholder(placeholder) => Term::call(format!("parameter {}", placeholder.id), vec![]),
            Expr::ScalarSubquery(subquery) => self.subquery_term("scalar subquery", &subquery.subquery, vec![], input),
            Expr::InSubquery(within) => {
                let outside = vec![self.term(&within.expr, input)];
                self.subquery_term(if within.negated { "not in subquery" } else { "in subquery" }, &within.subquery.subquery, outside, input)
            }
            Expr::Exists(exists) => self.subquery_term(if exists.negated { "not exists" } else { "exists" }, &exists.subquery.subquery, vec![], input),
            Expr::SetComparison(compared) => {
                let outside = vec![self.term(&compared.expr, input)];
                self.subquery_term(&format!("{} {}", compared.op, compared.quantifier), &compared.subquery.subquery, outside, input)
            }
            Expr::GroupingSet(sets) => self.grouping_sets(sets, input),
            other => self.opaque_term(other, input),
        }
    }

    pub(super) fn terms(&mut self, expressions: &[Expr], input: &Resolved) -> Vec<Term> {
        expressions.iter().map(|expression| self.term(expression, input)).collect()
    }

    /// What we do not look into: its text, which has the names that the analyst gave, and all that stands directly in it.
    fn opaque_term(&mut self, expression: &Expr, input: &Resolved) -> Term {
        let mut inner = Vec::new();
        // Nothing in it fails.
        let _ = expression.apply_children(|child| {
            inner.push(child.clone());
            Ok(TreeNodeRecursion::Continue)
        });
        Term::Opaque { text: expression.to_string(), parts: self.terms(&inner, input) }
    }

    fn grouping_sets(&mut self, sets: &GroupingSet, input: &Resolved) -> Term {
        match sets {
            GroupingSet::Rollup(keys) => Term::call("rollup", self.terms(keys, input)),
            GroupingSet::Cube(keys) => Term::call("cube", self.terms(keys, input)),
            GroupingSet::GroupingSets(sets) => Term::call("grouping sets", sets.iter().map(|keys| Term::call("set", self.terms(keys, input))).collect()),
        }
    }

    fn order_terms(&mut self, order: &[Sort], input: &Resolved) -> Vec<Term> {
        order
            .iter()
            .map(|key| {
                let direction = format!("{} nulls {}", if key.asc { "ascending" } else { "descending" }, if key.nulls_first { "first" } else { "last" });
                Term::call(direction, vec![self.term(&key.expr, input)])
            })
            .collect()
    }

    fn aggregate_term(&mut self, aggregate: &AggregateFunction, input: &Resolved) -> Term {
        let parameters = &aggregate.params;
        Term::Aggregate {
            block: self.block(),
            name: format!("{}{}", aggregate.func.name(), null_treatment(parameters.null_treatment.as_ref())),
            arguments: self.terms(&parameters.args, input),
            distinct: parameters.distinct,
            filter: parameters.filter.as_deref().map(|filter| Box::new(self.term(filter, input))),
            order: self.order_terms(&parameters.order_by, input),
            scale: None,
        }
    }

    fn window_term(&mut self, window: &WindowFunction, input: &Resolved) -> Term {
        let parameters = &window.params;
        let frame = &parameters.window_frame;
        let mut arguments = self.terms(&parameters.args, input);
        arguments.extend(parameters.filter.as_deref().map(|filter| Term::call("filter", vec![self.term(filter, input)])));
        Term::Window {
            block: self.block(),
            name: format!("{}{} distinct={} frame {frame}", window.fun.name(), null_treatment(parameters.null_treatment.as_ref()), parameters.distinct),
            arguments,
            partition: self.terms(&parameters.partition_by, input),
            order: self.order_terms(&parameters.order_by, input),
            backward: looks_backward(window.fun.name(), frame),
        }
    }

    fn subquery_term(&mut self, kind: &str, plan: &LogicalPlan, outside: Vec<Term>, input: &Resolved) -> Term {
        let inside = self.inside(plan, input);
        let parts = outside.into_iter().chain(inside.columns.iter().map(|column| column.term.clone())).collect();
        Term::Opaque { text: format!("{kind} {}", inside.relation), parts }
    }
}

fn like_name(word: &str, like: &Like) -> String {
    format!("{word} negated={} escape={:?} any_case={}", like.negated, like.escape_char, like.case_insensitive)
}

fn literal(value: &ScalarValue) -> Term {
    Term::Literal(match value {
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)) => format!("{text:?}"),
        // DataFusion prints the first ten bytes.
        ScalarValue::Binary(Some(bytes))
        | ScalarValue::BinaryView(Some(bytes))
        | ScalarValue::LargeBinary(Some(bytes))
        | ScalarValue::FixedSizeBinary(_, Some(bytes)) => format!("{}:{}", hexadecimal(bytes), value.data_type()),
        other => format!("{other}:{}", other.data_type()),
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("x"), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
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
