//! Redirects that never end, form loops, or lead to private addresses.

use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll::settings::run_settings::Settings;
use plimsoll::transport::address_guard::{Addresses, Lookup};
use plimsoll::transport::in_process::InProcess;
use plimsoll::transport::message::{Outgoing, ResponseFuture, Transport};
use plimsoll::transport::network::Network;
use plimsoll::verdicts::judged_run::Conformance;

use crate::server::{HostileServer, MOMENTS, Moment, once, response};
use crate::trial::{self, Trial};

const MB: usize = 1_000_000;

#[test]
fn a_redirect_loop_ends_at_every_moment() {
    if trial::passed_in_own_process() {
        return;
    }
    for at in MOMENTS {
        let server = HostileServer::unchanged().before(move |request, moment| {
            let here = request.url.to_string();
            (moment == at).then(|| response(307, &[("location", &here)], once("")))
        });
        let result = Trial::whole().against(server);
        result.within(&format!("redirect loop ({at:?})"), 500, 4 << 20, 100 * MB);
        if at != Moment::Metadata {
            result.shows("form a loop");
            assert_ne!(result.outcome(), Conformance::Conformant, "{at:?}");
        }
    }
}

#[test]
fn a_chain_of_redirects_ends_at_every_moment() {
    if trial::passed_in_own_process() {
        return;
    }
    for at in MOMENTS {
        let links = AtomicU64::new(0);
        let server = HostileServer::unchanged().before(move |request, moment| {
            let link = links.fetch_add(1, Ordering::Relaxed);
            let mut next = request.url.clone();
            next.set_query(Some(&format!("link={link}")));
            (moment == at).then(|| response(308, &[("location", next.as_str())], once("x".repeat(100_000))))
        });
        let result = Trial::whole().against(server);
        result.within(&format!("redirect chain ({at:?})"), 2500, 256 << 20, 150 * MB);
        if at != Moment::Metadata {
            result.shows("more than 5 redirects in a row");
            assert_ne!(result.outcome(), Conformance::Conformant, "{at:?}");
        }
    }
}

/// A transport that sends requests for the target to the hostile server, and all others over the network.
struct Split {
    server: HostileServer,
    wire: Network,
}

impl Transport for Split {
    fn send(&self, request: Outgoing) -> ResponseFuture<'_> {
        if request.url.host_str() == Some("public.test") { self.server.send(request) } else { self.wire.send(request) }
    }
}

struct Names;

impl Lookup for Names {
    fn lookup<'a>(&'a self, host: &'a str) -> Addresses<'a> {
        let address: IpAddr = if host == "public.test" { "203.0.113.7" } else { "127.0.0.1" }.parse().unwrap();
        Box::pin(async move { Ok(vec![address]) })
    }
}

#[test]
fn a_redirect_to_a_private_address_is_reported_and_not_followed() {
    if trial::passed_in_own_process() {
        return;
    }
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    for at in MOMENTS {
        for host in ["127.0.0.1", "lure.test", "169.254.169.254", "[::ffff:127.0.0.1]", "localhost", "0x7f.1"] {
            let to = format!("http://{host}:{port}/latest/meta-data");
            let server = HostileServer::unchanged()
                .before(move |_, moment| (moment == at).then(|| response(307, &[("location", &to)], once(""))));
            let trial = Trial::whole().with(|settings| settings.base = "http://public.test/fhir".parse().unwrap());
            let result = trial.through(|inner: InProcess, settings: &Settings| {
                let wire = Network::with_lookup(settings, Arc::new(Names)).unwrap();
                Arc::new(Split { server: server.over(inner), wire })
            });
            result.within(&format!("redirect to {host} ({at:?})"), 600, 4 << 20, 100 * MB);
            if at != Moment::Metadata {
                result.shows("no request is sent to it");
                assert_ne!(result.outcome(), Conformance::Conformant, "{at:?}");
            }
        }
    }
    assert!(inside.accept().is_err(), "a request was sent to the private address");
}

#[test]
fn a_manifest_with_private_addresses_is_reported_and_not_followed() {
    if trial::passed_in_own_process() {
        return;
    }
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    let urls = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://lure.test:{port}/"),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
    ];
    for url in urls {
        let (scheme, shown) = (url.split(':').next().unwrap().to_owned(), url.clone());
        let server = HostileServer::unchanged().change_body(move |moment, headers, status, body| {
            let mut manifest: serde_json::Value =
                serde_json::from_slice(&body).ok().filter(|_| moment == Moment::Poll)?;
            for item in manifest.get_mut("output")?.as_array_mut()? {
                item["url"] = url.as_str().into();
            }
            Some(plimsoll::transport::message::Incoming { status, headers, body: once(manifest.to_string()) })
        });
        let trial = Trial::whole().with(|settings| settings.base = "http://public.test/fhir".parse().unwrap());
        let result = trial.through(|inner, settings| {
            let wire = Network::with_lookup(settings, Arc::new(Names)).unwrap();
            Arc::new(Split { server: server.over(inner), wire })
        });
        result.within(&format!("manifest names {shown}"), 400, 4 << 20, 100 * MB);
        result.shows(if scheme == "http" { "no request is sent to it" } else { "only http and https are" });
        assert_ne!(result.outcome(), Conformance::Conformant);
    }
    assert!(inside.accept().is_err(), "a request was sent to the private address");
}
