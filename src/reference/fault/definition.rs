//! Faults and legal variants, as data.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::base::vocabulary::{Area, ExportLevel, words};
use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::mutate::placeholders_of;
use crate::reference::options::Personality;
use crate::reference::reply::Point;
use crate::suite::model::Protection;
use crate::suite::values::Names;

words! {
    /// What a fault file makes of the server.
    FaultKind {
        /// Wrong in one way; the tests listed must notice.
        Defect = "defect",
        /// Right in an unusual way; nothing may notice.
        Legal = "legal",
    }
}

/// One way in which the reference server is wrong or unusual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Its id, which is also its file's name.
    pub id: String,
    /// What is so, in a sentence without a full stop.
    pub title: String,
    /// The part of the export that it shows in.
    pub area: Area,
    /// Wrong, or only unusual.
    pub kind: FaultKind,
    /// The rule books under which it is what `kind` says, as `hl7-3.0.0`; left out: all that the server speaks.
    #[serde(default)]
    pub specs: Vec<String>,
    /// The tests that must notice, as `poll::in-progress-202`, with `@flow` where not all flows can.
    #[serde(default)]
    pub notices: Vec<String>,
    /// The tests that must notice, too, where the server is protected.
    #[serde(default, rename = "notices-protected")]
    pub notices_protected: Vec<String>,
    /// The tests that a legal variant leaves undecided, because the text does not say what it then demands, or that warn
    /// of it, because what they ask is no duty.
    #[serde(default, rename = "leaves-open")]
    pub leaves_open: Vec<String>,
    /// How the server is protected while it is wrong or unusual in this way; left out: as the spec says.
    pub auth: Option<Protection>,
    /// Why no test of this release has to notice it; the matrix then leaves it out.
    pub excluded: Option<String>,
    /// What it does, in order.
    pub does: Vec<FaultStep>,
}

/// One thing that a fault does: a change of answers at some points, or a behavior of the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaultStep {
    /// The points at which answers change: `poll.complete`, or `poll` for all of them.
    #[serde(default)]
    pub at: Vec<String>,
    /// Narrows the answers.
    #[serde(default)]
    pub when: When,
    /// The status.
    pub status: Option<u16>,
    /// Headers that are set, in place of those there.
    #[serde(default)]
    pub set_header: BTreeMap<String, String>,
    /// Headers that are added beside those there.
    #[serde(default)]
    pub add_header: BTreeMap<String, String>,
    /// Headers that are left out.
    #[serde(default)]
    pub remove_header: Vec<String>,
    /// The whole body, in place of what was there.
    pub body: Option<String>,
    /// The text of an OperationOutcome in place of the body.
    pub outcome: Option<String>,
    /// JSON values that are set, by pointer; `*` stands for every item, `type=Group` for the one with that field, and the
    /// value is JSON.
    #[serde(default)]
    pub set_json: BTreeMap<String, String>,
    /// JSON values that are copied, from pointer by to-pointer; `-` appends to an array.
    #[serde(default)]
    pub copy_json: BTreeMap<String, String>,
    /// JSON values that are taken out, by pointer, after all else.
    #[serde(default)]
    pub remove_json: Vec<String>,
    /// A JSON value that the body is put into, at the place of the string `%{body}`.
    pub wrap_json: Option<String>,
    /// The keys of all JSON objects come in reverse.
    #[serde(default)]
    pub reverse_keys: bool,
    /// Changes of a file's lines, in order.
    #[serde(default)]
    pub lines: Vec<LineEdit>,
    /// A behavior of the server; goes with nothing else.
    pub behavior: Option<Behavior>,
}

/// Conditions; all that are given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// The export's level is one of these.
    #[serde(default)]
    pub level: Vec<ExportLevel>,
    /// The request's method.
    pub method: Option<String>,
    /// From so many such answers on, counted from 1 for each job, file or kind of kick-off.
    pub from: Option<u32>,
    /// Up to so many.
    pub to: Option<u32>,
    /// Every so many.
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
    /// The honest answer has this header.
    pub marked: Option<String>,
    /// The request lacks this header.
    pub no_header: Option<String>,
    /// Headers of the request contain these texts.
    #[serde(default)]
    pub header_has: BTreeMap<String, String>,
    /// The job was there once, and was deleted, or not.
    pub deleted: Option<bool>,
    /// The Group's id.
    pub group: Option<String>,
    /// The file's name, as `Patient-1.ndjson`, is one of these.
    pub file: Option<Names>,
}

words! {
    /// What is done with lines.
    LineAction {
        /// `text` becomes a line of its own before it.
        InsertBefore = "insert-before",
        /// `text` takes its place.
        Replace = "replace",
        /// It is left out.
        Drop = "drop",
        /// It is sent twice.
        Repeat = "repeat",
        /// `text` goes before it, on the same line.
        Prefix = "prefix",
        /// `text` goes after it, on the same line.
        Suffix = "suffix",
        /// Every `find` in it becomes `text`.
        ReplaceText = "replace-text",
        /// The JSON value at `pointer` becomes `text`.
        SetJson = "set-json",
        /// The JSON value at `pointer` is taken out.
        RemoveJson = "remove-json",
        /// A line feed breaks it in its middle.
        Break = "break",
        /// It is spread over several lines.
        Pretty = "pretty",
        /// The line feed after it is left out.
        Join = "join",
        /// Lines end with CR LF.
        Crlf = "crlf",
        /// Commas between all lines, brackets around them.
        Array = "array",
        /// The last line feed is left out.
        NoFinalNewline = "no-final-newline",
        /// The last `bytes` bytes are left out.
        CutEnd = "cut-end",
        /// The whole is sent as Latin-1, which is not UTF-8 where it leaves ASCII.
        Latin1 = "latin-1",
        /// `text` goes before the whole.
        Start = "start",
        /// `text` goes after the whole.
        End = "end",
        /// The whole becomes a Binary resource that holds it as base64.
        Binary = "binary",
        /// The whole becomes a Bundle of its lines.
        Bundle = "bundle",
    }
}

/// A change of a file's lines.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineEdit {
    /// What is done.
    pub edit: LineAction,
    /// The line, from 1; counted from the end where negative; left out: every line.
    pub line: Option<i64>,
    /// The text that it takes.
    pub text: Option<String>,
    /// What is replaced.
    pub find: Option<String>,
    /// The place in the line's JSON.
    pub pointer: Option<String>,
    /// How many bytes.
    pub bytes: Option<usize>,
}

/// Why fault files cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FaultError {
    /// A file is not what it should be.
    #[error("{file}: {message}")]
    File {
        /// The file.
        file: String,
        /// What is wrong, with the line where it is known.
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
    /// The behaviors that it names.
    pub fn behaviors(&self) -> impl Iterator<Item = Behavior> + '_ {
        self.does.iter().filter_map(|step| step.behavior)
    }

    /// Whether it is a fault (or a variant) under this rule book.
    pub fn concerns(&self, spec: &str) -> bool {
        self.specs.is_empty() || self.specs.iter().any(|own| own == spec)
    }
}

/// Reads one fault file.
///
/// # Errors
/// The file and what is wrong with it: not TOML, an unknown key or word, or a step that does nothing.
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

    /// Whether it changes the JSON of manifests and nothing else.
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
            .try_for_each(|text| placeholders_of(text))?;
        self.lines.iter().try_for_each(LineEdit::check)
    }
}

/// The points that a shorter word stands for.
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

impl LineEdit {
    fn check(&self) -> Result<(), String> {
        use LineAction as Do;
        let takes = |needed: bool, given: bool, key: &str| match (needed, given) {
            (true, false) => Err(format!("the edit {} needs {key}", self.edit)),
            (false, true) => Err(format!("the edit {} takes no {key}", self.edit)),
            _ => Ok(()),
        };
        let text = matches!(
            self.edit,
            Do::InsertBefore
                | Do::Replace
                | Do::Prefix
                | Do::Suffix
                | Do::ReplaceText
                | Do::SetJson
                | Do::Start
                | Do::End
        );
        takes(text, self.text.is_some(), "text")?;
        takes(self.edit == Do::ReplaceText, self.find.is_some(), "find")?;
        takes(matches!(self.edit, Do::SetJson | Do::RemoveJson), self.pointer.is_some(), "pointer")?;
        takes(self.edit == Do::CutEnd, self.bytes.is_some(), "bytes")?;
        let whole = matches!(
            self.edit,
            Do::Crlf
                | Do::Array
                | Do::NoFinalNewline
                | Do::CutEnd
                | Do::Latin1
                | Do::Start
                | Do::End
                | Do::Binary
                | Do::Bundle
        );
        if self.line == Some(0) {
            return Err("lines count from 1, or from -1 at the end".to_owned());
        }
        if whole && self.line.is_some() {
            return Err(format!("the edit {} is of the whole file and takes no line", self.edit));
        }
        if self.edit == Do::SetJson {
            let value = self.text.as_deref().unwrap_or_default();
            serde_json::from_str::<serde_json::Value>(value)
                .map_err(|error| format!("{value} is not JSON: {error}"))?;
        }
        Ok(())
    }
}
