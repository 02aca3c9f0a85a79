//! What can be expected of an exchange: the closed lists behind `expect` and `when`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::suite::check_names::CheckName;
use crate::suite::line_rules::LineRule;
use crate::suite::shapes::{BodyShape, DirectoryTopic, Shape};
use crate::suite::values::{MediaTypes, StatusSet};

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
