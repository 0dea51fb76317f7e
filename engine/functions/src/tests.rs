//! Times in SQL against what Python's zoneinfo says (`tests/oracle/zones.json`), in four zones around every change of the clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::ScalarValue;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use nightshift_calendar::Calendar;
use serde_json::Value;

const ZONES: [&str; 4] = ["Asia/Taipei", "America/New_York", "America/Havana", "Australia/Lord_Howe"];
const HALF_HOUR: i64 = 1_800_000_000;

fn cases(list: &str, zone: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../../tests/oracle/zones.json")).unwrap();
    let cases: Vec<Value> = all[list].as_array().unwrap().iter().filter(|case| case["zone"] == zone).cloned().collect();
    assert!(!cases.is_empty(), "{list} {zone}");
    cases
}

fn micros(case: &Value, field: &str) -> i64 {
    case[field].as_str().unwrap().parse::<DateTime<Utc>>().unwrap().timestamp_micros()
}

fn wall(case: &Value, field: &str) -> i64 {
    case[field].as_str().unwrap().parse::<NaiveDateTime>().unwrap().and_utc().timestamp_micros()
}

fn session(zone: &str, day_starts_at: &str) -> SessionContext {
    let mut calendar = Calendar::new(zone.parse().unwrap());
    calendar.day_starts_at = NaiveTime::parse_from_str(day_starts_at, "%H:%M").unwrap();
    let mut config = SessionConfig::new().with_target_partitions(1);
    config.options_mut().execution.time_zone = Some(zone.to_owned());
    let builder = SessionStateBuilder::new().with_config(config).with_default_features();
    SessionContext::new_with_state(crate::register(builder, &Arc::new(calendar)).build())
}

/// A session with a table `event` of instants `at`.
fn with_events(zone: &str, day_starts_at: &str, instants: &[i64]) -> SessionContext {
    let session = session(zone, day_starts_at);
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from(instants.to_vec()).with_timezone(zone));
    session.register_batch("event", RecordBatch::try_from_iter([("at", at)]).unwrap()).unwrap();
    session
}

async fn rows(session: &SessionContext, sql: &str, parameters: &[(&str, ScalarValue)]) -> RecordBatch {
    let mut query = session.sql(sql).await.unwrap();
    if !parameters.is_empty() {
        query = query.with_param_values(parameters.to_vec()).unwrap();
    }
    let batches = query.collect().await.unwrap_or_else(|error| panic!("{sql} {parameters:?}: {error}"));
    concat_batches(batches[0].schema_ref(), &batches).unwrap()
}

fn instants_of(batch: &RecordBatch, column: usize) -> Vec<i64> {
    batch.column(column).as_primitive::<TimestampMicrosecondType>().values().to_vec()
}

/// A few cases at a time as well as all together: a batch without a change of the clock goes another way than one with it.
#[tokio::test]
async fn buckets_are_those_of_the_oracle() {
    let columns = [
        "date_trunc('hour', at)",
        "date_trunc('day', at)",
        "date_trunc('month', at)",
        "date_trunc('year', at)",
        "CAST(at AS DATE)",
        "date_trunc('day', at)::date",
        "business_date(at)",
        "date_trunc('month', at)::date",
        "date_trunc('year', at)::date",
        "CAST(at AS TIMESTAMP)",
        "business_date(CAST(at AS TIMESTAMP))",
        "date_part('year', at) * 10000 + date_part('month', at) * 100 + date_part('day', at)",
        "date_part('year', at) = 2026",
    ];
    let columns: Vec<String> = columns.iter().enumerate().map(|(number, column)| format!("{column} AS c{number}")).collect();
    let sql = format!("SELECT {} FROM event", columns.join(", "));
    for zone in ZONES {
        let cases = cases("instants", zone);
        for day_starts_at in ["00:00", "00:30", "05:00"] {
            for group in cases.chunks(cases.len()).chain(cases.chunks(4).filter(|_| day_starts_at == "00:00")) {
                let at: Vec<i64> = group.iter().map(|case| micros(case, "instant")).collect();
                let found = rows(&with_events(zone, day_starts_at, &at), &sql, &[]).await;
                for (row, case) in group.iter().enumerate() {
                    for (column, field) in ["hour", "day", "month", "year"].into_iter().enumerate() {
                        assert_eq!(instants_of(&found, column)[row], micros(case, field), "{field} of {case}");
                    }
                    let text = |column| array_value_to_string(found.column(column), row).unwrap();
                    let date = case["date"].as_str().unwrap();
                    assert_eq!([text(4), text(5)], [date, date], "{case}");
                    assert_eq!(text(6), case["business_dates"][day_starts_at].as_str().unwrap(), "{day_starts_at} {case}");
                    assert_eq!([text(7), text(8)], [format!("{}-01", &date[..7]), format!("{}-01-01", &date[..4])], "{case}");
                    assert_eq!(text(9).replace(".000000", ""), case["local"].as_str().unwrap(), "{case}");
                    assert_eq!([text(11), text(12)], [date.replace('-', ""), date.starts_with("2026").to_string()], "{case}");
                    if case["fold"] == 0 {
                        assert_eq!(text(10), text(6), "{case}");
                    }
                }
            }
        }
    }
}

/// A literal is cut as a column is.
#[tokio::test]
async fn literals_are_cut_as_columns_are() {
    for zone in ZONES {
        let session = session(zone, "00:00");
        for group in cases("instants", zone).chunks(20) {
            let names: Vec<String> = (0..group.len()).map(|number| format!("at{number}")).collect();
            let value = |case| ScalarValue::TimestampMicrosecond(Some(micros(case, "instant")), Some(zone.into()));
            let parameters: Vec<(&str, ScalarValue)> = names.iter().map(String::as_str).zip(group.iter().map(value)).collect();
            for unit in ["hour", "day", "month", "year"] {
                let columns: Vec<String> = names.iter().map(|name| format!("date_trunc('{unit}', ${name}) AS {name}")).collect();
                let found = rows(&session, &format!("SELECT {}", columns.join(", ")), &parameters).await;
                for (column, case) in group.iter().enumerate() {
                    assert_eq!(instants_of(&found, column), [micros(case, unit)], "{unit} of {case}");
                }
            }
            // The start of a day lies on it: a cast to a date and the day's own start, cast to an instant, are the same on the clock.
            let columns: Vec<String> = names
                .iter()
                .map(|name| format!("arrow_cast(CAST(${name}::date AS TIMESTAMP WITH TIME ZONE), 'Timestamp(Microsecond, Some(\"{zone}\"))') AS {name}"))
                .collect();
            let found = rows(&session, &format!("SELECT {}", columns.join(", ")), &parameters).await;
            for (column, case) in group.iter().enumerate() {
                assert_eq!(instants_of(&found, column), [micros(case, "day")], "the date of {case}");
            }
        }
    }
}

/// A local time as timestamp, text or date stands for the first instant at which the clock shows it.
#[tokio::test]
async fn local_times_become_the_first_instant() {
    for zone in ZONES {
        let session = session(zone, "00:00");
        for case in cases("locals", zone) {
            let first = micros(&case, "first");
            let local = ScalarValue::TimestampMicrosecond(Some(wall(&case, "local")), None);
            let sql = "SELECT arrow_cast(CAST($local AS TIMESTAMP WITH TIME ZONE), $type), \
                       arrow_cast(CAST($text AS TIMESTAMP WITH TIME ZONE), $type), \
                       arrow_cast(CAST($other AS TIMESTAMP WITH TIME ZONE), $type)";
            let parameters =
                [("local", local), ("text", ScalarValue::from(case["local"].as_str().unwrap())), ("other", ScalarValue::from(case["later"].as_str().unwrap()))];
            let sql = sql.replace("$type", &format!("'Timestamp(Microsecond, Some(\"{zone}\"))'"));
            let found = rows(&session, &sql, &parameters).await;
            let found: Vec<i64> = (0..3).map(|column| instants_of(&found, column)[0]).collect();
            assert_eq!(found, [first, first, micros(&case, "later")], "{case}");
        }
        for case in cases("days", zone).iter().filter(|case| case["day_starts_at"] == "00:00") {
            let sql = format!("SELECT CAST(CAST(DATE '{}' AS TIMESTAMP WITH TIME ZONE) AS BIGINT)", case["date"].as_str().unwrap());
            let found = rows(&session, &sql, &[]).await;
            assert_eq!(array_value_to_string(found.column(0), 0).unwrap(), (micros(case, "start") * 1000).to_string(), "{case}");
        }
    }
}

/// A day later is the same time of the clock on the next date; ninety minutes later are ninety minutes.
#[tokio::test]
async fn days_are_added_on_the_clock() {
    for zone in ZONES {
        let cases = cases("locals", zone);
        let day_before = |case| ScalarValue::TimestampMicrosecond(Some(wall(case, "local") - 48 * HALF_HOUR), None);
        for case in &cases {
            let session = session(zone, "00:00");
            let sql = "SELECT arrow_cast(CAST($local AS TIMESTAMP WITH TIME ZONE) + INTERVAL '1' DAY, $type)";
            let sql = sql.replace("$type", &format!("'Timestamp(Microsecond, Some(\"{zone}\"))'"));
            let found = rows(&session, &sql, &[("local", day_before(case))]).await;
            assert_eq!(instants_of(&found, 0), [micros(case, "first")], "{case}");
        }
        let at: Vec<i64> = cases.iter().map(|case| micros(case, "first")).collect();
        let found = rows(&with_events(zone, "00:00", &at), "SELECT at + INTERVAL '90' MINUTE FROM event", &[]).await;
        let later: Vec<i64> = at.iter().map(|at| at + 3 * HALF_HOUR).collect();
        assert_eq!(instants_of(&found, 0), later, "{zone}");
    }
}

/// What DataFusion alone does with such comparisons: the reason for the rule, which can go when this test fails.
#[tokio::test]
async fn datafusion_alone_fails_or_shifts_the_day() {
    let mut config = SessionConfig::new();
    config.options_mut().execution.time_zone = Some("America/Havana".to_owned());
    let alone = SessionContext::new_with_config(config);
    let missing = "SELECT CAST(TIMESTAMP '2026-03-08 00:00:00' AS TIMESTAMP WITH TIME ZONE)";
    let error = alone.sql(missing).await.unwrap().collect().await.unwrap_err().to_string();
    assert!(error.contains("Cannot cast timezone to different timezone"), "{error}");
    // 20:30 on the day before, when the UTC date is that of the day.
    let shifted = "SELECT CAST(TIMESTAMP '2026-06-01 20:30:00' AS TIMESTAMP WITH TIME ZONE) >= DATE '2026-06-02'";
    assert!(rows(&alone, shifted, &[]).await.column(0).as_boolean().value(0));
    assert!(!rows(&session("America/Havana", "00:00"), shifted, &[]).await.column(0).as_boolean().value(0));
}

/// Comparisons of instants with dates keep just the rows that they should, for every half hour of the days around each change.
#[tokio::test]
async fn comparisons_with_dates_keep_the_right_rows() {
    for zone in ZONES {
        let days: Vec<Value> = cases("days", zone).into_iter().filter(|case| case["day_starts_at"] == "00:00").collect();
        let at: BTreeSet<i64> = days.iter().flat_map(|day| (-5..53).map(|step| micros(day, "start") + step * HALF_HOUR)).collect();
        let at: Vec<i64> = at.into_iter().collect();
        let session = with_events(zone, "00:00", &at);
        for day in &days {
            let date: NaiveDate = day["date"].as_str().unwrap().parse().unwrap();
            let parameter = ("d", ScalarValue::Date32(Some(Date32Type::from_naive_date(date))));
            let (start, end) = (micros(day, "start"), micros(day, "end"));
            let comparisons: [(&str, &dyn Fn(i64) -> bool); 14] = [
                ("CAST(at AS DATE) = $d", &|at| start <= at && at < end),
                ("CAST(at AS DATE) <= $d", &|at| at < end),
                ("CAST(at AS DATE) > $d", &|at| at >= end),
                ("date_trunc('day', at)::date = $d", &|at| start <= at && at < end),
                ("date_trunc('day', at)::date < $d", &|at| at < start),
                ("business_date(at) <= $d", &|at| at < end),
                ("at >= $d", &|at| at >= start),
                ("$d > at", &|at| at < start),
                ("at BETWEEN $d AND CAST($d AS DATE) + INTERVAL '1' DAY", &|at| start <= at && at <= end),
                ("at >= CAST($d AS TIMESTAMP) AND at < CAST(CAST($d AS DATE) + INTERVAL '1' DAY AS TIMESTAMP)", &|at| start <= at && at < end),
                ("date_trunc('day', at) = $d", &|at| start <= at && at < end),
                ("date_trunc('day', at) = date_trunc('day', CAST($d AS DATE))", &|at| start <= at && at < end),
                ("CAST(at AS TIMESTAMP) >= CAST($d AS TIMESTAMP)", &|at| at >= start),
                ("at < CAST($d AS VARCHAR)", &|at| at < start),
            ];
            let columns: Vec<String> = comparisons.iter().enumerate().map(|(number, (condition, _))| format!("{condition} AS c{number}")).collect();
            let sql = format!("SELECT {} FROM event", columns.join(", "));
            let found = rows(&session, &sql, std::slice::from_ref(&parameter)).await;
            for (column, (condition, keeps)) in comparisons.iter().enumerate() {
                let found: Vec<bool> = found.column(column).as_boolean().values().iter().collect();
                let expected: Vec<bool> = at.iter().map(|at| keeps(*at)).collect();
                assert_eq!(found, expected, "{condition} in {zone} for {date}");
            }
            // And once as a filter, which the optimizer takes further.
            let (condition, keeps) = comparisons[9];
            let found = rows(&session, &format!("SELECT at FROM event WHERE {condition}"), std::slice::from_ref(&parameter)).await;
            let expected: Vec<i64> = at.iter().copied().filter(|at| keeps(*at)).collect();
            assert_eq!(instants_of(&found, 0), expected, "{condition} in {zone} for {date}");
        }
    }
}

/// The other side of a comparison is a literal once the plan is optimised, and the column stands bare: only so are files skipped.
#[tokio::test]
async fn comparisons_with_dates_still_prune() {
    let session = with_events("Asia/Taipei", "00:00", &[0]);
    for condition in [
        "at >= DATE '2026-11-24'",
        "at >= CAST(DATE '2026-11-23' + INTERVAL '1' DAY AS TIMESTAMP)",
        "at >= TIMESTAMP '2026-11-24 00:00:00'",
        "at >= '2026-11-24'",
        "at >= '2026-11-23T16:00:00Z'",
        "at BETWEEN DATE '2026-11-24' AND DATE '2026-11-25'",
        "at >= DATE '2026-11-23' + INTERVAL '1' DAY",
    ] {
        let query = session.sql(&format!("SELECT at FROM event WHERE {condition}")).await.unwrap();
        let plan = query.create_physical_plan().await.unwrap();
        let plan = displayable(plan.as_ref()).indent(false).to_string();
        // 2026-11-24T00:00 at Taipei, in microseconds.
        assert!(plan.contains("at@0 >= 1795449600000000"), "{condition}: {plan}");
    }
}

/// In the night in which St. John's went back from 00:01 to 23:01 a day was left and came again: what is in the order of time is not in that of days.
#[tokio::test]
async fn a_day_that_comes_again_is_one_group() {
    let start = micros(&serde_json::json!({"at": "2010-11-07T02:00:00+00:00"}), "at");
    let at: Vec<i64> = (0..480).map(|number| start + number * 30_000_000).collect();
    let session = with_events("America/St_Johns", "00:00", &at);
    session.sql("SET datafusion.execution.batch_size = 16").await.unwrap();
    let numbered = "SELECT at, row_number() OVER (ORDER BY at) AS number FROM event";
    for day in ["at::date", "date_trunc('day', at)"] {
        let found = rows(&session, &format!("SELECT {day} AS day, count(*) AS rows, max(number) AS last FROM ({numbered}) GROUP BY 1 ORDER BY 1"), &[]).await;
        let number = |column: usize| found.column(column).as_primitive::<Int64Type>().values().to_vec();
        assert_eq!(number(1), [60 + 118, 2 + 300], "{day}");
    }
}

/// By a cast files are skipped; where the clock has gone back over midnight, they would be skipped wrongly.
#[tokio::test]
async fn a_day_that_is_compared_still_prunes() {
    for (zone, prunes) in [("Asia/Taipei", true), ("America/Havana", true), ("America/Sao_Paulo", true), ("America/St_Johns", false)] {
        let session = with_events(zone, "00:00", &[0]);
        for condition in [
            "at::date = '2026-11-24'",
            "DATE '2026-11-24' <= at::date",
            "at::date BETWEEN '2026-11-24' AND '2026-11-25'",
            "at::date IN ('2026-11-24')",
            "TRY_CAST(at AS DATE) = '2026-11-24'",
        ] {
            let query = session.sql(&format!("SELECT at FROM event WHERE {condition}")).await.unwrap();
            let plan = query.create_physical_plan().await.unwrap();
            let plan = displayable(plan.as_ref()).indent(false).to_string();
            assert_eq!((plan.contains("CAST(at@0 AS Date32)"), plan.contains("bucket_date")), (prunes, !prunes), "{condition} in {zone}: {plan}");
        }
    }
}

#[tokio::test]
async fn days_are_members_of_grouping_sets() {
    let session = with_events("Asia/Taipei", "00:00", &[0, 1_000_000, 86_400_000_000]);
    for day in ["at::date", "date_trunc('day', at)::date"] {
        let counts = session.sql(&format!("SELECT {day} AS day, count(*) AS n FROM event GROUP BY ROLLUP({day}) ORDER BY n DESC, day")).await.unwrap();
        let rows = counts.collect().await.unwrap();
        let counts: Vec<i64> = rows.iter().flat_map(|rows| rows.column(1).as_primitive::<Int64Type>().values().to_vec()).collect();
        assert_eq!(counts, [3, 2, 1], "{day}");
    }
}
