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
}
