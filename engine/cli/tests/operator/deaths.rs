//! A process that is killed at any moment is gone on with, exactly once.

use crate::oracle;
use crate::place::{Place, text};

const DATE: &str = "2026-01-03";
const RUN: [&str; 4] = ["run", "daily", "--date", DATE];
const KILLS: usize = 7;

/// The moments, as numbers of files that a run has made by then: by a small generator, so that they are the same on each run.
fn moments(seed: u64) -> impl Iterator<Item = usize> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + usize::try_from(state >> 33).unwrap() % 28
    })
}

#[test]
fn killed_runs_end_as_if_nothing_had_been() {
    let calm = Place::with_days(10);
    calm.succeeds(&RUN);

    let place = Place::with_days(10);
    let mut dead = None;
    let mut kills = 0;
    for files in moments(20_260_103).take(KILLS) {
        let start = place.progress();
        let mut child = place.starts(&RUN);
        let is_alive = place.waits_for(&mut child, start, files);
        let id = child.id();
        child.kill().unwrap();
        let said = text(&child.wait_with_output().unwrap().stderr);
        if let Some(dead) = dead {
            assert!(said.contains(&format!("note: process {dead} of chen on ")) && said.contains("its lock is taken over"), "{said}");
        }
        if !is_alive {
            break;
        }
        dead = Some(id);
        kills += 1;
    }
    assert!(kills >= 4, "only {kills} kills came in time");
    let last = place.runs(&RUN);
    let said = text(&last.stderr);
    assert!(last.status.success(), "{said}");

    assert_eq!(place.versions(), calm.versions(), "a table has more or fewer versions than an undisturbed run makes");
    assert_eq!(place.outputs(), calm.outputs(), "a file for people is missing, or one is left that is not whole");
    assert_eq!(place.strays(), Vec::<std::path::PathBuf>::new(), "what a dead process staged is still there");
    oracle::check(&place, DATE);
}
