//! Export jobs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, SystemTime};

use crate::reference::data::rows::Rows;
use crate::reference::export::request::ExportRequest;
use crate::reference::reply::{Context, Point};
use crate::reference::security::grant::Grant;

/// The maximum number of jobs. The server responds to further kick-offs with 429.
pub(crate) const MAX_JOBS: usize = 2000;

/// The maximum number of polls of one job within a second. The server responds to further polls with 429.
const MAX_POLLS: usize = 10;

/// One file of a job.
#[derive(Clone, Debug)]
pub(crate) struct JobFile {
    /// The point of its downloads, which selects the list of the manifest that names it.
    pub point: Point,
    /// The type of its resources.
    pub kind: &'static str,
    /// Its name within the job.
    pub name: String,
    /// The lines of the job file.
    pub rows: Rows,
    /// Whether its last block continues in the next file.
    pub continues: bool,
}

/// One export. Its files are selected when it starts.
#[derive(Clone, Debug)]
pub(crate) struct ExportJob {
    /// The secret part of its polling URL.
    pub id: String,
    /// The secret part of its files' URLs.
    pub folder: String,
    /// When it started.
    pub started: SystemTime,
    /// Its `transactionTime`.
    pub transaction_time: SystemTime,
    /// How long it runs; `None` if it never ends.
    pub duration: Option<Duration>,
    /// The reason if it fails.
    pub failure: Option<String>,
    /// The kick-off's URL.
    pub request: String,
    /// The kick-off's method, URL, parameters and preferences, to recognize a repeated kick-off.
    pub fingerprint: String,
    /// Whether `_since` was given.
    pub incremental: bool,
    /// The type by which its output is organized.
    pub organizer: Option<&'static str>,
    /// The files of the export job.
    pub files: Vec<JobFile>,
    /// The export request, if the files are selected only when the job ends.
    pub select_at_end: Option<Box<ExportRequest>>,
    /// The client that started it; `None` if the server required no token.
    pub owner: Option<String>,
    /// The token of the kick-off.
    pub token: Option<String>,
    /// How many output files the first page of the manifest lists, if there is a second page.
    pub first_page: Option<usize>,
    /// Whether the status of the export is separate from the status of the poll.
    pub separate_status: bool,
    /// The context that faults use to select responses.
    pub context: Context,
    /// When it was polled within the last second.
    pub recent_polls: VecDeque<SystemTime>,
    /// Whether it was deleted. Its files may still exist.
    pub deleted: bool,
}

/// The progress of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobStage {
    /// It runs, and this percentage is complete.
    Running(u64),
    /// It is finished.
    Ended,
}

impl ExportJob {
    /// Whether the client of the request may see it. A request that needs no token may see all jobs.
    pub(crate) fn belongs_to(&self, grant: &Grant) -> bool {
        grant.client.is_none() || self.owner == grant.client
    }

    /// Its progress.
    pub(crate) fn stage(&self, now: SystemTime) -> JobStage {
        let ran = now.duration_since(self.started).unwrap_or_default();
        match self.duration {
            Some(duration) if ran >= duration => JobStage::Ended,
            Some(duration) => {
                let percent = ran.as_millis() * 100 / duration.as_millis().max(1);
                JobStage::Running(u64::try_from(percent).unwrap_or(99).min(99))
            }
            None => JobStage::Running(50),
        }
    }

    /// When the server deletes it and its files: `keep` after its end.
    pub(crate) fn expires(&self, keep: Duration) -> SystemTime {
        self.started + self.duration.unwrap_or(Duration::from_secs(86_400)) + keep
    }

    /// Counts a poll. Returns whether polls are too frequent; if `strict` is set, one per second is permitted.
    pub(crate) fn polled_too_fast(&mut self, now: SystemTime, strict: bool) -> bool {
        let recent = |at: &SystemTime| now.duration_since(*at).unwrap_or_default() < Duration::from_secs(1);
        while self.recent_polls.front().is_some_and(|at| !recent(at)) {
            self.recent_polls.pop_front();
        }
        let max = if strict { 1 } else { MAX_POLLS };
        if self.recent_polls.len() >= max {
            return true;
        }
        self.recent_polls.push_back(now);
        false
    }

    /// The context of responses about it.
    pub(crate) fn context_with_id(&self) -> Context {
        Context { job: Some(self.id.clone()), ..self.context.clone() }
    }
}

/// All jobs.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    by_id: BTreeMap<String, ExportJob>,
    gone: BTreeSet<String>,
}

impl Jobs {
    /// Removes expired jobs.
    pub(crate) fn remove_expired(&mut self, now: SystemTime, keep: Duration) {
        self.by_id.retain(|_, job| job.expires(keep) > now);
    }

    /// The number of jobs.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether any job runs.
    pub(crate) fn any_running(&self, now: SystemTime) -> bool {
        self.by_id.values().any(|job| !job.deleted && matches!(job.stage(now), JobStage::Running(_)))
    }

    /// Adds a job.
    pub(crate) fn insert(&mut self, job: ExportJob) {
        self.by_id.insert(job.id.clone(), job);
    }

    /// The job with this id, deleted or not.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut ExportJob> {
        self.by_id.get_mut(id)
    }

    /// Removes a job and its files.
    pub(crate) fn remove(&mut self, id: &str) {
        if self.by_id.remove(id).is_some() {
            self.gone.insert(id.to_owned());
        }
    }

    /// Whether a job existed and was deleted.
    pub(crate) fn was_deleted(&self, id: &str) -> bool {
        self.gone.contains(id) || self.by_id.get(id).is_some_and(|job| job.deleted)
    }

    /// The job with this folder of files.
    pub(crate) fn by_folder(&self, folder: &str) -> Option<&ExportJob> {
        self.by_id.values().find(|job| job.folder == folder)
    }

    /// A job that was started by the same kick-off.
    pub(crate) fn same_request(&self, fingerprint: &str) -> Option<&ExportJob> {
        self.by_id.values().find(|job| job.fingerprint == fingerprint && !job.deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(started: SystemTime) -> ExportJob {
        ExportJob {
            id: "a".to_owned(),
            folder: "b".to_owned(),
            started,
            transaction_time: started,
            duration: Some(Duration::from_secs(2)),
            failure: None,
            request: String::new(),
            fingerprint: String::new(),
            incremental: false,
            organizer: None,
            files: Vec::new(),
            select_at_end: None,
            owner: None,
            token: None,
            first_page: None,
            separate_status: false,
            context: Context::default(),
            recent_polls: VecDeque::new(),
            deleted: false,
        }
    }

    #[test]
    fn a_job_runs_then_ends_then_expires() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let keep = Duration::from_secs(60);
        let mut jobs = Jobs::default();
        jobs.insert(job(start));
        let one = job(start);
        assert_eq!(one.stage(start), JobStage::Running(0));
        assert_eq!(one.stage(start + Duration::from_secs(1)), JobStage::Running(50));
        assert_eq!(one.stage(start + Duration::from_secs(2)), JobStage::Ended);
        jobs.remove_expired(start + Duration::from_secs(61), keep);
        assert_eq!(jobs.len(), 1);
        jobs.remove_expired(start + Duration::from_secs(62), keep);
        assert_eq!(jobs.len(), 0);
    }

    #[test]
    fn ten_polls_a_second_are_allowed() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut one = job(start);
        assert!((0..10).all(|_| !one.polled_too_fast(start, false)));
        assert!(one.polled_too_fast(start, false));
        assert!(!one.polled_too_fast(start + Duration::from_secs(1), false));
    }
}
