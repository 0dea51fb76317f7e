//! How much is ordered on a day and when: seasons, the week, Lunar New Year, hourly peaks.

use super::day::Day;
use super::random::{Random, Topic};

/// The first day of each lunar year, as the Central Weather Administration publishes it. Other years have no such feast.
const LUNAR_NEW_YEARS: [Day; 8] = [
    Day::from_civil(2023, 1, 22),
    Day::from_civil(2024, 2, 10),
    Day::from_civil(2025, 1, 29),
    Day::from_civil(2026, 2, 17),
    Day::from_civil(2027, 2, 6),
    Day::from_civil(2028, 1, 26),
    Day::from_civil(2029, 2, 13),
    Day::from_civil(2030, 2, 3),
];

/// Demand in the middle of each month, in parts per thousand: gas is for winter.
const MONTHS: [i32; 12] = [1270, 1210, 1080, 960, 890, 810, 770, 770, 840, 940, 1090, 1240];

/// Demand from Monday to Sunday, in parts per thousand.
const WEEKDAYS: [i32; 7] = [1080, 990, 970, 1000, 1100, 1130, 730];

/// Demand from ten days before Lunar New Year to eight days after, in parts per thousand: everybody fills up, then closes.
const AROUND_NEW_YEAR: [i32; 19] = [1080, 1120, 1160, 1220, 1290, 1370, 1450, 1540, 1600, 1350, 60, 90, 260, 480, 700, 1150, 1200, 1100, 1050];
const DAYS_BEFORE: i32 = 10;

/// Brings the average of all factors to one over the demonstration's 460 days, two winters and one summer; in parts per
/// thousand.
const LEVEL: i64 = 946;

/// When orders come in, by hour.
pub(super) const ORDER_HOURS: [u32; 24] = [9, 6, 4, 3, 4, 8, 16, 34, 80, 112, 128, 110, 62, 66, 82, 96, 110, 116, 98, 70, 48, 32, 20, 14];
/// When cylinders are delivered, by hour; restaurants and night markets also want them before eight.
pub(super) const DELIVERY_HOURS: [u32; 24] = [7, 5, 4, 4, 8, 14, 22, 32, 62, 88, 124, 126, 60, 48, 58, 76, 112, 122, 108, 62, 32, 18, 10, 8];
/// When money arrives, by hour; transfers are booked at night.
pub(super) const PAYMENT_HOURS: [u32; 24] = [30, 24, 6, 4, 4, 4, 6, 14, 50, 90, 110, 100, 70, 60, 80, 90, 100, 90, 70, 50, 40, 30, 20, 12];

/// How many days the day lies after the nearest Lunar New Year; negative: before it.
fn days_after_new_year(day: Day) -> Option<i32> {
    LUNAR_NEW_YEARS.iter().map(|new_year| day.since(*new_year)).min_by_key(|distance| distance.abs())
}

/// What is shut on a day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Closure {
    /// Nothing.
    Open,
    /// New Year's Day: the office does not count stock.
    Office,
    /// The first day of the lunar year: nobody works, and the systems send files without a byte.
    Everything,
    /// The second day of the lunar year: nobody works, and the systems send files with a header only.
    EverythingButSystems,
}

impl Closure {
    pub(super) fn of(day: Day) -> Self {
        match days_after_new_year(day) {
            Some(0) => Closure::Everything,
            Some(1) => Closure::EverythingButSystems,
            _ if matches!(day.civil(), (_, 1, 1)) => Closure::Office,
            _ => Closure::Open,
        }
    }
}

/// Whether nothing is delivered on a day and no delivery reported. Cheaper than to ask why.
pub(super) fn is_closed(day: Day) -> bool {
    LUNAR_NEW_YEARS.iter().any(|new_year| (0..2).contains(&day.since(*new_year)))
}

/// The day itself, or the first one after it on which cylinders are delivered.
pub(super) fn open_from(mut day: Day) -> Day {
    while is_closed(day) {
        day = day.plus(1);
    }
    day
}

/// The day itself, or the last one before it on which cylinders are delivered.
pub(super) fn open_until(mut day: Day) -> Day {
    while is_closed(day) {
        day = day.plus(-1);
    }
    day
}

/// How many orders come in on a day, when `average` millionths of an order do on an average one.
pub(super) fn orders(seed: u64, first_day: Day, day: Day, average: i64) -> u32 {
    let mut random = Random::keyed(seed, Topic::Demand, day.key(), 0);
    let around = days_after_new_year(day)
        .and_then(|distance| usize::try_from(distance + DAYS_BEFORE).ok())
        .and_then(|position| AROUND_NEW_YEAR.get(position))
        .map_or(1000, |permille| i64::from(*permille));
    let weekday = i64::from(WEEKDAYS.get(day.weekday()).copied().unwrap_or(1000));
    let holiday = if Closure::of(day) == Closure::Office { 550 } else { 1000 };
    // The company grows by 4 % a year.
    let growth = 1000 + i64::from(day.since(first_day)) * 40 / 365;
    let noise = i64::from(random.between(950, 1050));
    let factors = [LEVEL, month_demand(day), weekday, around, holiday, growth, noise];
    let scaled = factors.iter().fold(average, |value, factor| value * factor / 1000);
    // A random rounding, so that a handful of orders a day is not always rounded down.
    u32::try_from((scaled + i64::from(random.below(1_000_000))) / 1_000_000).unwrap_or(u32::MAX)
}

/// The season on a day in parts per thousand, in a straight line from one month's middle to the next.
fn month_demand(day: Day) -> i64 {
    let (_, month, date) = day.civil();
    let (from, offset) = if date >= 15 { (month - 1, date - 15) } else { ((month + 10) % 12, date + 15) };
    let at = |month: u32| i64::from(MONTHS.get(month as usize % 12).copied().unwrap_or(1000));
    at(from) + (at(from + 1) - at(from)) * i64::from(offset.min(30)) / 30
}

/// The second of the day below which `part` of 2^32 of the profile lies; ascends with `part`.
pub(super) fn second_at(hours: &[u32; 24], part: u32) -> u32 {
    let total: u32 = hours.iter().sum();
    let mut position = u64::from(part) * u64::from(total);
    for (hour, weight) in hours.iter().enumerate() {
        let width = u64::from(*weight) << 32;
        if position < width {
            let within = (position / u64::from(*weight) * 3600) >> 32;
            return hour as u32 * 3600 + within as u32;
        }
        position -= width;
    }
    86_399
}
