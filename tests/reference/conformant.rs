//! The conformant server meets its specs.

use std::collections::BTreeSet;

use http::Method;
use plimsoll::reference::personality::spec::Personality;
use serde_json::Value;

use super::client::{BASE, Client, HL7, options, paused};

fn ids(lines: &[Value]) -> BTreeSet<String> {
    lines.iter().map(|line| format!("{}/{}", line["resourceType"], line["id"])).collect()
}

#[test]
fn exports_run_to_the_end_at_all_levels_in_both_versions() {
    for spec in &HL7 {
        for (path, patients, lines) in
            [("$export", 12, 134), ("Patient/$export", 12, 128), ("Group/harbour/$export", 5, 55)]
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

const USUAL: [(&str, &str); 2] = [("accept", "application/fhir+json"), ("prefer", "respond-async")];
const LENIENT: [(&str, &str); 2] = [("accept", "application/fhir+json"), ("prefer", "respond-async, handling=lenient")];

#[test]
fn unsupported_parameters_are_refused_by_name() {
    paused(async {
        let stu2 = Client::new(options(Personality::Stu2));
        let stu3 = Client::new(options(Personality::Stu3));
        for (query, word) in [
            ("_outputFormat=text/csv", "text/csv"),
            ("_since=2024-03-05", "_since"),
            ("_since=2024-03-05T12:00:00", "_since"),
            ("_type=Patient,Nonsense", "Nonsense"),
            ("_typeFilter=Patient?harnessBogus=true", "harnessBogus"),
            ("_elements=name.family", "_elements"),
            ("includeAssociatedData=Nonsense", "includeAssociatedData=Nonsense"),
            ("organizeOutputBy=Observation", "organizeOutputBy"),
            ("patient=Patient/sailor-01", "patient"),
            ("_harnessBogus=1", "_harnessBogus"),
            ("_since=2024-03-05T12:00:00Z&_since=2024-03-06T12:00:00Z", "_since"),
        ] {
            for client in [&stu2, &stu3] {
                let got = client.kick_off(&format!("$export?{query}")).await;
                assert_eq!(got.status, 400, "{query}");
                assert!(got.is_outcome());
                assert!(got.json().to_string().contains(word), "{query}: {}", got.json());
                assert!(got.headers.get("content-location").is_none());
            }
        }
        assert_eq!(stu2.kick_off("$export?_until=2024-03-05T12:00:00Z").await.status, 400);
        assert_eq!(stu2.kick_off("$export?allowPartialManifests=true").await.status, 400);
        assert_eq!(stu3.kick_off("$export?_until=2024-03-05T12:00:00Z").await.status, 202);
        assert_eq!(stu3.kick_off("$export?allowPartialManifests=true").await.status, 202);
        let outside = stu3.kick_off("Patient/$export?_type=Practitioner").await;
        assert_eq!(outside.status, 400);
        let unknown = stu3.kick_off("Group/nobody/$export").await;
        assert_eq!(unknown.status, 404);
        assert!(unknown.is_outcome());
        for body in [r#"{"resourceType":"Patient"}"#, "{", "", r#"{"resourceType":"Parameters","parameter":{}}"#] {
            let got = stu3.send(Method::POST, "$export", &USUAL, body).await;
            assert_eq!(got.status, 400, "{body}");
            assert!(got.is_outcome());
        }
        assert_eq!(stu3.send(Method::PUT, "$export", &USUAL, "").await.status, 405);
        for format in ["ndjson", "application/ndjson", "application/fhir%2Bndjson", "application/fhir+ndjson"] {
            assert_eq!(stu3.kick_off(&format!("$export?_outputFormat={format}")).await.status, 202, "{format}");
        }
        assert_eq!(stu3.send(Method::GET, "$export", &[], "").await.status, 202);
    });
}

#[test]
fn since_and_until_select_by_date_and_deletions_are_reported() {
    paused(async {
        let client = Client::new(options(Personality::Stu3));
        let cut = "2024-03-07T00:00:00.000Z";
        let whole = client.export("$export").await.json();
        let all = client.lines_of(&whole, "output").await;
        let later = |line: &&Value| line["meta"]["lastUpdated"].as_str().unwrap() > cut;
        let since = client.export(&format!("$export?_since={cut}")).await.json();
        let new: BTreeSet<_> = ids(&client.lines_of(&since, "output").await);
        assert_eq!(new, ids(&all.iter().filter(later).cloned().collect::<Vec<_>>()));
        assert!(!new.is_empty() && new.len() < all.len());
        let until = client.export(&format!("$export?_until={cut}")).await.json();
        assert_eq!(ids(&client.lines_of(&until, "output").await).len() + new.len(), all.len());
        assert!(until.get("deleted").is_none());
        // A plus that is not encoded arrives as a space, and means the same instant.
        let shifted = client.export("$export?_since=2024-03-07T05:30:00.000+05:30").await.json();
        assert_eq!(ids(&client.lines_of(&shifted, "output").await), new);

        let gone = client.lines_of(&since, "deleted").await;
        assert_eq!(gone.len(), 5);
        for bundle in &gone {
            assert_eq!(
                (&bundle["type"], &bundle["entry"][0]["request"]["method"]),
                (&"transaction".into(), &"DELETE".into())
            );
            let url = bundle["entry"][0]["request"]["url"].as_str().unwrap().replacen('/', "/\"", 1) + "\"";
            assert!(!ids(&all).contains(&url), "{url}");
        }
        let typed = client.export(&format!("$export?_since={cut}&_type=Patient")).await.json();
        assert_eq!(client.lines_of(&typed, "deleted").await.len(), 2);
        let system = client.export(&format!("Patient/$export?_since={cut}")).await.json();
        assert_eq!(client.lines_of(&system, "deleted").await.len(), 4);
    });
}

#[test]
fn types_and_patients_restrict_an_export() {
    paused(async {
        let client = Client::new(options(Personality::Stu2));
        let comma = client.export("$export?_type=Patient,Condition").await.json();
        let repeat = client.export("$export?_type=Patient&_type=Condition").await.json();
        let both = ids(&client.lines_of(&comma, "output").await);
        assert_eq!(both.len(), 24);
        assert_eq!(ids(&client.lines_of(&repeat, "output").await), both);
        let nothing = client.export("$export?_type=VerificationResult").await.json();
        assert_eq!(nothing["output"], Value::Array(Vec::new()));
        let empty = client.export("Group/empty-berth/$export?_type=Patient").await.json();
        assert_eq!(empty["output"], Value::Array(Vec::new()));

        let body = |id: &str| {
            format!(
                r#"{{"resourceType":"Parameters","parameter":[{{"name":"patient","valueReference":{{"reference":"Patient/{id}"}}}}]}}"#
            )
        };
        let one = client.send(Method::POST, "Group/harbour/$export", &USUAL, &body("sailor-01")).await;
        let manifest = client.finish(one.header("content-location")).await.json();
        let lines = client.lines_of(&manifest, "output").await;
        assert!(lines.len() > 5 && lines.iter().all(|line| line.to_string().contains("-01")));
        assert_eq!(manifest["request"], format!("{BASE}/Group/harbour/$export"));
        for (path, id) in
            [("Group/harbour/$export", "sailor-02"), ("Patient/$export", "nobody"), ("$export", "sailor-01")]
        {
            let refused = client.send(Method::POST, path, &USUAL, &body(id)).await;
            assert_eq!(refused.status, 400, "{path} {id}");
        }
    });
}

#[test]
fn ignored_parameters_are_reported_in_an_error_file() {
    paused(async {
        let client = Client::new(options(Personality::Stu3));
        let url = "$export?_harnessBogus=1&organizeOutputBy=Observation&_type=Patient,Nonsense";
        let started = client.send(Method::GET, url, &LENIENT, "").await;
        assert_eq!(started.status, 202);
        let manifest = client.finish(started.header("content-location")).await.json();
        let outcomes = client.lines_of(&manifest, "error").await;
        assert_eq!(outcomes.len(), 3);
        for word in ["_harnessBogus", "organizeOutputBy", "Nonsense"] {
            assert!(outcomes.iter().any(|line| line.to_string().contains(word)), "{word}");
        }
        assert!(outcomes.iter().all(|line| line["issue"][0]["severity"] == "warning"));
        assert_eq!(client.lines_of(&manifest, "output").await.len(), 12);
    });
}

#[test]
fn files_are_compressed_only_if_the_client_accepts_gzip() {
    paused(async {
        let client = Client::new(options(Personality::Stu3));
        let manifest = client.export("$export?_type=Observation").await.json();
        assert_eq!(manifest["output"].as_array().unwrap().len(), 2);
        let url = manifest["output"][0]["url"].as_str().unwrap();
        let plain = client.get(url).await;
        assert!(plain.headers.get("content-encoding").is_none());
        let small = client.send(Method::GET, url, &[("accept-encoding", "br, gzip")], "").await;
        assert_eq!(small.header("content-encoding"), "gzip");
        assert_eq!(small.unzipped(), plain.body);
        assert!(small.body.len() < plain.body.len());
    });
}

#[test]
fn jobs_expire_and_too_frequent_polls_are_refused() {
    paused(async {
        let client = Client::new(options(Personality::Stu3));
        let url = client.kick_off("$export").await.header("content-location").to_owned();
        let manifest = client.finish(&url).await.json();
        let file = manifest["output"][0]["url"].as_str().unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(3500)).await;
        assert_eq!(client.get(file).await.status, 200);
        for _ in 0..10 {
            assert_eq!(client.get(&url).await.status, 200);
        }
        let refused = client.get(&url).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));
        tokio::time::sleep(std::time::Duration::from_secs(101)).await;
        assert_eq!(client.get(&url).await.status, 404);
        assert_eq!(client.get(file).await.status, 404);
    });
}

#[test]
fn the_capability_statement_names_the_operations_of_its_version() {
    paused(async {
        for (spec, group) in [(Personality::Stu2, "group-export"), (Personality::Stu3, "export")] {
            let client = Client::new(options(spec));
            let statement = client.get("metadata").await.json();
            assert_eq!(statement["fhirVersion"], "4.0.1");
            assert_eq!(statement["instantiates"][0], "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data");
            assert_eq!(statement["rest"][0]["operation"][0]["name"], "export");
            let resources = statement["rest"][0]["resource"].as_array().unwrap();
            let has_resources = |resource: &&Value| resource["type"] != "VerificationResult";
            let resources: Vec<&Value> = resources.iter().filter(has_resources).collect();
            let own = resources.iter().find(|resource| resource["type"] == "Group").unwrap();
            assert_eq!(own["operation"][0]["name"], group);
            for resource in resources {
                let kind = resource["type"].as_str().unwrap();
                let count = client.get(&format!("{kind}?_summary=count")).await.json();
                assert!(count["total"].as_u64().unwrap() > 0 && count.get("entry").is_none());
            }
            let groups = client.get("Group").await.json();
            assert_eq!(groups["entry"].as_array().unwrap().len(), 2);
            let found = client.get("Group?identifier=https://plimsoll.example/group%7Charbour").await.json();
            assert_eq!((found["total"].as_u64(), &found["entry"][0]["resource"]["id"]), (Some(1), &"harbour".into()));
            assert_eq!(client.get("Group/harbour").await.json()["id"], "harbour");
            assert_eq!(client.get("Patient/sailor-01").await.json()["id"], "sailor-01");
            for nothing in ["Patient/nobody", "Nonsense", "a/b/c", "Patient/nobody/$everything"] {
                let got = client.get(nothing).await;
                assert!(got.status == 404 && got.is_outcome(), "{nothing}");
            }
        }
    });
}
