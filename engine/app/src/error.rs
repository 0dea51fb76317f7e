//! Everything that can go wrong, with who has to act.

use std::path::PathBuf;

use nightshift_diagnostic::{Diagnostics, Fault, Faulty, did_you_mean};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of a command or a step.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project's files are wrong.
    #[error("the project has mistakes")]
    Problems(Diagnostics),
    /// The project cannot be read.
    #[error(transparent)]
    Project(#[from] nightshift_project::Error),
    /// A query could not be set up or run.
    #[error(transparent)]
    Execute(#[from] nightshift_execute::Error),
    /// The lake refused.
    #[error(transparent)]
    Lake(#[from] nightshift_lake::Error),
    /// The files of a source could not be loaded.
    #[error(transparent)]
    Sources(#[from] nightshift_sources::Error),
    /// A rollup could not be refreshed.
    #[error(transparent)]
    Refresh(#[from] nightshift_refresh::Error),
    /// A check could not be run.
    #[error(transparent)]
    Quality(#[from] nightshift_quality::Error),
    /// A file for people could not be made.
    #[error(transparent)]
    Deliver(#[from] nightshift_deliver::Error),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] nightshift_ledger::Error),
    /// The run could not be begun or recorded.
    #[error(transparent)]
    Orchestrate(#[from] nightshift_orchestrate::Error),
    /// The demonstration's data could not be made.
    #[error(transparent)]
    Generate(#[from] crate::generate::Error),
    /// DataFusion refused a plan.
    #[error("the query could not be planned")]
    Plan(#[from] datafusion::error::DataFusionError),
    /// Checks of a report failed: its table and files stay as they were.
    #[error("{report}: {}", failed.join("; "))]
    Checks {
        /// The report.
        report: String,
        /// Each failed check with how many rows break it.
        failed: Vec<String>,
    },
    /// A rollup that was verified does not hold what its query gives.
    #[error(
        "`{rollup}` is not what its query gives over its sources: {differences} differing rows in {summary}; to see them: nightshift verify {rollup} --all; to mend them: nightshift backfill {rollup}"
    )]
    Unequal {
        /// The rollup.
        rollup: String,
        /// How many rows only one side has.
        differences: u64,
        /// What was compared.
        summary: String,
    },
    /// There is no table to compare with.
    #[error("`{rollup}` has never been built")]
    NeverBuilt {
        /// The rollup.
        rollup: String,
    },
    /// A changed definition would break those who read its table.
    #[error("the definition of `{rollup}` has changed, and readers of its table may break: {}; to see it: nightshift diff {rollup}; to take it, run with --accept {rollup}", changes.join(", "))]
    Breaks {
        /// The rollup.
        rollup: String,
        /// What becomes of its columns.
        changes: Vec<String>,
    },
    /// There is nothing to compute anew.
    #[error("`{rollup}` has no bucket in {interval}, and neither have its sources")]
    NoBuckets {
        /// The rollup.
        rollup: String,
        /// The days.
        interval: nightshift_refresh::Interval,
    },
    /// Nobody computes years anew by a slip.
    #[error("all of `{rollup}` would be computed anew, {size}: say --all if that is meant, or the days with --from and --to")]
    Unbounded {
        /// The rollup.
        rollup: String,
        /// How much that is.
        size: String,
    },
    /// A step of a backfill is named as no backfill names it.
    #[error("the ledger has a step of a backfill without its days")]
    NoInterval(#[from] nightshift_refresh::NoInterval),
    /// A name that the project does not have.
    #[error("there is no {kind} `{name}`{}", hint.as_deref().map(|hint| format!(": {hint}")).unwrap_or_default())]
    Unknown {
        /// What it should have been.
        kind: &'static str,
        /// The name.
        name: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// A definition whose file has mistakes, or reads one that has.
    #[error("the {kind} `{name}` does not compile: {what}")]
    Broken {
        /// What it is.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// Nothing is known of any batch.
    #[error("nothing has run yet; try nightshift run <pipeline> --date <date>")]
    NothingRan,
    /// A table was made by an earlier state of its file.
    #[error("`{table}` has no column `{column}` yet: its file has changed since it was made; to make it again: {made_by}")]
    Outdated {
        /// The table.
        table: String,
        /// The column that it lacks.
        column: String,
        /// The command that makes it.
        made_by: String,
    },
    /// A file that a command was given cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Files have arrived already, which the demonstration's would replace.
    #[error("{} is not empty, and the demonstration would replace what has arrived there: move it away, or name another project with --project", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A folder cannot be used.
    #[error("the folder {} cannot be used", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl Error {
    /// A name that means nothing, with the known name that may have been meant.
    pub(crate) fn unknown<'a>(kind: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Unknown { kind, name: name.to_owned(), hint: did_you_mean(name, known) }
    }
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Problems(_)
            | Self::Unknown { .. }
            | Self::Broken { .. }
            | Self::NothingRan
            | Self::NeverBuilt { .. }
            | Self::NoBuckets { .. }
            | Self::Unbounded { .. }
            | Self::Breaks { .. }
            | Self::NotEmpty { .. }
            | Self::Outdated { .. }
            | Self::File { .. } => Fault::User,
            Self::Checks { .. } | Self::Unequal { .. } => Fault::Data,
            Self::Project(error) => error.fault(),
            Self::Execute(error) => error.fault(),
            Self::Lake(error) => error.fault(),
            Self::Sources(error) => error.fault(),
            Self::Refresh(error) => error.fault(),
            Self::Quality(error) => error.fault(),
            Self::Deliver(error) => error.fault(),
            Self::Ledger(error) => error.fault(),
            Self::Orchestrate(error) => error.fault(),
            Self::Generate(_) | Self::Folder { .. } => Fault::External,
            Self::Plan(_) | Self::NoInterval(_) => Fault::Internal,
        }
    }

    fn retry_helps(&self) -> bool {
        match self {
            Self::Execute(error) => error.retry_helps(),
            Self::Lake(error) => error.retry_helps(),
            Self::Sources(error) => error.retry_helps(),
            Self::Refresh(error) => error.retry_helps(),
            Self::Ledger(error) => error.retry_helps(),
            Self::Orchestrate(error) => error.retry_helps(),
            _ => false,
        }
    }
}

impl Error {
    /// True if a step's memory did not suffice for one of its queries.
    pub(crate) const fn is_out_of_memory(&self) -> bool {
        match self {
            Self::Execute(error) | Self::Refresh(nightshift_refresh::Error::Execute(error)) => error.is_out_of_memory(),
            _ => false,
        }
    }
}

/// The whole chain of an error in one line, each cause once.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}
