//! The URLs of jobs and files.

use crate::reference::export::job::{ExportJob, JobFile};
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::hapi;
use crate::reference::request::ServerRequest;
use crate::reference::state::ServerState;

/// Another origin that a server in this process serves too.
pub const FILES_ORIGIN: &str = "https://files.localhost";
/// An origin that cannot exist: the name is reserved.
const UNOWNED_ORIGIN: &str = "https://lure.invalid";

/// The polling URL of a job.
pub(crate) fn poll_url(server: &ServerState, id: &str) -> String {
    match server.spec().is_hapi() {
        true => hapi::poll_url(server.base(), id),
        false => format!("{}/bulk/jobs/{id}", server.base()),
    }
}

/// The URL of a job's file.
pub(crate) fn file_url(server: &ServerState, job: &ExportJob, file: &JobFile) -> String {
    let url = match server.spec().is_hapi() {
        true => hapi::file_url(server.base(), job, file),
        false if server.does(Behavior::RelativeFileUrls) => format!("../files/{}/{}", job.folder, file.name),
        false => format!("{}/bulk/files/{}/{}", server.base(), job.folder, file.name),
    };
    let url = match url.strip_prefix(&server.origin()) {
        Some(path) if server.does(Behavior::FilesElsewhere) => format!("{FILES_ORIGIN}{path}"),
        Some(path) if server.does(Behavior::FilesOfNobody) => format!("{UNOWNED_ORIGIN}{path}"),
        _ => url,
    };
    match server.does(Behavior::FreshLinks).then(|| server.secret()) {
        Some(Ok(signature)) => format!("{url}?signature={signature}"),
        _ => url,
    }
}

/// The `request` of the manifest.
pub(crate) fn shown_request(server: &ServerState, request: &ServerRequest) -> String {
    let url = format!("{}{}", server.origin(), request.target);
    match (&request.grant.token, server.does(Behavior::TokenInRequest)) {
        (Some(token), true) => format!("{url}#access_token={token}"),
        _ => url,
    }
}
