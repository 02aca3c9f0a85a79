//! The reference server: a conformant bulk data server in this process, for people without a server, for tests and for
//! `selftest`.
//!
//! The server first makes the conformant answer, a `ServerReply` that knows its `Point`. Then the faults change it. So a
//! fault file needs no knowledge of the server. What no change of an answer can show is a `Behavior` of the server.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use crate::reference::data::mutator::MutableData;
use crate::reference::options::ServerOptions;
use crate::reference::server::answer;
use crate::reference::state::ServerState;

/// The reference server as a router. It answers below the path of [`ServerOptions::base`] and keeps its jobs in memory.
pub fn router(options: ServerOptions) -> Router {
    let server = Arc::new(ServerState::new(options));
    if let Some(mutator) = &server.options.mutator {
        let data: Arc<dyn MutableData> = Arc::clone(&server) as Arc<dyn MutableData>;
        mutator.connect(Arc::downgrade(&data));
    }
    Router::new().fallback(answer).with_state(server)
}

/// Serves on `listener` until `shutdown` is ready, and then finishes running downloads.
///
/// # Errors
/// Accepting connections failed.
pub async fn serve<F>(listener: TcpListener, options: ServerOptions, shutdown: F) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    axum::serve(listener, router(options)).with_graceful_shutdown(shutdown).await
}
