//! Tests of rollups and reports: the rows that are given, and the rows that the query must then give.
//!
//! A test is a YAML file beside the SQL, `<name>.test.yaml`. Tables and columns that it leaves out are empty and NULL. Start reading at
//! [`Workspace::test`]; [`fixture`] reads the file, [`compare`] says what differs and where.

mod compare;
mod fixture;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use nightshift_compile::planning::ParsedQuery;
use nightshift_compile::{Report, parameters};
use nightshift_diagnostic::{Diagnostic, Diagnostics, Location, SourceText, codes};
use nightshift_execute::run;
use tokio_util::sync::CancellationToken;

use self::compare::Sides;
use self::fixture::Fixture;
use crate::{Error, Named, Result, Workspace, chain};

/// How one test ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TestOutcome {
    /// The rollup or report.
    pub name: String,
    /// The test's file, relative to the project.
    pub file: PathBuf,
    /// What is wrong: with the test itself, or with what the query gives. None if it passed.
    pub problems: Diagnostics,
    /// How long it took.
    pub seconds: f64,
}

impl TestOutcome {
    /// Whether the query gives what is expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.problems.has_errors()
    }
}

impl Workspace {
    /// Runs the test of a rollup or report; `None` if it has none. `problems` are those of the project: they are the outcome of a test
    /// whose definition does not compile, and matter to no other.
    ///
    /// # Errors
    /// If the file cannot be read or a session cannot be had. A test that fails is an outcome.
    pub async fn test(&self, named: Named<'_>, problems: &Diagnostics, cancel: &CancellationToken) -> Result<Option<TestOutcome>> {
        let Some(path) = named.test() else { return Ok(None) };
        let started = Instant::now();
        let file = path.strip_prefix(&self.project.root).unwrap_or(path).to_path_buf();
        let ended = match self.tested(named.name()) {
            Some(tested) => self.run_test(&tested, path, &file, cancel).await,
            None => Err(Error::Problems(problems.clone())),
        };
        let problems = match ended {
            Ok(()) => Diagnostics::new(),
            Err(Error::Problems(problems)) => problems,
            Err(error) => return Err(error),
        };
        let seconds = started.elapsed().as_secs_f64();
        Ok(Some(TestOutcome { name: named.name().to_owned(), file, problems, seconds }))
    }

    fn tested(&self, name: &str) -> Option<Tested<'_>> {
        if let Some(rollup) = self.compiled.rollup(name) {
            return Some(Tested { name: rollup.name(), query: &rollup.parsed, tables: &rollup.tables, report: None });
        }
        let report = self.compiled.report(name)?;
        Some(Tested { name: report.name(), query: &report.parsed, tables: &report.tables, report: Some(report) })
    }

    /// Runs one test; that it fails is an [`Error::Problems`], as is a mistake in its file.
    async fn run_test(&self, tested: &Tested<'_>, path: &Path, shown: &Path, cancel: &CancellationToken) -> Result<()> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_path_buf(), source })?;
        let text = SourceText::new(shown, text);
        let fixture = Fixture::read(&text).map_err(Error::Problems)?;
        let given = self.given(tested, &fixture).map_err(Error::Problems)?;
        let (got, ordered) = self.compute(tested, given, &text, &fixture, cancel).await?;
        let wanted = fixture.expect.batch(&text, "result", got.schema_ref(), &self.calendar).map_err(Error::Problems)?;
        let sides = Sides { name: tested.name, file: &text, expect: &fixture.expect, wanted: &wanted, got: &got, ordered };
        let problems = compare::compare(&sides)?;
        if problems.has_errors() { Err(Error::Problems(problems)) } else { Ok(()) }
    }

    /// What the query gives, and whether it says in which order.
    async fn compute(
        &self,
        tested: &Tested<'_>,
        (tables, values): Given,
        file: &Arc<SourceText>,
        fixture: &Fixture<'_>,
        cancel: &CancellationToken,
    ) -> Result<(RecordBatch, bool)> {
        let session = self.engine.step(&format!("test:{}", tested.name))?;
        for (table, rows) in tables {
            session.context.register_table(table.as_str(), Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?))?;
        }
        let planned = tested.query.plan(&session.context).await.map_err(Error::Problems)?;
        let plan = parameters::bind(planned.plan, &values)?;
        let batches = match run::collect(&session, &plan, cancel).await {
            Ok((batches, _)) => batches,
            Err(nightshift_execute::Error::Query(error)) => {
                let problem = Diagnostic::error(codes::TEST_FAILED, format!("the query of `{}` fails on these rows", tested.name));
                return Err(Error::Problems(problem.at(Location::new(file, fixture.expect.place)).note(chain(&error)).into()));
            }
            Err(error) => return Err(error.into()),
        };
        let schema = batches.first().map_or_else(|| Arc::new(plan.schema().as_arrow().clone()), RecordBatch::schema);
        let got = concat_batches(&schema, &batches).map_err(datafusion::error::DataFusionError::from)?;
        Ok((got, planned.ordered))
    }

    /// The rows of every table that the query reads, and the values of its parameters.
    fn given(&self, tested: &Tested<'_>, fixture: &Fixture<'_>) -> Result<Given, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut tables = BTreeMap::new();
        for table in tested.tables {
            let contract = self.compiled.contract(table).map(|contract| contract.schema());
            let Some(schema) = contract.or_else(|| self.compiled.rollup(table).map(|rollup| Arc::clone(&rollup.schema))) else { continue };
            match fixture.rows_of(table, &schema, &self.calendar) {
                Ok(rows) => {
                    tables.insert(table.clone(), rows);
                }
                Err(found) => problems.extend(found),
            }
        }
        problems.extend(fixture.unread(tested.name, tested.tables));
        let mut values = BTreeMap::new();
        match fixture.parameters(tested.name, tested.report.map(|report| report.definition.header.parameters.as_slice()).unwrap_or_default()) {
            Ok(given) => {
                if let Some(report) = tested.report {
                    values = report.bind(&given, &self.calendar)?;
                }
            }
            Err(found) => problems.extend(found),
        }
        if problems.has_errors() { Err(problems.sorted()) } else { Ok((tables, values)) }
    }
}

type Given = (BTreeMap<String, RecordBatch>, BTreeMap<String, ScalarValue>);

/// What is tested.
struct Tested<'a> {
    name: &'a str,
    query: &'a ParsedQuery,
    tables: &'a [String],
    report: Option<&'a Arc<Report>>,
}
