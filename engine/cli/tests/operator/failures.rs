//! A process that dies between any two effects is gone on with, and all that is there in the end is what an undisturbed night leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;

use nightshift_failure::Point;

use crate::outcome::Outcome;
use crate::place::{Place, text};

const DATE: &str = "2026-01-01";
const PIPELINE: &str = "
title: A small night
verify: {sample: 2}
steps:
  - ingest: [customer, delivery, cylinder_movement]
  - refresh: [delivery_hourly, depot_daily, depot_monthly, cylinder_balance_daily, payment_daily]
  - report: [daily_sales, depot_stock]
";
const RUN: [&str; 4] = ["run", "small", "--date", DATE];
const DIE: &str = "NIGHTSHIFT_DIE_AT";

/// What reaches a point only where a process has died before.
fn death_before(point: Point) -> Option<&'static str> {
    match point {
        Point::RunRecovered | Point::StageRemoved => Some("file-written:3"),
        // The commits before are those of reviews and sources.
        Point::AttemptRecovered => Some("committed:12"),
        _ => None,
    }
}

/// Brings in a source that the small night only reads.
const BEFORE: &str = "title: What is there before\nsteps: [{ingest: [payment]}]\n";

/// A project with files of eight days, and a file for people that the night replaces.
fn place() -> Place {
    let place = Place::with_days(8);
    place.write("pipelines/small.yaml", PIPELINE);
    place.write("pipelines/before.yaml", BEFORE);
    place.succeeds(&["run", "before", "--date", DATE]);
    place.write(&format!("data/output/{DATE}/daily_sales.csv"), "an earlier file\n");
    place
}

fn killed(place: &Place, at: &str) {
    let output = place.runs_with(&RUN, (DIE, at));
    assert_eq!(output.status.signal(), Some(9), "{at}: {}{}", text(&output.stdout), text(&output.stderr));
}

/// How often an undisturbed night passes each point.
fn passed(place: &Place) -> BTreeMap<String, usize> {
    let trace = place.root().join("trace");
    let output = place.runs_with(&RUN, ("NIGHTSHIFT_TRACE", trace.to_str().unwrap()));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut times = BTreeMap::new();
    for line in std::fs::read_to_string(trace).unwrap().lines() {
        *times.entry(line.to_owned()).or_default() += 1;
    }
    times
}

/// The first and the last time that a night is at a point.
fn times(passed: usize) -> BTreeSet<usize> {
    [1, passed].into_iter().filter(|time| *time > 0).collect()
}

/// Kills the process at each of some points; gives how many deaths there were.
fn deaths(points: &[Point]) -> usize {
    let beginning = place();
    let calm = beginning.copy();
    let passed = passed(&calm);
    let undisturbed = Outcome::of(&calm, "small", DATE);
    assert!(undisturbed.tables.len() >= 11 && undisturbed.files.len() >= 4, "{:?}", undisturbed.files);
    let (mut deaths, mut failures) = (0, Vec::new());
    for point in points {
        let before = death_before(*point);
        // What comes after a death differs from death to death, as far as steps run side by side.
        let times = if before.is_some() { BTreeSet::from([1]) } else { times(passed.get(point.as_str()).copied().unwrap_or_default()) };
        assert!(!times.is_empty(), "no night is ever at {point:?}");
        for time in times {
            let place = beginning.copy();
            if let Some(at) = before {
                killed(&place, at);
            }
            let at = format!("{}:{time}", point.as_str());
            killed(&place, &at);
            deaths += 1;
            let last = place.runs(&RUN);
            assert!(last.status.success(), "{at}: {}", text(&last.stderr));
            let differences = undisturbed.differences(&Outcome::of(&place, "small", DATE));
            failures.extend(differences.into_iter().map(|difference| format!("{at}: {difference}")));
            failures.extend(place.strays().into_iter().map(|stray| format!("{at}: {} is left", stray.display())));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    deaths
}

#[test]
fn a_death_around_the_run_leaves_nothing_behind() {
    assert!(deaths(&Point::ALL[..7]) >= 7);
}

#[test]
fn a_death_before_a_commit_leaves_nothing_behind() {
    assert!(deaths(&Point::ALL[7..12]) >= 8);
}

#[test]
fn a_death_after_a_commit_leaves_nothing_behind() {
    assert!(deaths(&Point::ALL[12..]) >= 8);
}
