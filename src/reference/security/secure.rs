//! The reference server over TLS.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::reference::options::ServerOptions;
use crate::reference::security::certificate::Certificate;
use crate::reference::serve::router;

/// The maximum duration of a handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum number of connections that wait for the server.
const MAX_WAITING: usize = 64;

/// A listener of TLS connections.
struct TlsListener {
    connections: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    fn new(listener: TcpListener, acceptor: TlsAcceptor) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (accepted, connections) = mpsc::channel(MAX_WAITING);
        tokio::spawn(async move {
            // A client that stalls must not block other clients.
            while !accepted.is_closed() {
                let Ok((stream, from)) = listener.accept().await else { continue };
                let (acceptor, accepted) = (acceptor.clone(), accepted.clone());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                        let _ = accepted.send((stream, from)).await;
                    }
                });
            }
        });
        Ok(Self { connections, address })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

/// Serves on `listener` over TLS with `certificate` until `shutdown` completes.
///
/// # Errors
/// Accepting connections or setting up TLS fails.
pub async fn serve_tls<F>(
    listener: TcpListener,
    options: ServerOptions,
    certificate: &Certificate,
    shutdown: F,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let config = certificate.config().map_err(io::Error::other)?;
    let listener = TlsListener::new(listener, TlsAcceptor::from(config))?;
    axum::serve(listener, router(options)).with_graceful_shutdown(shutdown).await
}
