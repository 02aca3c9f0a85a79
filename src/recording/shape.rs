//! Classifies JSON bodies, for both the drive and the judge.

use serde_json::Value;

use crate::recording::model::{Exchange, Outcome, Phase};

/// The keys that identify a manifest.
const MANIFEST_KEYS: [&str; 6] = ["transactionTime", "request", "requiresAccessToken", "output", "error", "deleted"];

/// Whether `body` is a Bulk Data manifest, complete or not: an object that is not a FHIR resource and has at least two
/// of a manifest's keys. This holds for the manifests of all versions.
pub fn is_manifest(body: &Value) -> bool {
    let Some(object) = body.as_object() else { return false };
    !object.contains_key("resourceType") && MANIFEST_KEYS.iter().filter(|key| object.contains_key(**key)).count() >= 2
}

/// Returns `body` without a byte order mark at the start. JSON readers may ignore one (RFC 8259, 8.1), so only files
/// fail for it.
pub fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// The URLs of a header line. Proxies join several lines of a header with commas, but a URL may contain commas too.
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

/// The severities of an issue in FHIR R4 and R5.
const SEVERITIES: &[&str] = &["fatal", "error", "warning", "information", "success"];

/// The codes of an issue in FHIR R4 and later.
const CODES: &[&str] = &[
    "invalid",
    "structure",
    "required",
    "value",
    "invariant",
    "security",
    "login",
    "unknown",
    "expired",
    "forbidden",
    "suppressed",
    "processing",
    "not-supported",
    "duplicate",
    "multiple-matches",
    "not-found",
    "deleted",
    "too-long",
    "code-invalid",
    "extension",
    "too-costly",
    "business-rule",
    "conflict",
    "transient",
    "lock-error",
    "no-store",
    "exception",
    "timeout",
    "incomplete",
    "throttled",
    "informational",
    "success",
    "limited-filter",
    "mfa-required",
];

/// Whether `body` is an OperationOutcome with at least one issue, and every issue has a severity and a code that FHIR
/// defines (both have required bindings).
pub fn is_operation_outcome(body: &Value) -> bool {
    issues(body).is_some_and(|issues| {
        let knows = |issue: &Value, key: &str, words: &[&str]| {
            issue.get(key).and_then(Value::as_str).is_some_and(|word| words.contains(&word))
        };
        !issues.is_empty()
            && issues.iter().all(|issue| knows(issue, "severity", SEVERITIES) && knows(issue, "code", CODES))
    })
}

/// The first severity or code in an OperationOutcome's issues that FHIR does not define.
pub fn strange_issue(body: &Value) -> Option<&str> {
    issues(body)?.iter().find_map(|issue| {
        let strange =
            |key: &str, words: &[&str]| issue.get(key).and_then(Value::as_str).filter(|word| !words.contains(word));
        strange("severity", SEVERITIES).or_else(|| strange("code", CODES))
    })
}

/// Whether `body` is an OperationOutcome with at least one issue, with any content.
pub fn is_any_outcome(body: &Value) -> bool {
    issues(body).is_some_and(|issues| !issues.is_empty())
}

/// Whether `body` is an OperationOutcome with an issue of severity error or fatal.
pub fn is_error_outcome(body: &Value) -> bool {
    issues(body).is_some_and(|issues| {
        issues.iter().any(|issue| matches!(issue.get("severity").and_then(Value::as_str), Some("error" | "fatal")))
    })
}

/// Whether `body` says that it is an OperationOutcome, with or without issues.
pub fn has_outcome_type(body: &Value) -> bool {
    body.get("resourceType").and_then(Value::as_str) == Some("OperationOutcome")
}

fn issues(body: &Value) -> Option<&Vec<Value>> {
    has_outcome_type(body).then(|| body.get("issue")?.as_array()).flatten()
}

/// Returns whether a poll says that the server refuses the request of a job that it had accepted: the job failed with
/// 4xx or 501 and an OperationOutcome. 404, 405 and 410 are about the polling URL, not about the request.
pub fn is_late_refusal(poll: &Exchange) -> bool {
    let Outcome::Response(response) = &poll.outcome else { return false };
    poll.phase == Some(Phase::Failed)
        && matches!(response.status, 400..=499 | 501)
        && !matches!(response.status, 404 | 405 | 410)
        && response.body.json.as_ref().is_some_and(has_outcome_type)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_with_two_manifest_keys_are_manifests_and_resources_are_not() {
        assert!(is_manifest(&json!({"transactionTime": 1, "output": []})));
        assert!(!is_manifest(&json!({"output": []})));
        assert!(!is_manifest(&json!({"resourceType": "Parameters", "transactionTime": 1, "output": []})));
        assert!(!is_manifest(&json!([{"transactionTime": 1, "output": []}])));
    }

    #[test]
    fn outcomes_have_severities_and_codes_of_fhir() {
        let of = |severity: &str, code: &str| json!({"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]});
        assert!(is_operation_outcome(&of("error", "not-found")));
        assert!(is_operation_outcome(&of("success", "success")), "R5");
        for (severity, code, strange) in [("bad", "not-found", "bad"), ("error", "bad-request", "bad-request")] {
            let body = of(severity, code);
            assert!(!is_operation_outcome(&body) && is_any_outcome(&body));
            assert_eq!(strange_issue(&body), Some(strange));
        }
        let bare = json!({"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]});
        assert!(!is_operation_outcome(&bare) && strange_issue(&bare).is_none());
    }

    #[test]
    fn joined_urls_are_split_but_commas_in_urls_are_not() {
        assert_eq!(urls_of_line("http://a/1,2?x=3,http"), ["http://a/1,2?x=3,http"]);
        assert_eq!(urls_of_line(" http://a/1 ,https://b/2, http://a/1"), ["http://a/1", "https://b/2", "http://a/1"]);
        assert_eq!(urls_of_line(""), [""]);
    }

    #[test]
    fn one_byte_order_mark_is_removed() {
        assert_eq!(without_bom(b"\xef\xbb\xbf{}"), b"{}");
        assert_eq!(without_bom(b"{}"), b"{}");
        assert_eq!(without_bom(b"\xef\xbb"), b"\xef\xbb");
    }
}
