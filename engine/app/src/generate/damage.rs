//! Rows that break their contract, one in a thousand: what senders really get wrong.

use super::random::{Random, Topic};
use super::source::Source;

/// One mistake in one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Damage {
    /// The column's value is this text instead, as the syntax would write it.
    Value(&'static str, &'static str),
    /// The record has one field too many.
    OneMore,
    /// The record has one field too few.
    OneLess,
    /// The line breaks off in the middle.
    CutOff,
    /// The row stands in the file twice, with the same key.
    #[default]
    Twice,
}

use Damage::{CutOff, OneLess, OneMore, Twice, Value};

/// How many rows in a million are damaged.
pub(super) const PARTS: u32 = 1_000;

const CUSTOMER: [Damage; 8] = [
    Value("name", ""),
    Value("customer_type", "unknown"),
    Value("depot_id", "D03"),
    Value("credit_limit", "五萬"),
    Value("registered_on", "2023-02-29"),
    Value("updated_at", ""),
    OneMore,
    OneLess,
];
const DRIVER: [Damage; 4] = [Value("depot_id", "null"), Value("hired_on", "\"2019-13-01\""), Value("is_active", "\"maybe\""), CutOff];
const SALES_ORDER: [Damage; 11] = [
    Value("quantity", "2瓶"),
    Value("quantity", "0"),
    Value("quantity", "-1"),
    Value("customer_id", ""),
    Value("ordered_at", "2025-02-30 10:15:00"),
    Value("ordered_at", ""),
    Value("unit_price", "8O0.00"),
    Value("status", "shipped"),
    Value("channel", "fax"),
    OneMore,
    OneLess,
];
const DELIVERY: [Damage; 11] = [
    Value("quantity", "two"),
    Value("quantity", "0"),
    Value("driver_id", ""),
    Value("delivered_at", "2025-06-31 09:00:00"),
    Value("delivered_at", "24/11/2025"),
    Value("promised_at", ""),
    Value("amount", "1,2.0.0"),
    Value("status", "lost"),
    Value("rating", "9"),
    OneMore,
    OneLess,
];
const PAYMENT: [Damage; 8] = [
    Value("amount", "\"0.00\""),
    Value("amount", "\"-150.00\""),
    Value("amount", "\"N/A\""),
    Value("customer_id", "null"),
    Value("paid_at", "\"2025-11-31T12:00:00\""),
    Value("method", "\"bitcoin\""),
    CutOff,
    Twice,
];
const CYLINDER_MOVEMENT: [Damage; 5] = [Value("movement", "stolen"), Value("depot_id", ""), Value("moved_at", ""), Value("quantity", ""), Twice];
const INVENTORY_COUNT: [Damage; 6] =
    [Value("full_cylinders", "-4"), Value("full_cylinders", "12.5x"), Value("counted_at", "2025-04-31 21:30:00"), Value("product_id", ""), OneLess, Twice];

/// The mistake in a row, if it has one. `key` names the row and `day` the state of it that is sent.
pub(super) fn of(seed: u64, source: Source, key: u64, day: u64) -> Option<Damage> {
    let table: &[Damage] = match source {
        Source::Customer => &CUSTOMER,
        Source::Driver => &DRIVER,
        Source::SalesOrder => &SALES_ORDER,
        Source::Delivery => &DELIVERY,
        Source::Payment => &PAYMENT,
        Source::CylinderMovement => &CYLINDER_MOVEMENT,
        Source::InventoryCount => &INVENTORY_COUNT,
        // These are kept by hand at headquarters and always in order.
        Source::Product | Source::Depot | Source::Price => return None,
    };
    let mut random = Random::keyed(seed ^ source as u64, Topic::Damage, key, day);
    random.chance(PARTS).then(|| random.pick(table))
}
