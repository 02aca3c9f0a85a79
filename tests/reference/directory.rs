//! The Australian population conforms to the guide's profiles, and every filter of the guide selects a part of it.

use std::collections::BTreeSet;

use plimsoll::reference::fault::definition::{Fault, parse_fault};
use plimsoll::reference::options::ServerOptions;
use plimsoll::reference::personality::spec::Personality;
use serde_json::Value;

use super::client::{BASE, Client, options, paused};
use super::hcpd::{client, exported};

const LOCAL: &str = "http://digitalhealth.gov.au/fhir/hcpd/id/hc-local-identifier";
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
const PROFILE: &str = "http://digitalhealth.gov.au/fhir/hcpd/StructureDefinition/";
const HI: &str = "http://ns.electronichealth.net.au/id/hi/";

/// Whether the last digit is the check digit of the others (Luhn).
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let doubled = u32::from(byte - b'0') * if at % 2 == 1 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The values of the identifiers of a system.
fn identifiers<'a>(resource: &'a Value, system: &str) -> Vec<&'a Value> {
    list(resource, "identifier").iter().filter(|own| own["system"] == system).collect()
}

/// Whether an element is present, or has a reason for its absence.
fn given(resource: &Value, key: &str) -> bool {
    let reason = |element: &Value| list(element, "extension").iter().any(|extension| extension["url"] == ABSENT);
    let value = &resource[key];
    match value {
        Value::Null => reason(&resource[format!("_{key}")]),
        Value::Array(items) => items.len() == 1 || (key == "type" && !items.is_empty()),
        _ => true,
    }
}

/// The number of identifiers of this type.
fn typed(resource: &Value, code: &str) -> usize {
    let own = list(resource, "identifier").iter();
    own.filter(|own| list(&own["type"], "coding").iter().any(|coding| coding["code"] == code)).count()
}

fn hi_number(identifier: &Value, prefix: &str) {
    let Some(value) = identifier["value"].as_str() else {
        assert!(given(identifier, "value"));
        return;
    };
    assert!(value.len() == 16 && value.starts_with(prefix) && luhn(value), "{value}");
}

fn assert_conforms_to_its_profile(resource: &Value) {
    let id = &resource["id"];
    let kind = resource["resourceType"].as_str().unwrap();
    let profile = resource["meta"]["profile"][0].as_str().unwrap().strip_prefix(PROFILE).unwrap();
    let coverage = profile == "hc-service-coverage-area";
    assert!(profile == format!("hc-{}", kind.to_ascii_lowercase()) || (kind == "Location" && coverage), "{id}");
    if matches!(kind, "Location" | "HealthcareService" | "PractitionerRole") {
        assert_eq!(identifiers(resource, LOCAL).len(), 1, "{id}");
        assert_eq!(typed(resource, "XX"), 1, "{id}");
    }
    let needs: &[&str] = match kind {
        "Organization" => &["name", "address"],
        "Location" if coverage => &["name", "address", "managingOrganization"],
        "Location" => &["name", "managingOrganization"],
        "HealthcareService" => &["name", "providedBy", "type", "location"],
        "PractitionerRole" => &["practitioner", "organization", "code", "location", "healthcareService"],
        "Endpoint" => &["connectionType", "payloadType", "address"],
        "Provenance" => &["target", "recorded", "agent", "entity"],
        _ => &[],
    };
    for key in needs {
        assert!(given(resource, key), "{id} {key}");
    }
    match kind {
        "Organization" => {
            let [hpio, hspo] = ["hpio/1.0", "hspo/1.0"].map(|end| identifiers(resource, &format!("{HI}{end}")));
            assert_eq!(hpio.len() + hspo.len(), 1, "{id}");
            hpio.iter().for_each(|own| hi_number(own, "800362"));
            hspo.iter().for_each(|own| hi_number(own, "800364"));
            let class = &[hpio, hspo].concat()[0]["extension"];
            assert_eq!(class[0]["url"], format!("{PROFILE}hc-org-classification"), "{id}");
            let digits = |system: &str| {
                identifiers(resource, system).iter().map(|own| own["value"].as_str().unwrap().len()).collect::<Vec<_>>()
            };
            assert_eq!(digits("http://hl7.org.au/id/abn"), [11], "{id}");
            assert!(digits("http://hl7.org.au/id/acn").iter().all(|length| *length == 9), "{id}");
            assert_eq!(resource["address"][0]["type"], "physical", "{id}");
        }
        "Location" if coverage => {
            assert_eq!(resource["address"]["country"], "AU", "{id}");
            assert_eq!(resource["address"]["postalCode"].as_str().unwrap().len(), 4, "{id}");
        }
        "Location" => assert!(resource.get("type").is_some() || resource.get("physicalType").is_some(), "{id}"),
        "Practitioner" => {
            let hpii = identifiers(resource, &format!("{HI}hpii/1.0"));
            assert_eq!(hpii.len(), 1, "{id}");
            hi_number(hpii[0], "800361");
            let names = list(resource, "name");
            assert_eq!(names.iter().filter(|name| name["use"] == "official").count(), 1, "{id}");
            assert!(names.iter().all(|name| given(name, "family")), "{id}");
            assert!(
                list(resource, "extension")
                    .iter()
                    .any(|own| own["url"].as_str().unwrap().ends_with("individual-recordedSexOrGender"))
            );
            assert!(!list(resource, "qualification").is_empty(), "{id}");
            for own in list(resource, "qualification") {
                assert_eq!(typed(own, "AHPRA") + typed(own, "PRN"), 1, "{id}");
                assert!(own["code"]["text"].is_string(), "{id}");
            }
        }
        "PractitionerRole" => assert_eq!(typed(resource, "AHPRA") + typed(resource, "PRN"), 1, "{id}"),
        "HealthcareService" => {
            for coding in list(resource, "type").iter().flat_map(|own| list(own, "coding")) {
                assert!(coding["code"].is_string() && coding["display"].is_string(), "{id}");
            }
        }
        "Endpoint" => assert_eq!(typed(resource, "RI"), 1, "{id}"),
        "Provenance" => assert_eq!(resource["entity"][0]["role"], "source", "{id}"),
        _ => panic!("{id} is a {kind}"),
    }
}

#[test]
fn every_line_conforms_to_its_profile_and_refers_to_existing_lines() {
    paused(async {
        let all = exported(&client(), &[]).await;
        assert!((200..=400).contains(&all.len()), "{}", all.len());
        all.iter().for_each(assert_conforms_to_its_profile);
        let name =
            |line: &Value| format!("{}/{}", line["resourceType"].as_str().unwrap(), line["id"].as_str().unwrap());
        let names: BTreeSet<String> = all.iter().map(name).collect();
        assert_eq!(names.len(), all.len());
        let (mut absolute, mut absent) = (0, 0);
        for line in &all {
            let text = line.to_string();
            absent += text.matches(ABSENT).count();
            for part in text.split(r#""reference":""#).skip(1) {
                let reference = part.split('"').next().unwrap();
                let relative = reference.strip_prefix(&format!("{BASE}/"));
                absolute += usize::from(relative.is_some());
                assert!(names.contains(relative.unwrap_or(reference)), "{reference}");
            }
        }
        assert!(absolute >= 5 && absent >= 5, "{absolute} absolute references, {absent} reasons for absence");
        let months: BTreeSet<&str> =
            all.iter().map(|line| &line["meta"]["lastUpdated"].as_str().unwrap()[..7]).collect();
        assert!(months.len() >= 12, "{months:?}");
    });
}

#[test]
fn every_filter_of_the_guide_selects_some_resources_and_not_others() {
    paused(async {
        let client = client();
        let hpio = "http://ns.electronichealth.net.au/id/hi/hpio/1.0|8003626566707032";
        let some = exported(&client, &[("_type", "Organization")]).await;
        let acn = some.iter().find_map(|line| identifiers(line, "http://hl7.org.au/id/acn").pop()).unwrap();
        for filter in [
            "Location?address-state=NSW",
            "Location?address-postalcode=2041",
            "Location?address-postalcode=0870",
            "Location?address-city=Balmain",
            "Location?near=-33.8136|150.9996|25",
            "Location?address-city=Balmain&address-postalcode=2041&near=-33.8607|151.1803|100",
            &format!("Organization?identifier={hpio}"),
            "Organization?identifier=8003626566707032",
            "Organization?identifier=http://hl7.org.au/id/abn|41824753556",
            "Organization?identifier=41824753556",
            &format!("Organization?identifier=http://hl7.org.au/id/acn|{}", acn["value"].as_str().unwrap()),
            "Organization?name=Tidewater",
            "Organization?name=clinica",
            "HealthcareService?service-type=http://snomed.info/sct|789718008",
            "HealthcareService?service-type=http://snomed.info/sct|789718008&location.address-city=Balmain&location.address-postalcode=2041",
            "PractitionerRole?location.address-city=Balmain&location.address-postalcode=2041",
            "Organization?_has:HealthcareService:organization:service-type=http://snomed.info/sct|789718008",
            "Practitioner?_has:PractitionerRole:practitioner:location.address-city=Balmain",
        ] {
            let kind = filter.split('?').next().unwrap();
            let all = exported(&client, &[("_type", kind)]).await;
            let selected = exported(&client, &[("_type", kind), ("_typeFilter", filter)]).await;
            assert!(
                !selected.is_empty() && selected.len() < all.len(),
                "{filter}: {} of {}",
                selected.len(),
                all.len()
            );
            assert!(selected.iter().all(|line| all.contains(line)), "{filter}");
        }
    });
}

#[test]
fn filters_of_one_type_add_up_and_do_not_affect_other_types() {
    paused(async {
        let client = client();
        let [nsw, vic] = ["Location?address-state=NSW", "Location?address-state=VIC"];
        let both =
            exported(&client, &[("_type", "Location,Endpoint"), ("_typeFilter", nsw), ("_typeFilter", vic)]).await;
        let states: BTreeSet<&str> = both.iter().filter_map(|line| line["address"]["state"].as_str()).collect();
        assert_eq!(states, BTreeSet::from(["NSW", "VIC"]));
        assert_eq!(both.iter().filter(|line| line["resourceType"] == "Endpoint").count(), 18);
        let delta = [("_type", "Location"), ("_typeFilter", nsw), ("_since", "2025-02-01T00:00:00Z")];
        let recent = exported(&client, &delta).await;
        assert!(!recent.is_empty() && recent.iter().all(|line| line["address"]["state"] == "NSW"));
        let whole = exported(&client, &[("_type", "Location"), ("_typeFilter", nsw)]).await;
        assert!(recent.len() < whole.len());
    });
}

#[test]
fn suppressed_resources_are_exported_only_with_a_fault() {
    paused(async {
        let hidden = |line: &Value| {
            let flag = format!("{PROFILE}hc-suppressed");
            list(line, "extension").iter().any(|own| own["url"] == flag && own["valueBoolean"] == true)
        };
        let conformant = client();
        let all = exported(&conformant, &[]).await;
        assert!(!all.iter().any(hidden));
        let shown = |line: &Value| line.to_string().contains("hc-suppressed");
        assert!(all.iter().any(shown), "a resource with the flag false is exported");
        assert_eq!(conformant.get("Practitioner/au-prac-10").await.status, 404);

        let text = "id = \"out\"\ntitle = \"t\"\narea = \"files\"\nkind = \"defect\"\nnotices = [\"a::b\"]\n[[does]]\nbehavior = \"export-suppressed\"\n";
        let fault: Fault = parse_fault("out.toml", text).unwrap();
        let open = Client::new(ServerOptions { faults: vec![fault], ..options(Personality::Hcpd) });
        let with = exported(&open, &[]).await;
        let exported_types: BTreeSet<&str> =
            with.iter().filter(|line| hidden(line)).map(|line| line["resourceType"].as_str().unwrap()).collect();
        assert_eq!(exported_types, BTreeSet::from(["Organization", "Practitioner", "PractitionerRole"]));
    });
}

#[test]
fn a_search_finds_the_same_resources_as_the_same_filter() {
    paused(async {
        let client = client();
        for (kind, query) in [
            ("Location", "address-state=NSW&near=-33.8136%7C150.9996%7C25"),
            ("Organization", "name=Clinica"),
            ("Practitioner", "_has:PractitionerRole:practitioner:location.address-city=Balmain"),
        ] {
            let found = client.get(&format!("{kind}?{query}&_count=100")).await.json();
            let filter = format!("{kind}?{query}");
            let selected = exported(&client, &[("_type", kind), ("_typeFilter", &filter)]).await;
            let resources: Vec<&Value> = list(&found, "entry").iter().map(|entry| &entry["resource"]).collect();
            assert_eq!(resources, selected.iter().collect::<Vec<_>>(), "{filter}");
            assert_eq!(found["total"], selected.len());
        }
        for unknown in ["Location?colour=blue", "Location?near=here", "HealthcareService?type=1"] {
            assert_eq!(client.get(unknown).await.status, 400, "{unknown}");
        }
    });
}
