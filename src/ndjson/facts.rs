//! What an inspector says of one line: faults, and the few facts that the rules need.

use std::borrow::Cow;

use crate::base::fhir_names::is_type_name;
use crate::base::json_text::unescape;
use crate::fhir::validate::fault::ResourceFault;
use crate::suite::line_rules::LineRule;

/// What a line is, as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineShape {
    /// It is a JSON object that can be used, whatever faults it has.
    Object,
    /// It is JSON, but no object.
    Other,
    /// It ends within its JSON value. That is no fault yet, since the next lines may continue the value.
    Unfinished {
        /// Whether it ends within a string.
        in_string: bool,
    },
    /// It cannot be used; a fault says why.
    #[default]
    Broken,
}

/// One thing that is wrong within a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// The rule.
    pub rule: LineRule,
    /// Where, in bytes from the line's start.
    pub at: usize,
    /// The path within the resource, without the type it begins with: `name[0].family`.
    pub path: String,
    /// What was expected, a fragment without resource content.
    pub expected: Cow<'static, str>,
    /// What shape was there, a fragment without resource content.
    pub actual: Cow<'static, str>,
}

/// How an element that should be a string was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextState {
    /// Not at all.
    #[default]
    Absent,
    /// As a string.
    Present,
    /// As something else, named with its article: `a number`.
    Other(&'static str),
}

/// An element that should be a string. The buffer is used again from line to line.
#[derive(Debug, Default)]
pub struct JsonText {
    /// How it was found.
    pub state: TextState,
    /// Where its value begins, in bytes from the line's start.
    pub at: usize,
    /// The string, unescaped, cut at [`JsonText::MAX`] bytes.
    pub text: String,
}

impl JsonText {
    /// No string longer than this tells a rule anything more.
    pub const MAX: usize = 4096;

    /// The string, if it is one.
    pub fn get(&self) -> Option<&str> {
        (self.state == TextState::Present).then_some(self.text.as_str())
    }

    /// Takes a string value.
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

    /// Takes note of a value that is no string.
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

/// What an inspector says of one line. Made once and used for every line, so that no line costs an allocation.
#[derive(Debug, Default)]
pub struct LineNotes {
    /// What the line is.
    pub shape: LineShape,
    /// What is wrong; each rule at most once.
    pub faults: Vec<LineFault>,
    /// Where the line's value begins, in bytes.
    pub at: usize,
    /// `resourceType`.
    pub resource_type: JsonText,
    /// `id`.
    pub id: JsonText,
    /// `meta.versionId`.
    pub version_id: JsonText,
    /// `meta.lastUpdated`.
    pub last_updated: JsonText,
    /// Whether the key `resource` has an object with a `resourceType`.
    pub wrapped: bool,
    /// How many `issue` have a severity and a code.
    pub issues: u64,
    /// Whether it was checked against FHIR's definitions.
    pub judged: bool,
    /// What breaks them.
    pub invalid: Vec<ResourceFault>,
    /// What breaks the profiles that it must keep.
    pub unkept: Vec<ResourceFault>,
    /// Whether it could have a narrative and has none.
    pub bare: bool,
    /// Of a Bundle: the `request.url` of each entry with the method DELETE, or without a method.
    pub removed: Vec<String>,
    /// `type`, if it is a string: of a Bundle its kind.
    pub bundle_type: JsonText,
    /// Of a Bundle: its entries.
    pub entries: u64,
    /// Entries with a request that lacks its method or its url.
    pub entries_unsaid: u64,
    /// Entries with another method than DELETE.
    pub entries_kept: u64,
}

impl LineNotes {
    /// Makes ready for the next line.
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

    /// Takes a fault, unless the rule was noted for this line before.
    pub fn fault(&mut self, fault: LineFault) {
        if !self.faults.iter().any(|known| known.rule == fault.rule) {
            self.faults.push(fault);
        }
    }

    /// The resource's type, if it can be shown: a name of letters that begins with a capital.
    pub fn plausible_type(&self) -> Option<&str> {
        self.resource_type.get().filter(|name| is_type_name(name))
    }

    /// The path with the type before it, if that can be shown. Empty stays empty.
    pub(crate) fn rooted(&self, path: &str) -> String {
        match self.plausible_type() {
            Some(name) if !path.is_empty() => format!("{name}.{path}"),
            _ => path.to_owned(),
        }
    }
}
