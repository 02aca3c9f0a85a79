//! The plan of a run: which tests are judged, and only those flows, probes and measurements that they need.

use crate::base::vocabulary::Level;
use crate::suite::catalog::Test;
use crate::suite::flow::Flow;
use crate::suite::flow_order::FlowWaits;

use std::sync::Arc;

/// The plan of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The specs to judge, in the order in which the user named them.
    pub specs: Vec<String>,
    /// The specs among them that do not affect the exit code.
    pub informational_specs: Vec<String>,
    /// Whether every test of the specs was selected.
    pub whole: bool,
    /// The tests, spec by spec.
    pub tests: Vec<PlannedTest>,
    /// The flows they need, in the order of [`crate::suite::flow_order::flow_order`].
    pub flows: Vec<PlannedFlow>,
}

impl Plan {
    /// Whether no test was selected.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// The planned flow of this name.
    pub fn flow(&self, name: &str) -> Option<&PlannedFlow> {
        self.flows.iter().find(|flow| flow.name == name)
    }
}

/// A test on one flow, judged under one spec.
#[derive(Clone, Debug)]
pub struct PlannedTest {
    /// The spec of the planned test.
    pub spec: String,
    /// The unique full name: `area::id@flow`, with `SPEC::` before it if several specs are judged.
    pub name: String,
    /// `area::id@flow`.
    pub id: String,
    /// The test.
    pub test: Arc<Test>,
    /// The flow of the planned test.
    pub flow: String,
    /// The flows that its checks compare with. The first that ran at the same export level is used.
    pub compare_with: Vec<String>,
    /// The level of its requirements in this spec.
    pub level: Level,
    /// Its requirements in this spec.
    pub requirements: Vec<String>,
    /// Whether the text of a requirement has a defect, so a violation is only a warning.
    pub defect: bool,
}

/// A flow, reduced to what the selected tests need.
#[derive(Clone, Debug)]
pub struct PlannedFlow {
    /// The name of the planned flow.
    pub name: String,
    /// The flow with only the needed probes.
    pub flow: Flow,
    /// How far it goes.
    pub depth: Depth,
    /// The source flows of its sample values and comparisons, if it needs them. It waits for the first that completes.
    pub needs: Vec<String>,
    /// The other flows that it waits for.
    pub waits: FlowWaits,
    /// What must be measured on its files, in addition to the format of lines.
    pub measures: Measures,
}

/// How far a flow goes before its clean-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// To the kick-off and its probes.
    Kickoff,
    /// To the manifest, or to the failure of the job.
    Manifest,
    /// To the end of the downloads.
    Files,
}

/// What is measured on the files of a flow because tests need it, in addition to the format of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// The identities of resources, as keyed hashes of type and id, to compare two flows.
    pub identity: bool,
    /// Whether lines conform to the rules of a provider directory.
    pub directory: bool,
    /// The resources themselves, up to a limit and only in memory. Later flows take sample values from them and are
    /// compared with them.
    pub resources: bool,
    /// Resources that the flow did not request, and the patients that they belong to.
    pub unrequested: bool,
    /// What a comparison of such resources with the source flow shows.
    pub with_source: bool,
    /// Attachments and references in the lines.
    pub contents: bool,
    /// Whether each resource passes the filters that were sent, and whether the resources of the source flow that must
    /// be exported are exported.
    pub compared: bool,
    /// The blocks of organized files.
    pub blocks: bool,
}
