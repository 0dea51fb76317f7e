//! What the keeping of a definition's tables would do.

use super::{Outlook, Planner, Verdict, outcome};
use crate::Result;
use crate::counted::counted;

impl Planner<'_> {
    /// Rows of tables stay as they are, so that nothing after it depends on what it does.
    pub(super) async fn maintain(&self, name: &str) -> Result<Outlook> {
        let mut files = 0;
        for table in self.workspace.tables_kept_for(name)? {
            if let Some(snapshot) = self.workspace.lake.snapshot(&table).await? {
                files += snapshot.scattered().iter().map(Vec::len).sum::<usize>();
            }
        }
        let what = match files {
            0 => "checkpoint if one is due, and remove what nobody reads any more".to_owned(),
            files => format!("put {} together, checkpoint if one is due, and remove what nobody reads any more", counted(files as u64, "file")),
        };
        Ok(outcome(Verdict::Marks, what))
    }
}
