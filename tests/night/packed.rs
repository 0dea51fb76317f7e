//! Columns of numbers that hardly repeat are packed by their differences. Other engines must unpack what we have packed, also where a difference
//! is as great as it can be.

use std::fmt::Write as _;
use std::fs::File;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use nightshift_app::Workspace;
use nightshift_app::demo::Demo;
use nightshift_lake::{TableKind, TableName};
use nightshift_orchestrate::{Intent, Silent};
use parquet::basic::Encoding;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use tokio_util::sync::CancellationToken;

use crate::{oracle, place::Place};

const PAYMENTS: i64 = 3_000;

/// Payments whose numbers lie at both ends of their type, and between them.
fn payments(day: NaiveDate) -> String {
    let mut lines = String::new();
    for row in 0..PAYMENTS {
        let number = [i64::MIN + row, i64::MAX - row, -row - 1][usize::try_from(row % 3).unwrap()];
        let order = if row % 5 == 0 { "null".to_owned() } else { number.to_string() };
        let (minute, second) = (row / 60, row % 60);
        let (whole, hundredths) = (row * 333_333_333 + 1, row % 100);
        let time = format!("{day}T{:02}:{:02}:{second:02}", minute / 60, minute % 60);
        writeln!(
            lines,
            r#"{{"payment_id":{number},"order_id":{order},"customer_id":{},"paid_at":"{time}","amount":"{whole}.{hundredths:02}","method":"card"}}"#,
            !number
        )
        .unwrap();
    }
    lines
}

/// The columns that are packed in the newest file of a source with so many rows.
async fn packed_columns(workspace: &Workspace, source: &str) -> Vec<String> {
    let table = TableName::new(TableKind::Source, source).unwrap();
    let snapshot = workspace.lake.snapshot(&table).await.unwrap().unwrap();
    let file = snapshot.files().iter().find(|file| file.statistics.as_ref().is_some_and(|found| found.rows == PAYMENTS.cast_unsigned())).unwrap().clone();
    let reader = SerializedFileReader::new(File::open(workspace.lake.folder(&table).join(&file.path)).unwrap()).unwrap();
    let chunks = reader.metadata().row_group(0).columns().to_vec();
    let packed = chunks.into_iter().filter(|chunk| chunk.encodings().any(|encoding| encoding == Encoding::DELTA_BINARY_PACKED));
    packed.map(|chunk| chunk.column_path().string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_numbers_are_read_by_others() {
    let place = Place::new();
    let workspace = place.workspace().await;
    let demo = Demo { first_night: "2025-12-30".parse().unwrap(), nights: 1, history_days: 2, deliveries_per_day: 5, seed: 11 };
    let mut generator = demo.generate_history(&workspace.project.paths.incoming).unwrap();
    let summary = demo.night(0, &mut generator, &workspace, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    assert!(summary.fault().is_none());

    let date = demo.first_night + Days::new(1);
    let folder = workspace.project.paths.incoming.join(date.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("payment.jsonl"), payments(date)).unwrap();
    let summary = workspace.run("daily", date, Intent::Run, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    assert!(summary.fault().is_none());
    let packed = packed_columns(&workspace, "payment").await;
    for column in ["payment_id", "order_id", "customer_id", "paid_at", "amount"] {
        assert!(packed.contains(&column.to_owned()), "{column} is not among {packed:?}");
    }
    oracle::check(&place, date);
}
