//! The word that was probably meant.

/// The candidate that is most like `word`, if any is like it enough to be worth a question. Case does not count.
///
/// A word of up to four characters may differ by one edit, a longer one by a third of its characters; a candidate that
/// starts with the word, or the other way round, is close as well (`depot` and `depot_id`). Of several that are equally far away
/// the one that begins more like the word is taken.
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
            (distance <= tolerance || shared).then(|| (distance, strsim::jaro_winkler(&word, &other), candidate))
        })
        .min_by(|(distance, likeness, name), (other_distance, other_likeness, other_name)| {
            distance.cmp(other_distance).then(other_likeness.total_cmp(likeness)).then(name.cmp(other_name))
        })
        .map(|(.., candidate)| candidate)
}

/// The hint that asks whether the closest candidate was meant: "did you mean `depot_id`?".
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// The hint of [`did_you_mean`], or all that there is to choose from: "there are `day` and `depot_id`". `None` if there is nothing.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    did_you_mean(word, candidates.iter().copied()).or_else(|| match candidates.as_slice() {
        [] => None,
        [one] => Some(format!("there is only `{one}`")),
        all => Some(format!("there are {}", list(all))),
    })
}

/// "`a`, `b` and `c`"; a long list ends early.
fn list(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let (shown, left) = names.split_at(names.len().min(SHOWN));
    let quoted: Vec<String> = shown.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        all if !left.is_empty() => format!("{} and {} more", all.join(", "), left.len()),
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        all => all.concat(),
    }
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
        assert_eq!(closest("rond", ["rand", "round"]), Some("round"));
        assert_eq!(did_you_mean("titel", ["title"]).as_deref(), Some("did you mean `title`?"));
    }

    #[test]
    fn where_nothing_is_like_the_word_all_that_there_is_is_told() {
        assert_eq!(suggest("titel", ["title", "owner"]).as_deref(), Some("did you mean `title`?"));
        assert_eq!(suggest("x", ["title", "owner", "format"]).as_deref(), Some("there are `title`, `owner` and `format`"));
        assert_eq!(suggest("x", ["title"]).as_deref(), Some("there is only `title`"));
        assert_eq!(suggest("x", []), None);
        let many: Vec<String> = (10..30).map(|number| format!("column_{number}")).collect();
        let told = suggest("x", many.iter().map(String::as_str)).unwrap_or_default();
        assert!(told.ends_with("`column_20`, `column_21` and 8 more"), "{told}");
    }
}
