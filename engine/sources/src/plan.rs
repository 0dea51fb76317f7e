//! What an ingest would do, found out before anything is done.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use nightshift_compile::contract::Contract;
use nightshift_lake::{Snapshot, TableKind, TableName};

use crate::arrival::{Arrival, CONTRACT, FileState, arrivals};
use crate::columns::{FILE, strings};
use crate::ingest::IngestRequest;
use crate::load::Tables;
use crate::{Error, Fingerprint, Result, discover};

/// What an ingest of one source does: what `plan` prints, and what [`crate::ingest`] carries out.
#[derive(Debug, Clone)]
pub struct IngestPlan {
    /// Every file that arrived, in its order, with what it is to the table.
    pub files: Vec<Arrival>,
    /// Whether all files are loaded again because the contract changed.
    pub contract_changed: bool,
    /// The table's version, if it exists.
    pub version: Option<i64>,
}

impl IngestPlan {
    /// The files in this state.
    pub fn in_state(&self, state: FileState) -> impl Iterator<Item = &Arrival> {
        self.files.iter().filter(move |arrival| arrival.state == state)
    }

    /// Whether nothing would be committed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        !self.contract_changed && !self.files.iter().any(Arrival::is_pending)
    }
}

/// Finds out what an ingest would do: which files it would load, replace or leave. Files that are new or were touched are hashed.
///
/// # Errors
/// If a file or the lake cannot be read; [`Error::FilesGone`] if the contract changed and not all files are there any more.
pub async fn plan(request: &IngestRequest<'_>) -> Result<IngestPlan> {
    Ok(prepare(request).await?.0)
}

pub(crate) async fn prepare(request: &IngestRequest<'_>) -> Result<(IngestPlan, Tables)> {
    let contract = request.contract;
    let source = TableName::new(TableKind::Source, contract.name.as_str())?;
    let base = request.lake.snapshot(&source).await?;
    let number = Fingerprint::of(contract.normal_form().as_bytes()).version();
    let known = match &base {
        Some(base) => base.transaction_version(CONTRACT).await?,
        None => None,
    };
    let contract_changed = known.is_some_and(|known| known != number);
    let files = discover(request.incoming, contract, request.up_to)?;
    let files = arrivals(contract, files, base.as_ref(), contract_changed).await?;
    if let (true, Some(base)) = (contract_changed, &base) {
        require_all(request.session, contract, base, &files).await?;
    }
    let full = contract.header.load == nightshift_project::Load::Full && files.iter().any(|file| file.is_pending() && file.file.size > 0);
    let plan = IngestPlan { files, contract_changed, version: base.as_ref().map(Snapshot::version) };
    Ok((plan, Tables { source, base, anew: contract_changed || full, contract: number }))
}

/// Every file whose rows the table holds must be there to be read again.
async fn require_all(session: &SessionContext, contract: &Contract, base: &Snapshot, files: &[Arrival]) -> Result<()> {
    let present: BTreeSet<String> = files.iter().filter(|file| file.state != FileState::Unfinished).map(|file| file.file.identity()).collect();
    let table = session.read_table(base.provider(None))?;
    let mut rows = table.select_columns(&[FILE])?.distinct()?.execute_stream().await?;
    while let Some(rows) = rows.next().await {
        let rows: RecordBatch = rows?;
        let Some(names) = rows.column_by_name(FILE) else { continue };
        if let Some(missing) = strings(names)?.iter().flatten().find(|name| !present.contains(*name)) {
            return Err(Error::FilesGone { source_name: contract.name.clone(), missing: missing.to_owned() });
        }
    }
    Ok(())
}
