//! What is measured on a file while it comes: counts, dates, keyed hashes and places, never resource content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recording::secrecy::Withheld;
use crate::suite::line_rules::LineRule;
use crate::suite::shapes::DirectoryTopic;

/// What was measured on one file while it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// The exchange that fetched it; the last one after redirects.
    pub exchange: u32,
    /// The content coding that was undone, as `gzip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coding: Option<String>,
    /// Whether the body came whole and could be decoded.
    pub whole: bool,
    /// SHA-256 of the decoded bytes, hex.
    pub sha256: String,
    /// The lines.
    pub lines: LineFacts,
    /// A keyed hash of every resource in it, where the plan asked for identity: base64 of big-endian 64-bit numbers,
    /// sorted. Equal across the files of one run, meaningless beyond it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// What the filters of the kick-off say of its resources, where they were measured and one concerns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filtered: Option<Filtered>,
    /// Its blocks, where it was asked to be organised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organized: Option<Organized>,
    /// Resources in it that the run's client must not receive; none if the user named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

/// The blocks of a file that was asked to be organised by resources of one type. Those resources are numbered within
/// the flow, in the order of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organized {
    /// Headers that refer to a resource of the type.
    pub blocks: u64,
    /// The first line with a resource before any header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Headers that refer to nothing of the type.
    pub strange: u64,
    /// The line of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_strange: Option<u64>,
    /// Whose block the file begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<u64>,
    /// Whose block it ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<u64>,
    /// Resources that have a block here and are in no block of any file.
    pub bare: u64,
    /// The block of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare_at: Option<BlockAt>,
    /// The first blocks of resources that have blocks in other files, too, at most twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<BlockAt>,
    /// Some file of the flow had more blocks than are looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// One block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockAt {
    /// The number of the resource that it is about.
    pub of: u64,
    /// The line of its header, from 1.
    pub line: u64,
}

/// What the filters of a kick-off say of the resources of one file, those of types that no filter concerns left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filtered {
    /// Those that pass.
    pub matched: u64,
    /// Those that certainly do not.
    pub unmatched: u64,
    /// Those that could not be decided.
    pub undecided: u64,
    /// The first lines with one that does not pass, from 1, at most six.
    pub lines: Vec<u64>,
}

/// What the line reader saw of one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineFacts {
    /// Decoded bytes.
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
    /// Whether the last line ends in a line feed; true for an empty file.
    pub final_newline: bool,
    /// Resources with a readable `meta.lastUpdated`.
    pub dated: u64,
    /// The earliest `meta.lastUpdated`, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<String>,
    /// The latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// Resources whose `meta.lastUpdated` is more than a second later than the `transactionTime` of the manifest.
    pub after_transaction_time: u64,
    /// The first line with such a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_after_transaction_time: Option<u64>,
    /// In a `deleted` file: resources that some output file of the flow holds too.
    pub deleted_in_output: u64,
    /// How many attachments were seen, where they were looked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attachments: u64,
    /// How many references were seen, where they were looked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub references: u64,
    /// How many of the resources were held against FHIR's definitions; none where they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validated: Option<Validated>,
    /// What is wrong, by rule; each rule once, with its first place and how often. What breaks FHIR's
    /// definitions has a finding for each element, up to a limit.
    pub findings: Vec<LineFinding>,
    /// The rules of a provider directory, where the plan asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectoryFacts>,
}

/// Whether a count need not be written down.
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The results of a provider directory's rules on one file's lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectoryFacts {
    /// Lines that were looked at, by topic.
    pub looked_at: BTreeMap<DirectoryTopic, u64>,
    /// Lines that do not claim the profile of their type, and were not held to it, by type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unclaimed: BTreeMap<String, u64>,
    /// Lines without some part of `meta`, by its path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without: BTreeMap<String, u64>,
    /// Lines beyond our limits, which were not looked at.
    #[serde(default)]
    pub unread: u64,
    /// What is wrong, by rule; each rule once, with its first place and how often.
    pub findings: Vec<DirectoryFinding>,
}

/// One rule of a provider directory that is broken. Never holds resource content, only shapes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectoryFinding {
    /// What the rule belongs to.
    pub topic: DirectoryTopic,
    /// Its name.
    pub rule: String,
    /// The first line, from 1.
    pub line: u64,
    /// The column of the element there, or of the nearest around it, from 1, in characters.
    pub column: u64,
    /// The byte offset of that in the decoded file, from 0.
    pub offset: u64,
    /// The path within the resource, as `Organization.identifier[0].value`.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// How many lines.
    pub count: u64,
    /// The next lines with it, at most five.
    pub also: Vec<u64>,
}

/// What was held against FHIR's definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validated {
    /// The FHIR version of the definitions, such as `4.0.1`.
    pub by: String,
    /// The resources that were held against them.
    pub resources: u64,
    /// Those that break them.
    pub invalid: u64,
    /// Those without a narrative, where one is good practice (dom-6).
    pub bare: u64,
    /// The profiles that resources were held to; none where no package was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles: Option<ProfileFacts>,
}

/// What was held to the profiles of the packages that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileFacts {
    /// The packages: name and version.
    pub packages: Vec<String>,
    /// Claims of profiles, or versions of them, that none of these packages has.
    pub unknown: u64,
    /// Resources that are nested too deeply to be held to any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread: u64,
    /// The profiles that some resource was held to.
    pub held: Vec<ProfileTally>,
}

/// The result of one profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileTally {
    /// Its URL.
    pub profile: String,
    /// Its version.
    pub version: String,
    /// The resources that were held to it.
    pub resources: u64,
    /// Those that do not keep it.
    pub invalid: u64,
    /// How many elements it wants to be supported.
    pub supports: u64,
    /// Those of them that no resource has, as ids of elements.
    pub never: Vec<String>,
}

impl ProfileFacts {
    /// Adds the result of another file: an element was seen if either has it.
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
    /// Whether every line could be read, so that a resource that is not among them is not in the file. A file of
    /// which that is not so has findings of its own.
    pub fn is_legible(&self) -> bool {
        let harmless = |rule: LineRule| matches!(rule, LineRule::Bom | LineRule::BlankLine) || rule.is_of_contents();
        self.findings.iter().all(|finding| harmless(finding.rule))
    }
}

/// One way in which a file is wrong. Never holds resource content, only shapes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineFinding {
    /// The rule that is broken.
    pub rule: LineRule,
    /// The first line, from 1.
    pub line: u64,
    /// The column there, from 1, in characters.
    pub column: u64,
    /// The byte offset in the decoded file, from 0.
    pub offset: u64,
    /// The path within the resource, as `Patient.name[0].family`; empty for the line itself.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What shape was there.
    pub actual: String,
    /// Where the element is defined, for what breaks FHIR's definitions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// How often.
    pub count: u64,
    /// The next lines with it, at most five; the first is [`LineFinding::line`].
    pub also: Vec<u64>,
}
