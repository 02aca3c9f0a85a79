//! What a suite file says, after it was read and checked: the [`Catalog`] that planning and judging work from.
//!
//! The types marked `Deserialize` are read from TOML as they stand; the loader resolves the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::Named;
use super::values::{MediaTypes, Param, StatusSet, Wait};
use crate::words::{Area, ExportLevel, Level, words};

/// Where something stands in a suite file; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file, as `suites/poll.toml`.
    pub file: String,
    /// The line of the entry's head.
    pub line: usize,
}

/// Everything the suites say, checked as a whole.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The specs by id, in the order of the files.
    pub specs: Named<Spec>,
    /// The requirements by id, in the order of the files.
    pub requirements: Named<Requirement>,
    /// The flows by name, in the order of the files.
    pub flows: Named<Flow>,
    /// The tests, in the order of the files.
    pub tests: Vec<Test>,
    /// A digest of the suite files' bytes, 12 hex digits: equal digests mean equal rules.
    pub digest: String,
}

impl Catalog {
    /// The spec with this id.
    pub fn spec(&self, id: &str) -> Option<&Spec> {
        self.specs.get(id)
    }

    /// The requirement with this id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.get(id)
    }

    /// The flow with this name.
    pub fn flow(&self, name: &str) -> Option<&Flow> {
        self.flows.get(name)
    }

    /// Where `requirement` is written in `spec`, as an absolute URL; none if that spec does not have it.
    pub fn link(&self, requirement: &str, spec: &str) -> Option<String> {
        let place = self.requirement(requirement)?.places.get(spec)?;
        // What a spec inherits is written in the spec it builds on.
        if place.at.contains("://") {
            return Some(place.at.clone());
        }
        Some(format!("{}{}", self.spec(spec)?.base, place.at))
    }

    /// The requirements that hold in `spec`, in the order of the suites.
    pub fn requirements_of<'a>(&'a self, spec: &str) -> Vec<(&'a Requirement, &'a Place)> {
        self.requirements
            .values()
            .filter_map(|requirement| Some((requirement, requirement.places.get(spec)?)))
            .collect()
    }

    /// The tests that verify `requirement`, in the order of the files.
    pub fn tests_of<'a>(&'a self, requirement: &'a str) -> impl Iterator<Item = &'a Test> + 'a {
        self.tests.iter().filter(move |test| test.verifies.iter().any(|id| id == requirement))
    }
}

/// One rule book.
#[derive(Clone, Debug)]
pub struct Spec {
    /// As `hl7-3.0.0`.
    pub id: String,
    /// The name people know it by.
    pub title: String,
    /// Its own version.
    pub version: String,
    /// Its date of publication, `YYYY-MM-DD`.
    pub date: String,
    /// What a requirement's `at` is appended to, ending in `/`.
    pub base: String,
    /// Whose it is, where its SHALLs are not HL7's.
    pub owner: Option<String>,
    /// How the reference server is protected while it is judged by this spec; none: not at all.
    pub auth: Option<Protection>,
    /// The spec whose requirements also hold here.
    pub builds_on: Option<String>,
    /// Requirements of `builds_on` that do not hold here, with the reason.
    pub drops: Vec<Dropped>,
    /// The areas in which a SHALL must have been decided before a target is called conformant.
    pub areas: Vec<Area>,
    /// Canonical URLs by which a CapabilityStatement declares this spec, in `instantiates` or `implementationGuide`,
    /// with an optional `|version`.
    pub declared_by: Vec<String>,
    /// Where it is defined.
    pub source: Source,
}

words! {
    /// How the reference server is protected while it is judged by a spec.
    Protection {
        /// By SMART Backend Services, with a client that is registered for the run.
        Smart = "smart",
    }
}

/// A requirement of the underlying spec that a spec leaves out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// The requirement's id.
    pub requirement: String,
    /// Why it does not hold here.
    pub why: String,
}

/// One duty of the server.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The id it has in the catalogue of requirements.
    pub id: String,
    /// Its part of the export.
    pub area: Area,
    /// The duty in our own words.
    pub says: String,
    /// Per spec: how strongly, and where it is written. A spec that is not listed does not demand it.
    pub places: BTreeMap<String, Place>,
    /// Public requirement ids that others use for it.
    pub see: Vec<String>,
    /// Other requirements whose tests decide this one too.
    pub same_as: Vec<String>,
    /// Why the text itself errs; such a requirement warns at most.
    pub defect: Option<String>,
    /// Why no test verifies it.
    pub untested: Option<String>,
    /// Where it is defined.
    pub source: Source,
}

/// A requirement's standing in one spec.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// How strongly the spec demands it.
    pub level: Level,
    /// Where it is written, relative to the spec's base; an absolute URL where the spec inherits it from another.
    /// [`Catalog::link`] joins the two.
    pub at: String,
}

/// One conversation with the target, without its name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Flow {
    /// What is asked for; reports show it.
    pub title: String,
    /// The level of the export.
    pub export: ExportLevel,
    /// How it is kicked off.
    #[serde(default)]
    pub method: Method,
    /// Kick-off parameters, in the query of a GET or the Parameters body of a POST.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// Kick-off headers beside or in place of the usual `Accept` and `Prefer`; several lines of one header are
    /// separated by a line feed.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// When the job is deleted as part of the conversation; left out: afterwards, as clean-up.
    pub delete: Option<DeleteAt>,
    /// Which files are fetched where a test looks at files.
    #[serde(default)]
    pub download: Download,
    /// Why the target may refuse this kick-off; its tests are then not applicable.
    pub optional: Option<String>,
    /// Runs after the other flows, with parameters of its own: servers merge equal jobs, and this one is deleted.
    #[serde(default)]
    pub last: bool,
    /// Extra requests beside the conversation; they never move it.
    #[serde(default)]
    pub probes: Vec<Probe>,
}

words! {
    /// How an export is kicked off.
    #[derive(Default)]
    Method {
        /// Parameters in the query.
        #[default]
        Get = "get",
        /// Parameters in a Parameters resource.
        Post = "post",
    }
}

words! {
    /// When a flow's job is deleted.
    DeleteAt {
        /// After the first answer that shows the job running, else right after the kick-off.
        InProgress = "in-progress",
        /// After the manifest, and the files where some are fetched.
        Complete = "complete",
    }
}

words! {
    /// Which files of the manifest a flow fetches.
    #[derive(Default)]
    Download {
        /// Every file.
        #[default]
        All = "all",
        /// The first output file only.
        First = "first",
        /// Files listed under `error` only.
        Errors = "errors",
    }
}

/// An extra request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// Its name within the flow; tests look at it with `on = "probe.ID"`.
    pub id: String,
    /// When it is sent.
    pub at: Moment,
    /// What is sent.
    pub send: Send,
    /// As whom.
    #[serde(default, rename = "as")]
    pub identity: Identity,
    /// Headers beside or in place of the usual ones.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Usual headers that are left out.
    #[serde(default)]
    pub omit: Vec<String>,
    /// Kick-off parameters, beside those of the flow.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// What is deliberately wrong with it.
    pub wrong: Option<Wrong>,
    /// Sent once at each of these times after its moment; left out: once, at once.
    #[serde(default)]
    pub after: Vec<Wait>,
}

words! {
    /// When a probe is sent.
    Moment {
        /// Beside the kick-off, whatever becomes of it.
        Start = "start",
        /// While the job runs.
        InProgress = "in-progress",
        /// After the manifest was seen.
        Complete = "complete",
        /// After the flow's DELETE.
        Deleted = "deleted",
    }
}

words! {
    /// What a probe sends.
    Send {
        /// A kick-off like the flow's, by GET. A job that it starts is deleted at once.
        Kickoff = "kickoff",
        /// A kick-off by POST.
        KickoffPost = "kickoff-post",
        /// GET of the polling URL.
        Poll = "poll",
        /// GET of the first output file that held something, else of the first listed.
        File = "file",
        /// DELETE of the polling URL.
        Delete = "delete",
        /// GET of the CapabilityStatement.
        Metadata = "metadata",
        /// GET of `.well-known/smart-configuration`.
        SmartConfiguration = "smart-configuration",
        /// A token request with a signed assertion; where the run is given no SMART client, none is sent.
        Token = "token",
        /// A read of the flow's Group.
        Read = "read",
        /// A search with `_summary=count`.
        Count = "count",
        /// A TLS handshake.
        Tls = "tls",
    }
}

words! {
    /// As whom a probe is sent.
    #[derive(Default)]
    Identity {
        /// As the run's own client.
        #[default]
        Client = "client",
        /// Without credentials; where the run has none to leave out, such a kick-off would show nothing and is not sent.
        None = "none",
        /// As the second client of the configuration.
        SecondClient = "second-client",
    }
}

words! {
    /// What a probe deliberately gets wrong.
    Wrong {
        /// A Group id that does not exist.
        Group = "group",
        /// A job id that does not exist, of the shape of the real one.
        Job = "job",
        /// A POST body that is a resource other than Parameters.
        NotParameters = "not-parameters",
        /// A POST body that is not JSON.
        BrokenJson = "broken-json",
        /// A client id that nobody registered, in an assertion signed with the run's own key.
        Client = "client",
    }
}

/// What must hold of which exchanges.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name within its area.
    pub id: String,
    /// Its area; reports name it `area::id@flow`.
    pub area: Area,
    /// What is so when it passes.
    pub title: String,
    /// The requirements it decides, those included that adopt them with `as`.
    pub verifies: Vec<String>,
    /// The flows it is run on.
    pub flows: Vec<String>,
    /// The exchanges it looks at.
    pub on: Vec<On>,
    /// How many of them must satisfy it.
    pub hold: Hold,
    /// Narrows the exchanges; none left means not applicable.
    pub when: Vec<Expect>,
    /// What must hold of each.
    pub expect: Vec<Expect>,
    /// Or: one of these outcomes must hold.
    pub any_of: Vec<Outcome>,
    /// Why it matters.
    pub why: String,
    /// Flows that its checks compare with: the first of them that ran at the same level.
    pub beside: Vec<String>,
    /// Where it is defined.
    pub source: Source,
}

impl Test {
    /// `area::id`, the name without a flow.
    pub fn name(&self) -> String {
        format!("{}::{}", self.area, self.id)
    }
}

/// One of several answers that the text allows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Its name, as `accepted`.
    pub outcome: String,
    /// What must hold.
    #[schemars(length(min = 1))]
    pub expect: Vec<Expect>,
}

/// Which exchanges of a flow a test looks at. Retries and redirects on the way to an answer are never looked at; the
/// last answer is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// `kickoff`: the answer to the kick-off.
    Kickoff,
    /// `poll`: every poll of the flow itself.
    Poll,
    /// `poll.in-progress`: the polls that say the job still runs.
    PollInProgress,
    /// `poll.failed`: the poll that says the job failed.
    PollFailed,
    /// `poll.complete`: the poll that says the job is done, whatever its body.
    PollComplete,
    /// `manifest`: the same, where its body is a manifest.
    Manifest,
    /// `file`: every file fetched.
    File,
    /// `file.output`, `file.error`, `file.deleted`: those of one list.
    FileOf(FileList),
    /// `delete`: the flow's own DELETE.
    Delete,
    /// `probe.ID`: one probe.
    Probe(String),
}

words! {
    /// The list of the manifest that names a file.
    FileList {
        /// `output`
        Output = "output",
        /// `error`
        Error = "error",
        /// `deleted`
        Deleted = "deleted",
    }
}

words! {
    /// How many of the exchanges looked at must satisfy a test.
    #[derive(Default)]
    Hold {
        /// All of them.
        #[default]
        Every = "every",
        /// The last one.
        Last = "last",
        /// None of them.
        None = "none",
    }
}

/// One expectation, or one condition under `when`. Exactly one of `status`, `not-status`, `header`, `json`, `media-type`, `body`,
/// `lines` and `check` says what is looked at; `header` and `json` go with one of `is` and `equals`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    {"required": ["status"]}, {"required": ["not-status"]}, {"required": ["header"]}, {"required": ["json"]}, {"required": ["media-type"]},
    {"required": ["body"]}, {"required": ["lines"]}, {"required": ["check"]}
]))]
pub struct Expect {
    /// The status: `202`, `"4xx"`, or a list of such.
    pub status: Option<StatusSet>,
    /// Statuses that it must not be.
    pub not_status: Option<StatusSet>,
    /// A response header's name.
    pub header: Option<String>,
    /// A JSON pointer into the body; `*` stands for every item of an array.
    pub json: Option<String>,
    /// The media type's essence: one, or a list of those allowed.
    pub media_type: Option<MediaTypes>,
    /// The body as a whole.
    pub body: Option<BodyShape>,
    /// NDJSON rules that the file must not break.
    #[schemars(length(min = 1))]
    pub lines: Option<Vec<LineRule>>,
    /// A built-in check.
    pub check: Option<CheckName>,
    /// What the header or JSON value must be.
    pub is: Option<Shape>,
    /// The text that the header or JSON value must equal.
    pub equals: Option<String>,
    /// An absent header or JSON value (or a JSON null) satisfies it too.
    #[serde(default)]
    pub optional: bool,
}

impl Expect {
    /// The keys that say what is looked at; exactly one in a catalog.
    pub fn subjects(&self) -> Vec<&'static str> {
        let subjects = [
            ("status", self.status.is_some()),
            ("not-status", self.not_status.is_some()),
            ("header", self.header.is_some()),
            ("json", self.json.is_some()),
            ("media-type", self.media_type.is_some()),
            ("body", self.body.is_some()),
            ("lines", self.lines.is_some()),
            ("check", self.check.is_some()),
        ];
        subjects.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }
}

words! {
    /// What a body must be.
    BodyShape {
        /// Nothing, or white space.
        Empty = "empty",
        /// Something.
        NotEmpty = "not-empty",
        /// Parses as JSON.
        Json = "json",
        /// A JSON object that is not a FHIR resource.
        PlainObject = "plain-object",
        /// An OperationOutcome with at least one issue that has severity and code.
        OperationOutcome = "operation-outcome",
        /// An OperationOutcome with an issue of severity error or fatal.
        ErrorOutcome = "error-outcome",
        /// A bulk data manifest, as far as one can tell.
        Manifest = "manifest",
        /// Not a manifest.
        NotManifest = "not-manifest",
        /// No exported data: neither NDJSON nor a resource other than an OperationOutcome.
        NotData = "not-data",
        /// Anything but an OperationOutcome.
        NotOutcome = "not-outcome",
        /// Not an HTML page.
        NotHtml = "not-html",
        /// JSON in a body whose media type says JSON, anything in one that says otherwise.
        AsAnnounced = "as-announced",
    }
}

words! {
    /// What a header or a JSON value must be.
    Shape {
        /// There, whatever it is.
        Present = "present",
        /// There, and not a JSON null.
        Value = "value",
        /// Not there.
        Absent = "absent",
        /// A JSON string.
        String = "string",
        /// A JSON boolean.
        Boolean = "boolean",
        /// A JSON object.
        Object = "object",
        /// A JSON array.
        Array = "array",
        /// A JSON array of objects.
        Objects = "objects",
        /// An empty JSON array.
        EmptyArray = "empty-array",
        /// An absolute http or https URL.
        AbsoluteUrl = "absolute-url",
        /// A FHIR instant: date, time to the second or finer, zone.
        Instant = "instant",
        /// A whole JSON number of at least 0.
        Count = "count",
        /// The name of a FHIR resource type.
        ResourceType = "resource-type",
        /// Seconds or an HTTP date.
        RetryAfter = "retry-after",
        /// An HTTP date.
        HttpDate = "http-date",
        /// Fewer than 100 characters.
        Under100Characters = "under-100-characters",
    }
}

words! {
    /// The ways in which an NDJSON file can be wrong, as the reader reports them.
    LineRule {
        /// A byte order mark at the start.
        Bom = "bom",
        /// Bytes that are not UTF-8.
        Utf8 = "utf8",
        /// A line with nothing on it.
        BlankLine = "blank-line",
        /// A line that is not JSON, for a reason that has no rule of its own.
        NotJson = "not-json",
        /// The file ends within a line's JSON.
        CutOff = "cut-off",
        /// A line that is JSON but no object.
        NotObject = "not-object",
        /// One object spread over lines.
        PrettyPrinted = "pretty-printed",
        /// The file is a JSON array.
        Array = "array",
        /// Two objects on one line.
        TwoOnOneLine = "two-on-one-line",
        /// A comma after the object.
        TrailingComma = "trailing-comma",
        /// `NaN` or `Infinity`.
        NotANumber = "not-a-number",
        /// A key twice in one object.
        DuplicateKey = "duplicate-key",
        /// No `resourceType`.
        ResourceTypeMissing = "resource-type-missing",
        /// A `resourceType` other than the manifest announced.
        ResourceTypeOther = "resource-type-other",
        /// No `id`.
        IdMissing = "id-missing",
        /// An `id` that is no FHIR id.
        IdFormat = "id-format",
        /// The same type and id again, the same version.
        DuplicateId = "duplicate-id",
        /// Two versions of one type and id.
        TwoVersions = "two-versions",
        /// A line in the `error` list that is no OperationOutcome with an issue.
        OutcomeWithoutIssue = "outcome-without-issue",
        /// A line longer than the limit.
        LineTooLong = "line-too-long",
        /// Nesting deeper than the limit.
        TooDeep = "too-deep",
        /// Compressed bytes without a Content-Encoding.
        CompressedUnlabelled = "compressed-unlabelled",
    }
}

words! {
    /// The built-in checks, each documented in the `check` module.
    CheckName {
        /// One distinct Content-Location.
        OneLocation = "one-location",
        /// The manifest's `request` fits the kick-off.
        RequestFitsKickoff = "request-fits-kickoff",
        /// The manifest's `request` shows no parameter that was in the body only.
        RequestWithoutBodyParams = "request-without-body-params",
        /// `transactionTime` is not in the server's future.
        TransactionTimeNotFuture = "transaction-time-not-future",
        /// `Expires` is later than the answer.
        ExpiresLater = "expires-later",
        /// A second manifest says the same as the first.
        SameManifest = "same-manifest",
        /// No URL is listed twice.
        DistinctUrls = "distinct-urls",
        /// `count` equals the resources in the file.
        CountEqualsLines = "count-equals-lines",
        /// Where nothing was exported `output` is an empty array.
        EmptyOutputWhenNothing = "empty-output-when-nothing",
        /// Where there is nothing to report `error` is an empty array.
        EmptyErrorWhenNothing = "empty-error-when-nothing",
        /// No listed file is without a resource.
        NoEmptyFiles = "no-empty-files",
        /// No resource is newer than `transactionTime`.
        NothingAfterTransactionTime = "nothing-after-transaction-time",
        /// No resource is in `deleted` and in `output`.
        DeletedNotInOutput = "deleted-not-in-output",
        /// An output file of type Patient is listed, where anything is.
        PatientListed = "patient-listed",
        /// The probe's file is the one the flow fetched.
        SameFile = "same-file",
        /// The file's Content-Encoding is one that may be used, and the body decodes.
        AllowedEncoding = "allowed-encoding",
        /// This flow exported what the flow beside it did.
        SameResources = "same-resources",
        /// No output item or line is an OperationOutcome.
        NoOutcomeInOutput = "no-outcome-in-output",
        /// The error files report something, of a flow that sent a parameter which cannot be supported.
        LenientReported = "lenient-reported",
        /// Every `extension` is an object.
        ExtensionsAreObjects = "extensions-are-objects",
        /// The kick-off was as well received as that of the flow beside it.
        AsWellReceived = "as-well-received",
        /// The file was fetched whole, from the URL listed.
        Delivered = "delivered",
        /// The job that the probe started did not come to a good end.
        JobNotCompleted = "job-not-completed",
    }
}

/// A time after a moment.
impl Wait {
    /// As a duration.
    pub fn duration(self) -> Duration {
        self.0
    }
}
