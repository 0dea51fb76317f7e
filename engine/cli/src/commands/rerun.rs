//! What is said before a date is run again: which reports that people have read will be others.

use nightshift_app::plan::{ReportChange, Rerun};
use serde_json::{Value, json};

/// How many reasons of a report are shown; JSON has all of them.
const REASONS: usize = 3;

pub(super) fn text(rerun: &Rerun) -> String {
    let mut lines = vec![head(rerun)];
    let of = |change: &ReportChange, lines: &mut Vec<String>| {
        lines.push(format!("  {}", change.report));
        let through = (!change.causes.is_empty()).then(|| format!("through {}", change.causes.join(", ")));
        let reasons: Vec<&String> = through.iter().chain(&change.reasons).collect();
        // The last reason is the most telling one: the files that were loaded.
        let hidden = reasons.len().saturating_sub(REASONS + 1);
        for (index, reason) in reasons.iter().enumerate() {
            match index {
                index if hidden > 0 && index == REASONS => lines.push(format!("    and {hidden} more differences")),
                index if hidden > 0 && index > REASONS && index + 1 < reasons.len() => {}
                _ => lines.push(format!("    {reason}")),
            }
        }
    };
    if !rerun.changes.is_empty() {
        lines.push(format!("{} change; the earlier files are kept beside the new ones:", reports(rerun.changes.len())));
        rerun.changes.iter().for_each(|change| of(change, &mut lines));
    }
    if !rerun.may_change.is_empty() {
        lines.push(format!("{} may change, which the steps before them decide:", reports(rerun.may_change.len())));
        rerun.may_change.iter().for_each(|change| of(change, &mut lines));
    }
    if !rerun.same.is_empty() {
        lines.push(format!("{} stay the same: {}", reports(rerun.same.len()), rerun.same.join(", ")));
    }
    if !rerun.first.is_empty() {
        lines.push(format!("{} made for the first time: {}", reports(rerun.first.len()), rerun.first.join(", ")));
    }
    lines.join("\n")
}

fn head(rerun: &Rerun) -> String {
    let earlier = rerun.earlier.as_ref().map(|batch| format!("this date was run before (it succeeded on {})", batch.changed_at.format("%Y-%m-%d %H:%M UTC")));
    let latest = rerun.latest.map(|date| format!("later dates were run, up to {date}"));
    earlier.into_iter().chain(latest).collect::<Vec<_>>().join("; ")
}

fn reports(count: usize) -> String {
    if count == 1 { "1 report".to_owned() } else { format!("{count} reports") }
}

pub(super) fn as_json(rerun: &Rerun) -> Value {
    let change = |change: &ReportChange| json!({"report": change.report, "reasons": change.reasons, "because_of": change.causes});
    json!({
        "earlier_batch": rerun.earlier.as_ref().map(|batch| json!({"batch": batch.label(), "state": batch.state.as_str(), "changed_at": batch.changed_at.to_rfc3339()})),
        "latest_date": rerun.latest.map(|date| date.to_string()),
        "changes": rerun.changes.iter().map(change).collect::<Vec<_>>(),
        "may_change": rerun.may_change.iter().map(change).collect::<Vec<_>>(),
        "same": rerun.same,
        "first": rerun.first,
    })
}
