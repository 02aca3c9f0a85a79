//! What a suite file says, after it was read and checked: the [`Catalog`] that planning and judging work from.
//!
//! The types marked `Deserialize` are read from TOML as they stand; the loader resolves the rest. What is sent stands in
//! `flow.rs`, what is expected in `expect.rs`; both are named from here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::vocabulary::{Area, Level, words};
use crate::suite::expect::Expect;
use crate::suite::flow::Flow;
use crate::suite::named::Named;

/// Where something stands in a suite file; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file, as `suites/poll.toml`.
    pub file: String,
    /// The line of the entry's head.
    pub line: usize,
}

/// Everything the suites say, checked as a whole.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The specs by id, in the order of the files.
    pub specs: Named<Spec>,
    /// The requirements by id, in the order of the files.
    pub requirements: Named<Requirement>,
    /// The flows by name, in the order of the files.
    pub flows: Named<Flow>,
    /// The tests, in the order of the files.
    pub tests: Vec<Test>,
    /// A digest of the suite files' bytes, 12 hex digits: equal digests mean equal rules.
    pub digest: String,
}

impl Catalog {
    /// The spec with this id.
    pub fn spec(&self, id: &str) -> Option<&Spec> {
        self.specs.get(id)
    }

    /// The requirement with this id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.get(id)
    }

    /// The flow with this name.
    pub fn flow(&self, name: &str) -> Option<&Flow> {
        self.flows.get(name)
    }

    /// Where `requirement` is written in `spec`, as an absolute URL; none if that spec does not have it.
    pub fn link(&self, requirement: &str, spec: &str) -> Option<String> {
        let place = self.requirement(requirement)?.places.get(spec)?;
        // What a spec inherits is written in the spec it builds on.
        if place.at.contains("://") {
            return Some(place.at.clone());
        }
        Some(format!("{}{}", self.spec(spec)?.base, place.at))
    }

    /// The requirements that hold in `spec`, in the order of the suites.
    pub fn requirements_of<'a>(&'a self, spec: &str) -> Vec<(&'a Requirement, &'a Place)> {
        self.requirements
            .values()
            .filter_map(|requirement| Some((requirement, requirement.places.get(spec)?)))
            .collect()
    }

    /// The flows on which `test` is judged under `spec`: its own, but for what `except` leaves out, or, where it is
    /// inherited by a spec with stand-ins, theirs.
    pub fn flows_of(&self, test: &Test, spec: &str) -> Vec<String> {
        if excepts(&self.specs, &test.except, spec) {
            return Vec::new();
        }
        let mut flows = self.standing_in(test, spec, &test.flows, |flow| test.on.iter().any(|on| flow.shows(on)));
        flows.retain(|name| !self.flow(name).is_some_and(|flow| excepts(&self.specs, &flow.except, spec)));
        flows
    }

    /// The flows that `test` looks at in `spec` where it stands on `flow`, which gathers.
    pub fn gathered(&self, test: &Test, spec: &str, flow: &Flow) -> Vec<String> {
        let own = self.flows_of(test, spec);
        let known = |name: &&String| {
            self.flow(name).is_some_and(|flow| !flow.aggregates && !excepts(&self.specs, &flow.except, spec))
        };
        flow.from.0.iter().filter(|name| !own.contains(name)).filter(known).cloned().collect()
    }

    /// The flows that `test` compares with in `spec`, likewise.
    pub fn compare_with_of(&self, test: &Test, spec: &str) -> Vec<String> {
        self.standing_in(test, spec, &test.compare_with, |_| true)
    }

    fn standing_in(&self, test: &Test, spec: &str, named: &[String], fits: impl Fn(&Flow) -> bool) -> Vec<String> {
        let Some(known) = self.spec(spec).filter(|known| !known.stand_ins.is_empty()) else { return named.to_vec() };
        let base = known.builds_on.as_deref().unwrap_or_default();
        let holds_in_base = |id: &String| self.requirement(id).is_some_and(|r| r.places.contains_key(base));
        if !test.verifies.iter().any(holds_in_base) {
            return named.to_vec();
        }
        let mut flows: Vec<String> = Vec::new();
        for stand_in in named.iter().filter_map(|name| known.stand_ins.get(name)).flatten() {
            if !flows.contains(stand_in) && self.flow(stand_in).is_some_and(&fits) {
                flows.push(stand_in.clone());
            }
        }
        flows
    }

    /// Why no test verifies `requirement` in `spec`: it says so itself, or its tests look at what is not asked for there.
    pub fn untested_in(&self, requirement: &Requirement, spec: &str) -> Option<String> {
        let place = requirement.places.get(spec)?;
        if let Some(why) = place.untested.as_ref().or(requirement.untested.as_ref()) {
            return Some(why.clone());
        }
        if self.tests_of(&requirement.id).any(|test| !self.flows_of(test, spec).is_empty()) {
            return None;
        }
        let mut flows: Vec<&str> = Vec::new();
        for flow in self.tests_of(&requirement.id).flat_map(|test| &test.flows) {
            if !flows.contains(&flow.as_str()) {
                flows.push(flow);
            }
        }
        let flows = flows.iter().filter_map(|name| self.flow(name)).map(|flow| flow.title.as_str());
        let title = self.spec(spec).map(|spec| spec.title.as_str()).unwrap_or_default();
        let flows = flows.collect::<Vec<_>>().join("; ");
        Some(format!("it shows in exports that {title} does not describe: {flows}"))
    }

    /// The tests that verify `requirement`, in the order of the files.
    pub fn tests_of<'a>(&'a self, requirement: &'a str) -> impl Iterator<Item = &'a Test> + 'a {
        self.tests.iter().filter(move |test| test.verifies.iter().any(|id| id == requirement))
    }
}

/// Whether a list of specs under `except` leaves `spec` out: it names that spec, or one that it builds on.
pub(crate) fn excepts(specs: &Named<Spec>, except: &[String], spec: &str) -> bool {
    let mut at = Some(spec);
    for _ in 0..=specs.len() {
        let Some(id) = at else { return false };
        if except.iter().any(|known| known == id) {
            return true;
        }
        at = specs.get(id).and_then(|spec| spec.builds_on.as_deref());
    }
    false
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
    /// [`Catalog::link`] joins the two.
    pub at: String,
    /// Why no test verifies it in this spec, where others have one.
    pub untested: Option<String>,
}

/// What must hold of which exchanges.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name within its area.
    pub id: String,
    /// Its area; reports name it `area::id@flow`.
    pub area: Area,
    /// What is so when it passes.
    pub title: String,
    /// The requirements it decides, those included that adopt them with `as`.
    pub verifies: Vec<String>,
    /// The flows it is run on.
    pub flows: Vec<String>,
    /// The exchanges it looks at.
    pub on: Vec<On>,
    /// How many of them must satisfy it.
    pub hold: Hold,
    /// Narrows the exchanges; none left means not applicable.
    pub when: Vec<Expect>,
    /// What must hold of each.
    pub expect: Vec<Expect>,
    /// Or: one of these outcomes must hold.
    pub any_of: Vec<NamedOutcome>,
    /// Why it matters.
    pub why: String,
    /// Flows that its checks compare with: the first of them that ran at the same level.
    pub compare_with: Vec<String>,
    /// Specs that have its requirements, and in which it does not hold.
    pub except: Vec<String>,
    /// Where it is defined.
    pub source: Source,
}

impl Test {
    /// `area::id`, the name without a flow.
    pub fn name(&self) -> String {
        format!("{}::{}", self.area, self.id)
    }
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

/// Which exchanges of a flow a test looks at. Retries and redirects on the way to an answer are never looked at; the
/// last answer is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// `kickoff`: the answer to the kick-off.
    Kickoff,
    /// `kickoff.optional`: the same, judged also where the flow's kick-off may be refused, and was.
    KickoffOptional,
    /// `kickoff.busy`: the answers to kick-offs that were sent again while other exports ran: 429, and refusals that ended
    /// when those did.
    KickoffBusy,
    /// `poll`: every poll of the flow itself.
    Poll,
    /// `poll.in-progress`: the polls that say the job still runs.
    PollInProgress,
    /// `poll.transient`: the polls that failed while the job went on.
    PollTransient,
    /// `poll.failed`: the poll that says the job failed.
    PollFailed,
    /// `poll.complete`: the poll that says the job is done, whatever its body.
    PollComplete,
    /// `manifest`: the same, where its body is a manifest.
    Manifest,
    /// `page`: the manifests that others link to.
    Page,
    /// `file`: every file fetched.
    File,
    /// `file.output`, `file.error`, `file.deleted`: those of one list.
    FileOf(FileList),
    /// `delete`: the flow's own DELETE.
    Delete,
    /// `probe.ID`: one probe.
    Probe(String),
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
