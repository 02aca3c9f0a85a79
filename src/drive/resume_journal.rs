//! The journal that a later run needs to resume a killed run: the jobs that were started and not yet deleted, with
//! their full URLs, in a file next to the report that only its owner can read. The file is removed when the run ends. A
//! run that resumes polls the jobs of the kick-offs in the file and deletes the other jobs.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::recording::model::{Exchange, Recording, Role};

/// The longest line that is read.
const MAX_LEN_LINE: u64 = 1 << 20;

/// The kick-off that started the job of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnKickoff {
    /// The exchange that started it.
    pub exchange: u32,
    /// The polling URL as the recording shows it.
    pub shown: String,
    /// The level of the export.
    pub level: ExportLevel,
    /// The names and values of its parameters.
    pub params: Vec<(String, String)>,
}

/// One line of the file. Later lines add to earlier ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum JournalLine {
    /// A flow started a job.
    Held {
        /// The flow.
        flow: String,
        /// The polling URL.
        #[serde(with = "as_text")]
        job: Url,
        /// The kick-off of the flow; `None` if a probe started the job.
        own: Option<OwnKickoff>,
    },
    /// A DELETE of the job is about to be sent: a run that resumes must not poll it.
    Ending(#[serde(with = "as_text")] Url),
    /// A job is deleted, or the target no longer knows it.
    Gone(#[serde(with = "as_text")] Url),
}

/// A URL as text.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use url::Url;

    pub fn serialize<S: Serializer>(url: &Url, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(url.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// The open journal of a run.
#[derive(Default)]
pub(crate) struct ResumeJournal {
    open: Mutex<Option<(PathBuf, File)>>,
}

impl ResumeJournal {
    /// Creates a journal at `path` in place of an older file. Without a path nothing is written.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: Option<&Path>) -> std::io::Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // The old file may have another owner or mode.
        let _ = std::fs::remove_file(path);
        let file = options.open(path)?;
        Ok(Self { open: Mutex::new(Some((path.to_owned(), file))) })
    }

    /// Appends a line. A full disk ends the journal, not the run.
    pub fn write(&self, line: &JournalLine) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, file)) = open.as_mut() else { return };
        let written = serde_json::to_vec(line).map_err(std::io::Error::other).and_then(|mut text| {
            text.push(b'\n');
            file.write_all(&text)
        });
        if written.is_err() {
            *open = None;
        }
    }

    /// Removes the file, because the run has ended by itself.
    pub fn close(&self) {
        if let Some((path, _)) = self.open.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The file may already be gone.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A job to resume.
#[derive(Clone, Debug)]
pub(crate) struct Resumed {
    pub job: Url,
    pub own: OwnKickoff,
    /// Its kick-off in the recording.
    pub kickoff: Exchange,
}

/// What a killed run left on the target.
#[derive(Clone, Debug, Default)]
pub struct Leftovers {
    /// By flow: the job to resume.
    pub(crate) jobs: Vec<(String, Resumed)>,
    /// Jobs to delete: those of probes, and further jobs of a flow.
    pub(crate) others: Vec<Url>,
}

impl Leftovers {
    /// Reads the journal at `path` and finds the kick-offs of its jobs in the recording of the same run. A line that a
    /// killed run left incomplete is skipped.
    ///
    /// # Errors
    /// The file cannot be read: the system's reason.
    pub fn read(path: &Path, recording: &Recording) -> std::io::Result<Self> {
        Ok(Self::of(&lines(BufReader::new(File::open(path)?))?, recording))
    }

    /// Returns the number of jobs to resume.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Returns whether there is no job to resume.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    fn of(lines: &[JournalLine], recording: &Recording) -> Self {
        let gone = |url: &Url| lines.iter().any(|line| matches!(line, JournalLine::Gone(gone) if gone == url));
        let ending = |url: &Url| lines.iter().any(|line| matches!(line, JournalLine::Ending(ending) if ending == url));
        let mut remains = Self::default();
        for line in lines {
            let JournalLine::Held { flow, job, own } = line else { continue };
            if gone(job) || remains.others.contains(job) || remains.jobs.iter().any(|(_, known)| known.job == *job) {
                continue;
            }
            let ended = recording.flows.iter().any(|record| record.name == *flow);
            let kickoff = own.as_ref().and_then(|own| {
                let fits =
                    |e: &&Exchange| e.id == own.exchange && e.flow.as_ref() == Some(flow) && e.role == Role::Kickoff;
                recording.exchanges.iter().find(fits)
            });
            match (own, kickoff) {
                (Some(own), Some(kickoff))
                    if !ended && !ending(job) && !remains.jobs.iter().any(|(known, _)| known == flow) =>
                {
                    let resumed = Resumed { job: job.clone(), own: own.clone(), kickoff: kickoff.clone() };
                    remains.jobs.push((flow.clone(), resumed));
                }
                _ => remains.others.push(job.clone()),
            }
        }
        remains
    }
}

fn lines(mut source: impl BufRead) -> std::io::Result<Vec<JournalLine>> {
    let mut all = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if source.by_ref().take(MAX_LEN_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(all);
        }
        all.extend(serde_json::from_slice::<JournalLine>(&line).ok());
    }
}

/// Returns the exchange `kickoff` of an earlier recording, with the polling URL `before` replaced by `now`, its form in
/// this recording. If `before` is empty, the exchange is returned unchanged.
pub(crate) fn with_current_url(kickoff: &Exchange, before: &str, now: &str) -> Exchange {
    let inner = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        quoted.trim_matches('"').to_owned()
    };
    let Ok(text) = serde_json::to_string(kickoff) else { return kickoff.clone() };
    if before.is_empty() {
        return kickoff.clone();
    }
    serde_json::from_str(&text.replace(&inner(before), &inner(now))).unwrap_or_else(|_| kickoff.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use crate::recording::model::{Outcome, Request, Trouble, TroubleKind};

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn kickoff(id: u32, flow: &str) -> Exchange {
        Exchange {
            id,
            flow: Some(flow.into()),
            role: Role::Kickoff,
            probe: None,
            file: None,
            phase: None,
            superseded: false,
            at: 0,
            took: 0,
            request: Request { method: "GET".into(), url: "http://h/[u1]".into(), headers: vec![], body: None },
            outcome: Outcome::NoResponse(Trouble { kind: TroubleKind::Cut, message: "see http://h/[u1]".into() }),
        }
    }

    fn held(flow: &str, job: &str, exchange: Option<u32>) -> JournalLine {
        let own = |exchange| OwnKickoff { exchange, shown: "s".into(), level: ExportLevel::System, params: vec![] };
        JournalLine::Held { flow: flow.into(), job: url(job), own: exchange.map(own) }
    }

    #[test]
    fn running_jobs_are_resumed_and_others_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resume");
        let journal = ResumeJournal::create(Some(&path)).unwrap();
        let recording = Recording {
            exchanges: vec![kickoff(1, "a"), kickoff(2, "b"), kickoff(3, "c"), kickoff(4, "d")],
            ..Recording::default()
        };
        for line in [
            held("a", "http://h/1", Some(1)),
            held("b", "http://h/2", Some(2)),
            held("b", "http://h/3", None),
            held("d", "http://h/5", Some(4)),
            JournalLine::Ending(url("http://h/5")),
            JournalLine::Gone(url("http://h/2")),
            held("c", "http://h/4", Some(9)),
        ] {
            journal.write(&line);
        }
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"held\":{\"fl").unwrap();
        let remains = Leftovers::read(&path, &recording).unwrap();
        assert_eq!(remains.len(), 1);
        assert_eq!((remains.jobs[0].0.as_str(), remains.jobs[0].1.job.as_str()), ("a", "http://h/1"));
        assert_eq!(
            remains.others,
            [url("http://h/3"), url("http://h/5"), url("http://h/4")],
            "the job of a probe, a job that was being deleted, and a job of an unknown kick-off"
        );
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        journal.close();
        assert!(!path.exists());
    }

    #[test]
    fn a_resumed_kick_off_shows_the_url_of_this_recording() {
        let copied = with_current_url(&kickoff(1, "a"), "http://h/[u1]", "http://h/[u2]");
        assert_eq!(copied.request.url, "http://h/[u2]");
        assert!(matches!(copied.outcome, Outcome::NoResponse(trouble) if trouble.message == "see http://h/[u2]"));
    }
}
