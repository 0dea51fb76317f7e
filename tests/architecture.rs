//! The allowed edges between crates stand in a table in `docs/ARCHITECTURE.md`; here they are compared with `cargo metadata`.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

type Edges = BTreeMap<String, BTreeSet<String>>;

#[test]
fn crates_depend_only_as_the_architecture_page_says() {
    let allowed = documented_edges();
    let actual = actual_edges();
    let names: BTreeSet<&String> = allowed.keys().collect();
    assert_eq!(names, actual.keys().collect(), "the table and the workspace have the same crates");
    for (name, edges) in &actual {
        let surplus: Vec<&String> = edges.difference(&allowed[name]).collect();
        assert!(surplus.is_empty(), "{name} depends on {surplus:?}, which docs/ARCHITECTURE.md does not allow");
    }
}

#[test]
fn a_crate_depends_only_on_crates_listed_before_it() {
    let mut earlier = BTreeSet::new();
    for (name, edges) in documented_rows() {
        assert!(edges.is_subset(&earlier), "{name} may only depend on the crates above it in the table");
        earlier.insert(name);
    }
    assert!(earlier.len() > 10, "the table was found");
}

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn documented_rows() -> Vec<(String, BTreeSet<String>)> {
    let page = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| crate |")).skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let edges = cells[1].split_whitespace().map(|word| word.trim_matches(',').to_owned());
        (cells[0].trim_matches('`').to_owned(), edges.filter(|word| word != "-").collect())
    })
    .collect()
}

fn documented_edges() -> Edges {
    documented_rows().into_iter().collect()
}

fn actual_edges() -> Edges {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root()).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let engine = metadata["packages"].as_array().unwrap().iter().filter_map(|package| {
        let name = package["name"].as_str()?.strip_prefix("nightshift-")?;
        package["manifest_path"].as_str()?.contains("/engine/").then_some((name, package))
    });
    engine
        .map(|(name, package)| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let edges = dependencies
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|dependency| dependency["name"].as_str()?.strip_prefix("nightshift-"))
                .map(str::to_owned);
            (name.to_owned(), edges.collect())
        })
        .collect()
}
