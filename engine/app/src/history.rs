//! What refreshes took before, as the ledger has it.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use nightshift_ledger::Ledger;
use nightshift_refresh::{History, Observation, Outcome};
use tokio::sync::OnceCell;

/// So many refreshes are looked at.
const MOST: u32 = 300;

/// The key of a refresh's record under which its observation stands.
pub(crate) const OBSERVED: &str = "observed";

/// The refreshes of a ledger, read once, when there is first a choice to be made.
pub(crate) struct LedgerHistory {
    path: PathBuf,
    seen: OnceCell<Vec<Observation>>,
}

impl LedgerHistory {
    /// The history of the ledger at a path, which need not be there yet.
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_path_buf(), seen: OnceCell::new() }
    }

    async fn read(&self) -> Vec<Observation> {
        if !self.path.exists() {
            return vec![];
        }
        // Without a history the choice is made by rates alone: no reason to fail.
        let Ok(ledger) = Ledger::open(&self.path).await else { return vec![] };
        let records = ledger.refreshes(MOST).await.unwrap_or_default();
        records.into_iter().filter_map(|record| serde_json::from_value(record).ok()).collect()
    }
}

#[async_trait]
impl History for LedgerHistory {
    async fn observations(&self) -> Vec<Observation> {
        self.seen.get_or_init(|| self.read()).await.clone()
    }
}

/// What a refresh that had a choice took.
pub(crate) fn observation(rollup: &str, outcome: &Outcome, seconds: f64) -> Option<Observation> {
    let cost = outcome.decision.cost()?;
    let (bytes, memory) = (outcome.measurement.bytes_read, outcome.measurement.peak_memory);
    Some(Observation { rollup: rollup.to_owned(), kind: cost.kind, work: cost.work, bytes, memory, seconds })
}
