//! The server as Smile CDR.

use http::Method;
use plimsoll::reference::personality::spec::Personality;
use serde_json::{Value, json};

use super::client::{BASE, Client, options, paused};

const PREFER: (&str, &str) = ("prefer", "respond-async");
const FRESH: (&str, &str) = ("cache-control", "no-cache");

fn client() -> Client {
    Client::new(options(Personality::Smile))
}

#[test]
fn an_export_has_the_urls_headers_and_manifest_of_the_product() {
    paused(async {
        let client = client();
        let started = client.kick_off("Patient/$export").await;
        assert_eq!((started.status.as_u16(), started.body.len()), (202, 0));
        let url = started.header("content-location").to_owned();
        let job = url.strip_prefix(&format!("{BASE}/$export-poll-status?_jobId=")).unwrap();
        let parts: Vec<usize> = job.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{job}");

        let running = client.get(&url).await;
        assert_eq!(running.status, 202);
        assert!(running.header("x-progress").starts_with("Build in progress - Status set to "));
        let body = json!({"resourceType": "Parameters", "parameter": [{"name": "_jobId", "valueString": job}]});
        let posted = client.send(Method::POST, "$export-poll-status", &[], &body.to_string()).await;
        assert_eq!(posted.status, 202, "a poll by POST");
        let empty = client.send(Method::POST, "$export-poll-status", &[], "{\"resourceType\":\"Parameters\"}").await;
        assert_eq!(empty.status, 400);
        let hl7 = client.get(&format!("bulk/jobs/{job}")).await;
        assert_eq!(hl7.status, 404, "the HL7 polling URL does not exist");

        let done = client.finish(&url).await;
        assert_eq!((done.status.as_u16(), done.header("content-type")), (200, "application/json"));
        for name in ["expires", "retry-after", "x-progress"] {
            assert!(!done.headers.contains_key(name), "{name}");
        }
        let manifest = done.json();
        let mut keys: Vec<&str> = manifest.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["error", "output", "request", "requiresAccessToken", "transactionTime"]);
        assert_eq!(manifest["requiresAccessToken"], true);
        assert_eq!(manifest["output"][0].as_object().unwrap().len(), 2, "type and url");
    });
}

#[test]
fn files_are_binary_resources_if_the_client_requests_fhir_json() {
    paused(async {
        let client = client();
        let manifest = client.export("$export?_type=Patient").await.json();
        let url = manifest["output"][0]["url"].as_str().unwrap();
        let id = url.strip_prefix(&format!("{BASE}/Binary/")).unwrap();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        let plain = client.send(Method::GET, url, &[("accept", "application/fhir+ndjson")], "").await;
        assert_eq!(plain.header("content-type"), "application/fhir+ndjson");
        assert_eq!(plain.header("content-location"), format!("{url}/_history/1"));
        assert_eq!((plain.header("etag"), plain.header("content-disposition")), ("W/\"1\"", "Attachment;"));
        assert_eq!(plain.lines().len(), 12);
        assert_eq!(client.get(url).await.body, plain.body, "without Accept");

        let wrapped = client.send(Method::GET, url, &[("accept", "application/fhir+json")], "").await;
        let binary = wrapped.json();
        assert_eq!(
            (&binary["resourceType"], &binary["contentType"]),
            (&json!("Binary"), &json!("application/fhir+ndjson"))
        );
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.decode(binary["data"].as_str().unwrap()).unwrap();
        assert_eq!(data, plain.body, "the Binary has the same content");

        assert_eq!(client.send(Method::POST, url, &[], "").await.status, 400);
        for none in
            ["Binary/0", "Binary/é", "Binary/abcdefghijkmnpqrstuvwxyz99999999", &format!("Binary/{}", &id[..31])]
        {
            let none = none.replace('é', "%C3%A9");
            assert_eq!(client.get(&none).await.status, 404, "{none}");
        }
    });
}

#[test]
fn invalid_parameters_are_refused_with_the_messages_of_the_product() {
    paused(async {
        let client = client();
        for (query, wanted) in [
            ("_type=Binary", "forbidden"),
            ("_type=Patient,Foo", "Foo is not a supported resource type!"),
            ("_outputFormat=ndjson", "HAPI-2039"),
        ] {
            let refused = client.kick_off(&format!("$export?{query}")).await;
            assert_eq!(refused.status, 400, "{query}");
            assert!(refused.json()["issue"][0]["diagnostics"].as_str().unwrap().contains(wanted), "{query}");
        }
        let bare = client.get("$export").await;
        assert_eq!(bare.status, 400);
        assert!(bare.json()["issue"][0]["diagnostics"].as_str().unwrap().contains("async"));
    });
}

#[test]
fn filters_work_and_unsupported_filters_fail_the_job() {
    paused(async {
        let client = client();
        let ids =
            |lines: Vec<Value>| lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let whole = client.export("$export?_type=Patient").await.json();
        let file = client.get(whole["output"][0]["url"].as_str().unwrap()).await;
        let first = ids(file.lines()).remove(0);
        let one = client.export(&format!("$export?_type=Patient&_typeFilter=Patient%3F_id%3D{first}")).await.json();
        let file = client.get(one["output"][0]["url"].as_str().unwrap()).await;
        assert_eq!(ids(file.lines()), [first]);
        let none = client.export("$export?_type=Patient&_typeFilter=Patient%3F_id%3Dnobody").await.json();
        assert_eq!(none["output"], json!([]));
        assert!(none["message"].as_str().unwrap().starts_with("Export complete, but no data"));

        let started = client.kick_off("$export?_typeFilter=Patient%3Fshoe-size%3D44").await;
        let url = started.header("content-location").to_owned();
        let failed = client.finish(&url).await;
        assert_eq!(failed.status, 500);
        assert!(failed.is_outcome());
        assert_eq!(client.send(Method::DELETE, &url, &[], "").await.status, 500);
    });
}

#[test]
fn equal_kick_offs_share_a_job_without_cache_control_no_cache() {
    paused(async {
        let client = client();
        let location = async |headers: &[(&str, &str)]| {
            client.send(Method::GET, "$export", headers, "").await.header("content-location").to_owned()
        };
        let first = location(&[PREFER]).await;
        assert_eq!(location(&[PREFER]).await, first);
        let fresh = location(&[PREFER, FRESH]).await;
        assert_ne!(fresh, first);

        assert_eq!(client.send(Method::DELETE, &fresh, &[], "").await.status, 202);
        assert_eq!(client.get(&fresh).await.status, 404);
        client.finish(&first).await;
        let finished = client.send(Method::DELETE, &first, &[], "").await;
        assert_eq!(finished.status, 404);
        assert!(finished.is_outcome());
        assert_eq!(client.get(&first).await.status, 200, "a finished job is kept for two hours");
        tokio::time::sleep(std::time::Duration::from_secs(7200)).await;
        assert_eq!(client.get(&first).await.status, 404);
    });
}
