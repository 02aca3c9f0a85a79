//! The jobs that a run has started and not yet deleted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Url;

/// The state of a job on the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobOnTarget {
    /// The target has it.
    There,
    /// It is deleted, or the target no longer knows it.
    Gone,
    /// The target refused to delete it.
    Kept,
}

#[derive(Debug)]
struct HeldJob {
    holders: usize,
    state: JobOnTarget,
}

/// The jobs that this run started. A server may return the same job for equal requests, so a job is deleted when the
/// last flow that holds it releases it.
#[derive(Debug, Default)]
pub struct HeldJobs {
    jobs: Mutex<BTreeMap<Url, HeldJob>>,
}

impl HeldJobs {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<Url, HeldJob>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a kick-off returned the job at `url`.
    pub fn hold(&self, url: &Url) {
        let mut jobs = self.jobs();
        let job = jobs.entry(url.clone()).or_insert(HeldJob { holders: 0, state: JobOnTarget::There });
        job.holders += 1;
        // A server that returns the URL of a deleted job has started the job again.
        job.state = JobOnTarget::There;
    }

    /// Notes that one holder releases the job. Returns true if the job must be deleted now.
    pub fn release(&self, url: &Url) -> bool {
        let mut jobs = self.jobs();
        let Some(job) = jobs.get_mut(url) else { return false };
        job.holders = job.holders.saturating_sub(1);
        job.holders == 0 && job.state == JobOnTarget::There
    }

    /// Notes that the job is deleted, or that the target does not know it.
    pub fn gone(&self, url: &Url) {
        self.set(url, JobOnTarget::Gone);
    }

    /// Notes that the target refused to delete the job.
    pub fn kept(&self, url: &Url) {
        self.set(url, JobOnTarget::Kept);
    }

    fn set(&self, url: &Url, state: JobOnTarget) {
        if let Some(job) = self.jobs().get_mut(url) {
            job.state = state;
        }
    }

    /// Returns the jobs that are still on the target.
    pub fn left(&self) -> Vec<Url> {
        self.jobs().iter().filter(|(_, job)| job.state != JobOnTarget::Gone).map(|(url, _)| url.clone()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_job_is_deleted_by_the_last_holder_only() {
        let (jobs, url) = (HeldJobs::default(), "http://h/1".parse().unwrap());
        jobs.hold(&url);
        jobs.hold(&url);
        assert!(!jobs.release(&url));
        assert!(jobs.release(&url));
        jobs.gone(&url);
        assert_eq!(jobs.left(), []);
        jobs.hold(&url);
        assert_eq!(jobs.left(), std::slice::from_ref(&url), "the job was started again");
        jobs.kept(&url);
        assert!(!jobs.release(&url), "a refused DELETE is not repeated");
        assert_eq!(jobs.left(), [url]);
    }
}
