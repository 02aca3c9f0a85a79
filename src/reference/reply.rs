//! Answers on their way out: what they say, and at which point of the conversation they stand.

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
    /// The points of a conversation at which an answer can be changed.
    Point {
        /// A kick-off that was accepted.
        KickoffAccepted = "kickoff.accepted",
        /// A kick-off that was refused.
        KickoffRefused = "kickoff.refused",
        /// A poll of a running job.
        PollInProgress = "poll.in-progress",
        /// A poll of a job that is done.
        PollComplete = "poll.complete",
        /// A manifest that another links to.
        Page = "page",
        /// A poll of a job that failed.
        PollFailed = "poll.failed",
        /// A poll that came too soon.
        PollThrottled = "poll.throttled",
        /// A poll of a job that is not there, or no longer.
        PollGone = "poll.gone",
        /// An output file.
        FileOutput = "file.output",
        /// An error file.
        FileError = "file.error",
        /// A file of deletions.
        FileDeleted = "file.deleted",
        /// A file that is not there, or no longer.
        FileGone = "file.gone",
        /// What a DocumentReference tells of.
        Attachment = "attachment",
        /// A DELETE that was accepted.
        DeleteAccepted = "delete.accepted",
        /// A DELETE that was refused.
        DeleteRefused = "delete.refused",
        /// The CapabilityStatement.
        Metadata = "metadata",
        /// The SMART configuration.
        SmartConfiguration = "smart-configuration",
        /// A token response.
        Token = "token",
        /// A refused token request.
        TokenRefused = "token.refused",
        /// A token request refused because its client is not believed.
        ClientRefused = "token.client-refused",
        /// A read of a resource.
        Read = "read",
        /// A Group of a client's that will be made or changed.
        CohortAccepted = "cohort.accepted",
        /// One that will not.
        CohortRefused = "cohort.refused",
        /// A poll of the job that makes it.
        CohortRunning = "cohort.running",
        /// The end of that job, or a Group that was made at once.
        CohortMade = "cohort.made",
        /// A read of a Group that a client made.
        CohortRead = "cohort.read",
        /// The DELETE of one.
        CohortErased = "cohort.erased",
        /// A search.
        Search = "search",
        /// A request without credentials that need be.
        Unauthorized = "unauthorized",
        /// Anything else.
        Other = "other",
    }
}

/// What a body is made of.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// Nothing.
    Empty,
    /// One JSON value.
    Json(Value),
    /// Lines, each to be followed by a line feed.
    Lines(Rows),
    /// Bytes that a fault wrote.
    Raw(Bytes),
}

/// What is known of the request and its job; faults choose by it.
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
    /// Whether that job was there once, and was deleted.
    pub deleted: bool,
    /// The file's name.
    pub file: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct ServerReply {
    /// Where it stands.
    pub point: Point,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Payload,
    /// What it belongs to.
    pub context: Context,
}

impl ServerReply {
    /// An answer without a body.
    pub(crate) fn empty(point: Point, status: StatusCode) -> Self {
        Self { point, status, headers: HeaderMap::new(), payload: Payload::Empty, context: Context::default() }
    }

    /// An answer with a FHIR resource.
    pub(crate) fn fhir(point: Point, status: StatusCode, resource: Value) -> Self {
        Self { payload: Payload::Json(resource), ..Self::empty(point, status) }.with("content-type", FHIR_JSON)
    }

    /// An answer with an OperationOutcome of severity error.
    pub(crate) fn refusal(point: Point, status: StatusCode, code: &str, text: &str) -> Self {
        Self::fhir(point, status, outcome("error", code, text))
    }

    /// An answer with other JSON.
    pub(crate) fn json(point: Point, status: StatusCode, value: Value) -> Self {
        Self { payload: Payload::Json(value), ..Self::empty(point, status) }.with("content-type", "application/json")
    }

    /// The answer, with a header set. A value that no header can hold is left out.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        set(&mut self.headers, name, value);
        self
    }

    /// The answer, standing at another point.
    pub(crate) fn at(mut self, point: Point) -> Self {
        self.point = point;
        self
    }

    /// The answer, belonging to `context`.
    pub(crate) fn of(mut self, context: Context) -> Self {
        self.context = context;
        self
    }
}

/// Sets a header; a name or value that HTTP does not allow is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
    {
        headers.insert(name, value);
    }
}

/// An OperationOutcome with one issue.
pub(crate) fn outcome(severity: &str, code: &str, text: &str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": severity, "code": code, "details": { "text": text }, "diagnostics": text }]
    })
}
