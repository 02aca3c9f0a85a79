//! What an inspector says of one line: faults, and the few facts that the rules need.

use std::borrow::Cow;

use crate::suite::line_rules::LineRule;

/// What a line is, as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It holds a JSON object that can be used, whatever faults it has.
    Object,
    /// It is JSON, but no object.
    Other,
    /// It ends within its JSON value; no fault is noted for that, since the next lines may go on with it.
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
pub struct Fault {
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
pub struct Text {
    /// How it was found.
    pub state: TextState,
    /// Where its value stands, in bytes from the line's start.
    pub at: usize,
    /// The string, unescaped, cut at [`Text::MAX`] bytes.
    pub text: String,
}

impl Text {
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
            crate::base::json_text::unescape(raw, &mut bytes);
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
pub struct Notes {
    /// What the line is.
    pub standing: Standing,
    /// What is wrong; each rule at most once.
    pub faults: Vec<Fault>,
    /// Where the line's value begins, in bytes.
    pub at: usize,
    /// `resourceType`.
    pub resource_type: Text,
    /// `id`.
    pub id: Text,
    /// `meta.versionId`.
    pub version_id: Text,
    /// `meta.lastUpdated`.
    pub last_updated: Text,
    /// Whether `resource` holds an object with a `resourceType`.
    pub wrapped: bool,
    /// How many `issue` have a severity and a code.
    pub issues: u64,
    /// Whether it was held against FHIR's definitions.
    pub judged: bool,
    /// What breaks them.
    pub invalid: Vec<crate::fhir::validate::fault::Fault>,
    /// What breaks the profiles that it is held to.
    pub unkept: Vec<crate::fhir::validate::fault::Fault>,
    /// Whether it could have a narrative and has none.
    pub bare: bool,
    /// Of a Bundle: the `request.url` of each entry whose request is a DELETE, or says no method.
    pub removed: Vec<String>,
    /// `type`, where it is a string: of a Bundle its kind.
    pub bundle_type: Text,
    /// Of a Bundle: its entries.
    pub entries: u64,
    /// Those whose request lacks its method or its url.
    pub entries_unsaid: u64,
    /// Those whose method is not DELETE.
    pub entries_kept: u64,
}

impl Notes {
    /// Makes ready for the next line.
    pub fn clear(&mut self) {
        self.standing = Standing::Broken;
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
    pub fn fault(&mut self, fault: Fault) {
        if !self.faults.iter().any(|known| known.rule == fault.rule) {
            self.faults.push(fault);
        }
    }

    /// The resource's type, where it can be shown: a name of letters that begins with a capital.
    pub fn plausible_type(&self) -> Option<&str> {
        self.resource_type.get().filter(|name| is_type_name(name))
    }

    /// The path with the type before it, where that can be shown. Empty stays empty.
    pub(crate) fn rooted(&self, path: &str) -> String {
        match self.plausible_type() {
            Some(name) if !path.is_empty() => format!("{name}.{path}"),
            _ => path.to_owned(),
        }
    }
}

/// Whether `name` could be the name of a resource type, and so be shown.
pub(crate) fn is_type_name(name: &str) -> bool {
    (1..=41).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Whether `id` is a FHIR id (R4, datatypes, `id`).
pub(crate) fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// Whether `key` looks like the name of an element, and so can be shown.
pub(crate) fn is_element_name(key: &[u8]) -> bool {
    (1..=41).contains(&key.len())
        && key.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
        && key.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}
