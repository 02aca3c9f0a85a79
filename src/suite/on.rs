//! The places that a test can look at, such as `poll.in-progress` and `probe.gone`. Each has one row here;
//! `judge/select_exchanges.rs` selects the exchanges of a place from a recording.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::suite::model::FileList;

/// Which exchanges of a flow a test looks at. Of a request with retries and redirects, a test looks only at the last
/// response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// `kickoff`: the response to the kick-off.
    Kickoff,
    /// `kickoff.optional`: the response to the kick-off, judged even if the flow is optional and the kick-off was
    /// refused.
    KickoffOptional,
    /// `kickoff.busy`: the responses that made the run repeat a kick-off because other exports ran: 429, and refusals
    /// of a kick-off that was accepted later.
    KickoffBusy,
    /// `poll`: every poll of the flow itself.
    Poll,
    /// `poll.in-progress`: the polls that report a running job.
    PollInProgress,
    /// `poll.transient`: the polls that failed although the job continued.
    PollTransient,
    /// `poll.failed`: the poll that reports a failed job.
    PollFailed,
    /// `poll.complete`: the poll that reports a completed job, with any body.
    PollComplete,
    /// `manifest`: the poll that reports a completed job with a manifest.
    Manifest,
    /// `page`: the manifests that another manifest links to.
    Page,
    /// `file`: every fetched file.
    File,
    /// `file.output`, `file.error`, `file.deleted`: the fetched files of one list of the manifest.
    FileOf(FileList),
    /// `delete`: the flow's own DELETE.
    Delete,
    /// `probe.ID`: the response to one probe.
    Probe(String),
}

/// How far a flow must go to have an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To its kick-off.
    Kickoff,
    /// To its manifest, or to the failure of its job.
    Manifest,
    /// To the end of the downloads.
    Files,
    /// To its own DELETE.
    Delete,
}

/// The properties of a place. Probes have no row, because each flow defines its own.
#[derive(Debug)]
pub struct OnRow {
    /// The place of the on row.
    pub on: On,
    /// Its word in suite files.
    pub word: &'static str,
    /// How far a flow must go to have these exchanges.
    pub reach: Reach,
    /// The exchanges in words, a noun phrase.
    pub sentence: &'static str,
}

/// Defines the row of each place. A variant without a row does not compile.
macro_rules! rows {
    ($($variant:ident $(($list:path))? = $word:literal, $reach:ident, $sentence:literal;)+) => {
        /// Every place except probes.
        static ROWS: &[OnRow] = &[$(OnRow {
            on: On::$variant $(($list))?,
            word: $word,
            reach: Reach::$reach,
            sentence: $sentence,
        }),+];

        /// The words for [`On`], with `probe.ID` standing for any probe.
        pub const ON_WORDS: &[&str] = &[$($word,)+ ANY_PROBE];

        impl On {
            fn word(&self) -> Cow<'static, str> {
                match self {
                    $(On::$variant $(($list))? => Cow::Borrowed($word),)+
                    On::Probe(id) => Cow::Owned(format!("{PROBE}{id}")),
                }
            }
        }
    };
}

const PROBE: &str = "probe.";
const ANY_PROBE: &str = "probe.ID";

#[rustfmt::skip]
rows! {
    Kickoff = "kickoff", Kickoff, "the response to the kick-off";
    KickoffOptional = "kickoff.optional", Kickoff, "the response to the kick-off, even if it is refused";
    KickoffBusy = "kickoff.busy", Kickoff, "every refusal of a kick-off because other exports ran";
    Poll = "poll", Manifest, "every poll";
    PollInProgress = "poll.in-progress", Manifest, "every poll of the running job";
    PollTransient = "poll.transient", Manifest, "every poll that failed while the job continued";
    PollFailed = "poll.failed", Manifest, "the poll that reports a failed job";
    PollComplete = "poll.complete", Manifest, "the poll that reports a completed job";
    Manifest = "manifest", Manifest, "the manifest";
    Page = "page", Manifest, "every manifest that another manifest links to";
    File = "file", Files, "every fetched file";
    FileOf(FileList::Output) = "file.output", Files, "every output file";
    FileOf(FileList::Error) = "file.error", Files, "every error file";
    FileOf(FileList::Deleted) = "file.deleted", Files, "every deleted file";
    Delete = "delete", Delete, "the response to the DELETE";
}

impl On {
    /// The exchanges that `word` names, if it is one of [`ON_WORDS`].
    pub fn from_word(word: &str) -> Option<Self> {
        match word.strip_prefix(PROBE) {
            Some(id) => (!id.is_empty()).then(|| On::Probe(id.to_owned())),
            None => ROWS.iter().find(|row| row.word == word).map(|row| row.on.clone()),
        }
    }

    /// The row of this place; none for a probe.
    pub fn row(&self) -> Option<&'static OnRow> {
        ROWS.iter().find(|row| row.on == *self)
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.word())
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
        let words: Vec<&str> = ROWS.iter().map(|row| row.word).collect();
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
    fn every_word_is_parsed_and_displayed() {
        for word in ON_WORDS {
            assert_eq!(On::from_word(word).unwrap().to_string(), **word);
        }
        assert_eq!(On::from_word("probe."), None);
        assert_eq!(On::from_word("polls"), None);
    }
}
