//! The types of suite files as written. The loader turns them into the [`crate::suite::catalog::Catalog`]; the JSON
//! Schema of suite files is generated from them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::vocabulary::Area;
use crate::suite::expect::Expect;
use crate::suite::flow::Flow;
use crate::suite::model::{DiffersFrom, Dropped, Hold, NamedOutcome, Place, Protection};
use crate::suite::on::On;
use crate::suite::values::{Names, OneOrMany};

/// A suite file of Plimsoll. It may have specs, requirements, flows and tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the reader reads each entry separately; the schema needs the whole file")]
#[serde(deny_unknown_fields)]
#[schemars(title = "A suite file of Plimsoll")]
pub struct RawFile {
    /// The area of the requirements and tests of this file. Required if the file has any.
    pub area: Option<Area>,
    /// The specs, by id.
    #[serde(default)]
    pub spec: BTreeMap<String, RawSpec>,
    /// The requirements, by id.
    #[serde(default)]
    pub requirement: BTreeMap<String, RawRequirement>,
    /// The flows, by name.
    #[serde(default)]
    pub flow: BTreeMap<String, Flow>,
    /// The tests of the file.
    #[serde(default)]
    pub test: Vec<RawTest>,
}

/// The top-level keys of a suite file.
pub const FILE_KEYS: &[&str] = &["area", "spec", "requirement", "flow", "test"];

/// A spec: one text that Plimsoll judges by, in one version.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawSpec {
    /// The title that reports show.
    pub title: String,
    /// The version of the spec.
    pub version: String,
    /// The date of publication, `YYYY-MM-DD`.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub date: String,
    /// The base URL that `at` of a requirement is appended to. It is absolute and ends in `/`.
    #[schemars(regex(pattern = r"^https?://.*/$"))]
    pub base: String,
    /// The organization that publishes the spec, if its SHALLs are not HL7's.
    pub owner: Option<String>,
    /// How the reference server controls access while it is judged by this spec. Without this key it does not. Other
    /// targets are not affected.
    pub auth: Option<Protection>,
    /// The id of the spec that this spec inherits all requirements of.
    pub builds_on: Option<String>,
    /// Requirements of `builds-on` that this spec does not inherit, with the reason.
    #[serde(default)]
    pub drops: Vec<Dropped>,
    /// For each flow that inherited tests name, the flows that replace it in this spec, because exports are requested
    /// differently. If there are any, inherited tests on other flows are not judged.
    #[serde(default)]
    pub stand_ins: BTreeMap<String, Names>,
    /// The areas in which at least one SHALL must be decided before a target is called conformant.
    #[schemars(length(min = 1))]
    pub areas: Vec<Area>,
    /// The canonical URLs, with an optional `|version`, with which a CapabilityStatement declares this spec.
    #[serde(default)]
    pub declared_by: Vec<String>,
}

/// A requirement: one statement of a spec in our own words.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawRequirement {
    /// The requirement in our own words: a sentence about the server, with a full stop.
    pub says: String,
    /// The specs that have the requirement, each with the level and the place there.
    #[serde(rename = "in")]
    #[schemars(extend("minProperties" = 1))]
    pub places: BTreeMap<String, Place>,
    /// Public ids that others use for this requirement.
    #[serde(default)]
    pub see: Vec<String>,
    /// Another requirement, or several; their tests verify this one too.
    #[serde(rename = "as")]
    pub same_as: Option<Names>,
    /// The requirements of another spec that it differs from, and whether it demands more or less than those.
    pub differs_from: Option<DiffersFrom>,
    /// What is wrong with the text of the spec. A violation of such a requirement is only a warning.
    pub defect: Option<String>,
    /// The reason why no test verifies the requirement.
    pub untested: Option<String>,
}

/// A test: expectations on some exchanges of some flows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [{"required": ["expect"]}, {"required": ["any-of"]}]))]
pub struct RawTest {
    /// The id of the test, unique within its area.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9.-]*$"))]
    pub id: String,
    /// What holds if the test passes: a clause without a full stop.
    pub title: String,
    /// The requirements that the test verifies. In each spec they must have the same level.
    pub verifies: Names,
    /// The flows that the test is judged on. Each flow gives one result.
    pub flow: Names,
    /// The places, that is the kinds of exchanges, that the test looks at.
    pub on: OneOrMany<On>,
    /// How many of these exchanges must meet the expectations.
    #[serde(default)]
    pub hold: Hold,
    /// Conditions that select exchanges. If no exchange meets all of them, the test is not applicable.
    pub when: Option<OneOrMany<Expect>>,
    /// The expectations. An exchange must meet all of them.
    #[schemars(length(min = 1))]
    pub expect: Option<Vec<Expect>>,
    /// The allowed outcomes, in place of `expect`. An exchange must have one of them.
    #[schemars(length(min = 1))]
    pub any_of: Option<Vec<NamedOutcome>>,
    /// What happens to a client or patient if the test fails, without a full stop.
    pub why: String,
    /// The flows that checks compare the test's flow with. The first that ran at the same export level is used.
    pub compare_with: Option<Names>,
    /// The specs that have its requirements but do not judge this test. Specs that build on them do not judge it
    /// either.
    #[serde(default)]
    pub except: Vec<String>,
}
