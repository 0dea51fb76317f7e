//! Which terms are a function of the bucket: `date_trunc('day', delivered_at)::date` is the day, and so on.

use nightshift_calendar::Grain;

use crate::resolve::{Occurrence, Term};

/// Where a rollup's time comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeColumn {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// Which days the buckets of a rollup are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Those of the calendar: `date_trunc('day', time)`.
    Calendar,
    /// Business dates, which begin at the project's `day_starts_at`: `business_date(time)`.
    Business,
}

/// How time is divided into buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucketing {
    /// How long a bucket is.
    pub grain: Grain,
    /// Which days it is made of; an hour belongs to those of the calendar.
    pub days: Days,
}

impl Bucketing {
    /// True if each of these buckets lies in one of `coarser`.
    pub fn is_within(self, coarser: Self) -> bool {
        self.days == coarser.days && self.grain <= coarser.grain
    }
}

/// What a term says about the time of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSymbol {
    /// The time itself.
    Time(Occurrence),
    /// The bucket of the time, in the project's zone.
    Bucket(Occurrence, Bucketing),
}

impl TimeSymbol {
    /// The scan that the time comes from.
    pub fn occurrence(self) -> Occurrence {
        match self {
            Self::Time(of) | Self::Bucket(of, _) => of,
        }
    }

    /// True if two rows with the same value always lie in the same bucket.
    pub fn is_within(self, buckets: Bucketing) -> bool {
        match self {
            Self::Time(_) => true,
            Self::Bucket(_, own) => own.is_within(buckets),
        }
    }

    /// True if two rows of one of the buckets always have the same value.
    pub fn is_around(self, buckets: Bucketing) -> bool {
        matches!(self, Self::Bucket(_, own) if buckets.is_within(own))
    }
}

/// Reads a term as time or bucket; `None` for everything else.
pub fn time_symbol(term: &Term, time: &TimeColumn) -> Option<TimeSymbol> {
    match term {
        Term::Column { of, table, name } => (*table == time.table && *name == time.column).then_some(TimeSymbol::Time(*of)),
        Term::Call { name, arguments } => call_symbol(name, arguments, time),
        Term::Union { parts, .. } => union_symbol(parts, time),
        _ => None,
    }
}

fn call_symbol(name: &str, arguments: &[Term], time: &TimeColumn) -> Option<TimeSymbol> {
    match (name, arguments) {
        ("date_trunc" | "bucket_date", [Term::Literal(unit), inner]) => cut(time_symbol(inner, time)?, unit_grain(unit)?),
        ("business_date", [inner]) => match time_symbol(inner, time)? {
            TimeSymbol::Time(of) => Some(TimeSymbol::Bucket(of, Bucketing { grain: Grain::Day, days: Days::Business })),
            TimeSymbol::Bucket(..) => None,
        },
        ("cast Date32", [inner]) => match time_symbol(inner, time)? {
            TimeSymbol::Bucket(of, bucket) if bucket.grain > Grain::Day => Some(TimeSymbol::Bucket(of, bucket)),
            symbol => cut(symbol, Grain::Day),
        },
        _ => None,
    }
}

/// Cuts a time, or a bucket that is as fine or finer, to a grain.
fn cut(symbol: TimeSymbol, grain: Grain) -> Option<TimeSymbol> {
    let days = match symbol {
        TimeSymbol::Time(_) => Days::Calendar,
        TimeSymbol::Bucket(_, bucket) => bucket.days,
    };
    let bucket = Bucketing { grain, days };
    symbol.is_within(bucket).then_some(TimeSymbol::Bucket(symbol.occurrence(), bucket))
}

/// A column of a UNION is a bucket if it is one of the same grain in every part; the first part's scan stands for all.
fn union_symbol(parts: &[Term], time: &TimeColumn) -> Option<TimeSymbol> {
    let symbols: Option<Vec<TimeSymbol>> = parts.iter().map(|part| time_symbol(part, time)).collect();
    let symbols = symbols?;
    let first = *symbols.first()?;
    let same = |symbol: &TimeSymbol| match (first, symbol) {
        (TimeSymbol::Time(_), TimeSymbol::Time(_)) => true,
        (TimeSymbol::Bucket(_, a), TimeSymbol::Bucket(_, b)) => a == *b,
        _ => false,
    };
    symbols.iter().all(same).then_some(first)
}

fn unit_grain(literal: &str) -> Option<Grain> {
    let unit = literal.trim_matches('"').to_ascii_lowercase();
    Grain::ALL.into_iter().find(|grain| grain.as_str() == unit)
}
