//! The part of a JSON body that a finding is about.

use serde_json::Value;

use crate::report::escape::visible;
use crate::report::text;

/// One line of pretty-printed JSON.
pub(crate) struct JsonLine {
    /// The line, indented, escaped for display.
    pub text: String,
    /// The JSON pointer of the value that begins here, or `None` for a closing bracket.
    pub pointer: Option<String>,
    /// The column at which the value begins, from 0.
    pub start: usize,
    /// The number of columns of the value on this line.
    pub length: usize,
}

/// An excerpt of a body and the position of the caret.
pub(crate) struct Excerpt {
    /// The lines, with `...` for omitted lines.
    pub rows: Vec<String>,
    /// The row above the caret.
    pub caret: Option<usize>,
    /// The column of the excerpt, from 0.
    pub start: usize,
    /// The length in columns of the excerpt.
    pub length: usize,
    /// Whether the body has the value; if not, the caret is under the value that should contain it.
    pub found: bool,
}

/// Lays out a JSON value, with strings cut to `columns`.
pub(crate) fn rows(value: &Value, columns: usize) -> Vec<JsonLine> {
    let mut out = Vec::new();
    lay(value, "", String::new(), 0, columns, "", &mut out);
    out
}

fn lay(value: &Value, pointer: &str, lead: String, depth: usize, columns: usize, tail: &str, out: &mut Vec<JsonLine>) {
    let indent = "  ".repeat(depth.min(20));
    let start = text::width(&lead);
    let mut push = |shown: String, line: String| {
        let length = text::width(&shown).max(1);
        out.push(JsonLine { text: line, pointer: Some(pointer.to_owned()), start, length });
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            push("{".to_owned(), format!("{lead}{{"));
            let last = map.len() - 1;
            for (i, (key, item)) in map.iter().enumerate() {
                let name = text::cut(&visible(&Value::from(key.as_str()).to_string()), columns / 2);
                let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                let comma = if i < last { "," } else { "" };
                lay(item, &below, format!("{indent}  {name}: "), depth + 1, columns, comma, out);
            }
            out.push(JsonLine { text: format!("{indent}}}{tail}"), pointer: None, start: 0, length: 0 });
        }
        Value::Array(items) if !items.is_empty() => {
            push("[".to_owned(), format!("{lead}["));
            let last = items.len() - 1;
            for (i, item) in items.iter().enumerate() {
                let comma = if i < last { "," } else { "" };
                lay(item, &format!("{pointer}/{i}"), format!("{indent}  "), depth + 1, columns, comma, out);
            }
            out.push(JsonLine { text: format!("{indent}]{tail}"), pointer: None, start: 0, length: 0 });
        }
        scalar => {
            let shown = text::cut(&visible(&scalar.to_string()), columns.saturating_sub(start + 1).max(12));
            let line = format!("{lead}{shown}{tail}");
            push(shown, line);
        }
    }
}

/// Returns the lines around `pointer`: its line, one line before, three after, and the lines of the values that contain
/// it.
pub(crate) fn around(value: &Value, pointer: &str, columns: usize) -> Excerpt {
    let rows = rows(value, columns);
    let position = |p: &str| rows.iter().position(|r| r.pointer.as_deref() == Some(p));
    let mut at = pointer;
    let mut target = position(at);
    while target.is_none() {
        let Some((above, _)) = at.rsplit_once('/') else { break };
        at = above;
        target = position(at);
    }
    let index = target.unwrap_or(0);
    let leads = |r: &JsonLine| {
        r.pointer
            .as_deref()
            .is_some_and(|p| p.is_empty() || at.strip_prefix(p).is_some_and(|rest| rest.starts_with('/')))
    };
    let mut out = Vec::new();
    let mut caret = None;
    let mut gap = false;
    for (i, row) in rows.iter().enumerate() {
        let near = (index.saturating_sub(1)..=index + 3).contains(&i);
        if !near && !leads(row) {
            if !gap {
                out.push("...".to_owned());
            }
            gap = true;
            continue;
        }
        gap = false;
        if i == index {
            caret = Some(out.len());
        }
        out.push(row.text.clone());
    }
    let (start, length) = rows.get(index).map_or((0, 1), |r| (r.start, r.length));
    Excerpt { rows: out, caret, start, length, found: at == pointer && target.is_some() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_caret_is_under_the_value() {
        let value = json!({"transactionTime": "2026-01-01T00:00:00Z", "output": [
            {"type": "Patient", "url": "https://h/1"}, {"type": 7, "url": "https://h/2"}], "error": []});
        let excerpt = around(&value, "/output/1/type", 90);
        let caret = excerpt.caret.unwrap();
        let row: Vec<char> = excerpt.rows[caret].chars().collect();
        let marked: String = row[excerpt.start..excerpt.start + excerpt.length].iter().collect();
        assert_eq!(marked, "7");
        assert!(excerpt.found);
        assert_eq!(excerpt.rows[0], "{");
    }

    #[test]
    fn the_caret_of_a_missing_value_is_under_its_parent() {
        let excerpt = around(&json!({"output": [{"type": "Patient"}]}), "/output/0/url", 90);
        assert!(!excerpt.found);
        assert_eq!(excerpt.rows[excerpt.caret.unwrap()].trim(), "{");
        assert!(excerpt.rows.iter().any(|r| r.contains("\"type\"")));
    }

    #[test]
    fn hostile_values_stay_on_their_line() {
        let excerpt = around(&json!({"a\u{202e}\n": "x".repeat(5000)}), "/a\u{202e}\n", 90);
        assert!(excerpt.rows.iter().all(|r| text::width(r) <= 95 && !r.contains('\n') && !r.contains('\u{202e}')));
    }
}
