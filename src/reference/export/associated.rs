//! `includeAssociatedData`: the Provenance of exported resources. Faults add Binaries or omit types.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::reference::attachments::letter;
use crate::reference::data::population::FoundResources;
use crate::reference::data::rows::Rows;
use crate::reference::data::selection::SelectedLevel;
use crate::reference::export::request::{ExportRequest, LATEST, RELEVANT};
use crate::reference::fault::behavior::Behavior;
use crate::reference::state::ServerState;

/// A Provenance, as a line and parsed.
type Provenance = (Bytes, Value);

fn parse(line: &Bytes) -> Value {
    serde_json::from_slice(line).unwrap_or_default()
}

/// Adds the Provenance that `includeAssociatedData` requests, and removes other Provenance.
pub(crate) fn apply(server: &ServerState, found: &mut FoundResources, export: &ExportRequest) {
    if export.selection.level == SelectedLevel::Patients && server.does(Behavior::NoProvenanceOfPatients) {
        found.retain(|(name, _)| *name != "Provenance");
    }
    if export.selection.level != SelectedLevel::System && server.does(Behavior::CompartmentShort) {
        found.retain(|(name, _)| *name != "Condition");
    }
    if server.does(Behavior::BinaryLines) {
        add_binaries(found);
    }
    let requests = |value: &str| export.associated.contains(value);
    if export.associated.is_empty() || server.does(Behavior::IgnoreAssociated) {
        return;
    }
    let relevant = requests(RELEVANT) && !(requests(LATEST) && server.does(Behavior::StrictestAssociation));
    let exported: BTreeSet<String> = found
        .iter()
        .flat_map(|(name, rows)| rows.iter().map(move |line| (name, parse(&line))).collect::<Vec<_>>())
        .filter_map(|(name, value)| Some(format!("{name}/{}", value.get("id")?.as_str()?)))
        .collect();
    let lines = server.population().first("Provenance", u64::MAX);
    let all: Vec<Provenance> = lines.into_iter().map(|line| (line.clone(), parse(&line))).collect();
    let is_relevant = |value: &Value| targets(value).iter().any(|target| exported.contains(target));
    let latest = latest(&all, &exported, server.does(Behavior::LatestIsFirst));
    let mut selected: Vec<Bytes> = all
        .into_iter()
        .enumerate()
        .filter(|(index, (_, value))| if relevant { is_relevant(value) } else { latest.contains(index) })
        .map(|(_, (line, _))| line)
        .collect();
    if relevant && server.does(Behavior::RelevantLosesOne) {
        selected.pop();
    }
    found.retain(|(name, _)| *name != "Provenance");
    if !selected.is_empty() {
        found.push(("Provenance", Rows::held(selected)));
    }
}

/// The references of a Provenance to its targets.
fn targets(provenance: &Value) -> Vec<String> {
    let list = provenance.get("target").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|target| target.get("reference")?.as_str().map(str::to_owned)).collect()
}

/// The indexes of the latest Provenance of each exported resource, or of the first if `first` is set.
fn latest(all: &[Provenance], exported: &BTreeSet<String>, first: bool) -> BTreeSet<usize> {
    let mut latest: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for (index, (_, value)) in all.iter().enumerate() {
        let recorded = value.get("recorded").and_then(Value::as_str).unwrap_or_default().to_owned();
        for target in targets(value).into_iter().filter(|target| exported.contains(target)) {
            let known = latest.entry(target).or_insert_with(|| (recorded.clone(), index));
            let replaces = if first { recorded < known.0 } else { recorded > known.0 };
            if replaces {
                *known = (recorded.clone(), index);
            }
        }
    }
    latest.into_values().map(|(_, index)| index).collect()
}

/// Adds the Binary of every document.
fn add_binaries(found: &mut FoundResources) {
    let documents = found.iter().filter(|(name, _)| *name == "DocumentReference");
    let ids = documents.flat_map(|(_, rows)| rows.iter().collect::<Vec<_>>()).filter_map(|line| {
        Some(parse(&line).pointer("/content/0/attachment/url")?.as_str()?.rsplit_once('/')?.1.to_owned())
    });
    let binaries: Vec<Bytes> = ids
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
