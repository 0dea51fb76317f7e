//! Computes the buckets of one unit of a backfill anew.

use nightshift_ledger::{AttemptState, PublicationRecord};
use nightshift_orchestrate::{StepContext, StepOutcome, StepSpec};
use nightshift_refresh::backfill::backfill;
use nightshift_refresh::{CUT_FROM, Choice, NoHistory, Request, tables};
use serde_json::json;

use super::Steps;
use super::refresh::measures;
use crate::Result;
use crate::backfill::unit_of;

impl Steps {
    pub(super) async fn backfill(&self, step: &StepSpec, context: &StepContext) -> Result<StepOutcome> {
        if self.was_committed(context).await? {
            let technique = Some(json!({"technique": "committed by an attempt whose process died"}));
            return Ok(StepOutcome { technique, ..StepOutcome::default() });
        }
        let workspace = &self.workspace;
        let rollup = workspace.rollup(&step.target)?;
        self.must_not_break_readers(rollup, context).await?;
        let over = workspace.backfilled_over(rollup).await?;
        let session = self.session(&step.name)?;
        tables::register(&session.context, &over.pinned)?;
        let request = Request {
            lake: &self.lake(context),
            session: &session,
            rollup,
            finer: &[],
            pinned: &over.pinned,
            calendar: &workspace.calendar,
            cancel: &context.cancel,
            cut_from: CUT_FROM,
            history: &NoHistory,
            choice: Choice::Least,
        };
        let done = backfill(&request, unit_of(step)?, over.in_full, &self.commits).await?;
        let changed = Some(done.version_after) != done.version_before;
        let publication =
            PublicationRecord { table: format!("rollup/{}", step.target), version_before: done.version_before, version_after: done.version_after };
        Ok(StepOutcome {
            measures: measures(&done),
            technique: Some(json!({"technique": done.decision.technique.to_string()})),
            pins: self.pins_of(&over.pinned),
            publications: changed.then_some(publication).into_iter().collect(),
            ..StepOutcome::default()
        })
    }

    /// Whether an earlier attempt at the step made its commit and died before the ledger knew of it. What it made was written down when the run began.
    async fn was_committed(&self, context: &StepContext) -> Result<bool> {
        if context.attempt_number == 1 {
            return Ok(false);
        }
        let Some(batch) = self.ledger.batch_detail(context.batch.id).await? else { return Ok(false) };
        let own = batch.steps.into_iter().map(|step| step.attempts).find(|attempts| attempts.iter().any(|(attempt, ..)| attempt.id == context.attempt));
        let earlier = own.into_iter().flatten().rev().skip(1);
        // What was done before the step last succeeded is asked for again.
        Ok(earlier.take_while(|(attempt, ..)| attempt.state != AttemptState::Succeeded).any(|(_, published, _)| !published.is_empty()))
    }
}
