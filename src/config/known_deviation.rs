//! `[[known]]` of `plimsoll.toml`: deviations that may stay for now.

use serde::Deserialize;

use crate::config::file_values;
use crate::config::values::Day;

/// A deviation that may stay for now.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownDeviation {
    /// The spec that it deviates from.
    pub spec: String,
    /// The test, `area::id` for all its flows or `area::id@flow` for one.
    pub test: String,
    /// Why it may stay.
    pub reason: String,
    /// The last day on which it may.
    #[serde(default, deserialize_with = "file_values::day")]
    pub expires: Option<Day>,
}

impl KnownDeviation {
    /// Its keys.
    pub(crate) const KEYS: &'static [&'static str] = &["spec", "test", "reason", "expires"];
}
