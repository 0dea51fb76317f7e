//! Staged rows into a source's table, by its load: which rows win, and which files are written anew.

use arrow::datatypes::DataType;
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::common::{Column, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, JoinType, cast, col, in_list, lit};
use datafusion::prelude::SessionContext;
use nightshift_compile::contract::Contract;
use nightshift_lake::{DataFile, Snapshot, Staged, TableLayout};
use nightshift_project::Load;

use crate::stage::{FILE, LINE, staged_schema};
use crate::{Error, Result};

const WINNER: &str = "_winner";

/// The rows to write and the files that they replace.
pub(crate) struct Merged {
    pub(crate) rows: DataFrame,
    pub(crate) remove: Vec<DataFile>,
}

/// What a merge is made of.
pub(crate) struct Merge<'a> {
    pub(crate) session: &'a SessionContext,
    pub(crate) contract: &'a Contract,
    pub(crate) base: Option<&'a Snapshot>,
    pub(crate) staged: &'a Staged,
    /// Identities of files whose earlier rows are replaced.
    pub(crate) replaced: Vec<String>,
    /// True if the table's rows are all replaced.
    pub(crate) anew: bool,
}

/// The layout of a source's table.
pub(crate) fn layout(contract: &Contract, rules: &nightshift_quality::Rules) -> Result<TableLayout> {
    let upsert = matches!(contract.header.load, Load::Upsert { .. });
    let mut fields: Vec<Field> = staged_schema(rules, upsert).fields().iter().map(|field| field.as_ref().clone()).collect();
    let partition = partition_name(contract);
    fields.extend(partition.clone().map(|name| Field::new(name, DataType::Utf8, true)));
    let sort = contract.header.partition.iter().map(|partition| partition.column.clone()).collect();
    let layout = TableLayout::new(&Schema::new(fields), partition.into_iter().collect(), sort)?;
    Ok(layout.with_description(contract.header.title.clone()))
}

fn partition_name(contract: &Contract) -> Option<String> {
    contract.header.partition.as_ref().map(|partition| format!("_part_{}", partition.column))
}

impl Merge<'_> {
    /// Decides by the contract's load.
    pub(crate) async fn merge(&self) -> Result<Merged> {
        let zone = self.contract.zone.name();
        let new = self.session.read_table(self.staged.provider(Some(zone.into())))?;
        let merged = match (&self.contract.header.load, self.base) {
            (_, None) => Merged { rows: self.winners(new)?, remove: vec![] },
            (_, Some(base)) if self.anew => Merged { rows: self.winners(new)?, remove: base.files().to_vec() },
            (Load::Upsert { .. }, Some(base)) => self.upsert(new, base).await?,
            (_, Some(base)) => self.append(new, base).await?,
        };
        Ok(Merged { rows: self.arranged(merged.rows)?, remove: merged.remove })
    }

    /// Adds rows; those of an earlier load of the same files go.
    async fn append(&self, new: DataFrame, base: &Snapshot) -> Result<Merged> {
        if self.replaced.is_empty() {
            return Ok(Merged { rows: new, remove: vec![] });
        }
        let identities: Vec<Expr> = self.replaced.iter().map(lit).collect();
        let mut remove = Vec::new();
        for file in base.files() {
            let stored = self.read(base, std::slice::from_ref(file))?;
            if stored.filter(in_list(col(FILE), identities.clone(), false))?.count().await? > 0 {
                remove.push(file.clone());
            }
        }
        if remove.is_empty() {
            return Ok(Merged { rows: new, remove });
        }
        let kept = self.read(base, &remove)?.filter(in_list(col(FILE), identities, true))?;
        Ok(Merged { rows: new.union(self.same_columns(kept)?)?, remove })
    }

    /// Puts the new rows beside those of the files that hold one of their keys; the greatest of each key wins.
    async fn upsert(&self, new: DataFrame, base: &Snapshot) -> Result<Merged> {
        let mut remove = Vec::new();
        for file in self.overlapping(new.clone(), base).await? {
            let stored = self.read(base, std::slice::from_ref(file))?;
            let keys: Vec<&str> = self.contract.key().iter().map(String::as_str).collect();
            let changed = stored.join(new.clone(), JoinType::LeftSemi, &keys, &keys, None)?;
            if changed.limit(0, Some(1))?.count().await? > 0 {
                remove.push(file.clone());
            }
        }
        let rows = if remove.is_empty() {
            new
        } else {
            let stored = self.read(base, &remove)?;
            new.union(self.same_columns(stored)?)?
        };
        Ok(Merged { rows: self.winners(rows)?, remove })
    }

    /// Files whose range of the first key column meets that of the new rows.
    async fn overlapping<'b>(&self, new: DataFrame, base: &'b Snapshot) -> Result<Vec<&'b DataFile>> {
        let Some(key) = self.contract.key().first() else { return Ok(base.files().iter().collect()) };
        let (minimum, maximum) = (datafusion::functions_aggregate::expr_fn::min(name(key)), datafusion::functions_aggregate::expr_fn::max(name(key)));
        let range = new.aggregate(vec![], vec![minimum.alias("least"), maximum.alias("greatest")])?.collect().await?;
        let bound = |column: usize| -> Result<Option<ScalarValue>> {
            let Some(batch) = range.first() else { return Ok(None) };
            let value = ScalarValue::try_from_array(batch.column(column), 0)?;
            Ok((!value.is_null()).then_some(value))
        };
        let (Some(least), Some(greatest)) = (bound(0)?, bound(1)?) else { return Ok(vec![]) };
        let meets = |file: &&DataFile| {
            let Some(statistics) = file.statistics.as_ref().and_then(|statistics| statistics.columns.get(key)) else { return true };
            let before = statistics.maximum.as_ref().is_some_and(|maximum| *maximum < least);
            let after = statistics.minimum.as_ref().is_some_and(|minimum| *minimum > greatest);
            !(before || after)
        };
        Ok(base.files().iter().filter(meets).collect())
    }

    /// Keeps the row with the greatest (watermark, file, line) of each key; other loads keep all rows.
    fn winners(&self, rows: DataFrame) -> Result<DataFrame> {
        let Load::Upsert { key, watermark, .. } = &self.contract.header.load else { return Ok(rows) };
        let order = [watermark.as_str(), FILE, LINE].map(|column| name(column).sort(false, false));
        let number = row_number().partition_by(key.iter().map(|column| name(column)).collect()).order_by(order.to_vec()).build()?;
        let columns: Vec<Expr> = rows.schema().columns().into_iter().map(Expr::Column).collect();
        Ok(rows.window(vec![number.alias(WINNER)])?.filter(col(WINNER).eq(lit(1_u64)))?.select(columns)?)
    }

    fn read(&self, base: &Snapshot, files: &[DataFile]) -> Result<DataFrame> {
        Ok(self.session.read_table(base.provider_of(files, Some(self.contract.zone.name().into())))?)
    }

    /// The columns of staged rows, without the partition.
    fn same_columns(&self, rows: DataFrame) -> Result<DataFrame> {
        let columns = self.staged.layout().schema().fields().iter().map(|field| name(field.name())).collect::<Vec<_>>();
        Ok(rows.select(columns)?)
    }

    /// Adds the partition and sorts rows as the files have them.
    fn arranged(&self, rows: DataFrame) -> Result<DataFrame> {
        let Some(partition) = &self.contract.header.partition else {
            return Ok(rows.sort(vec![name(FILE).sort(true, true), name(LINE).sort(true, true)])?);
        };
        let digits = match partition.grain {
            nightshift_calendar::Grain::Year => 4_i64,
            nightshift_calendar::Grain::Month => 7,
            _ => 10,
        };
        let day = cast(cast(name(&partition.column), DataType::Date32), DataType::Utf8);
        let value = datafusion::functions::expr_fn::substring(day, lit(1_i64), lit(digits));
        let Some(part) = partition_name(self.contract) else { return Ok(rows) };
        let order = [part.as_str(), partition.column.as_str(), FILE, LINE].map(|column| name(column).sort(true, true));
        Ok(rows.with_column(&part, value)?.sort(order.to_vec())?)
    }
}

fn name(column: &str) -> Expr {
    Expr::Column(Column::new_unqualified(column))
}

/// Checks that every file of a table is among those that can be read again.
pub(crate) async fn require_all(session: &SessionContext, contract: &Contract, base: &Snapshot, present: &[String]) -> Result<()> {
    let known: Vec<Expr> = present.iter().map(lit).collect();
    let stored = session.read_table(base.provider(None))?;
    let missing = if known.is_empty() { stored } else { stored.filter(in_list(col(FILE), known, true))? };
    let first = missing.select(vec![col(FILE)])?.limit(0, Some(1))?.collect().await?;
    match first.iter().find(|batch| batch.num_rows() > 0) {
        None => Ok(()),
        Some(batch) => {
            let missing = ScalarValue::try_from_array(batch.column(0), 0)?.to_string();
            Err(Error::FilesGone { source_name: contract.name.clone(), missing })
        }
    }
}

