//! Whether a report would be made, and whether it would come out as it did before.
//!
//! A report whose tables stand as they will be read is computed, and its rows are compared with the hash that its table keeps: so the
//! plan says for certain which files change. It costs the query and writes nothing.

use nightshift_compile::Report;
use nightshift_execute::run;
use nightshift_lake::{Snapshot, TableKind, TableName};
use nightshift_refresh::tables::{self, Pinned};
use serde_json::json;

use super::{Outlook, Planner, Verdict, outcome};
use crate::Result;
use crate::steps::report::edition::{Difference, Edition, RowDigest};
use crate::steps::report::plan;

impl Planner<'_> {
    pub(super) async fn report(&self, name: &str) -> Result<Outlook> {
        let workspace = self.workspace;
        let report = workspace.report(name)?;
        let edition = Edition::new(workspace, report, self.date)?;
        let pinned = self.pinned(&report.tables).await?;
        let base = workspace.lake.snapshot(&TableName::new(TableKind::Report, name)?).await?;
        let differences = edition.differences(&workspace.lake, base.as_ref(), &pinned).await?;
        let after = self.before(&report.tables, Verdict::may_change_rows);
        let mut found = self.verdict(&edition, base.as_ref(), &pinned, &differences, &after).await?;
        found.reasons.extend(differences.iter().map(ToString::to_string));
        if found.verdict == Verdict::Work || found.verdict == Verdict::Undecided {
            found.reasons.extend(self.origin(report, &pinned, &differences).await?);
        }
        found.detail = json!({
            "differences": differences.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "files": edition.expected_files().map(|file| file.display().to_string()).collect::<Vec<_>>(),
        });
        found.after = after;
        Ok(found)
    }

    async fn verdict(&self, edition: &Edition<'_>, base: Option<&Snapshot>, pinned: &Pinned, differences: &[Difference], after: &[String]) -> Result<Outlook> {
        let makes_anyway = differences.iter().find(|difference| !matches!(difference, Difference::OtherVersion { .. }));
        if let Some(difference) = makes_anyway {
            let verdict = if *difference == Difference::NeverMade { Verdict::First } else { Verdict::Work };
            return Ok(outcome(verdict, format!("make it: {difference}")));
        }
        if !after.is_empty() {
            return Ok(outcome(Verdict::Undecided, format!("decided after {}: made again if one of them changes a row", some(after))));
        }
        if differences.is_empty() {
            return Ok(outcome(Verdict::Nothing, "nothing: it is made already"));
        }
        let same = match base {
            Some(base) => edition.known_rows(base).await? == Some(self.rows_of(edition.report, edition, pinned).await?),
            None => false,
        };
        Ok(if same {
            outcome(Verdict::Marks, "computed again, with the same rows: its files stay")
        } else {
            outcome(Verdict::Work, "make it again: it has other rows; the earlier files are kept")
        })
    }

    /// The hash of the rows that the report would have.
    async fn rows_of(&self, report: &Report, edition: &Edition<'_>, pinned: &Pinned) -> Result<i64> {
        let session = self.workspace.engine.step(&format!("plan:report:{}", report.name()))?;
        tables::register(&session.context, pinned)?;
        let mut running = run::start(&session, &plan(self.workspace, &session, edition, pinned).await?, &self.cancel).await?;
        let mut digest = RowDigest::default();
        while let Some(batch) = running.next().await? {
            digest.push(&batch)?;
        }
        Ok(digest.finish())
    }
}

/// The first three of many.
fn some(names: &[String]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => format!("{first}, {second}, {third} and {} more", rest.len()),
        few => few.join(", "),
    }
}
