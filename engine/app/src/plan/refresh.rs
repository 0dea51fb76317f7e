//! How a rollup would be brought up to date, and why so.

use std::sync::Arc;

use nightshift_compile::Rollup;
use nightshift_compile::rollup::locality::Locality;
use nightshift_orchestrate::StepSpec;
use nightshift_project::ByteSize;
use nightshift_refresh::{Decision, FullReason, Technique, table_name};
use serde_json::{Value, json};

use super::{Outlook, PlannedStep, Planner, Verdict, outcome};
use crate::Result;
use crate::diff::breaking;

impl Planner<'_> {
    pub(super) async fn refresh(&self, step: &StepSpec) -> Result<Outlook> {
        let workspace = self.workspace;
        let name = step.target.as_str();
        let rollup = workspace.rollup(name)?;
        let table = workspace.lake.snapshot(&table_name(rollup)?).await?;
        let changes = breaking(rollup, table.as_ref()).await?;
        let feeders = workspace.feeders_of_step(rollup, step, |name| self.steps.contains(name));
        let decision = workspace.decide(rollup, &feeders, &self.pinned(&rollup.tables).await?, &self.cancel).await?;
        let after = self.before(&rollup.tables, Verdict::may_commit);
        let feeder = self.feeder(rollup, step);
        let mut found =
            if after.is_empty() || is_certain(&decision.technique) { self.decided(&decision, feeder) } else { undecided(rollup, &decision, feeder) };
        if found.verdict == Verdict::Undecided {
            found.what = format!("decided after {}: {}", after.join(", "), found.what);
        }
        found.after = after;
        if !changes.is_empty() {
            found.what = format!("fails without --accept {name}, because readers may break ({}); with it {}", changes.join(", "), found.what);
            found.verdict = Verdict::Fails;
        }
        Ok(found)
    }

    /// The rollup that the rows would be computed from: the coarsest of the finer ones that is brought up to date by a step for which this one waits.
    fn feeder(&self, rollup: &Rollup, step: &StepSpec) -> Option<String> {
        let is_awaited = |seen: &PlannedStep| step.depends_on.contains(&seen.step.name) && seen.verdict != Verdict::Skipped;
        let in_plan = |fine: &Arc<Rollup>| self.seen.iter().any(|seen| seen.step.target == fine.name() && is_awaited(seen));
        self.workspace.feeders(rollup).into_iter().rev().find(in_plan).map(|fine| fine.name().to_owned())
    }

    fn decided(&self, decision: &Decision, feeder: Option<String>) -> Outlook {
        let technique = &decision.technique;
        let verdict = match technique {
            Technique::Nothing => Verdict::Nothing,
            Technique::Restamp => Verdict::Marks,
            _ => Verdict::Work,
        };
        let mut what = technique.to_string();
        let by_change = matches!(technique, Technique::Merge(_) | Technique::MergeOnward(_) | Technique::RebuildGroups(_));
        let feeder = feeder.filter(|_| verdict == Verdict::Work && !by_change);
        if decision.changed_bytes > 0 {
            what = format!("{what} ({} of files changed)", ByteSize(decision.changed_bytes));
        }
        if let Some(feeder) = &feeder {
            what = format!("{what}, from {feeder}");
        }
        let predicted = decision.cost().map(|cost| cost.prediction);
        if let Some(predicted) = predicted {
            what = format!("{what}, in about {:.0} ms", predicted.seconds * 1e3);
        }
        let mut found = outcome(verdict, what);
        found.detail = json!({"technique": word(technique), "reason": reason(technique), "buckets": buckets(technique), "feeder": feeder, "changed_bytes": decision.changed_bytes, "rejected": rejected(decision), "predicted": predicted});
        found
    }
}

/// Whether the technique is the same whatever the steps before do.
fn is_certain(technique: &Technique) -> bool {
    let always = |reason: &FullReason| !matches!(reason, FullReason::Unproved(_) | FullReason::Faster);
    matches!(technique, Technique::Full(reason) if always(reason))
}

/// What is known of a rollup whose sources are still to be loaded.
fn undecided(rollup: &Rollup, decision: &Decision, feeder: Option<String>) -> Outlook {
    let grain = rollup.grain();
    let merges = rollup.merged_states().is_ok();
    let expected = match &rollup.proof.locality {
        Locality::Bucket if merges => format!("nothing, or merge into the {grain}s that new rows touch, or rebuild them"),
        Locality::Bucket => format!("nothing, or rebuild the {grain}s that new rows touch"),
        Locality::Onward if merges => format!("nothing, or merge or rebuild from the first touched {grain} onward"),
        Locality::Onward => format!("nothing, or rebuild from the first touched {grain} onward"),
        Locality::Unproved(reason) => format!("nothing, or full: {reason}"),
    };
    let mut what = match &decision.technique {
        Technique::Nothing | Technique::Restamp => expected,
        already => format!("at least {already}"),
    };
    if let Some(feeder) = &feeder {
        what = format!("{what}, from {feeder}");
    }
    let mut found = outcome(Verdict::Undecided, what);
    let possible = match &rollup.proof.locality {
        Locality::Bucket => "rebuild",
        Locality::Onward => "onward",
        Locality::Unproved(_) => "full",
    };
    found.detail = json!({"technique": null, "at_most": possible, "feeder": feeder});
    found
}

const fn word(technique: &Technique) -> &'static str {
    match technique {
        Technique::Nothing => "nothing",
        Technique::Restamp => "restamp",
        Technique::Merge(_) => "merge",
        Technique::MergeOnward(_) => "merge_onward",
        Technique::RebuildGroups(_) => "rebuild_groups",
        Technique::Rebuild(_) => "rebuild",
        Technique::Onward(_) => "onward",
        Technique::Full(_) => "full",
    }
}

/// Why no other technique is taken, for programs.
pub(crate) fn rejected(decision: &Decision) -> Value {
    decision.rejected.iter().map(|other| json!({"technique": other.kind.as_str(), "why": other.reason.to_string(), "hint": other.reason.hint()})).collect()
}

fn reason(technique: &Technique) -> Option<String> {
    match technique {
        Technique::Full(reason) => Some(reason.to_string()),
        _ => None,
    }
}

fn buckets(technique: &Technique) -> Option<usize> {
    technique.buckets().map(nightshift_refresh::buckets::Buckets::len)
}
