//! Data that change during a run: patients are deleted, changed and added after a number of jobs have started.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::base::instant::rfc3339;
use crate::reference::data::population::FoundResources;
use crate::reference::data::rows::Rows;
use crate::reference::data::selection::{ResourceSelection, SelectedLevel};
use crate::reference::fault::behavior::Behavior;
use crate::reference::reply::{FHIR_JSON, Payload, Point, ServerReply};
use crate::reference::state::ServerState;

/// The patients that are deleted, each with the number of started jobs after which this happens.
const DELETED: [(u32, &str); 5] =
    [(5, "sailor-07"), (9, "sailor-04"), (13, "sailor-03"), (17, "sailor-08"), (21, "sailor-10")];

/// The patients that are changed, each with the number of started jobs and the new gender.
const CHANGED: [(u32, &str, &str); 4] =
    [(5, "sailor-08", "male"), (9, "sailor-09", "other"), (13, "sailor-10", "unknown"), (17, "sailor-07", "female")];

/// The patients that are added, each with the number of started jobs.
const ADDED: [(u32, &str); 2] = [(7, "sailor-98"), (15, "sailor-99")];

fn id(line: &Bytes) -> String {
    let value: Value = serde_json::from_slice(line).unwrap_or_default();
    value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn is_deleted(server: &ServerState, patient: &str) -> bool {
    let started = server.notes().started;
    let many = server.does(Behavior::DeletesMeanwhile);
    let one = server.does(Behavior::DeletesOneMeanwhile);
    let deletions = DELETED.iter().take(if many { DELETED.len() } else { usize::from(one) });
    deletions.into_iter().any(|(from, id)| started >= *from && *id == patient)
}

/// The new version of a patient that was changed.
fn changed(server: &ServerState, patient: &str) -> Option<Bytes> {
    let started = server.notes().started;
    let (_, _, gender) = CHANGED.iter().find(|(from, id, _)| started >= *from && *id == patient)?;
    if !server.does(Behavior::ChangesMeanwhile) {
        return None;
    }
    let mut value: Value = serde_json::from_slice(&server.population().read("Patient", patient)?).ok()?;
    let fields = value.as_object_mut()?;
    fields.insert("gender".to_owned(), json!(gender));
    let meta = json!({ "versionId": "9", "lastUpdated": rfc3339(server.now()) });
    fields.insert("meta".to_owned(), meta);
    Some(Bytes::from(value.to_string()))
}

fn added(server: &ServerState) -> Vec<Bytes> {
    let started = server.notes().started;
    let present = ADDED.iter().filter(|(from, _)| server.does(Behavior::ChangesMeanwhile) && started >= *from);
    present
        .map(|(_, id)| {
            let meta = json!({ "versionId": "1", "lastUpdated": rfc3339(server.now()) });
            json!({ "resourceType": "Patient", "id": id, "meta": meta, "gender": "other" })
        })
        .map(|patient| Bytes::from(patient.to_string()))
        .collect()
}

/// Replaces the patients of an export with the current ones.
pub(crate) fn apply(server: &ServerState, found: &mut FoundResources, selection: &ResourceSelection) {
    use Behavior::{ChangesMeanwhile, DeletesMeanwhile, DeletesOneMeanwhile};
    if ![ChangesMeanwhile, DeletesMeanwhile, DeletesOneMeanwhile].into_iter().any(|behavior| server.does(behavior)) {
        return;
    }
    let all_patients = selection.patients.is_none() && !matches!(selection.level, SelectedLevel::Group(_));
    for (_, rows) in found.iter_mut().filter(|(name, _)| *name == "Patient") {
        let mut lines: Vec<Bytes> = rows.iter().filter(|line| !is_deleted(server, &id(line))).collect();
        if all_patients {
            let now: Vec<Bytes> = CHANGED.iter().filter_map(|(_, id, _)| changed(server, id)).collect();
            let ids: Vec<String> = now.iter().map(id).collect();
            lines.retain(|line| !ids.contains(&id(line)));
            // The changes are later than any `_until`.
            if selection.until.is_none() {
                lines.extend(now.into_iter().chain(added(server)));
            }
        }
        *rows = Rows::held(lines);
    }
    found.retain(|(_, rows)| rows.len() > 0);
}

/// The current number of patients, if there were `before` at the start.
pub(crate) fn patient_count(server: &ServerState, before: u64) -> u64 {
    let deleted = DELETED.iter().filter(|(_, id)| is_deleted(server, id)).count() as u64;
    before.saturating_sub(deleted) + added(server).len() as u64
}

/// Responds to a read of a patient that was deleted or changed; `None` if the resource was not.
pub(crate) fn read(server: &ServerState, name: &str, id: &str) -> Option<ServerReply> {
    if name != "Patient" {
        return None;
    }
    if is_deleted(server, id) {
        return Some(ServerReply::refusal(Point::Read, StatusCode::GONE, "deleted", "the resource was deleted"));
    }
    let now = changed(server, id)?;
    let reply = ServerReply { payload: Payload::Raw(now), ..ServerReply::empty(Point::Read, StatusCode::OK) };
    Some(reply.with("content-type", FHIR_JSON))
}
