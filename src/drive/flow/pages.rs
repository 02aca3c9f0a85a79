//! Manifests that link to further manifests (hl7-3.0.0, `allowPartialManifests`).

use std::collections::HashSet;

use http::header::ACCEPT;
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::drive::budget::Budget;
use crate::drive::context::FlowContext;
use crate::drive::flow::job::Job;
use crate::drive::flow::{requests, retry};
use crate::drive::stops::stop;
use crate::measure::manifest_files;
use crate::recording::model::{Role, Stop, StopKind};
use crate::recording::shape::{is_manifest, without_bom};
use crate::session::exchange::RequestSpec;
use crate::suite::model::FileList;

/// The most manifests that are read by following `link`.
const MAX_PAGES: usize = 1000;

/// The most bytes of one linked manifest, and of all together.
const MAX_LEN_IN_ALL: usize = 64 << 20;

/// Returns `manifest` with the lists of all manifests that it links to appended, in order. Each manifest is read once.
pub(crate) async fn with_pages(context: &FlowContext<'_>, job: &Job, mut manifest: Value) -> Result<Value, Stop> {
    if !job.partial {
        return Ok(manifest);
    }
    let mut seen = HashSet::from([job.url.clone()]);
    let mut next = next_of(&manifest, &job.url);
    let mut read = 0_usize;
    while let Some(url) = next.take() {
        if seen.len() > MAX_PAGES || !seen.insert(url.clone()) {
            break;
        }
        let Some((page, bytes)) = page(context, &url).await? else { break };
        read = read.saturating_add(bytes);
        if read > MAX_LEN_IN_ALL {
            let because = format!("the linked manifests are longer than {MAX_LEN_IN_ALL} bytes in total");
            return Err(stop(StopKind::Limit, None, because));
        }
        next = next_of(&page, &url);
        append(&mut manifest, page);
        // More manifests change nothing once the limit of files is reached.
        if manifest_files::is_crowded(&manifest) {
            break;
        }
    }
    Ok(manifest)
}

/// Reads one linked manifest; returns it with its length in bytes. Repeats the request while the response is 202.
/// `None` if the response is not a manifest; the recording has the response.
async fn page(context: &FlowContext<'_>, url: &Url) -> Result<Option<(Value, usize)>, Stop> {
    let budget = Budget::new(context.run);
    let headers = requests::usual(&[(ACCEPT, "application/json")]);
    let mut attempt = 0;
    loop {
        context.check_halt()?;
        let request: RequestSpec =
            requests::plain(context.name(), Role::Page, Method::GET, url.clone(), headers.clone());
        let reply = context.run.session.send_within(request, MAX_LEN_IN_ALL).await;
        let Ok(whole) = &reply.result else { return Ok(None) };
        let left = budget.left(context.run);
        let not_yet = whole.status == StatusCode::ACCEPTED || retry::asks_to_wait(whole.status, attempt);
        if not_yet && !left.is_zero() {
            context.run.session.recorder().supersede(reply.exchange);
            let retry_after = context.retry_after(&whole.headers);
            let least = context.run.settings.least_wait;
            let time = retry::pause_again(retry_after, attempt, left, least, retry::MAX_WAIT);
            context.wait(time, "until the next manifest").await?;
            attempt += 1;
            continue;
        }
        let body = serde_json::from_slice::<Value>(without_bom(&whole.body)).ok();
        let body = body.filter(|body| whole.broken.is_none() && is_manifest(body));
        return Ok(body.map(|body| (body, whole.body.len())));
    }
}

/// Returns the URL of the next manifest by `link`, if there is one.
fn next_of(manifest: &Value, at: &Url) -> Option<Url> {
    let links = manifest.get("link")?.as_array()?;
    let next = links.iter().find(|link| link.get("relation").and_then(Value::as_str) == Some("next"));
    let text = next.or(links.first())?.get("url")?.as_str().filter(|text| !text.is_empty())?;
    at.join(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Appends the lists of `page` to those of `manifest`.
fn append(manifest: &mut Value, page: Value) {
    for list in FileList::ALL {
        let Some(more) = page.get(list.as_str()).and_then(Value::as_array) else { continue };
        match manifest.get_mut(list.as_str()).and_then(Value::as_array_mut) {
            Some(items) => items.extend(more.iter().cloned()),
            None => {
                if let Some(fields) = manifest.as_object_mut() {
                    fields.insert(list.as_str().to_owned(), Value::Array(more.clone()));
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_http_links_lead_to_the_next_manifest() {
        let at: Url = "http://h/jobs/1".parse().unwrap();
        let next = |manifest: Value| next_of(&manifest, &at).map(String::from);
        assert_eq!(next(json!({"link": [{"relation": "next", "url": "http://h/2"}]})), Some("http://h/2".into()));
        assert_eq!(next(json!({"link": [{"relation": "next", "url": "2"}]})), Some("http://h/jobs/2".into()));
        assert_eq!(next(json!({"link": [{"relation": "more", "url": "http://h/2"}]})), Some("http://h/2".into()));
        for manifest in [
            json!({}),
            json!({"link": []}),
            json!({"link": null}),
            json!({"link": [{"relation": "next"}]}),
            json!({"link": [{"relation": "next", "url": "file:///etc/passwd"}]}),
        ] {
            assert_eq!(next(manifest.clone()), None, "{manifest}");
        }
    }

    #[test]
    fn lists_are_joined_in_order() {
        let mut manifest = json!({"output": [1], "error": []});
        append(&mut manifest, json!({"output": [2, 3], "deleted": [4], "error": "x"}));
        assert_eq!(manifest, json!({"output": [1, 2, 3], "error": [], "deleted": [4]}));
    }
}
