//! Kicking off: the request, and what its answer means for the flow.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LOCATION, HeaderMap, LOCATION};
use serde_json::Value;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::drive::context::{Budget, FlowContext, no_answer, stop};
use crate::drive::export_levels::Offer;
use crate::drive::flow::requests::Kickoff;
use crate::drive::flow::run_flow::SourceFlow;
use crate::drive::flow::{cleanup, requests};
use crate::drive::resume_journal::{Own, Resumed};
use crate::drive::{export_levels, resume_journal};
use crate::recording::model::{Role, Stop, StopKind};
use crate::recording::shape::{urls_of_line, without_bom};
use crate::session::exchange::{FullResponse, RequestSpec};
use crate::suite::flow::{Identity, Method, Probe, Send, Wrong};

/// The preference by which a poll's status and the job's come apart (hl7-3.0.0, headers).
const SEPARATE: &str = "separate-export-status";

/// What a flow asks for, once that is settled.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// System, patient or group.
    pub level: ExportLevel,
    /// The names and values of its parameters, picks resolved.
    pub params: Vec<(String, String)>,
    /// The names of those that the target does not take; probes do without them, too.
    pub dropped_params: Vec<String>,
    /// What they were picked from, and what the result is compared with.
    pub source: Option<SourceFlow>,
}

/// A job that runs on the target.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Its polling URL.
    pub url: Url,
    /// What the kick-off's answer said of the first poll.
    pub retry_after: Option<Duration>,
    /// Until when it is waited for.
    pub budget: Budget,
    /// Whether manifests may come while it runs, because the kick-off asked for them.
    pub partial: bool,
    /// Whether the status of the job was asked to come beside that of the poll.
    pub separate: bool,
}

impl FlowContext<'_> {
    /// The flow's kick-off, or that of a probe.
    pub fn kickoff_ask(&self, route: &Route, probe: Option<&Probe>, more: &[(String, String)]) -> RequestSpec {
        let settings = &self.run.settings;
        let flow = &self.planned.flow;
        let post = probe.map_or(flow.method == Method::Post, |probe| probe.send == Send::KickoffPost);
        let mut params = route.params.clone();
        let without = probe.map(|probe| probe.without.as_slice()).unwrap_or_default();
        params.retain(|(name, _)| !without.contains(name) && !more.iter().any(|(known, _)| known == name));
        params.extend_from_slice(more);
        params.retain(|(name, _)| !route.dropped_params.contains(name));
        let over = flow.headers.iter().chain(probe.iter().flat_map(|probe| &probe.headers));
        let group = self.group();
        let kickoff = Kickoff {
            base: &settings.base,
            level: route.level,
            group: match probe.and_then(|probe| probe.wrong) {
                Some(Wrong::ForbiddenGroup) => settings.forbidden_group.as_deref(),
                _ => group.as_deref(),
            },
            post,
            params: &params,
            headers: over.map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            omit: probe.map(|probe| probe.omit.as_slice()).unwrap_or_default(),
            wrong: probe.and_then(|probe| probe.wrong),
        };
        let (method, url, headers, body) = kickoff.parts();
        let role = if probe.is_some() { Role::Probe } else { Role::Kickoff };
        let mut ask = requests::plain(self.name(), role, method, url, headers);
        ask.body = body;
        ask.identity = flow.identity;
        if let Some(probe) = probe {
            ask.probe = Some(probe.id.clone());
            ask.identity = probe.identity;
        }
        ask
    }

    /// What is to be known of a job that `route` asked for.
    fn job(&self, route: &Route, url: Url, budget: Budget, retry_after: Option<Duration>) -> Job {
        let asked_partial = |(name, value): &(String, String)| name == "allowPartialManifests" && value == "true";
        let partial = route.params.iter().any(asked_partial);
        let separate = self.planned.flow.headers.values().any(|value| value.contains(SEPARATE));
        Job { url, retry_after, budget, partial, separate }
    }

    /// Kicks the flow's job off. The error says why there is none.
    pub async fn kick_off(&self, route: &Route) -> Result<Job, Stop> {
        let mut budget = Budget::new(self.run);
        let reply = self.send_patiently(&mut budget, self.kickoff_ask(route, None, &[]), true).await?;
        let whole = match &reply.result {
            Ok(whole) => whole,
            Err(trouble) => return Err(no_answer("the kick-off", reply.exchange, trouble)),
        };
        match polling_url(whole) {
            Some(Ok(url)) => {
                self.hold(&url, self.planned.flow.identity, Some(self.own(route, &url, reply.exchange)));
                Ok(self.job(route, url, budget, self.retry_after(&whole.headers)))
            }
            Some(Err(why)) => Err(stop(StopKind::Answer, Some(reply.exchange), why)),
            None => Err(self.refusal(route, whole, reply.exchange)),
        }
    }

    /// How this flow's kick-off started a job, for a run that resumes this one.
    fn own(&self, route: &Route, url: &Url, exchange: u32) -> Own {
        let shown = self.run.session.recorder().redact_url(url);
        Own { exchange, shown, level: route.level, params: route.params.clone() }
    }

    /// The job that a killed run's kick-off of this flow started, where it asked for the same: its kick-off is told
    /// again, and its polls go on. A job that was started for something else is deleted.
    pub async fn resume(&self, route: &Route) -> Option<Job> {
        let Resumed { job: url, own, kickoff } = self.run.resumed(self.name())?;
        if own.level != route.level || own.params != route.params {
            cleanup::others(self.run, &[url]).await;
            return None;
        }
        let recorder = self.run.session.recorder();
        // What we asked for then is no secret when the manifest says it.
        let ask = self.kickoff_ask(route, None, &[]);
        recorder.redactor().keep_parts_of(&ask.url);
        recorder.redactor().keep_values_of(ask.body.as_deref().unwrap_or_default());
        let exchange =
            recorder.copy_exchange(&resume_journal::retold(&kickoff, &own.shown, &recorder.redact_url(&url)));
        self.hold(&url, self.planned.flow.identity, Some(self.own(route, &url, exchange)));
        Some(self.job(route, url, Budget::new(self.run), None))
    }

    /// What it means that the kick-off started no job.
    fn refusal(&self, route: &Route, whole: &FullResponse, exchange: u32) -> Stop {
        let status = whole.status.as_u16();
        let at = Some(exchange);
        if whole.status.is_success() {
            let because = format!("the kick-off was answered {status} without a Content-Location to poll");
            return stop(StopKind::Answer, at, because);
        }
        let undeclared = export_levels::offer(route.level, &self.run.declared, &self.run.settings) == Offer::Perhaps;
        let optional = self.planned.flow.optional.as_ref();
        let narrow = self.planned.flow.identity == Identity::Narrow;
        match (status, optional) {
            // Whoever may not have all of it may be refused the whole.
            (400..=499, Some(optional)) if narrow => {
                stop(StopKind::Declined, at, format!("{optional}: the kick-off was answered {status}"))
            }
            (401 | 403, _) => stop(StopKind::Credentials, at, format!("the kick-off was answered {status}")),
            // Nor is it known to be offered where whatever answers does not speak FHIR there.
            _ if undeclared && (is_unsupported(whole) || !(is_outcome(&whole.body) || is_gateway(whole.status))) => {
                stop(
                    StopKind::NotOffered,
                    at,
                    format!(
                        "declined: the target does not declare an export at {} level and answered {status}",
                        route.level
                    ),
                )
            }
            (400.., Some(optional)) => {
                stop(StopKind::Declined, at, format!("{optional}: the kick-off was answered {status}"))
            }
            (502..=504, _) => stop(StopKind::Waited, at, format!("the kick-off was answered {status} again and again")),
            _ => stop(StopKind::Answer, at, format!("the kick-off was answered {status}")),
        }
    }
}

/// The polling URL of the job that an answer started: `Content-Location`, or `Location` in its place. A relative one is
/// resolved; the test on the header judges that. The error is a fragment that says why it cannot be polled.
pub(crate) fn polling_url(whole: &FullResponse) -> Option<Result<Url, String>> {
    if !whole.status.is_success() {
        return None;
    }
    let (name, text) = [CONTENT_LOCATION, LOCATION].into_iter().find_map(|name| {
        let text = header_text(&whole.headers, name.as_str())?;
        Some((name, text))
    })?;
    // Of several URLs on one line the first is polled; the test on the header judges that too.
    let text = urls_of_line(text).into_iter().next().unwrap_or(text);
    let url = whole.url.join(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    Some(url.ok_or_else(|| format!("the kick-off's {name} is no URL that can be polled")))
}

/// A header's first line, if it is readable and not empty.
fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

/// Whether a refusal says that there is no such operation.
fn is_unsupported(whole: &FullResponse) -> bool {
    match whole.status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => true,
        status if status.is_client_error() => outcome_says_unsupported(&whole.body),
        _ => false,
    }
}

/// Whether a status is that of something between us and the server.
fn is_gateway(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504)
}

/// Whether a body is an OperationOutcome.
fn is_outcome(body: &Bytes) -> bool {
    serde_json::from_slice::<Value>(without_bom(body))
        .is_ok_and(|body| body.get("resourceType").and_then(Value::as_str) == Some("OperationOutcome"))
}

/// Whether a body is an OperationOutcome with an issue that says so, by its code or in words.
fn outcome_says_unsupported(body: &Bytes) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    if body.get("resourceType").and_then(Value::as_str) != Some("OperationOutcome") {
        return false;
    }
    let issues = body.get("issue").and_then(Value::as_array).into_iter().flatten();
    issues.into_iter().any(|issue| {
        let code = issue.get("code").and_then(Value::as_str).unwrap_or_default();
        let words = [issue.get("diagnostics"), issue.pointer("/details/text")];
        let said = |text: &str| {
            let text = text.to_ascii_lowercase();
            ["not supported", "unsupported", "not implemented", "unknown operation", "does not support"]
                .iter()
                .any(|phrase| text.contains(phrase))
        };
        matches!(code, "not-supported" | "not-found") || words.into_iter().flatten().filter_map(Value::as_str).any(said)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> FullResponse {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        FullResponse {
            url: "http://h/fhir/$export".parse().unwrap(),
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            broken: None,
        }
    }

    fn url(status: u16, headers: &[(&'static str, &str)]) -> Option<Result<String, String>> {
        polling_url(&answer(status, headers, "")).map(|result| result.map(String::from))
    }

    #[test]
    fn the_polling_url_is_found_resolved_or_refused() {
        assert_eq!(url(202, &[("content-location", "http://h/jobs/1")]), Some(Ok("http://h/jobs/1".into())));
        assert_eq!(url(202, &[("content-location", "/jobs/1")]), Some(Ok("http://h/jobs/1".into())), "relative");
        assert_eq!(url(200, &[("location", "http://h/jobs/1")]), Some(Ok("http://h/jobs/1".into())), "a stand-in");
        assert_eq!(
            url(202, &[("location", "http://h/2"), ("content-location", "http://h/1")]),
            Some(Ok("http://h/1".into()))
        );
        assert_eq!(url(202, &[]), None);
        assert_eq!(url(202, &[("content-location", " ")]), None);
        assert_eq!(url(400, &[("content-location", "http://h/jobs/1")]), None);
        for text in ["javascript:alert(1)", "file:///etc/passwd", "http://"] {
            assert!(matches!(url(202, &[("content-location", text)]), Some(Err(_))), "{text}");
        }
    }

    #[test]
    fn what_counts_as_a_word_that_there_is_no_export() {
        let outcome = |code: &str, text: &str| {
            format!(r#"{{"resourceType":"OperationOutcome","issue":[{{"code":"{code}","diagnostics":"{text}"}}]}}"#)
        };
        assert!(is_unsupported(&answer(404, &[], "")));
        assert!(is_unsupported(&answer(400, &[], &outcome("not-supported", ""))));
        assert!(is_unsupported(&answer(400, &[], &outcome("processing", "Unknown operation $export"))));
        assert!(!is_unsupported(&answer(400, &[], &outcome("invalid", "no group"))));
        assert!(!is_unsupported(&answer(400, &[], "<html>not supported</html>")));
        assert!(!is_unsupported(&answer(500, &[], &outcome("not-supported", ""))));
    }
}
