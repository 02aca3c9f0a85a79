//! The server as the Australian Health Connect Provider Directory speaks: as HL7 has it, but for system-level exports of
//! its seven types alone, HAPI FHIR's URLs, answers without bodies, and what its pages say of messages and refusals.

use http::StatusCode;
use serde_json::Value;

use super::hapi::nothing_to_report;
use super::jobs::Job;
use super::options::Personality;
use super::reply::{Point, Reply, outcome};
use super::server::Server;

impl Server {
    /// Whether the server speaks as the Australian directory.
    pub(super) fn is_hcpd(&self) -> bool {
        self.options.spec == Personality::Hcpd
    }

    /// `X-Progress` of a job that runs, `percent` done.
    pub(super) fn hcpd_progress(job: &Job, percent: u64) -> String {
        let all: u64 =
            job.files.iter().filter(|file| file.point == Point::FileOutput).map(|file| file.rows.len()).sum();
        format!("Search in progress - found {} of {all} resources", all * percent / 100)
    }

    /// The manifest, with a message where nothing is exported by a server that says so.
    pub(super) fn with_message(&self, job: &Job, mut manifest: Value) -> Value {
        let empty = manifest.get("output").and_then(Value::as_array).is_some_and(Vec::is_empty);
        if let (true, true, Some(fields)) = (self.is_hcpd(), empty, manifest.as_object_mut()) {
            fields.insert("message".to_owned(), Value::String(nothing_to_report(&job.id)));
        }
        manifest
    }

    /// How the DELETE of a job is refused that never was.
    pub(super) fn hcpd_refuses_delete() -> Reply {
        let text = "Endpoint artefact not found for the provided job ID.";
        Reply::fhir(Point::DeleteRefused, StatusCode::BAD_REQUEST, outcome("error", "invalid", text))
    }
}
