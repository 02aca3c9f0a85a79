//! The probe that requests an attachment.

use futures_util::StreamExt as _;
use http::Method;
use http::header::ACCEPT;
use serde_json::Value;
use url::Url;

use crate::drive::context::FlowContext;
use crate::drive::flow::job::Job;
use crate::drive::flow::{probe_request, requests};
use crate::measure::manifest_files;
use crate::recording::model::{BodyKind, Role};
use crate::session::exchange::RequestSpec;
use crate::suite::flow::Probe;

/// The most bytes of an attachment that are read.
const MAX_ATTACHMENT: u64 = 4 << 20;

/// Notes the URLs of attachments in the files of the flow.
pub(crate) fn note_attachments(context: &FlowContext<'_>, urls: impl Iterator<Item = String>) {
    let mut known = context.attachments();
    let room = 64_usize.saturating_sub(known.len());
    known.extend(urls.take(room));
}

/// Returns the request for an attachment, from the target itself if possible. `None` if no attachment may be requested.
fn attachment_request(context: &FlowContext<'_>, job: &Job, manifest: &Value) -> Option<RequestSpec> {
    let settings = &context.run.settings;
    let open = manifest_files::is_open(manifest);
    let urls: Vec<Url> = context.attachments().iter().filter_map(|url| Url::parse(url).ok()).collect();
    let web = |url: &&Url| matches!(url.scheme(), "http" | "https");
    let own = |url: &&Url| url.origin() == settings.base.origin() || url.origin() == job.url.origin();
    let trusted = |url: &&Url| settings.allow_origins.contains(&url.origin());
    let mut chosen = urls.iter().filter(web).find(own).or_else(|| urls.iter().filter(web).find(trusted));
    // Other origins never get the token.
    if open {
        chosen = chosen.or_else(|| urls.iter().find(web));
    }
    let headers = requests::usual(&[(ACCEPT, "*/*")]);
    let request = requests::plain(context.name(), Role::Probe, Method::GET, chosen?.clone(), headers);
    Some(RequestSpec { open, masked: true, identity: context.planned.flow.identity, ..request })
}

/// Requests an attachment as a probe. Its content is not kept.
pub(crate) async fn probe_attachment(context: &FlowContext<'_>, probe: &Probe, job: &Job, manifest: &Value) {
    let Some(mut request) = attachment_request(context, job, manifest) else { return };
    probe_request::apply_probe(&mut request, probe);
    request.masked = true;
    let Ok(mut streaming) = context.run.session.open(request).await else { return };
    let (mut bytes, mut broken) = (0, None);
    while bytes < MAX_ATTACHMENT {
        match streaming.body.next().await {
            Some(Ok(chunk)) => bytes += chunk.len() as u64,
            Some(Err(trouble)) => {
                broken = Some(trouble);
                break;
            }
            None => break,
        }
    }
    streaming.finish(bytes, BodyKind::Streamed, broken);
}
