//! What each command does with the parts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use chrono::{Days, NaiveDate};
use comfy_table::Table;
use nightshift_app::demo::Demo;
use nightshift_app::generate::{Generator, Options};
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::{Fault, Severity};
use nightshift_ledger::{BatchFilter, StepState};
use nightshift_orchestrate::{Intent, RunSummary, order};
use nightshift_project::Project;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::arguments::{Arguments, Command};
use crate::bars::Bars;
use crate::printer::Printer;

/// Carries out a command; a fault is what the exit code should say although the command itself did its work.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<Option<Fault>> {
    let root = root(arguments);
    let target = arguments.target.as_deref();
    match &arguments.command {
        Command::Check => check(&root, target, printer).await,
        Command::Run { pipeline, date, from } => {
            let intent = from.clone().map_or(Intent::Run, Intent::From);
            batch(&root, target, printer, pipeline, *date, intent).await
        }
        Command::Retry { pipeline, date } => batch(&root, target, printer, pipeline, *date, Intent::Retry).await,
        Command::Plan { pipeline } => plan(&root, target, printer, pipeline).await,
        Command::Runs { limit } => runs(&root, target, printer, *limit).await,
        Command::Generate { days, rows_per_day, seed, from } => {
            let workspace = Workspace::open_sound(&root, target).await?;
            let mut generator = Generator::new(Options { seed: *seed, deliveries_per_day: *rows_per_day, first_day: *from })?;
            let days = *from..*from + Days::new(u64::from(*days));
            let written = generator.write_history(days, &workspace.project.paths.incoming)?;
            printer.data(&format!("{} days written to {}", written.len(), workspace.project.paths.incoming.display()), &json!({"days": written.len()}));
            Ok(None)
        }
        Command::Demo { nights, history_days, rows_per_day } => {
            demo(&root, target, printer, Demo { first_night: first_night(), nights: *nights, history_days: *history_days, deliveries_per_day: *rows_per_day, seed: 1 }).await
        }
    }
}

fn root(arguments: &Arguments) -> PathBuf {
    let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    arguments.project.clone().unwrap_or_else(|| Project::find_root(&here()).unwrap_or_else(here))
}

fn first_night() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 25).unwrap_or_default()
}

async fn check(root: &std::path::Path, target: Option<&str>, printer: &Printer) -> Result<Option<Fault>> {
    let started = Instant::now();
    let (workspace, problems) = Workspace::open(root, target).await?;
    let compiled = &workspace.compiled;
    let counts = (compiled.contracts.len(), compiled.rollups.len(), compiled.reports.len(), workspace.project.pipelines.len());
    if !problems.is_empty() || printer.is_json() {
        printer.diagnostics(&problems);
    }
    let (sources, rollups, reports, pipelines) = counts;
    printer.note(&format!(
        "{sources} sources, {rollups} rollups, {reports} reports, {pipelines} pipelines; {} errors, {} warnings ({:.2} s)",
        problems.count(Severity::Error),
        problems.count(Severity::Warning),
        started.elapsed().as_secs_f64(),
    ));
    Ok(problems.has_errors().then_some(Fault::User))
}

async fn plan(root: &std::path::Path, target: Option<&str>, printer: &Printer, pipeline: &str) -> Result<Option<Fault>> {
    let workspace = Workspace::open_sound(root, target).await?;
    let steps = order(workspace.steps(workspace.pipeline(pipeline)?)).map_err(nightshift_orchestrate::Error::from)?;
    let mut table = Table::new();
    table.set_header(["step", "waits for"]);
    for step in &steps {
        table.add_row([step.name.clone(), step.depends_on.join(", ")]);
    }
    let json = steps.iter().map(|step| json!({"step": step.name, "depends_on": step.depends_on})).collect();
    printer.data(&table.to_string(), &serde_json::Value::Array(json));
    Ok(None)
}

async fn runs(root: &std::path::Path, target: Option<&str>, printer: &Printer, limit: u32) -> Result<Option<Fault>> {
    let workspace = Workspace::open_sound(root, target).await?;
    let ledger = workspace.ledger().await?;
    let batches = ledger.batches(&BatchFilter { pipeline: None, since: None, limit }).await?;
    let mut table = Table::new();
    table.set_header(["batch", "state", "runs", "succeeded", "failed", "skipped", "seconds"]);
    let mut rows = Vec::new();
    for batch in &batches {
        let cells = [
            batch.batch.label(),
            batch.batch.state.to_string(),
            batch.runs.to_string(),
            batch.succeeded.to_string(),
            batch.failed.to_string(),
            batch.skipped.to_string(),
            format!("{:.1}", batch.measures.seconds),
        ];
        rows.push(json!({"batch": batch.batch.label(), "state": batch.batch.state.to_string(), "failed": batch.failed}));
        table.add_row(cells);
    }
    printer.data(&table.to_string(), &serde_json::Value::Array(rows));
    Ok(None)
}

async fn batch(root: &std::path::Path, target: Option<&str>, printer: &Printer, pipeline: &str, date: NaiveDate, intent: Intent) -> Result<Option<Fault>> {
    let workspace = Arc::new(Workspace::open_sound(root, target).await?);
    let cancel = stop_on_signal();
    let steps = workspace.steps(workspace.pipeline(pipeline)?).len();
    let bars = Arc::new(Bars::new(&format!("{pipeline} {date}"), steps));
    let summary = workspace.run(pipeline, date, intent, bars, cancel).await?;
    print_summary(printer, &summary);
    Ok(summary.fault())
}

/// A token that Ctrl-C or SIGTERM cancels: steps stop at the end of their unit, and the batch can be resumed.
fn stop_on_signal() -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        let terminate = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminate => {}
        }
        token.cancel();
    });
    cancel
}

fn print_summary(printer: &Printer, summary: &RunSummary) {
    let mut table = Table::new();
    table.set_header(["step", "state", "rows in", "rows out", "bytes", "spill", "memory", "seconds", "how"]);
    let mut rows = Vec::new();
    for step in &summary.steps {
        let measures = &step.measures;
        let how = step.technique.as_ref().and_then(|technique| technique.get("technique")).and_then(|text| text.as_str());
        let feeder = step.technique.as_ref().and_then(|technique| technique.get("feeder")).and_then(|text| text.as_str());
        let how = how.map(|how| feeder.map_or_else(|| how.to_owned(), |feeder| format!("{how}, from {feeder}")));
        let why = step.failure.as_ref().map(|failure| failure.message.clone()).or_else(|| step.reason.clone()).or(how).unwrap_or_default();
        rows.push(json!({
            "step": step.step.name, "state": step.state.to_string(), "rows_in": measures.rows_in, "rows_out": measures.rows_out,
            "bytes": measures.bytes, "spill_bytes": measures.spill_bytes, "peak_memory_bytes": measures.peak_memory_bytes,
            "seconds": measures.seconds, "detail": why,
        }));
        table.add_row([
            step.step.name.clone(),
            step.state.to_string(),
            measures.rows_in.to_string(),
            measures.rows_out.to_string(),
            measures.bytes.to_string(),
            measures.spill_bytes.to_string(),
            measures.peak_memory_bytes.to_string(),
            format!("{:.2}", measures.seconds),
            why,
        ]);
    }
    let label = summary.batch.label();
    let state = summary.batch.state.to_string();
    printer.data(&table.to_string(), &json!({"batch": label, "state": state, "seconds": summary.seconds, "steps": rows}));
    printer.note(&format!("{label} {state} in {:.1} s", summary.seconds));
}

async fn demo(root: &std::path::Path, target: Option<&str>, printer: &Printer, demo: Demo) -> Result<Option<Fault>> {
    let started = Instant::now();
    let workspace = Arc::new(Workspace::open_sound(root, target).await?);
    let paths = &workspace.project.paths;
    printer.note(&format!("{} days of history, then {} nights; each night says how long the rest will take", demo.history_days, demo.nights));
    let cancel = stop_on_signal();
    let mut generator = demo.generate_history(&paths.incoming)?;
    printer.note(&format!("history written to {} ({:.1} s)", paths.incoming.display(), started.elapsed().as_secs_f64()));
    let steps = workspace.steps(workspace.pipeline("daily")?).len();
    for number in 0..demo.nights {
        let date = demo.first_night + Days::new(u64::from(number));
        let bars = Arc::new(Bars::new(&format!("night {} of {}, {date}", number + 1, demo.nights), steps));
        let summary = demo.night(number, &mut generator, &workspace, bars, cancel.clone()).await?;
        if let Some(fault) = summary.fault() {
            print_summary(printer, &summary);
            return Ok(Some(fault));
        }
        let done = summary.steps.iter().filter(|step| step.state == StepState::Succeeded).count();
        // The first night loads the history, so it says little about the others.
        let left = f64::from(demo.nights - number - 1) * summary.seconds;
        let rest = if number == 0 { String::new() } else { format!(", about {left:.0} s left") };
        printer.note(&format!("{date}: {done} steps in {:.1} s{rest}", summary.seconds));
    }
    let last = demo.first_night + Days::new(u64::from(demo.nights.saturating_sub(1)));
    let text = format!(
        "tables    {}\nworkbooks {}\nledger    {}\n\ntry next:\n  nightshift runs\n  nightshift run daily --date {last}\n  nightshift plan daily",
        paths.lake.display(),
        paths.output.display(),
        paths.ledger.display(),
    );
    printer.data(&text, &json!({"lake": paths.lake, "output": paths.output, "ledger": paths.ledger}));
    printer.note(&format!("done in {:.1} s", started.elapsed().as_secs_f64()));
    Ok(None)
}
