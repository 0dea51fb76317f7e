//! `nightshift show`.

use chrono::{DateTime, NaiveDate, Utc};
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_ledger::{AttemptRecord, AuditRecord, BatchDetail, OutputRecord, Pin, PublicationRecord, RunRecord, StepDetail, VerificationRecord};
use nightshift_project::ByteSize;
use serde_json::{Value, json};

use crate::printer::Printer;
use crate::table::{Align, Table};

pub(super) async fn show(
    root: &std::path::Path,
    target: Option<&str>,
    printer: &Printer,
    batch: Option<&str>,
    date: Option<NaiveDate>,
) -> Result<Option<Fault>> {
    let (workspace, _) = Workspace::open(root, target).await?;
    let reference = match (batch, date) {
        (Some(pipeline), Some(date)) => Some(format!("{pipeline}@{date}")),
        (batch, _) => batch.map(str::to_owned),
    };
    let detail = workspace.show(reference.as_deref()).await?;
    let text = Text { workspace: &workspace, detail: &detail };
    printer.data(&text.sections().join("\n\n"), &as_json(&detail));
    Ok(None)
}

/// What a person reads of a batch.
struct Text<'a> {
    workspace: &'a Workspace,
    detail: &'a BatchDetail,
}

impl Text<'_> {
    fn sections(&self) -> Vec<String> {
        let sections = [
            ("runs", self.runs()),
            ("source versions that were read", self.pins()),
            ("steps", self.steps()),
            ("failures", self.failures()),
            ("table versions that were published", self.publications()),
            ("files", self.outputs()),
            ("rollups that were compared with their sources", self.verifications()),
            ("audit", self.audit()),
        ];
        let shown = sections.into_iter().filter(|(_, body)| !body.is_empty()).map(|(title, body)| format!("{title}\n{body}"));
        std::iter::once(self.title()).chain(shown).collect()
    }

    fn title(&self) -> String {
        let batch = &self.detail.batch;
        let (id, label, state) = (batch.id, batch.label(), batch.state);
        format!("{label}: {state}\nbatch {id}, created {}, last changed {}", self.time(batch.created_at), self.time(batch.changed_at))
    }

    /// What the clock on the business's wall showed.
    fn time(&self, at: DateTime<Utc>) -> String {
        self.workspace.calendar.local(at).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn runs(&self) -> String {
        let mut table = table(&[
            ("run", Align::Right),
            ("why", Align::Left),
            ("state", Align::Left),
            ("started", Align::Left),
            ("seconds", Align::Right),
            ("by", Align::Left),
        ]);
        for (run, _) in &self.detail.runs {
            let state = run.ended_as.map_or_else(|| "not ended".to_owned(), |state| state.to_string());
            let seconds = run.finished_at.map(|end| format!("{:.1}", seconds_between(run.started_at, end))).unwrap_or_default();
            let by = format!("{}, process {} on {}", run.owner, run.pid, run.host);
            table.row([run.number.to_string(), run.cause.to_string(), state, self.time(run.started_at), seconds, by].into_iter());
        }
        table.to_string()
    }

    fn pins(&self) -> String {
        let line = |(run, pins): &(RunRecord, Vec<Pin>)| {
            let versions: Vec<String> = pins.iter().map(|pin| format!("{} {}", pin.source, pin.version)).collect();
            format!("run {}: {}", run.number, versions.join(", "))
        };
        self.detail.runs.iter().filter(|(_, pins)| !pins.is_empty()).map(line).collect::<Vec<_>>().join("\n")
    }

    fn steps(&self) -> String {
        let mut table = table(&[
            ("step", Align::Left),
            ("state", Align::Left),
            ("try", Align::Right),
            ("rows in", Align::Right),
            ("rows out", Align::Right),
            ("bytes", Align::Right),
            ("spill", Align::Right),
            ("memory", Align::Right),
            ("seconds", Align::Right),
            ("how", Align::Left),
        ]);
        for StepDetail { step, attempts } in &self.detail.steps {
            for (attempt, _, _) in attempts {
                let measures = &attempt.measures;
                let bytes = |bytes: u64| ByteSize(bytes).to_string();
                let row = [
                    step.name.clone(),
                    attempt.state.to_string(),
                    attempt.number.to_string(),
                    measures.rows_in.to_string(),
                    measures.rows_out.to_string(),
                    bytes(measures.bytes),
                    bytes(measures.spill_bytes),
                    bytes(measures.peak_memory_bytes),
                    format!("{:.2}", measures.seconds),
                    how(attempt),
                ];
                table.row(row.into_iter());
            }
            // A step that was never tried, or that waits to be tried again.
            let last = attempts.last().map(|(attempt, _, _)| attempt.state.as_str());
            if last != Some(step.state.as_str()) {
                let mut row = vec![String::new(); 10];
                row.splice(0..2, [step.name.clone(), step.state.to_string()]);
                row.splice(9.., [step.reason.clone().unwrap_or_default()]);
                table.row(row.into_iter());
            }
        }
        table.to_string()
    }

    fn failures(&self) -> String {
        let mut lines = Vec::new();
        for (step, (attempt, _, _)) in self.attempts() {
            if let Some(message) = &attempt.message {
                let fault = attempt.fault.map(|fault| format!(", fault {fault}")).unwrap_or_default();
                let retry = if attempt.retry_helps == Some(true) { ", trying again may help" } else { "" };
                lines.push(format!("{} try {}{fault}{retry}\n  {message}", step.step.name, attempt.number));
            }
        }
        lines.join("\n")
    }

    fn publications(&self) -> String {
        let mut table = table(&[("table", Align::Left), ("before", Align::Right), ("after", Align::Right), ("step", Align::Left)]);
        let published: Vec<(&StepDetail, &PublicationRecord)> = self.attempts().flat_map(|(step, made)| made.1.iter().map(move |made| (step, made))).collect();
        for (step, publication) in &published {
            let before = publication.version_before.map_or_else(|| "none".to_owned(), |version| version.to_string());
            table.row([publication.table.clone(), before, publication.version_after.to_string(), step.step.name.clone()].into_iter());
        }
        if published.is_empty() { String::new() } else { table.to_string() }
    }

    fn outputs(&self) -> String {
        let mut table = table(&[("file", Align::Left), ("rows", Align::Right), ("bytes", Align::Right), ("sha256", Align::Left), ("", Align::Left)]);
        let outputs: Vec<&OutputRecord> = self.attempts().flat_map(|(_, made)| &made.2).collect();
        for output in &outputs {
            let path = std::path::Path::new(&output.path);
            let path = path.strip_prefix(&self.workspace.project.root).unwrap_or(path).display().to_string();
            let unchanged = if output.unchanged { "unchanged" } else { "" };
            table.row([path, output.rows.to_string(), ByteSize(output.bytes).to_string(), output.sha256.clone(), unchanged.to_owned()].into_iter());
        }
        if outputs.is_empty() { String::new() } else { table.to_string() }
    }

    fn verifications(&self) -> String {
        let columns = [("rollup", Align::Left), ("version", Align::Right), ("buckets", Align::Right), ("rows", Align::Right), ("seconds", Align::Right)];
        let mut table = table(&columns.into_iter().chain([("found", Align::Left)]).collect::<Vec<_>>());
        for record in &self.detail.verifications {
            let buckets = record.buckets.map_or_else(|| "all".to_owned(), |buckets| buckets.to_string());
            let found = found(record);
            let (version, rows, seconds) = (record.table_version.to_string(), record.rows.to_string(), format!("{:.2}", record.seconds));
            table.row([record.rollup.clone(), version, buckets, rows, seconds, found].into_iter());
        }
        if self.detail.verifications.is_empty() { String::new() } else { table.to_string() }
    }

    fn audit(&self) -> String {
        let mut table = table(&[("at", Align::Left), ("by", Align::Left), ("what", Align::Left), ("detail", Align::Left)]);
        for record in &self.detail.audit {
            let entry = &record.entry;
            table.row([self.time(record.at), entry.actor.clone(), entry.action.clone(), spoken(&entry.detail)].into_iter());
        }
        if self.detail.audit.is_empty() { String::new() } else { table.to_string() }
    }

    /// Every attempt with its step and what it made.
    fn attempts(&self) -> impl Iterator<Item = (&StepDetail, &Attempt)> {
        self.detail.steps.iter().flat_map(|step| step.attempts.iter().map(move |attempt| (step, attempt)))
    }
}

type Attempt = (AttemptRecord, Vec<PublicationRecord>, Vec<OutputRecord>);

fn table(columns: &[(&str, Align)]) -> Table {
    Table::new(columns.iter().map(|(name, align)| ((*name).to_owned(), *align)))
}

/// How a rollup was brought up to date and why so, in words.
fn how(attempt: &AttemptRecord) -> String {
    let word = |key: &str| attempt.technique.as_ref()?.get(key)?.as_str();
    let feeder = word("feeder").map(|feeder| format!("from {feeder}"));
    let parts = word("technique").map(str::to_owned).into_iter().chain(word("reason").map(str::to_owned)).chain(feeder);
    parts.collect::<Vec<_>>().join(", ")
}

/// What an audit entry says first; the batch itself stands at the top already.
const AUDIT_ORDER: [&str; 4] = ["run", "cause", "ended_as", "recovered_run"];

/// The detail of an audit entry as a line.
fn spoken(detail: &Value) -> String {
    let Some(entries) = detail.as_object() else { return detail.to_string() };
    let mut entries: Vec<(&str, &Value)> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.retain(|(key, value)| !value.is_null() && *key != "batch");
    entries.sort_by_key(|(key, _)| AUDIT_ORDER.iter().position(|known| known == key).unwrap_or(AUDIT_ORDER.len()));
    let said: Vec<String> = entries.into_iter().map(|(key, value)| spoken_entry(key, value)).collect();
    said.join(", ")
}

fn spoken_entry(key: &str, value: &Value) -> String {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (key, value) {
        ("lock_taken_over_from", Value::Object(owner)) => {
            let of = |key: &str| owner.get(key).map(word).unwrap_or_default();
            format!("lock taken over from {}, process {} on {}, which had held it for {} s", of("owner"), of("pid"), of("host"), of("age_seconds"))
        }
        _ => format!("{} {}", key.replace('_', " "), word(value)),
    }
}

fn seconds_between(start: DateTime<Utc>, end: DateTime<Utc>) -> f64 {
    (end - start).as_seconds_f64()
}

fn as_json(detail: &BatchDetail) -> Value {
    let batch = &detail.batch;
    json!({
        "batch": batch.label(), "id": batch.id.0, "pipeline": batch.pipeline, "business_date": batch.business_date, "attempt": batch.attempt,
        "state": batch.state.as_str(), "created_at": batch.created_at, "changed_at": batch.changed_at,
        "runs": detail.runs.iter().map(run_json).collect::<Value>(),
        "steps": detail.steps.iter().map(step_json).collect::<Value>(),
        "verifications": detail.verifications.iter().map(verification_json).collect::<Value>(),
        "audit": detail.audit.iter().map(audit_json).collect::<Value>(),
    })
}

fn run_json((run, pins): &(RunRecord, Vec<Pin>)) -> Value {
    json!({
        "run": run.number, "id": run.id.0, "cause": run.cause.as_str(), "owner": run.owner, "host": run.host, "pid": run.pid,
        "started_at": run.started_at, "finished_at": run.finished_at, "ended_as": run.ended_as.map(nightshift_ledger::BatchState::as_str),
        "pins": pins.iter().map(|pin| (pin.source.clone(), json!(pin.version))).collect::<serde_json::Map<_, _>>(),
    })
}

fn step_json(detail: &StepDetail) -> Value {
    let step = &detail.step;
    let attempts = detail.attempts.iter().map(|(attempt, publications, outputs)| {
        let measures = &attempt.measures;
        json!({
            "attempt": attempt.number, "run": attempt.run.0, "state": attempt.state.as_str(), "started_at": attempt.started_at,
            "finished_at": attempt.finished_at, "fault": attempt.fault.map(Fault::as_str), "retry_helps": attempt.retry_helps,
            "message": attempt.message, "rows_in": measures.rows_in, "rows_out": measures.rows_out, "bytes": measures.bytes,
            "spill_bytes": measures.spill_bytes, "peak_memory_bytes": measures.peak_memory_bytes, "seconds": measures.seconds,
            "technique": attempt.technique,
            "publications": publications.iter().map(|published| json!({
                "table": published.table, "version_before": published.version_before, "version_after": published.version_after,
            })).collect::<Value>(),
            "outputs": outputs.iter().map(|output| json!({
                "report": output.report, "path": output.path, "rows": output.rows, "bytes": output.bytes, "sha256": output.sha256,
                "unchanged": output.unchanged,
            })).collect::<Value>(),
        })
    });
    json!({
        "step": step.name, "kind": step.kind.as_str(), "target": step.target, "priority": step.priority, "state": step.state.as_str(),
        "reason": step.reason, "attempts": attempts.collect::<Value>(),
    })
}

/// What a comparison of a rollup with its sources found.
pub(super) fn found(record: &VerificationRecord) -> String {
    match (&record.reason, record.differences) {
        (Some(reason), _) => format!("not verified: {reason}"),
        (None, 0) => "equal".to_owned(),
        (None, rows) => format!("DIFFERENT in {rows} rows"),
    }
}

pub(super) fn verification_json(record: &VerificationRecord) -> Value {
    json!({
        "at": record.at, "actor": record.actor, "rollup": record.rollup, "table_version": record.table_version, "buckets": record.buckets,
        "rows": record.rows, "differences": record.differences, "not_verified_because": record.reason, "seconds": record.seconds,
    })
}

fn audit_json(record: &AuditRecord) -> Value {
    json!({"at": record.at, "actor": record.entry.actor, "action": record.entry.action, "detail": record.entry.detail})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_entry_is_a_line_with_the_lock_that_was_taken_over() {
        let owner = json!({"owner": "chen", "host": "north", "pid": 4711, "age_seconds": 90});
        let opened = json!({"batch": "daily@2026-02-22", "cause": "resume", "lock_taken_over_from": owner, "recovered_run": 1, "run": 2});
        assert_eq!(spoken(&opened), "run 2, cause resume, recovered run 1, lock taken over from chen, process 4711 on north, which had held it for 90 s");
        let plain = json!({"batch": "daily@2026-02-22", "cause": "first", "lock_taken_over_from": null, "recovered_run": null, "run": 1});
        assert_eq!(spoken(&plain), "run 1, cause first");
        assert_eq!(spoken(&json!({"why": "power cut", "files": ["a", "b"]})), "files [\"a\",\"b\"], why power cut");
    }
}
