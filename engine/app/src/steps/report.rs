//! Makes a report: computes it once, checks it, gives its files their names, then commits its table.
//!
//! The order is what makes it safe: rows are staged and files written under temporary names while the query runs; a failed check
//! leaves the table and every file as they were. The commit comes last, because its marks say that all is done: after a crash before it
//! the next run makes the report again, and finds the files that it would make there already.
//!
//! A report that is made again and comes out with the same rows leaves its files as they are; with other rows the earlier files are
//! kept beside the new ones. The table shows the newest date: an earlier date that is made again does not take its place.

pub(crate) mod edition;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::expr_rewriter::unnormalize_col;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::unparser::expr_to_sql;
use nightshift_compile::{Report, parameters};
use nightshift_deliver::{Change, Compression, CsvDelivery, CsvOptions, Delivered, Delivery, XlsxDelivery, XlsxOptions};
use nightshift_execute::{Measurement, StepSession, run};
use nightshift_failure::{Point, reach};
use nightshift_lake::{Commit, DataFile, Lake, ScanOptions, Snapshot, StageOptions, Staged, TableKind, TableLayout, TableName};
use nightshift_ledger::{Measures, OutputRecord, PublicationRecord};
use nightshift_orchestrate::{StepContext, StepOutcome};
use nightshift_project::{CheckSeverity, Checks, Expectation, Output};
use nightshift_refresh::tables::{self, Pinned};
use serde_json::json;

use super::Steps;
use super::recover::{self, FILES};
use crate::{Error, Result, Workspace};
use edition::{Edition, RowDigest};

impl Steps {
    pub(super) async fn report(&self, name: &str, context: &StepContext) -> Result<StepOutcome> {
        let report = self.workspace.report(name)?;
        let pinned = self.pinned(context.run.id, &report.tables).await?;
        Making::new(self, report, pinned, context)?.make().await
    }
}

/// One report of one batch.
struct Making<'a> {
    steps: &'a Steps,
    report: &'a Arc<Report>,
    pinned: Pinned,
    context: &'a StepContext,
    session: StepSession,
    lake: Lake,
    edition: Edition<'a>,
}

/// What a query gave: staged rows, files under temporary names, and the rows' hash.
struct Computed {
    staged: Staged,
    files: Vec<Box<dyn Delivery>>,
    measurement: Measurement,
    digest: i64,
}

impl<'a> Making<'a> {
    fn new(steps: &'a Steps, report: &'a Arc<Report>, pinned: Pinned, context: &'a StepContext) -> Result<Self> {
        let workspace = &steps.workspace;
        let edition = Edition::new(workspace, report, context.batch.business_date)?;
        let session = steps.session(&format!("report:{}", report.name()))?;
        tables::register(&session.context, &pinned)?;
        Ok(Self { steps, report, pinned, context, session, lake: steps.lake(context), edition })
    }

    async fn make(self) -> Result<StepOutcome> {
        let lake = &self.lake;
        let table = TableName::new(TableKind::Report, self.report.name())?;
        let base = lake.snapshot(&table).await?;
        if self.edition.differences(lake, base.as_ref(), &self.pinned).await?.is_empty() {
            return Ok(StepOutcome { technique: Some(json!({"technique": "nothing: it is made already"})), ..StepOutcome::default() });
        }
        let plan = plan(&self.steps.workspace, &self.session, &self.edition, &self.pinned).await?;
        let folder = &self.edition.folder;
        std::fs::create_dir_all(folder).map_err(|source| Error::Folder { path: folder.clone(), source })?;
        let layout = TableLayout::new(&self.report.schema, vec![], vec![])?.with_description(self.report.definition.header.title.clone());
        let computed = self.compute(&table, &plan, &layout).await?;
        if let Err(error) = self.check(&computed.staged).await {
            computed.staged.discard().await;
            return Err(error);
        }
        reach(Point::Checked);
        self.finish(&table, base.as_ref(), computed, layout).await
    }

    /// Gives the files their names and puts the rows into the table, each only where something is new.
    async fn finish(&self, table: &TableName, base: Option<&Snapshot>, computed: Computed, layout: TableLayout) -> Result<StepOutcome> {
        let Computed { staged, files, measurement, digest } = computed;
        let rows_mark = self.edition.rows_mark();
        let (slot_mark, day) = self.edition.slot_mark(self.replaced()?.map(|replaced| replaced.to_string()).as_deref());
        let (known_rows, last_day) = match base {
            Some(base) => (self.edition.known_rows(base).await?, base.transaction_version(&slot_mark).await?),
            None => (None, None),
        };
        let is_same = known_rows == Some(digest) && self.edition.expected_files().all(|file| file.exists());
        let is_shown = last_day == Some(day) && known_rows == Some(digest);
        let is_older = last_day.is_some_and(|last| last > day);
        let mut marks = self.edition.marks(&self.pinned);
        marks.push((rows_mark, digest));
        let (rows, mut bytes) = (staged.rows(), staged.bytes());
        let delivered = if is_same { vec![] } else { publish(files)? };
        let mut outputs = Vec::new();
        for file in &delivered {
            outputs.push(self.output(file).await?);
        }
        let snapshot = if is_older || is_shown {
            staged.discard().await;
            bytes = 0;
            self.commit(table, base, None, layout, (marks, &outputs)).await?
        } else {
            marks.push((slot_mark, day));
            self.commit(table, base, Some(staged), layout, (marks, &outputs)).await?
        };
        bytes += delivered.iter().filter(|file| file.change != Change::Unchanged).map(|file| file.bytes).sum::<u64>();
        Ok(StepOutcome {
            measures: Measures {
                rows_in: measurement.rows_read,
                rows_out: rows,
                bytes,
                spill_bytes: measurement.bytes_spilled,
                peak_memory_bytes: self.session.peak_memory(),
                ..Measures::default()
            },
            technique: Some(json!({"technique": told(is_same, is_older, &delivered)})),
            publications: vec![PublicationRecord { table: table.to_string(), version_before: base.map(Snapshot::version), version_after: snapshot.version() }],
            outputs,
            ..StepOutcome::default()
        })
    }

    /// Runs the query once; its rows go to the staged table, to every file and into the hash.
    async fn compute(&self, table: &TableName, plan: &LogicalPlan, layout: &TableLayout) -> Result<Computed> {
        let mut running = run::start(&self.session, plan, &self.context.cancel).await?;
        let mut files = self.deliveries(&running.schema())?;
        let mut writer = self.lake.stage(table, layout.clone(), StageOptions::default())?;
        let mut digest = RowDigest::default();
        let mut rows = 0;
        while let Some(batch) = running.next().await? {
            rows += batch.num_rows() as u64;
            self.context.progress.advance("rows", rows, None);
            digest.push(&batch)?;
            for file in &mut files {
                file.write(&batch)?;
            }
            writer.write(batch).await?;
        }
        let measurement = running.measurement();
        Ok(Computed { staged: writer.finish().await?, files, measurement, digest: digest.finish() })
    }

    fn deliveries(&self, schema: &SchemaRef) -> Result<Vec<Box<dyn Delivery>>> {
        let definition = &self.report.definition;
        let made = definition.header.output.iter().map(|output| -> Result<Box<dyn Delivery>> {
            Ok(match output {
                Output::Csv { compress, rows_per_file, delimiter } => {
                    let compress = compress.map(|kind| match kind {
                        nightshift_project::Compression::Gzip => Compression::Gzip,
                        nightshift_project::Compression::Zstd => Compression::Zstd,
                    });
                    let options = CsvOptions { compress, rows_per_file: *rows_per_file, delimiter: char::from(*delimiter), ..CsvOptions::default() };
                    Box::new(CsvDelivery::create(&self.edition.folder, &definition.name, Arc::clone(schema), options)?)
                }
                Output::Xlsx { sheet } => {
                    let mut options = XlsxOptions::new(self.created());
                    options.sheet.clone_from(sheet);
                    options.title = Some(definition.header.title.clone());
                    options.notes = self.notes();
                    Box::new(XlsxDelivery::create(&self.edition.folder, &definition.name, Arc::clone(schema), options)?)
                }
            })
        });
        made.collect()
    }

    /// The business's time, not the clock's: the end of the business date, so that the same report has the same bytes.
    fn created(&self) -> chrono::DateTime<chrono::Utc> {
        let next = self.context.batch.business_date.succ_opt().unwrap_or(NaiveDate::MAX);
        self.steps.workspace.calendar.day_start(next)
    }

    fn notes(&self) -> Vec<(String, String)> {
        let batch = &self.context.batch;
        let mut notes = vec![
            // Not the pipeline: whoever makes the same rows of a date makes the same bytes.
            ("Business date".to_owned(), batch.business_date.to_string()),
            ("Data as of".to_owned(), format!("the end of {}", batch.business_date)),
        ];
        notes.extend(self.report.tables.iter().map(|table| (format!("Version of {table}"), self.pinned.version(table).to_string())));
        notes
    }

    async fn check(&self, staged: &Staged) -> Result<()> {
        let header = &self.report.definition.header;
        let mut expect = Vec::new();
        for expectation in &header.checks.expect {
            expect.push(Expectation { sql: self.bound_text(&expectation.sql)?, ..expectation.clone() });
        }
        if let Some(table) = &header.table {
            let replaced = self.bound_text(&table.replace)?;
            // A row outside the predicate would be doubled by the next night: NULL counts as outside.
            let sql = format!("coalesce({replaced}, false)");
            let span = self.report.definition.locate(&["table", "replace"]).span;
            expect.push(Expectation { sql, severity: CheckSeverity::Error, path: vec![], span });
        }
        let checks = Checks { expect, ..header.checks.clone() };
        let zone = Arc::clone(&self.pinned.zone);
        let results = nightshift_quality::report::run(&self.session.context, staged.provider(Some(zone)), &checks).await?;
        let failed: Vec<String> = results
            .iter()
            .filter(|result| !result.passed() && result.severity == CheckSeverity::Error)
            .map(|result| format!("{} rows break `{}`", result.failing_rows, result.check))
            .collect();
        if failed.is_empty() { Ok(()) } else { Err(Error::Checks { report: self.report.name().to_owned(), failed }) }
    }

    /// A condition of the header with its parameters bound, as an expression.
    fn bound(&self, sql: &str) -> Result<Expr> {
        let state = self.session.context.state();
        let schema = DFSchema::try_from(self.report.schema.as_ref().clone())?;
        let parsed = state.create_logical_expr(sql, &schema)?;
        let values = &self.edition.values;
        let bound = datafusion::common::tree_node::TreeNode::transform_up(parsed, |part| {
            Ok(match &part {
                Expr::Placeholder(placeholder) => match values.get(placeholder.id.trim_start_matches('$')) {
                    Some(value) => datafusion::common::tree_node::Transformed::yes(Expr::Literal(value.clone(), None)),
                    None => datafusion::common::tree_node::Transformed::no(part),
                },
                _ => datafusion::common::tree_node::Transformed::no(part),
            })
        })?;
        Ok(bound.data)
    }

    fn bound_text(&self, sql: &str) -> Result<String> {
        Ok(expr_to_sql(&self.bound(sql)?)?.to_string())
    }

    /// The condition of the rows that this edition's take the place of, analyzed and with its constants computed; none if that is all of
    /// them. `month = date_trunc('month', $business_date)::date` is the same condition for every date of a month.
    fn replaced(&self) -> Result<Option<Expr>> {
        let Some(replace) = self.report.definition.header.table.as_ref() else { return Ok(None) };
        let bound = self.bound(&replace.replace)?;
        let rows = self.session.context.read_table(Arc::new(EmptyTable::new(Arc::clone(&self.report.schema))))?;
        let plan = rows.filter(bound.clone())?.into_optimized_plan()?;
        let mut analyzed = None;
        plan.apply(|node| {
            if let LogicalPlan::Filter(filter) = node {
                analyzed = Some(filter.predicate.clone());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(Some(analyzed.map_or(bound, unnormalize_col)))
    }

    /// Puts the rows in the place of those that the predicate names; without one, in the place of all. Without rows only the marks are
    /// renewed.
    async fn commit(
        &self,
        table: &TableName,
        base: Option<&Snapshot>,
        staged: Option<Staged>,
        layout: TableLayout,
        (marks, outputs): (Vec<(String, i64)>, &[OutputRecord]),
    ) -> Result<Snapshot> {
        let lake = &self.lake;
        let has_rows = staged.is_some();
        let mut add = Vec::from_iter(staged);
        let mut remove = Vec::new();
        if let Some(base) = base.filter(|_| has_rows) {
            // Columns of other names or types: the rows of other dates would not fit. A new description changes none.
            match self.replaced()?.filter(|_| layout.holds_same_rows(base.layout())) {
                None => remove = base.files().to_vec(),
                Some(predicate) => {
                    let rows = base.table(base.files(), &ScanOptions { zone: Some(Arc::clone(&self.pinned.zone)), ..ScanOptions::default() });
                    let may_hold = rows.may_hold(&self.session.context.state(), std::slice::from_ref(&predicate))?;
                    for (file, _) in base.files().iter().zip(may_hold).filter(|(_, may_hold)| *may_hold) {
                        if let Some(kept) = self.kept(table, base, file, &predicate, &layout).await? {
                            add.extend(kept);
                            remove.push(file.clone());
                        }
                    }
                }
            }
        }
        let information = BTreeMap::from([
            ("batch".to_owned(), json!(format!("{}/{}", self.context.batch.pipeline, self.context.batch.business_date))),
            (FILES.to_owned(), recover::told(outputs)),
            ("sources".to_owned(), json!(self.report.tables.iter().map(|table| (table.clone(), self.pinned.version(table))).collect::<BTreeMap<_, _>>())),
        ]);
        let commit =
            Commit { operation: "report".to_owned(), layout: has_rows.then_some(layout), add, remove, transactions: marks, information, ..Commit::default() };
        Ok(lake.commit(base, table, commit).await?)
    }

    /// The rows of a file that stay, if it holds any that go; `None` if it stays as it is.
    async fn kept(&self, table: &TableName, base: &Snapshot, file: &DataFile, predicate: &Expr, layout: &TableLayout) -> Result<Option<Option<Staged>>> {
        let zone = Arc::clone(&self.pinned.zone);
        let rows = self.session.context.read_table(base.provider_of(std::slice::from_ref(file), Some(zone)))?;
        let going = rows.clone().filter(predicate.clone())?.count().await? as u64;
        if going == 0 {
            return Ok(None);
        }
        if file.rows() == Some(going) {
            return Ok(Some(None));
        }
        let stays = rows.filter(predicate.clone().is_not_true())?;
        let mut writer = self.lake.stage(table, layout.clone(), StageOptions::default())?;
        let mut running = run::start(&self.session, stays.logical_plan(), &self.context.cancel).await?;
        while let Some(batch) = running.next().await? {
            writer.write(batch).await?;
        }
        Ok(Some(Some(writer.finish().await?)))
    }

    /// What is written down of a file. One that lay there already is unchanged only if it had been written down: else a process made it that
    /// died before it could.
    async fn output(&self, delivered: &Delivered) -> Result<OutputRecord> {
        let path = delivered.path.display().to_string();
        let known = self.steps.ledger.latest_output(&path).await?.is_some_and(|(_, known)| known.sha256 == delivered.sha256);
        Ok(OutputRecord {
            report: self.report.name().to_owned(),
            path,
            rows: delivered.rows,
            bytes: delivered.bytes,
            sha256: delivered.sha256.clone(),
            unchanged: known && delivered.change == Change::Unchanged,
        })
    }
}

/// The query of an edition, with the values of its parameters, answered from rollups where they can.
pub(crate) async fn plan(workspace: &Workspace, session: &StepSession, edition: &Edition<'_>, pinned: &Pinned) -> Result<LogicalPlan> {
    let planned = edition.report.parsed.plan(&session.context).await.map_err(Error::Problems)?;
    let plan = parameters::bind(planned.plan, &edition.values)?;
    Ok(workspace.rewritten_if(edition.report.definition.header.rewrite, plan, session, pinned).await?.plan)
}

fn publish(files: Vec<Box<dyn Delivery>>) -> Result<Vec<Delivered>> {
    let mut delivered = Vec::new();
    for file in files {
        delivered.extend(file.finish()?);
    }
    Ok(delivered)
}

/// What became of the files, for people.
fn told(is_same: bool, is_older: bool, delivered: &[Delivered]) -> String {
    let kept: Vec<String> = delivered
        .iter()
        .filter_map(|file| match &file.change {
            Change::Replaced { earlier } => earlier.as_ref()?.file_name().map(|name| name.to_string_lossy().into_owned()),
            Change::Created | Change::Unchanged => None,
        })
        .collect();
    let mut parts = vec![match (is_same, delivered.len()) {
        (true, _) => "the same rows: its files stay".to_owned(),
        (false, 1) => "1 file".to_owned(),
        (false, count) => format!("{count} files"),
    }];
    if !kept.is_empty() {
        parts.push(format!("kept the earlier {}", kept.join(", ")));
    }
    if is_older {
        parts.push("the table keeps a later date".to_owned());
    }
    parts.join("; ")
}
