//! Brings the files that arrived for a source into its table.

use nightshift_diagnostic::did_you_mean;
use nightshift_ledger::{Measures, Pin, PublicationRecord};
use nightshift_orchestrate::{StepContext, StepOutcome};
use nightshift_sources::IngestRequest;

use super::Steps;
use crate::{Error, Result};

impl Steps {
    pub(super) async fn ingest(&self, source: &str, context: &StepContext) -> Result<StepOutcome> {
        let workspace = &self.workspace;
        let known = || workspace.compiled.contracts.iter().map(|contract| contract.name.as_str());
        let unknown = || Error::Unknown { kind: "source", name: source.to_owned(), hint: did_you_mean(source, known()) };
        let contract = workspace.compiled.contract(source).ok_or_else(unknown)?;
        let session = workspace.engine.step(&format!("ingest:{source}"))?;
        let request = IngestRequest {
            lake: &workspace.lake,
            session: &session.context,
            contract,
            calendar: &workspace.calendar,
            incoming: &workspace.project.paths.incoming,
            up_to: context.batch.business_date,
            batch_size: workspace.engine.limits().batch_size,
        };
        let report = nightshift_sources::ingest(&request).await?;
        let version = report.version_after;
        let changed = version.is_some() && version != report.version_before;
        let table = format!("source/{source}");
        let publication = version.filter(|_| changed).map(|version_after| PublicationRecord {
            table,
            version_before: report.version_before,
            version_after,
        });
        Ok(StepOutcome {
            measures: Measures {
                rows_in: report.records,
                rows_out: report.rows_written,
                bytes: report.bytes_written,
                peak_memory_bytes: session.peak_memory(),
                ..Measures::default()
            },
            pins: version.map(|version| Pin { source: source.to_owned(), version }).into_iter().collect(),
            publications: publication.into_iter().collect(),
            ..StepOutcome::default()
        })
    }
}
