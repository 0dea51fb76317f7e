//! What is said of a run when it has ended.

use comfy_table::Table;
use nightshift_orchestrate::RunSummary;
use serde_json::json;

use crate::printer::Printer;

pub(super) fn print_summary(printer: &Printer, summary: &RunSummary) {
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
