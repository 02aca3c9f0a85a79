//! The network. A request is sent as [`Outgoing`] describes it, with only `Host` and the framing of the body added. No
//! redirect is followed, nothing is decoded or retried, and the response is returned as received. Every request has its
//! own connection: an idle connection that the server closes would look like an incomplete response.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::ACCEPT;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::recording::handshake::Handshake;
use crate::recording::model::{Trouble, TroubleKind};
use crate::settings::run_settings::Settings;
use crate::transport::address_guard::{Guard, Lookup, SystemLookup};
use crate::transport::client_hello;
use crate::transport::error::{NetworkError, TransportStage, explain};
use crate::transport::message::{HandshakeFuture, Incoming, Outgoing, ResponseFuture, TlsProbe, Transport};

/// Sends requests over the network.
pub struct Network {
    client: reqwest::Client,
    /// reqwest adds `Accept: */*` to a request without `Accept`, and has no option against it. A test needs requests
    /// without the header, so hyper sends them, with the same TLS configuration and the same addresses.
    bare: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    guard: Guard,
    connect_timeout: Duration,
    use_proxy: bool,
}

impl Network {
    /// The network with these settings.
    ///
    /// # Errors
    /// The file of certificate authorities is unreadable or has none, or TLS cannot be set up.
    pub fn new(settings: &Settings) -> Result<Self, NetworkError> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    /// The same as [`Network::new`], with addresses from `lookup`.
    ///
    /// # Errors
    /// The same as for [`Network::new`].
    pub fn with_lookup(settings: &Settings, lookup: Arc<dyn Lookup>) -> Result<Self, NetworkError> {
        let tls = crate::transport::certificates::config(settings)?;
        let guard = Guard::new(&settings.base, lookup, settings.use_proxy);
        let resolver = Resolver { guard: guard.clone() };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_max_idle_per_host(0)
            .connect_timeout(settings.connect_timeout)
            .dns_resolver(resolver.clone());
        if !settings.use_proxy {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| NetworkError::Client(error.to_string()))?;
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        let mut plain_tls = tls;
        // The connector sets ALPN, and panics if it is already set.
        plain_tls.alpn_protocols.clear();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(plain_tls).https_or_http().enable_http1().wrap_connector(tcp);
        let bare = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build(connector);
        Ok(Self { client, bare, guard, connect_timeout: settings.connect_timeout, use_proxy: settings.use_proxy })
    }

    async fn with_reqwest(&self, request: Outgoing) -> Result<Incoming, Trouble> {
        let Outgoing { method, url, headers, body, .. } = request;
        let timeout = self.connect_timeout;
        let mut call = self.client.request(method, url.clone()).headers(headers);
        if let Some(body) = body {
            call = call.body(body);
        }
        let response = call.send().await.map_err(|error| {
            let stage = if error.is_connect() { TransportStage::Connecting } else { TransportStage::Waiting };
            explain(&error, &url, stage, timeout)
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response
            .bytes_stream()
            .map(move |chunk| chunk.map_err(|error| explain(&error, &url, TransportStage::Reading, timeout)));
        Ok(Incoming { status, headers, body: Box::pin(body) })
    }

    async fn bare(&self, request: Outgoing) -> Result<Incoming, Trouble> {
        if self.use_proxy {
            let message = "cannot send a request without Accept through a proxy; run without --proxy to test this";
            return Err(Trouble::new(TroubleKind::NotSent, message));
        }
        let Outgoing { method, url, headers, body, .. } = request;
        let timeout = self.connect_timeout;
        let mut call = http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(Full::new(body.unwrap_or_default()))
            .map_err(|error| Trouble::new(TroubleKind::NotSent, format!("cannot send this URL: {error}")))?;
        *call.headers_mut() = headers;
        let response = self.bare.request(call).await.map_err(|error| {
            let stage = if error.is_connect() { TransportStage::Connecting } else { TransportStage::Waiting };
            explain(&error, &url, stage, timeout)
        })?;
        let (head, body) = response.into_parts();
        let body = body
            .into_data_stream()
            .map(move |chunk| chunk.map_err(|error| explain(&error, &url, TransportStage::Reading, timeout)));
        Ok(Incoming { status: head.status, headers: head.headers, body: Box::pin(body) })
    }

    async fn send_request(&self, request: Outgoing) -> Result<Incoming, Trouble> {
        self.guard
            .admit(&request.url)
            .await
            .map_err(|refused| Trouble::new(TroubleKind::NotSent, refused.to_string()))?;
        if request.headers.contains_key(ACCEPT) { self.with_reqwest(request).await } else { self.bare(request).await }
    }
}

impl Network {
    /// Connects to the host of `url`, if the guard permits it.
    async fn connect(&self, url: &Url) -> Result<TcpStream, Trouble> {
        self.guard.admit(url).await.map_err(|refused| Trouble::new(TroubleKind::NotSent, refused.to_string()))?;
        let refuse = |why: String| Trouble::new(TroubleKind::Connect, why);
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses = match url.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) => self.guard.resolve(name).await.map_err(|error| refuse(error.to_string()))?,
            None => Vec::new(),
        };
        let mut last = refuse("the URL has no host".to_owned());
        for address in addresses {
            let connecting = TcpStream::connect(SocketAddr::new(address, port));
            match tokio::time::timeout(self.connect_timeout, connecting).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = refuse(format!("no connection to {}: {error}", place(url))),
                Err(_) => {
                    let message =
                        format!("{} accepted no connection within {} s", place(url), self.connect_timeout.as_secs());
                    last = Trouble::new(TroubleKind::Timeout, message);
                }
            }
        }
        Err(last)
    }

    async fn handshake(&self, probe: &TlsProbe) -> Result<Handshake, Trouble> {
        if self.use_proxy {
            let message = "cannot send a TLS handshake message through a proxy; run without --proxy to test this";
            return Err(Trouble::new(TroubleKind::NotSent, message));
        }
        let mut stream = self.connect(&probe.url).await?;
        let cut = |error: std::io::Error| {
            Trouble::new(TroubleKind::Cut, format!("the connection ended within the handshake: {error}"))
        };
        stream.write_all(&probe.message).await.map_err(cut)?;
        let mut response = Vec::new();
        loop {
            let mut part = [0_u8; 4096];
            let count = match stream.read(&mut part).await {
                Ok(count) => count,
                // Many servers refuse a handshake by a reset.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(cut(error)),
            };
            response.extend_from_slice(part.get(..count).unwrap_or_default());
            match client_hello::read(&response) {
                Ok(Some(handshake)) => return Ok(handshake),
                Ok(None) if count == 0 => return Ok(client_hello::read_to_end(&response)),
                Ok(None) if response.len() > client_hello::MAX_ANSWER => {
                    return Err(Trouble::new(TroubleKind::Limit, "the response to the handshake is too long"));
                }
                Ok(None) => {}
                Err(why) => return Err(Trouble::new(TroubleKind::Protocol, format!("{}: {why}", place(&probe.url)))),
            }
        }
    }
}

impl Transport for Network {
    fn probe_tls(&self, probe: TlsProbe) -> HandshakeFuture<'_> {
        Box::pin(async move {
            match tokio::time::timeout(probe.timeout, self.handshake(&probe)).await {
                Ok(result) => result,
                Err(_) => {
                    let seconds = probe.timeout.as_secs_f32();
                    let message =
                        format!("{} sent no response to a TLS handshake within {seconds} s", place(&probe.url));
                    Err(Trouble::new(TroubleKind::Timeout, message))
                }
            }
        })
    }

    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        let timeout = request.timeout;
        let host = place(&request.url);
        Box::pin(async move {
            match tokio::time::timeout(timeout, self.send_request(request)).await {
                Ok(result) => result,
                Err(_) => {
                    let message =
                        format!("{host} sent no response within {} s (--idle-timeout)", timeout.as_secs_f32());
                    Err(Trouble::new(TroubleKind::Timeout, message))
                }
            }
        })
    }
}

fn place(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// The resolver of both HTTP libraries, which uses the guard.
#[derive(Clone)]
struct Resolver {
    guard: Guard,
}

type LookedUp = Box<dyn Iterator<Item = SocketAddr> + Send>;
type Resolving = Pin<Box<dyn Future<Output = Result<LookedUp, Box<dyn std::error::Error + Send + Sync>>> + Send>>;

impl Resolver {
    fn find(&self, host: String) -> Resolving {
        let guard = self.guard.clone();
        Box::pin(async move {
            let addresses = guard.resolve(&host).await?;
            Ok(Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0))) as LookedUp)
        })
    }
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        self.find(name.as_str().to_owned())
    }
}

impl tower::Service<Name> for Resolver {
    type Response = LookedUp;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Resolving;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        self.find(name.as_str().to_owned())
    }
}
