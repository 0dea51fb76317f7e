//! What may happen to the sources, and to the definitions, between two refreshes.

use proptest::prelude::*;

/// One commit to one source.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A file with new sales.
    Sales(Vec<Sale>),
    /// A file of sales is written anew: rows go, rows are another, and most are merely carried along.
    RewriteSales { file: usize, drop: Vec<usize>, alter: Vec<(usize, Sale)> },
    /// Rows of any files go, are another or come, and their files are written anew as one.
    MergeSales { drop: Vec<usize>, alter: Vec<(usize, Sale)>, new: Vec<Sale> },
    /// As rewriting one file, but it stays: the rows leave it, and those that are another come in a file of their own.
    MarkSales { file: usize, drop: Vec<usize>, alter: Vec<(usize, Sale)> },
    /// A file of sales goes with all its rows.
    DropSales { file: usize },
    /// A shop opens, or moves to another region.
    Shop { shop: i64, region: &'static str },
    /// Shops open or move in one commit.
    Shops(Vec<(i64, &'static str)>),
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
    /// A rollup has another definition from now on, or its first one again.
    Redefine { rollup: usize },
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
    /// Eighths.
    pub(crate) weight: Option<f64>,
    /// What goes to the buyer's account, in ten thousandths. Odd buyers have it taken from them: so no sum of a buyer fits that has a part which
    /// does not.
    pub(crate) worth: Option<i128>,
    /// As [`Self::worth`], in whole numbers.
    pub(crate) points: Option<i64>,
}

impl Sale {
    /// One that a test changes where it matters.
    pub(crate) const PLAIN: Self =
        Self { shop: Some(1), buyer: 1, hour: Some(5), due_in: 3, status: "done", quantity: 4, amount: Some(990), weight: None, worth: None, points: None };

    /// The sign of what goes to the buyer's account.
    pub(crate) const fn sign(&self) -> i64 {
        if self.buyer % 2 == 0 { 1 } else { -1 }
    }
}

pub(crate) fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => prop::collection::vec(sale(), 1..20).prop_map(Change::Sales),
        6 => (0_usize..8, prop::collection::vec(0_usize..12, 0..3), prop::collection::vec((0_usize..12, sale()), 0..4))
            .prop_map(|(file, drop, alter)| Change::RewriteSales { file, drop, alter }),
        4 => (prop::collection::vec(0_usize..40, 0..3), prop::collection::vec((0_usize..40, sale()), 0..4), prop::collection::vec(sale(), 0..4))
            .prop_map(|(drop, alter, new)| Change::MergeSales { drop, alter, new }),
        4 => (0_usize..8, prop::collection::vec(0_usize..12, 0..3), prop::collection::vec((0_usize..12, sale()), 0..4))
            .prop_map(|(file, drop, alter)| Change::MarkSales { file, drop, alter }),
        1 => (0_usize..8).prop_map(|file| Change::DropSales { file }),
        4 => shop().prop_map(|(shop, region)| Change::Shop { shop, region }),
        3 => prop::collection::vec(shop(), 1..5).prop_map(Change::Shops),
        1 => (1_i64..4).prop_map(|shop| Change::CloseShop { shop }),
        2 => prop::collection::vec((1_i64..40, 1_i64..90_000), 1..5).prop_map(Change::Receipts),
        1 => Just(Change::DropReceipts),
        6 => (0_usize..3).prop_map(|from| Change::RearrangeSales { from }),
        2 => Just(Change::Vacuum),
        1 => Just(Change::Forget),
        1 => any::<usize>().prop_map(|rollup| Change::Redefine { rollup }),
    ]
}

fn shop() -> impl Strategy<Value = (i64, &'static str)> {
    (1_i64..4, prop_oneof![Just("north"), Just("south"), Just("east")])
}

fn sale() -> impl Strategy<Value = Sale> {
    // Two years, with most sales in a few days, so that buckets are shared and also lie far apart.
    let hour = prop_oneof![8 => (0_i64..96).prop_map(Some), 2 => (0_i64..17_000).prop_map(Some), 1 => Just(None)];
    // One that is so great that a small one beside it is rounded away, and stays away if the great one is subtracted again; and what is no number.
    let weight = prop_oneof![
        24 => (0_i32..40).prop_map(f64::from),
        8 => Just(1e17),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ];
    let status = prop_oneof![8 => Just("done"), 2 => Just("void"), 1 => Just("gone")];
    // Two of the greatest of a kind fit together, three do not.
    let (great_worth, great_points) = (4 * 10_i128.pow(37), 4 * 10_i64.pow(18));
    let worth = prop_oneof![4 => 0_i128..1_000_000, 2 => 0_i128..great_worth / 1_000, 1 => great_worth..great_worth + 4];
    let points = prop_oneof![6 => 0_i64..1_000, 1 => great_points..great_points + 4];
    let exact = (-20_i32..20, prop::option::weighted(0.7, -5_000_i64..90_000), prop::option::weighted(0.7, worth), prop::option::weighted(0.7, points));
    (prop::option::weighted(0.9, 1_i64..4), 1_i64..5, hour, 0_i64..70, status, exact, prop::option::of(weight)).prop_map(
        |(shop, buyer, hour, due_in, status, (quantity, amount, worth, points), weight)| Sale {
            shop,
            buyer,
            hour,
            due_in,
            status,
            quantity,
            amount,
            weight,
            worth,
            points,
        },
    )
}
