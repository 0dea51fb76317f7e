//! The parameters of a report: typed, bound to the plan, never pasted into text.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, Result, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan};
use nightshift_calendar::{Ambiguous, Calendar};
use nightshift_diagnostic::{Diagnostic, Diagnostics, SourceText, codes, did_you_mean};
use nightshift_project::{Parameter, ParameterType, ParameterValue};

use crate::contract::tokens;
use crate::diagnose::Diagnose;

/// The names of the parameters that a plan uses, without the `$`.
pub fn used(plan: &LogicalPlan) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    // A visitor that never fails has no error to report.
    let _ = plan.apply_with_subqueries(|node| {
        for expression in node.expressions() {
            let _ = expression.apply(|part| {
                if let Expr::Placeholder(placeholder) = part {
                    let name = placeholder.id.trim_start_matches('$').to_owned();
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            });
        }
        Ok(TreeNodeRecursion::Continue)
    });
    names
}

/// Compares the parameters that a query uses with those that its header declares.
pub(crate) fn check(file: &Arc<SourceText>, used: &[String], declared: &[Parameter]) -> Diagnostics {
    let mut found = Diagnostics::new();
    let tokens = tokens::tokenize(file).unwrap_or_default();
    let place = Diagnose::new(file, &tokens);
    for name in used.iter().filter(|name| !declared.iter().any(|parameter| parameter.name == **name)) {
        let hint = did_you_mean(name, declared.iter().map(|parameter| parameter.name.as_str()))
            .unwrap_or_else(|| format!("declare it in the header: `parameters: {{{name}: {{type: date}}}}`"));
        found.push(
            Diagnostic::error(codes::UNKNOWN_PARAMETER, format!("the header declares no parameter `{name}`"))
                .at(place.place_of(&format!("${name}")))
                .hint(hint),
        );
    }
    if found.has_errors() {
        // A misspelt name makes another one look unused.
        return found;
    }
    for parameter in declared.iter().filter(|parameter| !used.contains(&parameter.name)) {
        found.push(
            Diagnostic::warning(codes::UNUSED_PARAMETER, format!("the parameter `{}` is never used", parameter.name))
                .at(nightshift_diagnostic::Location::new(file, parameter.span))
                .hint("remove it, or use it in the query"),
        );
    }
    found
}

/// The type that a parameter has in SQL.
pub fn data_type(parameter_type: ParameterType, zone: &str) -> DataType {
    match parameter_type {
        ParameterType::Date => DataType::Date32,
        ParameterType::Integer => DataType::Int64,
        ParameterType::Decimal => DataType::Decimal128(38, 9),
        ParameterType::String => DataType::Utf8,
        ParameterType::Boolean => DataType::Boolean,
        ParameterType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into())),
    }
}

/// Values of the right types but without content, with which a plan can be checked before anybody gives real ones.
/// `None` where there are no parameters.
pub(crate) fn typed_nulls(declared: &[Parameter], zone: &str) -> Result<Option<ParamValues>> {
    if declared.is_empty() {
        return Ok(None);
    }
    let values: Result<Vec<(String, ScalarValue)>> =
        declared.iter().map(|parameter| Ok((parameter.name.clone(), ScalarValue::try_from(&data_type(parameter.parameter_type, zone))?))).collect();
    Ok(Some(values?.into_iter().collect::<std::collections::HashMap<_, _>>().into()))
}

/// A parameter's value in SQL; a local time that does not exist or happens twice is taken as the earlier instant.
pub fn scalar(value: &ParameterValue, calendar: &Calendar) -> ScalarValue {
    match value {
        ParameterValue::Date(date) => ScalarValue::Date32(Some(datafusion::arrow::datatypes::Date32Type::from_naive_date(*date))),
        ParameterValue::Integer(number) => ScalarValue::Int64(Some(*number)),
        ParameterValue::Decimal { unscaled, scale } => ScalarValue::Decimal128(Some(*unscaled), 38, i8::try_from(*scale).unwrap_or(i8::MAX)),
        ParameterValue::String(text) => ScalarValue::Utf8(Some(text.clone())),
        ParameterValue::Boolean(value) => ScalarValue::Boolean(Some(*value)),
        ParameterValue::Timestamp(local) => {
            let instant = calendar.to_instant(*local, Ambiguous::Earlier).ok().map(|instant| instant.timestamp_micros());
            ScalarValue::TimestampMicrosecond(instant, Some(calendar.zone.name().into()))
        }
    }
}

/// Binds values to a plan.
///
/// # Errors
/// DataFusion's, where a value is missing or of a type that does not fit.
pub fn bind(plan: LogicalPlan, values: &BTreeMap<String, ScalarValue>) -> Result<LogicalPlan> {
    if values.is_empty() {
        return Ok(plan);
    }
    let values: std::collections::HashMap<String, ScalarValue> = values.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    plan.with_param_values(ParamValues::from(values))
}
