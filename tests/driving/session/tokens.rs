//! How tokens are obtained and where they are sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::response::Response;
use base64::Engine;
use http::Method;
use plimsoll::base::secret::Secret;
use plimsoll::recording::model::{Role, TroubleKind};
use plimsoll::settings::run_settings::{Credentials, Settings, Smart};
use plimsoll::suite::flow::Identity;
use url::Url;

use crate::session::common::*;

#[test]
fn tokens_are_sent_to_permitted_origins_only() {
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
                    "the file is on another origin ({origin}), to which the token is not sent; \
                     permit it with --allow-origin {origin}"
                )
            );
        }
        assert_eq!(log.lock().unwrap().len(), sent);

        for change in [(Identity::None, false), (Identity::Client, true)] {
            for url in [&format!("{BASE}/a"), "https://elsewhere.example.org/a"] {
                let mut open = get(url);
                (open.identity, open.open) = change;
                // A header with a token is removed too.
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

/// Returns a server with a token endpoint. Its tokens last 300 s, and it refuses the tokens for which `refuse` is true.
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

fn token_requests(log: &Log) -> usize {
    log.lock().unwrap().iter().filter(|seen| seen.url.ends_with("/oauth2/token")).count()
}

#[test]
fn a_token_is_requested_shared_and_renewed_before_it_expires() {
    let (router, log) = protected(|_| false);
    paused(async {
        let session = session(smart(BASE), router, None);
        let url = format!("{BASE}/a");
        let (a, b, c) = tokio::join!(session.send(get(&url)), session.send(get(&url)), session.send(get(&url)));
        for reply in [a, b, c] {
            assert_eq!(&reply.result.unwrap().body[..], b"you said Bearer marked-access-1");
        }
        assert_eq!(token_requests(&log), 1);
        session.clock().sleep(Duration::from_secs(239)).await;
        assert_eq!(&session.send(get(&url)).await.result.unwrap().body[..], b"you said Bearer marked-access-1");
        session.clock().sleep(Duration::from_secs(1)).await;
        assert_eq!(&session.send(get(&url)).await.result.unwrap().body[..], b"you said Bearer marked-access-2");
        assert_eq!(token_requests(&log), 2);

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

        let recording = session.recorder().recording();
        let token = recording.exchanges.iter().find(|exchange| exchange.role == Role::Token).unwrap();
        let body = token.request.body.as_ref().unwrap();
        assert!(body.ends_with("&client_assertion=[redacted]"), "{body}");
        let text = serde_json::to_string(&recording).unwrap();
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
        assert_eq!(token_requests(&log), 2);
        let files: Vec<_> = session_one
            .recorder()
            .recording()
            .exchanges
            .into_iter()
            .filter(|exchange| exchange.role == Role::File)
            .collect();
        assert_eq!(files.iter().map(|e| (status(e), e.superseded)).collect::<Vec<_>>(), [(401, true), (200, false)]);

        let session_two = session(smart(BASE), all_refused, None);
        assert_eq!(session_two.send(get(&format!("{BASE}/a"))).await.result.unwrap().status.as_u16(), 401);
        assert_eq!(token_requests(&all_log), 2);
    });
}

#[test]
fn without_a_token_no_request_is_sent() {
    type Respond = fn(&Seen) -> Response;
    let cases: [(&str, Respond, &str); 5] = [
        (BASE, |_| response(404, &[], ""), ".well-known/smart-configuration returned 404"),
        (BASE, |_| json(200, serde_json::json!({"token_endpoint": "http://auth.example.org/token"})), "is not https"),
        (BASE, |_| json(200, serde_json::json!({"issuer": "x"})), "has no token_endpoint"),
        (
            "http://127.0.0.1:9/fhir",
            |seen| match seen.method {
                Method::GET => json(200, serde_json::json!({"token_endpoint": "http://127.0.0.1:9/token"})),
                _ => json(400, serde_json::json!({"error": "invalid_client", "error_description": "no such client"})),
            },
            "returned 400 \"invalid_client\": \"no such client\"",
        ),
        (
            "http://127.0.0.1:9/fhir",
            |seen| match seen.method {
                Method::GET => json(200, serde_json::json!({"token_endpoint": "http://127.0.0.1:9/token"})),
                _ => json(200, serde_json::json!({"access_token": "t0ken", "token_type": "mac"})),
            },
            "has the type \"mac\"",
        ),
    ];
    for (base, respond, expected) in cases {
        let (router, log) = router(respond);
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
