//! What is said about broken projects: each case is the sound project of `base/` with one mistake in one file.
//!
//! A case is a folder `cases/<code>/<name>/` that holds the one file with the mistake, at the place that it has in the project. The
//! person who wrote it marked the wrong words with `⟦` and `⟧`, which never reach the project: what the compiler points at is compared
//! with what a person pointed at, and only how it looks is a snapshot.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod case;

use std::collections::BTreeSet;
use std::path::Path;

use nightshift_app::Workspace;
use nightshift_diagnostic::{codes, render};

use case::{Case, folder, folders};

/// What only a command, a test or the bytes of a file can meet.
const WITHOUT_A_CASE: [&str; 4] = ["missing-parameter", "test-failed", "unknown-target", "unreadable-file"];

#[tokio::test]
async fn the_project_without_a_mistake_is_sound() {
    let problems = Case::sound().problems().await;
    assert!(problems.is_empty(), "{}", render::terminal(problems.as_slice(), false));
}

#[tokio::test]
async fn one_mistake_is_one_diagnostic_at_its_place() {
    let cases = Case::all();
    assert!(cases.len() >= 100, "only {} cases were found", cases.len());
    let mut misplaced = Vec::new();
    let mut looks = Vec::new();
    for case in &cases {
        let problems = case.problems().await;
        let found: Vec<String> = problems.iter().map(case::shown).collect();
        let look = render::terminal(problems.as_slice(), false);
        if found != case.expected {
            misplaced.push(format!("{}\n  expected {:?}\n  found    {found:?}\n{look}", case.name, case.expected));
        }
        looks.push((case.name.replace('/', "__"), look));
    }
    assert!(misplaced.is_empty(), "{} of {} cases:\n{}", misplaced.len(), cases.len(), misplaced.join("\n"));
    for (name, look) in looks {
        snapshot(&name, &look);
    }
}

#[tokio::test]
async fn many_mistakes_are_told_at_once_in_the_order_of_the_files() {
    let expected = ["invalid-cron", "invalid-value", "unknown-function", "missing-group-by", "unknown-type"];
    let case = Case::read("several", &folder().join("several"), &expected);
    let problems = case.problems().await;
    let found: Vec<String> = problems.iter().map(case::shown).collect();
    assert_eq!(found, case.expected);
    snapshot("several", &render::terminal(problems.as_slice(), false));
    snapshot("several_json", &serde_json::to_string_pretty(&render::json(problems.as_slice())).unwrap());
}

/// A report is no table that another file could read, and so its mistakes hide none of others.
#[tokio::test]
async fn a_mistake_in_a_report_hides_no_other() {
    let case = Case::read("beside", &folder().join("beside"), &["invalid-sql", "unknown-table"]);
    let found: Vec<String> = case.problems().await.iter().map(case::shown).collect();
    assert_eq!(found, case.expected);
}

/// What the hint about days and instants says must be true: the midnight of a DATE that is cast is the project's, not that of UTC,
/// which is where an unequal comparison would silently fall back to.
#[tokio::test]
async fn a_date_that_is_cast_is_midnight_in_the_project() {
    let place = Case::sound().place();
    let workspace = Workspace::open_sound(place.path(), None).await.unwrap();
    let session = workspace.engine.step("hint").unwrap();
    let sql = "SELECT count(*) AS same FROM (SELECT TIMESTAMPTZ '2026-02-16T16:00:00Z' AT TIME ZONE 'Asia/Taipei' AS at) t \
               WHERE t.at = CAST(DATE '2026-02-17' AS TIMESTAMP) AND business_date(t.at) = DATE '2026-02-17'";
    let batches = session.context.sql(sql).await.unwrap().collect().await.unwrap();
    let shown = format!("{:?}", batches[0].column(0));
    assert!(shown.contains("[\n  1,\n]"), "{shown}");
}

#[test]
fn every_code_has_a_case() {
    let covered: BTreeSet<String> = folders(&folder().join("cases")).iter().map(|path| case::file_name(path)).collect();
    let known: BTreeSet<String> = codes::ALL.iter().map(|(code, _)| code.as_str().to_owned()).collect();
    let unknown: Vec<&String> = covered.difference(&known).collect();
    assert!(unknown.is_empty(), "no such code: {unknown:?}");
    let missing: Vec<&String> = known.difference(&covered).filter(|code| !WITHOUT_A_CASE.contains(&code.as_str())).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
