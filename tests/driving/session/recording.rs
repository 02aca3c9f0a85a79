//! The content of the recording.

use http::Method;
use plimsoll::base::secret::Secret;
use plimsoll::recording::model::{Entry, FORMAT, Outcome, Phase, Role, Start};
use plimsoll::recording::store;
use plimsoll::recording::store::Writer;
use plimsoll::settings::run_settings::Credentials;
use url::Url;

use crate::session::common::*;

#[test]
fn secrets_are_not_recorded() {
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
        let mut recording = store::read(folder.path()).unwrap();
        assert_eq!(recording, session.recorder().recording());
        assert_eq!(recording.exchanges[1].phase, Some(Phase::Complete));
        assert!(bytes.lines().all(|line| serde_json::from_str::<Entry>(line).is_ok()));

        // Equal parts stay equal, and the judge can read the recording.
        let Outcome::Response(kept) = &recording.exchanges[0].outcome else { panic!() };
        assert_eq!(kept.header("content-location"), Some(recording.exchanges[1].request.url.as_str()));
        let shown = Url::parse(&recording.exchanges[1].request.url).unwrap();
        assert!(shown.path().starts_with("/r4/bulkstatus/") && shown.query().unwrap().starts_with("sig="));
        let Outcome::Response(kept) = &recording.exchanges[1].outcome else { panic!() };
        let manifest = kept.body.json.as_ref().unwrap();
        assert_eq!(manifest["request"], serde_json::json!(kickoff));
        assert_eq!(manifest["transactionTime"], "2026-01-01T00:00:00Z");
        let url = manifest["output"][1]["url"].as_str().unwrap();
        assert!(recording.exchanges[2].request.url.ends_with(url), "{url}");

        // Tokens differ in each run, so the snapshot has numbers instead.
        for exchange in &mut recording.exchanges {
            exchange.at = 0;
        }
        let text = serde_json::to_string_pretty(&recording.exchanges).unwrap();
        insta::assert_snapshot!("redacted_exchanges", numbered(&text));
    });
}

#[test]
fn a_polling_url_with_the_path_of_the_kick_off_is_redacted() {
    let job = format!("{BASE}/$export?job=MARKED-7f3a");
    let location = job.clone();
    let (router, _) = router(move |_| response(202, &[("content-location", &location)], ""));
    paused(async {
        let session = session(settings(BASE), router, None);
        session.send(ask(Role::Kickoff, Method::GET, &format!("{BASE}/$export?_type=Patient"))).await.result.unwrap();
        for role in [Role::Poll, Role::Probe, Role::Cleanup] {
            session.send(ask(role, Method::GET, &job)).await.result.unwrap();
        }
        let recording = session.recorder().recording();
        assert!(!serde_json::to_string(&recording).unwrap().contains("MARKED"));
        assert!(recording.exchanges[2].request.url.starts_with("https://fhir.example.org/r4/$export?job=[u"));
        assert!(recording.exchanges[0].request.url.ends_with("/$export?_type=Patient"));
    });
}

/// Replaces each token with its number in order of appearance.
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
