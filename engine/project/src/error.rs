//! Why a project cannot be loaded at all. What is wrong *in* a project is a diagnostic instead.

use std::io;
use std::path::PathBuf;

use nightshift_diagnostic::{Fault, Faulty};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A folder that is no project, or that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `nightshift.yaml` in the folder.
    #[error("{} is not a project: it has no nightshift.yaml", root.display())]
    NotAProject {
        /// The folder.
        root: PathBuf,
    },
    /// The operating system does not let us read the folder.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Faulty for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::NotAProject { .. } => Fault::User,
            Self::Read { .. } => Fault::External,
        }
    }
}
