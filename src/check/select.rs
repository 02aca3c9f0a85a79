//! Checks of what came back against what was asked for, and against what an earlier flow holds.

use std::collections::BTreeMap;

use super::files::whole;
use super::{Broken, Held, Scene, items, manifest_of, no_manifest};
use crate::suite::model::FileList;
use crate::tape::model::{Exchange, Kept};

/// `only-matching`: no resource of the file certainly fails the filters that were sent for its type.
pub fn only_matching(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    let Some(facts) = scene.index.facts(exchange) else {
        return Held::Unknown("the tape holds no facts of this file".to_owned());
    };
    let Some(filtered) = &facts.filtered else {
        return Held::Nothing("no filter concerns the resources of this file".to_owned());
    };
    if filtered.unmatched > 0 {
        let filters: Vec<&str> = sent(scene).filter(|filter| concerns(filter, &facts.lines)).collect();
        let place = filtered.lines.first().map_or_else(|| "lines".to_owned(), |line| format!("line {line}"));
        let lines: Vec<String> = filtered.lines.iter().skip(1).map(u64::to_string).collect();
        let also = if lines.is_empty() { String::new() } else { format!("; also at lines {}", lines.join(", ")) };
        let of = filtered.matched + filtered.unmatched + filtered.undecided;
        let actual = format!("{} of {of} resources do not pass{also}", filtered.unmatched);
        let mut broken = Broken::new("none", place, format!("only what passes {}", filters.join(" or ")), actual);
        broken.count = filtered.unmatched;
        return Held::No(vec![broken]);
    }
    if filtered.matched == 0 {
        return Held::NoData(format!(
            "whether the {} resources of this file pass the filter cannot be told from the export",
            filtered.undecided
        ));
    }
    Held::Yes
}

/// `all-expected`: of the types asked for, everything that the flow compared with holds, and that passes the filters and
/// dates that were sent, came back.
pub fn all_expected(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let Some(comparison) = &scene.flow.comparison else {
        return Held::Nothing("there is no earlier export at the same level to compare it with".to_owned());
    };
    if comparison.types.values().all(|kept| kept.expected == 0) {
        return Held::NoData(format!("nothing that flow {} exported is asked for here", comparison.flow));
    }
    let files = whole(scene, FileList::Output);
    if files.len() < items(manifest, "output").len() {
        return Held::Unknown("not every output file was read whole".to_owned());
    }
    // A line that cannot be read, or has no id, may hold what seems to be missing; its own test says what is wrong.
    if files.values().any(|(_, facts)| !facts.lines.is_legible()) {
        return Held::Nothing("lines that are wrong for themselves may hold what was asked for".to_owned());
    }
    let missing: Vec<String> = comparison
        .types
        .iter()
        .filter(|(_, kept)| kept.found < kept.expected)
        .map(|(kind, Kept { expected, found })| {
            format!("{} of {expected} of type {kind}", expected.saturating_sub(*found))
        })
        .collect();
    Held::or_broken(missing.is_empty(), || {
        let expected = format!("everything that was asked for and that flow {} exported", comparison.flow);
        let missing = format!("without {}", missing.join(", "));
        let mut broken = Broken::new("body", "body /output", expected, missing);
        broken.count =
            comparison.types.values().map(|kept| kept.expected.saturating_sub(kept.found)).fold(0, u64::saturating_add);
        broken
    })
}

/// `within-beside`: of no type more came back than with the flow beside.
pub fn within_beside(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let Some(beside) = scene.beside else {
        return Held::Nothing("no export at the same level was made to compare it with".to_owned());
    };
    let (Some(own), Some(other)) = (types(scene, &scene.flow.name), types(scene, &beside.name)) else {
        return Held::Unknown("one of the two exports was not read whole".to_owned());
    };
    if own.is_empty() {
        return Held::NoData("nothing came back".to_owned());
    }
    let count = |kind: &str| other.get(kind).copied().unwrap_or_default();
    let more = own.iter().filter(|(kind, many)| **many > count(kind));
    Held::from_broken(
        more.map(|(kind, many)| {
            let expected = format!("at most the {} of type {kind} of flow {}", count(kind), beside.name);
            Broken::new("body", "body /output", expected, many.to_string())
        })
        .collect(),
    )
}

/// The resources of a flow by type, if every output file was read whole.
fn types(scene: &Scene<'_>, flow: &str) -> Option<BTreeMap<String, u64>> {
    let (_, manifest) = scene.index.manifest(flow)?;
    let files = scene.index.files(flow, FileList::Output);
    if files.len() < items(manifest, "output").len() {
        return None;
    }
    let mut all = BTreeMap::new();
    for (_, facts) in files {
        for (kind, many) in &facts.filter(|facts| facts.whole)?.lines.types {
            let known: &mut u64 = all.entry(kind.clone()).or_default();
            *known = known.saturating_add(*many);
        }
    }
    Some(all)
}

/// The filters that the kick-off sent.
fn sent<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a str> {
    scene.flow.params.iter().filter(|(name, _)| name == "_typeFilter").map(|(_, value)| value.as_str())
}

fn concerns(filter: &str, lines: &crate::tape::model::LineFacts) -> bool {
    filter.split_once('?').is_some_and(|(kind, _)| lines.types.contains_key(kind))
}
