//! The parameters of a kick-off: accepted, ignored or refused.

use std::collections::BTreeSet;

use http::Method;

use crate::base::instant::Instant;
use crate::base::resource_types;
use crate::reference::data::selection::SelectedLevel;
use crate::reference::export::parameter_reader::{Accepted, Parameter, ParameterReader, excerpt};
use crate::reference::export::request::{ExportRequest, LATEST, RELEVANT};
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::spec::Personality;
use crate::reference::personality::{hcpd, smile};
use crate::reference::reply::ServerReply;
use crate::reference::request::bad_request;
use crate::search::query::Query;

/// The types by which output can be organized.
const ORGANIZERS: [&str; 1] = ["Patient"];

/// Reads the parameters of a kick-off at `level`.
///
/// # Errors
/// The refusal, which names the parameter.
pub(crate) fn read(
    reader: &ParameterReader<'_>,
    level: SelectedLevel,
    method: &Method,
    parameters: &[(String, String)],
) -> Result<ExportRequest, Box<ServerReply>> {
    let mut export = ExportRequest::of(level);
    let mut seen = BTreeSet::new();
    for (name, value) in parameters {
        let first = seen.insert(name.as_str());
        let repeats =
            matches!(name.as_str(), "_type" | "patient" | "_typeFilter" | "_elements" | "includeAssociatedData");
        if !first && !repeats {
            return Err(bad_request("invalid", &format!("{name} can be given only once")));
        }
        let accepted = read_one(reader, &mut export, &Parameter { method, name, value, first });
        or_later(reader, &mut export, accepted)?;
    }
    if reader.does(Behavior::IgnoreType) {
        export.selection.types = None;
    }
    if export.selection.since.is_some() && reader.does(Behavior::IgnoreTypeFilterWithSince) {
        export.searches.clear();
    }
    if export.selection.since.is_some() && reader.does(Behavior::SinceIsNow) {
        export.selection.since = Instant::parse("9000-01-01T00:00:00Z");
    }
    let accepted = check_compartment(reader, &mut export);
    or_later(reader, &mut export, accepted)?;
    if export.selection.types.is_none() && reader.does(Behavior::PatientsByDefault) {
        export.selection.types = Some(BTreeSet::from(["Patient".to_owned()]));
    }
    Ok(export)
}

/// Lets the job fail in place of a refusal, if the server refuses late.
fn or_later(reader: &ParameterReader<'_>, export: &mut ExportRequest, accepted: Accepted) -> Accepted {
    if accepted.is_err() && reader.does(Behavior::LateRefusals) {
        export.failure = Some("a parameter is not supported or has an invalid value".to_owned());
        return Ok(());
    }
    accepted
}

fn read_one(reader: &ParameterReader<'_>, export: &mut ExportRequest, parameter: &Parameter<'_>) -> Accepted {
    let own = match reader.spec {
        Personality::Smile => smile::read_parameter(reader, export, parameter),
        Personality::Hcpd => hcpd::read_parameter(reader, export, parameter),
        _ => None,
    };
    if let Some(accepted) = own {
        return accepted;
    }
    let Parameter { method, name, value, first } = *parameter;
    let spec = reader.spec;
    match name {
        "_outputFormat" => output_format(reader, value),
        "_since" => since(reader, export, value),
        "_until" if spec.edition() >= 3 => {
            let until = instant_of(name, value)?;
            export.selection.until = Some(until).filter(|_| !reader.does(Behavior::IgnoreUntil));
            Ok(())
        }
        "_type" => types(reader, export, value, first),
        "patient" if spec.edition() >= 2 => patient(reader, export, method, value),
        "allowPartialManifests" if spec.edition() >= 3 => match value {
            "true" | "false" => {
                export.partial_manifests = value == "true" && !reader.does(Behavior::WholeManifests);
                Ok(())
            }
            _ => Err(bad_request("value", "allowPartialManifests must be true or false")),
        },
        "_elements" if spec.has_elements() => elements(export, value),
        "includeAssociatedData" if spec.has_elements() => associated(reader, export, value),
        "organizeOutputBy" if spec.has_organized_output() => organizer(reader, export, value),
        "_typeFilter" if reader.does(Behavior::IgnoreTypeFilter) => Ok(()),
        "_typeFilter" => type_filter(reader, export, value),
        "_format" if value.contains("json") => Ok(()),
        _ => reader.unsupported(export, &format!("the parameter {name} is not supported")),
    }
}

fn since(reader: &ParameterReader<'_>, export: &mut ExportRequest, value: &str) -> Accepted {
    let mut since = instant_of("_since", value)?;
    let local = value.len().checked_sub("+00:00".len()).and_then(|at| value.get(..at));
    if let Some(local) = local.filter(|_| !value.ends_with('Z')) {
        if reader.does(Behavior::SinceInUtcAlone) {
            return Err(bad_request("value", "_since must be in UTC"));
        }
        if reader.does(Behavior::SinceWithoutOffset) {
            since = instant_of("_since", &format!("{local}Z"))?;
        }
    }
    if reader.does(Behavior::SinceByDate) {
        since = since.start_of_day();
    }
    export.selection.since = Some(since).filter(|_| !reader.does(Behavior::IgnoreSince));
    Ok(())
}

fn elements(export: &mut ExportRequest, value: &str) -> Accepted {
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let (kind, element) = match name.split_once('.') {
            Some((kind, element)) if resource_types::is_r4(kind) => (Some(kind.to_owned()), element),
            _ => (None, name),
        };
        if !element.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(bad_request("value", "_elements must name elements at the root of a resource"));
        }
        export.elements.push((kind, element.to_owned()));
    }
    Ok(())
}

fn associated(reader: &ParameterReader<'_>, export: &mut ExportRequest, value: &str) -> Accepted {
    for name in value.split(',').map(str::trim) {
        if !matches!(name, LATEST | RELEVANT) {
            let text = format!("includeAssociatedData={} is not supported", excerpt(name));
            reader.unsupported(export, &text)?;
        }
        export.associated.insert(name.to_owned());
    }
    Ok(())
}

fn organizer(reader: &ParameterReader<'_>, export: &mut ExportRequest, value: &str) -> Accepted {
    // Blocks are built in memory. A generated population can be too large for it.
    let known = ORGANIZERS.iter().find(|kind| **kind == value).filter(|_| !reader.population.is_generated());
    match known.filter(|_| !reader.does(Behavior::NeverOrganizes)) {
        Some(kind) => {
            export.organizer = Some(*kind).filter(|_| !reader.does(Behavior::IgnoreOrganizer));
            Ok(())
        }
        None => {
            let text = format!("organizeOutputBy={} is not supported; use Patient", excerpt(value));
            reader.unsupported(export, &text)
        }
    }
}

fn output_format(reader: &ParameterReader<'_>, value: &str) -> Accepted {
    // A plus that was not encoded arrives as a space.
    let known = matches!(value.replace(' ', "+").as_str(), "application/fhir+ndjson" | "application/ndjson" | "ndjson");
    if known || reader.does(Behavior::AnyOutputFormat) {
        return Ok(());
    }
    let text = format!("_outputFormat={} is not supported; use application/fhir+ndjson", excerpt(value));
    Err(bad_request("not-supported", &text))
}

fn types(reader: &ParameterReader<'_>, export: &mut ExportRequest, value: &str, first: bool) -> Accepted {
    if !first && reader.does(Behavior::LastTypeWins) {
        export.selection.types = None;
    }
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !resource_types::is_r4(name) {
            let text = format!("the resource type {} in _type is not supported", excerpt(name));
            reader.unsupported(export, &text)?;
        }
        // An unknown type that is ignored still restricts the export: the client did not request the other types.
        export.selection.types.get_or_insert_default().insert(name.to_owned());
    }
    Ok(())
}

/// Reads a filter of one type. The server refuses a filter that it understands only in part, so that it does not export
/// more than the client requested.
fn type_filter(reader: &ParameterReader<'_>, export: &mut ExportRequest, value: &str) -> Accepted {
    let query = Query::parse(value).map_err(|error| bad_request("invalid", &format!("_typeFilter: {error}")))?;
    if let Some(unknown) = query.unknown.first() {
        return reader.unsupported(export, &format!("the criterion {unknown} in _typeFilter is not supported"));
    }
    if reader.does(Behavior::LastFilterWins) {
        export.searches.retain(|known| known.kind != query.kind);
    }
    export.searches.push(query);
    Ok(())
}

fn patient(reader: &ParameterReader<'_>, export: &mut ExportRequest, method: &Method, value: &str) -> Accepted {
    if export.selection.level == SelectedLevel::System {
        return reader.unsupported(export, "the parameter patient is not supported at export level system");
    }
    if method != Method::POST {
        return reader.unsupported(export, "the parameter patient is supported only in a POST");
    }
    if reader.does(Behavior::IgnorePatient) {
        return Ok(());
    }
    let id = value.rsplit_once("Patient/").map_or(value, |(_, id)| id);
    let known = match &export.selection.level {
        SelectedLevel::Group(group) => reader.population.members(group).is_some_and(|members| members.contains(id)),
        SelectedLevel::System | SelectedLevel::Patients => reader.population.read("Patient", id).is_some(),
    };
    let listed = export.selection.patients.get_or_insert_default();
    if known {
        listed.insert(id.to_owned());
        return Ok(());
    }
    if matches!(export.selection.level, SelectedLevel::Group(_)) && reader.does(Behavior::OutsidersPassedOver) {
        return Ok(());
    }
    reader.unsupported(export, &format!("the patient {} is not part of this export", excerpt(id)))
}

/// Refuses an export of patients if all types in `_type` are outside the Patient compartment.
fn check_compartment(reader: &ParameterReader<'_>, export: &mut ExportRequest) -> Accepted {
    let outside = export.selection.types.as_ref().is_some_and(|types| {
        let mut known = types.iter().filter(|name| resource_types::is_r4(name)).peekable();
        known.peek().is_some() && known.all(|name| !resource_types::is_in_patient_compartment(name))
    });
    if outside && export.selection.level != SelectedLevel::System {
        return reader.unsupported(export, "no type in _type belongs to the Patient compartment");
    }
    Ok(())
}

fn instant_of(name: &str, value: &str) -> Result<Instant, Box<ServerReply>> {
    // A plus that was not encoded arrives as a space.
    Instant::parse(&value.replace(' ', "+")).ok_or_else(|| {
        let text = format!("{name}={} is not an instant such as 2024-03-01T10:00:00Z", excerpt(value));
        bad_request("value", &text)
    })
}
