//! Selections that are wrong by one resource.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::Value;

use crate::reference::data::population::Selection;
use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::server::Server;
use crate::search::query::Query;

/// What is exported, by type.
type SelectedResources = Vec<(&'static str, Rows)>;

impl Server {
    /// Lets a resource pass that does not match, or keeps one back that does.
    pub(crate) fn spoil_filters(&self, found: &mut SelectedResources, selection: &Selection, searches: &[Query]) {
        for (name, rows) in found.iter_mut().filter(|(name, _)| searches.iter().any(|query| query.kind == *name)) {
            if self.does(Behavior::FilterLoses) && rows.len() > 1 {
                *rows = rows.part(0, rows.len() - 1);
            }
            if self.does(Behavior::FilterLeaks) {
                let all = self.population().select(selection).into_iter().find(|(kind, _)| kind == name);
                let own: Vec<_> = rows.iter().collect();
                let stranger = all.and_then(|(_, all)| all.iter().find(|line| !own.contains(line)));
                *rows = Rows::held(own.into_iter().chain(stranger).collect());
            }
        }
    }

    /// Adds what the resources found refer to.
    pub(crate) fn add_referenced(&self, found: &mut SelectedResources) {
        if !self.does(Behavior::AddsReferenced) {
            return;
        }
        let lines: Vec<Bytes> = found.iter().flat_map(|(_, rows)| rows.iter().collect::<Vec<_>>()).collect();
        let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
        for line in &lines {
            let text = String::from_utf8_lossy(line);
            let references = text.split("\"reference\":\"").skip(1).filter_map(|rest| rest.split('"').next());
            wanted.extend(
                references.filter_map(|text| text.split_once('/')).map(|(k, id)| (k.to_owned(), id.to_owned())),
            );
        }
        for (name, id) in wanted {
            let Some(name) = self.population().types().into_iter().find(|known| **known == name) else { continue };
            let Some(line) = self.population().read(name, &id).filter(|line| !lines.contains(line)) else { continue };
            match found.iter_mut().find(|(known, _)| *known == name) {
                Some((_, rows)) => *rows = Rows::held(rows.iter().chain([line]).collect()),
                None => found.push((name, Rows::held(vec![line]))),
            }
        }
    }

    /// Leaves the newest resource out of what is new, or adds it to what is old.
    pub(crate) fn spoil_dates(&self, found: &mut SelectedResources, selection: &Selection) {
        if self.does(Behavior::SinceLosesNewest) && selection.since.is_some() {
            for (_, rows) in found.iter_mut().filter(|(_, rows)| rows.len() > 1) {
                *rows = rows.part(0, rows.len() - 1);
            }
        }
        if selection.since.is_some() {
            self.spoil_children(found, selection);
        }
        if self.does(Behavior::UntilLeaks) && selection.until.is_some() {
            let all = self.population().select(&Selection { until: None, ..selection.clone() });
            for (name, rows) in found.iter_mut() {
                let newest = all.iter().find(|(kind, _)| kind == name).and_then(|(_, all)| all.line(all.len() - 1));
                let own: Vec<_> = rows.iter().filter(|line| Some(line) != newest.as_ref()).collect();
                *rows = Rows::held(own.into_iter().chain(newest).collect());
            }
        }
    }

    /// Leaves out what belongs to patients who are not among what is new, or adds all that belongs to one.
    fn spoil_children(&self, found: &mut SelectedResources, selection: &Selection) {
        let all = self.population().select(&Selection { since: None, ..selection.clone() });
        let patients = |rows: &SelectedResources| -> Vec<String> {
            let lines = rows.iter().filter(|(name, _)| *name == "Patient").flat_map(|(_, rows)| rows.iter());
            lines
                .filter_map(|line| Some(serde_json::from_slice::<Value>(&line).ok()?.get("id")?.as_str()?.into()))
                .collect()
        };
        let (everybody, new) = (patients(&all), patients(found));
        let belongs = |line: &Bytes, id: &String| {
            let text = String::from_utf8_lossy(line);
            text.contains(&format!("\"Patient/{id}\"")) || text.contains(&format!("\"Patient\",\"id\":\"{id}\""))
        };
        if self.does(Behavior::SinceHidesChildren) {
            let hidden: Vec<&String> = everybody.iter().filter(|id| !new.contains(id)).collect();
            for (_, rows) in found.iter_mut() {
                *rows = Rows::held(rows.iter().filter(|line| !hidden.iter().any(|id| belongs(line, id))).collect());
            }
            found.retain(|(_, rows)| rows.len() > 0);
        }
        let member = everybody.iter().find(|id| !new.contains(id));
        if let Some(member) = member.filter(|_| self.does(Behavior::SinceKeepsMember)) {
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
}
