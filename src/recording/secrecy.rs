//! Facts about the target's secrets: how hard its URLs are to guess, and forbidden resources that it exported. The
//! recording has only numbers, because the URLs themselves are secrets.

use serde::{Deserialize, Serialize};

/// How hard the target's URLs in a run are to guess.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlGuessing {
    /// The polling URLs, one per job.
    pub jobs: UrlVariety,
    /// The URLs of files that need no token, one per job, all of the same type.
    pub files: UrlVariety,
}

/// How URLs of one kind differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlVariety {
    /// How many different URLs were compared.
    pub seen: u32,
    /// The approximate number of random bits in the differing part. A part that changes with time counts as far as it
    /// changed during the run.
    pub bits: u32,
    /// If only one whole number differs: the difference between the smallest and the largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<u64>,
    /// Whether that number is the time of day, in seconds or parts of one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock: bool,
    /// Whether all of them have a part that could be a secret and is not part of the base URL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keyed: bool,
}

/// The resources of one file that the run's client must not receive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// How many of them were exported.
    pub found: u64,
    /// The first line with such a resource, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}
