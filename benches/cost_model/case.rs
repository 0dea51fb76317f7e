//! One case: a lake, a change, and what each technique takes for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use nightshift_app::Workspace;
use nightshift_lake::{
    ChangedRows, Commit, DELETION_VECTORS, DataFile, Deletion, Positions, Snapshot, StageOptions, Staged, TableKind, TableLayout, TableName,
};
use nightshift_refresh::tables::{Pinned, PinnedTable, register};
use nightshift_refresh::{CUT_FROM, Choice, Decision, History, Kind, Observation, Outcome, Request, preview, refresh};
use tokio_util::sync::CancellationToken;

use crate::facts::{A_DAY, DAYS, batch, random};

/// The rollups: one that is summed, one whose extremes may go, one that cannot be merged.
pub(crate) const ROLLUPS: [&str; 3] = ["sums", "extremes", "medians"];
/// Days in one file.
const FILE_DAYS: u64 = 8;
/// Runs of each technique.
const RUNS: usize = 2;

const SOURCE: &str = "/* source\ntitle: Sales\nformat: jsonl\nload: append\n*/\nCREATE TABLE sale (\n    sale_id  BIGINT NOT NULL PRIMARY KEY,\n    \
    group_id BIGINT NOT NULL,\n    sold_at  TIMESTAMP NOT NULL,\n    amount   DECIMAL(12, 2) NOT NULL\n)\n";

/// What changes of which facts.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    /// The share of the facts that change.
    pub(crate) share: f64,
    /// On how many days.
    pub(crate) days: usize,
    /// How many groups there are.
    pub(crate) groups: u64,
    /// Whether half of the change are facts that go.
    pub(crate) removes: bool,
    pub(crate) rollup: &'static str,
}

/// What a technique took.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) kind: Kind,
    pub(crate) observation: Observation,
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goes = if self.removes { "with" } else { "without" };
        write!(formatter, "{:<8} {:.5} on {:>2} days, {:>7} groups, {goes:<7} removals:", self.rollup, self.share, self.days, self.groups)
    }
}

struct Place {
    _folder: tempfile::TempDir,
    workspace: Workspace,
}

impl Case {
    /// What the engine would choose, and what each allowed technique takes, those first that look at least.
    pub(crate) async fn measure(&self, history: &dyn History) -> (Decision, Vec<Measured>) {
        let place = Place::new().await;
        self.load(&place).await;
        place.refresh(self.rollup, Choice::Fastest, history).await;
        let before = place.snapshot(TableKind::Rollup, self.rollup).await;
        self.change(&place).await;
        let decision = place.decide(self.rollup, history).await;
        assert!(!decision.costs.is_empty(), "{self} there is nothing to choose: {decision:?}");
        let mut measured: Vec<Measured> = vec![];
        for run in 0..RUNS {
            for (index, cost) in decision.costs.iter().enumerate() {
                let (outcome, seconds) = place.refresh(self.rollup, Choice::Named(cost.kind), history).await;
                assert_eq!(outcome.decision.chosen, cost.kind);
                let (bytes, memory) = (outcome.measurement.bytes_read, outcome.measurement.peak_memory);
                let observation = Observation { rollup: self.rollup.to_owned(), kind: cost.kind, work: cost.work, bytes, memory, seconds };
                place.put_back(self.rollup, &before).await;
                match measured.get_mut(index) {
                    None => measured.push(Measured { kind: cost.kind, observation }),
                    Some(first) if run > 0 && seconds < first.observation.seconds => first.observation = observation,
                    Some(_) => {}
                }
            }
        }
        (decision, measured)
    }

    async fn load(&self, place: &Place) {
        let schema = place.schema();
        let mut add = vec![];
        for file in 0..DAYS / FILE_DAYS {
            let days = (file * FILE_DAYS)..((file + 1) * FILE_DAYS);
            let facts = days.flat_map(|day| (0..A_DAY).map(move |number| (day, day * A_DAY + number)));
            add.push(place.stage(batch(&schema, self.seed, self.groups, facts)).await);
        }
        place.commit(Commit { layout: Some(layout(&schema)), add, ..Commit::default() }).await;
    }

    /// New facts, and some that go, on days chosen at random.
    async fn change(&self, place: &Place) {
        let schema = place.schema();
        let all = DAYS * A_DAY;
        let count = ((self.share * all as f64) as u64).max(2);
        let (mut days, mut salt) = (BTreeSet::new(), 0);
        while days.len() < self.days {
            salt += 1;
            days.insert(random(self.seed, u64::MAX - salt) % DAYS);
        }
        let days: Vec<u64> = days.into_iter().collect();
        let going = if self.removes { (count / 2).min(days.len() as u64 * A_DAY) } else { 0 };
        let day = |number: u64| days[(number % days.len() as u64) as usize];
        let new = (0..count - going).map(|number| (day(number), all + number));
        let added = batch(&schema, self.seed, self.groups, new);
        // The facts of a day in an order that looks random, so that each goes once.
        let gone: Vec<(u64, u64)> = (0..going).map(|number| (day(number), day(number) * A_DAY + (number / days.len() as u64 * 7_919) % A_DAY)).collect();
        let removed = batch(&schema, self.seed, self.groups, gone.iter().copied());
        let base = place.snapshot(TableKind::Source, "sale").await;
        let mut delete = vec![];
        for file in base.files() {
            let first = first_fact(file);
            let rows: Positions = gone
                .iter()
                .map(|(_, number)| *number)
                .filter(|number| (first..first + FILE_DAYS * A_DAY).contains(number))
                .map(|number| number - first)
                .collect();
            if !rows.is_empty() {
                delete.push(Deletion { file: file.clone(), rows });
            }
        }
        let add = vec![place.stage(added.clone()).await];
        let removed = if going > 0 { vec![removed] } else { vec![] };
        place.commit(Commit { add, delete, changed_rows: Some(ChangedRows { added: vec![added], removed }), ..Commit::default() }).await;
    }
}

/// The number of the first fact of a file.
fn first_fact(file: &DataFile) -> u64 {
    let known = file.statistics.as_ref().unwrap().columns["sale_id"].minimum.clone().unwrap();
    known.to_string().parse().unwrap()
}

fn layout(schema: &SchemaRef) -> TableLayout {
    let properties = BTreeMap::from([(DELETION_VECTORS.to_owned(), "true".to_owned())]);
    TableLayout::new(schema, vec![], vec![]).unwrap().with_properties(properties)
}

fn sale() -> TableName {
    TableName::new(TableKind::Source, "sale").unwrap()
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("nightshift.yaml", "name: cost-model\ntimezone: Asia/Taipei\n");
        write("sql/sources/sale.sql", SOURCE);
        let measures = ["CAST(sum(amount) AS DECIMAL(18, 2)) AS x", "max(amount) AS x", "median(CAST(amount AS DOUBLE)) AS x"];
        for (rollup, measure) in ROLLUPS.iter().zip(measures) {
            let sql = format!("SELECT date_trunc('day', sold_at)::date AS day, group_id, count(*) AS sales, {measure} FROM sale GROUP BY 1, 2\n");
            write(&format!("sql/rollups/daily/{rollup}.sql"), &format!("/* rollup\ntitle: Sales\ntime: sold_at\n*/\n{sql}"));
        }
        let workspace = Workspace::open_sound(folder.path(), None).await.unwrap_or_else(|error| panic!("{error:?}"));
        Self { _folder: folder, workspace }
    }

    fn schema(&self) -> SchemaRef {
        self.workspace.compiled.contract("sale").unwrap().schema()
    }

    async fn snapshot(&self, kind: TableKind, name: &str) -> Snapshot {
        self.workspace.lake.snapshot(&TableName::new(kind, name).unwrap()).await.unwrap().unwrap()
    }

    async fn stage(&self, rows: arrow::array::RecordBatch) -> Staged {
        let mut writer = self.workspace.lake.stage(&sale(), layout(&rows.schema()), StageOptions::default()).unwrap();
        writer.write(rows).await.unwrap();
        writer.finish().await.unwrap()
    }

    async fn commit(&self, commit: Commit) {
        let base = self.workspace.lake.snapshot(&sale()).await.unwrap();
        self.workspace.lake.commit(base.as_ref(), &sale(), Commit { operation: "bench".to_owned(), ..commit }).await.unwrap();
    }

    async fn pinned(&self) -> Pinned {
        let table = PinnedTable { snapshot: self.workspace.lake.snapshot(&sale()).await.unwrap(), schema: self.schema() };
        Pinned { tables: BTreeMap::from([("sale".to_owned(), table)]), zone: self.workspace.calendar.zone.name().into() }
    }

    async fn decide(&self, rollup: &str, history: &dyn History) -> Decision {
        let pinned = self.pinned().await;
        let session = self.workspace.engine.step(rollup).unwrap();
        register(&session.context, &pinned).unwrap();
        let cancel = CancellationToken::new();
        let rollup = self.workspace.compiled.rollup(rollup).unwrap();
        let (lake, calendar) = (&self.workspace.lake, &self.workspace.calendar);
        let request = Request {
            lake,
            session: &session,
            rollup,
            finer: &[],
            pinned: &pinned,
            calendar,
            cancel: &cancel,
            cut_from: CUT_FROM,
            history,
            choice: Choice::Fastest,
        };
        preview(&request).await.unwrap()
    }

    /// Brings a rollup up to date; how long that took.
    async fn refresh(&self, rollup: &str, choice: Choice, history: &dyn History) -> (Outcome, f64) {
        let pinned = self.pinned().await;
        let session = self.workspace.engine.step(rollup).unwrap();
        register(&session.context, &pinned).unwrap();
        let cancel = CancellationToken::new();
        let rollup = self.workspace.compiled.rollup(rollup).unwrap();
        let (lake, calendar) = (&self.workspace.lake, &self.workspace.calendar);
        let request = Request { lake, session: &session, rollup, finer: &[], pinned: &pinned, calendar, cancel: &cancel, cut_from: CUT_FROM, history, choice };
        let begun = Instant::now();
        let outcome = refresh(&request).await.unwrap();
        (outcome, begun.elapsed().as_secs_f64())
    }

    /// Puts the rows and marks back that a rollup's table had.
    async fn put_back(&self, rollup: &str, before: &Snapshot) {
        let now = self.snapshot(TableKind::Rollup, rollup).await;
        let has = |table: &Snapshot, file: &DataFile| table.files().iter().any(|other| other.path == file.path);
        let restore = before.files().iter().filter(|file| !has(&now, file)).cloned().collect();
        let remove = now.files().iter().filter(|file| !has(before, file)).cloned().collect();
        let transactions = before.transactions().await.unwrap().iter().map(|(mark, version)| (mark.clone(), *version)).collect();
        let commit = Commit { operation: "rollback".to_owned(), restore, remove, transactions, ..Commit::default() };
        self.workspace.lake.commit(Some(&now), now.name(), commit).await.unwrap();
    }
}
