//! Reads the response to a Group that was sent: whether the Group was created, and its id.

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::ndjson::identity::normalize_reference;
use crate::recording::model::GroupSearch;
use crate::recording::shape::is_error_outcome;

/// The longest id of a Group.
const MAX_LEN_ID: usize = 200;

/// The result of sending a Group.
pub(crate) enum GroupResult {
    /// It was created with this id.
    Made(String),
    /// It was created, but the response does not show its id.
    Somewhere,
    /// It was refused with this status.
    Refused(StatusCode),
    /// It was accepted and then failed, for this reason.
    Rejected(String),
    /// It was accepted, but not created in time; holds the reason.
    Pending(String),
}

/// Reads the id of a created Group from `Location`, the first entry of a Bundle, or the Group itself.
pub(crate) fn place(headers: &HeaderMap, body: &Value) -> GroupResult {
    let entry = body.get("entry").and_then(Value::as_array).and_then(|entries| entries.first());
    let status = entry.and_then(|entry| entry.pointer("/response/status")).and_then(Value::as_str);
    if let Some(status) = status.filter(|status| status.starts_with(['4', '5'])) {
        let code: String = status.chars().take(3).collect();
        return GroupResult::Rejected(format!("the job that creates it ended with {code}"));
    }
    if is_error_outcome(body) || entry.and_then(|entry| entry.get("resource")).is_some_and(is_error_outcome) {
        return GroupResult::Rejected(
            "the job that creates it ended with an OperationOutcome that reports an error".to_owned(),
        );
    }
    let own = |group: Option<&Value>| {
        let group = group.filter(|group| group.get("resourceType").and_then(Value::as_str) == Some("Group"))?;
        group.get("id")?.as_str().filter(|id| !id.is_empty() && id.len() <= MAX_LEN_ID).map(str::to_owned)
    };
    let found_id = |text: Option<&Value>| group_id(text?.as_str()?);
    let header = headers.get(LOCATION).and_then(|text| text.to_str().ok());
    let id = header
        .and_then(group_id)
        .or_else(|| found_id(entry.and_then(|entry| entry.pointer("/response/location"))))
        .or_else(|| found_id(entry.and_then(|entry| entry.get("fullUrl"))))
        .or_else(|| own(entry.and_then(|entry| entry.get("resource"))))
        .or_else(|| own(Some(body)));
    id.map_or(GroupResult::Somewhere, GroupResult::Made)
}

/// Returns the id in a reference to a Group, with or without a version.
fn group_id(text: &str) -> Option<String> {
    match normalize_reference(text.trim())? {
        ("Group", id) if !id.is_empty() && id.len() <= MAX_LEN_ID => Some(id.to_owned()),
        _ => None,
    }
}

/// Reads the result of a search for Groups named `name`: whether `id` is in the result, and the ids of all Groups with
/// exactly this name.
pub(crate) fn named(body: &[u8], name: &str, id: &str) -> (GroupSearch, Vec<String>) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = body.get("entry").and_then(Value::as_array).into_iter().flatten();
    let groups = entries.filter_map(|entry| entry.get("resource"));
    let text = |group: &Value, key: &str| group.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let groups: Vec<&Value> = groups.filter(|group| text(group, "resourceType") == "Group").collect();
    // A string search matches by prefix and ignores case.
    let begins = |group: &Value| text(group, "name").to_ascii_lowercase().starts_with(&name.to_ascii_lowercase());
    let others = groups.iter().filter(|group| !begins(group)).count() as u64;
    let found = groups.iter().any(|group| text(group, "id") == id);
    let own = groups.iter().filter(|group| text(group, "name") == name).map(|group| text(group, "id"));
    (GroupSearch { found, others }, own.filter(|id| !id.is_empty() && id.len() <= MAX_LEN_ID).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found_id(location: Option<&str>, body: Value) -> String {
        let headers = location.map(|text| (LOCATION, text.parse().unwrap())).into_iter().collect();
        match place(&headers, &body) {
            GroupResult::Made(id) => id,
            GroupResult::Somewhere => "somewhere".to_owned(),
            GroupResult::Rejected(why) | GroupResult::Pending(why) => why,
            GroupResult::Refused(status) => status.to_string(),
        }
    }

    #[test]
    fn a_group_is_found_in_every_place_of_a_response() {
        let bundle = |entry: Value| json!({"resourceType": "Bundle", "type": "batch-response", "entry": [entry]});
        let group = json!({"resourceType": "Group", "id": "g"});
        assert_eq!(found_id(Some("http://h/fhir/Group/g/_history/1"), json!(null)), "g");
        assert_eq!(
            found_id(None, bundle(json!({"response": {"status": "201 Created", "location": "Group/g/_history/1"}}))),
            "g"
        );
        assert_eq!(
            found_id(None, bundle(json!({"fullUrl": "https://h/fhir/Group/g", "response": {"status": "201"}}))),
            "g"
        );
        assert_eq!(found_id(None, bundle(json!({"resource": group, "response": {"status": "201"}}))), "g");
        assert_eq!(found_id(None, group), "g");
        for nothing in [json!(null), json!([]), bundle(json!(1)), bundle(json!({"fullUrl": "urn:uuid:1"}))] {
            assert_eq!(found_id(Some("/jobs/1"), nothing), "somewhere");
        }
    }

    #[test]
    fn a_failed_job_creates_no_group() {
        let outcome = |severity: &str| json!({"resourceType": "OperationOutcome", "issue": [{"severity": severity}]});
        let failed = json!({"entry": [{"response": {"status": "422 Unprocessable", "location": "Group/g"}}]});
        assert_eq!(found_id(None, failed), "the job that creates it ended with 422");
        assert_eq!(
            found_id(None, outcome("error")),
            "the job that creates it ended with an OperationOutcome that reports an error"
        );
        assert_eq!(found_id(Some("Group/g"), outcome("information")), "g");
    }

    #[test]
    fn a_search_is_compared_with_the_name() {
        let group = |id: &str, name: &str| json!({"resource": {"resourceType": "Group", "id": id, "name": name}});
        let body = |entries: Value| json!({"resourceType": "Bundle", "entry": entries}).to_string().into_bytes();
        let own = body(json!([group("1", "Run-1"), group("2", "run-1-sync")]));
        assert_eq!(named(&own, "run-1", "1"), (GroupSearch { found: true, others: 0 }, vec![]));
        let all =
            body(json!([group("1", "run-1"), group("2", "crew"), {"resource": {"resourceType": "OperationOutcome"}}]));
        assert_eq!(named(&all, "run-1", "1"), (GroupSearch { found: true, others: 1 }, vec!["1".to_owned()]));
        assert_eq!(named(b"<html>", "run-1", "1"), (GroupSearch::default(), vec![]));
    }
}
