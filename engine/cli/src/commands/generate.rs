//! `nightshift generate`.

use chrono::Days;
use nightshift_app::generate::{Generator, Options};
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use serde_json::json;

use crate::printer::Printer;

pub(super) async fn generate(root: &std::path::Path, target: Option<&str>, printer: &Printer, options: Options, days: u32) -> Result<Option<Fault>> {
    let workspace = Workspace::open_sound(root, target).await?;
    let mut generator = Generator::new(options)?;
    let days = options.first_day..options.first_day + Days::new(u64::from(days));
    let written = generator.write_history(days, &workspace.project.paths.incoming)?;
    printer.data(&format!("{} days written to {}", written.len(), workspace.project.paths.incoming.display()), &json!({"days": written.len()}));
    Ok(None)
}
