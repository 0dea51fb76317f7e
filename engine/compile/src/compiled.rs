//! A whole project, compiled without any data.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::datasource::empty::EmptyTable;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use futures::executor::block_on;
use nightshift_diagnostic::{Diagnostic, Diagnostics, codes, suggest};
use nightshift_project::{ColumnDoc, Definition, Project, ReportHeader, RollupHeader};

use crate::contract::{COMMENT, UNIT};
use crate::cycle::{Reader, Readers};
use crate::planning::{ParsedQuery, Planned, one};
use crate::resolve::Resolved;
use crate::{Contract, Report, Rollup, cycle, determinism, parameters};

/// Everything in a project that compiles. Rollups stand after the rollups that they read.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// Source contracts.
    pub contracts: Vec<Arc<Contract>>,
    /// Rollups.
    pub rollups: Vec<Arc<Rollup>>,
    /// Reports.
    pub reports: Vec<Arc<Report>>,
}

impl Compiled {
    /// Compiles every file of a project. `context` is a session with our functions and no tables; it gets one empty table for each
    /// source and rollup. What does not compile is left out and told in the diagnostics.
    pub fn compile(project: &Project, context: &SessionContext) -> (Self, Diagnostics) {
        let checking = SessionStateBuilder::new_from_existing(context.state()).with_physical_optimizer_rules(Vec::new()).build();
        let (compiled, problems) = (Self::default(), Diagnostics::new());
        let mut compiler = Compiler { project, context, checking, compiled, problems, broken: BTreeSet::new() };
        compiler.contracts();
        compiler.rollups();
        compiler.reports();
        (compiler.compiled, compiler.problems)
    }

    /// The contract of a source.
    pub fn contract(&self, name: &str) -> Option<&Arc<Contract>> {
        self.contracts.iter().find(|contract| contract.name == name)
    }

    /// A rollup.
    pub fn rollup(&self, name: &str) -> Option<&Arc<Rollup>> {
        self.rollups.iter().find(|rollup| rollup.name() == name)
    }

    /// A report.
    pub fn report(&self, name: &str) -> Option<&Arc<Report>> {
        self.reports.iter().find(|report| report.name() == name)
    }
}

/// A definition whose file is no query.
struct Unreadable<'a> {
    name: &'a str,
    problems: Diagnostics,
}

struct Compiler<'a> {
    project: &'a Project,
    context: &'a SessionContext,
    /// The same session without the rules that only make a plan faster.
    checking: SessionState,
    compiled: Compiled,
    problems: Diagnostics,
    /// Tables whose own files are wrong: what reads them is not to blame.
    broken: BTreeSet<String>,
}

impl Compiler<'_> {
    fn contracts(&mut self) {
        for definition in &self.project.sources {
            let parsed = Contract::parse(definition, self.project.calendar.zone);
            match parsed.and_then(|contract| contract.check_conditions(&self.checking, definition).map(|()| contract)) {
                Ok(contract) => {
                    self.register(&contract.name, contract.schema());
                    self.compiled.contracts.push(Arc::new(contract));
                }
                Err(problems) => self.fail(&definition.name, problems),
            }
        }
    }

    fn fail(&mut self, name: &str, problems: Diagnostics) {
        self.broken.insert(name.to_owned());
        self.problems.extend(problems);
    }

    fn register(&mut self, name: &str, schema: SchemaRef) {
        // The only error is a name that is registered already, which the project has reported as a duplicate.
        let _ = self.context.register_table(name, Arc::new(EmptyTable::new(schema)));
    }

    /// Compiles the rollups in the order of what they read; those left over read each other.
    fn rollups(&mut self) {
        let mut waiting = Readers::new();
        for reader in self.readers(&self.project.rollups) {
            match reader {
                Ok(reader) => drop(waiting.insert(reader.definition.name.clone(), reader)),
                Err(Unreadable { name, problems }) => self.fail(name, problems),
            }
        }
        loop {
            let is_ready = |reader: &Reader<'_, RollupHeader>| !reader.tables.iter().any(|table| waiting.contains_key(table));
            let names: Vec<String> = waiting.iter().filter(|(_, reader)| is_ready(reader)).map(|(name, _)| name.clone()).collect();
            if names.is_empty() {
                break;
            }
            let mut ready: Vec<Reader<'_, RollupHeader>> = names.iter().filter_map(|name| waiting.remove(name)).collect();
            ready.retain(|reader| !self.reads_broken(&reader.definition.name, &reader.tables));
            for (Reader { definition, .. }, compiled) in ready.iter().zip(side_by_side(&ready, |reader| self.rollup(reader.definition, &reader.query))) {
                match compiled {
                    Ok((rollup, schema)) => {
                        self.register(&definition.name, schema);
                        self.compiled.rollups.extend(rollup.map(Arc::new));
                    }
                    Err(problems) => self.fail(&definition.name, problems),
                }
            }
        }
        self.problems.extend(cycle::cycles(&waiting));
        self.broken.extend(waiting.into_keys());
    }

    /// The queries of definitions, unplanned, with the tables that they read: these decide the order in which they are compiled.
    fn readers<'a, H: Sync>(&self, definitions: &'a [Definition<H>]) -> Vec<Result<Reader<'a, H>, Unreadable<'a>>> {
        let definitions: Vec<&Definition<H>> = definitions.iter().filter(|definition| has_query(definition)).collect();
        let parsed = side_by_side(&definitions, |definition| {
            let query = ParsedQuery::parse(&definition.text);
            ready(query.and_then(|query| Ok(Reader { tables: query.tables(&self.checking)?, definition, query })))
        });
        let named = |(definition, reader): (&&'a Definition<H>, Result<_, _>)| reader.map_err(|problems| Unreadable { name: &definition.name, problems });
        definitions.iter().zip(parsed).map(named).collect()
    }

    fn reads_broken(&mut self, name: &str, tables: &[String]) -> bool {
        let blocked = tables.iter().any(|table| self.broken.contains(table));
        if blocked {
            self.broken.insert(name.to_owned());
        }
        blocked
    }

    /// A rollup that is sound. One whose header is not gives only its columns, so that what reads it can be compiled.
    async fn rollup(&self, definition: &Definition<RollupHeader>, query: &ParsedQuery) -> Result<(Option<Rollup>, SchemaRef), Diagnostics> {
        let planned = query.plan(self.context).await?;
        let plan = &planned.plan;
        let used = parameters::used(plan);
        if let Some(name) = used.first() {
            let place = query.diagnose().place_of(&format!("${name}"));
            let problem = Diagnostic::error(codes::UNKNOWN_PARAMETER, format!("a rollup has no parameters, so there is no `${name}`"));
            return Err(one(problem.at(place).hint("write the value itself, or do this in a report")));
        }
        query.check_types(&self.checking, &planned.written, None).await?;
        let schema = documented(plan, &definition.header.columns);
        let output = query.output();
        sound(output.check_names(&schema))?;
        if !definition.header_is_sound {
            return Ok((None, schema));
        }
        self.unknown_docs(definition, &definition.header.columns, &schema)?;
        let meaning = |resolved: &Resolved| self.meaning(resolved, &planned.tables);
        let rollup = Rollup::analyse(definition, query, &planned, Arc::clone(&schema), meaning)?;
        let keys = |table: &str| self.key_of(table);
        sound(determinism::check(&query.diagnose(), plan, &rollup.query, &keys))?;
        sound(output.check_types(&schema))?;
        Ok((Some(rollup), schema))
    }

    fn unknown_docs<H>(&self, definition: &Definition<H>, docs: &BTreeMap<String, ColumnDoc>, schema: &SchemaRef) -> Result<(), Diagnostics> {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let unknown: Diagnostics = docs
            .keys()
            .filter(|column| !names.contains(&column.as_str()))
            .map(|column| {
                Diagnostic::error(codes::UNKNOWN_COLUMN, format!("the result has no column `{column}`"))
                    .at(definition.locate_key(&["columns".to_owned(), column.clone()]))
                    .maybe_hint(suggest(column, names.iter().copied()))
            })
            .collect();
        sound(unknown)
    }

    /// What decides the meaning of a query and of the tables that it reads: a change of it is a change of the query.
    fn meaning(&self, query: &Resolved, tables: &[String]) -> String {
        let calendar = &self.project.calendar;
        let mut parts = vec![calendar.zone.name().to_owned(), calendar.day_starts_at.to_string()];
        let normal_form = query.normal_form();
        let calls = |functions: &[&str]| functions.iter().any(|function| normal_form.contains(&format!("({function} ")));
        if calls(&OF_HOLIDAYS) {
            parts.extend(calendar.holidays.iter().map(ToString::to_string));
        }
        if calls(&OF_FISCAL_YEARS) {
            parts.push(format!("fiscal year {}", calendar.fiscal_year_starts));
        }
        for table in tables {
            if let Some(contract) = self.compiled.contract(table) {
                let columns = contract.columns.iter().map(|column| format!("{} {} {}", column.name, column.data_type, column.nullable));
                parts.extend(columns);
            } else if let Some(rollup) = self.compiled.rollup(table) {
                parts.push(rollup.fingerprint.clone());
            }
        }
        parts.join("\n")
    }

    fn key_of(&self, table: &str) -> Vec<String> {
        self.compiled.contract(table).map(|contract| contract.key().to_vec()).unwrap_or_default()
    }

    fn reports(&mut self) {
        let mut readers = Vec::new();
        for reader in self.readers(&self.project.reports) {
            match reader {
                Ok(reader) if self.reads_broken(&reader.definition.name, &reader.tables) => {}
                Ok(reader) => readers.push(reader),
                Err(Unreadable { problems, .. }) => self.problems.extend(problems),
            }
        }
        for compiled in side_by_side(&readers, |reader| self.report(reader.definition, &reader.query)) {
            match compiled {
                Ok((report, warnings)) => {
                    self.problems.extend(warnings);
                    self.compiled.reports.extend(report.map(Arc::new));
                }
                Err(problems) => self.problems.extend(problems),
            }
        }
    }

    /// A report that is sound, with warnings. Of one whose header is not, only the query is looked at.
    async fn report(&self, definition: &Definition<ReportHeader>, query: &ParsedQuery) -> Result<(Option<Report>, Diagnostics), Diagnostics> {
        let Planned { plan, written, tables, .. } = query.plan(self.context).await?;
        if !definition.header_is_sound {
            return Ok((None, Diagnostics::new()));
        }
        let declared = &definition.header.parameters;
        let mut problems = parameters::check(&definition.text, &parameters::used(&plan), declared);
        if problems.has_errors() {
            return Err(problems);
        }
        let values = parameters::typed_nulls(declared, self.project.calendar.zone.name())
            .map_err(|error| one(Diagnostic::error(codes::TYPE_MISMATCH, error.strip_backtrace()).at(definition.title_location())))?;
        query.check_types(&self.checking, &written, values.as_ref()).await?;
        let schema = documented(&plan, &definition.header.columns);
        let output = query.output();
        sound(output.check_names(&schema))?;
        sound(output.check_types(&schema))?;
        let report = Report { definition: definition.clone(), parsed: query.clone(), query: crate::resolve::resolve(&plan), schema, tables };
        problems.extend(report.check(&self.checking));
        if problems.has_errors() { Err(problems) } else { Ok((Some(report), problems)) }
    }
}

/// Functions whose values depend on which days are holidays.
const OF_HOLIDAYS: [&str; 1] = ["is_business_day"];
/// Functions whose values depend on when the fiscal year starts.
const OF_FISCAL_YEARS: [&str; 1] = ["fiscal_period"];

/// Compiles files in as many threads as there are processors. What it gives stands in the order of the files.
fn side_by_side<'a, T: Sync, R: Send, F: Future<Output = R>>(files: &'a [T], compile: impl Fn(&'a T) -> F + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let some = |first| files.iter().enumerate().skip(first).step_by(threads).map(|(at, file)| (at, block_on(compile(file)))).collect::<Vec<_>>();
    let mut compiled = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(files.len())).map(|first| scope.spawn(move || some(first))).collect();
        let compiled = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        compiled.flatten().collect::<Vec<_>>()
    });
    compiled.sort_by_key(|(at, _)| *at);
    compiled.into_iter().map(|(_, compiled)| compiled).collect()
}

/// False where the header's comment is never closed, which has been reported: all of the file is then a comment.
fn has_query<H>(definition: &Definition<H>) -> bool {
    definition.header_is_sound || definition.text.text.contains("*/")
}

fn sound(problems: Diagnostics) -> Result<(), Diagnostics> {
    if problems.has_errors() { Err(problems) } else { Ok(()) }
}

/// The columns of a plan, with descriptions and units of the header in their metadata.
pub(crate) fn documented(plan: &LogicalPlan, docs: &BTreeMap<String, ColumnDoc>) -> SchemaRef {
    let fields: Vec<Field> = plan
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let mut metadata = std::collections::HashMap::new();
            if let Some(doc) = docs.get(field.name()) {
                metadata.extend(doc.description.clone().map(|text| (COMMENT.to_owned(), text)));
                metadata.extend(doc.unit.clone().map(|text| (UNIT.to_owned(), text)));
            }
            Field::new(field.name(), field.data_type().clone(), field.is_nullable()).with_metadata(metadata)
        })
        .collect();
    Arc::new(Schema::new(fields))
}
