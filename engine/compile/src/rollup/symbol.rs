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

/// What a term says about the time of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSymbol {
    /// The time itself.
    Time(Occurrence),
    /// The time cut to a grain, in the project's zone.
    Bucket(Occurrence, Grain),
}

impl TimeSymbol {
    /// The scan that the time comes from.
    pub fn occurrence(self) -> Occurrence {
        match self {
            Self::Time(of) | Self::Bucket(of, _) => of,
        }
    }

    /// True if two rows with the same value always lie in the same bucket of `grain`.
    pub fn is_within(self, grain: Grain) -> bool {
        match self {
            Self::Time(_) => true,
            Self::Bucket(_, own) => own <= grain,
        }
    }
}

/// Reads a term as time or bucket; `None` for everything else.
pub fn time_symbol(term: &Term, time: &TimeColumn) -> Option<TimeSymbol> {
    match term {
        Term::Column { of, table, name } => {
            (*table == time.table && *name == time.column).then_some(TimeSymbol::Time(*of))
        }
        Term::Call { name, arguments } => call_symbol(name, arguments, time),
        Term::Union(parts) => union_symbol(parts, time),
        _ => None,
    }
}

fn call_symbol(name: &str, arguments: &[Term], time: &TimeColumn) -> Option<TimeSymbol> {
    match (name, arguments) {
        ("date_trunc" | "bucket_date", [Term::Literal(unit), inner]) => cut(time_symbol(inner, time)?, unit_grain(unit)?),
        ("cast Date32", [inner]) => match time_symbol(inner, time)? {
            TimeSymbol::Bucket(of, grain) if grain > Grain::Day => Some(TimeSymbol::Bucket(of, grain)),
            symbol => cut(symbol, Grain::Day),
        },
        _ => None,
    }
}

/// Cuts a time, or a bucket that is as fine or finer, to a grain.
fn cut(symbol: TimeSymbol, grain: Grain) -> Option<TimeSymbol> {
    symbol.is_within(grain).then_some(TimeSymbol::Bucket(symbol.occurrence(), grain))
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
