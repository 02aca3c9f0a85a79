//! What goes with the resources of an export, or is left out of them: Provenance, elements, attachments.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::fhir::definitions::layout::E_REQUIRED;
use crate::reference::data::population::Reach;
use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::params::{ExportRequest, LATEST, RELEVANT};
use crate::reference::reply::{Payload, Point, ServerReply};
use crate::reference::server::Server;

/// What is exported, by type.
pub(crate) type AssociatedResources = Vec<(&'static str, Rows)>;

/// What stays in every resource.
const CORE: [&str; 4] = ["resourceType", "id", "meta", "implicitRules"];

fn parse(line: &Bytes) -> Value {
    serde_json::from_slice(line).unwrap_or_default()
}

/// What a Provenance is about.
fn targets(provenance: &Value) -> Vec<String> {
    let list = provenance.get("target").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|target| target.get("reference")?.as_str().map(str::to_owned)).collect()
}

impl Server {
    /// Puts the Provenance into an export that `includeAssociatedData` asks for, and leaves out what it does not.
    pub(crate) fn associate(&self, found: &mut AssociatedResources, wanted: &ExportRequest) {
        let of_patients = wanted.selection.reach == Reach::Patients;
        if of_patients && self.does(Behavior::NoProvenanceOfPatients) {
            found.retain(|(name, _)| *name != "Provenance");
        }
        if wanted.selection.reach != Reach::System && self.does(Behavior::CompartmentShort) {
            found.retain(|(name, _)| *name != "Condition");
        }
        self.add_binaries(found);
        let asked = |value: &str| wanted.associated.contains(value);
        if wanted.associated.is_empty() || self.does(Behavior::IgnoreAssociated) {
            return;
        }
        let relevant = asked(RELEVANT) && !(asked(LATEST) && self.does(Behavior::StrictestAssociation));
        let there: BTreeSet<String> = found
            .iter()
            .flat_map(|(name, rows)| rows.iter().map(move |line| (name, parse(&line))).collect::<Vec<_>>())
            .filter_map(|(name, value)| Some(format!("{name}/{}", value.get("id")?.as_str()?)))
            .collect();
        let all: Vec<(Bytes, Value)> = self
            .population()
            .first("Provenance", u64::MAX)
            .into_iter()
            .map(|line| {
                let value = parse(&line);
                (line, value)
            })
            .collect();
        let mut last: BTreeMap<String, (String, usize)> = BTreeMap::new();
        for (index, (_, value)) in all.iter().enumerate() {
            let recorded = value.get("recorded").and_then(Value::as_str).unwrap_or_default().to_owned();
            for target in targets(value).into_iter().filter(|target| there.contains(target)) {
                let known = last.entry(target).or_insert_with(|| (recorded.clone(), index));
                let later = if self.does(Behavior::LatestIsFirst) { recorded < known.0 } else { recorded > known.0 };
                if later {
                    *known = (recorded.clone(), index);
                }
            }
        }
        let latest: BTreeSet<usize> = last.values().map(|(_, index)| *index).collect();
        let mut kept: Vec<Bytes> = all
            .into_iter()
            .enumerate()
            .filter(|(index, (_, value))| match relevant {
                true => targets(value).iter().any(|target| there.contains(target)),
                false => latest.contains(index),
            })
            .map(|(_, (line, _))| line)
            .collect();
        if relevant && self.does(Behavior::RelevantLosesOne) {
            kept.pop();
        }
        found.retain(|(name, _)| *name != "Provenance");
        if !kept.is_empty() {
            found.push(("Provenance", Rows::held(kept)));
        }
    }

    /// The Binary of every document, as a fault adds it.
    fn add_binaries(&self, found: &mut AssociatedResources) {
        if !self.does(Behavior::BinaryLines) {
            return;
        }
        let documents = found.iter().filter(|(name, _)| *name == "DocumentReference");
        let urls = documents.flat_map(|(_, rows)| rows.iter().collect::<Vec<_>>()).filter_map(|line| {
            Some(parse(&line).pointer("/content/0/attachment/url")?.as_str()?.rsplit_once('/')?.1.to_owned())
        });
        let binaries: Vec<Bytes> = urls
            .map(|id| {
                let data = STANDARD.encode(letter(&id));
                json!({ "resourceType": "Binary", "id": id, "contentType": "text/plain", "data": data })
            })
            .map(|binary| Bytes::from(binary.to_string()))
            .collect();
        if !binaries.is_empty() {
            found.push(("Binary", Rows::held(binaries)));
        }
    }

    /// Leaves out of every resource what `_elements` does not ask for and need not be there.
    pub(crate) fn trim(&self, found: &mut AssociatedResources, wanted: &ExportRequest) {
        if wanted.elements.is_empty() || self.does(Behavior::IgnoreElements) {
            return;
        }
        let tables = crate::fhir::definitions::embedded::r4();
        for (index, (name, rows)) in found.iter_mut().enumerate() {
            let others = index > 0 && self.does(Behavior::ElementsOfOneType);
            let listed = |key: &str| {
                wanted.elements.iter().any(|(kind, element)| match kind {
                    Some(kind) => kind == name && element == key,
                    None => !others && element == key,
                })
            };
            let mandatory = |key: &str| {
                !self.does(Behavior::ElementsDropMandatory)
                    && tables.flags(name, key).is_some_and(|flags| flags & E_REQUIRED != 0)
            };
            let more = |key: &str| self.does(Behavior::ElementsKeepMore) && key != "name";
            let trimmed = rows.iter().map(|line| {
                let mut value = parse(&line);
                let Some(fields) = value.as_object_mut() else { return line };
                let before = fields.len();
                fields.retain(|key, _| {
                    let plain = key.trim_start_matches('_');
                    CORE.contains(&plain) || listed(plain) || mandatory(plain) || more(plain)
                });
                if fields.len() < before && !self.does(Behavior::ElementsUntagged) {
                    let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
                    let tag = json!({ "system": system, "code": "SUBSETTED" });
                    match fields.entry("meta").or_insert_with(|| json!({})).get_mut("tag").and_then(Value::as_array_mut)
                    {
                        Some(tags) => tags.push(tag),
                        None => {
                            if let Some(meta) = fields.get_mut("meta").and_then(Value::as_object_mut) {
                                meta.insert("tag".to_owned(), json!([tag]));
                            }
                        }
                    }
                }
                Bytes::from(value.to_string())
            });
            *rows = Rows::held(trimmed.collect());
        }
    }

    /// Answers a GET of a document's content.
    pub(crate) fn attachment(&self, id: &str) -> ServerReply {
        let known = self.population().first("DocumentReference", u64::MAX).iter().any(|line| {
            let url = parse(line).pointer("/content/0/attachment/url").and_then(Value::as_str).map(str::to_owned);
            url.is_some_and(|url| url.ends_with(&format!("/Binary/{id}")))
        });
        if !known {
            return ServerReply::refusal(Point::Read, StatusCode::NOT_FOUND, "not-found", "there is no such resource");
        }
        let payload = Payload::Raw(Bytes::from(letter(id)));
        ServerReply { payload, ..ServerReply::empty(Point::Attachment, StatusCode::OK) }
            .with("content-type", "text/plain")
    }
}

/// The content of a document.
fn letter(id: &str) -> String {
    format!("An invented letter: {id}\n")
}
