//! Faults in the selection of resources.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::Value;

use crate::reference::data::population::FoundResources;
use crate::reference::data::rows::Rows;
use crate::reference::data::selection::ResourceSelection;
use crate::reference::fault::behavior::Behavior;
use crate::reference::state::ServerState;
use crate::search::query::Query;

/// Adds a resource that does not match the filters, or removes one that does.
pub(crate) fn change_filters(
    server: &ServerState,
    found: &mut FoundResources,
    selection: &ResourceSelection,
    searches: &[Query],
) {
    for (name, rows) in found.iter_mut().filter(|(name, _)| searches.iter().any(|query| query.kind == *name)) {
        if server.does(Behavior::FilterLoses) && rows.len() > 1 {
            *rows = rows.part(0, rows.len() - 1);
        }
        if server.does(Behavior::FilterLeaks) {
            let all = server.population().select(selection).into_iter().find(|(kind, _)| kind == name);
            let own: Vec<_> = rows.iter().collect();
            let other = all.and_then(|(_, all)| all.iter().find(|line| !own.contains(line)));
            *rows = Rows::held(own.into_iter().chain(other).collect());
        }
    }
}

/// Adds the resources that the found resources refer to.
pub(crate) fn add_referenced(server: &ServerState, found: &mut FoundResources) {
    if !server.does(Behavior::AddsReferenced) {
        return;
    }
    let lines: Vec<Bytes> = found.iter().flat_map(|(_, rows)| rows.iter().collect::<Vec<_>>()).collect();
    let mut missing: BTreeSet<(String, String)> = BTreeSet::new();
    for line in &lines {
        let text = String::from_utf8_lossy(line);
        let references = text.split("\"reference\":\"").skip(1).filter_map(|rest| rest.split('"').next());
        missing.extend(references.filter_map(|text| text.split_once('/')).map(|(k, id)| (k.to_owned(), id.to_owned())));
    }
    for (name, id) in missing {
        let Some(name) = server.population().types().into_iter().find(|known| **known == name) else { continue };
        let Some(line) = server.population().read(name, &id).filter(|line| !lines.contains(line)) else { continue };
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => *rows = Rows::held(rows.iter().chain([line]).collect()),
            None => found.push((name, Rows::held(vec![line]))),
        }
    }
}

/// Applies the faults of `_since` and `_until`: removes the newest resource, or adds it.
pub(crate) fn change_dates(server: &ServerState, found: &mut FoundResources, selection: &ResourceSelection) {
    if server.does(Behavior::SinceLosesNewest) && selection.since.is_some() {
        for (_, rows) in found.iter_mut().filter(|(_, rows)| rows.len() > 1) {
            *rows = rows.part(0, rows.len() - 1);
        }
    }
    if selection.since.is_some() {
        change_children(server, found, selection);
    }
    if server.does(Behavior::UntilLeaks) && selection.until.is_some() {
        let all = server.population().select(&ResourceSelection { until: None, ..selection.clone() });
        for (name, rows) in found.iter_mut() {
            let newest = all.iter().find(|(kind, _)| kind == name).and_then(|(_, all)| all.line(all.len() - 1));
            let own: Vec<_> = rows.iter().filter(|line| Some(line) != newest.as_ref()).collect();
            *rows = Rows::held(own.into_iter().chain(newest).collect());
        }
    }
}

/// Removes the resources of patients that did not change, or adds all resources of one such patient.
fn change_children(server: &ServerState, found: &mut FoundResources, selection: &ResourceSelection) {
    let all = server.population().select(&ResourceSelection { since: None, ..selection.clone() });
    let patients = |rows: &FoundResources| -> Vec<String> {
        let lines = rows.iter().filter(|(name, _)| *name == "Patient").flat_map(|(_, rows)| rows.iter());
        lines
            .filter_map(|line| Some(serde_json::from_slice::<Value>(&line).ok()?.get("id")?.as_str()?.into()))
            .collect()
    };
    let (all_patients, new) = (patients(&all), patients(found));
    let belongs = |line: &Bytes, id: &String| {
        let text = String::from_utf8_lossy(line);
        text.contains(&format!("\"Patient/{id}\"")) || text.contains(&format!("\"Patient\",\"id\":\"{id}\""))
    };
    if server.does(Behavior::SinceHidesChildren) {
        let hidden: Vec<&String> = all_patients.iter().filter(|id| !new.contains(id)).collect();
        for (_, rows) in found.iter_mut() {
            *rows = Rows::held(rows.iter().filter(|line| !hidden.iter().any(|id| belongs(line, id))).collect());
        }
        found.retain(|(_, rows)| rows.len() > 0);
    }
    let member = all_patients.iter().find(|id| !new.contains(id));
    if let Some(member) = member.filter(|_| server.does(Behavior::SinceKeepsMember)) {
        for (name, rows) in all {
            let own: Vec<Bytes> = rows.iter().filter(|line| belongs(line, member)).collect();
            match found.iter_mut().find(|(known, _)| *known == name) {
                Some((_, rows)) => {
                    let held: Vec<Bytes> = rows.iter().collect();
                    let more = own.into_iter().filter(|line| !held.contains(line)).collect::<Vec<_>>();
                    *rows = Rows::held(held.into_iter().chain(more).collect());
                }
                None if !own.is_empty() => found.push((name, Rows::held(own))),
                None => {}
            }
        }
    }
}
