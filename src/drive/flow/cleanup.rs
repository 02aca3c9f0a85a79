//! Clean-up: deletes the jobs and Groups that a flow started.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use url::Url;

use crate::drive::context::FlowContext;
use crate::drive::flow::{delete, group, retry};
use crate::recording::model::Role;
use crate::suite::flow::Identity;

/// Releases a job, and deletes it unless another flow holds it or `--no-delete` is set.
pub(crate) async fn release_job(context: &FlowContext<'_>, job: &Url, owner: Identity) {
    if !context.forget(job) || !context.run.jobs.release(job) || context.run.settings.no_delete {
        return;
    }
    let deleted = async {
        let _guards = context.run.jobs.deleting(job).await;
        // An equal kick-off may have returned the job again. Then the flow that sent it deletes the job.
        if context.run.jobs.is_free(job) {
            delete::send_cleanup(context, job, owner).await;
        }
    };
    delete::within_grace(context.run, deleted).await;
}

/// Deletes everything that the flow started.
pub(crate) async fn clean_up(context: &FlowContext<'_>) {
    for (job, owner) in context.held() {
        release_job(context, &job, owner).await;
    }
    delete::within_grace(context.run, delete_groups(context)).await;
}

/// Writes the polling URLs of `jobs`, one per line, to a new file at `path` that only its owner can read, because a
/// polling URL may be enough to read the export.
pub(crate) fn list_leftovers(path: &Path, jobs: &[Url]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    jobs.iter().try_for_each(|job| writeln!(file, "{job}"))
}

/// Deletes the Groups that the flow created, including those that can only be found by name.
async fn delete_groups(context: &FlowContext<'_>) {
    let unconfirmed = std::mem::take(&mut context.cohort().unconfirmed);
    for name in unconfirmed {
        // The target may still create it, or may not list it yet.
        let until = context.run.clock.elapsed().saturating_add(retry::SETTLE_TIME);
        loop {
            let found = group::find_by_name(context, &name, Role::Cleanup).await;
            found.iter().for_each(|id| group::hold_group(context, id));
            if !found.is_empty() || context.run.clock.elapsed() >= until {
                break;
            }
            context.run.clock.sleep(retry::RECHECK_INTERVAL).await;
        }
    }
    let groups = std::mem::take(&mut context.cohort().groups);
    for group in groups {
        context.run.jobs.release(&group);
        delete::send_cleanup(context, &group, Identity::Client).await;
    }
}

/// Cleans up after a flow, once all flows with the same request have sent their kick-off.
pub(crate) async fn clean_up_late(context: &FlowContext<'_>) {
    for other in &context.planned.waits.kept_for {
        context.run.flow_results.kickoff(other).await;
    }
    clean_up(context).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_listed_in_a_file_that_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("left");
        list_leftovers(&path, &["https://h/job?id=1".parse().unwrap(), "https://h/job?id=2".parse().unwrap()]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "https://h/job?id=1\nhttps://h/job?id=2\n");
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(list_leftovers(&path, &[]).is_err(), "an existing file is not overwritten");
    }
}
