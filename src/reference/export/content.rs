//! The files of an export.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::Value;

use crate::base::instant::rfc3339;
use crate::reference::data::changing_data;
use crate::reference::data::deleted;
use crate::reference::data::filter::{IdFilter, apply_filters};
use crate::reference::data::fixtures::DeletedResource;
use crate::reference::data::population::{FoundResources, Population};
use crate::reference::data::rows::Rows;
use crate::reference::data::selection::{ResourceSelection, SelectedLevel};
use crate::reference::export::job::JobFile;
use crate::reference::export::request::ExportRequest;
use crate::reference::export::{associated, blocks, elements};
use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::wrong_selection;
use crate::reference::personality::spec::Personality;
use crate::reference::reply::{Point, outcome};
use crate::reference::state::ServerState;

/// The files of an export of `population`.
pub(crate) fn files(server: &ServerState, export: &ExportRequest, population: &Population) -> Vec<JobFile> {
    let selection = selection(server, export, population);
    let mut found = match server.does(Behavior::ExportNothing) {
        true => Vec::new(),
        false => population.select(&selection),
    };
    let failed = population.remove_failing(&mut found);
    changing_data::apply(server, &mut found, &selection);
    if server.does(Behavior::EmptyFiles) {
        add_empty_types(&mut found, population);
    }
    let mut found = filter(server, export, population, &selection, found);
    wrong_selection::change_dates(server, &mut found, &selection);
    wrong_selection::add_referenced(server, &mut found);
    associated::apply(server, &mut found, export);
    elements::apply(server, &mut found, export);
    if server.does(Behavior::LosesEverything) {
        found.clear();
    }
    let mut files = match export.organizer {
        Some(kind) => blocks::files(server, kind, &found),
        None => found.iter().flat_map(|(name, rows)| cut(server, Point::FileOutput, name, name, rows)).collect(),
    };
    let deletions = deletions(server, population, &selection, &found);
    if deletions.len() > 0 && server.spec() != Personality::Smile && server.spec().edition() >= 2 {
        files.extend(cut(server, Point::FileDeleted, "Bundle", "deleted", &deletions));
    }
    let outcomes = outcomes(server, export, &selection, &failed);
    if outcomes.len() > 0 || server.does(Behavior::EmptyErrorFile) {
        files.extend(cut(server, Point::FileError, "OperationOutcome", "error", &outcomes));
    }
    files
}

fn selection(server: &ServerState, export: &ExportRequest, population: &Population) -> ResourceSelection {
    let mut selection = export.selection.clone();
    if server.does(Behavior::GroupExportsAll) && selection.level != SelectedLevel::System {
        selection.level = SelectedLevel::Patients;
    }
    if let (SelectedLevel::Group(id), true) = (&selection.level, server.does(Behavior::EmptyGroupExportsAll))
        && population.members(id).is_some_and(BTreeSet::is_empty)
    {
        selection.level = SelectedLevel::Patients;
    }
    selection
}

/// Adds the types without resources.
fn add_empty_types(found: &mut FoundResources, population: &Population) {
    let present: BTreeSet<&str> = found.iter().map(|(name, _)| *name).collect();
    let types = population.types().into_iter().chain(["Immunization"]);
    let empty: Vec<_> = types.filter(|name| !present.contains(name)).collect();
    found.extend(empty.into_iter().map(|name| (name, Rows::held(Vec::new()))));
}

fn filter(
    server: &ServerState,
    export: &ExportRequest,
    population: &Population,
    selection: &ResourceSelection,
    mut found: FoundResources,
) -> FoundResources {
    let not_empty = |(_, rows): &(&'static str, Rows)| rows.len() > 0;
    if !export.id_filters.is_empty() {
        let filtered = found.into_iter().map(|(name, rows)| (name, IdFilter::apply(&export.id_filters, name, rows)));
        found = filtered.filter(not_empty).collect();
    }
    if export.searches.is_empty() {
        return match server.does(Behavior::UnfilteredIsShort) {
            true => found.into_iter().map(|(name, rows)| (name, rows.part(0, 3))).collect(),
            false => found,
        };
    }
    let world = population.world();
    if server.does(Behavior::FilterDropsOthers) {
        found.retain(|(name, _)| export.searches.iter().any(|query| query.kind == *name));
    }
    let filtered = found.into_iter().map(|(name, rows)| {
        let passed = apply_filters(&export.searches, name, rows, world, server.behaviors());
        (name, passed)
    });
    let mut found: FoundResources = filtered.filter(not_empty).collect();
    wrong_selection::change_filters(server, &mut found, selection, &export.searches);
    found
}

/// The lines of the `deleted` files.
fn deletions(
    server: &ServerState,
    population: &Population,
    selection: &ResourceSelection,
    found: &FoundResources,
) -> Rows {
    if selection.since.is_none() {
        return Rows::held(Vec::new());
    }
    let unreported = server.does(Behavior::DeletionsUntold);
    let reported = |deletion: &DeletedResource| !unreported || !population.has_removed(&deletion.reference);
    let deletions = population.deletions(selection, &reported);
    match first_reference(found).filter(|_| server.does(Behavior::DeletedInOutput)) {
        Some(first) => {
            let line = deleted::line(&first, &rfc3339(server.now()));
            Rows::held(deletions.iter().chain([line]).collect())
        }
        None => deletions,
    }
}

/// The lines of the `error` files.
fn outcomes(server: &ServerState, export: &ExportRequest, selection: &ResourceSelection, failed: &[String]) -> Rows {
    let warnings = export.ignored.iter().map(|text| outcome("warning", "not-supported", text));
    let failed = failed.iter().filter(|_| !server.does(Behavior::FailuresUntold));
    let failed = failed.map(|name| outcome("error", "exception", &format!("{name} could not be exported")));
    let more = server.does(Behavior::InformationOutcome).then(|| {
        let level = format!("exported at export level {:?}", selection.level);
        [outcome("information", "informational", &level), outcome("warning", "incomplete", "one resource was omitted")]
    });
    let all = warnings.chain(failed).chain(more.into_iter().flatten());
    Rows::held(all.map(|outcome| Bytes::from(outcome.to_string())).collect())
}

/// Cuts the lines of a type into files.
fn cut(server: &ServerState, point: Point, kind: &'static str, stem: &str, rows: &Rows) -> Vec<JobFile> {
    let size = match () {
        () if server.does(Behavior::SmallFiles) => 3,
        () if server.does(Behavior::LongFiles) => 200,
        () => server.lines_per_file(),
    };
    let count = rows.len().div_ceil(size).max(1);
    let file = |at: u64| {
        let name = format!("{stem}-{}.ndjson", at + 1);
        JobFile { point, kind, name, rows: rows.part(at * size, size), continues: false }
    };
    (0..count).map(file).collect()
}

/// `Type/id` of the first exported resource.
fn first_reference(found: &FoundResources) -> Option<String> {
    let (name, rows) = found.first()?;
    let value: Value = serde_json::from_slice(&rows.line(0)?).ok()?;
    Some(format!("{name}/{}", value.get("id")?.as_str()?))
}
