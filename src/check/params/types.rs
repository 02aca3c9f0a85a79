//! Checks of the types and dates of an export.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::check::{shape, show};
use crate::recording::model::{Exchange, FlowRecord};
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// The types that `output` lists.
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
        0 => "no type".into(),
        _ => show::text(&types.iter().take(12).copied().collect::<Vec<_>>().join(", ")),
    }
}

/// The manifests of the exchange and of the flow to compare with, if there are both.
fn both<'a>(
    exchange: &'a Exchange,
    context: &CheckContext<'a>,
) -> Result<(&'a Value, &'a Value, &'a FlowRecord), CheckOutcome> {
    let Some(own) = manifest_of(exchange) else { return Err(no_manifest()) };
    let Some(compared) = context.compared else {
        return Err(CheckOutcome::NotApplicable("no export at the same level was made to compare it with".to_owned()));
    };
    match context.index.manifest(&compared.name) {
        Some((_, other)) => Ok((own, other, compared)),
        None => {
            Err(CheckOutcome::NotApplicable(format!("flow {} brought no manifest to compare it with", compared.name)))
        }
    }
}

/// `same-types`: the manifest lists the same types as the flow to compare with. Resources may change between two
/// exports, but hardly all of a type.
pub(crate) fn same_types(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (own, other, compared) = match both(exchange, context) {
        Ok(both) => both,
        Err(outcome) => return outcome,
    };
    // Lists without types may be equal and prove nothing.
    let told = |manifest: &Value| {
        let kinds = items(manifest, "output").iter().map(|item| item.get("type").and_then(Value::as_str));
        kinds.into_iter().all(|kind| kind.is_some_and(shape::is_resource_type))
    };
    if !(told(own) && told(other)) {
        return CheckOutcome::NotApplicable("not every item names a resource type".to_owned());
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
        let expected = named(&other).map(|types| format!("the types of flow {} at least: {types}", compared.name));
        Violation::new(FindingPlace::body("/output"), expected, named(&own))
    })
}

/// `only-types-asked`: the manifest lists no type that `_type` does not name.
pub(crate) fn only_types_asked(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let given = context.flow.params.iter().filter(|(name, _)| name == "_type");
    let asked: BTreeSet<&str> = given.flat_map(|(_, value)| value.split(',')).map(str::trim).collect();
    let own = listed(manifest);
    if asked.is_empty() || own.is_empty() {
        return CheckOutcome::NotApplicable("nothing was narrowed, or nothing was exported".to_owned());
    }
    CheckOutcome::or_violation(own.is_subset(&asked), || {
        let expected = named(&asked).map(|types| format!("only what _type names: {types}"));
        Violation::new(FindingPlace::body("/output"), expected, named(&own))
    })
}

/// `no-binary-listed`: `output` has no item of type Binary.
pub(crate) fn no_binary_listed(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let output = items(manifest, "output");
    if output.is_empty() {
        return CheckOutcome::NotApplicable("nothing was exported".to_owned());
    }
    let at = output.iter().position(|item| item.get("type").and_then(Value::as_str) == Some("Binary"));
    CheckOutcome::or_violation(at.is_none(), || {
        let place = FindingPlace::body(format!("/output/{}/type", at.unwrap_or_default()));
        Violation::new(place, "every type but Binary", "the string \"Binary\"")
    })
}

/// `exports-nothing`: the filter matches nothing, so no file holds a resource. This proves something only if the same
/// export without the filter, the flow to compare with, has resources.
pub(crate) fn exports_nothing(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let Some(compared) = context.compared else {
        return CheckOutcome::NotApplicable("no export at the same level was made to compare it with".to_owned());
    };
    let resources = |flow: &str| -> u64 {
        let files = context.index.files(flow, FileList::Output).into_iter();
        files.filter_map(|(_, facts)| facts).map(|facts| facts.lines.resources).fold(0, u64::saturating_add)
    };
    if resources(&compared.name) == 0 {
        return CheckOutcome::NotApplicable(format!(
            "flow {} exported nothing that a filter could leave out",
            compared.name
        ));
    }
    let found = resources(&context.flow.name);
    CheckOutcome::or_violation(found == 0, || {
        Violation::new(
            FindingPlace::body("/output"),
            "files without a resource: the filter matches none",
            format!("{found} resources"),
        )
    })
}

/// `nothing-before-since`: no `meta.lastUpdated` is earlier than `_since`; an equal one is good.
pub(crate) fn nothing_before_since(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let since = context.flow.params.iter().find(|(name, _)| name == "_since");
    let Some(since) = since.and_then(|(_, value)| Instant::parse(value)) else {
        return CheckOutcome::NotApplicable("no _since was sent".to_owned());
    };
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided("the recording holds no facts of this file".to_owned());
    };
    let Some(text) = facts.lines.earliest.as_deref() else {
        return CheckOutcome::NotApplicable("no resource has a meta.lastUpdated".to_owned());
    };
    let Some(earliest) = Instant::parse(text) else {
        return CheckOutcome::Undecided("the recording's earliest meta.lastUpdated cannot be read".to_owned());
    };
    CheckOutcome::or_violation(earliest >= since, || {
        // The recording does not keep the line, so the finding names none.
        let actual = show::text(text).map(|text| format!("an earlier one; the earliest of the file is {text}"));
        Violation::new(FindingPlace::Lines, "meta.lastUpdated on or after _since", actual)
    })
}

/// `wrapped-binary`: the file is one Binary resource.
pub(crate) fn wrapped_binary(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if response(exchange).is_none() {
        return CheckOutcome::Undecided("there is no answer".to_owned());
    }
    let Some(facts) = context.index.facts(exchange).filter(|facts| facts.whole) else {
        return CheckOutcome::Undecided("the file did not come whole".to_owned());
    };
    let types: BTreeSet<&str> = facts.lines.types.keys().map(String::as_str).collect();
    let alone = facts.lines.resources == 1 && types.contains("Binary");
    CheckOutcome::or_violation(alone, || {
        let actual = named(&types).map(|types| format!("{} resources of {types}", facts.lines.resources));
        Violation::new(FindingPlace::whole_body(), "one Binary resource", actual)
    })
}
