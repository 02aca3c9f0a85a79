//! The judged run: the source of every report and the content of `run.json`. Its shape is a contract, because scripts
//! outside this repository read it.

use serde::{Deserialize, Serialize};

use crate::base::vocabulary::{Area, Level, Verdict, words};
use crate::recording::early_end::EarlyEndKind;
use crate::recording::facts::FileFacts;
use crate::recording::model::{Exchange, FlowRecord, Start};
use crate::suite::model::DiffersFrom;
use crate::verdicts::finding_place::FindingPlace;

/// A judged run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The tool that judged.
    pub plimsoll: Tool,
    /// The server that was judged.
    pub target: Target,
    /// How much of the specs the run covers.
    pub scope: Scope,
    /// Wall time, RFC 3339, UTC.
    pub started: String,
    /// Wall time, RFC 3339, UTC; empty if the run was killed.
    pub finished: String,
    /// Why the run ended early, if it did.
    pub early: Option<String>,
    /// The kind of early end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_kind: Option<EarlyEndKind>,
    /// What the run cost the target.
    pub traffic: Traffic,
    /// One judgement for each spec, in the order in which the user named the specs.
    pub judgements: Vec<Judgement>,
    /// The exchanges of the recording.
    pub exchanges: Vec<Exchange>,
    /// The facts about files of the recording.
    pub files: Vec<FileFacts>,
    /// The flows of the recording, with their ends as they were judged.
    pub flows: Vec<FlowRecord>,
    /// The start of the run, from the recording.
    pub start: Start,
    /// Jobs left on the target, by redacted polling URL.
    pub leftovers: Vec<String>,
}

/// The version of the tool and of its rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The version of the program.
    pub version: String,
    /// The digest of the suites that judged.
    pub suites: String,
}

/// The server that was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The base URL of the target.
    pub base: String,
    /// Name and version that it declares; empty if it declares none.
    pub software: String,
    /// FHIR version that it declares; empty if it declares none.
    pub fhir: String,
}

words! {
    /// How much of the specs a run covers.
    Scope {
        /// Every test.
        Whole = "whole",
        /// Some tests. Such a run does not show conformance with the whole spec.
        Filtered = "filtered",
    }
}

/// What a run cost the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Requests sent.
    pub requests: u64,
    /// Jobs accepted.
    pub kickoffs: u64,
    /// Kick-offs sent, including refused ones.
    pub kickoff_requests: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Resources in the files.
    pub resources: u64,
}

/// The judgement under one spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The spec's id.
    pub spec: String,
    /// The title and version of the judgement, for people.
    pub title: String,
    /// The owner of the rules, if not HL7.
    pub owner: Option<String>,
    /// The outcome of the run.
    pub outcome: Conformance,
    /// Whether known deviations let it pass a gate.
    pub gate: Gate,
    /// Judged without counting for the exit code.
    pub informational: bool,
    /// The outcome in one sentence.
    pub because: String,
    /// The number of different SHALLs and SHALL NOTs that were decided.
    pub decided: u32,
    /// Every test, in the order of the suites.
    pub tests: Vec<TestResult>,
    /// Every requirement of the spec, in the order of areas and suites.
    pub requirements: Vec<RequirementResult>,
}

words! {
    /// The outcome of a run under one spec.
    Conformance {
        /// No test failed, no test is undecided, and a SHALL was decided in each area.
        Conformant = "conformant",
        /// A test failed.
        NotConformant = "not-conformant",
        /// No test failed, but a test could not be decided, or too few were.
        Undetermined = "undetermined",
    }
}

words! {
    /// The effect of known deviations on the gate.
    Gate {
        /// No known deviation changes the result.
        None = "none",
        /// Every failure is a known deviation.
        Passed = "passed",
        /// A known deviation passes again; the user must remove it from the list.
        StaleKnown = "stale-known",
    }
}

/// The result of a test on one flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// `area::id@flow`.
    pub id: String,
    /// What holds if the test passes.
    pub title: String,
    /// The verdict of the test result.
    pub verdict: Verdict,
    /// The level of its requirements in this spec.
    pub level: Level,
    /// Its requirements in this spec.
    pub requirements: Vec<String>,
    /// Whether the text of the spec has a defect here, so that the test warns at most.
    pub defect: bool,
    /// A clause: why it failed, was skipped, could not be decided or does not apply. Empty for a pass.
    pub because: String,
    /// The test has no finding of its own: `because` is the reason that its flow ended early.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flow_ended: bool,
    /// The test that shows the cause, if the violation is only a part of a larger one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The reason of the known deviation that covers it.
    pub known: Option<String>,
    /// The violations of the test result.
    pub findings: Vec<Finding>,
    /// What happens to a client or patient if the test fails.
    pub why: String,
    /// Its place in the suites: `suites/poll.toml:50`.
    pub suite: String,
    /// The flow of the test result.
    pub flow: String,
    /// The area of the test result.
    pub area: Area,
    /// The judged exchanges.
    pub exchanges: Vec<u32>,
}

/// One violation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The exchange that shows it.
    pub exchange: Option<u32>,
    /// The place: `status`, `header Retry-After`, `body /output/0/url`, `line 17 column 3`; for scripts under
    /// `where`: `status`, `header`, `body`, `line`, `none`.
    #[serde(flatten)]
    pub place: FindingPlace,
    /// What was expected, a noun phrase.
    pub expected: String,
    /// What was found, a noun phrase, escaped.
    pub actual: String,
    /// Line, column and byte offset in a file.
    pub position: Option<Position>,
    /// The other exchanges that show the same.
    pub repeats: Vec<u32>,
    /// The number of occurrences in the exchange.
    pub count: u64,
    /// The number of judged exchanges.
    pub looked_at: u32,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// From 0, in bytes of the decoded file.
    pub offset: u64,
}

/// The result of a requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequirementResult {
    /// The id of the requirement result.
    pub id: String,
    /// Its level in this spec.
    pub level: Level,
    /// The state of the requirement result.
    pub state: RequirementState,
    /// Why, if it is not met.
    pub because: String,
    /// The area of the requirement result.
    pub area: Area,
    /// The requirement in our own words.
    pub says: String,
    /// The link to its text in the spec.
    pub link: String,
    /// The tests that decide it, `area::id@flow`.
    pub tests: Vec<String>,
    /// The requirements of another spec that it differs from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs_from: Option<DiffersFrom>,
}

words! {
    /// The state of a requirement.
    RequirementState {
        /// A test shows that the server meets it.
        Met = "met",
        /// A SHALL or SHALL NOT is violated.
        Violated = "violated",
        /// A requirement of a weaker level is not met.
        NotMet = "not-met",
        /// Not decided in this run.
        Undetermined = "undetermined",
        /// Does not apply to this target.
        NotApplicable = "not-applicable",
        /// No test verifies it.
        Untested = "untested",
    }
}
