//! Whether a rollup's table holds what its SELECT gives over the very versions of its sources that it stands for.
//!
//! Nothing of what brought the table up to date takes part: the query runs as it is written over the sources themselves, only restricted to the facts
//! of the buckets that are looked at where bucket-locality is proved. What the table keeps beside it is compared by itself, with what a build would
//! write, because later merges start from there.

use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, lit};
use nightshift_calendar::Calendar;
use nightshift_compile::Rollup;
use nightshift_compile::rollup::locality::Locality;
use nightshift_execute::{StepSession, run};
use nightshift_lake::{DataFile, Snapshot};
use tokio_util::sync::CancellationToken;

use crate::buckets::{self, Buckets};
use crate::difference::{Differences, Sides};
use crate::replaced::replaced_files;
use crate::rows::Rows;
use crate::states::{named, stated};
use crate::tables::Pinned;
use crate::technique::Technique;
use crate::touched::bucket_expression;
use crate::{Error, Result};

/// What is verified.
pub struct Verifying<'a> {
    /// A session in which the pinned tables are registered.
    pub session: &'a StepSession,
    /// The rollup.
    pub rollup: &'a Rollup,
    /// Its table.
    pub table: &'a Snapshot,
    /// The versions that the table stands for.
    pub pinned: &'a Pinned,
    /// The project's calendar.
    pub calendar: &'a Calendar,
    /// Stops it.
    pub cancel: &'a CancellationToken,
}

/// The sides of a verification, as they are called in what differs.
const SIDES: [&str; 2] = ["sources", "table"];
/// What the side of a definition is called beside a table that an earlier one made.
pub const DEFINITION: &str = "definition";

const BUCKET: &str = "bucket";

impl Verifying<'_> {
    /// Every bucket that the table has, or that some facts have: those of all files, or only of some of them.
    ///
    /// # Errors
    /// If the tables cannot be read.
    pub async fn buckets(&self, of_files: Option<&[DataFile]>) -> Result<Buckets> {
        let own = LogicalPlanBuilder::from(self.stored(None)?).project([named(self.rollup.bucket_column()).alias(BUCKET)])?.build()?;
        let mut found = self.distinct(own).await?;
        if let Some(facts) = self.pinned.snapshot(&self.rollup.time.table) {
            let files = of_files.unwrap_or(facts.files());
            let rows = LogicalPlanBuilder::scan("facts", provider_as_source(facts.provider_of(files, Some(Arc::clone(&self.pinned.zone)))), None)?;
            let bucket = bucket_expression(self.session, self.rollup.bucketing(), named(&self.rollup.time.column)).alias(BUCKET);
            found.extend(self.distinct(rows.project([bucket])?.build()?).await?);
        }
        Ok(found)
    }

    async fn distinct(&self, buckets: LogicalPlan) -> Result<Buckets> {
        let (batches, _) = run::collect(self.session, &LogicalPlanBuilder::from(buckets).distinct()?.build()?, self.cancel).await?;
        buckets::read(&batches, 0, self.rollup)
    }

    /// How many rows the table has in some buckets, or in all.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn rows(&self, buckets: Option<&Buckets>) -> Result<u64> {
        let counted = LogicalPlanBuilder::from(self.stored(buckets)?).aggregate(Vec::<datafusion::logical_expr::Expr>::new(), [count(lit(1))])?.build()?;
        let (batches, _) = run::collect(self.session, &counted, self.cancel).await?;
        let value = batches.first().map(|batch| datafusion::common::ScalarValue::try_from_array(batch.column(0), 0)).transpose()?;
        Ok(match value {
            Some(datafusion::common::ScalarValue::Int64(Some(rows))) => u64::try_from(rows).unwrap_or_default(),
            _ => 0,
        })
    }

    /// Looks for rows of some buckets, or of all, that only the table has, or only its query over the sources, run as it is written.
    ///
    /// # Errors
    /// If the query does not fit its tables, or cannot be started.
    pub async fn differences(&self, buckets: Option<&Buckets>) -> Result<Differences> {
        let columns = self.rollup.schema.fields().iter().map(|field| field.name().clone()).collect();
        let first = self.queried(self.plan().await?, buckets)?;
        Sides { first, second: self.stored(buckets)?, names: SIDES, columns, keys: self.keys() }.differences(self.session, self.cancel).await
    }

    /// As [`Self::differences`], of what the table keeps for later merges beside its keys; nothing if it keeps nothing.
    ///
    /// # Errors
    /// As [`Self::differences`].
    pub async fn state_differences(&self, buckets: Option<&Buckets>) -> Result<Option<Differences>> {
        let states = self.rollup.states.as_ref().ok();
        let stated = stated(&self.plan().await?, states, self.session)?;
        let stored = self.table.schema();
        let hidden: Vec<String> = stated.columns.iter().filter(|name| stored.field_with_name(name).is_ok()).cloned().collect();
        if hidden.is_empty() || self.keys().is_empty() {
            return Ok(None);
        }
        let columns = self.keys().iter().cloned().chain(hidden).collect();
        let first = stated.readable(self.queried(stated.plan.clone(), buckets)?, states)?;
        let second = stated.readable(self.stored(buckets)?, states)?;
        let sides = Sides { first, second, names: SIDES, columns, keys: self.keys() };
        Ok(Some(sides.differences(self.session, self.cancel).await?))
    }

    /// Looks for rows that only the table has, or only the query, in some columns.
    ///
    /// # Errors
    /// As [`Self::differences`].
    pub async fn beside_table(&self, name: &str, columns: Vec<String>) -> Result<Differences> {
        let (first, second) = (self.plan().await?, self.stored(None)?);
        Sides { first, second, names: [name, SIDES[1]], columns, keys: self.keys() }.differences(self.session, self.cancel).await
    }

    async fn plan(&self) -> Result<LogicalPlan> {
        let planned = self.rollup.parsed.plan(&self.session.context).await;
        Ok(planned.map_err(|problems| Error::Query { rollup: self.rollup.name().to_owned(), problems })?.plan)
    }

    fn keys(&self) -> &[String] {
        match (&self.rollup.keys, &self.rollup.states) {
            (Ok(keys), _) => &keys.columns,
            (_, Ok(states)) => &states.keys,
            _ => &[],
        }
    }

    /// The rows that the query gives.
    fn queried(&self, plan: LogicalPlan, buckets: Option<&Buckets>) -> Result<LogicalPlan> {
        let Some(buckets) = buckets else { return Ok(plan) };
        let rows = self.rows_of();
        let plan = match self.rollup.proof.locality {
            Locality::Bucket => rows.query(&plan, &Technique::Rebuild(buckets.clone()))?,
            Locality::Onward | Locality::Unproved(_) => plan,
        };
        Ok(LogicalPlanBuilder::from(plan).filter(rows.keeps(buckets, false))?.build()?)
    }

    /// The rows that the table has.
    fn stored(&self, buckets: Option<&Buckets>) -> Result<LogicalPlan> {
        let files = match buckets {
            Some(buckets) => replaced_files(self.table, self.rollup, &Technique::Rebuild(buckets.clone()), self.calendar),
            None => self.table.files().to_vec(),
        };
        let provider = self.table.provider_of(&files, Some(Arc::clone(&self.pinned.zone)));
        let scan = LogicalPlanBuilder::scan("stored", provider_as_source(provider), None)?;
        Ok(match buckets {
            Some(buckets) => scan.filter(self.rows_of().keeps(buckets, false))?.build()?,
            None => scan.build()?,
        })
    }

    fn rows_of(&self) -> Rows<'_> {
        Rows { session: self.session, rollup: self.rollup, calendar: self.calendar }
    }
}
