//! From which finer rollups a rollup can be computed, and for which of them it waits in a batch.
//!
//! What came and went is merged into each rollup by itself: to wait until a finer one is up to date would only put one after the other what can be done side
//! by side. Where more than the change has to be looked at, a finer rollup spares reading the facts, and that is worth waiting for.

use std::collections::BTreeSet;
use std::sync::Arc;

use nightshift_compile::Rollup;
use nightshift_compile::rollup::feed::feed;
use nightshift_compile::rollup::locality::Locality;
use nightshift_orchestrate::StepSpec;
use nightshift_project::{Pipeline, PipelineAction};
use nightshift_refresh::{stamps, table_name};

use crate::batch::step_name;
use crate::{Result, Workspace};

impl Workspace {
    /// The finer rollups that can feed one, the finest first.
    pub(crate) fn feeders(&self, rollup: &Rollup) -> Vec<Arc<Rollup>> {
        let finer = self.compiled.rollups.iter().filter(|fine| fine.grain() < rollup.grain() && feed(rollup, fine).is_ok());
        let mut finer: Vec<Arc<Rollup>> = finer.map(Arc::clone).collect();
        finer.sort_by_key(|fine| fine.grain());
        finer
    }

    /// Those feeders that a step of a batch may use: what it waits for, and what the batch does not touch. Any other may be up to date by the time or not.
    pub(crate) fn feeders_of_step(&self, rollup: &Rollup, step: &StepSpec, is_in_batch: impl Fn(&str) -> bool) -> Vec<Arc<Rollup>> {
        let mut finer = self.feeders(rollup);
        finer.retain(|fine| {
            let own = step_name(PipelineAction::Refresh, fine.name());
            step.depends_on.contains(&own) || !is_in_batch(&own)
        });
        finer
    }

    /// The rollups of a pipeline into which changes are expected to be merged: they have been built, and the batch itself loads their facts, so that it mostly
    /// knows which rows came and went. What is wrong with a table is for its step to say.
    pub(crate) async fn merging(&self, pipeline: &Pipeline) -> BTreeSet<String> {
        let mut merging = BTreeSet::new();
        for name in names(pipeline, PipelineAction::Refresh) {
            let Some(rollup) = self.compiled.rollup(name) else { continue };
            let loads = names(pipeline, PipelineAction::Ingest).any(|source| source == rollup.time.table);
            let may_merge = loads && rollup.merged_states().is_ok() && !matches!(rollup.proof.locality, Locality::Unproved(_));
            if may_merge && self.is_built(rollup).await.unwrap_or(false) {
                merging.insert(name.to_owned());
            }
        }
        merging
    }

    async fn is_built(&self, rollup: &Rollup) -> Result<bool> {
        match self.lake.snapshot(&table_name(rollup)?).await? {
            Some(table) => Ok(stamps::is_of_definition(rollup, &table).await?),
            None => Ok(false),
        }
    }
}

/// What some steps of a pipeline are about.
fn names(pipeline: &Pipeline, action: PipelineAction) -> impl Iterator<Item = &str> {
    pipeline.steps.iter().filter(move |step| step.action == action).flat_map(|step| &step.names).map(String::as_str)
}
