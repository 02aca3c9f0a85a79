//! The entries of suite files, after they were read: specs, requirements and what tests are made of.
//!
//! The types marked `Deserialize` are read from TOML as they are; the loader resolves the rest.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::vocabulary::{Area, Level, words};
use crate::suite::expect::Expect;

/// Where something stands in a suite file; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file, as `suites/poll.toml`.
    pub file: String,
    /// The line of the entry's head.
    pub line: usize,
}

/// One rule book.
#[derive(Clone, Debug)]
pub struct Spec {
    /// As `hl7-3.0.0`.
    pub id: String,
    /// The name people know it by.
    pub title: String,
    /// Its own version.
    pub version: String,
    /// Its date of publication, `YYYY-MM-DD`.
    pub date: String,
    /// What a requirement's `at` is appended to, ending in `/`.
    pub base: String,
    /// Whose it is, where its SHALLs are not HL7's.
    pub owner: Option<String>,
    /// How the reference server is protected while it is judged by this spec; none: not at all.
    pub auth: Option<Protection>,
    /// The spec whose requirements also hold here.
    pub builds_on: Option<String>,
    /// Requirements of `builds_on` that do not hold here, with the reason.
    pub drops: Vec<Dropped>,
    /// For flows that inherited tests name, those that stand in for them here; where there are any, inherited tests on
    /// other flows are not judged.
    pub stand_ins: BTreeMap<String, Vec<String>>,
    /// The areas in which a SHALL must have been decided before a target is called conformant.
    pub areas: Vec<Area>,
    /// Canonical URLs by which a CapabilityStatement declares this spec, in `instantiates` or `implementationGuide`,
    /// with an optional `|version`.
    pub declared_by: Vec<String>,
    /// Where it is defined.
    pub source: Source,
}

words! {
    /// How the reference server is protected while it is judged by a spec.
    Protection {
        /// By SMART Backend Services, with a client that is registered for the run.
        Smart = "smart",
    }
}

/// A requirement of the underlying spec that a spec leaves out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// The requirement's id.
    pub requirement: String,
    /// Why it does not hold here.
    pub why: String,
}

/// One duty of the server.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The id it has in the catalogue of requirements.
    pub id: String,
    /// Its part of the export.
    pub area: Area,
    /// The duty in our own words.
    pub says: String,
    /// Per spec: how strongly, and where it is written. A spec that is not listed does not demand it.
    pub places: BTreeMap<String, Place>,
    /// Public requirement ids that others use for it.
    pub see: Vec<String>,
    /// Other requirements whose tests decide this one too.
    pub same_as: Vec<String>,
    /// The duties of another spec that it stands beside.
    pub differs_from: Option<DiffersFrom>,
    /// Why the text itself errs; such a requirement warns at most.
    pub defect: Option<String>,
    /// Why no test verifies it.
    pub untested: Option<String>,
    /// Where it is defined.
    pub source: Source,
}

/// What a requirement is to those of another spec on the same matter. Reports on both show them side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffersFrom {
    /// The other spec's requirements.
    #[schemars(length(min = 1))]
    pub requirements: Vec<String>,
    /// What it asks for, by them.
    pub asks: Asks,
    /// What those say, in a fragment; left out where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

words! {
    /// What one spec asks for, by another.
    Asks {
        /// More.
        More = "more",
        /// Less.
        Less = "less",
        /// Something else.
        Other = "other",
        /// The same.
        Same = "same",
    }
}

/// A requirement's standing in one spec.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// How strongly the spec demands it.
    pub level: Level,
    /// Where it is written, relative to the spec's base; an absolute URL where the spec inherits it from another.
    /// [`crate::suite::catalog::Catalog::link`] joins the two.
    pub at: String,
    /// Why no test verifies it in this spec, where others have one.
    pub untested: Option<String>,
}

/// One of several answers that the text allows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedOutcome {
    /// Its name, as `accepted`.
    pub outcome: String,
    /// What must hold.
    #[schemars(length(min = 1))]
    pub expect: Vec<Expect>,
}

words! {
    /// The list of the manifest that names a file.
    FileList {
        /// `output`
        Output = "output",
        /// `error`
        Error = "error",
        /// `deleted`
        Deleted = "deleted",
    }
}

words! {
    /// How many of the exchanges looked at must satisfy a test.
    #[derive(Default)]
    Hold {
        /// All of them.
        #[default]
        Every = "every",
        /// The last one.
        Last = "last",
        /// None of them.
        None = "none",
    }
}
