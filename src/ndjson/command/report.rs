//! The report of `plimsoll ndjson`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::recording::facts::{LineFinding, ProfileFacts, Validated};
use crate::suite::line_rules::LineRule;

/// The report. Its JSON is the stable format of `--format json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NdjsonReport {
    /// The files, in the order of the arguments; those of a folder sorted by name.
    pub files: Vec<FileReport>,
    /// Requirements on these types that were not decided; empty if nothing was checked against FHIR's definitions.
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
    /// `invariant` or `binding`; for profiles also the other kinds of
    /// [`Undecided::kind`](crate::fhir::profile::profiles::Undecided).
    pub kind: &'static str,
    /// The key of the invariant, the value set with unknown codes, the discriminator of the slices, or the profile that
    /// is not in the packages.
    pub what: String,
    /// The type or element that it applies to.
    pub of: String,
    /// The profile that requires it; left out if FHIR's own definitions do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub profile: String,
}

/// The outcome for all files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NdjsonOutcome {
    /// No findings.
    Clean,
    /// At least one finding.
    Findings,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    /// Its path as given; `-` for standard input.
    pub path: String,
    /// Lines that are not blank.
    pub lines: u64,
    /// Decoded bytes.
    pub bytes: u64,
    /// Resources by type.
    pub types: BTreeMap<String, u64>,
    /// The results of the validation against FHIR's definitions; left out if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validated: Option<Validated>,
    /// The findings of the file report.
    pub findings: Vec<NdjsonFinding>,
    /// Why the file could not be read to its end, a lower-case fragment; left out if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl FileReport {
    /// Returns whether it has findings or could not be read to its end.
    pub fn is_wrong(&self) -> bool {
        !self.findings.is_empty() || self.broken.is_some()
    }
}

/// One kind of fault in a file: its first position, and how often it occurs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NdjsonFinding {
    /// The rule of the ndjson finding.
    pub rule: LineRule,
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// The position in decoded bytes, from 0.
    pub offset: u64,
    /// The path within the resource.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What was found, as a shape.
    pub actual: String,
    /// The number of occurrences.
    pub count: u64,
    /// The link to the definition of the element; left out for other rules.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// The next few lines with the same fault, for the text format.
    #[serde(skip)]
    pub also: Vec<u64>,
}

impl NdjsonReport {
    /// Returns the exit code: 0 for clean, 1 for findings.
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
