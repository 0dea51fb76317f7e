//! What a technique writes, computed from the facts that its buckets have, or from a finer rollup that stands for them.

use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use nightshift_compile::rollup::feed::{Feed, feed};
use nightshift_failure::{Mutation, is_broken};
use nightshift_lake::{DataFile, Snapshot};

use crate::refresh::{Request, table_name};
use crate::replaced::replaced_files;
use crate::rows::Rows;
use crate::spans::spans;
use crate::states::Stated;
use crate::technique::Technique;
use crate::units::Written;
use crate::{Result, stamps};

/// What is computed from facts.
pub(crate) struct FromFacts {
    pub(crate) rows: Written,
    /// The files that the rows replace.
    pub(crate) replaced: Vec<DataFile>,
    /// The rollup that stands for the facts, if there is one.
    pub(crate) feeder: Option<String>,
}

/// The rows that a technique writes.
pub(crate) async fn by_facts(request: &Request<'_>, base: Option<&Snapshot>, rows: &Rows<'_>, stated: &Stated, technique: &Technique) -> Result<FromFacts> {
    let feeder = fresh_feeder(request).await?;
    if let (Technique::Full(_), None) = (technique, &feeder) {
        let spans = spans(request.rollup, request.pinned, request.calendar, request.cut_from);
        if spans.len() > 1 {
            let plans = spans.into_iter().map(|span| rows.arranged_span(rows.unit(&stated.plan, span)?, span, &stated.columns));
            let replaced = base.map(|base| base.files().to_vec()).unwrap_or_default();
            return Ok(FromFacts { rows: Written::InUnits(plans.collect::<Result<_>>()?), replaced, feeder: None });
        }
    }
    let replaced = base.map(|base| replaced_files(base, request.rollup, technique, request.calendar)).unwrap_or_default();
    let new = match (&feeder, &request.rollup.states) {
        (Some((feed, snapshot)), Ok(states)) => {
            let provider = snapshot.provider(Some(Arc::clone(&request.pinned.zone)));
            let scan = LogicalPlanBuilder::scan("feeder", provider_as_source(provider), None)?;
            rows.fed(scan.build()?, feed, stated, states, technique)?
        }
        _ => rows.query(&stated.plan, technique)?,
    };
    let kept = base.map(|base| rows.kept(base, &replaced, technique)).transpose()?.flatten();
    let arranged = rows.arranged(new, kept, &stated.columns)?;
    Ok(FromFacts { rows: Written::Together(arranged), replaced, feeder: feeder.map(|(feed, _)| feed.feeder) })
}

/// The first finer rollup that can feed this one and stands for the same versions.
pub(crate) async fn fresh_feeder(request: &Request<'_>) -> Result<Option<(Feed, Snapshot)>> {
    for fine in request.finer.iter().rev() {
        let Ok(feed) = feed(request.rollup, fine) else { continue };
        let Some(snapshot) = request.lake.snapshot(&table_name(fine)?).await? else { continue };
        // A table that an earlier version of this program made may lack some.
        let columns = feed.keys.iter().map(|key| &key.column).chain(&feed.states);
        let has_all = columns.into_iter().all(|column| snapshot.schema().field_with_name(column).is_ok());
        if has_all && (is_broken(Mutation::StaleFeeds) || stamps::is_fresh(fine, &snapshot, request.pinned).await?) {
            return Ok(Some((feed, snapshot)));
        }
    }
    Ok(None)
}
