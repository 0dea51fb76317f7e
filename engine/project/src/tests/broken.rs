use std::fs;

use super::{folder, load, problems, shown};
use crate::Project;

#[test]
fn one_file_with_many_mistakes_reports_them_all() {
    let text = "/* report\ntitel: 每日銷售\nowner:\npriority: P7\nparameters:\n  day: {type: dat}\n  day: date\n  minimum-amount: decimal\nchecks:\n  uniqe: [a]\n  \
                not_null: [a, a]\ntable: {replace: }\noutput: [pdf, {csv: {compress: zip, rows_per_file: 0}}, {xlsx: {sheet: 'a/b'}}]\n*/\nSELECT 1\n";
    assert_eq!(
        problems(&[("reports/daily_sales.sql", text)]),
        [
            "reports/daily_sales.sql:1:4 missing-key: a report needs `title` | add `title: …`",
            "reports/daily_sales.sql:2:1 unknown-key: a report has no key `titel` | did you mean `title`?",
            "reports/daily_sales.sql:3:1 missing-key: a report needs `owner` | add `owner: …`",
            "reports/daily_sales.sql:4:11 invalid-value: `P7` is no priority | did you mean `P1`?",
            "reports/daily_sales.sql:6:15 invalid-value: `dat` is no type of a parameter | did you mean `date`?",
            "reports/daily_sales.sql:7:3 duplicate-key: `day` stands here twice | keep one of them",
            "reports/daily_sales.sql:8:3 invalid-name: `minimum-amount` is no name for a parameter | a lower-case letter, then lower-case letters, digits and underscores",
            "reports/daily_sales.sql:10:3 unknown-key: `checks` has no key `uniqe` | did you mean `unique`?",
            "reports/daily_sales.sql:11:17 duplicate-value: `a` stands in this list twice | take one of them out",
            "reports/daily_sales.sql:12:9 missing-key: `table` needs `replace` | add `replace: …`",
            "reports/daily_sales.sql:13:10 invalid-value: `pdf` is no kind of output | it is one of `csv` and `xlsx`",
            "reports/daily_sales.sql:13:32 invalid-value: `zip` is no compression | did you mean `gzip`?",
            "reports/daily_sales.sql:13:52 invalid-value: `0` is not a whole number of at least 1",
            "reports/daily_sales.sql:13:72 invalid-value: `a/b` is not a sheet's name: at most 31 characters, none of [ ] : * ? / \\",
        ]
    );
}

#[test]
fn contracts_and_rollups() {
    let source = "/* source\ntitle: T\nformat: cvs\nload: upsert\npartition: {week: a}\nambiguous: guess\nfile: a/b.csv\n*/\n";
    let rollup = "/* rollup\ntitle: T\nstrict: yes\n*/\n";
    assert_eq!(
        problems(&[("sql/sources/delivery.sql", source), ("sql/rollups/daily/depot_daily.sql", rollup)]),
        [
            "sql/rollups/daily/depot_daily.sql:1:4 missing-key: a rollup needs `time` | add `time: …`",
            "sql/rollups/daily/depot_daily.sql:3:9 invalid-value: `yes` is no thing to be strict about | it is one of `incremental`",
            "sql/sources/delivery.sql:3:9 invalid-value: `cvs` is no format | did you mean `csv`?",
            "sql/sources/delivery.sql:4:7 missing-key: `upsert` needs `key` and `watermark` | write `load: {upsert: {key: [id], watermark: updated_at}}`",
            "sql/sources/delivery.sql:5:12 missing-key: `partition` needs `month` | add `month: …`",
            "sql/sources/delivery.sql:5:13 unknown-key: `partition` has no key `week` | the keys of `partition` are `day`, `month` and `year`",
            "sql/sources/delivery.sql:6:12 invalid-value: `guess` is no way to treat ambiguous times | it is one of `earlier`, `later` and `review`",
            "sql/sources/delivery.sql:7:7 invalid-value: `a/b.csv` is not the name of a file without folders",
        ]
    );
}

#[test]
fn headers_that_are_missing_or_of_another_kind() {
    let good = "title: T\n*/\n";
    let files = [
        ("reports/a.sql", "SELECT 1\n"),
        ("reports/b.sql", &format!("\n-- 註\n  /* source\n{good}")),
        ("reports/c.sql", &format!("/* reprot\n{good}")),
        ("reports/d.sql", "/* report\ntitle: T\n"),
        ("reports/e.sql", "/* report\ntitle: [a\nowner: b\n*/\n"),
        ("reports/f.sql", ""),
        ("reports/g.sql", "/* report */ SELECT 1"),
    ];
    assert_eq!(
        problems(&files),
        [
            "reports/a.sql:1:1 missing-header: a report begins with its header, a comment | begin the file with `/* report`, lines such as `title: …`, and `*/`",
            "reports/b.sql:3:6 wrong-kind: a source cannot lie in reports | move the file to sql/sources, or write `/* report`",
            "reports/c.sql:1:4 missing-header: a header in reports begins with the word `report` | did you mean `report`?",
            "reports/d.sql:1:1 missing-header: the comment that begins here does not end | close it with `*/`",
            "reports/e.sql:3:6 invalid-yaml: this is not valid YAML: illegal placement of ':' indicator",
            "reports/f.sql:1:1 missing-header: a report begins with its header, a comment | begin the file with `/* report`, lines such as `title: …`, and `*/`",
            "reports/g.sql:1:4 missing-key: a report needs `title` | add `title: …`",
            "reports/g.sql:1:4 missing-key: a report needs `owner` | add `owner: …`",
        ]
    );
}

#[test]
fn names_and_places_of_files() {
    let rollup = "/* rollup\ntitle: T\ntime: t\n*/\n";
    let report = "/* report\ntitle: T\nowner: o\n*/\n";
    let files = [
        ("sql/rollups/monthly/delivery.sql", rollup),
        ("sql/rollups/weekly/x.sql", rollup),
        ("sql/rollups/y.sql", rollup),
        ("reports/Top Ten.sql", report),
        ("reports/order.sql", report),
        ("reports/old/z.sql", report),
        ("reports/gone.test.yaml", ""),
        ("pipelines/extra.yml", ""),
    ];
    let (project, problems) = load(&files, None);
    assert_eq!(
        shown(&problems),
        [
            "pipelines/extra.yml:1:1 misplaced-file: a pipeline's file ends in `.yaml` | rename it",
            "reports/Top Ten.sql:1:1 invalid-name: `Top Ten` is no name for a definition | a name is the file's stem: a lower-case letter, then lower-case letters, digits and underscores",
            "reports/gone.test.yaml:1:1 misplaced-file: a test lies beside the file that it tests | there is no `gone.sql` here",
            "reports/old/z.sql:1:1 misplaced-file: this file is not read: it lies too deep | move it to reports",
            "reports/order.sql:1:1 invalid-name: `order` is a reserved word | call the file `customer_order.sql`, or whatever says more",
            "sql/rollups/monthly/delivery.sql:1:1 duplicate-name: there is a source named `delivery` already | sources, rollups and reports share one set of names: rename one of the files",
            "sql/rollups/weekly:1:1 misplaced-file: there is no grain `weekly`: its rollups are not read | it is one of `hourly`, `daily`, `monthly` and `yearly`",
            "sql/rollups/y.sql:1:1 misplaced-file: a rollup lies in the folder of its grain | move it to one of `hourly`, `daily`, `monthly` and `yearly`",
        ]
    );
    assert!(project.source("delivery").is_some() && project.rollup("delivery").is_none());
}

#[test]
fn pipelines() {
    let text = "title: Every night\nschedule: 30 25 * * *\nlimits: {memory: lots, disk: 1GiB}\nverify: {sample: 0}\nsteps:\n  - ingest: [delivry]\n  \
                - refresh: daily_sales\n  - reports: all\n  - report:\n  - all\n";
    assert_eq!(
        problems(&[("pipelines/daily.yaml", text), ("pipelines/other.yaml", "steps: [{ingest: all}")]),
        [
            "pipelines/daily.yaml:2:11 invalid-cron: `30 25 * * *` is no cron expression: `25` is no hour | five fields: minute, hour, day of the month, month, day of the week; `30 1 * * *` is 01:30 every day",
            "pipelines/daily.yaml:3:18 invalid-value: `lots` is not a size such as 512MiB",
            "pipelines/daily.yaml:3:24 unknown-key: `limits` has no key `disk` | the keys of `limits` are `memory`, `step_memory`, `spill`, `batch_size` and `threads`",
            "pipelines/daily.yaml:4:18 invalid-value: `0` is not a whole number of at least 1",
            "pipelines/daily.yaml:6:14 unknown-source: there is no source named `delivry` | did you mean `delivery`?",
            "pipelines/daily.yaml:7:14 unknown-rollup: there is no rollup named `daily_sales` | it is a report: write it under `report`",
            "pipelines/daily.yaml:8:5 unknown-step: there is no step `reports` | did you mean `report`?",
            "pipelines/daily.yaml:9:5 missing-key: `report` needs names | write `report: all`, or a list of names",
            "pipelines/daily.yaml:10:5 invalid-value: a step says what is done, and to what | write `- refresh: all` or `- report: [daily_sales]`",
            "pipelines/other.yaml:1:8 invalid-yaml: this is not valid YAML: unclosed bracket '['",
        ]
    );
}

#[test]
fn settings() {
    let text =
        "nmae: lucky\ntimezone: Taipei\nday_starts_at: 25:00\nfiscal_year_starts: 13\nholidays: none.yaml\npaths: data\ntargets:\n  dev:\n    path: {}\n";
    let (_, problems) = load(&[("nightshift.yaml", text)], Some("dv"));
    assert_eq!(
        shown(&problems),
        [
            "nightshift.yaml:1:1 missing-key: nightshift.yaml needs `name` | add `name: …`",
            "nightshift.yaml:1:1 unknown-key: nightshift.yaml has no key `nmae` | did you mean `name`?",
            "nightshift.yaml:2:11 unknown-timezone: there is no time zone `Taipei` | did you mean `Asia/Taipei`?",
            "nightshift.yaml:3:16 invalid-value: `25:00` is not a time such as 05:00",
            "nightshift.yaml:4:21 invalid-value: `13` is not a month from 1 to 12",
            "nightshift.yaml:5:11 missing-file: there is no file `none.yaml` | the path starts at the project's folder",
            "nightshift.yaml:6:8 invalid-value: `paths` is a mapping of keys and values, not a single value | write it as `key: value`",
            "nightshift.yaml:8:3 unknown-target: there is no target `dv` | did you mean `dev`?",
            "nightshift.yaml:9:5 unknown-key: a target has no key `path` | did you mean `paths`?",
        ]
    );
}

#[test]
fn holidays() {
    let text = "- 2026-02-17\n- {date: 2026-02-30, nam: x}\n- 2026-02-17\n";
    assert_eq!(
        problems(&[("calendars/holidays.yaml", text)]),
        [
            "calendars/holidays.yaml:2:10 invalid-value: `2026-02-30` is not a date such as 2026-11-23",
            "calendars/holidays.yaml:2:22 unknown-key: a holiday has no key `nam` | did you mean `name`?",
            "calendars/holidays.yaml:3:3 duplicate-value: 2026-02-17 stands in this list twice",
        ]
    );
}

#[test]
fn a_file_in_another_encoding_is_reported_and_the_rest_is_loaded() {
    let folder = folder(&[]);
    fs::write(folder.path().join("reports/big5.sql"), b"/* report\ntitle: \xb3\xe6\n*/\n").unwrap();
    let (project, problems) = Project::load(folder.path(), None).unwrap();
    assert_eq!(shown(&problems), ["reports/big5.sql:1:1 unreadable-file: cannot read this file: line 2 is not UTF-8 | save it as UTF-8"]);
    assert!(project.report("daily_sales").is_some());
}
