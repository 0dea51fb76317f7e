//! Ctrl-C and SIGTERM stop at a unit and leave a batch that can be resumed; a lock that is held is respected.

use crate::oracle;
use crate::place::{Place, send, text};

const DATE: &str = "2026-01-03";
const RUN: [&str; 4] = ["run", "daily", "--date", DATE];

#[test]
fn stopped_runs_go_on_and_end_as_if_nothing_had_been() {
    let calm = Place::with_days(10);
    calm.succeeds(&RUN);

    let place = Place::with_days(10);
    // Twelve files: some sources are loaded, no rollup is built.
    stopped(&place, "INT", 12);
    // The next one stops among the rollups, and is told by the other word for going on.
    let resumed = place.runs(&["--format", "json", "plan", "daily", "--date", DATE]);
    let plan: serde_json::Value = serde_json::from_slice(&resumed.stdout).unwrap();
    assert!(plan["beginning"].as_str().unwrap().starts_with("goes on with the batch that was interrupted"), "{plan}");
    stopped(&place, "TERM", 25);
    // Asked twice it leaves at once; that is safe too.
    stopped_twice(&place);
    let summary = place.succeeds(&["retry", "daily", "--date", DATE]);
    assert!(summary.contains("done by an earlier run of the batch"), "{summary}");

    assert_eq!(place.versions(), calm.versions(), "a table has more or fewer versions than an undisturbed run makes");
    assert_eq!(place.outputs(), calm.outputs(), "a file for people is missing, or one is left that is not whole");
    oracle::check(&place, DATE);
}

/// Starts the run, lets it make some files, and stops it.
fn stopped(place: &Place, signal: &str, files: usize) {
    let start = place.progress();
    let mut child = place.starts(&RUN);
    assert!(place.waits_for(&mut child, start, files), "{signal} came too late");
    send(signal, &child);
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("stopping: ") && said.contains(&format!("daily@{DATE} interrupted")), "{said}");
    assert!(text(&output.stdout).contains("interrupted"), "{}", text(&output.stdout));
}

fn stopped_twice(place: &Place) {
    let start = place.progress();
    let mut child = place.starts(&RUN);
    assert!(place.waits_for(&mut child, start, 4), "the first signal came too late");
    send("INT", &child);
    // It may have stopped in the meantime.
    let _ = std::process::Command::new("kill").arg("-INT").arg(child.id().to_string()).output();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}

#[test]
fn a_lock_that_is_held_names_its_holder() {
    let place = Place::with_days(10);
    let mut held = place.holds(&RUN, "commit-ready:1");
    let refused = place.runs(&RUN);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let expected = format!("daily for {DATE} is being run by chen (process {} on {}), who began ", held.child().id(), host.trim());
    assert!(said.contains(&expected) && said.contains(" s ago"), "{said}");
    assert!(said.contains("trying again may help"), "{said}");
    let plan = text(&place.runs(&["plan", "daily", "--date", DATE]).stdout);
    assert!(plan.starts_with(&format!("daily@{DATE}: {}", &expected[..expected.len() - 4])), "{plan}");
    // Another date is free.
    let other = place.runs(&["plan", "daily", "--date", "2026-01-02"]);
    assert!(other.status.success());
    let ended = held.goes_on();
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}
