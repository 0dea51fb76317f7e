//! What is said of a run when it has ended.

use nightshift_app::backfill::words_of;
use nightshift_ledger::{Measures, StepState};
use nightshift_orchestrate::{RunSummary, StepReport};
use serde_json::{Value, json};

use crate::columns::{count, shown, size, table};
use crate::printer::Printer;

pub(super) fn print_summary(printer: &Printer, summary: &RunSummary) {
    printer.data(&text(summary), &as_json(summary));
    printer.note(&ending(summary));
}

/// How it ended, in a line.
pub(super) fn ending(summary: &RunSummary) -> String {
    format!("{} {} in {:.1} s{}", summary.batch.label(), summary.batch.state, summary.seconds, next(summary))
}

pub(super) fn as_json(summary: &RunSummary) -> Value {
    let steps: Vec<Value> = summary.steps.iter().map(step_json).collect();
    json!({"batch": summary.batch.label(), "state": summary.batch.state.as_str(), "seconds": summary.seconds, "steps": steps})
}

/// A line for each step and one for all of them.
pub(super) fn text(summary: &RunSummary) -> String {
    let header = ["step", "state", "rows in", "rows out", "written", "spill", "memory", "seconds", "how"];
    let mut table = table(&header, &["rows in", "rows out", "written", "spill", "memory", "seconds"]);
    for step in &summary.steps {
        table.add_row(line(&step.step.name, step.state.as_str(), &step.measures, how(step)));
    }
    let all = summary.steps.iter().map(|step| &step.measures);
    let total = all.fold(Measures { seconds: summary.seconds, ..Measures::default() }, |total, step| Measures {
        rows_in: total.rows_in + step.rows_in,
        rows_out: total.rows_out + step.rows_out,
        bytes: total.bytes + step.bytes,
        spill_bytes: total.spill_bytes + step.spill_bytes,
        peak_memory_bytes: total.peak_memory_bytes.max(step.peak_memory_bytes),
        seconds: total.seconds,
    });
    table.add_row(line("total", summary.batch.state.as_str(), &total, "memory: the most of one step; seconds: from start to end".to_owned()));
    shown(&table)
}

fn line(name: &str, state: &str, measures: &Measures, how: String) -> [String; 9] {
    [
        name.to_owned(),
        state.to_owned(),
        count(measures.rows_in),
        count(measures.rows_out),
        size(measures.bytes),
        size(measures.spill_bytes),
        size(measures.peak_memory_bytes),
        format!("{:.2}", measures.seconds),
        how,
    ]
}

/// Why a step failed or was skipped, else how it went about its work.
fn how(step: &StepReport) -> String {
    if let Some(failure) = &step.failure {
        return failure.message.clone();
    }
    if let Some(reason) = &step.reason {
        return reason.clone();
    }
    if step.attempts == 0 && step.state == StepState::Succeeded {
        return "done by an earlier run of the batch".to_owned();
    }
    let told = |key: &str| step.technique.as_ref().and_then(|technique| technique.get(key)).and_then(Value::as_str);
    let how = match (told("technique"), told("feeder")) {
        (Some(how), Some(feeder)) => format!("{how}, from {feeder}"),
        (how, _) => how.unwrap_or_default().to_owned(),
    };
    told("verified").map_or(how.clone(), |verified| format!("{how}; verified: {verified}"))
}

fn step_json(step: &StepReport) -> Value {
    let measures = &step.measures;
    json!({
        "step": step.step.name, "state": step.state.as_str(), "attempts": step.attempts,
        "rows_in": measures.rows_in, "rows_out": measures.rows_out, "bytes": measures.bytes, "spill_bytes": measures.spill_bytes,
        "peak_memory_bytes": measures.peak_memory_bytes, "seconds": measures.seconds, "detail": how(step),
        "outputs": step.outputs.iter().map(|output| json!({"path": output.path, "rows": output.rows, "bytes": output.bytes, "sha256": output.sha256, "unchanged": output.unchanged})).collect::<Vec<_>>(),
    })
}

/// What to do about a run that did not succeed.
fn next(summary: &RunSummary) -> String {
    use nightshift_ledger::BatchState;
    let batch = &summary.batch;
    let again = match words_of(&batch.pipeline) {
        Some(words) => format!("nightshift {words}"),
        None => format!("nightshift retry {} --date {}", batch.pipeline, batch.business_date),
    };
    match batch.state {
        BatchState::Succeeded => String::new(),
        BatchState::Failed => format!("; when the cause is mended: {again}"),
        BatchState::Ready | BatchState::Running | BatchState::Interrupted => format!("; what is left: {again}"),
    }
}
