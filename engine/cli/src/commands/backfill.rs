//! `nightshift backfill`.

use std::sync::Arc;

use nightshift_app::backfill::{BackfillPlan, Interval, Part, Unit, Wish};
use nightshift_app::{Error, Result, Workspace};
use nightshift_compile::Rollup;
use nightshift_diagnostic::Fault;
use nightshift_ledger::{BatchState, StepKind};
use serde_json::{Value, json};

use super::batch::{open_for_run, taken_over};
use super::signal::stop_on_signal;
use super::summary;
use crate::arguments::Backfill;
use crate::bars::Bars;
use crate::columns::{shown, size, some, table};
use crate::printer::Printer;

pub(super) async fn backfill(root: &std::path::Path, target: Option<&str>, printer: &Printer, asked: &Backfill) -> Result<Option<Fault>> {
    let workspace = Arc::new(open_for_run(root, target, printer, "").await?);
    let rollup = Arc::clone(workspace.named_rollup(&asked.rollup)?);
    let cancel = stop_on_signal(*printer);
    let wish = Wish { rollup: Arc::clone(&rollup), interval: asked.days().unwrap_or(Interval::ALL), downstream: asked.downstream, date: asked.date };
    let plan = workspace.plan_backfill(&wish, &cancel).await?;
    if asked.days().is_none() {
        return Err(Error::Unbounded { rollup: rollup.name().to_owned(), size: plan.size() });
    }
    if asked.dry_run {
        printer.data(&text(&plan), &as_json(&plan));
        return Ok(None);
    }
    run(&workspace, printer, &plan, asked.accept, cancel).await
}

async fn run(
    workspace: &Arc<Workspace>,
    printer: &Printer,
    plan: &BackfillPlan,
    accept: bool,
    cancel: tokio_util::sync::CancellationToken,
) -> Result<Option<Fault>> {
    let run = workspace.begin_backfill(plan).await?;
    taken_over(printer, &run);
    printer.note(&format!("{}: {}", plan.pipeline, beginning(plan)));
    printer.note(&plan.size());
    plan.parts.iter().filter_map(why_more).for_each(|why| printer.note(&why));
    let accepted = if accept { plan.parts.iter().map(|part| part.rollup.name().to_owned()).collect() } else { Default::default() };
    let bars = Arc::new(Bars::new(&plan.pipeline, run.steps()));
    let summary = run.execute(accepted, bars, cancel).await?;
    let mut found = summary::as_json(&summary);
    if let Some(fields) = found.as_object_mut() {
        fields.insert("downstream".to_owned(), downstream_json(plan));
    }
    printer.data(&summary::text(&summary), &found);
    printer.note(&summary::ending(&summary));
    if summary.batch.state == BatchState::Succeeded {
        after(plan).iter().for_each(|line| printer.note(line));
        let days = match plan.interval {
            Interval { from: Some(from), to: Some(to) } => format!("--from {from} --to {to}"),
            _ => "--all".to_owned(),
        };
        let first = plan.parts.first().map(|part| part.rollup.name()).unwrap_or_default();
        printer.note(&format!("to compare it with its sources: nightshift verify {first} {days}"));
    }
    Ok(summary.fault())
}

/// A line for each step, and what it means for others.
fn text(plan: &BackfillPlan) -> String {
    let mut table = table(&["step", "what", "reads"], &["reads"]);
    for step in plan.steps() {
        let Some(part) = plan.parts.iter().find(|part| part.rollup.name() == step.target) else { continue };
        let unit = part.units.iter().find(|unit| step.name == unit.step_name(&part.rollup));
        let what = match (step.kind, unit, &part.refresh) {
            (StepKind::Backfill, Some(unit), _) => what(part, unit),
            (_, _, Some(decision)) => decision.technique.to_string(),
            _ => String::new(),
        };
        table.add_row([step.name.clone(), what, unit.map(|unit| size(unit.reach.bytes)).unwrap_or_default()]);
    }
    let head = format!("{}@{}: {}", plan.pipeline, plan.date, beginning(plan));
    let lines: Vec<String> = std::iter::once(plan.size()).chain(plan.parts.iter().filter_map(why_more)).chain(after(plan)).collect();
    format!("{head}\n\n{}\n\n{}", shown(&table), lines.join("\n"))
}

fn beginning(plan: &BackfillPlan) -> String {
    match (&plan.held, &plan.goes_on) {
        (Some(held), _) => format!("{held}; what it has not done yet"),
        (None, None) => "a new batch".to_owned(),
        (None, Some(batch)) => {
            let begun = batch.created_at.format("%Y-%m-%d %H:%M UTC");
            format!("resuming: {} of {} units are done, begun on {begun}; another --date does all of it anew", plan.done(), plan.units().count())
        }
    }
}

fn what(part: &Part, unit: &Unit) -> String {
    if unit.is_done {
        return "done by an earlier run of the batch".to_owned();
    }
    let files = if unit.reach.files == 1 { "1 file of the table is".to_owned() } else { format!("{} files of the table are", unit.reach.files) };
    match (&part.in_full, unit.buckets) {
        (Some(reason), _) => format!("full: {reason}"),
        (None, Some(1)) => format!("rebuild 1 bucket; {files} written anew"),
        (None, buckets) => format!("rebuild {} buckets; {files} written anew", buckets.unwrap_or_default()),
    }
}

/// Why more is computed anew than was asked for.
fn why_more(part: &Part) -> Option<String> {
    let name = part.rollup.name();
    match &part.in_full {
        Some(reason) => Some(format!("{name} is built in full: {reason}")),
        None if part.is_onward() => {
            let from = part.units.first()?.interval.from.map_or_else(|| "its beginning".to_owned(), |day| day.to_string());
            Some(format!("{name} is computed anew from {from} onward: later {}s depend on earlier ones", part.rollup.grain()))
        }
        None => None,
    }
}

/// What is made from the rollup, and what to do about it.
fn after(plan: &BackfillPlan) -> Vec<String> {
    let names = |rollups: &[Arc<Rollup>]| rollups.iter().map(|rollup| rollup.name()).collect::<Vec<_>>().join(", ");
    let is_part = |rollups: &[Arc<Rollup>]| rollups.iter().all(|rollup| plan.parts.iter().any(|part| part.rollup.name() == rollup.name()));
    let found = &plan.downstream;
    let mut lines = Vec::new();
    if !is_part(&found.fed) {
        lines.push(format!("may have been computed from it, and are wrong where it was wrong: {}; --downstream computes them anew too", names(&found.fed)));
    }
    if !is_part(&found.reading) {
        lines.push(format!("read it: {}; their next refresh takes over what changed, --downstream makes it now", names(&found.reading)));
    }
    if !found.reports.is_empty() {
        let again = format!("nightshift run report NAME --date {}", plan.date);
        lines.push(format!("reports that read these tables: {}; to make one again: {again}", some(&found.reports)));
    }
    lines
}

fn downstream_json(plan: &BackfillPlan) -> Value {
    let names = |rollups: &[Arc<Rollup>]| rollups.iter().map(|rollup| rollup.name().to_owned()).collect::<Value>();
    json!({"fed": names(&plan.downstream.fed), "reading": names(&plan.downstream.reading), "reports": plan.downstream.reports})
}

fn as_json(plan: &BackfillPlan) -> Value {
    let unit = |part: &Part, unit: &Unit| {
        json!({
            "step": unit.step_name(&part.rollup), "from": unit.interval.from, "to": unit.interval.to, "buckets": unit.buckets,
            "bytes": unit.reach.bytes, "files": unit.reach.files, "done": unit.is_done,
        })
    };
    let part = |part: &Part| {
        json!({
            "rollup": part.rollup.name(), "refresh": part.refresh.as_ref().map(|decision| decision.technique.to_string()),
            "full_because": part.in_full.as_ref().map(ToString::to_string), "onward": part.is_onward(),
            "units": part.units.iter().map(|one| unit(part, one)).collect::<Value>(),
        })
    };
    json!({
        "batch": format!("{}@{}", plan.pipeline, plan.date), "beginning": beginning(plan), "buckets": plan.buckets(), "units": plan.units().count(),
        "done": plan.done(), "bytes": plan.bytes(), "rollups": plan.parts.iter().map(part).collect::<Value>(), "downstream": downstream_json(plan),
    })
}
