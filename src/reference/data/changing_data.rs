//! A server whose data go on: patients who are deleted, changed and added while a run is under way.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::base::instant::rfc3339;
use crate::reference::data::associated::AssociatedResources;
use crate::reference::data::population::{Reach, Selection};
use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::reply::{FHIR_JSON, Payload, Point, ServerReply};
use crate::reference::server::Server;

/// Who is deleted once so many jobs were started.
const DELETED: [(u32, &str); 5] =
    [(5, "sailor-07"), (9, "sailor-04"), (13, "sailor-03"), (17, "sailor-08"), (21, "sailor-10")];

/// Who is changed, and whose gender then is what.
const CHANGED: [(u32, &str, &str); 4] =
    [(5, "sailor-08", "male"), (9, "sailor-09", "other"), (13, "sailor-10", "unknown"), (17, "sailor-07", "female")];

/// Who is added.
const ADDED: [(u32, &str); 2] = [(7, "sailor-98"), (15, "sailor-99")];

fn id(line: &Bytes) -> String {
    let value: Value = serde_json::from_slice(line).unwrap_or_default();
    value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Server {
    fn deleted_by_now(&self, patient: &str) -> bool {
        let started = self.notes().started;
        let many = self.does(Behavior::DeletesMeanwhile);
        let one = self.does(Behavior::DeletesOneMeanwhile);
        let gone = DELETED.iter().take(if many { DELETED.len() } else { usize::from(one) });
        gone.into_iter().any(|(from, id)| started >= *from && *id == patient)
    }

    /// A patient who was changed, as they are now.
    fn changed_by_now(&self, patient: &str) -> Option<Bytes> {
        let started = self.notes().started;
        let (_, _, gender) = CHANGED.iter().find(|(from, id, _)| started >= *from && *id == patient)?;
        if !self.does(Behavior::ChangesMeanwhile) {
            return None;
        }
        let mut value: Value = serde_json::from_slice(&self.population().read("Patient", patient)?).ok()?;
        let fields = value.as_object_mut()?;
        fields.insert("gender".to_owned(), json!(gender));
        let meta = json!({ "versionId": "9", "lastUpdated": rfc3339(self.options.clock.now()) });
        fields.insert("meta".to_owned(), meta);
        Some(Bytes::from(value.to_string()))
    }

    fn added_by_now(&self) -> Vec<Bytes> {
        let started = self.notes().started;
        let there = ADDED.iter().filter(|(from, _)| self.does(Behavior::ChangesMeanwhile) && started >= *from);
        there
            .map(|(_, id)| {
                let meta = json!({ "versionId": "1", "lastUpdated": rfc3339(self.options.clock.now()) });
                json!({ "resourceType": "Patient", "id": id, "meta": meta, "gender": "other" })
            })
            .map(|patient| Bytes::from(patient.to_string()))
            .collect()
    }

    /// The patients of an export as they are by now.
    pub(crate) fn live_on(&self, found: &mut AssociatedResources, selection: &Selection) {
        use Behavior::{ChangesMeanwhile, DeletesMeanwhile, DeletesOneMeanwhile};
        if ![ChangesMeanwhile, DeletesMeanwhile, DeletesOneMeanwhile].into_iter().any(|living| self.does(living)) {
            return;
        }
        let everybody = selection.patients.is_none() && !matches!(selection.reach, Reach::Group(_));
        for (_, rows) in found.iter_mut().filter(|(name, _)| *name == "Patient") {
            let mut lines: Vec<Bytes> = rows.iter().filter(|line| !self.deleted_by_now(&id(line))).collect();
            if everybody {
                let now: Vec<Bytes> = CHANGED.iter().filter_map(|(_, id, _)| self.changed_by_now(id)).collect();
                let changed: Vec<String> = now.iter().map(id).collect();
                lines.retain(|line| !changed.contains(&id(line)));
                // What was changed a moment ago lies after any instant that is asked for.
                if selection.until.is_none() {
                    lines.extend(now.into_iter().chain(self.added_by_now()));
                }
            }
            *rows = Rows::held(lines);
        }
        found.retain(|(_, rows)| rows.len() > 0);
    }

    /// How many patients there are by now, where there were so many.
    pub(crate) fn patients_by_now(&self, before: u64) -> u64 {
        let gone = DELETED.iter().filter(|(_, id)| self.deleted_by_now(id)).count() as u64;
        before.saturating_sub(gone) + self.added_by_now().len() as u64
    }

    /// The answer to a read of what was deleted or changed since; none where it is as it was.
    pub(crate) fn as_it_is_now(&self, name: &str, id: &str) -> Option<ServerReply> {
        if name != "Patient" {
            return None;
        }
        if self.deleted_by_now(id) {
            return Some(ServerReply::refusal(Point::Read, StatusCode::GONE, "deleted", "it was deleted"));
        }
        let now = self.changed_by_now(id)?;
        let reply = ServerReply { payload: Payload::Raw(now), ..ServerReply::empty(Point::Read, StatusCode::OK) };
        Some(reply.with("content-type", FHIR_JSON))
    }
}
