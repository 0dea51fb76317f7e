//! What is said about broken projects: each case is the sound project of `base/` with one mistake in one file.
//!
//! A case is a folder `cases/<code>/<name>/` that holds the one file with the mistake, at the place that it has in the project. The
//! person who wrote it marked the wrong words with `⟦` and `⟧`, which never reach the project: what the compiler points at is compared
//! with what a person pointed at, and only how it looks is a snapshot.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod case;

use std::collections::BTreeSet;
use std::path::Path;

use nightshift_diagnostic::{codes, render};

use case::{Case, folder, folders};

/// What only a command or a night can meet, never a look at the files.
const NOT_OF_FILES: [&str; 0] = [];

#[tokio::test]
async fn the_project_without_a_mistake_is_sound() {
    let problems = Case::sound().problems().await;
    assert!(problems.is_empty(), "{}", render::terminal(problems.as_slice(), false));
}

#[tokio::test]
async fn one_mistake_is_one_diagnostic_at_its_place() {
    let mut wrong = Vec::new();
    let cases = Case::all();
    assert!(cases.len() >= 32, "only {} cases were found", cases.len());
    for case in &cases {
        let problems = case.problems().await;
        let found: Vec<String> = problems.iter().map(case::shown).collect();
        if found != case.expected {
            wrong.push(format!("{}\n  expected {:?}\n  found    {found:?}\n{}", case.name, case.expected, render::terminal(problems.as_slice(), false)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_diagnostic_reads_well() {
    for case in Case::all() {
        let problems = case.problems().await;
        snapshot(&case.name.replace('/', "__"), &render::terminal(problems.as_slice(), false));
    }
}

#[test]
fn every_code_has_a_case() {
    let covered: BTreeSet<String> = folders(&folder().join("cases")).iter().map(|path| case::file_name(path)).collect();
    let known: BTreeSet<String> = codes::ALL.iter().map(|(code, _)| code.as_str().to_owned()).collect();
    let unknown: Vec<&String> = covered.difference(&known).collect();
    assert!(unknown.is_empty(), "no such code: {unknown:?}");
    let missing: Vec<&String> = known.difference(&covered).filter(|code| !NOT_OF_FILES.contains(&code.as_str())).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
