//! The codes of a value set, for the bindings of profiles.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::fhir::definitions::layout::SetRow;
use crate::fhir::definitions::tables::Tables;
use crate::fhir::value::text;

/// The codes of a value set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    /// The URL of the codes.
    pub url: String,
    /// The codes with their systems; `None` if the systems are not known.
    pairs: Option<BTreeSet<(String, String)>>,
    codes: HashSet<String>,
}

impl Codes {
    /// Creates a set from pairs of system and code.
    pub(crate) fn of(url: &str, pairs: BTreeSet<(String, String)>) -> Self {
        let codes = pairs.iter().map(|(_, code)| code.clone()).collect();
        Self { url: url.to_owned(), pairs: Some(pairs), codes }
    }

    /// Creates a set from the tables of FHIR's definitions.
    pub(crate) fn of_tables(tables: &Tables, set: &SetRow) -> Self {
        let first = set.first as usize;
        let rows = tables.codes.get(first..first + usize::from(set.count)).unwrap_or_default();
        let pair = |text: &str| {
            let (system, code) = text.rsplit_once('|').unwrap_or(("", text));
            (system.to_owned(), code.trim_matches('"').to_owned())
        };
        let pairs: BTreeSet<(String, String)> = rows.iter().map(|row| pair(tables.text(row.text))).collect();
        let mut codes = Self::of(tables.text(set.url), pairs);
        if set.systems == 0 {
            codes.pairs = None;
        }
        codes
    }

    /// Returns whether a value is in the set: a code, a Coding or Quantity, or a CodeableConcept with a coding in the
    /// set.
    /// `None` if an extension may replace what the value lacks.
    pub(crate) fn contains(&self, value: &Value) -> Option<bool> {
        match value {
            Value::String(code) => Some(self.codes.contains(code)),
            Value::Object(object) => {
                if let Some(codings) = object.get("coding").and_then(Value::as_array) {
                    let found: Vec<Option<bool>> = codings.iter().map(|coding| self.contains(coding)).collect();
                    return if found.contains(&Some(true)) {
                        Some(true)
                    } else if found.contains(&None) || object.contains_key("extension") {
                        None
                    } else {
                        Some(false)
                    };
                }
                let (system, code) = (text(value, "system"), text(value, "code"));
                let known = match &self.pairs {
                    Some(pairs) => pairs.contains(&(system.to_owned(), code.to_owned())),
                    None => self.codes.contains(code),
                };
                let elsewhere = ["extension", "_code", "_system"].iter().any(|key| object.contains_key(*key));
                if !known && elsewhere { None } else { Some(known) }
            }
            _ => None,
        }
    }

    /// Describes the expected value: the codes if there are few, else the URL of the value set.
    pub(crate) fn describe(&self) -> String {
        if self.codes.len() > 12 {
            return format!("a code from {}", self.url);
        }
        let mut codes: Vec<&str> = self.codes.iter().map(String::as_str).collect();
        codes.sort_unstable();
        format!("one of {} ({})", codes.join(", "), self.url)
    }
}
