//! A rollup from one set of source versions to the next.
//!
//! [`refresh()`] decides first, as a value ([`Decision`]), then carries it out: it computes the rows of the touched buckets, stages
//! them, and makes one commit that also says which source versions the table now stands for. The crate is handed a session in which
//! the pinned tables are registered ([`tables::register`]); it never builds one. Start reading at [`refresh()`], then [`decide`].

mod affected;
pub mod backfill;
pub mod buckets;
mod by_change;
mod by_facts;
mod changed;
mod columns;
mod cost;
pub mod decide;
mod delta;
mod difference;
mod distinct;
mod error;
mod groups;
mod interval;
pub mod layout;
mod merge;
mod rates;
mod refresh;
mod regroup;
mod replaced;
mod rows;
mod spans;
pub mod stamps;
mod states;
pub mod tables;
mod technique;
mod touched;
mod units;
pub mod verify;
mod work;

pub use columns::ColumnChanges;
pub use cost::{History, NoHistory, Observation, Prediction, Work};
pub use decide::{Cost, Decision, FullReason, Rejected, Rejection};
pub use difference::Differences;
pub use error::{Error, Result};
pub use interval::{Interval, NoInterval};
pub use refresh::{Choice, Outcome, Request, preview, refresh, table_name};
pub use spans::CUT_FROM;
pub use states::{merged, value_of};
pub use technique::{Kind, Technique};
pub use touched::cut_expression;
