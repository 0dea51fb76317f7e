//! The command line.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Parser, Subcommand, ValueEnum};

/// Off-peak batch reports from plain SQL: rollups kept up to date by touching only what changed, reports made and checked, every
/// step recorded.
#[derive(Debug, Parser)]
#[command(name = "nightshift", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The project's folder; the nearest one at or above the current folder if not given.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) project: Option<PathBuf>,
    /// A target of nightshift.yaml, with a lake, ledger and output of its own.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) target: Option<String>,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON value on standard output.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compile every file of the project against the contracts, without any data.
    Check,
    /// Run a pipeline for a business date: bring in files, refresh rollups, make reports.
    Run {
        /// The pipeline: a file in pipelines/ without its ending.
        pipeline: String,
        /// The business date.
        #[arg(long)]
        date: NaiveDate,
        /// Begin at this step and do all that depends on it, e.g. refresh:depot_daily.
        #[arg(long, value_name = "STEP")]
        from: Option<String>,
    },
    /// Try what failed or was left of a batch again, with the same source versions.
    Retry {
        /// The pipeline.
        pipeline: String,
        /// The business date.
        #[arg(long)]
        date: NaiveDate,
    },
    /// Say what a run would do, step by step and why, without doing it: files to load, how rollups are brought up to date, reports that
    /// change.
    Plan {
        /// The pipeline.
        pipeline: String,
        /// The business date; the newest one that files have arrived for if not given.
        #[arg(long)]
        date: Option<NaiveDate>,
        /// As `run --from`: begin at this step.
        #[arg(long, value_name = "STEP")]
        from: Option<String>,
    },
    /// List the newest batches.
    Runs {
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Write Lucky Gas's data as files, day by day, into the incoming folder.
    Generate {
        /// How many days.
        #[arg(long)]
        days: u32,
        /// Deliveries on an average day.
        #[arg(long, default_value_t = 2170)]
        rows_per_day: u32,
        /// Another seed gives other customers, orders and mistakes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The first day.
        #[arg(long, default_value = "2025-12-25")]
        from: NaiveDate,
    },
    /// Load 400 days at once, then run 60 nights from 2025-12-25 to 2026-02-22: a million deliveries in all.
    Demo {
        /// Fewer nights, for a quick look.
        #[arg(long, default_value_t = 60)]
        nights: u32,
        /// Days that are loaded at once before the first night.
        #[arg(long, default_value_t = 400)]
        history_days: u32,
        /// Deliveries on an average day.
        #[arg(long, default_value_t = 2170)]
        rows_per_day: u32,
    },
}
