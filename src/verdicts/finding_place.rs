//! The place of a finding in an exchange.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::vocabulary::words;

words! {
    /// The part of an exchange that a finding is about.
    PlaceKind {
        /// The status, or the handshake.
        Status = "status",
        /// A header.
        Header = "header",
        /// The body.
        Body = "body",
        /// A line of a file, at a known column.
        Line = "line",
        /// None of these.
        None = "none",
    }
}

/// The place of a finding. `run.json` has it as two texts: `place` for people, `where` for scripts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "PlaceTexts", try_from = "PlaceTexts")]
pub enum FindingPlace {
    /// The status.
    Status,
    /// The TLS handshake.
    Handshake,
    /// The header of this name.
    Header(String),
    /// The JSON value that this pointer names in the body; an empty pointer names the whole body.
    Body(String),
    /// The output files as a whole, for the profile of this name.
    Profile(String),
    /// A line and column of a file, and the path of an element there, which may be empty.
    Position {
        /// From 1.
        line: u64,
        /// From 1, in characters.
        column: u64,
        /// For example `Patient.name[0]`.
        path: String,
    },
    /// A line of a file, at an unknown column.
    Line(u64),
    /// The lines of a file.
    Lines,
    /// The entries of a file of deletions.
    DeletedEntries,
    /// The client's key set.
    KeySet,
    /// The polling URLs of the run.
    PollingUrls,
    /// The URLs of the run's files.
    FileUrls,
    /// The findings beyond the limit of one test.
    Elsewhere,
    /// No place.
    Nowhere,
}

impl FindingPlace {
    /// Returns the place of the header with this name.
    pub fn header(name: impl Into<String>) -> Self {
        Self::Header(name.into())
    }

    /// Returns the place of the JSON value that `pointer` names in the body.
    pub fn body(pointer: impl Into<String>) -> Self {
        Self::Body(pointer.into())
    }

    /// Returns the place of the whole body.
    pub fn whole_body() -> Self {
        Self::Body(String::new())
    }

    /// Returns the part of the exchange.
    pub fn kind(&self) -> PlaceKind {
        match self {
            Self::Status | Self::Handshake => PlaceKind::Status,
            Self::Header(_) => PlaceKind::Header,
            Self::Body(_) | Self::Profile(_) => PlaceKind::Body,
            Self::Position { .. } => PlaceKind::Line,
            Self::Line(_)
            | Self::Lines
            | Self::DeletedEntries
            | Self::KeySet
            | Self::PollingUrls
            | Self::FileUrls
            | Self::Elsewhere
            | Self::Nowhere => PlaceKind::None,
        }
    }

    /// Returns the place that these texts of `run.json` name; none if they name no place.
    pub fn from_texts(kind: PlaceKind, place: &str) -> Option<Self> {
        Some(match (kind, place) {
            (PlaceKind::Status, "status") => Self::Status,
            (PlaceKind::Status, "handshake") => Self::Handshake,
            (PlaceKind::Header, _) => Self::header(place.strip_prefix("header ")?),
            (PlaceKind::Body, "body") => Self::whole_body(),
            (PlaceKind::Body, _) => match (place.strip_prefix("body "), place.strip_suffix(IN_FILES)) {
                (Some(pointer), _) => Self::body(pointer),
                (None, Some(profile)) => Self::Profile(profile.to_owned()),
                (None, None) => return None,
            },
            (PlaceKind::Line, _) => {
                let (line, rest) = place.strip_prefix("line ")?.split_once(" column ")?;
                let (column, path) = rest.split_once(", ").unwrap_or((rest, ""));
                Self::Position { line: line.parse().ok()?, column: column.parse().ok()?, path: path.to_owned() }
            }
            (PlaceKind::None, "lines") => Self::Lines,
            (PlaceKind::None, "entries") => Self::DeletedEntries,
            (PlaceKind::None, "key set") => Self::KeySet,
            (PlaceKind::None, "polling URLs") => Self::PollingUrls,
            (PlaceKind::None, "file URLs") => Self::FileUrls,
            (PlaceKind::None, "elsewhere") => Self::Elsewhere,
            (PlaceKind::None, "none") => Self::Nowhere,
            (PlaceKind::None, _) => Self::Line(place.strip_prefix("line ")?.parse().ok()?),
            (PlaceKind::Status, _) => return None,
        })
    }
}

/// The text after the name of a profile.
const IN_FILES: &str = " in the files of output";

impl fmt::Display for FindingPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => f.pad("status"),
            Self::Handshake => f.pad("handshake"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Body(pointer) if pointer.is_empty() => f.pad("body"),
            Self::Body(pointer) => write!(f, "body {pointer}"),
            Self::Profile(name) => write!(f, "{name}{IN_FILES}"),
            Self::Position { line, column, path } if path.is_empty() => write!(f, "line {line} column {column}"),
            Self::Position { line, column, path } => write!(f, "line {line} column {column}, {path}"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Lines => f.pad("lines"),
            Self::DeletedEntries => f.pad("entries"),
            Self::KeySet => f.pad("key set"),
            Self::PollingUrls => f.pad("polling URLs"),
            Self::FileUrls => f.pad("file URLs"),
            Self::Elsewhere => f.pad("elsewhere"),
            Self::Nowhere => f.pad("none"),
        }
    }
}

/// A place in the form of `run.json`.
#[derive(Serialize, Deserialize)]
struct PlaceTexts {
    place: String,
    #[serde(rename = "where")]
    kind: PlaceKind,
}

impl From<FindingPlace> for PlaceTexts {
    fn from(place: FindingPlace) -> Self {
        Self { kind: place.kind(), place: place.to_string() }
    }
}

impl TryFrom<PlaceTexts> for FindingPlace {
    type Error = String;

    fn try_from(texts: PlaceTexts) -> Result<Self, String> {
        let PlaceTexts { place, kind } = texts;
        Self::from_texts(kind, &place)
            .ok_or_else(|| format!("a finding cannot have the place {place:?} with where = {kind}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn places_round_trip_through_json() {
        let position = |path: &str| FindingPlace::Position { line: 17, column: 3, path: path.to_owned() };
        for (place, kind, text) in [
            (FindingPlace::Status, "status", "status"),
            (FindingPlace::Handshake, "status", "handshake"),
            (FindingPlace::header("Retry-After"), "header", "header Retry-After"),
            (FindingPlace::whole_body(), "body", "body"),
            (FindingPlace::body("/output/0/url"), "body", "body /output/0/url"),
            (FindingPlace::Profile("us-core".to_owned()), "body", "us-core in the files of output"),
            (position(""), "line", "line 17 column 3"),
            (position("Patient.name, x"), "line", "line 17 column 3, Patient.name, x"),
            (FindingPlace::Line(17), "none", "line 17"),
            (FindingPlace::Lines, "none", "lines"),
            (FindingPlace::DeletedEntries, "none", "entries"),
            (FindingPlace::KeySet, "none", "key set"),
            (FindingPlace::PollingUrls, "none", "polling URLs"),
            (FindingPlace::FileUrls, "none", "file URLs"),
            (FindingPlace::Elsewhere, "none", "elsewhere"),
            (FindingPlace::Nowhere, "none", "none"),
        ] {
            let json = serde_json::to_value(&place).unwrap();
            assert_eq!(json, serde_json::json!({"place": text, "where": kind}));
            assert_eq!(serde_json::from_value::<FindingPlace>(json).unwrap(), place);
        }
        let strange = serde_json::json!({"place": "line x column 3", "where": "line"});
        assert!(serde_json::from_value::<FindingPlace>(strange).is_err());
    }
}
