//! One file a command; here it is chosen.

mod backfill;
mod batch;
mod check;
mod demo;
mod diff;
mod explain;
mod generate;
mod lineage;
mod plan;
mod preview;
mod rerun;
mod rows;
mod runs;
mod show;
mod signal;
mod sql;
mod summary;
mod test;
mod verify;

use nightshift_app::Result;
use nightshift_app::demo::Demo;
use nightshift_app::generate::Options;
use nightshift_diagnostic::Fault;
use nightshift_orchestrate::Intent;
use nightshift_project::Rewrite;

use crate::arguments::{Arguments, Command};
use crate::printer::Printer;

/// Carries out a command; a fault is what the exit code should say although the command itself did its work.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<Option<Fault>> {
    let root = arguments.root();
    let target = arguments.target.as_deref();
    match &arguments.command {
        Command::Check => check::check(&root, target, printer).await,
        Command::Run { work, date, from, accept } => {
            let intent = from.clone().map_or(Intent::Run, Intent::From);
            batch::batch(&root, target, printer, &work.name(), *date, intent, accept).await
        }
        Command::Retry { work, date, accept } => batch::batch(&root, target, printer, &work.name(), *date, Intent::Retry, accept).await,
        Command::Plan { work, date, from } => {
            let intent = from.clone().map_or(Intent::Run, Intent::From);
            plan::plan(&root, target, printer, &work.name(), *date, intent).await
        }
        Command::Preview { file, parameters, limit } => preview::preview(&root, target, printer, file, parameters, *limit).await,
        Command::Sql { query, file, limit, no_rewrite } => {
            let rewrite = if *no_rewrite { Rewrite::Off } else { Rewrite::On };
            sql::sql(&root, target, printer, query.as_deref(), file.as_deref(), *limit, rewrite).await
        }
        Command::Lineage { name } => lineage::lineage(&root, target, printer, name.as_deref()).await,
        Command::Diff { rollup, limit } => diff::diff(&root, target, printer, rollup, limit.0).await,
        Command::Explain { name } => explain::explain(&root, target, printer, name).await,
        Command::Backfill(asked) => backfill::backfill(&root, target, printer, asked).await,
        Command::Verify { rollup, extent, limit } => verify::verify(&root, target, printer, rollup.as_deref(), extent.chosen(), limit.0).await,
        Command::Test { names } => test::test(&root, target, printer, names).await,
        Command::Show { batch, date } => show::show(&root, target, printer, batch.as_deref(), *date).await,
        Command::Runs { limit } => runs::runs(&root, target, printer, *limit).await,
        Command::Generate { days, rows_per_day, seed, from } => {
            let options = Options { seed: *seed, deliveries_per_day: *rows_per_day, first_day: *from };
            generate::generate(&root, target, printer, options, *days).await
        }
        Command::Demo { nights, history_days, rows_per_day } => {
            let first_night = demo::first_night();
            demo::demo(arguments, printer, Demo { first_night, nights: *nights, history_days: *history_days, deliveries_per_day: *rows_per_day, seed: 1 }).await
        }
    }
}
