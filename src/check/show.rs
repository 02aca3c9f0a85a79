//! Formats values of a server for findings: at most one line, with hostile characters escaped.

use serde_json::Value;

use crate::base::unprintable::is_unprintable;

/// The maximum number of characters of a server's text in a finding.
const MAX_CHARACTERS: usize = 80;

/// Returns a server's text in quotes, shortened, with control and direction-changing characters escaped.
pub fn text(text: &str) -> String {
    let mut shown = String::from("\"");
    for (count, c) in text.chars().enumerate() {
        if count == MAX_CHARACTERS {
            shown.push('…');
            break;
        }
        match c {
            '"' | '\\' => {
                shown.push('\\');
                shown.push(c);
            }
            c if is_unprintable(c) => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.push('"');
    shown
}

/// Describes a JSON value: strings, numbers and booleans by their value, arrays and objects by their shape.
pub fn shape(value: Option<&Value>) -> String {
    match value {
        None => "no value".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Bool(value)) => format!("the boolean {value}"),
        Some(Value::Number(value)) => format!("the number {value}"),
        Some(Value::String(value)) if value.is_empty() => "an empty string".to_owned(),
        Some(Value::String(value)) => format!("the string {}", text(value)),
        Some(Value::Array(items)) => match items.len() {
            0 => "an empty array".to_owned(),
            1 => "an array of 1 item".to_owned(),
            n => format!("an array of {n} items"),
        },
        Some(Value::Object(object)) => match object.get("resourceType").and_then(Value::as_str) {
            Some(kind) => format!("a FHIR resource of type {}", text(kind)),
            None => "an object".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_escaped_and_shortened() {
        assert_eq!(text("a\u{1b}[31m\n\u{202e}\"b"), "\"a\\u{1b}[31m\\u{a}\\u{202e}\\\"b\"");
        assert_eq!(text(&"x".repeat(200)).chars().count(), MAX_CHARACTERS + 3);
    }
}
