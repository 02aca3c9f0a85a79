//! The server as Smile CDR (HAPI FHIR) speaks: its polling URL, its files as Binary resources, its headers, manifest and
//! messages. What this room does not say is as everywhere else in the server.

use std::collections::BTreeSet;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::jobs::{Job, JobFile, Stage};
use super::options::Personality;
use super::params::{self, Reader, Wanted, bad};
use super::reply::{FHIR_NDJSON, Payload, Point, Reply, outcome};
use super::rows::Rows;
use super::server::{Ask, Server, bytes_of};
use crate::instant::rfc3339;
use crate::resources;

/// How a refused parameter begins to speak.
const INVALID: &str = "HAPI-2039: Failed to validate parameters for job of type BULK_EXPORT";

/// The characters of a file's id that its job gives; the rest counts the job's files.
const SHELF: usize = 24;

/// Those that count them.
const COUNTER: usize = 8;

/// A filter of `_typeFilter`: the ids of a type that pass it.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    kind: String,
    ids: BTreeSet<String>,
}

impl Filter {
    /// The lines of type `kind` that pass one at least of the filters for it; all where there is none.
    pub(super) fn sift(filters: &[Filter], kind: &str, rows: Rows) -> Rows {
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
    pub(super) fn is_smile(&self) -> bool {
        self.options.spec == Personality::Smile
    }

    /// Answers what only this product has, and what only others have; none: as everywhere else.
    pub(super) fn smile_answer(&self, ask: &Ask, path: &[&str]) -> Option<Reply> {
        match path {
            ["$export-poll-status"] => Some(self.poll_status(ask)),
            ["Binary", id] if ask.method == Method::GET => Some(self.binary(ask, id)),
            ["Binary", id] => {
                let shown: String = id.chars().take(80).collect();
                let text = format!("HAPI-0365: Can not create resource with ID[{shown}] by POST");
                Some(Reply::refusal(Point::Other, StatusCode::BAD_REQUEST, "processing", &text))
            }
            ["bulk", ..] => {
                Some(Reply::refusal(Point::Other, StatusCode::NOT_FOUND, "not-found", "there is nothing at this path"))
            }
            _ => None,
        }
    }

    /// Answers `$export-poll-status`: by GET, by POST of Parameters, or by DELETE.
    fn poll_status(&self, ask: &Ask) -> Reply {
        let mut given = params::of_query(&ask.query);
        if ask.method == Method::POST {
            match params::of_body(&ask.body) {
                Ok(more) => given.extend(more),
                Err(refusal) => return *refusal,
            }
        }
        let id = given.into_iter().find(|(name, _)| name == "_jobId").map(|(_, value)| value);
        match (id, &ask.method) {
            (None, _) => Reply::refusal(Point::PollGone, StatusCode::BAD_REQUEST, "processing", "_jobId is missing"),
            (Some(id), &Method::GET | &Method::POST) => self.poll(&id, &ask.grant),
            (Some(id), &Method::DELETE) => self.cancel(&id, &ask.grant),
            _ => super::server::not_allowed("GET, POST, DELETE"),
        }
    }

    /// Answers a read of a Binary: its bytes as they are stored, or, to who asks for a FHIR type, the resource itself.
    fn binary(&self, ask: &Ask, id: &str) -> Reply {
        let (shelf, number) = id.split_at_checked(SHELF).unwrap_or((id, ""));
        let number =
            Some(number).filter(|number| number.len() == COUNTER && number.bytes().all(|b| b.is_ascii_digit()));
        let name = number.and_then(|number| number.parse::<usize>().ok()).and_then(|at| {
            let jobs = self.jobs();
            jobs.by_shelf(shelf).and_then(|job| job.files.get(at)).map(|file| file.name.clone())
        });
        let reply = self.file(shelf, name.as_deref().unwrap_or_default(), &ask.grant);
        if reply.status != StatusCode::OK {
            return reply;
        }
        let reply =
            reply.with("content-location", &format!("{}/Binary/{id}/_history/1", self.base())).with("etag", "W/\"1\"");
        if !wants_resource(&ask.headers, &ask.query) {
            return reply.with("content-disposition", "Attachment;");
        }
        let data = STANDARD.encode(bytes_of(reply.payload.clone()));
        let binary = json!({
            "resourceType": "Binary",
            "id": id,
            "meta": { "versionId": "1" },
            "contentType": FHIR_NDJSON,
            "data": data
        });
        Reply { payload: Payload::Json(binary), point: Point::Read, ..reply }
            .with("content-type", "application/fhir+json;charset=UTF-8")
    }

    /// A job's id, a random UUID.
    ///
    /// # Errors
    /// The answer to give where the system has no randomness left.
    pub(super) fn smile_job_id(&self) -> Result<String, Box<Reply>> {
        let mut bits = self.random::<16>()?;
        // Version 4, variant 1.
        if let Some(byte) = bits.get_mut(6) {
            *byte = *byte & 0x0f | 0x40;
        }
        if let Some(byte) = bits.get_mut(8) {
            *byte = *byte & 0x3f | 0x80;
        }
        let hex: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
    }

    /// What the ids of a job's files begin with: random letters and digits.
    ///
    /// # Errors
    /// The answer to give where the system has no randomness left.
    pub(super) fn smile_shelf(&self) -> Result<String, Box<Reply>> {
        const PLAIN: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let bits = self.random::<SHELF>()?;
        Ok(bits.iter().filter_map(|byte| PLAIN.get(usize::from(byte % 32)).copied().map(char::from)).collect())
    }

    /// The URL of a job's file: a Binary with an id of 32 letters and digits.
    pub(super) fn smile_file_url(&self, job: &Job, file: &JobFile) -> String {
        let at = job.files.iter().position(|own| own.name == file.name).unwrap_or_default();
        format!("{}/Binary/{}{at:0COUNTER$}", self.base(), job.shelf)
    }

    /// Whether a kick-off lets the server hand out a job that it has already.
    pub(super) fn smile_reuses(&self, headers: &HeaderMap) -> bool {
        let lines = headers.get_all("cache-control").iter().filter_map(|line| line.to_str().ok());
        self.is_smile() && !lines.into_iter().any(|line| line.to_ascii_lowercase().contains("no-cache"))
    }

    /// `X-Progress` of a job that runs.
    pub(super) fn smile_progress(&self, job: &Job) -> String {
        format!("Build in progress - Status set to IN_PROGRESS at {}", rfc3339(job.started))
    }

    /// The manifest: no `deleted`, no `count`, a token said to be needed in any case, a message where there is nothing.
    pub(super) fn smile_manifest(&self, job: &Job, url: &dyn Fn(&JobFile) -> String) -> Value {
        let list = |point: Point| -> Vec<Value> {
            let files = job.files.iter().filter(|file| file.point == point);
            files.map(|file| json!({ "type": file.kind, "url": url(file) })).collect()
        };
        let output = list(Point::FileOutput);
        let message = format!("Export complete, but no data to generate report for job instance: {}", job.id);
        let message = output.is_empty().then_some(message);
        let mut manifest = json!({
            "transactionTime": rfc3339(job.started),
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
    pub(super) fn smile_refuses_delete(&self, job: &Job, now: SystemTime) -> Option<Reply> {
        // A job that is shown as deleted is there for a fault's sake alone.
        let over = job.stage(now) == Stage::Over && !job.deleted;
        if !self.is_smile() || !over || self.does(Behaviour::DeleteFinishedToo) {
            return None;
        }
        let refuse = |status, text: &str| Some(Reply::refusal(Point::DeleteRefused, status, "processing", text));
        match &job.fails {
            Some(text) => refuse(StatusCode::INTERNAL_SERVER_ERROR, text),
            None => {
                let text = format!("Job instance <{}> was already cancelled or has completed.", job.id);
                refuse(StatusCode::NOT_FOUND, &text)
            }
        }
    }

    /// What a DELETE that was accepted is answered with.
    pub(super) fn smile_cancelled(id: &str) -> Value {
        outcome("information", "informational", &format!("Job instance <{id}> successfully cancelled."))
    }
}

impl Reader<'_> {
    /// Understands a parameter where this product does so in its own way; none: as everywhere else.
    pub(super) fn smile_take(
        &self,
        wanted: &mut Wanted,
        method: &Method,
        (name, value): (&str, &str),
        first: bool,
    ) -> Option<Result<(), Box<Reply>>> {
        match name {
            "_outputFormat" if (self.does)(Behaviour::AnyOutputFormat) => Some(Ok(())),
            // A plus that was not encoded arrives as a space.
            "_outputFormat" if value.replace(' ', "+") == FHIR_NDJSON => Some(Ok(())),
            "_outputFormat" if (self.does)(Behaviour::ShortFormats) && value.ends_with("ndjson") => Some(Ok(())),
            "_outputFormat" => Some(invalid(&format!("the only allowed format is {FHIR_NDJSON}"))),
            "_type" => Some(self.smile_types(wanted, value, first)),
            "_typeFilter" => {
                let get = method == Method::GET && (self.does)(Behaviour::IgnoreTypeFilterOnGet);
                if !get && !(self.does)(Behaviour::IgnoreTypeFilter) {
                    smile_filter(wanted, value);
                }
                Some(Ok(()))
            }
            "_since" | "_until" | "patient" => None,
            // Parameters that it does not know it passes over without a word.
            _ => Some(Ok(())),
        }
    }

    fn smile_types(&self, wanted: &mut Wanted, value: &str, first: bool) -> Result<(), Box<Reply>> {
        for name in value.split(',').map(str::trim) {
            let shown: String = name.chars().take(80).collect();
            match name {
                "Binary" if !(self.does)(Behaviour::ExportsBinary) => {
                    return invalid("Bulk export of Binary resources is forbidden");
                }
                _ if !resources::is_r4(name) && !(self.does)(Behaviour::AnyType) => {
                    return invalid(&format!("{shown} is not a supported resource type!"));
                }
                _ => {
                    if !first && (self.does)(Behaviour::LastTypeWins) {
                        wanted.selection.types = None;
                    }
                    wanted.selection.types.get_or_insert_default().insert(name.to_owned());
                }
            }
        }
        Ok(())
    }
}

fn invalid(text: &str) -> Result<(), Box<Reply>> {
    Err(bad("processing", &format!("{INVALID}: [{text}]")))
}

/// Takes in a filter, of which only `Type?_id=a,b` is understood. Filters are looked at when the job runs, so another
/// one makes the job fail.
fn smile_filter(wanted: &mut Wanted, value: &str) {
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

/// Whether a request asks for the Binary as a resource: by Accept, by its own Content-Type, or by `_format`.
fn wants_resource(headers: &HeaderMap, query: &str) -> bool {
    let fhir = |text: &str| {
        let essence = text.split(';').next().unwrap_or_default().trim().replace(' ', "+");
        matches!(essence.as_str(), "application/fhir+json" | "application/json+fhir" | "application/json" | "json")
    };
    let lines = ["accept", "content-type"].into_iter().flat_map(|name| headers.get_all(name));
    let asked = lines.filter_map(|line| line.to_str().ok()).any(|line| line.split(',').any(fhir));
    asked || params::of_query(query).iter().any(|(name, value)| name == "_format" && fhir(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn resource(accept: &str, query: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("accept", accept.parse().unwrap());
        wants_resource(&headers, query)
    }

    #[test]
    fn a_binary_is_a_resource_only_to_who_asks_for_a_fhir_type() {
        assert!(!resource("application/fhir+ndjson", ""));
        assert!(!resource("*/*", ""));
        assert!(!wants_resource(&HeaderMap::new(), ""));
        assert!(resource("application/fhir+json", ""));
        assert!(resource("text/html, application/fhir+json;q=0.9", ""));
        assert!(resource("*/*", "_format=application/fhir%2Bjson"));
    }
}
