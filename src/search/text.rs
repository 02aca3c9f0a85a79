//! Folds strings for comparison in searches: case and accents are ignored (FHIR R4, search, string).

use icu_normalizer::DecomposingNormalizer;

/// Returns `text` in lower case, without accents, with single spaces.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // Names are shorter than this; a server may send megabytes.
    let text: String = text.chars().take(4096).collect();
    for part in DecomposingNormalizer::new_nfkd().normalize(&text).split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(part.chars().filter(|c| !is_mark(*c)).flat_map(char::to_lowercase));
    }
    folded
}

/// Whether a character is an accent of the one before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn case_accents_and_width_are_ignored() {
        assert_eq!(folded("  Crème\tBRÛLÉE "), "creme brulee");
        assert_eq!(folded("Ｂａｌｍａｉｎ"), "balmain");
        assert_eq!(folded("Ærø"), "ærø", "letters that are not accented forms of others stay");
    }
}
