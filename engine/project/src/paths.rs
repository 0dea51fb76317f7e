//! Where a project keeps what it makes.

use std::path::{Path, PathBuf};

use crate::yaml::{Fields, Node, Reader};

/// Where a project keeps what it makes; all absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The folder of the lake's tables.
    pub lake: PathBuf,
    /// The folder in which files arrive, one folder a date.
    pub incoming: PathBuf,
    /// The folder of files for people, one folder a business date.
    pub output: PathBuf,
    /// The file of the ledger.
    pub ledger: PathBuf,
    /// The folder of temporary files.
    pub spill: PathBuf,
}

/// The paths that somebody wrote, not yet absolute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PathOverrides {
    lake: Option<PathBuf>,
    incoming: Option<PathBuf>,
    output: Option<PathBuf>,
    ledger: Option<PathBuf>,
    spill: Option<PathBuf>,
}

impl PathOverrides {
    /// Reads `paths: {lake: data/lake, …}`.
    pub(crate) fn read<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Self {
        const KEYS: [&str; 5] = ["lake", "incoming", "output", "ledger", "spill"];
        let fields = node.and_then(|node| reader.fields(node, "`paths`", &KEYS, node.span));
        let path = |key| fields.as_ref().and_then(|fields: &Fields<'_>| fields.text(key)).map(PathBuf::from);
        Self { lake: path("lake"), incoming: path("incoming"), output: path("output"), ledger: path("ledger"), spill: path("spill") }
    }
}

impl Paths {
    /// The paths of a project, or of one of its targets: a target has a lake, ledger, output and spill folder of its own under
    /// `data/<target>` unless it says otherwise, and reads the files that arrive for everybody.
    pub(crate) fn new(root: &Path, project: &PathOverrides, target: Option<(&str, &PathOverrides)>) -> Self {
        let own = |name: &str, select: fn(&PathOverrides) -> &Option<PathBuf>| {
            let path = match target {
                Some((target, overrides)) => select(overrides).clone().unwrap_or_else(|| Path::new("data").join(target).join(name)),
                None => select(project).clone().unwrap_or_else(|| Path::new("data").join(name)),
            };
            root.join(path)
        };
        let incoming = target.and_then(|(_, overrides)| overrides.incoming.as_ref()).or(project.incoming.as_ref());
        Self {
            lake: own("lake", |paths| &paths.lake),
            incoming: root.join(incoming.map_or(Path::new("data/incoming"), PathBuf::as_path)),
            output: own("output", |paths| &paths.output),
            ledger: own("ledger.db", |paths| &paths.ledger),
            spill: own("spill", |paths| &paths.spill),
        }
    }
}
