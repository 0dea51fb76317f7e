//! The first rows of a report or rollup as its file stands now, before any batch runs it.

use std::collections::BTreeMap;

use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::ScalarValue;
use nightshift_compile::parameters;
use nightshift_compile::planning::ParsedQuery;
use nightshift_diagnostic::{Diagnostic, Diagnostics, codes};
use nightshift_project::{DefinitionKind, Rewrite};
use tokio_util::sync::CancellationToken;

use crate::query::Query;
use crate::{Error, Named, Result, Workspace};

/// A preview under way.
pub struct Preview {
    /// The name of the report or rollup.
    pub name: String,
    /// Which of the two it is.
    pub kind: DefinitionKind,
    /// Its title.
    pub title: String,
    /// Its parameters with their values, in the order of the header.
    pub parameters: Vec<(String, String)>,
    /// Its rows.
    pub query: Query,
}

impl Workspace {
    /// Runs a report's or rollup's query over the tables as they stand; nothing is written. `problems` are those of the project: a
    /// mistake in another file does not matter.
    ///
    /// # Errors
    /// [`Error::Problems`] if the file, a file that it reads, or a parameter is wrong; or what the query met while it was started.
    pub async fn preview(
        &self,
        named: Named<'_>,
        given: &BTreeMap<String, String>,
        limit: Option<usize>,
        problems: &Diagnostics,
        cancel: &CancellationToken,
    ) -> Result<Preview> {
        let name = named.name();
        let broken = || Error::Problems(problems.clone());
        let (query, tables, values, may_rewrite): (&ParsedQuery, &[String], _, _) = match named {
            Named::Source(definition) => {
                let problem = Diagnostic::error(codes::WRONG_KIND, format!("`{name}` is a source: it has no query to preview"))
                    .at(definition.title_location())
                    .hint(format!("look at its rows: nightshift sql 'SELECT * FROM {name}'"));
                return Err(Error::Problems(problem.into()));
            }
            Named::Rollup(definition) => {
                let rollup = self.compiled.rollup(name).ok_or_else(broken)?;
                let unknown = given.keys().map(|parameter| {
                    Diagnostic::error(codes::UNKNOWN_PARAMETER, format!("`{name}` has no parameter `{parameter}`: a rollup has none"))
                        .at(definition.title_location())
                        .hint(format!("leave out --param {parameter}=…"))
                });
                let unknown: Diagnostics = unknown.collect();
                if unknown.has_errors() {
                    return Err(Error::Problems(unknown));
                }
                // It would be answered from its own table.
                (&rollup.parsed, &rollup.tables, BTreeMap::new(), Rewrite::Off)
            }
            Named::Report(_) => {
                let report = self.compiled.report(name).ok_or_else(broken)?;
                (&report.parsed, &report.tables, report.bind(given, &self.calendar).map_err(Error::Problems)?, report.definition.header.rewrite)
            }
        };
        let session = self.engine.step(&format!("preview:{name}"))?;
        let (read, pinned) = self.register_newest(&session.context, tables).await?;
        let planned = query.plan(&session.context).await.map_err(Error::Problems)?;
        let plan = parameters::bind(planned.plan, &values)?;
        let rewritten = self.rewritten_if(may_rewrite, plan, &session, &pinned).await?;
        let mut query = Query::start(session, rewritten, read, limit, cancel).await?;
        self.document(name, &mut query);
        Ok(Preview { name: name.to_owned(), kind: named.kind(), title: named.title().to_owned(), parameters: shown(named, &values), query })
    }

    /// Descriptions and units stand in the header, not in the rows.
    fn document(&self, name: &str, query: &mut Query) {
        let rollup = self.compiled.rollup(name).map(|rollup| &rollup.schema);
        let Some(schema) = rollup.or_else(|| self.compiled.report(name).map(|report| &report.schema)) else { return };
        for (column, field) in query.columns.iter_mut().zip(schema.fields()) {
            let documented = crate::query::Column::of(field);
            column.description = documented.description;
            column.unit = documented.unit;
        }
    }
}

fn shown(named: Named<'_>, values: &BTreeMap<String, ScalarValue>) -> Vec<(String, String)> {
    let Named::Report(definition) = named else { return vec![] };
    let declared = definition.header.parameters.iter();
    declared.filter_map(|parameter| Some((parameter.name.clone(), text(values.get(&parameter.name)?)))).collect()
}

/// A value as it would be shown in a row.
fn text(value: &ScalarValue) -> String {
    let shown = value.to_array().ok().and_then(|array| array_value_to_string(&array, 0).ok());
    shown.unwrap_or_else(|| value.to_string())
}
