//! `nightshift lineage`.

use std::collections::BTreeSet;

use nightshift_app::lineage::{ColumnLineage, Origin, TableLineage, TableNode, TableTree};
use nightshift_app::{Result, Workspace};
use nightshift_diagnostic::Fault;
use nightshift_project::DefinitionKind;
use serde_json::{Value, json};

use crate::printer::Printer;
use crate::tree::Tree;

pub(super) async fn lineage(root: &std::path::Path, target: Option<&str>, printer: &Printer, name: Option<&str>) -> Result<Option<Fault>> {
    let (workspace, problems) = Workspace::open(root, target).await?;
    match name {
        Some(name) => {
            let found = workspace.table_lineage(workspace.named(name)?, &problems)?;
            printer.data(table_text(&found).trim_end(), &table_json(&found));
        }
        None => {
            let graph = workspace.table_graph();
            printer.data(graph_text(&graph).trim_end(), &graph.iter().map(node_json).collect());
        }
    }
    printer.other_problems(&problems);
    Ok(None)
}

fn graph_text(graph: &[TableNode]) -> String {
    let mut text = String::new();
    for (kind, title) in [(DefinitionKind::Source, "sources"), (DefinitionKind::Rollup, "rollups"), (DefinitionKind::Report, "reports")] {
        let tables = graph.iter().filter(|node| node.kind == kind).map(|node| {
            let line = |word: &str, names: &[String]| (!names.is_empty()).then(|| Tree::new(format!("{word} {}", names.join(", ")), vec![]));
            let lines = [line("reads", &node.reads), line("read by", &node.read_by)];
            Tree::new(&node.name, lines.into_iter().flatten().collect())
        });
        text.push_str(&Tree::new(title, tables.collect()).draw());
    }
    text
}

fn table_text(lineage: &TableLineage) -> String {
    let TableLineage { table, title, tables, columns, rows } = lineage;
    let mut text = format!("{} ({}): {title}\n", table.name, table.kind);
    let mut part = |title: &str, trees: Vec<Tree>| {
        if !trees.is_empty() {
            text.push_str(&format!("\n{}", Tree::new(title, trees).draw()));
        }
    };
    part("reads", tables.iter().map(tree).collect());
    part("read by", table.read_by.iter().map(|name| Tree::new(name, vec![])).collect());
    let is_source = table.kind == DefinitionKind::Source;
    part("columns", columns.iter().map(|found| column(found, is_source)).collect());
    part("which rows there are depends on", rows.iter().map(origin).collect());
    text
}

fn tree(table: &TableTree) -> Tree {
    Tree::new(format!("{} ({})", table.name, table.kind), table.reads.iter().map(tree).collect())
}

/// What stands behind a column of a query that is made from no other column.
const NO_COLUMN: &str = "  (from no column)";

fn column(column: &ColumnLineage, is_source: bool) -> Tree {
    let note = if column.from.is_empty() && !is_source { NO_COLUMN } else { "" };
    Tree::new(format!("{}  {}{note}", column.name, column.data_type), column.from.iter().map(origin).collect())
}

fn origin(from: &Origin) -> Tree {
    let note = if from.from.is_empty() && !from.is_source { NO_COLUMN } else { "" };
    Tree::new(format!("{}.{}{note}", from.table, from.column), from.from.iter().map(origin).collect())
}

fn node_json(node: &TableNode) -> Value {
    json!({"name": node.name, "kind": node.kind.as_str(), "reads": node.reads, "read_by": node.read_by})
}

fn table_json(lineage: &TableLineage) -> Value {
    let columns = lineage.columns.iter().map(|column| {
        let sources: BTreeSet<(String, String)> = column.from.iter().flat_map(Origin::sources).collect();
        json!({
            "name": column.name, "type": column.data_type, "from": origins_json(&column.from),
            "sources": sources.iter().map(|(table, column)| json!({"table": table, "column": column})).collect::<Value>(),
        })
    });
    json!({
        "name": lineage.table.name, "kind": lineage.table.kind.as_str(), "title": lineage.title,
        "reads": lineage.table.reads, "read_by": lineage.table.read_by,
        "columns": columns.collect::<Value>(), "rows": origins_json(&lineage.rows),
    })
}

fn origins_json(origins: &[Origin]) -> Value {
    origins.iter().map(|origin| json!({"table": origin.table, "column": origin.column, "from": origins_json(&origin.from)})).collect()
}
