//! DELETE of a polling URL.

use http::StatusCode;

use crate::reference::export::job::{JobStage, Jobs};
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::spec::Personality;
use crate::reference::personality::{hcpd, smile};
use crate::reference::reply::{Context, Point, ServerReply, outcome};
use crate::reference::security::grant::Grant;
use crate::reference::state::ServerState;

/// Responds to a DELETE of a polling URL.
pub(crate) fn cancel(server: &ServerState, id: &str, grant: &Grant) -> ServerReply {
    let now = server.now();
    let mut jobs = server.jobs();
    jobs.remove_expired(now, server.options.keep);
    let refuse = |status, code: &str, text: &str| ServerReply::refusal(Point::DeleteRefused, status, code, text);
    let job = jobs.get_mut(id).filter(|job| !job.deleted || server.does(Behavior::DeleteAgain));
    let job = job.filter(|job| job.belongs_to(grant) || server.does(Behavior::ForeignDeletes));
    let Some(job) = job else {
        let context = Context { job: Some(id.to_owned()), ..Context::default() };
        if server.spec() == Personality::Hcpd && !jobs.was_deleted(id) {
            return hcpd::unknown_job().of(context);
        }
        return refuse(StatusCode::NOT_FOUND, "not-found", "the job does not exist, or was deleted").of(context);
    };
    let context = job.context_with_id();
    let running = matches!(job.stage(now), JobStage::Running(_));
    if server.does(Behavior::DeleteRunningOnly) && !running {
        return refuse(StatusCode::NOT_FOUND, "not-found", "the job is finished and cannot be cancelled").of(context);
    }
    if server.does(Behavior::DeleteFinishedOnly) && running {
        return refuse(StatusCode::CONFLICT, "conflict", "the job cannot be cancelled while it runs").of(context);
    }
    if server.spec() == Personality::Smile
        && !server.does(Behavior::DeleteFinishedToo)
        && let Some(refusal) = smile::refuse_delete(job, now)
    {
        return refusal.of(context);
    }
    forget(server, &mut jobs, id);
    let (point, status) = (Point::DeleteAccepted, StatusCode::ACCEPTED);
    let reply = match server.spec() {
        Personality::Hcpd => ServerReply::empty(point, status),
        Personality::Smile => ServerReply::fhir(point, status, smile::cancelled(id)),
        _ => {
            let text = "the job and its files are deleted";
            ServerReply::fhir(point, status, outcome("information", "informational", text))
        }
    };
    reply.of(context)
}

fn forget(server: &ServerState, jobs: &mut Jobs, id: &str) {
    if server.does(Behavior::DeleteWithoutEffect) {
        return;
    }
    if server.does(Behavior::FilesStay) || server.does(Behavior::DeleteAgain) {
        if let Some(job) = jobs.get_mut(id) {
            job.deleted = true;
        }
        return;
    }
    jobs.remove(id);
}
