//! What an ingest would load, replace or wait for.

use std::ops::ControlFlow;

use nightshift_project::ByteSize;
use nightshift_sources::{Arrival, FileState, IngestPlan, IngestRequest, Keep};
use serde_json::json;

use super::{Outlook, Planner, Verdict, outcome};
use crate::Result;
use crate::counted::counted;

impl Planner<'_> {
    pub(super) async fn ingest(&self, source: &str) -> Result<Outlook> {
        let workspace = self.workspace;
        let session = workspace.engine.step(&format!("plan:ingest:{source}"))?;
        let request = IngestRequest {
            lake: &workspace.lake,
            session: &session.context,
            contract: workspace.source(source)?,
            calendar: &workspace.calendar,
            incoming: &workspace.project.paths.incoming,
            up_to: self.date,
            keep: Keep::default(),
            batch_size: workspace.engine.limits().batch_size,
            progress: &|_| ControlFlow::Continue(()),
        };
        let plan = nightshift_sources::plan(&request).await?;
        let verdict = if plan.is_nothing() { Verdict::Nothing } else { Verdict::Work };
        let mut found = outcome(verdict, self.tell(&plan));
        found.detail = detail(&plan);
        Ok(found)
    }

    fn tell(&self, plan: &IngestPlan) -> String {
        let (new, corrected) = (Files::of(plan, FileState::New), Files::of(plan, FileState::Corrected));
        let loaded = plan.in_state(FileState::Loaded).count();
        let waiting = plan.in_state(FileState::Unfinished).count();
        let mut parts = Vec::new();
        match (plan.contract_changed, new.is_empty()) {
            (true, _) => parts.push(format!("load all {new} again: the contract changed")),
            (false, false) => parts.push(format!("load {new}")),
            (false, true) => {}
        }
        if !corrected.is_empty() {
            parts.push(format!("replace {corrected}"));
        }
        if parts.is_empty() {
            parts.push(match (loaded, plan.in_state(FileState::Superseded).count()) {
                (0, 0) => "nothing: no file has arrived".to_owned(),
                (0, _) => "nothing: the table is that of a newer file".to_owned(),
                (loaded, _) => format!("nothing: {} loaded already", are(loaded)),
            });
        }
        if waiting > 0 {
            parts.push(format!("wait for {} still being written", are(waiting)));
        }
        // A source that has files of other dates is expected to have one of this date.
        if !plan.files.is_empty() && !plan.files.iter().any(|arrival| arrival.file.date == self.date) {
            parts.push(format!("none of {} has arrived", self.date));
        }
        parts.join("; ")
    }
}

fn are(count: usize) -> String {
    format!("{} {}", counted(count as u64, "file"), if count == 1 { "is" } else { "are" })
}

/// Files in one state: how many, how large, and their names where they are few.
struct Files<'a>(Vec<&'a Arrival>);

impl<'a> Files<'a> {
    fn of(plan: &'a IngestPlan, state: FileState) -> Self {
        Self(plan.in_state(state).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Files<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = ByteSize(self.0.iter().map(|arrival| arrival.file.size).sum());
        match self.0.as_slice() {
            [only] => write!(formatter, "{} ({bytes})", only.file.identity()),
            many => write!(formatter, "{} files ({bytes})", many.len()),
        }
    }
}

fn detail(plan: &IngestPlan) -> serde_json::Value {
    let of = |state: FileState| {
        let files = plan.in_state(state).map(|arrival| json!({"file": arrival.file.identity(), "bytes": arrival.file.size}));
        files.collect::<Vec<_>>()
    };
    json!({
        "load": of(FileState::New), "replace": of(FileState::Corrected), "wait_for": of(FileState::Unfinished),
        "loaded_already": plan.in_state(FileState::Loaded).count(), "superseded": plan.in_state(FileState::Superseded).count(),
        "contract_changed": plan.contract_changed, "version": plan.version,
    })
}
