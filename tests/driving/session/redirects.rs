//! Redirects that are followed, and redirects that are not.

use bytes::Bytes;
use http::Method;
use plimsoll::recording::model::{Role, TroubleKind};

use crate::session::common::*;

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
        let recording = session.recorder().recording();
        assert_eq!(
            recording.exchanges.iter().map(|e| (e.id, status(e), e.superseded)).collect::<Vec<_>>(),
            [(1, 301, true), (2, 303, true), (3, 200, false)]
        );
        assert_eq!(session.requests(), 3);
        assert_eq!(log.lock().unwrap().len(), 3);
    });
}

#[test]
fn circular_and_endless_redirects_end() {
    let (circle, _) = router(|seen| {
        let next = if seen.url.ends_with('a') { "b" } else { "a" };
        response(302, &[("location", next)], "")
    });
    let (endless, log) = router(|seen| response(307, &[("location", &format!("{}x", seen.url))], ""));
    paused(async {
        let circle = session(settings(BASE), circle, None);
        let trouble = circle.send(get(&format!("{BASE}/a"))).await.result.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Protocol);
        assert!(trouble.message.contains("form a loop"), "{}", trouble.message);
        assert_eq!(circle.recorder().recording().exchanges.len(), 3);
        let endless = session(settings(BASE), endless, None);
        let trouble = endless.send(get(&format!("{BASE}/a"))).await.result.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Protocol);
        assert!(trouble.message.contains("more than 5"), "{}", trouble.message);
        assert_eq!(log.lock().unwrap().len(), 6);
    });
}

#[test]
fn forbidden_redirects_are_not_followed() {
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
    // The first URL is checked as well.
    let (router, log) = router(|_| response(200, &[], ""));
    paused(async {
        let session = session(settings(BASE), router, None);
        let trouble = session.send(get("ftp://fhir.example.org/a")).await.result.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::NotSent);
        assert!(log.lock().unwrap().is_empty());
    });
}

#[test]
fn a_redirected_post_is_sent_only_if_it_stays_a_post() {
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
            let mut request = ask(Role::Kickoff, Method::POST, &format!("{BASE}/$export"));
            request.body = Some(Bytes::from_static(b"{\"resourceType\":\"Parameters\"}"));
            let whole = session.send(request).await.result.unwrap();
            let log = log.lock().unwrap();
            assert_eq!(log.len(), sent, "{code}");
            assert!(log.iter().all(|seen| seen.method == Method::POST && seen.body.contains("Parameters")));
            assert_eq!(whole.status.as_u16(), if sent == 2 { 202 } else { code });
        });
    }
}
