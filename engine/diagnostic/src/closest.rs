//! The word that was probably meant.

/// The candidate that is most like `word`, if any is like it enough to be worth a question. Case does not count.
///
/// A word of up to four characters may differ by one edit, a longer one by a third of its characters; a candidate that
/// starts with the word, or the other way round, is close as well (`depot` and `depot_id`).
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let tolerance = if length <= 4 { 1 } else { length / 3 };
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&word, &other);
            let shared = length >= 3 && (other.starts_with(&word) || (other.len() >= 3 && word.starts_with(&other)));
            (distance <= tolerance || shared).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The hint that asks whether the closest candidate was meant: "did you mean `depot_id`?".
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_word_wins_and_strangers_are_left_alone() {
        let columns = ["depot_id", "depot_name", "delivered_at", "amount"];
        assert_eq!(closest("depo_id", columns), Some("depot_id"));
        assert_eq!(closest("DELIVERD_AT", columns), Some("delivered_at"));
        assert_eq!(closest("depot", columns), Some("depot_id"));
        assert_eq!(closest("amuont", columns), Some("amount"));
        assert_eq!(closest("revenue", columns), None);
        assert_eq!(closest("dya", ["day", "month"]), Some("day"));
        assert_eq!(did_you_mean("titel", ["title"]).as_deref(), Some("did you mean `title`?"));
    }
}
