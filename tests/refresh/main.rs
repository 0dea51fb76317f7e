//! Rollups after random changes of their sources: whatever happened, and in however many steps, a rollup holds what its SELECT
//! gives over the sources as they stand.
//!
//! The answer to compare with is what DuckDB gives over rows that the tests themselves keep, and not those of the lake. Only what is
//! approximate is compared with the SELECT itself, run over the whole sources by DataFusion.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod aggregates;
mod change;
mod fingerprints;
mod history;
mod mutations;
mod oracle;
mod rows;
mod shops;

use std::collections::BTreeSet;
use std::ops::Range;

use change::{Change, Sale};
use history::Histories;
use shops::Shops;

/// Attempts to make a history that goes wrong smaller.
const ATTEMPTS: u32 = 200;

/// Runs the histories of the seeds; `NIGHTSHIFT_HISTORY=<seed>` runs that one instead. What they have to reach they have to: a technique that no
/// history takes would not have been tested.
fn rollups_are_their_selects(seeds: Range<u64>) {
    let one = std::env::var("NIGHTSHIFT_HISTORY").ok().map(|seed| seed.parse::<u64>().expect("NIGHTSHIFT_HISTORY is a number"));
    let histories = Histories::new();
    if let Some((seed, wrong)) = histories.first_wrong(one.map_or(seeds, |seed| seed..seed + 1), ATTEMPTS) {
        panic!("NIGHTSHIFT_HISTORY={seed} {wrong}");
    }
    let seen = histories.seen.into_inner().unwrap();
    let missed: Vec<&str> = REACHED.into_iter().filter(|technique| !seen.contains(*technique)).collect();
    assert!(one.is_some() || missed.is_empty(), "{missed:?} were not seen, only {seen:?}");
}

/// What 50 histories reach.
const REACHED: [&str; 29] = [
    "balance: merge onward",
    "balance: onward",
    "by_day fed",
    "by_day: merge",
    "by_month fed",
    "by_month: merge onward",
    "by_hour: full",
    "by_hour: merge",
    "by_hour: nothing",
    "by_known_region: rebuild",
    "by_region: merge",
    "by_region: rebuild",
    "bits: merge",
    "by_year fed",
    "days_of_month: merge",
    "huge: merge",
    "middles: rebuild",
    "moving: merge onward",
    "owed: merge",
    "owed: rebuild",
    "ranked: full",
    "signed: merge",
    "sketches: merge",
    "sketches_of_year fed",
    "spread: merge",
    "spread_of_year fed",
    "unpaid: merge",
    "variations: merge",
    "weights: merge",
];

macro_rules! histories {
    ($($(#[$attribute:meta])* $name:ident: $seeds:expr),+ $(,)?) => {
        $(
            $(#[$attribute])*
            #[test]
            fn $name() {
                rollups_are_their_selects($seeds);
            }
        )+
    };
}

histories! {
    histories_0_to_50: 0..50,
    histories_50_to_100: 50..100,
    histories_100_to_150: 100..150,
    histories_150_to_200: 150..200,
    #[ignore = "takes long; tests/nightly.sh runs it"] histories_200_to_900: 200..900,
    #[ignore = "takes long; tests/nightly.sh runs it"] histories_900_to_1_600: 900..1_600,
    #[ignore = "takes long; tests/nightly.sh runs it"] histories_1_600_to_2_200: 1_600..2_200,
}

/// A change that could be merged may also be followed by computing more anew than it needs.
#[test]
fn techniques_may_take_turns() {
    let histories = Histories::of_all_techniques();
    if let Some((seed, wrong)) = histories.first_wrong(0..20, ATTEMPTS) {
        panic!("history {seed} {wrong}");
    }
    let seen = histories.seen.into_inner().unwrap();
    for technique in [": full", ": rebuild", ": rebuild groups", ": onward", ": merge"] {
        assert!(seen.iter().any(|seen| seen.ends_with(technique)), "{technique} was not seen, only {seen:?}");
    }
}

/// The rollups of the histories are those of the project, and each variant is one of what stands there.
#[test]
fn histories_have_every_rollup() {
    let project = shops::project();
    let rollups: BTreeSet<&str> = history::FAMILIES.concat().into_iter().collect();
    assert_eq!(rollups, project.keys().map(String::as_str).collect());
    for (rollup, from, _) in history::VARIANTS {
        assert!(project[rollup].contains(from), "{rollup} says {from}");
    }
}

/// Where the facts are read twice, it is one of them whose buckets a coarser rollup is made of.
#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_of_one_scan_says_nothing_of_another() {
    let text = |grain: &str, side: &str| {
        format!(
            "/* rollup\ntitle: Sales and those that came before them\ntime: sold_at\n*/\n\
             SELECT date_trunc('{grain}', {side}.sold_at)::date AS {grain}, count(*) AS sales, avg(a.quantity) AS pieces\n\
             FROM sale a JOIN sale b ON b.sale_id = a.buyer_id GROUP BY 1\n"
        )
    };
    let mut shops = Shops::of(&[]).await;
    shops
        .add(&[
            ("sql/rollups/daily/of_days.sql", text("day", "a")),
            ("sql/rollups/monthly/of_months.sql", text("month", "a")),
            ("sql/rollups/monthly/of_other_months.sql", text("month", "b")),
        ])
        .await;
    assert_eq!(shops.why_not_fed("of_months", "of_days"), None);
    assert_eq!(shops.why_not_fed("of_other_months", "of_days").unwrap(), "`of_days` has no key for `month`");
}

/// A file that is written anew with the same rows, or with rows that are another only where a rollup does not look, is no change.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_carried_along_are_no_change() {
    let sale = Sale::PLAIN;
    let mut shops = Shops::open().await;
    shops.apply(&Change::Sales(vec![sale.clone(), Sale { hour: Some(6), ..sale.clone() }])).await;
    shops.refresh().await;

    shops.apply(&Change::RewriteSales { file: 0, drop: vec![], alter: vec![] }).await;
    let seen = shops.refresh().await;
    assert!(seen.contains(&"by_hour: restamp".to_owned()) && seen.contains(&"balance: restamp".to_owned()), "{seen:?}");

    shops.apply(&Change::RewriteSales { file: 0, drop: vec![], alter: vec![(1, Sale { hour: Some(6), weight: Some(7.0), ..sale })] }).await;
    let seen = shops.refresh().await;
    assert!(seen.contains(&"balance: restamp".to_owned()) && seen.contains(&"by_region: rebuild".to_owned()), "{seen:?}");
    assert_eq!(shops.difference().await, None);
}

/// What a merge cannot take back is computed anew: a sum without values is NULL again, an extreme gives way to the next one, and a
/// double that was rounded away comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_takes_back_what_goes() {
    let sale = |hour, amount, weight| Sale { hour: Some(hour), amount, weight, ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    shops.apply(&Change::Shop { shop: 1, region: "north" }).await;
    shops.apply(&Change::Sales(vec![sale(5, Some(10), Some(1e16)), sale(5, None, Some(1.0)), sale(5, Some(30), None), sale(5, Some(20), None)])).await;
    shops.refresh().await;
    shops.tells = true;
    let steps = [
        ("the greatest goes, and the double beside which another was rounded away", vec![0], vec![(2, sale(5, Some(15), None))]),
        ("another is the least", vec![], vec![(0, sale(5, Some(20), Some(1.0))), (1, Sale { quantity: 5, ..sale(5, Some(11), None) })]),
        ("no value is left", vec![1, 2], vec![(0, sale(5, None, Some(1.0)))]),
        ("no row is left", vec![0], vec![]),
    ];
    for (what, drop, alter) in steps {
        shops.apply(&Change::RewriteSales { file: 0, drop, alter }).await;
        let seen = shops.refresh().await;
        for rollup in ["by_hour: merge", "by_day: merge", "averages: merge", "signed: merge", "balance: merge onward"] {
            assert!(seen.contains(&rollup.to_owned()), "{what}: {rollup} is not among {seen:?}");
        }
        assert_eq!(shops.difference().await, None, "{what}");
    }
}

/// Of a number that a SELECT made narrow what comes out has to fit, and what comes and what goes, each for itself; what they change together
/// does not, and nothing wraps around.
#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_sum_fits_or_fails() {
    let sale = |hour, quantity| Sale { hour: Some(hour), quantity, amount: Some(10), ..Sale::PLAIN };
    let great = 1_000_000_000;
    let mut shops = Shops::open().await;
    shops.apply(&Change::Sales(vec![sale(5, -great), sale(5, -great), sale(29, 1)])).await;
    shops.refresh().await;
    shops.apply(&Change::MarkSales { file: 0, drop: vec![], alter: vec![(0, sale(5, great)), (1, sale(5, great))] }).await;
    let seen = shops.refresh_in_units().await;
    assert!(seen.contains(&"days_of_month: merge".to_owned()), "{seen:?}");
    assert_eq!(shops.difference().await, None);
    shops.apply(&Change::Sales(vec![sale(5, great)])).await;
    let failure = shops.failure("days_of_month").await;
    assert!(failure.contains("Can't cast value 3000000000 to type Int32"), "{failure}");
}

/// A sum of as many digits as there are fits or fails, for the oracle too, and comes back with what made it too great.
#[tokio::test(flavor = "multi_thread")]
async fn a_sum_that_does_not_fit_fails_until_it_does() {
    let huge = Sale { worth: Some(4 * 10_i128.pow(37)), points: Some(4 * 10_i64.pow(18)), ..Sale::PLAIN };
    let mut shops = Shops::of(&["huge"]).await;
    let steps = [
        (Change::Sales(vec![huge.clone(), huge.clone()]), "huge: full"),
        (Change::Sales(vec![Sale { points: None, ..huge.clone() }]), "huge: fails"),
        (Change::MarkSales { file: 0, drop: vec![0], alter: vec![] }, "huge: merge"),
        (Change::Sales(vec![Sale { worth: None, ..huge.clone() }, Sale { worth: None, ..huge }]), "huge: fails"),
    ];
    for (change, expected) in steps {
        shops.apply(&change).await;
        assert_eq!(shops.refresh().await, [expected], "{change:?}");
        assert_eq!(shops.difference().await, None, "{change:?}");
    }
}

/// What came does not fit, and went again in the same night: the sum of all rows does.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_need_not_fit_by_itself() {
    let sale = |worth| Sale { worth: Some(worth), ..Sale::PLAIN };
    let huge = 4 * 10_i128.pow(37);
    let mut shops = Shops::of(&["huge"]).await;
    shops.apply(&Change::Sales(vec![sale(1)])).await;
    shops.refresh().await;
    shops.tells = true;
    shops.apply(&Change::Sales(vec![sale(huge), sale(huge), sale(huge), sale(2)])).await;
    shops.apply(&Change::RewriteSales { file: 1, drop: vec![0, 1], alter: vec![] }).await;
    assert_eq!(shops.refresh().await, ["huge: rebuild"]);
    assert_eq!(shops.difference().await, None);
}

/// Where only some groups of a bucket change, only these are computed anew: also what nothing can be merged into, and what HAVING hides or
/// shows again.
#[tokio::test(flavor = "multi_thread")]
async fn groups_that_did_not_change_stay() {
    let sale = |shop, hour, buyer| Sale { shop: Some(shop), buyer, hour: Some(hour), amount: Some(10 * buyer), ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    for (shop, region) in [(1, "north"), (2, "south"), (3, "east"), (4, "east")] {
        shops.apply(&Change::Shop { shop, region }).await;
    }
    let many = (0..4).flat_map(|day| (1..5).flat_map(move |shop| (1..4).map(move |buyer| sale(shop, 24 * day + 5, buyer))));
    shops.apply(&Change::Sales(many.collect())).await;
    shops.apply(&Change::Sales(vec![sale(1, 24 * 5 + 5, 1), sale(1, 24 * 6 + 5, 1), sale(1, 24 * 6 + 6, 2)])).await;
    shops.refresh().await;
    shops.tells = true;
    let steps = [
        ("a row comes to a group, and one makes a group of its own", Change::Sales(vec![sale(1, 5, 4), Sale { shop: None, ..sale(1, 29, 1) }])),
        ("a row goes, another changes its group", Change::RewriteSales { file: 0, drop: vec![0], alter: vec![(2, sale(2, 5, 3))] }),
        (
            "a group has no row any more, HAVING hides a day and shows another",
            Change::RewriteSales { file: 0, drop: vec![1], alter: vec![(2, sale(1, 24 * 5 + 6, 2))] },
        ),
        ("a shop moves", Change::Shop { shop: 1, region: "west" }),
        ("a shop is closed", Change::CloseShop { shop: 4 }),
    ];
    let mut seen = BTreeSet::new();
    for (what, change) in steps {
        shops.apply(&change).await;
        seen.extend(shops.refresh().await);
        assert_eq!(shops.difference().await, None, "{what}");
    }
    for technique in ["different: merge", "by_known_region: rebuild groups"] {
        assert!(seen.contains(technique), "{technique} was not seen, only {seen:?}");
    }
}

/// Different values are counted by those that came and went alone: one that others still have stays, the last one goes, and one that a region gets
/// with a shop that moves there counts once beside the same from other shops.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_counted_by_what_came_and_went() {
    let sale = |shop, buyer, amount| Sale { shop: Some(shop), buyer, amount, ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    for (shop, region) in [(1, "north"), (2, "north"), (3, "south")] {
        shops.apply(&Change::Shop { shop, region }).await;
    }
    shops.apply(&Change::Sales(vec![sale(1, 1, Some(10)), sale(1, 2, None), sale(2, 1, Some(10)), sale(3, 2, Some(30)), sale(3, 3, Some(30))])).await;
    shops.refresh().await;
    shops.tells = true;
    let steps = [
        (
            "values come that a region has, and one that it has not",
            vec![Change::Sales(vec![sale(2, 2, Some(10)), sale(2, 7, Some(11)), Sale { shop: None, ..sale(1, 1, None) }])],
        ),
        ("one of two facts with a value goes", vec![Change::MarkSales { file: 0, drop: vec![0], alter: vec![] }]),
        ("the last one goes, and another changes its value", vec![Change::MarkSales { file: 0, drop: vec![3], alter: vec![(2, sale(3, 9, Some(10)))] }]),
        (
            "a shop moves while sales come and go",
            vec![
                Change::Shop { shop: 2, region: "south" },
                Change::Sales(vec![sale(1, 8, Some(12)), sale(2, 8, Some(12)), sale(3, 8, None)]),
                Change::MarkSales { file: 0, drop: vec![0], alter: vec![] },
            ],
        ),
        ("no sale of a region is left", vec![Change::MarkSales { file: 0, drop: vec![0, 1, 2], alter: vec![] }, Change::Shop { shop: 1, region: "south" }]),
    ];
    for (what, changes) in steps {
        for change in &changes {
            shops.apply(change).await;
        }
        let seen = shops.refresh().await;
        assert!(seen.contains(&"different: merge".to_owned()), "{what}: {seen:?}");
        assert_eq!(shops.difference().await, None, "{what}");
    }
}

/// A fact that goes is taken from where it stood, also where no fact is left that would show that its shop has moved.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_is_taken_from_where_it_stood() {
    let sale = |shop, hour| Sale { shop: Some(shop), hour: Some(hour), ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    shops.apply(&Change::Shop { shop: 1, region: "north" }).await;
    shops.apply(&Change::Shop { shop: 2, region: "north" }).await;
    shops.apply(&Change::Sales(vec![sale(1, 5), sale(1, 6), sale(2, 5)])).await;
    shops.apply(&Change::Receipts(vec![(2, 100)])).await;
    shops.refresh().await;

    shops.tells = true;
    shops.apply(&Change::Shop { shop: 2, region: "south" }).await;
    shops.apply(&Change::Receipts(vec![(4, 100)])).await;
    shops.apply(&Change::RewriteSales { file: 0, drop: vec![2], alter: vec![] }).await;
    let seen = shops.refresh().await;
    assert!(seen.contains(&"paid_by_region: rebuild".to_owned()) && seen.contains(&"averages: merge".to_owned()), "{seen:?}");
    assert_eq!(shops.difference().await, None);
}

/// HAVING hid a group without a time, and now shows it.
#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_group_comes_into_sight() {
    let sale = |hour| Sale { shop: Some(3), hour, amount: None, ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    shops.apply(&Change::Sales(vec![sale(None), sale(Some(2)), sale(Some(8)), sale(Some(86))])).await;
    shops.refresh().await;
    shops.apply(&Change::MarkSales { file: 0, drop: vec![], alter: vec![(3, sale(None))] }).await;
    let seen = shops.refresh().await;
    assert!(seen.contains(&"busy: rebuild groups".to_owned()), "{seen:?}");
    assert_eq!(shops.difference().await, None);
}

/// Rows that leave a file which stays are known one by one, also to a process that did not see them go.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_leave_their_files_are_merged() {
    let sale = |shop, hour, amount| Sale { shop: Some(shop), hour: Some(hour), amount: Some(amount), ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    shops.apply(&Change::Shop { shop: 1, region: "north" }).await;
    shops.apply(&Change::Sales((0..8).map(|number| sale(1 + number % 2, 5 + number, 10 * number)).collect())).await;
    shops.refresh().await;
    for (drop, alter) in [(vec![0], vec![(2, sale(1, 5, 5))]), (vec![5], vec![]), (vec![], vec![(0, sale(2, 30, 7)), (1, sale(1, 9, 900))])] {
        shops.apply(&Change::MarkSales { file: 0, drop, alter }).await;
        let seen = shops.refresh().await;
        for rollup in ["by_hour: merge", "by_day: merge", "signed: merge", "balance: merge onward"] {
            assert!(seen.contains(&rollup.to_owned()), "{rollup} is not among {seen:?}");
        }
        assert_eq!(shops.difference().await, None);
    }
}

/// Rows that were only put into another file are no change, also to a process that did not do it, and when some of them go afterwards these are.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_put_elsewhere_is_not_read() {
    let sale = |shop, hour, amount| Sale { shop: Some(shop), hour: Some(hour), amount: Some(amount), ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    for day in 0..4 {
        shops.apply(&Change::Sales((0..3).map(|number| sale(number, 24 * day + 5, 10 * number + 1)).collect())).await;
    }
    shops.refresh().await;
    for change in [Change::RearrangeSales { from: 1 }, Change::Vacuum, Change::Forget] {
        shops.apply(&change).await;
    }
    let seen = shops.refresh().await;
    assert!(seen.iter().all(|seen| seen.ends_with("restamp") || seen.ends_with("nothing")), "{seen:?}");
    for change in [Change::RearrangeSales { from: 0 }, Change::MarkSales { file: 0, drop: vec![2], alter: vec![] }, Change::Vacuum, Change::Forget] {
        shops.apply(&change).await;
    }
    let seen = shops.refresh().await;
    for rollup in ["by_hour: merge", "by_day: merge", "signed: merge", "balance: merge onward"] {
        assert!(seen.contains(&rollup.to_owned()), "{rollup} is not among {seen:?}");
    }
    assert_eq!(shops.difference().await, None);
}

/// A definition that comes back after another one does not take the other's rows for its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_comes_back_is_built_anew() {
    const FILE: &str = "sql/rollups/daily/by_day.sql";
    let sale = Sale { status: "void", ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    shops.apply(&Change::Sales(vec![sale])).await;
    shops.refresh().await;
    for (from, to) in [("<> 'void'", "= 'void'"), ("= 'void'", "<> 'void'")] {
        shops.edit(FILE, from, to).await;
        let seen = shops.refresh().await;
        assert!(seen.contains(&"by_day: full".to_owned()), "{to}: {seen:?}");
        assert_eq!(shops.difference().await, None);
    }
}

/// What changed in a joined table reaches the buckets of the rows that it joins to, and no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_lookup_touches_the_buckets_of_its_facts() {
    let sale = |shop, hour| Sale { shop: Some(shop), hour: Some(hour), ..Sale::PLAIN };
    let mut shops = Shops::open().await;
    shops.apply(&Change::Shop { shop: 1, region: "north" }).await;
    shops.apply(&Change::Shop { shop: 2, region: "north" }).await;
    shops.apply(&Change::Sales(vec![sale(1, 5), sale(2, 60), sale(2, 900)])).await;
    shops.apply(&Change::Receipts(vec![(2, 100)])).await;
    shops.refresh().await;

    shops.apply(&Change::Shop { shop: 2, region: "south" }).await;
    shops.apply(&Change::Receipts(vec![(3, 100)])).await;
    let seen = shops.refresh().await;
    for expected in ["paid_by_region: rebuild", "by_known_region: rebuild", "different: merge", "averages: merge", "owed: merge", "by_hour: nothing"] {
        assert!(seen.contains(&expected.to_owned()), "{expected} is not in {seen:?}");
    }
    assert_eq!(shops.difference().await, None);
}
