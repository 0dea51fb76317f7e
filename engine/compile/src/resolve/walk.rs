//! The walk over the plan, from the scans upward.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, Distinct, Expr, Join, LogicalPlan, TableScan};

use super::relation::{JoinKind, Relation};
use super::term::{Occurrence, Term};
use super::{Resolved, ResolvedColumn};

/// Brings a plan into our own form. What it does not know becomes [`Relation::Opaque`], never an error: the proofs refuse it.
pub fn resolve(plan: &LogicalPlan) -> Resolved {
    Walk::default().visit(plan)
}

/// The meaning of an expression over columns.
#[must_use]
pub fn meaning(expression: &Expr, input: &Resolved) -> Term {
    Walk::default().term(expression, input)
}

/// Scans of subqueries in expressions are counted from here on: those of the plan itself keep the numbers that it gives them.
const INSIDE: usize = 1_000_000;

/// What stands for the table that a recursive CTE makes, whatever it is called.
const RECURSION: &str = "<recursion>";

/// A walk over a plan and the subqueries in its expressions.
#[derive(Default)]
pub(super) struct Walk {
    scans: usize,
    inside_scans: usize,
    /// How many query blocks with aggregates or windows have been left.
    blocks: usize,
    /// How many joins, unions and what we do not look into have been left: what is computed there is told apart by it.
    nodes: usize,
    /// The columns of the queries around the one that is visited, the outermost first; those of an outer query, and what stands before LATERAL.
    outer: Vec<Resolved>,
    /// How many of these are of subqueries in expressions.
    depth: usize,
    /// Recursive CTEs that are visited.
    recursive: Vec<String>,
}

impl Walk {
    /// A number for a node that is being left.
    const fn node(&mut self) -> usize {
        self.nodes += 1;
        self.nodes
    }

    /// The number of the query block that is being visited.
    pub(super) const fn block(&self) -> usize {
        self.blocks
    }

    /// The meaning of a column of an outer query.
    pub(super) fn outer_term(&self, column: &Column) -> Term {
        let qualifier = column.relation.as_ref().map(|relation| relation.table());
        let found = self.outer.iter().rev().find_map(|outer| outer.term(qualifier, &column.name)).cloned();
        found.unwrap_or_else(|| Term::Opaque { text: format!("outer {}", column.flat_name()), parts: vec![] })
    }

    /// A subquery in an expression over `input`.
    pub(super) fn inside(&mut self, plan: &LogicalPlan, input: &Resolved) -> Resolved {
        self.outer.push(input.clone());
        self.depth += 1;
        let resolved = self.visit(plan);
        self.depth -= 1;
        self.outer.pop();
        resolved
    }

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
                let terms = self.terms(&projection.expr, &input);
                with_terms(input.relation, plan, terms)
            }
            LogicalPlan::Filter(filter) => {
                let input = self.visit(&filter.input);
                let predicates = sorted(split_conjunction(&filter.predicate).into_iter().map(|part| self.term(part, &input)));
                Resolved { relation: filtered(input.relation, predicates), columns: input.columns }
            }
            LogicalPlan::Join(join) => self.join(join, plan),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate, plan),
            LogicalPlan::Window(window) => {
                let input = self.visit(&window.input);
                // Windows with different orders stand one on the other, and are of one block.
                if matches!(window.input.as_ref(), LogicalPlan::Window(_)) {
                    self.blocks -= 1;
                }
                let functions = self.terms(&window.window_expr, &input);
                self.blocks += 1;
                let all = input.columns.iter().map(|column| column.term.clone()).chain(functions.clone()).collect();
                with_terms(Relation::Window { input: Box::new(input.relation), functions }, plan, all)
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let input = self.visit(input);
                let columns = input.columns.iter().map(|column| column.term.clone()).collect();
                Resolved { relation: Relation::Distinct { input: Box::new(input.relation), columns }, columns: input.columns }
            }
            LogicalPlan::Sort(sort) => self.sort(&sort.input, sort.fetch.is_some()),
            LogicalPlan::Limit(limit) => {
                let input = self.visit(&limit.input);
                Resolved { relation: Relation::Limit(Box::new(input.relation)), columns: input.columns }
            }
            LogicalPlan::Union(union) => self.union(&union.inputs.iter().map(AsRef::as_ref).collect::<Vec<_>>(), plan),
            LogicalPlan::Subquery(subquery) => self.visit(&subquery.subquery),
            LogicalPlan::RecursiveQuery(query) => {
                // A table of that name is another one where the recursion begins.
                let first = self.visit(&query.static_term);
                self.recursive.push(query.name.clone());
                let next = self.visit(&query.recursive_term);
                self.recursive.pop();
                self.opaque(plan, vec![first, next])
            }
            other => {
                let inputs = other.inputs().into_iter().map(|input| self.visit(input)).collect();
                self.opaque(other, inputs)
            }
        }
    }

    fn scan(&mut self, scan: &TableScan) -> Resolved {
        let of = Occurrence(if self.depth > 0 { INSIDE + self.inside_scans } else { self.scans });
        *(if self.depth > 0 { &mut self.inside_scans } else { &mut self.scans }) += 1;
        let name = scan.table_name.table();
        let is_recursion = self.recursive.iter().any(|recursive| recursive == name);
        let table = if is_recursion { RECURSION } else { name }.to_owned();
        let source = scan.source.schema();
        // What a recursive CTE is made of has columns by their places: their names are the analyst's.
        let column = |name: &String| if is_recursion { source.index_of(name).map_or_else(|_| name.clone(), |place| place.to_string()) } else { name.clone() };
        let columns = scan
            .projected_schema
            .iter()
            .map(|(qualifier, field)| ResolvedColumn {
                qualifier: qualifier.map(|qualifier| qualifier.table().to_owned()),
                name: field.name().clone(),
                term: Term::Column { of, table: table.clone(), name: column(field.name()) },
            })
            .collect();
        Resolved { relation: Relation::Scan { of, table }, columns }
    }

    fn aggregate(&mut self, aggregate: &Aggregate, plan: &LogicalPlan) -> Resolved {
        let input = self.visit(&aggregate.input);
        let groups = match aggregate.group_expr.as_slice() {
            // One expression stands for several columns, each NULL in some of the sets, and for one that says which set it is.
            [sets @ Expr::GroupingSet(keys)] => {
                let keys: Vec<Expr> = keys.distinct_expr().into_iter().cloned().collect();
                let keys = self.terms(&keys, &input).into_iter().map(|key| Term::call("in some sets", vec![key]));
                let keys: Vec<Term> = keys.collect();
                keys.into_iter().chain([self.term(sets, &input)]).collect()
            }
            keys => self.terms(keys, &input),
        };
        let results = plan.schema().fields().iter().skip(groups.len());
        let functions = self.terms(&aggregate.aggr_expr, &input).into_iter().zip(results);
        let functions = functions.map(|(term, field)| with_scale(term, exact_scale(field.data_type())));
        let all = groups.iter().cloned().chain(functions).collect();
        self.blocks += 1;
        with_terms(Relation::Aggregate { input: Box::new(input.relation), groups }, plan, all)
    }

    fn join(&mut self, join: &Join, plan: &LogicalPlan) -> Resolved {
        let left = self.visit(&join.left);
        let is_lateral = has_subquery(&join.right);
        if is_lateral {
            self.outer.push(left.clone());
        }
        let right = self.visit(&join.right);
        if is_lateral {
            self.outer.pop();
        }
        // The rows that a semi or anti join keeps stand on its left.
        let (kind, left, right) = match join.join_type {
            JoinType::RightSemi => (JoinKind::Semi, right, left),
            JoinType::RightAnti => (JoinKind::Anti, right, left),
            other => (join_kind(other), left, right),
        };
        let both = Resolved { relation: left.relation.clone(), columns: left.columns.iter().chain(&right.columns).cloned().collect() };
        // INTERSECT ALL and EXCEPT ALL join by keys of which NULL is one.
        let operator = if join.null_equality == NullEquality::NullEqualsNull { "is not distinct from" } else { "=" };
        let equalities: Vec<Term> = join.on.iter().map(|(a, b)| equality(operator, self.term(a, &both), self.term(b, &both))).collect();
        let others = join.filter.iter().flat_map(|filter| split_conjunction(filter)).map(|part| self.term(part, &both));
        let conditions = sorted(equalities.into_iter().chain(others));
        let columns = match kind {
            JoinKind::Semi | JoinKind::Anti => left.columns,
            _ => {
                let (left_is_filled, right_is_filled) = (matches!(kind, JoinKind::Right | JoinKind::Full), matches!(kind, JoinKind::Left | JoinKind::Full));
                let number = self.node();
                filled(left.columns, left_is_filled, number).chain(filled(right.columns, right_is_filled, number)).collect()
            }
        };
        let relation = Relation::Join { kind, left: Box::new(left.relation), right: Box::new(right.relation), conditions };
        renamed(Resolved { relation, columns }, plan, |qualifier, _| qualifier)
    }

    fn sort(&mut self, input: &LogicalPlan, limited: bool) -> Resolved {
        let input = self.visit(input);
        let relation = if limited { Relation::Limit(Box::new(input.relation)) } else { input.relation };
        Resolved { relation, columns: input.columns }
    }

    fn union(&mut self, inputs: &[&LogicalPlan], plan: &LogicalPlan) -> Resolved {
        let inputs: Vec<Resolved> = inputs.iter().map(|input| self.visit(input)).collect();
        let width = plan.schema().fields().len();
        let of = self.node();
        let parts = |index: usize| inputs.iter().filter_map(|input| Some(input.columns.get(index)?.term.clone())).collect();
        let terms = (0..width).map(|index| Term::Union { of, parts: parts(index) }).collect();
        let relation = Relation::Union(inputs.into_iter().map(|input| input.relation).collect());
        with_terms(relation, plan, terms)
    }

    fn opaque(&mut self, plan: &LogicalPlan, inputs: Vec<Resolved>) -> Resolved {
        let columns: Vec<ResolvedColumn> = inputs.iter().flat_map(|input| &input.columns).cloned().collect();
        let relations: Vec<Relation> = inputs.into_iter().map(|input| input.relation).collect();
        let all = Resolved { relation: Relation::Union(vec![]), columns };
        let own = self.terms(&plan.expressions(), &all);
        let parts: Vec<Term> = all.columns.into_iter().map(|column| column.term).chain(own).collect();
        let text = format!("{} {}", name_of(plan), self.node());
        // The names of its columns may be those that the analyst gave: their places tell them apart.
        let terms = (0..plan.schema().fields().len()).map(|index| Term::Opaque { text: format!("{text}.{index}"), parts: parts.clone() }).collect();
        with_terms(Relation::Opaque { text, parts, inputs: relations }, plan, terms)
    }
}

/// What an operator that we do not look into is, beside its expressions and inputs, without the names that the analyst gave.
fn name_of(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::Unnest(unnest) => {
            let lists: Vec<String> = unnest.list_type_columns.iter().map(|(index, list)| format!("{index} depth {}", list.depth)).collect();
            let nulls = unnest.options.preserve_nulls();
            format!("unnest lists {lists:?} structs {:?} from {:?} nulls {nulls}", unnest.struct_type_columns, unnest.dependency_indices)
        }
        LogicalPlan::Distinct(Distinct::On(on)) => {
            let order: Vec<(bool, bool)> = on.sort_expr.iter().flatten().map(|key| (key.asc, key.nulls_first)).collect();
            format!("distinct on {} of {} order {order:?}", on.on_expr.len(), on.select_expr.len())
        }
        LogicalPlan::RecursiveQuery(query) => format!("recursive distinct={}", query.is_distinct),
        LogicalPlan::Values(values) => format!("{} rows of values", values.values.len()),
        LogicalPlan::EmptyRelation(empty) => format!("nothing one_row={}", empty.produce_one_row),
        other => other.display().to_string(),
    }
}

/// Columns of a side of a join whose rows may be NULL for want of a partner. What is computed below the join is NULL then, which the same expression above
/// need not be.
fn filled(columns: Vec<ResolvedColumn>, is_filled: bool, join: usize) -> impl Iterator<Item = ResolvedColumn> {
    columns.into_iter().map(move |mut column| {
        if is_filled && !matches!(column.term, Term::Column { .. }) {
            column.term = Term::call(format!("if joined {join}"), vec![column.term]);
        }
        column
    })
}

/// Whether a plan may refer to what stands before it in a join.
fn has_subquery(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Subquery(_)) || plan.inputs().into_iter().any(has_subquery)
}

fn with_scale(term: Term, scale: Option<i8>) -> Term {
    match term {
        Term::Aggregate { block, name, arguments, distinct, filter, order, .. } => Term::Aggregate { block, name, arguments, distinct, filter, order, scale },
        other => other,
    }
}

/// Digits after the point that numbers of a type have; `None` for types that round, or are no numbers.
#[must_use]
pub fn exact_scale(data_type: &DataType) -> Option<i8> {
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
