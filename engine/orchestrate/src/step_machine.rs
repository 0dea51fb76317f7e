//! The states of a step.

use nightshift_ledger::StepState;

use crate::machine::Machine;

/// What can happen to a step.
///
/// ```text
///                ┌────TryAgain─────┐
///                ▼                 │
///   (new) ──► pending ──Start──► running ──Succeed────► succeeded ──┐
///             ▲  │                 ├───────Fail───────► failed ─────┤
///             │  │                 └───────Interrupt──► interrupted ┤
///             │  └──Skip──► skipped ────────────────────────────────┤
///             └───────────────────────Reset─────────────────────────┘
/// ```
///
/// `Reset` happens only when a run is opened: to what is left when a batch is resumed or retried, to every step when it is
/// run again. `TryAgain` ends an attempt that failed where a retry helps; the attempt stays in the ledger as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEvent {
    /// An attempt starts.
    Start,
    /// The attempt did the step's work.
    Succeed,
    /// The attempt failed and there will be no other in this run.
    Fail,
    /// The attempt failed and there will be another one.
    TryAgain,
    /// The attempt was stopped, or its process died.
    Interrupt,
    /// There will be no attempt in this run.
    Skip,
    /// A new run is to do it.
    Reset,
}

impl Machine for StepState {
    type Event = StepEvent;

    const KIND: &'static str = "step";

    const TRANSITIONS: &'static [(Self, StepEvent, Self)] = &[
        (Self::Pending, StepEvent::Start, Self::Running),
        (Self::Pending, StepEvent::Skip, Self::Skipped),
        (Self::Running, StepEvent::Succeed, Self::Succeeded),
        (Self::Running, StepEvent::Fail, Self::Failed),
        (Self::Running, StepEvent::TryAgain, Self::Pending),
        (Self::Running, StepEvent::Interrupt, Self::Interrupted),
        (Self::Succeeded, StepEvent::Reset, Self::Pending),
        (Self::Failed, StepEvent::Reset, Self::Pending),
        (Self::Skipped, StepEvent::Reset, Self::Pending),
        (Self::Interrupted, StepEvent::Reset, Self::Pending),
    ];

    fn word(self) -> &'static str {
        self.as_str()
    }

    fn event_word(event: StepEvent) -> &'static str {
        match event {
            StepEvent::Start => "start",
            StepEvent::Succeed => "succeed",
            StepEvent::Fail => "fail",
            StepEvent::TryAgain => "try again",
            StepEvent::Interrupt => "interrupt",
            StepEvent::Skip => "skip",
            StepEvent::Reset => "reset",
        }
    }
}
