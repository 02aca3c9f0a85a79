//! The content of a recording. On disk it is a folder with `recording.jsonl`: one [`Entry`] per line, appended as
//! things happen, so the recording of a killed run can still be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::vocabulary::{ExportLevel, words};
use crate::recording::comparison::{Comparison, Organizing, UnrequestedResources};
use crate::recording::data_changes::Hooked;
use crate::recording::early_end::EarlyEnd;
use crate::recording::facts::FileFacts;
use crate::recording::handshake::Handshake;
use crate::recording::secrecy::UrlGuessing;
use crate::recording::settings::RecordedSettings;
use crate::suite::model::FileList;

/// The version of the recording's format. Other versions are refused.
pub const FORMAT: u32 = 3;

/// A whole recording in memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// How the run began.
    pub start: Start,
    /// Every exchange, by number; numbers start at 1 and grow in the order of sending.
    pub exchanges: Vec<Exchange>,
    /// The facts of every fetched file.
    pub files: Vec<FileFacts>,
    /// The result of each flow.
    pub flows: Vec<FlowRecord>,
    /// How the run ended; none if it was killed.
    pub end: Option<End>,
}

/// One line of `recording.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The first line.
    Start(Box<Start>),
    /// A completed exchange.
    Exchange(Box<Exchange>),
    /// The facts of a file.
    File(Box<FileFacts>),
    /// A finished flow.
    Flow(Box<FlowRecord>),
    /// The last line.
    End(End),
}

/// How a run began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of Plimsoll that made the recording.
    pub plimsoll: String,
    /// The digest of the suites of the run.
    pub suites: String,
    /// The target's base URL, without credentials and without a slash at the end.
    pub base: String,
    /// The wall time of the start: RFC 3339, UTC, milliseconds.
    pub started: String,
    /// The specs that the user requested.
    pub specs: Vec<String>,
    /// The specs among them that do not affect the exit code.
    pub informational_specs: Vec<String>,
    /// The names of the selected tests, without `SPEC::`; none if all tests were selected.
    pub selected: Option<Vec<String>>,
    /// The settings of the run.
    pub settings: RecordedSettings,
    /// The name and version of the software, from the CapabilityStatement.
    pub software: Option<String>,
    /// The FHIR version, from the CapabilityStatement.
    pub fhir: Option<String>,
    /// Whether the target is the embedded reference server.
    pub embedded: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The wall time of the end: RFC 3339, UTC, milliseconds.
    pub finished: String,
    /// Why the run ended early, if it did.
    pub early: Option<EarlyEnd>,
    /// The redacted polling URLs of jobs that were started and could not be deleted.
    pub leftovers: Vec<String>,
    /// The number of bytes received, before decoding.
    pub bytes: u64,
    /// How hard the target's URLs are to guess.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guessing: Option<UrlGuessing>,
}

/// One HTTP request and its response, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its number in the recording, from 1.
    pub id: u32,
    /// The flow that it belongs to; none for requests of the run itself (metadata, tokens).
    pub flow: Option<String>,
    /// Its part in the flow.
    pub role: Role,
    /// The probe that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// The place in the manifest of the requested file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileRef>,
    /// The state of the job that a poll reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Whether a later exchange replaces it: a retry (after 429 or 503) or the target of a redirect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub superseded: bool,
    /// When it was sent, in milliseconds since the run began.
    pub at: u64,
    /// The time until the last byte of the body, in milliseconds.
    pub took: u64,
    /// The request of the exchange.
    pub request: Request,
    /// The response, or why there is none.
    pub outcome: Outcome,
}

words! {
    /// The role of an exchange in its flow.
    Role {
        /// The CapabilityStatement.
        Metadata = "metadata",
        /// `.well-known/smart-configuration`.
        SmartConfiguration = "smart-configuration",
        /// A request for an access token.
        Token = "token",
        /// The flow's kick-off.
        Kickoff = "kickoff",
        /// A poll of the flow's job.
        Poll = "poll",
        /// A manifest that another links to.
        Page = "page",
        /// A file of the flow's manifest.
        File = "file",
        /// The flow's own DELETE.
        Delete = "delete",
        /// The request of a probe.
        Probe = "probe",
        /// Clean-up of what the run started.
        Cleanup = "cleanup",
    }
}

words! {
    /// The state of the job that a poll reports. `measure/job_state.rs` decides it from status, body and later polls.
    Phase {
        /// The job is running.
        InProgress = "in-progress",
        /// The job is complete.
        Complete = "complete",
        /// The job failed.
        Failed = "failed",
        /// The poll failed, but the job may continue.
        Transient = "transient",
    }
}

/// A file's place in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileRef {
    /// The list that it is in.
    pub list: FileList,
    /// Its index in the list, from 0.
    pub index: usize,
}

/// A request, redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `DELETE`, or `TLS` for a handshake without a request.
    pub method: String,
    /// The URL, redacted.
    pub url: String,
    /// Headers in the order sent, redacted.
    pub headers: Vec<(String, String)>,
    /// The body, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A response. Its body may be incomplete.
    Response(Response),
    /// No response.
    NoResponse(Trouble),
    /// The result of a TLS handshake without a request.
    Handshake(Handshake),
}

/// A response, redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The status of the response.
    pub status: u16,
    /// The headers in the order received, redacted, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// What is kept of the body.
    pub body: Body,
    /// Why the body could not be read completely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Trouble>,
}

impl Response {
    /// The values of all lines of the header `name`, in any case.
    pub fn header_lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The value of the first line of the header `name`, in any case.
    pub fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.header_lines(name).next()
    }

    /// The media type without parameters, in lower case: `application/json; charset=utf-8` is `application/json`.
    pub fn media_type(&self) -> Option<String> {
        self.media_types().into_iter().next()
    }

    /// The media types of all Content-Type lines, without parameters and in lower case.
    pub fn media_types(&self) -> Vec<String> {
        let essence = |value: &str| value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase();
        self.header_lines("content-type").map(essence).collect()
    }
}

/// Why something could not be sent or read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// The kind of error.
    pub kind: TroubleKind,
    /// The message, a lower-case fragment.
    pub message: String,
}

impl Trouble {
    /// Creates an error of this kind. The message is a lower-case fragment.
    pub fn new(kind: TroubleKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

words! {
    /// The kind of a transport error.
    TroubleKind {
        /// No connection: no listener, unknown host or no route.
        Connect = "connect",
        /// The certificate was not accepted, or the handshake failed.
        Tls = "tls",
        /// The response took too long.
        Timeout = "timeout",
        /// The connection was interrupted.
        Cut = "cut",
        /// The response exceeds a limit of Plimsoll.
        Limit = "limit",
        /// The response is not valid HTTP.
        Protocol = "protocol",
        /// The request was not sent: another origin, a private address or an invalid URL.
        NotSent = "not-sent",
        /// The run was interrupted, or its deadline passed.
        Interrupted = "interrupted",
    }
}

/// What the recording keeps of a body. It never keeps resource content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The length in bytes of the body, decoded.
    pub bytes: u64,
    /// The kind of content.
    pub kind: BodyKind,
    /// The body, if it is a manifest, an OperationOutcome, a CapabilityStatement or other JSON that is not a resource.
    /// It is redacted, and cut if it exceeds limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<serde_json::Value>,
    /// The `resourceType` of a JSON object that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The first characters of text that is not a resource, such as the title of an HTML error page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// Why a body that should be JSON is not, with the position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_json: Option<String>,
    /// Whether it is JSON that is nested more deeply than Plimsoll reads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub too_deep: bool,
}

words! {
    /// The kind of a body, by its content.
    #[derive(Default)]
    BodyKind {
        /// Empty, or only white space.
        #[default]
        Empty = "empty",
        /// One JSON value.
        Json = "json",
        /// Several lines of JSON objects.
        Ndjson = "ndjson",
        /// An HTML page.
        Html = "html",
        /// XML.
        Xml = "xml",
        /// Some other text.
        Text = "text",
        /// Not text.
        Binary = "binary",
        /// Streamed to the line reader. The facts of the file describe it.
        Streamed = "streamed",
    }
}

/// The result of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowRecord {
    /// The name of the flow record.
    pub name: String,
    /// The title that the suite gives it.
    pub title: String,
    /// Whether the suite allows any level and the run chose [`FlowRecord::export`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub level_chosen: bool,
    /// Kick-off parameters that the target refused and the run left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped_params: Vec<String>,
    /// The level at which it ran; `any` if it did not.
    pub export: ExportLevel,
    /// The names and values of the kick-off parameters that were sent, sample values resolved.
    pub params: Vec<(String, String)>,
    /// Whether they were sent in a Parameters body.
    pub posted: bool,
    /// The comparison with an earlier flow, if the plan needs it and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Exported resources that were not requested, if the plan needs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrequested_resources: Option<UnrequestedResources>,
    /// By probe: how often the target had read the run's key set when the token request of the probe completed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub key_reads: BTreeMap<String, u32>,
    /// The comparison of organized files, if the kick-off requested them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organized: Option<Organizing>,
    /// The result of the search by name for the Group that the flow created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<GroupSearch>,
    /// What hooks changed, and how this flow shows it, if it uses hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooked: Option<Hooked>,
    /// How many exports the target accepted in this flow, including those of its probes.
    pub accepted: u32,
    /// Why it ended before its planned depth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// The waits between its exchanges, for the timeline: start and length in milliseconds, and the reason.
    pub waits: Vec<(u64, u64, String)>,
}

/// The result of a search for a Group by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSearch {
    /// Whether the search found the Group.
    pub found: bool,
    /// How many Groups with other names it found.
    pub others: u64,
}

/// Why a flow ended early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// The kind of reason.
    pub kind: StopKind,
    /// The exchange that caused it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<u32>,
    /// The reason, a lower-case fragment: `the kick-off returned 500`.
    pub because: String,
}

words! {
    /// Why a flow ended early.
    StopKind {
        /// The target does not offer it, and the run knows that before the kick-off.
        NotOffered = "not-offered",
        /// The target refused a kick-off that it may refuse. Only the judge says so; recordings never do.
        Declined = "declined",
        /// The flow cannot continue after a response. The test that judges the response reports why.
        Answer = "answer",
        /// The response is 401 or 403.
        Credentials = "credentials",
        /// The job was not complete, or the target still requested retries, when `--max-wait` ended.
        Waited = "waited",
        /// A kick-off returned 502 to 504 on every try.
        Unavailable = "unavailable",
        /// No response: a transport error.
        Transport = "transport",
        /// The data has no such sample value, or its source flow stopped.
        NoPick = "no-pick",
        /// A limit of the run: bytes, files, deadline or interruption.
        Limit = "limit",
    }
}
