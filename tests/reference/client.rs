//! A small client that calls the router in this process, under a paused clock.

use std::io::Read;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Method, Request, StatusCode};
use plimsoll::base::clock::Clock;
use plimsoll::reference::options::ServerOptions;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use serde_json::Value;
use tower::ServiceExt;

/// The HL7 specs with nearly the same exchanges.
pub const HL7: [Personality; 2] = [Personality::Stu2, Personality::Stu3];

pub const BASE: &str = "http://reference.example/fhir";

/// Runs a test in virtual time.
pub fn paused<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(test)
}

/// A clock that starts at a fixed instant.
pub fn clock() -> Clock {
    Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000))
}

pub fn options(spec: Personality) -> ServerOptions {
    ServerOptions::new(spec, BASE.parse().unwrap(), clock())
}

#[derive(Clone)]
pub struct Client {
    router: Router,
    token: Option<String>,
}

#[derive(Debug, Clone)]
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub chunks: usize,
}

impl TestResponse {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn lines(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.body).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The whole response as one text, with sorted headers.
    pub fn as_text(&self) -> String {
        let mut headers: Vec<String> = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        headers.sort();
        let body: String =
            self.body.iter().flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
        format!("{}\n{}\n{} {body}", self.status, headers.join("\n"), self.chunks)
    }

    pub fn is_outcome(&self) -> bool {
        self.header("content-type") == "application/fhir+json"
            && self.json()["resourceType"] == "OperationOutcome"
            && self.json()["issue"][0]["severity"].is_string()
    }

    pub fn unzipped(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&self.body[..]).read_to_end(&mut plain).unwrap();
        plain
    }
}

impl Client {
    pub fn new(options: ServerOptions) -> Self {
        Self { router: serve::router(options), token: None }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub async fn send(&self, method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> TestResponse {
        let url = if url.starts_with("http") { url.to_owned() } else { format!("{BASE}/{url}") };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let mut frames = body.into_data_stream();
        let (mut whole, mut chunks) = (Vec::new(), 0);
        while let Some(chunk) = frames.next().await {
            // An error ends the body.
            let Ok(chunk) = chunk else { break };
            whole.extend_from_slice(&chunk);
            chunks += 1;
        }
        TestResponse { status: parts.status, headers: parts.headers, body: whole.into(), chunks }
    }

    pub async fn get(&self, url: &str) -> TestResponse {
        self.send(Method::GET, url, &[], "").await
    }

    pub async fn kick_off(&self, url: &str) -> TestResponse {
        self.send(Method::GET, url, &[("accept", "application/fhir+json"), ("prefer", "respond-async")], "").await
    }

    /// Kicks off an export, waits until it is finished, and returns the response with the manifest.
    pub async fn export(&self, url: &str) -> TestResponse {
        let started = self.kick_off(url).await;
        assert_eq!(started.status, 202, "{url}: {:?}", started.body);
        self.finish(started.header("content-location")).await
    }

    /// Polls until the job is no longer running.
    pub async fn finish(&self, url: &str) -> TestResponse {
        for _ in 0..30 {
            let poll = self.get(url).await;
            if poll.status != 202 {
                return poll;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("the job at {url} does not finish");
    }

    /// All lines of all files in a list of the manifest.
    pub async fn lines_of(&self, manifest: &Value, list: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for item in manifest[list].as_array().into_iter().flatten() {
            let file = self.get(item["url"].as_str().unwrap()).await;
            assert_eq!(file.status, 200);
            assert_eq!(file.header("content-type"), "application/fhir+ndjson");
            let lines = file.lines();
            assert_eq!(item["count"], lines.len());
            assert!(lines.iter().all(|line| line["resourceType"] == item["type"]));
            all.extend(lines);
        }
        all
    }
}

/// Replaces random ids: 22 characters after a known word.
pub fn without_secrets(text: &str) -> String {
    let mut done = text.to_owned();
    for word in ["/jobs/", "/files/", "/writes/", "/Group/", r#"\"id\":\""#, "signature="] {
        let parts: Vec<&str> = done.split(word).collect();
        let parts: Vec<String> = parts
            .iter()
            .enumerate()
            .map(|(at, part)| match part.get(22..) {
                Some(rest)
                    if at > 0
                        && part[..22].bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) =>
                {
                    format!("*{rest}")
                }
                _ => (*part).to_owned(),
            })
            .collect();
        done = parts.join(word);
    }
    done
}
