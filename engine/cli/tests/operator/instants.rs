//! A night that dies at any instant of its length: one more run, and all is as the undisturbed night left it.
//!
//! The points of [`crate::failures`] lie between effects that somebody thought of; instants lie between all others too.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nightshift_app::Workspace;
use nightshift_ledger::AttemptState;

use crate::outcome::Outcome;
use crate::place::{Place, text};

/// The last of the days.
const DATE: &str = "2026-08-01";
const DAYS: u32 = 220;
const BATCH_SIZE: &str = "batch_size: 8192";
const PIPELINE: &str = "
title: A whole night
verify: {sample: 2}
steps:
  - ingest: all
  - refresh: all
  - report: all
";
const RUN: [&str; 4] = ["run", "night", "--date", DATE];
const INSTANTS: usize = 200;
/// Nights at the same time; the length is measured with as many.
const BESIDE: usize = 4;
const LENGTH: Duration = Duration::from_secs(20);
const FEWEST: usize = 5;
/// In each of these phases some have to die.
const PHASES: [&str; 4] = ["ingest", "refresh", "report", SEVERAL];
const SEVERAL: &str = "several steps at once";

/// The files of some months, of which a night has seen two days. Batches are so small that it takes long without much data.
fn place() -> Place {
    let place = Place::with_rows(DAYS, 300);
    place.write("pipelines/night.yaml", PIPELINE);
    let settings = std::fs::read_to_string(place.root().join("nightshift.yaml")).unwrap();
    assert!(settings.contains(BATCH_SIZE));
    place.write("nightshift.yaml", &settings.replace(BATCH_SIZE, "batch_size: 32"));
    place.succeeds(&["run", "night", "--date", "2025-12-26"]);
    place
}

/// The wall time of an undisturbed night beside others, and what it leaves.
fn undisturbed(beginning: &Place) -> (Duration, Outcome) {
    let nights = std::thread::scope(|scope| {
        let night = || {
            let place = beginning.copy();
            let began = Instant::now();
            place.succeeds(&RUN);
            (began.elapsed(), Outcome::of(&place, "night", DATE))
        };
        let nights: Vec<_> = (0..BESIDE).map(|_| scope.spawn(night)).collect();
        nights.into_iter().map(|night| night.join().unwrap()).collect::<Vec<_>>()
    });
    let length = nights.iter().map(|night| night.0).min().unwrap();
    let mut outcomes = nights.into_iter().map(|night| night.1);
    let outcome = outcomes.next().unwrap();
    for other in outcomes {
        assert_eq!(outcome.differences(&other), Vec::<String>::new(), "undisturbed nights differ among themselves");
    }
    (length, outcome)
}

/// What was under way when the process died, by the ledger: kinds of steps, of which there may be several, and whether steps ran side by side.
/// The moments before the first step count to bringing files in, others between steps to the step that ended last.
fn phases(place: &Place) -> BTreeSet<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (workspace, _) = Workspace::open(place.root(), None).await.unwrap();
        let ledger = workspace.ledger().await.unwrap();
        let Some(batch) = ledger.latest_batch("night", DATE.parse().unwrap()).await.unwrap() else { return BTreeSet::from(["ingest".to_owned()]) };
        let steps = ledger.batch_detail(batch.id).await.unwrap().unwrap().steps;
        let begun = steps.iter().filter_map(|step| Some((&step.step, &step.attempts.last()?.0)));
        let under_way: Vec<_> = begun.clone().filter(|(_, attempt)| attempt.state == AttemptState::Running).collect();
        let mut phases: BTreeSet<String> = under_way.iter().map(|(step, _)| step.kind.to_string()).collect();
        if under_way.len() > 1 {
            phases.insert(SEVERAL.to_owned());
        }
        if phases.is_empty() {
            phases.insert(begun.max_by_key(|(_, attempt)| attempt.finished_at).map_or_else(|| "ingest".to_owned(), |(step, _)| step.kind.to_string()));
        }
        phases
    })
}

/// Kills a night at an instant, runs it once more, and says in which phases it died and what is not as it should be.
fn death(beginning: &Place, calm: &Outcome, mut instant: Duration) -> (BTreeSet<String>, Vec<String>) {
    let place = loop {
        let place = beginning.copy();
        let mut night = place.starts_silently(&RUN);
        std::thread::sleep(instant);
        let _ = night.kill();
        let ended = night.wait().unwrap();
        if ended.signal() == Some(9) {
            break place;
        }
        assert!(ended.success(), "{ended}");
        // This one was faster than the one that was measured.
        instant = instant.mul_f64(0.97);
    };
    // Who looks into the ledger may mend it.
    let phases = phases(&place.copy());
    let last = place.runs(&RUN);
    if !last.status.success() {
        return (phases, vec![text(&last.stderr)]);
    }
    let mut wrong = calm.differences(&Outcome::of(&place, "night", DATE));
    wrong.extend(place.strays().into_iter().map(|stray| format!("{} is left", stray.display())));
    (phases, wrong)
}

#[test]
#[ignore = "takes most of an hour"]
fn a_death_at_any_instant_leaves_nothing_behind() {
    let beginning = place();
    let (length, calm) = undisturbed(&beginning);
    eprintln!("an undisturbed night beside {} others takes {:.1} s", BESIDE - 1, length.as_secs_f64());
    assert!(length >= LENGTH, "the night is too short for {LENGTH:?}: this machine is faster, more DAYS make it longer");
    let next = AtomicUsize::new(0);
    let deaths = Mutex::new((BTreeMap::<String, usize>::new(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= INSTANTS {
                        break;
                    }
                    let instant = length.mul_f64((number as f64 + 0.5) / INSTANTS as f64);
                    let (phases, wrong) = death(&beginning, &calm, instant);
                    let told = Vec::from_iter(phases.iter().map(String::as_str)).join(", ");
                    eprintln!("{:6.2} s  {told}{}", instant.as_secs_f64(), if wrong.is_empty() { "" } else { "  WRONG" });
                    let mut deaths = deaths.lock().unwrap();
                    phases.into_iter().for_each(|phase| *deaths.0.entry(phase).or_default() += 1);
                    deaths.1.extend(wrong.into_iter().map(|wrong| format!("{:.3} s: {wrong}", instant.as_secs_f64())));
                }
            });
        }
    });
    let (phases, wrong) = deaths.into_inner().unwrap();
    for (phase, deaths) in &phases {
        eprintln!("{deaths:5} deaths in {phase}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let rare: Vec<_> = PHASES.iter().filter(|phase| phases.get(**phase).is_none_or(|deaths| *deaths < FEWEST)).collect();
    assert!(rare.is_empty(), "too few deaths in {rare:?} of {phases:?}");
}
