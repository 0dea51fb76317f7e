//! Rollups: what is proved about one from its query alone.
//!
//! Start reading at [`Rollup::analyse`]; the proofs are in [`locality`] (which buckets a change touches) and [`feed`] (from which
//! finer rollup it can be computed).

pub mod feed;
mod fingerprint;
pub mod grouping;
pub mod keys;
pub mod locality;
pub mod lookup;
pub mod obstacle;
pub mod states;
pub mod symbol;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use nightshift_calendar::Grain;
use nightshift_diagnostic::{Diagnostic, Diagnostics, codes, suggest};
use nightshift_project::{Definition, RollupHeader, Strict};

use crate::output::Output;
use crate::planning::{ParsedQuery, Planned, one};
use crate::resolve::{Resolved, Term, resolve};
use grouping::Grouping;
use keys::GroupKeys;
use locality::{Locality, Proof, prove};
use obstacle::Obstacle;
use states::States;
use symbol::{Bucketing, Days, TimeColumn, TimeSymbol, time_symbol};

/// The column that counts the input rows of each row of a rollup.
pub const STATE_ROWS: &str = "_state_rows";

/// A rollup that has been compiled.
#[derive(Debug, Clone)]
pub struct Rollup {
    /// Its file and header.
    pub definition: Definition<RollupHeader>,
    /// Its query as it is written.
    pub parsed: ParsedQuery,
    /// Its query over base tables.
    pub query: Resolved,
    /// The columns of its SELECT, with descriptions and units.
    pub schema: SchemaRef,
    /// The tables that it reads, each once.
    pub tables: Vec<String>,
    /// What its buckets follow.
    pub time: TimeColumn,
    /// The position of the bucket among its columns.
    pub bucket: usize,
    /// Which days the buckets are made of.
    pub days: Days,
    /// What a change of a bucket can reach.
    pub proof: Proof,
    /// What its rows say of the groups of one GROUP BY, or why they do not stand for them.
    pub grouping: Result<Grouping, Obstacle>,
    /// The keys of its groups, or why these cannot be computed anew one by one.
    pub keys: Result<GroupKeys, Obstacle>,
    /// What its rows keep of their aggregates, or why they cannot.
    pub states: Result<States, Obstacle>,
    /// Changes with every change of meaning, and with nothing else.
    pub fingerprint: String,
}

impl Rollup {
    /// The name.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The length of its buckets.
    pub fn grain(&self) -> Grain {
        self.definition.header.grain
    }

    /// How time is divided into its buckets.
    pub fn bucketing(&self) -> Bucketing {
        Bucketing { grain: self.grain(), days: self.days }
    }

    /// The bucket column's name.
    pub fn bucket_column(&self) -> &str {
        self.schema.fields().get(self.bucket).map_or("", |field| field.name())
    }

    /// The states into which what comes and goes can be merged.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn merged_states(&self) -> Result<&States, &Obstacle> {
        match &self.states {
            Ok(states) if !states.linear => Err(&Obstacle::BelowGrouping),
            states => states.as_ref(),
        }
    }

    /// Proves what can be proved about a planned query. `meaning` gives what else decides its rows: tables and calendar.
    ///
    /// # Errors
    /// What makes the query no rollup of its folder's grain, with places.
    pub(crate) fn analyse(
        definition: &Definition<RollupHeader>,
        parsed: &ParsedQuery,
        Planned { plan, tables, .. }: &Planned,
        schema: SchemaRef,
        meaning: impl Fn(&Resolved) -> String,
    ) -> Result<Self, Diagnostics> {
        let query = resolve(plan);
        let time = time_column(definition, &query)?;
        let (bucket, days) = bucket_column(definition, &parsed.output(), &query, &schema, &time)?;
        let buckets = Bucketing { grain: definition.header.grain, days };
        let proof = prove(&query, &time, buckets);
        if let (Some(Strict::Incremental), Locality::Unproved(reason)) = (definition.header.strict, &proof.locality) {
            return Err(one(Diagnostic::error(codes::NOT_INCREMENTAL, "this rollup can only be recomputed in full")
                .at(definition.locate(&["strict"]))
                .note(reason.to_string())
                .hint(format!("{}, or remove `strict: incremental`", reason.hint().unwrap_or("change the query")))));
        }
        let bucket_name = schema.fields().get(bucket).map_or("", |field| field.name().as_str());
        let keys = GroupKeys::of(plan, &query, &time, (bucket_name, buckets), &proof.facts);
        let states = States::of(plan, &query, &time, bucket_name, &proof.facts);
        let grouping = Grouping::of(plan, &query, &proof.facts, states.as_ref().ok());
        let fingerprint = fingerprint::fingerprint(
            &query,
            &schema,
            definition.header.grain,
            &time,
            &format!("{}{}", meaning(&query), states.as_ref().map(States::version).unwrap_or_default()),
        );
        Ok(Self {
            definition: definition.clone(),
            parsed: parsed.clone(),
            query,
            schema,
            tables: tables.clone(),
            time,
            bucket,
            days,
            proof,
            grouping,
            keys,
            states,
            fingerprint,
        })
    }
}

/// Finds the table that the header's `time` is a column of.
fn time_column(definition: &Definition<RollupHeader>, query: &Resolved) -> Result<TimeColumn, Diagnostics> {
    let written = definition.header.time.as_str();
    let (table, column) = written.split_once('.').map_or((None, written), |(table, column)| (Some(table), column));
    let origins = crate::lineage::used_columns(query);
    let mut candidates: Vec<&String> =
        origins.iter().filter(|(name, columns)| columns.contains(column) && table.is_none_or(|table| table == name.as_str())).map(|(name, _)| name).collect();
    let error =
        |message: String, hint: Option<String>| one(Diagnostic::error(codes::UNKNOWN_COLUMN, message).at(definition.locate(&["time"])).maybe_hint(hint));
    match (candidates.pop(), candidates.pop()) {
        (Some(table), None) => Ok(TimeColumn { table: table.clone(), column: column.to_owned() }),
        (Some(one), Some(other)) => Err(error(format!("`{column}` is a column of `{one}` and of `{other}`"), Some(format!("write `time: {one}.{column}`")))),
        (None, _) => {
            let known: Vec<&str> = origins.values().flatten().map(String::as_str).collect();
            Err(error(format!("the query uses no column `{column}`"), suggest(column, known.iter().copied())))
        }
    }
}

/// Finds the output column that is the bucket of the folder's grain, and which days it is made of.
fn bucket_column(
    definition: &Definition<RollupHeader>,
    output: &Output,
    query: &Resolved,
    schema: &SchemaRef,
    time: &TimeColumn,
) -> Result<(usize, Days), Diagnostics> {
    let grain = definition.header.grain;
    let buckets: Vec<(usize, Bucketing)> = query
        .columns
        .iter()
        .enumerate()
        .filter_map(|(index, column)| match time_symbol(&column.term, time)? {
            TimeSymbol::Bucket(_, bucket) => Some((index, bucket)),
            TimeSymbol::Time(_) => None,
        })
        .collect();
    let name = |index: usize| schema.fields().get(index).map_or("", |field| field.name().as_str());
    let date = |index: usize| schema.fields().get(index).is_some_and(|field| field.data_type() == &DataType::Date32);
    let own = buckets.iter().find(|(_, found)| found.grain == grain).map(|(index, found)| (*index, found.days));
    let expression = format!("date_trunc('{grain}', {})", time.column);
    let place_of = |index: usize| output.place_of(name(index));
    let Some((bucket, days)) = own else {
        // The day beside an hour is no mistake in itself.
        let other = buckets.iter().find(|(_, found)| !(grain == Grain::Hour && found.grain == Grain::Day));
        let problem = match other {
            Some((index, found)) => {
                let found = found.grain;
                let message = format!("`{}` cuts the time to the {found}, but a rollup in this folder has one row a {grain}", name(*index));
                Diagnostic::error(codes::WRONG_GRAIN, message)
                    .at(place_of(*index))
                    .note(format!("rollups with one row a {found} lie in sql/rollups/{}", found.folder()))
            }
            None => no_bucket(definition, output, query, time),
        };
        let cast = if grain == Grain::Hour { "" } else { "::date" };
        return Err(one(problem.hint(format!("select `{expression}{cast} AS {grain}` and group by it"))));
    };
    if grain != Grain::Hour && !date(bucket) {
        return Err(one(Diagnostic::error(codes::TIMESTAMP_BUCKET, format!("the bucket `{}` is a TIMESTAMP, and a {grain} is a DATE", name(bucket)))
            .at(place_of(bucket))
            .hint(format!("write `{expression}::date AS {}`", name(bucket)))));
    }
    if grain == Grain::Hour && !buckets.iter().any(|(index, found)| found.grain == Grain::Day && date(*index)) {
        return Err(one(Diagnostic::error(codes::MISSING_BUCKET, "an hourly rollup needs a DATE column beside the hour")
            .at(place_of(bucket))
            .hint(format!("select `date_trunc('day', {})::date AS day` too, and group by it", time.column))));
    }
    Ok((bucket, days))
}

/// What to say where no column is a bucket: the column that was probably meant as one, if there is any.
fn no_bucket(definition: &Definition<RollupHeader>, output: &Output, query: &Resolved, time: &TimeColumn) -> Diagnostic {
    let grain = definition.header.grain;
    let truncated = |term: &Term| matches!(term, Term::Call { name, arguments } if name == "date_trunc" && arguments.iter().any(|part| reads(part, time)));
    let zoneless = |term: &Term| matches!(term, Term::Call { name, arguments } if name.starts_with("cast Timestamp") && !name.contains('"') && arguments.iter().any(|part| reads(part, time)));
    let meant = query.columns.iter().find(|column| column.term.any(&truncated));
    let Some(meant) = meant else {
        return Diagnostic::error(codes::MISSING_BUCKET, format!("no column is the {grain} of `{}`", time.column)).at(definition.locate(&["time"]));
    };
    let problem = if meant.term.any(&zoneless) {
        format!("`{}` is cut from `{}` after a cast that drops its time zone", meant.name, time.column)
    } else {
        format!("`{}` is not the {grain} of `{}` itself, but of something made from it", meant.name, time.column)
    };
    Diagnostic::error(codes::MISSING_BUCKET, problem).at(output.place_of(&meant.name))
}

fn reads(term: &Term, time: &TimeColumn) -> bool {
    term.any(&|part| matches!(part, Term::Column { table, name, .. } if *table == time.table && *name == time.column))
}
