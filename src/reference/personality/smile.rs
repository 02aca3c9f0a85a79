//! The server as Smile CDR speaks, beside what servers on HAPI FHIR have in common: its headers, manifest, messages and
//! refusals. What this room does not say is as everywhere else in the server.

use std::collections::BTreeSet;
use std::time::SystemTime;

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::base::instant::rfc3339;
use crate::base::resource_types;
use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::jobs::{Job, JobFile, Stage};
use crate::reference::options::Personality;
use crate::reference::params::{ExportRequest, Reader, bad};
use crate::reference::personality::hapi::nothing_to_report;
use crate::reference::reply::{FHIR_NDJSON, Point, ServerReply, outcome};
use crate::reference::server::Server;

/// How a refused parameter begins to speak.
const INVALID: &str = "HAPI-2039: Failed to validate parameters for job of type BULK_EXPORT";

/// A filter of `_typeFilter`: the ids of a type that pass it.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    kind: String,
    ids: BTreeSet<String>,
}

impl Filter {
    /// The lines of type `kind` that pass one at least of the filters for it; all where there is none.
    pub(crate) fn sift(filters: &[Filter], kind: &str, rows: Rows) -> Rows {
        let own: Vec<&Filter> = filters.iter().filter(|filter| filter.kind == kind).collect();
        if own.is_empty() {
            return rows;
        }
        let passes = |line: &bytes::Bytes| {
            let value: Option<Value> = serde_json::from_slice(line).ok();
            let id = value.as_ref().and_then(|value| value.get("id")).and_then(Value::as_str);
            id.is_some_and(|id| own.iter().any(|filter| filter.ids.contains(id)))
        };
        Rows::held(rows.iter().filter(passes).collect())
    }
}

impl Server {
    /// Whether the server speaks as Smile CDR.
    pub(crate) fn is_smile(&self) -> bool {
        self.options.spec == Personality::Smile
    }

    /// Whether a kick-off lets the server hand out a job that it has already.
    pub(crate) fn smile_reuses(&self, headers: &HeaderMap) -> bool {
        let lines = headers.get_all("cache-control").iter().filter_map(|line| line.to_str().ok());
        self.is_smile() && !lines.into_iter().any(|line| line.to_ascii_lowercase().contains("no-cache"))
    }

    /// `X-Progress` of a job that runs.
    pub(crate) fn smile_progress(&self, job: &Job) -> String {
        format!("Build in progress - Status set to IN_PROGRESS at {}", rfc3339(job.started))
    }

    /// The manifest: no `deleted`, no `count`, a token said to be needed in any case, a message where there is nothing.
    pub(crate) fn smile_manifest(&self, job: &Job, url: &dyn Fn(&JobFile) -> String) -> Value {
        let list = |point: Point| -> Vec<Value> {
            let files = job.files.iter().filter(|file| file.point == point);
            files.map(|file| json!({ "type": file.kind, "url": url(file) })).collect()
        };
        let output = list(Point::FileOutput);
        let message = output.is_empty().then(|| nothing_to_report(&job.id));
        let mut manifest = json!({
            "transactionTime": rfc3339(job.stamp),
            "request": job.request,
            "requiresAccessToken": true,
            "output": output,
            "error": list(Point::FileError),
        });
        if let (Some(fields), Some(message)) = (manifest.as_object_mut(), message) {
            fields.insert("message".to_owned(), Value::String(message));
        }
        manifest
    }

    /// How the DELETE of a job that is over is refused; none: it runs.
    pub(crate) fn smile_refuses_delete(&self, job: &Job, now: SystemTime) -> Option<ServerReply> {
        // A job that is shown as deleted is there for a fault's sake alone.
        let over = job.stage(now) == Stage::Over && !job.deleted;
        if !self.is_smile() || !over || self.does(Behavior::DeleteFinishedToo) {
            return None;
        }
        let refuse = |status, text: &str| Some(ServerReply::refusal(Point::DeleteRefused, status, "processing", text));
        match &job.fails {
            Some(text) => refuse(StatusCode::INTERNAL_SERVER_ERROR, text),
            None => {
                let text = format!("Job instance <{}> was already cancelled or has completed.", job.id);
                refuse(StatusCode::NOT_FOUND, &text)
            }
        }
    }

    /// What a DELETE that was accepted is answered with.
    pub(crate) fn smile_cancelled(id: &str) -> Value {
        outcome("information", "informational", &format!("Job instance <{id}> successfully cancelled."))
    }
}

impl Reader<'_> {
    /// Understands a parameter where this product does so in its own way; none: as everywhere else.
    pub(crate) fn smile_take(
        &self,
        wanted: &mut ExportRequest,
        method: &Method,
        (name, value): (&str, &str),
        first: bool,
    ) -> Option<Result<(), Box<ServerReply>>> {
        match name {
            "_outputFormat" if (self.does)(Behavior::AnyOutputFormat) => Some(Ok(())),
            // A plus that was not encoded arrives as a space.
            "_outputFormat" if value.replace(' ', "+") == FHIR_NDJSON => Some(Ok(())),
            "_outputFormat" if (self.does)(Behavior::ShortFormats) && value.ends_with("ndjson") => Some(Ok(())),
            "_outputFormat" => Some(invalid(&format!("the only allowed format is {FHIR_NDJSON}"))),
            "_type" => Some(self.smile_types(wanted, value, first)),
            "_typeFilter" => {
                let get = method == Method::GET && (self.does)(Behavior::IgnoreTypeFilterOnGet);
                if !get && !(self.does)(Behavior::IgnoreTypeFilter) {
                    smile_filter(wanted, value);
                }
                Some(Ok(()))
            }
            "_since" | "_until" | "patient" => None,
            // Parameters that it does not know it passes over without a word.
            _ => Some(Ok(())),
        }
    }

    fn smile_types(&self, wanted: &mut ExportRequest, value: &str, first: bool) -> Result<(), Box<ServerReply>> {
        for name in value.split(',').map(str::trim) {
            let shown: String = name.chars().take(80).collect();
            match name {
                "Binary" if !(self.does)(Behavior::ExportsBinary) => {
                    return invalid("Bulk export of Binary resources is forbidden");
                }
                _ if !resource_types::is_r4(name) && !(self.does)(Behavior::AnyType) => {
                    return invalid(&format!("{shown} is not a supported resource type!"));
                }
                _ => {
                    if !first && (self.does)(Behavior::LastTypeWins) {
                        wanted.selection.types = None;
                    }
                    wanted.selection.types.get_or_insert_default().insert(name.to_owned());
                }
            }
        }
        Ok(())
    }
}

fn invalid(text: &str) -> Result<(), Box<ServerReply>> {
    Err(bad("processing", &format!("{INVALID}: [{text}]")))
}

/// Takes in a filter, of which only `Type?_id=a,b` is understood. Filters are looked at when the job runs, so another
/// one makes the job fail.
fn smile_filter(wanted: &mut ExportRequest, value: &str) {
    match value.split_once("?_id=") {
        Some((kind, ids)) if !ids.contains('&') => {
            let ids = ids.split(',').map(str::to_owned).collect();
            wanted.filters.push(Filter { kind: kind.to_owned(), ids });
        }
        _ => {
            let shown: String = value.chars().take(80).collect();
            wanted.spoiled.get_or_insert(format!("HAPI-0524: Unknown search parameter in {shown}"));
        }
    }
}
