//! `nightshift plan`.

use comfy_table::Table;
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_orchestrate::order;
use serde_json::json;

use crate::printer::Printer;

pub(super) async fn plan(root: &std::path::Path, target: Option<&str>, printer: &Printer, pipeline: &str) -> Result<Option<Fault>> {
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
