//! Who is a member of the Group that is exported, as far as the Group itself says it beyond doubt.

use std::collections::BTreeSet;

use http::header::ACCEPT;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::drive::context::{FlowContext, stop};
use crate::drive::flow::requests;
use crate::ndjson::identity::normalise_reference;
use crate::recording::model::{Role, Stop, StopKind};
use crate::suite::flow::Needs;

/// The ids of the patients who are members, or why that cannot be told.
pub(crate) type Members = Result<BTreeSet<String>, String>;

/// Reads a Group. Members who are no longer active count as members: their data may be exported or not.
pub(crate) fn read(group: &Value) -> Members {
    let unclear = |why: &str| Err(format!("who is a member is not plain: the Group {why}"));
    if group.get("resourceType").and_then(Value::as_str) != Some("Group") {
        return unclear("cannot be read");
    }
    if group.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "person") {
        return unclear("is not of persons");
    }
    let defined =
        group.get("actual") == Some(&Value::Bool(false)) || group.get("membership").is_some_and(is_not_listed);
    if defined || group.get("characteristic").is_some() || group.get("modifierExtension").is_some() {
        return unclear("is defined by what its members have in common");
    }
    if group.get("member").is_none() && group.get("quantity").and_then(Value::as_u64) == Some(0) {
        return Ok(BTreeSet::new());
    }
    let Some(listed) = group.get("member").and_then(Value::as_array).filter(|listed| !listed.is_empty()) else {
        return unclear("lists no member");
    };
    if group.get("quantity").and_then(Value::as_u64).is_some_and(|all| all > listed.len() as u64) {
        return unclear("does not list all its members");
    }
    let mut members = BTreeSet::new();
    for member in listed {
        let text = member.pointer("/entity/reference").and_then(Value::as_str);
        match text.and_then(normalise_reference) {
            Some(("Patient", id)) => drop(members.insert(id.to_owned())),
            _ => return unclear("has members that are not referred to as Patients"),
        }
    }
    Ok(members)
}

/// R5's `membership`.
fn is_not_listed(membership: &Value) -> bool {
    membership.as_str() != Some("enumerated")
}

impl FlowContext<'_> {
    /// The members of the run's Group, asked for when they are first needed.
    pub async fn members(&self) -> Members {
        if self.is_of_nobody() {
            return Ok(BTreeSet::new());
        }
        if let Some(known) = self.run.members() {
            return known;
        }
        let members = self.read_members().await;
        self.run.learn_members(&members);
        members
    }

    /// The members of the run's Group as they are now. Of a Group that is said to have none, what cannot be told does not
    /// speak against that.
    pub async fn read_members(&self) -> Members {
        let members = self.group_now().await.and_then(|group| read(&group));
        if self.is_of_nobody() { members.or_else(|_| Ok(BTreeSet::new())) } else { members }
    }

    /// The flow's Group, read; the error says why it cannot be.
    pub async fn group_now(&self) -> Result<Value, String> {
        let Some(group) = self.group() else { return Err("no Group is exported".to_owned()) };
        let url = requests::under(&self.run.settings.base, &["Group", &group]);
        let headers = requests::usual(&[(ACCEPT, "application/fhir+json")]);
        let mut ask = requests::plain(self.name(), Role::Probe, Method::GET, url, headers);
        ask.probe = Some("members".to_owned());
        ask.identity = self.planned.flow.identity;
        match self.run.session.send(ask).await.result {
            Ok(whole) if whole.status == StatusCode::OK => Ok(serde_json::from_slice(&whole.body).unwrap_or_default()),
            Ok(whole) => Err(format!("who is a member is not known: the Group was answered {}", whole.status.as_u16())),
            Err(trouble) => Err(format!("who is a member is not known: {}", trouble.message)),
        }
    }

    /// Whether the flow is about a Group that is said to have no members.
    pub fn is_of_nobody(&self) -> bool {
        self.planned.flow.credentials == Some(Needs::EmptyGroup)
    }

    /// Looks whether a Group that is said to have no members has some.
    ///
    /// # Errors
    /// It has.
    pub async fn expect_nobody(&self) -> Result<(), Stop> {
        let Ok(group) = self.group_now().await else { return Ok(()) };
        let counted = group.get("quantity").and_then(Value::as_u64).is_some_and(|all| all > 0);
        let listed = group.get("member").and_then(Value::as_array).is_some_and(|listed| !listed.is_empty());
        if !counted && !listed {
            return Ok(());
        }
        let because = "the Group that --empty-group names has members; name one without";
        Err(stop(StopKind::NotOffered, None, because))
    }
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
    fn members_are_those_that_are_listed() {
        assert_eq!(group(json!({})).unwrap(), ["a", "b"].map(str::to_owned).into());
        let nobody = json!({"resourceType": "Group", "type": "person", "actual": true, "quantity": 0});
        assert_eq!(read(&nobody), Ok(BTreeSet::new()));
    }

    #[test]
    fn a_group_that_does_not_list_all_its_members_says_nothing() {
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
