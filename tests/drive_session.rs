//! The session against routers in process: redirects, tokens, limits, interruption, and what reaches the tape.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use plimsoll::clock::Clock;
use plimsoll::drive::inprocess::InProcess;
use plimsoll::drive::recorder::Recorder;
use plimsoll::drive::session::{Ask, Session};
use plimsoll::drive::settings::{Credentials, Settings, Smart};
use plimsoll::secret::Secret;
use plimsoll::suite::model::Identity;
use plimsoll::tape::model::{BodyKind, Entry, Exchange, FORMAT, Outcome, Phase, Role, Start, TroubleKind};
use plimsoll::tape::store::{self, Writer};
use url::Url;

const BASE: &str = "https://fhir.example.org/r4";

/// What a router was asked, and how.
#[derive(Clone, Debug)]
struct Seen {
    method: Method,
    url: String,
    authorization: Option<String>,
    body: String,
}

type Log = Arc<Mutex<Vec<Seen>>>;

/// A router that answers with `answer` and remembers.
fn router(answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> (Router, Log) {
    let log = Log::default();
    let remembered = log.clone();
    let handler = move |request: Request| {
        let (answer, log) = (answer.clone(), log.clone());
        async move {
            let (head, body) = request.into_parts();
            let authorization = head.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let seen = Seen { method: head.method, url: head.uri.to_string(), authorization, body };
            log.lock().unwrap().push(seen.clone());
            answer(&seen)
        }
    };
    (Router::new().fallback(handler), remembered)
}

fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}

fn json(status: u16, value: serde_json::Value) -> Response {
    response(status, &[("content-type", "application/json")], value.to_string())
}

fn paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

fn settings(base: &str) -> Settings {
    Settings::new(Url::parse(base).unwrap())
}

fn session(settings: Settings, router: Router, sink: Option<Writer>) -> Session {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let recorder = Recorder::new(&settings, clock, sink);
    Session::new(Arc::new(settings), Arc::new(InProcess::new(router)), clock, recorder)
}

fn ask(role: Role, method: Method, url: &str) -> Ask {
    Ask {
        flow: Some("system".to_owned()),
        role,
        probe: None,
        file: None,
        method,
        url: Url::parse(url).unwrap(),
        headers: HeaderMap::new(),
        body: None,
        identity: Identity::Client,
        open: false,
    }
}

fn get(url: &str) -> Ask {
    ask(Role::File, Method::GET, url)
}

fn status(exchange: &Exchange) -> u16 {
    match &exchange.outcome {
        Outcome::Response(response) => response.status,
        Outcome::NoResponse(_) => 0,
    }
}

#[test]
fn redirects_are_followed_and_each_is_an_exchange() {
    let (router, log) = router(|seen| match seen.url.rsplit('/').next().unwrap() {
        "a" => response(301, &[("location", "b")], ""),
        "b" => response(303, &[("location", "/r4/c?x=1")], ""),
        _ => response(200, &[], "there"),
    });
    paused(async {
        let session = session(settings(BASE), router, None);
        let reply = session.send(get(&format!("{BASE}/a"))).await;
        let whole = reply.result.unwrap();
        assert_eq!((whole.url.as_str(), &whole.body[..]), ("https://fhir.example.org/r4/c?x=1", &b"there"[..]));
        assert_eq!(reply.exchange, 3);
        let tape = session.recorder().tape();
        assert_eq!(
            tape.exchanges.iter().map(|e| (e.id, status(e), e.superseded)).collect::<Vec<_>>(),
            [(1, 301, true), (2, 303, true), (3, 200, false)]
        );
        assert_eq!(session.requests(), 3);
        assert_eq!(log.lock().unwrap().len(), 3);
    });
}

#[test]
fn redirects_in_a_circle_and_endless_ones_end() {
    let (circle, _) = router(|seen| {
        let next = if seen.url.ends_with('a') { "b" } else { "a" };
        response(302, &[("location", next)], "")
    });
    let (endless, log) = router(|seen| response(307, &[("location", &format!("{}x", seen.url))], ""));
    paused(async {
        let circle = session(settings(BASE), circle, None);
        let trouble = circle.send(get(&format!("{BASE}/a"))).await.result.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Protocol);
        assert!(trouble.message.contains("circle"), "{}", trouble.message);
        assert_eq!(circle.recorder().tape().exchanges.len(), 3);
        let endless = session(settings(BASE), endless, None);
        let trouble = endless.send(get(&format!("{BASE}/a"))).await.result.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Protocol);
        assert!(trouble.message.contains("more than 5"), "{}", trouble.message);
        assert_eq!(log.lock().unwrap().len(), 6);
    });
}

#[test]
fn what_must_not_be_followed_is_not() {
    for (location, expected) in [
        ("http://fhir.example.org/r4/b", "from https to http"),
        ("file:///etc/passwd", "\"file\""),
        ("javascript:alert(1)", "\"javascript\""),
    ] {
        let (router, log) = router(move |_| response(302, &[("location", location)], ""));
        paused(async {
            let session = session(settings(BASE), router, None);
            let trouble = session.send(get(&format!("{BASE}/a"))).await.result.unwrap_err();
            assert_eq!(trouble.kind, TroubleKind::NotSent);
            assert!(trouble.message.contains(expected), "{}", trouble.message);
            assert_eq!((log.lock().unwrap().len(), session.requests()), (1, 1));
        });
    }
    // As the first URL, too.
    let (router, log) = router(|_| response(200, &[], ""));
    paused(async {
        let session = session(settings(BASE), router, None);
        let trouble = session.send(get("ftp://fhir.example.org/a")).await.result.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::NotSent);
        assert!(log.lock().unwrap().is_empty());
    });
}

#[test]
fn a_post_is_sent_again_only_where_it_stays_a_post() {
    for (code, sent) in [(301, 1), (302, 1), (303, 1), (307, 2), (308, 2)] {
        let (router, log) = router(move |seen| {
            if seen.url.ends_with("$export") {
                response(code, &[("location", "/r4/else")], "")
            } else {
                response(202, &[], "")
            }
        });
        paused(async {
            let session = session(settings(BASE), router, None);
            let mut ask = ask(Role::Kickoff, Method::POST, &format!("{BASE}/$export"));
            ask.body = Some(Bytes::from_static(b"{\"resourceType\":\"Parameters\"}"));
            let whole = session.send(ask).await.result.unwrap();
            let log = log.lock().unwrap();
            assert_eq!(log.len(), sent, "{code}");
            assert!(log.iter().all(|seen| seen.method == Method::POST && seen.body.contains("Parameters")));
            assert_eq!(whole.status.as_u16(), if sent == 2 { 202 } else { code });
        });
    }
}

#[test]
fn tokens_go_where_they_may_and_nowhere_else() {
    let (router, log) = router(|_| response(200, &[], ""));
    paused(async {
        let mut settings = settings(BASE);
        settings.credentials = Credentials::Token(Secret::new("marked-token"));
        settings.allow_origins = vec![Url::parse("https://files.example.org").unwrap().origin()];
        let session = session(settings, router, None);
        let authorization = |log: &Log| log.lock().unwrap().last().unwrap().authorization.clone();
        let bearer = Some("Bearer marked-token".to_owned());

        assert!(session.send(get(&format!("{BASE}/a"))).await.result.is_ok());
        assert_eq!(authorization(&log), bearer);
        assert!(session.send(get("https://files.example.org/a")).await.result.is_ok());
        assert_eq!(authorization(&log), bearer);

        let sent = log.lock().unwrap().len();
        for foreign in
            ["https://elsewhere.example.org/a", "https://fhir.example.org:8443/a", "http://fhir.example.org/a"]
        {
            let trouble = session.send(get(foreign)).await.result.unwrap_err();
            assert_eq!(trouble.kind, TroubleKind::NotSent);
            let origin = foreign.trim_end_matches("/a");
            assert_eq!(
                trouble.message,
                format!(
                    "the file lies on another origin ({origin}), to which the token is not sent; \
                     allow it with --allow-origin {origin}"
                )
            );
        }
        assert_eq!(log.lock().unwrap().len(), sent);

        for change in [(Identity::None, false), (Identity::Client, true)] {
            for url in [&format!("{BASE}/a"), "https://elsewhere.example.org/a"] {
                let mut open = get(url);
                (open.identity, open.open) = change;
                // Nor by the back door.
                open.headers.insert("authorization", "Bearer smuggled".parse().unwrap());
                assert!(session.send(open).await.result.is_ok());
                assert_eq!(authorization(&log), None);
            }
        }
        let mut second = get(&format!("{BASE}/a"));
        second.identity = Identity::SecondClient;
        assert_eq!(session.send(second).await.result.unwrap_err().kind, TroubleKind::NotSent);
    });
}

#[test]
fn bodies_are_decoded_and_bounded() {
    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }
    let (router, _) = router(|seen| {
        let coded = [("content-encoding", "gzip")];
        match seen.url.rsplit('/').next().unwrap() {
            "gzip" => response(200, &coded, gzip(b"{\"a\":1}")),
            "bomb" => response(200, &coded, gzip(&vec![b' '; 1 << 20])),
            "no-gzip" => response(200, &coded, "plain"),
            "brotli" => response(200, &[("content-encoding", "br")], "?"),
            "long" => {
                let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1000])));
                response(200, &[], Body::from_stream(chunks))
            }
            _ => response(404, &[], ""),
        }
    });
    paused(async {
        let session = session(settings(BASE), router, None);
        let mut found = Vec::new();
        for name in ["gzip", "bomb", "no-gzip", "brotli", "long"] {
            let whole = session.send_within(get(&format!("{BASE}/{name}")), 10_000).await.result.unwrap();
            assert!(whole.body.len() <= 10_000, "{name}");
            found.push((name, whole.body.len(), whole.broken.map(|broken| broken.kind)));
        }
        assert_eq!(
            found,
            [
                ("gzip", 7, None),
                ("bomb", 10_000, Some(TroubleKind::Limit)),
                ("no-gzip", 0, Some(TroubleKind::Protocol)),
                ("brotli", 1, Some(TroubleKind::Protocol)),
                ("long", 10_000, Some(TroubleKind::Limit)),
            ]
        );
    });
}

#[test]
fn a_stream_is_counted_and_finished_by_its_reader() {
    let (router, _) = router(|seen| match seen.url.contains("missing") {
        true => json(404, serde_json::json!({"resourceType": "OperationOutcome", "issue": []})),
        false => response(200, &[("content-type", "application/fhir+ndjson")], "{\"resourceType\":\"Patient\"}\n"),
    });
    paused(async {
        let session = session(settings(BASE), router, None);
        let mut streaming = session.open(get(&format!("{BASE}/file"))).await.ok().unwrap();
        let mut bytes = 0;
        while let Some(chunk) = streaming.body.next().await {
            bytes += chunk.unwrap().len() as u64;
        }
        assert_eq!(session.bytes(), bytes);
        let exchange = streaming.exchange;
        assert!(session.recorder().exchange(exchange).is_none());
        streaming.finish(bytes, BodyKind::Streamed, None);
        let Outcome::Response(kept) = session.recorder().exchange(exchange).unwrap().outcome else { panic!() };
        assert_eq!((kept.body.bytes, kept.body.kind, kept.broken), (bytes, BodyKind::Streamed, None));

        let reply = session.open(get(&format!("{BASE}/missing"))).await.err().unwrap();
        assert_eq!(reply.result.unwrap().status.as_u16(), 404);

        let dropped = session.open(get(&format!("{BASE}/file"))).await.ok().unwrap().exchange;
        let Outcome::Response(kept) = session.recorder().exchange(dropped).unwrap().outcome else { panic!() };
        assert_eq!(kept.broken.unwrap().kind, TroubleKind::Interrupted);
    });
}

#[test]
fn an_interruption_ends_all_but_the_clean_up() {
    let log = Log::default();
    let seen = log.clone();
    let handler = move |request: Request| {
        let log = seen.clone();
        async move {
            let method = request.method().clone();
            let url = request.uri().to_string();
            log.lock().unwrap().push(Seen {
                method: method.clone(),
                url: url.clone(),
                authorization: None,
                body: String::new(),
            });
            if method == Method::DELETE {
                return response(202, &[], "");
            }
            if url.ends_with("$export") {
                tokio::time::sleep(Duration::from_secs(3)).await;
                return response(202, &[("content-location", "/r4/job")], "");
            }
            if url.ends_with("body") {
                return response(200, &[], Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()));
            }
            std::future::pending().await
        }
    };
    paused(async {
        let session = session(settings(BASE), Router::new().fallback(handler), None);
        let (waiting, reading) = (get(&format!("{BASE}/head")), get(&format!("{BASE}/body")));
        let kickoff = ask(Role::Kickoff, Method::GET, &format!("{BASE}/$export"));
        let (head, body, kickoff, ()) =
            tokio::join!(session.send(waiting), session.send(reading), session.send(kickoff), async {
                session.clock().sleep(Duration::from_secs(1)).await;
                session.interrupt();
            });
        assert_eq!(head.result.unwrap_err().kind, TroubleKind::Interrupted);
        assert_eq!(body.result.unwrap().broken.unwrap().kind, TroubleKind::Interrupted);
        // What it started can be deleted.
        assert_eq!(kickoff.result.unwrap().headers["content-location"], "/r4/job");
        session.interrupted().await;
        let late = session.send(get(&format!("{BASE}/head"))).await;
        assert_eq!(late.result.unwrap_err().kind, TroubleKind::Interrupted);
        let cleanup = session.send(ask(Role::Cleanup, Method::DELETE, &format!("{BASE}/job"))).await;
        assert_eq!(cleanup.result.unwrap().status.as_u16(), 202);
        assert_eq!(log.lock().unwrap().len(), 4);
        let tape = session.recorder().tape();
        assert_eq!(tape.exchanges.len(), 5);
        assert_eq!((tape.exchanges[0].at, tape.exchanges[0].took), (0, 1000));
    });
}

#[test]
fn silence_is_a_timeout_in_virtual_time() {
    let handler = |request: Request| async move {
        if request.uri().path().ends_with("body") {
            return response(200, &[], Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()));
        }
        std::future::pending().await
    };
    paused(async {
        let session = session(settings(BASE), Router::new().fallback(handler), None);
        let head = session.send(get(&format!("{BASE}/head"))).await;
        assert_eq!(head.result.unwrap_err().kind, TroubleKind::Timeout);
        let body = session.send(get(&format!("{BASE}/body"))).await;
        assert_eq!(body.result.unwrap().broken.unwrap().kind, TroubleKind::Timeout);
        assert_eq!(session.clock().elapsed().as_secs(), 120);
    });
}

fn key() -> Secret {
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let der = base64::engine::general_purpose::STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
    Secret::new(format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"))
}

fn smart(base: &str) -> Settings {
    let mut settings = settings(base);
    settings.credentials = Credentials::Smart(Smart {
        client_id: "the-client".to_owned(),
        key: key(),
        key_id: Some("the-key".to_owned()),
        token_url: None,
        scope: "system/*.rs".to_owned(),
    });
    settings
}

/// A server with a token endpoint whose tokens last 300 s; it refuses the tokens that `refuse` names.
fn protected(refuse: fn(&str) -> bool) -> (Router, Log) {
    let issued = Arc::new(Mutex::new(0));
    router(move |seen| {
        if seen.url.ends_with("/.well-known/smart-configuration") {
            return json(200, serde_json::json!({"token_endpoint": "https://auth.example.org/oauth2/token"}));
        }
        if seen.url.ends_with("/oauth2/token") {
            let mut issued = issued.lock().unwrap();
            *issued += 1;
            let token = format!("marked-access-{issued}");
            return json(200, serde_json::json!({"access_token": token, "token_type": "bearer", "expires_in": 300}));
        }
        match &seen.authorization {
            Some(value) if !refuse(value) => response(200, &[], format!("you said {value}")),
            _ => response(401, &[], ""),
        }
    })
}

fn tokens_asked(log: &Log) -> usize {
    log.lock().unwrap().iter().filter(|seen| seen.url.ends_with("/oauth2/token")).count()
}

#[test]
fn a_token_is_discovered_shared_and_renewed_before_it_ends() {
    let (router, log) = protected(|_| false);
    paused(async {
        let session = session(smart(BASE), router, None);
        let url = format!("{BASE}/a");
        let (a, b, c) = tokio::join!(session.send(get(&url)), session.send(get(&url)), session.send(get(&url)));
        for reply in [a, b, c] {
            assert_eq!(&reply.result.unwrap().body[..], b"you said Bearer marked-access-1");
        }
        assert_eq!(tokens_asked(&log), 1);
        session.clock().sleep(Duration::from_secs(239)).await;
        assert_eq!(&session.send(get(&url)).await.result.unwrap().body[..], b"you said Bearer marked-access-1");
        session.clock().sleep(Duration::from_secs(1)).await;
        assert_eq!(&session.send(get(&url)).await.result.unwrap().body[..], b"you said Bearer marked-access-2");
        assert_eq!(tokens_asked(&log), 2);

        let seen = log.lock().unwrap().clone();
        let discovery = seen.iter().filter(|seen| seen.url.contains("smart-configuration")).count();
        assert_eq!(discovery, 1);
        let request = seen.iter().find(|seen| seen.url.ends_with("/token")).unwrap();
        assert_eq!((request.url.as_str(), &request.authorization), ("https://auth.example.org/oauth2/token", &None));
        let form: Vec<(String, String)> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        assert_eq!(form[0], ("grant_type".into(), "client_credentials".into()));
        assert_eq!(form[1], ("scope".into(), "system/*.rs".into()));
        assert_eq!(form[2].1, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert_eq!(form[3].0, "client_assertion");
        let part = |index: usize| {
            let part = form[3].1.split('.').nth(index).unwrap();
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        assert_eq!(part(0), serde_json::json!({"typ": "JWT", "alg": "ES384", "kid": "the-key"}));
        assert_eq!(
            (&part(1)["aud"], &part(1)["exp"]),
            (&serde_json::json!("https://auth.example.org/oauth2/token"), &serde_json::json!(1_700_000_240_u64))
        );

        let tape = session.recorder().tape();
        let token = tape.exchanges.iter().find(|exchange| exchange.role == Role::Token).unwrap();
        let body = token.request.body.as_ref().unwrap();
        assert!(body.ends_with("&client_assertion=[redacted]"), "{body}");
        let text = serde_json::to_string(&tape).unwrap();
        assert!(!text.contains("marked-access") && !text.contains(&form[3].1), "{text}");
    });
}

#[test]
fn a_refused_token_is_replaced_once() {
    let (first_refused, log) = protected(|value| value.ends_with("-1"));
    let (all_refused, all_log) = protected(|_| true);
    paused(async {
        let session_one = session(smart(BASE), first_refused, None);
        let reply = session_one.send(get(&format!("{BASE}/a"))).await;
        assert_eq!(reply.result.unwrap().status.as_u16(), 200);
        assert_eq!(tokens_asked(&log), 2);
        let files: Vec<_> = session_one
            .recorder()
            .tape()
            .exchanges
            .into_iter()
            .filter(|exchange| exchange.role == Role::File)
            .collect();
        assert_eq!(files.iter().map(|e| (status(e), e.superseded)).collect::<Vec<_>>(), [(401, true), (200, false)]);

        let session_two = session(smart(BASE), all_refused, None);
        assert_eq!(session_two.send(get(&format!("{BASE}/a"))).await.result.unwrap().status.as_u16(), 401);
        assert_eq!(tokens_asked(&all_log), 2);
    });
}

#[test]
fn without_a_token_nothing_is_sent_and_the_reason_is_said() {
    type Answer = fn(&Seen) -> Response;
    let cases: [(&str, Answer, &str); 5] = [
        (BASE, |_| response(404, &[], ""), ".well-known/smart-configuration was answered 404"),
        (BASE, |_| json(200, serde_json::json!({"token_endpoint": "http://auth.example.org/token"})), "is not https"),
        (BASE, |_| json(200, serde_json::json!({"issuer": "x"})), "names none"),
        (
            "http://127.0.0.1:9/fhir",
            |seen| match seen.method {
                Method::GET => json(200, serde_json::json!({"token_endpoint": "http://127.0.0.1:9/token"})),
                _ => json(400, serde_json::json!({"error": "invalid_client", "error_description": "no such client"})),
            },
            "answered 400 \"invalid_client\": \"no such client\"",
        ),
        (
            "http://127.0.0.1:9/fhir",
            |seen| match seen.method {
                Method::GET => json(200, serde_json::json!({"token_endpoint": "http://127.0.0.1:9/token"})),
                _ => json(200, serde_json::json!({"access_token": "t0ken", "token_type": "mac"})),
            },
            "of the type \"mac\"",
        ),
    ];
    for (base, answer, expected) in cases {
        let (router, log) = router(answer);
        paused(async {
            let session = session(smart(base), router, None);
            let trouble = session.send(get(&format!("{base}/a"))).await.result.unwrap_err();
            assert!(trouble.message.contains(expected), "{}", trouble.message);
            assert!(trouble.message.contains("token"), "{}", trouble.message);
            assert_eq!(session.authorize().await.unwrap_err(), trouble);
            assert!(log.lock().unwrap().iter().all(|seen| !seen.url.ends_with("/a")));
        });
    }
}

#[test]
fn nothing_marked_reaches_the_tape() {
    let (router, _) = router(|seen| {
        let job = format!("{BASE}/bulkstatus/MARKED-job-17?sig=MARKED%2Fsig");
        match seen.url.as_str() {
            url if url.contains("$export") => response(
                202,
                &[("content-location", &job), ("set-cookie", "s=MARKED-cookie"), ("x-echo", "token MARKED-token")],
                format!("started {job}"),
            ),
            url if url.contains("bulkstatus") => json(
                200,
                serde_json::json!({
                    "transactionTime": "2026-01-01T00:00:00Z",
                    "request": format!("{BASE}/$export?_since=2025-12-01T00:00:00Z&_type=Patient"),
                    "requiresAccessToken": true,
                    "output": [
                        {"type": "Patient", "url": "https://user:MARKED-pass@files.example.org/MARKED1file/1.Patient.ndjson?X-Amz-Signature=MARKED2sig"},
                        {"type": "Patient", "url": "/r4/files/MARKED3file.ndjson"},
                    ],
                    "error": [],
                    "extension": {"job": "MARKED-job-17", "http://hl7.org/x": {"resourceType": "Patient", "name": "MARKED-name"}},
                }),
            ),
            _ => json(
                410,
                serde_json::json!({"resourceType": "OperationOutcome", "text": {"div": "MARKED-div"}, "issue": [
                    {"severity": "error", "code": "not-found", "diagnostics": format!("job MARKED-job-17 is gone, signed MARKED/sig, see {job}.")}
                ]}),
            ),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    paused(async {
        let mut settings = settings(BASE);
        settings.credentials = Credentials::Token(Secret::new("MARKED-token"));
        let session = session(settings, router, Some(Writer::create(folder.path()).unwrap()));
        session.recorder().start(Start { format: FORMAT, base: BASE.to_owned(), ..Start::default() });
        let kickoff = format!("{BASE}/$export?_since=2025-12-01T00:00:00Z&_type=Patient");
        let whole = session.send(ask(Role::Kickoff, Method::GET, &kickoff)).await.result.unwrap();
        let job = whole.headers["content-location"].to_str().unwrap().to_owned();
        let poll = session.send(ask(Role::Poll, Method::GET, &job)).await;
        session.recorder().phase(poll.exchange, Phase::Complete);
        let file = format!("{BASE}/files/MARKED3file.ndjson");
        session.send(get(&file)).await.result.unwrap();
        assert!(session.recorder().sink_error().is_none());

        let bytes = std::fs::read_to_string(folder.path().join(store::FILE_NAME)).unwrap();
        assert!(!bytes.contains("MARKED"), "{bytes}");
        let mut tape = store::read(folder.path()).unwrap();
        assert_eq!(tape, session.recorder().tape());
        assert_eq!(tape.exchanges[1].phase, Some(Phase::Complete));
        assert!(bytes.lines().all(|line| serde_json::from_str::<Entry>(line).is_ok()));

        // What is equal stays equal, and a judge can still read it.
        let Outcome::Response(kept) = &tape.exchanges[0].outcome else { panic!() };
        assert_eq!(kept.header("content-location"), Some(tape.exchanges[1].request.url.as_str()));
        let shown = Url::parse(&tape.exchanges[1].request.url).unwrap();
        assert!(shown.path().starts_with("/r4/bulkstatus/") && shown.query().unwrap().starts_with("sig="));
        let Outcome::Response(kept) = &tape.exchanges[1].outcome else { panic!() };
        let manifest = kept.body.json.as_ref().unwrap();
        assert_eq!(manifest["request"], serde_json::json!(kickoff));
        assert_eq!(manifest["transactionTime"], "2026-01-01T00:00:00Z");
        let url = manifest["output"][1]["url"].as_str().unwrap();
        assert!(tape.exchanges[2].request.url.ends_with(url), "{url}");

        // The tokens are of one run; for the snapshot they are numbered.
        for exchange in &mut tape.exchanges {
            exchange.at = 0;
        }
        let text = serde_json::to_string_pretty(&tape.exchanges).unwrap();
        insta::assert_snapshot!("redacted_exchanges", numbered(&text));
    });
}

#[test]
fn a_job_that_lives_at_the_address_of_the_kickoff_is_still_a_secret() {
    let job = format!("{BASE}/$export?job=MARKED-7f3a");
    let answer = job.clone();
    let (router, _) = router(move |_| response(202, &[("content-location", &answer)], ""));
    paused(async {
        let session = session(settings(BASE), router, None);
        session.send(ask(Role::Kickoff, Method::GET, &format!("{BASE}/$export?_type=Patient"))).await.result.unwrap();
        for role in [Role::Poll, Role::Probe, Role::Cleanup] {
            session.send(ask(role, Method::GET, &job)).await.result.unwrap();
        }
        let tape = session.recorder().tape();
        assert!(!serde_json::to_string(&tape).unwrap().contains("MARKED"));
        assert!(tape.exchanges[2].request.url.starts_with("https://fhir.example.org/r4/$export?job=[u"));
        assert!(tape.exchanges[0].request.url.ends_with("/$export?_type=Patient"));
    });
}

/// Replaces each token by its number in the order of appearance.
fn numbered(text: &str) -> String {
    let mut found: Vec<String> = Vec::new();
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[u") {
        let (token, tail) = after.split_once(']').unwrap();
        let index = found.iter().position(|known| known == token).unwrap_or_else(|| {
            found.push(token.to_owned());
            found.len() - 1
        });
        out.push_str(before);
        out.push_str(&format!("[u#{index}]"));
        rest = tail;
    }
    out + rest
}
