//! Suite files as they are written. The loader turns these into the [`crate::suite::catalog::Catalog`]; the JSON Schema of suite
//! files is drawn from them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::vocabulary::Area;
use crate::suite::expect::Expect;
use crate::suite::flow::Flow;
use crate::suite::model::{DiffersFrom, Dropped, Hold, NamedOutcome, Place, Protection};
use crate::suite::on::On;
use crate::suite::values::{Names, OneOrMany};

/// A suite file of Plimsoll: specs, requirements, flows and tests, any of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the reader takes a file apart entry by entry; the schema needs the whole")]
#[serde(deny_unknown_fields)]
#[schemars(title = "A suite file of Plimsoll")]
pub struct RawFile {
    /// The part of the export that the requirements and tests of this file are about; needed where there are any.
    pub area: Option<Area>,
    /// The rule books by id.
    #[serde(default)]
    pub spec: BTreeMap<String, RawSpec>,
    /// The server's duties by id.
    #[serde(default)]
    pub requirement: BTreeMap<String, RawRequirement>,
    /// The conversations with the target by name.
    #[serde(default)]
    pub flow: BTreeMap<String, Flow>,
    /// The tests.
    #[serde(default)]
    pub test: Vec<RawTest>,
}

/// The keys at the top of a suite file.
pub const FILE_KEYS: &[&str] = &["area", "spec", "requirement", "flow", "test"];

/// A rule book.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawSpec {
    /// The name people know it by.
    pub title: String,
    /// Its own version.
    pub version: String,
    /// Its date of publication, `YYYY-MM-DD`.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub date: String,
    /// What `at` of a requirement is appended to: an absolute URL that ends in `/`.
    #[schemars(regex(pattern = r"^https?://.*/$"))]
    pub base: String,
    /// Whose it is, where its SHALLs are not HL7's.
    pub owner: Option<String>,
    /// How the reference server is protected while it is judged by this spec; left out: not at all. Other targets are
    /// judged as they are.
    pub auth: Option<Protection>,
    /// The spec whose requirements also hold here.
    pub builds_on: Option<String>,
    /// Requirements of `builds-on` that do not hold here, with the reason.
    #[serde(default)]
    pub drops: Vec<Dropped>,
    /// For flows that the tests of `builds-on` name, those that stand in for them here, where exports are asked for in
    /// another way. Where any are named, inherited tests on other flows are not judged.
    #[serde(default)]
    pub stand_ins: BTreeMap<String, Names>,
    /// The areas in which a SHALL must have been decided before a target is called conformant.
    #[schemars(length(min = 1))]
    pub areas: Vec<Area>,
    /// Canonical URLs by which a CapabilityStatement declares this spec, with an optional `|version`.
    #[serde(default)]
    pub declared_by: Vec<String>,
}

/// A duty of the server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawRequirement {
    /// The duty in our own words.
    pub says: String,
    /// Per spec: how strongly, and where it is written. A spec that is not listed does not demand it.
    #[serde(rename = "in")]
    #[schemars(extend("minProperties" = 1))]
    pub places: BTreeMap<String, Place>,
    /// Public requirement ids that others use for it.
    #[serde(default)]
    pub see: Vec<String>,
    /// Another requirement, or several, whose tests decide this one too.
    #[serde(rename = "as")]
    pub same_as: Option<Names>,
    /// The duties of another spec that it stands beside, and whether it asks for more or less than they.
    pub differs_from: Option<DiffersFrom>,
    /// Why the text itself errs; such a requirement warns at most.
    pub defect: Option<String>,
    /// Why no test verifies it.
    pub untested: Option<String>,
}

/// A test: which exchanges of which flows, and what must hold of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [{"required": ["expect"]}, {"required": ["any-of"]}]))]
pub struct RawTest {
    /// Its name within its area.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9.-]*$"))]
    pub id: String,
    /// What is so when it passes.
    pub title: String,
    /// The requirements it decides.
    pub verifies: Names,
    /// The flows it is run on.
    pub flow: Names,
    /// The exchanges it looks at.
    pub on: OneOrMany<On>,
    /// How many of them must satisfy it.
    #[serde(default)]
    pub hold: Hold,
    /// Narrows the exchanges; none left means not applicable.
    pub when: Option<OneOrMany<Expect>>,
    /// What must hold of each.
    #[schemars(length(min = 1))]
    pub expect: Option<Vec<Expect>>,
    /// Or: one of these outcomes must hold.
    #[schemars(length(min = 1))]
    pub any_of: Option<Vec<NamedOutcome>>,
    /// Why it matters.
    pub why: String,
    /// Flows that its checks compare with: the first of them that ran at the same level.
    pub compare_with: Option<Names>,
    /// Specs that have its requirements, and in which it does not hold; those that build on them, too.
    #[serde(default)]
    pub except: Vec<String>,
}
