//! The request of a flow, and the job that it started.

use std::time::Duration;

use http::header::{CONTENT_LOCATION, HeaderMap, LOCATION};
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::drive::budget::Budget;
use crate::drive::flow_results::FlowOutcome;
use crate::recording::shape::urls_of_line;
use crate::session::exchange::FullResponse;

/// The request of a flow: its level, its parameters, and its source flow.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// System, patient or group.
    pub level: ExportLevel,
    /// The names and values of its parameters, with sample values filled in.
    pub params: Vec<(String, String)>,
    /// The parameters that the target refused; probes leave them out, too.
    pub dropped_params: Vec<String>,
    /// The flow that provides sample values, and that the export is compared with.
    pub source: Option<SourceFlow>,
}

impl Route {
    /// Returns the source flow, if it exported at the same level.
    pub fn comparable_source(&self) -> Option<&SourceFlow> {
        self.source.as_ref().filter(|source| source.outcome.level == self.level)
    }
}

/// A job that runs on the target.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The polling URL of the job.
    pub url: Url,
    /// `Retry-After` of the kick-off response.
    pub retry_after: Option<Duration>,
    /// How long the flow waits for it.
    pub budget: Budget,
    /// Whether the kick-off requested partial manifests while the job runs.
    pub partial: bool,
    /// Whether the kick-off requested the status of the job in a header, separate from the status of the poll.
    pub separate: bool,
}

/// An earlier flow that provides sample values, and that exports are compared with.
#[derive(Clone, Debug)]
pub(crate) struct SourceFlow {
    /// The name of the source flow.
    pub flow: String,
    /// How it ended.
    pub outcome: FlowOutcome,
}

/// Returns the polling URL of a response: `Content-Location`, or else `Location`. A relative URL is resolved; the test
/// of the header judges that. `None` if the response started no job. The error is a clause that says why the URL cannot
/// be polled.
pub(crate) fn polling_url(whole: &FullResponse) -> Option<Result<Url, String>> {
    if !whole.status.is_success() {
        return None;
    }
    let (name, text) = [CONTENT_LOCATION, LOCATION].into_iter().find_map(|name| {
        let text = header_text(&whole.headers, name.as_str())?;
        Some((name, text))
    })?;
    // Of several URLs on one line, the first is polled; the test of the header judges that too.
    let text = urls_of_line(text).into_iter().next().unwrap_or(text);
    let url = whole.url.join(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    Some(url.ok_or_else(|| format!("the response header {name} is not an http or https URL")))
}

/// Returns the first line of a header, if it is readable and not empty.
fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;

    fn response(status: u16, headers: &[(&'static str, &str)]) -> FullResponse {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        FullResponse {
            url: "http://h/fhir/$export".parse().unwrap(),
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::new(),
            broken: None,
        }
    }

    fn url(status: u16, headers: &[(&'static str, &str)]) -> Option<Result<String, String>> {
        polling_url(&response(status, headers)).map(|result| result.map(String::from))
    }

    #[test]
    fn the_polling_url_is_found_resolved_or_refused() {
        assert_eq!(url(202, &[("content-location", "http://h/jobs/1")]), Some(Ok("http://h/jobs/1".into())));
        assert_eq!(url(202, &[("content-location", "/jobs/1")]), Some(Ok("http://h/jobs/1".into())), "relative");
        assert_eq!(
            url(200, &[("location", "http://h/jobs/1")]),
            Some(Ok("http://h/jobs/1".into())),
            "Location in place of Content-Location"
        );
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
}
