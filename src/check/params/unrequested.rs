//! Checks of resources that nobody asked for: other types, other patients, patients outside the Group.

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, saturating_sum};
use crate::check::flow_files::whole_files;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::recording::comparison::UnrequestedResources;
use crate::recording::model::Exchange;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

pub(crate) fn unrequested<'a>(
    exchange: &Exchange,
    context: &CheckContext<'a>,
) -> Result<&'a UnrequestedResources, CheckOutcome> {
    if manifest_of(exchange).is_none() {
        return Err(no_manifest());
    }
    context.flow.unrequested_resources.as_ref().ok_or_else(|| {
        CheckOutcome::Undecided("the recording does not say whose the resources are that came".to_owned())
    })
}

/// A finding in the output as a whole.
pub(crate) fn output(expected: impl Into<Shown>, actual: impl Into<Shown>, count: u64) -> CheckOutcome {
    let mut broken = Violation::new(FindingPlace::body("/output"), expected, actual);
    broken.count = count.max(1);
    CheckOutcome::Violated(vec![broken])
}

/// Counts by type, in words.
pub(crate) fn counted<'c>(counts: impl Iterator<Item = (&'c String, u64)>) -> String {
    counts.map(|(kind, count)| format!("{count} of type {kind}")).collect::<Vec<_>>().join(", ")
}

/// `only-members`: no resource of a patient outside the Group, unless resources of members refer to it.
pub(crate) fn only_members(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let unrequested = match unrequested(exchange, context) {
        Ok(unrequested) => unrequested,
        Err(outcome) => return outcome,
    };
    if let Some(why) = &unrequested.members_unknown {
        return CheckOutcome::NotShown(why.clone());
    }
    if !unrequested.whole {
        return CheckOutcome::NotShown("more came than is held, so that what leads to others is not known".to_owned());
    }
    if unrequested.outsiders.is_empty() {
        return CheckOutcome::Holds;
    }
    let actual = format!("resources of others: {}", counted(unrequested.outsiders.iter().map(|(k, n)| (k, *n))));
    output(
        "resources of the Group's members alone, and what these lead to",
        actual,
        saturating_sum(unrequested.outsiders.values().copied()),
    )
}

/// `compartment-types`: every type that has resources about patients in the system export is in this export.
pub(crate) fn compartment_types(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let unrequested = match unrequested(exchange, context) {
        Ok(unrequested) => unrequested,
        Err(outcome) => return outcome,
    };
    let Some(compartment) = &unrequested.compartment else {
        return CheckOutcome::NotApplicable("there is no export of everything to compare it with".to_owned());
    };
    if compartment.absent.is_empty() {
        return match compartment.present.is_empty() {
            true => CheckOutcome::NotShown("the export of everything holds nothing about patients".to_owned()),
            false => CheckOutcome::Holds,
        };
    }
    let absent = counted(compartment.absent.iter().map(|(kind, count)| (kind, *count)));
    let expected = "resources of each type of which the export of everything holds some about patients";
    output(expected, format!("none of types that have {absent} there"), 1)
}

/// `no-patient-binary`: no Binary line belongs to a patient. Without any Binary, documents of patients show that their
/// content is elsewhere.
pub(crate) fn no_patient_binary(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match unrequested(exchange, context) {
        Err(outcome) => outcome,
        Ok(UnrequestedResources { binaries: (0, _), documents: 0, .. }) => {
            CheckOutcome::NotShown("neither a Binary nor a document of a patient was exported".to_owned())
        }
        Ok(UnrequestedResources { binaries: (0, _), .. }) => CheckOutcome::Holds,
        Ok(UnrequestedResources { binaries: (_, 0), .. }) => CheckOutcome::Holds,
        Ok(UnrequestedResources { binaries: (all, tied), .. }) => {
            let expected = "no Binary of a patient; its content is a DocumentReference's";
            output(expected, format!("{tied} of {all} Binary resources are of patients"), *tied)
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

/// Whether the export has no resource of a type that `_type` does not name. With `referenced`, references from other
/// lines excuse it.
fn only_types(exchange: &Exchange, context: &CheckContext<'_>, referenced: bool) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let asked: Vec<&str> = params(context, "_type");
    if asked.is_empty() {
        return CheckOutcome::NotApplicable("no type was asked for".to_owned());
    }
    let Some(unrequested) = &context.flow.unrequested_resources else {
        return CheckOutcome::Undecided(
            "the recording does not say what came without having been asked for".to_owned(),
        );
    };
    let files = context.index.files(&context.flow.name, FileList::Output);
    let mixed = |rule: LineRule| rule == LineRule::ResourceTypeOther;
    if files.iter().filter_map(|(_, facts)| *facts).any(|facts| facts.lines.findings.iter().any(|f| mixed(f.rule))) {
        return CheckOutcome::NotApplicable(
            "a file holds another type than its item names; its own test says so".to_owned(),
        );
    }
    let foreign: Vec<String> = unrequested
        .foreign
        .iter()
        .map(|(kind, (came, alone))| (kind, if referenced { *alone } else { *came }))
        // Another test judges OperationOutcomes in the output.
        .filter(|(kind, count)| *count > 0 && kind.as_str() != "OperationOutcome")
        .map(|(kind, count)| format!("{count} of type {kind}"))
        .collect();
    if foreign.is_empty() {
        // Resources beyond the store's limit are counted by type too.
        let strange = |kind: &String| !asked.contains(&kind.as_str()) && kind.as_str() != "OperationOutcome";
        let more = files.iter().filter_map(|(_, facts)| *facts).any(|facts| facts.lines.types.keys().any(strange));
        let read = whole_files(context, FileList::Output).len() >= items(manifest, "output").len();
        return match (read, more && !unrequested.whole) {
            (false, _) => CheckOutcome::Undecided("not every output file was read whole".to_owned()),
            (true, true) => {
                CheckOutcome::NotShown("more came than is held, so that what refers to others is not known".to_owned())
            }
            (true, false) => CheckOutcome::Holds,
        };
    }
    if referenced && !unrequested.whole {
        return CheckOutcome::NotShown("more came than is held, so that what refers to others is not known".to_owned());
    }
    let but = if referenced { ", and what these refer to" } else { "" };
    let expected = format!("resources of type {}{but}", asked.join(", "));
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/output"), expected, foreign.join(", "))])
}

/// `only-patients-asked`: the export has no resource of a patient that `patient` does not name.
pub(crate) fn only_patients_asked(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let asked = params(context, "patient");
    if asked.is_empty() {
        return CheckOutcome::NotApplicable("no patient was asked for".to_owned());
    }
    let Some(unrequested) = &context.flow.unrequested_resources else {
        return CheckOutcome::Undecided(
            "the recording does not say what came without having been asked for".to_owned(),
        );
    };
    if unrequested.strangers.is_empty() {
        return match unrequested.whole {
            true => CheckOutcome::Holds,
            false => CheckOutcome::NotShown("more came than is held, so that some may be of other patients".to_owned()),
        };
    }
    let strangers: Vec<String> =
        unrequested.strangers.iter().map(|(kind, count)| format!("{count} of type {kind}")).collect();
    let expected = format!("resources of {} alone", asked.join(", "));
    let actual = format!("resources of other patients: {}", strangers.join(", "));
    let mut broken = Violation::new(FindingPlace::body("/output"), expected, actual);
    broken.count = saturating_sum(unrequested.strangers.values().copied());
    CheckOutcome::Violated(vec![broken])
}

fn params<'a>(context: &CheckContext<'a>, wanted: &str) -> Vec<&'a str> {
    let sent = context.flow.params.iter().filter(|(name, _)| name == wanted);
    sent.flat_map(|(_, value)| value.split(',')).map(str::trim).collect()
}
