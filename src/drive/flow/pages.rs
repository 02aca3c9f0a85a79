//! A manifest in parts: files that are ready while the job runs, and manifests that link to others (hl7-3.0.0,
//! `allowPartialManifests`).

use std::collections::HashSet;

use http::header::ACCEPT;
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::drive::context::{Budget, FlowContext, stop};
use crate::drive::flow::kickoff::Job;
use crate::drive::flow::{requests, retry};
use crate::measure::manifest_files;
use crate::recording::model::{Role, Stop, StopKind};
use crate::recording::shape::{is_manifest, without_bom};
use crate::session::exchange::RequestSpec;
use crate::suite::flow::{Download, Moment, Send};
use crate::suite::model::FileList;

/// The most manifests that one links to, directly or by way of others.
const MAX_PAGES: usize = 1000;
/// Files that are fetched while the job runs, at most.
const MAX_EARLY: usize = 20;
/// The longest manifest that is read; so long all may be that one leads to.
const LONGEST: usize = 64 << 20;

impl FlowContext<'_> {
    /// Fetches, as the flow's probes, the files that a manifest lists while the job runs. Whether there were any.
    pub async fn probe_parts(&self, job: &Job, manifest: &Value) -> Result<bool, Stop> {
        let (items, _) = manifest_files::files(manifest, Download::All);
        if items.is_empty() {
            return Ok(false);
        }
        let probes = self.planned.flow.probes.iter();
        for probe in probes.filter(|probe| probe.at == Moment::Partial && probe.send == Send::Files) {
            for item in items.iter().take(MAX_EARLY) {
                self.check_halt()?;
                if let Some(wanted) = crate::drive::files::download::usable(job, manifest, item.clone()) {
                    // Nothing that happens to a probe stops the flow.
                    let _ = self.fetch_again(&wanted, probe).await;
                }
            }
        }
        self.check_halt()?;
        Ok(true)
    }

    /// `manifest` with the lists of all that it leads to by `link`, each seen once, in their order.
    pub async fn with_pages(&self, job: &Job, mut manifest: Value) -> Result<Value, Stop> {
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
            let Some((page, bytes)) = self.page(&url).await? else { break };
            read = read.saturating_add(bytes);
            if read > LONGEST {
                let because = format!("the manifests that lead to each other are longer than {LONGEST} bytes in all");
                return Err(stop(StopKind::Limit, None, because));
            }
            next = next_of(&page, &url);
            append(&mut manifest, page);
            // No more files are fetched, however many more are listed.
            if manifest_files::is_crowded(&manifest) {
                break;
            }
        }
        Ok(manifest)
    }

    /// One manifest by its own URL, and its length in bytes; while it is being made the answer is 202, and it is asked for again. None if what
    /// came is none: the recording has it.
    async fn page(&self, url: &Url) -> Result<Option<(Value, usize)>, Stop> {
        let budget = Budget::new(self.run);
        let headers = requests::usual(&[(ACCEPT, "application/json")]);
        let mut attempt = 0;
        loop {
            self.check_halt()?;
            let ask: RequestSpec = requests::plain(self.name(), Role::Page, Method::GET, url.clone(), headers.clone());
            let reply = self.run.session.send_within(ask, LONGEST).await;
            let Ok(whole) = &reply.result else { return Ok(None) };
            let left = budget.left(self.run);
            let again = whole.status == StatusCode::ACCEPTED || retry::asks_for_patience(whole.status, attempt);
            if again && !left.is_zero() {
                self.run.session.recorder().supersede(reply.exchange);
                let asked = self.retry_after(&whole.headers);
                let least = self.run.settings.least_wait;
                let time = retry::pause_again(asked, attempt, left, least, retry::LONGEST);
                self.wait(time, "until the next manifest").await?;
                attempt += 1;
                continue;
            }
            let body = serde_json::from_slice::<Value>(without_bom(&whole.body)).ok();
            let body = body.filter(|body| whole.broken.is_none() && is_manifest(body));
            return Ok(body.map(|body| (body, whole.body.len())));
        }
    }
}

/// Where a manifest's `link` leads, if it leads anywhere.
fn next_of(manifest: &Value, at: &Url) -> Option<Url> {
    let links = manifest.get("link")?.as_array()?;
    let next = links.iter().find(|link| link.get("relation").and_then(Value::as_str) == Some("next"));
    let text = next.or(links.first())?.get("url")?.as_str().filter(|text| !text.is_empty())?;
    at.join(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Adds the lists of `page` to those of `manifest`.
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
    fn links_lead_on_and_anything_else_does_not() {
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
