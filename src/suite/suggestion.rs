//! Finds the words that are most similar to a mistyped word.

/// The word of `words` that is most similar to `word`; none if no word is similar.
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    ranked(word, words).into_iter().next()
}

/// The words similar to `word`, the most similar first: those that differ by at most a third of its length in edits,
/// then those that contain it or that it contains.
pub fn ranked<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = word.to_lowercase();
    // Words of suite files are short. A long word is not a typing error, and the cost of the distance is quadratic.
    if wanted.is_empty() || wanted.len() > 100 {
        return Vec::new();
    }
    let limit = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = words
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let distance = strsim::osa_distance(&wanted, &lower);
            let related = wanted.len() >= 3 && lower.len() >= 3 && (lower.contains(&wanted) || wanted.contains(&lower));
            match (distance <= limit, related) {
                (true, _) => Some((distance, candidate)),
                (false, true) => Some((limit + distance, candidate)),
                _ => None,
            }
        })
        .collect();
    near.sort();
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognized() {
        let words = ["kickoff", "poll", "manifest", "files"];
        assert_eq!(nearest("kickof", words), Some("kickoff"));
        assert_eq!(nearest("mainfest", words), Some("manifest"));
        assert_eq!(nearest("POLL", words), Some("poll"));
        assert_eq!(nearest("zebra", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(ranked("file", ["files", "file", "file.output"]), ["file", "files", "file.output"]);
    }
}
