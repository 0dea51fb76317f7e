//! Whole projects in temporary folders: what a good one gives, and what is said about broken ones.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod broken;
mod good;

use std::collections::BTreeMap;
use std::fs;

use nightshift_diagnostic::{Diagnostic, Diagnostics};

use tempfile::TempDir;

use crate::Project;

/// A small project in a folder; `files` come on top of it or in place of its files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let all: BTreeMap<&str, &str> = GOOD.into_iter().chain(files.iter().copied()).collect();
    for (path, text) in all {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(files: &[(&str, &str)], target: Option<&str>) -> (Project, Diagnostics) {
    Project::load(folder(files).path(), target).unwrap()
}

/// `file:line:column code: message | hint` of each problem.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    shown(&load(files, None).1)
}

fn shown(problems: &Diagnostics) -> Vec<String> {
    problems.iter().map(line).collect()
}

fn line(problem: &Diagnostic) -> String {
    let location = problem.location.as_ref().unwrap();
    let start = location.span.start;
    let place = format!("{}:{}:{}", location.file.path.display(), start.line, start.column);
    let hint = problem.hint.as_deref().map(|hint| format!(" | {hint}")).unwrap_or_default();
    format!("{place} {}: {}{hint}", problem.code, problem.message)
}

const GOOD: [(&str, &str); 6] = [
    (
        "nightshift.yaml",
        "name: lucky-gas\ntimezone: Asia/Taipei\nday_starts_at: 05:00\nfiscal_year_starts: 4\nholidays: calendars/holidays.yaml\n\
         limits: {memory: 2GiB, step_memory: 512MiB, batch_size: 4096, threads: 3}\n\
         targets:\n  dev:\n    paths: {lake: scratch/lake}\n    limits: {memory: 256MiB}\n",
    ),
    ("calendars/holidays.yaml", "- {date: 2026-02-16, name: 除夕}\n- {date: 2026-02-17, name: 春節}\n- 2026-02-28\n"),
    (
        "sql/sources/delivery.sql",
        "-- 送貨單\n/* source\ntitle: Deliveries\nformat: csv\ndelimiter: \";\"\nload:\n  upsert:\n    key: [delivery_id]\n    \
         watermark: updated_at\n    delete_when: is_deleted\npartition: {month: delivered_at}\npersonal: [address]\n\
         ambiguous: earlier\ncolumns:\n  amount: {description: What the customer pays, unit: TWD}\n  \
         distance_km: From the depot's door\n*/\nCREATE TABLE delivery (delivery_id BIGINT PRIMARY KEY);\n",
    ),
    ("sql/rollups/daily/depot_daily.sql", "/* rollup\ntitle: 每日送貨量\ntime: delivered_at\nstrict: incremental\n*/\nSELECT 1\n"),
    (
        "reports/daily_sales.sql",
        "/* report\ntitle: Daily sales by depot\nowner: finance\npriority: P2\nparameters:\n  business_date: {type: date}\n  \
         minimum: {type: decimal, default: 0.50}\n  depot: integer\nchecks:\n  not_null: [depot_id, revenue]\n  unique: depot_id\n  expect:\n    \
         - revenue >= 0\n    - {sql: 'deliveries > 0', severity: warn}\ntable: {replace: day = $business_date}\noutput:\n  \
         - xlsx: {sheet: Daily sales}\n  - csv\n  - csv: {compress: gzip, rows_per_file: 50_000}\n*/\nSELECT 1\n",
    ),
    (
        "pipelines/daily.yaml",
        "title: Every night\nschedule: 30 1 * * *\npriority: P1\nlimits: {memory: 1GiB}\nverify: {sample: 5}\nsteps:\n  - ingest: all\n  \
         - refresh: [depot_daily]\n  - report: daily_sales\n",
    ),
];
