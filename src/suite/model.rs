//! The entries of suite files after loading: specs, requirements and parts of tests.
//!
//! Types with `Deserialize` are read from TOML directly; the loader resolves the others.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::vocabulary::{Area, Level, words};
use crate::suite::expect::Expect;

/// The position of an entry in a suite file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The path of the file, such as `suites/poll.toml`.
    pub file: String,
    /// The line of the entry's header, from 1.
    pub line: usize,
}

/// One spec in one version.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The id, such as `hl7-3.0.0`.
    pub id: String,
    /// The title that reports show.
    pub title: String,
    /// The version of the spec.
    pub version: String,
    /// The date of publication, `YYYY-MM-DD`.
    pub date: String,
    /// The base URL that `at` of a requirement is appended to. It ends in `/`.
    pub base: String,
    /// The organization that publishes it, if its SHALLs are not HL7's.
    pub owner: Option<String>,
    /// How the reference server controls access while it is judged by this spec; none: it does not.
    pub auth: Option<Protection>,
    /// The spec that this spec inherits the requirements of.
    pub builds_on: Option<String>,
    /// Requirements of `builds_on` that this spec does not inherit, with the reason.
    pub drops: Vec<Dropped>,
    /// For each flow that inherited tests name, the flows that replace it here. If there are any, inherited tests on
    /// other flows are not judged.
    pub stand_ins: BTreeMap<String, Vec<String>>,
    /// The areas in which at least one SHALL must be decided before a target is called conformant.
    pub areas: Vec<Area>,
    /// The canonical URLs, with an optional `|version`, with which a CapabilityStatement declares this spec in
    /// `instantiates` or `implementationGuide`.
    pub declared_by: Vec<String>,
    /// Where it is defined.
    pub source: Source,
}

words! {
    /// How the reference server controls access while it is judged by a spec.
    Protection {
        /// With SMART Backend Services and a client that is registered for the run.
        Smart = "smart",
    }
}

/// A requirement of the spec under `builds-on` that a spec does not inherit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// The id of the requirement.
    pub requirement: String,
    /// The reason why it does not apply here.
    pub why: String,
}

/// One requirement.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The id, unique in all suite files.
    pub id: String,
    /// The area of its file.
    pub area: Area,
    /// The requirement in our own words: a sentence about the server, with a full stop.
    pub says: String,
    /// The specs that have the requirement, each with the level and the place there.
    pub places: BTreeMap<String, Place>,
    /// Public ids that others use for this requirement.
    pub see: Vec<String>,
    /// Other requirements; their tests verify this one too.
    pub same_as: Vec<String>,
    /// The requirements of another spec that it differs from.
    pub differs_from: Option<DiffersFrom>,
    /// What is wrong with the text of the spec. A violation of such a requirement is only a warning.
    pub defect: Option<String>,
    /// The reason why no test verifies it.
    pub untested: Option<String>,
    /// Where it is defined.
    pub source: Source,
}

/// How a requirement differs from requirements of another spec on the same topic. Reports on both specs show them side
/// by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffersFrom {
    /// The ids of the other spec's requirements.
    #[schemars(length(min = 1))]
    pub requirements: Vec<String>,
    /// Whether this requirement demands more than those, less, something else, or the same.
    pub asks: Asks,
    /// What the other requirements say, a fragment. It is omitted if they demand the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

words! {
    /// What a requirement demands, compared with those of another spec.
    Asks {
        /// It demands more.
        More = "more",
        /// It demands less.
        Less = "less",
        /// It demands something else.
        Other = "other",
        /// It demands the same.
        Same = "same",
    }
}

/// The level and the place of a requirement in one spec.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The level of the requirement in this spec.
    pub level: Level,
    /// Where the requirement is written, relative to the spec's `base`, such as `export.html#kick-off`.
    pub at: String,
    /// The reason why no test verifies it in this spec, if tests verify it in others.
    pub untested: Option<String>,
}

/// One of several outcomes that the spec allows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedOutcome {
    /// The name of the outcome, such as `accepted`. Findings show it.
    pub outcome: String,
    /// The expectations of this outcome; all must be met.
    #[schemars(length(min = 1))]
    pub expect: Vec<Expect>,
}

words! {
    /// The list of the manifest that names a file.
    FileList {
        /// The list `output`.
        Output = "output",
        /// The list `error`.
        Error = "error",
        /// The list `deleted`.
        Deleted = "deleted",
    }
}

words! {
    /// How many of the exchanges must meet the expectations of a test.
    #[derive(Default)]
    Hold {
        /// All exchanges must meet them.
        #[default]
        Every = "every",
        /// The last exchange must meet them.
        Last = "last",
        /// No exchange may meet them.
        None = "none",
    }
}
