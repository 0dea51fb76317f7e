//! Steps that hold much memory take turns where the batch has little.
//!
//! A step that finds the memory taken by another fails where, alone, it would only have spilled. Most steps of a night hold little,
//! because they look at what changed; those that look at all there is are the first loads and builds, and the reports.

use std::num::NonZeroUsize;

use nightshift_compile::rollup::locality::Locality;
use nightshift_execute::Limits;
use nightshift_lake::{TableKind, TableName};
use nightshift_ledger::StepKind;
use nightshift_orchestrate::{StepContext, StepSpec};
use nightshift_refresh::stamps;
use tokio::sync::SemaphorePermit;

use super::Steps;
use crate::Result;

/// So many steps that hold much memory run at a time at most: each of them keeps all processors busy.
const MOST_TURNS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// Bytes that a step should be able to count on while others run beside it, if its own limit is not less.
const COUNTED_ON: u64 = 1 << 30;

/// How many steps that hold much memory run at a time.
pub(super) fn side_by_side(limits: &Limits) -> NonZeroUsize {
    let each = limits.step_memory.clamp(1, COUNTED_ON);
    let fit = usize::try_from(limits.memory / each).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
    fit.min(MOST_TURNS)
}

impl Steps {
    /// Waits until a step may begin; nothing to hold for one that holds little, or whose run is stopped.
    pub(super) async fn turn(&self, step: &StepSpec, context: &StepContext) -> Option<SemaphorePermit<'_>> {
        // Whatever cannot be read now is told by the step itself.
        if self.looks_at_changes(step).await.unwrap_or_default() {
            return None;
        }
        tokio::select! {
            () = context.cancel.cancelled() => None,
            turn = self.turns.acquire() => turn.ok(),
        }
    }

    /// Whether a step has been done before and looks at what changed since.
    async fn looks_at_changes(&self, step: &StepSpec) -> Result<bool> {
        let lake = &self.workspace.lake;
        Ok(match step.kind {
            StepKind::Ingest => lake.snapshot(&TableName::new(TableKind::Source, &step.target)?).await?.is_some(),
            StepKind::Refresh => {
                let rollup = self.workspace.rollup(&step.target)?;
                // What cannot be proved is built in full each time.
                if matches!(rollup.proof.locality, Locality::Unproved(_)) {
                    return Ok(false);
                }
                match lake.snapshot(&nightshift_refresh::table_name(rollup)?).await? {
                    Some(table) => stamps::is_of_definition(rollup, &table).await?,
                    None => false,
                }
            }
            StepKind::Report | StepKind::Maintain | StepKind::Backfill => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_batch_has_one_turn() {
        let limits =
            |memory: u64, step_memory: u64| Limits { memory, step_memory, spill: 0, spill_directory: Default::default(), batch_size: 8192, threads: 2 };
        assert_eq!(side_by_side(&limits(512 << 20, 512 << 20)).get(), 1);
        assert_eq!(side_by_side(&limits(512 << 20, 128 << 20)).get(), 2);
        assert_eq!(side_by_side(&limits(16 << 30, 4 << 30)).get(), 2);
    }
}
