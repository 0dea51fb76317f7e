//! Every aggregate that DataFusion ships is in some rollup of the histories, or is named here with the reason why it is not.

use crate::shops::{self, Shops};

/// Aggregates that no rollup of the histories calls, and why.
const NOT_CALLED: [(&str, &str); 2] = [
    ("any_value", "it gives whichever value comes first, whatever order is asked of it: the compiler refuses it"),
    ("grouping", "it tells GROUPING SETS apart, in which a rollup's bucket is no key of its own"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_aggregate_is_in_a_rollup() {
    let sql = shops::project().into_values().collect::<String>().to_lowercase();
    let is_called =
        |name: &str| sql.match_indices(&format!("{name}(")).any(|(at, _)| !sql[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'));
    let aggregates = Shops::of(&["by_hour"]).await.aggregates();
    assert!(aggregates.len() > 30, "{aggregates:?}");
    for names in &aggregates {
        let is_excused = NOT_CALLED.iter().any(|(name, _)| names.iter().any(|own| own == name));
        assert!(is_excused != names.iter().any(|name| is_called(name)), "{names:?}");
    }
}
