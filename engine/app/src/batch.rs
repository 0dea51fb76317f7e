//! A pipeline and a date become a batch: its steps, their order, and the run of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use nightshift_ledger::{BatchRecord, BatchState, Ledger, Owner, RunRecord, StepKind};
use nightshift_orchestrate::{Displaced, Intent, Observer, Options, Request, RunSummary, Session, StepAction, StepSpec, SystemClock, begin};
use nightshift_project::{Definition, LimitOverrides, Pipeline, PipelineAction, PipelineStep, ReportHeader};
use tokio_util::sync::CancellationToken;

use crate::backfill::{BackfillPlan, words_of};
use crate::plan::{Rerun, latest_date};
use crate::steps::Steps;
use crate::steps::recover::recover;
use crate::steps::staged::clean;
use crate::{Error, Result, Workspace};

impl Workspace {
    /// The pipeline of a name, which may be that of one report alone.
    ///
    /// # Errors
    /// [`Error::Unknown`] with what may have been meant.
    pub fn pipeline(&self, name: &str) -> Result<Cow<'_, Pipeline>> {
        if let Some(report) = name.strip_prefix(REPORT_ALONE) {
            return Ok(Cow::Owned(alone(&self.report(report)?.definition)));
        }
        let known = self.project.pipelines.iter().map(|pipeline| pipeline.name.as_str());
        let found = self.project.pipeline(name).map(Cow::Borrowed);
        found.ok_or_else(|| match name {
            "report" => Error::Unknown {
                kind: "pipeline",
                name: name.to_owned(),
                hint: Some("to make one report alone, name it behind the word: report daily_sales".to_owned()),
            },
            _ => match words_of(name) {
                Some(words) => {
                    Error::Unknown { kind: "pipeline", name: name.to_owned(), hint: Some(format!("a backfill is asked for again: nightshift {words}")) }
                }
                None => Error::unknown("pipeline", name, known),
            },
        })
    }

    /// The steps of a pipeline. What depends on what follows from the SQL: a rollup waits for the sources that it reads and, unless changes are `merging` into
    /// it, for the finer rollups that can feed it; a report waits for everything that it reads.
    pub fn steps(&self, pipeline: &Pipeline, merging: &BTreeSet<String>) -> Vec<StepSpec> {
        let names: Vec<String> = pipeline.steps.iter().flat_map(|step| step.names.iter().map(move |name| step_name(step.action, name))).collect();
        let priority = pipeline.priority as u8 + 1;
        let mut specs: Vec<StepSpec> = Vec::new();
        for step in &pipeline.steps {
            for name in &step.names {
                let own = step_name(step.action, name);
                let needs = if step.action == PipelineAction::Maintain { self.users(pipeline, name) } else { self.needs(step.action, name, merging) };
                let depends_on = needs.into_iter().filter(|need| names.contains(need) && *need != own).collect();
                if !specs.iter().any(|spec| spec.name == own) {
                    specs.push(StepSpec { name: own, kind: step_kind(step.action), target: name.clone(), depends_on, priority });
                }
            }
        }
        specs
    }

    /// The steps that a step would wait for, if the batch has them.
    fn needs(&self, action: PipelineAction, name: &str, merging: &BTreeSet<String>) -> Vec<String> {
        let (tables, feeders) = match action {
            PipelineAction::Ingest | PipelineAction::Maintain => return vec![],
            PipelineAction::Refresh => {
                let Some(rollup) = self.compiled.rollup(name) else { return vec![] };
                let feeders = if merging.contains(name) { vec![] } else { self.feeders(rollup) };
                (rollup.tables.clone(), feeders.iter().map(|fine| fine.name().to_owned()).collect())
            }
            PipelineAction::Report => (self.compiled.report(name).map(|report| report.tables.clone()).unwrap_or_default(), vec![]),
        };
        tables.iter().chain(&feeders).map(|table| self.step_of_table(table)).collect()
    }

    /// The steps of a pipeline that make or read the tables of a definition: these are kept small only when everybody is done with them.
    fn users(&self, pipeline: &Pipeline, name: &str) -> Vec<String> {
        let others = pipeline.steps.iter().filter(|step| step.action != PipelineAction::Maintain);
        let steps = others.flat_map(|step| step.names.iter().map(|target| (step.action, target)));
        let uses = |(action, target): &(PipelineAction, &String)| {
            let tables = match action {
                PipelineAction::Refresh => self.compiled.rollup(target).map(|rollup| &rollup.tables),
                PipelineAction::Report => self.compiled.report(target).map(|report| &report.tables),
                PipelineAction::Ingest | PipelineAction::Maintain => None,
            };
            *target == name || tables.is_some_and(|tables| tables.iter().any(|table| table == name))
        };
        steps.filter(uses).map(|(action, target)| step_name(action, target)).collect()
    }

    fn step_of_table(&self, table: &str) -> String {
        let action = if self.compiled.rollup(table).is_some() { PipelineAction::Refresh } else { PipelineAction::Ingest };
        step_name(action, table)
    }

    /// Begins a run of a pipeline for a date: it holds the lock and stands in the ledger, what dead attempts left in the lake is removed,
    /// and no step has started.
    ///
    /// # Errors
    /// If another process works on it, the intent does not fit what is there, or ledger or lake cannot be written.
    pub async fn begin(self: &Arc<Self>, pipeline: &str, date: NaiveDate, intent: Intent) -> Result<OpenRun> {
        let found = self.pipeline(pipeline)?;
        let steps = self.steps(&found, &self.merging(&found).await);
        self.begin_steps(&found.name, date, intent, steps).await
    }

    /// Begins a run of a backfill, as [`Self::begin`] does one of a pipeline.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn begin_backfill(self: &Arc<Self>, plan: &BackfillPlan) -> Result<OpenRun> {
        self.begin_steps(&plan.pipeline, plan.date, plan.intent.clone(), plan.steps()).await
    }

    async fn begin_steps(self: &Arc<Self>, pipeline: &str, date: NaiveDate, intent: Intent, steps: Vec<StepSpec>) -> Result<OpenRun> {
        let ledger = self.ledger().await?;
        let request = Request { pipeline: pipeline.to_owned(), business_date: date, intent, owner: Owner::current(owner()) };
        let earlier = ledger.latest_batch(&request.pipeline, date).await?;
        let later = latest_date(&ledger, &request.pipeline, date).await?;
        let session = begin(&ledger, &request, steps, Arc::new(SystemClock)).await?;
        let run = OpenRun { workspace: Arc::clone(self), ledger, request, session, earlier, later };
        match run.clean_up().await {
            Ok(()) => Ok(run),
            Err(error) => {
                run.abandon().await?;
                Err(error)
            }
        }
    }

    /// Runs a pipeline for a date.
    ///
    /// # Errors
    /// If the run cannot be begun or recorded. That a step fails is part of the summary.
    pub async fn run(
        self: &Arc<Self>,
        pipeline: &str,
        date: NaiveDate,
        intent: Intent,
        observer: Arc<dyn Observer>,
        cancel: CancellationToken,
    ) -> Result<RunSummary> {
        self.begin(pipeline, date, intent).await?.execute(BTreeSet::new(), observer, cancel).await
    }
}

/// A run that has begun; nothing is done yet.
pub struct OpenRun {
    workspace: Arc<Workspace>,
    ledger: Ledger,
    request: Request,
    session: Session,
    /// The batch of this pipeline and date as it was before.
    earlier: Option<BatchRecord>,
    /// The latest date that the pipeline was run for, if it is later.
    later: Option<NaiveDate>,
}

impl OpenRun {
    /// Writes down what dead attempts had committed, and removes what they had staged.
    async fn clean_up(&self) -> Result<()> {
        let lake = &self.workspace.lake;
        recover(lake, &self.ledger, self.session.batch.id).await?;
        clean(lake, &self.ledger).await?;
        Ok(())
    }

    /// Whose lock was taken over, because its process is dead.
    #[must_use]
    pub const fn displaced(&self) -> Option<&Displaced> {
        self.session.displaced.as_ref()
    }

    /// The run that a dead process had left open.
    #[must_use]
    pub const fn recovered(&self) -> Option<&RunRecord> {
        self.session.recovered.as_ref()
    }

    /// How many steps the run has to do; others were done before or are left out.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.session.plan.steps.iter().filter(|step| step.action == StepAction::Do).count()
    }

    /// What becomes of the reports that people have read, if this date was run before or a later one was; nothing is done yet.
    ///
    /// # Errors
    /// If ledger or lake cannot be read.
    pub async fn rerun(&self) -> Result<Option<Rerun>> {
        let was_made = self.earlier.as_ref().is_some_and(|batch| batch.state == BatchState::Succeeded);
        if !was_made && self.later.is_none() {
            return Ok(None);
        }
        let pins = self.ledger.pins(self.session.run.id).await?.into_iter().map(|pin| (pin.source, pin.version)).collect();
        let plan = self.workspace.outlook(&self.request, &self.session.plan, pins, self.earlier.clone(), self.later).await?;
        Ok(plan.rerun)
    }

    /// Does the work. Definitions of `accepted` rollups are taken although readers of their tables may break.
    ///
    /// # Errors
    /// If the run cannot be recorded. That a step fails is part of the summary.
    pub async fn execute(self, accepted: BTreeSet<String>, observer: Arc<dyn Observer>, cancel: CancellationToken) -> Result<RunSummary> {
        let runner = Arc::new(Steps::new(self.workspace, self.ledger.clone(), accepted));
        let summary = self.session.execute(runner, observer, Options::default(), cancel).await;
        self.ledger.close().await;
        Ok(summary?)
    }

    /// Gives the run up: the batch becomes interrupted and can be resumed.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub async fn abandon(self) -> Result<()> {
        self.session.abandon().await?;
        self.ledger.close().await;
        Ok(())
    }
}

const REPORT_ALONE: &str = "report:";

/// The name of the pipeline that makes one report and nothing else.
#[must_use]
pub fn report_alone(report: &str) -> String {
    format!("{REPORT_ALONE}{report}")
}

fn alone(report: &Definition<ReportHeader>) -> Pipeline {
    let step = PipelineStep { action: PipelineAction::Report, names: vec![report.name.clone()], all: false, span: report.header_span };
    Pipeline {
        name: report_alone(&report.name),
        title: report.header.title.clone(),
        description: None,
        schedule: None,
        priority: report.header.priority,
        limits: LimitOverrides::default(),
        verify: None,
        steps: vec![step],
        text: Arc::clone(&report.text),
        path: report.path.clone(),
    }
}

/// Who runs this process.
#[must_use]
pub fn owner() -> String {
    std::env::var("USER").unwrap_or_else(|_| "nightshift".to_owned())
}

/// `refresh:depot_daily`.
pub fn step_name(action: PipelineAction, name: &str) -> String {
    format!("{}:{name}", action.as_str())
}

const fn step_kind(action: PipelineAction) -> StepKind {
    match action {
        PipelineAction::Ingest => StepKind::Ingest,
        PipelineAction::Refresh => StepKind::Refresh,
        PipelineAction::Report => StepKind::Report,
        PipelineAction::Maintain => StepKind::Maintain,
    }
}
