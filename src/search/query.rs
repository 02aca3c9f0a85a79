//! Parses filters: `Type?name=value&name=value`. A resource must pass all criteria.

use std::fmt;

use crate::base::percent::percent_decode;
use crate::base::resource_types;
use crate::search::date::DateTest;
use crate::search::geo_distance::Circle;
use crate::search::param;
use crate::search::param::{ParamKind, SearchParam};

/// Chains longer than this are not followed.
const MAX_LEN_CHAIN: usize = 4;

/// A filter on the resources of one type.
#[derive(Clone, Debug)]
pub struct Query {
    /// The type of the query.
    pub kind: String,
    pub(crate) criteria: Vec<Criterion>,
    /// Criteria that are not supported here, as they were written. A server may support them.
    pub unknown: Vec<String>,
}

/// One criterion.
#[derive(Clone, Debug)]
pub(crate) enum Criterion {
    /// One of the elements has one of the values.
    Own { param: SearchParam, values: Vec<WantedValue> },
    /// One of the elements refers to a resource that passes.
    Chain { paths: &'static [&'static str], to: Vec<(String, Criterion)> },
    /// A resource of type `kind` passes and refers here with one of the elements.
    Has { kind: String, paths: &'static [&'static str], then: Box<Criterion> },
}

/// One value that a criterion allows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WantedValue {
    /// Folded text that an element begins with.
    Starts(String),
    /// Folded text that an element contains.
    Contains(String),
    /// Text that an element equals exactly.
    Exactly(String),
    /// A code, with a given system, without a system, or with any system.
    Token { system: System, code: Option<String> },
    /// A date.
    Date(DateTest),
    /// A reference: a type, if one is named, and an id.
    Refers { kind: Option<String>, id: String },
    /// A place.
    Near(Circle),
    /// The resource's own id.
    Id(String),
}

/// The system that a token requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Any,
    None,
    Is(String),
}

/// Why a filter is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It does not begin with `Type?`.
    NoType,
    /// The resource type does not exist in R4.
    Type(String),
    /// A criterion without `name=value`.
    Criterion(String),
    /// A value that the parameter cannot have.
    Value(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NoType => f.write_str("a filter begins with a resource type and ?, as in Patient?gender=female"),
            Refused::Type(kind) => write!(f, "{kind:?} is not a resource type of FHIR R4"),
            Refused::Criterion(text) => write!(f, "the criterion {text:?} is not of the form name=value"),
            Refused::Value(text) => write!(f, "the criterion {text:?} has a value that is invalid for its parameter"),
        }
    }
}

impl Query {
    /// Parses `Type?a=b&c=d`, as in a Parameters resource (`|` and `,` as they are). Percent-encoding is decoded.
    ///
    /// # Errors
    /// If the filter is invalid. Unsupported parameters, modifiers and chains are not errors; they are in
    /// [`Query::unknown`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let (kind, rest) = text.trim().split_once('?').ok_or(Refused::NoType)?;
        if !resource_types::is_r4(kind) {
            return Err(Refused::Type(shown(kind)));
        }
        let (mut criteria, mut unknown) = (Vec::new(), Vec::new());
        for pair in rest.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| Refused::Criterion(shown(pair)))?;
            let (name, value) = (percent_decode(name).into_owned(), percent_decode(value).into_owned());
            if name.is_empty() || value.is_empty() {
                return Err(Refused::Criterion(shown(pair)));
            }
            match criterion(kind, &name, &value, 0) {
                Ok(Some(criterion)) => criteria.push(criterion),
                Ok(None) => unknown.push(shown(pair)),
                Err(()) => return Err(Refused::Value(shown(pair))),
            }
        }
        Ok(Self { kind: kind.to_owned(), criteria, unknown })
    }

    /// Whether the result depends on other resources.
    pub fn is_chained(&self) -> bool {
        self.criteria.iter().any(|criterion| !matches!(criterion, Criterion::Own { .. }))
    }
}

/// Parses a criterion; none if it is not supported here, an error if its value is invalid.
fn criterion(kind: &str, name: &str, value: &str, depth: usize) -> Result<Option<Criterion>, ()> {
    if depth > MAX_LEN_CHAIN {
        return Ok(None);
    }
    if let Some(rest) = name.strip_prefix("_has:") {
        return has(kind, rest, value, depth);
    }
    if let Some((head, rest)) = name.split_once('.') {
        return chain(kind, head, rest, value, depth);
    }
    let (name, modifier) = name.split_once(':').map_or((name, None), |(name, modifier)| (name, Some(modifier)));
    let Some(param) = param::find(kind, name) else { return Ok(None) };
    let mut values = Vec::new();
    for text in alternatives(value) {
        match wanted(param.kind, modifier, &text) {
            Some(Some(value)) => values.push(value),
            Some(None) => return Err(()),
            None => return Ok(None),
        }
    }
    Ok(Some(Criterion::Own { param, values }))
}

fn chain(kind: &str, head: &str, rest: &str, value: &str, depth: usize) -> Result<Option<Criterion>, ()> {
    let (name, named) = head.split_once(':').map_or((head, None), |(name, kind)| (name, Some(kind)));
    let Some(SearchParam { kind: ParamKind::Reference(targets), paths, .. }) = param::find(kind, name) else {
        return Ok(None);
    };
    let mut to = Vec::new();
    for target in targets.iter().filter(|target| named.is_none_or(|named| named == **target)) {
        if let Some(then) = criterion(target, rest, value, depth + 1)? {
            to.push(((*target).to_owned(), then));
        }
    }
    Ok((!to.is_empty()).then_some(Criterion::Chain { paths, to }))
}

/// Parses what follows `_has:`: `Type:reference:parameter`.
fn has(kind: &str, rest: &str, value: &str, depth: usize) -> Result<Option<Criterion>, ()> {
    let mut parts = rest.splitn(3, ':');
    let (Some(from), Some(by), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return Err(()) };
    let Some(SearchParam { kind: ParamKind::Reference(targets), paths, .. }) = param::find(from, by) else {
        return Ok(None);
    };
    if !targets.contains(&kind) {
        return Ok(None);
    }
    let then = criterion(from, rest, value, depth + 1)?;
    Ok(then.map(|then| Criterion::Has { kind: from.to_owned(), paths, then: Box::new(then) }))
}

/// Parses a value of a parameter. The outer none is an unsupported modifier, the inner one an invalid value.
fn wanted(kind: ParamKind, modifier: Option<&str>, text: &str) -> Option<Option<WantedValue>> {
    let value = match (kind, modifier) {
        (ParamKind::Text | ParamKind::Name, None) => Some(WantedValue::Starts(crate::search::text::folded(text))),
        (ParamKind::Text | ParamKind::Name, Some("contains")) => {
            Some(WantedValue::Contains(crate::search::text::folded(text)))
        }
        (ParamKind::Text | ParamKind::Name, Some("exact")) => Some(WantedValue::Exactly(text.to_owned())),
        (ParamKind::Token, None) => {
            let (system, code) = match text.split_once('|') {
                None => (System::Any, text),
                Some(("", code)) => (System::None, code),
                Some((system, code)) => (System::Is(system.to_owned()), code),
            };
            let code = Some(code.to_owned()).filter(|code| !code.is_empty());
            (code.is_some() || matches!(system, System::Is(_))).then_some(WantedValue::Token { system, code })
        }
        (ParamKind::Date, None) => match text.get(..2) {
            // The spec does not define how far off an approximate date may be.
            Some("ap") => return None,
            _ => DateTest::parse(text).map(WantedValue::Date),
        },
        (ParamKind::Reference(_), None) => {
            let (kind, id) = text.rsplit_once('/').map_or((None, text), |(kind, id)| (Some(kind), id));
            let kind = kind.map(|kind| kind.rsplit('/').next().unwrap_or(kind).to_owned());
            (!id.is_empty()).then(|| WantedValue::Refers { kind, id: id.to_owned() })
        }
        (ParamKind::Near, None) => match text.split('|').count() {
            // Without a distance, the server decides what is near.
            2 => return None,
            _ => Circle::parse(text).map(WantedValue::Near),
        },
        (ParamKind::Id, None) => Some(WantedValue::Id(text.to_owned())),
        _ => return None,
    };
    Some(value)
}

/// The values of a list, split at commas without a backslash before them.
fn alternatives(value: &str) -> Vec<String> {
    let (mut all, mut one, mut escaped) = (Vec::new(), String::new(), false);
    for c in value.chars() {
        match c {
            _ if escaped => {
                one.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            ',' => all.push(std::mem::take(&mut one)),
            _ => one.push(c),
        }
    }
    all.push(one);
    all
}

/// The first 80 characters of a text of a user or server, for messages.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}
