//! What the run has seen of how the target handles jobs and files. It decides how long later requests wait.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What all flows of a run have seen of the target so far.
#[derive(Debug, Default)]
pub(crate) struct TargetBehavior {
    /// Jobs of this run that run now.
    running: AtomicUsize,
    any_job_ended: AtomicBool,
    wait_for_job_ran_out: AtomicBool,
    any_kickoff_accepted: AtomicBool,
    throttled_until_time_ran_out: AtomicBool,
    files_by_post: AtomicBool,
}

impl TargetBehavior {
    /// A job of this run begins to run.
    pub fn job_began(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    /// The flow of a running job is done with it.
    pub fn job_left(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether any job of this run runs now.
    pub fn runs_our_jobs(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// A job completed or failed.
    pub fn job_ended(&self) {
        self.any_job_ended.store(true, Ordering::Relaxed);
    }

    /// A job was still running when `--max-wait` ran out.
    pub fn wait_for_job_ran_out(&self) {
        self.wait_for_job_ran_out.store(true, Ordering::Relaxed);
    }

    /// A kick-off was accepted.
    pub fn kickoff_accepted(&self) {
        self.any_kickoff_accepted.store(true, Ordering::Relaxed);
    }

    /// A kick-off was still answered 429 when `--max-wait` ran out.
    pub fn throttled_until_time_ran_out(&self) {
        self.throttled_until_time_ran_out.store(true, Ordering::Relaxed);
    }

    /// Whether one job outlasted `--max-wait` and no job ever ended. Later flows then see each job running once and leave
    /// it, so that such a target costs `--max-wait` once and not once per flow.
    pub fn finishes_no_job(&self) -> bool {
        self.wait_for_job_ran_out.load(Ordering::Relaxed) && !self.any_job_ended.load(Ordering::Relaxed)
    }

    /// Whether one kick-off was throttled until `--max-wait` ran out and none was ever accepted. Later flows then send
    /// their kick-off once, so that such a target costs `--max-wait` once and not once per flow.
    pub fn accepts_no_kickoff(&self) -> bool {
        self.throttled_until_time_ran_out.load(Ordering::Relaxed) && !self.any_kickoff_accepted.load(Ordering::Relaxed)
    }

    /// Whether the target delivered a file by POST and not by GET.
    pub fn files_by_post(&self) -> bool {
        self.files_by_post.load(Ordering::Relaxed)
    }

    /// A file was delivered: by POST or by GET.
    pub fn file_delivered(&self, by_post: bool) {
        self.files_by_post.store(by_post, Ordering::Relaxed);
    }
}
