//! One file a command; here it is chosen.

mod batch;
mod check;
mod demo;
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

use std::path::PathBuf;

use nightshift_app::Result;
use nightshift_app::demo::Demo;
use nightshift_app::generate::Options;
use nightshift_diagnostic::Fault;
use nightshift_orchestrate::Intent;
use nightshift_project::Project;

use crate::arguments::{Arguments, Command};
use crate::printer::Printer;

/// Carries out a command; a fault is what the exit code should say although the command itself did its work.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<Option<Fault>> {
    let root = root(arguments);
    let target = arguments.target.as_deref();
    match &arguments.command {
        Command::Check => check::check(&root, target, printer).await,
        Command::Run { pipeline, date, from } => {
            let intent = from.clone().map_or(Intent::Run, Intent::From);
            batch::batch(&root, target, printer, pipeline, *date, intent).await
        }
        Command::Retry { pipeline, date } => batch::batch(&root, target, printer, pipeline, *date, Intent::Retry).await,
        Command::Plan { pipeline, date, from } => {
            let intent = from.clone().map_or(Intent::Run, Intent::From);
            plan::plan(&root, target, printer, pipeline, *date, intent).await
        }
        Command::Preview { file, parameters, limit } => preview::preview(&root, target, printer, file, parameters, *limit).await,
        Command::Sql { query, file, limit } => sql::sql(&root, target, printer, query.as_deref(), file.as_deref(), *limit).await,
        Command::Lineage { name } => lineage::lineage(&root, target, printer, name.as_deref()).await,
        Command::Test { names } => test::test(&root, target, printer, names).await,
        Command::Show { batch, date } => show::show(&root, target, printer, batch.as_deref(), *date).await,
        Command::Runs { limit } => runs::runs(&root, target, printer, *limit).await,
        Command::Generate { days, rows_per_day, seed, from } => {
            let options = Options { seed: *seed, deliveries_per_day: *rows_per_day, first_day: *from };
            generate::generate(&root, target, printer, options, *days).await
        }
        Command::Demo { nights, history_days, rows_per_day } => {
            let first_night = demo::first_night();
            demo::demo(&root, target, printer, Demo { first_night, nights: *nights, history_days: *history_days, deliveries_per_day: *rows_per_day, seed: 1 }).await
        }
    }
}

fn root(arguments: &Arguments) -> PathBuf {
    let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    arguments.project.clone().unwrap_or_else(|| Project::find_root(&here()).unwrap_or_else(here))
}
