//! A copy of the project, and the real program run in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A project that a test may run in.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What a run of the program left behind.
pub(crate) struct Said {
    line: String,
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        for part in ["nightshift.yaml", "sql", "reports", "pipelines", "calendars"] {
            copy(&repository.join(part), &folder.path().join(part));
        }
        let place = Self { folder };
        // What is shown must not depend on what earlier refreshes took.
        place.edit("nightshift.yaml", "technique: fastest", "technique: least");
        place
    }

    /// The project after one night with few rows.
    pub(crate) fn after_a_night() -> Self {
        let place = Self::new();
        let demo = place.run(&["demo", "--nights", "1", "--history-days", "20", "--rows-per-day", "50"]);
        assert_eq!(demo.exit, 0, "{}", demo.stderr);
        place
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).unwrap()
    }

    /// Puts another text in the place of one that must be there.
    pub(crate) fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "{relative} holds {from}");
        std::fs::write(self.path(relative), text.replace(from, to)).unwrap();
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nightshift"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env_remove("NIGHTSHIFT_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Said {
            line: format!("nightshift {}", arguments.join(" ")),
            exit: output.status.code().unwrap(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

impl Said {
    /// All that a person sees, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        let Self { line, exit, stdout, stderr } = self;
        let mut shown = format!("$ {line}\nexit {exit}\n");
        for (title, text) in [("stdout", stdout), ("stderr", stderr)] {
            if !text.is_empty() {
                shown.push_str(&format!("--- {title}\n{}\n", text.trim_end()));
            }
        }
        shown
    }

    /// Standard output, which must be one JSON value.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.shown()))
    }
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
