//! Rows of the table that a load touches.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{Column, ScalarValue};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::Expr;
use datafusion::prelude::SessionContext;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use nightshift_compile::contract::Contract;
use nightshift_lake::{DataFile, ROW_NUMBER, ScanOptions, Snapshot};

use super::compete::entry_columns;
use super::places::Places;
use crate::columns::{FILE, strings};
use crate::ingest::Keep;
use crate::keys::{KeyNumbers, NumberSet};
use crate::{Error, Result};

/// What is looked for.
pub(super) struct Wanted {
    pub(super) numbers: KeyNumbers,
    /// Keys that come again.
    pub(super) keys: NumberSet,
    /// Files whose rows go.
    pub(super) files: BTreeSet<String>,
    pub(super) keep: Keep,
}

/// What a file of the table has of it, in the columns of an entry.
pub(super) struct Hits {
    pub(super) file: DataFile,
    pub(super) contested: Vec<RecordBatch>,
    pub(super) gone: Vec<RecordBatch>,
    /// Where these rows stand in the file, if they are few.
    pub(super) places: Option<Places>,
}

/// Looks through the files that may hold anything of it by their statistics; reads keys, watermark and origin alone.
pub(super) async fn scan(session: &SessionContext, base: &Snapshot, contract: &Contract, wanted: Wanted) -> Result<Vec<Hits>> {
    let parallel = session.copied_config().target_partitions().max(1);
    let columns = entry_columns(contract).into_iter().chain([ROW_NUMBER.to_owned()]);
    let columns: Vec<Expr> = columns.map(|name| Expr::Column(Column::new_unqualified(name))).collect();
    let zone: Arc<str> = Arc::from(contract.zone.name());
    // Rows of a corrected file go whatever their keys are.
    let condition = if wanted.files.is_empty() { wanted.numbers.condition(&wanted.keys)? } else { None };
    let session = selective(session);
    let wanted = Arc::new(wanted);
    let candidates = base.files().iter().filter(|file| may_matter(file, &wanted)).cloned().collect::<Vec<_>>();
    let scans = stream::iter(candidates).map(|file| {
        let options = ScanOptions { zone: Some(Arc::clone(&zone)), row_numbers: true, ..ScanOptions::default() };
        let table = session.read_table(Arc::new(base.table(std::slice::from_ref(&file), &options)));
        let (columns, wanted, condition) = (columns.clone(), Arc::clone(&wanted), condition.clone());
        async move {
            let rows = match condition {
                Some(condition) => table?.filter(condition)?,
                None => table?,
            };
            let rows = rows.select(columns)?.execute_stream().await?;
            tokio::spawn(hits(file, rows.map_err(Error::from).boxed(), wanted)).await?
        }
    });
    let found: Vec<Hits> = scans.buffered(parallel).try_collect().await?;
    Ok(found.into_iter().filter(|hits| !hits.contested.is_empty() || !hits.gone.is_empty()).collect())
}

/// A session whose scans read of a row that they leave out no more than the key.
fn selective(session: &SessionContext) -> SessionContext {
    let mut config = session.copied_config();
    config.options_mut().execution.parquet.pushdown_filters = true;
    SessionContext::new_with_state(SessionStateBuilder::new_from_existing(session.state()).with_config(config).build())
}

/// Whether a file, by its statistics, may hold a row of a file that is replaced.
pub(crate) fn may_hold_file(file: &DataFile, names: &BTreeSet<String>) -> bool {
    let Some(bounds) = file.statistics.as_ref().and_then(|statistics| statistics.columns.get(FILE)) else { return !names.is_empty() };
    let text = |bound: &Option<ScalarValue>| bound.as_ref().and_then(|bound| bound.try_as_str().flatten().map(str::to_owned));
    let (least, greatest) = (text(&bounds.minimum), text(&bounds.maximum));
    names.iter().any(|name| least.as_ref().is_none_or(|least| least <= name) && greatest.as_ref().is_none_or(|greatest| name <= greatest))
}

fn may_matter(file: &DataFile, wanted: &Wanted) -> bool {
    may_hold_file(file, &wanted.files) || wanted.numbers.may_meet(&wanted.keys, file.statistics.as_deref())
}

async fn hits(file: DataFile, mut rows: BoxStream<'static, Result<RecordBatch>>, wanted: Arc<Wanted>) -> Result<Hits> {
    let mut hits = Hits { places: Places::of(&file, wanted.keep), file, contested: Vec::new(), gone: Vec::new() };
    while let Some(rows) = rows.next().await {
        let rows = rows?;
        let goes = comes_from(&rows, &wanted.files)?;
        let comes_again = wanted.numbers.of(&rows)?.into_iter().map(|number| wanted.keys.contains(number));
        let contested: BooleanArray = comes_again.zip(&goes).map(|(comes_again, goes)| Some(comes_again && !goes)).collect();
        if contested.true_count() > 0 {
            hits.found(filter_record_batch(&rows, &contested)?, |hits| &mut hits.contested)?;
        }
        if goes.contains(&true) {
            hits.found(filter_record_batch(&rows, &BooleanArray::from(goes))?, |hits| &mut hits.gone)?;
        }
    }
    Ok(hits)
}

impl Hits {
    /// Takes rows, and where they stand.
    fn found(&mut self, rows: RecordBatch, kind: impl Fn(&mut Self) -> &mut Vec<RecordBatch>) -> Result<()> {
        if let Some(places) = &mut self.places
            && !places.add(&rows)?
        {
            self.places = None;
        }
        kind(self).push(rows);
        Ok(())
    }
}

/// For each row whether its file is one of these.
pub(crate) fn comes_from(rows: &RecordBatch, files: &BTreeSet<String>) -> Result<Vec<bool>> {
    if files.is_empty() {
        return Ok(vec![false; rows.num_rows()]);
    }
    let Some(names) = rows.column_by_name(FILE) else { return Ok(vec![false; rows.num_rows()]) };
    Ok(strings(names)?.iter().map(|name| name.is_some_and(|name| files.contains(name))).collect())
}

/// All rows of some files of the table, in the columns of a row that was read.
pub(crate) async fn read(
    session: &SessionContext,
    base: &Snapshot,
    contract: &Contract,
    files: &[DataFile],
    schema: &SchemaRef,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let table = session.read_table(base.provider_of(files, Some(Arc::from(contract.zone.name()))))?;
    let columns = schema.fields().iter().map(|field| Expr::Column(Column::new_unqualified(field.name()))).collect::<Vec<_>>();
    let rows = table.select(columns)?.execute_stream().await?;
    let schema = Arc::clone(schema);
    Ok(rows.map(move |rows| Ok(RecordBatch::try_new(Arc::clone(&schema), rows?.columns().to_vec())?)).boxed())
}
