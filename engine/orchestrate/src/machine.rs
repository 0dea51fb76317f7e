//! What a state machine is: one table.

use std::fmt;

/// An event that may not follow on a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event `{event}` may not happen to a {kind} that is {state}")]
pub struct IllegalTransition {
    /// What has the state: "batch" or "step".
    pub kind: &'static str,
    /// The state it is in.
    pub state: &'static str,
    /// The event.
    pub event: &'static str,
}

/// A state machine given by the table of its legal transitions.
pub trait Machine: Copy + PartialEq + 'static {
    /// What can happen.
    type Event: Copy + PartialEq + fmt::Debug + 'static;

    /// What has the state, for messages.
    const KIND: &'static str;

    /// Every legal transition: state, event, next state. What is not in it is illegal.
    const TRANSITIONS: &'static [(Self, Self::Event, Self)];

    /// The state's word.
    fn word(self) -> &'static str;

    /// The event's word.
    fn event_word(event: Self::Event) -> &'static str;

    /// The state after an event.
    ///
    /// # Errors
    /// If the event may not follow on this state.
    fn after(self, event: Self::Event) -> Result<Self, IllegalTransition> {
        Self::TRANSITIONS.iter().find(|(state, expected, _)| *state == self && *expected == event).map(|(_, _, next)| *next).ok_or_else(|| IllegalTransition {
            kind: Self::KIND,
            state: self.word(),
            event: Self::event_word(event),
        })
    }
}
