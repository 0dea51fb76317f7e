//! `nightshift explain`.

use nightshift_app::explain::{Cost, Decision, ExplainedReport, ExplainedRollup, Explanation, Feeder, Kind, Prediction, Rejected, Rejection, Way};
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_ledger::VerificationRecord;
use nightshift_project::{ByteSize, Rewrite};
use serde_json::{Value, json};

use super::rows::{answers_json, told};
use super::show::{found, verification_json};
use super::signal::stop_on_signal;
use crate::columns::some;
use crate::printer::Printer;
use crate::tree::Tree;

pub(super) async fn explain(root: &std::path::Path, target: Option<&str>, printer: &Printer, name: &str) -> Result<Option<Fault>> {
    let (workspace, problems) = Workspace::open(root, target).await?;
    let explanation = workspace.explain(workspace.named(name)?, &problems, &stop_on_signal(*printer)).await?;
    let (text, json) = match &explanation {
        Explanation::Rollup(rollup) => (text(rollup), as_json(rollup)),
        Explanation::Report(report) => (text_of_report(&workspace, report), report_json(&workspace, report)),
    };
    printer.data(text.trim_end(), &json);
    printer.other_problems(&problems);
    Ok(None)
}

/// Of a report: each GROUP BY with the rollup that answers it, and those that do not.
fn text_of_report(workspace: &Workspace, explained: &ExplainedReport) -> String {
    let ExplainedReport { report, date, may_rewrite, blocks } = explained;
    let mut text = format!("{} (report): {}\n", report.name(), report.definition.header.title);
    text.push_str(&format!("as it would be made for {date}{}\n", if *may_rewrite == Rewrite::Off { ", if its header did not say `rewrite: off`" } else { "" }));
    if blocks.is_empty() {
        text.push_str("\nnothing that it groups is a source\n");
    }
    for block in blocks {
        let title = match &block.answered {
            Some(answered) => told(workspace, block, answered),
            None => format!("read from {}", block.tables.join(", ")),
        };
        let refused = block.refused.iter().map(|(rollup, refusal)| Tree::new(format!("not from {rollup}: {refusal}"), vec![]));
        text.push_str(&format!("\n{}", Tree::new(title, refused.collect()).draw()));
    }
    text
}

fn report_json(workspace: &Workspace, explained: &ExplainedReport) -> Value {
    let ExplainedReport { report, date, may_rewrite, blocks } = explained;
    let blocks = blocks.iter().map(|block| {
        json!({
            "tables": block.tables,
            "answered_from": answers_json(workspace, std::slice::from_ref(block)).get(0),
            "refused": block.refused.iter().map(|(rollup, refusal)| json!({"rollup": rollup, "why": refusal.to_string()})).collect::<Value>(),
        })
    });
    json!({
        "name": report.name(), "title": report.definition.header.title, "date": date.to_string(), "rewrite": *may_rewrite == Rewrite::On,
        "blocks": blocks.collect::<Value>(),
    })
}

fn text(explanation: &ExplainedRollup) -> String {
    let ExplainedRollup { rollup, ways, feeders, hidden, now, touched, verified } = explanation;
    let mut text = format!("{} (rollup): {}\n", rollup.name(), rollup.definition.header.title);
    text.push_str(&format!("by the {} of {}.{}; definition {}\n", rollup.grain(), rollup.time.table, rollup.time.column, rollup.fingerprint));
    let mut part = |title: &str, trees: Vec<Tree>| {
        if !trees.is_empty() {
            text.push_str(&format!("\n{}", Tree::new(title, trees).draw()));
        }
    };
    part("a change can be followed by", ways.iter().map(way).collect());
    part("finer rollups over the same facts", feeders.iter().map(feeder).collect());
    part("its table also keeps", hidden.iter().map(|column| Tree::new(column, vec![])).collect());
    part("a refresh now", now_trees(now, touched));
    part("compared with its sources", verified.iter().map(|record| Tree::new(last(record), vec![])).collect());
    text
}

fn way(way: &Way) -> Tree {
    let word = if way.is_allowed { "yes" } else { "no" };
    let hint = way.hint.map(|hint| format!("to change that: {hint}"));
    let below = way.notes.iter().cloned().chain(hint).map(|line| Tree::new(line, vec![]));
    Tree::new(format!("{}: {word}, {}", way.kind, way.why), below.collect())
}

fn feeder(feeder: &Feeder) -> Tree {
    let line = match &feeder.refused {
        None => format!("{}: computed from it where facts would have to be read", feeder.name),
        Some(reason) => format!("{}: not from it, {reason}", feeder.name),
    };
    Tree::new(line, vec![])
}

fn now_trees(now: &Decision, touched: &[String]) -> Vec<Tree> {
    let changed = if now.changed_bytes > 0 { format!(" ({} of files changed)", ByteSize(now.changed_bytes)) } else { String::new() };
    let buckets = (!touched.is_empty()).then(|| Tree::new(format!("touched: {}", some(touched)), vec![]));
    // Where nothing can be said of the change, all are rejected for that one reason, which stands with the technique.
    let is_told = |other: &&Rejected| other.kind != Kind::Nothing && !matches!(other.reason, Rejection::NoChange(_));
    let rejected = now.rejected.iter().filter(|_| now.technique.kind() != Kind::Nothing).filter(is_told);
    let rejected = rejected.map(|other| {
        let hint = other.reason.hint().map(|hint| Tree::new(format!("to change that: {hint}"), vec![]));
        Tree::new(format!("not {}: {}", other.kind, other.reason), hint.into_iter().collect())
    });
    let expected = now.cost().map(|cost| Tree::new(format!("expected: {}", expected(&cost.prediction)), vec![]));
    let technique = Tree::new(format!("{}{changed}", now.technique), buckets.into_iter().chain(expected).collect());
    std::iter::once(technique).chain(rejected).collect()
}

/// What a refresh is expected to cost, for people.
fn expected(prediction: &Prediction) -> String {
    let Prediction { rows, bytes, memory, seconds } = prediction;
    format!("about {:.0} ms, {rows} rows with {} read, {} held", seconds * 1e3, ByteSize(*bytes), ByteSize(*memory))
}

fn last(record: &VerificationRecord) -> String {
    let found = found(record);
    let buckets = record.buckets.map_or_else(|| "all".to_owned(), |buckets| buckets.to_string());
    format!("{} UTC, version {}: {found}, {buckets} buckets with {} rows", record.at.format("%Y-%m-%d %H:%M"), record.table_version, record.rows)
}

fn cost_json(cost: &Cost) -> Value {
    let Prediction { rows, bytes, memory, seconds } = cost.prediction;
    json!({"technique": cost.kind.as_str(), "rows": rows, "bytes": bytes, "memory_bytes": memory, "seconds": seconds})
}

fn as_json(explanation: &ExplainedRollup) -> Value {
    let ExplainedRollup { rollup, ways, feeders, hidden, now, touched, verified } = explanation;
    json!({
        "name": rollup.name(), "title": rollup.definition.header.title, "grain": rollup.grain().as_str(),
        "time": {"table": rollup.time.table, "column": rollup.time.column}, "fingerprint": rollup.fingerprint,
        "techniques": ways.iter().map(|way| json!({
            "technique": way.kind.as_str(), "allowed": way.is_allowed, "why": way.why, "hint": way.hint, "notes": way.notes,
        })).collect::<Value>(),
        "feeders": feeders.iter().map(|feeder| json!({"name": feeder.name, "refused": feeder.refused})).collect::<Value>(),
        "hidden_columns": hidden,
        "verified": verified.as_ref().map(verification_json),
        "now": {
            "expected": now.costs.iter().map(cost_json).collect::<Value>(),
            "technique": now.technique.kind().as_str(), "what": now.technique.to_string(), "touched": touched, "changed_bytes": now.changed_bytes,
            "rejected": now.rejected.iter().map(|other| json!({
                "technique": other.kind.as_str(), "why": other.reason.to_string(), "hint": other.reason.hint(),
            })).collect::<Value>(),
        },
    })
}
