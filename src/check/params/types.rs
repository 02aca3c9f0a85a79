//! Checks of the types and dates of an export.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::check::{reasons, shape, show};
use crate::recording::model::{Exchange, FlowRecord};
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// Returns the types that `output` lists.
fn listed(manifest: &Value) -> BTreeSet<&str> {
    // Other tests judge names that are not types.
    items(manifest, "output")
        .iter()
        .filter_map(|item| item.get("type")?.as_str())
        .filter(|name| shape::is_resource_type(name))
        .collect()
}

fn named(types: &BTreeSet<&str>) -> Shown {
    match types.len() {
        0 => "none".into(),
        _ => show::text(&types.iter().take(12).copied().collect::<Vec<_>>().join(", ")),
    }
}

/// Returns the manifests of the exchange and of the flow to compare with, and that flow.
///
/// # Errors
/// The outcome, if one of the manifests is missing.
fn both<'a>(
    exchange: &'a Exchange,
    context: &CheckContext<'a>,
) -> Result<(&'a Value, &'a Value, &'a FlowRecord), CheckOutcome> {
    let Some(own) = manifest_of(exchange) else { return Err(no_manifest()) };
    let Some(compared) = context.compared else {
        return Err(CheckOutcome::NotApplicable(reasons::NO_EXPORT_TO_COMPARE.to_owned()));
    };
    match context.index.manifest(&compared.name) {
        Some((_, other)) => Ok((own, other, compared)),
        None => {
            Err(CheckOutcome::NotApplicable(format!("flow {} received no manifest to compare with", compared.name)))
        }
    }
}

/// `same-types`: the manifest lists the same types as the flow to compare with. All resources of a type rarely appear
/// or disappear between two exports.
pub(crate) fn same_types(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (own, other, compared) = match both(exchange, context) {
        Ok(both) => both,
        Err(outcome) => return outcome,
    };
    // Lists without types may be equal and prove nothing.
    let all_typed = |manifest: &Value| {
        let kinds = items(manifest, "output").iter().map(|item| item.get("type").and_then(Value::as_str));
        kinds.into_iter().all(|kind| kind.is_some_and(shape::is_resource_type))
    };
    if !(all_typed(own) && all_typed(other)) {
        return CheckOutcome::NotApplicable("not every output item has a resource type in type".to_owned());
    }
    let (own, other) = (listed(own), listed(other));
    CheckOutcome::or_violation(own == other, || {
        let expected = named(&other).map(|types| format!("the types of flow {}: {types}", compared.name));
        Violation::new(FindingPlace::body("/output"), expected, named(&own))
    })
}

/// `types-cover`: the manifest lists all types of the flow to compare with, and possibly others.
pub(crate) fn types_cover(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (own, other, compared) = match both(exchange, context) {
        Ok(both) => both,
        Err(outcome) => return outcome,
    };
    let (own, other) = (listed(own), listed(other));
    if other.is_empty() {
        return CheckOutcome::NotApplicable(format!("flow {} exported nothing", compared.name));
    }
    CheckOutcome::or_violation(other.is_subset(&own), || {
        let expected = named(&other).map(|types| format!("at least the types of flow {}: {types}", compared.name));
        Violation::new(FindingPlace::body("/output"), expected, named(&own))
    })
}

/// `only-types-asked`: the manifest lists no type that `_type` does not name.
pub(crate) fn only_types_asked(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let given = context.flow.params.iter().filter(|(name, _)| name == "_type");
    let requested: BTreeSet<&str> = given.flat_map(|(_, value)| value.split(',')).map(str::trim).collect();
    let own = listed(manifest);
    if requested.is_empty() || own.is_empty() {
        return CheckOutcome::NotApplicable("no _type was sent, or nothing was exported".to_owned());
    }
    CheckOutcome::or_violation(own.is_subset(&requested), || {
        let expected = named(&requested).map(|types| format!("only types in _type: {types}"));
        Violation::new(FindingPlace::body("/output"), expected, named(&own))
    })
}

/// `no-binary-listed`: `output` has no item of type Binary.
pub(crate) fn no_binary_listed(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let output = items(manifest, "output");
    if output.is_empty() {
        return CheckOutcome::NotApplicable(reasons::NOTHING_EXPORTED.to_owned());
    }
    let at = output.iter().position(|item| item.get("type").and_then(Value::as_str) == Some("Binary"));
    CheckOutcome::or_violation(at.is_none(), || {
        let place = FindingPlace::body(format!("/output/{}/type", at.unwrap_or_default()));
        Violation::new(place, "a type other than Binary", "the string \"Binary\"")
    })
}

/// `exports-nothing`: no file has a resource, because the filter matches none. The same export without the filter (the
/// flow to compare with) must have resources, or the check does not apply.
pub(crate) fn exports_nothing(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let Some(compared) = context.compared else {
        return CheckOutcome::NotApplicable(reasons::NO_EXPORT_TO_COMPARE.to_owned());
    };
    let resources = |flow: &str| -> u64 {
        let files = context.index.files(flow, FileList::Output).into_iter();
        files.filter_map(|(_, facts)| facts).map(|facts| facts.lines.resources).fold(0, u64::saturating_add)
    };
    if resources(&compared.name) == 0 {
        return CheckOutcome::NotApplicable(format!(
            "flow {} exported no resource that a filter could exclude",
            compared.name
        ));
    }
    let found = resources(&context.flow.name);
    CheckOutcome::or_violation(found == 0, || {
        Violation::new(
            FindingPlace::body("/output"),
            "no resource, because the filter matches none",
            format!("{found} resources"),
        )
    })
}

/// `nothing-before-since`: no `meta.lastUpdated` is earlier than `_since`; an equal one is allowed.
pub(crate) fn nothing_before_since(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let since = context.flow.params.iter().find(|(name, _)| name == "_since");
    let Some(since) = since.and_then(|(_, value)| Instant::parse(value)) else {
        return CheckOutcome::NotApplicable("no _since was sent".to_owned());
    };
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_FILE_FACTS.to_owned());
    };
    let Some(text) = facts.lines.earliest.as_deref() else {
        return CheckOutcome::NotApplicable("no resource has a meta.lastUpdated".to_owned());
    };
    let Some(earliest) = Instant::parse(text) else {
        return CheckOutcome::Undecided(
            "the earliest meta.lastUpdated in the recording is not a FHIR instant".to_owned(),
        );
    };
    CheckOutcome::or_violation(earliest >= since, || {
        // The recording does not have the line number, so the finding names none.
        let actual = show::text(text).map(|text| format!("an earlier one; the earliest in the file is {text}"));
        Violation::new(FindingPlace::Lines, "meta.lastUpdated on or after _since", actual)
    })
}

/// `wrapped-binary`: the file is one Binary resource.
pub(crate) fn wrapped_binary(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if response(exchange).is_none() {
        return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned());
    }
    let Some(facts) = context.index.facts(exchange).filter(|facts| facts.whole) else {
        return CheckOutcome::Undecided(reasons::FILE_INCOMPLETE.to_owned());
    };
    let types: BTreeSet<&str> = facts.lines.types.keys().map(String::as_str).collect();
    let is_single = facts.lines.resources == 1 && types.contains("Binary");
    CheckOutcome::or_violation(is_single, || {
        let actual = named(&types).map(|types| format!("{} resources of type {types}", facts.lines.resources));
        Violation::new(FindingPlace::whole_body(), "one Binary resource", actual)
    })
}
