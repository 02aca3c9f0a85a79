//! The rules for the resource on a line, by the manifest list of its file.

use crate::base::fhir_names::{is_id, is_type_name};
use crate::ndjson::expected::Expected;
use crate::ndjson::facts::{LineNotes, TextState};
use crate::ndjson::file_format;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;

/// Reports the faults of the resource in `notes`: rule, byte within the line, path, expected, actual.
pub(crate) fn judge(notes: &LineNotes, expected: &Expected, report: &mut dyn FnMut(LineRule, usize, &str, &str, &str)) {
    let wanted = match expected.list {
        FileList::Output => expected.announced.as_deref(),
        FileList::Error => Some("OperationOutcome"),
        FileList::Deleted => Some("Bundle"),
    };
    if !resource_type(notes, wanted, report) {
        return;
    }
    if expected.list == FileList::Error && notes.issues == 0 {
        let rule = LineRule::OutcomeWithoutIssue;
        report(rule, notes.at, "issue", "an issue with severity and code", "none");
    }
    if expected.list == FileList::Deleted {
        deletions(notes, report);
    }
    // Without a manifest, the file may be an error file (OperationOutcomes need no id), or an organized file,
    // with headers that need no id.
    let free =
        expected.announced.is_none() && matches!(notes.resource_type.get(), Some("OperationOutcome" | "Parameters"));
    id(notes, expected.list == FileList::Output && !free, report);
}

/// Checks a Bundle of deletions (hl7-2.0.0 and later, `deleted` of the manifest).
fn deletions(notes: &LineNotes, report: &mut dyn FnMut(LineRule, usize, &str, &str, &str)) {
    let kind = &notes.bundle_type;
    if kind.get() != Some("transaction") {
        let actual = match kind.state {
            TextState::Absent => "none".to_owned(),
            TextState::Other(shape) => shape.to_owned(),
            TextState::Present if BUNDLE_TYPES.contains(&kind.text.as_str()) => kind.text.clone(),
            TextState::Present => "another string".to_owned(),
        };
        let at = if kind.state == TextState::Absent { notes.at } else { kind.at };
        report(LineRule::NotTransaction, at, "type", "transaction", &actual);
    }
    if notes.entries == 0 {
        report(LineRule::BundleWithoutEntry, notes.at, "entry", "at least one entry", "none");
    }
    let of = |count: u64| format!("{count} of {} entries", notes.entries);
    if notes.entries_unsaid > 0 {
        let actual = format!("{} without a method or a url", of(notes.entries_unsaid));
        report(LineRule::EntryWithoutRequest, notes.at, "entry.request", "a method and a url in each entry", &actual);
    }
    if notes.entries_kept > 0 {
        let actual = format!("{} with another method", of(notes.entries_kept));
        report(LineRule::EntryNotDelete, notes.at, "entry.request.method", "DELETE in each entry", &actual);
    }
}

/// The Bundle types that findings show.
const BUNDLE_TYPES: [&str; 8] =
    ["batch", "batch-response", "collection", "document", "history", "message", "searchset", "transaction-response"];

/// Checks the resource type. Returns whether it is the expected one, so that the rest can be judged.
fn resource_type(
    notes: &LineNotes,
    wanted: Option<&str>,
    report: &mut dyn FnMut(LineRule, usize, &str, &str, &str),
) -> bool {
    // The manifest is content of the server too; only a plausible type name is shown.
    let wanted_shown = wanted.filter(|name| is_type_name(name));
    let missing = |report: &mut dyn FnMut(LineRule, usize, &str, &str, &str), at: usize, actual: &str| {
        let expected =
            wanted_shown.map_or("the name of a resource type".to_owned(), |name| format!("resourceType {name}"));
        report(LineRule::ResourceTypeMissing, at, "resourceType", &expected, actual);
        false
    };
    let Some(name) = notes.resource_type.get() else {
        return match notes.resource_type.state {
            TextState::Other(shape) => missing(report, notes.resource_type.at, shape),
            _ if notes.wrapped => missing(report, notes.at, "an object with the resource under the key \"resource\""),
            _ => missing(report, notes.at, "none"),
        };
    };
    match wanted {
        Some(wanted) if wanted == name => true,
        Some(_) => {
            let expected = wanted_shown.unwrap_or("the type in the manifest");
            let plain = if is_type_name(name) { name } else { "a string that is not a type name" };
            let actual = file_format::wrapper(name).unwrap_or(plain);
            report(LineRule::ResourceTypeOther, notes.resource_type.at, "resourceType", expected, actual);
            false
        }
        None if is_type_name(name) => true,
        None => missing(report, notes.resource_type.at, "a string that is not a type name"),
    }
}

fn id(notes: &LineNotes, required: bool, report: &mut dyn FnMut(LineRule, usize, &str, &str, &str)) {
    let expected = "1 to 64 letters, digits, - or .";
    match notes.id.state {
        TextState::Absent if required => report(LineRule::IdMissing, notes.at, "id", "an id", "none"),
        TextState::Absent => {}
        TextState::Other(shape) => report(LineRule::IdFormat, notes.id.at, "id", expected, shape),
        TextState::Present if is_id(&notes.id.text) => {}
        TextState::Present => {
            let length = notes.id.text.chars().count();
            let actual = match length {
                0 => "an empty string".to_owned(),
                65.. => "more than 64 characters".to_owned(),
                _ => "a string with other characters".to_owned(),
            };
            report(LineRule::IdFormat, notes.id.at, "id", expected, &actual);
        }
    }
}
