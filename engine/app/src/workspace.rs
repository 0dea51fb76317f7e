//! A project that has been read and compiled, with its lake.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use nightshift_calendar::Calendar;
use nightshift_compile::contract::Contract;
use nightshift_compile::{Compiled, Report, Rollup};
use nightshift_diagnostic::{Diagnostic, Diagnostics, Severity, SourceText, codes};
use nightshift_execute::{Engine, Limits};
use nightshift_lake::Lake;
use nightshift_ledger::Ledger;
use nightshift_project::Project;

use crate::{Error, Result};

/// A project ready for work.
pub struct Workspace {
    /// What its files say.
    pub project: Project,
    /// What they mean.
    pub compiled: Compiled,
    /// How it counts days.
    pub calendar: Arc<Calendar>,
    /// Its tables.
    pub lake: Lake,
    /// Its sessions.
    pub engine: Engine,
    /// Sources, rollups and reports that do not compile, each with what is wrong.
    broken: BTreeMap<String, String>,
}

impl Workspace {
    /// Reads and compiles the project in a folder; the diagnostics hold everything that is wrong with it.
    ///
    /// # Errors
    /// If the folder is no project, or its data folders cannot be made.
    pub async fn open(root: &Path, target: Option<&str>) -> Result<(Self, Diagnostics)> {
        let (project, mut problems) = Project::load(root, target)?;
        let calendar = Arc::new(project.calendar.clone());
        let engine = Engine::new(limits(&project), Arc::clone(&calendar))?;
        let (compiled, found) = Compiled::compile(&project, &engine.step("compile")?.context);
        problems.extend(found);
        let lake = Lake::open(&project.paths.lake)?;
        let problems = problems.sorted();
        let broken = broken(&project, &compiled, &problems);
        Ok((Self { project, compiled, calendar, lake, engine, broken }, problems))
    }

    /// As [`Self::open`], for a run of a pipeline: what is wrong in the file of a source, rollup or report is left to the step that needs it,
    /// so that a mistake in one report does not keep a night from all others.
    ///
    /// # Errors
    /// [`Error::Problems`] if anything else is wrong that the pipeline depends on; or as [`Self::open`].
    pub async fn open_for_run(root: &Path, target: Option<&str>, pipeline: &str) -> Result<(Self, Diagnostics)> {
        let (workspace, problems) = Self::open(root, target).await?;
        let project = &workspace.project;
        let definitions = project.sources.iter().map(|definition| &definition.text);
        let definitions = definitions.chain(project.rollups.iter().map(|definition| &definition.text));
        let definitions = definitions.chain(project.reports.iter().map(|definition| &definition.text));
        let other_pipelines = project.pipelines.iter().filter(|other| other.name != pipeline).map(|other| &other.text);
        let aside: BTreeSet<&Path> = definitions.chain(other_pipelines).map(|text| text.path()).collect();
        // Of two definitions of one name nobody knows which is meant.
        let is_doubled = |problem: &Diagnostic| problem.code == codes::DUPLICATE_NAME;
        let is_aside = |problem: &Diagnostic| !is_doubled(problem) && problem.location.as_ref().is_some_and(|location| aside.contains(location.file.path()));
        let stops = problems.iter().any(|problem| problem.severity == Severity::Error && !is_aside(problem));
        if stops { Err(Error::Problems(problems)) } else { Ok((workspace, problems)) }
    }

    /// As [`Self::open`], but a project with mistakes is an error.
    ///
    /// # Errors
    /// [`Error::Problems`] if anything must be mended first; or as [`Self::open`].
    pub async fn open_sound(root: &Path, target: Option<&str>) -> Result<Self> {
        let (workspace, problems) = Self::open(root, target).await?;
        if problems.has_errors() { Err(Error::Problems(problems)) } else { Ok(workspace) }
    }

    /// The newest business date that files have arrived for; today where none has.
    #[must_use]
    pub fn newest_date(&self) -> NaiveDate {
        let entries = std::fs::read_dir(&self.project.paths.incoming).into_iter().flatten().flatten();
        let dates = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<NaiveDate>().ok());
        dates.max().unwrap_or_else(|| self.calendar.local(chrono::Utc::now()).date())
    }

    /// The source of a name.
    ///
    /// # Errors
    /// [`Error::Unknown`] with what may have been meant, as for [`Self::rollup`] and [`Self::report`].
    pub fn source(&self, name: &str) -> Result<&Arc<Contract>> {
        let known = self.compiled.contracts.iter().map(|contract| contract.name.as_str());
        self.compiled.contract(name).ok_or_else(|| self.broken("source", name).unwrap_or_else(|| Error::unknown("source", name, known)))
    }

    /// The rollup of a name.
    ///
    /// # Errors
    /// As [`Self::source`].
    pub fn rollup(&self, name: &str) -> Result<&Arc<Rollup>> {
        let known = self.compiled.rollups.iter().map(|rollup| rollup.name());
        self.compiled.rollup(name).ok_or_else(|| self.broken("rollup", name).unwrap_or_else(|| Error::unknown("rollup", name, known)))
    }

    /// The report of a name.
    ///
    /// # Errors
    /// As [`Self::source`].
    pub fn report(&self, name: &str) -> Result<&Arc<Report>> {
        let known = self.compiled.reports.iter().map(|report| report.name());
        self.compiled.report(name).ok_or_else(|| self.broken("report", name).unwrap_or_else(|| Error::unknown("report", name, known)))
    }

    fn broken(&self, kind: &'static str, name: &str) -> Option<Error> {
        self.broken.get(name).map(|what| Error::Broken { kind, name: name.to_owned(), what: what.clone() })
    }

    /// The project's ledger, made if it is not there.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub async fn ledger(&self) -> Result<Ledger> {
        if let Some(folder) = self.project.paths.ledger.parent() {
            std::fs::create_dir_all(folder).map_err(|source| Error::Folder { path: folder.to_path_buf(), source })?;
        }
        Ok(Ledger::open(&self.project.paths.ledger).await?)
    }
}

/// What is wrong with each definition that does not compile: the first mistake in its file, or that what it reads has one.
fn broken(project: &Project, compiled: &Compiled, problems: &Diagnostics) -> BTreeMap<String, String> {
    let first = |text: &SourceText| {
        let own = problems
            .iter()
            .find(|problem| problem.severity == Severity::Error && problem.location.as_ref().is_some_and(|location| location.file.path() == text.path()));
        own.map_or_else(|| "what it reads does not compile".to_owned(), ToString::to_string)
    };
    let sources = project.sources.iter().filter(|definition| compiled.contract(&definition.name).is_none());
    let rollups = project.rollups.iter().filter(|definition| compiled.rollup(&definition.name).is_none());
    let reports = project.reports.iter().filter(|definition| compiled.report(&definition.name).is_none());
    let all = sources.map(|definition| (&definition.name, &definition.text));
    let all = all.chain(rollups.map(|definition| (&definition.name, &definition.text)));
    let all = all.chain(reports.map(|definition| (&definition.name, &definition.text)));
    all.map(|(name, text)| (name.clone(), first(text))).collect()
}

fn limits(project: &Project) -> Limits {
    let limits = &project.limits;
    Limits {
        memory: limits.memory,
        step_memory: limits.step_memory,
        spill: limits.spill,
        spill_directory: project.paths.spill.clone(),
        batch_size: limits.batch_size,
        threads: limits.threads,
    }
}
