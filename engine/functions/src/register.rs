//! Adds the functions to a session that is being built.

use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use nightshift_calendar::Calendar;

use crate::collapse::CollapseBucketDate;
use crate::zone_offsets::ZoneOffsets;
use crate::zoned_casts::ZonedCasts;
use crate::{bucket_date, business, checked_sum, date_trunc, extremes, period_text, row_hash, spread, tax_id, wall_clock};

/// Registers every function for a project's calendar. Call it after `with_default_features`, because some functions take the place
/// of DataFusion's own of the same name.
pub fn register(mut builder: SessionStateBuilder, calendar: &Arc<Calendar>) -> SessionStateBuilder {
    let offsets = ZoneOffsets::of(calendar.zone);
    let bucket_date = Arc::new(bucket_date::bucket_date(&offsets));
    let mut scalar = vec![
        Arc::new(date_trunc::date_trunc(&offsets)),
        Arc::clone(&bucket_date),
        Arc::new(wall_clock::local_to_instant(&offsets)),
        Arc::new(wall_clock::instant_to_local(&offsets)),
        Arc::new(row_hash::row_hash()),
        Arc::new(period_text::period_text()),
        Arc::new(tax_id::is_tax_id()),
    ];
    scalar.extend(business::functions(calendar, &offsets).into_iter().map(Arc::new));
    builder.scalar_functions().get_or_insert_default().extend(scalar);
    let aggregates = [checked_sum::checked_sum()].into_iter().chain(extremes::extremes()).chain(spread::spreads());
    builder.aggregate_functions().get_or_insert_default().extend(aggregates.map(Arc::new));
    builder.with_analyzer_rule(Arc::new(CollapseBucketDate::new(Arc::clone(&bucket_date)))).with_analyzer_rule(Arc::new(ZonedCasts::new(&offsets, bucket_date)))
}
