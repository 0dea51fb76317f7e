//! `nightshift plan`.

use chrono::NaiveDate;
use nightshift_app::Result;
use nightshift_app::plan::{Plan, PlannedStep};
use nightshift_diagnostic::Fault;
use nightshift_orchestrate::Intent;
use serde_json::{Value, json};

use super::batch::open_for_run;
use super::rerun;
use crate::columns::{shown, some, table};
use crate::printer::Printer;

pub(super) async fn plan(
    root: &std::path::Path,
    target: Option<&str>,
    printer: &Printer,
    pipeline: &str,
    date: Option<NaiveDate>,
    intent: Intent,
) -> Result<Option<Fault>> {
    let workspace = open_for_run(root, target, printer, pipeline).await?;
    let date = date.unwrap_or_else(|| workspace.newest_date());
    let plan = workspace.plan(pipeline, date, intent).await?;
    printer.data(&text(&plan), &as_json(&plan));
    Ok(None)
}

fn text(plan: &Plan) -> String {
    let mut table = table(&["step", "what", "waits for"], &[]);
    for planned in &plan.steps {
        table.add_row([planned.step.name.clone(), planned.what.clone(), some(&planned.step.depends_on)]);
    }
    let head = format!("{}@{}: {}", plan.pipeline, plan.date, plan.beginning);
    let rerun = plan.rerun.as_ref().map(|rerun| format!("\n\n{}", rerun::text(rerun)));
    format!("{head}\n\n{}{}", shown(&table), rerun.unwrap_or_default())
}

fn as_json(plan: &Plan) -> Value {
    let step = |planned: &PlannedStep| {
        json!({
            "step": planned.step.name, "verdict": planned.verdict.as_str(), "what": planned.what, "reasons": planned.reasons,
            "decided_after": planned.after, "because_of": planned.causes, "depends_on": planned.step.depends_on, "detail": planned.detail,
        })
    };
    json!({
        "pipeline": plan.pipeline, "date": plan.date.to_string(), "beginning": plan.beginning,
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(), "rerun": plan.rerun.as_ref().map(rerun::as_json),
    })
}
