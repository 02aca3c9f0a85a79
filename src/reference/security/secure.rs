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

/// The longest that a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Handshakes that are done and wait to be served.
const WAITING: usize = 64;

/// Connections whose handshake is done.
struct Secured {
    arrivals: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Secured {
    fn new(listener: TcpListener, acceptor: TlsAcceptor) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (door, arrivals) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            // One that stalls, or only asks what is spoken here, keeps nobody waiting.
            while !door.is_closed() {
                let Ok((stream, from)) = listener.accept().await else { continue };
                let (acceptor, door) = (acceptor.clone(), door.clone());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
                        let _ = door.send((stream, from)).await;
                    }
                });
            }
        });
        Ok(Self { arrivals, address })
    }
}

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.arrivals.recv().await {
            Some(arrival) => arrival,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

/// Serves on `listener` over TLS with `certificate` until `shutdown` is ready.
///
/// # Errors
/// What accepting connections, or setting TLS up, came to.
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
    let secured = Secured::new(listener, TlsAcceptor::from(config))?;
    axum::serve(secured, router(options)).with_graceful_shutdown(shutdown).await
}
