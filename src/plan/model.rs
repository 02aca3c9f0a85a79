//! From what is asked for to what must be done: which tests are judged, and which flows, probes and measurements they
//! need, no more.

use crate::base::vocabulary::Level;
use crate::suite::catalog::Test;
use crate::suite::flow::Flow;
use crate::suite::flow_order::FlowWaits;

use std::sync::Arc;

/// What a run will do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The specs judged, in the order they were named.
    pub specs: Vec<String>,
    /// Those among them that do not count for the exit code.
    pub informational_specs: Vec<String>,
    /// Whether every test of the specs was selected.
    pub whole: bool,
    /// The tests, spec by spec.
    pub tests: Vec<PlannedTest>,
    /// The flows they need, in the order of [`crate::suite::flow_order::flow_order`].
    pub flows: Vec<PlannedFlow>,
}

impl Plan {
    /// Whether nothing was selected, so that there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// The flow of this name, as far as it is needed.
    pub fn flow(&self, name: &str) -> Option<&PlannedFlow> {
        self.flows.iter().find(|flow| flow.name == name)
    }
}

/// A test on one flow, judged under one spec.
#[derive(Clone, Debug)]
pub struct PlannedTest {
    /// The spec.
    pub spec: String,
    /// `area::id@flow`, after `SPEC::` where several specs are judged. Unique.
    pub name: String,
    /// `area::id@flow`.
    pub id: String,
    /// The test.
    pub test: Arc<Test>,
    /// The flow.
    pub flow: String,
    /// The flows that its checks compare with: the first of them that ran at the same level.
    pub compare_with: Vec<String>,
    /// The level of its requirements in this spec.
    pub level: Level,
    /// Those of its requirements that this spec has.
    pub requirements: Vec<String>,
    /// Whether the text errs here, so that it warns at most.
    pub defect: bool,
}

/// A flow, only as deep as the selected tests look.
#[derive(Clone, Debug)]
pub struct PlannedFlow {
    /// Its name.
    pub name: String,
    /// What it does; only the probes that are needed are left in it.
    pub flow: Flow,
    /// How far it goes.
    pub depth: Depth,
    /// The flows that its sample values come from and that it is compared with, where it needs them. It waits for the
    /// first that goes through.
    pub needs: Vec<String>,
    /// The other flows that it waits for.
    pub waits: FlowWaits,
    /// What must be measured on its files beyond framing.
    pub measures: Measures,
}

/// How far a flow goes before it is cleaned up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The kick-off and its probes.
    Kickoff,
    /// Until the manifest, or the failure.
    Manifest,
    /// Until the files were fetched.
    Files,
}

/// What is measured on the files of a flow beyond framing, because a test asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Which resources there are, by a keyed hash of type and id, so that two flows can be compared.
    pub identity: bool,
    /// Whether lines keep the rules of a provider directory.
    pub directory: bool,
    /// The resources themselves, as many as are kept, in memory only: sample values of later flows come
    /// from them, and later flows are compared with them.
    pub resources: bool,
    /// Resources that the flow did not request, and their owners.
    pub unrequested: bool,
    /// Of these, what only a comparison with the source flow shows.
    pub with_source: bool,
    /// Attachments and references in the lines.
    pub contents: bool,
    /// Whether each resource passes the filters that were sent, and whether those of the flow's source that must come
    /// back did.
    pub compared: bool,
    /// Which blocks organised files hold.
    pub blocks: bool,
}
