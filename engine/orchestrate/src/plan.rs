//! What a run has to do with each step: a value, decided from the order, what the ledger holds, and the admission.

use std::collections::{HashMap, HashSet};

use nightshift_diagnostic::closest;
use nightshift_ledger::{BatchTarget, CarriedPins, Owner, PlannedStep, RunCause, RunOpening, StepId, StepKind, StepMove, StepRecord, StepState};

use crate::admit::{Admission, Intent, Refusal};
use crate::batch_machine::BatchEvent;
use crate::error::Result;
use crate::machine::{IllegalTransition, Machine};
use crate::runner::StepSpec;
use crate::session::Request;
use crate::step_machine::StepEvent;

/// What a run does with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepAction {
    /// It is done.
    Do,
    /// It stays as an earlier run of the batch left it.
    Keep,
    /// It is not done, for this reason.
    Skip(String),
}

/// A step in the plan of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPlan {
    /// The step.
    pub step: StepSpec,
    /// Its row in the ledger with its state, if the batch has it already.
    pub known: Option<(StepId, StepState)>,
    /// What the run does with it.
    pub action: StepAction,
}

/// The plan of a run. `nightshift plan` prints it, `nightshift run` carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPlan {
    /// How the run comes about.
    pub admission: Admission,
    /// Every step of the pipeline, in its order.
    pub steps: Vec<StepPlan>,
    /// The steps that the batch has and the pipeline no longer has.
    pub dropped: Vec<(StepId, StepState)>,
    /// Which pins of the run before go on.
    pub pins: CarriedPins,
}

/// Plans a run. `ordered` are the steps of the pipeline in their order, `known` those that the batch has in the ledger.
///
/// # Errors
/// [`Refusal::NoSuchStep`] if the step to begin from is not there.
pub fn plan(admission: Admission, intent: &Intent, ordered: Vec<StepSpec>, known: &[StepRecord]) -> Result<RunPlan, Refusal> {
    let chosen = match intent {
        Intent::From(first) => Some(behind(first, &ordered)?),
        Intent::Run | Intent::Retry => None,
    };
    let records: HashMap<&str, &StepRecord> = known.iter().map(|record| (record.name.as_str(), record)).collect();
    let all_again = matches!(&admission, Admission::Reopen { event: BatchEvent::Rerun, .. });
    let names: HashSet<&str> = ordered.iter().map(|step| step.name.as_str()).collect();
    let dropped = known.iter().filter(|record| !names.contains(record.name.as_str())).map(|record| (record.id, record.state));
    let dropped = dropped.collect();
    let steps: Vec<StepPlan> = ordered
        .into_iter()
        .map(|step| {
            let record = records.get(step.name.as_str()).copied();
            // A process that died left it running; recovery makes that interrupted.
            let known = record.map(|record| (record.id, recovered(record.state)));
            let action = match &chosen {
                Some((first, chosen)) => choose(first, chosen.contains(&step.name), known),
                None if !all_again && matches!(known, Some((_, StepState::Succeeded))) => StepAction::Keep,
                None => StepAction::Do,
            };
            StepPlan { step, known, action }
        })
        .collect();
    let pins = pins(&admission, &steps);
    Ok(RunPlan { admission, steps, dropped, pins })
}

pub(crate) fn recovered(state: StepState) -> StepState {
    if state == StepState::Running { StepState::Interrupted } else { state }
}

/// For a run from a step: what becomes of one.
fn choose(first: &str, chosen: bool, known: Option<(StepId, StepState)>) -> StepAction {
    match known {
        _ if chosen => StepAction::Do,
        Some((_, StepState::Succeeded | StepState::Failed | StepState::Skipped)) => StepAction::Keep,
        _ => StepAction::Skip(format!("the run began at {first}")),
    }
}

/// A step, named or told by what it works on, and all that depends on it, by name.
fn behind(first: &str, ordered: &[StepSpec]) -> Result<(String, HashSet<String>), Refusal> {
    let named = ordered.iter().find(|step| step.name == first).or_else(|| ordered.iter().find(|step| step.target == first));
    let Some(found) = named else {
        let names = ordered.iter().flat_map(|step| [step.name.as_str(), step.target.as_str()]);
        let did_you_mean = closest(first, names).map(ToOwned::to_owned);
        return Err(Refusal::NoSuchStep { step: first.to_owned(), did_you_mean });
    };
    let first = found.name.clone();
    let mut chosen = HashSet::from([first.clone()]);
    for step in ordered {
        if step.depends_on.iter().any(|name| chosen.contains(name)) {
            chosen.insert(step.name.clone());
        }
    }
    Ok((first, chosen))
}

/// A new batch and a rerun look at every source anew. Otherwise the pins go on, but for the sources that are ingested again.
fn pins(admission: &Admission, steps: &[StepPlan]) -> CarriedPins {
    match admission {
        Admission::Create { .. } | Admission::Reopen { cause: RunCause::Rerun, .. } => CarriedPins::None,
        Admission::Reopen { .. } => CarriedPins::AllBut(
            steps.iter().filter(|plan| plan.step.kind == StepKind::Ingest && plan.action == StepAction::Do).map(|plan| plan.step.target.clone()).collect(),
        ),
    }
}

impl RunPlan {
    /// All that opening the run changes in the ledger.
    ///
    /// # Errors
    /// If the plan contradicts a table of transitions.
    pub(crate) fn opening(&self, request: &Request) -> Result<RunOpening> {
        let (target, cause) = match &self.admission {
            Admission::Create { attempt, cause } => {
                let (pipeline, business_date) = (request.pipeline.clone(), request.business_date);
                (BatchTarget::New { pipeline, business_date, attempt: *attempt }, *cause)
            }
            Admission::Reopen { batch, from, event, cause } => {
                from.after(*event)?;
                (BatchTarget::Existing { batch: *batch, from: *from }, *cause)
            }
        };
        let owner: Owner = request.owner.clone();
        let steps = self.steps.iter().map(planned).collect::<Result<_, _>>()?;
        let dropped = self.dropped.iter().filter_map(|(step, state)| drop_step(*step, *state).transpose());
        let dropped = dropped.collect::<Result<_, _>>()?;
        Ok(RunOpening { target, cause, owner, steps, dropped, pins: self.pins.clone() })
    }
}

fn planned(plan: &StepPlan) -> Result<PlannedStep, IllegalTransition> {
    let before = plan.known.map_or(StepState::Pending, |(_, state)| state);
    let (state, reason) = match &plan.action {
        StepAction::Keep => (before, None),
        StepAction::Do => (pending(before)?, None),
        StepAction::Skip(reason) => (pending(before)?.after(StepEvent::Skip)?, Some(reason.clone())),
    };
    Ok(PlannedStep {
        name: plan.step.name.clone(),
        kind: plan.step.kind,
        target: plan.step.target.clone(),
        priority: plan.step.priority,
        known: plan.known,
        state,
        reason,
    })
}

fn pending(state: StepState) -> Result<StepState, IllegalTransition> {
    if state == StepState::Pending { Ok(state) } else { state.after(StepEvent::Reset) }
}

/// A step that is no longer planned: what it was done for stays as it is; what is left of it is never done.
fn drop_step(step: StepId, state: StepState) -> Result<Option<StepMove>, IllegalTransition> {
    let from = recovered(state);
    if matches!(from, StepState::Succeeded | StepState::Skipped) {
        return Ok(None);
    }
    let to = pending(from)?.after(StepEvent::Skip)?;
    Ok(Some(StepMove { step, from, to, reason: Some("no longer a step of the pipeline".to_owned()) }))
}
