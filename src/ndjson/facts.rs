//! The notes of an inspector on one line: faults, and the few facts that the rules need.

use std::borrow::Cow;

use crate::base::fhir_names::is_type_name;
use crate::base::json_text::unescape;
use crate::fhir::validate::fault::ResourceFault;
use crate::suite::line_rules::LineRule;

/// The shape of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineShape {
    /// It is a readable JSON object, possibly with faults.
    Object,
    /// It is JSON, but not an object.
    Other,
    /// It ends within its JSON value. That is not a fault yet, because the next lines may continue the value.
    Unfinished {
        /// Whether it ends within a string.
        in_string: bool,
    },
    /// It is not readable; a fault explains why.
    #[default]
    Broken,
}

/// One fault in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// The rule.
    pub rule: LineRule,
    /// The position, in bytes from the start of the line.
    pub at: usize,
    /// The path within the resource, without the resource type: `name[0].family`.
    pub path: String,
    /// What was expected, a noun phrase without resource content.
    pub expected: Cow<'static, str>,
    /// What was found, a noun phrase without resource content.
    pub actual: Cow<'static, str>,
}

/// The state of an element that should be a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextState {
    /// It is missing.
    #[default]
    Absent,
    /// It is a string.
    Present,
    /// It is another value, named with an article: `a number`.
    Other(&'static str),
}

/// An element that should be a string. The buffer is reused from line to line.
#[derive(Debug, Default)]
pub struct JsonText {
    /// Whether it is a string.
    pub state: TextState,
    /// The start of its value, in bytes from the start of the line.
    pub at: usize,
    /// The string without escapes, cut at [`JsonText::MAX`] bytes.
    pub text: String,
}

impl JsonText {
    /// The maximum number of bytes that are kept; no rule needs more.
    pub const MAX: usize = 4096;

    /// Returns the string, if it is one.
    pub fn get(&self) -> Option<&str> {
        (self.state == TextState::Present).then_some(self.text.as_str())
    }

    /// Sets a string value.
    pub(crate) fn set(&mut self, raw: &[u8], escaped: bool, at: usize) {
        self.state = TextState::Present;
        self.at = at;
        self.text.clear();
        let mut end = raw.len().min(Self::MAX);
        while end > 0 && end < raw.len() && raw.get(end).is_some_and(|b| *b & 0xc0 == 0x80) {
            end -= 1;
        }
        let raw = raw.get(..end).unwrap_or_default();
        if escaped {
            let mut bytes = Vec::with_capacity(raw.len());
            unescape(raw, &mut bytes);
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        } else {
            self.text.push_str(&String::from_utf8_lossy(raw));
        }
    }

    /// Records a value that is not a string.
    pub(crate) fn set_other(&mut self, shape: &'static str, at: usize) {
        self.state = TextState::Other(shape);
        self.at = at;
        self.text.clear();
    }

    fn clear(&mut self) {
        self.state = TextState::Absent;
        self.at = 0;
        self.text.clear();
    }
}

/// The notes of an inspector on one line. Created once and reused for every line, to avoid allocations.
#[derive(Debug, Default)]
pub struct LineNotes {
    /// The shape of the line.
    pub shape: LineShape,
    /// The faults, each rule at most once.
    pub faults: Vec<LineFault>,
    /// The start of the line's value, in bytes.
    pub at: usize,
    /// `resourceType`.
    pub resource_type: JsonText,
    /// `id`.
    pub id: JsonText,
    /// `meta.versionId`.
    pub version_id: JsonText,
    /// `meta.lastUpdated`.
    pub last_updated: JsonText,
    /// Whether the value of the key `resource` is an object with a `resourceType`.
    pub wrapped: bool,
    /// The number of `issue` items with a severity and a code.
    pub issues: u64,
    /// Whether the resource was validated against FHIR's definitions.
    pub judged: bool,
    /// The violations of the definitions.
    pub invalid: Vec<ResourceFault>,
    /// The violations of profiles.
    pub unkept: Vec<ResourceFault>,
    /// Whether it is a DomainResource without a narrative.
    pub bare: bool,
    /// The `request.url` of each Bundle entry with the method DELETE, or without a method.
    pub removed: Vec<String>,
    /// `type`, the type of a Bundle.
    pub bundle_type: JsonText,
    /// The number of entries of a Bundle.
    pub entries: u64,
    /// The number of entries without a request with method and url.
    pub entries_unsaid: u64,
    /// The number of entries with a method other than DELETE.
    pub entries_kept: u64,
}

impl LineNotes {
    /// Clears all notes for the next line.
    pub fn clear(&mut self) {
        self.shape = LineShape::Broken;
        self.faults.clear();
        self.at = 0;
        let texts = [&mut self.resource_type, &mut self.id, &mut self.version_id, &mut self.last_updated];
        for text in texts.into_iter().chain([&mut self.bundle_type]) {
            text.clear();
        }
        self.entries = 0;
        self.entries_unsaid = 0;
        self.entries_kept = 0;
        self.wrapped = false;
        self.issues = 0;
        self.removed.clear();
        self.judged = false;
        self.invalid.clear();
        self.unkept.clear();
        self.bare = false;
    }

    /// Records a fault, unless this line already has a fault of the same rule.
    pub fn fault(&mut self, fault: LineFault) {
        if !self.faults.iter().any(|known| known.rule == fault.rule) {
            self.faults.push(fault);
        }
    }

    /// Returns the type of the resource, if it is safe to show: letters that begin with a capital letter.
    pub fn plausible_type(&self) -> Option<&str> {
        self.resource_type.get().filter(|name| is_type_name(name))
    }

    /// Returns the path with the type before it, if the type is safe to show. An empty path stays empty.
    pub(crate) fn rooted(&self, path: &str) -> String {
        match self.plausible_type() {
            Some(name) if !path.is_empty() => format!("{name}.{path}"),
            _ => path.to_owned(),
        }
    }
}
