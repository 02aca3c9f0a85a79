//! Chooses sample values: values from the data of the target that an earlier flow exported.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::measure::elements;
use crate::measure::missing_resource::ResourceName;
use crate::measure::references::{owner, references};
use crate::measure::resource_store::ResourceStore;
use crate::ndjson::identity::normalize_reference;
use crate::recording::facts::LineFacts;
use crate::search::world::World as _;
use crate::suite::param::SampleValueName;

/// The system of an HPI-O.
const HPIO: &str = "http://ns.electronichealth.net.au/id/hi/hpio/1.0";

/// The earliest and the latest `meta.lastUpdated` of an export, if they are readable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span(Option<(Instant, Instant)>);

impl Span {
    /// Adds the lines of one file.
    pub fn widen(&mut self, facts: &LineFacts) {
        let instants = [&facts.earliest, &facts.latest].into_iter().flatten();
        for instant in instants.filter_map(|text| Instant::parse(text)) {
            self.0 = Some(match self.0 {
                Some((earliest, latest)) => (earliest.min(instant), latest.max(instant)),
                None => (instant, instant),
            });
        }
    }
}

/// Chooses a sample value from the dates of a flow's output files and from the kept resources, at the time `now`. Equal
/// data give equal values, in any order. The error is a clause that says what the data lack.
pub fn choose(wanted: SampleValueName, span: Span, store: &ResourceStore, now: SystemTime) -> Result<String, String> {
    let found = match wanted {
        SampleValueName::InstantInside => return instant_inside(span, now),
        SampleValueName::InstantOffset => return instant_offset(store, now),
        SampleValueName::Gender => genders(store).into_iter().next(),
        SampleValueName::OtherGender => genders(store).into_iter().nth(1),
        SampleValueName::PatientId => patient(store),
        SampleValueName::OtherType => other_type(store),
        SampleValueName::MemberId | SampleValueName::OutsiderId | SampleValueName::TransactionTime => None,
        SampleValueName::ElementTypes => elements::sample_elements(store).map(|(types, _)| types),
        SampleValueName::Element => elements::sample_elements(store).map(|(_, element)| element),
        SampleValueName::ProvenancedType => provenanced(store),
        SampleValueName::AddressState => place(store, "/address/state"),
        SampleValueName::AddressCity => place(store, "/address/city"),
        SampleValueName::AddressPostcode => place(store, "/address/postalCode"),
        SampleValueName::Position => {
            best(store, "Location", &|value| position(value), &|value| fewest_of_state(store, value))
        }
        SampleValueName::Hpio => identifier(store, HPIO),
        SampleValueName::Abn => identifier(store, "http://hl7.org.au/id/abn"),
        SampleValueName::Acn => identifier(store, "http://hl7.org.au/id/acn"),
        SampleValueName::OrganizationName => {
            best(store, "Organization", &|value| plain(value.get("name")?), &|_| (0, 0))
        }
        SampleValueName::ServiceType => service(store, &|value| {
            let (system, code) = coding(value)?;
            Some(format!("{system}|{code}"))
        }),
        SampleValueName::ServiceTypeCode => service(store, &|value| coding(value).map(|(_, code)| code)),
        SampleValueName::ServiceCity => {
            service(store, &|value| plain(located(store, value)?.pointer("/address/city")?))
        }
        SampleValueName::ServicePostcode => {
            service(store, &|value| plain(located(store, value)?.pointer("/address/postalCode")?))
        }
        SampleValueName::ServicePosition => service(store, &|value| position(located(store, value)?)),
        SampleValueName::RoleCity => role(store, "/address/city"),
        SampleValueName::RolePostcode => role(store, "/address/postalCode"),
    };
    found.ok_or_else(|| {
        let name = wanted.as_str();
        let what = wanted.describe();
        format!(
            "the exported data do not contain {what}. Set {name} under [values] in plimsoll.toml if the server has one"
        )
    })
}

/// Returns whether a sample value depends on the members of the exported Group.
pub fn is_of_members(wanted: SampleValueName) -> bool {
    matches!(wanted, SampleValueName::MemberId | SampleValueName::OutsiderId)
}

/// Chooses a patient who is in `members`, or one who is not. The error is a clause that says what the data lack.
pub fn of_members(
    wanted: SampleValueName,
    store: &ResourceStore,
    members: &BTreeSet<String>,
) -> Result<String, String> {
    let others = store.kinds().filter(|kind| *kind != "Patient").flat_map(|kind| store.of(kind));
    let known: BTreeSet<&str> = others.filter_map(|(_, resource)| owner(resource)).collect();
    let mut patients = store.of("Patient").map(|(id, _)| id);
    let found = match wanted {
        SampleValueName::OutsiderId => patients.find(|id| !members.contains(*id)),
        _ => patients.find(|id| members.contains(*id) && known.contains(id)),
    };
    found.map(str::to_owned).ok_or_else(|| format!("the exported data do not contain {}", wanted.describe()))
}

/// Returns the type with the fewest resources, of those in which one resource has several Provenance with different
/// instants.
fn provenanced(store: &ResourceStore) -> Option<String> {
    let mut records: BTreeMap<ResourceName, BTreeSet<String>> = BTreeMap::new();
    for (_, value) in store.of("Provenance") {
        let recorded = value.get("recorded").and_then(Value::as_str).and_then(Instant::parse);
        for target in value.get("target").map(references).unwrap_or_default() {
            records.entry(target).or_default().extend(recorded.map(|at| at.to_string()));
        }
    }
    let several = records.into_iter().filter(|(name, at)| at.len() > 1 && store.get(&name.0, &name.1).is_some());
    let counted =
        several.map(|((kind, _), _)| (store.of(&kind).count(), kind)).filter(|(_, kind)| kind != "Provenance");
    counted.min().map(|(_, kind)| kind)
}

/// Returns the genders of patients, the rarest first, if there are at least two genders or some patients have none.
fn genders(store: &ResourceStore) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut without = false;
    for (_, patient) in store.of("Patient") {
        match patient.get("gender").and_then(plain) {
            Some(gender) => *counts.entry(gender).or_default() += 1,
            None => without = true,
        }
    }
    let mut genders: Vec<(usize, String)> = counts.into_iter().map(|(gender, count)| (count, gender)).collect();
    genders.sort();
    let differ = genders.len() > 1 || without;
    genders.into_iter().filter(|_| differ).map(|(_, gender)| gender).collect()
}

/// Returns the first patient that another resource belongs to, if there are several patients.
fn patient(store: &ResourceStore) -> Option<String> {
    let others = store.kinds().filter(|kind| *kind != "Patient").flat_map(|kind| store.of(kind));
    let known: BTreeSet<&str> = others.filter_map(|(_, resource)| owner(resource)).collect();
    let several = store.of("Patient").count() > 1;
    store.of("Patient").map(|(id, _)| id).find(|id| several && known.contains(id)).map(str::to_owned)
}

fn other_type(store: &ResourceStore) -> Option<String> {
    let kinds = store.kinds().filter(|kind| *kind != "Patient");
    let counted = kinds.filter_map(|kind| {
        let own = store.of(kind).filter(|(_, resource)| owner(resource).is_some()).count();
        (own > 0).then_some((own, kind))
    });
    counted.min().map(|(_, kind)| kind.to_owned())
}

/// Returns the `value` of the resource with the lowest `score`; of equal scores the first id wins.
fn best(
    store: &ResourceStore,
    kind: &str,
    value: &dyn Fn(&Value) -> Option<String>,
    score: &dyn Fn(&Value) -> (usize, usize),
) -> Option<String> {
    let candidates = store.of(kind).filter_map(|(id, resource)| Some((value(resource)?, score(resource), id)));
    candidates.min_by(|(_, one, a), (_, other, b)| one.cmp(other).then(a.cmp(b))).map(|(value, ..)| value)
}

/// Returns a part of the address of the Location with the most complete address and a position, in the state with the
/// fewest Locations.
fn place(store: &ResourceStore, pointer: &str) -> Option<String> {
    best(store, "Location", &|value| plain(value.pointer(pointer)?), &|value| fewest_of_state(store, value))
}

/// Returns how many parts of an address and position a Location lacks, and how many Locations are in its state.
fn fewest_of_state(store: &ResourceStore, location: &Value) -> (usize, usize) {
    let parts = ["/address/state", "/address/city", "/address/postalCode"];
    let lacks = parts.iter().filter(|part| location.pointer(part).and_then(plain).is_none()).count();
    let lacks = lacks + usize::from(position(location).is_none());
    let state = |value: &Value| value.pointer("/address/state").and_then(Value::as_str).map(str::to_lowercase);
    let own = state(location);
    (lacks, store.of("Location").filter(|(_, other)| state(other) == own).count())
}

fn identifier(store: &ResourceStore, system: &str) -> Option<String> {
    let of = |value: &Value, system: &str| {
        let identifiers = value.get("identifier")?.as_array()?;
        let own = identifiers.iter().find(|one| one.get("system").and_then(Value::as_str) == Some(system))?;
        plain(own.get("value")?)
    };
    // If possible, the ABN is of another organization than the HPI-O, so that the two filters have different results.
    let taken = (system != HPIO).then(|| identifier(store, HPIO)).flatten();
    let same = |value: &Value| taken.is_some() && of(value, HPIO) == taken;
    best(store, "Organization", &|value| of(value, system), &|value| (usize::from(same(value)), 0))
}

/// Returns the `value` of the HealthcareService of the rarest type that has a Location with an address.
fn service(store: &ResourceStore, value: &dyn Fn(&Value) -> Option<String>) -> Option<String> {
    let score = |service: &Value| {
        let (own, place) = (coding(service), located(store, service));
        let whole = ["/address/city", "/address/postalCode"]
            .iter()
            .all(|part| place.and_then(|place| place.pointer(part)).and_then(plain).is_some());
        let lacks = usize::from(own.is_none()) + usize::from(!whole);
        let lacks = lacks + usize::from(place.and_then(position).is_none());
        (lacks, store.of("HealthcareService").filter(|(_, other)| coding(other) == own).count())
    };
    best(store, "HealthcareService", value, &score)
}

fn role(store: &ResourceStore, pointer: &str) -> Option<String> {
    let value = |role: &Value| plain(located(store, role)?.pointer(pointer)?);
    let score = |role: &Value| {
        let whole = ["/address/city", "/address/postalCode"]
            .iter()
            .all(|part| located(store, role).and_then(|place| place.pointer(part)).and_then(plain).is_some());
        (usize::from(!whole), 0)
    };
    best(store, "PractitionerRole", &value, &score)
}

/// Returns the first kept Location that a resource refers to.
fn located<'s>(store: &'s ResourceStore, resource: &Value) -> Option<&'s Value> {
    let references = resource.get("location")?.as_array()?.iter();
    let texts = references.filter_map(|reference| reference.get("reference")?.as_str());
    texts.filter_map(normalize_reference).find_map(|(kind, id)| store.get(kind, id))
}

/// Returns the system and code of the first coding in the type of a service.
fn coding(service: &Value) -> Option<(String, String)> {
    let types = service.get("type")?.as_array()?;
    let codings = types.iter().filter_map(|concept| concept.get("coding")?.as_array()).flatten();
    codings.into_iter().find_map(|coding| Some((plain(coding.get("system")?)?, plain(coding.get("code")?)?)))
}

/// Returns the latitude and longitude of a Location, separated by `|`.
fn position(location: &Value) -> Option<String> {
    let number = |key: &str| location.get("position")?.get(key)?.as_f64();
    let (latitude, longitude) = (number("latitude")?, number("longitude")?);
    (latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then(|| format!("{latitude}|{longitude}"))
}

/// Returns a string that a filter can contain without escaping: short, and without characters that have a meaning in a
/// search.
fn plain(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    let meaning =
        |c: char| c.is_control() || matches!(c, '&' | '=' | '%' | '+' | '#' | ',' | '|' | '\\' | '$' | '?' | '"');
    let good = !text.is_empty() && text.chars().count() <= 120 && !text.contains(meaning);
    good.then(|| text.to_owned())
}

/// Returns the middle between the earliest and the latest `meta.lastUpdated`, in UTC, to the millisecond, so that some
/// resources are older and some are newer.
fn instant_inside(Span(range): Span, now: SystemTime) -> Result<String, String> {
    let (earliest, latest) = range.ok_or("no exported resource has a readable meta.lastUpdated")?;
    let middle = earliest
        .middle(latest)
        .ok_or("all exported resources have the same meta.lastUpdated, so no instant is between them")?;
    if middle > Instant::from(now) {
        return Err("meta.lastUpdated of most exported resources is in the future".to_owned());
    }
    Ok(middle.to_string())
}

/// The longest time between the instant and the next resource, in seconds.
const MAX_BEFORE_NEXT: i64 = 30 * 60;
/// The offset of the instant, in seconds: only two inhabited time zones are further ahead.
const OFFSET: i64 = 13 * 60 * 60;

/// Returns an instant between two consecutive resources near the middle of the kept ones, with a large positive offset.
/// A server that ignores the offset, or uses that of almost any other time zone, reads an instant after the later
/// resource.
fn instant_offset(store: &ResourceStore, now: SystemTime) -> Result<String, String> {
    let now = Instant::from(now);
    let updated = |value: &Value| Instant::parse(value.pointer("/meta/lastUpdated")?.as_str()?);
    let all = store.kinds().flat_map(|kind| store.of(kind)).filter_map(|(_, value)| updated(value));
    let all: Vec<Instant> = all.filter(|at| *at <= now).collect::<BTreeSet<Instant>>().into_iter().collect();
    let pairs = all.iter().zip(all.iter().skip(1)).enumerate();
    let between = pairs.filter_map(|(index, (earlier, later))| {
        let middle = earlier.middle(*later)?;
        Some((index.abs_diff(all.len() / 2), middle.max(later.plus_seconds(-MAX_BEFORE_NEXT))))
    });
    let (_, instant) = between
        .min_by_key(|(far, _)| *far)
        .ok_or("no two exported resources differ in meta.lastUpdated, so no instant is between them")?;
    let local = instant.plus_seconds(OFFSET).to_string();
    Ok(format!("{}+{:02}:00", local.trim_end_matches('Z'), OFFSET / 3600))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::measure::resource_store::StoredResource;

    fn facts(earliest: &str, latest: &str) -> LineFacts {
        LineFacts { earliest: Some(earliest.into()), latest: Some(latest.into()), ..LineFacts::default() }
    }

    fn chosen(facts: &[LineFacts]) -> Result<String, String> {
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_900_000_000);
        let mut span = Span::default();
        facts.iter().for_each(|facts| span.widen(facts));
        choose(SampleValueName::InstantInside, span, &ResourceStore::default(), now)
    }

    #[test]
    fn an_instant_with_an_offset_is_shortly_before_a_resource() {
        let chosen = |updated: &[&str]| {
            let patients = updated.iter().enumerate();
            let patients: Vec<Value> = patients
                .map(|(n, at)| json!({"resourceType": "Patient", "id": n.to_string(), "meta": {"lastUpdated": at}}))
                .collect();
            let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_900_000_000);
            choose(SampleValueName::InstantOffset, Span::default(), &ResourceStore::holding(&patients), now)
        };
        let days = ["2020-01-01T00:00:00Z", "2020-01-02T12:00:00Z", "2020-01-02T12:00:00Z"];
        assert_eq!(chosen(&days).unwrap(), "2020-01-03T00:30:00.000+13:00", "half an hour before the second, in UTC");
        let close = ["2020-01-01T10:00:00.000Z", "2020-01-01T12:00:00.004+02:00", "2090-01-01T00:00:00Z"];
        assert_eq!(chosen(&close).unwrap(), "2020-01-01T23:00:00.002+13:00", "instants in the future are ignored");
        assert!(chosen(&days[1..]).unwrap_err().contains("no two exported resources differ"));
    }

    #[test]
    fn the_middle_is_between_all_files_and_in_utc() {
        let files = [
            facts("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"),
            facts("2020-01-03T02:00:00+02:00", "2020-01-05T00:00:00.500Z"),
        ];
        assert_eq!(chosen(&files).unwrap(), "2020-01-03T00:00:00.250Z");
        assert_eq!(
            chosen(&[facts("2020-01-01T00:00:00Z", "2020-01-01T00:00:00.003Z")]).unwrap(),
            "2020-01-01T00:00:00.001Z"
        );
    }

    #[test]
    fn data_without_two_instants_give_no_value() {
        assert!(chosen(&[]).unwrap_err().contains("no exported resource"));
        assert!(chosen(&[facts("x", "y")]).unwrap_err().contains("no exported resource"));
        let same = "2020-01-01T00:00:00Z";
        assert!(chosen(&[facts(same, same)]).unwrap_err().contains("the same"));
        assert!(chosen(&[facts("2090-01-01T00:00:00Z", "2091-01-01T00:00:00Z")]).unwrap_err().contains("future"));
    }

    fn store() -> ResourceStore {
        let mut store = ResourceStore::new(true, None);
        let place = |id: &str, city: &str, state: &str| {
            json!({"resourceType": "Location", "id": id, "position": {"latitude": -33.5, "longitude": 151},
                "address": {"city": city, "state": state, "postalCode": "2041"}})
        };
        let service = |id: &str, code: &str, place: &str| {
            json!({"resourceType": "HealthcareService", "id": id, "location": [{"reference": format!("Location/{place}")}],
                "type": [{"coding": [{"system": "http://snomed.info/sct", "code": code}]}]})
        };
        let all = [
            json!({"resourceType": "Location", "id": "a0", "address": {"city": "Nowhere"}}),
            place("a1", "Balmain", "NSW"),
            place("a2", "Glebe", "nsw"),
            place("a3", "Carlton", "VIC"),
            json!({"resourceType": "Organization", "id": "o1", "name": "Smith & Sons"}),
            json!({"resourceType": "Organization", "id": "o2", "name": "Harbour",
                "identifier": [{"system": "http://hl7.org.au/id/abn", "value": "41824753556"}]}),
            service("s1", "1", "a1"),
            service("s2", "1", "a2"),
            service("s3", "2", "a9"),
            service("s4", "3", "a3"),
        ];
        for value in all {
            let text = |key: &str| value[key].as_str().unwrap().to_owned();
            store.put(StoredResource { line: 1, kind: text("resourceType"), id: text("id"), bytes: 1, value });
        }
        store
    }

    #[test]
    fn a_value_of_one_resource_excludes_others() {
        let store = store();
        let choose_named = |name: &str| {
            choose(SampleValueName::from_word(name).unwrap(), Span::default(), &store, SystemTime::UNIX_EPOCH)
        };
        for (name, value) in [
            ("address-state", "VIC"),
            ("address-city", "Carlton"),
            ("address-postcode", "2041"),
            ("position", "-33.5|151"),
            ("abn", "41824753556"),
            ("organization-name", "Harbour"),
            ("service-type", "http://snomed.info/sct|3"),
            ("service-type-code", "3"),
            ("service-city", "Carlton"),
            ("service-position", "-33.5|151"),
        ] {
            assert_eq!(choose_named(name).as_deref(), Ok(value), "{name}");
        }
        let error = choose_named("acn").unwrap_err();
        assert_eq!(
            error,
            "the exported data do not contain the ACN of an Organization. Set acn under [values] in plimsoll.toml if the \
             server has one"
        );
        assert!(choose_named("role-city").is_err());
    }
}
