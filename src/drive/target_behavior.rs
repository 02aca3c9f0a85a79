//! How the target has handled jobs and files so far in this run. This decides how long later requests wait.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How the target has behaved towards all flows of a run so far.
#[derive(Debug, Default)]
pub(crate) struct TargetBehavior {
    /// The number of jobs of this run that are running.
    running: AtomicUsize,
    any_job_ended: AtomicBool,
    wait_for_job_ran_out: AtomicBool,
    any_kickoff_accepted: AtomicBool,
    throttled_until_time_ran_out: AtomicBool,
    files_by_post: AtomicBool,
    throttled: AtomicBool,
    polls_refused: Mutex<Vec<(u32, u16)>>,
    any_poll_accepted: AtomicBool,
}

impl TargetBehavior {
    /// Notes that a job of this run has started.
    pub fn job_began(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a flow no longer follows its running job.
    pub fn job_left(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns whether any job of this run is running.
    pub fn runs_our_jobs(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// Notes that a job completed or failed.
    pub fn job_ended(&self) {
        self.any_job_ended.store(true, Ordering::Relaxed);
    }

    /// Notes that a job was still running when `--max-wait` expired.
    pub fn wait_for_job_ran_out(&self) {
        self.wait_for_job_ran_out.store(true, Ordering::Relaxed);
    }

    /// Notes that a kick-off was accepted.
    pub fn kickoff_accepted(&self) {
        self.any_kickoff_accepted.store(true, Ordering::Relaxed);
    }

    /// Notes that a kick-off still returned 429 when `--max-wait` expired.
    pub fn throttled_until_time_ran_out(&self) {
        self.throttled_until_time_ran_out.store(true, Ordering::Relaxed);
    }

    /// Returns whether one job ran longer than `--max-wait` and no job has ever ended. Later flows then poll each job
    /// once and leave it, so that such a target costs `--max-wait` once and not once per flow.
    pub fn finishes_no_job(&self) -> bool {
        self.wait_for_job_ran_out.load(Ordering::Relaxed) && !self.any_job_ended.load(Ordering::Relaxed)
    }

    /// Returns whether one kick-off was throttled until `--max-wait` expired and none was ever accepted. Later flows
    /// then send their kick-off once, so that such a target costs `--max-wait` once and not once per flow.
    pub fn accepts_no_kickoff(&self) -> bool {
        self.throttled_until_time_ran_out.load(Ordering::Relaxed) && !self.any_kickoff_accepted.load(Ordering::Relaxed)
    }

    /// Notes a 429; returns whether it is not the first.
    pub fn note_throttled(&self) -> bool {
        self.throttled.swap(true, Ordering::Relaxed)
    }

    /// Notes that a poll showed the state of a job.
    pub fn poll_accepted(&self) {
        self.any_poll_accepted.store(true, Ordering::Relaxed);
    }

    /// Notes that the target refused the poll of a job to the client that started it, in this exchange, with this
    /// status.
    pub fn poll_refused(&self, exchange: u32, status: u16) {
        self.polls_refused.lock().unwrap_or_else(PoisonError::into_inner).push((exchange, status));
    }

    /// Returns the first refused poll, if the target refused the polls of two flows and accepted none. Later flows
    /// start no export then.
    pub fn refuses_polls(&self) -> Option<(u32, u16)> {
        let refused = self.polls_refused.lock().unwrap_or_else(PoisonError::into_inner);
        let accepted = self.any_poll_accepted.load(Ordering::Relaxed);
        refused.first().copied().filter(|_| refused.len() >= 2 && !accepted)
    }

    /// Returns whether the target delivers files by POST: it refused a GET and then delivered the file by POST.
    pub fn files_by_post(&self) -> bool {
        self.files_by_post.load(Ordering::Relaxed)
    }

    /// Notes the method that delivered a file after the target refused the other method.
    pub fn file_delivered(&self, by_post: bool) {
        self.files_by_post.store(by_post, Ordering::Relaxed);
    }
}
