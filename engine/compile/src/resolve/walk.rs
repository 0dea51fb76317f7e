//! The walk over the plan, from the scans upward.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Distinct, Expr, Join, LogicalPlan, TableScan};

use super::expression::term_of;
use super::relation::{JoinKind, Relation};
use super::term::{Occurrence, Term};
use super::{Resolved, ResolvedColumn};

/// Brings a plan into our own form. What it does not know becomes [`Relation::Opaque`], never an error: the proofs refuse it.
pub fn resolve(plan: &LogicalPlan) -> Resolved {
    Walk { scans: 0 }.visit(plan)
}

struct Walk {
    scans: usize,
}

impl Walk {
    fn visit(&mut self, plan: &LogicalPlan) -> Resolved {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::SubqueryAlias(alias) => {
                let input = self.visit(&alias.input);
                let qualifier = Some(alias.alias.table().to_owned());
                renamed(input, plan, |_, _| qualifier.clone())
            }
            LogicalPlan::Projection(projection) => {
                let input = self.visit(&projection.input);
                let terms = terms(&projection.expr, &input);
                with_terms(input.relation, plan, terms)
            }
            LogicalPlan::Filter(filter) => {
                let input = self.visit(&filter.input);
                let predicates = sorted(split_conjunction(&filter.predicate).into_iter().map(|part| term_of(part, &input)));
                Resolved { relation: filtered(input.relation, predicates), columns: input.columns }
            }
            LogicalPlan::Join(join) => self.join(join, plan),
            LogicalPlan::Aggregate(aggregate) => {
                let input = self.visit(&aggregate.input);
                let groups = terms(&aggregate.group_expr, &input);
                let results = plan.schema().fields().iter().skip(groups.len());
                let functions = terms(&aggregate.aggr_expr, &input).into_iter().zip(results);
                let functions = functions.map(|(term, field)| with_scale(term, exact_scale(field.data_type())));
                let all = groups.iter().cloned().chain(functions).collect();
                with_terms(Relation::Aggregate { input: Box::new(input.relation), groups }, plan, all)
            }
            LogicalPlan::Window(window) => {
                let input = self.visit(&window.input);
                let functions = terms(&window.window_expr, &input);
                let all = input.columns.iter().map(|column| column.term.clone()).chain(functions.clone()).collect();
                with_terms(Relation::Window { input: Box::new(input.relation), functions }, plan, all)
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let input = self.visit(input);
                let columns = input.columns.iter().map(|column| column.term.clone()).collect();
                Resolved { relation: Relation::Distinct { input: Box::new(input.relation), columns }, columns: input.columns }
            }
            LogicalPlan::Sort(sort) => self.sort(&sort.input, &sort.expr, sort.fetch.is_some()),
            LogicalPlan::Limit(limit) => {
                let input = self.visit(&limit.input);
                Resolved { relation: Relation::Limit(Box::new(input.relation)), columns: input.columns }
            }
            LogicalPlan::Union(union) => self.union(&union.inputs.iter().map(AsRef::as_ref).collect::<Vec<_>>(), plan),
            LogicalPlan::Subquery(subquery) => self.visit(&subquery.subquery),
            other => self.opaque(other),
        }
    }

    fn scan(&mut self, scan: &TableScan) -> Resolved {
        let of = Occurrence(self.scans);
        self.scans += 1;
        let table = scan.table_name.table().to_owned();
        let columns = scan
            .projected_schema
            .iter()
            .map(|(qualifier, field)| ResolvedColumn {
                qualifier: qualifier.map(|qualifier| qualifier.table().to_owned()),
                name: field.name().clone(),
                term: Term::Column { of, table: table.clone(), name: field.name().clone() },
            })
            .collect();
        Resolved { relation: Relation::Scan { of, table }, columns }
    }

    fn join(&mut self, join: &Join, plan: &LogicalPlan) -> Resolved {
        let left = self.visit(&join.left);
        let right = self.visit(&join.right);
        let kind = join_kind(join.join_type);
        let both = Resolved { relation: left.relation.clone(), columns: left.columns.iter().chain(&right.columns).cloned().collect() };
        // INTERSECT ALL and EXCEPT ALL join by keys of which NULL is one.
        let operator = if join.null_equality == NullEquality::NullEqualsNull { "is not distinct from" } else { "=" };
        let equalities = join.on.iter().map(|(a, b)| equality(operator, term_of(a, &both), term_of(b, &both)));
        let others = join.filter.iter().flat_map(|filter| split_conjunction(filter)).map(|part| term_of(part, &both));
        let conditions = sorted(equalities.chain(others));
        let relation = Relation::Join { kind, left: Box::new(left.relation), right: Box::new(right.relation), conditions };
        let columns = match kind {
            JoinKind::Semi | JoinKind::Anti => left.columns,
            _ => both.columns,
        };
        renamed(Resolved { relation, columns }, plan, |qualifier, _| qualifier)
    }

    fn sort(&mut self, input: &LogicalPlan, _order: &[Sort], limited: bool) -> Resolved {
        let input = self.visit(input);
        let relation = if limited { Relation::Limit(Box::new(input.relation)) } else { input.relation };
        Resolved { relation, columns: input.columns }
    }

    fn union(&mut self, inputs: &[&LogicalPlan], plan: &LogicalPlan) -> Resolved {
        let inputs: Vec<Resolved> = inputs.iter().map(|input| self.visit(input)).collect();
        let width = plan.schema().fields().len();
        let terms = (0..width).map(|index| Term::Union(inputs.iter().filter_map(|input| Some(input.columns.get(index)?.term.clone())).collect())).collect();
        let relation = Relation::Union(inputs.into_iter().map(|input| input.relation).collect());
        with_terms(relation, plan, terms)
    }

    fn opaque(&mut self, plan: &LogicalPlan) -> Resolved {
        let inputs: Vec<Resolved> = plan.inputs().into_iter().map(|input| self.visit(input)).collect();
        let parts: Vec<Term> = inputs.iter().flat_map(|input| &input.columns).map(|column| column.term.clone()).collect();
        let text = plan.display().to_string();
        let terms = plan.schema().fields().iter().map(|field| Term::Opaque { text: format!("{text}.{}", field.name()), parts: parts.clone() }).collect();
        with_terms(Relation::Opaque { text, inputs: inputs.into_iter().map(|input| input.relation).collect() }, plan, terms)
    }
}

fn terms(expressions: &[Expr], input: &Resolved) -> Vec<Term> {
    expressions.iter().map(|expression| term_of(expression, input)).collect()
}

fn with_scale(term: Term, scale: Option<i8>) -> Term {
    match term {
        Term::Aggregate { name, arguments, distinct, filter, order, .. } => Term::Aggregate { name, arguments, distinct, filter, order, scale },
        other => other,
    }
}

/// Digits after the point that numbers of a type have; `None` for types that round, or are no numbers.
pub(crate) fn exact_scale(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => Some(*scale),
        data_type => data_type.is_integer().then_some(0),
    }
}

fn sorted(terms: impl Iterator<Item = Term>) -> Vec<Term> {
    let mut terms: Vec<Term> = terms.collect();
    terms.sort();
    terms
}

fn equality(operator: &str, a: Term, b: Term) -> Term {
    Term::call(operator, sorted([a, b].into_iter()))
}

fn filtered(input: Relation, mut predicates: Vec<Term>) -> Relation {
    match input {
        Relation::Filter { input, predicates: earlier } => {
            predicates.extend(earlier);
            predicates.sort();
            Relation::Filter { input, predicates }
        }
        input => Relation::Filter { input: Box::new(input), predicates },
    }
}

/// Gives the columns of a plan's schema the terms, one each.
fn with_terms(relation: Relation, plan: &LogicalPlan, terms: Vec<Term>) -> Resolved {
    let columns = plan
        .schema()
        .iter()
        .zip(terms)
        .map(|((qualifier, field), term)| ResolvedColumn {
            qualifier: qualifier.map(|qualifier| qualifier.table().to_owned()),
            name: field.name().clone(),
            term,
        })
        .collect();
    Resolved { relation, columns }
}

/// The same terms under the names of the plan's schema.
fn renamed(input: Resolved, plan: &LogicalPlan, qualify: impl Fn(Option<String>, &str) -> Option<String>) -> Resolved {
    let terms = input.columns.into_iter().map(|column| column.term).collect();
    let mut output = with_terms(input.relation, plan, terms);
    for column in &mut output.columns {
        column.qualifier = qualify(column.qualifier.take(), &column.name);
    }
    output
}

fn join_kind(join_type: JoinType) -> JoinKind {
    match join_type {
        JoinType::Inner => JoinKind::Inner,
        JoinType::Left => JoinKind::Left,
        JoinType::Right => JoinKind::Right,
        JoinType::Full => JoinKind::Full,
        JoinType::LeftSemi => JoinKind::Semi,
        JoinType::LeftAnti => JoinKind::Anti,
        _ => JoinKind::Other,
    }
}

/// The term of a column of `input`; a column that is not there (an outer reference) is opaque.
pub(super) fn column_term(column: &Column, input: &Resolved) -> Term {
    let qualifier = column.relation.as_ref().map(|relation| relation.table());
    input.term(qualifier, &column.name).cloned().unwrap_or_else(|| Term::Opaque { text: format!("outer {}", column.flat_name()), parts: vec![] })
}
