//! Questions about sources that rollups answer get the same rows from them; near misses are never answered from one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nightshift_app::Workspace;
use nightshift_app::demo::Demo;
use nightshift_app::rewrite::{Block, Refusal};
use nightshift_app::verify::Extent;
use nightshift_diagnostic::{Diagnostics, SourceText};
use nightshift_lake::{Commit, TableKind, TableName};
use nightshift_orchestrate::Silent;
use nightshift_project::Rewrite;
use tokio_util::sync::CancellationToken;

use crate::place::Place;

struct Lake {
    _place: Place,
    workspace: Arc<Workspace>,
}

impl Lake {
    /// Two nights over a year's end.
    async fn new() -> Self {
        let place = Place::new();
        let workspace = place.workspace().await;
        let demo = Demo { first_night: "2025-12-30".parse().unwrap(), nights: 2, history_days: 70, deliveries_per_day: 40, seed: 11 };
        let mut generator = demo.generate_history(&workspace.project.paths.incoming).unwrap();
        for number in 0..demo.nights {
            let summary = demo.night(number, &mut generator, &workspace, Arc::new(Silent), CancellationToken::new()).await.unwrap();
            assert!(summary.fault().is_none(), "{summary:?}");
        }
        Self { _place: place, workspace }
    }

    /// The rows of a question in an order of their own, and what answered it.
    async fn ask(&self, sql: &str, rewrite: Rewrite) -> (Vec<String>, Vec<Block>) {
        let text = SourceText::new("<question>", sql);
        let query = self.workspace.query(&text, None, rewrite, &Diagnostics::new(), &CancellationToken::new()).await;
        let mut query = query.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let mut rows = vec![];
        while let Some(page) = query.next().await.unwrap_or_else(|error| panic!("{sql}: {error:?}")) {
            rows.extend(page.into_iter().map(|row| row.into_iter().map(|value| value.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join(" | ")));
        }
        rows.sort();
        (rows, query.blocks)
    }

    /// Asks with and without rollups: the rows are the same. Gives the rollups that answered, and what was read beside them.
    async fn answered(&self, sql: &str) -> Vec<(String, Vec<String>)> {
        let (plain, nothing) = self.ask(sql, Rewrite::Off).await;
        let (rows, blocks) = self.ask(sql, Rewrite::On).await;
        assert!(nothing.is_empty() && !plain.is_empty(), "{sql}: a question without rows asks nothing");
        assert_eq!(rows, plain, "{sql}\n{blocks:#?}");
        let answered = blocks.iter().filter_map(|block| block.answered.as_ref());
        answered.map(|answered| (answered.rollup.clone(), self.workspace.rests(answered))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_from_rollups_with_the_same_rows() {
    let lake = Lake::new().await;
    let mut others = vec![];
    let month_end = "2025-11-30 00:00:00 to 2025-12-01 00:00:00";
    for (sql, rollup, rests) in [
        ("SELECT count(*) AS n, sum(amount) AS revenue FROM delivery WHERE status = 'completed'", "product_yearly", vec![]),
        (
            "SELECT d.depot_id, date_trunc('month', d.delivered_at)::date AS month, sum(d.amount) AS revenue, avg(d.amount) AS average FROM delivery d WHERE d.status = 'completed' GROUP BY 1, 2",
            "depot_monthly",
            vec![],
        ),
        (
            "SELECT date_trunc('day', delivered_at)::date AS day, sum(quantity) AS pieces, min(unit_price) AS low, max(unit_price) AS high FROM delivery JOIN product USING (product_id) WHERE status = 'completed' GROUP BY 1 HAVING sum(quantity) > 3",
            "product_daily",
            vec![],
        ),
        // The table of customers is joined to the rollup's rows.
        (
            "SELECT c.district, sum(d.amount) AS revenue, count(DISTINCT d.customer_id) AS customers FROM delivery d JOIN customer c ON c.customer_id = d.customer_id WHERE d.status = 'completed' AND c.customer_type <> 'industry' GROUP BY c.district",
            "customer_monthly",
            vec![],
        ),
        (
            "SELECT p.category, count(*) AS n FROM delivery d LEFT JOIN product p ON d.product_id = p.product_id WHERE d.status = 'completed' GROUP BY 1",
            "product_yearly",
            vec![],
        ),
        // Whole months come from the rollup, the rest from the table.
        (
            "SELECT sum(amount) AS revenue, count(*) AS n, count(DISTINCT customer_id) AS customers FROM delivery WHERE status = 'completed' AND delivered_at >= TIMESTAMP '2025-11-30 00:00:00'",
            "customer_monthly",
            vec![month_end],
        ),
        (
            "SELECT date_trunc('day', delivered_at)::date AS day, depot_id, count(*) AS n FROM delivery WHERE status = 'completed' AND delivered_at::date BETWEEN DATE '2025-12-05' AND DATE '2025-12-24' GROUP BY 1, 2",
            "depot_daily",
            vec![],
        ),
        (
            "SELECT date_trunc('month', delivered_at)::date AS month, count(*) AS n FROM delivery WHERE delivered_at >= TIMESTAMP '2025-12-01 00:00:00' AND delivered_at < TIMESTAMP '2025-12-20 13:30:00' GROUP BY 1",
            "driver_daily",
            vec!["2025-12-20 00:00:00 to 2025-12-20 13:30:00"],
        ),
        (
            "SELECT depot_id, count(*) FILTER (WHERE status = 'failed') AS failed, count(rating) AS ratings, sum(rating) AS stars FROM delivery GROUP BY 1",
            "driver_monthly",
            vec![],
        ),
        (
            "SELECT channel, max(date_trunc('day', ordered_at)::date) AS last, avg(amount) AS average, sum(amount) FILTER (WHERE channel <> 'phone') AS not_by_phone FROM sales_order GROUP BY channel",
            "order_channel_hourly",
            vec![],
        ),
        (
            "SELECT method, count(*) AS n, sum(amount) AS amount, count(*) FILTER (WHERE order_id IS NULL) AS on_account FROM payment WHERE date_trunc('day', paid_at)::date = DATE '2025-12-30' GROUP BY method",
            "payment_daily",
            vec![],
        ),
        ("SELECT 'good' AS kind, count(*) AS n FROM payment UNION ALL SELECT 'held', count(*) FROM review.payment", "payment_daily", vec![]),
        ("SELECT driver_id, coalesce(sum(quantity) FILTER (WHERE 'completed' = status), 0) AS pieces FROM delivery GROUP BY 1", "driver_daily", vec![]),
        // The planner takes the type from the first branch, which is not that of the rows.
        ("SELECT CASE WHEN channel = 'phone' THEN 1 ELSE 1.5 END AS weight, count(*) AS n FROM sales_order GROUP BY 1", "order_channel_hourly", vec![]),
        ("SELECT max(CASE WHEN channel = 'phone' THEN 1 ELSE 1.5 END) AS weight FROM sales_order", "order_channel_hourly", vec![]),
        // Only the innermost GROUP BY is over a source.
        (
            "WITH days AS (SELECT date_trunc('day', paid_at)::date AS day, sum(amount) AS amount FROM payment GROUP BY 1) SELECT max(amount) AS best, count(*) AS days FROM days",
            "payment_daily",
            vec![],
        ),
    ] {
        let rests: Vec<String> = rests.into_iter().map(str::to_owned).collect();
        let answered = lake.answered(sql).await;
        if answered != [(rollup.to_owned(), rests)] {
            others.push(format!("{sql}: {answered:?}"));
        }
    }
    assert!(others.is_empty(), "answered from others: {others:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn near_misses_are_never_answered_from_rollups() {
    let lake = Lake::new().await;
    let mut wrong = vec![];
    for (what, sql) in [
        (
            "a condition on a column that no rollup keeps",
            "SELECT depot_id, sum(amount) AS x FROM delivery WHERE status = 'completed' AND quantity > 2 GROUP BY 1",
        ),
        ("another condition than the rollup's", "SELECT depot_id, sum(amount) AS x FROM delivery WHERE status = 'returned' GROUP BY 1"),
        ("a condition less", "SELECT depot_id, sum(unit_price) AS x FROM delivery GROUP BY 1"),
        ("a bucket cut by another zone", "SELECT date_trunc('day', ordered_at AT TIME ZONE 'UTC')::date AS day, count(*) AS n FROM sales_order GROUP BY 1"),
        ("a bucket that is finer than any", "SELECT date_trunc('minute', paid_at) AS minute, count(*) AS n FROM payment GROUP BY 1"),
        ("a bucket that crosses others", "SELECT date_trunc('week', counted_at) AS week, count(*) AS n FROM inventory_count GROUP BY 1"),
        ("a part of a time", "SELECT date_part('minute', ordered_at) AS minute, count(*) AS n FROM sales_order GROUP BY 1"),
        (
            "a join that doubles rows",
            "SELECT d.depot_id, sum(d.amount) AS x FROM delivery d JOIN payment p ON p.customer_id = d.customer_id WHERE d.status = 'completed' GROUP BY 1",
        ),
        (
            "a join by a part of a key",
            "SELECT d.product_id, count(*) AS n FROM delivery d JOIN price p ON p.product_id = d.product_id WHERE d.status = 'completed' GROUP BY 1",
        ),
        (
            "an inner join where the rollup keeps all rows",
            "SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS kind, avg(d.unit_price) AS x FROM delivery d JOIN customer c ON c.customer_id = d.customer_id WHERE d.status = 'completed' GROUP BY 1, 2",
        ),
        (
            "a left join where the rollup drops rows",
            "SELECT p.category, sum(d.quantity * p.cylinder_kg) AS kg FROM delivery d LEFT JOIN product p ON p.product_id = d.product_id WHERE d.status = 'completed' GROUP BY 1",
        ),
        ("different values of no key", "SELECT depot_id, count(DISTINCT order_id) AS n FROM delivery WHERE status = 'completed' GROUP BY 1"),
        ("different values in a sum", "SELECT depot_id, sum(DISTINCT amount) AS n FROM delivery WHERE status = 'completed' GROUP BY 1"),
        ("a sum of doubles", "SELECT driver_id, sum(distance_km) AS km FROM delivery GROUP BY 1"),
        ("a median", "SELECT product_id, median(CAST(unit_price AS DOUBLE)) AS x FROM delivery WHERE status = 'completed' GROUP BY 1"),
        (
            "a value by an order",
            "SELECT depot_id, first_value(amount ORDER BY delivered_at, delivery_id) AS x FROM delivery WHERE status = 'completed' GROUP BY 1",
        ),
        ("a sum of something else", "SELECT depot_id, sum(amount * 2) AS x FROM delivery WHERE status = 'completed' GROUP BY 1"),
        ("rows by a filter that no rollup has", "SELECT depot_id, count(*) FILTER (WHERE rating = 5) AS n FROM delivery GROUP BY 1"),
        (
            "some of the rows",
            "SELECT depot_id, count(*) AS n FROM (SELECT * FROM delivery WHERE status = 'completed' ORDER BY delivery_id LIMIT 100) d GROUP BY 1",
        ),
        (
            "rows beside each other",
            "SELECT depot_id, count(*) AS n FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY delivery_id) AS number FROM delivery WHERE status = 'completed') d WHERE number = 1 GROUP BY 1",
        ),
        (
            "a time within a day of a rollup by days, and no whole day",
            "SELECT count(*) AS n FROM payment WHERE paid_at >= TIMESTAMP '2025-12-30 10:10:00' AND paid_at < TIMESTAMP '2025-12-30 20:20:00'",
        ),
        ("rows under review beside those of a source", "SELECT 'held' AS kind, count(*) AS n FROM review.payment"),
        (
            "several groupings at once",
            "SELECT depot_id, customer_id, count(*) AS n FROM delivery WHERE status = 'completed' GROUP BY ROLLUP (depot_id, customer_id)",
        ),
        (
            "an outer join's other side",
            "SELECT c.district, count(d.delivery_id) AS n FROM customer c LEFT JOIN delivery d ON d.customer_id = c.customer_id AND d.status = 'completed' GROUP BY 1",
        ),
    ] {
        let answered = lake.answered(sql).await;
        if !answered.is_empty() {
            wrong.push(format!("{what}: {sql}: {answered:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A rollup that is behind its sources answers nothing until it has been refreshed; so does one whose table is not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_stale_rollup_answers_nothing() {
    let lake = Lake::new().await;
    let sql = "SELECT method, sum(amount) AS amount FROM payment GROUP BY method";
    assert_eq!(lake.answered(sql).await, [("payment_daily".to_owned(), vec![])]);
    let name = TableName::new(TableKind::Source, "payment").unwrap();
    let base = lake.workspace.lake.snapshot(&name).await.unwrap().unwrap();
    let remove = base.files().first().cloned().into_iter().collect();
    lake.workspace.lake.commit(Some(&base), &name, Commit { operation: "test".to_owned(), remove, ..Commit::default() }).await.unwrap();
    let (_, blocks) = lake.ask(sql, Rewrite::On).await;
    let refused: BTreeMap<&str, String> = blocks[0].refused.iter().map(|(rollup, why)| (rollup.as_str(), why.to_string())).collect();
    assert_eq!(blocks[0].answered, None);
    assert_eq!(refused["payment_daily"], "it is behind its sources");
    std::fs::remove_dir_all(lake.workspace.lake.root().join("rollup/payment_daily")).unwrap();
    let (_, blocks) = lake.ask(sql, Rewrite::On).await;
    let refused: BTreeSet<String> = blocks[0].refused.iter().map(|(_, why)| why.to_string()).collect();
    assert!(refused.contains("it has never been built"), "{refused:?}");
}

/// A rollup that was found to be wrong answers nothing until it has been found to be right again.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_rollup_answers_nothing() {
    let lake = Lake::new().await;
    let workspace = &lake.workspace;
    let sql = "SELECT method, sum(amount) AS amount FROM payment GROUP BY method";
    let rollup = workspace.compiled.rollup("payment_daily").unwrap();
    let ledger = workspace.ledger().await.unwrap();
    let cancel = CancellationToken::new();
    let verify = || workspace.verify(rollup, Extent::All, 0, (&ledger, "test", None), &cancel);
    let name = TableName::new(TableKind::Rollup, "payment_daily").unwrap();
    let base = workspace.lake.snapshot(&name).await.unwrap().unwrap();
    let commit = Commit { operation: "damage".to_owned(), remove: base.files().to_vec(), ..Commit::default() };
    let damaged = workspace.lake.commit(Some(&base), &name, commit).await.unwrap();
    assert!(!verify().await.unwrap().is_equal());
    let (_, blocks) = lake.ask(sql, Rewrite::On).await;
    assert!(blocks[0].refused.contains(&("payment_daily".to_owned(), Refusal::Wrong)), "{blocks:?}");
    // The next one answers in its place.
    assert_eq!(blocks[0].answered.as_ref().map(|answered| answered.rollup.as_str()), Some("payment_hourly"));

    let commit = Commit { operation: "rollback".to_owned(), restore: base.files().to_vec(), ..Commit::default() };
    workspace.lake.commit(Some(&damaged), &name, commit).await.unwrap();
    assert!(verify().await.unwrap().is_equal());
    assert_eq!(lake.answered(sql).await, [("payment_daily".to_owned(), vec![])]);
}
