//! A generated population of any size that needs no memory: every resource is a function of its index.

use bytes::Bytes;

use crate::base::instant::Instant;
use crate::base::vocabulary::words;

words! {
    /// The types that are generated.
    GeneratedType {
        /// One per patient.
        Patient = "Patient",
        /// Five per patient.
        Observation = "Observation",
        /// Two per patient.
        Condition = "Condition",
        /// Two per patient.
        Encounter = "Encounter",
        /// One, and one more for every thousand patients.
        Practitioner = "Practitioner",
        /// The same number as practitioners.
        Organization = "Organization",
    }
}

impl GeneratedType {
    /// The number of resources of this type that each patient has; `None` if they belong to no patient.
    pub(crate) fn per_patient(self) -> Option<u64> {
        match self {
            GeneratedType::Patient => Some(1),
            GeneratedType::Observation => Some(5),
            GeneratedType::Condition | GeneratedType::Encounter => Some(2),
            GeneratedType::Practitioner | GeneratedType::Organization => None,
        }
    }
}

/// 1 January 2024, the first `lastUpdated`, in milliseconds.
const FIRST: i64 = 1_704_067_200_000;

/// The time between the first `lastUpdated` and the end of the changes: 180 days, in milliseconds.
const SPAN: i64 = 180 * 86_400_000;

const FAMILIES: [&str; 8] = ["Brinewater", "Çapazâde", "Driftwood", "Écume", "Fairlead", "海川", "Halyard", "Isthmus"];

const GIVEN: [&str; 7] = ["Ada", "Bo", "Çiğdem", "Eloïse", "小波", "Κώστας", "Lin"];

/// The generator of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generator {
    patients: u64,
}

impl Generator {
    /// A population of this number of patients, at most 10^12.
    pub(crate) fn new(patients: u64) -> Self {
        Self { patients: patients.min(1_000_000_000_000) }
    }

    /// The number of resources of `kind`.
    pub(crate) fn count(&self, kind: GeneratedType) -> u64 {
        match kind.per_patient() {
            Some(each) => self.patients * each,
            None => 1 + self.patients / 1000,
        }
    }

    /// The number of members of the Group `harbour`: the first third of the patients, at most a hundred.
    pub(crate) fn members(&self) -> u64 {
        self.patients.div_ceil(3).min(100)
    }

    /// When the resource at `index` was last changed, never earlier than the resource before it.
    pub(crate) fn updated(&self, kind: GeneratedType, index: u64) -> Instant {
        let ahead = i128::from(index) * i128::from(SPAN) / i128::from(self.count(kind).max(1));
        Instant::from_millis(FIRST + i64::try_from(ahead).map_or(SPAN, |ahead| ahead.min(SPAN)))
    }

    /// The first index of `kind` for which `late` is true of the date; `late` must be true of all later dates too.
    pub(crate) fn first(&self, kind: GeneratedType, late: impl Fn(Instant) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.count(kind));
        while low < high {
            let middle = low + (high - low) / 2;
            if late(self.updated(kind, middle)) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// The id of the resource at `index`.
    pub(crate) fn id(&self, kind: GeneratedType, index: u64) -> String {
        let stem = match kind {
            GeneratedType::Patient => "sailor",
            GeneratedType::Observation => "reading",
            GeneratedType::Condition => "ailment",
            GeneratedType::Encounter => "call",
            GeneratedType::Practitioner => "hand",
            GeneratedType::Organization => "port",
        };
        format!("{stem}-{}", index + 1)
    }

    /// The index of the resource with this id, if there is one.
    pub(crate) fn find(&self, kind: GeneratedType, id: &str) -> Option<u64> {
        let (_, number) = id.rsplit_once('-')?;
        let index = number.parse::<u64>().ok()?.checked_sub(1)?;
        (index < self.count(kind) && self.id(kind, index) == id).then_some(index)
    }

    /// The resource at `index`, as one line.
    pub(crate) fn line(&self, kind: GeneratedType, index: u64) -> Bytes {
        let id = self.id(kind, index);
        let updated = self.updated(kind, index);
        let head =
            format!(r#"{{"resourceType":"{kind}","id":"{id}","meta":{{"versionId":"1","lastUpdated":"{updated}"}}"#);
        let owner = index / kind.per_patient().unwrap_or(1);
        let subject = self.id(GeneratedType::Patient, owner);
        let practitioner = self.id(GeneratedType::Practitioner, owner % self.count(GeneratedType::Practitioner));
        let organization = self.id(GeneratedType::Organization, owner % self.count(GeneratedType::Organization));
        let tail = match kind {
            GeneratedType::Patient => self.patient(index, &organization),
            GeneratedType::Observation => observation(index, &subject),
            GeneratedType::Condition => condition(index, &subject),
            GeneratedType::Encounter => format!(
                r#","status":"finished","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}},"subject":{{"reference":"Patient/{subject}"}},"participant":[{{"individual":{{"reference":"Practitioner/{practitioner}"}}}}],"serviceProvider":{{"reference":"Organization/{organization}"}}}}"#
            ),
            GeneratedType::Practitioner => {
                format!(r#","active":true,"name":[{{"family":"Keel","given":["Number {}"]}}]}}"#, index + 1)
            }
            GeneratedType::Organization => format!(r#","active":true,"name":"Invented Port {}"}}"#, index + 1),
        };
        Bytes::from(head + &tail)
    }

    fn patient(&self, index: u64, port: &str) -> String {
        let mix = mix(index);
        let family = pick(&FAMILIES, mix);
        let given = pick(&GIVEN, mix >> 8);
        let gender = pick(&["female", "male", "other", "unknown"], mix >> 16);
        let (year, month, day) = (1930 + (mix >> 24) % 90, 1 + (mix >> 32) % 12, 1 + (mix >> 40) % 28);
        format!(
            r#","extension":[{{"url":"https://plimsoll.example/StructureDefinition/home-port","valueString":"Port of Make-Believe"}}],"identifier":[{{"system":"https://plimsoll.example/crew","value":"C{index}"}}],"name":[{{"family":"{family}","given":["{given}"]}}],"gender":"{gender}","birthDate":"{year}-{month:02}-{day:02}","managingOrganization":{{"reference":"Organization/{port}"}}}}"#
        )
    }
}

fn observation(index: u64, subject: &str) -> String {
    let (code, unit, low) = pick(
        &[
            ("8867-4", "/min", 60),
            ("9279-1", "/min", 12),
            ("8310-5", "Cel", 36),
            ("29463-7", "kg", 50),
            ("8302-2", "cm", 150),
        ],
        index,
    );
    let value = low + mix(index) % 20;
    format!(
        r#","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"subject":{{"reference":"Patient/{subject}"}},"effectiveDateTime":"2024-01-01T09:00:00+01:00","valueQuantity":{{"value":{value},"system":"http://unitsofmeasure.org","code":"{unit}"}}}}"#
    )
}

fn condition(index: u64, subject: &str) -> String {
    // Every fourth Condition has a contained resource of another type, which must not count as a line of that type.
    let (contained, asserter) = if index % 4 == 1 {
        (
            r#","contained":[{"resourceType":"Practitioner","id":"locum","name":[{"family":"Locum"}]}]"#,
            r##","asserter":{"reference":"#locum"}"##,
        )
    } else {
        ("", "")
    };
    format!(
        r#"{contained},"code":{{"text":"Sea-sickness (invented)"}},"subject":{{"reference":"Patient/{subject}"}}{asserter}}}"#
    )
}

/// The value at `at` of a list that repeats endlessly.
fn pick<T: Copy + Default>(list: &[T], at: u64) -> T {
    let at = at % (list.len() as u64).max(1);
    usize::try_from(at).ok().and_then(|at| list.get(at).copied()).unwrap_or_default()
}

/// Spreads an index over all bits (the finalizer of splitmix64), so that neighboring values differ.
fn mix(index: u64) -> u64 {
    let mut z = index.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_resource_with_its_id_and_date() {
        let made = Generator::new(1234);
        for kind in GeneratedType::ALL.iter().copied() {
            for index in [0, 1, 5, made.count(kind) - 1].into_iter().filter(|index| *index < made.count(kind)) {
                let line: serde_json::Value = serde_json::from_slice(&made.line(kind, index)).unwrap();
                assert_eq!(line.pointer("/resourceType").unwrap(), kind.as_str());
                assert_eq!(made.find(kind, line.pointer("/id").unwrap().as_str().unwrap()), Some(index));
                let updated = line.pointer("/meta/lastUpdated").unwrap().as_str().unwrap();
                assert_eq!(Instant::parse(updated).unwrap(), made.updated(kind, index));
            }
        }
    }

    #[test]
    fn dates_never_decrease_and_can_be_searched() {
        let made = Generator::new(500);
        let all: Vec<_> = (0..500).map(|index| made.updated(GeneratedType::Patient, index)).collect();
        assert!(all.is_sorted());
        let cut = made.updated(GeneratedType::Patient, 123);
        assert_eq!(made.first(GeneratedType::Patient, |date| date > cut), 124);
        assert_eq!(made.first(GeneratedType::Patient, |date| date >= cut), 123);
    }

    #[test]
    fn an_id_of_no_generated_resource_is_not_found() {
        let made = Generator::new(3);
        for id in ["sailor-0", "sailor-4", "sailor-01", "reading-1", "sailor", "sailor--1"] {
            assert_eq!(made.find(GeneratedType::Patient, id), None, "{id}");
        }
    }
}
