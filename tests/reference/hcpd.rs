//! The server as the Australian Health Connect Provider Directory.

use http::Method;
use plimsoll::reference::personality::spec::Personality;
use serde_json::{Value, json};

use super::client::{BASE, Client, TestResponse, options, paused};

const HEADERS: &[(&str, &str)] = &[("content-type", "application/fhir+json"), ("prefer", "respond-async")];
const TYPES: [&str; 7] =
    ["Organization", "Location", "Practitioner", "PractitionerRole", "HealthcareService", "Endpoint", "Provenance"];

pub fn client() -> Client {
    Client::new(options(Personality::Hcpd))
}

/// Kicks off an export by POST with these parameters, each with the value type that the guide defines.
pub async fn kick_off(client: &Client, params: &[(&str, &str)]) -> TestResponse {
    let parameter = params.iter().map(|(name, value)| match *name {
        "_since" => json!({"name": name, "valueInstant": value}),
        _ => json!({"name": name, "valueString": value}),
    });
    let body = json!({"resourceType": "Parameters", "parameter": parameter.collect::<Vec<_>>()});
    client.send(Method::POST, "$export", HEADERS, &body.to_string()).await
}

/// Returns the lines of such an export from all its output files.
pub async fn exported(client: &Client, params: &[(&str, &str)]) -> Vec<Value> {
    let started = kick_off(client, params).await;
    assert_eq!(started.status, 202, "{params:?}: {:?}", started.body);
    let manifest = client.finish(started.header("content-location")).await.json();
    let mut lines = Vec::new();
    for item in manifest["output"].as_array().unwrap() {
        let file = client.send(Method::POST, item["url"].as_str().unwrap(), &[], "").await;
        assert_eq!(file.status, 200);
        lines.extend(file.lines());
    }
    lines
}

#[test]
fn an_export_has_the_urls_headers_and_manifest_of_the_guide() {
    paused(async {
        let client = client();
        let started = kick_off(&client, &[("_type", "Organization,Endpoint")]).await;
        assert_eq!((started.status.as_u16(), started.body.len()), (202, 0));
        let url = started.header("content-location").to_owned();
        let job = url.strip_prefix(&format!("{BASE}/$export-poll-status?_jobId=")).unwrap();
        assert_eq!(job.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{job}");

        let running = client.get(&url).await;
        assert_eq!((running.status.as_u16(), running.body.len()), (202, 0));
        assert!(running.header("retry-after").bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(running.header("x-progress"), "Search in progress - found 0 of 37 resources");

        let done = client.finish(&url).await;
        assert_eq!((done.status.as_u16(), done.header("content-type")), (200, "application/json"));
        let manifest = done.json();
        assert_eq!(manifest["request"], format!("{BASE}/$export"));
        assert_eq!((&manifest["error"], &manifest["message"]), (&json!([]), &Value::Null));
        let types: Vec<&Value> = manifest["output"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
        assert_eq!(types, ["Organization", "Endpoint"]);
    });
}

#[test]
fn an_empty_export_has_a_message() {
    paused(async {
        let client = client();
        let filter = "Organization?identifier=http://hl7.org.au/id/abn|00000000000";
        let started = kick_off(&client, &[("_type", "Organization"), ("_typeFilter", filter)]).await;
        let manifest = client.finish(started.header("content-location")).await.json();
        assert_eq!(manifest["output"], json!([]));
        assert!(manifest["message"].as_str().unwrap().starts_with("Export complete, but no data"));
    });
}

#[test]
fn files_are_returned_by_post_and_by_get() {
    paused(async {
        let client = client();
        let started = kick_off(&client, &[("_type", "Location")]).await;
        let manifest = client.finish(started.header("content-location")).await.json();
        let url = manifest["output"][0]["url"].as_str().unwrap();
        let id = url.strip_prefix(&format!("{BASE}/Binary/")).unwrap();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        let posted = client.send(Method::POST, url, &[("accept", "application/fhir+ndjson")], "").await;
        assert_eq!((posted.status.as_u16(), posted.lines().len()), (200, 40));
        assert_eq!(posted.header("content-type"), "application/fhir+ndjson");
        assert_eq!(posted.header("content-location"), format!("{url}/_history/1"));
        assert_eq!(posted.header("content-disposition"), "Attachment;");
        let got = client.get(url).await;
        assert_eq!((&got.body, got.header("content-type")), (&posted.body, "application/fhir+ndjson"));
        assert_eq!(client.send(Method::PUT, url, &[], "").await.status, 405);
    });
}

#[test]
fn a_deleted_job_returns_404_and_an_unknown_job_400() {
    paused(async {
        let client = client();
        let started = kick_off(&client, &[("_type", "Location")]).await;
        let url = started.header("content-location").to_owned();
        let deleted = client.send(Method::DELETE, &url, &[], "").await;
        assert_eq!((deleted.status.as_u16(), deleted.body.len()), (202, 0));
        for wait in [0, 5, 60, 86_400] {
            tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
            let gone = client.get(&url).await;
            assert!(gone.status == 404 && gone.is_outcome());
        }
        let again = client.send(Method::DELETE, &url, &[], "").await;
        assert!(again.status == 404 && again.is_outcome(), "a second DELETE returns 404 as in HL7's guide");
        let unknown = "$export-poll-status?_jobId=0b54a3d4-6f0c-4f0e-8f63-2f2d8b9f3c11";
        let refused = client.send(Method::DELETE, unknown, &[], "").await;
        assert!(refused.status == 400 && refused.is_outcome());
        assert_eq!(refused.json()["issue"][0]["code"], "invalid");
        let poll = client.get(unknown).await;
        assert!(poll.status == 404 && poll.is_outcome());
        assert_eq!(client.send(Method::POST, &url, &[], "").await.status, 405);
    });
}

#[test]
fn exports_are_at_system_level_and_of_the_seven_types() {
    paused(async {
        let client = client();
        let statement = client.get("metadata").await.json();
        let resources = statement["rest"][0]["resource"].as_array().unwrap();
        assert_eq!(resources.iter().map(|resource| resource["type"].as_str().unwrap()).collect::<Vec<_>>(), TYPES);
        assert!(resources.iter().all(|resource| resource["operation"].is_null()));
        assert_eq!(statement["rest"][0]["operation"][0]["name"], "export");
        let claims = statement["instantiates"].as_array().unwrap();
        assert!(claims.iter().any(|claim| claim.as_str().unwrap().ends_with("provider-directory-responder")));
        for path in ["Patient/$export", "Group/harbour/$export", "Group/$export"] {
            let refused = client.kick_off(path).await;
            assert!(refused.status == 404 && refused.is_outcome(), "{path}");
        }
        let by_get = client.kick_off("$export?_type=Endpoint").await;
        assert_eq!(by_get.status, 202, "HL7's guide permits GET");

        let all = exported(&client, &[("_type", &TYPES.join(","))]).await;
        let bare = exported(&client, &[]).await;
        assert_eq!(all, bare);
        let mut seen: Vec<&str> = all.iter().map(|line| line["resourceType"].as_str().unwrap()).collect();
        seen.dedup();
        assert_eq!(seen, TYPES);
    });
}

#[test]
fn unsupported_parameters_are_refused_with_an_outcome() {
    paused(async {
        let client = client();
        for params in [
            &[("_type", "Foo")][..],
            &[("_type", "Location,Foo")],
            &[("_typeFilter", "Location?address-colour=blue")],
            &[("_typeFilter", "HealthcareService?type=789718008")],
            &[("_typeFilter", "Organization?_include=Organization:partOf")],
            &[("_typeFilter", "Patient?gender=female")],
            &[("_typeFilter", "Location")],
            &[("_typeFilter", "Location?near=here")],
            &[("_since", "yesterday")],
            &[("_outputFormat", "text/csv")],
        ] {
            let refused = kick_off(&client, params).await;
            assert!(refused.status == 400 && refused.is_outcome(), "{params:?}: {}", refused.status);
        }
        let body = json!({"resourceType": "Parameters", "parameter": [{"name": "_typeFilter", "valueString": "Location?a=b"}]});
        let lenient = [HEADERS[0], ("prefer", "respond-async, handling=lenient")];
        let started = client.send(Method::POST, "$export", &lenient, &body.to_string()).await;
        let manifest = client.finish(started.header("content-location")).await.json();
        assert_eq!(manifest["error"][0]["type"], "OperationOutcome", "ignored parameters are reported");
    });
}

#[test]
fn a_delta_has_changed_resources_and_lists_deleted_ones() {
    paused(async {
        let client = client();
        let since = "2025-06-01T00:00:00+10:00";
        let started = kick_off(&client, &[("_type", "Practitioner,Location"), ("_since", since)]).await;
        let manifest = client.finish(started.header("content-location")).await.json();
        assert_eq!(manifest["deleted"][0]["type"], "Bundle");
        let gone = client.get(manifest["deleted"][0]["url"].as_str().unwrap()).await.lines();
        assert_eq!(gone.len(), 2, "a Practitioner and a Location, but no PractitionerRole");
        let delta = exported(&client, &[("_type", "Practitioner"), ("_since", since)]).await;
        let all = exported(&client, &[("_type", "Practitioner")]).await;
        assert!(!delta.is_empty() && delta.len() < all.len());
    });
}
