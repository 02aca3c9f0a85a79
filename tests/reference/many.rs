//! A generated population: the same every time, and its size does not affect the memory use.

use axum::body::Body;
use futures_util::StreamExt;
use http::Request;
use plimsoll::reference::options::ServerOptions;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::reference::serve;
use serde_json::Value;
use tower::ServiceExt;

use super::client::{BASE, Client, options, paused};

fn many(patients: u64) -> ServerOptions {
    ServerOptions { patients: Some(patients), ..options(Personality::Stu3) }
}

#[test]
fn two_thousand_patients_are_the_same_twice_and_counted_correctly() {
    paused(async {
        let mut sums = Vec::new();
        for _ in 0..2 {
            let client = Client::new(many(2000));
            let manifest = client.export("$export").await.json();
            let lines = client.lines_of(&manifest, "output").await;
            // Ten lines per patient, three practitioners, three organizations, two Groups.
            assert_eq!(lines.len(), 2000 * 10 + 3 + 3 + 2);
            sums.push(lines);
        }
        assert!(sums[0] == sums[1]);
        let ids: std::collections::BTreeSet<_> =
            sums[0].iter().map(|line| (line["resourceType"].to_string(), line["id"].to_string())).collect();
        assert_eq!(ids.len(), sums[0].len());
    });
}

#[test]
fn a_group_and_a_date_restrict_a_generated_population() {
    paused(async {
        let client = Client::new(many(2000));
        let group = client.export("Group/harbour/$export?_type=Patient,Observation").await.json();
        assert_eq!(client.lines_of(&group, "output").await.len(), 600);
        let half = client.export("Patient/$export?_since=2024-03-31T00:00:00Z&_type=Patient").await.json();
        let lines = client.lines_of(&half, "output").await;
        assert_eq!(lines.len(), 999);
        assert!(lines.iter().all(|line| line["meta"]["lastUpdated"].as_str().unwrap() > "2024-03-31T00:00:00.000Z"));
        let empty = client.export("Group/empty-berth/$export?_type=Patient").await.json();
        assert_eq!(empty["output"], Value::Array(Vec::new()));
    });
}

#[test]
fn a_file_of_a_million_lines_is_generated_while_it_is_sent() {
    paused(async {
        let options = ServerOptions { lines_per_file: Some(1_000_000), ..many(1_000_000) };
        let router = serve::router(options);
        let send = |url: String| router.clone().oneshot(Request::get(url).body(Body::empty()).unwrap());
        let started = send(format!("{BASE}/$export?_type=Patient")).await.unwrap();
        let job = started.headers()["content-location"].to_str().unwrap().to_owned();
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let body = send(job).await.unwrap().into_body();
        let manifest: Value = serde_json::from_slice(&axum::body::to_bytes(body, 1 << 20).await.unwrap()).unwrap();
        assert_eq!(manifest["output"].as_array().unwrap().len(), 1);
        assert_eq!(manifest["output"][0]["count"], 1_000_000);
        let file = send(manifest["output"][0]["url"].as_str().unwrap().to_owned()).await.unwrap();
        let mut chunks = file.into_body().into_data_stream();
        let mut lines = 0;
        // Some chunks are enough: each is small, and is sent before the next is generated.
        for _ in 0..20 {
            let chunk = chunks.next().await.unwrap().unwrap();
            assert!(chunk.len() < 80 << 10, "{}", chunk.len());
            lines += chunk.iter().filter(|byte| **byte == b'\n').count();
        }
        assert!((1000..20_000).contains(&lines), "{lines}");
    });
}
