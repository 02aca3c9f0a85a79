//! The format of fault files, which define faults and legal variants.

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
        /// The server is wrong in one way, and the tests in `notices` must notice it.
        Defect = "defect",
        /// The server is correct in an unusual way, and no test may fail on it.
        Legal = "legal",
    }
}

/// One way in which the reference server can be wrong or unusual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Its id, which is also its file's name.
    pub id: String,
    /// What the server does, in the present tense, without a full stop.
    pub title: String,
    /// The part of the export in which it can be noticed.
    pub area: Area,
    /// Whether it is a defect or a legal variant.
    pub kind: FaultKind,
    /// The specs to which it applies, such as `hl7-3.0.0`; empty for all specs.
    #[serde(default)]
    pub specs: Vec<String>,
    /// The tests that must notice it, such as `poll::in-progress-202`, with `@flow` if only some flows can notice it.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Further tests that must notice it if the server has access control.
    #[serde(default, rename = "notices-protected")]
    pub notices_protected: Vec<String>,
    /// The tests that may end without a pass on a legal variant: they are undecided, because the spec does not define
    /// this case, or they warn, because the spec only recommends something else.
    #[serde(default, rename = "leaves-open")]
    pub leaves_open: Vec<String>,
    /// The access control of the server; as the spec requires if it is not given.
    pub auth: Option<Protection>,
    /// Why no test has to notice it; the matrix excludes such a fault.
    pub excluded: Option<String>,
    /// Its steps, in order.
    pub does: Vec<FaultStep>,
}

/// One step of a fault: a change of responses at some points, or a behavior of the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaultStep {
    /// The points at which responses change: `poll.complete`, or `poll` for all points of polls.
    #[serde(default)]
    pub at: Vec<String>,
    /// Conditions that restrict the step to some responses.
    #[serde(default)]
    pub when: When,
    /// The new status.
    pub status: Option<u16>,
    /// Headers that are set, in place of headers of the same name.
    #[serde(default)]
    pub set_header: BTreeMap<String, String>,
    /// Headers that are added, in addition to headers of the same name.
    #[serde(default)]
    pub add_header: BTreeMap<String, String>,
    /// Headers that are removed.
    #[serde(default)]
    pub remove_header: Vec<String>,
    /// The new body.
    pub body: Option<String>,
    /// The text of an OperationOutcome that replaces the body.
    pub outcome: Option<String>,
    /// JSON values that are set, by pointer. In a pointer, `*` selects every item of an array and `type=Group` the item
    /// with that field.
    #[serde(default)]
    pub set_json: BTreeMap<String, String>,
    /// JSON values that are copied, as target and source pointers; a target that ends with `/-` appends to an array.
    #[serde(default)]
    pub copy_json: BTreeMap<String, String>,
    /// JSON values that are removed, by pointer, after the other changes.
    #[serde(default)]
    pub remove_json: Vec<String>,
    /// A JSON value that replaces the body; the string `%{body}` in it is replaced by the original body.
    pub wrap_json: Option<String>,
    /// Whether the order of the keys is reversed in all JSON objects.
    #[serde(default)]
    pub reverse_keys: bool,
    /// Changes of the lines of a file, made in order.
    #[serde(default)]
    pub lines: Vec<LineEdit>,
    /// A behavior of the server; a step with `behavior` has no other key.
    pub behavior: Option<Behavior>,
}

/// Conditions of a step, all of which must be true.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// The export level is one of these.
    #[serde(default)]
    pub level: Vec<ExportLevel>,
    /// The request has this method.
    pub method: Option<String>,
    /// The step applies from this response on, counted from 1 for each job, file or kick-off with the same parameters.
    pub from: Option<u32>,
    /// The step applies up to this response, counted in the same way.
    pub to: Option<u32>,
    /// The step applies only to every nth response, counted in the same way.
    pub every: Option<u32>,
    /// Whether the job was kicked off by POST.
    pub posted: Option<bool>,
    /// The kick-off has this parameter.
    pub param: Option<String>,
    /// The kick-off does not have this parameter.
    pub no_param: Option<String>,
    /// The kick-off has these parameters with these values.
    #[serde(default)]
    pub param_is: BTreeMap<String, String>,
    /// The response has this header before this fault changes it.
    pub marked: Option<String>,
    /// The request does not have this header.
    pub no_header: Option<String>,
    /// The request has these headers with values that contain these texts.
    #[serde(default)]
    pub header_has: BTreeMap<String, String>,
    /// Whether the job existed and was deleted.
    pub deleted: Option<bool>,
    /// The Group has this id.
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
    #[error("unknown fault {id}; `plimsoll selftest --list` lists all faults")]
    Unknown {
        /// The id.
        id: String,
    },
}

impl Fault {
    /// The behaviors that its steps switch on.
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
/// The file and what is wrong: it is not TOML, has an unknown key or value, or has a step that changes nothing.
pub fn parse_fault(file: &str, text: &str) -> Result<Fault, FaultError> {
    let refuse = |message: String| FaultError::File { file: file.to_owned(), message };
    let fault: Fault = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
    let name = file.rsplit('/').next().unwrap_or(file);
    if name.strip_suffix(".toml") != Some(fault.id.as_str()) {
        return Err(refuse(format!("the id {} is not the file's name; give both the same name", fault.id)));
    }
    if fault.does.is_empty() {
        return Err(refuse("the fault does nothing; add a [[does]]".to_owned()));
    }
    match fault.kind {
        FaultKind::Defect if fault.notices.is_empty() != fault.excluded.is_some() => {
            let text = "a defect needs either notices, with the tests that notice it, or excluded, with the reason";
            return Err(refuse(text.to_owned()));
        }
        FaultKind::Defect if !fault.leaves_open.is_empty() => {
            return Err(refuse("only a legal variant can have leaves-open; remove it".to_owned()));
        }
        FaultKind::Legal if !(fault.notices.is_empty() && fault.notices_protected.is_empty()) => {
            return Err(refuse("no test may notice a legal variant; remove notices".to_owned()));
        }
        _ => {}
    }
    if let Some(unknown) = fault.specs.iter().find(|spec| Personality::from_word(spec).is_none()) {
        return Err(refuse(format!("unknown spec {unknown}; the server implements {}", list(Personality::ALL))));
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
    /// Whether it changes responses at `point`.
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
                false => Err("a step with a behavior can have no other key; use a second [[does]]".to_owned()),
            };
        }
        if !self.changes() {
            return Err("a step changes nothing; add a change or a behavior".to_owned());
        }
        if self.at.is_empty() {
            return Err(format!(
                "a step needs the points at which it applies: add at with one of {}",
                list(Point::ALL)
            ));
        }
        if let Some(at) = self.at.iter().find(|at| Point::from_word(at).is_none() && family(at).is_none()) {
            return Err(format!("unknown point {at}; the points are {}", list(Point::ALL)));
        }
        if self.status.is_some_and(|status| http::StatusCode::from_u16(status).is_err()) {
            return Err("a status must be between 100 and 999".to_owned());
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
            return Err(format!("the JSON pointer {pointer} does not start with /"));
        }
        let texts = self.set_header.values().chain(self.add_header.values()).chain(&self.body).chain(&self.outcome);
        let texts = texts.chain(self.set_json.values()).chain(&self.wrap_json);
        texts
            .chain(self.lines.iter().filter_map(|edit| edit.text.as_ref()))
            .try_for_each(|text| placeholders::check(text))?;
        self.lines.iter().try_for_each(LineEdit::check)
    }
}

/// The points that a shorter name covers.
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
