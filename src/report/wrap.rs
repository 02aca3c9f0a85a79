//! Text in columns: a label, and wrapped text to its right.

use crate::report::text;
use crate::report::text::COLUMNS;

/// Returns `first`, followed by `text` wrapped to the width of a terminal report. The lines after the first are
/// indented by the width of `first`. No line feed at the end.
pub fn wrap(first: &str, text: &str) -> String {
    let indent = text::width(first);
    let lines = text::wrap(text, COLUMNS.saturating_sub(indent));
    let hanging = format!("\n{}", " ".repeat(indent));
    format!("{first}{}", lines.join(&hanging)).trim_end().to_owned()
}

/// Returns the width of the widest text in columns.
pub fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(text::width).max().unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_are_indented() {
        let wrapped = wrap("  why  ", &"word ".repeat(40));
        let lines: Vec<&str> = wrapped.lines().collect();
        assert!(lines.len() > 1 && lines.iter().all(|line| text::width(line) <= COLUMNS));
        assert!(lines[0].starts_with("  why  word") && lines[1].starts_with("       word"));
        assert_eq!(wrap("a  ", ""), "a");
    }
}
