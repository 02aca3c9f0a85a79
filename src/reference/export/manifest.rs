//! Manifests.

use serde_json::{Value, json};

use crate::base::instant::rfc3339;
use crate::reference::export::job::{ExportJob, JobFile};
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::spec::Personality;
use crate::reference::personality::{hcpd, smile};
use crate::reference::reply::Point;
use crate::reference::state::ServerState;
use crate::reference::urls::file_url;

/// The manifest of a finished job, or its first page.
pub(crate) fn complete(server: &ServerState, job: &ExportJob) -> Value {
    match server.spec() {
        Personality::Smile => smile::manifest(job, &|file| file_url(server, job, file)),
        Personality::Hcpd => hcpd::add_message(job, page(server, job, 0, true)),
        _ => page(server, job, 0, true),
    }
}

/// A page of the job's manifest: 0 for the first page, 1 for the page that it links to after the job has finished.
pub(crate) fn page(server: &ServerState, job: &ExportJob, page: usize, ended: bool) -> Value {
    let mut output = items(server, job, Point::FileOutput);
    if let Some(first) = job.first_page {
        let second = output.split_off(first.min(output.len()));
        match (page, server.does(Behavior::GrowingManifest) && ended) {
            (0, false) => {}
            (0, true) => output.extend(second),
            _ => output = second,
        }
    }
    let mut manifest = json!({
        "transactionTime": rfc3339(job.transaction_time),
        "request": job.request,
        "requiresAccessToken": server.is_protected() && !server.does(Behavior::SignedFiles),
        "output": output,
    });
    if let Some(fields) = manifest.as_object_mut() {
        if let Some(kind) = job.organizer {
            fields.insert("outputOrganizedBy".to_owned(), kind.into());
        }
        let deleted = if page == 0 { items(server, job, Point::FileDeleted) } else { Vec::new() };
        // STU 1 does not define this list.
        let has_list = job.incremental && server.spec().edition() >= 2 && page == 0;
        if has_list || !deleted.is_empty() || server.does(Behavior::EmptyDeleted) {
            fields.insert("deleted".to_owned(), Value::Array(deleted));
        }
        fields.insert("error".to_owned(), Value::Array(items(server, job, Point::FileError)));
        if job.first_page.is_some() && page == 0 && ended {
            let next = json!([{ "relation": "next", "url": format!("{}/bulk/jobs/{}/2", server.base(), job.id) }]);
            fields.insert("link".to_owned(), next);
        }
    }
    manifest
}

/// The items of one list of the manifest.
fn items(server: &ServerState, job: &ExportJob, point: Point) -> Vec<Value> {
    let files: Vec<&JobFile> = job.files.iter().filter(|file| file.point == point).collect();
    let urls: Vec<String> = files.iter().map(|file| file_url(server, job, file)).collect();
    let item = |(at, file): (usize, &&JobFile)| {
        let mut item = json!({ "type": file.kind, "url": urls.get(at), "count": file.rows.len() });
        if let (Some(fields), Point::FileOutput, Some(_)) = (item.as_object_mut(), point, job.organizer) {
            fields.shift_remove("type");
            if let Some(next) = urls.get(at + 1).filter(|_| file.continues) {
                fields.insert("continuesInFile".to_owned(), Value::String(next.clone()));
            }
        }
        item
    };
    files.iter().enumerate().map(item).collect()
}
