//! `nightshift demo`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use chrono::{Days, NaiveDate};
use nightshift_app::demo::Demo;
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_ledger::StepState;
use serde_json::json;

use super::signal::stop_on_signal;
use super::summary::print_summary;
use crate::arguments::Arguments;
use crate::bars::Bars;
use crate::printer::Printer;

pub(super) fn first_night() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 25).unwrap_or_default()
}

pub(super) async fn demo(arguments: &Arguments, printer: &Printer, demo: Demo) -> Result<Option<Fault>> {
    let started = Instant::now();
    let workspace = Arc::new(Workspace::open_sound(&arguments.root(), arguments.target.as_deref()).await?);
    let paths = &workspace.project.paths;
    let estimate = demo.estimate().as_secs_f64();
    let estimate = if estimate < 90.0 { format!("{estimate:.0} seconds") } else { format!("{:.0} minutes", (estimate / 60.0).ceil()) };
    printer.note(&format!(
        "{} days of history, then {} nights: about {estimate} on two cores; each night says how long the rest will take here",
        demo.history_days, demo.nights
    ));
    let cancel = stop_on_signal(*printer);
    let mut generator = demo.generate_history(&paths.incoming)?;
    printer.note(&format!("history written to {} ({:.1} s)", paths.incoming.display(), started.elapsed().as_secs_f64()));
    let steps = workspace.steps(&*workspace.pipeline("daily")?, &BTreeSet::new()).len();
    for number in 0..demo.nights {
        let date = demo.first_night + Days::new(u64::from(number));
        let bars = Arc::new(Bars::new(&format!("night {} of {}, {date}", number + 1, demo.nights), steps));
        let summary = demo.night(number, &mut generator, &workspace, bars, cancel.clone()).await?;
        if let Some(fault) = summary.fault() {
            print_summary(printer, &summary);
            return Ok(Some(fault));
        }
        let done = summary.steps.iter().filter(|step| step.state == StepState::Succeeded).count();
        // The first night loads the history, so it says little about the others.
        let left = f64::from(demo.nights - number - 1) * summary.seconds;
        let rest = if number == 0 { String::new() } else { format!(", about {left:.0} s left") };
        printer.note(&format!("{date}: {done} steps in {:.1} s{rest}", summary.seconds));
    }
    let last = demo.first_night + Days::new(u64::from(demo.nights.saturating_sub(1)));
    let called = arguments.called();
    let text = format!(
        "tables    {}\nworkbooks {}\nledger    {}\n\ntry next:\n  {called} runs\n  {called} run daily --date {last}\n  {called} plan daily",
        paths.lake.display(),
        paths.output.display(),
        paths.ledger.display(),
    );
    printer.data(&text, &json!({"lake": paths.lake, "output": paths.output, "ledger": paths.ledger}));
    printer.note(&format!("done in {:.1} s", started.elapsed().as_secs_f64()));
    Ok(None)
}
