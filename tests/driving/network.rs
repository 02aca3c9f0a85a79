//! Requests over the network, and its errors. The tests use raw listeners on the loopback address and no other network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method};
use plimsoll::base::clock::Clock;
use plimsoll::base::secret::Secret;
use plimsoll::recording::model::{Outcome, Role, TroubleKind};
use plimsoll::redact::recorder::Recorder;
use plimsoll::session::client::Session;
use plimsoll::session::exchange::{Reply, RequestSpec};
use plimsoll::settings::run_settings::{Credentials, Settings};
use plimsoll::suite::flow::Identity;
use plimsoll::transport::address_guard::{Addresses, Lookup};
use plimsoll::transport::network::Network;
use url::Url;

/// A listener that sends the next of its responses to each connection and reports the requests.
struct Listener {
    base: Url,
    requests: Receiver<String>,
}

fn listen(responses: Vec<Vec<u8>>) -> Listener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for response in responses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0_u8; 4096];
            // All requests of these tests have no body, except TLS handshakes.
            while !request.windows(4).any(|four| four == b"\r\n\r\n") && request.first() != Some(&0x16) {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&buffer[..read]),
                }
            }
            let _ = sender.send(String::from_utf8_lossy(&request).into_owned());
            let _ = stream.write_all(&response);
            let _ = stream.shutdown(Shutdown::Write);
            // Read to the end, because a reset would discard the response.
            while matches!(stream.read(&mut buffer), Ok(read) if read > 0) {}
        }
    });
    Listener { base, requests }
}

fn ok() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok".to_vec()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn ask(url: &Url, accept: bool) -> RequestSpec {
    let mut headers = HeaderMap::new();
    if accept {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    }
    RequestSpec {
        masked: false,
        flow: None,
        role: Role::File,
        probe: None,
        file: None,
        method: Method::GET,
        url: url.clone(),
        headers,
        body: None,
        identity: Identity::Client,
        open: false,
    }
}

fn session(settings: Settings, lookup: Option<Arc<dyn Lookup>>) -> Session {
    let wire = match lookup {
        Some(lookup) => Network::with_lookup(&settings, lookup),
        None => Network::new(&settings),
    };
    let clock = Clock::system();
    let recorder = Recorder::new(&settings, clock, None);
    Session::new(Arc::new(settings), Arc::new(wire.unwrap()), clock, recorder)
}

fn sent(settings: Settings, ask: RequestSpec) -> (Reply, Session) {
    run(async {
        let session = session(settings, None);
        (session.send(ask).await, session)
    })
}

fn kind(reply: &Reply) -> TroubleKind {
    reply.result.as_ref().map(|whole| whole.status).unwrap_err().kind
}

/// Returns the names of a raw request's headers, in lower case, sorted.
fn names(request: &str) -> Vec<String> {
    let lines = request.lines().skip(1);
    let mut names: Vec<String> = lines.filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase())).collect();
    names.sort();
    names
}

#[test]
fn only_host_and_user_agent_are_added_to_a_request() {
    let listener = listen(vec![ok(), ok()]);
    let base = listener.base.clone();
    run(async {
        let session = session(Settings::new(base.clone()), None);
        assert_eq!(session.send(ask(&base, false)).await.result.unwrap().body, "ok");
        assert_eq!(session.send(ask(&base, true)).await.result.unwrap().body, "ok");
        assert_eq!(session.requests(), 2);
        assert_eq!(session.bytes(), 4);
    });
    let bare = listener.requests.recv().unwrap();
    assert_eq!(names(&bare), ["host", "user-agent"], "{bare}");
    assert!(bare.starts_with("GET / HTTP/1.1\r\n"), "{bare}");
    let agent = format!("user-agent: plimsoll/{} (+bulk data conformance)", env!("CARGO_PKG_VERSION"));
    assert!(bare.to_ascii_lowercase().contains(&agent), "{bare}");
    let full = listener.requests.recv().unwrap();
    assert_eq!(names(&full), ["accept", "host", "user-agent"], "{full}");
}

#[test]
fn an_incomplete_body_is_returned_with_its_error() {
    for accept in [true, false] {
        for answer in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"[..],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
        ] {
            let listener = listen(vec![answer.to_vec()]);
            let (reply, session) = sent(Settings::new(listener.base.clone()), ask(&listener.base, accept));
            let whole = reply.result.unwrap();
            assert_eq!(whole.body, "part");
            let broken = whole.broken.unwrap();
            assert_eq!(broken.kind, TroubleKind::Cut, "{}", broken.message);
            let Outcome::Response(response) = &session.recorder().recording().exchanges[0].outcome else { panic!() };
            assert_eq!(response.broken.as_ref().unwrap().kind, TroubleKind::Cut);
        }
    }
}

#[test]
fn kinds_of_errors_are_distinguished() {
    let cases: [(&[u8], TroubleKind); 4] = [
        (b"", TroubleKind::Cut),
        (b"HTTP/1.1 200 OK\r\nContent-", TroubleKind::Cut),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", TroubleKind::Protocol),
        (b"HTTP/1.1 abc\r\n\r\n", TroubleKind::Protocol),
    ];
    for accept in [true, false] {
        for (answer, expected) in cases {
            let listener = listen(vec![answer.to_vec()]);
            let (reply, _) = sent(Settings::new(listener.base.clone()), ask(&listener.base, accept));
            assert_eq!(kind(&reply), expected, "{} {:?}", String::from_utf8_lossy(answer), reply.result);
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = Url::parse(&format!("http://{free}/x")).unwrap();
        let (reply, session) = sent(Settings::new(url.clone()), ask(&url, accept));
        let trouble = reply.result.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Connect, "{}", trouble.message);
        assert!(trouble.message.contains(&free.to_string()), "{}", trouble.message);
        assert_eq!(session.recorder().recording().exchanges.len(), 1);
        let plain = listen(vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]);
        let mut url = plain.base.clone();
        url.set_scheme("https").unwrap();
        let (reply, _) = sent(Settings::new(url.clone()), ask(&url, accept));
        assert_eq!(kind(&reply), TroubleKind::Tls, "{:?}", reply.result);
    }
}

#[test]
fn a_server_that_never_responds_is_a_timeout() {
    for accept in [true, false] {
        // Connections stay in the backlog and get no response.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let mut settings = Settings::new(base.clone());
        settings.idle_timeout = Duration::from_millis(50);
        let (reply, _) = sent(settings, ask(&base, accept));
        assert_eq!(kind(&reply), TroubleKind::Timeout);
    }
}

#[test]
fn a_token_never_leaves_its_origin() {
    let other = listen(vec![ok()]);
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n";
    let redirect = format!("{redirect}Location: {}file\r\n\r\n", other.base);
    let listener = listen(vec![redirect.into_bytes()]);
    let mut settings = Settings::new(listener.base.clone());
    settings.credentials = Credentials::Token(Secret::new("marked-secret-token"));
    let (reply, session) = sent(settings, ask(&listener.base, true));
    assert_eq!(reply.result.unwrap().url.as_str(), format!("{}file", other.base));
    let first = listener.requests.recv().unwrap();
    assert!(first.to_ascii_lowercase().contains("authorization: bearer marked-secret-token"), "{first}");
    let second = other.requests.recv().unwrap();
    assert!(!second.to_ascii_lowercase().contains("authorization"), "{second}");
    assert!(!second.contains("marked-secret-token"), "{second}");
    let recording = session.recorder().recording();
    assert_eq!(recording.exchanges.iter().map(|e| e.superseded).collect::<Vec<_>>(), [true, false]);
    assert_eq!(reply.exchange, 2);
    assert!(!serde_json::to_string(&recording).unwrap().contains("marked-secret-token"));
}

/// Names with fixed addresses.
struct Names(Vec<(&'static str, &'static str)>);

impl Lookup for Names {
    fn lookup<'a>(&'a self, host: &'a str) -> Addresses<'a> {
        let found = self.0.iter().filter(|(name, _)| *name == host);
        let found: Vec<IpAddr> = found.map(|(_, address)| address.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    }
}

#[test]
fn a_public_server_cannot_redirect_to_private_addresses() {
    let listener = listen(vec![ok()]);
    let port = listener.base.port().unwrap();
    let names = Names(vec![
        ("public.test", "203.0.113.7"),
        ("lure.test", "127.0.0.1"),
        ("mixed.test", "203.0.113.7"),
        ("mixed.test", "10.0.0.1"),
    ]);
    run(async {
        let settings = Settings::new(Url::parse("http://public.test/fhir").unwrap());
        let session = session(settings, Some(Arc::new(names)));
        for host in ["127.0.0.1", "lure.test", "mixed.test", "[::ffff:127.0.0.1]", "0x7f000001"] {
            for accept in [true, false] {
                let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
                let reply = session.send(ask(&url, accept)).await;
                assert_eq!(kind(&reply), TroubleKind::NotSent, "{host} {:?}", reply.result);
                let message = reply.result.unwrap_err().message;
                assert!(message.contains("no request is sent to it"), "{message}");
            }
        }
    });
    assert!(listener.requests.try_recv().is_err(), "the listener was visited");
}

#[test]
fn a_private_target_may_name_private_addresses() {
    let listener = listen(vec![ok(), ok(), ok()]);
    let port = listener.base.port().unwrap();
    let names = Names(vec![("inside.test", "127.0.0.1"), ("beside.test", "127.0.0.1")]);
    run(async {
        let settings = Settings::new(Url::parse(&format!("http://inside.test:{port}")).unwrap());
        let session = session(settings, Some(Arc::new(names)));
        for host in ["beside.test", "inside.test", "127.0.0.1"] {
            let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
            assert!(session.send(ask(&url, true)).await.result.is_ok(), "{host}");
        }
    });
}
