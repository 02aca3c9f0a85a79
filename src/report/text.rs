//! Column widths, numbers and units for reports.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The maximum width of a line of a terminal report, if it can be wrapped.
pub const COLUMNS: usize = 100;

/// Returns the width of a text in columns.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to at most `columns` columns; a cut text ends with `...`.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used + 3 > columns {
            break;
        }
        out.push(c);
    }
    out.push_str("...");
    out
}

/// Wraps a text to lines of at most `columns` columns, between words; inside a word only if it is longer than a line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if width(&line) + c.width().unwrap_or(0) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Formats milliseconds as seconds with one decimal: `3.0 s`.
pub fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

/// Formats milliseconds in a suitable unit: `12 ms`, `3.0 s`, `2 min 5 s`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => seconds(ms),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// Formats bytes in a suitable unit, powers of 1000: `512 B`, `1.2 MB`.
pub fn bytes(n: u64) -> String {
    for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)] {
        if n >= size {
            return format!("{}.{} {unit}", n / size, n % size * 10 / size);
        }
    }
    format!("{n} B")
}

/// Formats a number with its noun: `1 poll`, `4 polls`.
pub fn count(n: u64, noun: &str) -> String {
    if n == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {noun}s"),
    }
}

/// Formats numbers as a list: `15`, `15 and 16`, `1, 2, 3, 4, 5, 6 and 12 more`.
pub fn numbers(all: &[u32]) -> String {
    const SHOWN: usize = 6;
    let words: Vec<String> = all.iter().take(SHOWN).map(u32::to_string).collect();
    if all.len() > SHOWN {
        return format!("{} and {} more", words.join(", "), all.len() - SHOWN);
    }
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_fit_the_columns() {
        let text = "a client takes 200 as completion and reads this body as the manifest wwwwwwwwwwwwwwwwwwwwwwwwwww";
        let lines = wrap(text, 20);
        assert!(lines.iter().all(|l| width(l) <= 20), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("東京"), 4);
        assert_eq!(cut("東京東京東京", 8), "東京...");
    }

    #[test]
    fn numbers_are_formatted() {
        assert_eq!(numbers(&[15]), "15");
        assert_eq!(numbers(&[15, 16]), "15 and 16");
        assert_eq!(numbers(&[1, 2, 3, 4, 5, 6, 7, 8]), "1, 2, 3, 4, 5, 6 and 2 more");
        assert_eq!(bytes(1_250_000), "1.2 MB");
        assert_eq!(duration(125_000), "2 min 5 s");
        assert_eq!(count(1, "body") + ", " + &count(3, "body"), "1 body, 3 bodies");
    }
}
