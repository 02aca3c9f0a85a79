use serde_json::{Value, json};

use crate::search::matching::{MatchResult, Strictness};
use crate::search::query::{Query, Refused};
use crate::search::world::{Nothing, World};

/// A few resources of a provider directory.
struct Directory(Vec<Value>, bool);

impl World for Directory {
    fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.0.iter().find(|value| value["resourceType"] == kind && value["id"] == id)
    }
    fn all<'a>(&'a self, kind: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
        let kind = kind.to_owned();
        Box::new(self.0.iter().filter(move |value| value["resourceType"] == kind.as_str()))
    }
    fn is_whole(&self, _: &str) -> bool {
        self.1
    }
}

fn directory(complete: bool) -> Directory {
    Directory(
        vec![
            json!({"resourceType": "Location", "id": "l1", "name": "Harbour Clinic",
                "address": {"city": "Balmain", "state": "NSW", "postalCode": "2041"},
                "position": {"latitude": -33.8607, "longitude": 151.1803}}),
            json!({"resourceType": "Location", "id": "l2", "address": {"city": "Carlton", "state": "VIC"}}),
            json!({"resourceType": "Organization", "id": "o1", "name": "Clínica São José",
                "alias": ["The Harbour Practice"],
                "identifier": [{"system": "http://a.example/abn", "value": "41824753556"}, {"value": "X9"}]}),
            json!({"resourceType": "HealthcareService", "id": "h1", "active": true,
                "providedBy": {"reference": "Organization/o1"}, "location": [{"reference": "Location/l1"}],
                "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "789718008"}]}]}),
            json!({"resourceType": "HealthcareService", "id": "h2", "location": [{"reference": "Location/l9"}],
                "type": [{"text": "no coding"}]}),
            json!({"resourceType": "HealthcareService", "id": "h3", "location": [{"identifier": {"value": "z"}}]}),
            json!({"resourceType": "PractitionerRole", "id": "r1",
                "practitioner": {"reference": "https://h.example/fhir/Practitioner/p1/_history/3"},
                "location": [{"reference": "Location/l1"}]}),
            json!({"resourceType": "Practitioner", "id": "p1", "gender": "female", "name": [{"family": "O'Hara", "given": ["Ana", "Bo"]}]}),
            json!({"resourceType": "Practitioner", "id": "p2"}),
            json!({"resourceType": "Observation", "id": "b1", "status": "final", "effectiveDateTime": "2020-05-05",
                "subject": {"reference": "Patient/1"}, "meta": {"lastUpdated": "2021-01-01T00:00:00.000Z"}}),
        ],
        complete,
    )
}

fn match_filter(filter: &str, id: &str, complete: bool, strictness: Strictness) -> MatchResult {
    let directory = directory(complete);
    let query = Query::parse(filter).unwrap();
    let resource = directory.0.iter().find(|value| value["id"] == id).unwrap();
    query.matches(resource, &directory, strictness)
}

#[test]
fn every_kind_of_criterion() {
    use MatchResult::{No, Unknown, Yes};
    for (filter, id, expected) in [
        ("Location?address-city=balmain", "l1", Yes),
        ("Location?address-city=BALM", "l1", Yes),
        ("Location?address-city=main", "l1", No),
        ("Location?address-city:contains=main", "l1", Yes),
        ("Location?address-city:exact=balmain", "l1", No),
        ("Location?address-state=NSW,VIC", "l2", Yes),
        ("Location?address-state=NSW&address-city=Carlton", "l2", No),
        ("Location?address-postalcode=2041", "l2", No),
        ("Location?address-city=Balmain&address-postalcode=2041&near=-33.8607|151.1803|100", "l1", Yes),
        ("Location?near=-33.8607%7C151.1803%7C1", "l1", Yes),
        ("Location?near=-33.88|151.1803|1", "l1", No),
        ("Location?near=-33.8607|151.1803|1", "l2", No),
        ("Location?near=-33.8607|151.1803", "l1", Unknown),
        ("Location?plimsoll=1", "l1", Unknown),
        ("Location?plimsoll=1&address-city=x", "l1", No),
        ("Location?address-city:missing=true", "l1", Unknown),
        ("Location?", "l1", Yes),
        ("Location?", "o1", No),
        ("Organization?identifier=http://a.example/abn|41824753556", "o1", Yes),
        ("Organization?identifier=http://b.example/abn|41824753556", "o1", No),
        ("Organization?identifier=41824753556", "o1", Yes),
        ("Organization?identifier=http://a.example/abn|", "o1", Yes),
        ("Organization?identifier=|41824753556", "o1", No),
        ("Organization?identifier=|X9", "o1", Yes),
        ("Organization?name=clinica sao", "o1", Yes),
        ("Organization?name=the harbour", "o1", Yes),
        ("Organization?name=harbour", "o1", No),
        ("HealthcareService?service-type=http://snomed.info/sct|789718008", "h1", Yes),
        ("HealthcareService?service-type=789718008", "h1", Yes),
        ("HealthcareService?service-type=1", "h1", No),
        ("HealthcareService?service-type=789718008", "h2", No),
        ("HealthcareService?active=true", "h1", Yes),
        ("HealthcareService?active=false", "h1", No),
        ("HealthcareService?location=Location/l1", "h1", Yes),
        ("HealthcareService?location=l2", "h1", No),
        ("HealthcareService?location.address-city=Balmain&location.address-postalcode=2041", "h1", Yes),
        ("HealthcareService?location:Location.address-city=Balmain", "h1", Yes),
        ("HealthcareService?location.address-city=Carlton", "h1", No),
        ("HealthcareService?location.address-city=Carlton", "h2", No),
        ("HealthcareService?location.address-city=Carlton", "h3", Unknown),
        ("Organization?_has:HealthcareService:organization:service-type=http://snomed.info/sct|789718008", "o1", Yes),
        ("Organization?_has:HealthcareService:organization:service-type=5", "o1", No),
        ("Organization?_has:HealthcareService:organization:location.address-city=Balmain", "o1", Yes),
        ("Practitioner?_has:PractitionerRole:practitioner:location.address-city=Balmain", "p1", Yes),
        ("Practitioner?_has:PractitionerRole:practitioner:location.address-city=Balmain", "p2", No),
        ("Practitioner?name=ana", "p1", Yes),
        ("Practitioner?family=o'hara", "p1", Yes),
        ("Practitioner?gender=female", "p1", Yes),
        ("Practitioner?_id=p1,p7", "p1", Yes),
        ("Practitioner?_id=p7", "p1", No),
        ("Observation?status=final&date=ge2020-01-01", "b1", Yes),
        ("Observation?date=lt2020-01-01", "b1", No),
        ("Observation?date=ap2020-01-01", "b1", Unknown),
        ("Observation?patient=1", "b1", Yes),
        ("Observation?patient=Patient/2", "b1", No),
        ("Observation?_lastUpdated=gt2020-12-31T00:00:00Z", "b1", Yes),
    ] {
        assert_eq!(match_filter(filter, id, true, Strictness::Strict), expected, "{filter} on {id}");
    }
}

#[test]
fn a_lenient_match_is_no_only_if_that_is_certain() {
    use MatchResult::{No, Unknown, Yes};
    let lenient = |filter: &str, id: &str| match_filter(filter, id, false, Strictness::Lenient);
    assert_eq!(lenient("Location?near=-33.873|151.1803|1", "l1"), Yes, "1.4 radii away");
    assert_eq!(lenient("Location?near=-33.89|151.1803|1", "l1"), No, "3 radii away");
    assert_eq!(lenient("Location?near=-33.8|151|1", "l2"), Unknown, "without a position");
    assert_eq!(lenient("Organization?name=harbour", "o1"), Yes, "a word within the alias");
    assert_eq!(lenient("Organization?name=beach", "o1"), No);
    assert_eq!(lenient("Location?address-city=main", "l1"), No);
    assert_eq!(
        lenient("HealthcareService?location.address-city=Carlton", "h2"),
        Unknown,
        "that Location is not available"
    );
    assert_eq!(lenient("HealthcareService?location.address-city=Carlton", "h1"), No);
    assert_eq!(lenient("Practitioner?_has:PractitionerRole:practitioner:active=true", "p2"), Unknown);
    assert_eq!(lenient("Practitioner?gender=FEMALE", "p1"), Yes);
}

#[test]
fn a_certain_match_is_yes_only_if_every_server_agrees() {
    use MatchResult::{No, Unknown, Yes};
    let certain = |filter: &str, id: &str| match_filter(filter, id, true, Strictness::Certain);
    assert_eq!(certain("Location?near=-33.8607|151.1803|100", "l1"), Unknown, "each server has its own algorithm");
    assert_eq!(certain("Location?near=-33.8607|151.1803|100", "l2"), Unknown);
    assert_eq!(certain("Location?address-city=balmain", "l1"), Yes);
    assert_eq!(certain("Organization?name=harbour", "o1"), No, "some servers match only the beginning");
    assert_eq!(certain("Practitioner?gender=FEMALE", "p1"), No);
}

#[test]
fn invalid_filters_are_refused() {
    for (text, refused) in [
        ("", Refused::NoType),
        ("Location", Refused::NoType),
        ("Locatoin?a=b", Refused::Type("Locatoin".into())),
        ("Location?address-city", Refused::Criterion("address-city".into())),
        ("Location?address-city=", Refused::Criterion("address-city=".into())),
        ("Location?near=x|y|z", Refused::Value("near=x|y|z".into())),
        ("Observation?date=soon", Refused::Value("date=soon".into())),
        ("Organization?identifier=|", Refused::Value("identifier=|".into())),
        ("Organization?_has:HealthcareService=1", Refused::Value("_has:HealthcareService=1".into())),
    ] {
        assert_eq!(Query::parse(text).unwrap_err(), refused, "{text}");
    }
    let query = Query::parse("HealthcareService?type=5&service-type=1&location.plimsoll=2").unwrap();
    assert_eq!(query.unknown, ["type=5", "location.plimsoll=2"]);
    assert!(!query.is_chained());
    let query = Query::parse("Practitioner?_has:PractitionerRole:practitioner:location.address-city=Balmain").unwrap();
    assert!(query.is_chained());
}

#[test]
fn values_are_separated_by_unescaped_commas() {
    let query = Query::parse("Location?name=a\\,b,c").unwrap();
    let passes = |name: &str| {
        query.matches(&json!({"resourceType": "Location", "name": name}), &Nothing, Strictness::Strict)
            == MatchResult::Yes
    };
    assert!(passes("A,B street") && passes("C") && !passes("a"));
}
