//! What to do next while a run is under way: a pure function of where the steps stand.

use std::cmp::Ordering;
use std::collections::HashMap;

use nightshift_ledger::StepState;

use crate::batch_machine::BatchEvent;
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::plan::{StepAction, StepPlan};
use crate::step_machine::StepEvent;

/// What to do next. Steps are named by their index in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Start a step.
    Start(usize),
    /// Skip a step because of another one.
    Skip { step: usize, because: usize },
    /// Wait until a step ends or has rested.
    Wait,
    /// Nothing is left; this happens to the batch.
    End(BatchEvent),
}

/// What the others see of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// This run does it.
    Planned(StepState),
    /// It failed before and waits a moment until it is tried again.
    Resting,
    /// This run leaves it as it is, and it stands in nobody's way.
    Settled,
    /// This run leaves it as it is, and what depends on it cannot be right.
    Broken,
}

#[derive(Debug, Clone)]
struct Node {
    dependencies: Vec<usize>,
    standing: Standing,
    rank: Rank,
}

/// Which of several steps starts first.
#[derive(Debug, Clone, Copy)]
struct Rank {
    /// The least priority number of the step and all that wait for it.
    urgency: u8,
    /// How long it takes, and after it the longest row of steps that wait for each other.
    seconds: f64,
}

impl Rank {
    /// The more urgent first; among those the one with the longest way to go, so that none is left over at the end for one thread alone.
    /// Source: the critical path rule for list scheduling, R. L. Graham, "Bounds on Multiprocessing Timing Anomalies", 1969.
    fn compare(&self, other: &Self) -> Ordering {
        self.urgency.cmp(&other.urgency).then(other.seconds.total_cmp(&self.seconds))
    }
}

/// Where the steps of a run stand.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    nodes: Vec<Node>,
    parallel: usize,
}

impl Schedule {
    /// The schedule of a plan, whose steps are in their order, with at most `parallel` of them at a time. `seconds` is how long steps
    /// took before; steps of which nothing is known count as short.
    pub(crate) fn new(steps: &[StepPlan], parallel: usize, seconds: &HashMap<String, f64>) -> Self {
        let index: HashMap<&str, usize> = steps.iter().enumerate().map(|(position, plan)| (plan.step.name.as_str(), position)).collect();
        let mut nodes: Vec<Node> = Vec::with_capacity(steps.len());
        for plan in steps {
            let dependencies: Vec<usize> = plan.step.depends_on.iter().filter_map(|name| index.get(name.as_str()).copied()).collect();
            let kept = || plan.known.map(|(_, state)| state);
            let stale = || dependencies.iter().any(|own| nodes.get(*own).is_some_and(|node| node.standing == Standing::Broken));
            let standing = match plan.action {
                StepAction::Do => Standing::Planned(StepState::Pending),
                StepAction::Keep if kept() == Some(StepState::Failed) => Standing::Broken,
                StepAction::Keep if kept() == Some(StepState::Skipped) && stale() => Standing::Broken,
                StepAction::Keep | StepAction::Skip(_) => Standing::Settled,
            };
            // A step that this run leaves as it is takes no time.
            let own = if plan.action == StepAction::Do { seconds.get(&plan.step.name).copied().unwrap_or_default() } else { 0.0 };
            nodes.push(Node { dependencies, standing, rank: Rank { urgency: plan.step.priority, seconds: own } });
        }
        rank(&mut nodes);
        Self { nodes, parallel }
    }

    /// What to do next; once `cancelled`, no step starts any more.
    pub(crate) fn decide(&self, cancelled: bool) -> Result<Decision> {
        if let Some(skip) = self.blocked() {
            return Ok(skip);
        }
        if !cancelled
            && self.count(Standing::Planned(StepState::Running)) < self.parallel
            && let Some(step) = self.startable()
        {
            return Ok(Decision::Start(step));
        }
        let under_way = [Standing::Planned(StepState::Running), Standing::Resting];
        if under_way.into_iter().any(|standing| self.count(standing) > 0) {
            return Ok(Decision::Wait);
        }
        let left = [StepState::Pending, StepState::Interrupted].map(Standing::Planned);
        let broken = [Standing::Planned(StepState::Failed), Standing::Broken];
        if left.into_iter().any(|standing| self.count(standing) > 0) {
            return if cancelled { Ok(Decision::End(BatchEvent::Interrupt)) } else { Err(Error::Stuck) };
        }
        let failed = broken.into_iter().any(|standing| self.count(standing) > 0);
        Ok(Decision::End(if failed { BatchEvent::Fail } else { BatchEvent::Succeed }))
    }

    /// Where a step of this run stands. A step that rests is pending.
    #[cfg(test)]
    pub(crate) fn state(&self, step: usize) -> Option<StepState> {
        match self.nodes.get(step)?.standing {
            Standing::Planned(state) => Some(state),
            Standing::Resting => Some(StepState::Pending),
            Standing::Settled | Standing::Broken => None,
        }
    }

    /// Something happened to a step of this run. Returns its state before and after.
    pub(crate) fn apply(&mut self, step: usize, event: StepEvent) -> Result<(StepState, StepState)> {
        let Some(Node { standing: standing @ Standing::Planned(_), .. }) = self.nodes.get_mut(step) else {
            return Err(Error::Stuck);
        };
        let Standing::Planned(before) = *standing else {
            return Err(Error::Stuck);
        };
        let after = before.after(event)?;
        *standing = if event == StepEvent::TryAgain { Standing::Resting } else { Standing::Planned(after) };
        Ok((before, after))
    }

    /// A step that was to be tried again has waited long enough.
    pub(crate) fn rested(&mut self, step: usize) {
        if let Some(Node { standing: standing @ Standing::Resting, .. }) = self.nodes.get_mut(step) {
            *standing = Standing::Planned(StepState::Pending);
        }
    }

    fn count(&self, standing: Standing) -> usize {
        self.nodes.iter().filter(|node| node.standing == standing).count()
    }

    fn waiting(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(|(_, node)| node.standing == Standing::Planned(StepState::Pending))
    }

    fn blocked(&self) -> Option<Decision> {
        self.waiting().find_map(|(step, node)| {
            let because = node.dependencies.iter().copied().find(|own| {
                matches!(self.nodes.get(*own).map(|node| node.standing), Some(Standing::Planned(StepState::Failed | StepState::Skipped) | Standing::Broken))
            })?;
            Some(Decision::Skip { step, because })
        })
    }

    fn startable(&self) -> Option<usize> {
        let done = |own: &usize| {
            let standing = self.nodes.get(*own).map(|node| node.standing);
            matches!(standing, Some(Standing::Planned(StepState::Succeeded) | Standing::Settled))
        };
        let ready = self.waiting().filter(|(_, node)| node.dependencies.iter().all(done));
        ready.min_by(|(_, one), (_, other)| one.rank.compare(&other.rank)).map(|(step, _)| step)
    }
}

/// Passes urgency and seconds on from the steps that wait to those that they wait for; those come first in the order.
fn rank(nodes: &mut [Node]) {
    let mut after = vec![0.0_f64; nodes.len()];
    for index in (0..nodes.len()).rev() {
        let Some(node) = nodes.get_mut(index) else { continue };
        node.rank.seconds += after.get(index).copied().unwrap_or_default();
        let (rank, dependencies) = (node.rank, node.dependencies.clone());
        for dependency in dependencies {
            if let (Some(before), Some(longest)) = (nodes.get_mut(dependency), after.get_mut(dependency)) {
                before.rank.urgency = before.rank.urgency.min(rank.urgency);
                *longest = longest.max(rank.seconds);
            }
        }
    }
}
