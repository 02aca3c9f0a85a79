//! TLS versions: verdicts on origins that accept old versions, refuse them, close the connection, or do not use TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use plimsoll::base::clock::Clock;
use plimsoll::base::vocabulary::Verdict;
use plimsoll::judge::judge_run;
use plimsoll::recording::handshake::{Handshake, HelloOffer, TlsAlert, TlsVersion};
use plimsoll::recording::model::{Trouble, TroubleKind};
use plimsoll::reference::options::ServerOptions;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use plimsoll::selftest::reference_run::GROUP;
use plimsoll::settings::run_settings::Settings;
use plimsoll::transport::client_hello;
use plimsoll::transport::in_process::{HandshakeResponder, InProcess};
use plimsoll::transport::message::{TlsProbe, Transport};
use plimsoll::transport::network::Network;
use plimsoll::verdicts::judged_run::TestResult;
use url::Url;

const SPOKEN: &str = "auth::tls-spoken@transport";
const OLD: &str = "auth::tls-old-refused@transport";

/// Returns the results of the TLS tests on a server in process. `responder` responds to handshakes.
fn judged(base: &str, responder: Option<HandshakeResponder>, change: impl FnOnce(&mut Settings)) -> Vec<TestResult> {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let request = plimsoll::plan::build::PlanRequest {
        specs: vec!["hl7-3.0.0".to_owned()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    let plan = plimsoll::plan::build::build(&catalog, &request, &|name| name.contains("tls-")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let recording = runtime.block_on(async {
        let base: Url = base.parse().unwrap();
        let clock = Clock::system();
        let router: Router = serve::router(ServerOptions::new(Personality::Stu3, base.clone(), clock));
        let transport = match responder {
            Some(responder) => InProcess::new(router).answering_handshakes(responder),
            None => InProcess::new(router),
        };
        let mut settings = Settings { groups: vec![GROUP.to_owned()], ..Settings::new(base) };
        change(&mut settings);
        let options = plimsoll::drive::run::RunOptions::quiet(catalog.digest.clone());
        plimsoll::drive::run::run(&plan, settings, Arc::new(transport), clock, options).await.unwrap()
    });
    judge_run::judge(&catalog, &plan, &recording).judgements.remove(0).tests
}

fn verdict(tests: &[TestResult], id: &str) -> (Verdict, String) {
    let test = tests.iter().find(|test| test.id == id).unwrap_or_else(|| panic!("no test {id}"));
    (test.verdict, test.because.clone())
}

fn always(bytes: &'static [u8]) -> Option<HandshakeResponder> {
    Some(Arc::new(move |_: &[u8]| bytes.to_vec()))
}

#[test]
fn an_honest_server_passes() {
    let tests = judged(
        "https://fhir.example.org/fhir",
        Some(Arc::new(plimsoll::reference::security::tls::greeter(&[]))),
        |_| (),
    );
    for id in [SPOKEN, OLD] {
        assert_eq!(verdict(&tests, id).0, Verdict::Pass, "{id}");
    }
}

#[test]
fn plain_http_fails_except_on_localhost_and_with_allow_http() {
    let tests = judged("http://fhir.example.org/fhir", None, |_| ());
    let (found, because) = verdict(&tests, SPOKEN);
    assert_eq!(found, Verdict::Fail, "{because}");
    assert!(because.contains("plain http"), "{because}");
    assert_eq!(verdict(&tests, OLD).0, Verdict::NotApplicable);

    let tests = judged("http://fhir.example.org/fhir", None, |settings| settings.allow_http = true);
    assert_eq!(verdict(&tests, SPOKEN).0, Verdict::NotApplicable);
    for here in ["http://localhost:8080/fhir", "http://127.0.0.1/fhir", "http://[::1]:1/fhir"] {
        assert_eq!(verdict(&judged(here, None, |_| ()), SPOKEN).0, Verdict::NotApplicable, "{here}");
    }
}

#[test]
fn a_handshake_without_a_result_is_not_a_pass() {
    let base = "https://fhir.example.org/fhir";
    // This transport makes no handshakes. A response to a request still shows that the server supports 1.2 or 1.3.
    let tests = judged(base, None, |_| ());
    assert_eq!(verdict(&tests, SPOKEN).0, Verdict::Pass);
    assert_eq!(verdict(&tests, OLD).0, Verdict::Error);
    let tests = judged(base, always(b"HTTP/1.1 400 Bad Request\r\n\r\n"), |_| ());
    assert_eq!(verdict(&tests, OLD).0, Verdict::Error, "{}", verdict(&tests, OLD).1);
    // A server that responds to requests refuses a handshake if it closes the connection.
    let tests = judged(base, always(b""), |_| ());
    assert_eq!(verdict(&tests, OLD).0, Verdict::Pass);
}

/// Starts a server that reads the first message and sends these bytes. With `None` it sends nothing and keeps the
/// connection.
fn scripted(response: Option<&'static [u8]>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0_u8; 4096];
        assert!(stream.read(&mut buffer).unwrap() > 0);
        match response {
            Some(bytes) => stream.write_all(bytes).unwrap(),
            None => while matches!(stream.read(&mut buffer), Ok(read) if read > 0) {},
        }
    });
    format!("https://127.0.0.1:{port}/").parse().unwrap()
}

#[test]
fn a_server_with_old_tls_only_gets_its_verdict_without_any_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base: Url = format!("https://127.0.0.1:{}/fhir", listener.local_addr().unwrap().port()).parse().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0_u8; 4096];
            let read = stream.read(&mut buffer).unwrap_or_default();
            // Newer TLS versions send 3.3 here, which this server does not know.
            let newer = buffer[..read].get(9..11) == Some(&[3, 3]);
            let alert: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
            let _ = stream.write_all(if newer { alert } else { OLD_HELLO });
        }
    });
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let request = plimsoll::plan::build::PlanRequest {
        specs: vec!["hl7-3.0.0".to_owned()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    let plan = plimsoll::plan::build::build(&catalog, &request, &|name| {
        name.contains("tls-") || name.contains("accepted-202@system")
    })
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let recording = runtime.block_on(async {
        let settings = Settings::new(base);
        let transport = Network::new(&settings).unwrap();
        let options = plimsoll::drive::run::RunOptions::quiet(catalog.digest.clone());
        plimsoll::drive::run::run(&plan, settings, Arc::new(transport), Clock::system(), options).await.unwrap()
    });
    let tests = judge_run::judge(&catalog, &plan, &recording).judgements.remove(0).tests;
    assert_eq!(verdict(&tests, SPOKEN).0, Verdict::Fail);
    assert_eq!(verdict(&tests, OLD).0, Verdict::Warn);
    let (kickoff, because) = verdict(&tests, "kickoff::accepted-202@system");
    assert_eq!(kickoff, Verdict::Error, "{because}");
    assert!(because.contains("no TLS newer than 1.1"), "{because}");
}

#[test]
fn old_versions_are_not_offered_through_a_proxy() {
    let greeter: HandshakeResponder = Arc::new(plimsoll::reference::security::tls::greeter(&[]));
    let tests = judged("https://fhir.example.org/fhir", Some(greeter), |settings| settings.use_proxy = true);
    assert_eq!(verdict(&tests, SPOKEN).0, Verdict::Pass);
    let (old, because) = verdict(&tests, OLD);
    assert_eq!(old, Verdict::Skip, "{because}");
    assert!(because.contains("--proxy"), "{because}");
}

/// A ServerHello of TLS 1.0.
const OLD_HELLO: &[u8] = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01\
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\xc0\x13\x00";

fn greet(url: &Url, change: impl FnOnce(&mut Settings)) -> Result<Handshake, Trouble> {
    let mut settings = Settings::new(url.clone());
    change(&mut settings);
    let message = client_hello::client_hello(HelloOffer::Tls10, None).unwrap();
    let greeting = TlsProbe { url: url.clone(), message, timeout: Duration::from_millis(500) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Network::new(&settings).unwrap().probe_tls(greeting).await })
}

#[test]
fn responses_over_sockets_are_distinguished() {
    let greeted = |response| greet(&scripted(response), |_| ());
    assert_eq!(greeted(Some(OLD_HELLO)), Ok(Handshake::Agreed(TlsVersion::Tls10)));
    assert_eq!(greeted(Some(&[21, 3, 1, 0, 2, 2, 70])), Ok(Handshake::Refused(TlsAlert::PROTOCOL_VERSION)));
    assert_eq!(greeted(Some(b"")), Ok(Handshake::Closed));
    assert_eq!(greeted(Some(b"HTTP/1.1 400 Bad Request\r\n")).unwrap_err().kind, TroubleKind::Protocol);
    assert_eq!(greeted(None).unwrap_err().kind, TroubleKind::Timeout);
    let gone: Url = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap()
    };
    assert_eq!(greet(&gone, |_| ()).unwrap_err().kind, TroubleKind::Connect);
    let proxied = greet(&gone, |settings| settings.use_proxy = true).unwrap_err();
    assert_eq!(proxied.kind, TroubleKind::NotSent, "{}", proxied.message);
}

#[test]
fn a_public_server_cannot_cause_handshakes_with_private_addresses() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let inside: Url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let trouble = greet(&inside, |settings| settings.base = "https://8.8.8.8/fhir".parse().unwrap()).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::NotSent);
    assert!(trouble.message.contains("private address"), "{}", trouble.message);
}
