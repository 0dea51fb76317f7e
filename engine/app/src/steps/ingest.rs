//! Brings the files that arrived for a source into its table.

use std::ops::ControlFlow;

use chrono::NaiveDate;
use nightshift_ledger::{Measures, Pin, PublicationRecord};
use nightshift_orchestrate::{StepContext, StepOutcome};
use nightshift_sources::{IngestReport, IngestRequest, Keep};
use serde_json::json;

use super::Steps;
use crate::Result;
use crate::counted::counted;

impl Steps {
    pub(super) async fn ingest(&self, source: &str, context: &StepContext) -> Result<StepOutcome> {
        let workspace = &self.workspace;
        let contract = workspace.source(source)?;
        let session = workspace.engine.step(&format!("ingest:{source}"))?;
        let request = IngestRequest {
            lake: &self.lake(context),
            session: &session.context,
            contract,
            calendar: &workspace.calendar,
            incoming: &workspace.project.paths.incoming,
            up_to: context.batch.business_date,
            keep: Keep::default(),
            batch_size: workspace.engine.limits().batch_size,
            progress: &|records| {
                context.progress.advance("records", records, None);
                if context.cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        };
        let report = nightshift_sources::ingest(&request).await?;
        let version = report.version_after;
        let changed = version.is_some() && version != report.version_before;
        let table = format!("source/{source}");
        let publication = version.filter(|_| changed).map(|version_after| PublicationRecord { table, version_before: report.version_before, version_after });
        Ok(StepOutcome {
            measures: Measures {
                rows_in: report.records,
                rows_out: report.rows_written,
                bytes: report.bytes_written,
                peak_memory_bytes: session.peak_memory(),
                ..Measures::default()
            },
            pins: version.map(|version| Pin { source: source.to_owned(), version }).into_iter().collect(),
            technique: Some(json!({"technique": told(&report, context.batch.business_date)})),
            publications: publication.into_iter().collect(),
            ..StepOutcome::default()
        })
    }
}

/// What became of the files, for people.
fn told(report: &IngestReport, date: NaiveDate) -> String {
    let mut parts = Vec::new();
    if report.contract_changed {
        parts.push("all again, the contract changed".to_owned());
    }
    for (what, names) in [("loaded", &report.loaded), ("replaced", &report.replaced), ("still being written", &report.waiting)] {
        if !names.is_empty() {
            parts.push(format!("{what} {}", counted(names.len() as u64, "file")));
        }
    }
    if parts.is_empty() {
        parts.push(if report.arrived { "nothing new".to_owned() } else { format!("nothing new: no file has arrived for {date}") });
    }
    if report.review > 0 {
        parts.push(format!("{} to review", counted(report.review, "row")));
    }
    parts.join("; ")
}
