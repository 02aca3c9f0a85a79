//! Facts of what a target should keep to itself: how hard its URLs are to guess, and what it gave away that was named as
//! kept from the run's client. Figures alone, for the URLs are secrets in themselves.

use serde::{Deserialize, Serialize};

/// How hard the URLs are to guess that the target gave out in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlGuessing {
    /// The polling URLs, one for each job.
    pub jobs: UrlVariety,
    /// The URLs of files that need no token, one for each job, all of the same type.
    pub files: UrlVariety,
}

/// In what URLs of one kind differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlVariety {
    /// How many different ones were held against each other.
    pub seen: u32,
    /// About how many bits of chance lie in what differs between them. What passes with time counts as well, as far as
    /// it passed during the run.
    pub bits: u32,
    /// Where all that differs is one whole number: how far apart the least and the greatest are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<u64>,
    /// Whether that number is the time of day, in seconds or parts of one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock: bool,
    /// Whether something stands in all of them that could be a key to them, and is no part of the base URL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keyed: bool,
}

/// The resources of one file that the run's client must not receive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// How many came all the same.
    pub found: u64,
    /// The first line with one, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}
