//! Which tables and columns everything is made from.

use std::collections::BTreeSet;
use std::sync::Arc;

use nightshift_compile::contract::sql_name;
use nightshift_compile::lineage::{Lineage, lineage};
use nightshift_diagnostic::Diagnostics;
use nightshift_project::DefinitionKind;

use crate::{Error, Named, Result, Workspace};

/// A table of the project, with those directly before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNode {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DefinitionKind,
    /// What it reads, in alphabetical order.
    pub reads: Vec<String>,
    /// What reads it, in alphabetical order.
    pub read_by: Vec<String>,
}

/// Where one table's rows and columns come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLineage {
    /// The table.
    pub table: TableNode,
    /// Its title.
    pub title: String,
    /// The tables before it, back to the sources.
    pub tables: Vec<TableTree>,
    /// Its columns.
    pub columns: Vec<ColumnLineage>,
    /// The columns that decide which rows there are: in filters, joins and GROUP BY.
    pub rows: Vec<Origin>,
}

/// A table with those that it reads below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTree {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DefinitionKind,
    /// What it reads.
    pub reads: Vec<TableTree>,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnLineage {
    /// Its name.
    pub name: String,
    /// Its type, as SQL says it.
    pub data_type: String,
    /// The columns that its values are made from.
    pub from: Vec<Origin>,
}

/// A column that something is made from, with what that is made from in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Whether the table is a source, so that the way ends here.
    pub is_source: bool,
    /// Where it comes from; empty for a column of a source, and for one that is made from no column, such as a count of rows.
    pub from: Vec<Origin>,
}

impl Workspace {
    /// Every table of the project: sources, then rollups, then reports.
    pub fn table_graph(&self) -> Vec<TableNode> {
        self.definitions().map(|named| self.node(named)).collect()
    }

    /// Where one table's rows and columns come from. `problems` are those of the project: a mistake in another file does not matter.
    ///
    /// # Errors
    /// [`Error::Problems`] if the definition does not compile.
    pub fn table_lineage(&self, named: Named<'_>, problems: &Diagnostics) -> Result<TableLineage> {
        let name = named.name();
        let schema = match named {
            Named::Source(_) => self.compiled.contract(name).map(|contract| contract.schema()),
            Named::Rollup(_) => self.compiled.rollup(name).map(|rollup| Arc::clone(&rollup.schema)),
            Named::Report(_) => self.compiled.report(name).map(|report| Arc::clone(&report.schema)),
        };
        let schema = schema.ok_or_else(|| Error::Problems(problems.clone()))?;
        let own = self.own_lineage(name);
        let columns = schema.fields().iter().map(|field| ColumnLineage {
            name: field.name().clone(),
            data_type: sql_name(field.data_type()),
            from: self.origins_of(own.as_ref(), field.name()),
        });
        Ok(TableLineage {
            table: self.node(named),
            title: named.title().to_owned(),
            tables: self.trees(name),
            columns: columns.collect(),
            rows: own.iter().flat_map(|own| &own.rows).map(|(table, column)| self.origin(table, column)).collect(),
        })
    }

    fn node(&self, named: Named<'_>) -> TableNode {
        let reads = |name: &str| {
            let mut tables = self.tables_of(name).to_vec();
            tables.sort();
            tables
        };
        let mut read_by: Vec<String> =
            self.definitions().map(Named::name).filter(|other| self.tables_of(other).iter().any(|table| table == named.name())).map(str::to_owned).collect();
        read_by.sort();
        TableNode { name: named.name().to_owned(), kind: named.kind(), reads: reads(named.name()), read_by }
    }

    /// The tables that a rollup or report reads.
    fn tables_of(&self, name: &str) -> &[String] {
        let rollup = self.compiled.rollup(name).map(|rollup| rollup.tables.as_slice());
        rollup.or_else(|| self.compiled.report(name).map(|report| report.tables.as_slice())).unwrap_or_default()
    }

    fn trees(&self, name: &str) -> Vec<TableTree> {
        let mut names: Vec<&String> = self.tables_of(name).iter().collect();
        names.sort();
        let kind = |name: &str| if self.compiled.rollup(name).is_some() { DefinitionKind::Rollup } else { DefinitionKind::Source };
        names.into_iter().map(|name| TableTree { name: name.clone(), kind: kind(name), reads: self.trees(name) }).collect()
    }

    fn own_lineage(&self, name: &str) -> Option<Lineage> {
        let rollup = self.compiled.rollup(name).map(|rollup| &rollup.query);
        rollup.or_else(|| self.compiled.report(name).map(|report| &report.query)).map(lineage)
    }

    fn origins_of(&self, own: Option<&Lineage>, column: &str) -> Vec<Origin> {
        let found = own.and_then(|own| own.columns.iter().find(|(name, _)| name == column));
        found.map(|(_, origins)| origins.iter().map(|(table, column)| self.origin(table, column)).collect()).unwrap_or_default()
    }

    fn origin(&self, table: &str, column: &str) -> Origin {
        let from = self.origins_of(self.own_lineage(table).as_ref(), column);
        Origin { table: table.to_owned(), column: column.to_owned(), is_source: self.compiled.contract(table).is_some(), from }
    }
}

impl Origin {
    /// The (table, column) pairs of sources that this column comes from in the end; itself if it is one.
    pub fn sources(&self) -> BTreeSet<(String, String)> {
        if self.is_source {
            return BTreeSet::from([(self.table.clone(), self.column.clone())]);
        }
        self.from.iter().flat_map(Self::sources).collect()
    }
}
