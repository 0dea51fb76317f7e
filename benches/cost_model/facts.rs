//! Facts that follow from their number, so that any of them can be made again.

use std::sync::Arc;

use arrow::array::{Decimal128Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, SchemaRef};

/// So many days have facts.
pub(crate) const DAYS: u64 = 64;
/// So many facts a day.
pub(crate) const A_DAY: u64 = 12_000;
/// The first day, 2024-06-01 in Taipei, in microseconds since 1970.
const FIRST: i64 = 1_717_171_200_000_000;
const DAY: u64 = 86_400_000_000;

/// A number that looks random (Steele, Lea and Flood 2014: SplitMix64).
pub(crate) fn random(seed: u64, salt: u64) -> u64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt.wrapping_mul(0xd1b5_4a32_d192_ed03));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Facts by the day on which they lie and their numbers.
pub(crate) fn batch(schema: &SchemaRef, seed: u64, groups: u64, facts: impl Iterator<Item = (u64, u64)>) -> RecordBatch {
    let (mut numbers, mut keys, mut times, mut amounts) = (vec![], vec![], vec![], vec![]);
    for (day, number) in facts {
        numbers.push(number as i64);
        keys.push((random(seed, number * 3) % groups) as i64);
        times.push(FIRST + (day * DAY + random(seed, number * 3 + 1) % DAY) as i64);
        amounts.push(i128::from(random(seed, number * 3 + 2) % 1_000_000));
    }
    let zone = match schema.field_with_name("sold_at").unwrap().data_type() {
        DataType::Timestamp(_, Some(zone)) => Arc::clone(zone),
        other => panic!("{other}"),
    };
    let amounts = Decimal128Array::from(amounts).with_precision_and_scale(12, 2).unwrap();
    let times = TimestampMicrosecondArray::from(times).with_timezone(zone);
    RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(Int64Array::from(numbers)), Arc::new(Int64Array::from(keys)), Arc::new(times), Arc::new(amounts)])
        .unwrap()
}
