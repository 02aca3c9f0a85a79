//! The exchanges that a test can look at, as `poll.in-progress` and `probe.gone`. Each has one row here; which exchanges
//! of a recording it selects is in `judge/select_exchanges.rs`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::suite::model::FileList;

/// Which exchanges of a flow a test looks at. Retries and redirects on the way to an answer are never looked at; the
/// last answer is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// `kickoff`: the answer to the kick-off.
    Kickoff,
    /// `kickoff.optional`: the same, judged also where the flow's kick-off may be refused, and was.
    KickoffOptional,
    /// `kickoff.busy`: the answers to kick-offs that were sent again while other exports ran: 429, and refusals that ended
    /// when those did.
    KickoffBusy,
    /// `poll`: every poll of the flow itself.
    Poll,
    /// `poll.in-progress`: the polls that say the job still runs.
    PollInProgress,
    /// `poll.transient`: the polls that failed while the job went on.
    PollTransient,
    /// `poll.failed`: the poll that says the job failed.
    PollFailed,
    /// `poll.complete`: the poll that says the job is done, whatever its body.
    PollComplete,
    /// `manifest`: the same, where its body is a manifest.
    Manifest,
    /// `page`: the manifests that others link to.
    Page,
    /// `file`: every file fetched.
    File,
    /// `file.output`, `file.error`, `file.deleted`: those of one list.
    FileOf(FileList),
    /// `delete`: the flow's own DELETE.
    Delete,
    /// `probe.ID`: one probe.
    Probe(String),
}

/// How far a flow goes until it has made an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Until its kick-off.
    Kickoff,
    /// Until its manifest, or the failure.
    Manifest,
    /// Until its files were fetched.
    Files,
    /// Until its own DELETE.
    Delete,
}

/// What is known of a place: everything but probes, which each flow defines.
#[derive(Debug)]
pub struct OnRow {
    /// The place.
    pub on: On,
    /// Its word in suite files.
    pub word: &'static str,
    /// How far a flow goes until it has made these exchanges.
    pub reach: Reach,
    /// What they are, a fragment.
    pub sentence: &'static str,
}

/// Makes a row of each place. A variant without a row does not compile.
macro_rules! rows {
    ($($variant:ident $(($list:path))? = $word:literal, $reach:ident, $sentence:literal;)+) => {
        /// Every place but probes.
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
    Kickoff = "kickoff", Kickoff, "the answer to the kick-off";
    KickoffOptional = "kickoff.optional", Kickoff, "the answer to the kick-off, also where it is refused";
    KickoffBusy = "kickoff.busy", Kickoff, "every refusal of a kick-off that was taken, or put off with 429, when it was sent again";
    Poll = "poll", Manifest, "every poll";
    PollInProgress = "poll.in-progress", Manifest, "every poll that says the job still runs";
    PollTransient = "poll.transient", Manifest, "every poll that failed while the job went on";
    PollFailed = "poll.failed", Manifest, "the poll that says the job failed";
    PollComplete = "poll.complete", Manifest, "the poll that says the job is done";
    Manifest = "manifest", Manifest, "the manifest";
    Page = "page", Manifest, "every manifest that another links to";
    File = "file", Files, "every file fetched";
    FileOf(FileList::Output) = "file.output", Files, "every output file";
    FileOf(FileList::Error) = "file.error", Files, "every error file";
    FileOf(FileList::Deleted) = "file.deleted", Files, "every file of deletions";
    Delete = "delete", Delete, "the answer to the DELETE";
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
    fn every_word_reads_and_writes_itself() {
        for word in ON_WORDS {
            assert_eq!(On::from_word(word).unwrap().to_string(), **word);
        }
        assert_eq!(On::from_word("probe."), None);
        assert_eq!(On::from_word("polls"), None);
    }
}
