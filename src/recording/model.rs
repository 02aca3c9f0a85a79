//! What a recording holds. On disk it is a folder with `recording.jsonl`: one [`Entry`] a line, appended as things happen, so
//! that what a killed run saw can still be read.

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

/// The version of the recording's format; another one is refused.
pub const FORMAT: u32 = 3;

/// A whole recording in memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// How the run began.
    pub start: Start,
    /// Every exchange, by number; numbers start at 1 and grow in the order of sending.
    pub exchanges: Vec<Exchange>,
    /// The facts of every file fetched.
    pub files: Vec<FileFacts>,
    /// How each flow went.
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
    /// An exchange, when it is complete.
    Exchange(Box<Exchange>),
    /// The facts of a file.
    File(Box<FileFacts>),
    /// A flow, when it is over.
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
    /// The digest of the suites that it was made with.
    pub suites: String,
    /// The target's base URL, without credentials, without a closing slash.
    pub base: String,
    /// Wall time, RFC 3339, UTC, milliseconds.
    pub started: String,
    /// The specs that were asked for.
    pub specs: Vec<String>,
    /// Those among them that do not count.
    pub informational_specs: Vec<String>,
    /// The names of the tests that were selected, without `SPEC::`; none means all of them.
    pub selected: Option<Vec<String>>,
    /// The settings of the run.
    pub settings: RecordedSettings,
    /// Name and version of the software, as the CapabilityStatement says.
    pub software: Option<String>,
    /// The FHIR version, as the CapabilityStatement says.
    pub fhir: Option<String>,
    /// Whether the target is the embedded reference server.
    pub embedded: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Wall time, RFC 3339, UTC, milliseconds.
    pub finished: String,
    /// Why the run ended early, if it did.
    pub early: Option<EarlyEnd>,
    /// Jobs that were started and could not be deleted, by redacted polling URL.
    pub leftovers: Vec<String>,
    /// Bytes received, as they came over the wire.
    pub bytes: u64,
    /// How hard the URLs are to guess that the target gave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guessing: Option<UrlGuessing>,
}

/// One HTTP request and its response, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its number on the recording, from 1.
    pub id: u32,
    /// The flow that it belongs to; none for what serves the run as a whole (metadata, tokens).
    pub flow: Option<String>,
    /// Its part in the flow.
    pub role: Role,
    /// The probe that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// The place in the manifest of the file that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileRef>,
    /// What a poll says of the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Not the last word: a retry (after 429 or 503) or a redirect was followed to a later exchange.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub superseded: bool,
    /// When it was sent, in milliseconds since the run began.
    pub at: u64,
    /// How long it took until the body's last byte, in milliseconds.
    pub took: u64,
    /// The request.
    pub request: Request,
    /// The response, or why there is none.
    pub outcome: Outcome,
}

words! {
    /// The part of an exchange in its flow.
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
        /// An extra request.
        Probe = "probe",
        /// Tidying up what was started.
        Cleanup = "cleanup",
    }
}

words! {
    /// What a poll said of the job. Decided in one place, from status, body and the polls that follow.
    Phase {
        /// It still runs.
        InProgress = "in-progress",
        /// It is done.
        Complete = "complete",
        /// It failed.
        Failed = "failed",
        /// The poll failed, the job perhaps not.
        Transient = "transient",
    }
}

/// A file's place in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileRef {
    /// The list that names it.
    pub list: FileList,
    /// Its index there, from 0.
    pub index: usize,
}

/// What was sent, secrets replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `GET`, `POST`, `DELETE`, or `TLS` of a handshake that carries no request.
    pub method: String,
    /// The URL, redacted.
    pub url: String,
    /// Headers in the order sent, redacted.
    pub headers: Vec<(String, String)>,
    /// The body, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A response, perhaps with a body that broke off.
    Response(Response),
    /// No response.
    NoResponse(Trouble),
    /// What was sent was the first message of a TLS handshake alone.
    Handshake(Handshake),
}

/// A response, redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers as they came, redacted; names in lower case.
    pub headers: Vec<(String, String)>,
    /// What is kept of the body.
    pub body: Body,
    /// Why the body could not be read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Trouble>,
}

impl Response {
    /// The values of all lines of the header `name` (any case).
    pub fn header_lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The first line of the header `name` (any case).
    pub fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.header_lines(name).next()
    }

    /// The essence of the media type, in lower case: `application/json; charset=utf-8` is `application/json`.
    pub fn media_type(&self) -> Option<String> {
        self.media_types().into_iter().next()
    }

    /// The same of every line of Content-Type there is.
    pub fn media_types(&self) -> Vec<String> {
        let essence = |value: &str| value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase();
        self.header_lines("content-type").map(essence).collect()
    }
}

/// Why something could not be sent or read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// What happened, a lower-case fragment.
    pub message: String,
}

impl Trouble {
    /// Trouble of this kind; the message is a lower-case fragment.
    pub fn new(kind: TroubleKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

words! {
    /// Kinds of trouble on the way.
    TroubleKind {
        /// No connection: nothing listens, no such host, no route.
        Connect = "connect",
        /// The certificate was not accepted, or the handshake failed.
        Tls = "tls",
        /// Nothing came in time.
        Timeout = "timeout",
        /// The connection broke off.
        Cut = "cut",
        /// More came than we take.
        Limit = "limit",
        /// Something that is not HTTP came.
        Protocol = "protocol",
        /// We chose not to send it: foreign origin, private address, unusable URL.
        NotSent = "not-sent",
        /// The run was interrupted, or its deadline passed.
        Interrupted = "interrupted",
    }
}

/// What is kept of a body. Resource content never is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Its length in bytes, decoded.
    pub bytes: u64,
    /// What it is.
    pub kind: BodyKind,
    /// The whole body, of a manifest, an OperationOutcome, a CapabilityStatement, or other JSON that is no resource;
    /// redacted, and cut where it exceeds limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<serde_json::Value>,
    /// The `resourceType` of a JSON object that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The first characters of a text that is no resource, such as an HTML error page's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// Why a body that should be JSON is not, with the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_json: Option<String>,
    /// Whether it is JSON that is nested more deeply than this program reads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub too_deep: bool,
}

words! {
    /// What a body is, by looking at it.
    #[derive(Default)]
    BodyKind {
        /// Nothing or white space.
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
        /// Streamed to the line reader; see the file's facts.
        Streamed = "streamed",
    }
}

/// How a flow went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowRecord {
    /// Its name.
    pub name: String,
    /// The title that the suite gives it.
    pub title: String,
    /// The suite leaves the level open, and the run chose [`FlowRecord::export`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub level_chosen: bool,
    /// Kick-off parameters that the target refused and the run left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped_params: Vec<String>,
    /// The level at which it ran; `any` if it did not.
    pub export: ExportLevel,
    /// The names and values of the kick-off parameters that were sent, sample values resolved.
    pub params: Vec<(String, String)>,
    /// Whether those went in a Parameters body.
    pub posted: bool,
    /// The result compared to what an earlier flow holds, if the suite asks for that and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// What came without a request for it, if the run looked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrequested_resources: Option<UnrequestedResources>,
    /// How often the key set that the run serves had been read when a token request of this probe was answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub key_reads: BTreeMap<String, u32>,
    /// What organized files hold, if the kick-off asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organized: Option<Organizing>,
    /// What a search found for the Group that the flow made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<GroupSearch>,
    /// What hooks changed, and how this flow shows it, if hooks concern it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooked: Option<Hooked>,
    /// Exports that the target accepted in this flow, its probes' included.
    pub accepted: u32,
    /// Why it ended before its planned depth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Waits between its exchanges, for the timeline: start and length in milliseconds, and what for.
    pub waits: Vec<(u64, u64, String)>,
}

/// What a search for a Group by its name found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSearch {
    /// Whether the Group was among it.
    pub found: bool,
    /// How many Groups of other names were.
    pub others: u64,
}

/// Why a flow ended early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// What kind of reason.
    pub kind: StopKind,
    /// The exchange that it ended with, if one did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<u32>,
    /// The reason, a lower-case fragment: `the kick-off was answered 500`.
    pub because: String,
}

words! {
    /// Why a flow ended early.
    StopKind {
        /// The target does not offer it, known before any kick-off.
        NotOffered = "not-offered",
        /// The target refused a kick-off that it may refuse. Only the judge says so; recordings never do.
        Declined = "declined",
        /// An answer does not allow to go on; the test that judges that answer says why.
        Answer = "answer",
        /// The answer is a question of credentials: 401 or 403.
        Credentials = "credentials",
        /// The target was still not ready, or still asked for patience, when `--max-wait` ran out.
        Waited = "waited",
        /// A kick-off was answered 502 to 504, again and again.
        Unavailable = "unavailable",
        /// No answer: transport.
        Transport = "transport",
        /// The data has no such sample value, or the flow that it comes from stopped.
        NoPick = "no-pick",
        /// A limit of ours: bytes, files, deadline, interruption.
        Limit = "limit",
    }
}
