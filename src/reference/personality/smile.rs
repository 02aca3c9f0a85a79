//! The differences of Smile CDR from other servers on HAPI FHIR: headers, parameters, manifest, messages and refusals.

use std::time::SystemTime;

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::base::instant::rfc3339;
use crate::base::resource_types;
use crate::reference::data::filter::IdFilter;
use crate::reference::export::job::{ExportJob, JobFile, JobStage};
use crate::reference::export::parameter_reader::{Accepted, Parameter, ParameterReader, excerpt};
use crate::reference::export::request::ExportRequest;
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::hapi::empty_message;
use crate::reference::reply::{FHIR_NDJSON, Point, ServerReply, outcome};
use crate::reference::request::bad_request;

/// The refusal of a kick-off without `Prefer: respond-async`.
pub(crate) const PREFER_MISSING: &str = "HAPI-0513: Must request async processing for $export";

/// The start of the refusal of a parameter.
const INVALID: &str = "HAPI-2039: Failed to validate parameters for job of type BULK_EXPORT";

/// Whether a kick-off permits the server to return an existing job.
pub(crate) fn may_reuse(headers: &HeaderMap) -> bool {
    let lines = headers.get_all("cache-control").iter().filter_map(|line| line.to_str().ok());
    !lines.into_iter().any(|line| line.to_ascii_lowercase().contains("no-cache"))
}

/// `X-Progress` of a running job.
pub(crate) fn progress(job: &ExportJob) -> String {
    format!("Build in progress - Status set to IN_PROGRESS at {}", rfc3339(job.started))
}

/// The manifest: without `deleted` and `count`, always with `requiresAccessToken` true, and with a message if it lists
/// no files.
pub(crate) fn manifest(job: &ExportJob, url: &dyn Fn(&JobFile) -> String) -> Value {
    let items = |point: Point| -> Vec<Value> {
        let files = job.files.iter().filter(|file| file.point == point);
        files.map(|file| json!({ "type": file.kind, "url": url(file) })).collect()
    };
    let output = items(Point::FileOutput);
    let message = output.is_empty().then(|| empty_message(&job.id));
    let mut manifest = json!({
        "transactionTime": rfc3339(job.transaction_time),
        "request": job.request,
        "requiresAccessToken": true,
        "output": output,
        "error": items(Point::FileError),
    });
    if let (Some(fields), Some(message)) = (manifest.as_object_mut(), message) {
        fields.insert("message".to_owned(), Value::String(message));
    }
    manifest
}

/// The refusal of the DELETE of a finished job; `None` if the job runs.
pub(crate) fn refuse_delete(job: &ExportJob, now: SystemTime) -> Option<ServerReply> {
    // A deleted job still exists here only because of a fault.
    if job.stage(now) != JobStage::Ended || job.deleted {
        return None;
    }
    let refuse = |status, text: &str| Some(ServerReply::refusal(Point::DeleteRefused, status, "processing", text));
    match &job.failure {
        Some(text) => refuse(StatusCode::INTERNAL_SERVER_ERROR, text),
        None => {
            let text = format!("Job instance <{}> was already cancelled or has completed.", job.id);
            refuse(StatusCode::NOT_FOUND, &text)
        }
    }
}

/// The body of the response to an accepted DELETE.
pub(crate) fn cancelled(id: &str) -> Value {
    outcome("information", "informational", &format!("Job instance <{id}> successfully cancelled."))
}

/// Reads a parameter that Smile CDR reads in its own way; `None` if it is read as by all servers.
pub(crate) fn read_parameter(
    reader: &ParameterReader<'_>,
    export: &mut ExportRequest,
    parameter: &Parameter<'_>,
) -> Option<Accepted> {
    let Parameter { method, name, value, first } = *parameter;
    match name {
        "_outputFormat" if reader.does(Behavior::AnyOutputFormat) => Some(Ok(())),
        // A plus that was not encoded arrives as a space.
        "_outputFormat" if value.replace(' ', "+") == FHIR_NDJSON => Some(Ok(())),
        "_outputFormat" if reader.does(Behavior::ShortFormats) && value.ends_with("ndjson") => Some(Ok(())),
        "_outputFormat" => Some(invalid(&format!("the only allowed format is {FHIR_NDJSON}"))),
        "_type" => Some(types(reader, export, value, first)),
        "_typeFilter" => {
            let ignored = reader.does(Behavior::IgnoreTypeFilter)
                || (method == Method::GET && reader.does(Behavior::IgnoreTypeFilterOnGet));
            if !ignored {
                type_filter(export, value);
            }
            Some(Ok(()))
        }
        "_since" | "_until" | "patient" => None,
        // Smile CDR ignores unknown parameters without a warning.
        _ => Some(Ok(())),
    }
}

fn types(reader: &ParameterReader<'_>, export: &mut ExportRequest, value: &str, first: bool) -> Accepted {
    for name in value.split(',').map(str::trim) {
        match name {
            "Binary" if !reader.does(Behavior::ExportsBinary) => {
                return invalid("Bulk export of Binary resources is forbidden");
            }
            _ if !resource_types::is_r4(name) && !reader.does(Behavior::AnyType) => {
                return invalid(&format!("{} is not a supported resource type!", excerpt(name)));
            }
            _ => {
                if !first && reader.does(Behavior::LastTypeWins) {
                    export.selection.types = None;
                }
                export.selection.types.get_or_insert_default().insert(name.to_owned());
            }
        }
    }
    Ok(())
}

fn invalid(text: &str) -> Accepted {
    Err(bad_request("processing", &format!("{INVALID}: [{text}]")))
}

/// Reads a filter. The server understands only `Type?_id=a,b`. It checks filters when the job runs, so another filter
/// fails the job.
fn type_filter(export: &mut ExportRequest, value: &str) {
    match value.split_once("?_id=") {
        Some((kind, ids)) if !ids.contains('&') => export.id_filters.push(IdFilter::new(kind, ids.split(','))),
        _ => {
            export.failure.get_or_insert(format!("HAPI-0524: Unknown search parameter in {}", excerpt(value)));
        }
    }
}
