//! Facts of files, measured while they are received: counts, dates, keyed hashes and positions, never resource content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recording::secrecy::Withheld;
use crate::suite::line_rules::LineRule;
use crate::suite::shapes::DirectoryTopic;

/// What was measured on one file while it was received.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// The exchange that fetched it. After redirects, the last exchange.
    pub exchange: u32,
    /// The content coding that was decoded, such as `gzip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coding: Option<String>,
    /// Whether the body was received completely and could be decoded.
    pub whole: bool,
    /// SHA-256 of the decoded bytes, hex.
    pub sha256: String,
    /// What the line reader found.
    pub lines: LineFacts,
    /// A keyed hash of every resource in it, if the plan needs identity: base64 of sorted big-endian 64-bit numbers.
    /// The hashes can be compared only within the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// How many of its resources pass the filters of the kick-off, if that was measured and a filter is for its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filtered: Option<Filtered>,
    /// The blocks of the file facts, if organized files were requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organized: Option<Organized>,
    /// Resources in it that the run's client must not receive; none if the user named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

/// The blocks of a file, if files organized by resources of one type were requested. These resources are numbered
/// within the flow, in the order of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organized {
    /// Headers that refer to a resource of the type.
    pub blocks: u64,
    /// The first line with a resource before any header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Headers that do not refer to a resource of the type.
    pub strange: u64,
    /// The line of the first of these headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_strange: Option<u64>,
    /// The number of the resource of the block that the file begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<u64>,
    /// The number of the resource of the block that the file ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<u64>,
    /// Resources that have a block here but are in no block of any file.
    pub bare: u64,
    /// The block of the first of these resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare_at: Option<BlockAt>,
    /// The first blocks, at most twenty, of resources that also have blocks in other files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<BlockAt>,
    /// Whether a file of the flow has more blocks than are checked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// The position of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockAt {
    /// The number of the resource of the block.
    pub of: u64,
    /// The line of its header, from 1.
    pub line: u64,
}

/// How many resources of one file pass the filters of the kick-off. Resources of types without a filter are not
/// counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filtered {
    /// The resources that pass.
    pub matched: u64,
    /// The resources that certainly do not pass.
    pub unmatched: u64,
    /// The resources that could not be decided.
    pub undecided: u64,
    /// The first lines, at most six, with a resource that does not pass; from 1.
    pub lines: Vec<u64>,
}

/// What the line reader found in one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineFacts {
    /// The number of decoded bytes.
    pub bytes: u64,
    /// Lines that are not blank.
    pub lines: u64,
    /// Blank lines.
    pub blank: u64,
    /// Lines that are a JSON object with a `resourceType`.
    pub resources: u64,
    /// Resources by type.
    pub types: BTreeMap<String, u64>,
    /// Whether any line ends in CR LF.
    pub crlf: bool,
    /// Whether the last line ends in a line feed. True for an empty file.
    pub final_newline: bool,
    /// Resources with a readable `meta.lastUpdated`.
    pub dated: u64,
    /// The earliest `meta.lastUpdated`, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<String>,
    /// The latest `meta.lastUpdated`, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// Resources with a `meta.lastUpdated` more than a second later than the `transactionTime` of the manifest.
    pub after_transaction_time: u64,
    /// The first line with such a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_after_transaction_time: Option<u64>,
    /// In a `deleted` file: resources that are also in an output file of the flow.
    pub deleted_in_output: u64,
    /// How many attachments were found, if the plan needs them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attachments: u64,
    /// How many references were found, if the plan needs them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub references: u64,
    /// The result of validation against FHIR's definitions; none if the resources were not validated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validated: Option<Validated>,
    /// The violations: one finding for each rule, with its first position and its count. Rules of FHIR's definitions
    /// have one finding for each element, up to a limit.
    pub findings: Vec<LineFinding>,
    /// The results of the provider directory rules, if the plan needs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectoryFacts>,
}

/// Whether a count need not be written down.
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The results of the provider directory rules on one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectoryFacts {
    /// By topic: lines that were checked.
    pub looked_at: BTreeMap<DirectoryTopic, u64>,
    /// By type: lines that do not claim the profile of their type and were not validated against it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unclaimed: BTreeMap<String, u64>,
    /// By path of a part of `meta`: lines without it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without: BTreeMap<String, u64>,
    /// Lines beyond Plimsoll's limits, which were not checked.
    #[serde(default)]
    pub unread: u64,
    /// The violations: one finding for each rule, with its first position and its count.
    pub findings: Vec<DirectoryFinding>,
}

/// A violated rule of a provider directory. It has no resource content, only kinds of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectoryFinding {
    /// The topic of the rule.
    pub topic: DirectoryTopic,
    /// The name of the directory finding.
    pub rule: String,
    /// The first line, from 1.
    pub line: u64,
    /// The column of the element or of the nearest element around it, from 1, in characters.
    pub column: u64,
    /// The byte offset of this position in the decoded file, from 0.
    pub offset: u64,
    /// The path within the resource, such as `Organization.identifier[0].value`.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub actual: String,
    /// How many lines violate the rule.
    pub count: u64,
    /// The next lines that violate it, at most five.
    pub also: Vec<u64>,
}

/// The result of validation against FHIR's definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validated {
    /// The FHIR version of the definitions, such as `4.0.1`.
    pub by: String,
    /// The number of validated resources.
    pub resources: u64,
    /// The number of invalid resources.
    pub invalid: u64,
    /// The number of resources without a narrative (dom-6 recommends one).
    pub bare: u64,
    /// The results of validation against profiles; none if the user gave no package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<ProfileFacts>,
}

/// The results of validation against the profiles of the user's packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileFacts {
    /// The packages: name and version.
    pub packages: Vec<String>,
    /// The number of claims of profiles, or versions of profiles, that none of the packages has.
    pub unknown: u64,
    /// The number of resources that are nested too deeply to be validated.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread: u64,
    /// The profiles that at least one resource was validated against.
    pub held: Vec<ProfileTally>,
}

/// The result of one profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileTally {
    /// The URL of the profile.
    pub profile: String,
    /// The version of the profile.
    pub version: String,
    /// The number of resources that were validated against it.
    pub resources: u64,
    /// The number of resources that do not conform to it.
    pub invalid: u64,
    /// The number of must-support elements.
    pub supports: u64,
    /// The ids of must-support elements that no resource has.
    pub never: Vec<String>,
}

impl ProfileFacts {
    /// Adds the results of another file. An element is missing only if it is missing in both.
    pub fn add(&mut self, other: &Self) {
        for package in &other.packages {
            if !self.packages.contains(package) {
                self.packages.push(package.clone());
            }
        }
        self.unknown += other.unknown;
        self.unread += other.unread;
        for tally in &other.held {
            match self.held.iter_mut().find(|own| own.profile == tally.profile) {
                Some(own) => {
                    own.resources += tally.resources;
                    own.invalid += tally.invalid;
                    own.never.retain(|element| tally.never.contains(element));
                }
                None => self.held.push(tally.clone()),
            }
        }
        self.held.sort_by(|one, other| one.profile.cmp(&other.profile));
    }
}

impl LineFacts {
    /// Whether every line could be read, so a resource that was not found is not in the file. Other files have
    /// findings.
    pub fn is_legible(&self) -> bool {
        let harmless = |rule: LineRule| matches!(rule, LineRule::Bom | LineRule::BlankLine) || rule.is_of_contents();
        self.findings.iter().all(|finding| harmless(finding.rule))
    }
}

/// A violated rule in a file. It has no resource content, only kinds of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineFinding {
    /// The violated rule.
    pub rule: LineRule,
    /// The first line, from 1.
    pub line: u64,
    /// The column in that line, from 1, in characters.
    pub column: u64,
    /// The byte offset in the decoded file, from 0.
    pub offset: u64,
    /// The path within the resource, such as `Patient.name[0].family`; empty for the line itself.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What kind of value was found.
    pub actual: String,
    /// The URL of the element's definition, for rules of FHIR's definitions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// How often the rule is violated.
    pub count: u64,
    /// The next lines that violate it, at most five. The first line is [`LineFinding::line`].
    pub also: Vec<u64>,
}
