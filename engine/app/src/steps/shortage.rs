//! Which steps ran out of memory, and what their next attempt does about it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nightshift_execute::Joins;

use crate::Error;

/// The steps of a run for whose joins the memory did not suffice.
#[derive(Debug, Default)]
pub(super) struct Shortage(Mutex<BTreeSet<String>>);

impl Shortage {
    /// How the next attempt at a step joins.
    pub(super) fn joins(&self, step: &str) -> Joins {
        if self.steps().contains(step) { Joins::Sorted } else { Joins::Hashed }
    }

    /// Remembers what made an attempt fail; true if the next one does better, because it sorts and this one did not.
    pub(super) fn next_sorts(&self, step: &str, error: &Error) -> bool {
        error.is_out_of_memory() && self.steps().insert(step.to_owned())
    }

    fn steps(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::error::DataFusionError;

    use super::*;

    #[test]
    fn a_step_that_ran_out_of_memory_sorts_once() {
        let out_of_memory = || nightshift_execute::Error::from_query(DataFusionError::ResourcesExhausted("HashJoinInput".to_owned()), 1);
        let shortage = Shortage::default();
        let stopped = Error::Execute(nightshift_execute::Error::Cancelled);
        assert!(!shortage.next_sorts("report:a", &stopped));
        assert_eq!(shortage.joins("report:a"), Joins::Hashed);
        assert!(shortage.next_sorts("report:a", &Error::Execute(out_of_memory())));
        assert_eq!((shortage.joins("report:a"), shortage.joins("refresh:b")), (Joins::Sorted, Joins::Hashed));
        assert!(!shortage.next_sorts("report:a", &Error::Execute(out_of_memory())), "sorting did not help: a third attempt would end so too");
        assert!(shortage.next_sorts("refresh:b", &Error::Refresh(out_of_memory().into())));
    }
}
