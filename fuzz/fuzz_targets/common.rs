//! A run against a server with fuzzed responses to polls: drive, recording, judge and reports, in paused time.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use plimsoll::base::clock::Clock;
use plimsoll::settings::run_settings::Settings;
use plimsoll::transport::message::{Incoming, Outgoing, ResponseFuture, Transport};

use plimsoll::drive::run::RunOptions;
use plimsoll::judge::judge_run;
use plimsoll::plan::model::Plan;
use plimsoll::report::{finding, html, junit, terminal};
use plimsoll::suite::model::Catalog;
use plimsoll::verdicts::judged_run::Run;

const BASE: &str = "http://localhost/fhir";

/// Returns the built-in suites, and a plan with the tests of one flow.
pub fn rules() -> &'static (Catalog, Plan) {
    static RULES: OnceLock<(Catalog, Plan)> = OnceLock::new();
    RULES.get_or_init(|| {
        let catalog = plimsoll::suite::source::embedded().expect("the built-in suites are valid");
        let request = plimsoll::plan::build::PlanRequest {
            specs: vec!["hl7-3.0.0".to_owned()],
            ..plimsoll::plan::build::PlanRequest::default()
        };
        let plan = plimsoll::plan::build::build(&catalog, &request, &|name| name.ends_with("@system")).expect("a plan");
        (catalog, plan)
    })
}

struct FuzzedServer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Transport for FuzzedServer {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        let path = request.url.path();
        let mut headers = HeaderMap::new();
        let (status, body) = if path.ends_with("$export") {
            headers.insert("content-location", http::HeaderValue::from_static("http://localhost/fhir/job"));
            (StatusCode::ACCEPTED, Bytes::new())
        } else if path.ends_with("/job") && request.method == http::Method::GET {
            headers = self.headers.clone();
            (self.status, self.body.clone())
        } else if request.method == http::Method::DELETE {
            (StatusCode::ACCEPTED, Bytes::new())
        } else {
            headers = self.headers.clone();
            (StatusCode::OK, Bytes::from_static(b"{\"resourceType\":\"Patient\",\"id\":\"a\"}\n"))
        };
        Box::pin(async move { Ok(Incoming { status, headers, body: Box::pin(stream::iter([Ok(body)])) }) })
    }
}

/// Runs against such a server, judges the recording twice, and renders all reports.
pub fn converse(status: StatusCode, headers: HeaderMap, body: Bytes) {
    let (catalog, plan) = rules();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let recording = runtime.block_on(async {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_268_800));
        let settings = Settings::new(BASE.parse().expect("a URL"));
        let server = Arc::new(FuzzedServer { status, headers, body });
        plimsoll::drive::run::run(plan, settings, server, clock, RunOptions::quiet(catalog.digest.clone()))
            .await
            .expect("a recording")
    });
    let run = judge_run::judge(catalog, plan, &recording);
    assert_eq!(
        run.judgements,
        judge_run::judge(catalog, plan, &recording).judgements,
        "both judgements of the recording are equal"
    );
    draw(&run);
}

/// Renders every report in memory.
pub fn draw(run: &Run) {
    let page = html::page::render(run);
    assert!(!page.contains("<script"), "no script in the page");
    junit::render(run, false).expect("JUnit");
    let mut shown = terminal::summary(run, &terminal::TerminalOptions::default());
    for judgement in &run.judgements {
        for test in &judgement.tests {
            shown += &finding::render_once(run, judgement, test);
        }
    }
    assert!(!shown.contains('\u{1b}'), "no escape sequence in the terminal report");
}
