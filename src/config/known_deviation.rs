//! `[[known]]` of `plimsoll.toml`: deviations that the user accepts for now.

use serde::Deserialize;

use crate::config::file_values;
use crate::config::values::Day;

/// A deviation that the user accepts for now.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownDeviation {
    /// The spec that the server deviates from.
    pub spec: String,
    /// The test, `area::id` for all its flows or `area::id@flow` for one.
    pub test: String,
    /// Why the user accepts it.
    pub reason: String,
    /// The last day on which it is accepted.
    #[serde(default, deserialize_with = "file_values::day")]
    pub expires: Option<Day>,
}

impl KnownDeviation {
    /// Its keys.
    pub(crate) const KEYS: &'static [&'static str] = &["spec", "test", "reason", "expires"];
}
