//! Which tests verify which requirements.

use std::collections::{BTreeSet, HashMap};

use crate::suite::load::raw::{RawRequirement, RawTest};
use crate::suite::load::read::{Parsed, RawEntry, ReadStep};
use crate::suite::refusal::{Refusal, Spot};

/// For each requirement, the requirements that adopt its tests, directly or through others.
pub(crate) type Adopters = HashMap<String, Vec<String>>;

/// The requirements that a requirement lists under `as`.
pub(crate) fn adopted(raw: &RawRequirement) -> &[String] {
    raw.same_as.as_ref().map(|names| names.0.as_slice()).unwrap_or_default()
}

/// Finds the adopters of each requirement. Refuses requirements that adopt their own tests.
pub(crate) fn adopters(parsed: &Parsed<'_>, refusals: &mut Vec<Refusal>) -> Adopters {
    let same_as = |id: &str| {
        let entry = parsed.requirements.iter().find(|entry| entry.name == id);
        entry.and_then(|entry| entry.raw.as_ref()).map(adopted).unwrap_or_default()
    };
    let mut adopters = Adopters::new();
    for entry in &parsed.requirements {
        let mut open: Vec<&str> = same_as(&entry.name).iter().map(String::as_str).collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if next == entry.name {
                let spot =
                    Spot::new(entry.file, entry.place(&[ReadStep::Key("as")]), "`as` leads back to this requirement");
                let title = format!("requirement `{}` adopts its own tests", entry.name);
                refusals.push(Refusal::new(title, spot).help("remove one of the requirements from `as`"));
                break;
            }
            if seen.insert(next) {
                adopters.entry(next.to_owned()).or_default().push(entry.name.clone());
                open.extend(same_as(next).iter().map(String::as_str));
            }
        }
    }
    adopters
}

/// Refuses requirements that no test verifies and that give no reason for it, and those that do both.
pub(crate) fn coverage(parsed: &Parsed<'_>, adopters: &Adopters, refusals: &mut Vec<Refusal>) {
    if parsed.incomplete {
        return;
    }
    let mut verified: HashMap<&str, &RawEntry<'_, RawTest>> = HashMap::new();
    for test in &parsed.tests {
        for id in test.texts("verifies") {
            verified.entry(id).or_insert(test);
            for adopter in adopters.get(id).into_iter().flatten() {
                verified.entry(adopter).or_insert(test);
            }
        }
    }
    for entry in &parsed.requirements {
        let Some(raw) = &entry.raw else { continue };
        match (verified.get(entry.name.as_str()), &raw.untested) {
            (None, None) => {
                let title = format!("no test verifies requirement `{}`", entry.name);
                let spot = Spot::new(entry.file, entry.key.clone(), "no test lists it in `verifies`");
                let help = "list it in `verifies` of a test, or write untested = \"REASON\"";
                refusals.push(Refusal::new(title, spot).help(help));
            }
            (Some(test), Some(_)) => {
                let title = format!("requirement `{}` has `untested`, but a test verifies it", entry.name);
                let span = entry.key_place(&[], "untested");
                let index = test.texts("verifies").iter().position(|id| *id == entry.name).unwrap_or(0);
                let by = test.place(&[ReadStep::Key("verifies"), ReadStep::Item(index)]);
                let refusal = Refusal::new(title, Spot::new(entry.file, span, "this states that no test verifies it"));
                refusals.push(
                    refusal
                        .and(Spot::new(test.file, by, "this test verifies it"))
                        .help("remove `untested`, or remove the requirement from `verifies`"),
                );
            }
            _ => {}
        }
    }
}
