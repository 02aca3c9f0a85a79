//! What is wrong below HTTP's surface: heads without end, lengths that lie, connections that break off. A real
//! connection to a thread of this process, in front of the reference server.

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

/// An honest answer, to be written as somebody likes.
pub struct Honest {
    pub moment: Moment,
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Honest {
    /// The status line and the headers, each with its line end, but for those that frame the body.
    fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} So\r\n", self.status).into_bytes();
        for (name, value) in self.headers.iter().filter(|(name, _)| name != "content-length") {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            // Time is real here, and nobody need wait for it.
            head.extend_from_slice(if name == "retry-after" { b"0" } else { value });
            head.extend_from_slice(b"\r\n");
        }
        head
    }

    /// As it should be.
    fn plain(&self) -> Vec<u8> {
        let mut whole = self.head();
        whole.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        whole.extend_from_slice(&self.body);
        whole
    }
}

/// Writes an answer; an error means that nobody listens any more.
type Pen = Arc<dyn Fn(&Honest, &mut TcpStream) -> std::io::Result<()> + Send + Sync>;

struct Server {
    base: Url,
    over: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.base.socket_addrs(|| None).unwrap()[0]);
    }
}

fn serve(pen: impl Fn(&Honest, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}/fhir", listener.local_addr().unwrap())).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let server = Server { base: base.clone(), over: over.clone() };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = runtime.block_on(async { Clock::system() });
        let mut options =
            plimsoll::reference::options::ServerOptions::new(Personality::from_word(SPEC).unwrap(), base, clock);
        options.job_time = Duration::from_millis(100);
        let router = serve::router(options);
        let pen: Pen = Arc::new(pen);
        let handle = runtime.handle().clone();
        while let Ok((stream, _)) = listener.accept() {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let (router, pen, handle) = (router.clone(), pen.clone(), handle.clone());
            std::thread::spawn(move || attend(stream, router, &pen, &handle));
        }
    });
    server
}

fn attend(mut stream: TcpStream, router: Router, pen: &Pen, handle: &tokio::runtime::Handle) {
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
    let honest = handle.block_on(async {
        let response = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec();
        Honest { moment: at, status, headers, body }
    });
    if pen(&honest, &mut stream).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
        // Read to the end, so that the answer is not lost to a reset.
        let mut rest = [0_u8; 4096];
        while matches!(stream.read(&mut rest), Ok(read) if read > 0) {}
    }
}

/// A request's head and body.
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

/// A run over a connection, of the tests of one flow: each has its moments.
fn trial(server: &Server, at: Moment) -> crate::trial::Came {
    let base = server.base.clone();
    let selected = |name: &str| name.ends_with("@system") || name.ends_with("@cancelled");
    let trial = Trial::of(&selected).with(|settings| {
        settings.base = base;
        // A server within this process is either there or not.
        settings.idle_timeout = Duration::from_secs(20);
        settings.least_wait = Duration::from_millis(25);
        // Time is real here: polls that bring nothing are not repeated for long.
        settings.max_wait = Duration::from_secs(if at == Moment::Poll { 2 } else { 20 });
        settings.jobs = 16;
    });
    trial.over(|settings| Arc::new(Network::new(settings).unwrap()))
}

#[test]
fn an_honest_server_is_judged_conformant_over_this_wire() {
    if trial::passed_in_own_process() {
        return;
    }
    let server = serve(|honest, stream| stream.write_all(&honest.plain()));
    let came = trial(&server, Moment::Other);
    came.within("nothing wrong, for comparison", 200, 4 << 20, 100 * MB);
    let failing = |verdict| matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
    let failed: Vec<_> = came.run.judgements[0].tests.iter().filter(|test| failing(test.verdict)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// How far an answer comes before the connection ends.
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
fn a_connection_that_breaks_off_is_explained_at_every_stage() {
    if trial::passed_in_own_process() {
        return;
    }
    for at in MOMENTS {
        for cut in [Cut::AtOnce, Cut::InStatusLine, Cut::InHead, Cut::BeforeBody, Cut::InBody, Cut::Reset] {
            let server = serve(move |honest, stream| {
                let whole = honest.plain();
                // An answer without a body cannot be cut within it.
                let length = honest.body.len().max(1);
                let mut promised = honest.head();
                promised.extend_from_slice(format!("Content-Length: {}\r\n\r\n", length + 1).as_bytes());
                let head = promised.len();
                promised.extend_from_slice(&honest.body);
                let shown = match cut {
                    _ if honest.moment != at => return stream.write_all(&whole),
                    Cut::AtOnce => 0,
                    Cut::InStatusLine => 10,
                    Cut::InHead => head - 6,
                    Cut::BeforeBody => head,
                    Cut::InBody => head + honest.body.len() / 2,
                    Cut::Reset => {
                        // Closed with the request unread, as a process that dies does.
                        let _ = stream.write_all(&promised[..head - 6]);
                        return Err(std::io::ErrorKind::ConnectionReset.into());
                    }
                };
                stream.write_all(&promised[..shown])
            });
            let came = trial(&server, at);
            came.within(&format!("cut {cut:?} ({at:?})"), 300, 4 << 20, 100 * MB);
            if at != Moment::Metadata {
                assert_ne!(came.outcome(), Conformance::Conformant, "{at:?} {cut:?}");
                came.says("the connection");
            }
        }
    }
}

#[test]
fn floods_of_headers_are_left() {
    if trial::passed_in_own_process() {
        return;
    }
    type Flood = (&'static str, fn(&Honest, &mut TcpStream) -> std::io::Result<()>);
    let floods: [Flood; 4] = [
        ("10,000 headers", |honest, stream| {
            let mut head = honest.head();
            for n in 0..10_000 {
                head.extend_from_slice(format!("X-Flood-{n}: {n}\r\n").as_bytes());
            }
            head.extend_from_slice(b"Content-Length: 0\r\n\r\n");
            stream.write_all(&head)
        }),
        ("a header of 10 MB", |honest, stream| {
            stream.write_all(&honest.head())?;
            stream.write_all(b"X-Flood: ")?;
            for _ in 0..10 << 10 {
                stream.write_all(&[b'x'; 1 << 10])?;
            }
            stream.write_all(b"\r\nContent-Length: 0\r\n\r\n")
        }),
        ("endless headers", |honest, stream| {
            stream.write_all(&honest.head())?;
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
            let server = serve(move |honest, stream| match honest.moment == at {
                true => flood(honest, stream),
                false => stream.write_all(&honest.plain()),
            });
            let came = trial(&server, at);
            came.within(&format!("{name} ({at:?})"), 300, 64 << 20, 100 * MB);
            assert_ne!(came.outcome(), Conformance::Conformant, "{name} {at:?}");
        }
    }
}

#[test]
fn lengths_that_lie_are_explained() {
    if trial::passed_in_own_process() {
        return;
    }
    type Lie = (&'static str, fn(&Honest) -> Vec<u8>);
    // Plain functions, so that each lie stands by itself.
    fn with(honest: &Honest, framing: &str) -> Vec<u8> {
        let mut whole = honest.head();
        whole.extend_from_slice(framing.as_bytes());
        whole.extend_from_slice(b"\r\n\r\n");
        whole.extend_from_slice(&honest.body);
        whole
    }
    let lies: [Lie; 8] = [
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
    for (name, lie) in lies {
        for at in [Moment::Kickoff, Moment::Poll, Moment::File] {
            let server = serve(move |honest, stream| {
                stream.write_all(&if honest.moment == at { lie(honest) } else { honest.plain() })
            });
            let came = trial(&server, at);
            came.within(&format!("Content-Length {name} ({at:?})"), 300, 4 << 20, 100 * MB);
            // An empty answer cut in half is whole.
            if !(name == "too short" && at == Moment::Kickoff) {
                assert_ne!(came.outcome(), Conformance::Conformant, "{name} {at:?}");
            }
        }
    }
}

#[test]
fn chunks_may_be_cut_anywhere() {
    if trial::passed_in_own_process() {
        return;
    }
    let server = serve(|honest, stream| {
        let mut whole = honest.head();
        whole.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        for byte in &honest.body {
            whole.extend_from_slice(b"1;x=\"y\"\r\n");
            whole.push(*byte);
            whole.extend_from_slice(b"\r\n");
        }
        whole.extend_from_slice(b"0\r\nX-Trailer: x\r\n\r\n");
        stream.write_all(&whole)
    });
    let came = trial(&server, Moment::Other);
    came.within("chunks of one byte", 200, 4 << 20, 100 * MB);
    let failing = |verdict| matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
    let failed: Vec<_> = came.run.judgements[0].tests.iter().filter(|test| failing(test.verdict)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
