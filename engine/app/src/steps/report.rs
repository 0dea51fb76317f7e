//! Makes a report: computes it once, checks it, commits its table, then gives its files their names.
//!
//! The order is what makes it safe: rows are staged and files written under temporary names while the query runs; a failed check
//! leaves the table and every file as they were; after a crash between the commit and the renames the next run finds a file missing
//! and makes the report again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::unparser::expr_to_sql;
use nightshift_compile::{Report, parameters, planning};
use nightshift_deliver::{Compression, CsvDelivery, CsvOptions, Delivered, Delivery, XlsxDelivery, XlsxOptions};
use nightshift_diagnostic::did_you_mean;
use nightshift_execute::{StepSession, run};
use nightshift_lake::{Commit, DataFile, ScanOptions, Snapshot, StageOptions, Staged, TableKind, TableLayout, TableName};
use nightshift_ledger::{Measures, OutputRecord, PublicationRecord};
use nightshift_orchestrate::{StepContext, StepOutcome};
use nightshift_project::{CheckSeverity, Checks, Expectation, Output};
use nightshift_refresh::tables::{self, Pinned};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Steps;
use crate::{Error, Result};

/// The parameter that a batch gives to every report that has it.
const BUSINESS_DATE: &str = "business_date";

impl Steps {
    pub(super) async fn report(&self, name: &str, context: &StepContext) -> Result<StepOutcome> {
        let compiled = &self.workspace.compiled;
        let known = || compiled.reports.iter().map(|report| report.name());
        let unknown = || Error::Unknown { kind: "report", name: name.to_owned(), hint: did_you_mean(name, known()) };
        let report = compiled.report(name).ok_or_else(unknown)?;
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
    values: BTreeMap<String, ScalarValue>,
    folder: PathBuf,
}

impl<'a> Making<'a> {
    fn new(steps: &'a Steps, report: &'a Arc<Report>, pinned: Pinned, context: &'a StepContext) -> Result<Self> {
        let workspace = &steps.workspace;
        let date = context.batch.business_date;
        let declared = report.definition.header.parameters.iter().any(|parameter| parameter.name == BUSINESS_DATE);
        let given = declared.then(|| (BUSINESS_DATE.to_owned(), date.to_string())).into_iter().collect();
        let values = report.bind(&given, &workspace.calendar).map_err(Error::Problems)?;
        let session = workspace.engine.step(&format!("report:{}", report.name()))?;
        tables::register(&session.context, &pinned)?;
        let folder = workspace.project.paths.output.join(date.to_string());
        Ok(Self { steps, report, pinned, context, session, values, folder })
    }

    async fn make(self) -> Result<StepOutcome> {
        let table = TableName::new(TableKind::Report, self.report.name())?;
        let base = self.steps.workspace.lake.snapshot(&table).await?;
        let marks = self.marks();
        if self.is_made(base.as_ref(), &marks).await? {
            return Ok(StepOutcome::default());
        }
        let plan = self.plan().await?;
        std::fs::create_dir_all(&self.folder).map_err(|source| Error::Folder { path: self.folder.clone(), source })?;
        let layout = TableLayout::new(&self.report.schema, vec![], vec![])?.with_description(self.report.definition.header.title.clone());
        let (staged, files, measurement) = self.compute(&table, &plan, &layout).await?;
        if let Err(error) = self.check(&staged).await {
            staged.discard().await;
            return Err(error);
        }
        let (rows, bytes) = (staged.rows(), staged.bytes());
        let snapshot = self.commit(&table, base.as_ref(), staged, layout, marks).await?;
        let outputs = self.publish(files)?;
        Ok(StepOutcome {
            measures: Measures {
                rows_in: measurement.rows_read,
                rows_out: rows,
                bytes,
                spill_bytes: measurement.bytes_spilled,
                peak_memory_bytes: self.session.peak_memory(),
                ..Measures::default()
            },
            publications: vec![PublicationRecord {
                table: table.to_string(),
                version_before: base.as_ref().map(Snapshot::version),
                version_after: snapshot.version(),
            }],
            outputs,
            ..StepOutcome::default()
        })
    }

    /// Marks for this report, with these parameters, from these versions.
    fn marks(&self) -> Vec<(String, i64)> {
        let definition = &self.report.definition;
        let types: Vec<String> = self.report.schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
        let meaning = format!("{}\n{:?}\n{types:?}", definition.text.text, self.values);
        let digest: String = Sha256::digest(meaning.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let of = |table: &String| {
            let id = self.pinned.table_id(table);
            (format!("report/{}/{digest}/{}/{table}/{id}", definition.name, self.context.batch.business_date), self.pinned.version(table))
        };
        self.report.tables.iter().map(of).collect()
    }

    async fn is_made(&self, base: Option<&Snapshot>, marks: &[(String, i64)]) -> Result<bool> {
        let Some(base) = base else { return Ok(false) };
        for (name, version) in marks {
            if base.transaction_version(name).await? != Some(*version) {
                return Ok(false);
            }
        }
        Ok(self.report.definition.header.output.iter().all(|output| expected_file(&self.folder, self.report.name(), output).exists()))
    }

    async fn plan(&self) -> Result<LogicalPlan> {
        let planned = planning::plan(&self.session.context, &self.report.definition.text).await.map_err(Error::Problems)?;
        Ok(parameters::bind(planned.plan, &self.values)?)
    }

    /// Runs the query once; its rows go to the staged table and to every file.
    async fn compute(&self, table: &TableName, plan: &LogicalPlan, layout: &TableLayout) -> Result<(Staged, Vec<Box<dyn Delivery>>, nightshift_execute::Measurement)> {
        let mut running = run::start(&self.session, plan, &self.context.cancel).await?;
        let mut files = self.deliveries(&running.schema())?;
        let mut writer = self.steps.workspace.lake.stage(table, layout.clone(), StageOptions::default())?;
        let mut rows = 0;
        while let Some(batch) = running.next().await? {
            rows += batch.num_rows() as u64;
            self.context.progress.advance("rows", rows, None);
            for file in &mut files {
                file.write(&batch)?;
            }
            writer.write(batch).await?;
        }
        let measurement = running.measurement();
        Ok((writer.finish().await?, files, measurement))
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
                    Box::new(CsvDelivery::create(&self.folder, &definition.name, Arc::clone(schema), options)?)
                }
                Output::Xlsx { sheet } => {
                    let mut options = XlsxOptions::new(self.created());
                    options.sheet.clone_from(sheet);
                    options.title = Some(definition.header.title.clone());
                    options.notes = self.notes();
                    Box::new(XlsxDelivery::create(&self.folder, &definition.name, Arc::clone(schema), options)?)
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
            ("Batch".to_owned(), format!("{} of {}", batch.pipeline, batch.business_date)),
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
            // A row outside the predicate would be doubled by the next night: NULL counts as outside.
            let sql = format!("coalesce({}, false)", self.bound_text(&table.replace)?);
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
        let values = &self.values;
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

    /// Puts the rows in the place of those that the predicate names; without one, in the place of all.
    async fn commit(&self, table: &TableName, base: Option<&Snapshot>, staged: Staged, layout: TableLayout, marks: Vec<(String, i64)>) -> Result<Snapshot> {
        let lake = &self.steps.workspace.lake;
        let mut add = vec![staged];
        let mut remove = Vec::new();
        if let Some(base) = base {
            let same_layout = base.layout().schema() == layout.schema();
            let replace = self.report.definition.header.table.as_ref().filter(|_| same_layout);
            match replace {
                None => remove = base.files().to_vec(),
                Some(replace) => {
                    let predicate = self.bound(&replace.replace)?;
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
            ("sources".to_owned(), json!(self.report.tables.iter().map(|table| (table.clone(), self.pinned.version(table))).collect::<BTreeMap<_, _>>())),
        ]);
        let commit = Commit { operation: "report".to_owned(), layout: Some(layout), add, remove, transactions: marks, information, ..Commit::default() };
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
        let mut writer = self.steps.workspace.lake.stage(table, layout.clone(), StageOptions::default())?;
        let mut running = run::start(&self.session, stays.logical_plan(), &self.context.cancel).await?;
        while let Some(batch) = running.next().await? {
            writer.write(batch).await?;
        }
        Ok(Some(Some(writer.finish().await?)))
    }

    fn publish(&self, files: Vec<Box<dyn Delivery>>) -> Result<Vec<OutputRecord>> {
        let mut outputs = Vec::new();
        for file in files {
            for delivered in file.finish()? {
                outputs.push(self.output(delivered));
            }
        }
        Ok(outputs)
    }

    fn output(&self, delivered: Delivered) -> OutputRecord {
        OutputRecord {
            report: self.report.name().to_owned(),
            path: delivered.path.display().to_string(),
            rows: delivered.rows,
            bytes: delivered.bytes,
            sha256: delivered.sha256,
            unchanged: delivered.change == nightshift_deliver::Change::Unchanged,
        }
    }
}

/// The file by whose presence an output is known to be whole: a split one is whole when its list of parts is there.
fn expected_file(folder: &Path, name: &str, output: &Output) -> PathBuf {
    let file = match output {
        Output::Xlsx { .. } => format!("{name}.xlsx"),
        Output::Csv { rows_per_file: Some(_), .. } => format!("{name}.parts.csv"),
        Output::Csv { compress, .. } => {
            let end = match compress {
                None => "",
                Some(nightshift_project::Compression::Gzip) => ".gz",
                Some(nightshift_project::Compression::Zstd) => ".zst",
            };
            format!("{name}.csv{end}")
        }
    };
    folder.join(file)
}
