//! The schedule, without a ledger: any graph, any outcome, a cancellation at any moment.

use std::collections::{BTreeSet, HashMap};

use nightshift_ledger::StepState;
use proptest::prelude::*;

use super::{acyclic_steps, step};
use crate::schedule::{Decision, Schedule};
use crate::{BatchEvent, Intent, StepAction, StepEvent, StepPlan, StepSpec, admit, order, plan};

fn fresh(steps: Vec<StepSpec>) -> Vec<StepPlan> {
    let admission = admit("daily", None, &Intent::Run).unwrap();
    plan(admission, &Intent::Run, order(steps).unwrap(), &[]).unwrap().steps
}

/// What a simulated run saw.
struct Seen {
    end: BatchEvent,
    states: Vec<StepState>,
}

/// Runs a schedule: `fates` say how the n-th attempt ends and which of the running ones ends first.
fn simulate(plans: &[StepPlan], parallel: usize, fates: &[(StepEvent, prop::sample::Index)], cancel_at: usize) -> Seen {
    let mut schedule = Schedule::new(plans, parallel, &HashMap::new());
    let mut running: BTreeSet<usize> = BTreeSet::new();
    let mut fates = fates.iter().cycle();
    let mut resting = Vec::new();
    for turn in 0..1_000 {
        let cancelled = turn >= cancel_at;
        match schedule.decide(cancelled).unwrap() {
            Decision::Start(step) => {
                assert!(!cancelled, "a step started after the cancellation");
                for name in &plans[step].step.depends_on {
                    let dependency = plans.iter().position(|plan| plan.step.name == *name).unwrap();
                    assert_eq!(schedule.state(dependency), Some(StepState::Succeeded));
                }
                schedule.apply(step, StepEvent::Start).unwrap();
                assert!(running.insert(step));
                assert!(running.len() <= parallel);
            }
            Decision::Skip { step, because } => {
                assert!(matches!(schedule.state(because), Some(StepState::Failed | StepState::Skipped)));
                schedule.apply(step, StepEvent::Skip).unwrap();
            }
            Decision::Wait => {
                if running.is_empty() {
                    schedule.rested(resting.pop().unwrap());
                    continue;
                }
                let (fate, pick) = fates.next().unwrap();
                let step = *running.iter().nth(pick.index(running.len())).unwrap();
                running.remove(&step);
                let event = if cancelled && *fate != StepEvent::Succeed { StepEvent::Interrupt } else { *fate };
                schedule.apply(step, event).unwrap();
                if event == StepEvent::TryAgain {
                    resting.push(step);
                }
            }
            Decision::End(end) => {
                assert!(running.is_empty() && resting.is_empty());
                return Seen { end, states: (0..plans.len()).map(|step| schedule.state(step).unwrap()).collect() };
            }
        }
    }
    panic!("the schedule did not come to an end");
}

fn fates() -> impl Strategy<Value = Vec<(StepEvent, prop::sample::Index)>> {
    let fate = prop_oneof![8 => Just(StepEvent::Succeed), 2 => Just(StepEvent::Fail), 1 => Just(StepEvent::TryAgain)];
    // The last one succeeds, so that repeating the list cannot try a step again for ever.
    prop::collection::vec((fate, any::<prop::sample::Index>()), 1..30).prop_map(|mut fates| {
        let pick = fates[0].1;
        fates.push((StepEvent::Succeed, pick));
        fates
    })
}

proptest! {
    #[test]
    fn what_can_be_done_is_done_and_only_what_depends_on_a_failure_is_skipped(
        steps in acyclic_steps(10), parallel in 1usize..4, fates in fates(),
    ) {
        let plans = fresh(steps);
        let seen = simulate(&plans, parallel, &fates, usize::MAX);
        let state = |name: &str| seen.states[plans.iter().position(|plan| plan.step.name == name).unwrap()];
        for plan in &plans {
            let broken = plan.step.depends_on.iter().any(|name| state(name) != StepState::Succeeded);
            prop_assert_eq!(state(&plan.step.name) == StepState::Skipped, broken);
        }
        let well = seen.states.iter().all(|state| *state == StepState::Succeeded);
        prop_assert_eq!(seen.end, if well { BatchEvent::Succeed } else { BatchEvent::Fail });
    }

    #[test]
    fn a_cancelled_run_ends_and_leaves_nothing_running(
        steps in acyclic_steps(10), parallel in 1usize..4, fates in fates(), cancel_at in 0usize..20,
    ) {
        let plans = fresh(steps);
        let seen = simulate(&plans, parallel, &fates, cancel_at);
        prop_assert!(!seen.states.contains(&StepState::Running));
        let left = seen.states.iter().any(|state| matches!(state, StepState::Pending | StepState::Interrupted));
        prop_assert_eq!(seen.end == BatchEvent::Interrupt, left);
    }
}

#[test]
fn what_stands_behind_a_step_that_stays_failed_is_not_done() {
    // `broken` failed in an earlier run and `behind` was skipped for it; now only `redone` and what depends on it is chosen.
    let standing =
        |name: &str, depends_on: &[&str], state, action| StepPlan { step: step(name, depends_on), known: Some((nightshift_ledger::StepId(1), state)), action };
    let plans = [
        standing("broken", &[], StepState::Failed, StepAction::Keep),
        standing("behind", &["broken"], StepState::Skipped, StepAction::Keep),
        standing("redone", &[], StepState::Pending, StepAction::Do),
        standing("both", &["behind", "redone"], StepState::Pending, StepAction::Do),
    ];
    let mut schedule = Schedule::new(&plans, 1, &HashMap::new());
    assert_eq!(schedule.decide(false).unwrap(), Decision::Skip { step: 3, because: 1 });
    schedule.apply(3, StepEvent::Skip).unwrap();
    assert_eq!(schedule.decide(false).unwrap(), Decision::Start(2));
    schedule.apply(2, StepEvent::Start).unwrap();
    schedule.apply(2, StepEvent::Succeed).unwrap();
    assert_eq!(schedule.decide(false).unwrap(), Decision::End(BatchEvent::Fail));
}

/// What has the longest way to go starts first, its followers counted; what is more urgent before that.
#[test]
fn the_longest_way_starts_first() {
    let pressing = StepSpec { priority: 1, ..step("pressing", &[]) };
    let plans = fresh(vec![step("a", &[]), step("b", &[]), step("behind b", &["b"]), step("c", &[]), step("unknown", &[]), pressing]);
    let seconds = [("a", 1.0), ("b", 0.5), ("behind b", 5.0), ("c", 2.0), ("pressing", 0.1)];
    let seconds = seconds.map(|(name, seconds)| (name.to_owned(), seconds)).into();
    let mut schedule = Schedule::new(&plans, 1, &seconds);
    let mut started = vec![];
    while let Decision::Start(index) = schedule.decide(false).unwrap() {
        started.push(plans[index].step.name.as_str());
        schedule.apply(index, StepEvent::Start).unwrap();
        schedule.apply(index, StepEvent::Succeed).unwrap();
    }
    assert_eq!(started, ["pressing", "b", "behind b", "c", "a", "unknown"]);
}
