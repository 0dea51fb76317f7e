//! The project as a value.

use std::path::{Path, PathBuf};

use nightshift_calendar::Calendar;

use crate::{Definition, Limits, Maintenance, Paths, Pipeline, Refresh, ReportHeader, RollupHeader, SourceHeader};

/// The file that makes a folder a project.
pub const PROJECT_FILE: &str = "nightshift.yaml";

/// A project: everything that its files say. Lists are in alphabetical order, rollups by grain first.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder, absolute if it was given so.
    pub root: PathBuf,
    /// Its name.
    pub name: String,
    /// The target whose paths and limits these are; `None` for those of the project itself.
    pub target: Option<String>,
    /// How it counts days.
    pub calendar: Calendar,
    /// Where it keeps what it makes.
    pub paths: Paths,
    /// How much a batch may use.
    pub limits: Limits,
    /// How long it keeps what is no longer needed.
    pub maintenance: Maintenance,
    /// How rollups are refreshed.
    pub refresh: Refresh,
    /// Tables that come from outside.
    pub sources: Vec<Definition<SourceHeader>>,
    /// Aggregates.
    pub rollups: Vec<Definition<RollupHeader>>,
    /// Queries whose results are delivered.
    pub reports: Vec<Definition<ReportHeader>>,
    /// Sets of steps.
    pub pipelines: Vec<Pipeline>,
}

impl Project {
    /// The nearest folder at or above `start` that is a project.
    #[must_use]
    pub fn find_root(start: &Path) -> Option<PathBuf> {
        start.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file()).map(Path::to_path_buf)
    }

    /// The source with this name.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&Definition<SourceHeader>> {
        self.sources.iter().find(|definition| definition.name == name)
    }

    /// The rollup with this name.
    #[must_use]
    pub fn rollup(&self, name: &str) -> Option<&Definition<RollupHeader>> {
        self.rollups.iter().find(|definition| definition.name == name)
    }

    /// The report with this name.
    #[must_use]
    pub fn report(&self, name: &str) -> Option<&Definition<ReportHeader>> {
        self.reports.iter().find(|definition| definition.name == name)
    }

    /// The pipeline with this name.
    #[must_use]
    pub fn pipeline(&self, name: &str) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.name == name)
    }
}
