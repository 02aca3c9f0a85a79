//! `--jwks-addr`: serves the client's public keys over HTTP, for a target that reads them by URL.

use std::net::{SocketAddr, TcpListener};

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;

use crate::cli::error::CliError;
use crate::cli::output::say;
use crate::cli::runtime::runtime;
use crate::settings::key_set::{KeySet, MAX_AGE};

/// Starts to serve a key set at `address` on its own thread, prints the URL and returns the key set.
pub fn serve(address: SocketAddr) -> Result<KeySet, CliError> {
    let refuse = |e: std::io::Error| {
        CliError::usage(format!("cannot listen on {address}: {e}; give another address with --jwks-addr"))
    };
    let listener = TcpListener::bind(address).map_err(refuse)?;
    listener.set_nonblocking(true).map_err(refuse)?;
    let at = listener.local_addr().map_err(refuse)?;
    let runtime = runtime()?;
    let set = KeySet::default();
    let served = set.clone();
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let age = format!("max-age={}", MAX_AGE.as_secs());
            let respond = move || {
                let headers = [(CONTENT_TYPE, "application/json".to_owned()), (CACHE_CONTROL, age.clone())];
                std::future::ready((headers, served.read()))
            };
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            // The server ends with the process.
            let _ = axum::serve(listener, Router::new().route("/jwks.json", get(respond))).await;
        });
    });
    say(&format!("the client's public keys are served at http://{at}/jwks.json"));
    Ok(set)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn each_request_returns_the_set_with_its_max_age_and_is_counted() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let set = serve(address).unwrap();
        for time in 1..=2 {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /jwks.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).unwrap();
            let response = response.to_ascii_lowercase();
            assert!(response.starts_with("http/1.1 200"), "{response}");
            assert!(
                response.contains("cache-control: max-age=10") && response.ends_with("{\"keys\":[]}"),
                "{response}"
            );
            assert_eq!(set.reads(), time);
        }
        assert!(serve(address).is_err(), "the address is in use");
    }
}
