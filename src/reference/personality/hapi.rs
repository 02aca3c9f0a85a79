//! What servers on HAPI FHIR have in common, Smile CDR and the Australian directory: `$export-poll-status`, UUIDs for
//! jobs, and files that are Binary resources.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::reference::jobs::{Job, JobFile};
use crate::reference::options::Personality;
use crate::reference::params;
use crate::reference::reply::{FHIR_NDJSON, Payload, Point, ServerReply};
use crate::reference::server::{Server, ServerRequest, bytes_of};

/// The characters of a file's id that its job gives; the rest counts the job's files.
const SHELF: usize = 24;

/// Those that count them.
const COUNTER: usize = 8;

impl Server {
    /// Whether the server speaks as one on HAPI FHIR.
    pub(crate) fn is_hapi(&self) -> bool {
        matches!(self.options.spec, Personality::Smile | Personality::Hcpd)
    }

    /// Answers what only these servers have, and what only others have; none: as everywhere else.
    pub(crate) fn hapi_answer(&self, ask: &ServerRequest, path: &[&str]) -> Option<ServerReply> {
        match path {
            ["$export-poll-status"] => Some(self.poll_status(ask)),
            ["Binary", id] if ask.method == Method::GET => Some(self.binary(ask, id)),
            // FHIR has no such POST; the directory's guide asks for it.
            ["Binary", id] if ask.method == Method::POST && self.is_hcpd() => Some(self.binary(ask, id)),
            ["Binary", _] if self.is_hcpd() => Some(crate::reference::server::not_allowed("GET, POST")),
            ["Binary", id] => {
                let shown: String = id.chars().take(80).collect();
                let text = format!("HAPI-0365: Can not create resource with ID[{shown}] by POST");
                Some(ServerReply::refusal(Point::Other, StatusCode::BAD_REQUEST, "processing", &text))
            }
            ["bulk", ..] => Some(crate::reference::server::not_found()),
            _ => None,
        }
    }

    /// Answers `$export-poll-status`: by GET, by DELETE, or, as Smile CDR, by POST of Parameters.
    fn poll_status(&self, ask: &ServerRequest) -> ServerReply {
        let mut given = params::of_query(&ask.query);
        if ask.method == Method::POST && self.is_smile() {
            match params::of_body(&ask.body) {
                Ok(more) => given.extend(more),
                Err(refusal) => return *refusal,
            }
        }
        let id = given.into_iter().find(|(name, _)| name == "_jobId").map(|(_, value)| value);
        match (id, &ask.method) {
            (None, _) => {
                ServerReply::refusal(Point::PollGone, StatusCode::BAD_REQUEST, "processing", "_jobId is missing")
            }
            (Some(id), &Method::GET) => self.poll(&id, &ask.grant),
            (Some(id), &Method::POST) if self.is_smile() => self.poll(&id, &ask.grant),
            (Some(id), &Method::DELETE) => self.cancel(&id, &ask.grant),
            _ if self.is_hcpd() => crate::reference::server::not_allowed("GET, DELETE"),
            _ => crate::reference::server::not_allowed("GET, POST, DELETE"),
        }
    }

    /// Answers a read of a Binary: its bytes as they are stored, or, from Smile CDR to who asks for a FHIR type, the
    /// resource itself.
    fn binary(&self, ask: &ServerRequest, id: &str) -> ServerReply {
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
        if self.is_hcpd() || !wants_resource(&ask.headers, &ask.query) {
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
        ServerReply { payload: Payload::Json(binary), point: Point::Read, ..reply }
            .with("content-type", "application/fhir+json;charset=UTF-8")
    }

    /// A job's id, a random UUID.
    ///
    /// # Errors
    /// The answer to give where the system has no randomness left.
    pub(crate) fn hapi_job_id(&self) -> Result<String, Box<ServerReply>> {
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
    pub(crate) fn hapi_shelf(&self) -> Result<String, Box<ServerReply>> {
        const PLAIN: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let bits = self.random::<SHELF>()?;
        Ok(bits.iter().filter_map(|byte| PLAIN.get(usize::from(byte % 32)).copied().map(char::from)).collect())
    }

    /// The URL of a job's file: a Binary with an id of 32 letters and digits.
    pub(crate) fn hapi_file_url(&self, job: &Job, file: &JobFile) -> String {
        let at = job.files.iter().position(|own| own.name == file.name).unwrap_or_default();
        format!("{}/Binary/{}{at:0COUNTER$}", self.base(), job.shelf)
    }
}

/// What the manifest of an export of nothing says.
pub(crate) fn nothing_to_report(job: &str) -> String {
    format!("Export complete, but no data to generate report for job instance: {job}")
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
