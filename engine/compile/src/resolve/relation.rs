//! The shape of a query over base tables.

use std::fmt;

use super::term::{Occurrence, Term};

/// What a query reads and how it puts it together; its columns stand beside it in [`super::Resolved`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A table.
    Scan {
        /// Which scan of the query.
        of: Occurrence,
        /// The table's name.
        table: String,
    },
    /// Rows that satisfy all of the predicates.
    Filter {
        /// What is filtered.
        input: Box<Relation>,
        /// The predicates, in the order of their normal form.
        predicates: Vec<Term>,
    },
    /// A join.
    Join {
        /// INNER, LEFT, …
        kind: JoinKind,
        /// The left side.
        left: Box<Relation>,
        /// The right side.
        right: Box<Relation>,
        /// The conditions, in the order of their normal form.
        conditions: Vec<Term>,
    },
    /// One row a group.
    Aggregate {
        /// What is grouped.
        input: Box<Relation>,
        /// The group keys.
        groups: Vec<Term>,
    },
    /// Window functions beside every row.
    Window {
        /// What they look at.
        input: Box<Relation>,
        /// The functions.
        functions: Vec<Term>,
    },
    /// Rows without repetition.
    Distinct {
        /// What is made distinct.
        input: Box<Relation>,
        /// By which columns.
        columns: Vec<Term>,
    },
    /// Several queries one after the other.
    Union(Vec<Relation>),
    /// Some of the rows.
    Limit(Box<Relation>),
    /// What we do not look into.
    Opaque {
        /// What it is.
        text: String,
        /// What it does: its expressions, and all columns that it gets.
        parts: Vec<Term>,
        /// What it is made from.
        inputs: Vec<Relation>,
    },
}

/// Which rows of a join's sides stay without a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// None.
    Inner,
    /// The left side's.
    Left,
    /// The right side's.
    Right,
    /// Both sides'.
    Full,
    /// The left side's rows that have a partner, once each.
    Semi,
    /// The left side's rows that have none.
    Anti,
    /// Another kind, which only the optimizer makes.
    Other,
}

impl Relation {
    /// The relations directly below this one.
    pub fn inputs(&self) -> Vec<&Self> {
        match self {
            Self::Scan { .. } => vec![],
            Self::Filter { input, .. } | Self::Aggregate { input, .. } | Self::Window { input, .. } | Self::Distinct { input, .. } | Self::Limit(input) => {
                vec![input]
            }
            Self::Join { left, right, .. } => vec![left, right],
            Self::Union(inputs) | Self::Opaque { inputs, .. } => inputs.iter().collect(),
        }
    }

    /// The scans in this relation, from left to right.
    pub fn scans(&self) -> Vec<(Occurrence, &str)> {
        match self {
            Self::Scan { of, table } => vec![(*of, table.as_str())],
            _ => self.inputs().into_iter().flat_map(Self::scans).collect(),
        }
    }
}

/// The normal form: two queries with the same one give the same rows.
impl fmt::Display for Relation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan { of, table } => write!(formatter, "{table}#{}", of.0),
            Self::Filter { input, predicates } => write_node(formatter, "filter", &[input.as_ref()], predicates),
            Self::Join { kind, left, right, conditions } => write_node(formatter, &format!("{kind:?} join"), &[left.as_ref(), right.as_ref()], conditions),
            Self::Aggregate { input, groups } => write_node(formatter, "group", &[input.as_ref()], groups),
            Self::Window { input, functions } => write_node(formatter, "window", &[input.as_ref()], functions),
            Self::Distinct { input, columns } => write_node(formatter, "distinct", &[input.as_ref()], columns),
            Self::Union(inputs) => write_node(formatter, "union", &inputs.iter().collect::<Vec<_>>(), &[]),
            Self::Limit(input) => write_node(formatter, "limit", &[input.as_ref()], &[]),
            Self::Opaque { text, parts, inputs } => write_node(formatter, text, &inputs.iter().collect::<Vec<_>>(), parts),
        }
    }
}

fn write_node(formatter: &mut fmt::Formatter<'_>, name: &str, inputs: &[&Relation], terms: &[Term]) -> fmt::Result {
    write!(formatter, "({name}")?;
    for input in inputs {
        write!(formatter, " {input}")?;
    }
    for term in terms {
        write!(formatter, " {term}")?;
    }
    write!(formatter, ")")
}
