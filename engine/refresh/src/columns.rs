//! What becomes of the columns that readers of a rollup's table see, when its definition has changed.

use datafusion::arrow::datatypes::DataType;
use nightshift_compile::Rollup;
use nightshift_lake::{Snapshot, TableLayout};

use crate::Result;

/// The columns of a definition beside those of its table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnChanges {
    /// Those that both have in the same type.
    pub kept: Vec<String>,
    /// Those that the table does not have yet: readers who do not ask for them notice nothing.
    pub added: Vec<String>,
    /// Those that the definition no longer has.
    pub removed: Vec<String>,
    /// Those that get another type: name, the table's, the definition's.
    pub retyped: Vec<(String, DataType, DataType)>,
}

impl ColumnChanges {
    /// What becomes of the visible columns of a table that was made by an earlier state of a rollup's definition.
    ///
    /// # Errors
    /// If Delta cannot hold one of the columns.
    pub fn of(rollup: &Rollup, table: &Snapshot) -> Result<Self> {
        let new = TableLayout::new(&rollup.schema, vec![], vec![])?;
        let (new, old) = (new.schema(), table.schema());
        let old = old.fields().iter().filter(|field| !field.name().starts_with('_'));
        let mut changes = Self::default();
        for field in new.fields() {
            match old.clone().find(|old| old.name() == field.name()) {
                None => changes.added.push(field.name().clone()),
                Some(old) if old.data_type() == field.data_type() => changes.kept.push(field.name().clone()),
                Some(old) => changes.retyped.push((field.name().clone(), old.data_type().clone(), field.data_type().clone())),
            }
        }
        changes.removed = old.filter(|old| new.field_with_name(old.name()).is_err()).map(|old| old.name().clone()).collect();
        Ok(changes)
    }

    /// Whether readers of the table may break.
    #[must_use]
    pub const fn breaks_readers(&self) -> bool {
        !self.removed.is_empty() || !self.retyped.is_empty()
    }
}
