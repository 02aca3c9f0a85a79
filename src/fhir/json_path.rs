//! Finds an element of a resource in the text that the resource was read from.

use crate::base::json_scan;

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PathStep {
    pub(crate) key: String,
    pub(crate) index: Option<usize>,
}

impl PathStep {
    /// Reads a step such as `name` or `given[1]`.
    fn parse(step: &str) -> Self {
        let (key, index) = match step.split_once('[') {
            Some((key, rest)) => (key, rest.trim_end_matches(']').parse().ok()),
            None => (step, None),
        };
        Self { key: key.to_owned(), index }
    }
}

/// Returns the byte at which the value at the end of `path` begins, or the nearest value around it if `text` lacks a
/// step. A primitive without a value is found by its `_` twin.
pub(crate) fn locate(text: &[u8], path: &[PathStep]) -> usize {
    let mut at = json_scan::space(text, 0);
    for step in path {
        let found = member(text, at, &step.key).or_else(|| member(text, at, &format!("_{}", step.key)));
        let Some(value) = found else { break };
        at = value;
        if let Some(index) = step.index {
            let mut number = 0;
            json_scan::items(text, value, &mut |item| {
                if number == index {
                    at = item;
                }
                number += 1;
            });
        }
    }
    at
}

/// Calls [`locate`] with a path as findings show it, with the resource type as its first step:
/// `Patient.name[0].given[1]`.
pub(crate) fn locate_shown(text: &[u8], path: &str) -> usize {
    let steps: Vec<PathStep> = path.split('.').skip(1).map(PathStep::parse).collect();
    locate(text, &steps)
}

/// Returns where the value of the member `name` of the object at `at` begins.
fn member(text: &[u8], at: usize, name: &str) -> Option<usize> {
    let mut found = None;
    json_scan::members(text, at, &mut |key, value, _| {
        found = (key == name.as_bytes()).then_some(value);
        found.is_none()
    });
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_their_text() {
        let text = r#" {"a":"x\"}","name" : [ {"use":"old","given":["A,]", "B"]},{"n":-1.5e3 , "_v":null}],"z":true}"#;
        for (path, begins) in [
            ("T", r#"{"a""#),
            ("T.a", r#""x\"}""#),
            ("T.name[0]", r#"{"use""#),
            ("T.name[0].given[1]", r#""B""#),
            ("T.name[1].n", "-1.5e3"),
            ("T.name[1].v", "null"),
            ("T.z", "true"),
            ("T.none.deeper", r#"{"a""#),
            ("T.name[1].none", r#"{"n""#),
            ("T.name[7]", r#"[ {"use""#),
        ] {
            let at = locate_shown(text.as_bytes(), path);
            assert!(text[at..].starts_with(begins), "{path}: {}", &text[at..]);
        }
    }

    #[test]
    fn malformed_text_does_not_panic() {
        for text in ["", "{", r#"{"a"#, r#"{"a":"#, r#"{"a":["#, "]", r#"{"a\"#, r#"{"a":{"b":1"#, r#"{"":1}"#] {
            locate_shown(text.as_bytes(), "T.a.b[3].c");
        }
    }
}
