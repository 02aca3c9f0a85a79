//! Checks of unrequested resources: other types, other patients, and patients outside the Group.

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, saturating_sum};
use crate::check::flow_files::whole_files;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::reasons;
use crate::check::show::Shown;
use crate::recording::comparison::UnrequestedResources;
use crate::recording::model::Exchange;
use crate::suite::describe;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// Returns the facts about unrequested resources in the flow.
///
/// # Errors
/// The outcome, if there is no manifest or there are no facts.
pub(crate) fn unrequested<'a>(
    exchange: &Exchange,
    context: &CheckContext<'a>,
) -> Result<&'a UnrequestedResources, CheckOutcome> {
    if manifest_of(exchange).is_none() {
        return Err(no_manifest());
    }
    let none = || CheckOutcome::Undecided(reasons::NO_UNREQUESTED_FACTS.to_owned());
    context.flow.unrequested_resources.as_ref().ok_or_else(none)
}

/// Returns a violation with one finding about the output as a whole.
pub(crate) fn output(expected: impl Into<Shown>, actual: impl Into<Shown>, count: u64) -> CheckOutcome {
    let mut violation = Violation::new(FindingPlace::body("/output"), expected, actual);
    violation.count = count.max(1);
    CheckOutcome::Violated(vec![violation])
}

/// Formats counts by type: `3 Observation, 2 Condition`.
pub(crate) fn counted<'c>(counts: impl Iterator<Item = (&'c String, u64)>) -> String {
    counts.map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

/// `only-members`: the export has no resource of a patient outside the Group, unless resources of members refer to it.
pub(crate) fn only_members(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let unrequested = match unrequested(exchange, context) {
        Ok(unrequested) => unrequested,
        Err(outcome) => return outcome,
    };
    if let Some(why) = &unrequested.members_unknown {
        return CheckOutcome::NotShown(why.clone());
    }
    if !unrequested.whole {
        return CheckOutcome::NotShown(reasons::TOO_LARGE.to_owned());
    }
    if unrequested.outsiders.is_empty() {
        return CheckOutcome::Holds;
    }
    let actual =
        format!("resources of other patients: {}", counted(unrequested.outsiders.iter().map(|(k, n)| (k, *n))));
    output(
        "only resources of the members of the Group, and resources that these refer to",
        actual,
        saturating_sum(unrequested.outsiders.values().copied()),
    )
}

/// `compartment-types`: this export has every type that has resources of patients in the system export.
pub(crate) fn compartment_types(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let unrequested = match unrequested(exchange, context) {
        Ok(unrequested) => unrequested,
        Err(outcome) => return outcome,
    };
    let Some(compartment) = &unrequested.compartment else {
        return CheckOutcome::NotApplicable("the run has no system export to compare with".to_owned());
    };
    if compartment.absent.is_empty() {
        return match compartment.present.is_empty() {
            true => CheckOutcome::NotShown("the system export has no resources of patients".to_owned()),
            false => CheckOutcome::Holds,
        };
    }
    let absent = counted(compartment.absent.iter().map(|(kind, count)| (kind, *count)));
    let expected = "resources of each type that has resources of patients in the system export";
    output(expected, format!("none of these resources of the system export: {absent}"), 1)
}

/// `no-patient-binary`: no exported Binary belongs to a patient. If there is no Binary, documents of patients show that
/// their content is elsewhere.
pub(crate) fn no_patient_binary(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match unrequested(exchange, context) {
        Err(outcome) => outcome,
        Ok(UnrequestedResources { binaries: (0, _), documents: 0, .. }) => {
            CheckOutcome::NotShown("neither a Binary nor a document of a patient was exported".to_owned())
        }
        Ok(UnrequestedResources { binaries: (0, _), .. }) => CheckOutcome::Holds,
        Ok(UnrequestedResources { binaries: (_, 0), .. }) => CheckOutcome::Holds,
        Ok(UnrequestedResources { binaries: (all, tied), .. }) => {
            let expected = "no Binary of a patient; its content belongs in a DocumentReference";
            output(expected, format!("{tied} of {all} Binary resources that belong to patients"), *tied)
        }
    }
}

/// `only-types-returned`: the export has no resource of a type that `_type` does not name.
pub(crate) fn only_types_returned(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    only_types(exchange, context, false)
}

/// `only-types-or-referenced`: the same, except for resources that other lines refer to.
pub(crate) fn only_types_or_referenced(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    only_types(exchange, context, true)
}

/// Checks that the export has no resource of a type that `_type` does not name. With `referenced`, resources are
/// allowed that other lines refer to.
fn only_types(exchange: &Exchange, context: &CheckContext<'_>, referenced: bool) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let requested: Vec<&str> = params(context, "_type");
    if requested.is_empty() {
        return CheckOutcome::NotApplicable("no _type was sent".to_owned());
    }
    let Some(unrequested) = &context.flow.unrequested_resources else {
        return CheckOutcome::Undecided(reasons::NO_UNREQUESTED_FACTS.to_owned());
    };
    let files = context.index.files(&context.flow.name, FileList::Output);
    let mixed = |rule: LineRule| rule == LineRule::ResourceTypeOther;
    if files.iter().filter_map(|(_, facts)| *facts).any(|facts| facts.lines.findings.iter().any(|f| mixed(f.rule))) {
        return CheckOutcome::NotApplicable(
            "a file has another type than its item names; another test reports it".to_owned(),
        );
    }
    let foreign: Vec<String> = unrequested
        .foreign
        .iter()
        .map(|(kind, (all, unreferenced))| (kind, if referenced { *unreferenced } else { *all }))
        // Another test judges OperationOutcomes in the output.
        .filter(|(kind, count)| *count > 0 && kind.as_str() != "OperationOutcome")
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    if foreign.is_empty() {
        // Resources above the limit of the store are counted only by type.
        let is_foreign = |kind: &String| !requested.contains(&kind.as_str()) && kind.as_str() != "OperationOutcome";
        let more = files.iter().filter_map(|(_, facts)| *facts).any(|facts| facts.lines.types.keys().any(is_foreign));
        let complete = whole_files(context, FileList::Output).len() >= items(manifest, "output").len();
        return match (complete, more && !unrequested.whole) {
            (false, _) => CheckOutcome::Undecided(reasons::OUTPUT_INCOMPLETE.to_owned()),
            (true, true) => CheckOutcome::NotShown(reasons::TOO_LARGE.to_owned()),
            (true, false) => CheckOutcome::Holds,
        };
    }
    if referenced && !unrequested.whole {
        return CheckOutcome::NotShown(reasons::TOO_LARGE.to_owned());
    }
    let addition = if referenced { ", and resources that these refer to" } else { "" };
    let expected = format!("only resources of type {}{addition}", describe::or(&requested));
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/output"), expected, foreign.join(", "))])
}

/// `only-patients-asked`: the export has no resource of a patient that `patient` does not name.
pub(crate) fn only_patients_asked(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let requested = params(context, "patient");
    if requested.is_empty() {
        return CheckOutcome::NotApplicable("no patient parameter was sent".to_owned());
    }
    let Some(unrequested) = &context.flow.unrequested_resources else {
        return CheckOutcome::Undecided(reasons::NO_UNREQUESTED_FACTS.to_owned());
    };
    if unrequested.strangers.is_empty() {
        return match unrequested.whole {
            true => CheckOutcome::Holds,
            false => CheckOutcome::NotShown(reasons::TOO_LARGE.to_owned()),
        };
    }
    let strangers: Vec<String> = unrequested.strangers.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let expected = format!("only resources of {}", describe::or(&requested));
    let actual = format!("resources of other patients: {}", strangers.join(", "));
    let mut violation = Violation::new(FindingPlace::body("/output"), expected, actual);
    violation.count = saturating_sum(unrequested.strangers.values().copied());
    CheckOutcome::Violated(vec![violation])
}

fn params<'a>(context: &CheckContext<'a>, wanted: &str) -> Vec<&'a str> {
    let sent = context.flow.params.iter().filter(|(name, _)| name == wanted);
    sent.flat_map(|(_, value)| value.split(',')).map(str::trim).collect()
}
