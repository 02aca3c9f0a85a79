//! How the exchanges that a test looks at are written: `poll.in-progress`, `probe.gone`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::suite::model::{FileList, On};

/// The words for [`On`], with `probe.ID` standing for any probe.
pub const ON_WORDS: &[&str] = &[
    "kickoff",
    "kickoff.optional",
    "kickoff.busy",
    "poll",
    "poll.in-progress",
    "poll.transient",
    "poll.failed",
    "poll.complete",
    "manifest",
    "page",
    "file",
    "file.output",
    "file.error",
    "file.deleted",
    "delete",
    "probe.ID",
];

impl On {
    /// The exchanges that `word` names, if it is one of [`ON_WORDS`].
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "kickoff" => On::Kickoff,
            "kickoff.optional" => On::KickoffOptional,
            "kickoff.busy" => On::KickoffBusy,
            "poll" => On::Poll,
            "poll.in-progress" => On::PollInProgress,
            "poll.transient" => On::PollTransient,
            "poll.failed" => On::PollFailed,
            "poll.complete" => On::PollComplete,
            "manifest" => On::Manifest,
            "page" => On::Page,
            "file" => On::File,
            "file.output" => On::FileOf(FileList::Output),
            "file.error" => On::FileOf(FileList::Error),
            "file.deleted" => On::FileOf(FileList::Deleted),
            "delete" => On::Delete,
            _ => match word.strip_prefix("probe.") {
                Some(id) if !id.is_empty() => On::Probe(id.to_owned()),
                _ => return None,
            },
        })
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            On::Kickoff => f.pad("kickoff"),
            On::KickoffOptional => f.pad("kickoff.optional"),
            On::KickoffBusy => f.pad("kickoff.busy"),
            On::Poll => f.pad("poll"),
            On::PollTransient => f.pad("poll.transient"),
            On::PollInProgress => f.pad("poll.in-progress"),
            On::PollFailed => f.pad("poll.failed"),
            On::PollComplete => f.pad("poll.complete"),
            On::Manifest => f.pad("manifest"),
            On::Page => f.pad("page"),
            On::File => f.pad("file"),
            On::FileOf(FileList::Output) => f.pad("file.output"),
            On::FileOf(FileList::Error) => f.pad("file.error"),
            On::FileOf(FileList::Deleted) => f.pad("file.deleted"),
            On::Delete => f.pad("delete"),
            On::Probe(id) => write!(f, "probe.{id}"),
        }
    }
}

impl Serialize for On {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for On {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        On::from_word(&word).ok_or_else(|| de::Error::unknown_variant(&word, ON_WORDS))
    }
}

impl JsonSchema for On {
    fn schema_name() -> Cow<'static, str> {
        "On".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = ON_WORDS.iter().copied().filter(|word| *word != "probe.ID").collect();
        json_schema!({
            "description": "Which exchanges of a flow a test looks at.",
            "anyOf": [{"enum": words}, {"type": "string", "pattern": "^probe\\.[a-z0-9][a-z0-9.-]*$"}]
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_and_writes_itself() {
        for word in ON_WORDS {
            assert_eq!(On::from_word(word).unwrap().to_string(), **word);
        }
        assert_eq!(On::from_word("probe."), None);
        assert_eq!(On::from_word("polls"), None);
    }
}
