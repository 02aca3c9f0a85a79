//! Reads the members of the exported Group, if the Group lists them.

use std::collections::BTreeSet;

use http::header::ACCEPT;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::drive::context::FlowContext;
use crate::drive::flow::requests;
use crate::drive::flow::state::Members;
use crate::drive::stops::stop;
use crate::ndjson::identity::normalize_reference;
use crate::recording::model::{Role, Stop, StopKind};

/// Returns the members that a Group lists, including inactive members, because their data may be exported.
fn read(group: &Value) -> Members {
    let unclear = |why: &str| Err(format!("the members of the Group are not known: {why}"));
    if group.get("resourceType").and_then(Value::as_str) != Some("Group") {
        return unclear("the response is not a Group resource");
    }
    if group.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "person") {
        return unclear("Group.type is not person");
    }
    let defined =
        group.get("actual") == Some(&Value::Bool(false)) || group.get("membership").is_some_and(is_not_listed);
    if defined || group.get("characteristic").is_some() || group.get("modifierExtension").is_some() {
        return unclear("the Group is defined by characteristics, not by a list of members");
    }
    if group.get("member").is_none() && group.get("quantity").and_then(Value::as_u64) == Some(0) {
        return Ok(BTreeSet::new());
    }
    let Some(listed) = group.get("member").and_then(Value::as_array).filter(|listed| !listed.is_empty()) else {
        return unclear("the Group lists no members");
    };
    if group.get("quantity").and_then(Value::as_u64).is_some_and(|all| all > listed.len() as u64) {
        return unclear("the Group does not list all its members");
    }
    let mut members = BTreeSet::new();
    for member in listed {
        let text = member.pointer("/entity/reference").and_then(Value::as_str);
        match text.and_then(normalize_reference) {
            Some(("Patient", id)) => drop(members.insert(id.to_owned())),
            _ => return unclear("some members are not references to Patients"),
        }
    }
    Ok(members)
}

/// Returns whether `Group.membership` (FHIR R5) says that members are defined and not listed.
fn is_not_listed(membership: &Value) -> bool {
    membership.as_str() != Some("enumerated")
}

/// Returns the members of the exported Group. The first call reads the Group.
pub(crate) async fn members(context: &FlowContext<'_>) -> Members {
    if context.is_of_empty_group() {
        return Ok(BTreeSet::new());
    }
    if let Some(known) = context.run.members() {
        return known;
    }
    let members = read_members(context).await;
    context.run.set_members(&members);
    members
}

/// Reads the members of the exported Group. The Group of `--empty-group` has none unless it lists some.
pub(crate) async fn read_members(context: &FlowContext<'_>) -> Members {
    let members = read_group(context).await.and_then(|group| read(&group));
    if context.is_of_empty_group() { members.or_else(|_| Ok(BTreeSet::new())) } else { members }
}

/// Reads the Group that the flow exports. The error is why it cannot be read.
pub(crate) async fn read_group(context: &FlowContext<'_>) -> Result<Value, String> {
    let Some(group) = context.group() else { return Err("the flow exports no Group".to_owned()) };
    let url = requests::under(&context.run.settings.base, &["Group", &group]);
    let headers = requests::usual(&[(ACCEPT, "application/fhir+json")]);
    let mut request = requests::plain(context.name(), Role::Probe, Method::GET, url, headers);
    request.probe = Some("members".to_owned());
    request.identity = context.planned.flow.identity;
    match context.run.session.send(request).await.result {
        Ok(whole) if whole.status == StatusCode::OK => Ok(serde_json::from_slice(&whole.body).unwrap_or_default()),
        Ok(whole) => Err(format!(
            "the members of the Group are not known: the read of the Group returned {}",
            whole.status.as_u16()
        )),
        Err(trouble) => Err(format!("the members of the Group are not known: {}", trouble.message)),
    }
}

/// Checks that the Group of `--empty-group` has no members.
///
/// # Errors
/// The Group has members.
pub(crate) async fn expect_no_members(context: &FlowContext<'_>) -> Result<(), Stop> {
    let Ok(group) = read_group(context).await else { return Ok(()) };
    let counted = group.get("quantity").and_then(Value::as_u64).is_some_and(|all| all > 0);
    let listed = group.get("member").and_then(Value::as_array).is_some_and(|listed| !listed.is_empty());
    if !counted && !listed {
        return Ok(());
    }
    let because = "the Group of --empty-group has members. Name a Group without members";
    Err(stop(StopKind::NotOffered, None, because))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn group(more: Value) -> Members {
        let mut group = json!({"resourceType": "Group", "type": "person", "actual": true, "quantity": 2, "member": [
            {"entity": {"reference": "Patient/a"}}, {"entity": {"reference": "https://h/fhir/Patient/b"}, "inactive": true}]});
        for (key, value) in more.as_object().unwrap() {
            group[key] = value.clone();
        }
        read(&group)
    }

    #[test]
    fn listed_members_are_returned() {
        assert_eq!(group(json!({})).unwrap(), ["a", "b"].map(str::to_owned).into());
        let empty = json!({"resourceType": "Group", "type": "person", "actual": true, "quantity": 0});
        assert_eq!(read(&empty), Ok(BTreeSet::new()));
    }

    #[test]
    fn members_are_unknown_if_the_group_does_not_list_them_all() {
        for more in [
            json!({"quantity": 3}),
            json!({"member": []}),
            json!({"type": "device"}),
            json!({"actual": false}),
            json!({"membership": "definitional"}),
            json!({"characteristic": [{}]}),
            json!({"modifierExtension": [{"url": "x"}]}),
            json!({"member": [{"entity": {"reference": "Group/b"}}]}),
            json!({"member": [{"entity": {"identifier": {"value": "1"}}}]}),
            json!({"resourceType": "OperationOutcome"}),
        ] {
            assert!(group(more.clone()).is_err(), "{more}");
        }
    }
}
