//! Data that change while the server runs: by PUT and DELETE, and by the mutator in this process.

use http::Method;
use plimsoll::reference::data::mutator::{DataMutator, FAILING_TAG};
use plimsoll::reference::options::ServerOptions;
use plimsoll::reference::personality::spec::Personality;
use serde_json::{Value, json};

use super::client::{Client, options, paused};

const FHIR: [(&str, &str); 1] = [("content-type", "application/fhir+json")];

fn writable() -> Client {
    Client::new(ServerOptions { writable: true, ..options(Personality::Stu3) })
}

fn named<'a>(lines: &'a [Value], id: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["id"] == id).collect()
}

#[test]
fn a_changed_resource_is_only_in_later_exports() {
    paused(async {
        let client = writable();
        let before = client.kick_off("$export").await;
        let first = client.get("Patient/sailor-06").await.json();
        let mut changed = first.clone();
        changed["gender"] = json!("other");
        let put = client.send(Method::PUT, "Patient/sailor-06", &FHIR, &changed.to_string()).await;
        assert_eq!(put.status, 200);
        let now = client.get("Patient/sailor-06").await.json();
        assert_eq!((&now["gender"], &now), (&json!("other"), &put.json()));
        assert_ne!(now["meta"]["versionId"], first["meta"]["versionId"]);

        let manifest = client.finish(before.header("content-location")).await.json();
        let lines = client.lines_of(&manifest, "output").await;
        assert_eq!(named(&lines, "sailor-06"), [&first], "an export has the data of its start");
        let at = manifest["transactionTime"].as_str().unwrap();
        assert!(
            now["meta"]["lastUpdated"].as_str().unwrap() > at,
            "a change during the export is later than its transactionTime"
        );
        let since = client.export(&format!("$export?_since={at}")).await.json();
        assert_eq!(client.lines_of(&since, "output").await, [now]);
    });
}

#[test]
fn a_deleted_resource_is_reported_and_not_exported() {
    paused(async {
        let client = writable();
        let at = client.export("$export").await.json()["transactionTime"].as_str().unwrap().to_owned();
        assert_eq!(client.send(Method::DELETE, "Condition/ailment-06", &[], "").await.status, 200);
        assert_eq!(client.get("Condition/ailment-06").await.status, 410);
        assert_eq!(client.send(Method::DELETE, "Condition/ailment-06", &[], "").await.status, 410);
        assert!(
            named(&client.lines_of(&client.export("$export").await.json(), "output").await, "ailment-06").is_empty()
        );
        for level in ["$export", "Patient/$export", "Group/harbour/$export"] {
            let manifest = client.export(&format!("{level}?_since={at}")).await.json();
            let reported = client.lines_of(&manifest, "deleted").await;
            assert!(
                reported.iter().any(|line| line["entry"][0]["request"]["url"] == "Condition/ailment-06"),
                "{level}"
            );
        }
    });
}

#[test]
fn a_resource_with_the_failing_tag_is_reported_as_an_error() {
    paused(async {
        let client = writable();
        let mut tagged = client.get("Patient/sailor-06").await.json();
        tagged["meta"]["tag"] = json!([{ "system": FAILING_TAG.0, "code": FAILING_TAG.1 }]);
        client.send(Method::PUT, "Patient/sailor-06", &FHIR, &tagged.to_string()).await;
        let manifest = client.export("$export").await.json();
        assert!(named(&client.lines_of(&manifest, "output").await, "sailor-06").is_empty());
        let reported = client.lines_of(&manifest, "error").await;
        assert!(reported[0].to_string().contains("Patient/sailor-06"), "{reported:?}");
        tagged["meta"]["tag"] = json!([]);
        client.send(Method::PUT, "Patient/sailor-06", &FHIR, &tagged.to_string()).await;
        let manifest = client.export("$export").await.json();
        assert_eq!(
            (named(&client.lines_of(&manifest, "output").await, "sailor-06").len(), &manifest["error"]),
            (1, &json!([]))
        );
    });
}

#[test]
fn only_existing_resources_can_be_changed_and_only_on_a_writable_server() {
    paused(async {
        let client = writable();
        let put = async |url: &str, body: &str| client.send(Method::PUT, url, &FHIR, body).await.status.as_u16();
        assert_eq!(put("Patient/nobody", r#"{"resourceType":"Patient","id":"nobody"}"#).await, 404);
        assert_eq!(put("Patient/sailor-06", r#"{"resourceType":"Patient","id":"sailor-07"}"#).await, 400);
        assert_eq!(put("Patient/sailor-06", "no JSON").await, 400);
        let metadata = client.get("metadata").await.json();
        assert!(metadata["rest"][0]["resource"][0]["interaction"].to_string().contains("update"));

        let closed = Client::new(options(Personality::Stu3));
        for method in [Method::PUT, Method::DELETE] {
            assert_eq!(closed.send(method, "Patient/sailor-06", &FHIR, "{}").await.status, 405);
        }
    });
}

#[test]
fn the_mutator_changes_the_fixtures() {
    paused(async {
        let mutator = DataMutator::default();
        assert!(mutator.change().is_err(), "without a server");
        let client = Client::new(ServerOptions { mutator: Some(mutator.clone()), ..options(Personality::Stu2) });
        let mut all = Vec::new();
        for act in [DataMutator::change, DataMutator::change, DataMutator::delete, DataMutator::fail] {
            let names = act(&mutator).unwrap();
            assert!(names.iter().all(|name| !all.contains(name)), "each call changes other resources: {names:?}");
            for name in &names {
                let read = client.get(name).await;
                let gone = read.status == 410;
                assert!(gone || read.json()["meta"]["lastUpdated"].as_str().unwrap() > "2026", "{name}");
            }
            all.extend(names);
        }
        let manifest = client.export("$export").await.json();
        assert_eq!(client.lines_of(&manifest, "output").await.len(), 134 - 3);
        assert_eq!(client.lines_of(&manifest, "error").await.len(), 2);
        assert!(mutator.delete().is_err(), "only once");
    });
}
