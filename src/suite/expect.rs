//! What a suite can expect of an exchange: the entries of `expect` and `when`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::suite::check_names::CheckName;
use crate::suite::line_rules::LineRule;
use crate::suite::shapes::{BodyShape, DirectoryTopic, Shape};
use crate::suite::values::{MediaTypes, StatusSet};

/// One expectation, or one condition under `when`. It has exactly one of the keys `status`, `not-status`, `header`,
/// `json`, `media-type`, `body`, `lines`, `file-type`, `directory` and `check`. With `header` it also has `is` or
/// `equals`; with `json` it also has `is`, `equals` or `has`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    {"required": ["status"]}, {"required": ["not-status"]}, {"required": ["header"]}, {"required": ["json"]}, {"required": ["media-type"]},
    {"required": ["body"]}, {"required": ["lines"]}, {"required": ["file-type"]}, {"required": ["directory"]}, {"required": ["check"]}
]))]
pub struct Expect {
    /// The allowed status: `202`, `"4xx"`, `"refusal"`, or a list of these.
    pub status: Option<StatusSet>,
    /// The status that is not allowed, written like `status`.
    pub not_status: Option<StatusSet>,
    /// The name of a response header. If the response has several lines of it, each line must match.
    pub header: Option<String>,
    /// A JSON pointer into the body, such as `/output/*/url`; `*` stands for every item of an array.
    pub json: Option<String>,
    /// The allowed media type without parameters, such as `application/json`, or a list of media types.
    pub media_type: Option<MediaTypes>,
    /// The shape of the whole body.
    pub body: Option<BodyShape>,
    /// NDJSON rules that no line of the file may violate.
    #[schemars(length(min = 1))]
    pub lines: Option<Vec<LineRule>>,
    /// Resource types; the file must contain a resource of at least one of them.
    #[schemars(length(min = 1))]
    pub file_type: Option<Vec<String>>,
    /// A topic of the provider directory rules that the lines of the file must conform to.
    pub directory: Option<DirectoryTopic>,
    /// The name of a built-in check.
    pub check: Option<CheckName>,
    /// The shape that the header or JSON value must have.
    pub is: Option<Shape>,
    /// The exact text that the header or JSON value must equal.
    pub equals: Option<String>,
    /// Texts; the JSON value must be an array that contains at least one of them.
    #[schemars(length(min = 1))]
    pub has: Option<Vec<String>>,
    /// Whether a missing header, a missing JSON value and a JSON null are allowed too.
    #[serde(default)]
    pub optional: bool,
}

impl Expect {
    /// The keys that select what is looked at. In a catalog there is exactly one.
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
