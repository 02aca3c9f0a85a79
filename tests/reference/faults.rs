//! Every fault and every legal variant changes something, and only what is asked for.

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

use super::client::{BASE, Client, Got, HL7, options, paused, without_secrets};
use super::guarded;

const ACCEPT: (&str, &str) = ("accept", "application/fhir+json");
const PREFER: (&str, &str) = ("prefer", "respond-async");

/// A Group that a client makes.
const GROUP: &str = r#"{"resourceType":"Group","meta":{"profile":["http://hl7.org/fhir/uv/bulkdata/StructureDefinition/bulk-cohort-group"]},"modifierExtension":[{"url":"http://hl7.org/fhir/uv/bulkdata/StructureDefinition/member-filter","valueExpression":{"language":"application/x-fhir-query","expression":"Patient?gender=female"}}],"type":"person","actual":false,"name":"talk"}"#;

/// A long conversation, written down with the random parts left out.
struct Talk {
    client: Client,
    said: Vec<String>,
}

impl Talk {
    fn note(&mut self, what: &str, got: &Got) {
        self.said.push(without_secrets(&format!("{what}\n{}", got.told())));
    }

    async fn ask(&mut self, what: &str, method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let got = self.client.send(method, url, headers, body).await;
        self.note(&format!("{what} {url}"), &got);
        got
    }

    /// A kick-off; the polling URL, where there is one.
    async fn start(&mut self, method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        let got = self.ask("start", method, url, headers, body).await;
        let location = got.header("content-location");
        location.starts_with(BASE).then(|| location.to_owned())
    }

    /// The polls of a job; its manifest, where it has one.
    async fn wait(&mut self, url: &str) -> Option<Value> {
        let mut last = None;
        for turn in 0..4 {
            let got = self.ask(&format!("poll {turn}"), Method::GET, url, &[], "").await;
            last = serde_json::from_slice(&got.body).ok();
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        self.ask("poll again", Method::GET, url, &[], "").await;
        last
    }

    async fn fetch(&mut self, manifest: &Value) {
        for list in ["output", "deleted", "error"] {
            for item in manifest[list].as_array().into_iter().flatten() {
                let Some(url) = item["url"].as_str().filter(|url| url.starts_with(BASE)).map(str::to_owned) else {
                    continue;
                };
                self.ask("file", Method::GET, &url, &[("accept", "application/fhir+ndjson")], "").await;
            }
        }
        let first = manifest["output"][0]["url"].as_str().filter(|url| url.starts_with(BASE)).map(str::to_owned);
        if let Some(url) = first {
            for headers in [&[][..], &[("accept-encoding", "gzip")], &[("accept-encoding", "identity")]] {
                self.ask("file again", Method::GET, &url, headers, "").await;
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

impl Talk {
    /// A Group is made, looked at, changed, exported and deleted.
    async fn cohort(&mut self) {
        let usual = [ACCEPT, PREFER];
        let made = self.ask("make", Method::POST, "Group", &usual, GROUP).await;
        let job = made.header("content-location").to_owned();
        let mut place = None;
        for turn in 0..4 {
            let got = self.ask(&format!("made {turn}"), Method::GET, &job, &[], "").await;
            let body: Value = serde_json::from_slice(&got.body).unwrap_or_default();
            let entry = &body["entry"][0];
            let told = entry["response"]["location"].as_str().or(entry["fullUrl"].as_str());
            place = told.map(|url| url.split("/_history").next().unwrap().to_owned()).or(place);
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        self.ask("make at once", Method::POST, "Group", &[ACCEPT], GROUP).await;
        let Some(place) = place else { return };
        self.ask("read", Method::GET, &place, &[], "").await;
        self.ask("find", Method::GET, "Group?name=talk", &[], "").await;
        self.ask("change", Method::PUT, &place, &usual, GROUP).await;
        self.export(Method::GET, &format!("{place}/$export"), &usual, "").await;
        for method in [Method::DELETE, Method::GET] {
            self.ask("erase", method, &place, &[], "").await;
        }
    }
}

async fn talk(options: ServerOptions) -> Vec<String> {
    let spec = options.spec;
    let mutator = DataMutator::default();
    let options = ServerOptions { mutator: Some(mutator.clone()), ..options };
    let mut talk = Talk { client: Client::new(options), said: Vec::new() };
    let usual = [ACCEPT, PREFER];
    let lenient = [ACCEPT, ("prefer", "respond-async, handling=lenient")];
    talk.ask("metadata", Method::GET, "metadata", &[], "").await;
    talk.ask("read", Method::GET, "Group/harbour", &[], "").await;
    let groups = ["Group/harbour/$export", "Group/empty-berth/$export", "Group/no-such-group/$export"];
    for path in ["$export", "Patient/$export"].into_iter().chain(groups) {
        talk.export(Method::GET, path, &usual, "").await;
    }
    if spec == Personality::Stu3 {
        talk.cohort().await;
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
        talk.export(Method::GET, &format!("$export?{query}"), &usual, "").await;
    }
    talk.export(Method::GET, "$export?_harnessBogus=1", &lenient, "").await;
    let separate = [ACCEPT, ("prefer", "respond-async, separate-export-status")];
    talk.export(Method::GET, "$export?_type=Patient", &separate, "").await;
    talk.export(Method::GET, "$export?allowPartialManifests=true", &usual, "").await;
    talk.start(Method::GET, "$export", &[ACCEPT], "").await;
    talk.start(Method::GET, "$export", &[PREFER], "").await;
    talk.start(Method::GET, "$export", &lenient, "").await;
    let typed = r#"{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Patient"}]}"#;
    let one = r#"{"resourceType":"Parameters","parameter":[{"name":"patient","valueReference":{"reference":"Patient/sailor-01"}}]}"#;
    let bodies = [
        ("$export", typed),
        ("Patient/$export", one),
        // No member of that Group.
        ("Group/empty-berth/$export", one),
        ("$export", r#"{"resourceType":"Patient"}"#),
        ("$export", "{"),
    ];
    for (path, body) in bodies {
        talk.export(Method::POST, path, &usual, body).await;
    }
    for path in ["Patient/sailor-07", "Binary/letter-01"] {
        talk.ask("read", Method::GET, path, &[], "").await;
    }
    talk.ask("unknown job", Method::GET, "bulk/jobs/AAAAAAAAAAAAAAAAAAAAAA", &[], "").await;
    talk.ask("unknown job", Method::DELETE, "bulk/jobs/AAAAAAAAAAAAAAAAAAAAAA", &[], "").await;
    let finished = talk.export(Method::GET, "$export?_type=Encounter", &usual, "").await;
    let running = talk.start(Method::GET, "$export?_type=Condition", &usual, "").await;
    for job in [running, finished].into_iter().flatten() {
        let manifest = talk.client.get(&job).await.body;
        for method in [Method::DELETE, Method::GET, Method::DELETE] {
            talk.ask("after", method, &job, &[], "").await;
        }
        if let Ok(manifest) = serde_json::from_slice(&manifest) {
            talk.fetch(&manifest).await;
        }
    }
    talk.start(Method::GET, "$export?_type=Group", &usual, "").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let burst = talk.start(Method::GET, "$export?_type=Group", &usual, "").await;
    for turn in 0..burst.iter().count() * 12 {
        let url = burst.clone().unwrap();
        talk.ask(&format!("burst {turn}"), Method::GET, &url, &[], "").await;
    }
    // Last, since nothing is then as it was. The directory holds none of the resources that the mutator changes.
    if let Some(location) = talk.start(Method::GET, "$export?_type=Patient", &usual, "").await {
        let _ = mutator.change();
        if let Some(manifest) = talk.wait(&location).await {
            talk.fetch(&manifest).await;
        }
    }
    let _ = (mutator.delete(), mutator.fail());
    talk.export(Method::GET, "$export?_since=2025-01-01T00:00:00Z", &usual, "").await;
    talk.said
}

fn said_with(spec: Personality, faults: Vec<Fault>) -> Vec<String> {
    paused(async { talk(ServerOptions { faults, ..options(spec) }).await })
}

fn changed(unchanged: &[String], said: &[String]) -> usize {
    let pairs = unchanged.iter().zip(said).filter(|(one, other)| one != other).count();
    pairs + unchanged.len().abs_diff(said.len())
}

#[test]
fn the_conformant_server_says_the_same_twice() {
    for spec in &HL7 {
        let (one, other) = (said_with(*spec, Vec::new()), said_with(*spec, Vec::new()));
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other);
        }
        assert_eq!(one.len(), other.len());
        assert_eq!(guarded::said(*spec, Vec::new()), guarded::said(*spec, Vec::new()));
    }
}

/// A conversation in which what the fault concerns comes up: with tokens, where they are asked for.
fn said_of(spec: Personality, fault: &Fault, faults: Vec<Fault>) -> Vec<String> {
    match fault.area {
        Area::Auth => guarded::said(spec, faults),
        _ => said_with(spec, faults),
    }
}

/// That a defect changes something is shown by the test that notices it (`selftest`); a variant that is never noticed
/// would be no proof of anything if it changed nothing. Those of a product speak of what only it has.
#[test]
fn every_legal_variant_changes_an_answer() {
    let mut idle = Vec::new();
    for fault in plimsoll::reference::fault::embedded::faults()
        .unwrap()
        .into_iter()
        .filter(|fault| fault.kind == FaultKind::Legal)
    {
        let changes = |spec: &&Personality| {
            changed(&said_of(**spec, &fault, Vec::new()), &said_of(**spec, &fault, vec![fault.clone()])) > 0
        };
        let concerned: Vec<_> = HL7.iter().filter(|spec| fault.concerns(spec.as_str())).collect();
        if !concerned.is_empty() && !concerned.iter().any(changes) {
            idle.push(fault.id);
        }
    }
    assert!(idle.is_empty(), "these change nothing: {idle:?}");
}

#[test]
fn every_step_of_a_fault_matters() {
    let mut idle = Vec::new();
    for fault in
        plimsoll::reference::fault::embedded::faults().unwrap().into_iter().filter(|fault| fault.does.len() > 1)
    {
        let spec = *Personality::ALL.iter().rev().find(|spec| fault.concerns(spec.as_str())).unwrap();
        let whole = said_of(spec, &fault, vec![fault.clone()]);
        for step in 0..fault.does.len() {
            let mut less = fault.clone();
            less.does.remove(step);
            if changed(&whole, &said_of(spec, &fault, vec![less])) == 0 {
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
fn mistakes_in_fault_files_are_refused_with_what_is_wrong() {
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
