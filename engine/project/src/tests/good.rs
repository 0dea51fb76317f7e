use std::path::Path;

use nightshift_calendar::{Ambiguous, Grain};
use nightshift_diagnostic::{Position, Span};

use super::{load, shown};
use crate::{CheckSeverity, Compression, Error, Format, Load, Output, ParameterType, PipelineAction, Priority, Project, Strict};

#[test]
fn settings_and_targets() {
    let (project, problems) = load(&[], None);
    assert_eq!(shown(&problems), Vec::<String>::new());
    assert_eq!(project.calendar.zone, chrono_tz::Asia::Taipei);
    assert_eq!(project.calendar.day_starts_at.to_string(), "05:00:00");
    assert_eq!((project.calendar.fiscal_year_starts, project.calendar.holidays.len()), (4, 3));
    assert_eq!((project.limits.memory, project.limits.step_memory), (2 << 30, 512 << 20));
    assert_eq!((project.limits.batch_size, project.limits.threads, project.limits.spill), (4096, 3, 64 << 30));
    let relative = |path: &Path, project: &Project| path.strip_prefix(&project.root).unwrap().display().to_string();
    assert_eq!(relative(&project.paths.lake, &project), "data/lake");
    assert_eq!(relative(&project.paths.ledger, &project), "data/ledger.db");

    let (dev, problems) = load(&[], Some("dev"));
    assert_eq!(shown(&problems), Vec::<String>::new());
    let paths = [&dev.paths.lake, &dev.paths.output, &dev.paths.ledger, &dev.paths.spill, &dev.paths.incoming];
    assert_eq!(paths.map(|path| relative(path, &dev)), ["scratch/lake", "data/dev/output", "data/dev/ledger.db", "data/dev/spill", "data/incoming"]);
    assert_eq!((dev.limits.memory, dev.limits.step_memory), (256 << 20, 256 << 20));
}

#[test]
fn a_source_says_where_it_comes_from_and_how_it_loads() {
    let (project, _) = load(&[], None);
    let source = project.source("delivery").unwrap();
    let header = &source.header;
    assert_eq!((header.format, header.delimiter, header.ambiguous), (Format::Csv, b';', Ambiguous::Earlier));
    let delete_when = Some("is_deleted".to_owned());
    let load = Load::Upsert { key: vec!["delivery_id".into()], watermark: "updated_at".into(), delete_when };
    assert_eq!(header.load, load);
    let partition = header.partition.as_ref().unwrap();
    assert_eq!((partition.grain, partition.column.as_str()), (Grain::Month, "delivered_at"));
    assert_eq!(header.columns["amount"].unit.as_deref(), Some("TWD"));
    assert_eq!(header.columns["distance_km"].description.as_deref(), Some("From the depot's door"));
    assert_eq!(source.file_name(), "delivery.csv");
    assert_eq!(source.header_span.start, Position::new(2, 1));
    assert!(source.text.text.starts_with("-- 送貨單"));
}

#[test]
fn a_report_says_what_it_takes_checks_and_gives() {
    let (project, _) = load(&[], None);
    let header = &project.report("daily_sales").unwrap().header;
    assert_eq!((header.priority, header.owner.as_str()), (Priority::P2, "finance"));
    let parameters: Vec<_> = header.parameters.iter().map(|one| (one.name.as_str(), one.parameter_type)).collect();
    let types = [ParameterType::Date, ParameterType::Decimal, ParameterType::Integer];
    assert_eq!(parameters, ["business_date", "minimum", "depot"].into_iter().zip(types).collect::<Vec<_>>());
    assert_eq!(header.parameters[1].default.as_ref().unwrap().to_string(), "0.50");
    assert_eq!((header.checks.not_null.len(), header.checks.unique.as_slice()), (2, ["depot_id".to_owned()].as_slice()));
    let expected: Vec<_> = header.checks.expect.iter().map(|one| (one.sql.as_str(), one.severity)).collect();
    assert_eq!(expected, [("revenue >= 0", CheckSeverity::Error), ("deliveries > 0", CheckSeverity::Warn)]);
    assert_eq!(header.table.as_ref().unwrap().replace, "day = $business_date");
    assert_eq!(
        header.output,
        [
            Output::Xlsx { sheet: Some("Daily sales".into()) },
            Output::Csv { compress: None, rows_per_file: None, delimiter: b',' },
            Output::Csv { compress: Some(Compression::Gzip), rows_per_file: Some(50_000), delimiter: b',' },
        ]
    );
}

#[test]
fn rollups_pipelines_and_tests() {
    let (project, _) = load(&[("sql/rollups/daily/depot_daily.test.yaml", "rows: []\n")], None);
    let rollup = project.rollup("depot_daily").unwrap();
    assert_eq!((rollup.header.grain, rollup.header.time.as_str()), (Grain::Day, "delivered_at"));
    assert_eq!(rollup.header.strict, Some(Strict::Incremental));
    assert!(rollup.test.as_ref().is_some_and(|path| path.ends_with("depot_daily.test.yaml")));

    let pipeline = project.pipeline("daily").unwrap();
    assert_eq!((pipeline.schedule.as_deref(), pipeline.priority), (Some("30 1 * * *"), Priority::P1));
    assert_eq!(pipeline.limits.memory, Some(1 << 30));
    assert_eq!(pipeline.verify.map(|verify| verify.sample), Some(5));
    let steps: Vec<_> = pipeline.steps.iter().map(|step| (step.action, step.all, step.names.join(","))).collect();
    assert_eq!(
        steps,
        [
            (PipelineAction::Ingest, true, "delivery".to_owned()),
            (PipelineAction::Refresh, false, "depot_daily".to_owned()),
            (PipelineAction::Report, false, "daily_sales".to_owned()),
        ]
    );
}

#[test]
fn everything_in_a_header_has_a_place_in_its_file() {
    let (project, _) = load(&[], None);
    let rollup = project.rollup("depot_daily").unwrap();
    assert_eq!(rollup.locate(&["time"]).text(), "delivered_at");
    assert_eq!(rollup.locate(&["time"]).span.start, Position::new(3, 7));
    assert_eq!(rollup.locate(&["title"]).text(), "每日送貨量");
    assert_eq!(rollup.locate(&["columns", "day"]).text(), "rollup");

    let report = project.report("daily_sales").unwrap();
    assert_eq!(report.locate(&["checks", "not_null", "1"]).text(), "revenue");
    assert_eq!(report.locate(&["checks", "unique", "0"]).text(), "depot_id");
    assert_eq!(report.locate_key(&["parameters", "minimum"]).text(), "minimum");
    assert_eq!(report.locate(&["output", "0", "xlsx", "sheet"]).text(), "Daily sales");
    let parameter = Span::new(Position::new(1, 7), Position::new(1, 21));
    assert_eq!(report.locate_within(&["table", "replace"], parameter).text(), "$business_date");
    let quoted = &report.header.checks.expect[1];
    let column = Span::new(Position::new(1, 1), Position::new(1, 11));
    assert_eq!(report.locate_within(&quoted.path, column).text(), "deliveries");
    assert_eq!(report.at(quoted.span).text(), "'deliveries > 0'");
}

#[test]
fn sql_in_a_block_of_several_lines_keeps_its_places() {
    let text = "/* report\ntitle: T\nowner: o\nchecks:\n  expect: |\n    revenue >= 0\n      AND revenu < 9\n*/\nSELECT 1\n";
    let (project, problems) = load(&[("reports/daily_sales.sql", text)], None);
    assert_eq!(shown(&problems), Vec::<String>::new());
    let report = project.report("daily_sales").unwrap();
    let expectation = &report.header.checks.expect[0];
    assert_eq!(expectation.sql, "revenue >= 0\n  AND revenu < 9\n");
    let wrong = Span::new(Position::new(2, 7), Position::new(2, 13));
    let location = report.locate_within(&expectation.path, wrong);
    assert_eq!((location.text(), location.span.start), ("revenu", Position::new(7, 11)));
}

#[test]
fn windows_line_ends_move_nothing() {
    let text = "\u{feff}/* report\r\ntitle: T\r\nowner: 財務\r\nchecks: {unique: [a, b]}\r\n*/\r\nSELECT 1\r\n";
    let (project, problems) = load(&[("reports/daily_sales.sql", text)], None);
    assert_eq!(shown(&problems), Vec::<String>::new());
    let report = project.report("daily_sales").unwrap();
    assert_eq!((report.header.owner.as_str(), report.locate(&["owner"]).text()), ("財務", "財務"));
    let second = report.locate(&["checks", "unique", "1"]);
    assert_eq!((second.text(), second.span.start), ("b", Position::new(4, 22)));
}

#[test]
fn a_folder_without_settings_is_no_project() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Project::load(folder.path(), None), Err(Error::NotAProject { .. })));
    assert_eq!(Project::find_root(folder.path()), None);
}
