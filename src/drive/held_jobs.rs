//! The jobs that a run has started and not yet deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
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
    /// The URLs of the kick-offs that returned it.
    kickoffs: BTreeSet<Url>,
}

/// The jobs that this run started. A server may return the same job for equal requests, so a job is deleted when the
/// last flow that holds it releases it.
#[derive(Debug, Default)]
pub struct HeldJobs {
    jobs: Mutex<BTreeMap<Url, HeldJob>>,
    /// By the URL of a kick-off: read while such a kick-off is sent, written while a job that it returned is deleted. A
    /// server may return a job while its DELETE is on the way.
    kickoffs: Mutex<BTreeMap<Url, Arc<RwLock<()>>>>,
}

impl HeldJobs {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<Url, HeldJob>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a kick-off to `kickoff` returned the job at `url`.
    pub fn hold(&self, url: &Url, kickoff: Option<&Url>) {
        let mut jobs = self.jobs();
        let job = jobs.entry(url.clone()).or_insert_with(|| HeldJob {
            holders: 0,
            state: JobOnTarget::There,
            kickoffs: BTreeSet::new(),
        });
        job.holders += 1;
        job.kickoffs.extend(kickoff.cloned());
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

    /// Waits until no job that this kick-off may return is being deleted. Hold the guard while the kick-off is sent.
    pub async fn kicking_off(&self, kickoff: &Url) -> OwnedRwLockReadGuard<()> {
        self.lock_of(kickoff).read_owned().await
    }

    /// Waits until no kick-off that may return the job is being sent. Hold the guards while the job is deleted.
    pub async fn deleting(&self, url: &Url) -> Vec<OwnedRwLockWriteGuard<()>> {
        let kickoffs = self.jobs().get(url).map(|job| job.kickoffs.clone()).unwrap_or_default();
        let mut guards = Vec::new();
        for kickoff in &kickoffs {
            guards.push(self.lock_of(kickoff).write_owned().await);
        }
        guards
    }

    fn lock_of(&self, kickoff: &Url) -> Arc<RwLock<()>> {
        let mut kickoffs = self.kickoffs.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kickoffs.entry(kickoff.clone()).or_default())
    }

    /// Returns how many flows and probes hold the job.
    pub fn holders(&self, url: &Url) -> usize {
        self.jobs().get(url).map_or(0, |job| job.holders)
    }

    /// Returns whether nothing holds the job and the target has it.
    pub fn is_free(&self, url: &Url) -> bool {
        self.jobs().get(url).is_some_and(|job| job.holders == 0 && job.state == JobOnTarget::There)
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
        jobs.hold(&url, None);
        jobs.hold(&url, None);
        assert!(!jobs.release(&url));
        assert!(jobs.release(&url));
        jobs.gone(&url);
        assert_eq!(jobs.left(), []);
        jobs.hold(&url, None);
        assert_eq!(jobs.left(), std::slice::from_ref(&url), "the job was started again");
        jobs.kept(&url);
        assert!(!jobs.release(&url), "a refused DELETE is not repeated");
        assert_eq!(jobs.left(), [url]);
    }
}
