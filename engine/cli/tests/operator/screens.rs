//! What is printed, as a person reads it.

use crate::place::Place;

/// Times, sizes and widths differ from machine to machine; words, names and counts do not.
fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[time]");
    settings.add_filter(r"\d+(\.\d+)? (B|KiB|MiB|GiB)\b", "[size]");
    settings.add_filter(r"\b\d+\.\d\d\b", "[seconds]");
    settings.add_filter(r"in \d+\.\d s", "in [seconds] s");
    settings.add_filter(r"\b[0-9a-f]{8}\.", "[hash].");
    settings.add_filter(r"(\S) {2,}", "$1  ");
    settings.set_prepend_module_to_snapshot(false);
    settings
}

#[test]
fn a_night_and_its_plan_as_an_operator_reads_them() {
    let place = Place::with_days(9);
    let _guard = settings().bind_to_scope();
    let files = place.files("data");
    insta::assert_snapshot!("plan_before_the_first_night", place.succeeds(&["plan", "daily", "--date", "2026-01-01"]));
    assert_eq!(place.files("data"), files, "the plan wrote a file");
    insta::assert_snapshot!("summary_of_the_first_night", place.succeeds(&["run", "daily", "--date", "2026-01-01"]));
    insta::assert_snapshot!("plan_of_the_second_night", place.succeeds(&["plan", "daily", "--date", "2026-01-02"]));
    place.succeeds(&["run", "daily", "--date", "2026-01-02"]);
    insta::assert_snapshot!("plan_of_an_earlier_date", place.succeeds(&["plan", "daily", "--date", "2026-01-01"]));
    let rerun = place.runs(&["run", "daily", "--date", "2026-01-01"]);
    insta::assert_snapshot!("notes_before_an_earlier_date", crate::place::text(&rerun.stderr));
    // The newest date by itself.
    insta::assert_snapshot!("plan_when_all_is_done", place.succeeds(&["plan", "daily"]));
    insta::assert_snapshot!("plan_from_a_step", place.succeeds(&["plan", "daily", "--from", "refresh:payment_daily"]));
}

#[test]
fn a_backfill_as_an_operator_reads_it() {
    let place = Place::with_days(10);
    place.succeeds(&["run", "daily", "--date", "2026-01-03"]);
    let _guard = settings().bind_to_scope();
    let asked = ["backfill", "delivery_hourly", "--from", "2025-12-30", "--to", "2026-01-02", "--downstream"];
    insta::assert_snapshot!("backfill_beforehand", place.succeeds(&[&asked[..], &["--dry-run"]].concat()));
    let done = place.runs(&asked);
    insta::assert_snapshot!("backfill_summary", crate::place::text(&done.stdout));
    insta::assert_snapshot!("backfill_notes", crate::place::text(&done.stderr));
    let onward = ["backfill", "cylinder_balance_daily", "--from", "2025-12-30", "--to", "2025-12-30", "--dry-run"];
    insta::assert_snapshot!("backfill_onward", place.succeeds(&onward));
    let alone = ["backfill", "delivery_hourly", "--from", "2025-12-30", "--to", "2026-01-02", "--dry-run"];
    insta::assert_snapshot!("backfill_alone", place.succeeds(&alone));
}

#[test]
fn numbers_for_programs_are_raw() {
    let place = Place::with_days(8);
    let summary: serde_json::Value = serde_json::from_str(&place.succeeds(&["--format", "json", "run", "daily", "--date", "2026-01-01"])).unwrap();
    let steps = summary["steps"].as_array().unwrap();
    for key in ["rows_in", "rows_out", "bytes", "spill_bytes", "peak_memory_bytes"] {
        assert!(steps.iter().all(|step| step[key].is_u64()), "{key}");
    }
    assert!(steps.iter().any(|step| step["bytes"].as_u64() > Some(1_000)));
    let plan: serde_json::Value = serde_json::from_str(&place.succeeds(&["--format", "json", "plan", "daily", "--date", "2026-01-01"])).unwrap();
    let planned = plan["steps"].as_array().unwrap();
    assert_eq!(planned.len(), steps.len());
    assert!(planned.iter().all(|step| step["verdict"] == "nothing"), "{plan}");
    assert_eq!(plan["rerun"]["same"].as_array().unwrap().len(), 12);
}
