//! Business time: which day an instant belongs to, where a day, month or year begins, what a local time means.
//!
//! Instants are UTC; everything a business says ("24 November", "month end", "民國 115 年") follows the project's time zone, the
//! time at which its day starts, its fiscal year and its holidays. The crate knows no project, no table and no clock: whoever
//! asks brings the instant. Start reading at [`Calendar`].

mod bucket;
mod calendar;
mod error;
mod fiscal;
mod grain;
mod local_time;
mod minguo;
#[cfg(test)]
mod zoneinfo;

pub use calendar::Calendar;
pub use error::{Error, LocalTimeProblem, Result};
pub use fiscal::FiscalPeriod;
pub use grain::{Grain, UnknownGrain};
pub use local_time::Ambiguous;
pub use minguo::Minguo;
