//! The plan that computes the rows to be written: those of the touched buckets, and those of their partitions that stay.

use std::cell::Cell;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableScan, cast, col, in_list, lit};
use nightshift_calendar::{Calendar, Grain};
use nightshift_compile::Rollup;
use nightshift_compile::rollup::feed::{Feed, FeedKey};
use nightshift_compile::rollup::states::States;
use nightshift_compile::rollup::symbol::Bucketing;
use nightshift_execute::StepSession;
use nightshift_failure::{Mutation, is_broken};
use nightshift_lake::{DataFile, Snapshot};

use crate::Result;
use crate::buckets::{Bucket, Buckets, is_sharp};
use crate::layout::partition_column;
use crate::spans::Span;
use crate::states::{Stated, named, over_groups, put_together};
use crate::technique::Technique;
use crate::touched::{bucket_expression, cut_expression};

/// More buckets are not listed one by one, which skips no rows of a file either: DataFusion compares no longer lists with statistics.
const MOST_LISTED: usize = 20;

/// Replaces scans of a plan; the closure gets each scan with its number, counted from left to right.
pub(crate) fn map_scans(plan: &LogicalPlan, replace: &dyn Fn(usize, &TableScan) -> Result<Option<LogicalPlan>>) -> Result<LogicalPlan> {
    let next = Cell::new(0);
    let failure = Cell::new(None);
    let mapped = plan.clone().transform_up(|node| {
        let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
        let index = next.replace(next.get() + 1);
        match replace(index, scan) {
            Ok(Some(other)) => Ok(Transformed::yes(other)),
            Ok(None) => Ok(Transformed::no(node)),
            Err(error) => {
                failure.set(Some(error));
                Ok(Transformed::no(node))
            }
        }
    })?;
    match failure.take() {
        Some(error) => Err(error),
        None => Ok(mapped.data.recompute_schema()?),
    }
}

/// What computes the rows of a rollup.
pub(crate) struct Rows<'a> {
    pub(crate) session: &'a StepSession,
    pub(crate) rollup: &'a Rollup,
    pub(crate) calendar: &'a Calendar,
}

impl Rows<'_> {
    /// The query restricted to what a technique computes.
    pub(crate) fn query(&self, plan: &LogicalPlan, technique: &Technique) -> Result<LogicalPlan> {
        match technique {
            Technique::Rebuild(buckets) => {
                self.of_facts(plan, &|scan, time, data_type| Ok(LogicalPlanBuilder::from(scan).filter(self.within(time, data_type, buckets))?.build()?))
            }
            Technique::Onward(first) => self.from(plan.clone(), *first),
            _ => Ok(plan.clone()),
        }
    }

    /// Rows of a bucket and of later ones.
    pub(crate) fn from(&self, rows: LogicalPlan, first: Bucket) -> Result<LogicalPlan> {
        let bucket = named(self.rollup.bucket_column());
        let from = first.scalar(self.calendar).map_or(lit(true), |value| bucket.clone().gt_eq(literal(value)).or(bucket.is_null()));
        Ok(LogicalPlanBuilder::from(rows).filter(from)?.build()?)
    }

    /// The query restricted to the facts of a span.
    pub(crate) fn unit(&self, plan: &LogicalPlan, span: Span) -> Result<LogicalPlan> {
        self.of_facts(plan, &|scan, time, data_type| Ok(LogicalPlanBuilder::from(scan).filter(self.within_span(&time, data_type, span))?.build()?))
    }

    /// A query over some of the facts: the closure is given each scan of them, and their time with its type.
    pub(crate) fn of_facts(&self, plan: &LogicalPlan, some: &dyn Fn(LogicalPlan, Expr, &DataType) -> Result<LogicalPlan>) -> Result<LogicalPlan> {
        map_scans(plan, &|index, scan| {
            if !self.rollup.proof.facts.iter().any(|fact| fact.0 == index) {
                return Ok(None);
            }
            let time = Expr::Column(Column::new(Some(scan.table_name.clone()), self.rollup.time.column.clone()));
            let schema = scan.source.schema();
            let field = schema.field_with_name(&self.rollup.time.column).map_err(datafusion::error::DataFusionError::from)?;
            some(LogicalPlan::TableScan(scan.clone()), time, field.data_type()).map(Some)
        })
    }

    /// True for times in a span.
    fn within_span(&self, time: &Expr, data_type: &DataType, span: Span) -> Expr {
        let buckets = Bucketing { grain: self.rollup.grain().max(Grain::Month), days: self.rollup.bucketing().days };
        let zone: Arc<str> = self.calendar.zone.name().into();
        let start = |day: NaiveDate| match data_type {
            DataType::Date32 => Some(literal(ScalarValue::Date32(Some(datafusion::arrow::datatypes::Date32Type::from_naive_date(day))))),
            _ => {
                let (start, _) = Bucket::Date(day).instants(buckets, self.calendar)?;
                Some(literal(ScalarValue::TimestampMicrosecond(Some(start), Some(Arc::clone(&zone)))))
            }
        };
        let until = span.until.and_then(start).map(|until| time.clone().lt(until));
        match (span.from.and_then(start), until) {
            (Some(from), Some(until)) => time.clone().gt_eq(from).and(until),
            (Some(from), None) => time.clone().gt_eq(from),
            (None, Some(until)) => until.or(time.clone().is_null()),
            (None, None) => lit(true),
        }
    }

    /// True for times in the buckets. Ranges come first: files, row groups and pages are skipped by them, also between buckets if these are few.
    pub(crate) fn within(&self, time: Expr, data_type: &DataType, buckets: &Buckets) -> Expr {
        let grain = self.rollup.grain();
        let spans: Vec<(i64, i64)> = buckets.iter().filter_map(|bucket| bucket.instants(self.rollup.bucketing(), self.calendar)).collect();
        let days: Vec<_> = buckets.iter().filter_map(|bucket| bucket.day(self.calendar)).collect();
        let between = |from, until| time.clone().gt_eq(literal(from)).and(time.clone().lt(literal(until)));
        let range = match (data_type, days.first(), days.last()) {
            (DataType::Date32, Some(first), Some(last)) => {
                let date = |day| ScalarValue::Date32(Some(datafusion::arrow::datatypes::Date32Type::from_naive_date(day)));
                between(date(*first), date(grain.next_first_day(*last)))
            }
            (DataType::Timestamp(..), ..) => {
                let zone: Arc<str> = self.calendar.zone.name().into();
                let instant = |value| ScalarValue::TimestampMicrosecond(Some(value), Some(Arc::clone(&zone)));
                let ranges = ranges(&spans).into_iter().map(|(start, end)| between(instant(start), instant(end)));
                ranges.reduce(Expr::or).unwrap_or_else(|| lit(false))
            }
            _ => lit(false),
        };
        let within = range.and(self.chosen(&time, data_type, buckets));
        if buckets.contains(&Bucket::None) { within.or(time.is_null()) } else { within }
    }

    /// True for times of just these buckets: by their instants, where those tell a bucket from all others.
    fn chosen(&self, time: &Expr, data_type: &DataType, buckets: &Buckets) -> Expr {
        let bucketing = self.rollup.bucketing();
        let sharp = |bucket: &Bucket| match bucket {
            Bucket::None => true,
            Bucket::Hour(_) => false,
            Bucket::Date(day) => [*day, bucketing.grain.next_first_day(*day)].into_iter().all(|day| is_sharp(day, bucketing, self.calendar)),
        };
        if matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, _)) && buckets.iter().all(sharp) {
            let spans = buckets.iter().filter_map(|bucket| bucket.instants(bucketing, self.calendar));
            return nightshift_functions::within_spans(spans).call(vec![time.clone()]);
        }
        let values: Vec<Expr> = buckets.iter().filter_map(|bucket| bucket.scalar(self.calendar)).map(literal).collect();
        if values.is_empty() { lit(false) } else { in_list(bucket_expression(self.session, bucketing, time.clone()), values, false) }
    }

    /// The query of a coarser rollup over the groups of its feeder, restricted to what a technique computes.
    pub(crate) fn fed(&self, feeder: LogicalPlan, feed: &Feed, stated: &Stated, states: &States, technique: &Technique) -> Result<LogicalPlan> {
        let keys = feed.keys.iter().map(|FeedKey { key, column, cut }| match cut {
            Some(grain) => cut_expression(&self.session.context, *grain, named(column)).alias(key),
            None => named(column).alias(key),
        });
        let values = states.columns.iter().zip(&feed.states).map(|(state, column)| named(column).alias(&state.column));
        let finer = LogicalPlanBuilder::from(feeder).project(keys.chain(values).collect::<Vec<_>>())?;
        let has_bucket = feed.keys.iter().any(|key| key.key == self.rollup.bucket_column());
        let finer = match technique {
            Technique::Rebuild(buckets) if has_bucket => finer.filter(self.keeps(buckets, false))?,
            _ => finer,
        };
        let rows = over_groups(&stated.plan, &put_together(&finer.build()?, states, stated, &[], self.session)?)?;
        match technique {
            Technique::Rebuild(buckets) if !has_bucket => Ok(LogicalPlanBuilder::from(rows).filter(self.keeps(buckets, false))?.build()?),
            Technique::Onward(first) => self.from(rows, *first),
            _ => Ok(rows),
        }
    }

    /// Rows of the table that stay, out of files that are written anew.
    pub(crate) fn kept(&self, table: &Snapshot, files: &[DataFile], technique: &Technique) -> Result<Option<LogicalPlan>> {
        if files.is_empty() {
            return Ok(None);
        }
        let bucket = col(Column::new_unqualified(self.rollup.bucket_column()));
        let stays = match (technique, technique.onward()) {
            (Technique::Rebuild(buckets) | Technique::Merge(buckets), _) => self.keeps(buckets, true),
            (_, Some(first)) => match first.scalar(self.calendar) {
                Some(first) => bucket.lt(literal(first)),
                None => lit(false),
            },
            _ => return Ok(None),
        };
        let provider = table.provider_of(files, Some(self.calendar.zone.name().into()));
        let scan = LogicalPlanBuilder::scan("kept", datafusion::datasource::provider_as_source(provider), None)?;
        Ok(Some(scan.filter(stays)?.build()?))
    }

    /// Rows whose bucket is in the set, or is not.
    pub(crate) fn keeps(&self, buckets: &Buckets, others: bool) -> Expr {
        let bucket = col(Column::new_unqualified(self.rollup.bucket_column()));
        let null = buckets.contains(&Bucket::None) && !is_broken(Mutation::TimelessAreForgotten);
        let in_spans = matches!(
            self.rollup.schema.fields().get(self.rollup.bucket).map(|field| field.data_type()),
            Some(DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _))
        );
        let listed = if in_spans && buckets.len() > MOST_LISTED {
            let numbers = buckets.iter().filter_map(|bucket| bucket.number());
            let within = nightshift_functions::within_spans(numbers.map(|number| (number, number.saturating_add(1)))).call(vec![bucket.clone()]);
            if others { Expr::Not(Box::new(within)) } else { within }
        } else {
            let values: Vec<Expr> = buckets.iter().filter_map(|bucket| bucket.scalar(self.calendar)).map(literal).collect();
            if values.is_empty() { lit(others) } else { in_list(bucket.clone(), values, others) }
        };
        // A NULL bucket is in no list and not outside one either: it is spoken for by itself.
        match (null, others) {
            (true, true) => listed.and(bucket.is_not_null()),
            (false, true) => listed.or(bucket.is_null()),
            (true, false) => listed.or(bucket.is_null()),
            (false, false) => listed,
        }
    }

    /// Adds the partition column and brings the rows into the order of the files.
    pub(crate) fn arranged(&self, new: LogicalPlan, kept: Option<LogicalPlan>, hidden: &[String]) -> Result<LogicalPlan> {
        let plan = LogicalPlanBuilder::from(self.partitioned(new, kept, hidden)?);
        let columns = partition_column(self.rollup.grain()).into_iter().chain([self.rollup.bucket_column()]);
        let order = columns.map(|name| col(Column::new_unqualified(name)).sort(true, true));
        Ok(plan.sort(order.collect::<Vec<_>>())?.build()?)
    }

    /// Adds the partition column to the rows of a span, which need no order if they are all of one bucket.
    pub(crate) fn arranged_span(&self, new: LogicalPlan, span: Span, hidden: &[String]) -> Result<LogicalPlan> {
        if span.is_one(self.rollup.grain()) { self.partitioned(new, None, hidden) } else { self.arranged(new, None, hidden) }
    }

    /// Adds the partition column.
    pub(crate) fn partitioned(&self, new: LogicalPlan, kept: Option<LogicalPlan>, hidden: &[String]) -> Result<LogicalPlan> {
        let partition = partition_column(self.rollup.grain());
        let names = self.rollup.schema.fields().iter().map(|field| field.name().as_str()).chain(hidden.iter().map(String::as_str));
        let names: Vec<&str> = names.collect();
        let columns = names.iter().map(|name| col(Column::new_unqualified(*name)));
        let columns: Vec<Expr> = columns.chain(partition.map(|name| self.partition_value().alias(name))).collect();
        let mut plan = LogicalPlanBuilder::from(new).project(columns)?;
        if let Some(kept) = kept {
            let same: Vec<Expr> = names.iter().copied().chain(partition).map(|name| col(Column::new_unqualified(name))).collect();
            plan = plan.union(LogicalPlanBuilder::from(kept).project(same)?.build()?)?;
        }
        Ok(plan.build()?)
    }

    /// `2026-11` for hours and days, `2026` for months.
    fn partition_value(&self) -> Expr {
        let digits = if self.rollup.grain() == Grain::Month { 4_i64 } else { 7 };
        let day = cast(col(Column::new_unqualified(self.rollup.bucket_column())), DataType::Date32);
        nightshift_functions::period_text().call(vec![day, lit(digits)])
    }
}

/// Spans in their order, those that touch each other as one; one that holds them all if they are many.
pub(crate) fn ranges(spans: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut joined: Vec<(i64, i64)> = vec![];
    for (from, until) in spans.iter().copied() {
        match joined.last_mut() {
            Some((_, end)) if *end >= from => *end = until.max(*end),
            _ => joined.push((from, until)),
        }
    }
    match (joined.first(), joined.last()) {
        (Some((from, _)), Some((_, until))) if joined.len() > MOST_LISTED => vec![(*from, *until)],
        _ => joined,
    }
}

fn literal(value: ScalarValue) -> Expr {
    Expr::Literal(value, None)
}
