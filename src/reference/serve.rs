//! The reference server: an honest bulk data server in process, for whoever has no server at hand, for tests, and for
//! `selftest`, where data files make it wrong in one way each.
//!
//! Every answer is first made honestly as a `crate::reference::reply::ServerReply`, which knows at which point of the conversation it stands;
//! then the faults that were asked for change it; then it becomes bytes. So a fault never has to know how an answer is
//! made, and what no answer can show is a [`Behavior`] in the server itself.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use crate::reference::options::ServerOptions;

/// The reference server as a router, to be called in process or served. It answers below the path of
/// [`ServerOptions::base`] and keeps its jobs in memory.
pub fn router(options: ServerOptions) -> Router {
    let server = Arc::new(crate::reference::server::Server::new(options));
    if let Some(hand) = &server.options.hand {
        hand.take(&server);
    }
    Router::new().fallback(crate::reference::server::answer).with_state(server)
}

/// Serves on `listener` until `shutdown` is ready; running downloads are finished first.
///
/// # Errors
/// What accepting connections came to.
pub async fn serve<F>(listener: TcpListener, options: ServerOptions, shutdown: F) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    axum::serve(listener, router(options)).with_graceful_shutdown(shutdown).await
}
