//! Requests for the files of a job.

use http::StatusCode;

use crate::reference::export::job::{ExportJob, JobStage};
use crate::reference::fault::behavior::Behavior;
use crate::reference::reply::{Context, FHIR_NDJSON, Payload, Point, ServerReply};
use crate::reference::security::grant::Grant;
use crate::reference::state::ServerState;

/// Responds to a GET of the file `name` in `folder`.
pub(crate) fn file(server: &ServerState, folder: &str, name: &str, grant: &Grant) -> ServerReply {
    let now = server.now();
    let mut jobs = server.jobs();
    jobs.remove_expired(now, server.options.keep);
    let job = jobs.by_folder(folder).filter(|job| !job.deleted || server.does(Behavior::FilesStay));
    let file = job.and_then(|job| Some((job, job.files.iter().find(|file| file.name == name)?)));
    let own = |job: &ExportJob| job.belongs_to(grant) || server.does(Behavior::ForeignFiles);
    let Some((job, file)) = file.filter(|(job, _)| own(job)) else { return missing(Context::default()) };
    let context = Context { job: Some(job.id.clone()), file: Some(file.name.clone()), ..job.context.clone() };
    if file.point == Point::FileOutput && !grant.covers(file.kind) {
        let text = "the scope of the token does not cover the resources in this file";
        return ServerReply::refusal(Point::Unauthorized, StatusCode::FORBIDDEN, "forbidden", text).of(context);
    }
    if server.does(Behavior::SingleUseFiles) && server.is_repeated(&format!("{folder}/{name}")) {
        return missing(context);
    }
    let mut rows = file.rows.clone();
    let listed_early = job.first_page.is_some() && job.stage(now) == JobStage::Ended;
    if server.does(Behavior::ChangingFiles) && listed_early && rows.len() > 1 {
        rows = rows.part(0, rows.len() - 1);
    }
    ServerReply { payload: Payload::Lines(rows), ..ServerReply::empty(file.point, StatusCode::OK) }
        .with("content-type", FHIR_NDJSON)
        .of(context)
}

fn missing(context: Context) -> ServerReply {
    let text = "the file does not exist, or was deleted";
    ServerReply::refusal(Point::FileGone, StatusCode::NOT_FOUND, "not-found", text).of(context)
}
