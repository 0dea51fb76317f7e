//! Expressions over base tables: what a column means once projections, aliases and CTEs are seen through.

use std::collections::BTreeSet;
use std::fmt;

/// One scan of a table in a query, counted from left to right; a table joined with itself occurs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Occurrence(pub usize);

/// An expression over base tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// A column of a scanned table.
    Column {
        /// Which scan.
        of: Occurrence,
        /// The table's name.
        table: String,
        /// The column's name.
        name: String,
    },
    /// A constant, as text with its type.
    Literal(String),
    /// A function, operator or cast.
    Call {
        /// Its name; operators and casts have names such as `=` and `cast Date32`.
        name: String,
        /// What it is applied to.
        arguments: Vec<Term>,
    },
    /// An aggregate over the groups of the query block below.
    Aggregate {
        /// Which GROUP BY of the query, so that those of two blocks are told apart.
        block: usize,
        /// Its name.
        name: String,
        /// What it is applied to.
        arguments: Vec<Term>,
        /// DISTINCT.
        distinct: bool,
        /// FILTER (WHERE …).
        filter: Option<Box<Term>>,
        /// ORDER BY inside the call.
        order: Vec<Term>,
        /// Digits after the point of its result; `None` if the result is no exact number. It follows from the arguments' types, so
        /// it is no part of the normal form.
        scale: Option<i8>,
    },
    /// A window function.
    Window {
        /// Which query block, counted with the GROUP BYs.
        block: usize,
        /// Its name with the frame.
        name: String,
        /// What it is applied to.
        arguments: Vec<Term>,
        /// PARTITION BY.
        partition: Vec<Term>,
        /// ORDER BY.
        order: Vec<Term>,
        /// True if the frame reaches from the partition's start to the current row, or only backwards from it.
        backward: bool,
    },
    /// The same output column of several queries put together.
    Union {
        /// Which union.
        of: usize,
        /// The columns.
        parts: Vec<Term>,
    },
    /// What we do not look into, with the columns that it reads.
    Opaque {
        /// How DataFusion prints it.
        text: String,
        /// What it is made from.
        parts: Vec<Term>,
    },
}

impl Term {
    /// A call.
    pub fn call(name: impl Into<String>, arguments: Vec<Self>) -> Self {
        Self::Call { name: name.into(), arguments }
    }

    /// The terms directly below this one.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Column { .. } | Self::Literal(_) => vec![],
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::Aggregate { arguments, filter, order, .. } => arguments.iter().chain(filter.as_deref()).chain(order).collect(),
            Self::Window { arguments, partition, order, .. } => arguments.iter().chain(partition).chain(order).collect(),
            Self::Union { parts, .. } | Self::Opaque { parts, .. } => parts.iter().collect(),
        }
    }

    /// True if this term or one below it satisfies the predicate.
    pub fn any(&self, predicate: &impl Fn(&Self) -> bool) -> bool {
        predicate(self) || self.children().into_iter().any(|child| child.any(predicate))
    }

    /// Every (table, column) that this term is made from.
    pub fn origins(&self) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        self.gather_origins(&mut found);
        found
    }

    fn gather_origins(&self, found: &mut BTreeSet<(String, String)>) {
        if let Self::Column { table, name, .. } = self {
            found.insert((table.clone(), name.clone()));
        }
        for child in self.children() {
            child.gather_origins(found);
        }
    }
}

/// The normal form of a term: the same for every way of writing the same expression with other aliases.
impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { of, table, name } => write!(formatter, "{table}#{}.{name}", of.0),
            Self::Literal(text) => write!(formatter, "{text}"),
            Self::Call { name, arguments } => write_list(formatter, name, arguments),
            Self::Aggregate { block, name, arguments, distinct, filter, order, .. } => {
                write_list(formatter, &format!("aggregate {block}{}", if *distinct { " distinct" } else { "" }), &[])?;
                write_list(formatter, name, arguments)?;
                if let Some(filter) = filter {
                    write!(formatter, " where {filter}")?;
                }
                if order.is_empty() { Ok(()) } else { write_list(formatter, " order", order) }
            }
            Self::Window { block, name, arguments, partition, order, .. } => {
                write_list(formatter, &format!("window {block} {name}"), arguments)?;
                write_list(formatter, " over", partition)?;
                write_list(formatter, " order", order)
            }
            Self::Union { of, parts } => write_list(formatter, &format!("union {of}"), parts),
            Self::Opaque { text, parts } => write_list(formatter, text, parts),
        }
    }
}

fn write_list(formatter: &mut fmt::Formatter<'_>, name: &str, items: &[Term]) -> fmt::Result {
    write!(formatter, "({name}")?;
    for item in items {
        write!(formatter, " {item}")?;
    }
    write!(formatter, ")")
}
