//! A copy of the project in a folder of its own, and the program at work in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Nobody waits longer for a program under test.
const PATIENCE: Duration = Duration::from_secs(240);

/// A project with some days of data.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// The project with `days` of files from 2025-12-25 on.
    pub(crate) fn with_days(days: u32) -> Self {
        Self::with_rows(days, 60)
    }

    /// As [`Self::with_days`], with more or fewer deliveries a day.
    pub(crate) fn with_rows(days: u32, rows: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["nightshift.yaml", "sql", "reports", "pipelines", "calendars"] {
            copy(&repository().join(part), &folder.path().join(part));
        }
        let place = Self { folder };
        let (days, rows) = (days.to_string(), rows.to_string());
        place.succeeds(&["generate", "--days", &days, "--rows-per-day", &rows, "--from", "2025-12-25"]);
        place
    }

    /// The same project, with all that has happened in it.
    pub(crate) fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(self.root(), folder.path());
        Self { folder }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, relative: &str, text: &str) {
        let path = self.root().join(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightshift"));
        command.arg("--project").arg(self.root()).args(arguments).env("USER", "chen").env_remove("NIGHTSHIFT_LOG");
        command
    }

    /// Runs a command to its end.
    pub(crate) fn runs(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed; gives what it printed.
    pub(crate) fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.runs(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs a command with something in its environment, to whatever end.
    pub(crate) fn runs_with(&self, arguments: &[&str], (variable, value): (&str, &str)) -> Output {
        self.command(arguments).env(variable, value).output().unwrap()
    }

    /// Starts a command and lets it work.
    pub(crate) fn starts(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// As [`Self::starts`], with something in its environment.
    pub(crate) fn starts_with(&self, arguments: &[&str], (variable, value): (&str, &str)) -> Child {
        self.command(arguments).env(variable, value).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts a command of which nobody reads what it says.
    pub(crate) fn starts_silently(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Starts a command and waits until it stands still at a point, as in `commit-ready:1`.
    pub(crate) fn holds(&self, arguments: &[&str], at: &str) -> Held {
        let go = self.root().join("go");
        let child = self.starts_with(arguments, ("NIGHTSHIFT_HOLD_AT", &format!("{at}={}", go.display())));
        let here = go.with_extension(format!("{}.here", child.id()));
        let mut held = Held { child: Some(child), go };
        let began = Instant::now();
        while !here.exists() {
            assert!(held.child().try_wait().unwrap().is_none() && began.elapsed() < PATIENCE, "no run is ever at {at}");
            std::thread::sleep(Duration::from_millis(5));
        }
        held
    }

    /// How many files the project's data has.
    pub(crate) fn progress(&self) -> usize {
        self.files("data").len()
    }

    /// Waits until the program has made so many files more than there were at `start`; false if it ended before.
    pub(crate) fn waits_for(&self, child: &mut Child, start: usize, more: usize) -> bool {
        let began = Instant::now();
        while self.progress() < start + more {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(began.elapsed() < PATIENCE, "no progress");
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// The version of every source, rollup and report, from its log.
    pub(crate) fn versions(&self) -> BTreeMap<String, u64> {
        let mut versions = BTreeMap::new();
        for file in self.files("data/lake") {
            let parts: Vec<&str> = file.iter().map(|part| part.to_str().unwrap()).collect();
            if let [.., kind @ ("source" | "rollup" | "report"), name, "_delta_log", entry] = parts[..]
                && let Some(version) = entry.strip_suffix(".json").and_then(|version| version.parse::<u64>().ok())
            {
                let newest = versions.entry(format!("{kind}/{name}")).or_insert(version);
                *newest = version.max(*newest);
            }
        }
        versions
    }

    /// Data files, whole or not, that no commit of their table names.
    pub(crate) fn strays(&self) -> Vec<PathBuf> {
        let files = self.files("data/lake");
        let (logs, data): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|file| file.iter().any(|part| part == "_delta_log"));
        let named: String = logs.iter().map(|log| String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned()).collect();
        data.into_iter().filter(|file| !named.contains(file.file_name().unwrap().to_str().unwrap())).cloned().collect()
    }

    /// The files for people, by their paths in the output folder.
    pub(crate) fn outputs(&self) -> BTreeSet<PathBuf> {
        let folder = self.root().join("data/output");
        self.files("data/output").iter().map(|file| file.strip_prefix(&folder).unwrap().to_path_buf()).collect()
    }

    /// Every file below a folder of the project.
    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        gather(&self.root().join(folder), &mut files);
        files
    }
}

/// A process that stands still at a point.
pub(crate) struct Held {
    /// There until it goes on.
    child: Option<Child>,
    go: PathBuf,
}

impl Held {
    pub(crate) fn child(&mut self) -> &mut Child {
        self.child.as_mut().unwrap()
    }

    /// Lets it go on, to its end.
    pub(crate) fn goes_on(mut self) -> Output {
        std::fs::write(&self.go, b"").unwrap();
        self.child.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Held {
    /// It would wait for ever.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// Sends a signal, `INT` or `TERM`.
pub(crate) fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status().unwrap();
    assert!(sent.success(), "the program had ended before it was told");
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

/// What vanishes while it is looked at is not there.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.push(path);
        }
    }
}
