//! Where in a line's text an element stands, for the few that a finding is about.

/// The byte at which the element at the end of `path` begins, or the nearest one around it that is there. `path` begins
/// with the resource's type; `text` is JSON that was read already.
pub(crate) fn locate(text: &[u8], path: &str) -> usize {
    let mut at = skip_space(text, 0);
    for step in path.split('.').skip(1) {
        let (name, index) = match step.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
            None => (step, None),
        };
        let Some(next) = member(text, at, name).or_else(|| member(text, at, &format!("_{name}"))) else { break };
        at = next;
        if let Some(next) = index.and_then(|index| item(text, at, index)) {
            at = next;
        }
    }
    at
}

/// Where the value of a member of the object at `at` begins.
fn member(text: &[u8], at: usize, name: &str) -> Option<usize> {
    let mut at = inside(text, at, b'{')?;
    loop {
        let end = value_end(text, at)?;
        let key = text.get(at + 1..end - 1)?;
        let colon = skip_space(text, end);
        let value = skip_space(text, colon + 1);
        if key == name.as_bytes() {
            return Some(value);
        }
        at = next(text, value)?;
    }
}

/// Where the item of the array at `at` begins.
fn item(text: &[u8], at: usize, index: usize) -> Option<usize> {
    let mut at = inside(text, at, b'[')?;
    for _ in 0..index {
        at = next(text, at)?;
    }
    Some(at)
}

/// The first value within the container at `at`, if it opens so and is not empty.
fn inside(text: &[u8], at: usize, opening: u8) -> Option<usize> {
    (text.get(at) == Some(&opening)).then_some(())?;
    let at = skip_space(text, at + 1);
    (!matches!(text.get(at)?, b'}' | b']')).then_some(at)
}

/// The value after the one at `at`, past a comma.
fn next(text: &[u8], at: usize) -> Option<usize> {
    let at = skip_space(text, value_end(text, at)?);
    (text.get(at) == Some(&b',')).then(|| skip_space(text, at + 1))
}

fn skip_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Where the value at `at` ends.
fn value_end(text: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, at);
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            _ if depth > 0 => {
                at += 1;
                continue;
            }
            _ => {
                let rest = text.get(at..)?;
                let length = rest.iter().take_while(|b| !matches!(b, b',' | b'}' | b']' | b' ' | b'\t')).count();
                return (length > 0).then_some(at + length);
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
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
            let at = locate(text.as_bytes(), path);
            assert!(text[at..].starts_with(begins), "{path}: {}", &text[at..]);
        }
    }

    #[test]
    fn broken_text_is_no_trouble() {
        for text in ["", "{", r#"{"a"#, r#"{"a":"#, r#"{"a":["#, "]", r#"{"a\"#, r#"{"a":{"b":1"#, r#"{"":1}"#] {
            locate(text.as_bytes(), "T.a.b[3].c");
        }
    }
}
