//! The independent engine: DuckDB, in a Python process that answers for the whole test run (see `tests/oracle/histories.py`).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::{Map, Value, json};

/// What the SELECT of a rollup gives: rows, each cell as text, or why there are none.
pub(crate) type Answer = Result<Vec<Vec<String>>, String>;

/// The answers for rollups, of which the SELECTs are given by their names, over all rows of each source. Whoever asks tells everything,
/// so that it does not matter who asked before.
pub(crate) fn answers(rows: &BTreeMap<&'static str, Vec<Value>>, selects: &BTreeMap<String, String>) -> BTreeMap<String, Answer> {
    static ORACLE: LazyLock<Mutex<Oracle>> = LazyLock::new(|| Mutex::new(Oracle::start()));
    let question = json!({"rows": rows, "rollups": selects});
    let answer = ORACLE.lock().unwrap_or_else(PoisonError::into_inner).ask(&question);
    answer.into_iter().map(|(name, answer)| (name, read(&answer))).collect()
}

fn read(answer: &Value) -> Answer {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match answer.get("error") {
        Some(error) => Err(text(error)),
        None => Ok(answer["rows"].as_array().unwrap().iter().map(|row| row.as_array().unwrap().iter().map(text).collect()).collect()),
    }
}

/// The process. It ends with this one, because nothing more can come then.
struct Oracle {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    fn start() -> Self {
        let oracle = repository().join("tests/oracle");
        let environment = Command::new("sh").arg(oracle.join("environment.sh")).output().expect("sh starts");
        assert!(environment.status.success(), "{}", String::from_utf8_lossy(&environment.stderr));
        let python = String::from_utf8_lossy(&environment.stdout).trim().to_owned();
        let mut command = Command::new(&python);
        command.arg(oracle.join("histories.py")).arg(repository().join("tests/refresh/project")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{python} starts: {error}"));
        let (questions, answers) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, questions, answers }
    }

    fn ask(&mut self, question: &Value) -> Map<String, Value> {
        writeln!(self.questions, "{question}").expect("the oracle listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the oracle ended: {:?}", self.process.wait());
        serde_json::from_str(&line).unwrap()
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}
