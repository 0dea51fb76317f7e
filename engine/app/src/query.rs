//! Queries over the lake as it stands: rows come as text, page by page, and nothing is written.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::catalog::MemorySchemaProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::SessionContext;
use nightshift_compile::contract::{COMMENT, UNIT, sql_name};
use nightshift_compile::parameters;
use nightshift_compile::planning::ParsedQuery;
use nightshift_diagnostic::{Diagnostic, Diagnostics, SourceText, codes};
use nightshift_execute::{StepSession, run};
use nightshift_lake::{TableKind, TableName};
use nightshift_project::{PipelineAction, Rewrite};
use nightshift_refresh::tables::{self, Pinned, PinnedTable};
use nightshift_rewrite::{Block, Rewritten};
use tokio_util::sync::CancellationToken;

use crate::{Error, Result, Workspace};

/// The schema that review tables stand in: `review.delivery`.
const REVIEW: &str = "review";

/// A query under way.
pub struct Query {
    /// The columns of its rows.
    pub columns: Vec<Column>,
    /// The tables that it reads.
    pub tables: Vec<TableRead>,
    /// Its GROUP BYs, and the rollups that answer them.
    pub blocks: Vec<Block>,
    running: run::Running,
    /// How many more rows are wanted; `None` for all.
    left: Option<usize>,
    has_more: bool,
    // The session's memory and spill directory must outlive the stream.
    _session: StepSession,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as SQL says it.
    pub data_type: String,
    /// What its values are as text.
    pub kind: ValueKind,
    /// What it means.
    pub description: Option<String>,
    /// What its numbers count.
    pub unit: Option<String>,
}

/// What the text of a value stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A number; also `NaN`, `inf` and `-inf`.
    Number,
    /// `true` or `false`.
    Boolean,
    /// All else.
    Text,
}

/// A table that a query reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRead {
    /// Its name in the query.
    pub name: String,
    /// The version that is read; `None` if there is no such table yet, so that it is empty.
    pub version: Option<i64>,
    /// The command that makes it, if there should be one: no rows under review are no lack.
    pub missing: Option<String>,
}

/// A row: one text a column, `None` for NULL.
pub type Row = Vec<Option<String>>;

/// A value as a field of a line of CSV; nothing at all is NULL.
#[must_use]
pub fn csv_field(value: Option<&str>) -> String {
    nightshift_deliver::text::csv_field(value)
}

impl Query {
    /// The next rows, never none of them; `None` at the end or when as many as were wanted have come.
    ///
    /// # Errors
    /// What the query met while it ran.
    pub async fn next(&mut self) -> Result<Option<Vec<Row>>> {
        while let Some(batch) = self.running.next().await? {
            let wanted = self.left.map_or(batch.num_rows(), |left| left.min(batch.num_rows()));
            self.has_more |= wanted < batch.num_rows();
            self.left = self.left.map(|left| left - wanted);
            if wanted > 0 {
                return Ok(Some(nightshift_deliver::text::rows(&batch.slice(0, wanted))?));
            }
        }
        Ok(None)
    }

    /// Whether there are more rows than were wanted; known at the end.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.has_more
    }

    /// Starts a plan whose tables are registered in the session.
    pub(crate) async fn start(
        session: StepSession,
        rewritten: Rewritten,
        tables: Vec<TableRead>,
        limit: Option<usize>,
        cancel: &CancellationToken,
    ) -> Result<Self> {
        let Rewritten { plan, blocks } = rewritten;
        // One row more than is wanted shows whether there are more.
        let plan = match limit {
            Some(limit) => LogicalPlanBuilder::from(plan).limit(0, Some(limit.saturating_add(1)))?.build()?,
            None => plan,
        };
        let running = run::start(&session, &plan, cancel).await?;
        let columns = running.schema().fields().iter().map(|field| Column::of(field)).collect();
        Ok(Self { columns, tables, blocks, running, left: limit, has_more: false, _session: session })
    }
}

impl Column {
    pub(crate) fn of(field: &Field) -> Self {
        let kind = match field.data_type() {
            DataType::Boolean => ValueKind::Boolean,
            number if number.is_numeric() => ValueKind::Number,
            _ => ValueKind::Text,
        };
        let metadata = |key: &str| field.metadata().get(key).cloned();
        Self { name: field.name().clone(), data_type: sql_name(field.data_type()), kind, description: metadata(COMMENT), unit: metadata(UNIT) }
    }
}

impl Workspace {
    /// Runs a query over sources, rollups and the result tables of reports by name, and rows under review as `review.<source>`.
    /// What rollups can answer is answered from them, unless `rewrite` is off. It reads at most `limit` rows of the result. `problems` are those of the project, which may be why a table is unknown.
    ///
    /// # Errors
    /// [`Error::Problems`] for anything but one query that only reads, and for all that is wrong with it; or what it met while it was
    /// started.
    pub async fn query(
        &self,
        text: &Arc<SourceText>,
        limit: Option<usize>,
        may_rewrite: Rewrite,
        problems: &Diagnostics,
        cancel: &CancellationToken,
    ) -> Result<Query> {
        self.checked_query(text, limit, may_rewrite, cancel).await.map_err(|error| with_project(error, problems))
    }

    async fn checked_query(&self, text: &Arc<SourceText>, limit: Option<usize>, may_rewrite: Rewrite, cancel: &CancellationToken) -> Result<Query> {
        let session = self.engine.step("sql")?;
        let parsed = ParsedQuery::parse(text).map_err(Error::Problems)?;
        let named = parsed.tables(&session.context.state()).map_err(Error::Problems)?;
        let (read, pinned) = self.register_newest(&session.context, &named).await?;
        self.register_others(&session.context, &named)?;
        let planned = parsed.plan(&session.context).await.map_err(Error::Problems)?;
        no_parameters(text, &planned.plan)?;
        let state = session.context.state();
        parsed.check_meaning(&state, &planned.written).await.map_err(Error::Problems)?;
        let rewritten = self.rewritten_if(may_rewrite, planned.plan, &session, &pinned).await?;
        match Query::start(session, rewritten, read, limit, cancel).await {
            Ok(query) => Ok(query),
            Err(error) => {
                // What cannot be carried out has its place in the text.
                parsed.check_types(&state, &planned.written, None).await.map_err(Error::Problems)?;
                Err(error)
            }
        }
    }

    /// Registers the tables of a query at their newest versions. One that has never been made is empty; names that mean nothing are left
    /// to the planner to report.
    pub(crate) async fn register_newest(&self, context: &SessionContext, names: &[String]) -> Result<(Vec<TableRead>, Pinned)> {
        let mut pinned = Pinned { zone: self.calendar.zone.name().into(), ..Pinned::default() };
        let mut read = Vec::new();
        for name in names {
            let Some((table, schema)) = self.table(name)? else { continue };
            let snapshot = self.lake.snapshot(&table).await?;
            let made_by = self.made_by(&table);
            if let Some(snapshot) = &snapshot {
                let stored = snapshot.schema();
                let lacking = schema.fields().iter().find(|field| stored.field_with_name(field.name()).is_err());
                if let Some(column) = lacking {
                    return Err(Error::Outdated { table: name.clone(), column: column.name().clone(), made_by });
                }
            }
            let version = snapshot.as_ref().map(nightshift_lake::Snapshot::version);
            let missing = (version.is_none() && table.kind() != TableKind::Review).then_some(made_by);
            read.push(TableRead { name: name.clone(), version, missing });
            pinned.tables.insert(name.clone(), PinnedTable { snapshot, schema });
        }
        if pinned.tables.keys().any(|name| name.contains('.')) {
            add_review_schema(context)?;
        }
        tables::register(context, &pinned)?;
        Ok((read, pinned))
    }

    /// Registers every other table without rows, so that the planner knows what may have been meant.
    fn register_others(&self, context: &SessionContext, named: &[String]) -> Result<()> {
        add_review_schema(context)?;
        let compiled = &self.compiled;
        let sources = compiled.contracts.iter().flat_map(|contract| [contract.name.clone(), format!("{REVIEW}.{}", contract.name)]);
        let rollups = compiled.rollups.iter().map(|rollup| rollup.name().to_owned());
        let reports = compiled.reports.iter().map(|report| report.name().to_owned());
        for name in sources.chain(rollups).chain(reports).filter(|name| !named.contains(name)) {
            if let Some((_, schema)) = self.table(&name)? {
                context.register_table(name.as_str(), Arc::new(EmptyTable::new(schema)))?;
            }
        }
        Ok(())
    }

    /// The lake's table for a name in a query, with the columns that SQL sees.
    pub(crate) fn table(&self, name: &str) -> Result<Option<(TableName, SchemaRef)>> {
        let compiled = &self.compiled;
        let found = if let Some(source) = name.strip_prefix(REVIEW).and_then(|rest| rest.strip_prefix('.')) {
            compiled.contract(source).map(|contract| (TableKind::Review, contract.name.as_str(), nightshift_quality::review_schema()))
        } else if let Some(contract) = compiled.contract(name) {
            Some((TableKind::Source, name, contract.schema()))
        } else if let Some(rollup) = compiled.rollup(name) {
            Some((TableKind::Rollup, name, Arc::clone(&rollup.schema)))
        } else {
            compiled.report(name).map(|report| (TableKind::Report, name, Arc::clone(&report.schema)))
        };
        found.map(|(kind, name, schema)| Ok((TableName::new(kind, name)?, schema))).transpose()
    }

    /// The command that makes a table.
    fn made_by(&self, table: &TableName) -> String {
        let action = match table.kind() {
            TableKind::Rollup => PipelineAction::Refresh,
            TableKind::Report => PipelineAction::Report,
            _ => PipelineAction::Ingest,
        };
        let makes = |step: &nightshift_project::PipelineStep| step.action == action && step.names.iter().any(|name| name == table.name());
        let pipeline = self.project.pipelines.iter().find(|pipeline| pipeline.steps.iter().any(makes));
        let date = newest_arrival(&self.project.paths.incoming).map_or_else(|| "<date>".to_owned(), |date| date.to_string());
        match pipeline {
            Some(pipeline) => format!("nightshift run {} --date {date}", pipeline.name),
            None => format!("no pipeline has the step {}:{}", action.as_str(), table.name()),
        }
    }
}

/// A question has its values in itself.
fn no_parameters(text: &Arc<SourceText>, plan: &LogicalPlan) -> Result<()> {
    let unknown = parameters::used(plan).into_iter().map(|name| {
        let written = format!("${name}");
        let place = text.text.find(&written).map_or_else(|| text.first_line(), |start| text.locate(start..start + written.len()));
        Diagnostic::error(codes::UNKNOWN_PARAMETER, format!("nothing gives `{written}` a value here"))
            .at(place)
            .hint("write the value itself, such as DATE '2026-11-23'")
    });
    let unknown: Diagnostics = unknown.collect();
    if unknown.has_errors() { Err(Error::Problems(unknown)) } else { Ok(()) }
}

fn add_review_schema(context: &SessionContext) -> Result<()> {
    if let Some(catalog) = context.catalog("datafusion").filter(|catalog| catalog.schema(REVIEW).is_none()) {
        catalog.register_schema(REVIEW, Arc::new(MemorySchemaProvider::new()))?;
    }
    Ok(())
}

/// The newest day on which files arrived.
fn newest_arrival(incoming: &Path) -> Option<NaiveDate> {
    let folders = std::fs::read_dir(incoming).ok()?;
    folders.filter_map(|folder| folder.ok()?.file_name().to_str()?.parse().ok()).max()
}

/// Adds what is wrong with the project to what is wrong with a query that may be wrong only because of it.
fn with_project(error: Error, project: &Diagnostics) -> Error {
    match error {
        Error::Problems(mut found) if project.has_errors() => {
            found.extend(project.clone());
            Error::Problems(found.sorted())
        }
        other => other,
    }
}
