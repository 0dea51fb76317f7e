//! The two tables of transitions.

use std::fmt::Debug;

use nightshift_ledger::{BatchState, StepState};
use proptest::prelude::*;

use crate::{BatchEvent, Machine, StepEvent};

const BATCH_EVENTS: [BatchEvent; 7] =
    [BatchEvent::Start, BatchEvent::Succeed, BatchEvent::Fail, BatchEvent::Interrupt, BatchEvent::Resume, BatchEvent::Retry, BatchEvent::Rerun];

const STEP_EVENTS: [StepEvent; 7] =
    [StepEvent::Start, StepEvent::Succeed, StepEvent::Fail, StepEvent::TryAgain, StepEvent::Interrupt, StepEvent::Skip, StepEvent::Reset];

/// The states that can be reached from one, itself included.
fn reachable<M: Machine>(from: M) -> Vec<M> {
    let mut found = vec![from];
    let mut looked_at = 0;
    while looked_at < found.len() {
        for (state, _, next) in M::TRANSITIONS {
            if *state == found[looked_at] && !found.contains(next) {
                found.push(*next);
            }
        }
        looked_at += 1;
    }
    found
}

fn check_table<M: Machine + Debug>(initial: M, all: &[M], end: M) {
    for (index, (state, event, _)) in M::TRANSITIONS.iter().enumerate() {
        let same = M::TRANSITIONS.iter().skip(index + 1).any(|(other, same, _)| other == state && same == event);
        assert!(!same, "{state:?} has two transitions for {event:?}");
    }
    for state in all {
        assert!(reachable(initial).contains(state), "{state:?} cannot be reached");
        assert!(reachable(*state).contains(&end), "{state:?} cannot end well");
    }
}

#[test]
fn every_state_can_be_reached_and_can_still_end_well() {
    check_table(BatchState::Ready, BatchState::ALL, BatchState::Succeeded);
    check_table(StepState::Pending, StepState::ALL, StepState::Succeeded);
}

/// Lets events happen; an illegal one must say so, change nothing, and be in no line of the table.
fn walk<M: Machine + Debug>(initial: M, events: &[M::Event], all: &[M]) -> Result<(), TestCaseError> {
    let mut state = initial;
    for event in events {
        let documented = M::TRANSITIONS.iter().find(|(from, name, _)| *from == state && name == event);
        match state.after(*event) {
            Ok(next) => {
                prop_assert!(documented.is_some_and(|(_, _, to)| *to == next));
                state = next;
            }
            Err(illegal) => {
                prop_assert!(documented.is_none());
                prop_assert_eq!(illegal.state, state.word());
            }
        }
        prop_assert!(all.contains(&state));
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_sequence_leaves_the_documented_states(
        batch in prop::collection::vec(prop::sample::select(&BATCH_EVENTS[..]), 0..40),
        step in prop::collection::vec(prop::sample::select(&STEP_EVENTS[..]), 0..40),
    ) {
        walk(BatchState::Ready, &batch, BatchState::ALL)?;
        walk(StepState::Pending, &step, StepState::ALL)?;
    }
}

#[test]
fn illegal_events_are_named() {
    let error = BatchState::Succeeded.after(BatchEvent::Start).unwrap_err();
    assert_eq!(error.to_string(), "the event `start` may not happen to a batch that is succeeded");
    assert!(StepState::Skipped.after(StepEvent::Start).is_err());
    assert!(StepState::Running.after(StepEvent::Reset).is_err());
}
