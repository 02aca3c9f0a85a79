//! What a JSON body is, decided in one place for the drive and the judge.

use serde_json::Value;

/// The keys by which a manifest is known.
const MANIFEST_KEYS: [&str; 6] = ["transactionTime", "request", "requiresAccessToken", "output", "error", "deleted"];

/// Whether `body` is a bulk data manifest, complete or not: an object that is no FHIR resource and has two of a
/// manifest's keys. Serves the output manifest of every version.
pub fn is_manifest(body: &Value) -> bool {
    let Some(object) = body.as_object() else { return false };
    !object.contains_key("resourceType") && MANIFEST_KEYS.iter().filter(|key| object.contains_key(**key)).count() >= 2
}

/// `body` without the byte order mark that may stand before it: readers of JSON may pass over one (RFC 8259, 8.1), and
/// nobody is failed for it but in files.
pub fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// The URLs of a header line: proxies join the lines of a header with commas, which a URL may hold as well.
pub fn urls_of_line(line: &str) -> Vec<&str> {
    let mut starts = vec![0];
    for (at, _) in line.match_indices(',') {
        let rest = line.get(at + 1..).unwrap_or_default().trim_start();
        if rest.starts_with("http://") || rest.starts_with("https://") {
            starts.push(at + 1);
        }
    }
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([line.len()]);
    starts.iter().zip(ends).map(|(start, end)| line.get(*start..end).unwrap_or_default().trim()).collect()
}

/// Whether `body` is an OperationOutcome with at least one issue, each of which has severity and code.
pub fn is_operation_outcome(body: &Value) -> bool {
    issues(body).is_some_and(|issues| {
        !issues.is_empty()
            && issues.iter().all(|issue| {
                issue.get("severity").is_some_and(Value::is_string) && issue.get("code").is_some_and(Value::is_string)
            })
    })
}

/// Whether `body` is an OperationOutcome with an issue of severity error or fatal.
pub fn is_error_outcome(body: &Value) -> bool {
    issues(body).is_some_and(|issues| {
        issues.iter().any(|issue| matches!(issue.get("severity").and_then(Value::as_str), Some("error" | "fatal")))
    })
}

fn issues(body: &Value) -> Option<&Vec<Value>> {
    if body.get("resourceType")?.as_str()? != "OperationOutcome" {
        return None;
    }
    body.get("issue")?.as_array()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_members_make_a_manifest_and_a_resource_never_is_one() {
        assert!(is_manifest(&json!({"transactionTime": 1, "output": []})));
        assert!(!is_manifest(&json!({"output": []})));
        assert!(!is_manifest(&json!({"resourceType": "Parameters", "transactionTime": 1, "output": []})));
        assert!(!is_manifest(&json!([{"transactionTime": 1, "output": []}])));
    }

    #[test]
    fn joined_lines_are_told_apart_and_commas_are_not() {
        assert_eq!(urls_of_line("http://a/1,2?x=3,http"), ["http://a/1,2?x=3,http"]);
        assert_eq!(urls_of_line(" http://a/1 ,https://b/2, http://a/1"), ["http://a/1", "https://b/2", "http://a/1"]);
        assert_eq!(urls_of_line(""), [""]);
    }

    #[test]
    fn one_byte_order_mark_is_passed_over() {
        assert_eq!(without_bom(b"\xef\xbb\xbf{}"), b"{}");
        assert_eq!(without_bom(b"{}"), b"{}");
        assert_eq!(without_bom(b"\xef\xbb"), b"\xef\xbb");
    }
}
