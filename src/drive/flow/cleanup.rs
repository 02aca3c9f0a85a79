//! Deleting jobs: as part of a flow, and tidying up what was started.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use http::Method;
use http::header::ACCEPT;
use url::Url;

use crate::drive::context::{Budget, FlowContext, RunContext, no_answer, stop};
use crate::drive::flow::kickoff::Job;
use crate::drive::flow::requests;
use crate::drive::resume_journal::JournalLine;
use crate::recording::model::{Role, Stop, StopKind, TroubleKind};
use crate::session::exchange::RequestSpec;
use crate::suite::flow::Identity;

/// The longest time for tidying up one job, once the run is being ended.
pub(crate) const LAST_ORDERS: Duration = Duration::from_secs(10);
/// The longest time for tidying up one job otherwise.
const TIDYING: Duration = Duration::from_secs(60);

/// What became of a job that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CleanupResult {
    Gone,
    Kept,
    Unknown,
}

/// 404 and 410 say that it is not there, as good as deleted; another 4xx or 501 that it will not be.
fn fate(status: u16) -> CleanupResult {
    match status {
        200..=299 | 404 | 410 => CleanupResult::Gone,
        429 => CleanupResult::Unknown,
        400..=499 | 501 => CleanupResult::Kept,
        _ => CleanupResult::Unknown,
    }
}

impl FlowContext<'_> {
    /// The flow's own DELETE. The error is that there is nothing to be seen after it.
    pub async fn delete(&self, job: &Job) -> Result<(), Stop> {
        self.run.journal.write(&JournalLine::Ending(job.url.clone()));
        let mut budget = Budget::new(self.run).at_most(self.run, TIDYING);
        let reply = self
            .send_patiently(&mut budget, self.delete_ask(&job.url, Role::Delete, self.planned.flow.identity), false)
            .await?;
        let exchange = reply.exchange;
        let status = match &reply.result {
            Ok(whole) => whole.status.as_u16(),
            Err(trouble) if trouble.kind == TroubleKind::Interrupted => return Err(self.halt_stop(exchange, trouble)),
            Err(trouble) => return Err(no_answer("the DELETE", exchange, trouble)),
        };
        self.settle(&job.url, fate(status));
        match status {
            200..=299 => Ok(()),
            401 | 403 => Err(stop(StopKind::Credentials, Some(exchange), format!("the DELETE was answered {status}"))),
            _ => Err(stop(StopKind::Answer, Some(exchange), format!("the DELETE was answered {status}"))),
        }
    }

    fn settle(&self, job: &Url, fate: CleanupResult) {
        match fate {
            CleanupResult::Gone => self.run.gone(job),
            CleanupResult::Kept => self.run.jobs.kept(job),
            CleanupResult::Unknown => {}
        }
    }

    /// Lets go of a job, and deletes it if no other flow holds it. Goes out even when the run is being ended, but does
    /// not hold it up for more than [`LAST_ORDERS`].
    pub async fn tidy(&self, job: &Url, owner: Identity) {
        if !self.drop_hold(job) || !self.run.jobs.let_go(job) || self.run.settings.no_delete {
            return;
        }
        let late = async {
            self.run.session.interrupted().await;
            self.run.clock.sleep(LAST_ORDERS).await;
        };
        tokio::select! {
            biased;
            () = self.send_cleanup(job, owner) => {}
            () = late => {}
        }
    }

    /// The DELETE of tidying up.
    pub async fn send_cleanup(&self, job: &Url, owner: Identity) {
        self.run.journal.write(&JournalLine::Ending(job.clone()));
        let mut budget = Budget::new(self.run).at_most(self.run, TIDYING);
        let ask = self.delete_ask(job, Role::Cleanup, owner);
        let reply = match self.send_patiently(&mut budget, ask.clone(), false).await {
            Ok(reply) => reply,
            // A wait for patience was ended with the run: one last try.
            Err(stop) if stop.kind == StopKind::Limit => self.run.session.send(ask).await,
            Err(_) => return,
        };
        if let Ok(whole) = &reply.result {
            self.settle(job, fate(whole.status.as_u16()));
        }
    }

    /// Lets go of everything that the flow has started.
    pub async fn tidy_all(&self) {
        for (job, owner) in self.held() {
            self.tidy(&job, owner).await;
        }
        self.tidy_groups().await;
    }

    fn delete_ask(&self, job: &Url, role: Role, identity: Identity) -> RequestSpec {
        let headers = requests::usual(&[(ACCEPT, "application/fhir+json")]);
        RequestSpec { identity, ..requests::plain(self.name(), role, Method::DELETE, job.clone(), headers) }
    }
}

/// Deletes jobs that a killed run left and that nobody goes on with. What cannot be deleted is listed with the rest.
pub(crate) async fn others(run: &RunContext<'_>, jobs: &[Url]) {
    for job in jobs {
        run.journal.write(&JournalLine::Held { flow: String::new(), job: job.clone(), own: None });
        run.jobs.hold(job);
        run.jobs.let_go(job);
        if run.settings.no_delete {
            continue;
        }
        let headers = requests::usual(&[(ACCEPT, "application/fhir+json")]);
        let ask =
            RequestSpec { flow: None, ..requests::plain("", Role::Cleanup, Method::DELETE, job.clone(), headers) };
        if let Ok(whole) = &run.session.send(ask).await.result {
            match fate(whole.status.as_u16()) {
                CleanupResult::Gone => run.gone(job),
                CleanupResult::Kept => run.jobs.kept(job),
                CleanupResult::Unknown => {}
            }
        }
    }
}

/// Writes the polling URLs of `jobs`, a line each, to a new file at `path` that only its owner can read: whoever knows
/// such a URL may be able to read the export.
pub(crate) fn list(path: &Path, jobs: &[Url]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    jobs.iter().try_for_each(|job| writeln!(file, "{job}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_listed_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("left");
        list(&path, &["https://h/job?id=1".parse().unwrap(), "https://h/job?id=2".parse().unwrap()]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "https://h/job?id=1\nhttps://h/job?id=2\n");
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(list(&path, &[]).is_err(), "nothing that is there is written over");
    }

    #[test]
    fn a_job_that_is_not_there_is_as_good_as_deleted() {
        assert_eq!([202, 204, 404, 410].map(fate), [CleanupResult::Gone; 4]);
        assert_eq!([400, 405, 501].map(fate), [CleanupResult::Kept; 3]);
        assert_eq!([429, 500, 503].map(fate), [CleanupResult::Unknown; 3]);
    }
}
