//! Named points between every two effects of a run, at which tests let the process die or stand still.
//!
//! What a run does to the world is a sequence of effects: a row in the ledger, a file, a commit, a rename. Between any two of them the process may
//! die, and the next run has to go on as if it had not. Each place is a [`Point`]; a test names one in the environment:
//!
//! - `NIGHTSHIFT_DIE_AT=committed:3` kills the process, as `kill -9` does, when it is there for the third time;
//! - `NIGHTSHIFT_HOLD_AT=commit-ready:1=/tmp/go` lets whoever is there for the first time wait until the file is there;
//! - `NIGHTSHIFT_TRACE=/tmp/points` adds the name of each point to a file as it is passed.
//!
//! In a release build nothing of it is there: [`reach`] is empty, and the variables mean nothing. The same holds for rules of the refresh that a test
//! breaks, to see that others find it ([`Mutation`]).

mod mutation;

pub use mutation::{Broken, Mutation, broken, is_broken};

/// A place between two effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// The lock of a pipeline and date is taken; nothing stands in the ledger of this run.
    LockTaken,
    /// What a dead process left open is ended in the ledger; no run is opened.
    RunRecovered,
    /// A run is open in the ledger; the audit does not say so.
    RunOpened,
    /// What a dead attempt had committed is written down; what it had staged is still there.
    AttemptRecovered,
    /// Files of a dead attempt are removed; the ledger still knows them.
    StageRemoved,
    /// An attempt stands in the ledger; it has done nothing.
    AttemptStarted,
    /// The version of a source that a run reads is fixed.
    Pinned,
    /// The ledger knows what is about to be staged; no file is made.
    StageNamed,
    /// A data file is whole; no commit names it.
    FileWritten,
    /// Rows were checked; nothing of them is visible.
    Checked,
    /// Rows that broke the contract are committed; the others are not.
    ReviewCommitted,
    /// All is staged, and the next effect is a commit.
    CommitReady,
    /// A commit is made; the ledger does not know it.
    Committed,
    /// A file for people is whole, under a temporary name.
    OutputWritten,
    /// An earlier file is kept under its hash; the new one has not got its name.
    EarlierKept,
    /// A file for people has its name; the report's table does not say so.
    OutputNamed,
    /// An attempt and what it made stand in the ledger; the next step has not started.
    AttemptEnded,
    /// Every step has ended; the batch has not.
    StepsEnded,
    /// The batch has ended; the lock is still held.
    RunEnded,
}

impl Point {
    /// Every point.
    pub const ALL: [Self; 19] = [
        Self::LockTaken,
        Self::RunRecovered,
        Self::RunOpened,
        Self::AttemptRecovered,
        Self::StageRemoved,
        Self::AttemptStarted,
        Self::Pinned,
        Self::StageNamed,
        Self::FileWritten,
        Self::Checked,
        Self::ReviewCommitted,
        Self::CommitReady,
        Self::Committed,
        Self::OutputWritten,
        Self::EarlierKept,
        Self::OutputNamed,
        Self::AttemptEnded,
        Self::StepsEnded,
        Self::RunEnded,
    ];

    /// The name in the environment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LockTaken => "lock-taken",
            Self::RunRecovered => "run-recovered",
            Self::RunOpened => "run-opened",
            Self::AttemptRecovered => "attempt-recovered",
            Self::StageRemoved => "stage-removed",
            Self::AttemptStarted => "attempt-started",
            Self::Pinned => "pinned",
            Self::StageNamed => "stage-named",
            Self::FileWritten => "file-written",
            Self::Checked => "checked",
            Self::ReviewCommitted => "review-committed",
            Self::CommitReady => "commit-ready",
            Self::Committed => "committed",
            Self::OutputWritten => "output-written",
            Self::EarlierKept => "earlier-kept",
            Self::OutputNamed => "output-named",
            Self::AttemptEnded => "attempt-ended",
            Self::StepsEnded => "steps-ended",
            Self::RunEnded => "run-ended",
        }
    }
}

/// Says that the process is at a point.
#[inline]
pub fn reach(point: Point) {
    #[cfg(debug_assertions)]
    armed::reach(point);
    #[cfg(not(debug_assertions))]
    let _ = point;
}

#[cfg(debug_assertions)]
mod armed {
    use std::io::Write as _;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::Point;

    /// How often it is looked whether a held point may go on.
    const PAUSE: Duration = Duration::from_millis(2);

    /// What the environment asks for.
    #[derive(Debug, Default)]
    struct Wishes {
        die: Option<(String, usize)>,
        hold: Option<(String, usize, PathBuf)>,
        trace: Option<PathBuf>,
    }

    impl Wishes {
        fn read() -> Self {
            let variable = |name| std::env::var(name).ok();
            let hold = variable("NIGHTSHIFT_HOLD_AT");
            Self {
                die: variable("NIGHTSHIFT_DIE_AT").map(|at| place(&at)),
                hold: hold
                    .and_then(|hold| hold.split_once('=').map(|(at, file)| (place(at), PathBuf::from(file))))
                    .map(|((point, time), file)| (point, time, file)),
                trace: variable("NIGHTSHIFT_TRACE").map(PathBuf::from),
            }
        }
    }

    /// A point and the how-manieth time; the first if that is not said.
    fn place(text: &str) -> (String, usize) {
        let (point, time) = text.split_once(':').unwrap_or((text, "1"));
        (point.to_owned(), time.parse().unwrap_or(1))
    }

    static WISHES: OnceLock<Wishes> = OnceLock::new();
    static TIMES: [AtomicUsize; Point::ALL.len()] = [const { AtomicUsize::new(0) }; Point::ALL.len()];

    pub(super) fn reach(point: Point) {
        let wishes = WISHES.get_or_init(Wishes::read);
        let time = TIMES.get(point as usize).map_or(0, |times| times.fetch_add(1, Ordering::SeqCst)) + 1;
        if let Some(trace) = &wishes.trace {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(trace);
            // A trace that cannot be written lacks in the test that reads it.
            let _ = file.and_then(|mut file| writeln!(file, "{}", point.as_str()));
        }
        if wishes.die.as_ref().is_some_and(|(name, at)| name == point.as_str() && *at == time) {
            die();
        }
        if let Some((name, at, file)) = &wishes.hold
            && name == point.as_str()
            && *at == time
        {
            let here = file.with_extension(format!("{}.here", std::process::id()));
            let _ = std::fs::write(here, b"");
            while !file.exists() {
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Nothing is cleaned up, no buffer written, no destructor run.
    fn die() {
        #[cfg(unix)]
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
}
