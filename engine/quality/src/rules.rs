//! A contract made executable.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::error::DataFusionError;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::BinaryExpr;
use datafusion::prelude::SessionContext;
use nightshift_calendar::Calendar;
use nightshift_compile::condition;
use nightshift_compile::contract::Contract;
use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, Position, Span, codes};
use nightshift_project::Load;

use crate::validate::FileValidator;
use crate::{Error, LocalClock, Result};

/// The rules that the rows of a source must obey, compiled once; every file then gets its own [`FileValidator`].
#[derive(Debug)]
pub struct Rules {
    pub(crate) contract: Arc<Contract>,
    pub(crate) calendar: Calendar,
    pub(crate) schema: SchemaRef,
    pub(crate) checks: Vec<Predicate>,
    delete_when: Option<Predicate>,
    /// Columns by which a row that comes twice in a file is found; empty if it may.
    pub(crate) unique: Vec<usize>,
    /// Columns without which an upsert cannot place a row.
    pub(crate) placing: Vec<usize>,
}

/// A condition over the columns of a contract.
#[derive(Debug)]
pub(crate) struct Predicate {
    pub(crate) label: String,
    expression: Arc<dyn PhysicalExpr>,
}

impl Rules {
    /// Compiles the `CHECK`s and `delete_when` of a contract with the functions that the session knows. It needs no data, so it
    /// also serves to check a project.
    ///
    /// # Errors
    /// [`Error::Expressions`] with all that does not compile or is no condition.
    pub fn compile(contract: &Arc<Contract>, calendar: &Calendar, session: &SessionContext) -> Result<Arc<Self>> {
        let schema = contract.schema();
        let columns = DFSchema::try_from(Arc::clone(&schema))?;
        let compiler = Compiler { contract, columns: &columns, session };
        let mut problems = Diagnostics::new();
        let mut checks = Vec::with_capacity(contract.checks.len());
        for check in &contract.checks {
            let label = check.name.as_ref().map_or_else(|| check.sql.clone(), |name| format!("{name}: {}", check.sql));
            match compiler.compile(&check.sql, label, |span| contract.within(check, span)) {
                Ok(predicate) => checks.push(predicate),
                Err(found) => problems.extend(found),
            }
        }
        let mut delete_when = None;
        if let Load::Upsert { delete_when: Some(sql), .. } = &contract.header.load {
            match compiler.compile(sql, sql.clone(), |_| contract.text.first_line()) {
                Ok(predicate) => delete_when = Some(predicate),
                Err(found) => problems.extend(found),
            }
        }
        if problems.has_errors() {
            return Err(Error::Expressions(problems.sorted()));
        }
        let indexes = |names: &[String]| names.iter().filter_map(|name| contract.index_of(name)).collect::<Vec<_>>();
        let (unique, placing) = match &contract.header.load {
            Load::Append | Load::Full => (indexes(&contract.primary_key), Vec::new()),
            Load::Upsert { key, watermark, .. } => (Vec::new(), indexes(&key.iter().chain([watermark]).cloned().collect::<Vec<_>>())),
        };
        let (contract, calendar) = (Arc::clone(contract), calendar.clone());
        Ok(Arc::new(Self { contract, calendar, schema, checks, delete_when, unique, placing }))
    }

    /// The contract that these rules are.
    #[must_use]
    pub const fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// The columns of a good row, as SQL sees them.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// A clock for local times of this source.
    #[must_use]
    pub fn clock(&self) -> LocalClock {
        LocalClock::new(self.calendar.clone(), self.contract.header.ambiguous)
    }

    /// What checks the batches of one file, one after the other.
    ///
    /// # Errors
    /// Only if Arrow cannot compare keys of these types, which would be a defect.
    pub fn file(self: &Arc<Self>) -> Result<FileValidator> {
        FileValidator::new(Arc::clone(self))
    }

    /// For each good row whether `delete_when` makes it a tombstone; NULL does not.
    ///
    /// # Errors
    /// [`Error::DataFusion`] if the condition cannot be computed.
    pub fn deleted(&self, rows: &RecordBatch) -> Result<BooleanArray> {
        match &self.delete_when {
            None => Ok(BooleanArray::from(vec![false; rows.num_rows()])),
            Some(predicate) => {
                let values = predicate.evaluate(rows)?;
                Ok(values.iter().map(|value| Some(value.unwrap_or(false))).collect())
            }
        }
    }

    pub(crate) fn columns(&self, indexes: &[usize], rows: &RecordBatch) -> Vec<ArrayRef> {
        indexes.iter().filter_map(|index| rows.columns().get(*index)).map(Arc::clone).collect()
    }

    pub(crate) fn types(&self, indexes: &[usize]) -> Vec<DataType> {
        indexes.iter().filter_map(|index| self.schema.fields().get(*index)).map(|field| field.data_type().clone()).collect()
    }
}

impl Predicate {
    /// The truth of each row; NULL where it cannot be told.
    pub(crate) fn evaluate(&self, rows: &RecordBatch) -> Result<BooleanArray, DataFusionError> {
        let values = self.expression.evaluate(rows)?.into_array(rows.num_rows())?;
        Ok(values.as_boolean().clone())
    }
}

struct Compiler<'a> {
    contract: &'a Contract,
    columns: &'a DFSchema,
    session: &'a SessionContext,
}

impl Compiler<'_> {
    fn compile(&self, sql: &str, label: String, place: impl Fn(Span) -> Location) -> std::result::Result<Predicate, Diagnostics> {
        let logical = condition::compile(&self.session.state(), sql, &self.contract.schema(), &place)?;
        let refuse = |error: DataFusionError| {
            let whole = place(Span::at(Position::START));
            let message = error.find_root().strip_backtrace();
            Diagnostics::from(Diagnostic::error(codes::INVALID_QUERY, format!("`{sql}` does not compile: {message}")).at(whole))
        };
        let physical = self.session.create_physical_expr(logical, self.columns).map_err(refuse)?;
        Ok(Predicate { label, expression: checked(physical).map_err(refuse)? })
    }
}

/// The expression with arithmetic that fails on an overflow instead of going on with a wrapped number.
fn checked(expression: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
    let strict = |part: Arc<dyn PhysicalExpr>| {
        let arithmetic = part.downcast_ref::<BinaryExpr>().map(|binary| binary.clone().with_fail_on_overflow(true));
        Ok(match arithmetic {
            Some(binary) => Transformed::yes(Arc::new(binary) as Arc<dyn PhysicalExpr>),
            None => Transformed::no(part),
        })
    };
    Ok(expression.transform_up(strict)?.data)
}

/// Whether any row is false.
pub(crate) fn any_false(values: &BooleanArray) -> bool {
    values.false_count() > 0
}

/// Whether the array has a NULL.
pub(crate) fn has_null(values: &dyn Array) -> bool {
    values.null_count() > 0
}
