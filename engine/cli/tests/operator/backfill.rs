//! The cure at three o'clock: a table that somebody has changed is mended by its days, and a backfill that dies or is stopped goes on where it was.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;

use nightshift_failure::Point;
use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::place::{Place, send, text};

const DATE: &str = "2026-03-04";
const ROLLUP: &str = "depot_daily";
const ALL: [&str; 3] = ["backfill", ROLLUP, "--all"];
/// December to March: a unit each.
const UNITS: usize = 4;

/// Seventy days, loaded and kept.
fn place() -> Place {
    let place = Place::with_days(70);
    place.write("pipelines/small.yaml", "title: A small night\nsteps: [{ingest: [delivery]}, {refresh: [delivery_hourly, depot_daily, depot_monthly]}]\n");
    place.succeeds(&["run", "small", "--date", DATE]);
    place
}

fn log(place: &Place) -> PathBuf {
    place.root().join("data/lake/rollup").join(ROLLUP).join("_delta_log")
}

/// The actions of every commit of the rollup's table, oldest first, and the version of the last.
fn commits(place: &Place) -> (Vec<Value>, usize) {
    let mut actions = Vec::new();
    for version in 0.. {
        let Ok(text) = std::fs::read_to_string(log(place).join(format!("{version:020}.json"))) else { return (actions, version - 1) };
        actions.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    unreachable!()
}

/// The files that the table has now, as the log says it.
fn files(place: &Place) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for action in commits(place).0 {
        let path = |kind: &str| action[kind]["path"].as_str().map(str::to_owned);
        files.extend(path("add"));
        if let Some(gone) = path("remove") {
            files.remove(&gone);
        }
    }
    files
}

/// What somebody else's program commits: the rows of some months are there no more, those of another month twice.
fn damage(place: &Place) {
    let (actions, version) = commits(place);
    let live = files(place);
    let mut commit = vec![json!({"commitInfo": {"timestamp": 1_772_600_000_000_i64, "operation": "DELETE", "operationParameters": {}}})];
    for add in actions.iter().map(|action| &action["add"]).filter(|add| add["path"].as_str().is_some_and(|path| live.contains(path))) {
        let path = add["path"].as_str().unwrap();
        if path.contains("2026-01") {
            let twin = path.replace(".parquet", "-twin.parquet");
            let folder = log(place).parent().unwrap().to_path_buf();
            std::fs::copy(folder.join(path), folder.join(&twin)).unwrap();
            let mut added = add.clone();
            added["path"] = json!(twin);
            commit.push(json!({"add": added}));
        } else {
            let values = &add["partitionValues"];
            commit.push(json!({"remove": {"path": path, "deletionTimestamp": 1_772_600_000_000_i64, "dataChange": true, "partitionValues": values}}));
        }
    }
    assert!(commit.len() > UNITS, "{commit:?}");
    let lines: Vec<String> = commit.iter().map(Value::to_string).collect();
    std::fs::write(log(place).join(format!("{:020}.json", version + 1)), lines.join("\n")).unwrap();
}

fn is_right(place: &Place) -> bool {
    place.runs(&["verify", ROLLUP, "--all"]).status.success()
}

#[test]
fn a_table_that_was_damaged_is_mended_by_its_days() {
    let place = place();
    assert!(is_right(&place));
    damage(&place);
    assert!(!is_right(&place));
    let kept = files(&place);

    // Days of December that were lost. What is said beforehand changes nothing.
    let asked = ["backfill", ROLLUP, "--from", "2025-12-25", "--to", "2025-12-31", "--format", "json"];
    let before = place.progress();
    let planned: Value = serde_json::from_str(&place.succeeds(&[&asked[..], &["--dry-run"]].concat())).unwrap();
    assert_eq!((place.progress(), &planned["buckets"], &planned["units"]), (before, &json!(7), &json!(1)), "{planned}");
    assert_eq!(planned["downstream"]["fed"], json!([]));
    assert!(planned["downstream"]["reports"].as_array().unwrap().contains(&json!("daily_sales")), "{planned}");
    let done: Value = serde_json::from_str(&place.succeeds(&asked)).unwrap();
    assert_eq!((&done["state"], &done["steps"][1]["step"]), (&json!("succeeded"), &json!("backfill:depot_daily:2025-12-25..2025-12-31")), "{done}");
    place.succeeds(&["verify", ROLLUP, "--from", "2025-12-25", "--to", "2025-12-31"]);
    assert!(kept.is_subset(&files(&place)), "files of other months were written anew");
    assert!(!is_right(&place));

    // The rest, with a file that has arrived since and was not in the table.
    place.succeeds(&["generate", "--days", "71", "--rows-per-day", "60", "--from", "2025-12-25"]);
    place.write("pipelines/files.yaml", "title: Files\nsteps: [{ingest: [delivery]}]\n");
    place.succeeds(&["run", "files", "--date", "2026-03-05"]);
    let said = place.runs(&["backfill", ROLLUP, "--from", "2026-01-01", "--to", "2026-03-05"]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert!(!text(&said.stdout).contains("nothing: it is up to date"), "it is brought up to date first: {}", text(&said.stdout));
    assert!(is_right(&place));
    place.succeeds(&["verify", "--all", ROLLUP]);
    let shown = place.succeeds(&["show", "backfill:depot_daily:2026-01-01..2026-03-05"]);
    assert!(shown.contains("rebuild 31 buckets") && shown.contains("backfill:depot_daily:2026-01-01..2026-01-31"), "{shown}");
    // A night goes on from what was mended.
    place.succeeds(&["run", "small", "--date", "2026-03-05"]);
    assert!(is_right(&place));
}

#[test]
fn what_dies_goes_on_and_does_each_unit_once() {
    let beginning = place();
    damage(&beginning);
    let (_, before) = commits(&beginning);
    // After two units, of which the ledger knows; and after two commits, of which it may know one.
    for (at, is_known) in [("attempt-ended:3", true), ("committed:2", false), ("file-written:3", false)] {
        let place = beginning.copy();
        let dead = place.runs_with(&ALL, ("NIGHTSHIFT_DIE_AT", at));
        assert_eq!(dead.status.signal(), Some(9), "{at}: {}", text(&dead.stderr));
        assert!(!is_right(&place));
        let (_, at_death) = commits(&place);
        if is_known {
            let planned = place.succeeds(&["backfill", ROLLUP, "--all", "--dry-run"]);
            assert!(planned.contains("resuming: 2 of 4 units are done, begun on ") && planned.matches("done by an earlier run").count() == 2, "{planned}");
            assert!(at_death >= before + 2, "{at_death}");
        }
        let last = place.runs(&ALL);
        let said = text(&last.stderr);
        assert!(last.status.success() && said.contains("units are done") && said.contains("its lock is taken over"), "{at}: {said}");
        assert!(is_right(&place), "{at}");
        assert_eq!(commits(&place).1, before + UNITS, "{at}: each unit has one commit");
        assert_eq!(place.strays(), Vec::<PathBuf>::new(), "{at}: what a dead process staged is still there");
        // What is asked for again, when it is done, is done again.
        let again = place.runs(&ALL);
        assert!(again.status.success() && !text(&again.stderr).contains("resuming"), "{}", text(&again.stderr));
        assert_eq!(commits(&place).1, before + 2 * UNITS, "{at}");
    }
}

/// Between any two effects of a backfill.
#[test]
fn a_death_at_any_point_leaves_nothing_behind() {
    let beginning = place();
    damage(&beginning);
    let calm = beginning.copy();
    let trace = calm.root().join("trace");
    assert!(calm.runs_with(&ALL, ("NIGHTSHIFT_TRACE", trace.to_str().unwrap())).status.success());
    let points: Vec<String> = std::fs::read_to_string(&trace).unwrap().lines().map(str::to_owned).collect();
    // What has come to its end is done again by the same words.
    let names: BTreeSet<&String> = points.iter().filter(|point| *point != Point::RunEnded.as_str()).collect();
    assert!(names.len() >= 9, "{names:?}");
    let undisturbed = Outcome::of(&calm, "backfill:depot_daily:all", DATE);
    for point in names {
        let last = points.iter().filter(|passed| *passed == point).count();
        for time in BTreeSet::from([1, last]) {
            let place = beginning.copy();
            let at = format!("{point}:{time}");
            let dead = place.runs_with(&ALL, ("NIGHTSHIFT_DIE_AT", &at));
            assert_eq!(dead.status.signal(), Some(9), "{at}: {}", text(&dead.stderr));
            assert!(place.runs(&ALL).status.success(), "{at}");
            let outcome = Outcome::of(&place, "backfill:depot_daily:all", DATE);
            let (tables, files) = (&outcome.tables, &outcome.files);
            // Which unit made which version differs, as far as they run side by side.
            assert!(*tables == undisturbed.tables && *files == undisturbed.files, "{at}: {:?}", undisturbed.differences(&outcome));
            let made = |outcome: &Outcome| outcome.ledger.iter().filter(|row| row.starts_with("publication ")).count();
            assert_eq!(made(&outcome), made(&undisturbed), "{at}: {:?}", outcome.ledger);
            assert_eq!(place.strays(), Vec::<PathBuf>::new(), "{at}");
        }
    }
}

/// What goes on after a night does not bring the rollup back to what it would have read before.
#[test]
fn what_goes_on_after_a_night_stays_with_the_night() {
    let place = place();
    damage(&place);
    let dead = place.runs_with(&ALL, ("NIGHTSHIFT_DIE_AT", "attempt-started:1"));
    assert_eq!(dead.status.signal(), Some(9), "{}", text(&dead.stderr));
    place.succeeds(&["generate", "--days", "71", "--rows-per-day", "60", "--from", "2025-12-25"]);
    place.succeeds(&["run", "small", "--date", "2026-03-05"]);
    let said = place.runs(&ALL);
    assert!(said.status.success() && text(&said.stderr).contains("resuming: 0 of 4 units are done"), "{}", text(&said.stderr));
    assert!(is_right(&place));
    let newest = place.succeeds(&["sql", "SELECT max(day) FROM depot_daily", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&newest).unwrap()["rows"][0][0], json!("2026-03-05"), "{newest}");
}

#[test]
fn what_is_stopped_goes_on_with_the_same_words() {
    let place = place();
    damage(&place);
    let (_, before) = commits(&place);
    let mut held = place.holds(&ALL, "committed:2");
    send("INT", held.child());
    std::thread::sleep(std::time::Duration::from_millis(300));
    let output = held.goes_on();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("interrupted in ") && said.contains("what is left: nightshift backfill depot_daily --all"), "{said}");
    let last = place.runs(&ALL);
    assert!(last.status.success() && text(&last.stderr).contains("resuming: "), "{}", text(&last.stderr));
    assert!(is_right(&place));
    assert_eq!(commits(&place).1, before + UNITS, "each unit has one commit");
}

#[test]
fn what_is_asked_for_wrongly_is_the_users() {
    let place = Place::with_days(8);
    place.succeeds(&["run", "daily", "--date", "2026-01-01"]);
    let cases: [(&[&str], &str); 7] = [
        (&["backfill", "depot_dayly", "--all"], "did you mean `depot_daily`?"),
        (&["backfill", "daily_sales", "--all"], "it is a report"),
        (&["backfill", "delivery", "--all"], "it is a source"),
        (&["backfill", ROLLUP], "all of `depot_daily` would be computed anew, 8 buckets in 2 units"),
        (&["backfill", ROLLUP, "--from", "2026-01-02", "--to", "2026-01-01"], "--from 2026-01-02 is after --to 2026-01-01"),
        (&["backfill", ROLLUP, "--from", "2027-01-02", "--to", "2027-01-03"], "has no bucket in 2027-01-02..2027-01-03"),
        (&["retry", "backfill:depot_daily:all", "--date", "2026-01-01"], "nightshift backfill depot_daily --all"),
    ];
    for (arguments, expected) in cases {
        let said = place.runs(arguments);
        assert_eq!((said.status.code(), text(&said.stdout).as_str()), (Some(1), ""), "{arguments:?}: {}", text(&said.stderr));
        assert!(text(&said.stderr).contains(expected), "{arguments:?}: {}", text(&said.stderr));
    }
    // A definition that breaks readers is taken by who says so.
    let file = place.root().join("sql/rollups/daily/payment_daily.sql");
    let sql = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, sql.replace("AS payments,", "AS number_of_payments,").replace("  payments:", "  number_of_payments:")).unwrap();
    let asked = ["backfill", "payment_daily", "--from", "2025-12-26", "--to", "2025-12-27"];
    let refused = place.runs(&asked);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    assert!(text(&refused.stdout).contains("readers of its table may break"), "{}", text(&refused.stdout));
    let taken = place.runs(&[&asked[..], &["--accept"]].concat());
    assert!(taken.status.success() && text(&taken.stderr).contains("payment_daily is built in full: its definition"), "{}", text(&taken.stderr));
}
