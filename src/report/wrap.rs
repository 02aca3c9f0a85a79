//! Text in columns for a terminal.

/// The widest line that is printed, in characters.
pub const WIDTH: usize = 100;

/// Breaks `text` at white space so that no line is wider than [`WIDTH`], where its words allow. The first line begins
/// with `first`, the others with as many spaces as that is wide.
pub fn wrap(first: &str, text: &str) -> String {
    let indent = first.chars().count();
    let (mut out, mut column, mut fresh) = (first.to_owned(), indent, true);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            (column, fresh) = (indent, true);
        }
        if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        fresh = false;
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    out
}

/// The number of characters of the longest of `texts`.
pub fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// `1 test`, `2 tests`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_hang() {
        let text = "word ".repeat(40);
        let wrapped = wrap("  why  ", &text);
        let lines: Vec<&str> = wrapped.lines().collect();
        assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[0].starts_with("  why  word") && lines[1].starts_with("       word"));
        assert_eq!(wrap("- ", &"x".repeat(200)).lines().count(), 1, "a long word stays whole");
        assert_eq!(wrap("a  ", ""), "a");
        assert_eq!((counted(1, "test"), counted(0, "test")), ("1 test".to_owned(), "0 tests".to_owned()));
    }
}
