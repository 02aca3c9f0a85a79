//! Every legal variant and every step of a fault changes some response.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use http::Method;
use plimsoll::base::vocabulary::Area;
use plimsoll::reference::data::mutator::DataMutator;
use plimsoll::reference::fault::definition::{Fault, FaultKind, parse_fault};
use plimsoll::reference::options::ServerOptions;
use plimsoll::reference::personality::spec::Personality;
use serde_json::Value;

use super::client::{BASE, Client, HL7, TestResponse, options, paused, without_secrets};
use super::guarded;

const ACCEPT: (&str, &str) = ("accept", "application/fhir+json");
const PREFER: (&str, &str) = ("prefer", "respond-async");

/// A Group that a client creates.
const GROUP: &str = r#"{"resourceType":"Group","meta":{"profile":["http://hl7.org/fhir/uv/bulkdata/StructureDefinition/bulk-cohort-group"]},"modifierExtension":[{"url":"http://hl7.org/fhir/uv/bulkdata/StructureDefinition/member-filter","valueExpression":{"language":"application/x-fhir-query","expression":"Patient?gender=female"}}],"type":"person","actual":false,"name":"talk"}"#;

/// Many exchanges with one server, each recorded as text without random parts.
struct Exchanges {
    client: Client,
    recorded: Vec<String>,
}

impl Exchanges {
    fn note(&mut self, what: &str, got: &TestResponse) {
        self.recorded.push(without_secrets(&format!("{what}\n{}", got.as_text())));
    }

    async fn send(
        &mut self,
        what: &str,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> TestResponse {
        let got = self.client.send(method, url, headers, body).await;
        self.note(&format!("{what} {url}"), &got);
        got
    }

    /// Kicks off an export; returns the polling URL, if there is one.
    async fn start(&mut self, method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        let got = self.send("start", method, url, headers, body).await;
        let location = got.header("content-location");
        location.starts_with(BASE).then(|| location.to_owned())
    }

    /// Polls a job; returns its manifest, if there is one.
    async fn wait(&mut self, url: &str) -> Option<Value> {
        let mut last = None;
        for turn in 0..4 {
            let got = self.send(&format!("poll {turn}"), Method::GET, url, &[], "").await;
            last = serde_json::from_slice(&got.body).ok();
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        self.send("poll again", Method::GET, url, &[], "").await;
        last
    }

    async fn fetch(&mut self, manifest: &Value) {
        for list in ["output", "deleted", "error"] {
            for item in manifest[list].as_array().into_iter().flatten() {
                let Some(url) = item["url"].as_str().filter(|url| url.starts_with(BASE)).map(str::to_owned) else {
                    continue;
                };
                self.send("file", Method::GET, &url, &[("accept", "application/fhir+ndjson")], "").await;
            }
        }
        let first = manifest["output"][0]["url"].as_str().filter(|url| url.starts_with(BASE)).map(str::to_owned);
        if let Some(url) = first {
            for headers in [&[][..], &[("accept-encoding", "gzip")], &[("accept-encoding", "identity")]] {
                self.send("file again", Method::GET, &url, headers, "").await;
            }
        }
    }

    async fn export(&mut self, method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        let location = self.start(method, url, headers, body).await?;
        if let Some(manifest) = self.wait(&location).await {
            self.fetch(&manifest).await;
        }
        Some(location)
    }
}

impl Exchanges {
    /// Creates, reads, changes, exports and deletes a Group.
    async fn cohort(&mut self) {
        let usual = [ACCEPT, PREFER];
        let made = self.send("make", Method::POST, "Group", &usual, GROUP).await;
        let job = made.header("content-location").to_owned();
        let mut place = None;
        for turn in 0..4 {
            let got = self.send(&format!("made {turn}"), Method::GET, &job, &[], "").await;
            let body: Value = serde_json::from_slice(&got.body).unwrap_or_default();
            let entry = &body["entry"][0];
            let location = entry["response"]["location"].as_str().or(entry["fullUrl"].as_str());
            place = location.map(|url| url.split("/_history").next().unwrap().to_owned()).or(place);
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        self.send("make at once", Method::POST, "Group", &[ACCEPT], GROUP).await;
        let Some(place) = place else { return };
        self.send("read", Method::GET, &place, &[], "").await;
        self.send("find", Method::GET, "Group?name=talk", &[], "").await;
        self.send("change", Method::PUT, &place, &usual, GROUP).await;
        self.export(Method::GET, &format!("{place}/$export"), &usual, "").await;
        for method in [Method::DELETE, Method::GET] {
            self.send("erase", method, &place, &[], "").await;
        }
    }
}

async fn all_exchanges(options: ServerOptions) -> Vec<String> {
    let spec = options.spec;
    let mutator = DataMutator::default();
    let options = ServerOptions { mutator: Some(mutator.clone()), ..options };
    let mut exchanges = Exchanges { client: Client::new(options), recorded: Vec::new() };
    let usual = [ACCEPT, PREFER];
    let lenient = [ACCEPT, ("prefer", "respond-async, handling=lenient")];
    exchanges.send("metadata", Method::GET, "metadata", &[], "").await;
    exchanges.send("read", Method::GET, "Group/harbour", &[], "").await;
    let groups = ["Group/harbour/$export", "Group/empty-berth/$export", "Group/no-such-group/$export"];
    for path in ["$export", "Patient/$export"].into_iter().chain(groups) {
        exchanges.export(Method::GET, path, &usual, "").await;
    }
    if spec == Personality::Stu3 {
        exchanges.cohort().await;
    }
    let queries = [
        "_outputFormat=application%2Ffhir%2Bndjson",
        "_outputFormat=application%2Fndjson",
        "_outputFormat=ndjson",
        "_outputFormat=text%2Fhtml",
        "_type=Patient",
        "_type=Patient&_type=Condition",
        "_type=VerificationResult",
        "_type=Patient&_typeFilter=Patient%3Fgender%3Dfemale",
        "organizeOutputBy=Patient",
        "_since=2024-03-05T12:00:00Z",
        "_until=2024-03-05T12:00:00Z",
        "_harnessBogus=1",
        "_type=Organization,Group&_elements=id,active",
        "_type=Condition,Provenance&includeAssociatedData=LatestProvenanceResources",
        "_type=Condition,Provenance&includeAssociatedData=RelevantProvenanceResources",
        "_type=Condition,Provenance&includeAssociatedData=LatestProvenanceResources,RelevantProvenanceResources",
    ];
    for query in queries {
        exchanges.export(Method::GET, &format!("$export?{query}"), &usual, "").await;
    }
    exchanges.export(Method::GET, "$export?_harnessBogus=1", &lenient, "").await;
    let separate = [ACCEPT, ("prefer", "respond-async, separate-export-status")];
    exchanges.export(Method::GET, "$export?_type=Patient", &separate, "").await;
    exchanges.export(Method::GET, "$export?allowPartialManifests=true", &usual, "").await;
    exchanges.start(Method::GET, "$export", &[ACCEPT], "").await;
    exchanges.start(Method::GET, "$export", &[PREFER], "").await;
    exchanges.start(Method::GET, "$export", &lenient, "").await;
    let typed = r#"{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Patient"}]}"#;
    let one = r#"{"resourceType":"Parameters","parameter":[{"name":"patient","valueReference":{"reference":"Patient/sailor-01"}}]}"#;
    let bodies = [
        ("$export", typed),
        ("Patient/$export", one),
        // This patient is not a member of the Group.
        ("Group/empty-berth/$export", one),
        ("$export", r#"{"resourceType":"Patient"}"#),
        ("$export", "{"),
    ];
    for (path, body) in bodies {
        exchanges.export(Method::POST, path, &usual, body).await;
    }
    for path in ["Patient/sailor-07", "Binary/letter-01"] {
        exchanges.send("read", Method::GET, path, &[], "").await;
    }
    exchanges.send("unknown job", Method::GET, "bulk/jobs/AAAAAAAAAAAAAAAAAAAAAA", &[], "").await;
    exchanges.send("unknown job", Method::DELETE, "bulk/jobs/AAAAAAAAAAAAAAAAAAAAAA", &[], "").await;
    let finished = exchanges.export(Method::GET, "$export?_type=Encounter", &usual, "").await;
    let running = exchanges.start(Method::GET, "$export?_type=Condition", &usual, "").await;
    for job in [running, finished].into_iter().flatten() {
        let manifest = exchanges.client.get(&job).await.body;
        for method in [Method::DELETE, Method::GET, Method::DELETE] {
            exchanges.send("after", method, &job, &[], "").await;
        }
        if let Ok(manifest) = serde_json::from_slice(&manifest) {
            exchanges.fetch(&manifest).await;
        }
    }
    exchanges.start(Method::GET, "$export?_type=Group", &usual, "").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let burst = exchanges.start(Method::GET, "$export?_type=Group", &usual, "").await;
    for turn in 0..burst.iter().count() * 12 {
        let url = burst.clone().unwrap();
        exchanges.send(&format!("burst {turn}"), Method::GET, &url, &[], "").await;
    }
    // This is last because it changes the data. The directory has none of the resources that the mutator changes.
    if let Some(location) = exchanges.start(Method::GET, "$export?_type=Patient", &usual, "").await {
        let _ = mutator.change();
        if let Some(manifest) = exchanges.wait(&location).await {
            exchanges.fetch(&manifest).await;
        }
    }
    let _ = (mutator.delete(), mutator.fail());
    exchanges.export(Method::GET, "$export?_since=2025-01-01T00:00:00Z", &usual, "").await;
    exchanges.recorded
}

fn exchanges_with(spec: Personality, faults: Vec<Fault>) -> Vec<String> {
    paused(async { all_exchanges(ServerOptions { faults, ..options(spec) }).await })
}

/// Returns the number of exchanges that differ.
fn changed(unchanged: &[String], exchanges: &[String]) -> usize {
    let pairs = unchanged.iter().zip(exchanges).filter(|(one, other)| one != other).count();
    pairs + unchanged.len().abs_diff(exchanges.len())
}

#[test]
fn the_conformant_server_sends_the_same_responses_twice() {
    for spec in &HL7 {
        let (one, other) = (exchanges_with(*spec, Vec::new()), exchanges_with(*spec, Vec::new()));
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other);
        }
        assert_eq!(one.len(), other.len());
        assert_eq!(guarded::exchanges_with(*spec, Vec::new()), guarded::exchanges_with(*spec, Vec::new()));
    }
}

/// Returns exchanges in which the fault can show: with a protected server if the fault is about tokens.
fn exchanges_for(spec: Personality, fault: &Fault, faults: Vec<Fault>) -> Vec<String> {
    match fault.area == Area::Auth || fault.auth.is_some() {
        true => guarded::exchanges_with(spec, faults),
        false => exchanges_with(spec, faults),
    }
}

/// `selftest` shows that each defect changes a response, because a test notices it. No test notices a legal variant, so
/// this test shows that it changes a response. Variants that are only for products are not checked.
#[test]
fn every_legal_variant_changes_a_response() {
    let mut idle = Vec::new();
    for fault in plimsoll::reference::fault::embedded::faults()
        .unwrap()
        .into_iter()
        .filter(|fault| fault.kind == FaultKind::Legal)
    {
        let changes = |spec: &&Personality| {
            changed(&exchanges_for(**spec, &fault, Vec::new()), &exchanges_for(**spec, &fault, vec![fault.clone()])) > 0
        };
        let concerned: Vec<_> = HL7.iter().filter(|spec| fault.concerns(spec.as_str())).collect();
        if !concerned.is_empty() && !concerned.iter().any(changes) {
            idle.push(fault.id);
        }
    }
    assert!(idle.is_empty(), "these change nothing: {idle:?}");
}

#[test]
fn every_step_of_a_fault_changes_a_response() {
    let mut idle = Vec::new();
    for fault in
        plimsoll::reference::fault::embedded::faults().unwrap().into_iter().filter(|fault| fault.does.len() > 1)
    {
        let spec = *Personality::ALL.iter().rev().find(|spec| fault.concerns(spec.as_str())).unwrap();
        let whole = exchanges_for(spec, &fault, vec![fault.clone()]);
        for step in 0..fault.does.len() {
            let mut less = fault.clone();
            less.does.remove(step);
            if changed(&whole, &exchanges_for(spec, &fault, vec![less])) == 0 {
                idle.push(format!("step {} of {} under {spec}", step + 1, fault.id));
            }
        }
    }
    assert!(idle.is_empty(), "these change nothing: {idle:?}");
}

#[test]
fn every_fault_file_is_embedded_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut expected = Vec::new();
    for (folder, kind) in [("faults", FaultKind::Defect), ("legal", FaultKind::Legal)] {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        for path in files.collect::<BTreeSet<_>>() {
            let text = std::fs::read_to_string(&path).unwrap();
            let fault = parse_fault(path.to_str().unwrap(), &text).unwrap();
            assert_eq!(path.file_stem().unwrap().to_str(), Some(fault.id.as_str()));
            assert_eq!(fault.kind, kind, "{}", fault.id);
            expected.push(fault.id);
        }
    }
    let embedded: Vec<String> =
        plimsoll::reference::fault::embedded::faults().unwrap().into_iter().map(|fault| fault.id).collect();
    assert_eq!(embedded, expected);
    let ids: BTreeSet<&String> = embedded.iter().collect();
    assert_eq!(ids.len(), embedded.len(), "an id is used twice");
}

#[test]
fn every_behavior_is_named_by_a_fault() {
    let named: BTreeSet<_> = plimsoll::reference::fault::embedded::faults()
        .unwrap()
        .iter()
        .flat_map(|fault| fault.behaviors().collect::<Vec<_>>())
        .collect();
    let all: BTreeSet<_> = plimsoll::reference::fault::behavior::Behavior::ALL.iter().copied().collect();
    assert_eq!(named, all);
}

#[test]
fn mistakes_in_fault_files_are_refused_with_a_reason() {
    let head = "id = \"x\"\ntitle = \"x\"\narea = \"poll\"\nkind = \"defect\"\nnotices = [\"poll::get\"]\n";
    let cases = [
        ("[[does]]\nat = [\"poll\"]\nstatus = 200\nnonsense = 1", "nonsense"),
        ("[[does]]\nat = [\"pol\"]\nstatus = 200", "unknown point pol"),
        ("[[does]]\nat = [\"poll\"]", "changes nothing"),
        ("[[does]]\nstatus = 200", "the points at which"),
        ("[[does]]\nat = [\"poll\"]\nstatus = 20", "between 100 and 999"),
        ("[[does]]\nbehavior = \"sleep\"", "sleep"),
        ("[[does]]\nbehavior = \"never-completes\"\nat = [\"poll\"]\nstatus = 200", "can have no other key"),
        ("[[does]]\nat = [\"poll\"]\nset-json = { \"/a\" = \"{\" }", "not JSON"),
        ("[[does]]\nat = [\"poll\"]\nset-json = { a = \"1\" }", "does not start with /"),
        ("[[does]]\nat = [\"poll\"]\nbody = \"%{nonsense}\"", "unknown placeholder %{nonsense}"),
        ("[[does]]\nat = [\"file\"]\nlines = [{ edit = \"suffix\" }]", "needs the key text"),
        ("[[does]]\nat = [\"file\"]\nlines = [{ edit = \"crlf\", line = 1 }]", "cannot have the key line"),
        ("does = []", "does nothing"),
    ];
    for (rest, wanted) in cases {
        let error = parse_fault("fixtures/faults/x.toml", &format!("{head}{rest}")).unwrap_err().to_string();
        assert!(error.starts_with("fixtures/faults/x.toml: "), "{error}");
        assert!(error.contains(wanted), "{wanted} is not in: {error}");
    }
    let good = format!("{head}[[does]]\nat = [\"poll\"]\nstatus = 200");
    assert!(parse_fault("fixtures/faults/x.toml", &good).is_ok());
    assert!(parse_fault("fixtures/faults/y.toml", &good).unwrap_err().to_string().contains("not the file's name"));
    let unnoticed = good.replace("notices = [\"poll::get\"]\n", "");
    assert!(parse_fault("fixtures/faults/x.toml", &unnoticed).unwrap_err().to_string().contains("notices"));
    assert!(
        plimsoll::reference::fault::embedded::fault("no-such-fault").unwrap_err().to_string().contains("no-such-fault")
    );
}
