//! The states of a batch.

use nightshift_ledger::BatchState;

use crate::machine::Machine;

/// What can happen to a batch.
///
/// ```text
///   (new) ──► ready ──Start──► running ──Succeed────► succeeded
///             ▲ │                │ │                      │
///             │ │                │ └──────Fail──────► failed
///             │ │                │                     │  │
///             │ │                └───Interrupt──┐      │  │
///             │ │                               ▼      │  │
///             │ └──────────Interrupt──────► interrupted│  │
///             │                                 │      │  │
///             ├─────────────Resume──────────────┘      │  │
///             ├─────────────Retry──────────────────────┘  │
///             └─────────────Rerun─────────────────────────┘
/// ```
///
/// A process that died leaves `ready` or `running`; who takes over its lock first says `Interrupt`. `Rerun` opens a new run
/// of the same batch with pins of its own, `Resume` and `Retry` go on with the pins that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchEvent {
    /// The first step is about to start.
    Start,
    /// Every step ended well.
    Succeed,
    /// A step failed and all that did not depend on it is done.
    Fail,
    /// It was stopped, or its process died.
    Interrupt,
    /// What is left of an interrupted batch is to be done.
    Resume,
    /// What failed is to be done again.
    Retry,
    /// All is to be done again.
    Rerun,
}

impl Machine for BatchState {
    type Event = BatchEvent;

    const KIND: &'static str = "batch";

    const TRANSITIONS: &'static [(Self, BatchEvent, Self)] = &[
        (Self::Ready, BatchEvent::Start, Self::Running),
        (Self::Ready, BatchEvent::Interrupt, Self::Interrupted),
        (Self::Running, BatchEvent::Succeed, Self::Succeeded),
        (Self::Running, BatchEvent::Fail, Self::Failed),
        (Self::Running, BatchEvent::Interrupt, Self::Interrupted),
        (Self::Interrupted, BatchEvent::Resume, Self::Ready),
        (Self::Failed, BatchEvent::Retry, Self::Ready),
        (Self::Succeeded, BatchEvent::Rerun, Self::Ready),
    ];

    fn word(self) -> &'static str {
        self.as_str()
    }

    fn event_word(event: BatchEvent) -> &'static str {
        match event {
            BatchEvent::Start => "start",
            BatchEvent::Succeed => "succeed",
            BatchEvent::Fail => "fail",
            BatchEvent::Interrupt => "interrupt",
            BatchEvent::Resume => "resume",
            BatchEvent::Retry => "retry",
            BatchEvent::Rerun => "rerun",
        }
    }
}
