//! Invalid HTTP on real connections: endless heads, wrong lengths, connections that end early. Threads of this process
//! serve the connections and call the reference server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::Request;
use plimsoll::base::clock::Clock;
use plimsoll::base::vocabulary::Verdict;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use plimsoll::transport::network::Network;
use plimsoll::verdicts::judged_run::Conformance;
use tower::ServiceExt;
use url::Url;

use crate::server::{MOMENTS, Moment, moment};
use crate::trial::{self, SPEC, Trial};

const MB: usize = 1_000_000;

/// A response of the reference server, before a test writes it to the connection.
pub struct ValidResponse {
    pub moment: Moment,
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl ValidResponse {
    /// The status line and the headers, each with its line end, except Content-Length.
    fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} So\r\n", self.status).into_bytes();
        for (name, value) in self.headers.iter().filter(|(name, _)| name != "content-length") {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            // Time is real here, so no wait is requested.
            head.extend_from_slice(if name == "retry-after" { b"0" } else { value });
            head.extend_from_slice(b"\r\n");
        }
        head
    }

    /// The valid response.
    fn plain(&self) -> Vec<u8> {
        let mut whole = self.head();
        whole.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        whole.extend_from_slice(&self.body);
        whole
    }
}

/// Writes a response; an error means that the client closed the connection.
type WriteResponse = Arc<dyn Fn(&ValidResponse, &mut TcpStream) -> std::io::Result<()> + Send + Sync>;

struct Server {
    base: Url,
    stopped: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.base.socket_addrs(|| None).unwrap()[0]);
    }
}

fn serve(
    write_response: impl Fn(&ValidResponse, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}/fhir", listener.local_addr().unwrap())).unwrap();
    let stopped = Arc::new(AtomicBool::new(false));
    let server = Server { base: base.clone(), stopped: stopped.clone() };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = runtime.block_on(async { Clock::system() });
        let mut options =
            plimsoll::reference::options::ServerOptions::new(Personality::from_word(SPEC).unwrap(), base, clock);
        options.job_time = Duration::from_millis(100);
        let router = serve::router(options);
        let write_response: WriteResponse = Arc::new(write_response);
        let handle = runtime.handle().clone();
        while let Ok((stream, _)) = listener.accept() {
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            let (router, write_response, handle) = (router.clone(), write_response.clone(), handle.clone());
            std::thread::spawn(move || serve_connection(stream, router, &write_response, &handle));
        }
    });
    server
}

fn serve_connection(
    mut stream: TcpStream,
    router: Router,
    write_response: &WriteResponse,
    handle: &tokio::runtime::Handle,
) {
    let Some((head, body)) = read(&mut stream) else { return };
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        request = request.header(name.trim(), value.trim());
    }
    let at = moment(method, target.split('?').next().unwrap_or_default());
    let Ok(request) = request.body(Body::from(body)) else { return };
    let valid = handle.block_on(async {
        let response = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec();
        ValidResponse { moment: at, status, headers, body }
    });
    if write_response(&valid, &mut stream).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
        // Read to the end, so that no reset discards the response.
        let mut rest = [0_u8; 4096];
        while matches!(stream.read(&mut rest), Ok(read) if read > 0) {}
    }
}

/// The head and body of a request.
fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut buffer = [0_u8; 4096];
    let end = loop {
        if let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => all.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let mut body = all[end + 4..].to_vec();
    let length = head.lines().filter_map(|line| line.split_once(':'));
    let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.filter_map(|(_, value)| value.trim().parse().ok()).next().unwrap_or(0);
    while body.len() < length {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => body.extend_from_slice(&buffer[..read]),
        }
    }
    Some((head, body))
}

/// Runs the tests of two flows over the connection; together they have every moment.
fn trial(server: &Server, at: Moment) -> crate::trial::TrialResult {
    let base = server.base.clone();
    let selected = |name: &str| name.ends_with("@system") || name.ends_with("@cancelled");
    let trial = Trial::of(&selected).with(|settings| {
        settings.base = base;
        // A server in this process does not need a longer timeout.
        settings.idle_timeout = Duration::from_secs(20);
        settings.least_wait = Duration::from_millis(25);
        // Time is real here, so useless polls are not repeated for long.
        settings.max_wait = Duration::from_secs(if at == Moment::Poll { 2 } else { 20 });
        settings.jobs = 16;
    });
    trial.over(|settings| Arc::new(Network::new(settings).unwrap()))
}

#[test]
fn an_unchanged_server_is_conformant_over_these_connections() {
    if trial::passed_in_own_process() {
        return;
    }
    let server = serve(|valid, stream| stream.write_all(&valid.plain()));
    let result = trial(&server, Moment::Other);
    result.within("nothing wrong, for comparison", 200, 4 << 20, 100 * MB);
    let failing = |verdict| matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
    let failed: Vec<_> = result.run.judgements[0].tests.iter().filter(|test| failing(test.verdict)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The point of a response at which the connection ends.
#[derive(Clone, Copy, Debug)]
enum Cut {
    AtOnce,
    InStatusLine,
    InHead,
    BeforeBody,
    InBody,
    Reset,
}

#[test]
fn a_connection_that_ends_early_is_explained_at_every_stage() {
    if trial::passed_in_own_process() {
        return;
    }
    for at in MOMENTS {
        for cut in [Cut::AtOnce, Cut::InStatusLine, Cut::InHead, Cut::BeforeBody, Cut::InBody, Cut::Reset] {
            let server = serve(move |valid, stream| {
                let whole = valid.plain();
                // A response without a body cannot end within it.
                let length = valid.body.len().max(1);
                let mut promised = valid.head();
                promised.extend_from_slice(format!("Content-Length: {}\r\n\r\n", length + 1).as_bytes());
                let head = promised.len();
                promised.extend_from_slice(&valid.body);
                let shown = match cut {
                    _ if valid.moment != at => return stream.write_all(&whole),
                    Cut::AtOnce => 0,
                    Cut::InStatusLine => 10,
                    Cut::InHead => head - 6,
                    Cut::BeforeBody => head,
                    Cut::InBody => head + valid.body.len() / 2,
                    Cut::Reset => {
                        // The connection closes before the request is read, as if the process crashed.
                        let _ = stream.write_all(&promised[..head - 6]);
                        return Err(std::io::ErrorKind::ConnectionReset.into());
                    }
                };
                stream.write_all(&promised[..shown])
            });
            let result = trial(&server, at);
            result.within(&format!("cut {cut:?} ({at:?})"), 300, 4 << 20, 100 * MB);
            if at != Moment::Metadata {
                assert_ne!(result.outcome(), Conformance::Conformant, "{at:?} {cut:?}");
                result.shows("the connection");
            }
        }
    }
}

#[test]
fn floods_of_headers_are_abandoned() {
    if trial::passed_in_own_process() {
        return;
    }
    type Flood = (&'static str, fn(&ValidResponse, &mut TcpStream) -> std::io::Result<()>);
    let floods: [Flood; 4] = [
        ("10,000 headers", |valid, stream| {
            let mut head = valid.head();
            for n in 0..10_000 {
                head.extend_from_slice(format!("X-Flood-{n}: {n}\r\n").as_bytes());
            }
            head.extend_from_slice(b"Content-Length: 0\r\n\r\n");
            stream.write_all(&head)
        }),
        ("a header of 10 MB", |valid, stream| {
            stream.write_all(&valid.head())?;
            stream.write_all(b"X-Flood: ")?;
            for _ in 0..10 << 10 {
                stream.write_all(&[b'x'; 1 << 10])?;
            }
            stream.write_all(b"\r\nContent-Length: 0\r\n\r\n")
        }),
        ("endless headers", |valid, stream| {
            stream.write_all(&valid.head())?;
            loop {
                stream.write_all(b"X-Flood: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")?;
            }
        }),
        ("endless 100 Continue", |_, stream| {
            for _ in 0..2_000_000 {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            Ok(())
        }),
    ];
    for (name, flood) in floods {
        for at in [Moment::Kickoff, Moment::Poll, Moment::File] {
            let server = serve(move |valid, stream| match valid.moment == at {
                true => flood(valid, stream),
                false => stream.write_all(&valid.plain()),
            });
            let result = trial(&server, at);
            result.within(&format!("{name} ({at:?})"), 300, 64 << 20, 100 * MB);
            assert_ne!(result.outcome(), Conformance::Conformant, "{name} {at:?}");
        }
    }
}

#[test]
fn wrong_lengths_are_explained() {
    if trial::passed_in_own_process() {
        return;
    }
    type WrongLength = (&'static str, fn(&ValidResponse) -> Vec<u8>);
    // Plain functions, so that the cases are independent.
    fn with(valid: &ValidResponse, framing: &str) -> Vec<u8> {
        let mut whole = valid.head();
        whole.extend_from_slice(framing.as_bytes());
        whole.extend_from_slice(b"\r\n\r\n");
        whole.extend_from_slice(&valid.body);
        whole
    }
    let cases: [WrongLength; 8] = [
        ("too long", |h| with(h, &format!("Content-Length: {}", h.body.len() + 10))),
        ("too short", |h| with(h, &format!("Content-Length: {}", h.body.len() / 2))),
        ("negative", |h| with(h, "Content-Length: -1")),
        ("no number", |h| with(h, "Content-Length: many")),
        ("larger than any number", |h| with(h, "Content-Length: 99999999999999999999999999")),
        ("18 exabytes", |h| with(h, "Content-Length: 18446744073709551614")),
        ("two of them", |h| {
            with(h, &format!("Content-Length: {}\r\nContent-Length: {}", h.body.len(), h.body.len() + 1))
        }),
        ("a chunk without end", |h| {
            let mut whole = h.head();
            whole.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n");
            whole.extend_from_slice(&h.body);
            whole
        }),
    ];
    for (name, write) in cases {
        for at in [Moment::Kickoff, Moment::Poll, Moment::File] {
            let server = serve(move |valid, stream| {
                stream.write_all(&if valid.moment == at { write(valid) } else { valid.plain() })
            });
            let result = trial(&server, at);
            result.within(&format!("Content-Length {name} ({at:?})"), 300, 4 << 20, 100 * MB);
            // Half of an empty response is still the complete response.
            if !(name == "too short" && at == Moment::Kickoff) {
                assert_ne!(result.outcome(), Conformance::Conformant, "{name} {at:?}");
            }
        }
    }
}

#[test]
fn chunks_of_one_byte_are_valid() {
    if trial::passed_in_own_process() {
        return;
    }
    let server = serve(|valid, stream| {
        let mut whole = valid.head();
        whole.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        for byte in &valid.body {
            whole.extend_from_slice(b"1;x=\"y\"\r\n");
            whole.push(*byte);
            whole.extend_from_slice(b"\r\n");
        }
        whole.extend_from_slice(b"0\r\nX-Trailer: x\r\n\r\n");
        stream.write_all(&whole)
    });
    let result = trial(&server, Moment::Other);
    result.within("chunks of one byte", 200, 4 << 20, 100 * MB);
    let failing = |verdict| matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
    let failed: Vec<_> = result.run.judgements[0].tests.iter().filter(|test| failing(test.verdict)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
