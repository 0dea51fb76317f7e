//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use chrono::NaiveDate;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use nightshift_app::backfill::Interval;
use nightshift_app::verify::Extent;
use nightshift_project::Project;

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

impl Arguments {
    /// The arguments, if they fit each other beyond what their types say.
    pub(crate) fn checked(self) -> Result<Self, clap::Error> {
        let prints_rows = matches!(self.command, Command::Preview { .. } | Command::Sql { .. });
        if self.format == Format::Csv && !prints_rows {
            return Err(Self::command().error(ErrorKind::ArgumentConflict, "only preview and sql print rows: --format csv fits no other command"));
        }
        if let Command::Run { work, .. } | Command::Retry { work, .. } | Command::Plan { work, .. } = &self.command
            && let Some(report) = work.report.as_ref().filter(|_| work.pipeline != "report")
        {
            let message = format!("`{report}` is one word too many: a pipeline has one name, and one report alone is `report {report}`");
            return Err(Self::command().error(ErrorKind::UnknownArgument, message));
        }
        if let Command::Backfill(Backfill { from: Some(from), to: Some(to), .. }) = &self.command
            && from > to
        {
            return Err(Self::command().error(ErrorKind::ValueValidation, format!("--from {from} is after --to {to}")));
        }
        Ok(self)
    }

    /// Whether the command may move much data.
    pub(crate) const fn is_heavy(&self) -> bool {
        matches!(
            self.command,
            Command::Run { .. }
                | Command::Retry { .. }
                | Command::Demo { .. }
                | Command::Sql { .. }
                | Command::Preview { .. }
                | Command::Verify { .. }
                | Command::Diff { .. }
                | Command::Backfill(_)
        )
    }

    /// Bytes that a batch of the project may use; none if there is no such project.
    pub(crate) fn memory(&self) -> u64 {
        Project::load(&self.root(), self.target.as_deref()).map_or(0, |(project, _)| project.limits.memory)
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> PathBuf {
        let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        self.project.clone().unwrap_or_else(|| Project::find_root(&here()).unwrap_or_else(here))
    }

    /// How a shell calls the program again for the same project and target: as it was called, because after `cargo run` there is no such program
    /// on the path.
    pub(crate) fn called(&self) -> String {
        let program = std::env::args().next().unwrap_or_else(|| "nightshift".to_owned());
        let project = self.project.iter().flat_map(|folder| ["--project".to_owned(), folder.display().to_string()]);
        let target = self.target.iter().flat_map(|target| ["--target".to_owned(), target.clone()]);
        let quoted = |word: String| if word.contains(char::is_whitespace) { format!("'{word}'") } else { word };
        std::iter::once(program).chain(project).chain(target).map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON value on standard output.
    Json,
    /// For spreadsheets, where the result is rows: preview and sql.
    Csv,
}

/// How many rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<usize>);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self(None)),
            number => number.parse().map(|limit| Self(Some(limit))).map_err(|_| "it is a number of rows, or `all`".to_owned()),
        }
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.trim().is_empty());
    parts.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).ok_or_else(|| "write it as name=value".to_owned())
}

/// What is run: a pipeline, or one report alone.
#[derive(Debug, Args)]
pub(crate) struct Work {
    /// The pipeline: a file in pipelines/ without its ending. Or the word `report`, for one report alone.
    pipeline: String,
    /// Which report, after the word `report`: made from the tables as they are, without bringing anything up to date.
    #[arg(value_name = "REPORT")]
    report: Option<String>,
}

impl Work {
    /// The name under which it stands in the ledger.
    pub(crate) fn name(&self) -> String {
        self.report.as_deref().map_or_else(|| self.pipeline.clone(), nightshift_app::batch::report_alone)
    }
}

const RUN_EXAMPLES: &str = "Examples:
  nightshift run daily --date 2026-02-22
  nightshift run daily --date 2026-02-22 --from depot_daily
  nightshift run report daily_sales --date 2026-02-22";

const PREVIEW_EXAMPLES: &str = "Examples:
  nightshift preview reports/daily_sales.sql --param business_date=2026-02-22
  nightshift preview top_customers --param business_date=2026-01-31 --param top=3
  nightshift preview depot_daily --limit all --format csv > depot_daily.csv";

const SQL_EXAMPLES: &str = "Examples:
  nightshift sql 'SELECT * FROM depot_daily ORDER BY day DESC' --limit 10
  nightshift sql 'SELECT reasons, count(*) AS bad FROM review.delivery GROUP BY reasons'
  nightshift sql --file question.sql --limit all --format csv > answer.csv";

const EXPLAIN_EXAMPLES: &str = "Examples:
  nightshift explain depot_daily
  nightshift explain top_customers
  nightshift explain sql/rollups/monthly/product_monthly.sql --format json";

const VERIFY_EXAMPLES: &str = "Examples:
  nightshift verify                                             5 buckets of every rollup
  nightshift verify depot_daily --sample 30
  nightshift verify depot_daily --from 2026-01-01 --to 2026-01-31
  nightshift verify --all";

/// How many buckets are compared where nothing is said.
const SAMPLE: usize = 5;

/// How much is compared.
#[derive(Debug, Args)]
pub(crate) struct VerifyExtent {
    /// So many buckets of each rollup, others each time that its table has changed; 5 if nothing else is said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// The buckets from this day on.
    #[arg(long, value_name = "DAY", requires = "to", conflicts_with = "sample")]
    from: Option<NaiveDate>,
    /// The buckets up to this day.
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<NaiveDate>,
    /// Everything.
    #[arg(long, conflicts_with_all = ["sample", "from"])]
    all: bool,
}

impl VerifyExtent {
    pub(crate) fn chosen(&self) -> Extent {
        match (self.all, self.from, self.to) {
            (true, ..) => Extent::All,
            (_, Some(from), Some(to)) => Extent::Between(from, to),
            _ => Extent::Sample(self.sample.map_or(SAMPLE, |sample| usize::try_from(sample).unwrap_or(usize::MAX))),
        }
    }
}

const BACKFILL_EXAMPLES: &str = "Examples:
  nightshift backfill depot_daily --from 2026-01-10 --to 2026-01-12
  nightshift backfill delivery_hourly --from 2026-01-01 --to 2026-01-31 --downstream --dry-run
  nightshift backfill depot_daily --all";

/// What is computed anew.
#[derive(Debug, Args)]
pub(crate) struct Backfill {
    /// The rollup, by its name or file.
    pub(crate) rollup: String,
    /// The first day: buckets that it is part of are computed anew, and all up to the last day.
    #[arg(long, value_name = "DAY", requires = "to")]
    pub(crate) from: Option<NaiveDate>,
    /// The last day.
    #[arg(long, value_name = "DAY", requires = "from")]
    pub(crate) to: Option<NaiveDate>,
    /// Everything. Without days it has to be said, so that nobody computes years anew by a slip.
    #[arg(long, conflicts_with = "from")]
    pub(crate) all: bool,
    /// Also the coarser rollups that may have been computed from it, finest first, and what reads their tables.
    #[arg(long)]
    pub(crate) downstream: bool,
    /// Say what would be done, without doing it: units, buckets, files, and what is made from the rollup.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take a changed definition although readers of the table may break.
    #[arg(long)]
    pub(crate) accept: bool,
    /// The business date under which it stands in the ledger; that of what is resumed, else the newest that files have arrived for.
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<NaiveDate>,
}

impl Backfill {
    /// The days that are asked for, if any are.
    pub(crate) fn days(&self) -> Option<Interval> {
        if self.all { Some(Interval::ALL) } else { self.from.map(|from| Interval { from: Some(from), to: self.to }) }
    }
}

const DIFF_EXAMPLES: &str = "Examples:
  nightshift diff depot_daily
  nightshift diff sql/rollups/daily/depot_daily.sql --limit all --format json";

const TEST_EXAMPLES: &str = "Examples:
  nightshift test
  nightshift test depot_daily reports/top_customers.sql";

const SHOW_EXAMPLES: &str = "Examples:
  nightshift show                       the newest batch
  nightshift show daily                 the newest of a pipeline
  nightshift show daily 2026-02-22      that of a date
  nightshift show daily@2026-02-22#2    the second of a date";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compile every file of the project against the contracts, without any data.
    Check,
    /// Run a pipeline for a business date: bring in files, refresh rollups, make reports.
    #[command(after_help = RUN_EXAMPLES)]
    Run {
        #[command(flatten)]
        work: Work,
        /// The business date.
        #[arg(long)]
        date: NaiveDate,
        /// Begin at this step and do all that depends on it, e.g. depot_daily or refresh:depot_daily.
        #[arg(long, value_name = "STEP")]
        from: Option<String>,
        /// Take the changed definition of this rollup although readers of its table may break; may be repeated.
        #[arg(long, value_name = "ROLLUP")]
        accept: Vec<String>,
    },
    /// Try what failed or was left of a batch again, with the same source versions.
    Retry {
        #[command(flatten)]
        work: Work,
        /// The business date.
        #[arg(long)]
        date: NaiveDate,
        /// Take the changed definition of this rollup although readers of its table may break; may be repeated.
        #[arg(long, value_name = "ROLLUP")]
        accept: Vec<String>,
    },
    /// Say what a run would do, step by step and why, without doing it: files to load, how rollups are brought up to date, reports that
    /// change.
    Plan {
        #[command(flatten)]
        work: Work,
        /// The business date; the newest one that files have arrived for if not given.
        #[arg(long)]
        date: Option<NaiveDate>,
        /// As `run --from`: begin at this step.
        #[arg(long, value_name = "STEP")]
        from: Option<String>,
    },
    /// Print the first rows that a report or rollup would give now.
    ///
    /// Its file is run as it stands, on the newest tables of the lake. Nothing is written, and a mistake in another file does not matter.
    #[command(after_help = PREVIEW_EXAMPLES)]
    Preview {
        /// The SQL file, or its name: reports/daily_sales.sql or daily_sales.
        file: String,
        /// A parameter of the report, once for each; those with a default may be left out.
        #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
        parameters: Vec<(String, String)>,
        /// How many rows; `all` for all of them.
        #[arg(long, value_name = "N", default_value = "20")]
        limit: Limit,
    },
    /// Ask the lake with a SELECT; nothing is written.
    ///
    /// Sources, rollups and the results of reports are tables by their names; rows that broke the contract of a source stand in
    /// review.<source>. Anything but one query that only reads is refused.
    #[command(after_help = SQL_EXAMPLES)]
    Sql {
        /// The query; `-` reads it from standard input.
        #[arg(required_unless_present = "file")]
        query: Option<String>,
        /// Read the query from a file.
        #[arg(long, value_name = "FILE", conflicts_with = "query")]
        file: Option<PathBuf>,
        /// How many rows; `all` for all of them.
        #[arg(long, value_name = "N", default_value = "100")]
        limit: Limit,
        /// Read the tables that the query names, also where a rollup would give the same rows.
        #[arg(long)]
        no_rewrite: bool,
    },
    /// Show where tables and columns come from.
    ///
    /// With a name: the tables that it reads and is read by, for each of its columns the columns that it is made from back to the
    /// sources, and the columns that decide which rows there are. Without: every table with those directly before and after it.
    Lineage {
        /// Its name or file; all tables if not given.
        name: Option<String>,
    },
    /// Say how a rollup is kept up to date or a report is answered, why so, and what to change to make it cheaper.
    ///
    /// Of a rollup: for each technique whether its query allows it; the finer rollups that it is computed from; the columns that its table keeps to
    /// be brought up to date; the buckets that have changed since, and why no other technique is taken for them. Of a report: for each GROUP BY over
    /// sources the rollup that answers it now, for the newest date, and why no other one does.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain {
        /// The rollup or report, by its name or file.
        name: String,
    },
    /// Compare rollups with their queries over the sources, computed once more; exit 1 if a row differs.
    ///
    /// The query runs over the very source versions that the table stands for, and nothing takes part that brought the table up to date.
    /// Rows that only one side has are printed; where none differ, the columns that the engine keeps for itself are compared too. What was
    /// found stands in the ledger.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// The rollup, by its name or file; every one if not given.
        rollup: Option<String>,
        #[command(flatten)]
        extent: VerifyExtent,
        /// How many differing rows of a rollup are printed; `all` for all of them.
        #[arg(long, value_name = "N", default_value = "20")]
        limit: Limit,
    },
    /// Compute buckets of a rollup anew from its sources, whatever its table holds: the cure for what verify finds.
    ///
    /// The rollup is brought up to date first, as a night would; then its buckets are replaced, unit by unit, by what its query gives over the
    /// versions that the table then stands for. A unit is a month of a rollup by hour or day, a year of one by month; several run side by
    /// side. Other buckets keep their rows, and files without one of these stay. What is stopped or dies is gone on with by the same words: units that are done are not done again.
    /// A rollup whose later buckets depend on earlier ones is computed from the first day onward, one that cannot be cut in full.
    #[command(after_help = BACKFILL_EXAMPLES)]
    Backfill(Backfill),
    /// Show what a changed rollup would change: its query over the newest tables beside the table as it stands.
    ///
    /// Columns that come, go or get another type, and the rows that only one side has in the columns that both have. Nothing is written.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff {
        /// The rollup, by its name or file.
        rollup: String,
        /// How many differing rows are printed; `all` for all of them.
        #[arg(long, value_name = "N", default_value = "20")]
        limit: Limit,
    },
    /// Run the tests beside the SQL files: rows in, expected rows out.
    ///
    /// The test of daily_sales.sql is daily_sales.test.yaml. Tables that it does not give are empty, columns that it leaves out are NULL,
    /// times are local business times. Rows are compared in their order only where the query ends with ORDER BY.
    #[command(after_help = TEST_EXAMPLES)]
    Test {
        /// Only these, by name or file; all that there are if none is given.
        names: Vec<String>,
    },
    /// Show everything that is known of a batch.
    ///
    /// Its runs and the source versions that they read; every attempt at every step with technique, rows, bytes, spill, memory and
    /// seconds; failures, published table versions, files with their hashes, and the audit.
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The batch as `nightshift runs` calls it, or a pipeline: its newest, or that of the date behind it. The newest of all if not given.
        batch: Option<String>,
        /// The business date, if only the pipeline is given.
        date: Option<NaiveDate>,
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
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: u32,
        /// Deliveries on an average day.
        #[arg(long, default_value_t = 2170, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
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
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        nights: u32,
        /// Days that are loaded at once before the first night.
        #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(0..=36_500))]
        history_days: u32,
        /// Deliveries on an average day.
        #[arg(long, default_value_t = 2170, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        rows_per_day: u32,
    },
}
