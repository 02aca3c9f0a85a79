//! Runs the reference server, a conformant Bulk Data server in this process, for users without a server, for tests and
//! for `selftest`.
//!
//! The server first builds the conformant response, a `ServerReply` with its `Point`. Then the faults change it. So a
//! fault file does not depend on the code of the server. A fault that needs code in the server is a `Behavior`.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use crate::reference::data::mutator::MutableData;
use crate::reference::options::ServerOptions;
use crate::reference::server::answer;
use crate::reference::state::ServerState;

/// The reference server as a router. It serves the paths below [`ServerOptions::base`] and keeps its jobs in memory.
pub fn router(options: ServerOptions) -> Router {
    let server = Arc::new(ServerState::new(options));
    if let Some(mutator) = &server.options.mutator {
        let data: Arc<dyn MutableData> = Arc::clone(&server) as Arc<dyn MutableData>;
        mutator.connect(Arc::downgrade(&data));
    }
    Router::new().fallback(answer).with_state(server)
}

/// Serves on `listener` until `shutdown` completes, then finishes running downloads.
///
/// # Errors
/// Accepting connections fails.
pub async fn serve<F>(listener: TcpListener, options: ServerOptions, shutdown: F) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    axum::serve(listener, router(options)).with_graceful_shutdown(shutdown).await
}
