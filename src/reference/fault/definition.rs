//! Faults and legal variants, as fault files define them.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::base::vocabulary::{Area, ExportLevel, words};
use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::line_edit::LineEdit;
use crate::reference::fault::placeholders;
use crate::reference::personality::spec::Personality;
use crate::reference::reply::Point;
use crate::suite::model::Protection;
use crate::suite::values::Names;

words! {
    /// The kind of a fault file.
    FaultKind {
        /// The server is wrong in one way. The listed tests must notice it.
        Defect = "defect",
        /// The server is right in an unusual way. No test may notice it.
        Legal = "legal",
    }
}

/// One way in which the reference server can be wrong or unusual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Its id, which is also its file's name.
    pub id: String,
    /// What the server does, as a sentence without a full stop.
    pub title: String,
    /// The part of the export that shows it.
    pub area: Area,
    /// Whether it is wrong or only unusual.
    pub kind: FaultKind,
    /// The specs under which it is wrong or unusual, such as `hl7-3.0.0`; empty: all specs that the server keeps.
    #[serde(default)]
    pub specs: Vec<String>,
    /// The tests that must notice it, such as `poll::in-progress-202`, with `@flow` if not all flows can.
    #[serde(default)]
    pub notices: Vec<String>,
    /// More tests that must notice it if the server is protected.
    #[serde(default, rename = "notices-protected")]
    pub notices_protected: Vec<String>,
    /// The tests that a legal variant leaves undecided, because the spec does not say what it demands then, or that warn
    /// of it, because the spec only recommends it.
    #[serde(default, rename = "leaves-open")]
    pub leaves_open: Vec<String>,
    /// How the server is protected; none: as the spec says.
    pub auth: Option<Protection>,
    /// Why no test has to notice it. The matrix then excludes it.
    pub excluded: Option<String>,
    /// Its steps, in order.
    pub does: Vec<FaultStep>,
}

/// One step of a fault: a change of answers at some points, or a behavior of the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaultStep {
    /// The points at which answers change: `poll.complete`, or `poll` for all points of polls.
    #[serde(default)]
    pub at: Vec<String>,
    /// Restricts the step to some answers.
    #[serde(default)]
    pub when: When,
    /// The new status.
    pub status: Option<u16>,
    /// Headers that replace those of the answer.
    #[serde(default)]
    pub set_header: BTreeMap<String, String>,
    /// Headers that are added to those of the answer.
    #[serde(default)]
    pub add_header: BTreeMap<String, String>,
    /// Headers that are removed.
    #[serde(default)]
    pub remove_header: Vec<String>,
    /// The new body.
    pub body: Option<String>,
    /// The text of an OperationOutcome that replaces the body.
    pub outcome: Option<String>,
    /// JSON values that are set, by pointer. `*` stands for every item of an array, `type=Group` for the item with that
    /// field.
    #[serde(default)]
    pub set_json: BTreeMap<String, String>,
    /// JSON values that are copied, as target and source pointers. `-` appends to an array.
    #[serde(default)]
    pub copy_json: BTreeMap<String, String>,
    /// JSON values that are removed, by pointer, after the other changes.
    #[serde(default)]
    pub remove_json: Vec<String>,
    /// A JSON value that replaces the body. The string `%{body}` in it stands for the body.
    pub wrap_json: Option<String>,
    /// Whether the keys of all JSON objects are reversed.
    #[serde(default)]
    pub reverse_keys: bool,
    /// Changes of the lines of a file, in order.
    #[serde(default)]
    pub lines: Vec<LineEdit>,
    /// A behavior of the server. A step with a behavior has nothing else.
    pub behavior: Option<Behavior>,
}

/// Conditions. All of them must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// The export's level is one of these.
    #[serde(default)]
    pub level: Vec<ExportLevel>,
    /// The request's method.
    pub method: Option<String>,
    /// The first such answer, counted from 1 for each job, file or kind of kick-off.
    pub from: Option<u32>,
    /// The last such answer.
    pub to: Option<u32>,
    /// Only every nth such answer.
    pub every: Option<u32>,
    /// The job was kicked off by POST, or not.
    pub posted: Option<bool>,
    /// The kick-off has this parameter.
    pub param: Option<String>,
    /// The kick-off lacks this parameter.
    pub no_param: Option<String>,
    /// Parameters of the kick-off have these values.
    #[serde(default)]
    pub param_is: BTreeMap<String, String>,
    /// The unchanged answer has this header.
    pub marked: Option<String>,
    /// The request lacks this header.
    pub no_header: Option<String>,
    /// Headers of the request contain these texts.
    #[serde(default)]
    pub header_has: BTreeMap<String, String>,
    /// Whether the job existed and was deleted.
    pub deleted: Option<bool>,
    /// The Group's id.
    pub group: Option<String>,
    /// The file's name is one of these, such as `Patient-1.ndjson`.
    pub file: Option<Names>,
}

/// Why fault files are invalid.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FaultError {
    /// A file is invalid.
    #[error("{file}: {message}")]
    File {
        /// The file.
        file: String,
        /// What is wrong, with the line if it is known.
        message: String,
    },
    /// No fault has this id.
    #[error("no fault is called {id}; `plimsoll selftest --list` names them")]
    Unknown {
        /// The id.
        id: String,
    },
}

impl Fault {
    /// The behaviors of its steps.
    pub fn behaviors(&self) -> impl Iterator<Item = Behavior> + '_ {
        self.does.iter().filter_map(|step| step.behavior)
    }

    /// Whether it applies under this spec.
    pub fn concerns(&self, spec: &str) -> bool {
        self.specs.is_empty() || self.specs.iter().any(|own| own == spec)
    }
}

/// Reads one fault file.
///
/// # Errors
/// The file and its error: it is not TOML, has an unknown key or word, or a step that does nothing.
pub fn parse_fault(file: &str, text: &str) -> Result<Fault, FaultError> {
    let refuse = |message: String| FaultError::File { file: file.to_owned(), message };
    let fault: Fault = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
    let name = file.rsplit('/').next().unwrap_or(file);
    if name.strip_suffix(".toml") != Some(fault.id.as_str()) {
        return Err(refuse(format!("the id {} is not the file's name", fault.id)));
    }
    if fault.does.is_empty() {
        return Err(refuse("it does nothing; give it a [[does]]".to_owned()));
    }
    match fault.kind {
        FaultKind::Defect if fault.notices.is_empty() != fault.excluded.is_some() => {
            let text = "a defect names the tests that notice it under notices, or says excluded = \"why\"";
            return Err(refuse(text.to_owned()));
        }
        FaultKind::Defect if !fault.leaves_open.is_empty() => {
            return Err(refuse("only a legal variant has leaves-open; a defect is noticed".to_owned()));
        }
        FaultKind::Legal if !(fault.notices.is_empty() && fault.notices_protected.is_empty()) => {
            return Err(refuse("nothing may notice a legal variant; take notices out".to_owned()));
        }
        _ => {}
    }
    if let Some(unknown) = fault.specs.iter().find(|spec| Personality::from_word(spec).is_none()) {
        return Err(refuse(format!("unknown spec {unknown}; the server speaks {}", list(Personality::ALL))));
    }
    for step in &fault.does {
        step.check().map_err(refuse)?;
    }
    Ok(fault)
}

fn list<T: std::fmt::Display>(words: &[T]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl FaultStep {
    /// Whether it changes answers at `point`.
    pub(crate) fn covers(&self, point: Point) -> bool {
        self.at.iter().any(|at| at == point.as_str() || family(at).is_some_and(|points| points.contains(&point)))
    }

    /// Whether it changes only the JSON of manifests.
    pub(crate) fn edits_manifests(&self) -> bool {
        let more = self.status.is_some()
            || self.body.is_some()
            || self.outcome.is_some()
            || self.wrap_json.is_some()
            || !(self.set_header.is_empty() && self.add_header.is_empty() && self.remove_header.is_empty());
        self.covers(Point::PollComplete) && !more
    }

    fn changes(&self) -> bool {
        self.status.is_some()
            || self.body.is_some()
            || self.outcome.is_some()
            || self.wrap_json.is_some()
            || self.reverse_keys
            || !self.copy_json.is_empty()
            || !(self.set_header.is_empty() && self.add_header.is_empty() && self.remove_header.is_empty())
            || !(self.set_json.is_empty() && self.remove_json.is_empty() && self.lines.is_empty())
    }

    fn check(&self) -> Result<(), String> {
        if self.behavior.is_some() {
            return match self.at.is_empty() && !self.changes() {
                true => Ok(()),
                false => Err("a behavior goes with nothing else in its step".to_owned()),
            };
        }
        if !self.changes() {
            return Err("a step changes nothing".to_owned());
        }
        if self.at.is_empty() {
            return Err(format!("a step says at which points it applies; points are {}", list(Point::ALL)));
        }
        if let Some(at) = self.at.iter().find(|at| Point::from_word(at).is_none() && family(at).is_none()) {
            return Err(format!("unknown point {at}; points are {}", list(Point::ALL)));
        }
        if self.status.is_some_and(|status| http::StatusCode::from_u16(status).is_err()) {
            return Err("a status lies between 100 and 999".to_owned());
        }
        for (pointer, value) in &self.set_json {
            serde_json::from_str::<serde_json::Value>(value)
                .map_err(|error| format!("the value for {pointer} is not JSON: {error}"))?;
        }
        let pointers = self
            .set_json
            .keys()
            .chain(&self.remove_json)
            .chain(self.copy_json.iter().flat_map(|(to, from)| [to, from]));
        if let Some(pointer) = pointers.into_iter().find(|pointer| !pointer.starts_with('/')) {
            return Err(format!("the JSON pointer {pointer} does not begin with /"));
        }
        let texts = self.set_header.values().chain(self.add_header.values()).chain(&self.body).chain(&self.outcome);
        let texts = texts.chain(self.set_json.values()).chain(&self.wrap_json);
        texts
            .chain(self.lines.iter().filter_map(|edit| edit.text.as_ref()))
            .try_for_each(|text| placeholders::check(text))?;
        self.lines.iter().try_for_each(LineEdit::check)
    }
}

/// The points that a shorter word covers.
fn family(word: &str) -> Option<&'static [Point]> {
    match word {
        "kickoff" => Some(&[Point::KickoffAccepted, Point::KickoffRefused]),
        "poll" => Some(&[
            Point::PollInProgress,
            Point::PollComplete,
            Point::PollFailed,
            Point::PollThrottled,
            Point::PollGone,
        ]),
        "file" => Some(&[Point::FileOutput, Point::FileError, Point::FileDeleted]),
        "cohort" => Some(&[Point::CohortAccepted, Point::CohortMade]),
        "delete" => Some(&[Point::DeleteAccepted, Point::DeleteRefused]),
        _ => None,
    }
}
