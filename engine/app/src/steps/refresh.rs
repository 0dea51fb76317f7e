//! Brings a rollup to the versions of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use nightshift_compile::Rollup;
use nightshift_ledger::{AuditEntry, Measures, PublicationRecord};
use nightshift_orchestrate::{StepContext, StepOutcome, StepSpec};
use nightshift_refresh::{CUT_FROM, Outcome, Request, table_name, tables};
use serde_json::json;

use super::Steps;
use crate::backfill::is_backfill;
use crate::batch::step_name;
use crate::diff::breaking;
use crate::history::{OBSERVED, observation};
use crate::plan::rejected;
use crate::verify::Extent;
use crate::{Error, Result};

impl Steps {
    pub(super) async fn refresh(&self, step: &StepSpec, context: &StepContext) -> Result<StepOutcome> {
        let workspace = &self.workspace;
        let name = step.target.as_str();
        let rollup = workspace.rollup(name)?;
        self.must_not_break_readers(rollup, context).await?;
        // A backfill that goes on after a night must not bring its rollup back to what it pinned before, and trusts no finer rollup.
        let is_of_backfill = is_backfill(&context.batch.pipeline);
        let pinned = match is_of_backfill {
            true => workspace.pinned(&rollup.tables, &BTreeMap::new()).await?,
            false => self.pinned(context.run.id, &rollup.tables).await?,
        };
        let session = self.session(&format!("refresh:{name}"))?;
        tables::register(&session.context, &pinned)?;
        let finer = match is_of_backfill {
            true => vec![],
            false => {
                let pipeline = workspace.pipeline(&context.batch.pipeline)?;
                let steps = pipeline.steps.iter().flat_map(|step| step.names.iter().map(|name| step_name(step.action, name)));
                let steps: BTreeSet<String> = steps.collect();
                workspace.feeders_of_step(rollup, step, |name| steps.contains(name))
            }
        };
        let request = Request {
            lake: &self.lake(context),
            session: &session,
            rollup,
            finer: &finer,
            pinned: &pinned,
            calendar: &workspace.calendar,
            cancel: &context.cancel,
            cut_from: CUT_FROM,
            history: &self.history,
            choice: workspace.choice(),
        };
        let begun = Instant::now();
        let done = nightshift_refresh::refresh(&request).await?;
        let observed = observation(name, &done, begun.elapsed().as_secs_f64());
        let changed = Some(done.version_after) != done.version_before;
        let publication =
            changed.then(|| PublicationRecord { table: format!("rollup/{name}"), version_before: done.version_before, version_after: done.version_after });
        let verified = match (self.verify(rollup, context).await, &publication) {
            (Ok(verified), _) => verified,
            // Readers see it, whatever is wrong with it.
            (Err(error), Some(published)) => {
                self.ledger.recover_attempt(context.attempt, published, &[]).await?;
                return Err(error);
            }
            (Err(error), None) => return Err(error),
        };
        Ok(StepOutcome {
            measures: measures(&done),
            technique: Some(json!({
                "technique": done.decision.technique.to_string(),
                "feeder": done.feeder,
                "changed_bytes": done.decision.changed_bytes,
                "rejected": rejected(&done.decision),
                "predicted": done.decision.cost().map(|cost| cost.prediction),
                OBSERVED: observed,
                "verified": verified,
            })),
            pins: if is_of_backfill { self.pins_of(&pinned) } else { vec![] },
            publications: publication.into_iter().collect(),
            ..StepOutcome::default()
        })
    }

    /// Compares what the pipeline asks for with the sources, or all of a rollup that was found to be wrong and has not been right as a whole since; what was
    /// found, in words.
    async fn verify(&self, rollup: &Arc<Rollup>, context: &StepContext) -> Result<Option<String>> {
        // What a backfill is to mend may still be wrong.
        if is_backfill(&context.batch.pipeline) {
            return Ok(None);
        }
        let pipeline = self.workspace.pipeline(&context.batch.pipeline)?;
        let was_wrong = self.ledger.latest_verification(rollup.name()).await?.is_some_and(|latest| latest.differences > 0);
        let extent = match pipeline.verify {
            _ if was_wrong => Extent::All,
            Some(setting) => Extent::Sample(usize::try_from(setting.sample).unwrap_or(usize::MAX)),
            None => return Ok(None),
        };
        let place = (&self.ledger, context.run.owner.as_str(), Some(context.batch.id));
        let verification = self.workspace.verify(rollup, extent, 0, place, &context.cancel).await?;
        verification.must_be_equal()?;
        Ok(Some(verification.summary()))
    }

    /// A changed definition is not taken silently where readers of the table may break.
    pub(super) async fn must_not_break_readers(&self, rollup: &Arc<Rollup>, context: &StepContext) -> Result<()> {
        let table = self.workspace.lake.snapshot(&table_name(rollup)?).await?;
        let changes = breaking(rollup, table.as_ref()).await?;
        if changes.is_empty() {
            return Ok(());
        }
        if !self.accepted.contains(rollup.name()) {
            return Err(Error::Breaks { rollup: rollup.name().to_owned(), changes });
        }
        let detail = json!({"rollup": rollup.name(), "columns": changes, "run": context.run.number});
        let entry = AuditEntry { actor: context.run.owner.clone(), action: "definition-accepted".to_owned(), batch: Some(context.batch.id), detail };
        Ok(self.ledger.audit(&entry, Utc::now()).await?)
    }
}

/// What the ledger keeps of the size of what was done.
pub(super) fn measures(done: &Outcome) -> Measures {
    Measures {
        rows_in: done.measurement.rows_read,
        rows_out: done.rows_written,
        bytes: done.bytes_written,
        spill_bytes: done.measurement.bytes_spilled,
        peak_memory_bytes: done.measurement.peak_memory,
        ..Measures::default()
    }
}
