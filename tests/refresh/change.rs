//! What may happen to the sources between two refreshes.

use proptest::prelude::*;

/// One commit to one source.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A file with new sales.
    Sales(Vec<Sale>),
    /// A file of sales is written anew: rows go, rows are another, and most are merely carried along.
    RewriteSales { file: usize, drop: Vec<usize>, alter: Vec<(usize, Sale)> },
    /// The same, but the file stays: the rows leave it, and those that are another come in a file of their own.
    MarkSales { file: usize, drop: Vec<usize>, alter: Vec<(usize, Sale)> },
    /// A file of sales goes with all its rows.
    DropSales { file: usize },
    /// A shop opens, or moves to another region.
    Shop { shop: i64, region: &'static str },
    /// A shop is closed.
    CloseShop { shop: i64 },
    /// Receipts for sales that may be long ago.
    Receipts(Vec<(i64, i64)>),
    /// The newest file of receipts goes.
    DropReceipts,
    /// The rows of some files of sales are put into one, and nothing else happens.
    RearrangeSales { from: usize },
    /// Files go that no version has which somebody may still read.
    Vacuum,
    /// Another process goes on, which knows only what the lake says.
    Forget,
}

/// What happens until the rollups are refreshed.
#[derive(Debug, Clone)]
pub(crate) struct Night {
    /// Whether commits tell which rows they change, as a load does that rewrites a few rows of a file.
    pub(crate) tells: bool,
    /// Rollups that are left out this time, a bit each.
    pub(crate) left_out: u32,
    pub(crate) changes: Vec<Change>,
}

pub(crate) fn nights() -> impl Strategy<Value = Vec<Night>> {
    let left_out = prop_oneof![2 => Just(0_u32), 1 => any::<u32>()];
    let night = (any::<bool>(), left_out, prop::collection::vec(change(), 0..4)).prop_map(|(tells, left_out, changes)| Night { tells, left_out, changes });
    prop::collection::vec(night, 2..5)
}

/// A sale, its number aside.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    pub(crate) shop: Option<i64>,
    pub(crate) buyer: i64,
    /// Hours after the beginning of time; none where nobody wrote it down.
    pub(crate) hour: Option<i64>,
    pub(crate) due_in: i64,
    pub(crate) status: &'static str,
    pub(crate) quantity: i32,
    /// Hundredths.
    pub(crate) amount: Option<i64>,
    pub(crate) weight: Option<f64>,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        5 => prop::collection::vec(sale(), 1..12).prop_map(Change::Sales),
        6 => (0_usize..8, prop::collection::vec(0_usize..12, 0..3), prop::collection::vec((0_usize..12, sale()), 0..4))
            .prop_map(|(file, drop, alter)| Change::RewriteSales { file, drop, alter }),
        4 => (0_usize..8, prop::collection::vec(0_usize..12, 0..3), prop::collection::vec((0_usize..12, sale()), 0..4))
            .prop_map(|(file, drop, alter)| Change::MarkSales { file, drop, alter }),
        1 => (0_usize..8).prop_map(|file| Change::DropSales { file }),
        2 => (1_i64..6, prop_oneof![Just("north"), Just("south"), Just("east")]).prop_map(|(shop, region)| Change::Shop { shop, region }),
        1 => (1_i64..6).prop_map(|shop| Change::CloseShop { shop }),
        2 => prop::collection::vec((1_i64..40, 1_i64..90_000), 1..5).prop_map(Change::Receipts),
        1 => Just(Change::DropReceipts),
        2 => (0_usize..4).prop_map(|from| Change::RearrangeSales { from }),
        2 => Just(Change::Vacuum),
        1 => Just(Change::Forget),
    ]
}

fn sale() -> impl Strategy<Value = Sale> {
    // Two years, with most sales in a few days, so that buckets are shared and also lie far apart.
    let hour = prop_oneof![8 => (0_i64..96).prop_map(Some), 2 => (0_i64..17_000).prop_map(Some), 1 => Just(None)];
    // One that is so great that a small one beside it is rounded away, and stays away if the great one is subtracted again.
    let weight = prop_oneof![3 => (0_i32..40).prop_map(f64::from), 1 => Just(1e16)];
    let status = prop_oneof![8 => Just("done"), 2 => Just("void"), 1 => Just("gone")];
    (
        prop::option::weighted(0.9, 1_i64..6),
        1_i64..5,
        hour,
        0_i64..70,
        status,
        -20_i32..20,
        prop::option::weighted(0.7, -5_000_i64..90_000),
        prop::option::of(weight),
    )
        .prop_map(|(shop, buyer, hour, due_in, status, quantity, amount, weight)| Sale { shop, buyer, hour, due_in, status, quantity, amount, weight })
}
