//! How fast it is, for whoever wants to know: `cargo test --release -p nightshift-sources bulk -- --ignored --nocapture`.
#![allow(clippy::print_stderr)]

use std::fmt::Write as _;
use std::time::Instant;

use super::place::Place;

const DAYS: usize = 40;

fn rows_a_day() -> usize {
    std::env::var("NIGHTSHIFT_BULK_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(25_000)
}

fn delivery(text: &mut String, id: usize, day: usize, version: usize) {
    let (month, date) = (1 + day / 28, 1 + day % 28);
    let (hour, minute, second) = (id / 3600 % 24, id / 60 % 60, id % 60);
    let status = ["completed", "failed", "returned"][id % 3];
    writeln!(
        text,
        "{id},{},{},{},{},{},2026-0{month}-{date:02} 18:00:00,2026-0{month}-{date:02} {hour:02}:{minute:02}:{second:02},{},{}.50,{}.00,{}.25,{status},{},2026-0{month}-{date:02} 23:00:{version:02},false",
        id * 2, id % 4000, id % 20, id % 12, id % 300, 1 + id % 5, 100 + id % 900, 500 + id % 9000, id % 60,
        if id.is_multiple_of(4) { String::new() } else { (1 + id % 5).to_string() },
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a test"]
async fn bulk() {
    let rows = rows_a_day();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql/sources/delivery.sql")).unwrap();
    let place = Place::new(&text.replace("CREATE TABLE delivery", "CREATE TABLE t"));
    let header = "delivery_id,order_id,customer_id,depot_id,product_id,driver_id,promised_at,delivered_at,quantity,unit_price,amount,distance_km,status,rating,updated_at,is_deleted\n";
    let night = |day: usize| {
        let mut text = header.to_owned();
        for id in day * rows..(day + 1) * rows {
            delivery(&mut text, id, day, 0);
        }
        // One row in a hundred is a later version of a row of the last days.
        for id in (0..rows / 100).filter_map(|index| (day * rows).checked_sub(1 + index * 317)) {
            delivery(&mut text, id, id / rows, day % 60);
        }
        text
    };
    let mut bytes = 0;
    for day in 0..DAYS {
        let text = night(day);
        bytes += text.len();
        place.arrive(&format!("2026-0{}-{:02}/t.csv", 1 + day / 28, 1 + day % 28), text);
    }
    let place = place.with_batch_size(8192);
    let start = Instant::now();
    let checked = place.read_all().await;
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("read and checked: {checked} rows in {seconds:.2} s on two threads: {:.0} rows/s", checked as f64 / seconds);
    let start = Instant::now();
    let report = place.ingest().await;
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("first load: {} rows, {} MB in {seconds:.2} s: {:.0} rows/s; {report:?}", report.records, bytes / 1_000_000, report.records as f64 / seconds);
    place.arrive("2026-03-01/t.csv", night(DAYS));
    let start = Instant::now();
    let report = place.ingest().await;
    eprintln!("one night: {} rows in {:.2} s, {} written", report.records, start.elapsed().as_secs_f64(), report.rows_written);
    let start = Instant::now();
    place.ingest().await;
    eprintln!("nothing: {:.4} s", start.elapsed().as_secs_f64());
}
