//! Responses before faults change them: status, headers, body, and the point at which a fault can change them.

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::base::vocabulary::{ExportLevel, words};
use crate::reference::data::rows::Rows;

/// The media type of FHIR resources.
pub(crate) const FHIR_JSON: &str = "application/fhir+json";

/// The media type of output files.
pub(crate) const FHIR_NDJSON: &str = "application/fhir+ndjson";

words! {
    /// The points at which a fault can change a response.
    Point {
        /// An accepted kick-off.
        KickoffAccepted = "kickoff.accepted",
        /// A refused kick-off.
        KickoffRefused = "kickoff.refused",
        /// A poll of a running job.
        PollInProgress = "poll.in-progress",
        /// A poll of a finished job.
        PollComplete = "poll.complete",
        /// A manifest that another manifest links to.
        Page = "page",
        /// A poll of a failed job.
        PollFailed = "poll.failed",
        /// A poll that was sent too early.
        PollThrottled = "poll.throttled",
        /// A poll of a job that does not exist or was deleted.
        PollGone = "poll.gone",
        /// An output file.
        FileOutput = "file.output",
        /// An error file.
        FileError = "file.error",
        /// A file of deletions.
        FileDeleted = "file.deleted",
        /// A request for a file that does not exist or was deleted.
        FileGone = "file.gone",
        /// The attachment of a DocumentReference.
        Attachment = "attachment",
        /// An accepted DELETE.
        DeleteAccepted = "delete.accepted",
        /// A refused DELETE.
        DeleteRefused = "delete.refused",
        /// The CapabilityStatement.
        Metadata = "metadata",
        /// The SMART configuration.
        SmartConfiguration = "smart-configuration",
        /// A token response.
        Token = "token",
        /// A refused token request.
        TokenRefused = "token.refused",
        /// A token request refused because its client is not authenticated.
        ClientRefused = "token.client-refused",
        /// A read of a resource.
        Read = "read",
        /// An accepted request to create or change a Group.
        CohortAccepted = "cohort.accepted",
        /// A refused request to create or change a Group.
        CohortRefused = "cohort.refused",
        /// A poll of the running job that creates a Group.
        CohortRunning = "cohort.running",
        /// A poll of that job when it is finished, or a Group that was created immediately.
        CohortMade = "cohort.made",
        /// A read of a Group that a client created.
        CohortRead = "cohort.read",
        /// The DELETE of a Group that a client created.
        CohortErased = "cohort.erased",
        /// A search.
        Search = "search",
        /// A request without the credentials that it needs.
        Unauthorized = "unauthorized",
        /// Anything else.
        Other = "other",
    }
}

/// A body.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// Nothing.
    Empty,
    /// One JSON value.
    Json(Value),
    /// Lines, without their line feeds.
    Lines(Rows),
    /// Bytes.
    Raw(Bytes),
}

impl Payload {
    /// The whole body.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Payload::Empty => Bytes::new(),
            Payload::Json(value) => Bytes::from(value.to_string()),
            Payload::Raw(bytes) => bytes,
            Payload::Lines(rows) => {
                let mut whole = Vec::new();
                for line in rows.iter() {
                    whole.extend_from_slice(&line);
                    whole.push(b'\n');
                }
                Bytes::from(whole)
            }
        }
    }
}

/// The facts about a request and its job that faults use to select responses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// The export's level.
    pub level: Option<ExportLevel>,
    /// The id in a Group's path.
    pub group: Option<String>,
    /// Whether the kick-off was a POST.
    pub posted: bool,
    /// The parameters of the kick-off.
    pub params: Vec<(String, String)>,
    /// The job's id.
    pub job: Option<String>,
    /// Whether that job existed and was deleted.
    pub deleted: bool,
    /// The file's name.
    pub file: Option<String>,
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct ServerReply {
    /// The point of the server reply.
    pub point: Point,
    /// The status of the server reply.
    pub status: StatusCode,
    /// The headers of the server reply.
    pub headers: HeaderMap,
    /// The body of the server reply.
    pub payload: Payload,
    /// The context of the server reply.
    pub context: Context,
}

impl ServerReply {
    /// A response without a body.
    pub(crate) fn empty(point: Point, status: StatusCode) -> Self {
        Self { point, status, headers: HeaderMap::new(), payload: Payload::Empty, context: Context::default() }
    }

    /// A response with a FHIR resource.
    pub(crate) fn fhir(point: Point, status: StatusCode, resource: Value) -> Self {
        Self { payload: Payload::Json(resource), ..Self::empty(point, status) }.with("content-type", FHIR_JSON)
    }

    /// A response with an OperationOutcome of severity error.
    pub(crate) fn refusal(point: Point, status: StatusCode, code: &str, text: &str) -> Self {
        Self::fhir(point, status, outcome("error", code, text))
    }

    /// A response with other JSON.
    pub(crate) fn json(point: Point, status: StatusCode, value: Value) -> Self {
        Self { payload: Payload::Json(value), ..Self::empty(point, status) }.with("content-type", "application/json")
    }

    /// Sets a header. A value that HTTP does not allow is dropped.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        set(&mut self.headers, name, value);
        self
    }

    /// Sets the point.
    pub(crate) fn at(mut self, point: Point) -> Self {
        self.point = point;
        self
    }

    /// Sets the context.
    pub(crate) fn of(mut self, context: Context) -> Self {
        self.context = context;
        self
    }
}

/// Sets a header. A name or value that HTTP does not allow is dropped.
pub(crate) fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
    {
        headers.insert(name, value);
    }
}

/// The response to a request for an unknown path.
pub(crate) fn not_found() -> ServerReply {
    ServerReply::refusal(Point::Other, StatusCode::NOT_FOUND, "not-found", "unknown path")
}

/// The response to a method that is not in `allow`.
pub(crate) fn not_allowed(allow: &str) -> ServerReply {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    ServerReply::refusal(Point::Other, status, "not-supported", &format!("allowed methods: {allow}"))
        .with("allow", allow)
}

/// An OperationOutcome with one issue.
pub(crate) fn outcome(severity: &str, code: &str, text: &str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": severity, "code": code, "details": { "text": text }, "diagnostics": text }]
    })
}
