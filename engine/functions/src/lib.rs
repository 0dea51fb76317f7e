//! The functions that SQL files may use beyond DataFusion's own, and faster or stricter forms of some of those.
//!
//! - Calendar: `business_date`, `is_business_day`, `fiscal_period`, `minguo_date`; a fast zoned `date_trunc`.
//! - Taiwan: `is_tax_id` (統一編號).
//! - `sum` that reports an overflow instead of wrapping; `min` and `max` that do not depend on where NaN stands; `stddev` and `var` that are 0 where all values are
//!   equal, in whatever parts they are looked at.
//! - For the engine itself: `bucket_date` (what `date_trunc(…)::date` becomes), `local_to_instant` and `instant_to_local` (what casts
//!   become), `row_hash` (multiset fingerprints), `within_spans` (facts of some buckets), `one_of` (rows with some keys;
//!   [`Among`] makes conditions with it), `period_text` (partition values), `decimal_average` (averages from their states) and
//!   `joined_sum` (a sum and what changes it); [`Partial`] makes those that keep the states of any aggregate.
//!
//! The crate knows DataFusion and the calendar, no tables. Start reading at [`register`].

mod among;
mod bucket_date;
mod business;
mod checked_sum;
mod civil;
mod collapse;
mod date_trunc;
mod decimal_average;
mod extremes;
mod joined_sum;
mod named_expressions;
mod one_of;
mod partial;
mod period_text;
mod register;
mod row_hash;
mod spread;
mod tax_id;
#[cfg(test)]
mod tests;
mod wall_clock;
mod within_spans;
mod zone_offsets;
mod zoned_casts;

pub use among::Among;
pub use checked_sum::sum_overflows;
pub use decimal_average::decimal_average;
pub use joined_sum::joined_sum;
pub use one_of::ONE_OF;
pub use partial::Partial;
pub use period_text::period_text;
pub use register::register;
pub use row_hash::row_hash;
pub use within_spans::within_spans;
