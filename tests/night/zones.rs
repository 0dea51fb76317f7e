//! Nights of a small project in four zones, with three starts of the day, around every change of the clock: rollups and a report
//! are what Python's zoneinfo says of each instant (`tests/oracle/zones.json`), built at once and brought up to date.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::prelude::SessionContext;
use nightshift_app::Workspace;
use nightshift_lake::{TableKind, TableName};
use nightshift_orchestrate::{Intent, Silent};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const ZONES: [&str; 4] = ["Asia/Taipei", "America/New_York", "America/Havana", "Australia/Lord_Howe"];
const STARTS: [&str; 3] = ["00:00", "00:30", "05:00"];
/// The nights. At Havana, midnight is missing in the one after the first and happens twice in the one after the second.
const NIGHTS: [&str; 3] = ["2026-03-07", "2026-10-31", "2026-11-24"];
/// Every row of a night by its number: most arrive in the first one, a few in each later one.
const SHARES: [usize; 7] = [0, 0, 1, 0, 0, 2, 0];

const ROLLUPS: [Rollup; 8] = [
    ("by_hour", "hourly", "date_trunc('hour', at)", Bucket::Hour),
    ("by_day", "daily", "date_trunc('day', at)::date", Bucket::Date(10)),
    ("by_date", "daily", "CAST(at AS DATE)", Bucket::Date(10)),
    ("by_business_date", "daily", "business_date(at)", Bucket::BusinessDate(10)),
    ("by_month", "monthly", "date_trunc('month', at)::date", Bucket::Date(7)),
    ("by_business_month", "monthly", "date_trunc('month', business_date(at))::date", Bucket::BusinessDate(7)),
    ("by_year", "yearly", "date_trunc('year', at)::date", Bucket::Date(4)),
    ("by_business_year", "yearly", "date_trunc('year', business_date(at))::date", Bucket::BusinessDate(4)),
];

/// All of them where the day starts at midnight; else those that depend on when it starts, and a day, which must not.
fn rollups(day_starts_at: &str) -> impl Iterator<Item = Rollup> + use<'_> {
    ROLLUPS.into_iter().filter(move |(name, ..)| day_starts_at == "00:00" || *name == "by_day" || name.contains("business"))
}

/// Two sources of the same instants: `event` has them with a zone, `reading` as the clock on the wall showed them. When the day starts
/// makes no difference between the two.
fn sources(day_starts_at: &str) -> &'static [(&'static str, &'static str)] {
    if day_starts_at == "00:00" { &[EVENT, READING] } else { &[EVENT] }
}

const EVENT: (&str, &str) = ("event", "TIMESTAMP WITH TIME ZONE");
const READING: (&str, &str) = ("reading", "TIMESTAMP");

/// Name, folder, the expression of the bucket, and what the oracle calls it.
type Rollup = (&'static str, &'static str, &'static str, Bucket);

#[derive(Debug, Clone, Copy)]
enum Bucket {
    Hour,
    /// So many characters of the local date.
    Date(usize),
    /// So many characters of the business date.
    BusinessDate(usize),
}

impl Bucket {
    fn of(self, case: &Value, day_starts_at: &str) -> String {
        let cut = |date: &Value, length: usize| format!("{}{}", &date.as_str().unwrap()[..length], &"0000-01-01"[length..]);
        match self {
            Self::Hour => micros(case, "hour").to_string(),
            Self::Date(length) => cut(&case["date"], length),
            Self::BusinessDate(length) => cut(&case["business_dates"][day_starts_at], length),
        }
    }
}

/// Rows, first and last instant.
type Counts = (i64, i64, i64);

fn oracle(list: &str, zone: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../oracle/zones.json")).unwrap();
    let cases: Vec<Value> = all[list].as_array().unwrap().iter().filter(|case| case["zone"] == zone).cloned().collect();
    assert!(cases.len() > 5, "{list} {zone}");
    cases
}

fn micros(case: &Value, field: &str) -> i64 {
    case[field].as_str().unwrap().parse::<DateTime<Utc>>().unwrap().timestamp_micros()
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn write_project(root: &Path, zone: &str, day_starts_at: &str) {
    write(root, "nightshift.yaml", &format!("name: zones\ntimezone: {zone}\nday_starts_at: \"{day_starts_at}\"\nrefresh: {{technique: least}}\n"));
    write(root, "pipelines/daily.yaml", "title: Every night\nsteps:\n  - ingest: all\n  - refresh: all\n  - report: all\n");
    for (source, kind) in sources(day_starts_at) {
        let header = format!("/* source\ntitle: {source}\nformat: csv\nload: append\n*/\n");
        let columns = format!("    id BIGINT NOT NULL PRIMARY KEY,\n    at {kind} NOT NULL\n");
        write(root, &format!("sql/sources/{source}.sql"), &format!("{header}CREATE TABLE {source} (\n{columns})\n"));
        for (name, folder, bucket, _) in rollups(day_starts_at) {
            let day = if folder == "hourly" { "date_trunc('day', at)::date AS day, " } else { "" };
            let keys = if folder == "hourly" { "1, 2" } else { "1" };
            let query = format!(
                "/* rollup\ntitle: {source} {name}\ntime: at\nstrict: incremental\n*/\nSELECT {bucket} AS bucket, {day}count(*) AS events, \
                 min(at) AS first_at, max(at) AS last_at\nFROM {source}\nGROUP BY {keys}\n"
            );
            write(root, &format!("sql/rollups/{folder}/{source}_{name}.sql"), &query);
        }
    }
    let report = "/* report\ntitle: Today\nowner: test\nparameters:\n  business_date: {type: date}\n\
                  table: {replace: day = $business_date}\noutput:\n  - csv\n*/\n\
                  SELECT CAST($business_date AS DATE) AS day,\n\
                  count(*) FILTER (WHERE at < CAST(CAST($business_date AS DATE) + INTERVAL '1' DAY AS TIMESTAMP)) AS until_midnight,\n\
                  count(*) FILTER (WHERE at >= CAST(CAST($business_date AS DATE) AS TIMESTAMP)) AS from_midnight,\n\
                  count(*) FILTER (WHERE CAST(at AS DATE) <= $business_date) AS until_today\nFROM event\n";
    write(root, "reports/today.sql", report);
}

/// The files of one night.
fn write_files(root: &Path, night: usize, cases: &[Value]) {
    let (mut events, mut readings) = ("id,at\n".to_owned(), "id,at\n".to_owned());
    for (id, case) in cases.iter().enumerate().filter(|(id, _)| SHARES[id % SHARES.len()] == night) {
        writeln!(events, "{id},{}", case["instant"].as_str().unwrap()).unwrap();
        writeln!(readings, "{id},{}", case["local"].as_str().unwrap().replace('T', " ")).unwrap();
    }
    write(root, &format!("data/incoming/{}/event.csv", NIGHTS[night]), &events);
    write(root, &format!("data/incoming/{}/reading.csv", NIGHTS[night]), &readings);
}

/// Rows of a table of the lake as text.
async fn rows(workspace: &Workspace, reader: &SessionContext, kind: TableKind, name: &str, columns: &str) -> Vec<Vec<String>> {
    let table = TableName::new(kind, name).unwrap();
    let snapshot = workspace.lake.snapshot(&table).await.unwrap().unwrap();
    reader.deregister_table("found").unwrap();
    reader.register_table("found", snapshot.provider(Some(workspace.calendar.zone.name().into()))).unwrap();
    let batches = reader.sql(&format!("SELECT {columns} FROM found")).await.unwrap().collect().await.unwrap();
    let text = |batch: &datafusion::arrow::array::RecordBatch, row| batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap()).collect();
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| text(batch, row))).collect()
}

async fn rollup(workspace: &Workspace, reader: &SessionContext, name: &str, bucket: Bucket) -> BTreeMap<String, Counts> {
    let shown = if matches!(bucket, Bucket::Hour) { "CAST(bucket AS BIGINT)" } else { "bucket" };
    let columns = format!("{shown}, events, CAST(first_at AS BIGINT), CAST(last_at AS BIGINT)");
    let found = rows(workspace, reader, TableKind::Rollup, name, &columns).await;
    let count = found.len();
    let buckets: BTreeMap<String, Counts> =
        found.into_iter().map(|row| (row[0].clone(), (row[1].parse().unwrap(), row[2].parse().unwrap(), row[3].parse().unwrap()))).collect();
    assert_eq!(buckets.len(), count, "{name} has a bucket twice");
    buckets
}

fn expected(arrived: &[&Value], bucket: Bucket, day_starts_at: &str) -> BTreeMap<String, Counts> {
    let mut buckets: BTreeMap<String, Counts> = BTreeMap::new();
    for case in arrived {
        let at = micros(case, "instant");
        let (events, first, last) = buckets.entry(bucket.of(case, day_starts_at)).or_insert((0, at, at));
        (*events, *first, *last) = (*events + 1, at.min(*first), at.max(*last));
    }
    buckets
}

/// The first instants of a date and of the next one, as far as the oracle has them.
fn day_of(zone: &str, date: NaiveDate) -> Option<(i64, i64)> {
    let days = oracle("days", zone);
    let day = days.iter().find(|day| day["day_starts_at"] == "00:00" && day["date"] == date.to_string())?;
    Some((micros(day, "start"), micros(day, "end")))
}

async fn nights(zone: &str, day_starts_at: &str) {
    let folder = tempfile::tempdir().unwrap();
    write_project(folder.path(), zone, day_starts_at);
    let workspace = Workspace::open_sound(folder.path(), None).await.unwrap_or_else(|error| panic!("{error:?}"));
    let workspace = Arc::new(workspace);
    let reader = workspace.engine.step("read").unwrap().context;
    let cases = oracle("instants", zone);
    for (night, date) in NIGHTS.iter().enumerate() {
        let context = format!("{zone}, days start at {day_starts_at}, {date}");
        let date: NaiveDate = date.parse().unwrap();
        write_files(folder.path(), night, &cases);
        let summary = workspace.run("daily", date, Intent::Run, Arc::new(Silent), CancellationToken::new()).await.unwrap();
        let failures: Vec<String> = summary.steps.iter().filter_map(|step| Some(step.failure.as_ref()?.message.clone())).collect();
        assert!(summary.fault().is_none(), "{context}: {failures:?}");

        let arrived: Vec<&Value> = cases.iter().enumerate().filter(|(id, _)| SHARES[id % SHARES.len()] <= night).map(|(_, case)| case).collect();
        let plain: Vec<&Value> = arrived.iter().copied().filter(|case| case["kind"] == "unique").collect();
        for (name, _, _, bucket) in rollups(day_starts_at) {
            for (source, _) in sources(day_starts_at) {
                let arrived = if *source == READING.0 { &plain } else { &arrived };
                let name = format!("{source}_{name}");
                assert_eq!(rollup(&workspace, &reader, &name, bucket).await, expected(arrived, bucket, day_starts_at), "{context}: {name}");
                let newest = workspace.lake.history(&TableName::new(TableKind::Rollup, &name).unwrap(), 1).await.unwrap();
                let technique = newest[0].information["technique"].as_str().unwrap();
                let expected = if night == 0 { ["full"].as_slice() } else { &["merge into", "rebuild"] };
                assert!(expected.iter().any(|word| technique.starts_with(word)), "{context}: {name}: {technique}");
            }
        }
        if arrived.len() > plain.len() && sources(day_starts_at).contains(&READING) {
            let reviewed = rows(&workspace, &reader, TableKind::Review, "reading", "reasons").await;
            assert_eq!(reviewed.len(), arrived.len() - plain.len(), "{context}: {reviewed:?}");
        }
        if let Some((start, end)) = day_of(zone, date) {
            let count = |keep: &dyn Fn(i64) -> bool| arrived.iter().filter(|case| keep(micros(case, "instant"))).count().to_string();
            let found =
                rows(&workspace, &reader, TableKind::Report, "today", &format!("until_midnight, from_midnight, until_today, day = DATE '{date}'")).await;
            let today = [count(&|at| at < end), count(&|at| at >= start), count(&|at| at < end), "true".to_owned()];
            assert!(found.contains(&today.to_vec()), "{context}: {found:?} instead of {today:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_follow_the_clock_on_the_wall() {
    for zone in ZONES {
        for day_starts_at in STARTS {
            nights(zone, day_starts_at).await;
        }
    }
}
