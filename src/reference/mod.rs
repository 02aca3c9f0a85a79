//! The reference server: an honest bulk data server in process, for whoever has no server at hand, for tests, and for
//! `selftest`, where data files make it wrong in one way each.
//!
//! Every answer is first made honestly as a `reply::Reply`, which knows at which point of the conversation it stands;
//! then the faults that were asked for change it; then it becomes bytes. So a fault never has to know how an answer is
//! made, and what no answer can show is a [`Behaviour`] in the server itself.

mod assertion;
mod associated;
mod auth;
mod behaviour;
mod blocks;
mod certificate;
mod changes;
mod cohorts;
mod deleted;
mod directory;
mod export;
mod fault;
mod files;
mod filter;
mod fixtures;
mod generate;
mod hapi;
mod hcpd;
mod jobs;
mod keys;
mod lines;
mod living;
mod metadata;
mod misread;
mod mutate;
mod names;
mod options;
mod params;
mod polls;
mod population;
mod reply;
mod rest;
mod rows;
mod secure;
mod server;
mod shelf;
mod shelf_auth;
mod shelf_cohorts;
mod shelf_hooks;
mod shelf_stu3;
mod smile;
mod spoil;
mod tls;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

pub use behaviour::Behaviour;
pub use certificate::Certificate;
pub use changes::{FAILS, Hand};

pub use fault::{Fault, FaultError, FaultKind, parse_fault};
pub use fixtures::{OTHER_TENANT, OTHERS_PATIENT, TENANTS};
pub use keys::{KEY_ID, client};
pub use options::{Auth, KEPT_SCOPE, KeyFeed, Options, Personality, SmartClient};
pub use polls::FILES_ORIGIN;
pub use secure::serve_tls;
pub use shelf::{fault, faults};
pub use tls::greeter;

/// The reference server as a router, to be called in process or served. It answers below the path of
/// [`Options::base`] and keeps its jobs in memory.
pub fn router(options: Options) -> Router {
    let server = Arc::new(server::Server::new(options));
    if let Some(hand) = &server.options.hand {
        hand.take(&server);
    }
    Router::new().fallback(server::answer).with_state(server)
}

/// Serves on `listener` until `shutdown` is ready; running downloads are finished first.
///
/// # Errors
/// What accepting connections came to.
pub async fn serve<F>(listener: TcpListener, options: Options, shutdown: F) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    axum::serve(listener, router(options)).with_graceful_shutdown(shutdown).await
}
