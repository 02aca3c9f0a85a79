//! A transport that calls a router in process: for the embedded reference server, `selftest` and tests. It opens no
//! socket and blocks no thread, so that a paused clock stays in charge of all waiting.

use axum::Router;
use axum::body::Body;
use futures_util::StreamExt;
use tower::ServiceExt;

use super::session::trouble;
use super::transport::{Answer, Incoming, Outgoing, Transport};
use crate::tape::model::TroubleKind;

/// A server within this process.
#[derive(Clone)]
pub struct InProcess {
    router: Router,
}

impl InProcess {
    /// Sends every request to `router`, whatever host its URL names. The router finds the host in the `Host` header.
    pub fn new(router: Router) -> Self {
        Self { router }
    }
}

impl Transport for InProcess {
    fn send(&self, request: Outgoing) -> Answer<'_> {
        let router = self.router.clone();
        Box::pin(async move {
            let Outgoing { method, url, headers, body, patience } = request;
            let refuse = |message: String| trouble(TroubleKind::NotSent, message);
            let mut call = http::Request::builder()
                .method(method)
                .uri(url.as_str())
                .body(Body::from(body.clone().unwrap_or_default()))
                .map_err(|error| refuse(format!("the URL cannot be sent: {error}")))?;
            *call.headers_mut() = headers;
            let host = match url.port() {
                Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
                None => url.host_str().unwrap_or_default().to_owned(),
            };
            let host = host.parse().map_err(|error| refuse(format!("the host cannot be sent: {error}")))?;
            call.headers_mut().insert(http::header::HOST, host);
            if let Some(body) = body {
                call.headers_mut().insert(http::header::CONTENT_LENGTH, body.len().into());
            }
            let response = match tokio::time::timeout(patience, router.oneshot(call)).await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_) => {
                    let message = format!("no answer came within {} s", patience.as_secs_f32());
                    return Err(trouble(TroubleKind::Timeout, message));
                }
            };
            let (head, body) = response.into_parts();
            let body = body.into_data_stream().map(|chunk| {
                chunk.map_err(|error| trouble(TroubleKind::Cut, format!("the connection broke off: {error}")))
            });
            Ok(Incoming { status: head.status, headers: head.headers, body: Box::pin(body) })
        })
    }
}
