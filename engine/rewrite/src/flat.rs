//! The rows below a GROUP BY as scans, joins and conditions, whatever way they are written.
//!
//! Inner joins commute and their conditions are conditions of the rows, so that their order is lost here. A table on the side of a LEFT JOIN
//! that may stay without a partner keeps its conditions: what is said of the other side below the join holds above it as well. All expressions are
//! over columns of the scans, which have names of their own: `delivery#0.status`.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{Column, DFSchema, DFSchemaRef, DataFusionError, NullEquality, TableReference};
use datafusion::logical_expr::expr::{Between, BinaryExpr};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan, Operator, TableScan};
use nightshift_compile::resolve::{Occurrence, Relation, Resolved, ResolvedColumn, Term, meaning};

use crate::refusal::Refusal;

/// Rows as scans, joins and conditions.
#[derive(Debug, Clone)]
pub(crate) struct Flat {
    /// The tables that are joined.
    pub(crate) scans: Vec<Scan>,
    /// What holds for each row.
    pub(crate) conditions: Vec<Expr>,
    /// The columns of the scans.
    pub(crate) schema: DFSchemaRef,
    /// What the columns of the rows are.
    columns: Vec<Expr>,
    meanings: Resolved,
}

/// One scan of a table.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    /// Its own name: the table's, and which of the scans of that table it is.
    pub(crate) name: String,
    /// The table.
    pub(crate) table: String,
    /// It alone.
    pub(crate) plan: LogicalPlan,
    /// The conditions of its LEFT JOIN; none if every row has a partner.
    pub(crate) optional: Option<Vec<Expr>>,
}

impl Flat {
    /// Reads the rows of a plan.
    ///
    /// # Errors
    /// [`Refusal::NotPlain`] if they are more than scans, inner and left joins, and conditions.
    pub(crate) fn of(plan: &LogicalPlan) -> Result<Self, Refusal> {
        let Rows { scans, conditions, columns } = Reader::default().rows(plan)?;
        let fields = scans.iter().flat_map(|scan| {
            let name = TableReference::bare(scan.name.as_str());
            scan.plan.schema().fields().iter().map(move |field| (Some(name.clone()), Arc::clone(field)))
        });
        let schema = DFSchema::new_with_metadata(fields.collect(), std::collections::HashMap::default()).map_err(|_| Refusal::NotPlain)?;
        let meanings = meanings(&scans);
        Ok(Self { scans, conditions, schema: Arc::new(schema), columns, meanings })
    }

    /// An expression over the rows as one over the scans; none if it is not the same for the same row each time.
    pub(crate) fn over_scans(&self, expression: &Expr, schema: &DFSchema) -> Option<Expr> {
        over(expression, schema, &self.columns)
    }

    /// The meaning of an expression over the scans.
    pub(crate) fn meaning(&self, expression: &Expr) -> Term {
        meaning(expression, &self.meanings)
    }

    /// The meaning of a condition over the scans, in whichever order its parts are written.
    pub(crate) fn meaning_of_condition(&self, condition: &Expr) -> Term {
        let mut parts: Vec<Term> = conditions(condition).iter().map(|part| self.meaning(part)).collect();
        parts.sort();
        Term::call("and", parts)
    }

    /// The scan of a name.
    pub(crate) fn scan(&self, name: &str) -> Option<&Scan> {
        self.scans.iter().find(|scan| scan.name == name)
    }
}

/// The columns of scans, with their meanings.
fn meanings(scans: &[Scan]) -> Resolved {
    let columns = scans.iter().flat_map(|scan| {
        let of = Occurrence(scan.name.rsplit('#').next().and_then(|number| number.parse().ok()).unwrap_or_default());
        scan.plan.schema().fields().iter().map(move |field| ResolvedColumn {
            qualifier: Some(scan.name.clone()),
            name: field.name().clone(),
            term: Term::Column { of, table: scan.table.clone(), name: field.name().clone() },
        })
    });
    Resolved { relation: Relation::Union(vec![]), columns: columns.collect() }
}

/// Rows while they are read.
struct Rows {
    scans: Vec<Scan>,
    conditions: Vec<Expr>,
    columns: Vec<Expr>,
}

#[derive(Default)]
struct Reader {
    /// How many scans of each table have been read.
    seen: BTreeMap<String, usize>,
}

impl Reader {
    fn rows(&mut self, plan: &LogicalPlan) -> Result<Rows, Refusal> {
        match plan {
            // Tables of another schema, such as rows under review, have names that sources have as well.
            LogicalPlan::TableScan(scan) if scan.fetch.is_none() && scan.filters.is_empty() && scan.table_name.schema().is_none() => Ok(self.scan(scan)),
            LogicalPlan::SubqueryAlias(alias) => self.rows(&alias.input),
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => self.rows(&sort.input),
            LogicalPlan::Projection(projection) => {
                let input = self.rows(&projection.input)?;
                let columns = projection.expr.iter().map(|column| over(column, projection.input.schema(), &input.columns));
                let columns = columns.collect::<Option<_>>().ok_or(Refusal::NotPlain)?;
                Ok(Rows { columns, ..input })
            }
            LogicalPlan::Filter(filter) => {
                let mut input = self.rows(&filter.input)?;
                let condition = over(&filter.predicate, filter.input.schema(), &input.columns).ok_or(Refusal::NotPlain)?;
                input.conditions.extend(conditions(&condition));
                Ok(input)
            }
            LogicalPlan::Join(join) if join.null_equality == NullEquality::NullEqualsNothing => self.join(join),
            _ => Err(Refusal::NotPlain),
        }
    }

    fn scan(&mut self, scan: &TableScan) -> Rows {
        let table = scan.table_name.table().to_owned();
        let number = self.seen.entry(table.clone()).or_default();
        let name = format!("{table}#{number}");
        *number += 1;
        let reference = TableReference::bare(name.as_str());
        let columns = scan.projected_schema.fields().iter().map(|field| Expr::Column(Column::new(Some(reference.clone()), field.name())));
        Rows { columns: columns.collect(), conditions: vec![], scans: vec![Scan { name, table, plan: LogicalPlan::TableScan(scan.clone()), optional: None }] }
    }

    fn join(&mut self, join: &Join) -> Result<Rows, Refusal> {
        let (left, right) = (self.rows(&join.left)?, self.rows(&join.right)?);
        let columns: Vec<Expr> = left.columns.iter().chain(&right.columns).cloned().collect();
        let both = join.left.schema().join(join.right.schema()).map_err(|_| Refusal::NotPlain)?;
        let equalities = join.on.iter().map(|(one, other)| Expr::BinaryExpr(BinaryExpr::new(Box::new(one.clone()), Operator::Eq, Box::new(other.clone()))));
        let own = equalities.chain(join.filter.clone()).map(|condition| Some(conditions(&over(&condition, &both, &columns)?)));
        let own = own.collect::<Option<Vec<_>>>().ok_or(Refusal::NotPlain)?.concat();
        let (mut kept, optional) = match join.join_type {
            JoinType::Inner => {
                let scans = left.scans.into_iter().chain(right.scans).collect();
                return Ok(Rows { scans, conditions: [left.conditions, right.conditions, own].concat(), columns });
            }
            JoinType::Left => (left, right),
            JoinType::Right => (right, left),
            _ => return Err(Refusal::NotPlain),
        };
        // What is computed on the side that may be missing is NULL then, whatever it is computed from.
        let is_plain = optional.columns.iter().all(|column| matches!(column, Expr::Column(_)));
        let Some(Scan { name, table, plan, optional: None }) = one(optional.scans).filter(|_| is_plain) else { return Err(Refusal::NotPlain) };
        kept.scans.push(Scan { name, table, plan, optional: Some([optional.conditions, own].concat()) });
        Ok(Rows { scans: kept.scans, conditions: kept.conditions, columns })
    }
}

fn one<T>(items: Vec<T>) -> Option<T> {
    let mut items = items.into_iter();
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// An expression over rows, whose columns are these, without the names that the analyst gave.
fn over(expression: &Expr, schema: &DFSchema, columns: &[Expr]) -> Option<Expr> {
    if expression.is_volatile() {
        return None;
    }
    let replaced = expression.clone().transform_up(|node| match node {
        Expr::Column(column) => {
            let definition = columns.get(schema.index_of_column(&column)?).cloned();
            definition.map(Transformed::yes).ok_or_else(not_plain)
        }
        Expr::Alias(alias) => Ok(Transformed::yes(*alias.expr)),
        Expr::OuterReferenceColumn(..) | Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_) => Err(not_plain()),
        node => Ok(Transformed::no(node)),
    });
    replaced.ok().map(|replaced| replaced.data)
}

fn not_plain() -> DataFusionError {
    DataFusionError::Plan("no plain expression".to_owned())
}

/// The parts of a condition that all hold, each written in one way.
fn conditions(condition: &Expr) -> Vec<Expr> {
    split_conjunction(condition).into_iter().flat_map(written_one_way).collect()
}

/// Where an operand stands in an equality: constants last, as people write it.
fn place(operand: &Expr) -> (bool, String) {
    (!operand.any_column_refs(), operand.to_string())
}

fn written_one_way(condition: &Expr) -> Vec<Expr> {
    let compare = |left: &Expr, operator, right: &Expr| Expr::BinaryExpr(BinaryExpr::new(Box::new(left.clone()), operator, Box::new(right.clone())));
    match condition {
        Expr::Between(Between { expr, negated: false, low, high }) => vec![compare(low, Operator::LtEq, expr), compare(expr, Operator::LtEq, high)],
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Gt, right }) => vec![compare(right, Operator::Lt, left)],
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::GtEq, right }) => vec![compare(right, Operator::LtEq, left)],
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if place(right) < place(left) => vec![compare(right, Operator::Eq, left)],
        other => vec![other.clone()],
    }
}
