//! The report of `plimsoll ndjson`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::recording::facts::{LineFinding, ProfileFacts, Validated};
use crate::suite::line_rules::LineRule;

/// What was found; with `serde_json` the contract of `--format json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NdjsonReport {
    /// The files, in the order they were named; those of a folder by name.
    pub files: Vec<FileReport>,
    /// What FHIR's definitions require of these types and was not decided; empty if nothing was checked against them.
    pub not_checked: Vec<NotChecked>,
    /// The results of the profiles over all files; left out if no package was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profiles: Option<ProfileFacts>,
    /// `clean` or `findings`.
    pub outcome: NdjsonOutcome,
}

/// A requirement of FHIR's definitions or of a profile that was not decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotChecked {
    /// `invariant` or `binding`; of profiles also `slice`, `profile`, `target`, `bound` and `snapshot`.
    pub kind: &'static str,
    /// The invariant's key, the value set whose codes are not known, the discriminator of slices, the profile that no
    /// package has.
    pub what: String,
    /// The type or element that it is of.
    pub of: String,
    /// The profile that requires it; left out if FHIR's own definitions do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub profile: String,
}

/// What the files come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NdjsonOutcome {
    /// Nothing is wrong.
    Clean,
    /// Something is.
    Findings,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    /// Its path as it was named; `-` for standard input.
    pub path: String,
    /// Lines that are not blank.
    pub lines: u64,
    /// Decoded bytes.
    pub bytes: u64,
    /// Resources by type.
    pub types: BTreeMap<String, u64>,
    /// What was checked against FHIR's definitions; left out if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validated: Option<Validated>,
    /// What is wrong.
    pub findings: Vec<NdjsonFinding>,
    /// Why the file could not be read to its end, a lower-case fragment; left out if it could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl FileReport {
    /// Whether anything is wrong with it.
    pub fn is_wrong(&self) -> bool {
        !self.findings.is_empty() || self.broken.is_some()
    }
}

/// One way in which a file is wrong: its first place, and how often.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NdjsonFinding {
    /// The rule.
    pub rule: LineRule,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// From 0, in decoded bytes.
    pub offset: u64,
    /// The path within the resource.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What shape was there.
    pub actual: String,
    /// How often.
    pub count: u64,
    /// Where the element is defined; left out of what is not about FHIR's definitions.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// The next few lines, for people.
    #[serde(skip)]
    pub also: Vec<u64>,
}

impl NdjsonReport {
    /// 0 for clean, 1 for findings.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            NdjsonOutcome::Clean => 0,
            NdjsonOutcome::Findings => 1,
        }
    }
}

impl From<LineFinding> for NdjsonFinding {
    fn from(from: LineFinding) -> Self {
        let LineFinding { rule, line, column, offset, path, expected, actual, link, count, also } = from;
        Self { rule, line, column, offset, path, expected, actual, count, link, also }
    }
}
