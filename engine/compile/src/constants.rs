//! Words inside a query that nobody reads before the query runs: units of time, and time zones.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use nightshift_diagnostic::{Diagnostic, Diagnostics, codes, did_you_mean, suggest};

use crate::diagnose::Diagnose;

/// What `date_trunc` cuts to.
const UNITS: [&str; 10] = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"];
/// What `date_part` and EXTRACT give besides.
const PARTS: [&str; 6] = ["epoch", "dow", "doy", "isodow", "isoyear", "nanosecond"];
/// Other words for them.
const SHORT: [&str; 18] = ["y", "yr", "qtr", "mon", "w", "d", "h", "hr", "m", "min", "s", "sec", "ms", "msec", "us", "usec", "ns", "nsec"];

/// Every such word of a plan that means nothing.
pub(crate) fn check(plan: &LogicalPlan, place: &Diagnose<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    // A visitor that never fails has no error to report.
    let _ = plan.apply_with_subqueries(|node| {
        for expression in node.expressions() {
            let _ = expression.apply(|part| {
                found.extend(unit(part, place).or_else(|| zone(part, place)));
                Ok(TreeNodeRecursion::Continue)
            });
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

fn unit(expression: &Expr, place: &Diagnose<'_>) -> Option<Diagnostic> {
    let Expr::ScalarFunction(call) = expression else { return None };
    let name = call.func.name();
    let Some(Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _)) = call.args.first() else { return None };
    let word = text.to_lowercase();
    let known = match name {
        "date_trunc" => UNITS.contains(&word.as_str()),
        "date_part" => UNITS.iter().chain(&PARTS).chain(&SHORT).any(|known| word == *known || word == format!("{known}s")),
        _ => return None,
    };
    let all = UNITS.iter().chain(PARTS.iter().filter(|_| name == "date_part")).copied();
    (!known)
        .then(|| Diagnostic::error(codes::WRONG_ARGUMENTS, format!("`{name}` knows no unit `{text}`")).at(place.place_of(text)).maybe_hint(suggest(&word, all)))
}

fn zone(expression: &Expr, place: &Diagnose<'_>) -> Option<Diagnostic> {
    let Expr::Cast(cast) = expression else { return None };
    let DataType::Timestamp(_, Some(zone)) = cast.field.data_type() else { return None };
    let is_offset = zone.starts_with(['+', '-']);
    (!is_offset && zone.parse::<chrono_tz::Tz>().is_err()).then(|| {
        let hint = did_you_mean(zone, chrono_tz::TZ_VARIANTS.iter().map(|known| known.name()));
        Diagnostic::error(codes::UNKNOWN_TIMEZONE, format!("there is no time zone `{zone}`"))
            .at(place.place_of(zone))
            .hint(hint.unwrap_or_else(|| "write a name of the IANA database, such as 'Asia/Taipei'".to_owned()))
    })
}
