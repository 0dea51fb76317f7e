//! Batches from their start to their end: which states there are and what may follow on what, the order of the steps, what
//! a run of a batch has to do, and doing it with several steps at a time through the [`StepRunner`] trait.
//!
//! It knows the ledger, in which every decision is written down before it takes effect, and nothing of tables, SQL or Arrow:
//! what a step does is the runner's business. Decisions are values, made by pure functions ([`admit`], [`plan`], the
//! schedule) and carried out elsewhere. Start reading at [`begin`], then the two state machines.

mod admit;
mod batch_machine;
mod clock;
mod error;
mod execute;
mod machine;
mod observe;
mod order;
mod plan;
mod runner;
mod schedule;
mod session;
mod step_machine;
mod summary;
#[cfg(test)]
mod tests;

pub use admit::{Admission, Intent, Refusal, admit};
pub use batch_machine::BatchEvent;
pub use clock::{Clock, SystemClock};
pub use error::{Error, Result};
pub use execute::Options;
pub use machine::{IllegalTransition, Machine};
pub use nightshift_ledger::{BatchState, StepKind, StepState};
pub use observe::{Advance, Observer, Progress, Silent};
pub use order::{OrderError, order};
pub use plan::{RunPlan, StepAction, StepPlan, plan};
pub use runner::{StepContext, StepFailure, StepOutcome, StepRunner, StepSpec};
pub use session::{Displaced, Request, Session, begin, preview};
pub use step_machine::StepEvent;
pub use summary::{RunSummary, StepReport};
