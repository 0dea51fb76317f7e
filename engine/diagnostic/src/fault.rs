//! Who has to act when something fails.

use std::fmt;

/// Who has to act so that it works the next time. The orchestrator, the ledger and the exit code all obey it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The person who wrote the file or gave the command.
    User,
    /// Whoever delivers the data: it broke a contract or a check.
    Data,
    /// The world around us: disk, network, another process, a signal.
    External,
    /// Us: a defect of Nightshift.
    Internal,
}

impl Fault {
    /// The exit code of the process: 1 for what its user or the data can mend, 2 for a defect, 3 for the world around us.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::User | Self::Data => 1,
            Self::Internal => 2,
            Self::External => 3,
        }
    }

    /// The word that the ledger stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Data => "data",
            Self::External => "external",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What every error of every crate can say about itself.
pub trait Faulty {
    /// Who has to act.
    fn fault(&self) -> Fault;

    /// Whether the same work may succeed when it is simply done again.
    fn retry_helps(&self) -> bool {
        false
    }
}
