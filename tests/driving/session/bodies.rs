//! Bodies, streams, interruptions and timeouts.

use std::io::Write;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Method;
use plimsoll::recording::model::{BodyKind, Outcome, Role, TroubleKind};

use crate::session::common::*;

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
fn the_reader_of_a_stream_finishes_its_exchange() {
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
fn an_interruption_ends_all_requests_except_clean_up() {
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
        // A kick-off is completed, so that its job can be deleted.
        assert_eq!(kickoff.result.unwrap().headers["content-location"], "/r4/job");
        session.interrupted().await;
        let late = session.send(get(&format!("{BASE}/head"))).await;
        assert_eq!(late.result.unwrap_err().kind, TroubleKind::Interrupted);
        let cleanup = session.send(ask(Role::Cleanup, Method::DELETE, &format!("{BASE}/job"))).await;
        assert_eq!(cleanup.result.unwrap().status.as_u16(), 202);
        assert_eq!(log.lock().unwrap().len(), 4);
        let recording = session.recorder().recording();
        assert_eq!(recording.exchanges.len(), 5);
        assert_eq!((recording.exchanges[0].at, recording.exchanges[0].took), (0, 1000));
    });
}

#[test]
fn a_missing_response_is_a_timeout_in_virtual_time() {
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
