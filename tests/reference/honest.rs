//! The honest server keeps its rule books.

use std::collections::BTreeSet;

use http::Method;
use plimsoll::reference::Personality;
use serde_json::Value;

use super::client::{BASE, Client, options, paused};

fn ids(lines: &[Value]) -> BTreeSet<String> {
    lines.iter().map(|line| format!("{}/{}", line["resourceType"], line["id"])).collect()
}

#[test]
fn an_export_runs_its_course_at_all_levels_in_both_versions() {
    for spec in Personality::ALL {
        for (path, patients, lines) in
            [("$export", 12, 121), ("Patient/$export", 12, 115), ("Group/harbour/$export", 5, 49)]
        {
            paused(async {
                let client = Client::new(options(*spec));
                let started = client.kick_off(path).await;
                assert_eq!(started.status, 202);
                let url = started.header("content-location").to_owned();
                assert!(url.starts_with(BASE), "{url}");

                let running = client.get(&url).await;
                assert_eq!((running.status.as_u16(), running.body.len()), (202, 0));
                assert_eq!(running.header("retry-after"), "1");
                assert_eq!(running.header("x-progress"), "0% complete");

                let done = client.finish(&url).await;
                assert_eq!(done.status, 200);
                assert_eq!(done.header("content-type"), "application/json");
                assert!(httpdate::parse_http_date(done.header("expires")).is_ok());
                let manifest = done.json();
                assert_eq!(manifest["request"], format!("{BASE}/{path}"));
                assert_eq!(manifest["requiresAccessToken"], false);
                assert_eq!(manifest["error"], Value::Array(Vec::new()));
                assert!(manifest.get("deleted").is_none());
                let all = client.lines_of(&manifest, "output").await;
                assert_eq!(all.len(), lines, "{path}");
                assert_eq!(ids(&all).len(), lines, "{path}");
                assert_eq!(all.iter().filter(|line| line["resourceType"] == "Patient").count(), patients);

                let file = manifest["output"][0]["url"].as_str().unwrap();
                assert_eq!(client.send(Method::DELETE, &url, &[], "").await.status, 202);
                for gone in
                    [client.get(&url).await, client.get(file).await, client.send(Method::DELETE, &url, &[], "").await]
                {
                    assert_eq!(gone.status, 404);
                    assert!(gone.is_outcome());
                }
            });
        }
    }
}
