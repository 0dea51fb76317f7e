//! From DataFusion's logical plan to our own form over base tables, in which aliases, CTEs and projections have vanished.
//!
//! Everything that is proved about a rollup (bucket-locality, feeders, fingerprint, lineage) is proved on this form, so that neither
//! the analyst's way of writing nor a DataFusion upgrade changes the answer. It is made from the *unoptimised* plan.

mod expression;
mod relation;
mod term;
mod walk;

pub use relation::{JoinKind, Relation};
pub use term::{Occurrence, Term};
pub use walk::{exact_scale, meaning, resolve};

/// A query in our own form.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Where the rows come from.
    pub relation: Relation,
    /// The columns, in order.
    pub columns: Vec<ResolvedColumn>,
}

/// A column of a query, at some point of its plan.
#[derive(Debug, Clone)]
pub struct ResolvedColumn {
    /// The alias that qualifies it there, if any.
    pub qualifier: Option<String>,
    /// Its name there.
    pub name: String,
    /// What it means.
    pub term: Term,
}

impl Resolved {
    /// The meaning of a column by its name there; `None` if there is no such column.
    pub fn term(&self, qualifier: Option<&str>, name: &str) -> Option<&Term> {
        self.columns.iter().find(|column| column.name == name && (qualifier.is_none() || column.qualifier.as_deref() == qualifier)).map(|column| &column.term)
    }

    /// The normal form of the whole query: rows, and columns with their names in order.
    pub fn normal_form(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("{}={}", column.name, column.term)).collect();
        format!("{} => {}", self.relation, columns.join(", "))
    }
}
