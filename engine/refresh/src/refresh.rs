//! One refresh of one rollup: decide, compute, stage, commit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use datafusion::logical_expr::LogicalPlan;
use nightshift_calendar::Calendar;
use nightshift_compile::Rollup;
use nightshift_diagnostic::{Fault, Faulty as _};
use nightshift_execute::{Measurement, StepSession, run};
use nightshift_lake::{Commit, DataFile, Lake, Snapshot, StageOptions, Staged, TableKind, TableLayout, TableName};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::by_change::by_change;
use crate::by_facts::by_facts;
use crate::cost::History;
use crate::decide::{Changes, Decision, Rejection, decide};
use crate::layout::layout;
use crate::rows::Rows;
use crate::states::stated;
use crate::tables::Pinned;
use crate::technique::{Kind, Technique};
use crate::touched::Touching;
use crate::units::{self, Units, Written};
use crate::{Error, Result, stamps};

/// What a refresh is handed.
pub struct Request<'a> {
    /// The lake.
    pub lake: &'a Lake,
    /// A session in which the pinned tables are registered.
    pub session: &'a StepSession,
    /// The rollup.
    pub rollup: &'a Rollup,
    /// Finer rollups that may already be up to date, finest first.
    pub finer: &'a [Arc<Rollup>],
    /// The versions to go to.
    pub pinned: &'a Pinned,
    /// The project's calendar.
    pub calendar: &'a Calendar,
    /// Stops the refresh.
    pub cancel: &'a CancellationToken,
    /// From how many facts on work is cut into units; [`CUT_FROM`] is a good number.
    pub cut_from: u64,
    /// What refreshes took before.
    pub history: &'a dyn History,
    /// Which technique is taken of those that are allowed.
    pub choice: Choice,
}

/// Which technique is taken of those that a change allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The one that is expected to be fastest.
    #[default]
    Fastest,
    /// The one that looks at least.
    Least,
    /// This one; the one that looks at least where it is not allowed.
    Named(Kind),
}

/// What a refresh did.
#[derive(Debug)]
pub struct Outcome {
    /// What was decided.
    pub decision: Decision,
    /// The rollup that the rows were computed from, if not from the sources.
    pub feeder: Option<String>,
    /// The table's version before; `None` if there was no table.
    pub version_before: Option<i64>,
    /// The table's version now.
    pub version_after: i64,
    /// Rows written, those of rewritten files that stayed included.
    pub rows_written: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// What the queries cost.
    pub measurement: Measurement,
}

/// The table of a rollup.
///
/// # Errors
/// If the name cannot be a table's.
pub fn table_name(rollup: &Rollup) -> Result<TableName> {
    Ok(TableName::new(TableKind::Rollup, rollup.name())?)
}

/// Decides how the rollup would be refreshed, and does nothing.
///
/// # Errors
/// As [`refresh`].
pub async fn preview(request: &Request<'_>) -> Result<Decision> {
    let base = request.lake.snapshot(&table_name(request.rollup)?).await?;
    let plan = plan(request).await?;
    let (decision, _) = decide(request, base.as_ref(), &touching(request, &plan)).await?;
    Ok(decision)
}

/// Brings the rollup to the pinned versions: at most one commit, made of the rows and the marks of what they stand for.
///
/// # Errors
/// Whatever the query, the lake or the limits refuse. Nothing is visible then; a conflict with another writer helps to retry.
pub async fn refresh(request: &Request<'_>) -> Result<Outcome> {
    let table = table_name(request.rollup)?;
    let base = request.lake.snapshot(&table).await?;
    let plan = plan(request).await?;
    let (decision, changes) = decide(request, base.as_ref(), &touching(request, &plan)).await?;
    let mut outcome = Outcome {
        feeder: None,
        version_before: base.as_ref().map(Snapshot::version),
        version_after: base.as_ref().map_or(-1, Snapshot::version),
        rows_written: 0,
        bytes_written: 0,
        measurement: Measurement::default(),
        decision,
    };
    if outcome.decision.technique == Technique::Nothing {
        return Ok(outcome);
    }
    let mut commit = Commit { operation: "refresh".to_owned(), transactions: stamps::of_pinned(request.rollup, request.pinned), ..Commit::default() };
    if outcome.decision.technique != Technique::Restamp {
        let (staged, remove) = write(request, &table, base.as_ref(), &plan, &changes, &mut outcome).await?;
        outcome.rows_written = staged.iter().map(Staged::rows).sum();
        outcome.bytes_written = staged.iter().map(Staged::bytes).sum();
        commit.layout = staged.first().map(|staged| staged.layout().clone());
        commit.add = staged;
        commit.remove = remove;
    }
    commit.information = BTreeMap::from([
        ("technique".to_owned(), json!(outcome.decision.technique.to_string())),
        ("feeder".to_owned(), json!(outcome.feeder)),
        ("fingerprint".to_owned(), json!(request.rollup.fingerprint)),
    ]);
    let snapshot = request.lake.commit(base.as_ref(), &table, commit).await?;
    outcome.version_after = snapshot.version();
    Ok(outcome)
}

fn touching<'a>(request: &'a Request<'a>, plan: &'a LogicalPlan) -> Touching<'a> {
    Touching { session: request.session, rollup: request.rollup, plan, pinned: request.pinned, cancel: request.cancel }
}

pub(crate) async fn plan(request: &Request<'_>) -> Result<LogicalPlan> {
    let planned = request.rollup.parsed.plan(&request.session.context).await;
    planned.map(|planned| planned.plan).map_err(|problems| Error::Query { rollup: request.rollup.name().to_owned(), problems })
}

/// Computes and stages the rows; gives them with the files that they replace.
async fn write(
    request: &Request<'_>,
    table: &TableName,
    base: Option<&Snapshot>,
    plan: &LogicalPlan,
    changes: &Changes,
    outcome: &mut Outcome,
) -> Result<(Vec<Staged>, Vec<DataFile>)> {
    let stated = stated(plan, request.rollup.states.as_ref().ok(), request.session)?;
    let layout = layout(request.rollup, &stated)?;
    let rows = Rows { session: request.session, rollup: request.rollup, calendar: request.calendar };
    let decided = outcome.decision.technique.clone();
    // Values that do not fit are for the facts to say: a sum of what came may be too great where that of all rows is not.
    let (computed, given_up) = match by_change(request, base, &rows, &stated, changes, &decided).await {
        Err(Error::Execute(error)) if error.fault() == Fault::Data => (None, Rejection::Overflow),
        computed => (computed?, Rejection::TooMuch),
    };
    let (staged, replaced) = match computed {
        Some(computed) => {
            let selects = matches!(computed.technique, Technique::RebuildGroups(_));
            if computed.technique != decided {
                outcome.decision.fall_back(computed.technique, given_up);
            }
            (stage(request, table, layout, computed.rows, selects, outcome).await?, computed.replaced)
        }
        None => {
            let over_facts = decided.clone().over_facts();
            if over_facts != decided {
                outcome.decision.fall_back(over_facts, given_up);
            }
            let computed = by_facts(request, base, &rows, &stated, &outcome.decision.technique).await?;
            outcome.feeder = computed.feeder;
            (stage(request, table, layout, computed.rows, false, outcome).await?, computed.replaced)
        }
    };
    outcome.measurement.peak_memory = request.session.peak_memory();
    Ok((staged, replaced))
}

/// Writes rows, whose plan may choose few of those that it scans.
pub(crate) async fn stage(
    request: &Request<'_>,
    table: &TableName,
    layout: TableLayout,
    rows: Written,
    selects: bool,
    outcome: &mut Outcome,
) -> Result<Vec<Staged>> {
    match rows {
        Written::Together(rows) => {
            let mut writer = request.lake.stage(table, layout, StageOptions::default())?;
            let mut running = match selects {
                true => run::start_selective(request.session, &rows, request.cancel).await?,
                false => run::start(request.session, &rows, request.cancel).await?,
            };
            while let Some(batch) = running.next().await? {
                writer.write(batch).await?;
            }
            outcome.measurement.add(&running.measurement());
            Ok(vec![writer.finish().await?])
        }
        Written::InUnits(plans) => {
            let units = Units {
                lake: request.lake.clone(),
                table: table.clone(),
                layout,
                session: request.session.clone(),
                cancel: request.cancel.clone(),
                plans: Arc::new(Mutex::new(plans)),
            };
            let (staged, cost) = units::run_all(units).await?;
            outcome.measurement.add(&cost);
            Ok(staged)
        }
    }
}
