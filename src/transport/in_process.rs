//! A transport that calls a router in this process, for the embedded reference server, `selftest` and tests. It opens
//! no socket and blocks no thread, so that a paused clock controls all waiting.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use futures_util::StreamExt;
use tower::ServiceExt;

use crate::recording::model::{Trouble, TroubleKind};
use crate::transport::client_hello;
use crate::transport::message::{HandshakeFuture, Incoming, Outgoing, ResponseFuture, TlsProbe, Transport};

/// A function from the first message of a handshake to the response of the server.
pub type HandshakeResponder = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// A server in this process.
#[derive(Clone)]
pub struct InProcess {
    router: Router,
    responder: Option<HandshakeResponder>,
}

impl InProcess {
    /// A transport that sends every request to `router`, whatever the host in its URL, except hosts below `.invalid`,
    /// which cannot exist (RFC 2606). The router finds the host in the header `Host`.
    pub fn new(router: Router) -> Self {
        Self { router, responder: None }
    }

    /// Adds responses to handshakes from `responder`. Requests still need no handshake.
    pub fn answering_handshakes(self, responder: HandshakeResponder) -> Self {
        Self { responder: Some(responder), ..self }
    }
}

impl Transport for InProcess {
    fn probe_tls(&self, probe: TlsProbe) -> HandshakeFuture<'_> {
        Box::pin(async move {
            let Some(responder) = &self.responder else {
                return Err(Trouble::new(
                    TroubleKind::NotSent,
                    "a server in this process does not support TLS handshakes",
                ));
            };
            let bytes = responder(&probe.message);
            match client_hello::read(&bytes) {
                Ok(Some(handshake)) => Ok(handshake),
                Ok(None) => Ok(client_hello::read_to_end(&bytes)),
                Err(why) => Err(Trouble::new(TroubleKind::Protocol, why)),
            }
        })
    }

    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        let router = self.router.clone();
        Box::pin(async move {
            let Outgoing { method, url, headers, body, timeout } = request;
            let refuse = |message: String| Trouble::new(TroubleKind::NotSent, message);
            if url.host_str().is_some_and(|host| host.ends_with(".invalid")) {
                return Err(Trouble::new(TroubleKind::Connect, "the host does not exist"));
            }
            let mut call = http::Request::builder()
                .method(method)
                .uri(url.as_str())
                .body(Body::from(body.clone().unwrap_or_default()))
                .map_err(|error| refuse(format!("cannot send this URL: {error}")))?;
            *call.headers_mut() = headers;
            let host = match url.port() {
                Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
                None => url.host_str().unwrap_or_default().to_owned(),
            };
            let host = host.parse().map_err(|error| refuse(format!("cannot send this host: {error}")))?;
            call.headers_mut().insert(http::header::HOST, host);
            if let Some(body) = body {
                call.headers_mut().insert(http::header::CONTENT_LENGTH, body.len().into());
            }
            let response = match tokio::time::timeout(timeout, router.oneshot(call)).await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_) => {
                    let message =
                        format!("the server sent no response within {} s (--idle-timeout)", timeout.as_secs_f32());
                    return Err(Trouble::new(TroubleKind::Timeout, message));
                }
            };
            let (head, body) = response.into_parts();
            let body = body.into_data_stream().map(|chunk| {
                chunk.map_err(|error| {
                    Trouble::new(TroubleKind::Cut, format!("the connection ended within the body: {error}"))
                })
            });
            Ok(Incoming { status: head.status, headers: head.headers, body: Box::pin(body) })
        })
    }
}
