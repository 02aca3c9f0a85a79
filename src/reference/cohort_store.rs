//! Groups that clients created, and the jobs that create them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::Value;

/// The maximum number of Groups, and of jobs.
const MAX: usize = 200;

/// A Group that a client created.
#[derive(Clone, Debug)]
pub(crate) struct StoredCohort {
    /// The resource of the stored cohort.
    pub value: Value,
    /// The ids of its members.
    pub members: BTreeSet<String>,
    /// When it starts to exist.
    pub from: SystemTime,
}

/// A job that creates or changes a Group.
#[derive(Clone, Debug)]
pub(crate) struct CohortJob {
    /// When it started.
    pub started: SystemTime,
    /// How long it runs; `None` if it never ends.
    pub duration: Option<Duration>,
    /// The Group's id and whether the Group existed before, or why the job fails.
    pub end: Result<(String, bool), String>,
}

/// All Groups that clients created.
#[derive(Debug, Default)]
pub(crate) struct CohortStore {
    /// The Groups, by id.
    pub groups: BTreeMap<String, StoredCohort>,
    /// The jobs, by id.
    pub jobs: BTreeMap<String, CohortJob>,
}

impl CohortStore {
    /// Whether the maximum number of Groups or jobs is reached.
    pub(crate) fn is_full(&self) -> bool {
        self.groups.len() >= MAX || self.jobs.len() >= MAX
    }

    /// The Group with this id, if it exists `now`.
    pub(crate) fn get(&self, id: &str, now: SystemTime) -> Option<&StoredCohort> {
        self.groups.get(id).filter(|cohort| cohort.from <= now)
    }

    /// The Groups that exist `now`.
    pub(crate) fn existing(&self, now: SystemTime) -> impl Iterator<Item = &StoredCohort> {
        self.groups.values().filter(move |cohort| cohort.from <= now)
    }
}
