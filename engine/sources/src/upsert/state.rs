//! The state of an upserted source: rows that lost.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Int64Type, Schema};
use datafusion::prelude::SessionContext;
use futures::stream::{self, BoxStream, StreamExt as _};
use nightshift_lake::{Commit, Lake, Snapshot, TableKind, TableLayout, TableName};
use nightshift_quality::Rules;

use super::load_number;
use crate::arrival::{CONTRACT, file_mark};
use crate::columns::{FILE, LOAD, row_schema, state_layout, strings};
use crate::keys::{KeyNumbers, NumberSet};
use crate::load::Tables;
use crate::memory::SIXTEENTH;
use crate::route::Router;
use crate::{Error, Result};

/// The state's table at one version.
pub(super) struct State<'a> {
    lake: &'a Lake,
    session: &'a SessionContext,
    rules: &'a Arc<Rules>,
    table: TableName,
    layout: TableLayout,
    base: Option<Snapshot>,
}

/// The numbers of the loads that stand in the table, looked up as they are needed.
struct Loads {
    base: Option<Snapshot>,
    contract: i64,
    known: HashMap<String, Option<i64>>,
}

impl Loads {
    async fn of(&mut self, file: &str) -> Result<Option<i64>> {
        if let Some(known) = self.known.get(file) {
            return Ok(*known);
        }
        let hash = match &self.base {
            Some(base) => base.transaction_version(&file_mark(file)).await?,
            None => None,
        };
        let load = hash.map(|hash| load_number(hash, self.contract));
        self.known.insert(file.to_owned(), load);
        Ok(load)
    }

    /// The number of each row's load.
    async fn column(&mut self, rows: &RecordBatch) -> Result<Int64Array> {
        let Some(files) = rows.column_by_name(FILE) else { return Ok(Int64Array::new_null(rows.num_rows())) };
        let files = strings(files)?;
        let mut numbers = Vec::with_capacity(files.len());
        for file in files.iter() {
            numbers.push(match file {
                Some(file) => self.of(file).await?,
                None => None,
            });
        }
        Ok(Int64Array::from(numbers))
    }
}

impl<'a> State<'a> {
    pub(super) async fn open(lake: &'a Lake, session: &'a SessionContext, rules: &'a Arc<Rules>) -> Result<Self> {
        let table = TableName::new(TableKind::State, rules.contract().name.as_str())?;
        let base = lake.snapshot(&table).await?;
        Ok(Self { lake, session, rules, table, layout: state_layout(rules)?, base })
    }

    /// Rows that lost, with one of these keys, of loads that stand in the table `source` and whose files stay; some may be there
    /// twice.
    pub(super) async fn rows(
        &self,
        numbers: &KeyNumbers,
        keys: &NumberSet,
        replaced: &BTreeSet<String>,
        source: &Snapshot,
        tables: &Tables,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let Some(base) = &self.base else { return Ok(stream::empty().boxed()) };
        if !base.layout().holds_same_rows(&self.layout) {
            return Ok(stream::empty().boxed());
        }
        let files: Vec<_> = base.files().iter().filter(|file| numbers.may_meet(keys, file.statistics.as_deref())).cloned().collect();
        if files.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let with_load = with_load(&row_schema(self.rules));
        let rows = super::existing::read(self.session, base, self.rules.contract(), &files, &Arc::new(with_load)).await?;
        let contract = source.transaction_version(CONTRACT).await?.unwrap_or(tables.contract);
        let loads = Loads { base: Some(source.clone()), contract, known: HashMap::new() };
        let wanted = (numbers.clone(), keys.clone(), replaced.clone());
        let schema = row_schema(self.rules);
        Ok(stream::try_unfold((rows, loads, wanted), move |(mut rows, mut loads, wanted)| {
            let schema = Arc::clone(&schema);
            async move {
                let Some(batch) = rows.next().await else { return Ok::<_, Error>(None) };
                let batch = batch?;
                let stands = standing(&batch, &mut loads, &wanted).await?;
                let found = filter_record_batch(&batch, &stands)?;
                let columns = found.columns().iter().take(schema.fields().len()).map(Arc::clone).collect();
                Ok(Some((RecordBatch::try_new(schema, columns)?, (rows, loads, wanted))))
            }
        })
        .boxed())
    }

    /// Takes rows that lose in this load.
    pub(super) fn losers(self, tables: &Tables, loads: HashMap<String, i64>) -> Result<Losers<'a>> {
        let known = loads.into_iter().map(|(file, load)| (file, Some(load))).collect();
        let loads = Loads { base: tables.base.clone(), contract: tables.contract, known };
        let router = Router::new(self.lake, &self.table, &self.layout, None, self.session, SIXTEENTH)?;
        Ok(Losers { router, loads, state: self })
    }
}

fn with_load(schema: &Schema) -> Schema {
    let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new(LOAD, arrow::datatypes::DataType::Int64, false));
    Schema::new(fields)
}

type Wanted = (KeyNumbers, NumberSet, BTreeSet<String>);

async fn standing(rows: &RecordBatch, loads: &mut Loads, (numbers, keys, replaced): &Wanted) -> Result<BooleanArray> {
    let current = loads.column(rows).await?;
    let goes = super::existing::comes_from(rows, replaced)?;
    let Some(load) = rows.column_by_name(LOAD) else { return Ok(BooleanArray::from(vec![false; rows.num_rows()])) };
    let load = load.as_primitive::<Int64Type>();
    let wanted = numbers.of(rows)?.into_iter().map(|number| keys.contains(number));
    let stands =
        wanted.zip(goes).enumerate().map(|(row, (wanted, goes))| Some(wanted && !goes && current.is_valid(row) && current.value(row) == load.value(row)));
    Ok(stands.collect())
}

/// Writes rows that lose.
pub(super) struct Losers<'a> {
    state: State<'a>,
    router: Router,
    loads: Loads,
}

impl Losers<'_> {
    pub(super) async fn push(&mut self, rows: RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let load = self.loads.column(&rows).await?;
        // A row of a file without a mark came with a table that is older than the marks; nothing can fall back to it.
        let known: BooleanArray = (0..load.len()).map(|row| Some(load.is_valid(row))).collect();
        let schema = Arc::new(with_load(&rows.schema()));
        let mut columns = rows.columns().to_vec();
        columns.push(Arc::new(Int64Array::new(load.values().clone(), None)));
        let rows = RecordBatch::try_new(schema, columns)?;
        let rows = if load.null_count() > 0 { filter_record_batch(&rows, &known)? } else { rows };
        self.router.push(rows).await
    }

    /// Commits, if any row lost.
    pub(super) async fn finish(self) -> Result<()> {
        if self.router.rows() == 0 {
            return Ok(());
        }
        let staged = self.router.finish().await?;
        let base = self.state.base.as_ref();
        // After a change of the columns no earlier row counts any more.
        let remove = match base {
            Some(base) if !base.layout().holds_same_rows(&self.state.layout) => base.files().to_vec(),
            _ => Vec::new(),
        };
        let commit = Commit { operation: "supersede".to_owned(), layout: Some(self.state.layout), add: staged, remove, ..Commit::default() };
        self.state.lake.commit(base, &self.state.table, commit).await?;
        Ok(())
    }
}
