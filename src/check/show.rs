//! Formats values of a server for findings: at most one line, with hostile characters escaped.

use std::fmt;

use serde_json::Value;

use crate::base::unprintable::push_printable;

/// The maximum number of characters of a server's text in a finding.
const MAX_CHARACTERS: usize = 80;

/// Words of a finding: short for people, and whole to tell findings from each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    short: String,
    /// `None` if the short words leave nothing out.
    whole: Option<String>,
}

impl Shown {
    /// The short words, and the whole ones if they differ.
    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.short, self.whole)
    }

    /// All parts, with `between` between them.
    pub(crate) fn join(parts: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        let short: Vec<&str> = parts.iter().map(|part| part.short.as_str()).collect();
        let whole: Vec<&str> = parts.iter().map(|part| part.whole.as_deref().unwrap_or(&part.short)).collect();
        let cut = parts.iter().any(|part| part.whole.is_some());
        Self { short: short.join(between), whole: cut.then(|| whole.join(between)) }
    }

    /// Both with something around them.
    pub(crate) fn map(self, change: impl Fn(&str) -> String) -> Self {
        Self { short: change(&self.short), whole: self.whole.as_deref().map(change) }
    }
}

impl From<String> for Shown {
    fn from(short: String) -> Self {
        Self { short, whole: None }
    }
}

impl From<&str> for Shown {
    fn from(short: &str) -> Self {
        short.to_owned().into()
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.short)
    }
}

/// Returns a server's text in quotes, shortened, with control and direction-changing characters escaped.
pub fn text(text: &str) -> Shown {
    let mut shown = String::from("\"");
    let mut whole = None;
    for (count, c) in text.chars().enumerate() {
        if count == MAX_CHARACTERS {
            shown.push('…');
            whole = Some(format!("{text:?}"));
            break;
        }
        match c {
            '"' | '\\' => {
                shown.push('\\');
                shown.push(c);
            }
            c => push_printable(&mut shown, c),
        }
    }
    shown.push('"');
    Shown { short: shown, whole }
}

/// Describes a JSON value: strings, numbers and booleans by their value, arrays and objects by their shape.
pub fn shape(value: Option<&Value>) -> Shown {
    let shape = match value {
        None => "no value".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Bool(value)) => format!("the boolean {value}"),
        Some(Value::Number(value)) => format!("the number {value}"),
        Some(Value::String(value)) if value.is_empty() => "an empty string".to_owned(),
        Some(Value::String(value)) => return text(value).map(|text| format!("the string {text}")),
        Some(Value::Array(items)) => match items.len() {
            0 => "an empty array".to_owned(),
            1 => "an array of 1 item".to_owned(),
            n => format!("an array of {n} items"),
        },
        Some(Value::Object(object)) => match object.get("resourceType").and_then(Value::as_str) {
            Some(kind) => return text(kind).map(|text| format!("a FHIR resource of type {text}")),
            None => "an object".to_owned(),
        },
    };
    shape.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_escaped_and_shortened() {
        assert_eq!(text("a\u{1b}[31m\n\u{202e}\"b").to_string(), "\"a\\u{1b}[31m\\u{a}\\u{202e}\\\"b\"");
        assert_eq!(text(&"x".repeat(200)).to_string().chars().count(), MAX_CHARACTERS + 3);
    }

    #[test]
    fn what_is_cut_still_tells_texts_apart() {
        let (one, other) = (format!("{}1", "x".repeat(200)), format!("{}2", "x".repeat(200)));
        assert_eq!(text(&one).to_string(), text(&other).to_string());
        assert_ne!(text(&one), text(&other));
        assert_ne!(shape(Some(&one.into())), shape(Some(&other.into())));
    }
}
