//! Keeping tables small changes no row that anybody reads, costs the rollups nothing, and removes only what nobody needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nightshift_app::Workspace;
use nightshift_app::demo::Demo;
use nightshift_app::generate::Generator;
use nightshift_app::verify::Extent;
use nightshift_lake::{Snapshot, TableKind, TableName};
use nightshift_orchestrate::{Intent, RunSummary, Silent};
use tokio_util::sync::CancellationToken;

use crate::{oracle, place::Place};

/// Longer than files stay that no version has.
const WEEKS: Duration = Duration::from_secs(40 * 24 * 3600);

struct Nights {
    place: Place,
    workspace: Arc<Workspace>,
    demo: Demo,
    generator: Generator,
    next: u32,
}

impl Nights {
    async fn new(nights: u32) -> Self {
        let place = Place::looking_at_least();
        std::fs::write(place.root().join("pipelines/keep.yaml"), "title: Keep tables small\nsteps: [{maintain: all}]\n").unwrap();
        let workspace = place.workspace().await;
        let demo = Demo { first_night: "2026-01-05".parse().unwrap(), nights, history_days: 3, deliveries_per_day: 20, seed: 4 };
        let generator = demo.generate_history(&workspace.project.paths.incoming).unwrap();
        let mut nights = Self { place, workspace, demo, generator, next: 0 };
        for _ in 0..nights.demo.nights {
            nights.night().await;
        }
        nights
    }

    async fn night(&mut self) -> RunSummary {
        let summary = self.demo.night(self.next, &mut self.generator, &self.workspace, Arc::new(Silent), CancellationToken::new()).await.unwrap();
        assert!(summary.fault().is_none(), "{summary:?}");
        self.next += 1;
        summary
    }

    async fn keep(&self) -> BTreeMap<String, String> {
        let date = self.demo.first_night + chrono::Days::new(u64::from(self.next) - 1);
        let summary = self.workspace.run("keep", date, Intent::Run, Arc::new(Silent), CancellationToken::new()).await.unwrap();
        assert!(summary.fault().is_none(), "{summary:?}");
        let told = |report: &nightshift_orchestrate::StepReport| report.technique.as_ref().unwrap()["technique"].as_str().unwrap().to_owned();
        summary.steps.iter().map(|report| (report.step.target.clone(), told(report))).collect()
    }

    async fn snapshot(&self, kind: TableKind, name: &str) -> Snapshot {
        self.workspace.lake.snapshot(&TableName::new(kind, name).unwrap()).await.unwrap().unwrap()
    }

    async fn all_rows(&self) -> BTreeMap<String, BTreeSet<String>> {
        let session = self.workspace.engine.step("rows").unwrap();
        let mut rows = BTreeMap::new();
        for table in self.workspace.lake.tables().await.unwrap() {
            let snapshot = self.workspace.lake.snapshot(&table).await.unwrap().unwrap();
            let batches = session.context.read_table(snapshot.provider(None)).unwrap().collect().await.unwrap();
            let text = arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
            rows.insert(table.to_string(), text.lines().map(|line| line.replace([' ', '-'], "")).collect());
        }
        rows
    }

    /// Turns the clocks of all data files and commits back, so that they are old.
    fn age(&self) {
        for path in self.data_files() {
            File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - WEEKS).unwrap();
        }
        let old = i64::try_from((SystemTime::now() - WEEKS).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap();
        for path in self.files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let lines = std::fs::read_to_string(&path).unwrap();
            let aged = lines.lines().map(|line| {
                let mut action: serde_json::Value = serde_json::from_str(line).unwrap();
                if let Some(info) = action.get_mut("commitInfo") {
                    info["timestamp"] = old.into();
                }
                format!("{action}\n")
            });
            std::fs::write(&path, aged.collect::<String>()).unwrap();
        }
        // The log too, so that it is cut.
        for path in self.files() {
            File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - WEEKS).unwrap();
        }
    }

    async fn all_are_equal(&self) {
        let ledger = self.workspace.ledger().await.unwrap();
        for rollup in &self.workspace.compiled.rollups {
            let found = self.workspace.verify(rollup, Extent::All, 3, (&ledger, "test", None), &CancellationToken::new()).await.unwrap();
            assert!(found.is_equal(), "{found:?}");
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut found = vec![];
        gather(&self.place.root().join("data/lake"), &mut found);
        found
    }

    fn data_files(&self) -> Vec<PathBuf> {
        self.files().into_iter().filter(|path| !path.components().any(|part| part.as_os_str() == "_delta_log")).collect()
    }
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { gather(&path, found) } else { found.push(path) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_kept_small_and_nobody_notices() {
    let mut nights = Nights::new(11).await;
    let before = nights.all_rows().await;
    let movements = nights.snapshot(TableKind::Source, "cylinder_movement").await;
    let told = nights.keep().await;
    let after = nights.snapshot(TableKind::Source, "cylinder_movement").await;
    assert!(movements.files().len() > 8 && after.files().len() <= 2, "{} files, then {}: {told:?}", movements.files().len(), after.files().len());
    assert!(told["cylinder_movement"].contains("put into"), "{told:?}");
    assert_eq!(nights.all_rows().await, before);

    // Another process, which remembers no changed rows: the rollups find that nothing has changed without reading it.
    let fresh = nights.place.workspace().await;
    let plan = fresh.plan("daily", nights.demo.first_night + chrono::Days::new(10), Intent::Run).await.unwrap();
    let balance = plan.steps.iter().find(|step| step.step.name == "refresh:cylinder_balance_daily").unwrap();
    assert_eq!((balance.what.as_str(), &balance.detail["changed_bytes"]), ("restamp: no row that it depends on has changed", &serde_json::json!(0)));

    // Nothing is old enough to go, and a second time there is nothing to put together.
    assert!(told.values().all(|told| !told.contains("removed")), "{told:?}");
    assert!(nights.keep().await.values().all(|told| !told.contains("put into")));

    // However old it is: a version that a rollup stands for stays, because its next change begins there.
    nights.age();
    nights.workspace = nights.place.workspace().await;
    let told = nights.keep().await;
    assert!(!told["cylinder_movement"].contains("removed") && told["depot_daily"].contains("removed"), "{told:?}");
    nights.all_are_equal().await;

    // The next night begins there, and renews the marks; files that no commit ever named go as well.
    let summary = nights.night().await;
    let full = summary.steps.iter().filter(|report| report.technique.as_ref().is_some_and(|how| how["technique"].as_str().unwrap().starts_with("full")));
    assert_eq!(full.map(|report| report.step.name.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
    let before = nights.all_rows().await;
    let stray = nights.place.root().join("data/lake/rollup/depot_daily/0123456789abcdef0123456789abcdef-0000-deadbeef.parquet");
    std::fs::write(&stray, b"half").unwrap();
    nights.age();
    nights.workspace = nights.place.workspace().await;
    let told = nights.keep().await;
    assert!(told["cylinder_movement"].contains("removed") && !stray.exists(), "{told:?}");
    assert_eq!(nights.all_rows().await, before);
    // What comes after the beginning of a log was cut off finds it so: the next maintenance, and the nights.
    assert!(told.values().any(|told| told.contains("of the log removed")), "{told:?}");
    nights.keep().await;
    nights.all_are_equal().await;
    nights.night().await;
    oracle::check(&nights.place, nights.demo.first_night + chrono::Days::new(12));
}
