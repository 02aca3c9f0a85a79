//! What can be expected of an exchange: the closed lists behind `expect` and `when`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::check_names::CheckName;
use super::line_rules::LineRule;
use super::values::{MediaTypes, StatusSet};
use crate::words::words;

/// One expectation, or one condition under `when`. Exactly one of `status`, `not-status`, `header`, `json`, `media-type`, `body`,
/// `lines`, `file-type`, `directory` and `check` says what is looked at; `header` and `json` go with one of `is`, `equals` and
/// `has`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    {"required": ["status"]}, {"required": ["not-status"]}, {"required": ["header"]}, {"required": ["json"]}, {"required": ["media-type"]},
    {"required": ["body"]}, {"required": ["lines"]}, {"required": ["file-type"]}, {"required": ["directory"]}, {"required": ["check"]}
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
    /// Resource types of which the file holds one.
    #[schemars(length(min = 1))]
    pub file_type: Option<Vec<String>>,
    /// Rules of a provider directory that the file's lines must not break.
    pub directory: Option<DirectoryTopic>,
    /// A built-in check.
    pub check: Option<CheckName>,
    /// What the header or JSON value must be.
    pub is: Option<Shape>,
    /// The text that the header or JSON value must equal.
    pub equals: Option<String>,
    /// Texts of which the array that the JSON value must be holds one at least.
    #[schemars(length(min = 1))]
    pub has: Option<Vec<String>>,
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
            ("file-type", self.file_type.is_some()),
            ("directory", self.directory.is_some()),
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
        /// An OperationOutcome with an issue, whatever it says.
        Outcome = "outcome",
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
        /// A JSON string with something in it.
        Text = "text",
        /// A JSON boolean.
        Boolean = "boolean",
        /// The JSON value true.
        True = "true",
        /// A JSON object.
        Object = "object",
        /// A JSON array.
        Array = "array",
        /// A JSON array of objects.
        Objects = "objects",
        /// A JSON array of texts.
        Strings = "strings",
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
        /// Seconds, in digits alone.
        Digits = "digits",
        /// A text that is not blank.
        NotBlank = "not-blank",
        /// A text of printable characters alone.
        Printable = "printable",
        /// A disposition of type attachment, with parameters or without.
        Attachment = "attachment",
        /// Begins with a status of three digits.
        StatusCode = "status-code",
        /// An HTTP date.
        HttpDate = "http-date",
        /// Fewer than 100 characters.
        Under100Characters = "under-100-characters",
    }
}

words! {
    /// What can be asked of the lines of a provider directory. The first seven are types: lines that claim the type's
    /// Health Connect profile of 0.3.0-preview are held to it, but for what its value sets hold.
    DirectoryTopic {
        /// HC Organization.
        Organization = "organization",
        /// HC Practitioner.
        Practitioner = "practitioner",
        /// HC PractitionerRole.
        PractitionerRole = "practitioner-role",
        /// HC HealthcareService.
        HealthcareService = "healthcare-service",
        /// HC Location or HC Service Coverage Area.
        Location = "location",
        /// HC Endpoint.
        Endpoint = "endpoint",
        /// HC Provenance.
        Provenance = "provenance",
        /// What those profiles only warn of.
        Cautions = "cautions",
        /// The form of references.
        References = "references",
        /// Ids.
        Ids = "ids",
        /// Resources that are flagged to be hidden.
        Suppressed = "suppressed",
        /// What was written so before 0.3.0.
        Retired = "retired",
    }
}
