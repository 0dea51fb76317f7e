//! A small lake whose sources are changed by commits of their own, and the rollups over it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use datafusion::logical_expr::AggregateUDF;
use nightshift_app::Workspace;
use nightshift_compile::Rollup;
use nightshift_compile::rollup::feed::feed;
use nightshift_lake::{ChangedRows, Commit, DELETION_VECTORS, Deletion, Keep, StageOptions, TableKind, TableLayout, TableName};
use nightshift_refresh::backfill;
use nightshift_refresh::tables::{Pinned, PinnedTable, register};
use nightshift_refresh::verify::Verifying;
use nightshift_refresh::{CUT_FROM, Choice, Interval, NoHistory, Outcome, Request, Technique, refresh, stamps};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::change::{Change, Sale};
use crate::history::{FAMILIES, VARIANTS};
use crate::oracle;
use crate::rows::Rows;

/// The beginning of time: the last evening of a year, so that the first hours lie in two years in Taipei.
const BEGINNING: &str = "2024-12-31T12:00:00Z";

pub(crate) struct Shops {
    folder: tempfile::TempDir,
    workspace: Workspace,
    /// The files of each source as they stand, in the order in which they came.
    files: BTreeMap<&'static str, Vec<File>>,
    next: i64,
    /// Whether commits tell which rows they change, as a load does that rewrites a few rows of a file.
    pub(crate) tells: bool,
    /// Rollups that are neither refreshed nor compared, a bit each.
    pub(crate) left_out: u32,
    /// Which technique is taken where several are allowed.
    pub(crate) choice: Choice,
    /// Rollups that have another definition than the project's.
    redefined: BTreeSet<&'static str>,
    /// Why rollups could not be refreshed the last time.
    failed: BTreeMap<String, String>,
}

struct File {
    path: String,
    rows: Vec<Value>,
    /// Where the rows stand in the file.
    positions: Vec<u64>,
}

impl Shops {
    /// All rollups of the project.
    pub(crate) async fn open() -> Self {
        Self::of(&FAMILIES.concat()).await
    }

    /// Some rollups of the project.
    pub(crate) async fn of(rollups: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&folder_of_project(), folder.path(), &|file| !is_rollup(file) || rollups.contains(&stem(file)));
        let workspace = Workspace::open_sound(folder.path(), None).await.unwrap_or_else(|error| panic!("{error:?}"));
        let (files, redefined, failed) = Default::default();
        Self { folder, workspace, files, next: 1, tells: false, left_out: 0, choice: Choice::Least, redefined, failed }
    }

    /// The names of each aggregate that SQL may call.
    pub(crate) fn aggregates(&self) -> BTreeSet<Vec<String>> {
        let state = self.workspace.engine.step("aggregates").unwrap().context.state();
        let names = |function: &Arc<AggregateUDF>| [function.name().to_owned()].into_iter().chain(function.aliases().iter().cloned()).collect();
        state.aggregate_functions().values().map(names).collect()
    }

    /// Changes the text of a project's file, and opens the project anew.
    pub(crate) async fn edit(&mut self, file: &str, from: &str, to: &str) {
        let path = self.folder.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        self.reopen().await;
    }

    /// Adds files to the project.
    pub(crate) async fn add(&mut self, files: &[(&str, String)]) {
        for (file, text) in files {
            let path = self.folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.reopen().await;
    }

    /// Why one rollup is not computed from another, if it is not.
    pub(crate) fn why_not_fed(&self, coarse: &str, fine: &str) -> Option<String> {
        let rollup = |name| self.workspace.compiled.rollup(name).unwrap();
        feed(rollup(coarse), rollup(fine)).err().map(|reason| reason.to_string())
    }

    async fn reopen(&mut self) {
        self.workspace = Workspace::open_sound(self.folder.path(), None).await.unwrap_or_else(|error| panic!("{error:?}"));
    }

    pub(crate) async fn apply(&mut self, change: &Change) {
        match change {
            Change::Sales(sales) => {
                let rows = sales.iter().map(|sale| sale_row(self.number(), sale)).collect();
                self.commit("sale", rows, &[]).await;
            }
            Change::RewriteSales { file, drop, alter } => {
                let Some(file) = self.file("sale", *file) else { return };
                let mut rows = self.files["sale"][file].rows.clone();
                for (row, sale) in alter {
                    let row = row % rows.len();
                    rows[row] = sale_row(rows[row]["sale_id"].as_i64().unwrap(), sale);
                }
                let mut numbers = 0..;
                rows.retain(|_| numbers.next().is_none_or(|number| !drop.contains(&number)));
                self.commit("sale", rows, &[file]).await;
            }
            Change::MergeSales { drop, alter, new } => self.merge_sales(drop, alter, new).await,
            Change::MarkSales { file, drop, alter } => self.mark_sales(*file, drop, alter).await,
            Change::DropSales { file } => self.drop_file("sale", *file).await,
            Change::Shop { shop, region } => self.open_shops(&[(*shop, region)]).await,
            Change::Shops(shops) => self.open_shops(shops).await,
            Change::CloseShop { shop } => {
                let mut rows = self.shops();
                let closed = rows.get(shop).map(|row| shop_row(*shop, row["region"].as_str().unwrap(), true));
                rows.extend(closed.map(|closed| (*shop, closed)));
                self.commit_shops(rows).await;
            }
            Change::Receipts(receipts) => {
                let row = |(sale, paid): &(i64, i64)| json!({"receipt_id": self.number(), "sale_id": sale, "paid": decimal(*paid)});
                let rows = receipts.iter().map(row).collect();
                self.commit("receipt", rows, &[]).await;
            }
            Change::DropReceipts => self.drop_file("receipt", 0).await,
            Change::RearrangeSales { from } => self.rearrange("sale", *from).await,
            Change::Vacuum => self.vacuum("sale").await,
            Change::Forget => self.reopen().await,
            Change::Redefine { rollup } => self.redefine(*rollup).await,
        }
    }

    /// One of the rollups that have a variant gets it, or what the project says again.
    async fn redefine(&mut self, rollup: usize) {
        let variants: Vec<_> = VARIANTS.iter().filter(|(name, ..)| self.workspace.compiled.rollup(name).is_some()).collect();
        if variants.is_empty() {
            return;
        }
        let (name, from, to) = variants[rollup % variants.len()];
        let mut text = project()[*name].clone();
        if !self.redefined.remove(name) {
            self.redefined.insert(name);
            text = text.replace(from, to);
        }
        std::fs::write(&self.workspace.compiled.rollup(name).unwrap().definition.path, text).unwrap();
        self.reopen().await;
    }

    async fn merge_sales(&mut self, drop: &[usize], alter: &[(usize, Sale)], new: &[Sale]) {
        let mut rows: Vec<Value> = new.iter().map(|sale| sale_row(self.number(), sale)).collect();
        let files = self.files.get("sale").map_or(&[][..], Vec::as_slice);
        let places: Vec<(usize, &Value)> = files.iter().enumerate().flat_map(|(file, all)| all.rows.iter().map(move |row| (file, row))).collect();
        let place = |row: &usize| row.checked_rem(places.len());
        let altered: BTreeMap<usize, &Sale> = alter.iter().filter_map(|(row, sale)| Some((place(row)?, sale))).collect();
        let dropped: BTreeSet<usize> = drop.iter().filter_map(place).collect();
        let touched: BTreeSet<usize> = altered.keys().chain(&dropped).map(|place| places[*place].0).collect();
        for (place, (_, row)) in places.iter().enumerate().filter(|(place, (file, _))| touched.contains(file) && !dropped.contains(place)) {
            rows.push(altered.get(&place).map_or_else(|| (*row).clone(), |sale| sale_row(row["sale_id"].as_i64().unwrap(), sale)));
        }
        if !rows.is_empty() || !touched.is_empty() {
            self.commit("sale", rows, &touched.into_iter().collect::<Vec<_>>()).await;
        }
    }

    async fn mark_sales(&mut self, file: usize, drop: &[usize], alter: &[(usize, Sale)]) {
        let Some(file) = self.file("sale", file) else { return };
        let all = &self.files["sale"][file];
        let altered: BTreeMap<usize, Value> = alter
            .iter()
            .map(|(row, sale)| {
                let row = row % all.rows.len();
                (row, sale_row(all.rows[row]["sale_id"].as_i64().unwrap(), sale))
            })
            .collect();
        let leaves = |row: &usize| drop.contains(row) || altered.contains_key(row);
        let leaving: Vec<usize> = (0..all.rows.len()).filter(leaves).collect();
        if leaving.len() == all.rows.len() {
            let rows = altered.into_values().collect();
            return self.commit("sale", rows, &[file]).await;
        }
        let new: Vec<Value> = altered.into_iter().filter(|(row, _)| !drop.contains(row)).map(|(_, value)| value).collect();
        self.mark("sale", file, &leaving, new).await;
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// One of the files that there are.
    fn file(&self, table: &str, number: usize) -> Option<usize> {
        let files = self.files.get(table).map_or(0, Vec::len);
        (files > 0).then(|| number % files)
    }

    async fn drop_file(&mut self, table: &'static str, number: usize) {
        if let Some(file) = self.file(table, number) {
            self.commit(table, vec![], &[file]).await;
        }
    }

    fn shops(&self) -> BTreeMap<i64, Value> {
        let rows = self.files.get("shop").into_iter().flatten().flat_map(|file| &file.rows);
        rows.map(|row| (row["shop_id"].as_i64().unwrap(), row.clone())).collect()
    }

    async fn open_shops(&mut self, shops: &[(i64, &str)]) {
        let mut rows = self.shops();
        rows.extend(shops.iter().map(|(shop, region)| (*shop, shop_row(*shop, region, false))));
        self.commit_shops(rows).await;
    }

    async fn commit_shops(&mut self, rows: BTreeMap<i64, Value>) {
        let before: Vec<usize> = self.file("shop", 0).into_iter().collect();
        self.commit("shop", rows.into_values().collect(), &before).await;
    }

    /// One commit: a new file if there are rows, and without earlier ones that are named, in their order.
    async fn commit(&mut self, table: &'static str, rows: Vec<Value>, replaced: &[usize]) {
        let lake = &self.workspace.lake;
        let schema = stored(&self.workspace.compiled.contract(table).unwrap().schema(), table);
        let layout = layout(&schema);
        let base = lake.snapshot(&source(table)).await.unwrap();
        let files = self.files.entry(table).or_default();
        let replaced: Vec<File> = replaced.iter().rev().map(|file| files.remove(*file)).collect();
        let is_replaced = |path: &String| replaced.iter().any(|file| file.path == *path);
        let remove = base.iter().flat_map(|base| base.files()).filter(|file| is_replaced(&file.path)).cloned().collect();
        let old: Vec<Value> = replaced.iter().flat_map(|file| file.rows.clone()).collect();
        let changed_rows = self.tells.then(|| changed(&schema, &rows, &old));
        let mut add = vec![];
        if !rows.is_empty() {
            let mut writer = lake.stage(&source(table), layout.clone(), StageOptions::default()).unwrap();
            writer.write(batch(&schema, &rows)).await.unwrap();
            let staged = writer.finish().await.unwrap();
            let positions = (0..).take(rows.len()).collect();
            files.push(File { path: staged.files()[0].path.clone(), rows, positions });
            add.push(staged);
        }
        let commit = Commit { operation: "test".to_owned(), layout: Some(layout), add, remove, changed_rows, ..Commit::default() };
        lake.commit(base.as_ref(), &source(table), commit).await.unwrap();
    }

    /// One commit: the rows of the files from one on are put into a file of their own.
    async fn rearrange(&mut self, table: &'static str, from: usize) {
        let Some(files) = self.files.get_mut(table).filter(|files| from < files.len()) else { return };
        let lake = &self.workspace.lake;
        let schema = stored(&self.workspace.compiled.contract(table).unwrap().schema(), table);
        let base = lake.snapshot(&source(table)).await.unwrap().unwrap();
        let gone: Vec<File> = files.drain(from..).collect();
        let remove = base.files().iter().filter(|file| gone.iter().any(|gone| gone.path == file.path)).cloned().collect();
        let rows: Vec<Value> = gone.into_iter().flat_map(|file| file.rows).collect();
        let mut writer = lake.stage(&source(table), layout(&schema), StageOptions::default()).unwrap();
        writer.write(batch(&schema, &rows)).await.unwrap();
        let staged = writer.finish().await.unwrap();
        let positions = (0..).take(rows.len()).collect();
        files.push(File { path: staged.files()[0].path.clone(), rows, positions });
        let commit = Commit { operation: "test".to_owned(), add: vec![staged], remove, rearranges: true, ..Commit::default() };
        lake.commit(Some(&base), &source(table), commit).await.unwrap();
    }

    /// Removes every file that neither the newest version has nor one that a rollup stands for.
    async fn vacuum(&self, table: &'static str) {
        let pinned = self.pinned().await;
        let mut versions = BTreeSet::new();
        for rollup in &self.workspace.compiled.rollups {
            let Some(made) = self.workspace.lake.snapshot(&TableName::new(TableKind::Rollup, rollup.name()).unwrap()).await.unwrap() else { continue };
            versions.extend(stamps::read(rollup, &made, &pinned).await.unwrap().get(table).copied().flatten());
        }
        let keep = Keep { versions, files: TimeDelta::zero(), log: TimeDelta::days(30) };
        self.workspace.lake.vacuum(&source(table), &keep, Utc::now()).await.unwrap();
    }

    /// One commit: rows leave a file that stays, and others come.
    async fn mark(&mut self, table: &'static str, file: usize, leaving: &[usize], rows: Vec<Value>) {
        let lake = &self.workspace.lake;
        let schema = stored(&self.workspace.compiled.contract(table).unwrap().schema(), table);
        let base = lake.snapshot(&source(table)).await.unwrap().unwrap();
        let files = self.files.get_mut(table).unwrap();
        let left = &mut files[file];
        let old: Vec<Value> = leaving.iter().map(|row| left.rows[*row].clone()).collect();
        let changed_rows = self.tells.then(|| changed(&schema, &rows, &old));
        let positions = leaving.iter().map(|row| left.positions[*row]).collect();
        let stored = base.files().iter().find(|stored| stored.path == left.path).unwrap().clone();
        for row in leaving.iter().rev() {
            left.rows.remove(*row);
            left.positions.remove(*row);
        }
        let mut add = vec![];
        if !rows.is_empty() {
            let mut writer = lake.stage(&source(table), layout(&schema), StageOptions::default()).unwrap();
            writer.write(batch(&schema, &rows)).await.unwrap();
            let staged = writer.finish().await.unwrap();
            let positions = (0..).take(rows.len()).collect();
            files.push(File { path: staged.files()[0].path.clone(), rows, positions });
            add.push(staged);
        }
        let delete = vec![Deletion { file: stored, rows: positions }];
        let commit = Commit { operation: "test".to_owned(), add, delete, changed_rows, ..Commit::default() };
        lake.commit(Some(&base), &source(table), commit).await.unwrap();
    }

    /// Refreshes every rollup, finest first; tells what was done: `<rollup>: <technique>`, `<rollup> fed`, and `<rollup>: fails`
    /// of one that stays as it is.
    pub(crate) async fn refresh(&mut self) -> Vec<String> {
        self.refresh_cut_from(CUT_FROM).await
    }

    /// Builds every rollup from nothing, a month at a time.
    pub(crate) async fn rebuild_in_units(&mut self) {
        let tables = self.workspace.lake.root().join("rollup");
        if tables.exists() {
            std::fs::remove_dir_all(tables).unwrap();
        }
        self.refresh_cut_from(0).await;
    }

    /// As [`Self::refresh`], with work cut into units wherever that is allowed.
    pub(crate) async fn refresh_in_units(&mut self) -> Vec<String> {
        self.refresh_cut_from(0).await
    }

    async fn refresh_cut_from(&mut self, cut_from: u64) -> Vec<String> {
        let (mut seen, mut failed) = (vec![], BTreeMap::new());
        for rollup in self.taken() {
            match self.refresh_one(rollup, cut_from).await {
                Ok(outcome) => {
                    seen.push(format!("{}: {}", rollup.name(), technique(&outcome.decision.technique)));
                    seen.extend(outcome.feeder.map(|_| format!("{} fed", rollup.name())));
                }
                Err(error) => {
                    seen.push(format!("{}: fails", rollup.name()));
                    failed.insert(rollup.name().to_owned(), reason(&error));
                }
            }
        }
        self.failed = failed;
        seen
    }

    /// Why a rollup cannot be refreshed.
    pub(crate) async fn failure(&self, name: &str) -> String {
        reason(&self.refresh_one(self.workspace.compiled.rollup(name).unwrap(), CUT_FROM).await.unwrap_err())
    }

    fn finest_first(&self) -> Vec<&Arc<Rollup>> {
        let mut rollups: Vec<&Arc<Rollup>> = self.workspace.compiled.rollups.iter().collect();
        rollups.sort_by_key(|rollup| rollup.grain());
        rollups
    }

    /// Those of the rollups that are not left out, finest first.
    fn taken(&self) -> Vec<&Arc<Rollup>> {
        let is_taken = |number: &usize| u32::try_from(*number).is_ok_and(|number| self.left_out.checked_shr(number).unwrap_or_default() & 1 == 0);
        self.finest_first().into_iter().enumerate().filter(|(number, _)| is_taken(number)).map(|(_, rollup)| rollup).collect()
    }

    async fn refresh_one(&self, rollup: &Rollup, cut_from: u64) -> Result<Outcome, nightshift_refresh::Error> {
        let workspace = &self.workspace;
        let pinned = self.pinned().await;
        let session = workspace.engine.step(rollup.name()).unwrap();
        register(&session.context, &pinned).unwrap();
        let finer: Vec<Arc<Rollup>> = self.finest_first().into_iter().filter(|fine| fine.grain() < rollup.grain()).map(Arc::clone).collect();
        let cancel = CancellationToken::new();
        let request = Request {
            lake: &workspace.lake,
            session: &session,
            rollup,
            finer: &finer,
            pinned: &pinned,
            calendar: &workspace.calendar,
            cancel: &cancel,
            cut_from,
            history: &NoHistory,
            choice: self.choice,
        };
        refresh(&request).await
    }

    /// Those that could be refreshed.
    fn sound(&self) -> Vec<&Arc<Rollup>> {
        self.taken().into_iter().filter(|rollup| !self.failed.contains_key(rollup.name())).collect()
    }

    /// Takes every row from the rollups' tables, or puts it there a second time; their marks stay.
    pub(crate) async fn damage(&self, doubles: bool) {
        for rollup in self.sound() {
            let name = TableName::new(TableKind::Rollup, rollup.name()).unwrap();
            let base = self.workspace.lake.snapshot(&name).await.unwrap().unwrap();
            let (mut add, mut remove) = (vec![], base.files().to_vec());
            if doubles {
                let session = self.workspace.engine.step("damage").unwrap();
                let mut writer = self.workspace.lake.stage(&name, base.layout().clone(), StageOptions::default()).unwrap();
                for batch in session.context.read_table(base.provider(None)).unwrap().collect().await.unwrap() {
                    writer.write(batch).await.unwrap();
                }
                add.push(writer.finish().await.unwrap());
                remove.clear();
            }
            let commit = Commit { operation: "damage".to_owned(), add, remove, ..Commit::default() };
            self.workspace.lake.commit(Some(&base), &name, commit).await.unwrap();
        }
    }

    /// Computes all buckets of every rollup anew, first those before a day that is in the middle of a month, then the others.
    pub(crate) async fn backfill(&self) {
        let day = "2025-01-15".parse().ok();
        let (early, late) = (Interval { from: None, to: day }, Interval { from: day.and_then(|day: NaiveDate| day.succ_opt()), to: None });
        for rollup in self.sound() {
            for asked in [early, late] {
                self.backfill_one(rollup, asked).await;
            }
        }
    }

    async fn backfill_one(&self, rollup: &Rollup, asked: Interval) {
        let workspace = &self.workspace;
        let pinned = self.pinned().await;
        let table = workspace.lake.snapshot(&TableName::new(TableKind::Rollup, rollup.name()).unwrap()).await.unwrap().unwrap();
        let session = workspace.engine.step(rollup.name()).unwrap();
        register(&session.context, &pinned).unwrap();
        let cancel = CancellationToken::new();
        let (lake, calendar) = (&workspace.lake, &workspace.calendar);
        let request = Request {
            lake,
            session: &session,
            rollup,
            finer: &[],
            pinned: &pinned,
            calendar,
            cancel: &cancel,
            cut_from: CUT_FROM,
            history: &NoHistory,
            choice: Choice::Least,
        };
        let in_full = backfill::only_in_full(lake, rollup, Some(&table));
        let units = if in_full.is_some() {
            vec![Interval::ALL]
        } else {
            let extent = backfill::extent(rollup, asked);
            let verifying = Verifying { session: &session, rollup, table: &table, pinned: &pinned, calendar, cancel: &cancel };
            let found = backfill::buckets(&verifying, extent).await.unwrap();
            backfill::units(rollup, extent, &found, calendar)
        };
        for unit in units {
            backfill::backfill(&request, unit, in_full.clone(), &Default::default()).await.unwrap();
        }
    }

    async fn pinned(&self) -> Pinned {
        let mut pinned = Pinned { zone: self.workspace.calendar.zone.name().into(), ..Pinned::default() };
        for contract in &self.workspace.compiled.contracts {
            let snapshot = self.workspace.lake.snapshot(&source(&contract.name)).await.unwrap();
            pinned.tables.insert(contract.name.clone(), PinnedTable { snapshot, schema: contract.schema() });
        }
        pinned
    }

    /// The first rollup whose table is not what its SELECT gives, with the rows of both.
    pub(crate) async fn difference(&self) -> Option<String> {
        let taken = self.taken();
        let selects = taken.iter().map(|rollup| (rollup.name().to_owned(), select(rollup).to_owned())).collect();
        let mut answers = oracle::answers(&self.rows(), &selects);
        for rollup in taken {
            let answer = match is_approximate(rollup) {
                true => Ok(self.computed(rollup).await),
                false => answers.remove(rollup.name()).unwrap().map(|rows| Rows::read(&rollup.schema, rows)),
            };
            if let Some(wrong) = self.wrong(rollup, answer).await {
                return Some(format!("{} {wrong}", rollup.name()));
            }
        }
        None
    }

    /// How a rollup differs from what its SELECT gives. What fails for both is no difference.
    async fn wrong(&self, rollup: &Rollup, answer: Result<Rows, String>) -> Option<String> {
        match (answer, self.failed.get(rollup.name())) {
            (Err(_), Some(_)) => None,
            (Ok(expected), Some(why)) => Some(format!("fails: {why}\nits SELECT gives{expected}")),
            (Err(why), None) => Some(format!("should fail: {why}\nits table holds{}", self.table(rollup).await)),
            (Ok(expected), None) => {
                let found = self.table(rollup).await;
                (expected != found).then(|| format!("\nits SELECT gives{expected}\nits table holds{found}"))
            }
        }
    }

    /// The rows of each source as they stand: those that are not marked as deleted.
    fn rows(&self) -> BTreeMap<&'static str, Vec<Value>> {
        let stays = |row: &&Value| row["_deleted"] != json!(true);
        let rows = |table| self.files.get(table).into_iter().flatten().flat_map(|file| &file.rows).filter(stays).cloned().collect();
        ["sale", "shop", "receipt"].into_iter().map(|table| (table, rows(table))).collect()
    }

    /// What a reader of the rollup's table sees.
    async fn table(&self, rollup: &Rollup) -> Rows {
        let table = self.workspace.lake.snapshot(&TableName::new(TableKind::Rollup, rollup.name()).unwrap()).await.unwrap().unwrap();
        let visible: Vec<&str> = rollup.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let session = self.workspace.engine.step("compare").unwrap();
        let table = session.context.read_table(table.provider(Some(self.workspace.calendar.zone.name().into()))).unwrap();
        Rows::of(&rollup.schema, &table.select_columns(&visible).unwrap().collect().await.unwrap())
    }

    /// What DataFusion gives for a rollup's SELECT over the whole sources.
    async fn computed(&self, rollup: &Rollup) -> Rows {
        let session = self.workspace.engine.step("compare").unwrap();
        register(&session.context, &self.pinned().await).unwrap();
        Rows::of(&rollup.schema, &session.context.sql(select(rollup)).await.unwrap().collect().await.unwrap())
    }
}

/// The query of a rollup as it is written.
fn select(rollup: &Rollup) -> &str {
    rollup.definition.text.text.split_once("*/").unwrap().1
}

/// Whether a rollup calls a function whose result only DataFusion knows.
fn is_approximate(rollup: &Rollup) -> bool {
    select(rollup).contains("approx_")
}

fn reason(error: &nightshift_refresh::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The rows that are not the same before and after.
fn changed(schema: &SchemaRef, new: &[Value], old: &[Value]) -> ChangedRows {
    let mut removed = old.to_vec();
    let mut added = new.to_vec();
    added.retain(|row| match removed.iter().position(|other| other == row) {
        Some(same) => {
            removed.remove(same);
            false
        }
        None => true,
    });
    let batches = |rows: &[Value]| if rows.is_empty() { vec![] } else { vec![batch(schema, rows)] };
    ChangedRows { added: batches(&added), removed: batches(&removed) }
}

fn technique(technique: &Technique) -> &'static str {
    match technique {
        Technique::Nothing => "nothing",
        Technique::Restamp => "restamp",
        Technique::Merge(_) => "merge",
        Technique::MergeOnward(_) => "merge onward",
        Technique::RebuildGroups(_) => "rebuild groups",
        Technique::Rebuild(_) => "rebuild",
        Technique::Onward(_) => "onward",
        Technique::Full(_) => "full",
    }
}

/// A table whose rows may leave their files.
fn layout(schema: &SchemaRef) -> TableLayout {
    let properties = BTreeMap::from([(DELETION_VECTORS.to_owned(), "true".to_owned())]);
    TableLayout::new(schema, vec![], vec![]).unwrap().with_properties(properties)
}

fn source(table: &str) -> TableName {
    TableName::new(TableKind::Source, table).unwrap()
}

/// The columns of a source's table: a shop that is closed, and a sale that is gone, stay there as deleted rows.
fn stored(contract: &SchemaRef, table: &str) -> SchemaRef {
    let mut fields = contract.fields().to_vec();
    if table != "receipt" {
        fields.push(Arc::new(Field::new("_deleted", DataType::Boolean, false)));
    }
    Arc::new(Schema::new(fields))
}

fn shop_row(shop: i64, region: &str, closed: bool) -> Value {
    json!({"shop_id": shop, "region": region, "updated_at": BEGINNING, "closed": closed, "_deleted": closed})
}

fn sale_row(number: i64, sale: &Sale) -> Value {
    let beginning: DateTime<Utc> = BEGINNING.parse().unwrap();
    let sold_at = sale.hour.map(|hour| beginning + TimeDelta::hours(hour));
    let due_on = sold_at.unwrap_or(beginning).date_naive() + Days::new(sale.due_in.unsigned_abs());
    json!({
        "sale_id": number, "shop_id": sale.shop, "buyer_id": sale.buyer,
        "sold_at": sold_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)), "due_on": due_on.to_string(),
        "status": sale.status, "quantity": sale.quantity, "amount": sale.amount.map(decimal),
        "weight": sale.weight.map(|weight| double(weight / 8.0)), "worth": sale.worth.map(|worth| ten_thousandths(worth * i128::from(sale.sign()))),
        "points": sale.points.map(|points| points * sale.sign()),
        "_deleted": sale.status == "gone",
    })
}

fn decimal(hundredths: i64) -> String {
    format!("{}{}.{:02}", if hundredths < 0 { "-" } else { "" }, hundredths.abs() / 100, hundredths.abs() % 100)
}

fn ten_thousandths(number: i128) -> String {
    format!("{}{}.{:04}", if number < 0 { "-" } else { "" }, number.abs() / 10_000, number.abs() % 10_000)
}

/// JSON has no number for what is none.
fn double(number: f64) -> Value {
    if number.is_finite() { json!(number) } else { json!(number.to_string()) }
}

fn batch(schema: &SchemaRef, rows: &[Value]) -> RecordBatch {
    let mut decoder = ReaderBuilder::new(Arc::clone(schema)).build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    decoder.flush().unwrap().unwrap()
}

/// The rollups of the project, by their names, as their files have them.
pub(crate) fn project() -> BTreeMap<String, String> {
    let folders = std::fs::read_dir(folder_of_project().join("sql/rollups")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap()).map(|file| file.unwrap().path());
    files.map(|file| (stem(&file).to_owned(), std::fs::read_to_string(&file).unwrap())).collect()
}

fn folder_of_project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("refresh/project")
}

fn is_rollup(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "rollups")
}

fn stem(file: &Path) -> &str {
    file.file_stem().unwrap().to_str().unwrap()
}

/// Copies a folder, with those of its files that are wanted.
fn copy(from: &Path, to: &Path, is_wanted: &dyn Fn(&Path) -> bool) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target, is_wanted);
        } else if is_wanted(&entry.path()) {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
