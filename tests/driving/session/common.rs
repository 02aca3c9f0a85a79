//! A server in process that logs requests, and a session with it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use plimsoll::base::clock::Clock;
use plimsoll::recording::model::{Exchange, Outcome, Role};
use plimsoll::recording::store::Writer;
use plimsoll::redact::recorder::Recorder;
use plimsoll::session::client::Session;
use plimsoll::session::exchange::RequestSpec;
use plimsoll::settings::run_settings::Settings;
use plimsoll::suite::flow::Identity;
use plimsoll::transport::in_process::InProcess;
use url::Url;

pub const BASE: &str = "https://fhir.example.org/r4";

/// A received request.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    pub url: String,
    pub authorization: Option<String>,
    pub body: String,
}

pub type Log = Arc<Mutex<Vec<Seen>>>;

/// Returns a router that responds with `respond`, and its log.
pub fn router(respond: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> (Router, Log) {
    let log = Log::default();
    let requests = log.clone();
    let handler = move |request: Request| {
        let (respond, log) = (respond.clone(), log.clone());
        async move {
            let (head, body) = request.into_parts();
            let authorization = head.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let seen = Seen { method: head.method, url: head.uri.to_string(), authorization, body };
            log.lock().unwrap().push(seen.clone());
            respond(&seen)
        }
    };
    (Router::new().fallback(handler), requests)
}

pub fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}

pub fn json(status: u16, value: serde_json::Value) -> Response {
    response(status, &[("content-type", "application/json")], value.to_string())
}

pub fn paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

pub fn settings(base: &str) -> Settings {
    Settings::new(Url::parse(base).unwrap())
}

pub fn session(settings: Settings, router: Router, sink: Option<Writer>) -> Session {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let recorder = Recorder::new(&settings, clock, sink);
    Session::new(Arc::new(settings), Arc::new(InProcess::new(router)), clock, recorder)
}

pub fn ask(role: Role, method: Method, url: &str) -> RequestSpec {
    RequestSpec {
        masked: false,
        flow: Some("system".to_owned()),
        role,
        probe: None,
        file: None,
        method,
        url: Url::parse(url).unwrap(),
        headers: HeaderMap::new(),
        body: None,
        identity: Identity::Client,
        open: false,
    }
}

pub fn get(url: &str) -> RequestSpec {
    ask(Role::File, Method::GET, url)
}

pub fn status(exchange: &Exchange) -> u16 {
    match &exchange.outcome {
        Outcome::Response(response) => response.status,
        Outcome::NoResponse(_) | Outcome::Handshake(_) => 0,
    }
}
