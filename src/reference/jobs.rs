//! Jobs: started, running, done, gone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, SystemTime};

use crate::reference::data::rows::Rows;
use crate::reference::params::ExportRequest;
use crate::reference::reply::{Context, Point};
use crate::reference::security::auth::Grant;

/// Jobs kept at most; beyond it kick-offs are asked to come again.
pub(crate) const MAX_JOBS: usize = 2000;

/// Polls of one job within a second, beyond which it is throttled.
const MAX_POLLS: usize = 10;

/// One file of a job.
#[derive(Clone, Debug)]
pub(crate) struct JobFile {
    /// The list that names it.
    pub point: Point,
    /// The type of its resources.
    pub kind: &'static str,
    /// Its name within the job.
    pub name: String,
    /// Its lines.
    pub rows: Rows,
    /// Whether the block with which it ends goes on in the next one.
    pub continues: bool,
}

/// One export. What it returns is settled when it starts.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The secret of its polling URL.
    pub id: String,
    /// The secret of its files' URLs.
    pub shelf: String,
    /// When it started.
    pub started: SystemTime,
    /// Its `transactionTime`.
    pub stamp: SystemTime,
    /// How long it runs; none: for ever.
    pub runs: Option<Duration>,
    /// Why it fails, if it does.
    pub fails: Option<String>,
    /// The kick-off's URL.
    pub request: String,
    /// The kick-off's method, URL, body and headers that matter, to know an equal one by.
    pub likeness: String,
    /// Whether `_since` was given.
    pub incremental: bool,
    /// The type by whose resources its output is organised.
    pub organizer: Option<&'static str>,
    /// Its files.
    pub files: Vec<JobFile>,
    /// What it asked for, where its files are chosen when it ends.
    pub late: Option<Box<ExportRequest>>,
    /// The client that started it; none: nobody, or everybody.
    pub owner: Option<String>,
    /// The token that it was started with.
    pub token: Option<String>,
    /// How many of its output files the first manifest lists, where the rest is listed by a second one.
    pub first_page: Option<usize>,
    /// Whether its status comes beside that of the poll.
    pub separate: bool,
    /// What faults choose by.
    pub context: Context,
    /// When it was polled of late.
    pub polls: VecDeque<SystemTime>,
    /// Deleted, though its files may still be there.
    pub deleted: bool,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It runs, so many percent done.
    Running(u64),
    /// It is over.
    Over,
}

impl Job {
    /// Whether it belongs to whoever asks. Who came in without a token, where none was missed, may see everything.
    pub(crate) fn is_of(&self, grant: &Grant) -> bool {
        grant.client.is_none() || self.owner == grant.client
    }

    /// How far it is.
    pub(crate) fn stage(&self, now: SystemTime) -> Stage {
        let ran = now.duration_since(self.started).unwrap_or_default();
        match self.runs {
            Some(runs) if ran >= runs => Stage::Over,
            Some(runs) => {
                let percent = ran.as_millis() * 100 / runs.as_millis().max(1);
                Stage::Running(u64::try_from(percent).unwrap_or(99).min(99))
            }
            None => Stage::Running(50),
        }
    }

    /// When it and its files go, where they stay for `keep` after the end.
    pub(crate) fn expires(&self, keep: Duration) -> SystemTime {
        self.started + self.runs.unwrap_or(Duration::from_secs(86_400)) + keep
    }

    /// Counts a poll; true if they come too fast.
    pub(crate) fn polled(&mut self, now: SystemTime, early: bool) -> bool {
        let recent = |at: &SystemTime| now.duration_since(*at).unwrap_or_default() < Duration::from_secs(1);
        while self.polls.front().is_some_and(|at| !recent(at)) {
            self.polls.pop_front();
        }
        let most = if early { 1 } else { MAX_POLLS };
        if self.polls.len() >= most {
            return true;
        }
        self.polls.push_back(now);
        false
    }
}

/// All jobs.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    by_id: BTreeMap<String, Job>,
    gone: BTreeSet<String>,
}

impl Jobs {
    /// Forgets what has expired.
    pub(crate) fn tidy(&mut self, now: SystemTime, keep: Duration) {
        self.by_id.retain(|_, job| job.expires(keep) > now);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether one runs.
    pub(crate) fn any_runs(&self, now: SystemTime) -> bool {
        self.by_id.values().any(|job| !job.deleted && matches!(job.stage(now), Stage::Running(_)))
    }

    /// Takes a job in.
    pub(crate) fn insert(&mut self, job: Job) {
        self.by_id.insert(job.id.clone(), job);
    }

    /// The job with this polling secret, deleted or not.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Job> {
        self.by_id.get_mut(id)
    }

    /// Lets a job and its files go.
    pub(crate) fn remove(&mut self, id: &str) {
        if self.by_id.remove(id).is_some() {
            self.gone.insert(id.to_owned());
        }
    }

    /// Whether a job was there and was deleted.
    pub(crate) fn was_deleted(&self, id: &str) -> bool {
        self.gone.contains(id) || self.by_id.get(id).is_some_and(|job| job.deleted)
    }

    /// The job whose files have this secret.
    pub(crate) fn by_shelf(&self, shelf: &str) -> Option<&Job> {
        self.by_id.values().find(|job| job.shelf == shelf)
    }

    /// A job started by an equal kick-off.
    pub(crate) fn alike(&self, likeness: &str) -> Option<&Job> {
        self.by_id.values().find(|job| job.likeness == likeness && !job.deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(started: SystemTime) -> Job {
        Job {
            id: "a".to_owned(),
            shelf: "b".to_owned(),
            started,
            stamp: started,
            runs: Some(Duration::from_secs(2)),
            fails: None,
            request: String::new(),
            likeness: String::new(),
            incremental: false,
            organizer: None,
            files: Vec::new(),
            late: None,
            owner: None,
            token: None,
            first_page: None,
            separate: false,
            context: Context::default(),
            polls: VecDeque::new(),
            deleted: false,
        }
    }

    #[test]
    fn a_job_runs_then_is_over_then_is_forgotten() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let keep = Duration::from_secs(60);
        let mut jobs = Jobs::default();
        jobs.insert(job(start));
        let one = job(start);
        assert_eq!(one.stage(start), Stage::Running(0));
        assert_eq!(one.stage(start + Duration::from_secs(1)), Stage::Running(50));
        assert_eq!(one.stage(start + Duration::from_secs(2)), Stage::Over);
        jobs.tidy(start + Duration::from_secs(61), keep);
        assert_eq!(jobs.len(), 1);
        jobs.tidy(start + Duration::from_secs(62), keep);
        assert_eq!(jobs.len(), 0);
    }

    #[test]
    fn ten_polls_a_second_are_borne() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut one = job(start);
        assert!((0..10).all(|_| !one.polled(start, false)));
        assert!(one.polled(start, false));
        assert!(!one.polled(start + Duration::from_secs(1), false));
    }
}
