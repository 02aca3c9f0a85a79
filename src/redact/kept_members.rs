//! The members of resources that the recording keeps. They never contain data of patients.

use serde_json::{Value, json};

/// Returns the part of a JSON body that may be kept: all of it if it is not a resource.
pub(crate) fn kept_members(value: Value) -> Value {
    match value.get("resourceType").and_then(Value::as_str) {
        Some("OperationOutcome") => members(&value, &["resourceType", "issue"]),
        Some("CapabilityStatement") => capability_statement(&value),
        Some("Group") => cohort(&value),
        // A total contains no data of patients.
        Some("Bundle") if value.get("entry").is_none() => members(&value, &["resourceType", "total"]),
        Some(_) => Value::Null,
        None => value,
    }
}

/// Returns the members of `value` with these names.
fn members(value: &Value, names: &[&str]) -> Value {
    let members = names.iter().filter_map(|name| Some(((*name).to_owned(), value.get(*name)?.clone())));
    Value::Object(members.collect())
}

/// Returns what tests need of one type in a CapabilityStatement. Search parameters are kept for Patient only, which our
/// filters use.
fn resource(one: &Value) -> Value {
    let mut out = members(one, &["type", "operation", "supportedProfile", "extension"]);
    let patient = one.get("type").and_then(Value::as_str) == Some("Patient");
    let params = one.get("searchParam").and_then(Value::as_array).filter(|_| patient);
    if let (Some(params), Some(map)) = (params, out.as_object_mut()) {
        let params = params.iter().map(|param| members(param, &["name", "extension"]));
        map.insert("searchParam".to_owned(), Value::Array(params.collect()));
    }
    out
}

/// Returns the names of the profiles and modifier extensions of a Group that claims the cohort profile or has a member
/// filter; null for any other Group.
fn cohort(value: &Value) -> Value {
    let profiles: Vec<&str> = value
        .pointer("/meta/profile")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|profile| profile.contains("/bulk-cohort-group"))
        .collect();
    let extensions = value.get("modifierExtension").and_then(Value::as_array).into_iter().flatten();
    let extensions: Vec<Value> = extensions.map(|one| members(one, &["url"])).collect();
    let filter =
        |one: &Value| one.get("url").and_then(Value::as_str).is_some_and(|url| url.ends_with("/member-filter"));
    if profiles.is_empty() && !extensions.iter().any(filter) {
        return Value::Null;
    }
    json!({"resourceType": "Group", "meta": {"profile": profiles}, "modifierExtension": extensions})
}

/// Returns what tests need of a CapabilityStatement, which may be megabytes long.
fn capability_statement(value: &Value) -> Value {
    let mut out = members(
        value,
        &[
            "resourceType",
            "url",
            "version",
            "status",
            "kind",
            "software",
            "fhirVersion",
            "format",
            "instantiates",
            "implementationGuide",
        ],
    );
    let rest = value.get("rest").and_then(Value::as_array).map(|rest| {
        let part = |rest: &Value| {
            let mut out = members(rest, &["mode", "security", "operation"]);
            let resources = rest
                .get("resource")
                .and_then(Value::as_array)
                .map(|list| Value::Array(list.iter().map(resource).collect()));
            if let (Some(resources), Some(map)) = (resources, out.as_object_mut()) {
                map.insert("resource".to_owned(), resources);
            }
            out
        };
        Value::Array(rest.iter().map(part).collect())
    });
    if let (Some(rest), Some(map)) = (rest, out.as_object_mut()) {
        map.insert("rest".to_owned(), rest);
    }
    out
}
